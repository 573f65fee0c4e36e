//! What a filter makes ready once for all events, and which of its predicates a match is owed to.

use super::Verdict;
use super::eval::{Filter, apply};
use crate::event::{Event, Found};
use crate::json::Json;
use crate::language::expr::{Expr, Function, Key, Literal, Predicate, Test, Value};
use crate::lists::{List, Lists};

/// How many predicates of a match are told.
const PREDICATES: usize = 10;
/// How many values of one predicate are told.
const VALUES: usize = 5;
/// How many characters of a predicate and of a value are told.
const CHARACTERS: usize = 200;

/// The filter's tree, with what is made ready once.
#[derive(Debug, Clone)]
pub(super) enum Part {
    And(Vec<Part>),
    Or(Vec<Part>),
    Not(Box<Part>),
    Predicate(Box<Asked>),
}

/// A predicate that is asked of many events.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) predicate: Predicate,
    /// For `in` and `= @list`: the values as lists, which know without going through them whether they hold one.
    pub(super) members: Option<Vec<List>>,
    /// What is true of an event when the filter matches because of this predicate.
    text: String,
}

/// A predicate that a match is owed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matched<'f> {
    /// What is true of the event, in the canonical form, cut if long: `eventName = "StartSession"`. A predicate under
    /// `not` stands turned round.
    pub predicate: &'f str,
    /// The key that it asks for.
    pub key: &'f Key,
    /// The values that made it true, a few of them and long ones cut; for a negated predicate, what is there instead.
    pub values: Vec<Json>,
}

impl Part {
    /// `upright` is false inside an odd number of `not`s.
    pub(super) fn new(expr: Expr, lists: &Lists, upright: bool) -> Self {
        let all = |parts: Vec<Expr>| parts.into_iter().map(|part| Part::new(part, lists, upright)).collect();
        match expr {
            Expr::And(parts) => Part::And(all(parts)),
            Expr::Or(parts) => Part::Or(all(parts)),
            Expr::Not(inner) => Part::Not(Box::new(Part::new(*inner, lists, !upright))),
            Expr::Predicate(predicate) => Part::Predicate(Box::new(Asked::new(predicate, lists, upright))),
        }
    }
}

impl Asked {
    fn new(predicate: Predicate, lists: &Lists, upright: bool) -> Self {
        let text = if upright { shown(&predicate) } else { shown(&turned_round(&predicate)) };
        Self { members: members(&predicate.test, lists), text, predicate }
    }
}

fn shown(predicate: &Predicate) -> String {
    let most = match &predicate.test {
        // Ten thousand values are not written out to be cut.
        Test::In(values) if values.len() > CHARACTERS => {
            let few = values.iter().take(CHARACTERS).cloned().collect();
            Predicate { test: Test::In(few), ..predicate.clone() }
        }
        _ => predicate.clone(),
    };
    cut(&most.to_string())
}

fn turned_round(predicate: &Predicate) -> Predicate {
    Predicate { negated: !predicate.negated, ..predicate.clone() }
}

/// The values of `in` and of `= @list`, prepared; none for any other test.
fn members(test: &Test, lists: &Lists) -> Option<Vec<List>> {
    let literals = match test {
        Test::In(literals) => literals.as_slice(),
        Test::Equals(literal @ Literal { value: Value::List(_), .. }) => std::slice::from_ref(literal),
        _ => return None,
    };
    let mut members = Vec::new();
    let mut own = Vec::new();
    for literal in literals {
        match &literal.value {
            Value::List(name) => members.push(lists.list(name)),
            value => own.push(value.clone()),
        }
    }
    if !own.is_empty() {
        members.push(own.into());
    }
    Some(members)
}

impl Filter {
    /// The predicates that a match is owed to, in the order of the filter: of `and` all, of `or` those that hold. For an
    /// event that the filter matches; what it gives for others means nothing.
    #[must_use]
    pub fn matched(&self, event: &Event) -> Vec<Matched<'_>> {
        let mut found = Vec::new();
        self.owed(&self.root, event, Verdict::Match, &mut found);
        found
    }

    /// The predicates to which it is owed that a part gives `verdict`.
    fn owed<'f>(&'f self, part: &'f Part, event: &Event, verdict: Verdict, found: &mut Vec<Matched<'f>>) {
        if found.len() >= PREDICATES {
            return;
        }
        match part {
            // Every part of an `and` that holds does, and so does none of an `or` that does not.
            Part::And(parts) if verdict == Verdict::Match => {
                parts.iter().for_each(|part| self.owed(part, event, verdict, found));
            }
            Part::Or(parts) if verdict == Verdict::NoMatch => {
                parts.iter().for_each(|part| self.owed(part, event, verdict, found));
            }
            Part::And(parts) | Part::Or(parts) => {
                let deciding = parts.iter().filter(|part| self.part(part, event) == verdict);
                deciding.for_each(|part| self.owed(part, event, verdict, found));
            }
            Part::Not(inner) => self.owed(inner, event, verdict.negate(), found),
            Part::Predicate(asked) => found.push(Matched {
                predicate: &asked.text,
                key: &asked.predicate.operand.key,
                values: self.values(asked, event),
            }),
        }
    }

    /// What the predicate looks at in the event: the values that satisfy its test, or all where none does by itself.
    fn values(&self, asked: &Asked, event: &Event) -> Vec<Json> {
        let operand = &asked.predicate.operand;
        let found = event.resolve(&operand.key);
        let found = match operand.function {
            None | Some(Function::All) => found,
            Some(function) => apply(function, &found),
        };
        let elements = found.elements();
        let satisfies = |element: &&&Json| self.test(&Found::at(vec![**element]), asked);
        let satisfying: Vec<Json> =
            elements.iter().filter(satisfies).take(VALUES).map(|value| value_shown(value)).collect();
        if satisfying.is_empty() { elements.into_iter().take(VALUES).map(value_shown).collect() } else { satisfying }
    }
}

/// A scalar as it stands, anything else as its text; long ones cut.
fn value_shown(value: &Json) -> Json {
    match value {
        Json::Text(text) => Json::Text(cut(text)),
        Json::Number(number) if number.len() <= CHARACTERS => value.clone(),
        Json::Null | Json::Bool(_) => value.clone(),
        other => Json::Text(cut(&other.beginning(CHARACTERS))),
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(CHARACTERS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
