//! `oxpecker eval`: search with a filter.

use super::exit::Answer;
use super::input::{self, InputArgs};
use super::out;
use super::progress::Progress;
use super::summary;
use anyhow::{Result, bail};
use clap::Args;
use oxpecker::lists::ListFiles;
use oxpecker::pipeline::{Pipeline, Tally, Task};
use oxpecker::render::diagnostics;
use oxpecker::sandbox::LoadRequest;
use oxpecker_engine::language::{self, Limits};
use oxpecker_engine::problem::{Diagnostic, Sink};
use std::io::Write;
use std::time::Instant;

/// Search: print the events that a filter matches, byte for byte.
///
/// Exit status: 0 if an event matched, 1 if none did, 2 if the filter or an input cannot be read.
#[derive(Args)]
#[command(after_help = "Examples:\n  oxpecker eval 'eventSource = \"ssm.amazonaws.com\" and error != null' logs/\n  \
    zcat trail.json.gz | oxpecker eval --count 'ip != \"10.0.0.0/8\" and user = \"root\"' -")]
pub(crate) struct Opts {
    /// The filter, such as: eventName = "StartSession" and mfaUsed != "true"
    filter: String,
    #[command(flatten)]
    input: InputArgs,
    /// Print how many events match, not the events
    #[arg(long)]
    count: bool,
    /// Print the events that do not match (undecided ones are printed by neither)
    #[arg(long)]
    invert: bool,
    /// Say nothing but what was asked for: no warnings, no summary
    #[arg(long, short)]
    quiet: bool,
}

impl Opts {
    pub(crate) fn run(self) -> Result<Answer> {
        let lists = self.input.lists.read()?;
        let filter = self.filter(&lists)?;
        input::catch_interrupts();
        let inputs = self.input.walk()?;
        let backend = self.input.backend()?;
        let mut rejects = self.input.rejects(&inputs)?;
        let progress = Progress::new(&inputs, self.quiet);
        let request = LoadRequest {
            filters: vec![filter],
            lists: lists.request(),
            event_type: self.input.event_type.clone(),
            ..LoadRequest::default()
        };
        let begun = Instant::now();
        let (mut pipeline, _) =
            Pipeline::start(&backend, &request, Task::Search, inputs, self.input.settings(), input::now())?;
        let mut out = out::stdout();
        let mut tally = Tally::default();
        let mut matched = 0u64;
        while let Some(done) = pipeline.next(input::interrupted) {
            let done = done?;
            rejects.problems(&done.job.notes);
            tally.count(&done, |rejection| rejects.tell(&rejection))?;
            matched += done.result.matched.len() as u64;
            if !self.count {
                for event in &done.result.matched {
                    out.write_all(&out::json(done.job.batch.event(*event).unwrap_or_default()))?;
                    out.write_all(b"\n")?;
                }
                out.flush()?;
            }
            progress.update(pipeline.bytes_read(), tally.read, matched);
            pipeline.give_back(done.job);
        }
        progress.end();
        if self.count {
            writeln!(out, "{matched}")?;
        }
        out::finish(out)?;
        rejects.finish()?;
        let stats = pipeline.stats();
        if !self.quiet {
            summary::search(&tally, matched, &stats, begun.elapsed());
        }
        finish(&tally, matched)
    }

    /// The filter to run, its problems shown. `--invert` is the filter's negation, so that undecided stays undecided.
    fn filter(&self, lists: &ListFiles) -> Result<String> {
        let limits = Limits::default();
        let mut parsed = language::parse(&self.filter, &limits);
        if let Some(expr) = &parsed.expr {
            let mut sink = Sink::new();
            let names: Vec<&str> = lists.files.iter().map(|list| list.name.as_str()).collect();
            language::check(expr, &names, &mut sink);
            parsed.problems.extend(sink);
        }
        let failed = parsed.problems.iter().any(Diagnostic::is_error);
        if failed || !self.quiet {
            diagnostics::print("filter", &self.filter, &parsed.problems, out::colour_on_stderr());
        }
        match parsed.expr {
            // The line end keeps a comment at the filter's end from hiding the parenthesis.
            Some(_) if !failed && self.invert => Ok(format!("not ({}\n)", self.filter)),
            Some(_) if !failed => Ok(self.filter.clone()),
            _ => bail!("the filter cannot be used"),
        }
    }
}

/// The exit code says whether something matched, unless an input could not be read.
fn finish(tally: &Tally, matched: u64) -> Result<Answer> {
    if input::interrupted() {
        return Ok(Answer::Interrupted);
    }
    summary::must_add_up(tally)?;
    summary::must_be_whole(tally)?;
    Ok(Answer::from_bool(matched > 0))
}
