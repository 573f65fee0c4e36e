//! Filters as branching programs: a line asks one predicate and says where to go on yes and on no.
//!
//! ```text
//! a and (b or not c)          0: a ? 1 : NO     1: b ? YES : 2     2: c ? NO : YES
//! ```
//!
//! No stack and no recursion, and every predicate is asked only if the answer still hangs on it. The language has a third
//! answer, *undecided*. A filter in the form of [`Form`] holds the more, the more of its literals hold; so if it holds with
//! every undecided literal taken as false, it holds; if it fails with every one taken as true, it fails; and else it is
//! undecided.

use super::index::PredicateId;
use super::nnf::{Form, Literal};

/// A place in the code.
pub(super) type Line = u32;

/// Where a program that holds ends, and one that does not.
const YES: Line = u32::MAX;
const NO: Line = u32::MAX - 1;

#[derive(Debug, Clone, Copy)]
struct Branch {
    literal: Literal,
    yes: Line,
    no: Line,
}

/// The programs of all filters.
#[derive(Debug, Clone, Default)]
pub(super) struct Code(Vec<Branch>);

impl Code {
    /// Adds a program; gives where it begins. `cost` says what asking a predicate costs: cheap ones come first.
    pub(super) fn add(&mut self, form: &Form, cost: &impl Fn(PredicateId) -> f32) -> Line {
        self.emit(form, YES, NO, cost)
    }

    fn emit(&mut self, form: &Form, yes: Line, no: Line, cost: &impl Fn(PredicateId) -> f32) -> Line {
        match form {
            Form::Literal(literal) => {
                let line = Line::try_from(self.0.len()).unwrap_or(NO);
                self.0.push(Branch { literal: *literal, yes, no });
                line
            }
            // From the last part to the first, so that each knows where the next begins.
            Form::And(parts) => {
                by_cost(parts, cost).iter().rev().fold(yes, |next, part| self.emit(part, next, no, cost))
            }
            Form::Or(parts) => {
                by_cost(parts, cost).iter().rev().fold(no, |next, part| self.emit(part, yes, next, cost))
            }
        }
    }

    /// Runs a program; `holds` answers for a predicate, and `unknown` is what a literal counts as that it cannot answer.
    #[inline]
    pub(super) fn run(&self, begin: Line, unknown: bool, mut holds: impl FnMut(PredicateId) -> Option<bool>) -> bool {
        let mut at = begin;
        while let Some(branch) = self.0.get(at as usize) {
            let literal = holds(branch.literal.predicate).map_or(unknown, |holds| holds != branch.literal.negated);
            at = if literal { branch.yes } else { branch.no };
        }
        at == YES
    }
}

fn by_cost<'f>(parts: &'f [Form], cost: &impl Fn(PredicateId) -> f32) -> Vec<&'f Form> {
    let mut parts: Vec<&Form> = parts.iter().collect();
    parts.sort_by(|left, right| total(left, cost).total_cmp(&total(right, cost)));
    parts
}

fn total(form: &Form, cost: &impl Fn(PredicateId) -> f32) -> f32 {
    match form {
        Form::Literal(literal) => cost(literal.predicate),
        Form::And(parts) | Form::Or(parts) => parts.iter().map(|part| total(part, cost)).sum(),
    }
}
