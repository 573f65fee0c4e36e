//! Log sources: which events a rule is about, and what its fields are called in them. Tables, no code.

use oxpecker_engine::rule::RuleKind;

/// What the events of a log source look like here.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mapping {
    /// Product, category and service; an empty one may be anything.
    source: (&'static str, &'static str, &'static str),
    pub(super) kind: RuleKind,
    /// What every event of the source satisfies; may be empty.
    pub(super) base: &'static str,
    /// Sigma's fields and our keys. Other fields keep their names.
    pub(super) fields: &'static [(&'static str, &'static str)],
    /// Fields, values, and what the two together ask.
    pub(super) meanings: &'static [(&'static str, &'static str, &'static str)],
    /// Fields that are objects in the events, and the members in which a text of such a field is looked for.
    pub(super) objects: &'static [(&'static str, &'static [&'static str])],
    /// Fields for which the language has no key, and the names under which producers hold them: any of these is asked.
    pub(super) places: &'static [(&'static str, &'static [&'static str])],
    /// Keys that hold the text of a log line, where keywords are looked for.
    pub(super) keywords: &'static [&'static str],
    /// What follows the rule's name in the title of its alerts, with Sigma's fields in braces.
    pub(super) title: &'static str,
    /// Sigma's fields whose values make an alert unique.
    pub(super) aggregate: &'static [&'static str],
    /// What should be known of every rule of the source.
    pub(super) note: &'static str,
}

/// Where shippers and the original put the text of a log line.
const LOG_LINE: &[&str] = &["message", "log"];

/// The same of auditd, whose records may have come apart into keys.
const AUDIT_LINE: &[&str] = &["message", "log", "arguments", "path", "filename"];

/// Processes, as Sysmon names their fields, and our host keys.
const PROCESS: &[(&str, &str)] = &[
    ("Image", "exe"),
    ("CommandLine", "arguments"),
    ("ParentImage", "parent_metadata.exe"),
    ("ParentCommandLine", "parent_metadata.arguments"),
    ("User", "user"),
    ("CurrentDirectory", "cwd"),
    ("ProcessId", "pid"),
    ("ParentProcessId", "ppid"),
];

/// Logs of Linux whose lines somebody took apart: processes, and the line itself.
const LINUX: &[(&str, &str)] = &[
    ("message", "message"),
    ("log", "log"),
    ("Image", "exe"),
    ("CommandLine", "arguments"),
    ("ParentImage", "parent_metadata.exe"),
    ("ParentCommandLine", "parent_metadata.arguments"),
    ("User", "user"),
    ("CurrentDirectory", "cwd"),
];

const FILE: &[(&str, &str)] =
    &[("TargetFilename", "filename"), ("Image", "exe"), ("CommandLine", "arguments"), ("User", "user")];

const NETWORK: &[(&str, &str)] = &[
    ("DestinationIp", "dst_ip"),
    ("DestinationPort", "dst_port"),
    ("DestinationHostname", "domain"),
    ("SourceIp", "src_ip"),
    ("SourcePort", "src_port"),
    ("Protocol", "protocol"),
    ("Image", "exe"),
    ("CommandLine", "arguments"),
    ("User", "user"),
];

/// auditd's records, joined to one event by whoever reads them.
const AUDITD: &[(&str, &str)] = &[
    ("a0", "args[0]"),
    ("a1", "args[1]"),
    ("a2", "args[2]"),
    ("a3", "args[3]"),
    ("a4", "args[4]"),
    ("a5", "args[5]"),
    ("a6", "args[6]"),
    ("a7", "args[7]"),
    ("a8", "args[8]"),
    ("a9", "args[9]"),
    ("comm", "command"),
    ("exe", "exe"),
    ("name", "path"),
    ("cwd", "cwd"),
    ("syscall", "syscall"),
    ("SYSCALL", "syscall"),
    ("proctitle", "arguments"),
    ("success", "success"),
    ("exit", "exit"),
    ("pid", "pid"),
    ("ppid", "ppid"),
    ("uid", "uid"),
    ("auid", "auid"),
    ("gid", "gid"),
    ("tty", "tty"),
    ("ses", "session"),
    ("USER", "user"),
    ("Image", "exe"),
    ("CommandLine", "arguments"),
    ("ParentImage", "parent_metadata.exe"),
    ("User", "user"),
];

