//! The alert record: what a group of matching events is told as.

use crate::event::format_time;
use crate::json::Json;
use crate::rule::Rule;
use crate::rule::template::NONE;
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
    /// Its window has closed: the counts are final.
    Final,
}

impl State {
    /// The word in the record.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            State::Fired => "fired",
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

/// What one group of one rule has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The account or agent.
    pub source: String,
    /// The values of the rule's aggregate keys, in the rule's order.
    pub aggregate: Vec<Json>,
    /// The title of the first event.
    pub title: String,
    /// The type of the first event.
    pub event_type: Option<String>,
    /// Events that count.
    pub count: u64,
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
/// A group without a time is one event; its identifier stands for the beginning.
#[must_use]
pub fn alert_id(rule: &Rule, group: &Group) -> String {
    let mut text = format!("{}\n{}\n{}\n", rule.id, rule.version, group.source);
    for value in &group.aggregate {
        value.write_to(&mut text);
        text.push('\n');
    }
    match group.first_seen {
        Some(time) => text.push_str(&time.to_string()),
        None => text.push_str(group.events.first().and_then(|event| event.id.as_deref()).unwrap_or(NONE)),
    }
    crate::rule::hex(&Sha256::digest(text.as_bytes()), 32)
}

/// The record as JSON, its fields in the documented order.
#[must_use]
pub fn record(rule: &Rule, ruleset: &str, id: &str, group: &Group, state: State) -> Json {
    let time = |time: Option<i64>| time.map_or(Json::Null, |time| Json::from(format_time(time)));
    let texts = |texts: &[String]| Json::Array(texts.iter().map(|text| Json::from(text.as_str())).collect());
    let names = rule.aggregate.iter().map(ToString::to_string);
    let aggregate = names.zip(group.aggregate.iter().cloned()).collect();
    let fields: Vec<(&str, Json)> = vec![
        ("alert_id", Json::from(id)),
        ("state", Json::from(state.as_str())),
        ("rule_id", Json::from(rule.id.as_str())),
        ("rule", Json::from(rule.name.as_str())),
        ("ruleset", Json::from(ruleset)),
        ("severity", Json::from(u64::from(rule.severity))),
        ("title", Json::from(group.title.as_str())),
        ("description", Json::from(rule.description.as_str())),
        ("event_type", group.event_type.as_deref().map_or(Json::Null, Json::from)),
        ("source", Json::from(group.source.as_str())),
        ("aggregate", Json::Object(aggregate)),
        ("count", Json::from(group.count)),
        ("threshold", Json::from(rule.threshold)),
        ("window_seconds", Json::from(rule.window)),
        ("first_seen", time(group.first_seen)),
        ("last_seen", time(group.last_seen)),
        ("suppressed", Json::from(group.suppressed)),
        ("tags", texts(&rule.tags)),
        ("rule_version", Json::from(rule.version.as_str())),
        ("events", Json::Array(group.events.iter().map(contribution).collect())),
    ];
    Json::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn contribution(event: &Contribution) -> Json {
    let mut fields = vec![
        ("id".to_owned(), event.id.as_deref().map_or(Json::Null, Json::from)),
        ("time".to_owned(), event.time.map_or(Json::Null, |time| Json::from(format_time(time)))),
    ];
    if let Some(whole) = &event.event {
        fields.push(("event".to_owned(), whole.clone()));
    }
    Json::Object(fields)
}
