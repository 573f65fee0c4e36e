//! Whether a value can be in a key's tables at all, by one word that lies beside the key's.
//!
//! With thousands of rules nearly every key of an event is one that some rule asks for, and nearly every value one that
//! none does. To find that out in the tables takes a hash of the value and a handful of reads from as many places in
//! memory. Here it takes one read: a value's length and its first and last byte choose one of 64 bits, and where that is
//! zero no table has the value.

use crate::scan::Kind;

/// What tells of the values in a key's tables. A key that no rule asks for has one that admits nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Door(u64);

impl Door {
    /// Admits everything.
    pub(super) const OPEN: Self = Self(u64::MAX);

    /// Admits this text from now on.
    pub(super) fn add(&mut self, text: &[u8]) {
        self.0 |= mark(text);
    }

    /// Admits what another one does, too.
    pub(super) fn join(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Whether nothing is admitted.
    #[inline]
    pub(super) fn is_shut(self) -> bool {
        self.0 == 0
    }

    /// Whether a value may be in the tables.
    #[inline]
    pub(super) fn admits(self, kind: Kind, text: &[u8]) -> bool {
        kind != Kind::Text || self.0 & mark(text) != 0
    }
}

/// One of 64 bits.
#[inline]
fn mark(text: &[u8]) -> u64 {
    let (Some(first), Some(last)) = (text.first(), text.last()) else { return 1 };
    #[expect(clippy::cast_possible_truncation, reason = "lengths that differ by 64 KiB may share a bit, as others do")]
    let mixed = u32::from(*first) | u32::from(*last) << 8 | (text.len() as u32) << 16;
    1 << (mixed.wrapping_mul(0x9E37_79B1) >> 26)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_admitted_and_most_else_is_not() {
        let texts = ["", "a", "eu-west-1", "s3.amazonaws.com"];
        let mut door = Door::default();
        assert!(door.is_shut() && !door.admits(Kind::Text, b"a"));
        texts.iter().for_each(|text| door.add(text.as_bytes()));
        assert!(texts.iter().all(|text| door.admits(Kind::Text, text.as_bytes())));
        let others = (0..1000).filter(|number| door.admits(Kind::Text, format!("{number:x}-other").as_bytes())).count();
        assert!(others < 300, "{others}");
        assert!(
            door.admits(Kind::Array, b"[]") && door.admits(Kind::Number, b"1") && Door::OPEN.admits(Kind::Text, b"x")
        );
    }
}
