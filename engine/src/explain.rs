//! Why a filter matched an event or did not: the filter as a tree, with what each predicate saw and said.
//!
//! The predicates are asked one by one; how their answers combine is worked out here and not by the evaluator, so that a
//! mistake in either shows as a difference.

mod nearest;

pub use nearest::{Way, nearest_miss};

use crate::event::{Event, Found};
use crate::json::Json;
use crate::language::expr::{Expr, Predicate};
use crate::lists::Lists;
use crate::reference::{Filter, Verdict};

/// How many values of a predicate are shown.
const MOST_VALUES: usize = 8;
/// How many characters of a value are shown.
const MOST_CHARACTERS: usize = 200;

/// One part of a filter with its verdict on one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// `and`, `or`, `not`, or a predicate in the canonical form.
    pub text: String,
    /// What this part says of the event.
    pub verdict: Verdict,
    /// What the predicate's key reaches, as JSON texts, long ones cut; empty for `and`, `or`, `not`.
    pub values: Vec<String>,
    /// How many more values there are than are shown.
    pub values_left_out: usize,
    /// The parts of `and`, `or`, `not`.
    pub children: Vec<Explanation>,
    /// What a reader may not expect.
    pub note: Option<&'static str>,
}

/// Explains what `expr` says of `event`.
#[must_use]
pub fn explain(expr: &Expr, event: &Event, lists: &Lists) -> Explanation {
    match expr {
        Expr::And(parts) => composite("and", parts, event, lists, every),
        Expr::Or(parts) => composite("or", parts, event, lists, some),
        Expr::Not(inner) => composite("not", std::slice::from_ref(inner), event, lists, none),
        Expr::Predicate(asked) => predicate(asked, event, lists),
    }
}

fn composite(
    word: &str,
    parts: &[Expr],
    event: &Event,
    lists: &Lists,
    fold: fn(&[Explanation]) -> Verdict,
) -> Explanation {
    let children: Vec<_> = parts.iter().map(|part| explain(part, event, lists)).collect();
    Explanation {
        text: word.to_owned(),
        verdict: fold(&children),
        values: Vec::new(),
        values_left_out: 0,
        children,
        note: None,
    }
}

fn any(parts: &[Explanation], verdict: Verdict) -> bool {
    parts.iter().any(|part| part.verdict == verdict)
}

fn every(parts: &[Explanation]) -> Verdict {
    if any(parts, Verdict::NoMatch) {
        Verdict::NoMatch
    } else if any(parts, Verdict::Undecided) {
        Verdict::Undecided
    } else {
        Verdict::Match
    }
}

fn some(parts: &[Explanation]) -> Verdict {
    if any(parts, Verdict::Match) {
        Verdict::Match
    } else if any(parts, Verdict::Undecided) {
        Verdict::Undecided
    } else {
        Verdict::NoMatch
    }
}

fn none(parts: &[Explanation]) -> Verdict {
    if any(parts, Verdict::Match) {
        Verdict::NoMatch
    } else if any(parts, Verdict::Undecided) {
        Verdict::Undecided
    } else {
        Verdict::Match
    }
}

fn predicate(asked: &Predicate, event: &Event, lists: &Lists) -> Explanation {
    let found = event.resolve(&asked.operand.key);
    Explanation {
        text: asked.to_string(),
        verdict: Filter::new(Expr::Predicate(asked.clone()), lists).evaluate(event),
        values: found.ends.iter().take(MOST_VALUES).map(|value| shown(value)).collect(),
        values_left_out: found.ends.len().saturating_sub(MOST_VALUES),
        children: Vec::new(),
        note: note(&found),
    }
}

fn note(found: &Found<'_>) -> Option<&'static str> {
    if found.cut {
        Some("cut by CloudTrail: the record was too large, so this part of it is not known")
    } else if !found.exists() {
        Some("no such key in this event")
    } else if found.elements().next().is_none() {
        Some("an empty array")
    } else if found.elements().all(Json::is_null) {
        Some("null in this event")
    } else if found.elements().all(|value| matches!(value, Json::Object(_))) {
        Some("an object, which equals no value: name a key inside it")
    } else {
        None
    }
}

fn shown(value: &Json) -> String {
    let text = value.to_string();
    match text.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
