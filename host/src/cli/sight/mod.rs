//! `rules --can-fire`: which rules see nothing in a corpus, and why.
//!
//! What must hold for a rule to match is asked of every event, step by step: its first condition, the first two together,
//! and so on, each as a filter of its own beside the rules. So one pass in bounded memory tells how far events came, and
//! where a step has none, whether they have the keys that it asks for. A rule that the same pass saw match is never
//! called blind. What matched is counted from the verdicts, so it outlives an instance of the sandbox that is lost; only what
//! suppressions hid is the instances' own number, and a match that one hid before its instance was lost counts as seen.

mod question;
mod reason;
mod report;

use super::input::{self, InputArgs};
use super::loaded::Loaded;
use super::progress::Progress;
use super::summary;
use anyhow::{Result, bail};
use oxpecker::pipeline::{Evaluated, Pipeline, Tally, Task};
use oxpecker::sandbox::LoadRequest;
use question::{Conditions, Questions};
use reason::{Sight, sight};
use serde_json::Value;

pub(crate) use report::{as_json, as_text, summary as closing};

/// What a corpus shows of each rule, in the order of the rules.
pub(crate) struct Sights<'r> {
    pub(crate) rules: Vec<(&'r str, Sight)>,
    pub(crate) events: u64,
}

/// How many events each question and each rule matched.
struct Counts {
    events: u64,
    /// Those of the rules, then those of the questions.
    columns: Vec<Column>,
    rules: usize,
    /// Instances of the sandbox that were replaced. Each new one is tried on an empty object first, and counts it.
    replaced: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Column {
    matched: u64,
    suppressed: u64,
    undecided: u64,
}

impl Counts {
    fn add(&mut self, result: &Evaluated) {
        self.events += result.evaluated;
        self.replaced += result.replaced;
        self.columns.resize(result.counts.len().max(self.columns.len()), Column::default());
        for (sum, counts) in self.columns.iter_mut().zip(&result.counts) {
            sum.matched += counts.matched;
            sum.undecided += counts.undecided;
        }
    }

    /// Verdicts do not tell what a suppression hides; evaluators count it. Less what new instances were tried on: rather
    /// too few, so that no rule that fires is told to be hidden.
    fn add_suppressed(&mut self, all: &[Value]) {
        for stats in all {
            let columns = stats.get("rules").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            for (sum, column) in self.columns.iter_mut().zip(columns) {
                sum.suppressed += column.get("suppressed").and_then(Value::as_u64).unwrap_or(0);
            }
        }
        self.columns.iter_mut().for_each(|sum| sum.suppressed = sum.suppressed.saturating_sub(self.replaced));
    }

    fn rule(&self, place: usize) -> Column {
        self.columns.get(place).copied().unwrap_or_default()
    }

    /// How many events a question matched.
    fn of_question(&self, question: usize) -> u64 {
        self.columns.get(self.rules + question).map_or(0, |column| column.matched)
    }
}

/// Runs rules and questions over the inputs.
pub(crate) fn run<'r>(mut request: LoadRequest, loaded: &'r Loaded, args: &InputArgs) -> Result<Sights<'r>> {
    let mut questions = Questions::default();
    let rules = &loaded.set.rules;
    let asked: Vec<Conditions> = rules.iter().map(|collected| questions.about(&collected.rule)).collect();
    request.filters = questions.filters();
    let counts = count(&request, rules.len(), args)?;
    let rules = rules.iter().zip(&asked).enumerate();
    let told = rules
        .map(|(place, (collected, asked))| (collected.rule.id.as_str(), sight(asked, &counts, counts.rule(place))));
    Ok(Sights { rules: told.collect(), events: counts.events })
}

fn count(request: &LoadRequest, rules: usize, args: &InputArgs) -> Result<Counts> {
    input::catch_interrupts();
    let inputs = args.walk()?;
    let mut rejects = args.rejects(&inputs)?;
    let progress = Progress::new(&inputs, false);
    let (mut pipeline, _) =
        Pipeline::start(&args.backend()?, request, Task::Count, inputs, args.settings(), input::now())?;
    let mut tally = Tally::default();
    let mut counts = Counts { events: 0, columns: Vec::new(), rules, replaced: 0 };
    while let Some(done) = pipeline.next(input::interrupted) {
        let done = done?;
        progress.suspend(|| {
            rejects.problems(&done.job.notes);
            tally.count(&done, |rejection| rejects.tell(&rejection))
        })?;
        counts.add(&done.result);
        progress.update(pipeline.bytes_read(), tally.read, 0);
        pipeline.give_back(done.job);
    }
    progress.end();
    rejects.finish()?;
    summary::must_add_up(&tally)?;
    if input::interrupted() {
        bail!("interrupted");
    }
    summary::must_be_whole(&tally)?;
    counts.add_suppressed(&pipeline.stats());
    Ok(counts)
}
