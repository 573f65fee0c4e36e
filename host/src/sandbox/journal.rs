//! What it takes to give a new instance the windows of one that died: the windows as they were saved last, and every call
//! that has changed them since.
//!
//! Calls are repeated as they were, with their times, and windows depend on nothing else: so the new windows are the old
//! ones, and the alerts that come of it, which were told before, are discarded.

use super::error::SandboxError;
use super::instance::{Effort, Sandbox};

/// Bytes of records after which windows are saved anew. A larger saved state waits for as many bytes as it has itself, so
/// that saving never costs more than what it saves.
const RECORDS: usize = 8 << 20;

/// A call that changes windows.
#[derive(Debug)]
enum Call {
    /// Records that were put into windows at this time.
    Window {
        records: Vec<u8>,
        now: i64,
    },
    Flush,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    /// None: no windows.
    saved: Option<Vec<u8>>,
    since: Vec<Call>,
    bytes: usize,
    /// Bytes at which saving is tried again, after it has failed.
    retry_at: usize,
    /// Saving did not work: nothing is remembered, and the windows cannot be had again.
    given_up: bool,
}

/// How many times the usual bytes are remembered where saving fails.
const PATIENCE: usize = 4;

impl Journal {
    /// Windows that were taken over from somewhere else: what came before does not matter any more.
    pub(crate) fn begin(&mut self, saved: Vec<u8>) {
        *self = Self { saved: Some(saved), ..Self::default() };
    }

    pub(crate) fn window(&mut self, records: &[u8], now: i64) {
        self.note(records.len(), || Call::Window { records: records.to_vec(), now });
    }

    pub(crate) fn flush(&mut self) {
        self.note(0, || Call::Flush);
    }

    fn note(&mut self, bytes: usize, call: impl FnOnce() -> Call) {
        if !self.given_up {
            self.bytes += bytes + size_of::<Call>();
            self.since.push(call());
        }
    }

    /// Whether it is time to save.
    pub(crate) fn is_full(&self) -> bool {
        !self.given_up && self.bytes >= self.most().max(self.retry_at)
    }

    fn most(&self) -> usize {
        self.saved.as_ref().map_or(0, Vec::len).max(RECORDS)
    }

    /// Saving has failed: the calls are kept, and it is tried again when there are more of them, but not for ever.
    pub(crate) fn retry_later(&mut self) {
        if self.bytes >= self.most().saturating_mul(PATIENCE) {
            *self = Self { given_up: true, ..Self::default() };
        }
        self.retry_at = self.bytes.saturating_add(self.most());
    }

    /// Does everything again in a new instance without windows; false if that cannot be done.
    pub(crate) fn repeat(&self, sandbox: &mut Sandbox) -> bool {
        !self.given_up && self.try_repeat(sandbox).is_ok()
    }

    fn try_repeat(&self, sandbox: &mut Sandbox) -> Result<(), SandboxError> {
        if let Some(saved) = &self.saved {
            sandbox.restore(saved)?;
        }
        for call in &self.since {
            match call {
                Call::Window { records, now } => sandbox.window_lines(records, *now, Effort::Last).map(drop)?,
                Call::Flush => sandbox.flush().map(drop)?,
            }
        }
        Ok(())
    }
}
