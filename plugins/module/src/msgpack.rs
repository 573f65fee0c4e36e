//! One event of MessagePack as JSON text. Without recursion: open brackets wait on a stack of our own, and what it can
//! grow to is bounded by the event's length.
//!
//! Text and bytes become JSON texts and must be UTF-8. Numbers keep their value; what JSON has no number for is null, and so
//! is an extension but a timestamp, which is seconds since 1970. A key that is no text becomes one.

use oxpecker_engine::json::write_text;
use std::fmt::Write;

/// A bracket that is open.
struct Open {
    map: bool,
    /// Values that are still to come: of a map keys too.
    left: usize,
}

/// A value, or the beginning of one.
enum Token<'e> {
    /// JSON text that stands as it is.
    Scalar(String),
    Text(&'e [u8]),
    Open {
        map: bool,
        count: usize,
    },
}

struct Reader<'e> {
    left: &'e [u8],
}

/// The JSON text of an event; `None` where it is not exactly one value of MessagePack, or holds text that is no UTF-8.
pub(crate) fn to_json(event: &[u8]) -> Option<String> {
    let mut reader = Reader { left: event };
    let mut out = String::with_capacity(event.len() + event.len() / 2);
    let mut open: Vec<Open> = Vec::new();
    loop {
        let key = open.last().is_some_and(|innermost| innermost.map && innermost.left % 2 == 0);
        match reader.token()? {
            Token::Open { .. } if key => return None,
            Token::Open { map, count } => {
                out.push(if map { '{' } else { '[' });
                let left = if map { count.checked_mul(2)? } else { count };
                open.push(Open { map, left });
            }
            Token::Text(text) => {
                write_text(std::str::from_utf8(text).ok()?, &mut out);
                took(&mut open);
            }
            Token::Scalar(text) if key => {
                write_text(&text, &mut out);
                took(&mut open);
            }
            Token::Scalar(text) => {
                out.push_str(&text);
                took(&mut open);
            }
        }
        while open.last().is_some_and(|innermost| innermost.left == 0) {
            out.push(if open.pop().is_some_and(|closed| closed.map) { '}' } else { ']' });
            took(&mut open);
        }
        let Some(innermost) = open.last() else { break };
        // Nothing stands before a bracket's first value, a colon between a key and its value.
        if innermost.map && innermost.left % 2 == 1 {
            out.push(':');
        } else if !out.ends_with(['{', '[']) || innermost.left == 0 {
            out.push(',');
        }
    }
    reader.left.is_empty().then_some(out)
}

/// One value of the innermost bracket is there.
fn took(open: &mut [Open]) {
    if let Some(innermost) = open.last_mut() {
        innermost.left = innermost.left.saturating_sub(1);
    }
}

impl<'e> Reader<'e> {
    fn take(&mut self, length: usize) -> Option<&'e [u8]> {
        let (taken, left) = self.left.split_at_checked(length)?;
        self.left = left;
        Some(taken)
    }

    /// A number of one to eight bytes, the most significant first.
    fn unsigned(&mut self, bytes: usize) -> Option<u64> {
        Some(self.take(bytes)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn length(&mut self, bytes: usize) -> Option<usize> {
        usize::try_from(self.unsigned(bytes)?).ok()
    }

    fn signed(&mut self, bytes: usize) -> Option<i64> {
        let unused = 64 - 8 * u32::try_from(bytes).ok()?;
        Some(self.unsigned(bytes)?.cast_signed() << unused >> unused)
    }

    fn token(&mut self) -> Option<Token<'e>> {
        let first = *self.take(1)?.first()?;
        let low = |mask: u8| usize::from(first & mask);
        let scalar = |text: String| Some(Token::Scalar(text));
        match first {
            0x00..=0x7f => scalar(first.to_string()),
            0x80..=0x8f => Some(Token::Open { map: true, count: low(0x0f) }),
            0x90..=0x9f => Some(Token::Open { map: false, count: low(0x0f) }),
            0xa0..=0xbf => self.take(low(0x1f)).map(Token::Text),
            0xc0 => scalar("null".to_owned()),
            0xc2 => scalar("false".to_owned()),
            0xc3 => scalar("true".to_owned()),
            0xc4..=0xc6 => self.text(1 << (first - 0xc4)),
            0xc7..=0xc9 => {
                let length = self.length(1 << (first - 0xc7))?;
                self.extension(length)
            }
            0xca => scalar(float(f64::from(f32::from_bits(u32::try_from(self.unsigned(4)?).ok()?)))),
            0xcb => scalar(float(f64::from_bits(self.unsigned(8)?))),
            0xcc..=0xcf => scalar(self.unsigned(1 << (first - 0xcc))?.to_string()),
            0xd0..=0xd3 => scalar(self.signed(1 << (first - 0xd0))?.to_string()),
            0xd4..=0xd8 => self.extension(1 << (first - 0xd4)),
            0xd9..=0xdb => self.text(1 << (first - 0xd9)),
            0xdc | 0xdd => Some(Token::Open { map: false, count: self.length(2 << (first - 0xdc))? }),
            0xde | 0xdf => Some(Token::Open { map: true, count: self.length(2 << (first - 0xde))? }),
            0xe0..=0xff => scalar(first.cast_signed().to_string()),
            0xc1 => None,
        }
    }

    fn text(&mut self, bytes: usize) -> Option<Token<'e>> {
        let length = self.length(bytes)?;
        self.take(length).map(Token::Text)
    }

    /// Timestamps are of type -1, and of type 0 in Fluentd's world: seconds, then nanoseconds.
    fn extension(&mut self, length: usize) -> Option<Token<'e>> {
        let kind = *self.take(1)?.first()?;
        let mut data = Reader { left: self.take(length)? };
        let time = match (kind, length) {
            (0xff, 4) => Some((data.signed(4)?.max(0), 0)),
            (0x00, 8) => Some((data.signed(4)?.max(0), data.unsigned(4)?)),
            (0xff, 8) => {
                let both = data.unsigned(8)?;
                Some(((both & ((1 << 34) - 1)).cast_signed(), both >> 34))
            }
            (0xff, 12) => {
                let nanoseconds = data.unsigned(4)?;
                Some((data.signed(8)?, nanoseconds))
            }
            _ => None,
        };
        Some(Token::Scalar(
            time.map_or("null".to_owned(), |(seconds, nanoseconds)| format!("{seconds}.{nanoseconds:09}")),
        ))
    }
}

