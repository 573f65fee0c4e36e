//! A record as Fluent Bit holds it: MessagePack, taken apart into objects for each filter that looks at it.

use serde_json::Value;

/// A value of MessagePack, as `msgpack_unpack_next` gives it: texts stay where they are, maps and arrays are lists.
#[derive(Debug, PartialEq)]
pub enum Object<'r> {
    Nil,
    Boolean(bool),
    Positive(u64),
    Negative(i64),
    Float(f64),
    Text(&'r [u8]),
    Array(Vec<Object<'r>>),
    Map(Vec<(Object<'r>, Object<'r>)>),
}

/// Takes a record apart. None where the bytes are not what [`pack`] writes.
pub fn unpack<'r>(bytes: &mut &'r [u8]) -> Option<Object<'r>> {
    let first = take(bytes, 1)?[0];
    Some(match first {
        0x00..=0x7f => Object::Positive(first.into()),
        0x80..=0x8f => map(bytes, (first & 0xf).into())?,
        0x90..=0x9f => array(bytes, (first & 0xf).into())?,
        0xa0..=0xbf => Object::Text(take(bytes, (first & 0x1f).into())?),
        0xc0 => Object::Nil,
        0xc2 | 0xc3 => Object::Boolean(first == 0xc3),
        0xcb => Object::Float(f64::from_bits(number(bytes, 8)?)),
        0xcc..=0xcf => Object::Positive(number(bytes, 1 << (first - 0xcc))?),
        0xd3 => Object::Negative(number(bytes, 8)?.cast_signed()),
        0xd9..=0xdb => {
            let length = number(bytes, 1 << (first - 0xd9))?;
            Object::Text(take(bytes, length)?)
        }
        0xdc | 0xdd => {
            let length = number(bytes, 2 << (first - 0xdc))?;
            array(bytes, length)?
        }
        0xde | 0xdf => {
            let length = number(bytes, 2 << (first - 0xde))?;
            map(bytes, length)?
        }
        _ => return None,
    })
}

fn array<'r>(bytes: &mut &'r [u8], length: u64) -> Option<Object<'r>> {
    let mut items = Vec::with_capacity(usize::try_from(length).ok()?.min(bytes.len()));
    for _ in 0..length {
        items.push(unpack(bytes)?);
    }
    Some(Object::Array(items))
}

fn map<'r>(bytes: &mut &'r [u8], length: u64) -> Option<Object<'r>> {
    let mut members = Vec::with_capacity(usize::try_from(length).ok()?.min(bytes.len()));
    for _ in 0..length {
        members.push((unpack(bytes)?, unpack(bytes)?));
    }
    Some(Object::Map(members))
}

fn number(bytes: &mut &[u8], length: u64) -> Option<u64> {
    Some(take(bytes, length)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

fn take<'r>(bytes: &mut &'r [u8], length: u64) -> Option<&'r [u8]> {
    let (taken, rest) = bytes.split_at_checked(usize::try_from(length).ok()?)?;
    *bytes = rest;
    Some(taken)
}

/// A record as `tail` with a parser for JSON makes it.
pub fn pack(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(0xc0),
        Value::Bool(yes) => out.push(0xc2 + u8::from(*yes)),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => pack_positive(number, out),
            (None, Some(number)) => pack_negative(number, out),
            (None, None) => pack_float(number.as_f64().unwrap_or(f64::NAN), out),
        },
        Value::String(text) => pack_text(text.as_bytes(), out),
        Value::Array(items) => {
            pack_length(items.len(), (0x90, 16, 0xdc), out);
            items.iter().for_each(|item| pack(item, out));
        }
        Value::Object(members) => {
            pack_length(members.len(), (0x80, 16, 0xde), out);
            for (name, value) in members {
                pack_text(name.as_bytes(), out);
                pack(value, out);
            }
        }
    }
}

pub fn pack_positive(number: u64, out: &mut Vec<u8>) {
    match number {
        0..=0x7f => out.push(number as u8),
        _ => {
            out.push(0xcf);
            out.extend_from_slice(&number.to_be_bytes());
        }
    }
}

