//! One instance of the module and its calls.
//!
//! Every pointer, length and count that comes back is the guest's word and is checked against what is there before it
//! is used. Memory the host allocates for an answer is at most the guest's own memory, which is limited.

use std::time::{Duration, Instant};

use serde_json::Value;
use wasmtime::{Memory, Store, Trap, TypedFunc, WasmParams, WasmResults};

use super::ABI_VERSION;
use super::answer::{Answer, Parts, Rejected, decode};
use super::batch::{Batch, Divisible, Events};
use super::error::{SandboxError, Status};
use super::limits::{Ceiling, Limits};
use super::module::Module;
use super::records::MatchRecords;
use super::request::{LoadReport, LoadRequest};
use super::snapshot::{Image, PAGE, Snapshot};
use super::ticker::{Ticking, ticks};
use super::verdicts::Verdicts;
use crate::alert::Alerts;

/// The input block grows in steps of this size, so that batches of like length share one.
const BLOCK_STEP: usize = 64 << 10;

/// One instance of the module: rules loaded into it, and its windows. Not usable after a failure of the guest; see
/// [`Guard`](super::Guard) for what outlives that.
#[derive(Debug)]
pub struct Sandbox {
    store: Store<Ceiling>,
    exports: Exports,
    limits: Limits,
    rules: usize,
    /// The guest's block for inputs, kept from call to call: pointer and capacity.
    block: Option<(u32, usize)>,
    dead: bool,
    _ticking: Ticking,
}

struct Exports {
    memory: Memory,
    abi_version: TypedFunc<(), i32>,
    alloc: TypedFunc<i32, i32>,
    free: TypedFunc<i32, i32>,
    result_ptr: TypedFunc<(), i32>,
    result_len: TypedFunc<(), i32>,
    load: TypedFunc<(i32, i32), i32>,
    matching: TypedFunc<(i32, i32, i64), i32>,
    detect: TypedFunc<(i32, i32, i64), i32>,
    window: TypedFunc<(i32, i32, i64), i32>,
    eval: TypedFunc<(i32, i32), i32>,
    /// A module may give all answers whole.
    more: Option<TypedFunc<(), i32>>,
    flush: TypedFunc<(), i32>,
    stats: TypedFunc<(), i32>,
    /// A module may keep windows without being able to save them.
    save: Option<TypedFunc<(), i32>>,
    restore: Option<TypedFunc<(i32, i32), i32>>,
}

impl std::fmt::Debug for Exports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Exports")
    }
}

/// What became of saved windows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
pub struct Restored {
    /// Windows that are open again.
    pub windows: u64,
    /// Windows of rules that are gone or changed.
    pub dropped: u64,
}

/// What stateless detection found in a batch.
#[derive(Debug, Default)]
pub struct Detections {
    /// Events that were evaluated; with [`Detections::rejected`] all of the batch.
    pub evaluated: u64,
    /// Pairs of event and rule without an answer, because CloudTrail cut what the rule asks for.
    pub undecided: u64,
    /// Events that were not evaluated, in order.
    pub rejected: Vec<Rejected>,
    /// Match records in event order, for [`Sandbox::window`]. Only the module reads them.
    pub records: MatchRecords,
}

/// What a batch led to.
#[derive(Debug, Clone, Default)]
pub struct Matches {
    /// Events that were evaluated; with [`Matches::rejected`] all of the batch.
    pub evaluated: u64,
    /// Pairs of event and rule without an answer, because CloudTrail cut what the rule asks for.
    pub undecided: u64,
    /// Events that were not evaluated, in order.
    pub rejected: Vec<Rejected>,
    /// Alerts in the order in which they fired.
    pub alerts: Alerts,
}

/// Which deadline a call gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// As any batch.
    Usual,
    /// The last try of an event, alone.
    Last,
}

