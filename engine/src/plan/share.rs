//! How often a predicate holds, guessed from what it asks: the rarest one of a rule is what wakes it.
//!
//! The numbers are shares of events, from real CloudTrail logs where a key is theirs. Being wrong costs time, never an
//! answer.

use crate::language::expr::{Function, Literal, Operand, Step, Test, TextOperator, Value};

/// Shares of events for which an equality with one of a key's common values holds.
const KEYS: [(&str, f32); 14] = [
    ("event_type", 0.95),
    ("eventSource", 0.02),
    ("eventName", 0.002),
    ("eventCategory", 0.8),
    ("eventType", 0.7),
    ("eventVersion", 0.3),
    ("awsRegion", 0.3),
    ("region", 0.3),
    ("readOnly", 0.5),
    ("managementEvent", 0.8),
    ("recipientAccountId", 0.5),
    ("accountId", 0.5),
    ("userType", 0.3),
    ("mfaUsed", 0.2),
];
const IDENTITY_TYPE: f32 = 0.3;
const OTHER_KEY: f32 = 0.01;
/// Keys that most events do not have: an equality with one of their values is rare.
const RARE_PARTS: [&str; 4] = ["requestParameters", "responseElements", "additionalEventData", "serviceEventDetails"];

/// The share of a predicate in its positive form, where null does not count.
pub(super) fn share(operand: &Operand, test: &Test, values: usize) -> f32 {
    let one = key(operand);
    let several = |each: f32| (each * count(values)).min(0.99);
    let share = match test {
        Test::Equals(Literal { value: Value::Bool(_), .. }) => one.max(0.2),
        Test::Equals(Literal { value: Value::Null, .. }) => presence(operand),
        Test::Equals(_) | Test::In(_) => several(one),
        Test::Text(TextOperator::StartsWith | TextOperator::EndsWith, _) => several((one * 10.0).min(0.5)),
        Test::Text(..) | Test::Matches(_) => several((one * 15.0).min(0.6)),
        Test::Compare(..) => (presence(operand) * 0.5).min(0.5),
        Test::Exists => presence(operand),
    };
    if operand.function == Some(Function::All) { share.max(0.1) } else { share }
}

#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn count(values: usize) -> f32 {
    values.max(1) as f32
}

fn key(operand: &Operand) -> f32 {
    match operand.key.steps.as_slice() {
        [Step::Name(name)] => KEYS.iter().find(|(key, _)| key == name).map_or(OTHER_KEY, |(_, share)| *share),
        [Step::Name(first), Step::Name(second)] if first == "userIdentity" && second == "type" => IDENTITY_TYPE,
        _ => OTHER_KEY,
    }
}

/// The share of a predicate that no index finds: it is asked of every event that has the key.
pub(super) fn unfound(operand: &Operand) -> f32 {
    presence(operand).max(0.3)
}

/// How often a key leads to a value.
pub(super) fn presence(operand: &Operand) -> f32 {
    match operand.key.steps.as_slice() {
        [Step::Name(first), _, ..] if RARE_PARTS.contains(&first.as_str()) => 0.05,
        [Step::Name(name)] if matches!(name.as_str(), "errorCode" | "errorMessage" | "error") => 0.1,
        _ => 0.7,
    }
}
