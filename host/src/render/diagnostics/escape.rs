//! A piece of source text made fit to be shown, with the places of the original text in it.

use crate::render::safe;

/// An escaped text, and for each byte of the original the place that it has there.
pub(super) struct Escaped {
    pub(super) text: String,
    /// Where escapes made the text longer: the offset behind a replaced character, and how many bytes were added up to it.
    shifts: Vec<(usize, usize)>,
}

impl Escaped {
    /// Escapes what a terminal would obey. Tabs stay: whoever draws the text widens them.
    pub(super) fn new(original: &str) -> Self {
        let mut escaped = Self { text: String::with_capacity(original.len()), shifts: Vec::new() };
        let mut added = 0;
        for (at, c) in original.char_indices() {
            if c == '\t' {
                escaped.text.push(c);
                continue;
            }
            let mut buffer = [0; 4];
            let shown = safe(c.encode_utf8(&mut buffer));
            escaped.text.push_str(&shown);
            if shown.len() > c.len_utf8() {
                added += shown.len() - c.len_utf8();
                escaped.shifts.push((at + c.len_utf8(), added));
            }
        }
        escaped
    }

    /// The place in the escaped text of a place in the original.
    pub(super) fn place(&self, original: usize) -> usize {
        let before = self.shifts.partition_point(|(behind, _)| *behind <= original);
        let added = before.checked_sub(1).and_then(|last| self.shifts.get(last)).map_or(0, |(_, added)| *added);
        (original + added).min(self.text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_follow_the_escapes() {
        let original = "é\u{1b}[31m\ta\u{202e}b";
        let escaped = Escaped::new(original);
        assert_eq!(escaped.text, "é\\u{1b}[31m\ta\\u{202e}b");
        for (at, c) in original.char_indices() {
            let shown = &escaped.text[escaped.place(at)..];
            assert!(shown.starts_with(safe(&c.to_string()).as_ref()) || c == '\t', "{at} {shown}");
        }
        assert_eq!(escaped.place(original.len()), escaped.text.len());
    }
}
