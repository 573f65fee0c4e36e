//! MessagePack token by token, and how long a value is.

/// The head of a value, with the content of what holds no other values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Token<'b> {
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
pub(super) struct Reader<'b> {
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
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// Steps over a value and all that is in it.
    pub(super) fn skip_value(&mut self) -> Option<()> {
        let mut due = 1u64;
        while due > 0 {
            due -= 1;
            match self.token()? {
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

    /// The next token; `None` where it is cut or none, and then the reader stays nowhere in particular.
    pub(super) fn token(&mut self) -> Option<Token<'b>> {
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

    fn content(&mut self, length: usize) -> Option<&'b [u8]> {
        let end = self.at.checked_add(length)?;
        let content = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(content)
    }
}
