//! What an alert says of an event: its id, who sent it, and when it happened. Each is a table of paths in the order in
//! which they are asked; the first that gives an answer counts.

use super::tables::TIME;
use super::{Event, milliseconds_of_number, milliseconds_of_text, path};
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

/// What an alert tells of the one who acted, and of what was acted on: its names there, and where they are found.
const CONTEXT: [(&str, &[&str]); 12] = [
    ("actor", &["userIdentity.arn", "userIdentity.principalId", "user.username", "auser", "user"]),
    ("actor_type", &["userIdentity.type"]),
    ("session_issuer", &["userIdentity.sessionContext.sessionIssuer.arn"]),
    ("access_key", &["userIdentity.accessKeyId"]),
    ("ip", &["sourceIPAddress", "sourceIPs", "src_ip", "connection.src_addr"]),
    ("user_agent", &["userAgent"]),
    ("region", &["awsRegion"]),
    ("account", &["recipientAccountId", "userIdentity.accountId"]),
    ("service", &["eventSource"]),
    ("action", &["eventName", "verb", "syscall"]),
    ("error", &["errorCode", "responseStatus.reason"]),
    ("resources", &["resources.ARN", "resources.arn", "objectRef.name", "filename", "exe"]),
];

/// How many resources a context names.
const RESOURCES: usize = 10;

impl Event {
    /// Who, from where and on what: an object of the [`CONTEXT`] names for which the event has a value.
    #[must_use]
    pub fn context(&self) -> Json {
        let mut context = Vec::new();
        for (name, paths) in CONTEXT {
            let found = paths.iter().map(|dotted| self.texts_at(dotted)).find(|texts| !texts.is_empty());
            match found.as_deref() {
                Some([only]) if name != "resources" => context.push((name.to_owned(), Json::from(*only))),
                Some(several) => {
                    let several = several.iter().take(RESOURCES).map(|text| Json::from(*text)).collect();
                    context.push((name.to_owned(), Json::Array(several)));
                }
                None => {}
            }
        }
        Json::Object(context)
    }

    /// The scalars at a path, as texts.
    fn texts_at(&self, dotted: &str) -> Vec<&str> {
        let mut all = Vec::new();
        for end in path::walk(&self.root, &path::steps_of(dotted)) {
            path::flatten(end, &mut all);
        }
        all.into_iter().filter_map(Json::scalar_text).filter(|text| !text.is_empty()).collect()
    }

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
        Json::Text(text) => milliseconds_of_text(text),
        Json::Number(digits) => milliseconds_of_number(digits),
        _ => None,
    }
}
