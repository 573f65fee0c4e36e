//! Every operator of the language, one function each. A missing field is a value like any other: nothing here can fail.
//!
//! What is made ready before the first event, and what alerts are told of a match, is in [`prepared`](super::prepared).

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Verdict;
use super::cidr::Network;
use super::number::Decimal;
use super::prepared::{Part, PreparedPredicate};
use crate::event::{Event, Found, Instant};
use crate::json::Json;
use crate::language::Limits;
use crate::language::expr::{Comparison, Expr, Function, Literal, Test, TextOperator, Value};
use crate::lists::{List, Lists};
use crate::pattern::{Caches, Pattern, Patterns};

/// A filter ready to be asked.
#[derive(Debug, Clone)]
pub struct Filter {
    pub(super) root: Part,
    lists: Lists,
    /// By their text. One that does not compile is not here and matches nothing; the parser has reported it.
    patterns: BTreeMap<String, Arc<Pattern>>,
    caches: Arc<Mutex<Caches>>,
}

impl Filter {
    /// Prepares a filter; `@name` means the list of that name in `lists`.
    #[must_use]
    pub fn new(expr: Expr, lists: &Lists) -> Self {
        Self::sharing(expr, lists, &mut Patterns::default())
    }

    /// The same, with patterns that others have compiled.
    pub(crate) fn sharing(expr: Expr, lists: &Lists, shared: &mut Patterns) -> Self {
        let mut patterns = BTreeMap::new();
        expr.for_each_predicate(&mut |predicate| {
            if let Test::Matches(literal) = &predicate.test {
                for text in values(literal, lists).iter().filter_map(Value::as_text) {
                    if let Some(pattern) = shared.get(text, Limits::default().regex) {
                        patterns.insert(text.to_owned(), pattern);
                    }
                }
            }
        });
        Self { root: Part::new(expr, lists, true), lists: lists.clone(), patterns, caches: shared.caches() }
    }

    /// What the filter says of an event.
    #[must_use]
    pub fn evaluate(&self, event: &Event) -> Verdict {
        self.root.verdict(&mut |asked| self.positive(asked, event))
    }

    /// What a predicate says of an event, not negated.
    pub(super) fn positive(&self, asked: &PreparedPredicate, event: &Event) -> Verdict {
        let operand = &asked.predicate.operand;
        let found = event.resolve(&operand.key);
        if found.cut {
            return Verdict::Undecided;
        }
        let holds = match operand.function {
            Some(Function::All) => self.all(&found, asked),
            Some(function) => self.test(&apply(function, &found), asked),
            None => self.test(&found, asked),
        };
        Verdict::from(holds)
    }

    /// `all(path)`: there is an element, and each one by itself satisfies the test.
    fn all(&self, found: &Found<'_>, asked: &PreparedPredicate) -> bool {
        let mut elements = found.elements().peekable();
        elements.peek().is_some() && elements.all(|element| self.test(&Found::at(vec![element]), asked))
    }

    /// Tests without a function hold when any value that the path reaches satisfies them; only `= null` and `exists`
    /// look at all of them together.
    pub(super) fn test(&self, found: &Found<'_>, asked: &PreparedPredicate) -> bool {
        if let Some(lists) = &asked.members {
            return lists.iter().any(|list| is_member(found, list));
        }
        match &asked.predicate.test {
            Test::Equals(literal) => self.any_of(literal, |value| equals(found, value)),
            Test::In(literals) => literals.iter().any(|literal| self.any_of(literal, |value| equals(found, value))),
            Test::Compare(comparison, literal) => self.any_of(literal, |value| compares(found, *comparison, value)),
            Test::Text(operator, literal) => self.any_of(literal, |value| text_test(found, *operator, value)),
            Test::Matches(literal) => self.any_of(literal, |value| self.matches(found, value)),
            Test::Exists => found.exists(),
        }
    }

