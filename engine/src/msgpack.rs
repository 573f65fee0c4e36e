//! An event in MessagePack as the JSON text that means the same. Whether rules match it is found without that text, by the
//! scan; it is made of events of which there is something to tell, and of those that the scan does not take.
//!
//! An event is a map, or a Fluent entry: an array of a time and a map, where the time may stand in an array with metadata
//! beside it. The time is told beside the text, metadata is read over. Nothing is recursed on, and no length that the bytes
//! claim takes memory: what is claimed must be there.
//!
//! | MessagePack | JSON |
//! |---|---|
//! | integers | the same digits |
//! | floats | the shortest digits that read back the same; null where JSON has no number |
//! | str | the text; it must be UTF-8 |
//! | bin | base64 with padding, as a text |
//! | ext | none: the event is rejected |
//! | a map's key | a str, else the event is rejected; of two with one name the last counts, as in JSON |

mod read;
#[cfg(test)]
mod tests;

use crate::json::{DEEPEST, Limits, Reject, RejectReason, write_text};
use std::fmt::Write;

pub use read::length;
pub(crate) use read::{Reader, Token};

/// The head of a text of fewer than 32 bytes, less their number.
pub(crate) const SHORT_TEXT: u8 = 0xa0;

/// Makes JSON of events, in memory that it keeps for the next one.
#[derive(Debug, Default)]
pub struct Transcoder {
    text: String,
    open: Vec<Open>,
}

/// A map or an array that is not whole yet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Open {
    is_map: bool,
    /// Elements, or pairs, that are still to come.
    left: u32,
    is_empty: bool,
}

impl Transcoder {
    /// Without memory yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { text: String::new(), open: Vec::new() }
    }

    /// The JSON text of an event, and the time that stands beside its map, in milliseconds since 1970; none where it stands
    /// alone.
    ///
    /// # Errors
    /// When the bytes are no event in MessagePack or break one of the limits, which are those of the JSON text. Offsets
    /// are those of the bytes.
    pub fn json(&mut self, event: &[u8], limits: &Limits) -> Result<(&str, Option<i64>), Reject> {
        if event.len() > limits.bytes {
            return Err(Reject { reason: RejectReason::TooLarge, offset: limits.bytes });
        }
        self.text.clear();
        self.open.clear();
        let mut reader = Reader::new(event);
        let time = reader.entry()?;
        let mut writer = Writer {
            reader,
            text: &mut self.text,
            open: &mut self.open,
            bytes: limits.bytes,
            depth: limits.depth.min(DEEPEST),
            values_left: limits.values,
        };
        writer.value()?;
        if writer.reader.is_at_end() {
            Ok((&self.text, time))
        } else {
            Err(writer.reader.reject(RejectReason::InvalidJson))
        }
    }
}

/// Writes values as JSON.
#[derive(Debug)]
pub(crate) struct Writer<'w, 'r> {
    /// Where the value begins; then where it ends.
    pub(crate) reader: Reader<'r>,
    /// What it is appended to.
    pub(crate) text: &'w mut String,
    /// Room to work in; empty.
    pub(crate) open: &'w mut Vec<Open>,
    /// Bytes that the text may have.
    pub(crate) bytes: usize,
    /// Brackets that may be open at one time.
    pub(crate) depth: usize,
    /// Values that may still come; then what is left of them.
    pub(crate) values_left: usize,
}

impl Writer<'_, '_> {
    /// Writes the value that comes next, with all that is in it.
    ///
    /// # Errors
    /// When it is none or breaks one of the limits.
    pub(crate) fn value(&mut self) -> Result<(), Reject> {
        loop {
            self.begin()?;
            while let Some(Open { is_map, left: 0, .. }) = self.open.last().copied() {
                self.text.push(if is_map { '}' } else { ']' });
                self.open.pop();
            }
            self.fits(self.reader.at())?;
            if self.open.is_empty() {
                return Ok(());
            }
            self.before_next()?;
        }
    }

