//! A filter with its negations moved down to the predicates, and what can wake the rule that it belongs to.
//!
//! `not (a and b)` is `not a or not b` in three-valued logic too, so nothing changes but the form. In this form a filter is
//! made of *literals*, predicates that stand upright or turned round, and holds the more, the more of them hold.

use super::index::PredicateId;

/// A predicate, upright or turned round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Literal {
    pub(super) predicate: PredicateId,
    pub(super) negated: bool,
}

/// A filter in this form.
#[derive(Debug, Clone)]
pub(super) enum Form {
    And(Vec<Form>),
    Or(Vec<Form>),
    Literal(Literal),
}

/// Predicates of which one at least holds, or is unknown, whenever a filter does; and how often that is.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    pub(super) predicates: Vec<PredicateId>,
    /// The share of events for which one of them holds, an estimate.
    pub(super) share: f32,
    /// Which part of the outermost `and` they are from.
    part: usize,
}

impl Form {
    /// What can wake the filter; `share` estimates how often a predicate holds. `None` where it can hold although none of
    /// its predicates does: `not user = "root"` holds for an event without anything.
    pub(super) fn guard(&self, share: &impl Fn(PredicateId) -> f32) -> Option<Guard> {
        match self {
            Form::Literal(literal) if literal.negated => None,
            Form::Literal(Literal { predicate, .. }) => {
                Some(Guard { predicates: vec![*predicate], share: share(*predicate), part: 0 })
            }
            Form::And(parts) => {
                let guards = parts.iter().enumerate();
                let guards = guards.filter_map(|(part, form)| Some(Guard { part, ..form.guard(share)? }));
                guards.min_by(|left, right| left.share.total_cmp(&right.share))
            }
            Form::Or(parts) => {
                let mut all = Guard { predicates: Vec::new(), share: 0.0, part: 0 };
                for form in parts {
                    let guard = form.guard(share)?;
                    all.share += guard.share;
                    all.predicates.extend(guard.predicates);
                }
                Some(all)
            }
        }
    }

    /// A predicate that must hold as well as the guard: of an `and` with several that could wake it, the next best.
    pub(super) fn second(&self, guard: &Guard, share: &impl Fn(PredicateId) -> f32) -> Option<PredicateId> {
        let Form::And(parts) = self else { return None };
        let others = parts.iter().enumerate().filter(|(part, _)| *part != guard.part);
        let needed = others.filter_map(|(_, form)| match form {
            Form::Literal(Literal { predicate, negated: false }) => Some(*predicate),
            _ => None,
        });
        needed.min_by(|left, right| share(*left).total_cmp(&share(*right)))
    }
}
