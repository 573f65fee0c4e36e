//! Text from events made fit for a terminal: control characters and those that turn text round become escapes.

use std::borrow::Cow;
use std::fmt::Write;

/// The text with every control character, line breaks included, shown as an escape.
#[must_use]
pub fn safe(text: &str) -> Cow<'_, str> {
    escape(text, is_dangerous)
}

/// The same with line breaks and tabs left as they are: for messages of several lines.
#[must_use]
pub fn safe_lines(text: &str) -> Cow<'_, str> {
    escape(text, |c| is_dangerous(c) && !matches!(c, '\n' | '\t'))
}

/// JSON that means the same, with nothing dangerous in it: what may stand raw in its texts is written as JSON escapes, and
/// a carriage return, which may only stand between tokens, as a blank.
#[must_use]
pub fn safe_json(text: &str) -> Cow<'_, str> {
    let raw = |c: char| is_dangerous(c) && !matches!(c, '\n' | '\t');
    if !text.contains(raw) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if c == '\r' {
            out.push(' ');
        } else if raw(c) {
            // Every dangerous character is one UTF-16 unit. Writing to a String cannot fail.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

fn escape(text: &str, dangerous: fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(dangerous) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\n' if dangerous(c) => out.push_str("\\n"),
            '\t' if dangerous(c) => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if dangerous(c) => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Control characters (C0, DEL, C1), line and paragraph separators, and the characters that override the direction of
/// text or are invisible.
fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_a_terminal_raw() {
        assert_eq!(safe("plain é 日"), "plain é 日");
        assert_eq!(safe("a\u{1b}[31mb\u{9b}c\nd\r\u{202e}e\u{7f}"), "a\\u{1b}[31mb\\u{9b}c\\nd\\r\\u{202e}e\\u{7f}");
        assert_eq!(safe_lines("a\n\tb\u{7}"), "a\n\tb\\u{7}");
        assert_eq!(safe_json("{\"a\":\t\"\u{9b}b\u{7f}\u{202e}é\"}"), "{\"a\":\t\"\\u009bb\\u007f\\u202eé\"}");
    }
}