    /// A list stands for any of its values; every other literal for itself.
    fn any_of(&self, literal: &Literal, holds: impl Fn(&Value) -> bool) -> bool {
        values(literal, &self.lists).iter().any(holds)
    }

    /// `matches`: on the text of a scalar, anywhere in it.
    fn matches(&self, found: &Found<'_>, value: &Value) -> bool {
        let Some(pattern) = value.as_text().and_then(|text| self.patterns.get(text)) else { return false };
        let mut caches = self.caches.lock().unwrap_or_else(PoisonError::into_inner);
        scalar_texts(found).any(|text| pattern.is_match(text.as_bytes(), &mut caches))
    }
}

impl Part {
    /// What a part of a filter says; `positive` is what a predicate does, not negated.
    pub(super) fn verdict(&self, positive: &mut dyn FnMut(&PreparedPredicate) -> Verdict) -> Verdict {
        match self {
            Part::And(parts) => fold(parts, positive, Verdict::and, Verdict::NoMatch),
            Part::Or(parts) => fold(parts, positive, Verdict::or, Verdict::Match),
            Part::Not(inner) => inner.verdict(positive).negate(),
            // Negation is nothing but the opposite of the positive test, so `a != b` and `not (a = b)` cannot differ.
            Part::Predicate(asked) if asked.predicate.negated => positive(asked).negate(),
            Part::Predicate(asked) => positive(asked),
        }
    }
}

/// Joins the answers of the parts; once one of them settles it, the others are not asked.
fn fold(
    parts: &[Part],
    positive: &mut dyn FnMut(&PreparedPredicate) -> Verdict,
    join: fn(Verdict, Verdict) -> Verdict,
    settled: Verdict,
) -> Verdict {
    let mut answer = settled.negate();
    for part in parts {
        answer = join(answer, part.verdict(positive));
        if answer == settled {
            break;
        }
    }
    answer
}

/// `in`: the same as `=` with one of the values, found without asking each.
fn is_member(found: &Found<'_>, list: &List) -> bool {
    (list.holds_null() && equals(found, &Value::Null)) || found.elements().any(|element| list.holds(element))
}

/// What a literal stands for.
fn values<'v>(literal: &'v Literal, lists: &'v Lists) -> &'v [Value] {
    match &literal.value {
        Value::List(name) => lists.get(name),
        value => std::slice::from_ref(value),
    }
}

/// `=` with one value. `= null` is true when the path reaches no value that is not null, so also for a missing key, an
/// empty array and elements without the key; every other value must equal one of those that are reached.
fn equals(found: &Found<'_>, value: &Value) -> bool {
    match value {
        Value::Null => !found.has_value(),
        value => found.elements().any(|element| scalar_equals(element, value)),
    }
}

/// Equality of two scalars. Texts compare as texts, but a number on either side makes it a comparison of numbers, and a
/// boolean equals the text that spells it. Null, arrays and objects equal nothing here.
fn scalar_equals(element: &Json, value: &Value) -> bool {
    match (element, value) {
        (Json::Text(a), Value::Text(b)) => a == b || Network::parse(b).is_some_and(|network| network.holds(a)),
        (Json::Number(a), Value::Number(b) | Value::Text(b)) | (Json::Text(a), Value::Number(b)) => {
            compare_numbers(a, b) == Some(Ordering::Equal)
        }
        (Json::Bool(a), Value::Bool(b)) => a == b,
        (Json::Bool(a), Value::Text(b)) | (Json::Text(b), Value::Bool(a)) => b == if *a { "true" } else { "false" },
        _ => false,
    }
}

/// `<`, `<=`, `>`, `>=`: as numbers where both sides are, or are texts that are; as times where both are RFC 3339
/// timestamps; otherwise false.
fn compares(found: &Found<'_>, comparison: Comparison, value: &Value) -> bool {
    let (Value::Text(right) | Value::Number(right)) = value else { return false };
    found.elements().any(|element| {
        let (Json::Text(left) | Json::Number(left)) = element else { return false };
        let order = compare_numbers(left, right).or_else(|| compare_times(left, right));
        order.is_some_and(|order| match comparison {
            Comparison::Less => order.is_lt(),
            Comparison::LessOrEqual => order.is_le(),
            Comparison::Greater => order.is_gt(),
            Comparison::GreaterOrEqual => order.is_ge(),
        })
    })
}

