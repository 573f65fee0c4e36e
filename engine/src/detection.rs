//! What a matching event leaves behind for the windows: everything an alert says of it, and nothing else.
//!
//! Made where the event is at hand and carried, as one line, to the one place that keeps windows. A line is
//!
//! ```text
//! 16 hex digits: time    8 hex digits: rule    s or -: suppressed or not    blank    JSON of the rest
//! ```
//!
//! so that lines sorted by their bytes are detections in the order of event time; those without a time come last.

use crate::event::Event;
use crate::json::{Json, Limits};
use crate::language::expr::Key;
use crate::lists::Lists;
use crate::redaction::REDACTED;
use crate::reference::Matched;
use crate::rule::Rule;
use crate::rule::template::Lookup;

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
    /// The values of the rule's aggregate keys, in the rule's order; null where the event has none. Behind them, where
    /// values are redacted, what tells them apart.
    pub aggregate: Vec<Json>,
    /// The title, filled in.
    pub title: String,
    /// The event's type.
    pub event_type: Option<String>,
    /// The event's own identifier.
    pub event_id: Option<String>,
    /// The value that the rule's threshold counts distinct ones of.
    pub distinct: Option<Json>,
    /// Who, from where and on what.
    pub context: Json,
    /// The predicates that the match is owed to, with their values.
    pub matched: Json,
    /// The event.
    pub event: Json,
}

impl Detection {
    /// What is kept of an event that `rule` matched.
    #[must_use]
    pub fn new(found: &Match<'_>, rule: &Rule, event: &Event) -> Self {
        Self::with(found, rule, event, |key| value_of(event, key))
    }

    /// The same where keys show what `value` gives for them.
    pub(crate) fn with(found: &Match<'_>, rule: &Rule, event: &Event, value: impl Fn(&Key) -> Json) -> Self {
        Self {
            rule: found.rule,
            suppressed: found.suppressed,
            time: event.time(),
            source: event.source().to_owned(),
            aggregate: rule.aggregate.iter().map(&value).collect(),
            title: rule.title.render(|key, lookup| shown(&looked_up(value(key), lookup, found.lists))),
            event_type: event.event_type().map(str::to_owned),
            event_id: event.id().map(str::to_owned),
            distinct: rule.distinct.as_ref().map(&value),
            context: event.context(),
            matched: Json::Array(found.matched.iter().map(told).collect()),
            event: event.json().clone(),
        }
    }

    /// The same as a line, without the line end.
    #[must_use]
    pub fn to_line(&self) -> String {
        let text = |text: &Option<String>| text.as_deref().map_or(Json::Null, Json::from);
        let rest = Json::Object(vec![
            ("event_id".into(), text(&self.event_id)),
            ("source".into(), Json::from(self.source.as_str())),
            ("aggregate".into(), Json::Array(self.aggregate.clone())),
            ("title".into(), Json::from(self.title.as_str())),
            ("event_type".into(), text(&self.event_type)),
            ("distinct".into(), self.distinct.clone().unwrap_or(Json::Null)),
            ("context".into(), self.context.clone()),
            ("matched".into(), self.matched.clone()),
            ("event".into(), self.event.clone()),
        ]);
        let mut line = format!(
            "{:016x}{:08x}{} ",
            self.time.map_or(UNTIMED, sortable),
            self.rule,
            if self.suppressed { SUPPRESSED } else { NOT_SUPPRESSED }
        );
        rest.write_to(&mut line);
        line
    }

    /// Reads what [`Detection::to_line`] wrote; `None` for anything else.
    #[must_use]
    pub fn from_line(line: &[u8], limits: &Limits) -> Option<Self> {
        // The event is one level down, among a few values of ours.
        let limits =
            Limits { bytes: limits.bytes.saturating_mul(8), depth: limits.depth + 2, values: limits.values * 2 };
        let hex =
            |range: std::ops::Range<usize>| u64::from_str_radix(std::str::from_utf8(line.get(range)?).ok()?, 16).ok();
        let (time, rule) = (hex(0..16)?, hex(16..24)?);
        let suppressed = match char::from(*line.get(24)?) {
            SUPPRESSED => true,
            NOT_SUPPRESSED => false,
            _ => return None,
        };
        let members = Json::parse(line.get(26..)?, &limits).ok()?.into_object()?;
        let mut members = members.into_iter();
        let mut next = |name: &str| members.next().filter(|(found, _)| found == name).map(|(_, value)| value);
        let text = |value: Json| value.as_text().map(str::to_owned);
        Some(Self {
            rule: usize::try_from(rule).ok()?,
            time: (time != UNTIMED).then(|| unsortable(time)),
            event_id: text(next("event_id")?),
            suppressed,
            source: text(next("source")?)?,
            aggregate: next("aggregate")?.into_array().ok()?,
            title: text(next("title")?)?,
            event_type: text(next("event_type")?),
            distinct: Some(next("distinct")?).filter(|value| !value.is_null()),
            context: next("context")?,
            matched: next("matched")?,
            event: next("event")?,
        })
    }
}

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

/// The value that a key shows in an alert: the only one it reaches, all of them as an array, or null.
pub(crate) fn value_of(event: &Event, key: &Key) -> Json {
    let found = event.resolve(key);
    match found.ends.as_slice() {
        [] => Json::Null,
        [only] => only.clone().into_owned(),
        many => Json::Array(many.iter().map(|value| value.clone().into_owned()).collect()),
    }
}

fn told(matched: &Matched<'_>) -> Json {
    Json::Object(vec![
        ("predicate".into(), Json::from(matched.predicate)),
        ("values".into(), Json::Array(matched.values.clone())),
    ])
}

/// What a list says of a value: of each element of an array, null where it says nothing.
fn looked_up(value: Json, lookup: Option<&Lookup>, lists: &Lists) -> Json {
    let Some(lookup) = lookup else { return value };
    if value.as_text() == Some(REDACTED) {
        return value;
    }
    let value = match value.into_array() {
        Ok(items) => {
            return Json::Array(items.into_iter().map(|item| looked_up(item, Some(lookup), lists)).collect());
        }
        Err(value) => value,
    };
    let found = lists.lookup(&lookup.list, &value);
    let found = found.as_ref().and_then(|found| lookup.column.iter().try_fold(found, |at, name| at.get(name)));
    match found {
        // All columns of a row, without their names.
        Some(Json::Object(members)) => Json::Array(members.iter().map(|(_, value)| value.clone()).collect()),
        Some(value) => value.clone(),
        None => Json::Null,
    }
}

/// A value inside a title: a text as it is, anything else as JSON; nothing for null.
fn shown(value: &Json) -> Option<String> {
    const LONGEST: usize = 200;
    let text = match value {
        Json::Null => return None,
        Json::Array(items) if items.is_empty() => return None,
        // Arrays inside it are taken apart: no more than a scalar or an object is shown below this.
        Json::Array(_) => crate::event::flat(value).into_iter().filter_map(shown).collect::<Vec<_>>().join(", "),
        Json::Object(_) => {
            let mut text = String::new();
            value.write_to(&mut text);
            text
        }
        scalar => scalar.scalar_text().unwrap_or_default().to_owned(),
    };
    if text.is_empty() {
        return None;
    }
    let cut: String = text.chars().take(LONGEST).collect();
    Some(if cut.len() < text.len() { format!("{cut}…") } else { cut })
}
