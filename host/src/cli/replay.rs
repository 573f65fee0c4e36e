//! `oxpecker replay`: rules over events, alerts out.

use super::announce::{Announcer, Form, Pending};
use super::exit::Answer;
use super::input::{self, InputArgs};
use super::profile::{self, Sample};
use super::progress::Progress;
use super::running::Rules;
use super::summary::{self, Replayed};
use super::windows::WindowStage;
use super::{out, state};
use anyhow::{Result, anyhow, bail};
use clap::Args;
use oxpecker::pipeline::{Backend, Settings, Span, Tally};
use oxpecker::render::safe;
use oxpecker::sandbox::SandboxError;
use oxpecker_engine::event::Instant as EventTime;
use oxpecker_engine::rule::duration;
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
    oxpecker replay --rules my-rules/ --fail-on 2 logs/ > alerts.ndjson\n  \
    oxpecker replay --profile logs/ > alerts.ndjson")]
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
    #[arg(long, value_name = "SEVERITY", value_parser = severity)]
    fail_on: Option<u8>,
    /// After the run, list the rules and predicates that cost most, and why; runs with one worker, so that it counts the
    /// same each time
    #[arg(long)]
    profile: bool,
    /// Print no summary
    #[arg(long, short)]
    quiet: bool,
}

impl Opts {
    pub(crate) fn run(self) -> Result<Answer> {
        let mut rules = Rules::read(&self.rules, &self.input)?;
        if self.profile {
            rules.profile();
        }
        let span = Span { since: point(self.since.as_deref())?, until: point(self.until.as_deref())? };
        if span.since.zip(span.until).is_some_and(|(since, until)| since >= until) {
            bail!("--since is not before --until: no event has such a time");
        }
        input::catch_interrupts();
        let inputs = self.input.walk()?;
        let backend = self.input.backend()?;
        let mut rejects = self.input.rejects(&inputs)?;
        let progress = Progress::new(&inputs, self.quiet);
        let settings = self.settings(span);
        let (begun, now) = (Instant::now(), input::now());
        let ((mut pipeline, report, keeper), broken_rules) = rules.start(&backend, &inputs, &settings, now)?;
        let mut replayed =
            Replayed { rules: report.rules, broken_rules, engine: engine(&backend), ..Replayed::default() };
        let mut windows = WindowStage::new(keeper, self.live, now);
        // With one core there is nobody to fill windows meanwhile.
        if self.state.is_none() && std::thread::available_parallelism().is_ok_and(|cores| cores.get() > 1) {
            windows = windows.goes_ahead();
        }
        let mut announcer = self.announcer(&mut windows, &rules)?;
        let mut sample = Sample::default();
        let mut tally = Tally::default();
        while let Some(done) = pipeline.next(input::interrupted) {
            let mut done = done?;
            progress.suspend(|| {
                rejects.problems(&done.job.notes);
                tally.count(&done, |rejection| rejects.tell(&rejection))?;
                windows.know_inputs(tally.inputs, inputs.len());
                announcer.window_all(&mut windows, &mut done.result.records, &mut replayed)
            })?;
            progress.update(pipeline.bytes_read(), tally.read, windows.detections);
            if self.profile {
                sample.take(done.job.batch);
            } else {
                pipeline.give_back(done.job);
            }
        }
        progress.end();
        rejects.finish()?;
        self.finish(windows, announcer, &mut replayed)?;
        let stats = pipeline.stats();
        if !self.quiet {
            summary::replay(&tally, &replayed, &stats, begun.elapsed());
        }
        if self.profile {
            profile::tell(&stats, &rules.loaded(), &sample, self.input.event_type.clone());
        }
        self.answer(&tally, &replayed)
    }

    /// How events are read and evaluated.
    fn settings(&self, span: Span) -> Settings {
        let mut settings = Settings { span, keep_events: self.profile, ..self.input.settings() };
        if self.profile {
            // What evaluating an event costs depends on those that the same worker saw before: with several of them, counts
            // would differ from run to run.
            if settings.jobs != 1 && self.input.tells_jobs() && !self.quiet {
                out::say("note: --profile runs with one worker, whatever --jobs says");
            }
            settings.jobs = 1;
        }
        settings
    }

    /// Who prints the alerts; with --state, windows and alerts of the run before are taken over.
    fn announcer(&self, windows: &mut WindowStage, rules: &Rules) -> Result<Announcer> {
        let mut pending = Pending::default();
        if let Some(path) = &self.state
            && let Some((alerts, saved)) = state::read(path)?
        {
            let restored = windows.restore(&saved).map_err(|error| match error {
                // The file's fault and not ours.
                SandboxError::Refused { status, .. } => {
                    anyhow!("{} does not fit; remove it to begin anew: {status}", path.display())
                }
                error => error.into(),
            })?;
            if restored.dropped > 0 && !self.quiet {
                let dropped = summary::count(restored.dropped, "saved window");
                out::say(&format!("note: {dropped} of rules that are gone or changed left out"));
            }
            pending = alerts;
        }
        let form = self.output.unwrap_or(if out::stdout_is_terminal() { Form::Table } else { Form::Ndjson });
        let waiting = !pending.is_empty();
        let mut announcer = Announcer::new(form, self.live, pending)?;
        if !waiting {
            return Ok(announcer);
        }
        let in_force = rules.in_force();
        // The window of a rule that is gone or changed will not close: its alert is final as it is.
        announcer.settle(|alert| in_force.contains(&(alert.rule_id.clone(), alert.rule_version.clone())))?;
        Ok(announcer)
    }

    /// Puts the rest into windows, closes or saves them, and prints the alerts.
    fn finish(&self, mut windows: WindowStage, mut announcer: Announcer, replayed: &mut Replayed) -> Result<()> {
        let leave_open = self.state.is_some() && !self.close;
        windows.finish(!leave_open, &mut |kept| announcer.take(&kept, replayed))?;
        replayed.windows = windows.keeper()?.stats().unwrap_or_default();
        (replayed.matched, replayed.suppressed) = (windows.detections, windows.suppressed);
        replayed.matching_rules = windows.rules() as u64;
        if windows.cut_short {
            out::say("note: interrupted: what was left is in no window, and alerts may be missing");
        }
        let pending = announcer.finish(leave_open)?;
        if let Some(path) = &self.state {
            let Some(pending) = pending.filter(|_| !windows.cut_short) else {
                // What was read is in no window: the next run had better begin where this one did.
                out::say(&format!("note: interrupted: {} is left as it was", safe(&path.display().to_string())));
                return Ok(());
            };
            let saved = windows.keeper()?.save()?;
            replayed.waiting = pending.len() as u64;
            state::write(path, pending, saved)?;
        }
        Ok(())
    }

    fn answer(&self, tally: &Tally, replayed: &Replayed) -> Result<Answer> {
        if input::interrupted() {
            return Ok(Answer::Interrupted);
        }
        summary::must_add_up(tally)?;
        summary::must_be_whole(tally)?;
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

fn severity(text: &str) -> Result<u8, String> {
    let severity = text.parse().ok().filter(|severity| (1..=3).contains(severity));
    severity.ok_or_else(|| "a severity is 1 (the worst), 2 or 3".to_owned())
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
