//! What a peer is: rules in, then lines of JSON in and the number of matches of each rule out.

use crate::neutral::Rule;
use std::path::Path;

/// A rule set in both its forms.
pub struct Sources<'s> {
    /// The neutral form.
    pub rules: &'s [Rule],
    /// The rule file of Oxpecker.
    pub file: &'s Path,
}

/// Makes an engine from a rule set.
pub type Load = fn(&Sources<'_>) -> anyhow::Result<Box<dyn Engine>>;

/// One engine with its rules loaded.
pub trait Engine {
    /// Of each rule, whether the engine's language can say it.
    fn expressed(&self) -> &[bool];

    /// Matches each line against all rules and adds to the counts, one for each rule. From the bytes of the JSON to the
    /// verdicts, everything is inside: this is what is timed.
    fn count(&mut self, lines: &[&[u8]], counts: &mut [u64]);
}

/// A row of the table.
pub struct Peer {
    /// How it is called on the command line.
    pub id: &'static str,
    /// How it is called in the table.
    pub name: &'static str,
    /// The crate whose version stands behind the name, where there is one.
    pub package: Option<&'static str>,
    pub load: Load,
}

/// One compiled rule for each rule that a language can say: what engines share that know no rule sets.
pub struct OneByOne<P> {
    pub expressed: Vec<bool>,
    /// The place of a rule in the set, and the rule.
    pub compiled: Vec<(usize, P)>,
}

impl<P> OneByOne<P> {
    /// Compiles each rule; `compile` gives none for what cannot be said.
    pub fn new(rules: &[Rule], mut compile: impl FnMut(&Rule) -> anyhow::Result<Option<P>>) -> anyhow::Result<Self> {
        let mut all = Self { expressed: Vec::with_capacity(rules.len()), compiled: Vec::new() };
        for (place, rule) in rules.iter().enumerate() {
            let compiled = compile(rule).map_err(|error| error.context(rule.id.clone()))?;
            all.expressed.push(compiled.is_some());
            all.compiled.extend(compiled.map(|program| (place, program)));
        }
        Ok(all)
    }

    /// Adds one to the count of each rule that holds.
    pub fn tally(&self, counts: &mut [u64], mut holds: impl FnMut(&P) -> bool) {
        for (place, program) in &self.compiled {
            counts[*place] += u64::from(holds(program));
        }
    }
}