fn compare_numbers(left: &str, right: &str) -> Option<Ordering> {
    Some(Decimal::parse(left)?.cmp(&Decimal::parse(right)?))
}

fn compare_times(left: &str, right: &str) -> Option<Ordering> {
    Some(Instant::parse(left)?.cmp(&Instant::parse(right)?))
}

/// `like`, `starts_with`, `ends_with`, `contains`: on the text of a scalar, upper and lower case told apart.
fn text_test(found: &Found<'_>, operator: TextOperator, value: &Value) -> bool {
    if operator == TextOperator::Contains {
        return contains(found, value);
    }
    let Some(wanted) = value.as_text() else { return false };
    scalar_texts(found).any(|text| match operator {
        TextOperator::StartsWith => text.starts_with(wanted),
        TextOperator::EndsWith => text.ends_with(wanted),
        TextOperator::Like | TextOperator::Contains => text.contains(wanted),
    })
}

/// `contains`: where the path ends on an array, one of its elements equals the value; elsewhere the same as `like`.
fn contains(found: &Found<'_>, value: &Value) -> bool {
    found.ends.iter().any(|end| match end.as_ref() {
        Json::Array(_) => equals(&Found::at(vec![end]), value),
        scalar => text_test(&Found::at(vec![scalar]), TextOperator::Like, value),
    })
}

/// The texts of the scalars reached: numbers and booleans as they stand in the event; null and objects have none.
fn scalar_texts<'f>(found: &'f Found<'_>) -> impl Iterator<Item = &'f str> {
    found.elements().filter_map(Json::scalar_text)
}

/// A function of what a path reaches. Null has no value under any function, as if the key were missing.
pub(super) fn apply<'e>(function: Function, found: &Found<'e>) -> Found<'e> {
    let results = found.ends.iter().filter(|end| !end.is_null()).map(|end| match function {
        Function::Lower => each_scalar(end, &|scalar| fold_case(scalar, str::to_lowercase)),
        Function::Upper => each_scalar(end, &|scalar| fold_case(scalar, str::to_uppercase)),
        Function::Length => each_scalar(end, &length),
        Function::Count => whole_number(count(end)),
        Function::All => end.as_ref().clone(),
    });
    Found { ends: results.map(Cow::Owned).collect(), cut: found.cut }
}

/// An array keeps its form, so that a path that ended on an array still does.
fn each_scalar(value: &Json, function: &impl Fn(&Json) -> Json) -> Json {
    match value {
        Json::Array(items) => Json::Array(items.iter().map(|item| each_scalar(item, function)).collect()),
        other => function(other),
    }
}

/// `lower(k)`, `upper(k)`: what is no text stays as it is.
fn fold_case(value: &Json, fold: fn(&str) -> String) -> Json {
    value.as_text().map_or_else(|| value.clone(), |text| Json::Text(fold(text)))
}

/// `length(k)`: the Unicode scalar values of a scalar's text, the keys of an object; null has none. The length of an
/// array is that of any of its elements, as with every other question; their number is `count`.
fn length(value: &Json) -> Json {
    match value {
        Json::Object(members) => whole_number(members.len()),
        other => other.scalar_text().map_or(Json::Null, |text| whole_number(text.chars().count())),
    }
}

/// `count(k)`: the elements of an array, the keys of an object, 1 for a scalar.
fn count(value: &Json) -> usize {
    match value {
        Json::Array(items) => items.len(),
        Json::Object(members) => members.len(),
        _ => 1,
    }
}

fn whole_number(number: usize) -> Json {
    Json::Number(number.to_string())
}
