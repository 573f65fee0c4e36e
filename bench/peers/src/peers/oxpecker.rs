//! Oxpecker's engine as a library, without the sandbox.

use crate::peer::{Engine, Sources};
use anyhow::anyhow;
use oxpecker_engine::matcher::Outcome;
use oxpecker_engine::{Engine as Native, Request};

struct Oxpecker {
    engine: Native,
    expressed: Vec<bool>,
}

pub fn load(sources: &Sources<'_>) -> anyhow::Result<Box<dyn Engine>> {
    let bytes = std::fs::read(sources.file)?;
    let request = Request { documents: vec![(sources.file.display().to_string(), bytes)], ..Request::default() };
    let (engine, report) = Native::load(&request)
        .map_err(|report| anyhow!("{} has {} problems", sources.file.display(), report.problems.len()))?;
    let same = report.rule_ids.iter().zip(sources.rules).all(|(id, rule)| *id == rule.id);
    anyhow::ensure!(same && report.rules == sources.rules.len(), "the two forms of the rule set differ");
    Ok(Box::new(Oxpecker { engine, expressed: vec![true; report.rules] }))
}

impl Engine for Oxpecker {
    fn expressed(&self) -> &[bool] {
        &self.expressed
    }

    fn count(&mut self, lines: &[&[u8]], counts: &mut [u64]) {
        for line in lines {
            let Ok(hits) = self.engine.verdicts(line) else { continue };
            for hit in hits.iter().filter(|hit| hit.outcome == Outcome::Matched) {
                counts[hit.column] += 1;
            }
        }
    }
}
