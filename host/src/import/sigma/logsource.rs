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
    /// Sigma's fields and our keys; the first row of a name counts. Other fields keep their names.
    pub(super) fields: &'static [Names],
    /// Fields, values, and what the two together ask. The value `*` is any word; in its filter `WORD` and `word` stand for
    /// that.
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

/// Names of fields, and the keys that they have here.
type Names = &'static [(&'static str, &'static str)];

/// Where shippers, the original and journald put the text of a log line.
const LOG_LINE: &[&str] = &["message", "log", "MESSAGE"];

/// The same of auditd, whose records may have come apart into keys.
const AUDIT_LINE: &[&str] = &["message", "log", "MESSAGE", "arguments", "path", "filename"];

/// The line itself, as rules ask for it by name.
const LINE: Names = &[("message", "message"), ("log", "log"), ("MESSAGE", "MESSAGE"), ("host", "host")];

/// Processes, as Sysmon names their fields, and our host keys.
const PROCESS: Names = &[
    ("Image", "exe"),
    ("CommandLine", "arguments"),
    ("ParentImage", "parent_metadata.exe"),
    ("ParentCommandLine", "parent_metadata.arguments"),
    ("User", "user"),
    ("CurrentDirectory", "cwd"),
    ("ProcessId", "pid"),
    ("ParentProcessId", "ppid"),
    // Sysmon for Linux writes the number of the user there.
    ("LogonId", "uid"),
    ("TerminalSessionId", "session"),
    // What rules count by; our events have it as the agent that told of the process.
    ("host", "agent"),
];

const FILE: Names = &[("TargetFilename", "filename")];

const NETWORK: Names = &[
    ("DestinationIp", "dst_ip"),
    ("DestinationPort", "dst_port"),
    ("DestinationHostname", "domain"),
    ("SourceIp", "src_ip"),
    ("SourcePort", "src_port"),
    ("Protocol", "protocol"),
];

/// auditd's records, joined to one event by whoever reads them.
const AUDITD: Names = &[
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
    ("type", "*", r#"lower(type) = "word" or WORD != null or auditd.message_type = "word""#),
];

/// Parts of auditd's records that are no host keys, where laurel, Auditbeat and Wazuh hold them.
/// `a0` to `a3` are registers here.
const AUDITD_PLACES: &[(&str, &[&str])] = &[
    ("key", &["SYSCALL.key", "tags", "data.audit.key"]),
    ("euid", &["SYSCALL.euid", "user.effective.id", "data.audit.euid"]),
    ("nametype", &["PATH.nametype", "auditd.paths.nametype"]),
    ("unit", &["SERVICE_START.unit", "SERVICE_STOP.unit", "auditd.data.unit"]),
    ("saddr", &["SOCKADDR.saddr"]),
    ("a0", &["SYSCALL.a0", "auditd.data.a0"]),
    ("a1", &["SYSCALL.a1", "auditd.data.a1"]),
    ("a2", &["SYSCALL.a2", "auditd.data.a2"]),
    ("a3", &["SYSCALL.a3", "auditd.data.a3"]),
];

/// Names that Sigma's Kubernetes rules use for parts of an audit event.
const KUBERNETES: Names = &[
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
            "requestParameters.VersioningConfiguration.Status",
        ],
    ),
    ("responseElements", &["responseElements", "responseElements.ConsoleLogin", "responseElements.status"]),
    ("userIdentity", &["userIdentity", "userIdentity.arn", "userIdentity.userName", "userIdentity.principalId"]),
    ("additionalEventData", &["additionalEventData"]),
    ("resources", &["resources", "resources.ARN"]),
];

