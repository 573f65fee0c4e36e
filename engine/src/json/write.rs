//! From a tree to compact JSON text. Knows nothing of terminals: control characters are escaped, others stand as they are.

use super::Json;
use std::fmt::Write;

pub(super) fn value(json: &Json, out: &mut String) {
    match json {
        Json::Null => out.push_str("null"),
        Json::Bool(true) => out.push_str("true"),
        Json::Bool(false) => out.push_str("false"),
        Json::Number(digits) => out.push_str(digits),
        Json::Text(decoded) => text(decoded, out),
        Json::Array(items) => array(items, out, value),
        Json::Object(members) => object(members, out),
    }
}

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

fn object(members: &[(String, Json)], out: &mut String) {
    out.push('{');
    for (place, (name, member)) in members.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        text(name, out);
        out.push(':');
        value(member, out);
    }
    out.push('}');
}

/// Goes from one character that needs an escape to the next, and copies what is between them at once.
pub(super) fn text(decoded: &str, out: &mut String) {
    out.push('"');
    let mut rest = decoded;
    while let Some(at) = rest.bytes().position(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        // What needs an escape is one byte of its own, so both sides of it are whole characters.
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(before);
        escape(from.bytes().next().unwrap_or_default(), out);
        rest = from.get(1..).unwrap_or_default();
    }
    out.push_str(rest);
    out.push('"');
}

fn escape(byte: u8, out: &mut String) {
    match byte {
        b'"' => out.push_str("\\\""),
        b'\\' => out.push_str("\\\\"),
        8 => out.push_str("\\b"),
        b'\t' => out.push_str("\\t"),
        b'\n' => out.push_str("\\n"),
        12 => out.push_str("\\f"),
        b'\r' => out.push_str("\\r"),
        // Writing to a text cannot fail.
        other => drop(write!(out, "\\u{other:04x}")),
    }
}
