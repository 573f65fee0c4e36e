//! What a matching event leaves behind for the windows: everything an alert says of it, and nothing else.
//!
//! Made where the event is at hand and carried, as one line, to the one place that keeps windows. A line is
//!
//! ```text
//! 16 hex digits: time    8 hex digits: rule    s or -: suppressed or not    blank    parts
//! ```
//!
//! so that lines sorted by their bytes are detections in the order of event time; those without a time come last. The
//! parts are JSON texts with tabs between them, which compact JSON never holds: identifier, source, aggregate, title,
//! type, distinct value, context, predicates, event.
//!
//! Most of them are wanted by few: a window asks for the first detection's title and predicates, and for the first few
//! events whole. So they stay texts, and a window checks those that it keeps. What somebody made up in their place comes
//! to null there.

mod asked;
mod matched;
mod version;

pub(crate) use asked::Asked;
pub(crate) use matched::{MatchedEvent, Tagged, Versions};

use crate::alert::WHOLE_BYTES;
use crate::event::{self, Event, told};
use crate::json::{self, Json, Limits};
use crate::lists::Lists;
use crate::redaction::REDACTED;
use crate::reference::Matched;
use crate::rule::Rule;
use crate::rule::template::Lookup;
use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;

/// How a rule matched an event.
#[derive(Debug, Clone)]
pub struct Match<'m> {
    /// The rule, by its place in the loaded set.
    pub rule: usize,
    /// Whether a suppression hides the event.
    pub suppressed: bool,
    /// The predicates that the match is owed to.
    pub matched: Vec<Matched<'m>>,
    /// The lists that titles look values up in.
    pub lists: &'m Lists,
}

/// One event that one rule matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detection {
    /// The rule, by its place in the loaded set.
    pub rule: usize,
    /// Whether a suppression hides it.
    pub suppressed: bool,
    /// The event's time in milliseconds since 1970; none if the event has none.
    pub time: Option<i64>,
    /// The account or agent that the event is from.
    pub source: String,
    /// The values of the rule's aggregate keys, in the rule's order, as a JSON array; null where the event has none.
    /// Behind them, where values are redacted or too long to be told, what tells them apart.
    pub aggregate: String,
    /// The title, filled in.
    pub title: String,
    /// The event's type.
    pub event_type: Option<String>,
    /// The event's own identifier.
    pub event_id: Option<String>,
    /// The value that the rule's threshold counts distinct ones of, as JSON; none where it is null.
    pub distinct: Option<String>,
    /// Who, from where and on what: a JSON object.
    pub context: String,
    /// The predicates that the match is owed to, with their values: a JSON array.
    pub matched: String,
    /// The event, as compact JSON. The detections of one event share it. None where it is longer than what an alert shows
    /// whole: many rules that match a large event would else write it down as often.
    pub event: Option<Arc<str>>,
}

/// Bounds on a part that is read. Its bytes are there already; it must not be deeper than saved windows may be.
const PART: Limits = Limits { bytes: usize::MAX, depth: 130, values: 400_000 };

/// Who wrote the parts of a detection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Author {
    /// This engine, just now.
    Us,
    Somebody,
}

impl Author {
    /// Us, where our parts are sure to be within the bounds on parts that are read.
    pub(crate) fn us(limits: &Limits) -> Self {
        // The values of predicates lie in members of objects in an array.
        if limits.depth + 3 <= PART.depth && limits.values <= PART.values { Author::Us } else { Author::Somebody }
    }

    /// The values, the context, the predicates or the event of a detection in compact form; null where it is no JSON.
    pub(crate) fn checked(self, part: &str) -> String {
        // Values are of several keys; there are no more than there are bytes.
        if self == Author::Us && part.len() <= PART.values { part.to_owned() } else { checked(part) }
    }
}

/// A part of a detection in compact form; null where somebody else wrote it and it is no JSON.
pub(crate) fn checked(part: &str) -> String {
    let mut text = String::new();
    if json::compact(part.as_bytes(), &PART, &mut text).is_err() {
        NULL.clone_into(&mut text);
    }
    text
}

/// JSON as text.
pub(crate) fn text_of(value: &Json) -> String {
    let mut text = String::new();
    value.write_to(&mut text);
    text
}

/// What all detections of one event say of it, whatever the rule: found once.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub(crate) time: Option<i64>,
    pub(crate) source: String,
    pub(crate) event_type: Option<String>,
    pub(crate) event_id: Option<String>,
    pub(crate) context: String,
    /// The event as compact JSON.
    pub(crate) text: Arc<str>,
}