fn float(value: f64) -> String {
    let mut text = String::new();
    if !value.is_finite() {
        return "null".to_owned();
    }
    // Writing to a String cannot fail.
    let _ = write!(text, "{value:?}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(event: &[u8], expected: &str) {
        assert_eq!(to_json(event).as_deref(), Some(expected));
        assert!(serde_json::from_str::<serde_json::Value>(expected).is_ok(), "{expected}");
        for cut in 0..event.len() {
            assert_eq!(to_json(&event[..cut]), None, "cut at {cut}");
        }
        assert_eq!(to_json(&[event, &[0xc0]].concat()), None, "one value, not two");
    }

    #[test]
    fn every_kind_of_value() {
        check(b"\x80", "{}");
        check(b"\x90", "[]");
        check(b"\x82\xa1a\x93\x01\xff\x80\xa1b\xc0", r#"{"a":[1,-1,{}],"b":null}"#);
        check(b"\x94\xc2\xc3\xcc\xc8\xcd\x01\x00", "[false,true,200,256]");
        check(
            b"\x93\xce\xff\xff\xff\xff\xcf\xff\xff\xff\xff\xff\xff\xff\xff\xd3\x80\0\0\0\0\0\0\0",
            "[4294967295,18446744073709551615,-9223372036854775808]",
        );
        check(b"\x93\xd0\x80\xd1\x80\x00\xd2\x80\0\0\0", "[-128,-32768,-2147483648]");
        check(b"\x93\xca\x3f\xc0\0\0\xcb\x3f\xb9\x99\x99\x99\x99\x99\x9a\xcb\x7f\xf0\0\0\0\0\0\0", "[1.5,0.1,null]");
        check(b"\x92\xd9\x03a\"\n\xc4\x02\xc3\xa9", r#"["a\"\n","é"]"#);
        check(b"\x81\x07\x81\xc3\xdc\x00\x01\xdf\0\0\0\0", r#"{"7":{"true":[{}]}}"#);
        check(
            b"\x92\xd6\xff\x65\x00\x00\x00\xd7\x00\x65\x00\x00\x00\x1d\xcd\x65\x00",
            "[1694498816.000000000,1694498816.500000000]",
        );
        check(b"\x92\xd4\x05\x01\xc7\x03\x05abc", "[null,null]");
    }

    #[test]
    fn what_is_no_event_is_none() {
        for bad in [
            &b"\xc1"[..],
            b"\xa1\xff",
            b"\x81\x80\x01",
            b"\x81\x90\x01",
            b"\xdd\xff\xff\xff\xff",
            b"\xdb\xff\xff\xff\xffa",
        ] {
            assert_eq!(to_json(bad), None, "{bad:?}");
        }
        let deep = [[0x91].repeat(1 << 20), vec![0xc0]].concat();
        assert_eq!(to_json(&deep).map(|text| text.len()), Some((2 << 20) + 4));
    }
}