impl Sandbox {
    /// Starts an instance.
    ///
    /// # Errors
    /// If the module lacks an export, speaks another ABI version, or fails while it starts.
    pub fn new(module: &Module, limits: Limits) -> Result<Self, SandboxError> {
        let ticking = Ticking::start()?;
        let mut store = Store::new(module.ready().module().engine(), Ceiling::new(&limits));
        store.limiter(|ceiling| ceiling);
        store.set_epoch_deadline(ticks(limits.load_deadline));
        let instance = match module.ready().instantiate(&mut store) {
            Ok(instance) => instance,
            Err(error) => return Err(failure(&error, "start", store.data(), limits.load_deadline, &limits)),
        };
        let exports = Exports::find(&instance, &mut store)?;
        let mut sandbox = Sandbox { store, exports, limits, rules: 0, block: None, dead: false, _ticking: ticking };
        let version = sandbox.exports.abi_version.clone();
        match sandbox.guest("ox_abi_version", &version, (), sandbox.limits.load_deadline)? {
            ABI_VERSION => Ok(sandbox),
            found => Err(SandboxError::AbiVersion { found }),
        }
    }

    /// Loads rules in place of those that were loaded.
    ///
    /// # Errors
    /// [`SandboxError::Rules`] with the report if the rules have errors: then nothing changed. Else if the guest failed.
    pub fn load(&mut self, request: &LoadRequest) -> Result<LoadReport, SandboxError> {
        let text =
            serde_json::to_vec(request).map_err(|_| self.nonsense("ox_load", "the request cannot be written"))?;
        self.load_text(&text)
    }

    pub(crate) fn load_text(&mut self, request: &[u8]) -> Result<LoadReport, SandboxError> {
        const CALL: &str = "ox_load";
        let time = self.limits.load_deadline;
        let call = self.exports.load.clone();
        let (pointer, length) = self.put(CALL, &[request], time)?;
        let status = self.guest(CALL, &call, (pointer, length), time)?;
        let outcome = match self.status(CALL, status) {
            Err(SandboxError::Refused { status: Status::RuleErrors, .. }) => {
                Err(SandboxError::Rules(Box::new(self.report(time)?)))
            }
            Err(error) => Err(error),
            Ok(()) => self.report(time),
        };
        if !self.dead {
            // Rule documents can be far larger than any batch.
            self.release(CALL, time)?;
        }
        let report = outcome?;
        self.rules = report.rule_ids.len();
        Ok(report)
    }

    /// What another instance needs to be like this one, whose windows and counters are those of the beginning.
    pub(crate) fn image(&self) -> Option<Image> {
        Image::of(self.exports.memory.data(&self.store))
    }

    /// An instance like the one that the snapshot is of.
    pub(crate) fn copy_of(module: &Module, limits: Limits, snapshot: &Snapshot) -> Result<Self, SandboxError> {
        const CALL: &str = "start";
        let mut sandbox = Self::new(module, limits)?;
        let (memory, fresh) = (sandbox.exports.memory, sandbox.memory_bytes());
        let wanted = u64::from(snapshot.image.pages);
        let Some(more) = wanted.checked_sub((fresh / PAGE) as u64) else {
            return Err(sandbox.nonsense(CALL, "its memory is larger than that of one with rules"));
        };
        if memory.grow(&mut sandbox.store, more).is_err() {
            return Err(SandboxError::Memory { during: CALL, limit: sandbox.limits.memory_bytes });
        }
        snapshot.image.write(memory.data_mut(&mut sandbox.store), fresh);
        sandbox.rules = snapshot.report.rule_ids.len();
        Ok(sandbox)
    }

    fn report(&mut self, time: Duration) -> Result<LoadReport, SandboxError> {
        let report = json(self.result("ox_load", time)?, MAX_REPORT);
        report.ok_or_else(|| self.nonsense("ox_load", "the report has another shape"))
    }

    /// Stateless: each rule's verdict on each event.
    ///
    /// # Errors
    /// If the guest failed; then no event of the batch counts as evaluated.
    pub fn evaluate(&mut self, batch: &Batch) -> Result<Verdicts, SandboxError> {
        self.evaluate_events(&batch.all(), Effort::Usual)
    }

