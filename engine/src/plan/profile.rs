//! Where the work of events goes, rule by rule and predicate by predicate; counted only for those who ask for it.

use super::compile::Guarded;
use super::index::PredicateId;

/// What each rule and each predicate cost so far, and what wakes each rule.
#[derive(Debug, Clone, Default)]
pub struct Profile {
    /// By column.
    pub rules: Vec<RuleProfile>,
    /// Each distinct predicate.
    pub predicates: Vec<PredicateProfile>,
}

/// A rule or a plain filter.
#[derive(Debug, Clone, Default)]
pub struct RuleProfile {
    /// Events for which it ran its program.
    pub woken: u64,
    /// Predicates of which one must hold to wake it, by place; none where nothing can wake it, so that it runs for every
    /// event.
    pub woken_by: Vec<usize>,
    /// Another one that must hold then.
    pub second: Option<usize>,
}

/// A predicate, in its positive form.
#[derive(Debug, Clone, Default)]
pub struct PredicateProfile {
    /// Its canonical text.
    pub text: String,
    /// Events for which its answer was found by asking, not by looking it up.
    pub asked: u64,
    /// How often the answer was yes then.
    pub held: u64,
}

impl Profile {
    pub(super) fn new(guarded: &[Guarded], texts: Vec<String>) -> Self {
        let place = |predicate: &PredicateId| *predicate as usize;
        let rule = |guarded: &Guarded| match guarded {
            None => RuleProfile::default(),
            Some((guard, second)) => RuleProfile {
                woken: 0,
                woken_by: guard.iter().map(place).collect(),
                second: second.as_ref().map(place),
            },
        };
        let predicate = |text| PredicateProfile { text, ..PredicateProfile::default() };
        Self { rules: guarded.iter().map(rule).collect(), predicates: texts.into_iter().map(predicate).collect() }
    }

    pub(super) fn woke(&mut self, column: u32) {
        if let Some(rule) = self.rules.get_mut(column as usize) {
            rule.woken += 1;
        }
    }

    pub(super) fn asked(&mut self, predicate: PredicateId, holds: bool) {
        if let Some(predicate) = self.predicates.get_mut(predicate as usize) {
            predicate.asked += 1;
            predicate.held += u64::from(holds);
        }
    }
}
