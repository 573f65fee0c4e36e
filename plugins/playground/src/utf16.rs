//! Byte offsets to UTF-16 units and back: the engine counts bytes, editors count units.

use oxpecker_engine::Span;
use oxpecker_engine::json::Json;

/// The units before each byte of a text; nothing where both counts are the same.
pub(crate) struct Units {
    before: Vec<u32>,
    length: usize,
}

impl Units {
    pub(crate) fn new(text: &str) -> Self {
        let mut before = Vec::new();
        if !text.is_ascii() {
            before.reserve(text.len() + 1);
            let mut units = 0;
            for c in text.chars() {
                before.extend(std::iter::repeat_n(units, c.len_utf8()));
                units += if c.len_utf16() == 2 { 2 } else { 1 };
            }
            before.push(units);
        }
        Self { before, length: text.len() }
    }

    /// The unit of a byte.
    pub(crate) fn of(&self, byte: usize) -> u32 {
        let byte = byte.min(self.length);
        self.before.get(byte).copied().unwrap_or(u32::try_from(byte).unwrap_or(u32::MAX))
    }

    /// The byte of a unit.
    pub(crate) fn byte(&self, unit: usize) -> usize {
        if self.before.is_empty() {
            return unit.min(self.length);
        }
        self.before.partition_point(|before| (*before as usize) < unit).min(self.length)
    }

    /// `[from, to]`
    pub(crate) fn span(&self, span: Span) -> Json {
        Json::Array(vec![Json::from(u64::from(self.of(span.start))), Json::from(u64::from(self.of(span.end)))])
    }
}

#[cfg(test)]
mod tests {
    use super::Units;

    #[test]
    fn both_ways() {
        let text = "aé“𝄞b";
        let units = Units::new(text);
        for (byte, _) in text.char_indices() {
            let unit = text[..byte].encode_utf16().count();
            assert_eq!(units.of(byte) as usize, unit);
            assert_eq!(units.byte(unit), byte);
        }
        assert_eq!(units.of(text.len()) as usize, 6);
        assert_eq!(units.byte(6), text.len());
        assert_eq!(Units::new("abc").byte(2), 2);
    }
}