    pub(crate) fn evaluate_events(&mut self, events: &Events<'_>, effort: Effort) -> Result<Verdicts, SandboxError> {
        const CALL: &str = "ox_eval";
        let time = self.time(effort);
        let call = self.exports.eval.clone();
        let (pointer, length) = self.put(CALL, &events.pieces(), time)?;
        let status = self.guest(CALL, &call, (pointer, length), time)?;
        let rules = self.rules;
        self.answer(CALL, status, events, time, |answer| Verdicts::read(answer, events.len(), rules))
    }

    /// Stateless: match records, for [`Sandbox::window`] of the same or another instance with the same rules.
    ///
    /// # Errors
    /// If the guest failed; then no event of the batch counts as evaluated.
    pub fn detect(&mut self, batch: &Batch, now: i64) -> Result<Detections, SandboxError> {
        self.detect_events(&batch.all(), now, Effort::Usual)
    }

    pub(crate) fn detect_events(
        &mut self,
        events: &Events<'_>,
        now: i64,
        effort: Effort,
    ) -> Result<Detections, SandboxError> {
        const CALL: &str = "ox_detect";
        let time = self.time(effort);
        let call = self.exports.detect.clone();
        let (pointer, length) = self.put(CALL, &events.pieces(), time)?;
        let status = self.guest(CALL, &call, (pointer, length, now), time)?;
        let mut all = Detections::default();
        self.parts(CALL, status, events, time, |answer| {
            all.evaluated += answer.evaluated;
            all.undecided += answer.undecided;
            all.rejected.extend(answer.rejected);
            all.records.push(answer.body);
            Ok(())
        })?;
        Ok(all)
    }

    /// Puts match records into the windows kept here, and gives the alerts that fire.
    ///
    /// # Errors
    /// If the guest failed; then the windows are lost with it.
    pub fn window(&mut self, records: &[u8], now: i64) -> Result<Alerts, SandboxError> {
        self.window_lines(records, now, Effort::Usual)
    }

    pub(crate) fn window_lines(&mut self, records: &[u8], now: i64, effort: Effort) -> Result<Alerts, SandboxError> {
        const CALL: &str = "ox_window";
        let time = self.time(effort);
        let call = self.exports.window.clone();
        let (pointer, length) = self.put(CALL, &[records], time)?;
        let status = self.guest(CALL, &call, (pointer, length, now), time)?;
        self.status(CALL, status)?;
        self.alerts(CALL, time)
    }

    /// Detection and windows in one call, in this instance.
    ///
    /// # Errors
    /// If the guest failed; then the windows are lost with it.
    pub fn match_batch(&mut self, batch: &Batch, now: i64) -> Result<Matches, SandboxError> {
        const CALL: &str = "ox_match";
        let time = self.time(Effort::Usual);
        let call = self.exports.matching.clone();
        let events = batch.all();
        let (pointer, length) = self.put(CALL, &events.pieces(), time)?;
        let status = self.guest(CALL, &call, (pointer, length, now), time)?;
        let mut all = Matches::default();
        self.parts(CALL, status, &events, time, |answer| {
            all.evaluated += answer.evaluated;
            all.undecided += answer.undecided;
            all.rejected.extend(answer.rejected);
            all.alerts.append(Alerts::new(answer.body).map_err(|_| BAD_ALERT)?);
            Ok(())
        })?;
        Ok(all)
    }

    /// The open windows, for [`Sandbox::restore`] of another instance with the same rules.
    ///
    /// # Errors
    /// If the module cannot do it, or the guest failed.
    pub fn save(&mut self) -> Result<Vec<u8>, SandboxError> {
        self.save_with(<[u8]>::to_vec)
    }

