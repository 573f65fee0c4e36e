//! From bytes of any input to single events.
//!
//! ```text
//! walk ──> Input ──open──> Reader ──read──> Window ──split──> document ──unwrap──> Item
//!  paths            gzip, zstd       one buffer     NDJSON, arrays,   envelopes       event, rejected, skipped
//!                                                   Records, glued
//! ```
//!
//! Nothing here knows rules, the engine or the command line. Memory is bounded by [`Limits`], never by the input; work
//! is linear in the (decompressed) input. Whatever goes in comes out as an [`Item`] or as the [`Outcome`]'s problem:
//! nothing is dropped in silence but blank lines and the punctuation of containers.

mod classify;
mod item;
mod json;
mod reader;
mod scan;
mod sniff;
mod split;
mod unwrap;
mod walk;
mod window;

#[cfg(test)]
mod tests;

pub use item::{Counts, Fault, FileKind, Flow, Item, Layer, Place, Reason, Skip};
pub use reader::{Problem, Reader};
pub use split::Outcome;
pub use walk::{Input, PassedOver, Walk, WalkError, WalkNote, walk};

use std::io::Read;

/// What bounds the memory and the work of reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// A longer event is rejected. Default 4 MiB: CloudTrail's own limit is 256 KiB (1 MiB extended).
    pub max_event_bytes: usize,
    /// A document that must be held whole (an envelope, or what is inside one) may be so long. Arrays, `Records` and
    /// `Events` are streamed and may be of any length. Default 32 MiB.
    pub max_document_bytes: usize,
    /// So much may come out of one document's envelopes in all: an envelope of envelopes of gzip multiplies at each
    /// level. Default 1 GiB.
    pub max_unpacked_bytes: u64,
    /// Envelopes inside each other. Default 8.
    pub max_envelopes: u32,
    /// How much of a rejected text is shown. Default 1 KiB.
    pub max_excerpt_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_event_bytes: 4 << 20,
            max_document_bytes: 32 << 20,
            max_unpacked_bytes: 1 << 30,
            max_envelopes: 8,
            max_excerpt_bytes: 1 << 10,
        }
    }
}

/// Reads `source` to its end, or until `sink` says stop, and hands out its items in order.
pub fn read<R: Read>(source: R, limits: &Limits, sink: &mut dyn FnMut(Item<'_>) -> Flow) -> Outcome {
    split::run(source, limits, sink)
}
