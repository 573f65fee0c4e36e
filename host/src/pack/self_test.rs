//! A pack tried out: called as a log shipper calls it, with good records and bad ones.

use super::runner::{Answer, Runner};
use super::{PackError, Packed, TestEntry, fluent_bit};
use crate::sandbox::{Limits, Module};
use oxpecker_engine::event::Event;
use oxpecker_engine::json::Limits as EventLimits;
use oxpecker_engine::rule::Expectation;
use oxpecker_engine::trial::Seen;
use serde_json::Value;

/// One thing that was tried.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Trial {
    /// What must be so.
    pub what: String,
    /// What is wrong; nothing if it is so.
    pub failure: Option<String>,
}

const ALERTS: &str = "oxpecker_filter";
const NOTES: &str = "oxpecker_annotate";
/// A time of the shipper: 2025-03-11.
const TIME: (i32, i32) = (1_741_685_000, 0);
const OLD_TESTS: &str = "an earlier version wrote them, and they are not read: pack the rules again to have them run";
/// A tag that no table has.
const TAG: &str = "oxpecker.copy.self-test";

/// Tries a pack; each trial says what came of it.
///
/// # Errors
/// If the module cannot be run at all.
pub fn run(packed: &Packed, wasm: &[u8]) -> Result<Vec<Trial>, PackError> {
    if packed.compiled.is_some() {
        return Err(PackError::CompiledAhead);
    }
    let module = Module::from_bytes(wasm)?;
    let mut trials = Vec::new();
    let mut tried = |what: &str, outcome: Result<(), String>| {
        trials.push(Trial { what: what.to_owned(), failure: outcome.err() });
    };
    tried("Fluent Bit's runtime has every feature that it needs", features(packed));
    tried("it exports what shippers call", exports(packed));
    let mut runner = Runner::start(&module, Limits::default())?;
    tried("a tick is answered with the pack's hash and an alert of the canary", heartbeat(&mut runner, packed));
    tried("a record of MessagePack is answered by a map that says what to change", msgpack(&mut runner));
    tried("a record that could not be handed over is reported", undelivered(&mut runner));
    for (name, record) in hostile() {
        tried(&format!("{name} gets a valid answer"), survives(&mut runner, &record));
    }
    tried("it still works after that", heartbeat(&mut runner, packed));
    let failed: Vec<String> =
        packed.tests.iter().filter_map(|test| rule_test(&module, &mut runner, test).err()).collect();
    let what = format!("the rules do what their {} tests say", packed.tests.len());
    match packed.old_tests {
        true => tried("the rules do what their tests say", Err(OLD_TESTS.to_owned())),
        false => tried(&what, if failed.is_empty() { Ok(()) } else { Err(failed.join("; ")) }),
    }
    Ok(trials)
}

fn features(packed: &Packed) -> Result<(), String> {
    let foreign = packed.features.iter().filter(|feature| !feature.in_fluent_bit).map(|feature| feature.name);
    let foreign: Vec<&str> = foreign.collect();
    if foreign.is_empty() { Ok(()) } else { Err(foreign.join(", ")) }
}

fn exports(packed: &Packed) -> Result<(), String> {
    const FILTER: &str = "(i32, i32, i32, i32, i32, i32) -> i32";
    let wanted = [(ALERTS, FILTER), (NOTES, FILTER), ("malloc", "(i32) -> i32"), ("free", "(i32)")];
    for (name, signature) in wanted {
        let found = packed.exports.iter().find(|export| export.name == name);
        if found.and_then(|export| export.signature.as_deref()) != Some(signature) {
            return Err(format!("there is no {name}{signature}"));
        }
    }
    Ok(())
}