    /// The same where they lie, in the guest's memory.
    pub(crate) fn save_with<T>(&mut self, read: impl FnOnce(&[u8]) -> T) -> Result<T, SandboxError> {
        const CALL: &str = "ox_save";
        let time = self.limits.long_deadline();
        let call = self.exports.save.clone().ok_or(SandboxError::MissingExport { name: CALL })?;
        let status = self.guest(CALL, &call, (), time)?;
        self.status(CALL, status)?;
        Ok(read(self.result(CALL, time)?))
    }

    /// Takes over windows in place of those that are open.
    ///
    /// # Errors
    /// If the state is of another version or not whole, the module cannot do it, or the guest failed.
    pub fn restore(&mut self, state: &[u8]) -> Result<Restored, SandboxError> {
        const CALL: &str = "ox_restore";
        let time = self.limits.long_deadline();
        let call = self.exports.restore.clone().ok_or(SandboxError::MissingExport { name: CALL })?;
        let (pointer, length) = self.put(CALL, &[state], time)?;
        let status = self.guest(CALL, &call, (pointer, length), time)?;
        self.status(CALL, status)?;
        let restored = json(self.result(CALL, time)?, MAX_STATS);
        // A state can be far larger than any batch.
        self.release(CALL, time)?;
        restored.ok_or_else(|| self.nonsense(CALL, "its report has another shape"))
    }

    /// Closes windows: their alerts with final counts. Nothing is left open once it gives no alerts.
    ///
    /// # Errors
    /// If the guest failed; then the windows are lost with it.
    pub fn flush(&mut self) -> Result<Alerts, SandboxError> {
        const CALL: &str = "ox_flush";
        let time = self.limits.long_deadline();
        let call = self.exports.flush.clone();
        let status = self.guest(CALL, &call, (), time)?;
        self.status(CALL, status)?;
        self.alerts(CALL, time)
    }

    /// The instance's own counters.
    ///
    /// # Errors
    /// If the guest failed.
    pub fn stats(&mut self) -> Result<Value, SandboxError> {
        const CALL: &str = "ox_stats";
        let time = self.time(Effort::Usual);
        let call = self.exports.stats.clone();
        let status = self.guest(CALL, &call, (), time)?;
        self.status(CALL, status)?;
        let stats = json(self.result(CALL, time)?, MAX_STATS);
        stats.ok_or_else(|| self.nonsense(CALL, "the counters are no JSON"))
    }

    /// Whether the guest failed: nothing can be asked of this instance any more.
    pub fn is_dead(&self) -> bool {
        self.dead
    }

    /// Rules in force.
    pub fn rules(&self) -> usize {
        self.rules
    }

    /// Linear memory in use, in bytes.
    pub fn memory_bytes(&self) -> usize {
        self.exports.memory.data_size(&self.store)
    }

    fn time(&self, effort: Effort) -> Duration {
        match effort {
            Effort::Usual => self.limits.deadline,
            Effort::Last => self.limits.long_deadline(),
        }
    }

    /// One call into the guest. After a failure it is never called again.
    fn guest<P: WasmParams, R: WasmResults>(
        &mut self,
        during: &'static str,
        call: &TypedFunc<P, R>,
        parameters: P,
        time: Duration,
    ) -> Result<R, SandboxError> {
        if self.dead {
            return Err(SandboxError::Dead);
        }
        self.store.set_epoch_deadline(ticks(time));
        self.store.data_mut().refused = false;
        call.call(&mut self.store, parameters).map_err(|error| {
            self.dead = true;
            failure(&error, during, self.store.data(), time, &self.limits)
        })
    }

    /// Writes an input, in pieces, into a block of the guest.
    fn put(&mut self, during: &'static str, pieces: &[&[u8]], time: Duration) -> Result<(i32, i32), SandboxError> {
        if self.dead {
            return Err(SandboxError::Dead);
        }
        let length = pieces.iter().map(|piece| piece.len()).sum::<usize>();
        let pointer = self.reserve(during, length, time)?;
        let mut at = pointer as usize;
        for piece in pieces {
            let end = at.saturating_add(piece.len());
            let Some(place) = self.exports.memory.data_mut(&mut self.store).get_mut(at..end) else {
                return Err(self.nonsense(during, "ox_alloc gave a block outside the memory"));
            };
            place.copy_from_slice(piece);
            at = end;
        }
        let length = i32::try_from(length).map_err(|_| SandboxError::TooLarge { bytes: length })?;
        Ok((pointer.cast_signed(), length))
    }

