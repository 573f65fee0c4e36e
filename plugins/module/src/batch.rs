//! A batch of events as the host writes it.
//!
//! ```text
//! 0        1      2            4      8                  16      16 + tag
//! +--------+------+------------+------+------------------+-------+-----------
//! | format | zero | tag length | zero | shipper time, ms | tag   | events
//! +--------+------+------------+------+------------------+-------+-----------
//! ```
//!
//! Little endian. Format 1: events end at line feeds, lines of blanks are none. Format 2: before each event its length
//! as u32. Format 3: MessagePack values, one after the other.

use crate::clock;
use crate::status::Status;
use oxpecker_engine::msgpack;

const HEADER: usize = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Lines,
    Framed,
    Packed,
}

/// A batch whose frame is whole: each of its events can be found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Batch<'b> {
    format: Format,
    tag: &'b [u8],
    time: Option<i64>,
    payload: &'b [u8],
    count: usize,
}

impl<'b> Batch<'b> {
    /// Reads the header and looks at every frame; at no event.
    pub(crate) fn read(batch: &'b [u8]) -> Result<Self, Status> {
        let (header, rest) = batch.split_first_chunk::<HEADER>().ok_or(Status::BadBatch)?;
        let [format, 0, tag, tag_high, 0, 0, 0, 0, time @ ..] = *header else { return Err(Status::BadBatch) };
        let tag = usize::from(u16::from_le_bytes([tag, tag_high]));
        let format = match format {
            1 => Format::Lines,
            2 => Format::Framed,
            3 => Format::Packed,
            _ => return Err(Status::BadBatch),
        };
        let (tag, payload) = rest.split_at_checked(tag).ok_or(Status::BadBatch)?;
        let mut events = Events { format, rest: payload };
        let count = events.by_ref().count();
        // What is left cannot be told apart into events.
        if !events.rest.is_empty() {
            return Err(Status::BadBatch);
        }
        Ok(Self { format, tag, time: clock::known(i64::from_le_bytes(time)), payload, count })
    }

    /// How many events there are.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The shipper's tag; empty where there is none.
    pub(crate) fn tag(&self) -> &'b [u8] {
        self.tag
    }

    /// The shipper's time, in milliseconds since 1970, where it is known.
    pub(crate) fn time(&self) -> Option<i64> {
        self.time
    }

    /// Whether events are MessagePack and not JSON.
    pub(crate) fn is_packed(&self) -> bool {
        self.format == Format::Packed
    }

    /// The events, in order.
    pub(crate) fn events(&self) -> impl Iterator<Item = &'b [u8]> + use<'b> {
        Events { format: self.format, rest: self.payload }
    }
}

/// Events one after the other; ends where there is no whole one any more.
struct Events<'b> {
    format: Format,
    rest: &'b [u8],
}

impl<'b> Iterator for Events<'b> {
    type Item = &'b [u8];

    fn next(&mut self) -> Option<&'b [u8]> {
        match self.format {
            Format::Lines => self.line(),
            Format::Framed => {
                let (length, rest) = self.rest.split_first_chunk::<4>()?;
                let (event, rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
                self.rest = rest;
                Some(event)
            }
            Format::Packed => {
                let (event, rest) = self.rest.split_at_checked(msgpack::length(self.rest)?)?;
                self.rest = rest;
                Some(event)
            }
        }
    }
}

impl<'b> Events<'b> {
    /// The next line that is not blank.
    fn line(&mut self) -> Option<&'b [u8]> {
        while !self.rest.is_empty() {
            let end = memchr::memchr(b'\n', self.rest).unwrap_or(self.rest.len());
            let line = self.rest.get(..end).unwrap_or_default();
            self.rest = self.rest.get(end + 1..).unwrap_or_default();
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.iter().any(|byte| !byte.is_ascii_whitespace()) {
                return Some(line);
            }
        }
        None
    }
}
