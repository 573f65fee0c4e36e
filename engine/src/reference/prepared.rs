//! What a filter makes ready once for all events, and which of its predicates a match is owed to.

use super::Verdict;
use super::eval::{Filter, apply};
use crate::event::{Event, Found};
use crate::json::Json;
use crate::language::expr::{Expr, Function, Key, Literal, Predicate, Test, Value};
use crate::lists::{List, Lists};
use crate::rule::hex;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;

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
    Predicate(Box<PreparedPredicate>),
}

/// A predicate that is asked of many events.
#[derive(Debug, Clone)]
pub(super) struct PreparedPredicate {
    pub(super) predicate: Predicate,
    /// For `in` and `= @list`: the values as lists, which know without going through them whether they hold one.
    pub(super) members: Option<Vec<List>>,
    /// What is true of an event when the filter matches because of this predicate.
    text: Arc<str>,
    /// The same text where it is whole, else its hash: filters that ask the same have the same.
    identity: Arc<str>,
}

/// What predicates found in one event. Filters that ask the same of it ask once: a predicate may look at all of an event.
#[derive(Debug, Default)]
pub(crate) struct Answers(BTreeMap<Arc<str>, Answer>);

/// What one predicate, not negated, found.
#[derive(Debug, Default)]
struct Answer {
    verdict: Option<Verdict>,
    values: Option<Vec<Json>>,
}

impl Answers {
    fn of(&mut self, asked: &PreparedPredicate) -> &mut Answer {
        self.0.entry(Arc::clone(&asked.identity)).or_default()
    }
}

/// A predicate that a match is owed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matched<'f> {
    /// What is true of the event, in the canonical form, cut if long: `eventName = "StartSession"`. A predicate under
    /// `not` stands turned round.
    pub predicate: &'f str,
    /// The key that it asks for.
    pub key: &'f Key,
    /// The values that made it true, a few of them and long ones cut; for a negated predicate, what is there instead, of
    /// `all(…)` what does not satisfy it.
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
            Expr::Predicate(predicate) => Part::Predicate(Box::new(PreparedPredicate::new(predicate, lists, upright))),
        }
    }
}

impl PreparedPredicate {
    fn new(predicate: Predicate, lists: &Lists, upright: bool) -> Self {
        let whole = if upright { predicate.to_string() } else { turned_round(&predicate).to_string() };
        let text = Arc::from(cut(&whole));
        let identity = if *text == *whole { Arc::clone(&text) } else { hex(&Sha256::digest(whole), 64).into() };
        Self { members: members(&predicate.test, lists), text, identity, predicate }
    }
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
        self.matched_with(event, &mut Answers::default())
    }

    /// The same, where other filters may have been asked about the event.
    pub(crate) fn matched_with(&self, event: &Event, answers: &mut Answers) -> Vec<Matched<'_>> {
        let mut found = Vec::new();
        self.owed(&self.root, event, Verdict::Match, answers, &mut found);
        found
    }

    /// The predicates to which it is owed that a part gives `verdict`.
    fn owed<'f>(
        &'f self,
        part: &'f Part,
        event: &Event,
        verdict: Verdict,
        answers: &mut Answers,
        found: &mut Vec<Matched<'f>>,
    ) {
        if found.len() >= PREDICATES {
            return;
        }
        match part {
            // Every part of an `and` that holds does, and so does none of an `or` that does not.
            Part::And(parts) if verdict == Verdict::Match => {
                parts.iter().for_each(|part| self.owed(part, event, verdict, answers, found));
            }
            Part::Or(parts) if verdict == Verdict::NoMatch => {
                parts.iter().for_each(|part| self.owed(part, event, verdict, answers, found));
            }
            Part::And(parts) | Part::Or(parts) => {
                for part in parts {
                    let positive = &mut |asked: &PreparedPredicate| {
                        *answers.of(asked).verdict.get_or_insert_with(|| self.positive(asked, event))
                    };
                    if part.verdict(positive) == verdict {
                        self.owed(part, event, verdict, answers, found);
                    }
                }
            }
            Part::Not(inner) => self.owed(inner, event, verdict.negate(), answers, found),
            Part::Predicate(asked) => found.push(Matched {
                predicate: &asked.text,
                key: &asked.predicate.operand.key,
                values: answers.of(asked).values.get_or_insert_with(|| self.values(asked, event)).clone(),
            }),
        }
    }

    /// What the predicate looks at in the event: the values that settle its test, or all where none does by itself. One that
    /// satisfies a test settles it; that of `all(…)` is settled by one that does not.
    fn values(&self, asked: &PreparedPredicate, event: &Event) -> Vec<Json> {
        let operand = &asked.predicate.operand;
        let found = event.resolve(&operand.key);
        let found = match operand.function {
            None | Some(Function::All) => found,
            Some(function) => apply(function, &found),
        };
        let settled_by = operand.function != Some(Function::All);
        let settles = |element: &&Json| self.test(&Found::at(vec![*element]), asked) == settled_by;
        let settling: Vec<Json> = found.elements().filter(settles).take(VALUES).map(value_shown).collect();
        if settling.is_empty() { found.elements().take(VALUES).map(value_shown).collect() } else { settling }
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