/// A text of an event, as it is told.
fn owned(text: &str) -> String {
    told(Cow::Borrowed(text)).into_owned()
}

impl Shared {
    /// `text` is the event as compact JSON.
    pub(crate) fn of(event: &Event, text: Arc<str>) -> Self {
        let mut context = String::new();
        event.write_context(&mut context);
        Self {
            time: event.time(),
            source: told(event.source()).into_owned(),
            event_type: event.event_type().map(str::to_owned),
            event_id: event.id().map(owned),
            context,
            text,
        }
    }
}

impl Detection {
    /// What is kept of an event that `rule` matched, as its set may tell it. None for a rule that is not asked about.
    pub(crate) fn new(found: &Match<'_>, rule: &Rule, event: &mut MatchedEvent<'_>) -> Option<Self> {
        let asked = event.asked();
        let by = asked.rule(found.rule)?;
        let (version, shared) = event.told(by.redaction);
        Some(Self {
            rule: found.rule,
            suppressed: found.suppressed,
            time: shared.time,
            source: shared.source.clone(),
            title: version.title(rule, by, asked, found.lists),
            aggregate: version.array(&by.aggregate, asked),
            event_type: shared.event_type.as_deref().map(owned),
            event_id: shared.event_id.clone(),
            distinct: by.distinct.and_then(|key| version.filled(key, asked)).map(str::to_owned),
            context: shared.context.clone(),
            matched: version.matched(&found.matched),
            event: shown_whole(&shared.text),
        })
    }

    /// The title alone. None for a rule that is not asked about.
    pub(crate) fn title_of(place: usize, rule: &Rule, event: &mut MatchedEvent<'_>, lists: &Lists) -> Option<String> {
        let asked = event.asked();
        let by = asked.rule(place)?;
        Some(event.version(by.redaction).title(rule, by, asked, lists))
    }

    /// What a window needs to count an event, and no more: title, type, context, predicates and the event are empty. Of the
    /// whole event, whatever is kept back. None for a rule that is not asked about.
    pub(crate) fn counted(rule: usize, suppressed: bool, event: &mut MatchedEvent<'_>) -> Option<Self> {
        let asked = event.asked();
        let by = asked.rule(rule)?;
        let (version, counted) = event.counted();
        Some(Self {
            rule,
            suppressed,
            time: counted.time,
            distinct: by.distinct.and_then(|key| version.filled(key, asked)).map(str::to_owned),
            source: counted.source.clone(),
            event_id: counted.event_id.clone(),
            aggregate: version.array(&by.aggregate, asked),
            title: String::new(),
            event_type: None,
            context: String::new(),
            matched: String::new(),
            event: None,
        })
    }

    /// The same as a line, without the line end.
    #[must_use]
    pub fn to_line(&self) -> String {
        let mut line = String::with_capacity(self.event.as_ref().map_or(0, |event| event.len()) + 1_024);
        self.write_line(&mut line);
        line
    }

    /// Appends the line.
    pub fn write_line(&self, out: &mut String) {
        let time = self.time.map_or(UNTIMED, sortable);
        // Writing to a text cannot fail.
        let _ =
            write!(out, "{time:016x}{:08x}{} ", self.rule, if self.suppressed { SUPPRESSED } else { NOT_SUPPRESSED });
        let optional = |text: Option<&str>, out: &mut String| match text {
            Some(text) => json::write_text(text, out),
            None => out.push_str(NULL),
        };
        optional(self.event_id.as_deref(), out);
        out.push(BETWEEN);
        json::write_text(&self.source, out);
        out.push(BETWEEN);
        out.push_str(&self.aggregate);
        out.push(BETWEEN);
        json::write_text(&self.title, out);
        out.push(BETWEEN);
        optional(self.event_type.as_deref(), out);
        let (distinct, event) = (self.distinct.as_deref().unwrap_or(NULL), self.event.as_deref().unwrap_or(NULL));
        for part in [distinct, &self.context, &self.matched, event] {
            out.push(BETWEEN);
            out.push_str(part);
        }
    }

