//! Alerts of rules over the loaded events: with the events that each is made of, and what a change of rules does.

use crate::answer::{array, number, object, optional, signed};
use crate::rules;
use crate::session::Question;
use crate::store::Store;
use oxpecker_engine::Engine;
use oxpecker_engine::detection::Detection;
use oxpecker_engine::event::Instant;
use oxpecker_engine::json::Json;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// An alert with the loaded events behind it.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) record: Json,
    members: Vec<usize>,
    hidden: Vec<usize>,
}

/// What is left of a detection once its window has it.
struct Trace {
    event: usize,
    time: Option<i64>,
    suppressed: bool,
}

/// What tells groups of windows apart: the rule, and the source with the aggregate values as the windows see them. An alert
/// shows less of them where they are redacted or long.
type Group = (usize, String);

/// By the id of an alert: its group, and the event that fired it.
type Fired = HashMap<String, (Group, usize)>;

/// The alerts with their final counts. `events` are those that may matter; `times` are those of all events.
pub(crate) fn run(question: &Question, store: &Store, mut events: Vec<usize>, times: &[Option<i64>]) -> Vec<Told> {
    events.sort_unstable();
    events.dedup();
    // In the order of event time, those without one last, as a replay does it.
    let time = |event: usize| times.get(event).copied().flatten();
    events.sort_by_key(|event| (time(*event).is_none(), time(*event)));
    let Ok((mut engine, _)) = Engine::load(&question.request()) else { return Vec::new() };
    let mut records = Vec::new();
    let mut traces: HashMap<Group, Vec<Trace>> = HashMap::new();
    let (mut detections, mut fired) = (Vec::new(), Fired::new());
    for event in events {
        if engine.detect(store.get(event), &mut detections).is_err() {
            continue;
        }
        for detection in detections.drain(..) {
            let Detection { rule, time, suppressed, .. } = detection;
            let group = (rule, format!("{}\n{}", detection.source, detection.aggregate));
            let told = records.len();
            engine.observe(detection, &mut records);
            let new = records.iter().skip(told).filter(|record| state(record) == Some("fired"));
            fired.extend(new.filter_map(|record| Some((id(record)?.to_owned(), (group.clone(), event)))));
            traces.entry(group).or_default().push(Trace { event, time, suppressed });
        }
    }
    while engine.windows().open_windows() > 0 {
        engine.flush(&mut records);
    }
    let last = records.into_iter().filter(|record| state(record) == Some("final"));
    let mut told: Vec<Told> = last.map(|record| with_events(record, &traces, &fired)).collect();
    told.sort_by_key(|told| told.span().0);
    told
}

fn state(record: &Json) -> Option<&str> {
    record.get("state").and_then(Json::as_text)
}

fn id(record: &Json) -> Option<&str> {
    record.get("alert_id").and_then(Json::as_text)
}

fn with_events(record: Json, traces: &HashMap<Group, Vec<Trace>>, fired: &Fired) -> Told {
    let of = id(&record).and_then(|id| fired.get(id));
    let (first, last) = times(&record);
    let of_alert = |trace: &&Trace| match (trace.time, first, last) {
        (Some(time), Some(first), Some(last)) => first <= time && time <= last,
        // An alert without a time is of one event.
        (None, None, _) => of.is_some_and(|(_, event)| *event == trace.event),
        _ => false,
    };
    let of_group = of.and_then(|(group, _)| traces.get(group)).map(Vec::as_slice).unwrap_or_default();
    let events = |suppressed: bool| {
        let of_alert = of_group.iter().filter(of_alert).filter(|trace| trace.suppressed == suppressed);
        of_alert.map(|trace| trace.event).collect()
    };
    let (members, hidden) = (events(false), events(true));
    Told { record, members, hidden }
}

fn times(record: &Json) -> (Option<i64>, Option<i64>) {
    let time = |name: &str| {
        let text = record.get(name).and_then(Json::as_text)?;
        Instant::parse(text).map(|instant| instant.milliseconds())
    };
    (time("first_seen"), time("last_seen"))
}

impl Told {
    fn span(&self) -> (Option<i64>, Option<i64>) {
        times(&self.record)
    }

    fn text(&self, name: &str) -> &str {
        self.record.get(name).and_then(Json::as_text).unwrap_or_default()
    }

    fn count(&self) -> u64 {
        let count = self.record.get("count").and_then(Json::scalar_text);
        count.and_then(|digits| digits.parse().ok()).unwrap_or_default()
    }