    fn reserve(&mut self, during: &'static str, bytes: usize, time: Duration) -> Result<u32, SandboxError> {
        match self.block {
            Some((pointer, capacity)) if capacity >= bytes => return Ok(pointer),
            _ => self.release(during, time)?,
        }
        let capacity = bytes.max(1).checked_next_multiple_of(BLOCK_STEP);
        let asked = capacity.and_then(|capacity| i32::try_from(capacity).ok());
        let (Some(capacity), Some(asked)) = (capacity, asked) else {
            return Err(SandboxError::TooLarge { bytes });
        };
        let alloc = self.exports.alloc.clone();
        match self.guest("ox_alloc", &alloc, asked, time)?.cast_unsigned() {
            0 => Err(SandboxError::NoRoom { during, bytes }),
            pointer => {
                self.block = Some((pointer, capacity));
                Ok(pointer)
            }
        }
    }

    fn release(&mut self, during: &'static str, time: Duration) -> Result<(), SandboxError> {
        let Some((pointer, _)) = self.block.take() else { return Ok(()) };
        let free = self.exports.free.clone();
        match self.guest("ox_free", &free, pointer.cast_signed(), time)? {
            0 => Ok(()),
            _ => Err(self.nonsense(during, "ox_free refused a block of ox_alloc")),
        }
    }

    /// Where the last call's result lies.
    fn result(&mut self, during: &'static str, time: Duration) -> Result<&[u8], SandboxError> {
        let (pointer, length) = (self.exports.result_ptr.clone(), self.exports.result_len.clone());
        let start = self.guest("ox_result_ptr", &pointer, (), time)?.cast_unsigned() as usize;
        let length = self.guest("ox_result_len", &length, (), time)?.cast_unsigned() as usize;
        let range = start..start.saturating_add(length);
        if range.end > self.memory_bytes() {
            return Err(self.nonsense(during, "the result lies outside the memory"));
        }
        Ok(self.exports.memory.data(&self.store).get(range).unwrap_or_default())
    }

