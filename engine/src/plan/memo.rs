//! What was found for the values that a key had last.
//!
//! Neighbours in a log are alike: the same caller with the same agent from the same address. To look for texts and patterns
//! in a value, or for networks around it, takes some steps for each of its bytes; to see that it is one of the last few
//! takes one for each eight. Each value has one place where it can be, told by its length and its last bytes, so only
//! one is looked at however many there are. What is remembered changes no answer, and is bounded.

use super::index::PredicateId;
use crate::flat::same;

/// How many values are remembered, a power of two.
const VALUES: usize = 32;
/// Bytes of a value that is remembered.
const LONGEST: usize = 320;
/// Predicates of one.
const MOST: usize = 16;

#[derive(Debug, Default)]
struct Known {
    /// Whether there is a value yet: the empty text is one.
    is_filled: bool,
    value: Vec<u8>,
    found: Vec<PredicateId>,
}

/// The last values of one key.
#[derive(Debug, Default)]
pub(super) struct Memo {
    /// Room is made once, for the first value: it grows no more when others come.
    known: Vec<Known>,
}

impl Memo {
    /// What was found for a value, if it is remembered.
    #[inline]
    pub(super) fn known(&self, value: &[u8]) -> Option<&[PredicateId]> {
        let known = self.known.get(place(value))?;
        (known.is_filled && same(&known.value, value)).then_some(known.found.as_slice())
    }

    /// Remembers what was found for a value, in place of the one that was there.
    #[inline(never)]
    pub(super) fn remember(&mut self, value: &[u8], found: &[PredicateId]) {
        if value.len() > LONGEST || found.len() > MOST {
            return;
        }
        if self.known.is_empty() {
            let known =
                || Known { is_filled: false, value: Vec::with_capacity(LONGEST), found: Vec::with_capacity(MOST) };
            self.known = std::iter::repeat_with(known).take(VALUES).collect();
        }
        let Some(known) = self.known.get_mut(place(value)) else { return };
        known.is_filled = true;
        known.value.clear();
        known.value.extend_from_slice(value);
        known.found.clear();
        known.found.extend_from_slice(found);
    }
}

/// Where a value is remembered.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "only the few bits that number a place are left")]
fn place(value: &[u8]) -> usize {
    const MIX: u64 = 0x9E37_79B9_7F4A_7C15;
    let last = value.last_chunk::<8>().map_or(0, |last| u64::from_le_bytes(*last));
    ((last ^ value.len() as u64).wrapping_mul(MIX) >> (u64::BITS - VALUES.trailing_zeros())) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_known_until_another_takes_its_place() {
        let mut memo = Memo::default();
        assert_eq!(memo.known(b""), None);
        memo.remember(b"other", &[3]);
        assert_eq!(memo.known(b""), None, "a place that nothing was put in holds no value, not the empty one");
        let values = ["", "a", "bc", "def", "198.51.100.7", "198.51.100.8", "a value of more than one word"];
        for (number, value) in (0..).zip(values) {
            memo.remember(value.as_bytes(), &[number, 7]);
            assert_eq!(memo.known(value.as_bytes()), Some(&[number, 7][..]));
        }
        // As long and with the same end, so in the same place.
        let (first, second) = (b"1 and the same end", b"2 and the same end");
        memo.remember(first, &[1]);
        assert_eq!((memo.known(first), memo.known(second)), (Some(&[1][..]), None));
        memo.remember(second, &[2]);
        assert_eq!((memo.known(first), memo.known(second)), (None, Some(&[2][..])));
    }

    #[test]
    fn what_is_too_long_or_too_much_is_not_remembered() {
        let mut memo = Memo::default();
        let long = vec![b'x'; LONGEST + 1];
        memo.remember(&long, &[1]);
        memo.remember(b"v", &[1; MOST + 1]);
        assert!(memo.known(&long).is_none() && memo.known(b"v").is_none() && memo.known.is_empty());
    }
}
