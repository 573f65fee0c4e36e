//! From a tree to compact JSON text. Knows nothing of terminals: control characters are escaped, others stand as they are.
//! No recursion: open brackets wait on a stack of our own.

use super::{Json, plain};

/// What is left to write of an open bracket.
enum Open<'j> {
    Array(std::slice::Iter<'j, Json>),
    Object(std::slice::Iter<'j, (String, Json)>),
}

/// At least the first `wanted` bytes of a value; what is behind them, if anything, means nothing.
pub(super) fn value(json: &Json, wanted: usize, out: &mut String) {
    let end = out.len().saturating_add(wanted);
    let mut open: Vec<Open<'_>> = Vec::new();
    open.extend(begin(json, wanted, out));
    // Whether the innermost bracket has an element already.
    let mut first = true;
    while let Some(innermost) = open.last_mut().filter(|_| out.len() < end) {
        let next = match innermost {
            Open::Array(left) => left.next().map(|item| (None, item)),
            Open::Object(left) => left.next().map(|(name, member)| (Some(name), member)),
        };
        let Some((name, next)) = next else {
            out.push(if matches!(innermost, Open::Array(_)) { ']' } else { '}' });
            open.pop();
            first = false;
            continue;
        };
        if !first {
            out.push(',');
        }
        if let Some(name) = name {
            text(beginning(name, wanted), out);
            out.push(':');
        }
        let bracket = begin(next, wanted, out);
        first = bracket.is_some();
        open.extend(bracket);
    }
}

/// Writes a scalar, as much of it as is wanted; of a bracket its start.
fn begin<'j>(json: &'j Json, wanted: usize, out: &mut String) -> Option<Open<'j>> {
    match json {
        Json::Null => out.push_str("null"),
        Json::Bool(true) => out.push_str("true"),
        Json::Bool(false) => out.push_str("false"),
        Json::Number(digits) => out.push_str(beginning(digits, wanted)),
        Json::Text(decoded) => text(beginning(decoded, wanted), out),
        Json::Array(items) => {
            out.push('[');
            return Some(Open::Array(items.iter()));
        }
        Json::Object(members) => {
            out.push('{');
            return Some(Open::Object(members.iter()));
        }
    }
    None
}

fn beginning(text: &str, wanted: usize) -> &str {
    text.get(..text.ceil_char_boundary(wanted)).unwrap_or_default()
}

/// Writes an array whose items are written by `item`.
pub(super) fn array<T>(items: &[T], out: &mut String, mut item: impl FnMut(&T, &mut String)) {
    out.push('[');
    for (place, each) in items.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        item(each, out);
    }
    out.push(']');
}

/// Writes a string with its quotes.
pub(super) fn text(decoded: &str, out: &mut String) {
    // Most need no escape.
    out.reserve(decoded.len() + 2);
    out.push('"');
    escaped(decoded, out);
    out.push('"');
}

/// Writes what stands between a string's quotes. Runs of characters that need no escape are written at once.
pub(super) fn escaped(decoded: &str, out: &mut String) {
    let mut start = 0;
    loop {
        let end = plain::end(decoded.as_bytes(), start);
        out.push_str(decoded.get(start..end).unwrap_or_default());
        let Some(byte) = decoded.as_bytes().get(end) else { return };
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            8 => out.push_str("\\b"),
            b'\t' => out.push_str("\\t"),
            b'\n' => out.push_str("\\n"),
            12 => out.push_str("\\f"),
            b'\r' => out.push_str("\\r"),
            control => control_character(*control, out),
        }
        start = end + 1;
    }
}

/// Writes a control character that has no short escape. A text may hold nothing else.
#[inline(never)]
fn control_character(control: u8, out: &mut String) {
    out.push_str(if control < 16 { "\\u000" } else { "\\u001" });
    out.extend(char::from_digit(u32::from(control & 15), 16));
}

/// How many bytes [`escaped`] writes.
pub(super) fn written(decoded: &str) -> usize {
    let (mut bytes, mut start) = (decoded.len(), 0);
    loop {
        let end = plain::end(decoded.as_bytes(), start);
        let Some(byte) = decoded.as_bytes().get(end) else { return bytes };
        bytes += match byte {
            b'"' | b'\\' | 8 | b'\t' | b'\n' | 12 | b'\r' => 1,
            _ => 5,
        };
        start = end + 1;
    }
}
