//! The published keys: what the documentation of the original and of the event sources names.
//!
//! Only the first part of a key is looked up. The list serves warnings and completion, never matching: any key may be
//! asked for.

use super::suggest;

/// Keys that exist by derivation, on events of every kind or of CloudTrail.
const DERIVED: &[&str] = &[
    "event_type",
    "user",
    "userType",
    "ip",
    "region",
    "accountId",
    "error",
    "accessKey",
    "arnRole",
    "mfaUsed",
    "eventSourceType",
    "eventId",
    "requestId",
    "port",
    "src_ip",
    "dst_ip",
    "src_port",
    "dst_port",
    "agent",
];

/// Members of a CloudTrail record (AWS CloudTrail record contents, event versions 1.0 to 1.11).
const CLOUDTRAIL: &[&str] = &[
    "eventTime",
    "eventVersion",
    "userIdentity",
    "eventSource",
    "eventName",
    "awsRegion",
    "sourceIPAddress",
    "userAgent",
    "errorCode",
    "errorMessage",
    "requestParameters",
    "responseElements",
    "additionalEventData",
    "requestID",
    "eventID",
    "eventType",
    "apiVersion",
    "managementEvent",
    "readOnly",
    "resources",
    "recipientAccountId",
    "serviceEventDetails",
    "sharedEventID",
    "vpcEndpointId",
    "vpcEndpointAccountId",
    "eventCategory",
    "addendum",
    "sessionCredentialFromConsole",
    "eventContext",
    "edgeDeviceDetails",
    "tlsDetails",
    "insightDetails",
    "metadata",
];

/// Members of host, file, login, network, threat and Windows events as the original named them.
const HOST: &[&str] = &[
    "exe",
    "command",
    "arguments",
    "args",
    "pid",
    "ppid",
    "auser",
    "uid",
    "auid",
    "gid",
    "group",
    "session",
    "tty",
    "cwd",
    "path",
    "success",
    "exit",
    "syscall",
    "type",
    "containerId",
    "containerImage",
    "containerLabels",
    "connection",
    "parent_metadata",
    "agent_id",
    "host_metadata",
    "filename",
    "src_user",
    "dst_user",
    "sigid",
    "level",
    "log",
    "location",
    "hostname",
    "comment",
    "protocol",
    "domain",
    "threatintel_source",
    "threatintel_reason",
    "threatintel_type",
    "win_event_id",
    "status",
    "sid",
    "target_user",
    "event_time",
    "host",
    "time",
];

/// Members of Kubernetes audit and configuration events, in the original's names and in Kubernetes' own.
const KUBERNETES: &[&str] = &[
    "action",
    "node_name",
    "namespace",
    "resource",
    "name",
    "role_name",
    "role_type",
    "verbs",
    "apiVersion",
    "kind",
    "auditID",
    "stage",
    "requestURI",
    "verb",
    "impersonatedUser",
    "sourceIPs",
    "objectRef",
    "responseStatus",
    "requestObject",
    "responseObject",
    "requestReceivedTimestamp",
    "stageTimestamp",
    "annotations",
];

/// Members of what Amazon ECR and Amazon Inspector tell by EventBridge, below `detail`: reports of image scans, findings.
const SCANS: &[&str] = &[
    "scan-status",
    "repository-name",
    "finding-severity-counts",
    "image-digest",
    "image-tags",
    "awsAccountId",
    "findingArn",
    "severity",
    "title",
    "description",
    "inspectorScore",
    "exploitAvailable",
    "packageVulnerabilityDetails",
];

/// Members of the events of producers that mappings know, in their own names.
const PRODUCERS: &[&str] = &[
    "ID",
    "NODE",
    "SYSCALL",
    "EXECVE",
    "CWD",
    "PATH",
    "PROCTITLE",
    "SOCKADDR",
    "PARENT_INFO",
    "CONTAINER_INFO",
    "USER_LOGIN",
    "USER_AUTH",
    "USER_START",
    "USER_END",
    "USER_CMD",
    "USER_ERR",
    "USER_CHAUTHTOK",
    "CRED_ACQ",
    "LOGIN",
    "ADD_USER",
    "DEL_USER",
    "ADD_GROUP",
    "SERVICE_START",
    "SERVICE_STOP",
    "CONFIG_CHANGE",
    "TTY",
    "USER_TTY",
    "auditd",
    "event",
    "process",
    "file",
    "destination",
    "container",
    "beat",
    "process_exec",
    "process_exit",
    "process_kprobe",
    "process_lsm",
    "process_tracepoint",
    "process_uprobe",
    "process_loader",
    "rule",
    "priority",
    "output",
    "output_fields",
    "columns",
    "unixTime",
    "calendarTime",
    "hostIdentifier",
    "decorations",
    "full_log",
    "syscheck",
    "data",
    "decoder",
    "predecoder",
    "manager",
];

/// What shippers add to every record.
const SHIPPER: &[&str] = &["@timestamp", "timestamp", "@version", "message", "MESSAGE", "tag", "tags", "source", "id"];

/// Every published key.
pub fn keys() -> impl Iterator<Item = &'static str> {
    [DERIVED, CLOUDTRAIL, HOST, KUBERNETES, PRODUCERS, SCANS, SHIPPER].into_iter().flatten().copied()
}

/// Whether some published kind of event has a key that begins with this part.
#[must_use]
pub fn is_known(first: &str) -> bool {
    keys().any(|key| key == first)
}

/// The published key that was probably meant.
#[must_use]
pub fn nearest(first: &str) -> Option<&'static str> {
    suggest::nearest(first, keys())
}
