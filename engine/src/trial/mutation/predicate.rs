//! The changes of one predicate: its operator, its values, its function.

use crate::language::expr::{Comparison, Function, Literal, Predicate, Test, TextOperator, Value};

/// How many members of one set are dropped in turn; of a longer one, as many with equal steps between them.
const MEMBERS: usize = 64;

/// Each change of a predicate.
pub(super) fn variants(predicate: &Predicate) -> Vec<Predicate> {
    let with = |test: Test| Predicate { test, ..predicate.clone() };
    let mut out = Vec::new();
    // `<` has no negated form of its own; its opposite is among the other operators.
    if !matches!(predicate.test, Test::Compare(..)) {
        out.push(Predicate { negated: !predicate.negated, ..predicate.clone() });
    }
    out.extend(operators(&predicate.test).into_iter().map(with));
    out.extend(values(&predicate.test).into_iter().map(with));
    if let Some(Function::Lower | Function::Upper | Function::All) = predicate.operand.function {
        let mut bare = predicate.clone();
        bare.operand.function = None;
        out.push(bare);
    }
    out
}

/// Operators that are taken for one another. Where `like` would do for `starts_with`, only an event made up for it could
/// tell them apart, so that one is swapped for what is narrower or on the other side.
fn operators(test: &Test) -> Vec<Test> {
    use Comparison::{Greater, GreaterOrEqual, Less, LessOrEqual};
    use TextOperator::{Contains, EndsWith, Like, StartsWith};
    match test {
        Test::Compare(comparison, literal) => {
            let others = match comparison {
                Less => [LessOrEqual, GreaterOrEqual],
                LessOrEqual => [Less, Greater],
                Greater => [GreaterOrEqual, LessOrEqual],
                GreaterOrEqual => [Greater, Less],
            };
            others.into_iter().map(|other| Test::Compare(other, literal.clone())).collect()
        }
        Test::Text(operator, literal) => {
            let others: &[TextOperator] = match operator {
                Like | Contains => &[StartsWith, EndsWith],
                StartsWith => &[EndsWith],
                EndsWith => &[StartsWith],
            };
            others.iter().map(|other| Test::Text(*other, literal.clone())).collect()
        }
        _ => Vec::new(),
    }
}

fn values(test: &Test) -> Vec<Test> {
    match test {
        Test::Equals(literal) => other(literal).into_iter().map(Test::Equals).collect(),
        Test::Compare(comparison, literal) => {
            other(literal).into_iter().map(|other| Test::Compare(*comparison, other)).collect()
        }
        Test::Text(operator, literal) => other(literal).into_iter().map(|other| Test::Text(*operator, other)).collect(),
        Test::In(members) if members.len() > 1 => without_each(members).map(Test::In).collect(),
        Test::In(members) => members.iter().flat_map(other).map(|other| Test::In(vec![other])).collect(),
        // A change of a pattern may be none: `(?i)`, or one of two ways to say the same.
        Test::Matches(_) | Test::Exists => Vec::new(),
    }
}

fn without_each(members: &[Literal]) -> impl Iterator<Item = Vec<Literal>> {
    let step = members.len().div_ceil(MEMBERS);
    (0..members.len()).step_by(step).map(|place| {
        let mut rest = members.to_vec();
        rest.remove(place);
        rest
    })
}

/// The value next to it: a text in other letters, or longer where it has none; a number one higher. Null and lists have
/// none.
fn other(literal: &Literal) -> Option<Literal> {
    let value = match &literal.value {
        Value::Text(text) => Value::Text(other_text(text)),
        Value::Number(number) => Value::Number(number.parse::<i64>().ok()?.checked_add(1)?.to_string()),
        Value::Bool(value) => Value::Bool(!value),
        Value::Null | Value::List(_) => return None,
    };
    Some(Literal { value, ..literal.clone() })
}

/// The first letter in the other case.
fn other_text(text: &str) -> String {
    let Some(at) = text.find(|c: char| c.is_ascii_alphabetic()) else { return format!("{text}x") };
    let turned = |c: char| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
    text.char_indices().map(|(place, c)| if place == at { turned(c) } else { c }).collect()
}
