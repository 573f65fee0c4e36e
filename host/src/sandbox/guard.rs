//! Batches through sandboxes that may die: detection in one place, windows in another, and nothing lost in silence.

use super::answer::{RejectReason, Rejected};
use super::batch::{Batch, Events, Records};
use super::error::SandboxError;
use super::instance::{Detections, Matches, Restored, Sandbox};
use super::limits::Limits;
use super::module::Module;
use super::replaceable::Replaceable;
use super::request::{LoadReport, LoadRequest};
use super::verdicts::{Bits, Verdicts};
use crate::alert::Alerts;

/// Stateless detection that outlives its instances. One a thread; any number may work for one [`Keeper`].
#[derive(Debug)]
pub struct Worker(Replaceable);

/// The one place that keeps windows, in an instance of its own so that no event can kill it. Should it die all the same, a
/// new one gets its windows back; only where that fails too are they lost, and said to be.
#[derive(Debug)]
pub struct Keeper {
    inner: Replaceable,
    records_dropped: u64,
}

/// What became of the windows.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    /// Alerts in the order in which they fired.
    pub alerts: Alerts,
    /// How often the windows were lost, so that counts began anew.
    pub windows_lost: u64,
    /// How many of the alerts came before the windows were lost (the last time): nothing will follow them any more.
    pub before_loss: usize,
    /// Match records that no instance would take.
    pub records_dropped: u64,
    /// How many instances were lost; the windows of one that is not counted above too were had again.
    pub replaced: u64,
}

/// What a batch led to, and what it cost.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Events, rejects and alerts of the batch. Invariant: evaluated and rejected events make up the batch.
    pub matches: Matches,
    /// How often the windows were lost, so that counts began anew.
    pub windows_lost: u64,
    /// Match records that no instance would take.
    pub records_dropped: u64,
}

/// A worker and a keeper on one thread.
///
/// When an instance traps, runs out of time or memory, or answers nonsense, it is replaced and the rules are loaded anew.
/// The batch is halved until the guilty event stands alone; that event is tried once more in a new instance with
/// [`Limits::retry_factor`] times the time, and if it fails again it is rejected. Every other event is evaluated, in order,
/// and counted once.
///
/// **Bound.** A guilty event among `n` costs at most `log2(n) + 2` failing calls. The run ends with
/// [`SandboxError::GivenUp`] when a new instance fails [`Patience::starts`](super::Patience::starts) times in a row to start,
/// load the rules or answer about the empty object; or when, with no event evaluated in between,
/// [`Patience::guilty_in_a_row`](super::Patience::guilty_in_a_row) events were guilty or
/// [`Patience::lost_time`](super::Patience::lost_time) was lost (checked after each failing call, which takes at most the
/// long deadline and the time to replace the instance).
#[derive(Debug)]
pub struct Guard {
    worker: Worker,
    /// Made when first needed: searching needs none.
    keeper: Option<Keeper>,
    module: Module,
    limits: Limits,
    request: LoadRequest,
    report: LoadReport,
}

fn text(request: &LoadRequest) -> Result<Vec<u8>, SandboxError> {
    let text = serde_json::to_vec(request);
    text.map_err(|_| SandboxError::Nonsense { during: "ox_load", what: "the request cannot be written" })
}

impl Worker {
    /// Starts an instance with rules.
    ///
    /// # Errors
    /// [`SandboxError::Rules`] if the rules have errors, else if the module does not work.
    pub fn new(module: &Module, limits: &Limits, request: &LoadRequest) -> Result<(Self, LoadReport), SandboxError> {
        let (inner, report) = Replaceable::start(module, limits, text(request)?)?;
        Ok((Worker(inner), report))
    }

    /// Each rule's verdict on each event.
    ///
    /// # Errors
    /// Only if no instance works any more.
    pub fn evaluate(&mut self, batch: &Batch) -> Result<Verdicts, SandboxError> {
        let rules = self.0.sandbox().rules();
        let mut all = Verdicts::default();
        if batch.is_empty() {
            return Ok(all);
        }
        let work = |sandbox: &mut Sandbox, events: &Events<'_>, effort| sandbox.evaluate_events(events, effort);
        self.0.divide(batch.all(), work, |events, result, _| {
            let mut next = result.unwrap_or_else(|failure| Verdicts {
                rejected: vec![guilty(&failure)],
                matched: Bits::zeros(1, rules),
                undecided: Bits::zeros(1, rules),
                ..Verdicts::default()
            });
            place(&mut next.rejected, &events);
            all.append(next);
        })?;
        Ok(all)
    }

