//! What an alert says of an event: its id, who sent it, and when it happened. Each is a table of paths in the order in
//! which they are asked; the first that gives an answer counts.

use super::{Event, path, time};
use crate::json::Json;

const ID: [&str; 7] = ["eventID", "auditID", "eventId", "event_id", "id", "uuid", "_id"];

/// The account of a CloudTrail record, else the agent or the host.
const SOURCE: [&str; 12] = [
    "recipientAccountId",
    "userIdentity.accountId",
    "agent_id",
    "agent",
    "host_metadata.hostname",
    "hostname",
    "host.name",
    "host",
    "node_name",
    "account_id",
    "accountId",
    "organization_id",
];

/// RFC 3339, or a number since 1970 (seconds to nanoseconds, by size).
const TIME: [&str; 12] = [
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

impl Event {
    /// The event's own identifier.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.first_of(&ID, filled_text)
    }

    /// Who sent it: the account or the agent; empty where the event names neither.
    #[must_use]
    pub fn source(&self) -> &str {
        self.first_of(&SOURCE, filled_text).unwrap_or_default()
    }

    /// When it happened, in milliseconds since 1970.
    #[must_use]
    pub fn time(&self) -> Option<i64> {
        self.first_of(&TIME, milliseconds)
    }

    /// The first answer that `read` gives for a path of the table.
    fn first_of<'e, T>(&'e self, table: &[&str], read: impl Fn(&'e Json) -> Option<T>) -> Option<T> {
        table.iter().find_map(|dotted| path::walk(&self.root, &path::steps_of(dotted)).into_iter().find_map(&read))
    }
}

fn filled_text(value: &Json) -> Option<&str> {
    value.scalar_text().filter(|text| !text.is_empty())
}

fn milliseconds(value: &Json) -> Option<i64> {
    match value {
        Json::Text(text) => {
            time::Instant::parse(text).map(|instant| instant.milliseconds()).or_else(|| time::epoch_milliseconds(text))
        }
        Json::Number(digits) => time::epoch_milliseconds(digits),
        _ => None,
    }
}
