//! What it takes to give a new instance the windows of one that died: the windows as they were saved last, and every call
//! that has changed them since.
//!
//! Calls are repeated as they were, with their times, and windows depend on nothing else: so the new windows are the old
//! ones, and the alerts that come of it, which were told before, are discarded.
//!
//! Windows can take as much as an instance may hold, and the records since as much again, while next to no run ever needs
//! them: so what is more than a little lies in temporary files, or in memory where there can be none.

use super::error::SandboxError;
use super::instance::{Effort, Sandbox};
use super::spool::Spool;
use std::io::{self, Read};

/// Bytes of records after which windows are saved anew. A larger saved state waits for as many bytes as it has itself, so
/// that saving never costs more than what it saves.
const RECORDS: u64 = 16 << 20;

/// A call that changes windows.
#[derive(Debug)]
enum Call {
    /// Records, which are the next so many bytes, that were put into windows at this time.
    Window {
        bytes: usize,
        now: i64,
    },
    Flush,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    /// None: no windows.
    saved: Option<Spool>,
    since: Vec<Call>,
    /// The records of these calls, one after the other.
    records: Spool,
    bytes: u64,
    /// Bytes at which saving is tried again, after it has failed.
    retry_at: u64,
    /// Saving did not work: nothing is remembered, and the windows cannot be had again.
    given_up: bool,
}

/// How many times the usual bytes are remembered where saving fails.
const PATIENCE: u64 = 4;

impl Journal {
    /// Windows that were taken over from somewhere else, or saved: what came before does not matter any more.
    pub(crate) fn begin(&mut self, saved: Spool) {
        *self = Self { saved: Some(saved), ..Self::default() };
    }

    pub(crate) fn window(&mut self, records: &[u8], now: i64) {
        if !self.given_up {
            self.records.push(records);
        }
        self.note(records.len(), Call::Window { bytes: records.len(), now });
    }

    pub(crate) fn flush(&mut self) {
        self.note(0, Call::Flush);
    }

    fn note(&mut self, bytes: usize, call: Call) {
        if !self.given_up {
            self.bytes += (bytes + size_of::<Call>()) as u64;
            self.since.push(call);
        }
    }

    /// From now on the windows of an instance that dies are lost.
    fn give_up(&mut self) {
        *self = Self { given_up: true, ..Self::default() };
    }

    /// Whether it is time to save.
    pub(crate) fn is_full(&self) -> bool {
        !self.given_up && self.bytes >= self.most().max(self.retry_at)
    }

    fn most(&self) -> u64 {
        self.saved.as_ref().map_or(0, Spool::len).max(RECORDS)
    }

    /// Saving has failed: the calls are kept, and it is tried again when there are more of them, but not for ever.
    pub(crate) fn retry_later(&mut self) {
        if self.bytes >= self.most().saturating_mul(PATIENCE) {
            self.give_up();
        }
        self.retry_at = self.bytes.saturating_add(self.most());
    }

    /// Does everything again in a new instance without windows; false if that cannot be done.
    pub(crate) fn repeat(&mut self, sandbox: &mut Sandbox) -> bool {
        !self.given_up && self.try_repeat(sandbox).is_ok()
    }

    fn try_repeat(&mut self, sandbox: &mut Sandbox) -> Result<(), Unrepeatable> {
        let mut text = Vec::new();
        if let Some(saved) = &mut self.saved {
            saved.reader()?.read_to_end(&mut text)?;
            sandbox.restore(&text)?;
        }
        let mut records = self.records.reader()?;
        for call in &self.since {
            match call {
                Call::Window { bytes, now } => {
                    text.resize(*bytes, 0);
                    records.read_exact(&mut text)?;
                    sandbox.window_lines(&text, *now, Effort::Last)?;
                }
                Call::Flush => sandbox.flush().map(drop)?,
            }
        }
        Ok(())
    }
}

/// The windows are lost, for whichever reason.
struct Unrepeatable;

impl From<io::Error> for Unrepeatable {
    fn from(_: io::Error) -> Self {
        Self
    }
}

impl From<SandboxError> for Unrepeatable {
    fn from(_: SandboxError) -> Self {
        Self
    }
}
