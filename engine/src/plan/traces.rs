//! Which of the paths that other keys draw on an event has, told by one word.
//!
//! A key that draws on others leads somewhere only where the event has one of the paths that it draws on, or is of a
//! producer whose mapping gives it a value; and it is of a producer only where it has one of the paths that tell. A log has
//! few of them, and rules ask for many such keys: so each path has a bit, the bits of those that an event has are joined
//! as it is taken over, and a key with none of its bits among them is passed by.

use super::facts::Slot;

/// Some paths, each as one of 64 bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Traces(u64);

impl Traces {
    /// Takes others in.
    #[inline]
    pub(super) fn join(&mut self, others: Self) {
        self.0 |= others.0;
    }

    /// Whether a path may be among both; if not, none is.
    #[inline]
    pub(super) fn meet(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }
}

/// Gives paths their bits.
#[derive(Debug)]
pub(super) struct Bits {
    /// By number.
    paths: Vec<Traces>,
    given: u32,
}

/// As many as ask first have a bit alone; the others share what is left.
const ALONE: u32 = 40;

impl Bits {
    /// For so many paths.
    pub(super) fn new(paths: usize) -> Self {
        Self { paths: vec![Traces::default(); paths], given: 0 }
    }

    /// The bit of a path; none of one that leads nowhere.
    pub(super) fn of(&mut self, path: Slot) -> Traces {
        let Some(traces) = self.paths.get_mut(path as usize) else { return Traces::default() };
        if *traces == Traces::default() {
            let shared = self.given.checked_sub(ALONE).map(|place| ALONE + place % (u64::BITS - ALONE));
            *traces = Traces(1 << shared.unwrap_or(self.given));
            self.given += 1;
        }
        *traces
    }

    /// The bits of several.
    pub(super) fn of_all(&mut self, paths: impl IntoIterator<Item = Slot>) -> Traces {
        let mut all = Traces::default();
        paths.into_iter().for_each(|path| all.join(self.of(path)));
        all
    }

    /// What was given, by the paths' numbers.
    pub(super) fn into_paths(self) -> Vec<Traces> {
        self.paths
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::NOWHERE;

    #[test]
    fn the_first_have_a_bit_alone_and_no_path_has_none() {
        let mut bits = Bits::new(200);
        let all: Vec<Traces> = (0..200).map(|path| bits.of(path)).collect();
        assert!(all.iter().all(|one| one.0.count_ones() == 1));
        for (place, one) in all.iter().enumerate() {
            let meeting = all.iter().filter(|other| one.meet(**other)).count();
            assert_eq!(meeting == 1, place < ALONE as usize, "{place}");
        }
        assert_eq!(bits.of(3), all[3], "a path keeps its bit");
        assert_eq!(bits.of(NOWHERE), Traces::default());
        let two = bits.of_all([1, 2, NOWHERE]);
        assert!(two.meet(all[1]) && two.meet(all[2]) && !two.meet(all[3]));
        assert_eq!(bits.into_paths(), all);
    }
}
