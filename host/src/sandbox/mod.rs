//! The sandbox: `oxpecker.wasm` under wasmtime.
//!
//! In the order in which an event meets them: a [`Module`] is code; a [`Sandbox`] is one instance of it with [`Limits`];
//! a [`Batch`] carries events in; [`Verdicts`] or [`Matches`] come out. A [`Guard`] does the same and outlives instances
//! that die. This module does no I/O but the code cache, and takes the time as a parameter.
//!
//! The guest is not trusted: it can compute and nothing else, memory and time are limited, and no number, text or byte
//! of its answers is believed unchecked.

pub(crate) mod answer;
mod batch;
mod cache;
mod code_file;
mod config;
mod error;
mod guard;
mod instance;
mod journal;
mod limits;
mod module;
mod records;
mod replaceable;
mod request;
mod snapshot;
mod spool;
mod ticker;
mod verdicts;

pub use answer::{RejectReason, Rejected};
pub use batch::Batch;
pub use cache::CodeCache;
pub use error::{SandboxError, Status};
pub use guard::{Guard, Keeper, Kept, Outcome, Worker};
pub use instance::{Detections, Matches, Restored, Sandbox};
pub use limits::{Limits, Patience};
pub use module::{Module, Origin};
pub use records::{MatchRecords, Pieces};
pub use request::{Document, LoadReport, LoadRequest, Problem};
pub use verdicts::{Counts, Verdicts};

pub(crate) use answer::Parts;
pub(crate) use batch::Events;
pub(crate) use code_file::{hex, sha256};
pub(crate) use limits::Ceiling;
pub(crate) use ticker::{Ticking, ticks};

/// The version of the host ABI that this library speaks.
pub const ABI_VERSION: i32 = 1;
