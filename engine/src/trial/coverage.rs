//! Which predicates of a rule its tests have seen true, and which false.
//!
//! Each predicate is asked on its own of each event of each test, as [`explain`](crate::explain) asks it: also where the
//! rest of the filter has settled the answer before it.

use crate::Span;
use crate::event::Event;
use crate::json::Limits;
use crate::language::Expr;
use crate::lists::Lists;
use crate::reference::{Filter, Verdict};
use crate::rule::{Expectation, Rule};

/// A filter of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Site {
    /// The rule's own.
    Filter,
    /// That of the suppression at this place of its list.
    Suppression(usize),
}

/// What the tests of a rule show of one of its predicates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// The filter that the predicate is in.
    pub site: Site,
    /// The predicate in the filter's text.
    pub span: Span,
    /// The predicate in the canonical form.
    pub text: String,
    /// Whether it was true of some event.
    pub held: bool,
    /// Whether it was false of some event.
    pub failed: bool,
}

/// What the tests of a rule show of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// Whether a test must alert.
    pub alerts: bool,
    /// Whether a test must not.
    pub keeps_quiet: bool,
    /// Its predicates: of its filter, then of its suppressions, from left to right.
    pub predicates: Vec<Sight>,
}

impl Coverage {
    /// What the tests of a rule show of it.
    #[must_use]
    pub fn of(rule: &Rule, lists: &Lists) -> Self {
        let texts = rule.tests.iter().flat_map(|test| &test.events);
        let parsed = texts.filter_map(|text| Event::parse(text.as_bytes(), &Limits::default(), None).ok());
        let events: Vec<Event> = parsed.collect();
        let has = |wanted: fn(Expectation) -> bool| rule.tests.iter().any(|test| wanted(test.expect));
        Self {
            alerts: has(|expect| expect == Expectation::Alert),
            keeps_quiet: has(|expect| expect != Expectation::Alert),
            predicates: filters(rule).flat_map(|(site, filter)| sights(site, filter, &events, lists)).collect(),
        }
    }

    /// How much there is to show: each predicate true and false, a test that alerts and one that does not.
    #[must_use]
    pub fn wanted(&self) -> usize {
        2 + 2 * self.predicates.len()
    }

    /// How much of it the tests show.
    #[must_use]
    pub fn shown(&self) -> usize {
        let sides = self.predicates.iter().map(|sight| usize::from(sight.held) + usize::from(sight.failed));
        usize::from(self.alerts) + usize::from(self.keeps_quiet) + sides.sum::<usize>()
    }

    /// Whether nothing is left open.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.shown() == self.wanted()
    }
}

/// The filters of a rule: its own, then those of its suppressions.
pub(super) fn filters(rule: &Rule) -> impl Iterator<Item = (Site, &Expr)> {
    let hiding = rule.suppressions.iter().enumerate();
    let hiding = hiding.map(|(place, suppression)| (Site::Suppression(place), &suppression.filter));
    std::iter::once((Site::Filter, &rule.filter)).chain(hiding)
}

fn sights(site: Site, filter: &Expr, events: &[Event], lists: &Lists) -> Vec<Sight> {
    let sight = |predicate: &crate::language::expr::Predicate| {
        let asked = Filter::new(Expr::Predicate(predicate.clone()), lists);
        let saw = |verdict| events.iter().any(|event| asked.evaluate(event) == verdict);
        Sight {
            site,
            span: predicate.span,
            text: predicate.to_string(),
            held: saw(Verdict::Match),
            failed: saw(Verdict::NoMatch),
        }
    };
    filter.predicates().into_iter().map(sight).collect()
}
