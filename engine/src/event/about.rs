//! What an alert says of an event: its id, who sent it, and when it happened. Each is a table of paths in the order in
//! which they are asked; the first that gives an answer counts. What the mapping of the event's producer names comes first.

use super::tables::TIME;
use super::{Event, TOGETHER, less, milliseconds_of_number, milliseconds_of_text, path, told};
use crate::json::{self, At, Json};
use std::borrow::Cow;

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
    /// Appends who, from where and on what: an object of the [`CONTEXT`] names for which the event has a value. Long values
    /// are cut, and where all of them are too long those behind the first are cut more.
    pub fn write_context(&self, out: &mut String) {
        let room = out.len() + TOGETHER;
        out.push('{');
        let mut texts = Vec::new();
        for (name, paths) in CONTEXT {
            texts.clear();
            for dotted in paths {
                self.texts_at(dotted, &mut texts);
                if !texts.is_empty() {
                    break;
                }
            }
            if texts.is_empty() {
                continue;
            }
            if !out.ends_with('{') {
                out.push(',');
            }
            json::write_text(name, out);
            out.push(':');
            let write = |text: &Cow<'_, str>, out: &mut String| {
                let start = out.len();
                json::write_text(&told(Cow::Borrowed(text)), out);
                if out.len() > room {
                    out.truncate(start);
                    json::write_text(&less(text), out);
                }
            };
            match texts.as_slice() {
                [only] if name != "resources" => write(only, out),
                several => {
                    let few = several.get(..RESOURCES).unwrap_or(several);
                    json::write_array(few, out, write);
                }
            }
        }
        out.push('}');
    }

    /// The scalars at a path, as texts; where it has none, those that a mapping gives to the key.
    fn texts_at<'e>(&'e self, dotted: &str, texts: &mut Vec<Cow<'e, str>>) {
        let _: Option<()> = path::first(self.top(), dotted, &mut |end| {
            path::scalars(end, texts);
            None
        });
        if texts.is_empty() && self.shape.mapping().is_some() {
            let mapped = self.mapped(&path::steps_of(dotted));
            let filled = mapped.elements().filter_map(Json::scalar_text).filter(|text| !text.is_empty());
            texts.extend(filled.map(|text| Cow::Owned(text.to_owned())));
        }
    }

    /// The event's own identifier.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.mapped_id().or_else(|| self.first_of(&ID, filled_text))
    }

    /// Who sent it: the account or the agent; empty where the event names neither. Of a producer that a mapping knows it
    /// is the host's name, as people know it.
    #[must_use]
    pub fn source(&self) -> Cow<'_, str> {
        let mut host = Vec::new();
        if self.shape.mapping().is_some() {
            self.texts_at("agent", &mut host);
        }
        let named = || Cow::Borrowed(self.first_of(&SOURCE, filled_text).unwrap_or_default());
        host.into_iter().next().unwrap_or_else(named)
    }

    /// When it happened, in milliseconds since 1970.
    #[must_use]
    pub fn time(&self) -> Option<i64> {
        self.mapped_time().or_else(|| self.first_of(&TIME, milliseconds))
    }

    /// The first answer that `read` gives for a path of the table.
    fn first_of<'e, T>(&'e self, table: &[&str], mut read: impl FnMut(At<'e>) -> Option<T>) -> Option<T> {
        table.iter().find_map(|dotted| path::first(self.top(), dotted, &mut read))
    }
}

fn filled_text(value: At<'_>) -> Option<&str> {
    value.scalar_text().filter(|text| !text.is_empty())
}

fn milliseconds(value: At<'_>) -> Option<i64> {
    let number = || value.scalar_text().filter(|_| value.is_number()).and_then(milliseconds_of_number);
    value.as_text().map_or_else(number, milliseconds_of_text)
}
