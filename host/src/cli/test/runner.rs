//! Feeds the events of one test to one rule: in the sandbox, or to the engine in this process.

use anyhow::{Context, Result, anyhow};
use oxpecker::pipeline::lines;
use oxpecker::sandbox::{Batch, Keeper, Limits, LoadRequest, Module, RejectReason, SandboxError, Worker};
use oxpecker_engine::detection::Detection;
use oxpecker_engine::json::RejectReason as EventReason;
use oxpecker_engine::rule::{ListValues, Rule};
use oxpecker_engine::trial::{self, Seen};
use oxpecker_engine::{Engine, Request};
use std::collections::HashMap;

/// No time of arrival: a test's events may be of any time.
const NO_TIME: i64 = i64::MIN;

/// Runs tests.
pub(super) enum Runner {
    Sandbox(Box<Sandboxed>),
    Native(Box<Engine>),
}

/// A worker, a keeper for the windows, and the columns of the rules in them.
pub(super) struct Sandboxed {
    worker: Worker,
    keeper: Keeper,
    columns: HashMap<String, usize>,
}

impl Runner {
    /// `lists` are those of the request, for the engine in this process.
    pub(super) fn new(native: bool, request: LoadRequest, lists: ListValues) -> Result<Self> {
        if native {
            let documents = request.documents.into_iter().map(|file| (file.name, file.text.into_bytes())).collect();
            let request = Request { documents, lists, lenient: true, shadow_alerts: true, ..Request::default() };
            let (engine, _) = Engine::load(&request).map_err(|_| anyhow!("the rules cannot be loaded"))?;
            return Ok(Runner::Native(Box::new(engine)));
        }
        let module = Module::shipped()?;
        let limits = Limits::default();
        let (worker, report) = Worker::new(&module, &limits, &request)?;
        let keeper = Keeper::new(&module, &limits, &request)?;
        let columns = report.rule_ids.into_iter().enumerate().map(|(column, id)| (id, column)).collect();
        Ok(Runner::Sandbox(Box::new(Sandboxed { worker, keeper, columns })))
    }

    /// What the rule makes of the events. `column` is its place in the natively loaded set.
    pub(super) fn feed(&mut self, column: usize, rule: &Rule, events: &[String]) -> Result<Seen> {
        match self {
            Runner::Sandbox(sandbox) => sandbox.run(rule, events),
            Runner::Native(engine) => Ok(trial::run(engine, column, events)),
        }
    }
}

impl Sandboxed {
    fn run(&mut self, rule: &Rule, events: &[String]) -> Result<Seen> {
        let mut seen = Seen::before(events.len());
        for event in events {
            self.feed(rule, event.as_bytes(), &mut seen)?;
        }
        if seen.several() {
            // The next test starts with no open windows.
            self.keeper.flush()?;
        }
        Ok(seen)
    }

    fn feed(&mut self, rule: &Rule, event: &[u8], seen: &mut Seen) -> Result<()> {
        let column = *self.columns.get(&rule.id).with_context(|| format!("the sandbox has no rule `{}`", rule.id))?;
        let mut batch = Batch::new();
        batch.push(event)?;
        seen.next_event();
        let mut found = self.worker.detect(&batch, NO_TIME)?;
        if let Some(rejected) = found.rejected.first() {
            seen.reject(reason(rejected.reason));
            return Ok(());
        }
        let mut pieces = found.records.pieces()?;
        while let Some(records) = pieces.next()? {
            for line in lines(records) {
                let nonsense = SandboxError::Nonsense { during: "ox_detect", what: "a match record has another shape" };
                let detection = Detection::from_line(line).ok_or(nonsense)?;
                if detection.rule == column {
                    self.detected(rule, detection, line, seen)?;
                }
            }
        }
        if seen.passed_by() && found.undecided > 0 && self.worker.evaluate(&batch)?.undecided(0, column) {
            seen.doubt();
        }
        Ok(())
    }

    fn detected(&mut self, rule: &Rule, detection: Detection, line: &[u8], seen: &mut Seen) -> Result<()> {
        if seen.several() {
            let kept = self.keeper.window(line, NO_TIME)?;
            for record in kept.alerts.iter() {
                let alert = record.read()?;
                if alert.rule_id == rule.id {
                    seen.fire(&alert.title);
                    break;
                }
            }
        }
        seen.detect(detection.suppressed, detection.title);
        Ok(())
    }
}

fn reason(reason: RejectReason) -> String {
    match reason {
        RejectReason::Event(number) => {
            EventReason::from_number(number).map_or_else(|| format!("reason {number}"), |reason| reason.to_string())
        }
        RejectReason::GuestTrap => "the sandbox broke off on it".to_owned(),
        RejectReason::GuestDeadline => "the sandbox ran out of time on it".to_owned(),
    }
}
