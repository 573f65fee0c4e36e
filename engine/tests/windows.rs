//! Windows against a model: what the manual says of groups, thresholds and windows, in plain loops, and random streams
//! that must lead to the same alerts. The model knows nothing of the engine: it keeps each event of a window and counts
//! anew whenever it wants a number.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a model that breaks has failed")]

use oxpecker_engine::detection::Detection;
use oxpecker_engine::event::Instant;
use oxpecker_engine::json::Json;
use oxpecker_engine::window::{self, Limits, Windows};
use oxpecker_engine::{Engine, Request};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// When the streams begin, in milliseconds since 1970.
const BEGIN: i64 = 1_767_225_600_000;

/// The lateness that the engine allows.
const LATENESS: i64 = 600_000;

/// A rule, as far as windows care. Each rule of a set matches every event.
#[derive(Debug, Clone)]
struct Rule {
    threshold: usize,
    distinct: bool,
    /// Milliseconds.
    length: i64,
    sliding: bool,
    by_user: bool,
}

/// An event, as far as windows care.
#[derive(Debug, Clone)]
struct Event {
    time: Option<i64>,
    id: Option<u8>,
    account: u8,
    user: Option<u8>,
    target: Option<u8>,
    hidden: bool,
}

/// An alert record without what windows do not decide.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Told {
    state: &'static str,
    rule: usize,
    account: u8,
    user: Option<u8>,
    count: usize,
    first: Option<i64>,
    last: Option<i64>,
    suppressed: usize,
    distinct: Option<usize>,
}

// ---------------------------------------------------------------------------------------------------- the model

/// A window that was opened: its events that count, and those that a suppression hid.
#[derive(Default)]
struct Window {
    events: Vec<Event>,
    suppressed: Vec<Event>,
    fired_at: Option<usize>,
}

/// All alerts of an ordered stream: first what is told as events come, in order; then the final records in any order.
fn model(rules: &[Rule], events: &[Event]) -> (Vec<Told>, Vec<Told>) {
    let (mut told, mut last) = (Vec::new(), Vec::new());
    let mut windows: Vec<(usize, u8, Option<u8>, Window)> = Vec::new();
    let mut alone_before = Vec::new();
    for event in events {
        for (number, rule) in rules.iter().enumerate() {
            let user = event.user.filter(|_| rule.by_user);
            let tell = |state, window: &Window| record(state, number, rule, event.account, user, window);
            let Some(time) = event.time else {
                let name = (number, event.account, user, event.id);
                let again = event.id.is_some() && alone_before.contains(&name);
                let has_value = !rule.distinct || event.target.is_some();
                if rule.threshold == 1 && has_value && !event.hidden && !again {
                    alone_before.push(name);
                    let alone = Window { events: vec![event.clone()], ..Window::default() };
                    told.push(tell("fired", &alone));
                    last.push(tell("final", &alone));
                }
                continue;
            };
            let group = (number, event.account, user);
            let open = windows.iter_mut().filter(|window| (window.0, window.1, window.2) == group);
            let window = match open.last().filter(|window| time < end(rule, &window.3)) {
                Some(window) => &mut window.3,
                None if event.hidden => continue,
                None => {
                    windows.push((number, event.account, user, Window::default()));
                    &mut windows.last_mut().unwrap().3
                }
            };
            let mut known = window.events.iter().chain(&window.suppressed);
            if event.id.is_some() && known.any(|other| (other.id, other.time) == (event.id, event.time)) {
                continue;
            }
            if event.hidden {
                window.suppressed.push(event.clone());
                continue;
            }
            window.events.push(event.clone());
            let count = window.events.len();
            match window.fired_at {
                None if counted(rule, window, time) >= rule.threshold => {
                    window.fired_at = Some(count);
                    told.push(tell("fired", window));
                }
                Some(fired) if count % fired == 0 && (count / fired).is_power_of_two() => {
                    told.push(tell("updated", window));
                }
                _ => {}
            }
        }
    }
    for (number, account, user, window) in &windows {
        if window.fired_at.is_some() {
            last.push(record("final", *number, &rules[*number], *account, *user, window));
        }
    }
    (told, last)
}

/// The first millisecond after a window.
fn end(rule: &Rule, window: &Window) -> i64 {
    let from = if rule.sliding { window.events.last() } else { window.events.first() };
    from.unwrap().time.unwrap() + rule.length
}

/// What the threshold is compared with.
fn counted(rule: &Rule, window: &Window, now: i64) -> usize {
    let recent = window.events.iter().filter(|event| !rule.sliding || now - event.time.unwrap() < rule.length);
    if rule.distinct { recent.filter_map(|event| event.target).collect::<BTreeSet<_>>().len() } else { recent.count() }
}

