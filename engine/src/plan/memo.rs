//! What was found for values that a key had lately.
//!
//! Neighbours in a log are alike: the same caller with the same agent from the same address. To look for texts and patterns
//! in a value, or for networks around it, takes some steps for each of its bytes; to see that it is one of those
//! takes two for each eight. Each value has one place where it can be, so only one is looked at however many there are;
//! it stays until another one takes its place. What is remembered changes no answer, and is bounded.

use super::index::PredicateId;
use crate::flat::{hash, same};

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
    /// The table has a power of two of places; this is the last.
    last_place: usize,
    /// Room is made once, for the first value: it grows no more when others come.
    known: Vec<Known>,
}

impl Memo {
    /// Nothing is remembered yet of so many keys.
    pub(super) fn new(keys: MemoKey) -> Self {
        let places = (keys as usize).saturating_mul(VALUES).min(LARGEST).next_power_of_two();
        Self { last_place: places - 1, known: Vec::new() }
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
            self.known = std::iter::repeat_with(known).take(self.last_place + 1).collect();
        }
        let place = self.place(key, value);
        let Some(known) = self.known.get_mut(place) else { return };
        known.key = Some(key);
        known.value.clear();
        known.value.extend_from_slice(value);
        known.found.clear();
        known.found.extend_from_slice(found);
    }

    /// Where a value is remembered. All of it tells: names of one kind are often as long as each other, and begin and end
    /// alike.
    #[inline]
    fn place(&self, key: MemoKey, value: &[u8]) -> usize {
        hash(value, key) as usize & self.last_place
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
        let crowd = (0..=memo.last_place).map(|number| number.to_string());
        let (first, second) = two_in_one_place(&memo, crowd.chain(["more than there are places".to_owned()]));
        memo.remember(0, first.as_bytes(), &[1]);
        assert_eq!((memo.known(0, first.as_bytes()), memo.known(0, second.as_bytes())), (Some(&[1][..]), None));
        memo.remember(0, second.as_bytes(), &[2]);
        assert_eq!((memo.known(0, first.as_bytes()), memo.known(0, second.as_bytes())), (None, Some(&[2][..])));
    }

    fn two_in_one_place(memo: &Memo, values: impl Iterator<Item = String>) -> (String, String) {
        let mut taken = std::collections::HashMap::new();
        let mut pairs =
            values.filter_map(|value| Some((taken.insert(memo.place(0, value.as_bytes()), value.clone())?, value)));
        pairs.next().unwrap()
    }

    #[test]
    fn values_alike_at_their_ends_do_not_drive_each_other_out() {
        let pairs = [
            ("aws-sdk-go/1.44.1 (go1.19; linux; amd64)", "aws-sdk-go/1.44.9 (go1.19; linux; amd64)"),
            ("arn:aws:iam::111122223333:role/deploy", "arn:aws:iam::444455556666:role/deploy"),
            ("GetItem", "PutItem"),
            ("198.51.100.7", "198.51.101.7"),
        ];
        for (one, other) in pairs {
            let mut memo = Memo::new(1);
            memo.remember(0, one.as_bytes(), &[1]);
            memo.remember(0, other.as_bytes(), &[2]);
            assert_eq!(memo.known(0, one.as_bytes()), Some(&[1][..]), "{other} took the place of {one}");
            assert_eq!(memo.known(0, other.as_bytes()), Some(&[2][..]));
        }
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
