//! Reading input: the command line's own code, so that the page finds the same events in the same files.
//!
//! The files are the host's; what opens files and folders there stays there.

#![expect(dead_code, reason = "the page needs less of it than the command line")]
#![allow(unreachable_pub, clippy::allow_attributes, reason = "public in the host, private here")]

#[path = "../../../host/src/intake/classify.rs"]
mod classify;
#[path = "../../../host/src/intake/item.rs"]
mod item;
#[path = "../../../host/src/intake/json.rs"]
mod json;
#[path = "../../../host/src/intake/scan.rs"]
mod scan;
#[path = "../../../host/src/intake/sniff.rs"]
mod sniff;
#[path = "../../../host/src/intake/split.rs"]
mod split;
#[path = "../../../host/src/intake/unwrap.rs"]
mod unwrap;
#[path = "../../../host/src/intake/window.rs"]
mod window;

pub(crate) use item::{Counts, Fault, FileKind, Flow, Item, Layer, Place, Reason, Skip};
pub(crate) use split::Outcome;

use std::io::Read;

/// What bounds the memory and the work of reading; the host's defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) max_event_bytes: usize,
    pub(crate) max_document_bytes: usize,
    pub(crate) max_unpacked_bytes: u64,
    pub(crate) max_envelopes: u32,
    pub(crate) max_excerpt_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_event_bytes: 4 << 20,
            max_document_bytes: 32 << 20,
            max_unpacked_bytes: 1 << 30,
            max_envelopes: 8,
            max_excerpt_bytes: 200,
        }
    }
}

/// Hands out what is in `source`, in order.
pub(crate) fn read<R: Read>(source: R, limits: &Limits, sink: &mut dyn FnMut(Item<'_>) -> Flow) -> Outcome {
    split::run(source, limits, sink)
}
