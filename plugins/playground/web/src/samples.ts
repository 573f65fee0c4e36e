// The shipped samples: events with a filter and a rule to begin with.

import dayUrl from "../generated/day.ndjson?url";
import ecr from "../samples/ecr.ndjson?raw";
import host from "../samples/host.ndjson?raw";
import kubernetes from "../samples/kubernetes.ndjson?raw";
import login from "../samples/login.ndjson?raw";
import ssm from "../samples/ssm.ndjson?raw";

export interface Sample {
  id: string;
  name: string;
  about: string;
  filter: string;
  type: string;
  title: string;
  aggregate: string[];
  events: () => Promise<string>;
}

const here = (text: string) => async () => text;

export const SAMPLES: Sample[] = [
  {
    id: "ssm",
    name: "SSM session without MFA",
    about: "Someone looks around in Systems Manager, then opens a shell",
    filter: 'eventSource = "ssm.amazonaws.com" and eventName = "StartSession"\nand mfaUsed != "true" and error = null',
    type: "CloudTrail",
    title: "{{user}} opened a shell on {{requestParameters.target}} without MFA",
    aggregate: ["user", "requestParameters.target"],
    events: here(ssm),
  },
  {
    id: "ecr",
    name: "ECR scan findings",
    about: "Images are pushed and scanned; some have findings of severity HIGH",
    filter:
      'eventSource = "ecr.amazonaws.com" and eventName = "DescribeImageScanFindings"\nand responseElements.imageScanFindings.findingSeverityCounts.HIGH > 0',
    type: "CloudTrail",
    title: "Findings of severity HIGH in {{responseElements.repositoryName}}",
    aggregate: ["responseElements.repositoryName"],
    events: here(ecr),
  },
  {
    id: "login",
    name: "Console login without MFA",
    about: "Logins to the console, some without a second factor, one by root",
    filter: 'eventName = "ConsoleLogin" and responseElements.ConsoleLogin = "Success" and mfaUsed = "No"',
    type: "CloudTrail",
    title: "{{user}} logged in to the console without MFA from {{ip}}",
    aggregate: ["user", "ip"],
    events: here(login),
  },
  {
    id: "host",
    name: "Privilege escalation on a host",
    about: "Process events of a Linux host: sudo, a kernel module, a shell in a container",
    filter: '(command = "sudo" or command = "su" or command = "insmod")\nand type = "start" and syscall = "execve" and tty != null and auser != "root"',
    type: "Host",
    title: "{{auser}} ran {{command}} on {{hostname}}",
    aggregate: ["auser", "command", "hostname"],
    events: here(host),
  },
  {
    id: "kubernetes",
    name: "Kubernetes exec",
    about: "Audit events of a cluster: shells in pods, secrets read, a role bound",
    filter: 'objectRef.subresource in ("exec", "attach") and verb = "create" and not user.username ends_with "@example.com"',
    type: "KubernetesAudit",
    title: "{{user.username}} ran a command in {{objectRef.namespace}}/{{objectRef.name}}",
    aggregate: ["user.username", "objectRef.namespace"],
    events: here(kubernetes),
  },
  {
    id: "day",
    name: "A day of CloudTrail with an intrusion",
    about: "A day of one account's calls; the shipped rules tell the intrusion in it",
    filter: 'ip = "203.0.113.0/24" and error != null',
    type: "CloudTrail",
    title: "{{user}} was denied {{eventName}} from {{ip}}",
    aggregate: ["user", "ip", "eventName"],
    events: async () => {
      const response = await fetch(dayUrl);
      if (!response.ok) throw new Error(`the sample could not be fetched: ${response.status}`);
      return response.text();
    },
  },
];

export const sample = (id: string): Sample | undefined => SAMPLES.find((sample) => sample.id === id);

/** A rule file around a filter. */
export function ruleFile(filter: string, from: Pick<Sample, "type" | "title" | "aggregate">): string {
  const body = filter.trim().split("\n").map((line) => `      ${line.trimEnd()}`).join("\n");
  return `ruleset: mine
rules:
  - id: my-rule
    name: My rule
    title: "${from.title}"
    type: ${from.type}
    severity: 2
    description: What an alert of this rule means, and what to do about it.
    filter: |
${body || '      eventName = "StartSession"'}
    aggregate: [${from.aggregate.join(", ")}]
    window: 1h
    threshold: 1
`;
}
