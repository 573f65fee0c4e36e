//! Open windows as JSON and back, so that a run can go on where another ended.
//!
//! A window is saved under its rule's id and version: one whose rule is gone, or now decides otherwise, is left out and
//! counted. Hashes and times that a window remembers are one text of 16 hex digits each: there may be thousands.
//!
//! The state is JSON in which each window has a line, so that it is written and read window by window: a tree of all of
//! them would take more memory than the windows do.
//!
//! ```text
//! {"version":1,"now":…,"opened":…,"untimed":"…","windows":[
//! {…},
//! {…}
//! ]}
//! ```

use super::ids::Ids;
use super::open::Open;
use super::{Limits, Windows};
use crate::alert::{Contribution, Fields, Group, NAMED_EVENTS, Names, WHOLE_BYTES};
use crate::json::{self, Json};
use crate::rule::{Collected, REMEMBERED};
use std::collections::HashMap;
use std::fmt::{self, Write};

/// The version of what is written here.
const VERSION: u64 = 1;

/// What stands behind the head and behind the last window.
const HEAD_END: &str = r#","windows":["#;
const END: &str = "\n]}";

/// Bounds on one line: an event is a few levels down in it.
const LINE: json::Limits = json::Limits { bytes: 64 << 20, depth: 256, values: 4_000_000 };

/// Digits of a number in [`hex`].
const DIGITS: usize = 16;

/// What became of saved windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Restored {
    /// Windows that are open again.
    pub windows: usize,
    /// Windows of rules that are gone or changed.
    pub dropped: usize,
}

/// Why a state was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateError {
    /// It was written by another version.
    Version,
    /// Something in it is missing or of another type.
    Shape,
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            StateError::Version => "the state was written by another version",
            StateError::Shape => "the state is not whole",
        })
    }
}

impl std::error::Error for StateError {}

impl Windows {
    /// Everything that decides what comes next.
    #[must_use]
    pub fn save(&self, rules: &[Collected]) -> String {
        let mut open: Vec<&Open> = self.groups.all().map(|(_, open)| open).collect();
        open.sort_by_key(|open| open.order);
        // A text that grows by doubling would need three times as much.
        let bytes: usize = open.iter().map(|open| open.bytes() + beyond(open)).sum();
        let mut text = String::with_capacity(bytes + bytes / 8);
        let mut head = Fields::begin(&mut text);
        head.number("version", VERSION);
        head.number("now", self.now);
        head.number("opened", self.opened);
        hex(self.untimed.iter(), head.name("untimed"));
        text.push_str(HEAD_END);
        let windows = open.into_iter().filter_map(|open| Some((open, rules.get(open.rule)?)));
        for (place, (open, collected)) in windows.enumerate() {
            text.push_str(if place == 0 { "\n" } else { ",\n" });
            window(open, collected, &mut text);
        }
        text.push_str(END);
        text.shrink_to_fit();
        text
    }

    /// Windows as [`Windows::save`] wrote them, for these rules.
    ///
    /// # Errors
    /// When the state is of another version or not whole.
    pub fn restore(state: &[u8], rules: &[Collected]) -> Result<(Self, Restored), StateError> {
        let state = std::str::from_utf8(state).ok().and_then(|text| text.trim_end().strip_suffix(END));
        let mut lines = state.ok_or(StateError::Shape)?.split('\n');
        let head = lines.next().and_then(|line| line.strip_suffix(HEAD_END));
        let head = parse(&format!("{}}}", head.ok_or(StateError::Shape)?)).ok_or(StateError::Shape)?;
        if number::<u64>(&head, "version") != Some(VERSION) {
            return Err(StateError::Version);
        }
        let mut windows = Self::new(Limits::default());
        windows.now = number(&head, "now").ok_or(StateError::Shape)?;
        windows.opened = count(&head, "opened").ok_or(StateError::Shape)?;
        windows.untimed = Ids::new(unhex(&head, "untimed", REMEMBERED).ok_or(StateError::Shape)?);
        let by_id: HashMap<(&str, &str), (usize, &Collected)> = rules
            .iter()
            .enumerate()
            .map(|known| ((known.1.rule.id.as_str(), known.1.rule.version.as_str()), known))
            .collect();
        let mut restored = Restored::default();
        // No two windows have one place in the order of opening, nor will one that opens later.
        let mut last = 0;
        for line in lines {
            let saved = parse(line.strip_suffix(',').unwrap_or(line)).ok_or(StateError::Shape)?;
            let text = |name| saved.get(name).and_then(Json::as_text).ok_or(StateError::Shape);
            let Some((rule, collected)) = by_id.get(&(text("rule")?, text("rule_version")?)) else {
                restored.dropped += 1;
                continue;
            };
            let open = read(&saved, *rule, collected).filter(|open| last < open.order && open.order <= windows.opened);
            let open = open.ok_or(StateError::Shape)?;
            last = open.order;
            windows.put_back(open);
            restored.windows += 1;
        }
        Ok((windows, restored))
    }

    fn put_back(&mut self, open: Open) {
        let group = self.groups.ask(open.rule, &open.group.source, &open.group.aggregate);
        self.put(group, open);
    }
}

/// Bytes that a window takes in JSON beyond its own: for escapes in its texts, and for times, which become [`DIGITS`].
fn beyond(open: &Open) -> usize {
    let group = &open.group;
    let ids = group.events.iter().filter_map(|event| event.id.as_ref());
    let texts = [&group.source, &group.title].into_iter().chain(&group.event_type).chain(ids);
    let escapes: usize = texts.map(|text| json::written(text) - text.len()).sum();
    escapes + open.recent.len() * (DIGITS - size_of::<i64>())
}

