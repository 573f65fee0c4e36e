//! Inputs to verdicts or alerts: workers evaluate, the first of them reads too, and the caller receives in the order of the
//! input.
//!
//! ```text
//! first worker                                  every worker                    caller
//! inputs ─> intake ─> jobs ─(whoever is free)─> evaluate ─(in their order)─> results ─> sorter ┐
//!    └ evaluates itself while enough jobs wait                                                 │ once all is read, or
//! caller                                        window thread                                  │ what comes in order
//! output <──(same order)─────────────────────── windows <──────────────────────────────────────┘
//! ```
//!
//! What is on the way is bounded by its bytes, so memory does not grow with the input, and jobs are used again. Results come
//! in the order in which the jobs were read, whatever the number of workers.

mod detector;
mod exchange;
mod feed;
mod lanes;
mod lines;
mod sorter;
mod tally;

pub use detector::{Backend, Evaluated, KeepWindows, Searcher, Task};
pub use feed::{Job, Note, Origin, Span, read};
pub use lanes::{Done, Pipeline};
pub use lines::{Lines, SortedLines, lines};
pub use sorter::{Sorted, Sorter};
pub use tally::{Rejection, Tally};

use crate::intake;

/// How inputs are read and cut into jobs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Worker threads; at least one.
    pub jobs: usize,
    /// Bytes of events in one job. Larger ones cost fewer calls, smaller ones show results sooner.
    pub batch_bytes: usize,
    /// Whether results come with their events also where nothing is said of any of them. Without them a job is read into
    /// memory that is warm.
    pub keep_events: bool,
    /// The time to keep.
    pub span: Span,
    /// Bounds on reading.
    pub limits: intake::Limits,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            jobs: 1,
            batch_bytes: 128 << 10,
            keep_events: true,
            span: Span::default(),
            limits: intake::Limits::default(),
        }
    }
}
