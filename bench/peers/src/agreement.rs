//! Whether an engine counts what Oxpecker counts.

use crate::neutral::Rule;
use crate::peer::Engine;

/// The outcome for one engine and one rule set.
pub struct Agreement {
    pub rules: usize,
    /// How many rules the engine's language can say.
    pub expressed: usize,
    /// Rules that it can say and counts otherwise: the rule, its count and Oxpecker's.
    pub differing: Vec<(String, u64, u64)>,
    /// How many of the rules that it can say match at all.
    pub matching: usize,
    /// On how many events that was asked.
    pub events: usize,
}

impl Agreement {
    pub fn of(rules: &[Rule], engine: &mut dyn Engine, oracle: &mut dyn Engine, sample: &[&[u8]]) -> Self {
        let (mut counts, mut wanted) = (vec![0; rules.len()], vec![0; rules.len()]);
        engine.count(sample, &mut counts);
        oracle.count(sample, &mut wanted);
        let mut found =
            Self { rules: rules.len(), expressed: 0, differing: Vec::new(), matching: 0, events: sample.len() };
        for (place, _) in engine.expressed().iter().enumerate().filter(|(_, expressed)| **expressed) {
            found.expressed += 1;
            found.matching += usize::from(wanted[place] > 0);
            if counts[place] != wanted[place] {
                found.differing.push((rules[place].id.clone(), counts[place], wanted[place]));
            }
        }
        found
    }
}
