//! Events on their way in: the framed batch of ABI v1.
//!
//! ```text
//!  0        1      2            4      8                 16
//!  +--------+------+------------+------+-----------------+-----+------------------------- - -
//!  | 2      | 0    | tag length | 0    | shipper time    | tag | (u32 length, event) ...
//!  +--------+------+------------+------+-----------------+-----+------------------------- - -
//! ```

use std::ops::Range;

use super::error::SandboxError;
use super::journal::Journal;

const FRAMED: u8 = 2;
const NO_TIME: i64 = i64::MIN;
const LENGTH_FIELD: usize = 4;

/// Events that go to the guest in one call. Reuse it with [`Batch::clear`].
#[derive(Debug, Clone)]
pub struct Batch {
    head: Vec<u8>,
    body: Vec<u8>,
    /// Where each event's length field starts in `body`.
    starts: Vec<usize>,
}

impl Default for Batch {
    fn default() -> Self {
        Batch { head: header(0, NO_TIME), body: Vec::new(), starts: Vec::new() }
    }
}

fn header(tag_length: u16, time: i64) -> Vec<u8> {
    let mut head = vec![FRAMED, 0];
    head.extend_from_slice(&tag_length.to_le_bytes());
    head.extend_from_slice(&0u32.to_le_bytes());
    head.extend_from_slice(&time.to_le_bytes());
    head
}

impl Batch {
    /// An empty batch without tag and shipper time.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty batch with the shipper's tag and its time in milliseconds since 1970.
    ///
    /// # Errors
    /// If the tag is longer than 65,535 bytes.
    pub fn tagged(tag: &str, time: Option<i64>) -> Result<Self, SandboxError> {
        let length = u16::try_from(tag.len()).map_err(|_| SandboxError::TooLarge { bytes: tag.len() })?;
        let mut head = header(length, time.unwrap_or(NO_TIME));
        head.extend_from_slice(tag.as_bytes());
        Ok(Batch { head, ..Self::default() })
    }

    /// Appends an event: any bytes, whether JSON or not.
    ///
    /// # Errors
    /// If the event is longer than a 32-bit length can say.
    pub fn push(&mut self, event: &[u8]) -> Result<(), SandboxError> {
        let length = u32::try_from(event.len()).map_err(|_| SandboxError::TooLarge { bytes: event.len() })?;
        self.starts.push(self.body.len());
        self.body.extend_from_slice(&length.to_le_bytes());
        self.body.extend_from_slice(event);
        Ok(())
    }

    /// Number of events.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether it holds no event.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// Bytes that go to the guest.
    pub fn bytes(&self) -> usize {
        self.head.len() + self.body.len()
    }

    /// Bytes of the events themselves.
    pub fn event_bytes(&self) -> usize {
        self.body.len() - LENGTH_FIELD * self.len()
    }

    /// Bytes of events for which there is memory, with their lengths.
    pub fn room(&self) -> usize {
        self.body.capacity()
    }

    /// The event at `index`.
    pub fn event(&self, index: usize) -> Option<&[u8]> {
        let start = *self.starts.get(index)?;
        self.body.get(start + LENGTH_FIELD..self.start(index + 1))
    }

    /// Forgets the events; tag, time and memory stay.
    pub fn clear(&mut self) {
        self.body.clear();
        self.starts.clear();
    }

    /// All events, as a part that can be halved.
    pub(crate) fn all(&self) -> Events<'_> {
        Events { batch: self, range: 0..self.len() }
    }

    fn start(&self, index: usize) -> usize {
        self.starts.get(index).copied().unwrap_or(self.body.len())
    }
}

/// A run of a batch's events.
#[derive(Debug, Clone)]
pub(crate) struct Events<'a> {
    batch: &'a Batch,
    pub(crate) range: Range<usize>,
}

impl<'a> Events<'a> {
    /// The batch of these events only, in two pieces.
    pub(crate) fn pieces(&self) -> [&'a [u8]; 2] {
        let body = self.batch.body.get(self.batch.start(self.range.start)..self.batch.start(self.range.end));
        [&self.batch.head, body.unwrap_or_default()]
    }

    /// Length of the event at `index`, counted from this run's first.
    pub(crate) fn event_len(&self, index: usize) -> Option<usize> {
        self.batch.event(self.range.start.checked_add(index)?).map(<[u8]>::len)
    }
}

/// Work that can be cut in two until one piece is left.
pub(crate) trait Divisible: Sized {
    fn len(&self) -> usize;
    /// The two halves in order. Neither is empty if `len()` is at least two.
    fn halves(self) -> (Self, Self);
    /// Notes what was done, if a new instance would have to do it again.
    fn note(&self, _journal: &mut Journal) {}
}

impl Divisible for Events<'_> {
    fn len(&self) -> usize {
        self.range.len()
    }

    fn halves(self) -> (Self, Self) {
        let Range { start, end } = self.range;
        let middle = start + (end - start) / 2;
        (Events { batch: self.batch, range: start..middle }, Events { batch: self.batch, range: middle..end })
    }
}

/// A run of match records, each ended by LF, that arrived together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Records<'a> {
    pub(crate) text: &'a [u8],
    pub(crate) now: i64,
}

impl Divisible for Records<'_> {
    fn len(&self) -> usize {
        self.text.split_inclusive(|byte| *byte == b'\n').count()
    }

    fn halves(self) -> (Self, Self) {
        let first = Divisible::len(&self) / 2;
        let bytes = self.text.split_inclusive(|byte| *byte == b'\n').take(first).map(<[u8]>::len).sum();
        let (left, right) = self.text.split_at_checked(bytes).unwrap_or((self.text, &[]));
        (Records { text: left, ..self }, Records { text: right, ..self })
    }

    fn note(&self, journal: &mut Journal) {
        journal.window(self.text, self.now);
    }
}