pub fn pack_negative(number: i64, out: &mut Vec<u8>) {
    out.push(0xd3);
    out.extend_from_slice(&number.to_be_bytes());
}

pub fn pack_float(number: f64, out: &mut Vec<u8>) {
    out.push(0xcb);
    out.extend_from_slice(&number.to_be_bytes());
}

pub fn pack_text(text: &[u8], out: &mut Vec<u8>) {
    if let (0x20..0x100, length) = (text.len(), text.len() as u8) {
        out.extend_from_slice(&[0xd9, length]);
    } else {
        pack_length(text.len(), (0xa0, 32, 0xda), out);
    }
    out.extend_from_slice(text);
}

/// The head of something that is so long: in the first byte, or in the two or four behind it.
pub fn pack_length(length: usize, (short, most, long): (u8, usize, u8), out: &mut Vec<u8>) {
    if length < most {
        out.push(short + length as u8);
    } else if let Ok(length) = u16::try_from(length) {
        out.push(long);
        out.extend_from_slice(&length.to_be_bytes());
    } else {
        out.push(long + 1);
        out.extend_from_slice(&u32::try_from(length).expect("no record is so long").to_be_bytes());
    }
}

/// A record as JSON, as `flb_msgpack_to_json_str` writes it: no blanks, and `\u` for what is no ASCII.
pub fn write_json(object: &Object<'_>, out: &mut Vec<u8>) {
    use std::io::Write;
    match object {
        Object::Nil => out.extend_from_slice(b"null"),
        Object::Boolean(yes) => out.extend_from_slice(if *yes { b"true" } else { b"false" }),
        Object::Positive(number) => write!(out, "{number}").expect("memory takes it"),
        Object::Negative(number) => write!(out, "{number}").expect("memory takes it"),
        Object::Float(number) => write!(out, "{number:?}").expect("memory takes it"),
        Object::Text(text) => write_text(text, out),
        Object::Array(items) => {
            out.push(b'[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                write_json(item, out);
            }
            out.push(b']');
        }
        Object::Map(members) => {
            out.push(b'{');
            for (place, (name, value)) in members.iter().enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                write_json(name, out);
                out.push(b':');
                write_json(value, out);
            }
            out.push(b'}');
        }
    }
}

fn write_text(text: &[u8], out: &mut Vec<u8>) {
    use std::io::Write;
    out.push(b'"');
    let mut rest = text;
    loop {
        let plain = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f | 0x7f..)).unwrap_or(rest.len());
        out.extend_from_slice(&rest[..plain]);
        rest = &rest[plain..];
        let Some(chunk) = rest.utf8_chunks().next() else { break };
        let character = chunk.valid().chars().next().unwrap_or(char::REPLACEMENT_CHARACTER);
        match character {
            '"' | '\\' => out.extend_from_slice(&[b'\\', character as u8]),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}").expect("memory takes it");
                }
            }
        }
        rest = &rest[if chunk.valid().is_empty() { chunk.invalid().len() } else { character.len_utf8() }..];
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_comes_back_as_it_went() {
        let long = "x".repeat(70_000);
        for text in [
            r#"{"a":[1,-2,3.5,300,null,true,false],"b":{"c":"quote \" back \\ line \n é 😀"},"d":{}}"#.to_owned(),
            format!(r#"{{"{long}":["{}","{long}"]}}"#, "y".repeat(40)),
            format!("[{}]", vec!["{}"; 70_000].join(",")),
            format!("[{}]", vec!["[]"; 20].join(",")),
        ] {
            let value: Value = serde_json::from_str(&text).unwrap();
            let (mut packed, mut json) = (Vec::new(), Vec::new());
            pack(&value, &mut packed);
            write_json(&unpack(&mut packed.as_slice()).unwrap(), &mut json);
            assert_eq!(serde_json::from_slice::<Value>(&json).unwrap(), value);
            assert!(json.is_ascii());
        }
    }
}
