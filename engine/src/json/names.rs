//! The names of an object's members, by their lengths.
//!
//! Whoever tells of an event asks for some fifty names, of which it has half; each time, the members would be gone through
//! from the first to the last. Few names are as long as another: so each knows the one before it that is as long, and of each
//! length the last is known.

/// A length that stands for all from there on.
const LONG: u8 = u8::MAX;

/// What stands for no member.
const NONE: u32 = u32::MAX;

/// So many lengths are told apart at once; others share their places.
const LENGTHS: u8 = 64;

/// Members that most objects have room for.
const USUAL: usize = 32;

/// The names of some object.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    members: Vec<Member>,
    /// By length, the last member.
    last: Vec<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Member {
    length: u8,
    /// The one before it in the same place of `last`.
    before: u32,
    mark: u32,
}

impl Names {
    /// Adds a name of this length.
    pub(super) fn add(&mut self, length: usize, mark: u32) {
        if self.last.is_empty() {
            self.members.reserve(USUAL);
            self.last.resize(usize::from(LENGTHS), NONE);
        }
        let (length, place) = (short(length), u32::try_from(self.members.len()).unwrap_or(NONE));
        let last = self.last.get_mut(usize::from(length % LENGTHS));
        let before = last.map_or(NONE, |last| std::mem::replace(last, place));
        self.members.push(Member { length, before, mark });
    }

    /// The members with names of this length, or of all lengths that are too long to be told apart, from the last to the
    /// first.
    #[inline]
    pub(super) fn of_length(&self, length: usize) -> impl Iterator<Item = u32> {
        let length = short(length);
        let mut next = self.last.get(usize::from(length % LENGTHS)).copied().unwrap_or(NONE);
        std::iter::from_fn(move || {
            loop {
                let member = self.members.get(next as usize)?;
                next = member.before;
                if member.length == length {
                    return Some(member.mark);
                }
            }
        })
    }
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