    /// Reads what [`Detection::to_line`] wrote; `None` for what is none of it.
    #[must_use]
    pub fn from_line(line: &[u8]) -> Option<Self> {
        let line = std::str::from_utf8(line).ok()?;
        let (head, parts) = line.split_at_checked(HEAD)?;
        let hex = |range: std::ops::Range<usize>| u64::from_str_radix(head.get(range)?, 16).ok();
        let (time, rule) = (hex(0..16)?, hex(16..24)?);
        let suppressed = match head.get(24..)?.strip_suffix(' ')?.chars().next()? {
            SUPPRESSED => true,
            NOT_SUPPRESSED => false,
            _ => return None,
        };
        let mut parts = parts_of(parts);
        let detection = Self {
            rule: usize::try_from(rule).ok()?,
            suppressed,
            time: (time != UNTIMED).then(|| unsortable(time)),
            event_id: optional_text(parts.next()?)?,
            source: text(parts.next()?)?,
            aggregate: enclosed(parts.next()?, '[', ']')?.to_owned(),
            title: text(parts.next()?)?,
            event_type: optional_text(parts.next()?)?,
            distinct: Some(parts.next()?).filter(|part| *part != NULL).map(str::to_owned),
            context: enclosed(parts.next()?, '{', '}')?.to_owned(),
            matched: enclosed(parts.next()?, '[', ']')?.to_owned(),
            event: match parts.next()? {
                NULL => None,
                event => Some(enclosed(event, '{', '}')?.into()),
            },
        };
        parts.next().is_none().then_some(detection)
    }
}

/// An event's text, unless it is longer than what an alert shows whole.
pub(crate) fn shown_whole(text: &Arc<str>) -> Option<Arc<str>> {
    (text.len() <= WHOLE_BYTES).then(|| Arc::clone(text))
}

/// What stands between the parts of a line.
const BETWEEN: char = '\t';
const NULL: &str = "null";
/// Bytes before the parts.
const HEAD: usize = 26;

const SUPPRESSED: char = 's';
const NOT_SUPPRESSED: char = '-';

/// What stands for no time: later than every time.
const UNTIMED: u64 = u64::MAX;

/// Times before 1970 too in the order of unsigned numbers. The very last millisecond gives way to [`UNTIMED`].
fn sortable(time: i64) -> u64 {
    (time.cast_unsigned() ^ (1 << 63)).min(UNTIMED - 1)
}

fn unsortable(number: u64) -> i64 {
    (number ^ (1 << 63)).cast_signed()
}

/// What stands between tabs.
fn parts_of(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = memchr::memchr(BETWEEN as u8, text.as_bytes());
        rest = end.and_then(|end| text.get(end + 1..));
        text.get(..end.unwrap_or(text.len()))
    })
}

/// A JSON string's text.
fn text(part: &str) -> Option<String> {
    let plain = part.strip_prefix('"')?.strip_suffix('"')?;
    if memchr::memchr2(b'\\', b'"', plain.as_bytes()).is_none() {
        return Some(plain.to_owned());
    }
    Json::parse(part.as_bytes(), &PART).ok()?.as_text().map(str::to_owned)
}

fn optional_text(part: &str) -> Option<Option<String>> {
    if part == NULL { Some(None) } else { text(part).map(Some) }
}

/// A part that has the brackets of what it should be.
fn enclosed(part: &str, open: char, close: char) -> Option<&str> {
    (part.len() >= 2 && part.starts_with(open) && part.ends_with(close)).then_some(part)
}

/// The values that a key reaches. An alert shows the only one, all of them as an array, or null.
pub(crate) type Ends<'e> = Vec<Cow<'e, Json>>;

/// Whether null is shown.
pub(crate) fn is_null(ends: &Ends<'_>) -> bool {
    ends.iter().all(|end| end.is_null()) && ends.len() < 2
}

/// What is shown, as JSON; where that is long, as a text that tells it.
fn text_of_ends(ends: &Ends<'_>) -> String {
    let mut text = String::new();
    match ends.as_slice() {
        [] => NULL.clone_into(&mut text),
        [only] => only.write_to(&mut text),
        several => json::write_array(several, &mut text, |end, out| end.write_to(out)),
    }
    if text.len() <= event::LONGEST {
        return text;
    }
    let spelt = match ends.as_slice() {
        [only] => only.as_text().unwrap_or(&text),
        _ => &text,
    };
    if event::is_short(spelt) {
        return text;
    }
    // What is written as JSON tells kinds apart, a list from a text that spells one.
    text_of(&Json::from(event::cut(spelt, &text)))
}

/// What is shown, as JSON, where there is no room for it: what is long by its beginning, as a text.
fn less_of(shown: &str) -> Cow<'_, str> {
    let spelt = text(shown).map_or(Cow::Borrowed(shown), Cow::Owned);
    match event::less(&spelt) {
        Cow::Borrowed(_) => Cow::Borrowed(shown),
        Cow::Owned(less) => Cow::Owned(text_of(&Json::from(less))),
    }
}

