//! `oxpecker replay`: rules over events, alerts out.

use super::exit::Answer;
use super::input::{self, InputArgs};
use super::progress::Progress;
use super::summary::{self, Replayed};
use super::{out, rules};
use anyhow::{Result, anyhow, bail};
use clap::{Args, ValueEnum};
use oxpecker::alert::{Alert, State};
use oxpecker::pipeline::{Backend, KeepWindows, Pipeline, Span, Tally, Task};
use oxpecker::render::{alerts, diagnostics};
use oxpecker::sandbox::{Document, Kept, LoadRequest};
use oxpecker_engine::event::Instant as EventTime;
use oxpecker_engine::rule::{self, duration};
use std::collections::{HashMap, VecDeque};
use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

/// Run rules over events: alerts out, and a summary of what was read.
///
/// Exit status: 0 also without an alert; 1 if an alert is as bad as --fail-on says or a rule has errors; 2 if an input
/// cannot be read.
#[derive(Args)]
#[command(after_help = "Examples:\n  aws cloudtrail lookup-events | oxpecker replay -\n  \
    oxpecker replay --rules my-rules/ --fail-on 2 logs/ > alerts.ndjson")]
pub(crate) struct Opts {
    /// A rule file, or a folder of them; may be repeated. Without it the shipped rules run
    #[arg(long, value_name = "PATH")]
    rules: Vec<PathBuf>,
    #[command(flatten)]
    input: InputArgs,
    /// How alerts are printed: a table on a terminal, NDJSON elsewhere
    #[arg(long, short, value_name = "FORM")]
    output: Option<Form>,
    /// Only events from this time on: 2026-01-31T12:00:00Z, 2026-01-31, or 2h for two hours ago
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only events before this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Exit with 1 if there is an alert of this severity or worse (1 is the worst)
    #[arg(long, value_name = "SEVERITY", value_parser = clap::value_parser!(u8).range(1..=3))]
    fail_on: Option<u8>,
    /// Print no summary
    #[arg(long, short)]
    quiet: bool,
}

/// How alerts are printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people
    Table,
    /// One alert record a line
    Ndjson,
}

impl Opts {
    pub(crate) fn run(self) -> Result<Answer> {
        let (request, broken_rules) = self.request()?;
        let span = Span { since: point(self.since.as_deref())?, until: point(self.until.as_deref())? };
        input::catch_interrupts();
        let inputs = self.input.walk()?;
        let backend = self.input.backend()?;
        let mut rejects = self.input.rejects(&inputs)?;
        let progress = Progress::new(&inputs, self.quiet);
        let mut settings = self.input.settings();
        settings.span = span;
        let (begun, now) = (Instant::now(), input::now());
        let (mut pipeline, report) = Pipeline::start(&backend, &request, Task::Detect, inputs, settings, now)?;
        let mut keeper = backend.keeper(&request)?;
        let mut printer = Printer::new(self.form());
        let mut tally = Tally::default();
        let mut replayed =
            Replayed { rules: report.rules, broken_rules, engine: engine(&backend), ..Replayed::default() };
        while let Some(done) = pipeline.next(input::interrupted) {
            let done = done?;
            progress.suspend(|| {
                rejects.problems(&done.job.notes);
                tally.count(&done, |rejection| rejects.tell(&rejection))
            })?;
            if !done.result.records.is_empty() {
                let kept = keeper.window(&done.result.records, now)?;
                progress.suspend(|| printer.take(kept, &mut replayed))?;
            }
            progress.update(pipeline.bytes_read(), tally.read, replayed.alerts.iter().sum());
        }
        progress.end();
        printer.take(keeper.flush()?, &mut replayed)?;
        printer.finish(&mut replayed)?;
        rejects.finish()?;
        replayed.evicted = evicted(keeper.as_mut());
        let stats = pipeline.stats();
        if !self.quiet {
            summary::replay(&tally, &replayed, &stats, begun.elapsed());
        }
        self.answer(&tally, &replayed)
    }

    /// Reads the rules, shows what is wrong with them, and asks for those without errors to be loaded.
    fn request(&self) -> Result<(LoadRequest, u64)> {
        let files = rules::read(&self.rules)?;
        let sources: Vec<rule::Source<'_>> =
            files.iter().map(|file| rule::Source { name: &file.name, bytes: &file.bytes }).collect();
        let (set, problems) = rule::load(&sources, rule::ListValues::new(), &rule::Limits::default());
        let mut broken = 0;
        for (place, file) in files.iter().enumerate() {
            let found = problems.iter().filter(|problem| problem.source == place);
            let found: Vec<_> = found.map(|problem| problem.diagnostic.clone()).filter(|problem| problem.is_error()).collect();
            broken += found.len() as u64;
            let text = String::from_utf8_lossy(&file.bytes);
            diagnostics::print(&file.name, &text, &found, out::colour_on_stderr());
        }
        if set.rules.is_empty() {
            bail!("there are no rules to run");
        }
        let documents = files.into_iter().filter_map(|file| {
            // A file that is no text was reported above and holds no rules.
            let text = String::from_utf8(file.bytes).ok()?;
            Some(Document { name: file.name, text })
        });
        let mut request = LoadRequest {
            documents: documents.collect(),
            event_type: self.input.event_type.clone(),
            ..LoadRequest::default()
        };
        if broken > 0 {
            request.options.insert("lenient".into(), true.into());
        }
        Ok((request, broken))
    }

