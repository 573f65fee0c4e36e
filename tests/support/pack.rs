//! JSON as MessagePack: as faithful as it can be, or in any of the forms that writers choose from.

use super::mutate::Dice;
use oxpecker_engine::json::Json;

/// A value; `None` where a number would come back otherwise than it stands.
pub(crate) fn pack(value: &Json, out: &mut Vec<u8>) -> Option<()> {
    match value {
        Json::Null => out.push(0xc0),
        Json::Bool(value) => out.push(0xc2 + u8::from(*value)),
        Json::Number(text) => number(text, out)?,
        Json::Text(text) => string(text, 0, out),
        Json::Array(items) => {
            count(0xdc, items.len(), 2, out);
            items.iter().try_for_each(|item| pack(item, out))?;
        }
        Json::Object(members) => {
            count(0xde, members.len(), 2, out);
            for (name, value) in members {
                string(name, 0, out);
                pack(value, out)?;
            }
        }
    }
    Some(())
}

fn number(text: &str, out: &mut Vec<u8>) -> Option<()> {
    if let Some(number) = text.parse::<u64>().ok().filter(|number| number.to_string() == text) {
        out.push(0xcf);
        out.extend(number.to_be_bytes());
    } else if let Some(number) = text.parse::<i64>().ok().filter(|number| number.to_string() == text) {
        out.push(0xd3);
        out.extend(number.to_be_bytes());
    } else {
        let number = text.parse::<f64>().ok().filter(|number| format!("{number:?}") == text)?;
        out.push(0xcb);
        out.extend(number.to_be_bytes());
    }
    Some(())
}

/// A text with a head of at least this width: of one, two, three or five bytes.
fn string(text: &str, width: usize, out: &mut Vec<u8>) {
    let length = u32::try_from(text.len()).expect("short");
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(length @ 0..32), _) if width == 0 => out.push(0xa0 + length),
        (Ok(length), _) if width <= 1 => out.extend([0xd9, length]),
        (_, Ok(length)) if width <= 2 => {
            out.push(0xda);
            out.extend(length.to_be_bytes());
        }
        _ => {
            out.push(0xdb);
            out.extend(length.to_be_bytes());
        }
    }
    out.extend(text.as_bytes());
}

/// The head of an array or a map, whose heads of three bytes begin with `wide`.
fn count(wide: u8, count: usize, width: usize, out: &mut Vec<u8>) {
    let count = u32::try_from(count).expect("short");
    match (u8::try_from(count), u16::try_from(count)) {
        (Ok(count @ 0..16), _) if width == 0 => out.push((if wide == 0xdc { 0x90 } else { 0x80 }) + count),
        (_, Ok(count)) if width <= 1 => {
            out.push(wide);
            out.extend(count.to_be_bytes());
        }
        _ => {
            out.push(wide + 1);
            out.extend(count.to_be_bytes());
        }
    }
}

/// An event in forms that dice choose: heads of any width, members that come twice, binary for texts, numbers as floats,
/// what is no number, a time in front.
pub(crate) fn odd_event(event: &Json, dice: &mut Dice) -> Vec<u8> {
    let mut out = Vec::new();
    match dice.roll(6) {
        0 => out.extend(b"\x92\xd7\x00\x65\x00\x00\x00\x00\x00\x00\x01"),
        1 => out.extend(b"\x92\x92\x05\x81\xa1m\xc3"),
        _ => {}
    }
    odd(event, dice, &mut out);
    out
}

fn odd(value: &Json, dice: &mut Dice, out: &mut Vec<u8>) {
    match value {
        Json::Number(text) if dice.roll(3) > 0 => number(text, out).unwrap_or_else(|| odd_number(text, dice, out)),
        Json::Number(text) => odd_number(text, dice, out),
        Json::Text(text) if dice.roll(12) == 0 => {
            out.push(0xc6);
            out.extend(u32::try_from(text.len()).expect("short").to_be_bytes());
            out.extend(text.as_bytes());
        }
        Json::Text(text) => string(text, dice.roll(4), out),
        Json::Array(items) => {
            count(0xdc, items.len(), dice.roll(3), out);
            items.iter().for_each(|item| odd(item, dice, out));
        }
        Json::Object(members) => {
            let twice = members.iter().filter(|_| dice.roll(8) == 0).count().min(members.len());
            count(0xde, members.len() + twice, dice.roll(3), out);
            // Some members again, with the value of another one, in front of them all.
            let others = members.iter().rev();
            for ((name, _), (_, value)) in members.iter().zip(others).take(twice).chain(members.iter().zip(members)) {
                string(name, dice.roll(4) * dice.roll(2), out);
                odd(value, dice, out);
            }
        }
        plain => drop(pack(plain, out)),
    }
}

fn odd_number(text: &str, dice: &mut Dice, out: &mut Vec<u8>) {
    let number = text.parse::<f64>().unwrap_or(f64::NAN);
    match dice.roll(4) {
        0 => out.push(0x7f),
        1 => out.push(0xe0),
        2 => {
            out.push(0xca);
            #[expect(clippy::cast_possible_truncation, reason = "any number will do")]
            out.extend((number as f32).to_be_bytes());
        }
        _ => {
            out.push(0xcb);
            out.extend(number.to_be_bytes());
        }
    }
}
