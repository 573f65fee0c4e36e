//! Imported Sigma rules give the verdicts that Sigma gives: a small evaluator of Sigma's own judges the same events.
//!
//! The events are made from the values of each rule, hits and near misses, and are real: those of the folder that
//! `OXPECKER_DATA` names, else of `../shared/data` beside the repository, else the sample that the repository carries.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot read its data has failed"
)]

#[path = "../../tests/support/sigma.rs"]
mod sigma;

use oxpecker::import::{self, Fields, SigmaOptions, Source};
use oxpecker_engine::event::Event;
use oxpecker_engine::json::{Json, Limits};
use oxpecker_engine::lists::Lists;
use oxpecker_engine::reference::{Filter, Verdict};
use oxpecker_engine::rule;
use serde_json::{Value, json};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Made events for each rule.
const MADE: usize = 500;

/// Values made of each of a rule's own.
const NEAR: usize = 23;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A list of the folder of rules that are written as JSON.
fn listed(name: &str) -> Vec<Value> {
    let text = fs::read_to_string(root().join("tests/import/oracle").join(name)).expect("the rules are there");
    serde_json::from_str(&text).expect("the rules are JSON")
}

/// The filter that a rule becomes.
fn imported(rule: &Value, fields: Fields) -> Filter {
    let options = SigmaOptions { fields, ..SigmaOptions::default() };
    let source = Source { name: "rule".into(), path: "rule".into(), text: rule.to_string() };
    let imported = import::sigma(&[source], &options);
    let text = &imported.files.first().unwrap_or_else(|| panic!("{}: {:?}", rule["title"], imported.entries)).text;
    let document = rule::read(text.as_bytes(), &[], &rule::Limits::default());
    let read = document.rules.first().unwrap_or_else(|| panic!("{}: {text}", rule["title"]));
    Filter::new(read.filter.clone(), &Lists::default())
}

/// The rules as JSON, each with the filter that it becomes.
fn rules() -> Vec<(Value, Filter)> {
    let filter = |rule: &Value| imported(rule, Fields::Native);
    listed("rules.json").into_iter().map(|rule| (rule.clone(), filter(&rule))).collect()
}

/// An event as both read it.
struct Both {
    ours: Event,
    theirs: Value,
}

impl Both {
    fn new(event: Value) -> Self {
        let root = Json::parse(event.to_string().as_bytes(), &Limits::default()).expect("an event");
        Self { ours: Event::new(root, None), theirs: event }
    }
}

/// Compares; true where both match.
fn compare(rule: &Value, filter: &Filter, event: &Both) -> bool {
    let (ours, theirs) = (filter.evaluate(&event.ours), sigma::matches(rule, &event.theirs));
    // What CloudTrail left out is undecided here; Sigma knows no such thing.
    assert!(
        ours == Verdict::Undecided || (ours == Verdict::Match) == theirs,
        "{}: Sigma says {theirs}, we say {ours:?} of {}",
        rule["title"],
        event.theirs
    );
    theirs
}

/// Numbers that are the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % sides.max(1)
    }

    fn pick<'v, T>(&mut self, values: &'v [T]) -> &'v T {
        &values[self.roll(values.len())]
    }
}