fn tell(matched: &Matched<'_>, out: &mut String) {
    write_told(matched.predicate, &matched.values, out);
}

/// A predicate with the values that made it true.
pub(crate) fn write_told(predicate: &str, values: &[Json], out: &mut String) {
    out.push_str(r#"{"predicate":"#);
    json::write_text(predicate, out);
    out.push_str(r#","values":"#);
    json::write_array(values, out, Json::write_to);
    out.push('}');
}

/// What a title shows of values, or of what a list says of them; nothing for null.
fn shown_of(ends: &Ends<'_>, lookup: Option<&Lookup>, lists: &Lists) -> Option<String> {
    let Some(lookup) = lookup else { return shown(ends) };
    shown(&ends.iter().map(|end| Cow::Owned(found_in(end, lookup, lists))).collect())
}

/// What a list says of a value: of each element of an array, null where it says nothing.
fn found_in(value: &Json, lookup: &Lookup, lists: &Lists) -> Json {
    if value.as_text() == Some(REDACTED) {
        return value.clone();
    }
    if let Json::Array(items) = value {
        return Json::Array(items.iter().map(|item| found_in(item, lookup, lists)).collect());
    }
    let found = lists.lookup(&lookup.list, value);
    let found = found.as_ref().and_then(|found| lookup.column.iter().try_fold(found, |at, name| at.get(name)));
    match found {
        // All columns of a row, without their names.
        Some(Json::Object(members)) => Json::Array(members.iter().map(|(_, value)| value.clone()).collect()),
        Some(value) => value.clone(),
        None => Json::Null,
    }
}

/// How many characters of a value and how many elements of an array a title shows.
const LONGEST: usize = 200;

/// Values inside a title: a text as it is, anything else as JSON; nothing for null.
fn shown(ends: &Ends<'_>) -> Option<String> {
    match ends.as_slice() {
        [only] if !matches!(only.as_ref(), Json::Array(_)) => one_shown(only),
        // Arrays are taken apart: no more than a scalar or an object is shown below this.
        several => {
            let elements = several.iter().flat_map(|end| crate::event::elements(end));
            whole(elements.filter_map(one_shown).take(LONGEST).collect::<Vec<_>>().join(", "))
        }
    }
}

/// A value that is no array.
fn one_shown(value: &Json) -> Option<String> {
    match value {
        Json::Null => None,
        Json::Array(_) | Json::Object(_) => whole(value.beginning(LONGEST)),
        scalar => whole(scalar.scalar_text().unwrap_or_default().to_owned()),
    }
}

/// A text in a title, unless it is empty; the end of a long one is left out.
fn whole(mut text: String) -> Option<String> {
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
        text.push('…');
    }
    Some(text).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Detection {
        Detection {
            rule: 7,
            suppressed: false,
            time: Some(-1),
            source: "a\tb\n\"".to_owned(),
            aggregate: r#"["x",null]"#.to_owned(),
            title: "É".to_owned(),
            event_type: None,
            event_id: Some("1\\2".to_owned()),
            distinct: Some("1e0".to_owned()),
            context: r#"{"ip":"\t"}"#.to_owned(),
            matched: "[]".to_owned(),
            event: Some(r#"{"a":1}"#.into()),
        }
    }

    #[test]
    fn a_line_reads_back_and_has_no_line_end() {
        let bare = Detection { time: None, suppressed: true, distinct: None, event_id: None, event: None, ..some() };
        for detection in [some(), bare] {
            let line = detection.to_line();
            assert!(!line.contains('\n'));
            assert_eq!(Detection::from_line(line.as_bytes()), Some(detection));
        }
    }

    #[test]
    fn what_is_no_line_is_refused() {
        let line = some().to_line();
        for end in 0..line.len() {
            assert_eq!(Detection::from_line(&line.as_bytes()[..end]), None, "{end}");
        }
        assert_eq!(Detection::from_line(format!("{line}\t{{}}").as_bytes()), None);
        for (from, to) in
            [("- ", "x "), ("- ", "-x"), ("\"É\"", "É"), ("\"É\"", "\"É\"\""), ("[\"x", "{\"x"), ("null]", "null")]
        {
            assert_eq!(Detection::from_line(line.replacen(from, to, 1).as_bytes()), None, "{from} {to}");
        }
    }
}
