//! Changes of a rule that its tests ought to notice: one operator, value or part at a time.
//!
//! A change that no test notices is a mistake that nobody would have noticed either. Those that would change nothing but
//! in odd cases are left out: what is dropped is dropped where its part decides something, and a threshold of 1 says
//! nothing of windows.
//!
//! A mutant is compiled from the tree, as the rule itself is from its text, and runs the rule's tests in an engine of its
//! own with no other rule: what other rules do has no part in what becomes of this one.

mod predicate;
mod tree;

use super::coverage::{Site, filters};
use crate::Span;
use crate::engine::{Engine, Request};
use crate::language::Expr;
use crate::rule::{Collected, Rule, RuleSet, RuleTest};

/// One change of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What is changed.
    pub part: Part,
    /// What stands there.
    pub before: String,
    /// What stands there after the change; nothing where something is dropped.
    pub after: String,
}

/// What a change changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A part of a filter, by its place in the filter's text.
    Filter(Site, Span),
    /// A suppression, by its place in the rule's list.
    Suppression(usize),
    /// How many events make an alert.
    Threshold,
}

/// What the tests of a rule make of its mutants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// How many changes were tried.
    pub tried: usize,
    /// Those that no test noticed, from left to right.
    pub unnoticed: Vec<Change>,
}

/// Tries each change of a rule on its tests. `set` is where the rule's lists are. Tests that fail on the rule as it is
/// notice nothing.
#[must_use]
pub fn try_all(collected: &Collected, set: &RuleSet) -> Outcome {
    let tests: Vec<&RuleTest> = collected.rule.tests.iter().collect();
    let sound = failing(collected, set, &tests);
    let tests: Vec<&RuleTest> =
        tests.into_iter().zip(sound).filter(|(_, fails)| !fails).map(|(test, _)| test).collect();
    let mut outcome = Outcome::default();
    for (change, rule) in mutants(&collected.rule) {
        outcome.tried += 1;
        if !is_noticed(&Collected { rule, ..collected.clone() }, set, &tests) {
            outcome.unnoticed.push(change);
        }
    }
    outcome
}

fn engine(collected: &Collected, set: &RuleSet) -> Engine {
    // The tests are fed, not read again.
    let mut alone = collected.clone();
    alone.rule.tests = Vec::new();
    let set = RuleSet { rules: vec![alone], lists: set.lists.clone(), ..RuleSet::default() };
    Engine::of_rules(set, &Request { shadow_alerts: true, ..Request::default() })
}

/// For each test whether it fails.
fn failing(collected: &Collected, set: &RuleSet, tests: &[&RuleTest]) -> Vec<bool> {
    let mut engine = engine(collected, set);
    tests.iter().map(|test| super::run(&mut engine, 0, &test.events).failure(test).is_some()).collect()
}

fn is_noticed(mutant: &Collected, set: &RuleSet, tests: &[&RuleTest]) -> bool {
    let mut engine = engine(mutant, set);
    tests.iter().any(|test| super::run(&mut engine, 0, &test.events).failure(test).is_some())
}

/// Each change of a rule, with the rule as it is then.
fn mutants(rule: &Rule) -> Vec<(Change, Rule)> {
    let bare = Rule { tests: Vec::new(), ..rule.clone() };
    let mut out = Vec::new();
    for (site, filter) in filters(&bare) {
        for variant in tree::variants(filter) {
            let part = Part::Filter(site, variant.span);
            out.push((Change { part, before: variant.before, after: variant.after }, with(&bare, site, variant.expr)));
        }
    }
    for place in 0..bare.suppressions.len() {
        out.push(without_suppression(&bare, place));
    }
    thresholds(&bare, &mut out);
    out
}

fn with(rule: &Rule, site: Site, filter: Expr) -> Rule {
    let mut rule = rule.clone();
    match site {
        Site::Filter => rule.filter = filter,
        Site::Suppression(place) => {
            if let Some(suppression) = rule.suppressions.get_mut(place) {
                suppression.filter = filter;
            }
        }
    }
    rule
}

fn without_suppression(rule: &Rule, place: usize) -> (Change, Rule) {
    let mut rule = rule.clone();
    let before = format!("suppression: {}", rule.suppressions.remove(place).filter);
    (Change { part: Part::Suppression(place), before, after: String::new() }, rule)
}

/// A threshold one higher and one lower, and one over distinct values counting events. A single event of a test alerts
/// whatever the threshold, so one of 1 stays as it is.
fn thresholds(rule: &Rule, out: &mut Vec<(Change, Rule)>) {
    if rule.threshold == 1 {
        return;
    }
    for threshold in [rule.threshold + 1, rule.threshold - 1] {
        let (before, after) = (format!("threshold: {}", rule.threshold), format!("threshold: {threshold}"));
        out.push((Change { part: Part::Threshold, before, after }, Rule { threshold, ..rule.clone() }));
    }
    if let Some(key) = &rule.distinct {
        let (before, after) = (format!("distinct: {key}"), String::new());
        out.push((Change { part: Part::Threshold, before, after }, Rule { distinct: None, ..rule.clone() }));
    }
}
