//! Who evaluates: the sandbox, or the same engine compiled into this program. Both take and give the same values.

use crate::alert::Alerts;
use crate::sandbox::{
    Batch, Counts, Detections, Events, Keeper, Kept, Limits, LoadReport, LoadRequest, MatchRecords, Module, Parts,
    Rejected, Restored, SandboxError, Status, Verdicts, Worker, answer,
};
use oxpecker_module::{self as native, Session};

/// What to do with the events of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Find the events that the first filter matches.
    Search,
    /// The same, and count the events that each rule and filter matches: with thousands of rules that takes as long.
    Count,
    /// Find what rules detect, for the windows.
    Detect,
}

/// What came of a job's events.
#[derive(Debug, Default)]
pub struct Evaluated {
    /// Events that were evaluated; with the rejected ones all of the job.
    pub evaluated: u64,
    /// Pairs of event and rule that could not be decided.
    pub undecided: u64,
    /// Events that were not evaluated, in order.
    pub rejected: Vec<Rejected>,
    /// After [`Task::Search`] and [`Task::Count`]: the events that match, in order.
    pub matched: Vec<usize>,
    /// After [`Task::Count`]: what each rule and filter found. Counted from the verdicts and not by the evaluator, whose own
    /// counters are lost with an instance of the sandbox.
    pub counts: Vec<Counts>,
    /// After [`Task::Detect`]: what the windows need.
    pub records: MatchRecords,
    /// Instances of the sandbox that were lost over it.
    pub replaced: u64,
}

impl Evaluated {
    /// What verdicts come to: of [`Task::Count`], or of [`Task::Search`].
    fn of(verdicts: Verdicts, task: Task) -> Self {
        Self {
            evaluated: verdicts.evaluated,
            undecided: verdicts.undecided_pairs,
            matched: (0..verdicts.events()).filter(|event| verdicts.matched(*event, 0)).collect(),
            counts: if task == Task::Count { verdicts.counts() } else { Vec::new() },
            rejected: verdicts.rejected,
            ..Self::default()
        }
    }
}

/// Evaluates jobs; one for each thread.
pub trait Searcher: Send {
    /// Evaluates one batch.
    ///
    /// # Errors
    /// When no instance of the sandbox works any more.
    fn run(&mut self, task: Task, batch: &Batch, now: i64) -> Result<Evaluated, SandboxError>;

    /// The evaluator's own counters.
    ///
    /// # Errors
    /// When the sandbox fails.
    fn stats(&mut self) -> Result<serde_json::Value, SandboxError>;
}

/// Keeps windows; one for each run.
pub trait KeepWindows: Send {
    /// Puts detections into windows.
    ///
    /// # Errors
    /// When no instance of the sandbox works any more.
    fn window(&mut self, records: &[u8], now: i64) -> Result<Kept, SandboxError>;

    /// Closes windows; nothing is left open once it gives no alerts.
    ///
    /// # Errors
    /// When no instance of the sandbox works any more.
    fn flush(&mut self) -> Result<Kept, SandboxError>;

    /// Forgets all windows and counters: as if nothing had been put into them.
    ///
    /// # Errors
    /// When no instance of the sandbox works any more.
    fn forget_all(&mut self) -> Result<(), SandboxError>;

    /// The open windows, for [`KeepWindows::restore`] with the same rules.
    ///
    /// # Errors
    /// When the sandbox fails.
    fn save(&mut self) -> Result<Vec<u8>, SandboxError>;

    /// Takes over windows that [`KeepWindows::save`] gave.
    ///
    /// # Errors
    /// When the state is of another version or not whole, or the sandbox fails.
    fn restore(&mut self, state: &[u8]) -> Result<Restored, SandboxError>;

    /// The keeper's own counters.
    ///
    /// # Errors
    /// When the sandbox fails.
    fn stats(&mut self) -> Result<serde_json::Value, SandboxError>;
}

/// Where evaluation happens.
#[derive(Debug, Clone)]
pub enum Backend {
    /// In the sandbox.
    Sandbox(Module, Limits),
    /// In this process, without a sandbox, for comparison.
    Native,
}

impl Backend {
    /// An evaluator with rules.
    ///
    /// # Errors
    /// When the rules have errors, or the module does not work.
    pub fn searcher(&self, request: &LoadRequest) -> Result<(Box<dyn Searcher>, LoadReport), SandboxError> {
        match self {
            Backend::Sandbox(module, limits) => {
                let (worker, report) = Worker::new(module, limits, request)?;
                Ok((Box::new(worker), report))
            }
            Backend::Native => {
                let (native, report) = Native::load(request)?;
                Ok((Box::new(native), report))
            }
        }
    }

    /// A keeper of windows with rules.
    ///
    /// # Errors
    /// As [`Backend::searcher`].
    pub fn keeper(&self, request: &LoadRequest) -> Result<Box<dyn KeepWindows>, SandboxError> {
        match self {
            Backend::Sandbox(module, limits) => Ok(Box::new(Keeper::new(module, limits, request)?)),
            Backend::Native => Ok(Box::new(Native::load(request)?.0)),
        }
    }
}

impl Searcher for Worker {
    fn run(&mut self, task: Task, batch: &Batch, now: i64) -> Result<Evaluated, SandboxError> {
        let replaced = self.replaced();
        let mut all = match task {
            Task::Search | Task::Count => Evaluated::of(self.evaluate(batch)?, task),
            Task::Detect => {
                let Detections { evaluated, undecided, rejected, records } = self.detect(batch, now)?;
                Evaluated { evaluated, undecided, rejected, records, ..Evaluated::default() }
            }
        };
        all.replaced = self.replaced() - replaced;
        Ok(all)
    }

