//! The hash by which a window remembers a text: an event's identifier, or a value that its threshold counts.

use crate::flat;
use sha2::{Digest, Sha256};

/// The hash of a text, or of one at a time, of a kind for which nobody can make up two texts with the same: an event must not
/// be able to pass for another one.
pub(super) fn hash(text: &str, time: Option<i64>) -> u64 {
    let mut digest = Sha256::new();
    if let Some(time) = time {
        digest.update(time.to_be_bytes());
    }
    digest.update(text);
    digest.finalize().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Hashes that were made lately: rules count the same values of an event, and events the same values.
#[derive(Debug, Default)]
pub(super) struct Hashes(Vec<Made>);

/// A text, its time, and their hash.
type Made = (String, Option<i64>, u64);

/// How many are kept, and how long their texts may be.
const KEPT: usize = 256;
const LONGEST: usize = 256;

impl Hashes {
    /// The hash of a text, or of one at a time.
    pub(super) fn of(&mut self, text: &str, time: Option<i64>) -> u64 {
        if text.len() > LONGEST {
            return hash(text, time);
        }
        if self.0.is_empty() {
            // Texts are here with their hashes: no place is free.
            self.0.resize(KEPT, (String::new(), None, hash("", None)));
        }
        let place = flat::hash(text.as_bytes(), 0) as usize % KEPT;
        let Some((known, at, made)) = self.0.get_mut(place) else { return hash(text, time) };
        if *at != time || !flat::same(known.as_bytes(), text.as_bytes()) {
            text.clone_into(known);
            (*at, *made) = (time, hash(text, time));
        }
        *made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_that_is_remembered_is_the_one_that_is_made() {
        let mut hashes = Hashes::default();
        let long = "x".repeat(LONGEST + 1);
        let texts: Vec<String> = (0..4 * KEPT).map(|number| number.to_string()).collect();
        for text in ["", "a", "a", &long, ""].into_iter().chain(texts.iter().chain(&texts).map(String::as_str)) {
            for time in [None, None, Some(0), Some(0), Some(1)] {
                assert_eq!(hashes.of(text, time), hash(text, time), "{text} at {time:?}");
            }
        }
        assert_ne!(hash("a", None), hash("a", Some(0)));
    }
}