fn heartbeat(runner: &mut Runner, packed: &Packed) -> Result<(), String> {
    let tick = runner.record(ALERTS, fluent_bit::HEARTBEAT_TAG, TIME, br#"{"oxpecker":"tick"}"#);
    let answer = object(tick)?.ok_or("no answer")?;
    let text = |pointer: &str| answer.pointer(pointer).and_then(Value::as_str);
    if text("/pack") != Some(&packed.manifest.pack) {
        return Err("it names another pack".to_owned());
    }
    if let Some(reason) = text("/inert") {
        return Err(format!("it is inert: {reason}"));
    }
    match text("/canary/rule_id") {
        Some("oxpecker-canary") => Ok(()),
        _ => Err("the canary raises no alert".to_owned()),
    }
}

/// The JSON object of an answer; none where there is no text.
fn object(answer: Result<Answer, PackError>) -> Result<Option<Value>, String> {
    match answer.map_err(|error| error.to_string())? {
        Answer::Nothing | Answer::Record => Ok(None),
        Answer::Text(text) => {
            let value: Value = serde_json::from_slice(&text).map_err(|error| format!("no JSON: {error}"))?;
            if value.is_object() { Ok(Some(value)) } else { Err("no object".to_owned()) }
        }
    }
}

fn msgpack(runner: &mut Runner) -> Result<(), String> {
    const RECORD: &[u8] = b"\x81\xa1a\x00";
    const KEY: &[u8] = b"\xa8oxpecker";
    for function in [ALERTS, NOTES] {
        match runner.record(function, TAG, TIME, RECORD).map_err(|error| error.to_string())? {
            Answer::Text(map) if map.first() == Some(&0x81) && map.get(1..10) == Some(KEY) => {}
            other => return Err(format!("{function} gives {other:?}")),
        }
    }
    Ok(())
}

fn undelivered(runner: &mut Runner) -> Result<(), String> {
    for function in [ALERTS, NOTES] {
        let answer = object(runner.without_record(function, 100_000))?.ok_or("no answer")?;
        if answer.get("oxpecker").and_then(Value::as_str) != Some("undelivered") {
            return Err(format!("{function} gives {answer}"));
        }
    }
    Ok(())
}

fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let nested = |depth: usize| [b"{\"a\":".repeat(depth), b"1".to_vec(), b"}".repeat(depth)].concat();
    vec![
        ("an empty record", Vec::new()),
        ("half a record", b"{\"a\":".to_vec()),
        ("a record nested 10,000 deep", nested(10_000)),
        ("a record nested 127 deep", nested(127)),
        ("a record of every byte", (0..=255).collect()),
        ("a record of 2 MB", [b"{\"a\":\"".to_vec(), vec![b'x'; 2 << 20], b"\"}".to_vec()].concat()),
    ]
}

fn survives(runner: &mut Runner, record: &[u8]) -> Result<(), String> {
    object(runner.record(ALERTS, TAG, TIME, record))?;
    object(runner.record(NOTES, TAG, TIME, record))?;
    Ok(())
}

/// Whether the notes of a rule are what its test says.
fn rule_test(module: &Module, runner: &mut Runner, test: &TestEntry) -> Result<(), String> {
    let seen = match test.events.as_slice() {
        [_] => noted(runner, test)?,
        // Windows count: no other test may have opened one.
        _ => noted(&mut Runner::start(module, Limits::default()).map_err(|error| error.to_string())?, test)?,
    };
    let found = seen.outcome();
    // An alert that fired on the way counts, whatever the last event was.
    if found.as_str() == test.expect || (test.expect == Expectation::Alert.as_str() && seen.alerted()) {
        return Ok(());
    }
    Err(format!("{}: `{}` expects {}, and comes to {}", test.rule, test.name, test.expect, found.as_str()))
}

/// A time of the shipper at which none of a test's events is of the future: the clock of such a one counts as wrong.
fn time_of(test: &TestEntry) -> (i32, i32) {
    let time = |text: &String| Event::parse(text.as_bytes(), &EventLimits::default(), None).ok()?.time();
    let latest = test.events.iter().filter_map(time).max();
    let seconds = latest.and_then(|milliseconds| i32::try_from(milliseconds / 1_000 + 1).ok());
    (seconds.unwrap_or_default().max(TIME.0), TIME.1)
}

/// What the notes of a test's events say of its rule.
fn noted(runner: &mut Runner, test: &TestEntry) -> Result<Seen, String> {
    let mut seen = Seen::before(test.events.len());
    let time = time_of(test);
    for event in &test.events {
        seen.next_event();
        let answer = object(runner.record(NOTES, TAG, time, event.as_bytes()))?;
        let rules = answer.as_ref().and_then(|noted| noted.pointer("/oxpecker/rules")).and_then(Value::as_array);
        let text = |rule: &Value, name| rule.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let Some(own) = rules.into_iter().flatten().find(|rule| text(rule, "rule_id") == test.rule) else { continue };
        if own.get("alert_id").is_some() {
            seen.fire(&text(own, "title"));
        }
        seen.detect(own.get("suppressed") == Some(&Value::Bool(true)), text(own, "title"));
    }
    // A note says nothing of what could not be decided.
    if seen.passed_by() && test.expect == Expectation::Undecided.as_str() {
        seen.doubt();
    }
    Ok(seen)
}