fn record(state: &'static str, rule: usize, is: &Rule, account: u8, user: Option<u8>, window: &Window) -> Told {
    let targets: BTreeSet<_> = window.events.iter().filter_map(|event| event.target).collect();
    Told {
        state,
        rule,
        account,
        user,
        count: window.events.len(),
        first: window.events.iter().filter_map(|event| event.time).min(),
        last: window.events.iter().filter_map(|event| event.time).max(),
        suppressed: window.suppressed.len(),
        distinct: Some(targets.len()).filter(|count| is.distinct && *count > 0),
    }
}

// --------------------------------------------------------------------------------------------------- the engine

fn engine(rules: &[Rule]) -> Engine {
    let mut text = String::from("ruleset: model\nrules:\n");
    for (number, rule) in rules.iter().enumerate() {
        let Rule { threshold, length, .. } = rule;
        let window = format!("{}s", length / 1000);
        let window = if rule.sliding { format!("{{sliding: {window}}}") } else { window };
        let threshold =
            if rule.distinct { format!("{{count: {threshold}, distinct: target}}") } else { threshold.to_string() };
        let aggregate = if rule.by_user { "[user]" } else { "[]" };
        let _ = write!(
            text,
            "  - id: r{number}\n    name: R\n    title: \"{{{{target}}}} of {{{{user}}}}, {{{{event_type}}}}\"\n    type: Host\n    severity: 3\n    description: D\n    filter: kind = \"x\"\n    \
             window: {window}\n    threshold: {threshold}\n    aggregate: {aggregate}\n    suppressions:\n      \
             - filter: hidden = true\n"
        );
    }
    let request = Request { documents: vec![("model.yaml".into(), text.into())], ..Request::default() };
    Engine::load(&request).unwrap_or_else(|report| panic!("{report:?}")).0
}

