//! What was found for the values that a key had last.
//!
//! Neighbours in a log are alike: the same caller with the same agent from the same address. To look for texts inside a
//! value, or for networks around it, takes a step for each of its bytes; to see that it is one of the last few takes a step
//! for each eight. What is remembered changes no answer, and is bounded.

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
    /// Appends what is found for a value: what is remembered, or what `find` appends.
    #[inline]
    pub(super) fn find(
        &mut self,
        value: &[u8],
        found: &mut Vec<PredicateId>,
        find: impl FnOnce(&mut Vec<PredicateId>),
    ) {
        if let Some(known) = self.known.iter().find(|known| same(&known.value, value)) {
            found.extend_from_slice(&known.found);
            return;
        }
        let before = found.len();
        find(found);
        if let Some(new) = found.get(before..).filter(|new| new.len() <= MOST && value.len() <= LONGEST) {
            self.remember(value, new);
        }
    }

    #[inline(never)]
    fn remember(&mut self, value: &[u8], found: &[PredicateId]) {
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
    fn the_last_values_are_found_without_asking_and_all_others_by_asking() {
        let mut memo = Memo::default();
        let mut asked = 0;
        let mut find = |value: &str| {
            let mut found = vec![7];
            memo.find(value.as_bytes(), &mut found, |found| {
                asked += 1;
                found.push(u32::try_from(value.len()).unwrap());
            });
            assert_eq!(found, [7, u32::try_from(value.len()).unwrap()], "{value}");
        };
        for value in ["a", "bc", "def", "ghij", "a", "ghij", "bc", "def"] {
            find(value);
        }
        // The fifth value takes the place of the first.
        ["fifth", "bc", "a"].into_iter().for_each(&mut find);
        let long = "x".repeat(LONGEST + 1);
        [&*long, &long].into_iter().for_each(&mut find);
        assert_eq!(asked, 4 + 2 + 2);
    }

    #[test]
    fn too_many_predicates_are_not_remembered() {
        let mut memo = Memo::default();
        for _ in 0..2 {
            let mut found = Vec::new();
            memo.find(b"v", &mut found, |found| found.extend(0..=16));
            assert_eq!(found.len(), MOST + 1);
        }
        assert!(memo.known.is_empty());
    }
}
