//! What a batch came to, as the host reads it.
//!
//! ```text
//! 0           4          8           12            16                  16 + 12 × rejected
//! +-----------+----------+-----------+-------------+-------------------+------
//! | evaluated | rejected | undecided | body length | rejects           | body
//! +-----------+----------+-----------+-------------+-------------------+------
//! ```
//!
//! All u32, little endian; a reject is the event's index in the batch, the offset in the event and the reason's number.
//!
//! An answer is kept from batch to batch, so that the next one finds its memory.

use crate::status::Status;
use oxpecker_engine::json::Reject;

/// Collects the answer to one batch.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) evaluated: u32,
    pub(crate) undecided: u32,
    rejects: Vec<[u32; 3]>,
    /// Lines, for the answers that are made of them.
    pub(crate) body: String,
}

const HEAD: usize = 16;
const REJECT: usize = 12;

impl Answer {
    /// Nothing yet.
    pub(crate) const fn new() -> Self {
        Self { evaluated: 0, undecided: 0, rejects: Vec::new(), body: String::new() }
    }

    pub(crate) fn clear(&mut self) {
        (self.evaluated, self.undecided) = (0, 0);
        self.rejects.clear();
        self.body.clear();
    }

    pub(crate) fn reject(&mut self, index: usize, reject: Reject) {
        let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        self.rejects.push([number(index), number(reject.offset), reject.reason.number()]);
    }

    /// Bytes of everything before the body.
    pub(crate) fn head_bytes(&self) -> usize {
        HEAD + REJECT * self.rejects.len()
    }

    /// The words of everything before a body of this length; `None` where a number is too large for them.
    pub(crate) fn head(&self, body: usize) -> Option<impl Iterator<Item = [u8; 4]>> {
        let (rejected, body) = (u32::try_from(self.rejects.len()).ok()?, u32::try_from(body).ok()?);
        let head = [self.evaluated, rejected, self.undecided, body].into_iter();
        Some(head.chain(self.rejects.iter().flatten().copied()).map(u32::to_le_bytes))
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) -> Status {
        let Some(head) = self.head(self.body.len()) else { return Status::TooLarge };
        out.reserve(self.head_bytes() + self.body.len());
        head.for_each(|word| out.extend_from_slice(&word));
        out.extend_from_slice(self.body.as_bytes());
        Status::Ok
    }
}
