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

use crate::status::Status;
use oxpecker_engine::json::Reject;

/// Collects the answer to one batch.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) evaluated: u32,
    pub(crate) undecided: u32,
    rejects: Vec<[u32; 3]>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn reject(&mut self, index: usize, reject: Reject) {
        let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        self.rejects.push([number(index), number(reject.offset), reject.reason.number()]);
    }

    /// One record of the body, as a line.
    pub(crate) fn line(&mut self, record: &oxpecker_engine::json::Json) {
        let mut text = String::new();
        record.write_to(&mut text);
        self.text_line(&text);
    }

    /// A line of the body as it is.
    pub(crate) fn text_line(&mut self, text: &str) {
        self.body.extend_from_slice(text.as_bytes());
        self.body.push(b'\n');
    }

    pub(crate) fn write(self, out: &mut Vec<u8>) -> Status {
        let (Ok(rejected), Ok(body)) = (u32::try_from(self.rejects.len()), u32::try_from(self.body.len())) else {
            return Status::TooLarge;
        };
        for number in [self.evaluated, rejected, self.undecided, body].iter().chain(self.rejects.iter().flatten()) {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.extend_from_slice(&self.body);
        Status::Ok
    }
}
