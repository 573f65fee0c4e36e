//! Feeds the events of one test to one rule: in the sandbox, or to the engine in this process.

use anyhow::{Context, Result, anyhow};
use oxpecker::sandbox::{Batch, Keeper, Limits, LoadRequest, Module, RejectReason, SandboxError, Worker};
use oxpecker_engine::detection::Detection;
use oxpecker_engine::json::{Json, RejectReason as EventReason};
use oxpecker_engine::matcher::{Hit, Outcome};
use oxpecker_engine::rule::{Expectation, ListValues, Rule};
use oxpecker_engine::{Engine, Request};
use std::collections::HashMap;

/// No time of arrival: a test's events may be of any time.
const NO_TIME: i64 = i64::MIN;

/// What a rule made of a test's events.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// What became of the last event.
    last: Option<Last>,
    /// Events that matched and were not suppressed.
    pub(super) matched: u64,
    /// Whether the test has several events, so that windows count.
    several: bool,
    /// The title of the alert that fired.
    fired: Option<String>,
    /// Why an event was no event.
    pub(super) rejected: Option<String>,
}

#[derive(Debug)]
enum Last {
    Matched(String),
    Suppressed,
    Undecided,
}

impl Seen {
    /// The word for it.
    pub(super) fn outcome(&self) -> Expectation {
        match &self.last {
            Some(Last::Suppressed) => Expectation::Suppressed,
            Some(Last::Undecided) => Expectation::Undecided,
            _ if self.alerted() => Expectation::Alert,
            _ => Expectation::Nothing,
        }
    }

    /// Whether there is an alert: of one event, that it matched; of several, that they fired one.
    pub(super) fn alerted(&self) -> bool {
        if self.several { self.fired.is_some() } else { matches!(self.last, Some(Last::Matched(_))) }
    }

    /// The title of the alert.
    pub(super) fn title(&self) -> Option<String> {
        match &self.last {
            _ if self.several => self.fired.clone(),
            Some(Last::Matched(title)) => Some(title.clone()),
            _ => None,
        }
    }

    /// Whether events matched and were too few.
    pub(super) fn below_threshold(&self) -> bool {
        self.several && self.fired.is_none() && self.matched > 0
    }
}

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
        let mut seen = Seen { several: events.len() > 1, ..Seen::default() };
        for event in events {
            match self {
                Runner::Sandbox(sandbox) => sandbox.feed(rule, event.as_bytes(), &mut seen)?,
                Runner::Native(engine) => native(engine, column, event.as_bytes(), &mut seen),
            }
        }
        if seen.several {
            // The next test starts with no open windows.
            match self {
                Runner::Sandbox(sandbox) => drop(sandbox.keeper.flush()?),
                Runner::Native(engine) => engine.flush(&mut Vec::new()),
            }
        }
        Ok(seen)
    }
}

impl Sandboxed {
    fn feed(&mut self, rule: &Rule, event: &[u8], seen: &mut Seen) -> Result<()> {
        let column = *self.columns.get(&rule.id).with_context(|| format!("the sandbox has no rule `{}`", rule.id))?;
        let mut batch = Batch::new();
        batch.push(event)?;
        seen.last = None;
        let found = self.worker.detect(&batch, NO_TIME)?;
        if let Some(rejected) = found.rejected.first() {
            seen.rejected = Some(reason(rejected.reason));
            return Ok(());
        }
        for line in found.records.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let nonsense = SandboxError::Nonsense { during: "ox_detect", what: "a match record has another shape" };
            let detection = Detection::from_line(line).ok_or(nonsense)?;
            if detection.rule == column {
                self.detected(rule, detection, line, seen)?;
            }
        }
        if seen.last.is_none() && found.undecided > 0 && self.worker.evaluate(&batch)?.undecided(0, column) {
            seen.last = Some(Last::Undecided);
        }
        Ok(())
    }

    fn detected(&mut self, rule: &Rule, detection: Detection, line: &[u8], seen: &mut Seen) -> Result<()> {
        if seen.several {
            let kept = self.keeper.window(line, NO_TIME)?;
            let fired = kept.alerts.into_iter().find(|alert| alert.rule_id == rule.id);
            seen.fired = seen.fired.take().or(fired.map(|alert| alert.title));
        }
        seen.note(detection.suppressed, detection.title);
        Ok(())
    }
}

impl Seen {
    fn note(&mut self, suppressed: bool, title: String) {
        self.matched += u64::from(!suppressed);
        self.last = Some(if suppressed { Last::Suppressed } else { Last::Matched(title) });
    }
}

fn native(engine: &mut Engine, column: usize, event: &[u8], seen: &mut Seen) {
    seen.last = None;
    let mut detections: Vec<Detection> = Vec::new();
    if let Err(reject) = engine.detect(event, &mut detections) {
        seen.rejected = Some(reject.to_string());
        return;
    }
    for detection in detections.into_iter().filter(|detection| detection.rule == column) {
        let (suppressed, title) = (detection.suppressed, detection.title.clone());
        if seen.several {
            let mut alerts: Vec<Json> = Vec::new();
            engine.observe(detection, &mut alerts);
            let title = alerts.first().and_then(|alert| alert.get("title")?.as_text());
            seen.fired = seen.fired.take().or(title.map(str::to_owned));
        }
        seen.note(suppressed, title);
    }
    let undecided = Hit { column, outcome: Outcome::Undecided };
    if seen.last.is_none() && engine.verdicts(event).is_ok_and(|hits| hits.contains(&undecided)) {
        seen.last = Some(Last::Undecided);
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
