//! The alert record: what a group of matching events is told as.

mod size;

pub use size::{RECORD_BYTES, fit};

use crate::event::format_time;
use crate::json::Json;
use crate::redaction;
use crate::rule::template::NONE;
use crate::rule::{Collected, Rule};
use sha2::{Digest, Sha256};

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
    /// The event; none where the alert holds enough already.
    pub event: Option<Json>,
}

impl Contribution {
    /// The event's identifier; the event if it has none.
    fn name(&self) -> Option<String> {
        let whole = || {
            let mut text = String::new();
            self.event.as_ref()?.write_to(&mut text);
            Some(text)
        };
        self.id.clone().or_else(whole)
    }
}

/// What one group of one rule has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The account or agent.
    pub source: String,
    /// The values of the rule's aggregate keys, in the rule's order; then, where values are redacted, what tells them
    /// apart.
    pub aggregate: Vec<Json>,
    /// The title of the first event.
    pub title: String,
    /// The type of the first event.
    pub event_type: Option<String>,
    /// Who, from where and on what, as the first event says.
    pub context: Json,
    /// The predicates that the first event's match is owed to, with their values.
    pub matched: Json,
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

/// The identifier of a group's alert: the same rule version, source, aggregate values and beginning give the same one.
///
/// A group without a time is one event; its identifier stands for the beginning, or the event itself if it has none.
#[must_use]
pub fn alert_id(rule: &Rule, group: &Group, start: Option<i64>) -> String {
    let beginning = match start {
        Some(time) => time.to_string(),
        None => group.events.first().and_then(Contribution::name).unwrap_or_else(|| NONE.to_owned()),
    };
    digest(&format!("{}\n{}\n{}{beginning}", rule.id, rule.version, identity(group)))
}

/// What all alerts of one rule, source and aggregate values share, whatever the rule's version: for silencing pages.
#[must_use]
pub fn dedup_key(rule: &Rule, group: &Group) -> String {
    digest(&format!("{}\n{}", rule.id, identity(group)))
}

fn identity(group: &Group) -> String {
    let mut text = format!("{}\n", group.source);
    for value in &group.aggregate {
        value.write_to(&mut text);
        text.push('\n');
    }
    text
}

fn digest(text: &str) -> String {
    crate::rule::hex(&Sha256::digest(text.as_bytes()), 32)
}

/// The record as JSON, its fields in the documented order.
#[must_use]
pub fn record(collected: &Collected, id: &str, group: &Group, state: State) -> Json {
    let rule = &collected.rule;
    let time = |time: Option<i64>| time.map_or(Json::Null, |time| Json::from(format_time(time)));
    let texts = |texts: &[String]| Json::Array(texts.iter().map(|text| Json::from(text.as_str())).collect());
    let names = rule.aggregate.iter().map(ToString::to_string);
    let aggregate = names.zip(group.aggregate.iter().cloned()).collect();
    let fields: Vec<(&str, Json)> = vec![
        ("alert_id", Json::from(id)),
        ("state", Json::from(state.as_str())),
        ("rule_id", Json::from(rule.id.as_str())),
        ("rule", Json::from(rule.name.as_str())),
        ("ruleset", Json::from(collected.ruleset.as_str())),
        ("severity", Json::from(u64::from(rule.severity))),
        ("title", Json::from(group.title.as_str())),
        ("description", Json::from(rule.description.as_str())),
        ("event_type", group.event_type.as_deref().map_or(Json::Null, Json::from)),
        ("source", Json::from(group.source.as_str())),
        ("aggregate", Json::Object(aggregate)),
        ("count", Json::from(group.count)),
        ("distinct", group.distinct.map_or(Json::Null, Json::from)),
        ("threshold", Json::from(rule.threshold)),
        ("window_seconds", Json::from(rule.window)),
        ("first_seen", time(group.first_seen)),
        ("last_seen", time(group.last_seen)),
        ("suppressed", Json::from(group.suppressed)),
        ("tags", texts(&rule.tags)),
        ("rule_version", Json::from(rule.version.as_str())),
        ("dedup_key", Json::from(dedup_key(rule, group))),
        ("context", group.context.clone()),
        ("matched", group.matched.clone()),
        ("references", texts(&rule.references)),
        ("benign", texts(&rule.benign)),
        ("truncated", Json::from(group.is_truncated())),
        ("left_out", group.left_out()),
        ("events", Json::Array(group.events.iter().map(contribution).collect())),
    ];
    Json::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
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

fn contribution(event: &Contribution) -> Json {
    let mut fields = vec![
        ("id".to_owned(), event.id.as_deref().map(redaction::shown_id).map_or(Json::Null, Json::from)),
        ("time".to_owned(), event.time.map_or(Json::Null, |time| Json::from(format_time(time)))),
    ];
    if let Some(whole) = &event.event {
        fields.push(("event".to_owned(), whole.clone()));
    }
    Json::Object(fields)
}