    fn form(&self) -> Form {
        self.output.unwrap_or(if out::stdout_is_terminal() { Form::Table } else { Form::Ndjson })
    }

    fn answer(&self, tally: &Tally, replayed: &Replayed) -> Result<Answer> {
        if input::interrupted() {
            return Ok(Answer::Interrupted);
        }
        summary::must_add_up(tally)?;
        if tally.broken_inputs > 0 {
            bail!("{} could not be read to the end", summary::count(tally.broken_inputs, "input"));
        }
        let worst = replayed.alerts.iter().position(|count| *count > 0).map(|place| place + 1);
        let fails = self.fail_on.is_some_and(|limit| worst.is_some_and(|worst| worst <= usize::from(limit)));
        Ok(Answer::from_bool(!fails && replayed.broken_rules == 0))
    }
}

/// What the summary says of the engine.
fn engine(backend: &Backend) -> String {
    match backend {
        Backend::Native => "engine: native, without the sandbox".to_owned(),
        Backend::Sandbox(module, _) => {
            format!("engine: oxpecker.wasm {} in the sandbox", module.hash().chars().take(12).collect::<String>())
        }
    }
}

fn evicted(keeper: &mut dyn KeepWindows) -> u64 {
    let stats = keeper.stats().ok();
    stats.and_then(|stats| stats.get("evicted_groups")?.as_u64()).unwrap_or(0)
}

/// A point in time: RFC 3339, a day (its beginning in UTC), or a duration before now.
fn point(text: Option<&str>) -> Result<Option<i64>> {
    let Some(text) = text else { return Ok(None) };
    if let Some(seconds) = duration::parse(text) {
        return Ok(Some(input::now().saturating_sub(i64::try_from(seconds)?.saturating_mul(1_000))));
    }
    let instant = EventTime::parse(text).or_else(|| EventTime::parse(&format!("{text}T00:00:00Z")));
    let instant = instant.ok_or_else(|| {
        anyhow!("`{text}` is no time: write 2026-01-31T12:00:00Z, 2026-01-31, or 2h for two hours ago")
    })?;
    Ok(Some(instant.milliseconds()))
}

/// Prints each alert once, with its final counts, in the order in which the alerts fired.
struct Printer {
    form: Form,
    /// Alerts that have fired, in order; what is final at the front is printed.
    waiting: VecDeque<String>,
    last: HashMap<String, Alert>,
    printed: u64,
}

impl Printer {
    fn new(form: Form) -> Self {
        Self { form, waiting: VecDeque::new(), last: HashMap::new(), printed: 0 }
    }

    fn take(&mut self, kept: Kept, replayed: &mut Replayed) -> Result<()> {
        replayed.windows_lost += kept.windows_lost;
        replayed.records_dropped += kept.records_dropped;
        for alert in kept.alerts {
            if alert.state == State::Fired {
                if let Some(count) = replayed.alerts.get_mut(usize::from(alert.severity.saturating_sub(1))) {
                    *count += 1;
                }
                self.waiting.push_back(alert.alert_id.clone());
            }
            self.last.insert(alert.alert_id.clone(), alert);
        }
        let is_final = |alert: &Alert| alert.state == State::Final;
        while self.waiting.front().is_some_and(|id| self.last.get(id).is_some_and(is_final)) {
            self.print_first()?;
        }
        Ok(())
    }

    /// Prints what is left: alerts whose windows were lost have no final form, their last one stands.
    fn finish(&mut self, replayed: &mut Replayed) -> Result<()> {
        self.take(Kept::default(), replayed)?;
        while !self.waiting.is_empty() {
            self.print_first()?;
        }
        Ok(())
    }

    fn print_first(&mut self) -> Result<()> {
        let Some(alert) = self.waiting.pop_front().and_then(|id| self.last.remove(&id)) else { return Ok(()) };
        let mut out = out::stdout();
        match self.form {
            Form::Ndjson => writeln!(out, "{}", alert.line())?,
            Form::Table => {
                let colour = out::colour_on_stdout();
                if self.printed == 0 {
                    writeln!(out, "{}", alerts::header(colour))?;
                }
                writeln!(out, "{}", alerts::row(&alert, colour))?;
            }
        }
        self.printed += 1;
        Ok(out::finish(out)?)
    }
}
