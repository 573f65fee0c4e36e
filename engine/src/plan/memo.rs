//! What was found for the values that a key had last.
//!
//! Neighbours in a log are alike: the same caller with the same agent from the same address. To look for texts and patterns
//! in a value, or for networks around it, takes some steps for each of its bytes; to see that it is one of the last few
//! takes one for each eight. Each value has one place where it can be, told by its key, its length and its last bytes, so
//! only one is looked at however many there are. What is remembered changes no answer, and is bounded.

use super::index::PredicateId;
use crate::flat::same;

/// Values that there is room for, for each key.
const VALUES: usize = 64;
/// The same for all keys together, however many there are; a power of two.
const LARGEST: usize = 1024;
/// Bytes of a value that is remembered.
const LONGEST: usize = 320;
/// Predicates of one.
const MOST: usize = 16;

/// The number of a key that has a memo.
pub(super) type MemoKey = u32;

#[derive(Debug)]
struct Known {
    /// Whose value it is; none where there is no value yet: the empty text is one.
    key: Option<MemoKey>,
    value: Vec<u8>,
    found: Vec<PredicateId>,
}

/// The last values of some keys, all in one table: so its size is bounded whatever rules ask for.
#[derive(Debug)]
pub(super) struct Memo {
    /// How many places the table has, as a power of two.
    bits: u32,
    /// Room is made once, for the first value: it grows no more when others come.
    known: Vec<Known>,
}

impl Memo {
    /// Nothing is remembered yet of so many keys.
    pub(super) fn new(keys: MemoKey) -> Self {
        let places = (keys as usize).saturating_mul(VALUES).min(LARGEST).next_power_of_two();
        Self { bits: places.trailing_zeros(), known: Vec::new() }
    }

    /// What was found for a value, if it is remembered.
    #[inline]
    pub(super) fn known(&self, key: MemoKey, value: &[u8]) -> Option<&[PredicateId]> {
        let known = self.known.get(self.place(key, value))?;
        (known.key == Some(key) && same(&known.value, value)).then_some(known.found.as_slice())
    }

    /// Remembers what was found for a value, in place of the one that was there.
    #[inline(never)]
    pub(super) fn remember(&mut self, key: MemoKey, value: &[u8], found: &[PredicateId]) {
        if value.len() > LONGEST || found.len() > MOST {
            return;
        }
        if self.known.is_empty() {
            let known = || Known { key: None, value: Vec::with_capacity(LONGEST), found: Vec::with_capacity(MOST) };
            self.known = std::iter::repeat_with(known).take(1 << self.bits).collect();
        }
        let place = self.place(key, value);
        let Some(known) = self.known.get_mut(place) else { return };
        known.key = Some(key);
        known.value.clear();
        known.value.extend_from_slice(value);
        known.found.clear();
        known.found.extend_from_slice(found);
    }

    /// Where a value is remembered.
    #[inline]
    fn place(&self, key: MemoKey, value: &[u8]) -> usize {
        const MIX: u64 = 0x9E37_79B9_7F4A_7C15;
        let last = value.last_chunk::<8>().map_or(0, |last| u64::from_le_bytes(*last));
        let told_by = last ^ value.len() as u64 ^ u64::from(key) << 32;
        (told_by.wrapping_mul(MIX) >> 1 >> (u64::BITS - 1 - self.bits)) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_known_until_another_takes_its_place() {
        let mut memo = Memo::new(1);
        assert_eq!(memo.known(0, b""), None);
        memo.remember(0, b"other", &[3]);
        assert_eq!(memo.known(0, b""), None, "a place that nothing was put in holds no value, not the empty one");
        let values = ["", "a", "bc", "def", "198.51.100.7", "198.51.100.8", "a value of more than one word"];
        for (number, value) in (0..).zip(values) {
            memo.remember(0, value.as_bytes(), &[number, 7]);
            assert_eq!(memo.known(0, value.as_bytes()), Some(&[number, 7][..]));
        }
        // As long and with the same end, so in the same place.
        let (first, second) = (b"1 and the same end", b"2 and the same end");
        memo.remember(0, first, &[1]);
        assert_eq!((memo.known(0, first), memo.known(0, second)), (Some(&[1][..]), None));
        memo.remember(0, second, &[2]);
        assert_eq!((memo.known(0, first), memo.known(0, second)), (None, Some(&[2][..])));
    }

    #[test]
    fn what_is_known_of_a_value_is_known_of_its_key_alone() {
        let keys = 3;
        let mut memo = Memo::new(keys);
        for key in 0..keys {
            memo.remember(key, b"the same", &[key]);
            for other in (0..keys).filter(|other| *other != key) {
                assert_ne!(memo.known(other, b"the same"), Some(&[key][..]), "{other} holds what was found for {key}");
            }
            assert_eq!(memo.known(key, b"the same"), Some(&[key][..]));
        }
    }

    #[test]
    fn room_does_not_grow_with_the_keys() {
        for (keys, places) in [(0, 1), (1, VALUES), (3, 4 * VALUES), (10_000, LARGEST), (MemoKey::MAX, LARGEST)] {
            let mut memo = Memo::new(keys);
            for key in 0..keys.min(10_000) {
                memo.remember(key, &key.to_le_bytes(), &[key]);
                assert_eq!(memo.known(key, &key.to_le_bytes()), Some(&[key][..]));
            }
            assert_eq!(memo.known.len(), if keys == 0 { 0 } else { places });
        }
    }

    #[test]
    fn what_is_too_long_or_too_much_is_not_remembered() {
        let mut memo = Memo::new(1);
        let long = vec![b'x'; LONGEST + 1];
        memo.remember(0, &long, &[1]);
        memo.remember(0, b"v", &[1; MOST + 1]);
        assert!(memo.known(0, &long).is_none() && memo.known(0, b"v").is_none() && memo.known.is_empty());
    }
}
