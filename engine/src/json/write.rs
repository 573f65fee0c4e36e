//! From a tree to compact JSON text. Knows nothing of terminals: control characters are escaped, others stand as they are.

use super::Json;

pub(super) fn value(json: &Json, out: &mut String) {
    match json {
        Json::Null => out.push_str("null"),
        Json::Bool(true) => out.push_str("true"),
        Json::Bool(false) => out.push_str("false"),
        Json::Number(digits) => out.push_str(digits),
        Json::Text(decoded) => text(decoded, out),
        Json::Array(items) => array(items, out),
        Json::Object(members) => object(members, out),
    }
}

fn array(items: &[Json], out: &mut String) {
    out.push('[');
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        value(item, out);
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

pub(super) fn text(decoded: &str, out: &mut String) {
    out.push('"');
    for c in decoded.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '\0'..='\u{1f}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            _ => out.push(c),
        }
    }
    out.push('"');
}
