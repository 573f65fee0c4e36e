//! The alerts that some rules raise over a corpus, in brief: for commands that compare.

use super::input::{self, InputArgs};
use super::progress::Progress;
use super::summary;
use super::windows::WindowStage;
use anyhow::{Result, bail};
use oxpecker::alert::{Alert, State};
use oxpecker::intake::Input;
use oxpecker::pipeline::{Backend, Pipeline, Tally, Task};
use oxpecker::sandbox::LoadRequest;
use serde::Serialize;

/// What two versions of an alert are compared by, and what people read of it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Brief {
    pub(crate) rule_id: String,
    pub(crate) severity: u8,
    pub(crate) title: String,
    pub(crate) source: String,
    /// The aggregate fields and values, as JSON text.
    pub(crate) aggregate: String,
    pub(crate) first_seen: Option<String>,
    pub(crate) count: u64,
    pub(crate) suppressed: u64,
}

impl Brief {
    fn of(alert: &Alert) -> Self {
        Self {
            rule_id: alert.rule_id.clone(),
            severity: alert.severity,
            title: alert.title.clone(),
            source: alert.source.clone(),
            aggregate: serde_json::to_string(&alert.aggregate).unwrap_or_default(),
            first_seen: alert.first_seen.clone(),
            count: alert.count,
            suppressed: alert.suppressed,
        }
    }

    /// The day of its first event; none for an event without a time.
    pub(crate) fn day(&self) -> Option<&str> {
        self.first_seen.as_deref()?.split('T').next()
    }
}

/// What a run over a corpus gave.
pub(crate) struct Found {
    /// Alerts with their final counts, in the order in which their windows closed.
    pub(crate) alerts: Vec<Brief>,
    pub(crate) tally: Tally,
}

/// Runs rules over inputs.
pub(crate) fn run(backend: &Backend, request: &LoadRequest, args: &InputArgs, inputs: &[Input]) -> Result<Found> {
    let progress = Progress::new(inputs, false);
    let now = input::now();
    let (mut pipeline, _) = Pipeline::start(backend, request, Task::Detect, inputs.to_vec(), args.settings(), now)?;
    let mut windows = WindowStage::new(backend.keeper(request)?, false, now);
    let mut rejects = args.rejects(inputs)?;
    let mut tally = Tally::default();
    let mut alerts = Vec::new();
    let mut keep = |kept: oxpecker::sandbox::Kept| {
        alerts.extend(kept.alerts.iter().filter(|alert| alert.state == State::Final).map(Brief::of));
        Ok(())
    };
    while let Some(done) = pipeline.next(input::interrupted) {
        let done = done?;
        progress.suspend(|| {
            rejects.problems(&done.job.notes);
            tally.count(&done, |rejection| rejects.tell(&rejection))?;
            windows.take(&done.result.records, &mut keep)
        })?;
        progress.update(pipeline.bytes_read(), tally.read, windows.detections);
    }
    progress.end();
    windows.drain(&mut keep)?;
    windows.close(&mut keep)?;
    rejects.finish()?;
    summary::must_add_up(&tally)?;
    if input::interrupted() {
        bail!("interrupted");
    }
    Ok(Found { alerts, tally })
}
