//! What an instance may use: memory, time, tables. All of it is a parameter with a default.

use std::time::Duration;

use wasmtime::{ResourceLimiter, Result};

/// The bounds of one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Most linear memory an instance may hold. What it is refused, it must cope with.
    pub memory_bytes: usize,
    /// Longest time for one batch. Time during which the whole process stands still (a suspended laptop) does not count.
    pub deadline: Duration,
    /// Longest time to start an instance, and to load rules into it.
    pub load_deadline: Duration,
    /// How many times `deadline` an event alone gets after it failed within a batch; also what closing all windows gets.
    pub retry_factor: u32,
    /// When to stop replacing instances.
    pub patience: Patience,
}

/// When a guest counts as broken rather than an event as guilty. Both counts start anew with every answer about an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patience {
    /// So many events in a row, each of which killed its instance twice, end the run.
    pub guilty_in_a_row: u32,
    /// So much time in a row lost in failing calls and in replacing instances ends the run.
    pub lost_time: Duration,
    /// How often a new instance is tried in a row before the run ends.
    pub starts: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            memory_bytes: 256 << 20,
            deadline: Duration::from_secs(2),
            load_deadline: Duration::from_secs(30),
            retry_factor: 10,
            patience: Patience::default(),
        }
    }
}

impl Default for Patience {
    fn default() -> Self {
        Patience { guilty_in_a_row: 256, lost_time: Duration::from_secs(120), starts: 3 }
    }
}

impl Limits {
    pub(crate) fn long_deadline(&self) -> Duration {
        self.deadline.saturating_mul(self.retry_factor.max(1))
    }
}

/// No table of the module comes near: its function table holds a few hundred entries.
const MAX_TABLE_ELEMENTS: usize = 100_000;

/// Grants or refuses growth, and remembers a refusal: the guest turns it into a trap of its own, whose cause would
/// otherwise be unknown.
#[derive(Debug)]
pub(crate) struct Ceiling {
    memory_bytes: usize,
    pub(crate) refused: bool,
}

impl Ceiling {
    pub(crate) fn new(limits: &Limits) -> Self {
        Ceiling { memory_bytes: limits.memory_bytes, refused: false }
    }
}

impl ResourceLimiter for Ceiling {
    fn memory_growing(&mut self, _current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        let granted = desired <= self.memory_bytes && maximum.is_none_or(|most| desired <= most);
        self.refused |= !granted;
        Ok(granted)
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> Result<()> {
        // The operating system had no more: to the guest the same as a refusal.
        self.refused = true;
        Ok(())
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        Ok(desired <= MAX_TABLE_ELEMENTS)
    }

    fn instances(&self) -> usize {
        1
    }

    fn memories(&self) -> usize {
        1
    }

    fn tables(&self) -> usize {
        4
    }
}
