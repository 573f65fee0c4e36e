//! One record's alerts as one object.

use super::options::{Options, Shape};
use super::{Counters, shape};
use oxpecker_engine::alert::Records;
use oxpecker_engine::json::{self, Json, Limits};

/// Bytes that the alerts of one record may take together; those beyond are named only.
const ROOM: usize = 512 << 10;

/// Brackets inside one another in an answer. Fluent Bit keeps records as MessagePack, whose reader stops at 32 and loses
/// what comes behind; a record of 30 arrives, and an alert holds it three brackets deeper.
const DEEPEST: usize = 24;

/// What an alert is named by where there is no room for it.
const NAMES: [&str; 6] = ["alert_id", "state", "rule_id", "rule", "severity", "title"];

/// Bytes of alerts that wait whole until all of a record are there; those beyond are named only. As much as [`ROOM`], and as
/// much again for those that are not told.
const WAITING: usize = 2 * ROOM;

/// The alerts of one record.
#[derive(Debug, Default)]
pub(super) struct Texts {
    texts: Vec<Text>,
    /// Bytes that they hold.
    bytes: usize,
}

/// An alert.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) text: String,
    /// It is not by its names alone.
    is_whole: bool,
}

impl Texts {
    pub(super) const fn new() -> Self {
        Self { texts: Vec::new(), bytes: 0 }
    }

    pub(super) fn clear(&mut self) {
        self.texts.clear();
        self.bytes = 0;
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(|alert| alert.text.as_str())
    }
}

impl Records for Texts {
    fn add(&mut self, write: &dyn Fn(&mut String)) {
        let mut text = String::with_capacity(USUAL);
        write(&mut text);
        let is_whole = self.bytes + text.len() <= WAITING;
        if !is_whole {
            text = named(&text);
        } else if !self.texts.is_empty() {
            // Most records raise one alert, if any.
            text.shrink_to_fit();
        }
        self.bytes += text.len();
        self.texts.push(Text { text, is_whole });
    }
}

/// Bytes that hold most records.
const USUAL: usize = 8 << 10;

/// The alerts that the options ask for, counted; `alerts` is empty afterwards.
pub(super) fn chosen(alerts: &mut Texts, options: &Options, counters: &mut Counters) -> Vec<Text> {
    let is_told = |alert: &Text| options.updates || has_fired(&alert.text);
    let chosen: Vec<Text> = alerts.texts.drain(..).filter(is_told).collect();
    alerts.clear();
    counters.alerts += chosen.len() as u64;
    chosen
}

/// Whether a record is that of an alert that fires.
pub(super) fn has_fired(alert: &str) -> bool {
    json::member(alert, "state") == Some("\"fired\"")
}

/// A field of a record.
pub(super) fn field(alert: &str, name: &str) -> Option<Json> {
    json::member(alert, name).map(tree)
}

/// A record or a part of it as a tree: the engine wrote it, so it is JSON.
pub(super) fn tree(text: &str) -> Json {
    const OURS: Limits = Limits { bytes: usize::MAX, depth: json::DEEPEST, values: usize::MAX };
    Json::parse(text.as_bytes(), &OURS).unwrap_or(Json::Null)
}

/// The object that stands for a record's alerts: the alert itself where there is one. Of several the most severe, with
/// all of them in `alerts`.
pub(super) fn told(alerts: &mut Texts, options: &Options, counters: &mut Counters) -> Option<String> {
    // Most records end here.
    if alerts.texts.is_empty() {
        return None;
    }
    let chosen = chosen(alerts, options, counters);
    let (most_severe, _) = chosen.iter().enumerate().min_by_key(|(_, alert)| severity(&alert.text))?;
    let mut texts: Vec<String> = Vec::with_capacity(chosen.len());
    let mut room = ROOM;
    for Text { text, is_whole } in chosen {
        let text = match (is_whole, room > 0) {
            (true, true) => shaped(text, options.shape),
            (true, false) => named(&text),
            (false, _) => text,
        };
        room = room.saturating_sub(text.len());
        texts.push(text);
    }
    if let [only] = texts.as_mut_slice() {
        return Some(std::mem::take(only));
    }
    let head = texts.get(most_severe).and_then(|text| text.strip_suffix('}'))?;
    Some(format!("{head},\"alerts\":[{}]}}", texts.join(",")))
}

/// A record in a shape. One that stays what it is needs no tree unless something in it lies too deep.
fn shaped(alert: String, shape: Shape) -> String {
    if shape == Shape::Record && json::depth(&alert) <= DEEPEST {
        return alert;
    }
    let mut alert = tree(&alert);
    flatten(&mut alert);
    shape::text(&alert, shape)
}

/// Puts the JSON text of what lies too deep in its place.
fn flatten(answer: &mut Json) {
    let mut waiting = vec![(answer, 1)];
    while let Some((at, depth)) = waiting.pop() {
        match at {
            Json::Array(_) | Json::Object(_) if depth > DEEPEST => *at = Json::from(at.to_string()),
            Json::Array(items) => waiting.extend(items.iter_mut().map(|item| (item, depth + 1))),
            Json::Object(members) => waiting.extend(members.iter_mut().map(|(_, member)| (member, depth + 1))),
            _ => {}
        }
    }
}

/// An alert by its names alone.
fn named(alert: &str) -> String {
    let names = NAMES.iter().filter_map(|name| Some(((*name).to_owned(), field(alert, name)?)));
    Json::Object(names.collect()).to_string()
}

fn severity(alert: &str) -> u64 {
    json::member(alert, "severity").and_then(|text| text.parse().ok()).unwrap_or(u64::MAX)
}
