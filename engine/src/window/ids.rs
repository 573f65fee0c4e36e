//! The latest events that a window has counted, by hashes of their identifiers: so that none counts twice.

use std::collections::VecDeque;

/// Hashes of identifiers in the order in which they came. Beyond [`REMEMBERED`](crate::rule::REMEMBERED) the oldest go.
#[derive(Debug, Clone, Default)]
pub(super) struct Ids {
    hashes: VecDeque<u64>,
    /// Two bits for each hash that is here, and for some that were: most new ones are known to be new by them. Empty while
    /// it is quicker to go through all.
    filter: Vec<u64>,
    /// How many hashes may still come before the filter is made anew.
    room: usize,
}

/// So many hashes are gone through quickly.
const FEW: usize = 32;
/// Bits of the filter for each hash that there is room for.
const BITS: usize = 16;

impl Ids {
    pub(super) fn new(hashes: Vec<u64>) -> Self {
        let mut ids = Self { hashes: hashes.into(), ..Self::default() };
        ids.make_filter();
        ids
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = u64> {
        self.hashes.iter().copied()
    }

    /// Bytes that they take, roughly.
    pub(super) fn bytes(&self) -> usize {
        (self.hashes.len() + self.filter.len()) * 8
    }

    /// Whether it is here.
    pub(super) fn hold(&self, hash: u64) -> bool {
        let (older, newer) = self.hashes.as_slices();
        self.may_hold(hash) && (is_among(older, hash) || is_among(newer, hash))
    }

    /// Adds one that is not here; the oldest goes if there are `most`.
    pub(super) fn add(&mut self, hash: u64, most: usize) {
        if self.hashes.len() >= most {
            self.hashes.pop_front();
        }
        self.hashes.push_back(hash);
        if self.hashes.len() <= FEW {
            return;
        }
        match self.room.checked_sub(1) {
            Some(room) => {
                self.room = room;
                self.note(hash);
            }
            None => self.make_filter(),
        }
    }

    /// Makes the filter of what is here, with room for as many again.
    fn make_filter(&mut self) {
        let known = self.hashes.len();
        if known <= FEW {
            return;
        }
        let words = (known * 2 * BITS).next_power_of_two() / 64;
        self.filter.clear();
        self.filter.resize(words, 0);
        self.room = known;
        for place in 0..known {
            let hash = self.hashes.get(place).copied().unwrap_or_default();
            self.note(hash);
        }
    }

    fn note(&mut self, hash: u64) {
        for half in halves(hash) {
            let bit = half & (self.filter.len() * 64).wrapping_sub(1);
            if let Some(word) = self.filter.get_mut(bit / 64) {
                *word |= 1 << (bit % 64);
            }
        }
    }

    fn may_hold(&self, hash: u64) -> bool {
        let is_set = |half: usize| {
            let bit = half & (self.filter.len() * 64).wrapping_sub(1);
            self.filter.get(bit / 64).is_some_and(|word| word >> (bit % 64) & 1 != 0)
        };
        self.filter.is_empty() || halves(hash).into_iter().all(is_set)
    }
}

/// What is remembered are the hashes; the filter follows from them.
impl PartialEq for Ids {
    fn eq(&self, other: &Self) -> bool {
        self.hashes == other.hashes
    }
}

impl Eq for Ids {}

/// Its two halves, each of which is as random as the whole.
fn halves(hash: u64) -> [usize; 2] {
    [hash & 0xFFFF_FFFF, hash >> 32].map(|half| usize::try_from(half).unwrap_or_default())
}

/// Whether a hash is among some. Without a way out inside a chunk several are compared at once.
fn is_among(hashes: &[u64], hash: u64) -> bool {
    hashes.chunks(64).any(|chunk| chunk.iter().fold(false, |found, known| found | (*known == hash)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_what_a_plain_list_holds() {
        const MOST: usize = 300;
        let (mut ids, mut plain) = (Ids::default(), VecDeque::new());
        let mut state = 1u64;
        for count in 0..5_000u64 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let hash = state.rotate_left(17) & if count % 3 == 0 { 0xFF_0000_00FF } else { u64::MAX };
            assert_eq!(ids.hold(hash), plain.contains(&hash), "{count}");
            if !plain.contains(&hash) {
                if plain.len() >= MOST {
                    plain.pop_front();
                }
                plain.push_back(hash);
                ids.add(hash, MOST);
            }
            if count % 1_000 == 0 {
                assert_eq!(Ids::new(plain.iter().copied().collect()), ids);
                ids = Ids::new(ids.iter().collect());
            }
            assert!(ids.iter().eq(plain.iter().copied()), "{count}");
        }
        assert!(!ids.filter.is_empty());
    }
}
