//! How much the tests of rules are worth: what they leave open, and which changes they do not notice.

use super::places::{Places, Spot};
use crate::cli::progress::Progress;
use oxpecker_engine::lists::Lists;
use oxpecker_engine::rule::{Collected, RuleSet};
use oxpecker_engine::trial::coverage::Coverage;
use oxpecker_engine::trial::mutation::{self, Outcome};
use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// A share of something, which 100 % is only as a whole and 0 % only as nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) part: usize,
    pub(super) whole: usize,
}

impl Share {
    /// In tenths of a percent, rounded away from what is whole and from what is nothing.
    fn tenths(self) -> usize {
        let Some(tenths) = (self.part * 1_000).checked_div(self.whole) else { return 0 };
        if tenths == 0 { usize::from(self.part > 0) } else { tenths }
    }

    pub(super) fn percent(self) -> f64 {
        f64::from(u32::try_from(self.tenths()).unwrap_or(u32::MAX)) / 10.0
    }

    /// Whether it is at least so many percent. Of nothing there is enough.
    pub(super) fn reaches(self, percent: u8) -> bool {
        self.part * 100 >= usize::from(percent) * self.whole
    }

    /// Whether it is at most so many percent.
    pub(super) fn keeps_to(self, percent: u8) -> bool {
        self.part * 100 <= usize::from(percent) * self.whole
    }
}

/// What the tests of all rules leave open.
pub(super) struct Covered<'r> {
    pub(super) share: Share,
    pub(super) predicates: usize,
    pub(super) gaps: Vec<Gap<'r>>,
}

/// A rule that its tests leave open.
pub(super) struct Gap<'r> {
    pub(super) rule: &'r str,
    pub(super) no_alert: bool,
    pub(super) no_quiet: bool,
    pub(super) unseen: Vec<Unseen>,
}

/// A predicate that no test has seen both true and false.
pub(super) struct Unseen {
    pub(super) spot: Spot,
    pub(super) text: String,
    pub(super) held: bool,
    pub(super) failed: bool,
}

impl Unseen {
    /// What no test has seen.
    pub(super) fn never(&self) -> &'static str {
        match (self.held, self.failed) {
            (false, false) => "never true nor false",
            (false, true) => "never true",
            _ => "never false",
        }
    }
}

/// What the tests of some rules leave open.
pub(super) fn coverage<'r>(rules: &[&'r Collected], lists: &Lists, places: &Places<'_>) -> Covered<'r> {
    let mut all = Covered { share: Share::default(), predicates: 0, gaps: Vec::new() };
    for collected in rules {
        let coverage = Coverage::of(&collected.rule, lists);
        all.share.part += coverage.shown();
        all.share.whole += coverage.wanted();
        all.predicates += coverage.predicates.len();
        if coverage.is_full() {
            continue;
        }
        let open = coverage.predicates.into_iter().filter(|sight| !(sight.held && sight.failed));
        let unseen = open.map(|sight| Unseen {
            spot: places.in_filter(collected, sight.site, sight.span),
            text: sight.text,
            held: sight.held,
            failed: sight.failed,
        });
        all.gaps.push(Gap {
            rule: &collected.rule.id,
            no_alert: !coverage.alerts,
            no_quiet: !coverage.keeps_quiet,
            unseen: unseen.collect(),
        });
    }
    all
}

/// What the tests of all rules make of changes.
pub(super) struct Mutated<'r> {
    pub(super) share: Share,
    pub(super) unnoticed: Vec<Unnoticed<'r>>,
}

/// A change that no test notices.
pub(super) struct Unnoticed<'r> {
    pub(super) rule: &'r str,
    pub(super) spot: Spot,
    pub(super) before: String,
    pub(super) after: String,
}

/// Tries each change of some rules, on all processors: what becomes of one rule has no part in another.
pub(super) fn mutate<'r>(rules: &[&'r Collected], set: &RuleSet, places: &Places<'_>) -> Mutated<'r> {
    let mut all = Mutated { share: Share::default(), unnoticed: Vec::new() };
    for (collected, outcome) in rules.iter().zip(outcomes(rules, set)) {
        all.share.part += outcome.unnoticed.len();
        all.share.whole += outcome.tried;
        all.unnoticed.extend(outcome.unnoticed.into_iter().map(|change| Unnoticed {
            rule: &collected.rule.id,
            spot: places.of_part(collected, change.part),
            before: change.before,
            after: change.after,
        }));
    }
    all
}

fn outcomes(rules: &[&Collected], set: &RuleSet) -> Vec<Outcome> {
    let progress = Progress::steps(rules.len(), "rules");
    let (next, done) = (AtomicUsize::new(0), Mutex::new(vec![Outcome::default(); rules.len()]));
    let work = || {
        while let Some((place, collected)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|place| Some((place, rules.get(place)?)))
        {
            let outcome = mutation::try_all(collected, set);
            if let Ok(mut done) = done.lock()
                && let Some(slot) = done.get_mut(place)
            {
                *slot = outcome;
            }
            progress.step();
        }
    };
    thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        (0..threads).for_each(|_| drop(scope.spawn(work)));
    });
    progress.end();
    done.into_inner().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::Share;

    #[test]
    fn only_the_whole_is_a_hundred_percent_and_only_nothing_is_none() {
        let percent = |part, whole| Share { part, whole }.percent();
        assert_eq!((percent(9_999, 10_000), percent(10_000, 10_000)), (99.9, 100.0));
        assert_eq!((percent(1, 100_000), percent(0, 10)), (0.1, 0.0));
        assert!(
            Share { part: 9_999, whole: 10_000 }.keeps_to(100) && !Share { part: 9_999, whole: 10_000 }.reaches(100)
        );
        assert!(Share { part: 5, whole: 100 }.keeps_to(5) && !Share { part: 51, whole: 1_000 }.keeps_to(5));
        assert!(Share::default().reaches(100) && Share::default().keeps_to(0));
    }
}
