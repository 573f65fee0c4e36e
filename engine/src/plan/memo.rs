//! What was found for the values that a key had last.
//!
//! Neighbours in a log are alike: the same caller with the same agent from the same address. To look for texts and patterns
//! in a value, or for networks around it, takes some steps for each of its bytes; to see that it is one of the last few
//! takes one for each eight. What is remembered changes no answer, and is bounded.

use super::index::PredicateId;
use crate::flat::same;

/// How many values are remembered.
const VALUES: usize = 4;
/// Bytes of a value that is remembered.
const LONGEST: usize = 320;
/// Predicates of one.
const MOST: usize = 16;

#[derive(Debug, Default)]
struct Known {
    value: Vec<u8>,
    found: Vec<PredicateId>,
}

/// The last values of one key.
#[derive(Debug, Default)]
pub(super) struct Memo {
    /// Room is made once: it grows no more when longer values come.
    known: Vec<Known>,
    oldest: usize,
}

impl Memo {
    /// What was found for a value, if it is remembered.
    #[inline]
    pub(super) fn known(&self, value: &[u8]) -> Option<&[PredicateId]> {
        self.known.iter().find(|known| same(&known.value, value)).map(|known| known.found.as_slice())
    }

    /// Remembers what was found for a value, in place of the oldest.
    #[inline(never)]
    pub(super) fn remember(&mut self, value: &[u8], found: &[PredicateId]) {
        if value.len() > LONGEST || found.len() > MOST {
            return;
        }
        if self.known.len() < VALUES {
            self.known.reserve_exact(VALUES - self.known.len());
            self.known.push(Known { value: Vec::with_capacity(LONGEST), found: Vec::with_capacity(MOST) });
            self.oldest = self.known.len() - 1;
        }
        let Some(known) = self.known.get_mut(self.oldest) else { return };
        known.value.clear();
        known.value.extend_from_slice(value);
        known.found.clear();
        known.found.extend_from_slice(found);
        self.oldest = (self.oldest + 1) % VALUES;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_values_are_known_and_no_others() {
        let mut memo = Memo::default();
        for (number, value) in (0..).zip([&b"a"[..], b"bc", b"def", b"", b"fifth"]) {
            assert_eq!(memo.known(value), None);
            memo.remember(value, &[number, 7]);
            assert_eq!(memo.known(value), Some(&[number, 7][..]));
        }
        // The fifth value took the place of the first.
        assert_eq!(memo.known(b"a"), None);
        assert_eq!(memo.known(b"bc"), Some(&[1, 7][..]));
        assert_eq!(memo.known(b""), Some(&[3, 7][..]));
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
