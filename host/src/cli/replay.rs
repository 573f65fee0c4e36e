//! `oxpecker replay`: rules over events, alerts out.

use super::announce::{Announcer, Form, Pending};
use super::exit::Answer;
use super::input::{self, InputArgs};
use super::progress::Progress;
use super::summary::{self, Replayed};
use super::{out, rules, state};
use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use oxpecker::pipeline::{Backend, KeepWindows, Pipeline, Sorter, Span, Tally, Task};
use oxpecker::render::diagnostics;
use oxpecker::sandbox::{Document, LoadRequest};
use oxpecker_engine::event::Instant as EventTime;
use oxpecker_engine::rule::{self, duration};
use std::path::PathBuf;
use std::time::Instant;

/// Run rules over events: alerts out, and a summary of what was read.
///
/// Alerts come at the end, in the order of event time, whatever the order of the files; with --live they come at once.
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
    /// Begin with the windows that an earlier run left in this file, and leave the open ones in it
    #[arg(long, value_name = "FILE", conflicts_with = "live")]
    state: Option<PathBuf>,
    /// With --state: close all windows at the end, as after the last part of a stream
    #[arg(long, requires = "state")]
    close: bool,
    /// Print alerts as they fire, in the order of arrival, for input that goes on
    #[arg(long)]
    live: bool,
    /// Exit with 1 if there is an alert of this severity or worse (1 is the worst)
    #[arg(long, value_name = "SEVERITY", value_parser = clap::value_parser!(u8).range(1..=3))]
    fail_on: Option<u8>,
    /// Print no summary
    #[arg(long, short)]
    quiet: bool,
}

/// Bytes of detections that go to the windows in one call.
const CHUNK: usize = 256 << 10;

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
        let replayed = Replayed { rules: report.rules, broken_rules, engine: engine(&backend), ..Replayed::default() };
        let mut windows = WindowStage::start(&self, backend.keeper(&request)?, replayed, now)?;
        let mut tally = Tally::default();
        while let Some(done) = pipeline.next(input::interrupted) {
            let done = done?;
            progress.suspend(|| {
                rejects.problems(&done.job.notes);
                tally.count(&done, |rejection| rejects.tell(&rejection))?;
                windows.take(&done.result.records)
            })?;
            progress.update(pipeline.bytes_read(), tally.read, windows.detections);
        }
        progress.end();
        rejects.finish()?;
        let replayed = windows.finish()?;
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

/// From detections to alerts.
///
/// Detections are collected, sorted by event time, and then put into windows, so that the order of the files changes
/// nothing. Live, they go into windows as they come.
struct WindowStage<'o> {
    opts: &'o Opts,
    keeper: Box<dyn KeepWindows>,
    announcer: Announcer,
    replayed: Replayed,
    sorter: Sorter,
    now: i64,
    detections: u64,
}

impl<'o> WindowStage<'o> {
    fn start(opts: &'o Opts, mut keeper: Box<dyn KeepWindows>, replayed: Replayed, now: i64) -> Result<Self> {
        let mut pending = Pending::default();
        if let Some(path) = &opts.state
            && let Some((alerts, windows)) = state::read(path)?
        {
            let cannot = || format!("{} does not fit; remove it to begin anew", path.display());
            let restored = keeper.restore(&windows).with_context(cannot)?;
            if restored.dropped > 0 && !opts.quiet {
                out::say(&format!(
                    "note: {} of rules that are gone or changed left out",
                    summary::count(restored.dropped, "saved window")
                ));
            }
            pending = alerts;
        }
        let form = opts.output.unwrap_or(if out::stdout_is_terminal() { Form::Table } else { Form::Ndjson });
        let announcer = Announcer::new(form, opts.live, pending)?;
        Ok(Self { opts, keeper, announcer, replayed, sorter: Sorter::default(), now, detections: 0 })
    }

    /// Takes the detections of a job, one a line.
    fn take(&mut self, records: &[u8]) -> Result<()> {
        for line in records.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            self.detections += 1;
            if !self.opts.live {
                self.sorter.push(line).context("cannot write a temporary file")?;
            }
        }
        if self.opts.live { self.window(records) } else { Ok(()) }
    }

    fn window(&mut self, records: &[u8]) -> Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        let kept = self.keeper.window(records, self.now)?;
        self.announcer.take(kept, &mut self.replayed)
    }

    fn finish(mut self) -> Result<Replayed> {
        let mut sorted = std::mem::take(&mut self.sorter).sorted().context("cannot read a temporary file")?;
        let mut chunk = Vec::new();
        while let Some(line) = sorted.next_line().context("cannot read a temporary file")? {
            chunk.extend(line);
            chunk.push(b'\n');
            if chunk.len() >= CHUNK {
                self.window(&chunk)?;
                chunk.clear();
            }
        }
        self.window(&chunk)?;
        let leave_open = self.opts.state.is_some() && !self.opts.close;
        let saved = if leave_open { Some(self.keeper.save()?) } else { None };
        while !leave_open {
            let kept = self.keeper.flush()?;
            if kept.alerts.is_empty() {
                self.replayed.windows_lost += kept.windows_lost;
                break;
            }
            self.announcer.take(kept, &mut self.replayed)?;
        }
        self.replayed.windows = self.keeper.stats().unwrap_or_default();
        let pending = self.announcer.finish(leave_open)?;
        if let Some(path) = &self.opts.state {
            let windows = saved.map_or_else(|| self.keeper.save(), Ok)?;
            state::write(path, pending, windows)?;
        }
        Ok(self.replayed)
    }
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
