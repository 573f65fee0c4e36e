// An alert as the module gives it. docs/alerts.md tells what each field means.

/** An event that contributed to an alert. */
export interface AlertEvent {
  id: string | null;
  /** ISO 8601, UTC. */
  time: string | null;
  /** The event itself; only the first few of an alert carry it. */
  event?: Record<string, unknown>;
}

/** A predicate that a match is owed to. */
export interface Matched {
  predicate: string;
  values: unknown[];
}

/** One alert record, its fields named as in the record. */
export interface Alert {
  /** The same for the same rule version, source, aggregate values and window start. */
  alert_id: string;
  /** `fired` at the threshold, `updated` when the count has doubled, `final` when the window has closed. */
  state: "fired" | "updated" | "final";
  rule_id: string;
  rule: string;
  ruleset: string;
  /** 1 is the worst, 3 the least. */
  severity: number;
  title: string;
  description: string;
  event_type: string | null;
  /** The account or agent that the events are from. */
  source: string;
  aggregate: Record<string, unknown>;
  count: number;
  distinct: number | null;
  threshold: number;
  window_seconds: number;
  /** Event time, ISO 8601, UTC. */
  first_seen: string | null;
  last_seen: string | null;
  suppressed: number;
  tags: string[];
  rule_version: string;
  /** The same for all alerts of one rule, source and aggregate values. */
  dedup_key: string;
  /** Who, from where and on what: actor, ip, region, account, service, action, resources … */
  context: Record<string, unknown>;
  matched: Matched[];
  references: string[];
  benign: string[];
  truncated: boolean;
  left_out: Record<string, unknown> | null;
  events: AlertEvent[];
  /**
   * The record as the module wrote it: one line of JSON. Not enumerable. Numbers that JavaScript would round stand here
   * as they were.
   */
  readonly line: string;
}

/** Reads records, one a line. */
export function alerts(lines: Uint8Array): Alert[] {
  const text = new TextDecoder("utf-8", { fatal: true }).decode(lines);
  return text.split("\n").filter(Boolean).map(alert);
}

function alert(line: string): Alert {
  const record: unknown = JSON.parse(line);
  if (typeof record !== "object" || record === null || !("alert_id" in record)) {
    throw new SyntaxError("not an alert record");
  }
  return Object.defineProperty(record, "line", { value: line }) as Alert;
}