/// What the types of auditd's records ask of an event that joins records. Where the key `type` has another word for one
/// than auditd, either is taken.
const AUDITD_RECORDS: &[(&str, &str, &str)] = &[
    ("type", "EXECVE", r#"syscall in ("execve", "execveat")"#),
    ("type", "SYSCALL", "syscall != null"),
    ("type", "PATH", "path != null"),
    ("type", "CWD", "cwd != null"),
    ("type", "PROCTITLE", "arguments != null"),
    ("type", "SOCKADDR", r#"lower(type) = "sockaddr" or SOCKADDR != null or connection.addr != null"#),
    ("type", "ADD_USER", r#"lower(type) = "add_user""#),
    ("type", "DEL_USER", r#"lower(type) in ("del_user", "delete_user")"#),
    ("type", "ADD_GROUP", r#"lower(type) = "add_group""#),
    ("type", "USER_AUTH", r#"lower(type) in ("user_auth", "authentication")"#),
    ("type", "USER_LOGIN", r#"lower(type) in ("user_login", "login")"#),
    ("type", "USER_START", r#"lower(type) in ("user_start", "session_start")"#),
    ("type", "USER_END", r#"lower(type) in ("user_end", "session_end")"#),
    ("type", "USER_CMD", r#"lower(type) in ("user_cmd", "command")"#),
    ("type", "USER_CHAUTHTOK", r#"lower(type) in ("user_chauthtok", "password_change")"#),
    ("type", "SERVICE_START", r#"lower(type) = "service_start""#),
    ("type", "SERVICE_STOP", r#"lower(type) = "service_stop""#),
    ("type", "CONFIG_CHANGE", r#"lower(type) = "config_change""#),
];

/// Parts of auditd's records that are no host keys: by auditd's own name, as laurel holds them and as Auditbeat does.
/// `a0` to `a3` are registers here; laurel writes those with `0x` before them, which no value of a rule is, so it has no
/// place for them.
const AUDITD_PLACES: &[(&str, &[&str])] = &[
    ("key", &["key", "SYSCALL.key", "tags"]),
    ("euid", &["euid", "SYSCALL.euid", "user.effective.id"]),
    ("nametype", &["nametype", "PATH.nametype", "auditd.paths.nametype"]),
    ("unit", &["unit", "SERVICE_START.unit", "SERVICE_STOP.unit", "auditd.data.unit"]),
    ("saddr", &["saddr", "SOCKADDR.saddr"]),
    ("a0", &["a0", "auditd.data.a0"]),
    ("a1", &["a1", "auditd.data.a1"]),
    ("a2", &["a2", "auditd.data.a2"]),
    ("a3", &["a3", "auditd.data.a3"]),
];

/// Names that Sigma's Kubernetes rules use for parts of an audit event.
const KUBERNETES: &[(&str, &str)] = &[
    ("apiGroup", "objectRef.apiGroup"),
    ("hostPath", "requestObject.spec.volumes.hostPath"),
    ("capabilities", "requestObject.spec.containers.securityContext.capabilities"),
];

/// CloudTrail's objects that rules look into as if they were texts.
const CLOUDTRAIL_OBJECTS: &[(&str, &[&str])] = &[
    (
        "requestParameters",
        &[
            "requestParameters",
            "requestParameters.policyDocument",
            "requestParameters.assumeRolePolicyDocument",
            "requestParameters.policy",
            "requestParameters.policyText",
            "requestParameters.attributeValue",
        ],
    ),
    ("responseElements", &["responseElements", "responseElements.ConsoleLogin", "responseElements.status"]),
    ("userIdentity", &["userIdentity", "userIdentity.arn", "userIdentity.userName", "userIdentity.principalId"]),
    ("additionalEventData", &["additionalEventData"]),
    ("resources", &["resources", "resources.ARN"]),
];

/// The first that fits counts.
const MAPPINGS: [Mapping; 9] = [
    Mapping {
        source: ("aws", "", "cloudtrail"),
        kind: RuleKind::CloudTrail,
        base: r#"event_type = "cloudtrail""#,
        fields: &[],
        meanings: &[],
        objects: CLOUDTRAIL_OBJECTS,
        places: &[],
        keywords: &[],
        title: " by {user} from {ip}",
        aggregate: &["user", "ip"],
        note: "",
    },
    Mapping {
        source: ("kubernetes", "", "audit"),
        kind: RuleKind::KubernetesAudit,
        base: r#"event_type = "kubernetes""#,
        fields: KUBERNETES,
        meanings: &[],
        objects: &[],
        places: &[],
        keywords: &[],
        title: " by {user.username}: {verb} {objectRef.resource} {objectRef.namespace}/{objectRef.name}",
        aggregate: &["user.username", "verb", "objectRef.resource", "objectRef.namespace", "objectRef.name"],
        note: "",
    },
    Mapping {
        source: ("linux", "", "auditd"),
        kind: RuleKind::Host,
        base: "",
        fields: AUDITD,
        meanings: AUDITD_RECORDS,
        objects: &[],
        places: AUDITD_PLACES,
        keywords: AUDIT_LINE,
        title: "",
        aggregate: &[],
        note: "auditd's records are asked for by host keys, as one event",
    },
    process("linux"),
    process("macos"),
    Mapping {
        source: ("linux", "file_", ""),
        kind: RuleKind::File,
        base: "",
        fields: FILE,
        meanings: &[],
        objects: &[],
        places: &[],
        keywords: LOG_LINE,
        title: ": {TargetFilename} by {User}",
        aggregate: &["TargetFilename", "User"],
        note: "",
    },
    Mapping {
        source: ("linux", "network_connection", ""),
        kind: RuleKind::Host,
        base: "",
        fields: NETWORK,
        meanings: &[("Initiated", "true", r#"type = "connect""#), ("Initiated", "false", r#"type = "accept""#)],
        objects: &[],
        places: &[],
        keywords: LOG_LINE,
        title: ": {Image} to {DestinationIp}:{DestinationPort}",
        aggregate: &["Image", "DestinationIp", "DestinationPort"],
        note: "",
    },
    Mapping { source: ("linux", "", ""), fields: LINUX, ..other(RuleKind::Host, "") },
    Mapping { source: ("windows", "", ""), ..other(RuleKind::Winsec, UNMAPPED) },
];

const UNMAPPED: &str =
    "there is no table for its log source: fields are asked for by the names that the rule gives them";

/// What no row of the table fits.
const OTHER: Mapping = other(RuleKind::Host, UNMAPPED);

const fn process(product: &'static str) -> Mapping {
    Mapping {
        source: (product, "process_creation", ""),
        fields: PROCESS,
        title: " by {User}: {CommandLine}",
        aggregate: &["User", "CommandLine"],
        ..other(RuleKind::Host, "")
    }
}

const fn other(kind: RuleKind, note: &'static str) -> Mapping {
    Mapping {
        source: ("", "", ""),
        kind,
        base: "",
        fields: &[],
        meanings: &[],
        objects: &[],
        places: &[],
        keywords: LOG_LINE,
        title: "",
        aggregate: &[],
        note,
    }
}

/// The log source of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct LogSource {
    pub(super) product: String,
    pub(super) category: String,
    pub(super) service: String,
}

impl LogSource {
    /// What its events look like.
    pub(super) fn mapping(&self) -> &'static Mapping {
        let fits = |mapping: &&Mapping| {
            let (product, category, service) = mapping.source;
            // `file_` stands for every category that begins so.
            let category_fits = match category.strip_suffix('_') {
                Some(_) => self.category.starts_with(category),
                None => category.is_empty() || self.category == category,
            };
            (self.product == product) && category_fits && (service.is_empty() || self.service == service)
        };
        MAPPINGS.iter().find(fits).unwrap_or(&OTHER)
    }

    /// `aws/cloudtrail`
    pub(super) fn name(&self) -> String {
        let parts = [&self.product, &self.category, &self.service];
        let parts: Vec<&str> = parts.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        if parts.is_empty() { "any".to_owned() } else { parts.join("/") }
    }

    /// Whether a rule about `other` is also about this: nothing here says otherwise.
    pub(super) fn covers(&self, other: &LogSource) -> bool {
        let same = |mine: &str, its: &str| mine.is_empty() || mine == its;
        same(&self.product, &other.product)
            && same(&self.category, &other.category)
            && same(&self.service, &other.service)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::filter;

    fn source(product: &str, category: &str, service: &str) -> LogSource {
        LogSource { product: product.into(), category: category.into(), service: service.into() }
    }

    #[test]
    fn every_filter_and_key_of_the_tables_reads_well() {
        for mapping in MAPPINGS.iter().chain([&OTHER]) {
            let meanings = mapping.meanings.iter().map(|(_, _, text)| *text);
            for text in meanings.chain([mapping.base]).filter(|text| !text.is_empty()) {
                assert!(filter::parse(text).is_some(), "{text}");
            }
            let places = mapping.places.iter().flat_map(|(_, keys)| keys.iter());
            for key in mapping.fields.iter().map(|(_, key)| key).chain(places) {
                assert_eq!(filter::key(key).to_string(), *key);
            }
        }
    }

    #[test]
    fn the_closest_table_is_found() {
        assert_eq!(source("aws", "", "cloudtrail").mapping().kind, RuleKind::CloudTrail);
        assert_eq!(source("kubernetes", "application", "audit").mapping().kind, RuleKind::KubernetesAudit);
        assert_eq!(source("linux", "process_creation", "").mapping().fields, PROCESS);
        assert_eq!(source("linux", "file_event", "").mapping().kind, RuleKind::File);
        assert_eq!(source("linux", "", "auditd").mapping().fields, AUDITD);
        assert_eq!(source("linux", "", "sshd").mapping().note, "");
        assert_eq!(source("aws", "", "route53").mapping().note, UNMAPPED);
        assert_eq!(source("windows", "process_creation", "").mapping().kind, RuleKind::Winsec);
    }
}