/// The fields of a detection with values that are near its own.
fn candidates(detection: &Value, into: &mut Vec<(String, Value)>) {
    match detection {
        Value::Object(members) => {
            for (name, value) in members.iter().filter(|(name, _)| *name != "condition") {
                let nested = value.is_object() || value.as_array().is_some_and(|all| all.iter().any(Value::is_object));
                match name.split('|').next().unwrap_or_default() {
                    _ if nested => candidates(value, into),
                    "" => near(value, "message", into),
                    "keywords" => near(value, "message", into),
                    field => near(value, field, into),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| candidates(item, into)),
        _ => {}
    }
}

/// A value as it stands, with wildcards filled in, in another case, longer, shorter, as another type, and hidden in a list.
fn near(values: &Value, field: &str, into: &mut Vec<(String, Value)>) {
    let values = values.as_array().cloned().unwrap_or_else(|| vec![values.clone()]);
    let together: String = values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ");
    for value in values {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let filled = text.replace('*', "xy").replace('?', "q");
        let unescaped = text.replace("\\\\", "\\").replace("\\*", "*").replace("\\?", "?");
        let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("z{text} z"));
        let mut all = vec![
            value.clone(),
            json!(filled),
            json!(filled.to_uppercase()),
            json!(filled.to_lowercase()),
            json!(unescaped),
            json!(format!("a {filled} z")),
            json!(format!("{filled}z")),
            json!(format!("a{filled}")),
            json!(filled.chars().skip(1).collect::<String>()),
            json!(text.replace('-', "–").replace('/', "-")),
            json!(encoded),
            json!(["other", filled]),
            json!([]),
            json!({"inside": filled}),
            json!("10.1.2.3"),
            json!(100),
            json!(true),
            json!("True"),
            json!(""),
            Value::Null,
            // What the regular expressions among the rules look for.
            json!("ListBuckets"),
            json!("Boto3/1.26 x"),
            json!(together),
        ];
        assert_eq!(all.len(), NEAR);
        into.extend(all.drain(..).map(|value| (field.to_owned(), value)));
    }
}

/// Puts a value at a dotted path.
fn put(event: &mut Value, path: &str, value: &Value) {
    let (name, rest) = path.split_once('.').unwrap_or((path, ""));
    if rest.is_empty() {
        event[name] = value.clone();
    } else {
        if !event[name].is_object() {
            event[name] = json!({});
        }
        put(&mut event[name], rest, value);
    }
}

fn made(rule: &Value, values: &[(String, Value)], dice: &mut Dice) -> Value {
    let mut fields: Vec<&String> = values.iter().map(|(field, _)| field).collect();
    fields.sort();
    fields.dedup();
    let product = rule["logsource"]["product"].as_str().unwrap_or_default();
    let mut event = match product {
        "aws" => json!({"eventVersion": "1.08", "eventSource": "s3.amazonaws.com", "eventName": "GetObject"}),
        "kubernetes" => json!({"apiVersion": "audit.k8s.io/v1", "kind": "Event"}),
        _ => json!({}),
    };
    for field in fields {
        let own: Vec<&Value> = values.iter().filter(|(name, _)| name == field).map(|(_, value)| value).collect();
        // Hits come first among the values of each: they are picked as often as all others together.
        let value = if dice.roll(2) == 0 { own[dice.roll(own.len() / NEAR) * NEAR] } else { dice.pick(&own) };
        // Without these two it would be no CloudTrail record, which the rule's log source asks for.
        let shape = product == "aws" && matches!(field.as_str(), "eventSource" | "eventName");
        if (!shape || value.is_string()) && dice.roll(10) > 0 {
            put(&mut event, field, value);
        }
    }
    event
}

#[test]
fn verdicts_on_made_events_are_those_of_sigma() {
    let rules = rules();
    assert!(rules.len() >= 30, "only {} rules", rules.len());
    let mut dice = Dice(7);
    for (rule, filter) in &rules {
        let mut values = Vec::new();
        candidates(&rule["detection"], &mut values);
        let hits = (0..MADE).filter(|_| compare(rule, filter, &Both::new(made(rule, &values, &mut dice)))).count();
        assert!(hits > 0 && hits < MADE, "{}: {hits} of {MADE} events match", rule["title"]);
    }
}

#[test]
fn verdicts_on_real_events_are_those_of_sigma() {
    let named = std::env::var_os("OXPECKER_DATA").map(|folder| root().join(folder).join("cloudtrail.ndjson"));
    let path = named.unwrap_or_else(|| {
        let beside = root().join("../shared/data/cloudtrail.ndjson");
        if beside.is_file() { beside } else { root().join("rules/samples/cloudtrail.ndjson") }
    });
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let event = |line| Both::new(serde_json::from_str(line).expect("an event"));
    let events: Vec<Both> = text.lines().map(event).collect();
    let rules = rules();
    let (mut matched, mut pairs) = (0, 0);
    for (rule, filter) in &rules {
        let hits = events.iter().filter(|event| compare(rule, filter, event)).count();
        matched += usize::from(hits > 0);
        pairs += hits;
    }
    // Not println: the numbers are to be seen although the test passes.
    let (path, count) = (path.display(), events.len());
    let _ = writeln!(
        std::io::stderr(),
        "sigma: {matched} of {} rules match {pairs} times in {count} events of {path}",
        rules.len()
    );
    assert!(events.len() >= 200 && matched >= 10, "{matched} rules match in {count} events");
}

/// Rules in Sigma's names fire on what producers write, and not on what is near it.
#[test]
fn imported_rules_fire_on_events_of_producers() {
    let cases = listed("producers.json");
    assert!(cases.len() >= 11, "only {} cases", cases.len());
    for case in &cases {
        let filter = imported(&case["rule"], Fields::Mapped);
        for (name, expected) in [("yes", true), ("no", false)] {
            let events = case[name].as_array().expect("events");
            assert!(!events.is_empty(), "{}: no `{name}`", case["rule"]["title"]);
            for event in events {
                let matches = filter.evaluate(&Both::new(event.clone()).ours) == Verdict::Match;
                assert_eq!(matches, expected, "{}: {event}", case["rule"]["title"]);
            }
        }
    }
}
