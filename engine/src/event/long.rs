//! Values that are too long to be told whole.
//!
//! What an alert tells of an event, each rule that matches it writes down. A value of some MB would be written as often as
//! there are rules, and so would many values that are each just short enough.

use crate::json;
use crate::rule::hex;
use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// Bytes of a value that is told as it is. Real ones reach 15 KB, as the names in a change of many DNS records.
pub(crate) const LONGEST: usize = 16 << 10;
/// Bytes that it may take in JSON. Quotes and line feeds take two and never pass it; control characters take six.
const WRITTEN: usize = 2 * LONGEST;
/// The most that a byte takes.
const WIDEST: usize = 6;
/// Bytes of values that are told together, in JSON: as much as an alert record has. Beyond it they are told by less.
pub(crate) const TOGETHER: usize = 64 << 10;
/// Bytes of a value that is told by less.
const LESS: usize = 256;
/// Digits of the hash that stands for the rest.
const DIGITS: usize = 32;

/// Whether a text is told as it is.
pub(crate) fn is_short(text: &str) -> bool {
    text.len() <= WRITTEN / WIDEST || text.len() <= LONGEST && json::written(text) <= WRITTEN
}

/// A text as it is told: a long one by its beginning and a hash of all of it, so that different ones stay different.
pub(crate) fn told(text: Cow<'_, str>) -> Cow<'_, str> {
    if is_short(&text) { text } else { Cow::Owned(cut(&text, &text)) }
}

/// The beginning of a text that is too long, and a hash of what it is told apart by.
///
/// No text that is told as it is equals what this gives: either is longer than allowed.
pub(crate) fn cut(text: &str, whole: &str) -> String {
    format!("{}…{}", beginning(text, LONGEST), hash(whole))
}

/// What tells texts apart that are not told whole.
pub(crate) fn hash(whole: &str) -> String {
    hex(&Sha256::digest(whole.as_bytes()), DIGITS)
}

/// A text where there is no room for it any more: what is long is told by its beginning alone.
pub(crate) fn less(text: &str) -> Cow<'_, str> {
    if text.len() <= LESS { Cow::Borrowed(text) } else { Cow::Owned(format!("{}…", beginning(text, LESS))) }
}

/// The first so many bytes of a text, and no more than twice as many in JSON.
fn beginning(text: &str, most: usize) -> &str {
    let mut room = 2 * most;
    let fits = |(at, letter): &(usize, char)| {
        let written = json::written(letter.encode_utf8(&mut [0; 4]));
        let fits = at + letter.len_utf8() <= most && written <= room;
        room = room.saturating_sub(written);
        fits
    };
    let end = text.char_indices().take_while(fits).last().map_or(0, |(at, letter)| at + letter.len_utf8());
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_and_stay_different() {
        let (fits, long) = ("a".repeat(LONGEST), "a".repeat(LONGEST + 1));
        assert_eq!(told(fits.as_str().into()), fits);
        let cut = told(long.as_str().into());
        assert!(cut.starts_with(&fits) && cut.len() == LONGEST + "…".len() + DIGITS);
        assert_ne!(cut, told(format!("{fits}b").into()));
        assert_eq!(cut, told(long.clone().into()), "the same text is told the same");
        let wide = told("é".repeat(LONGEST).into());
        assert!(wide.starts_with(&"é".repeat(LONGEST / 2)) && wide.chars().count() == LONGEST / 2 + 1 + DIGITS);
        assert!(told(format!("a{}", "é".repeat(LONGEST)).into()).len() < LONGEST + 40);
    }

    #[test]
    fn what_is_written_is_bounded_too() {
        let written = |text: &str| json::written(&told(text.into()));
        for letter in ["\"", "\\", "\n", "\t", "\u{8}"] {
            let fits = letter.repeat(LONGEST);
            assert_eq!((told(fits.as_str().into()).as_ref(), written(&fits)), (fits.as_str(), WRITTEN), "{letter:?}");
        }
        let most = WRITTEN / WIDEST;
        let (fits, long) = ("\u{1}".repeat(most), "\u{1}".repeat(most + 1));
        assert_eq!(told(fits.as_str().into()), fits);
        assert!(told(long.as_str().into()).starts_with(&format!("{fits}…")));
        assert!(written(&"\u{1}".repeat(LONGEST)) <= WRITTEN + "…".len() + DIGITS);
        assert_ne!(told(long.as_str().into()), told(format!("{long}x").into()));
        let mixed = format!("{}{}", "\u{1}".repeat(most - 1), "a".repeat(LONGEST));
        assert!(written(&mixed) <= WRITTEN + "…".len() + DIGITS);
    }

    #[test]
    fn nothing_passes_for_what_was_cut() {
        for letter in ["a", "é", "\u{1}", "\""] {
            let cut = told(letter.repeat(LONGEST + 1).into()).into_owned();
            assert_ne!(told(cut.as_str().into()), cut, "{letter:?}");
        }
    }

    #[test]
    fn where_there_is_no_room_a_beginning_is_left() {
        let fits = "a".repeat(LESS);
        assert_eq!(less(&fits), fits);
        assert_eq!(less(&format!("{fits}a")), format!("{fits}…"));
        assert!(json::written(&less(&"\u{1}".repeat(LONGEST))) <= 2 * LESS + "…".len());
    }
}