fn json(event: &Event) -> String {
    let mut text = format!(r#"{{"kind":"x","agent_id":"{}","hidden":{}"#, event.account, event.hidden);
    let mut member = |name: &str, value: Option<String>| value.map(|value| write!(text, r#","{name}":{value}"#));
    member("time", event.time.map(|time| time.to_string()));
    member("eventID", event.id.map(|id| format!("\"{id}\"")));
    member("user", event.user.map(|user| format!("\"{user}\"")));
    member("target", event.target.map(|target| format!("\"{target}\"")));
    text + "}"
}

fn observe(engine: &mut Engine, event: &Event, out: &mut Vec<Json>) {
    let mut detections = Vec::new();
    engine.detect(json(event).as_bytes(), &mut detections).unwrap();
    detections.into_iter().for_each(|detection| engine.observe(detection, out));
}

fn flush(engine: &mut Engine, out: &mut Vec<Json>) {
    while engine.windows().open_windows() > 0 {
        engine.flush(out);
    }
}

fn run(rules: &[Rule], events: &[Event]) -> Vec<Json> {
    let (mut engine, mut out) = (engine(rules), Vec::new());
    events.iter().for_each(|event| observe(&mut engine, event, &mut out));
    flush(&mut engine, &mut out);
    assert_eq!(engine.windows().bytes(), 0, "what was counted for windows is counted off again");
    out
}

/// The same by [`Engine::watch`], which makes no more of an event than its window will look at.
fn watched(rules: &[Rule], events: &[Event], only: window::Told) -> Vec<Json> {
    let (mut engine, mut out) = (engine(rules), Vec::new());
    engine.tell(only);
    for event in events {
        engine.watch(json(event).as_bytes(), |_| {}, &mut out).unwrap();
    }
    flush(&mut engine, &mut out);
    out
}

fn told(record: &Json) -> Told {
    let text = |name: &str| record.get(name).and_then(Json::as_text).map(str::to_owned);
    let number = |name: &str| record.get(name).and_then(Json::scalar_text).and_then(|text| text.parse().ok());
    let time = |name: &str| text(name).map(|text| Instant::parse(&text).unwrap().milliseconds());
    let user = record.get("aggregate").and_then(|values| values.get("user")).and_then(Json::as_text);
    Told {
        state: match text("state").unwrap().as_str() {
            "fired" => "fired",
            "updated" => "updated",
            _ => "final",
        },
        rule: text("rule_id").unwrap()[1..].parse().unwrap(),
        account: text("source").unwrap().parse().unwrap(),
        user: user.map(|user| user.parse().unwrap()),
        count: number("count").unwrap(),
        first: time("first_seen"),
        last: time("last_seen"),
        suppressed: number("suppressed").unwrap(),
        distinct: record.get("distinct").and_then(Json::scalar_text).and_then(|text| text.parse().ok()),
    }
}

/// The records as they went on, and the final ones sorted.
fn split(records: &[Json]) -> (Vec<Told>, Vec<Told>) {
    let (mut last, going): (Vec<_>, Vec<_>) = records.iter().map(told).partition(|told| told.state == "final");
    last.sort();
    (going, last)
}

fn lines(records: &[Json]) -> Vec<String> {
    let line = |record: &Json| {
        let mut text = String::new();
        record.write_to(&mut text);
        text
    };
    records.iter().map(line).collect()
}

// -------------------------------------------------------------------------------------------------- the streams

fn a_rule() -> impl Strategy<Value = Rule> {
    let length = prop::sample::select(vec![30_000, 60_000, 90_000, 900_000]);
    (1..=5usize, any::<bool>(), length, any::<bool>(), any::<bool>()).prop_map(
        |(threshold, distinct, length, sliding, by_user)| Rule { threshold, distinct, length, sliding, by_user },
    )
}

/// An event so long after the one before it; steps are such that events often come exactly at the end of a window.
fn an_event() -> impl Strategy<Value = (i64, Event)> {
    let step = prop::sample::select(vec![0, 0, 1, 29_999, 10_000, 30_000, 30_000, 60_000, 90_000, 700_000, 2_000_000]);
    let timed = prop::sample::select(vec![true, true, true, true, true, true, false]);
    let id = prop_oneof![Just(None), (0..20u8).prop_map(Some), any::<u8>().prop_map(Some)];
    let rest = (0..2u8, prop::option::of(0..2u8), prop::option::of(0..4u8), prop::bool::weighted(0.2));
    (step, timed, id, rest).prop_map(|(step, timed, id, (account, user, target, hidden))| {
        (step, Event { time: timed.then_some(0), id, account, user, target, hidden })
    })
}

fn a_stream() -> impl Strategy<Value = Vec<Event>> {
    vec(an_event(), 0..60).prop_map(|steps| {
        let mut now = BEGIN;
        let mut place = |(step, mut event): (i64, Event)| {
            now += step;
            event.time = event.time.map(|_| now);
            event
        };
        steps.into_iter().map(&mut place).collect()
    })
}

/// Events of groups that are less than a window wide and at least one apart, with how late each comes.
fn late_stream() -> impl Strategy<Value = Vec<(Event, i64)>> {
    let event = (0..30_000i64, 0..2u8, 0..LATENESS);
    vec((0..200_000i64, vec(event, 1..6)), 0..8).prop_map(|clusters| {
        let mut begin = BEGIN;
        let mut all = Vec::new();
        for (gap, events) in clusters {
            begin += 60_000 + gap;
            for (after, account, delay) in events {
                let time = Some(begin + after);
                all.push((Event { time, id: None, account, user: None, target: None, hidden: false }, delay));
            }
        }
        all
    })
}

#[test]
fn a_state_that_is_cut_short_is_refused() {
    let rules = [Rule { threshold: 2, distinct: true, length: 30_000, sliding: true, by_user: true }];
    let mut first = engine(&rules);
    for user in [None, Some(1)] {
        let event = Event { time: Some(BEGIN), id: user, account: 1, user, target: Some(1), hidden: false };
        observe(&mut first, &event, &mut Vec::new());
    }
    let text = first.save();
    for end in 0..text.len() {
        assert!(engine(&rules).restore(&text.as_bytes()[..end]).is_err(), "{end} of {} bytes", text.len());
    }
    assert_eq!(engine(&rules).restore(text.as_bytes()).unwrap().windows, 2);
}

/// `oxpecker test` lost the alert of a test whose events were older than those of a test before it.
#[test]
fn after_a_flush_older_events_are_not_late() {
    let rules = [Rule { threshold: 2, distinct: false, length: 30_000, sliding: false, by_user: true }];
    let at =
        |time, id| Event { time: Some(time), id: Some(id), account: 1, user: Some(1), target: None, hidden: false };
    let (mut engine, mut out) = (engine(&rules), Vec::new());
    observe(&mut engine, &at(BEGIN + 86_400_000, 1), &mut out);
    flush(&mut engine, &mut out);
    out.clear();
    observe(&mut engine, &at(BEGIN, 2), &mut out);
    observe(&mut engine, &at(BEGIN + 1_000, 3), &mut out);
    assert_eq!(out.len(), 1, "{out:?}");
}

/// One event with a time far ahead keeps thresholds from being reached by those that follow: that is told.
#[test]
fn events_too_late_to_count_with_others_are_told() {
    let rules = [Rule { threshold: 2, distinct: false, length: 30_000, sliding: false, by_user: true }];
    let at =
        |time, id| Event { time: Some(time), id: Some(id), account: 1, user: Some(1), target: None, hidden: false };
    let (mut engine, mut out) = (engine(&rules), Vec::new());
    observe(&mut engine, &at(BEGIN + 30_000 + LATENESS, 1), &mut out);
    observe(&mut engine, &at(BEGIN + 1, 2), &mut out);
    observe(&mut engine, &at(BEGIN + 2, 3), &mut out);
    assert_eq!((out.len(), engine.windows().counters().late), (1, 0), "late, and not too late");
    for id in 4..7 {
        observe(&mut engine, &at(BEGIN - 30_000, id), &mut out);
    }
    assert_eq!((out.len(), engine.windows().counters().late), (1, 3), "{out:?}");
}

/// `event_id` may be the number of a kind of event, `id` a container's: five failed logons counted as one.
#[test]
fn only_what_has_the_identifier_and_the_time_of_an_event_before_came_twice() {
    let rules = [Rule { threshold: 3, distinct: false, length: 60_000, sliding: false, by_user: false }];
    let at = |seconds: i64| {
        let time = Some(BEGIN + seconds * 1_000);
        Event { time, id: Some(1), account: 1, user: None, target: None, hidden: false }
    };
    let count = |events: &[Event]| split(&run(&rules, events)).1.first().map(|told| told.count);
    assert_eq!(count(&[at(0), at(1), at(2)]), Some(3));
    assert_eq!(count(&[at(0), at(0), at(1)]), None);
    assert_eq!(count(&[at(0), at(1), at(0), at(1), at(2)]), Some(3), "also where others came in between");
}

/// The order in which such windows were saved again was left to chance.
#[test]
fn a_state_with_two_windows_in_one_place_of_the_order_is_refused() {
    let rules = [Rule { threshold: 2, distinct: false, length: 30_000, sliding: false, by_user: true }];
    let mut first = engine(&rules);
    for user in [None, Some(1)] {
        let event = Event { time: Some(BEGIN), id: user, account: 1, user, target: Some(1), hidden: false };
        observe(&mut first, &event, &mut Vec::new());
    }
    let text = first.save();
    let order = |from: u64, to: u64| {
        let (from, to) = (format!("\"order\":{from},"), format!("\"order\":{to},"));
        assert!(text.contains(&from), "{text}");
        engine(&rules).restore(text.replace(&from, &to).as_bytes()).is_ok()
    };
    assert!(order(1, 1));
    assert!(!order(1, 2), "twice the second");
    assert!(!order(1, 3) && !order(2, 3), "a place that the next window takes");
    assert!(!order(1, 0));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_tells_what_the_model_tells(rules in vec(a_rule(), 1..4), events in a_stream()) {
        let (going, mut last) = model(&rules, &events);
        last.sort();
        let found = split(&run(&rules, &events));
        prop_assert_eq!(found, (going, last));
    }

    #[test]
    fn watching_tells_what_detecting_and_observing_tell(rules in vec(a_rule(), 1..4), events in a_stream()) {
        let all = lines(&run(&rules, &events));
        prop_assert_eq!(&lines(&watched(&rules, &events, window::Told::All)), &all);
        let fired: Vec<String> = all.into_iter().filter(|line| line.contains(r#""state":"fired""#)).collect();
        prop_assert_eq!(lines(&watched(&rules, &events, window::Told::Fired)), fired);
    }

    #[test]
    fn a_stream_cut_anywhere_gives_the_same_records(
        rules in vec(a_rule(), 1..4), events in a_stream(), cuts in vec((any::<prop::sample::Index>(), any::<bool>()), 1..5),
    ) {
        let cuts: BTreeMap<usize, bool> = cuts.iter().map(|(cut, saved)| (cut.index(events.len() + 1), *saved)).collect();
        let (mut now, mut out, mut watching) = (engine(&rules), Vec::new(), true);
        for (place, event) in events.iter().enumerate() {
            if let Some(saved) = cuts.get(&place) {
                watching = !watching;
                if *saved {
                    now = continued(&mut now, &rules);
                }
            }
            if watching {
                now.watch(json(event).as_bytes(), |_| {}, &mut out).unwrap();
            } else {
                observe(&mut now, event, &mut out);
            }
        }
        now = continued(&mut now, &rules);
        flush(&mut now, &mut out);
        prop_assert_eq!(lines(&out), lines(&run(&rules, &events)));
    }

    #[test]
    fn an_event_that_is_late_by_less_than_the_lateness_finds_its_window(
        threshold in 1..4usize, sliding in any::<bool>(), mut events in late_stream(),
    ) {
        let rules = [Rule { threshold, distinct: false, length: 30_000, sliding, by_user: false }];
        events.sort_by_key(|(event, _)| event.time);
        let ordered: Vec<Event> = events.iter().map(|(event, _)| event.clone()).collect();
        events.sort_by_key(|(event, delay)| event.time.unwrap() + delay);
        let late: Vec<Event> = events.into_iter().map(|(event, _)| event).collect();
        prop_assert_eq!(split(&run(&rules, &late)).1, split(&run(&rules, &ordered)).1);
    }

    #[test]
    fn a_damaged_state_is_refused_or_taken_but_never_panics(
        rules in vec(a_rule(), 1..3), events in a_stream(), harm in vec((any::<prop::sample::Index>(), 0..9usize), 1..4),
    ) {
        let (mut first, mut out) = (engine(&rules), Vec::new());
        events.iter().for_each(|event| observe(&mut first, event, &mut out));
        let mut text = first.save();
        for (place, what) in harm {
            let numbers: Vec<usize> = text.match_indices(':').map(|(at, _)| at + 1).collect();
            let at = numbers[place.index(numbers.len())];
            let end = text[at..].find([',', '}', ']']).map_or(text.len(), |length| at + length);
            let values =
                ["null", "-1", "9223372036854775807", "18446744073709551615", "\"\"", "[]", "{}", "-9223372036854775808", "1e400"];
            text.replace_range(at..end, values[what]);
        }
        let mut second = engine(&rules);
        if second.restore(text.as_bytes()).is_ok() {
            events.iter().for_each(|event| observe(&mut second, event, &mut out));
            flush(&mut second, &mut out);
        }
    }
}

/// Another engine that goes on where one ended, by way of text.
fn continued(engine: &mut Engine, rules: &[Rule]) -> Engine {
    let mut next = self::engine(rules);
    let restored = next.restore(engine.save().as_bytes()).unwrap();
    assert_eq!((restored.windows, restored.dropped), (engine.windows().open_windows(), 0));
    assert_eq!(next.windows().bytes(), engine.windows().bytes(), "restored windows weigh what they weighed");
    next
}

// -------------------------------------------------------------------------------------------------- the bound

/// What an event of a group of its own leaves behind; `number` is its user.
fn of_its_own(engine: &mut Engine, number: u64, id: u64) -> Vec<Detection> {
    let time = BEGIN + i64::try_from(number).unwrap() / 1_000;
    let event = format!(r#"{{"kind":"x","agent_id":"1","user":"{number}","time":{time},"eventID":"{id}"}}"#);
    let mut detections = Vec::new();
    engine.detect(event.as_bytes(), &mut detections).unwrap();
    detections
}

fn is_final(record: &Json) -> bool {
    record.get("state").and_then(Json::as_text) == Some("final")
}

/// Puts so many groups into windows of so many bytes: each group has `each` events, at once.
fn fill(groups: u64, each: u64, bytes: usize) -> (Windows, u64) {
    let rules = [Rule { threshold: 2, distinct: false, length: 900_000_000, sliding: false, by_user: true }];
    let mut engine = engine(&rules);
    let mut windows = Windows::new(Limits { bytes, ..Limits::default() });
    let (mut out, mut finals) = (Vec::new(), 0);
    for number in 0..groups {
        for event in 0..each {
            for detection in of_its_own(&mut engine, number, event) {
                windows.observe(detection, engine.rules(), &mut out);
            }
            assert!(windows.bytes() <= bytes);
        }
        finals += out.drain(..).filter(is_final).count() as u64;
    }
    (windows, finals)
}

#[test]
fn more_groups_than_there_is_room_for_are_bounded_and_counted() {
    let (windows, _) = fill(20_000, 1, 1 << 20);
    let (open, counters) = (windows.open_windows() as u64, windows.counters());
    assert!(open > 500, "the room is used: {open}");
    assert_eq!((open + counters.given_up, counters.closed_early), (20_000, 0), "each is open or given up");

    let (windows, finals) = fill(20_000, 2, 1 << 20);
    let (open, counters) = (windows.open_windows() as u64, windows.counters());
    assert_eq!((open + counters.closed_early, counters.given_up), (20_000, 0), "each is open or closed early");
    assert_eq!(finals, counters.closed_early, "what is closed early gets its final record");
}
