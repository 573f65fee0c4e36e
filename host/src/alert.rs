//! An alert as the module gives it: typed fields, and the record's own line.

mod object;
mod shape;
mod told;

pub use told::{Alerts, Record};

use object::{Object, object, objects};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// Whether an alert's counts can still change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The threshold was reached; the window is open.
    Fired,
    /// The count has doubled since it was last told; the window is open.
    Updated,
    /// The window is closed; the counts are final. The same `alert_id` fired before.
    Final,
}

/// An event that contributed to an alert.
#[derive(Debug, Clone, Deserialize)]
pub struct AlertEvent {
    /// Its id, where it has one.
    #[serde(default)]
    pub id: Option<String>,
    /// The event itself, byte for byte; only the first few of an alert carry it.
    #[serde(default)]
    pub event: Option<Box<RawValue>>,
}

/// A text, or several where an event has several.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Texts {
    /// One.
    One(String),
    /// Several, or a list by nature.
    Many(Vec<String>),
}

impl Texts {
    /// The first of them.
    #[must_use]
    pub fn first(&self) -> Option<&str> {
        self.all().first().map(String::as_str)
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[String] {
        match self {
            Texts::One(text) => std::slice::from_ref(text),
            Texts::Many(texts) => texts,
        }
    }
}

/// Who, from where and on what.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names of the record's fields")]
pub struct Context {
    pub actor: Option<Texts>,
    pub actor_type: Option<Texts>,
    pub session_issuer: Option<Texts>,
    pub access_key: Option<Texts>,
    pub ip: Option<Texts>,
    pub user_agent: Option<Texts>,
    pub region: Option<Texts>,
    pub account: Option<Texts>,
    pub service: Option<Texts>,
    pub action: Option<Texts>,
    pub error: Option<Texts>,
    pub resources: Option<Texts>,
}

/// A predicate that a match is owed to.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Matched {
    /// The predicate in the canonical form.
    pub predicate: String,
    /// The values that made it true.
    pub values: Vec<Value>,
}

/// One alert record.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Alert {
    /// The same for the same rule version, source, aggregate values and window start.
    pub alert_id: String,
    /// The rule's id.
    pub rule_id: String,
    /// The rule's name.
    pub rule: String,
    /// The rule set it belongs to.
    #[serde(default)]
    pub ruleset: String,
    /// 1 is the worst.
    pub severity: u8,
    /// The title, filled in.
    pub title: String,
    /// What the rule is about.
    #[serde(default)]
    pub description: String,
    /// The type of the events.
    #[serde(default)]
    pub event_type: Option<String>,
    /// Agent or account.
    #[serde(default)]
    pub source: String,
    /// The aggregate fields and their values.
    #[serde(default)]
    pub aggregate: Map<String, Value>,
    /// Events in the window.
    pub count: u64,
    /// Events that fire the alert.
    pub threshold: u64,
    /// Length of the window; 0 if the rule has none.
    #[serde(default)]
    pub window_seconds: u64,
    /// Time of the first event, ISO 8601.
    #[serde(default)]
    pub first_seen: Option<String>,
    /// Time of the last event, ISO 8601.
    #[serde(default)]
    pub last_seen: Option<String>,
    /// Events of the same group that came while it was open.
    #[serde(default)]
    pub suppressed: u64,
    /// Tags of the rule.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Hash of what decides the rule's verdict.
    pub rule_version: String,
    /// The same for all alerts of one rule, source and aggregate values.
    #[serde(default)]
    pub dedup_key: String,
    /// Who, from where and on what, as the first event says.
    #[serde(default, deserialize_with = "object")]
    pub context: Context,
    /// The predicates that the first event's match is owed to.
    #[serde(default, deserialize_with = "objects")]
    pub matched: Vec<Matched>,
    /// Pages to read.
    #[serde(default)]
    pub references: Vec<String>,
    /// Known harmless causes.
    #[serde(default)]
    pub benign: Vec<String>,
    /// Whether the record holds less than it would without its limits.
    #[serde(default)]
    pub truncated: bool,
    /// The contributing events.
    #[serde(default, deserialize_with = "objects")]
    pub events: Vec<AlertEvent>,
    /// Whether the counts are final.
    pub state: State,
    /// The record exactly as the module wrote it, without the line break.
    #[serde(skip)]
    line: String,
}

impl Alert {
    /// The record exactly as the module wrote it, without the line break: what NDJSON output prints.
    pub fn line(&self) -> &str {
        &self.line
    }

    /// Reads one record.
    ///
    /// # Errors
    /// If it is no JSON object of the expected shape.
    pub fn from_line(line: &str) -> Result<Self, serde_json::Error> {
        let Object(mut alert) = serde_json::from_str::<Object<Alert>>(line)?;
        line.clone_into(&mut alert.line);
        Ok(alert)
    }
}

/// Something else than alert records.
#[derive(Debug, thiserror::Error)]
#[error("not an alert record")]
pub struct BadAlert;

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) const LINE: &str = r#"{"alert_id":"a1","rule_id":"r","rule":"R","ruleset":"s","severity":1,"title":"t","description":"d","event_type":"cloudtrail","source":"123456789012","aggregate":{"user":"ann"},"count":3,"threshold":1,"window_seconds":3600,"first_seen":"2026-01-01T00:00:00Z","last_seen":"2026-01-01T00:00:09Z","suppressed":2,"tags":["attack.t1078"],"rule_version":"ab","events":[{"id":"e1","event":{"a":1.0}},{"id":"e2"}],"state":"fired","later":true}"#;

    #[test]
    fn a_record_is_read_and_kept_as_it_came() {
        let alert = Alert::from_line(LINE).expect("a record");
        assert_eq!(alert.line(), LINE);
        assert_eq!((alert.count, alert.state), (3, State::Fired));
        assert_eq!(alert.events.len(), 2);
        assert_eq!(alert.events.first().and_then(|e| e.event.as_ref()).map(|raw| raw.get()), Some(r#"{"a":1.0}"#));
    }
}
