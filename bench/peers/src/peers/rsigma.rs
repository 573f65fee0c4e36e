//! rsigma-eval: all rules in one engine with an index, over a tree from serde_json.

use crate::peer::{Engine, Sources};
use crate::peers::sigma;
use anyhow::Context;
use rsigma_eval::Engine as Evaluator;
use rsigma_eval::event::JsonEvent;
use rsigma_parser::parse_sigma_yaml;
use serde_json::Value;

struct Rsigma {
    evaluator: Evaluator,
    expressed: Vec<bool>,
}

pub fn load(sources: &Sources<'_>) -> anyhow::Result<Box<dyn Engine>> {
    let mut expressed = Vec::with_capacity(sources.rules.len());
    let mut parsed = Vec::new();
    for (place, rule) in sources.rules.iter().enumerate() {
        let written = sigma::written(rule, place, true);
        expressed.push(written.is_some());
        let Some(text) = written else { continue };
        let collection = parse_sigma_yaml(&text).map_err(|error| anyhow::anyhow!("{text}: {error}"))?;
        parsed.push(collection.rules.into_iter().next().with_context(|| format!("no rule in {text}"))?);
    }
    let mut evaluator = Evaluator::new();
    let problems = evaluator.add_rules(&parsed);
    anyhow::ensure!(problems.is_empty(), "{:?}", problems.first());
    Ok(Box::new(Rsigma { evaluator, expressed }))
}

impl Engine for Rsigma {
    fn expressed(&self) -> &[bool] {
        &self.expressed
    }

    fn count(&mut self, lines: &[&[u8]], counts: &mut [u64]) {
        for line in lines {
            let Ok(event) = serde_json::from_slice::<Value>(line) else { continue };
            for found in self.evaluator.evaluate(&JsonEvent::borrow(&event)) {
                let place = found.header.rule_title.parse::<usize>();
                place.into_iter().for_each(|place| counts[place] += 1);
            }
        }
    }
}
