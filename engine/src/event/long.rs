//! Values that are too long to be told whole.
//!
//! What an alert tells of an event, each rule that matches it writes down. A value of some MB would be written as often as
//! there are rules.

use crate::rule::hex;
use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// Bytes of a value that is told as it is. Real ones reach 15 KB, as the names in a change of many DNS records.
pub(crate) const LONGEST: usize = 16 << 10;
/// Digits of the hash that stands for the rest.
const DIGITS: usize = 32;

/// A text as it is told: a long one by its beginning and a hash of all of it, so that different ones stay different.
pub(crate) fn told(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.len() <= LONGEST { text } else { Cow::Owned(cut(&text, &text)) }
}

/// The beginning of a text that is too long, and a hash of what it is told apart by.
pub(crate) fn cut(text: &str, whole: &str) -> String {
    let end = (0..=LONGEST).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    let hash = hex(&Sha256::digest(whole.as_bytes()), DIGITS);
    format!("{}…{hash}", text.get(..end).unwrap_or_default())
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
}