fn window(open: &Open, collected: &Collected, out: &mut String) {
    let group = &open.group;
    let mut fields = Fields::begin(out);
    fields.text("rule", &collected.rule.id);
    fields.text("rule_version", &collected.rule.version);
    fields.text("source", &group.source);
    fields.name("aggregate").push_str(&group.aggregate);
    fields.text("title", &group.title);
    fields.optional_text("event_type", group.event_type.as_deref());
    fields.name("context").push_str(&group.context);
    fields.name("matched").push_str(&group.matched);
    fields.number("count", group.count);
    fields.optional_number("distinct_count", group.distinct);
    fields.number("suppressed", group.suppressed);
    fields.optional_number("first_seen", group.first_seen);
    fields.optional_number("last_seen", group.last_seen);
    fields.number("whole_bytes", group.whole_bytes);
    fields.optional_text("fired", open.fired.as_ref().map(|names| names.alert_id.as_str()));
    fields.number("start", open.start);
    fields.number("length", open.length);
    fields.flag("sliding", open.sliding);
    fields.number("order", open.order);
    fields.number("next_update", open.next_update);
    hex(open.ids.iter(), fields.name("ids"));
    let distinct = open.distinct.iter().flat_map(|(hash, time)| [*hash, time.cast_unsigned()]);
    hex(distinct, fields.name("distinct"));
    hex(open.recent.iter().map(|time| time.cast_unsigned()), fields.name("recent"));
    json::write_array(&group.events, fields.name("events"), contribution);
    fields.end();
}

fn contribution(event: &Contribution, out: &mut String) {
    let mut fields = Fields::begin(out);
    fields.optional_text("id", event.id.as_deref());
    fields.optional_number("time", event.time);
    fields.name("event").push_str(event.event.as_deref().unwrap_or("null"));
    fields.end();
}

fn parse(line: &str) -> Option<Json> {
    Json::parse(line.as_bytes(), &LINE).ok()
}

fn number<T: std::str::FromStr>(from: &Json, name: &str) -> Option<T> {
    match from.get(name)? {
        Json::Number(text) => text.parse().ok(),
        _ => None,
    }
}

/// A value that may be null, read by `read` if it is not.
fn maybe<T>(from: &Json, name: &str, read: impl FnOnce(&Json) -> Option<T>) -> Option<Option<T>> {
    match from.get(name)? {
        Json::Null => Some(None),
        value => read(value).map(Some),
    }
}

/// Numbers as one text.
fn hex(numbers: impl Iterator<Item = u64>, out: &mut String) {
    out.push('"');
    // Writing to a text cannot fail.
    numbers.for_each(|number| write!(out, "{number:016x}").unwrap_or_default());
    out.push('"');
}

/// What [`hex`] wrote, of at most `most` numbers.
fn unhex(from: &Json, name: &str, most: usize) -> Option<Vec<u64>> {
    let text = from.get(name)?.as_text()?.as_bytes();
    if text.len() % DIGITS != 0 || text.len() / DIGITS > most {
        return None;
    }
    let number = |digits| u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
    text.chunks(DIGITS).map(number).collect()
}

/// A count: one that no stream can reach is refused, so that counting on cannot overflow.
fn count(from: &Json, name: &str) -> Option<u64> {
    number(from, name).filter(|count| *count < u64::MAX / 4)
}

fn text(value: &Json) -> Option<String> {
    value.as_text().map(str::to_owned)
}

fn integer(value: &Json) -> Option<i64> {
    value.scalar_text()?.parse().ok()
}

fn read(saved: &Json, rule: usize, collected: &Collected) -> Option<Open> {
    let events = saved.get("events")?.as_array()?.iter().map(read_contribution).collect::<Option<Vec<_>>>()?;
    if events.len() > NAMED_EVENTS {
        return None;
    }
    let group = Group {
        source: text(saved.get("source")?)?,
        aggregate: saved.get("aggregate").filter(|values| values.as_array().is_some())?.to_string(),
        title: text(saved.get("title")?)?,
        event_type: maybe(saved, "event_type", text)?,
        context: saved.get("context")?.to_string(),
        matched: saved.get("matched")?.to_string(),
        count: count(saved, "count")?,
        distinct: maybe(saved, "distinct_count", |value| value.scalar_text()?.parse().ok())?,
        suppressed: count(saved, "suppressed")?,
        first_seen: maybe(saved, "first_seen", integer)?,
        last_seen: maybe(saved, "last_seen", integer)?,
        events,
        whole_bytes: number(saved, "whole_bytes").filter(|bytes| *bytes <= WHOLE_BYTES)?,
    };
    let fired = maybe(saved, "fired", text)?.map(|id| Names::with_id(id, &collected.rule, &group));
    let distinct = unhex(saved, "distinct", REMEMBERED * 2)?;
    let pairs = distinct.chunks_exact(2).filter_map(|pair| Some((*pair.first()?, pair.last()?.cast_signed())));
    Some(Open {
        rule,
        identity: Box::default(),
        texts: Open::text_bytes(&group),
        group,
        fired,
        start: number(saved, "start")?,
        length: number(saved, "length").filter(|length| *length > 0)?,
        sliding: saved.get("sliding")?.as_bool()?,
        order: number(saved, "order")?,
        next_update: number(saved, "next_update")?,
        ids: Ids::new(unhex(saved, "ids", REMEMBERED)?),
        distinct: pairs.collect(),
        recent: unhex(saved, "recent", REMEMBERED)?.into_iter().map(u64::cast_signed).collect(),
    })
}

fn read_contribution(saved: &Json) -> Option<Contribution> {
    Some(Contribution {
        id: maybe(saved, "id", text)?,
        time: maybe(saved, "time", integer)?,
        event: maybe(saved, "event", |value| Some(value.to_string().into()))?,
    })
}