    /// The alert as the page lists it; the whole record is asked for one by one.
    pub(crate) fn shown(&self) -> Json {
        let field = |name: &str| self.record.get(name).cloned().unwrap_or(Json::Null);
        let (first, last) = self.span();
        let events = |events: &[usize]| array(events.iter().map(|event| number(*event)));
        object([
            ("rule_id", field("rule_id")),
            ("rule", field("rule")),
            ("severity", field("severity")),
            ("title", field("title")),
            ("source", field("source")),
            ("aggregate", field("aggregate")),
            ("context", field("context")),
            ("count", field("count")),
            ("suppressed", field("suppressed")),
            ("first_seen", field("first_seen")),
            ("last_seen", field("last_seen")),
            ("first", first.map_or(Json::Null, signed)),
            ("last", last.map_or(Json::Null, signed)),
            ("window_seconds", field("window_seconds")),
            ("threshold", field("threshold")),
            ("events", events(&self.members)),
            ("hidden", events(&self.hidden)),
        ])
    }
}

/// One rule set against another over the same events: `{before, after, gained, lost, louder, quieter, matched_before,
/// matched_after, suppressed_before, suppressed_after}`.
pub(crate) fn effect(
    before: &[(String, Vec<u8>)],
    after: &[(String, Vec<u8>)],
    only: &str,
    store: &Store,
    times: &[Option<i64>],
) -> Json {
    let side = |files: &[(String, Vec<u8>)]| {
        let files = files.iter().map(|(name, bytes)| (name.clone(), rules::only(bytes, only))).collect();
        let question = Question { files, ..Question::default() };
        let told = run(&question, store, (0..store.len()).collect(), times);
        told.into_iter().filter(|told| only.is_empty() || told.text("rule_id") == only).collect::<Vec<_>>()
    };
    let (before, after) = (side(before), side(after));
    let keyed = |told: &'_ [Told]| told.iter().map(|told| (key(told), told.clone())).collect::<BTreeMap<_, _>>();
    let (old, new) = (keyed(&before), keyed(&after));
    let missing = |from: &BTreeMap<Key, Told>, other: &BTreeMap<Key, Told>| {
        array(from.iter().filter(|(key, _)| !other.contains_key(*key)).map(|(_, told)| brief(told)))
    };
    let changed = |louder: bool| {
        let both = old.iter().filter_map(|(key, was)| Some((was, new.get(key)?)));
        let differs = both.filter(|(was, is)| weight(was) != weight(is) && (weight(is) > weight(was)) == louder);
        array(differs.map(|(_, is)| brief(is)))
    };
    let events = |told: &[Told], hidden: bool| {
        let of = |told: &Told| if hidden { told.hidden.clone() } else { told.members.clone() };
        number(told.iter().flat_map(of).collect::<BTreeSet<_>>().len())
    };
    object([
        ("before", number(before.len())),
        ("after", number(after.len())),
        ("gained", missing(&new, &old)),
        ("lost", missing(&old, &new)),
        ("louder", changed(true)),
        ("quieter", changed(false)),
        ("events_before", events(&before, false)),
        ("events_after", events(&after, false)),
    ])
}

/// What makes two alerts the same one: rule, source and aggregate values, and which one of those in their order.
type Key = (String, String, String, i64);

fn key(told: &Told) -> Key {
    let mut aggregate = String::new();
    told.record.get("aggregate").unwrap_or(&Json::Null).write_to(&mut aggregate);
    (told.text("rule_id").into(), told.text("source").into(), aggregate, told.span().0.unwrap_or(i64::MIN))
}

/// How much an alert calls for attention: severity first (1 is the highest), then how many events.
fn weight(told: &Told) -> (std::cmp::Reverse<u64>, u64) {
    let severity = told.record.get("severity").and_then(Json::scalar_text).and_then(|digits| digits.parse().ok());
    (std::cmp::Reverse(severity.unwrap_or(3)), told.count())
}

fn brief(told: &Told) -> Json {
    object([
        ("title", Json::from(told.text("title"))),
        ("rule_id", Json::from(told.text("rule_id"))),
        ("count", Json::from(told.count())),
        ("severity", told.record.get("severity").cloned().unwrap_or(Json::Null)),
        ("first_seen", optional(Some(told.text("first_seen")).filter(|text| !text.is_empty()))),
    ])
}
