//! What is known of events as data: keys that take their value from elsewhere, where the time stands, what can be left
//! out. Each engine reads these tables with code of its own.

/// The key whose native value comes last, not first.
pub(crate) const EVENT_TYPE: &str = "event_type";

/// Where a helper key takes its value from.
pub(crate) enum Source {
    /// A path of the record.
    Path(&'static str),
    /// The session name, of an assumed role only.
    SessionName,
    /// `assumed-role/<role>/<session>`, of an assumed role only.
    AssumedRole,
}

use Source::{AssumedRole, Path, SessionName};

/// Keys of CloudTrail records; the first source that is not null gives the value.
pub(crate) const HELPERS: [(&str, &[Source]); 12] = [
    ("user", &[SessionName, Path("userIdentity.userName"), Path("userIdentity.principalId")]),
    ("userType", &[Path("userIdentity.type")]),
    ("ip", &[Path("sourceIPAddress")]),
    ("region", &[Path("awsRegion")]),
    ("accountId", &[Path("recipientAccountId"), Path("userIdentity.accountId")]),
    ("error", &[Path("errorCode")]),
    ("accessKey", &[Path("userIdentity.accessKeyId")]),
    ("arnRole", &[AssumedRole]),
    (
        "mfaUsed",
        &[Path("additionalEventData.MFAUsed"), Path("userIdentity.sessionContext.attributes.mfaAuthenticated")],
    ),
    ("eventSourceType", &[Path("eventType")]),
    ("eventId", &[Path("eventID")]),
    ("requestId", &[Path("requestID")]),
];

/// Other names of keys, on every event. All targets that are not null are reached: `=` holds for any, `!=` for none.
/// A target may be an alias itself; no longer chain is in the table.
pub(crate) const ALIASES: [(&str, &[&str]); 7] = [
    ("ip", &["src_ip", "dst_ip"]),
    ("port", &["src_port", "dst_port"]),
    ("src_ip", &["connection.src_addr"]),
    ("dst_ip", &["connection.dst_addr"]),
    ("src_port", &["connection.src_port"]),
    ("dst_port", &["connection.port"]),
    ("agent", &["host_metadata.hostname", "hostname"]),
];

/// The row of a name.
pub(crate) fn row<T: Copy>(table: &[(&str, T)], name: &str) -> Option<T> {
    table.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
}

/// RFC 3339, or a number since 1970 (seconds to nanoseconds, by size).
pub(crate) const TIME: [&str; 12] = [
    // CloudTrail
    "eventTime",
    // Kubernetes audit: when the request came, then when this stage of it was written
    "requestReceivedTimestamp",
    "stageTimestamp",
    // shippers and everybody else
    "@timestamp",
    "timestamp",
    "event_time",
    "time",
    "_time",
    "ts",
    "date",
    "createdAt",
    // CloudTrail's aggregated records
    "timeWindow.windowStart",
];

/// The fields of a CloudTrail record that CloudTrail replaces by `{"omitted": true, …}` when the record is too large.
pub(crate) const CAN_BE_OMITTED: [&str; 4] =
    ["requestParameters", "responseElements", "additionalEventData", "serviceEventDetails"];

/// Where each of them says so.
pub(crate) const OMITTED: [(&str, &str); 4] = [
    (CAN_BE_OMITTED[0], "requestParameters.omitted"),
    (CAN_BE_OMITTED[1], "responseElements.omitted"),
    (CAN_BE_OMITTED[2], "additionalEventData.omitted"),
    (CAN_BE_OMITTED[3], "serviceEventDetails.omitted"),
];