    fn answer<T>(
        &mut self,
        during: &'static str,
        status: i32,
        events: &Events<'_>,
        time: Duration,
        read: impl FnOnce(Answer<'_>) -> Result<T, &'static str>,
    ) -> Result<T, SandboxError> {
        self.status(during, status)?;
        let rules = self.rules;
        let bytes = self.result(during, time)?;
        decode(bytes, events, rules).and_then(read).map_err(|what| self.nonsense(during, what))
    }

    /// The same of an answer that may come in parts; each part has the time that a call has, and all have [`PARTS_TIME`].
    fn parts(
        &mut self,
        during: &'static str,
        mut status: i32,
        events: &Events<'_>,
        time: Duration,
        mut read: impl FnMut(Answer<'_>) -> Result<(), &'static str>,
    ) -> Result<(), SandboxError> {
        const MORE: &str = "ox_more";
        let (mut parts, rules) = (Parts::default(), self.rules);
        let (begun, limit) = (Instant::now(), time.saturating_mul(PARTS_TIME));
        loop {
            let more = status == PART;
            if !more {
                self.status(during, status)?;
            }
            let bytes = self.result(during, time)?;
            let answer = parts.decode(bytes, events, rules, more);
            answer.and_then(&mut read).map_err(|what| self.nonsense(during, what))?;
            if !more {
                return Ok(());
            }
            let Some(call) = self.exports.more.clone() else {
                return Err(self.nonsense(during, "it goes on, and there is no ox_more"));
            };
            if begun.elapsed() > limit {
                self.dead = true;
                return Err(SandboxError::Deadline { during: MORE, limit });
            }
            status = self.guest(MORE, &call, (), time)?;
        }
    }

    fn alerts(&mut self, during: &'static str, time: Duration) -> Result<Alerts, SandboxError> {
        let alerts = Alerts::new(self.result(during, time)?);
        alerts.map_err(|_| self.nonsense(during, BAD_ALERT))
    }

    fn status(&mut self, during: &'static str, raw: i32) -> Result<(), SandboxError> {
        match (raw, Status::from_raw(raw)) {
            (0, _) => Ok(()),
            (_, Some(status)) => Err(SandboxError::Refused { during, status }),
            (_, None) => Err(self.nonsense(during, "the status is none of the ABI")),
        }
    }

    /// A guest that lies once is not asked again.
    fn nonsense(&mut self, during: &'static str, what: &'static str) -> SandboxError {
        self.dead = true;
        SandboxError::Nonsense { during, what }
    }
}

/// The status of an answer that goes on.
const PART: i32 = 1;
/// As many times that of a call all parts of an answer may take. The most that ten thousand rules and the largest events were
/// seen to take is a third of it.
const PARTS_TIME: u32 = 100;

/// Longest JSON texts that are read: parsed, small values take up to thirty times their length.
const MAX_REPORT: usize = 32 << 20;
/// Counters of ten thousand rules and of their predicates, with their texts, are some 5 MB.
const MAX_STATS: usize = 16 << 20;

fn json<T: serde::de::DeserializeOwned>(text: &[u8], most: usize) -> Option<T> {
    if text.len() > most {
        return None;
    }
    serde_json::from_slice(text).ok()
}

const BAD_ALERT: &str = "an alert record has another shape";

impl Exports {
    fn find(instance: &wasmtime::Instance, store: &mut Store<Ceiling>) -> Result<Self, SandboxError> {
        fn function<P: WasmParams, R: WasmResults>(
            instance: &wasmtime::Instance,
            store: &mut Store<Ceiling>,
            name: &'static str,
        ) -> Result<TypedFunc<P, R>, SandboxError> {
            instance.get_typed_func(store, name).map_err(|_| SandboxError::MissingExport { name })
        }
        let memory = instance.get_memory(&mut *store, "memory");
        Ok(Exports {
            memory: memory.ok_or(SandboxError::MissingExport { name: "memory" })?,
            abi_version: function(instance, store, "ox_abi_version")?,
            alloc: function(instance, store, "ox_alloc")?,
            free: function(instance, store, "ox_free")?,
            result_ptr: function(instance, store, "ox_result_ptr")?,
            result_len: function(instance, store, "ox_result_len")?,
            load: function(instance, store, "ox_load")?,
            matching: function(instance, store, "ox_match")?,
            detect: function(instance, store, "ox_detect")?,
            window: function(instance, store, "ox_window")?,
            eval: function(instance, store, "ox_eval")?,
            more: function(instance, store, "ox_more").ok(),
            flush: function(instance, store, "ox_flush")?,
            stats: function(instance, store, "ox_stats")?,
            save: function(instance, store, "ox_save").ok(),
            restore: function(instance, store, "ox_restore").ok(),
        })
    }
}

/// Names the cause of a failed call.
fn failure(
    error: &wasmtime::Error,
    during: &'static str,
    ceiling: &Ceiling,
    limit: Duration,
    limits: &Limits,
) -> SandboxError {
    let trap = error.downcast_ref::<Trap>().copied();
    match trap {
        Some(Trap::Interrupt) => SandboxError::Deadline { during, limit },
        // A guest that is refused memory usually aborts, which is a trap like any other.
        _ if ceiling.refused => SandboxError::Memory { during, limit: limits.memory_bytes },
        Some(trap) => SandboxError::Trap { during, cause: trap.to_string() },
        None => SandboxError::Trap { during, cause: format!("{error:#}") },
    }
}