    /// What stands before the next value of the innermost bracket: a comma, a name.
    fn before_next(&mut self) -> Result<(), Reject> {
        let Some(open) = self.open.last_mut() else { return Ok(()) };
        open.left -= 1;
        if !std::mem::replace(&mut open.is_empty, false) {
            self.text.push(',');
        }
        if open.is_map {
            let at = self.reader.at();
            match self.reader.expect()? {
                Token::Text(name) => self.write(name, at)?,
                _ => return Err(Reject { reason: RejectReason::InvalidJson, offset: at }),
            }
            self.text.push(':');
        }
        Ok(())
    }

    /// Writes a scalar, or opens a bracket.
    fn begin(&mut self) -> Result<(), Reject> {
        let at = self.reader.at();
        self.values_left = self.values_left.checked_sub(1).ok_or(self.reader.reject(RejectReason::TooManyValues))?;
        match self.reader.expect()? {
            Token::Nil => self.text.push_str("null"),
            Token::Bool(value) => self.text.push_str(if value { "true" } else { "false" }),
            // Writing to a text cannot fail.
            Token::Unsigned(number) => drop(write!(self.text, "{number}")),
            Token::Signed(number) => drop(write!(self.text, "{number}")),
            Token::Float(number) if number.is_finite() => drop(write!(self.text, "{number:?}")),
            Token::Single(number) if number.is_finite() => drop(write!(self.text, "{number:?}")),
            Token::Float(_) | Token::Single(_) => self.text.push_str("null"),
            Token::Text(text) => self.write(text, at)?,
            Token::Binary(bytes) => self.base64(bytes, at)?,
            Token::Array(left) => self.enter(Open { is_map: false, left, is_empty: true }, at)?,
            Token::Map(left) => self.enter(Open { is_map: true, left, is_empty: true }, at)?,
            Token::Ext(..) => return Err(Reject { reason: RejectReason::InvalidJson, offset: at }),
        }
        Ok(())
    }

    fn enter(&mut self, open: Open, at: usize) -> Result<(), Reject> {
        if self.open.len() >= self.depth {
            return Err(Reject { reason: RejectReason::TooDeep, offset: at });
        }
        self.text.push(if open.is_map { '{' } else { '[' });
        self.open.push(open);
        Ok(())
    }

    /// A text, which ends where the reader is and begins at `at` with its head.
    fn write(&mut self, text: &[u8], at: usize) -> Result<(), Reject> {
        self.has_room(text.len(), at)?;
        let start = self.reader.at() - text.len();
        let text = std::str::from_utf8(text)
            .map_err(|error| Reject { reason: RejectReason::InvalidUtf8, offset: start + error.valid_up_to() })?;
        write_text(text, self.text);
        self.fits(at)
    }

    fn base64(&mut self, bytes: &[u8], at: usize) -> Result<(), Reject> {
        self.has_room(bytes.len().div_ceil(3) * 4, at)?;
        self.text.push('"');
        for three in bytes.chunks(3) {
            let bits = (0..3).fold(0, |bits, place| bits << 8 | u32::from(three.get(place).copied().unwrap_or(0)));
            for place in 0..4 {
                let digit = usize::try_from(bits >> (18 - 6 * place) & 63).unwrap_or_default();
                let digit = DIGITS.get(digit).filter(|_| place <= three.len());
                self.text.push(char::from(digit.copied().unwrap_or(b'=')));
            }
        }
        self.text.push('"');
        Ok(())
    }

    fn has_room(&self, more: usize, at: usize) -> Result<(), Reject> {
        if self.text.len() + more <= self.bytes {
            return Ok(());
        }
        Err(Reject { reason: RejectReason::TooLarge, offset: at })
    }

    fn fits(&self, at: usize) -> Result<(), Reject> {
        self.has_room(0, at)
    }
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
