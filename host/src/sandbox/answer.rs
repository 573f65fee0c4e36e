//! Reading the guest's answers. Nothing in them is trusted: every number is checked against the batch that was asked
//! about and against the bytes that are there, before anything is allocated for it.
//!
//! ```text
//!  0           4          8           12       16
//!  +-----------+----------+-----------+--------+---------------------------------+-------- - -
//!  | evaluated | rejected | undecided | body n | rejected x (index, offset, why) | body
//!  +-----------+----------+-----------+--------+---------------------------------+-------- - -
//! ```

use super::batch::{Divisible, Events};

const HEADER: usize = 16;
const REJECT: usize = 12;

/// Why an event was not evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RejectReason {
    /// The engine refused it; the number is the ABI's code of the reason.
    Event(u32),
    /// It made the guest trap, run out of memory, or answer nonsense: in its batch, and again alone.
    GuestTrap,
    /// The guest did not end in time: in its batch, and again alone with more time.
    GuestDeadline,
}

/// An event that was not evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Its place in the batch, from 0.
    pub index: usize,
    /// Where in the event the trouble is; 0 if unknown.
    pub offset: usize,
    /// Why.
    pub reason: RejectReason,
    /// For a guest's failure: what happened.
    pub detail: Option<String>,
}

/// A decoded answer about a batch; `body` still lies in the guest's memory.
pub(crate) struct Answer<'a> {
    pub(crate) evaluated: u64,
    pub(crate) undecided: u64,
    pub(crate) rejected: Vec<Rejected>,
    pub(crate) body: &'a [u8],
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let field = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(field.try_into().ok()?))
}

fn usize_at(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32_at(bytes, at)?).ok()
}

/// Decodes an answer about `events`, evaluated by `rules` rules.
pub(crate) fn decode<'a>(bytes: &'a [u8], events: &Events<'_>, rules: usize) -> Result<Answer<'a>, &'static str> {
    Parts::default().decode(bytes, events, rules, false)
}

/// What the parts of an answer that were read so far are about.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    events: usize,
    /// The last event that was rejected.
    rejected: Option<usize>,
    count: usize,
    bytes: usize,
}

/// Bytes of all parts of one answer. What is more comes of fewer events at a time.
const MOST: usize = 2 << 30;

impl Parts {
    /// Decodes the next part of an answer, whose other parts are still to come if `more` says so.
    pub(crate) fn decode<'a>(
        &mut self,
        bytes: &'a [u8],
        events: &Events<'_>,
        rules: usize,
        more: bool,
    ) -> Result<Answer<'a>, &'static str> {
        let answer = decode_part(bytes, events, rules, self.rejected)?;
        let counted = usize::try_from(answer.evaluated).ok().and_then(|count| count.checked_add(answer.rejected.len()));
        self.events = counted.and_then(|count| count.checked_add(self.events)).unwrap_or(usize::MAX);
        if if more { self.events > events.len() } else { self.events != events.len() } {
            return Err("evaluated and rejected events are not those of the batch");
        }
        self.rejected = answer.rejected.last().map(|last| last.index).or(self.rejected);
        self.count += 1;
        self.bytes = self.bytes.saturating_add(bytes.len());
        // Each ends with a match. A guest that never ends would be asked for ever.
        if self.bytes > MOST || more && self.count > events.len().saturating_mul(rules) {
            return Err("it has more or larger parts than there can be");
        }
        Ok(answer)
    }
}

fn decode_part<'a>(
    bytes: &'a [u8],
    events: &Events<'_>,
    rules: usize,
    after: Option<usize>,
) -> Result<Answer<'a>, &'static str> {
    let field = |at| usize_at(bytes, at).ok_or("it is shorter than its header");
    let (evaluated, rejected, undecided, body) = (field(0)?, field(4)?, field(8)?, field(12)?);
    if evaluated.checked_add(rejected).is_none_or(|count| count > events.len()) {
        return Err("evaluated and rejected events are not those of the batch");
    }
    let pairs = (evaluated as u64).saturating_mul(rules as u64);
    if undecided as u64 > pairs {
        return Err("more pairs are undecided than were evaluated");
    }
    let body_at = rejected.checked_mul(REJECT).and_then(|length| length.checked_add(HEADER));
    let whole = body_at.and_then(|at| at.checked_add(body));
    if whole != Some(bytes.len()) {
        return Err("its length is not the sum of its parts");
    }
    let (records, body) = body_at.and_then(|at| bytes.split_at_checked(at)).ok_or("it is cut off")?;
    let rejected = rejects(records.get(HEADER..).unwrap_or_default(), events, after)?;
    Ok(Answer { evaluated: evaluated as u64, undecided: undecided as u64, rejected, body })
}

fn rejects(records: &[u8], events: &Events<'_>, after: Option<usize>) -> Result<Vec<Rejected>, &'static str> {
    let mut found: Vec<Rejected> = Vec::with_capacity(records.len() / REJECT);
    let mut last = after;
    for record in records.chunks_exact(REJECT) {
        let field = |at| usize_at(record, at).ok_or("it is cut off");
        let (index, offset) = (field(0)?, field(4)?);
        if last.replace(index).is_some_and(|last| last >= index) {
            return Err("rejected events are not in ascending order");
        }
        if events.event_len(index).is_none_or(|length| offset > length) {
            return Err("a rejected event lies outside the batch");
        }
        let reason = RejectReason::Event(u32_at(record, 8).ok_or("it is cut off")?);
        found.push(Rejected { index, offset, reason, detail: None });
    }
    Ok(found)
}

/// Splits the body of an `ox_eval` answer into its two bitmaps.
pub(crate) fn bitmaps(body: &[u8], events: usize, rules: usize) -> Result<(&[u8], &[u8]), &'static str> {
    let length = events.checked_mul(rules).map(|bits| bits.div_ceil(8));
    match length {
        Some(length) if length.checked_mul(2) == Some(body.len()) => {
            body.split_at_checked(length).ok_or("it is cut off")
        }
        _ => Err("the bitmaps have another size"),
    }
}
