//! The names of an object's members, by their lengths.
//!
//! Whoever tells of an event asks for some fifty names, of which it has half; each time, the members would be gone through
//! from the first to the last. Their lengths lie side by side in a few bytes, which one look goes through, and few names are
//! as long as another.

/// A length that stands for all from there on.
const LONG: u8 = u8::MAX;

/// The names of some object.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    /// How long each name is.
    lengths: Vec<u8>,
    /// A bit for each length that some name has: many that are asked for are as long as none.
    bits: u64,
    /// The mark of each member.
    places: Vec<u32>,
}

impl Names {
    /// Adds a name of this length.
    pub(super) fn add(&mut self, length: usize, place: u32) {
        let length = short(length);
        self.bits |= bit(length);
        self.lengths.push(length);
        self.places.push(place);
    }

    /// The members with names of this length, or of all lengths that are too long to be told apart, from the last to the
    /// first.
    #[inline]
    pub(super) fn of_length(&self, length: usize) -> impl Iterator<Item = u32> {
        let length = short(length);
        let lengths = if self.bits & bit(length) == 0 { &[] } else { self.lengths.as_slice() };
        let members = lengths.iter().zip(&self.places).rev();
        members.filter(move |(other, _)| **other == length).map(|(_, place)| *place)
    }
}

fn bit(length: u8) -> u64 {
    1 << (length % 64)
}

fn short(length: usize) -> u8 {
    u8::try_from(length).unwrap_or(LONG)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_come_from_the_last_by_their_length() {
        let mut names = Names::default();
        for (length, place) in [(3, 1), (0, 2), (3, 3), (300, 4), (255, 5)] {
            names.add(length, place);
        }
        let of = |names: &Names, length| names.of_length(length).collect::<Vec<_>>();
        assert_eq!((of(&names, 3), of(&names, 0), of(&names, 1)), (vec![3, 1], vec![2], vec![]));
        assert_eq!((of(&names, 300), of(&names, 254)), (vec![5, 4], vec![]));
    }
}
