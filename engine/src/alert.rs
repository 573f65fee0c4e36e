//! The alert record: what a group of matching events is told as.

mod record;
mod size;

pub use record::Records;
pub(crate) use record::{Fields, write};
pub(crate) use size::Fitted;
pub use size::RECORD_BYTES;

use crate::json::{self, Json};
use crate::rule::Rule;
use crate::rule::template::NONE;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// How many events an alert names, and how many of those it holds whole.
pub const NAMED_EVENTS: usize = 100;
/// How many of the first events an alert holds whole.
pub const WHOLE_EVENTS: usize = 3;
/// Bytes of the whole events of one alert; an event that would pass it is named only.
pub const WHOLE_BYTES: usize = 64 << 10;

/// Where an alert stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Its group has just reached the threshold; the window is still open.
    Fired,
    /// Its count has doubled since it was last told; the window is still open.
    Updated,
    /// Its window has closed: the counts are final.
    Final,
}

impl State {
    /// The word in the record.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            State::Fired => "fired",
            State::Updated => "updated",
            State::Final => "final",
        }
    }
}

/// An event that contributed to an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contribution {
    /// The event's own identifier.
    pub id: Option<String>,
    /// When it happened.
    pub time: Option<i64>,
    /// The event as compact JSON; none where the alert holds enough already.
    pub event: Option<Arc<str>>,
}

impl Contribution {
    /// The event's identifier; the event if it has none.
    fn name(&self) -> Option<String> {
        self.id.clone().or_else(|| self.event.as_deref().map(str::to_owned))
    }
}

/// What one group of one rule has come to. What is JSON in it is compact text that was checked, and goes into
/// records as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The account or agent.
    pub source: String,
    /// The values of the rule's aggregate keys, in the rule's order; then, where values are redacted or too long to be
    /// told, what tells them apart: a JSON array.
    pub aggregate: String,
    /// The title of the first event.
    pub title: String,
    /// The type of the first event.
    pub event_type: Option<String>,
    /// Who, from where and on what, as the first event says: a JSON object.
    pub context: String,
    /// The predicates that the first event's match is owed to, with their values: a JSON array.
    pub matched: String,
    /// Events that count.
    pub count: u64,
    /// Distinct values seen, where the rule's threshold counts those.
    pub distinct: Option<u64>,
    /// Events that a suppression hid while the group was open.
    pub suppressed: u64,
    /// The earliest time of its events.
    pub first_seen: Option<i64>,
    /// The latest time of its events.
    pub last_seen: Option<i64>,
    /// The first events.
    pub events: Vec<Contribution>,
    /// Bytes of the events held whole.
    pub whole_bytes: usize,
}

/// What the alert of a group is called. Both are hashes, so they are made once and not for each record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Names {
    /// The same rule version, source, aggregate values and beginning give the same one.
    pub(crate) alert_id: String,
    /// What all alerts of one rule, source and aggregate values share, whatever the rule's version: for silencing pages.
    pub(crate) dedup_key: String,
}

impl Names {
    /// The names of a group that begins at `start`. A group without a time is one event; its identifier stands for the
    /// beginning, or the event itself if it has none.
    pub(crate) fn of(rule: &Rule, group: &Group, start: Option<i64>) -> Self {
        let beginning = match start {
            Some(time) => time.to_string(),
            None => group.events.first().and_then(Contribution::name).unwrap_or_else(|| NONE.to_owned()),
        };
        let identity = identity(group);
        Self {
            alert_id: digest(&format!("{}\n{}\n{identity}{beginning}", rule.id, rule.version)),
            dedup_key: dedup_key(rule, &identity),
        }
    }

    /// The names of a group of which the identifier is known.
    pub(crate) fn with_id(alert_id: String, rule: &Rule, group: &Group) -> Self {
        Self { alert_id, dedup_key: dedup_key(rule, &identity(group)) }
    }
}

fn dedup_key(rule: &Rule, identity: &str) -> String {
    digest(&format!("{}\n{identity}", rule.id))
}

fn identity(group: &Group) -> String {
    let mut text = format!("{}\n", group.source);
    for value in json::elements(&group.aggregate) {
        text.push_str(value);
        text.push('\n');
    }
    text
}

fn digest(text: &str) -> String {
    crate::rule::hex(&Sha256::digest(text.as_bytes()), 32)
}

impl Group {
    /// Whether the record names fewer events than it counts, or holds fewer whole than its first ones.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.missing() != (0, 0)
    }

    /// What the record lacks that it would have without its limits; null if nothing.
    fn left_out(&self) -> Json {
        match self.missing() {
            (0, 0) => Json::Null,
            (events, whole) => size::left_out(events, whole, Vec::new()),
        }
    }

    /// How many events are not named, and how many of the first ones are not whole.
    fn missing(&self) -> (u64, u64) {
        let whole = self.events.iter().filter(|event| event.event.is_some()).count() as u64;
        let missing_whole = self.count.min(WHOLE_EVENTS as u64).saturating_sub(whole);
        (self.count.saturating_sub(self.events.len() as u64), missing_whole)
    }
}
