//! MessagePack token by token, how long a value is, and what stands before an event's map.

use crate::json::{Reject, RejectReason};

/// The head of a value, with the content of what holds no other values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Token<'b> {
    Nil,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Single(f32),
    Float(f64),
    Text(&'b [u8]),
    Binary(&'b [u8]),
    /// So many values follow.
    Array(u32),
    /// So many keys follow, each with its value.
    Map(u32),
    /// The type and the content.
    Ext(i8, &'b [u8]),
}

#[derive(Debug, Clone)]
pub(crate) struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
}

/// How many bytes the first value takes; `None` where it is not whole, or no MessagePack.
#[must_use]
pub fn length(bytes: &[u8]) -> Option<usize> {
    let mut reader = Reader::new(bytes);
    reader.skip_value()?;
    Some(reader.at)
}

impl<'b> Reader<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// Goes to another place.
    #[inline]
    pub(crate) fn go_to(&mut self, at: usize) {
        self.at = at;
    }

    /// Steps to an event's map; gives the time in front of it.
    ///
    /// # Errors
    /// When the bytes begin otherwise than an event does.
    pub(crate) fn entry(&mut self) -> Result<Option<i64>, Reject> {
        match self.peek()? {
            Token::Map(_) => return Ok(None),
            Token::Array(2) => {}
            _ => return Err(self.reject(RejectReason::NotAnObject)),
        }
        self.expect()?;
        let entry = self.at;
        let time = if let Token::Array(2) = self.peek()? {
            self.expect()?;
            let time = self.time(entry)?;
            let metadata = self.at;
            if !matches!(self.peek()?, Token::Map(_)) {
                return Err(self.reject(RejectReason::NotAnObject));
            }
            let skipped = self.skip_value();
            skipped.ok_or(Reject { reason: RejectReason::InvalidJson, offset: metadata })?;
            time
        } else {
            self.time(entry)?
        };
        if matches!(self.peek()?, Token::Map(_)) { Ok(time) } else { Err(self.reject(RejectReason::NotAnObject)) }
    }

    /// Seconds since 1970, or an ext of seconds and nanoseconds; one that is out of all bounds is no time.
    fn time(&mut self, at: usize) -> Result<Option<i64>, Reject> {
        let seconds = |number: i64| number.checked_mul(1_000);
        Ok(match self.expect()? {
            Token::Unsigned(number) => i64::try_from(number).ok().and_then(seconds),
            Token::Signed(number) => seconds(number),
            Token::Float(number) => milliseconds(number),
            Token::Single(number) => milliseconds(f64::from(number)),
            Token::Ext(0, content) => event_time(content),
            _ => return Err(Reject { reason: RejectReason::NotAnObject, offset: at }),
        })
    }

    /// The next token, where one must be.
    ///
    /// # Errors
    /// When it is cut or none.
    pub(crate) fn expect(&mut self) -> Result<Token<'b>, Reject> {
        let offset = self.at;
        self.token().ok_or(Reject { reason: RejectReason::InvalidJson, offset })
    }

    fn peek(&self) -> Result<Token<'b>, Reject> {
        self.clone().expect()
    }

    /// A reject at this place.
    pub(crate) fn reject(&self, reason: RejectReason) -> Reject {
        Reject { reason, offset: self.at }
    }

    /// Steps over a value and all that is in it.
    fn skip_value(&mut self) -> Option<()> {
        let mut due = 1u64;
        while due > 0 {
            due -= 1;
            match self.likely_text()? {
                Token::Array(count) => due += u64::from(count),
                Token::Map(count) => due += 2 * u64::from(count),
                _ => {}
            }
            // Each takes a byte at least: what claims more than there is need not be gone through.
            if due > (self.bytes.len() - self.at) as u64 {
                return None;
            }
        }
        Some(())
    }

    /// [`Reader::token`], for where it is most likely a text of fewer than 256 bytes.
    #[inline(always)]
    pub(crate) fn likely_text(&mut self) -> Option<Token<'b>> {
        let (head, length) = match *self.bytes.get(self.at..)? {
            [head @ 0xa0..=0xbf, ..] => (1, usize::from(head & 0x1f)),
            [0xd9, length, ..] => (2, usize::from(length)),
            _ => return self.token(),
        };
        self.at += head;
        self.content(length).map(Token::Text)
    }

    /// The next token; `None` where it is cut or none, and then the reader stays nowhere in particular.
    pub(crate) fn token(&mut self) -> Option<Token<'b>> {
        let [first] = self.take()?;
        Some(match first {
            0x00..=0x7f => Token::Unsigned(u64::from(first)),
            0x80..=0x8f => Token::Map(u32::from(first & 0x0f)),
            0x90..=0x9f => Token::Array(u32::from(first & 0x0f)),
            0xa0..=0xbf => Token::Text(self.content(usize::from(first & 0x1f))?),
            0xc0 => Token::Nil,
            0xc1 => return None,
            0xc2 | 0xc3 => Token::Bool(first == 0xc3),
            0xc4..=0xc6 => Token::Binary(self.counted(first - 0xc4)?),
            0xc7..=0xc9 => self.ext(first - 0xc7)?,
            0xca => Token::Single(f32::from_be_bytes(self.take()?)),
            0xcb => Token::Float(f64::from_be_bytes(self.take()?)),
            0xcc..=0xcf => Token::Unsigned(self.unsigned(first - 0xcc)?),
            0xd0 => Token::Signed(i64::from(i8::from_be_bytes(self.take()?))),
            0xd1 => Token::Signed(i64::from(i16::from_be_bytes(self.take()?))),
            0xd2 => Token::Signed(i64::from(i32::from_be_bytes(self.take()?))),
            0xd3 => Token::Signed(i64::from_be_bytes(self.take()?)),
            0xd4..=0xd8 => {
                let [kind] = self.take()?;
                Token::Ext(kind.cast_signed(), self.content(1 << (first - 0xd4))?)
            }
            0xd9..=0xdb => Token::Text(self.counted(first - 0xd9)?),
            0xdc | 0xdd => Token::Array(self.count(first - 0xdc + 1)?),
            0xde | 0xdf => Token::Map(self.count(first - 0xde + 1)?),
            0xe0..=0xff => Token::Signed(i64::from(first.cast_signed())),
        })
    }

    fn ext(&mut self, width: u8) -> Option<Token<'b>> {
        let length = self.count(width)?;
        let [kind] = self.take()?;
        Some(Token::Ext(kind.cast_signed(), self.content(usize::try_from(length).ok()?)?))
    }

    /// Bytes behind their number.
    fn counted(&mut self, width: u8) -> Option<&'b [u8]> {
        let length = self.count(width)?;
        self.content(usize::try_from(length).ok()?)
    }

    /// A number of one, two or four bytes.
    fn count(&mut self, width: u8) -> Option<u32> {
        u32::try_from(self.unsigned(width)?).ok()
    }

    /// A number of `1 << width` bytes.
    fn unsigned(&mut self, width: u8) -> Option<u64> {
        Some(match width {
            0 => u64::from(u8::from_be_bytes(self.take()?)),
            1 => u64::from(u16::from_be_bytes(self.take()?)),
            2 => u64::from(u32::from_be_bytes(self.take()?)),
            _ => u64::from_be_bytes(self.take()?),
        })
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.content(N)?.try_into().ok()
    }

    #[inline(always)]
    fn content(&mut self, length: usize) -> Option<&'b [u8]> {
        let end = self.at.checked_add(length)?;
        let content = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(content)
    }
}

/// A number of seconds in milliseconds, where that is a whole number that a float holds.
fn milliseconds(seconds: f64) -> Option<i64> {
    let milliseconds = (seconds * 1_000.0).floor();
    #[expect(clippy::cast_possible_truncation, reason = "it was compared with the largest number that fits")]
    (milliseconds.abs() < LARGEST).then_some(milliseconds as i64)
}

/// Whole numbers below this are floats without loss.
const LARGEST: f64 = 9_007_199_254_740_992.0;

/// Fluent's `EventTime`: seconds and nanoseconds, four bytes each.
fn event_time(content: &[u8]) -> Option<i64> {
    let (seconds, nanoseconds) = content.split_first_chunk::<4>()?;
    let nanoseconds = u32::from_be_bytes(nanoseconds.try_into().ok()?);
    Some(i64::from(u32::from_be_bytes(*seconds)) * 1_000 + i64::from(nanoseconds / 1_000_000))
}