/// The first that fits counts.
const MAPPINGS: [Mapping; 10] = [
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
        fields: &[KUBERNETES],
        meanings: &[],
        objects: &[],
        places: &[],
        keywords: &[],
        title: " by {user.username}: {verb} {objectRef.resource} {objectRef.namespace}/{objectRef.name}",
        aggregate: &["user.username", "verb", "objectRef.resource", "objectRef.namespace", "objectRef.name"],
        note: "",
    },
    auditd("", "auditd"),
    // Some rules take the service for a category.
    auditd("auditd", ""),
    process("linux"),
    process("macos"),
    Mapping {
        source: ("linux", "file_", ""),
        kind: RuleKind::File,
        base: "",
        fields: &[FILE, PROCESS],
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
        fields: &[NETWORK, PROCESS],
        meanings: &[("Initiated", "true", r#"type = "connect""#), ("Initiated", "false", r#"type = "accept""#)],
        objects: &[],
        places: &[],
        keywords: LOG_LINE,
        title: ": {Image} to {DestinationIp}:{DestinationPort}",
        aggregate: &["Image", "DestinationIp", "DestinationPort"],
        note: "",
    },
    Mapping { source: ("linux", "", ""), fields: &[LINE, PROCESS], ..other(RuleKind::Host, "") },
    Mapping { source: ("windows", "", ""), ..other(RuleKind::Winsec, UNMAPPED) },
];

const UNMAPPED: &str =
    "there is no table for its log source: fields are asked for by the names that the rule gives them";

/// What no row of the table fits.
const OTHER: Mapping = other(RuleKind::Host, UNMAPPED);

const fn auditd(category: &'static str, service: &'static str) -> Mapping {
    Mapping {
        source: ("linux", category, service),
        fields: &[AUDITD, PROCESS],
        meanings: AUDITD_RECORDS,
        places: AUDITD_PLACES,
        keywords: AUDIT_LINE,
        ..other(RuleKind::Host, "")
    }
}

const fn process(product: &'static str) -> Mapping {
    Mapping {
        source: (product, "process_creation", ""),
        fields: &[PROCESS],
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

impl Mapping {
    /// The key of a field.
    pub(super) fn key(&self, field: &str) -> Option<&'static str> {
        self.fields.iter().flat_map(|names| names.iter()).find(|(name, _)| *name == field).map(|row| row.1)
    }

    /// Whether its fields have other names than the events: one that no table names is then no key of theirs.
    pub(super) fn renames(&self) -> bool {
        matches!(self.kind, RuleKind::Host | RuleKind::File) && !self.fields.is_empty()
    }

    /// What a field and a value ask together, where the table says so.
    pub(super) fn meaning(&self, field: &str, value: &str) -> Option<String> {
        let is_word = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let fits = |wanted: &str| wanted.eq_ignore_ascii_case(value) || (wanted == "*" && is_word);
        let (_, wanted, filter) = self.meanings.iter().find(|row| row.0 == field && fits(row.1))?;
        if *wanted != "*" {
            return Some((*filter).to_owned());
        }
        Some(filter.replace("WORD", &value.to_ascii_uppercase()).replace("word", &value.to_ascii_lowercase()))
    }
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
            let named = mapping.fields.iter().flat_map(|names| names.iter());
            for key in named.map(|(_, key)| key).chain(places) {
                assert_eq!(filter::key(key).to_string(), *key);
            }
        }
    }

    #[test]
    fn the_closest_table_is_found() {
        assert_eq!(source("aws", "", "cloudtrail").mapping().kind, RuleKind::CloudTrail);
        assert_eq!(source("kubernetes", "application", "audit").mapping().kind, RuleKind::KubernetesAudit);
        assert_eq!(source("linux", "process_creation", "").mapping().fields, [PROCESS]);
        assert_eq!(source("linux", "file_event", "").mapping().kind, RuleKind::File);
        assert_eq!(source("linux", "", "auditd").mapping().fields, [AUDITD, PROCESS]);
        assert_eq!(source("linux", "auditd", "").mapping().fields, [AUDITD, PROCESS]);
        assert_eq!(source("linux", "", "sshd").mapping().note, "");
        assert_eq!(source("aws", "", "route53").mapping().note, UNMAPPED);
        assert_eq!(source("windows", "process_creation", "").mapping().kind, RuleKind::Winsec);
    }
}
