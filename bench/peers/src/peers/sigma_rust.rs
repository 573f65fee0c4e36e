//! sigma-rust: one rule after the other over its own tree.

use crate::peer::{Engine, OneByOne, Sources};
use crate::peers::sigma;
use sigma_rust::{Event, Rule, rule_from_yaml};

struct SigmaRust(OneByOne<Rule>);

pub fn load(sources: &Sources<'_>) -> anyhow::Result<Box<dyn Engine>> {
    let rules = OneByOne::new(sources.rules, |rule| {
        let Some(text) = sigma::written(rule, 0, false) else { return Ok(None) };
        rule_from_yaml(&text).map(Some).map_err(|error| anyhow::anyhow!("{text}: {error}"))
    })?;
    Ok(Box::new(SigmaRust(rules)))
}

impl Engine for SigmaRust {
    fn expressed(&self) -> &[bool] {
        &self.0.expressed
    }

    fn count(&mut self, lines: &[&[u8]], counts: &mut [u64]) {
        for line in lines {
            let Ok(event) = serde_json::from_slice::<Event>(line) else { continue };
            self.0.tally(counts, |rule| rule.is_match(&event));
        }
    }
}
