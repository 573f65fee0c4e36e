//! The alerts that some rules raise over a corpus, in brief: for commands that compare.

use super::announce::UNREADABLE;
use super::input::{self, InputArgs};
use super::progress::Progress;
use super::summary;
use super::windows::{self, Standing, WindowStage};
use anyhow::{Context, Result, bail};
use oxpecker::alert::{Alert, State};
use oxpecker::intake::Input;
use oxpecker::pipeline::{Backend, Tally, lines};
use oxpecker::sandbox::LoadRequest;
use oxpecker_engine::event::format_time;
use serde::Serialize;
use std::collections::BTreeMap;

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
        self.first_seen.as_deref().map(day_of)
    }
}

/// What a run over a corpus gave.
pub(crate) struct Found {
    /// Alerts with their final counts, in the order in which their windows closed.
    pub(crate) alerts: Vec<Brief>,
    pub(crate) tally: Tally,
    /// Matching events of each rule and day, suppressed ones included, and how many of those were suppressed.
    pub(crate) days: BTreeMap<(String, String), Matches>,
}

/// Matching events.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Matches {
    pub(crate) matched: u64,
    pub(crate) suppressed: u64,
}

/// Counts the matches of a job by rule and day; a detection's head tells them.
fn count(records: &[u8], rules: &[String], days: &mut BTreeMap<(String, String), Matches>) {
    for line in lines(records) {
        let Some(head) = line.get(..25).and_then(|head| std::str::from_utf8(head).ok()) else { continue };
        let number = |range| head.get(range).and_then(|digits| u64::from_str_radix(digits, 16).ok());
        let (Some(time), Some(rule)) = (number(0..16), number(16..24)) else { continue };
        let day = match time {
            u64::MAX => NO_DAY.to_owned(),
            time => day_of(&format_time((time ^ (1 << 63)).cast_signed())).to_owned(),
        };
        let rule = usize::try_from(rule).ok().and_then(|rule| rules.get(rule)).cloned().unwrap_or_default();
        let matches = days.entry((rule, day)).or_default();
        matches.matched += 1;
        matches.suppressed += u64::from(head.ends_with('s'));
    }
}

/// What stands for the day of an event without a time.
pub(crate) const NO_DAY: &str = "no day";

fn day_of(time: &str) -> &str {
    time.split('T').next().unwrap_or(time)
}

/// Runs rules over inputs.
pub(crate) fn run(backend: &Backend, request: &LoadRequest, args: &InputArgs, inputs: &[Input]) -> Result<Found> {
    let progress = Progress::new(inputs, false);
    let now = input::now();
    let (mut pipeline, report, keeper) = windows::start(backend, request, inputs.to_vec(), args.settings(), now)?;
    let mut windows = WindowStage::new(keeper, false, now);
    let mut rejects = args.rejects(inputs)?;
    let mut tally = Tally::default();
    let mut alerts = Vec::new();
    let mut days = BTreeMap::new();
    let mut keep = |kept: oxpecker::sandbox::Kept| {
        for record in kept.alerts.iter().filter(|record| record.state == State::Final) {
            alerts.push(Brief::of(&record.read()?));
        }
        Ok(())
    };
    while let Some(done) = pipeline.next(input::interrupted) {
        let mut done = done?;
        progress.suspend(|| {
            rejects.problems(&done.job.notes);
            tally.count(&done, |rejection| rejects.tell(&rejection))?;
            let mut pieces = done.result.records.pieces().context(UNREADABLE)?;
            while let Some(lines) = pieces.next().context(UNREADABLE)? {
                count(lines, &report.rule_ids, &mut days);
                // Windows are not filled ahead here, so their alerts stand.
                let _: Standing = windows.take(lines, &mut keep)?;
            }
            anyhow::Ok(())
        })?;
        progress.update(pipeline.bytes_read(), tally.read, windows.detections);
        pipeline.give_back(done.job);
    }
    progress.end();
    windows.finish(true, &mut keep)?;
    rejects.finish()?;
    summary::must_add_up(&tally)?;
    if input::interrupted() {
        bail!("interrupted");
    }
    Ok(Found { alerts, tally, days })
}