    /// Match records, for a [`Keeper`] with the same rules.
    ///
    /// # Errors
    /// Only if no instance works any more.
    pub fn detect(&mut self, batch: &Batch, now: i64) -> Result<Detections, SandboxError> {
        let (mut all, mut failed) = (Detections::default(), None);
        if batch.is_empty() {
            return Ok(all);
        }
        let work = |sandbox: &mut Sandbox, events: &Events<'_>, effort| sandbox.detect_events(events, now, effort);
        self.0.divide(batch.all(), work, |events, result, _| {
            let mut next = result
                .unwrap_or_else(|failure| Detections { rejected: vec![guilty(&failure)], ..Detections::default() });
            place(&mut next.rejected, &events);
            all.evaluated += next.evaluated;
            all.undecided += next.undecided;
            all.rejected.extend(next.rejected);
            if let Err(error) = all.records.append(next.records) {
                failed.get_or_insert(error);
            }
        })?;
        failed.map_or(Ok(all), |error| Err(SandboxError::Spool(error)))
    }

    /// The counters of the instance at work; those of lost instances are lost with them.
    ///
    /// # Errors
    /// If the instance fails.
    pub fn stats(&mut self) -> Result<serde_json::Value, SandboxError> {
        self.0.sandbox().stats()
    }

    /// How many instances were lost so far.
    pub fn replaced(&self) -> u64 {
        self.0.replaced()
    }

    #[cfg(test)]
    pub(crate) fn lose_instance(&mut self) {
        self.0.attempt(|_| Err::<(), _>(SandboxError::Dead)).expect("another instance").unwrap_err();
    }
}

/// Moves indices counted from a piece's first event to places in the batch.
fn place(rejected: &mut [Rejected], events: &Events<'_>) {
    for reject in rejected {
        reject.index += events.range.start;
    }
}

fn guilty(failure: &SandboxError) -> Rejected {
    let reason = if failure.is_deadline() { RejectReason::GuestDeadline } else { RejectReason::GuestTrap };
    Rejected { index: 0, offset: 0, reason, detail: Some(failure.to_string()) }
}

impl Kept {
    /// Notes windows that were lost after the alerts so far: `known` losses are counted already.
    fn note_loss(&mut self, known: &mut u64, lost: u64) {
        if lost > *known {
            self.windows_lost += lost - std::mem::replace(known, lost);
            self.before_loss = self.alerts.len();
        }
    }
}

impl Keeper {
    /// Starts an instance with rules and no windows.
    ///
    /// # Errors
    /// As [`Worker::new`].
    pub fn new(module: &Module, limits: &Limits, request: &LoadRequest) -> Result<Self, SandboxError> {
        let (inner, _) = Replaceable::start(module, limits, text(request)?)?;
        Ok(Keeper { inner, records_dropped: 0 })
    }

