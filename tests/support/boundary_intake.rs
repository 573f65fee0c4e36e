//! The place where bytes of any input enter the host. The including file names the module `intake`.

use super::intake::{self, Item, Limits, Reader};
use std::io::{self, Read};
use std::ops::ControlFlow::Continue;

/// Any input: it ends, everything is accounted for, and it does not matter in which pieces it is read.
pub(crate) fn intake(data: &[u8]) {
    let limits = Limits {
        max_event_bytes: 1 << 12,
        max_document_bytes: 1 << 14,
        max_unpacked_bytes: 1 << 16,
        ..Limits::default()
    };
    let at_once = items(data, &limits);
    assert_eq!(at_once, items(Pieces(data), &limits), "in pieces");
    if let Ok(reader) = Reader::new(data) {
        items(reader.take(1 << 20), &limits);
    }
}

/// Each item as text, events and excerpts held to their limits.
fn items(source: impl Read, limits: &Limits) -> Vec<String> {
    let mut items = Vec::new();
    let (mut events, mut rejected, mut skipped) = (0, 0, 0);
    let mut last = 0;
    let outcome = intake::read(source, limits, &mut |item| {
        let at = match &item {
            Item::Event { bytes, at } => {
                assert!(bytes.len() <= limits.max_event_bytes && bytes.first() == Some(&b'{'), "{item:?}");
                events += 1;
                at
            }
            Item::Rejected { at, excerpt, .. } => {
                assert!(excerpt.len() <= limits.max_excerpt_bytes);
                rejected += 1;
                at
            }
            Item::Skipped { at, .. } => {
                skipped += 1;
                at
            }
        };
        assert!(at.offset >= last, "items come in order");
        last = at.offset;
        items.push(format!("{item:?}"));
        Continue(())
    });
    let counts = outcome.counts;
    assert_eq!((counts.events, counts.rejected, counts.skipped), (events, rejected, skipped));
    assert!(!outcome.stopped);
    items
}

/// Gives one to three bytes a read.
struct Pieces<'d>(&'d [u8]);

impl Read for Pieces<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = (1 + self.0.len() % 3).min(into.len());
        self.0.read(&mut into[..length])
    }
}