    fn stats(&mut self) -> Result<serde_json::Value, SandboxError> {
        Worker::stats(self)
    }
}

impl KeepWindows for Keeper {
    fn window(&mut self, records: &[u8], now: i64) -> Result<Kept, SandboxError> {
        Keeper::window(self, records, now)
    }

    fn flush(&mut self) -> Result<Kept, SandboxError> {
        Keeper::flush(self)
    }

    fn forget_all(&mut self) -> Result<(), SandboxError> {
        Keeper::forget_all(self)
    }

    fn save(&mut self) -> Result<Vec<u8>, SandboxError> {
        Keeper::save(self)
    }

    fn restore(&mut self, state: &[u8]) -> Result<Restored, SandboxError> {
        Keeper::restore(self, state)
    }

    fn stats(&mut self) -> Result<serde_json::Value, SandboxError> {
        Keeper::stats(self)
    }
}

/// The session that the module wraps, in this process: the same bytes in and out, no sandbox around.
struct Native {
    session: Session,
    columns: usize,
    /// What was loaded.
    rules: Vec<u8>,
}

impl Native {
    fn load(request: &LoadRequest) -> Result<(Self, LoadReport), SandboxError> {
        const NONSENSE: SandboxError = SandboxError::Nonsense { during: "load", what: "the report has another shape" };
        let mut session = Session::new();
        let text = serde_json::to_vec(request).map_err(|_| NONSENSE)?;
        let status = session.load(&text);
        if !matches!(status, native::Status::Ok | native::Status::RuleErrors) {
            return Err(refused("load", status));
        }
        let report: LoadReport = serde_json::from_slice(session.result()).map_err(|_| NONSENSE)?;
        if status == native::Status::RuleErrors {
            return Err(SandboxError::Rules(Box::new(report)));
        }
        Ok((Self { session, columns: report.rule_ids.len(), rules: text }, report))
    }

    fn call(
        &mut self,
        during: &'static str,
        call: impl FnOnce(&mut Session) -> native::Status,
    ) -> Result<(), SandboxError> {
        match call(&mut self.session) {
            native::Status::Ok => Ok(()),
            status => Err(refused(during, status)),
        }
    }

    fn detect(&mut self, events: &Events<'_>, bytes: &[u8], now: i64) -> Result<Evaluated, SandboxError> {
        let (mut all, mut parts) = (Evaluated::default(), Parts::default());
        let mut status = self.session.detect(bytes, now);
        loop {
            let more = status == native::Status::Part;
            if !more {
                self.call("detect", |_| status)?;
            }
            let answer = parts.decode(self.session.result(), events, self.columns, more).map_err(nonsense)?;
            all.evaluated += answer.evaluated;
            all.undecided += answer.undecided;
            all.rejected.extend(answer.rejected);
            all.records.push(answer.body);
            if !more {
                return Ok(all);
            }
            status = self.session.more();
        }
    }

    fn kept(&self) -> Result<Kept, SandboxError> {
        let what = "an alert record has another shape";
        let alerts = Alerts::new(self.session.result());
        let alerts = alerts.map_err(|_| SandboxError::Nonsense { during: "window", what })?;
        Ok(Kept { alerts, ..Kept::default() })
    }

    fn counters(&mut self) -> Result<serde_json::Value, SandboxError> {
        self.call("stats", Session::stats)?;
        let stats = serde_json::from_slice(self.session.result());
        stats.map_err(|_| SandboxError::Nonsense { during: "stats", what: "the counters are no JSON" })
    }
}

fn nonsense(what: &'static str) -> SandboxError {
    SandboxError::Nonsense { during: "batch", what }
}

fn refused(during: &'static str, status: native::Status) -> SandboxError {
    match Status::from_raw(status.code()) {
        Some(status) => SandboxError::Refused { during, status },
        None => SandboxError::Nonsense { during, what: "the status is none of the ABI" },
    }
}

impl Searcher for Native {
    fn run(&mut self, task: Task, batch: &Batch, now: i64) -> Result<Evaluated, SandboxError> {
        let events = batch.all();
        let bytes = events.pieces().concat();
        if task == Task::Detect {
            return self.detect(&events, &bytes, now);
        }
        self.call("eval", |session| session.eval(&bytes))?;
        let answer = answer::decode(self.session.result(), &events, self.columns).map_err(nonsense)?;
        let verdicts = Verdicts::read(answer, batch.len(), self.columns).map_err(nonsense)?;
        Ok(Evaluated::of(verdicts, task))
    }

    fn stats(&mut self) -> Result<serde_json::Value, SandboxError> {
        self.counters()
    }
}

impl KeepWindows for Native {
    fn window(&mut self, records: &[u8], now: i64) -> Result<Kept, SandboxError> {
        self.call("window", |session| session.window(records, now))?;
        self.kept()
    }

    fn flush(&mut self) -> Result<Kept, SandboxError> {
        self.call("flush", Session::flush)?;
        self.kept()
    }

    fn forget_all(&mut self) -> Result<(), SandboxError> {
        let rules = std::mem::take(&mut self.rules);
        let loaded = self.call("load", |session| session.load(&rules));
        self.rules = rules;
        loaded
    }

    fn save(&mut self) -> Result<Vec<u8>, SandboxError> {
        self.call("save", Session::save)?;
        Ok(self.session.result().to_vec())
    }

    fn restore(&mut self, state: &[u8]) -> Result<Restored, SandboxError> {
        self.call("restore", |session| session.restore(state))?;
        let restored = serde_json::from_slice(self.session.result());
        restored.map_err(|_| SandboxError::Nonsense { during: "restore", what: "its report has another shape" })
    }

    fn stats(&mut self) -> Result<serde_json::Value, SandboxError> {
        self.counters()
    }
}