    /// Puts match records into the windows.
    ///
    /// # Errors
    /// Only if no instance works any more.
    pub fn window(&mut self, records: &[u8], now: i64) -> Result<Kept, SandboxError> {
        let (mut known, replaced) = (self.inner.windows_lost(), self.replaced());
        let mut kept = Kept::default();
        if records.is_empty() {
            return Ok(kept);
        }
        let work = |sandbox: &mut Sandbox, records: &Records<'_>, effort| {
            sandbox.window_lines(records.text, records.now, effort)
        };
        self.inner.divide(Records { text: records, now }, work, |_, result, lost| {
            kept.note_loss(&mut known, lost);
            match result {
                Ok(alerts) => kept.alerts.append(alerts),
                Err(_) => kept.records_dropped += 1,
            }
        })?;
        kept.note_loss(&mut known, self.inner.windows_lost());
        kept.replaced = self.replaced() - replaced;
        self.records_dropped += kept.records_dropped;
        Ok(kept)
    }

    /// Forgets all windows and counters: as if nothing had been put into them.
    ///
    /// # Errors
    /// Only if no instance works any more.
    pub fn forget_all(&mut self) -> Result<(), SandboxError> {
        self.records_dropped = 0;
        self.inner.start_without_windows()
    }

    /// The open windows, for [`Keeper::restore`] with the same rules.
    ///
    /// # Errors
    /// If the instance fails.
    pub fn save(&mut self) -> Result<Vec<u8>, SandboxError> {
        self.inner.sandbox().save()
    }

    /// Takes over windows that [`Keeper::save`] gave.
    ///
    /// # Errors
    /// If the state is of another version or not whole, or the instance fails.
    pub fn restore(&mut self, state: &[u8]) -> Result<Restored, SandboxError> {
        self.inner.restore(state)
    }

    /// Closes windows: their alerts with final counts. Nothing is left open once it gives no alerts. If the instance
    /// fails twice, its windows are lost and said to be.
    ///
    /// # Errors
    /// Only if no instance works any more.
    pub fn flush(&mut self) -> Result<Kept, SandboxError> {
        let (before, replaced) = (self.inner.windows_lost(), self.replaced());
        let (alerts, mut known) = self.inner.flush(Sandbox::flush)?;
        let mut kept = Kept { alerts: alerts.unwrap_or_default(), windows_lost: known - before, ..Kept::default() };
        kept.note_loss(&mut known, self.inner.windows_lost());
        kept.replaced = self.replaced() - replaced;
        Ok(kept)
    }

    /// The counters of the instance at work.
    ///
    /// # Errors
    /// If the instance fails.
    pub fn stats(&mut self) -> Result<serde_json::Value, SandboxError> {
        self.inner.sandbox().stats()
    }

    /// How many instances were lost so far.
    pub fn replaced(&self) -> u64 {
        self.inner.replaced()
    }

    /// Match records that no instance would take, so far.
    pub fn records_dropped(&self) -> u64 {
        self.records_dropped
    }
}

impl Guard {
    /// Starts a worker with rules; [`Guard::report`] has what loading found.
    ///
    /// # Errors
    /// As [`Worker::new`].
    pub fn new(module: &Module, limits: Limits, request: LoadRequest) -> Result<Self, SandboxError> {
        let (worker, report) = Worker::new(module, &limits, &request)?;
        Ok(Guard { worker, keeper: None, module: module.clone(), limits, request, report })
    }

    /// What loading the rules found.
    pub fn report(&self) -> &LoadReport {
        &self.report
    }

    /// Each rule's verdict on each event; windows are not touched.
    ///
    /// # Errors
    /// Only if no instance works any more.
    pub fn evaluate(&mut self, batch: &Batch) -> Result<Verdicts, SandboxError> {
        self.worker.evaluate(batch)
    }

    /// Detection and windows: the alerts that fire.
    ///
    /// # Errors
    /// Only if no instance works any more.
    pub fn match_batch(&mut self, batch: &Batch, now: i64) -> Result<Outcome, SandboxError> {
        let Detections { evaluated, undecided, rejected, mut records } = self.worker.detect(batch, now)?;
        let mut all =
            Outcome { matches: Matches { evaluated, undecided, rejected, ..Matches::default() }, ..Outcome::default() };
        let mut pieces = records.pieces().map_err(SandboxError::Spool)?;
        while let Some(lines) = pieces.next().map_err(SandboxError::Spool)? {
            let kept = self.keeper()?.window(lines, now)?;
            all.matches.alerts.append(kept.alerts);
            all.windows_lost += kept.windows_lost;
            all.records_dropped += kept.records_dropped;
        }
        Ok(all)
    }

    /// Closes all windows: their alerts with final counts.
    ///
    /// # Errors
    /// Only if no instance works any more.
    pub fn flush(&mut self) -> Result<Kept, SandboxError> {
        self.keeper.as_mut().map_or_else(|| Ok(Kept::default()), Keeper::flush)
    }

    /// How many instances were lost so far, worker and keeper together.
    pub fn replaced(&self) -> u64 {
        self.worker.replaced() + self.keeper.as_ref().map_or(0, Keeper::replaced)
    }

    fn keeper(&mut self) -> Result<&mut Keeper, SandboxError> {
        match &mut self.keeper {
            Some(keeper) => Ok(keeper),
            none => Ok(none.insert(Keeper::new(&self.module, &self.limits, &self.request)?)),
        }
    }
}
