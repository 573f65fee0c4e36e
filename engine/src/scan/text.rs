//! Scalars of RFC 8259, checked to the letter as they are stepped over: strings with their escapes, numbers, words.
//!
//! Each function is given the place where a scalar begins and gives the place behind it. An error carries the offset of
//! the first byte that cannot stand where it does.

use super::capture::Kind;
use super::vector::{Vector, Work};
use crate::json::{Reject, RejectReason};

/// A string that was stepped over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stepped {
    /// The offset of its closing quote.
    pub(crate) close: usize,
    /// Whether a backslash stands in it, so that its text is not what it spells.
    pub(crate) escaped: bool,
    /// Whether a byte of it is no ASCII: whether those are UTF-8 is for the caller to see.
    pub(crate) unicode: bool,
}

#[cold]
pub(super) fn invalid(offset: usize) -> Reject {
    Reject { reason: RejectReason::InvalidJson, offset }
}

/// The byte at a place.
#[inline(always)]
pub(super) fn peek(text: &[u8], at: usize) -> Option<u8> {
    text.get(at).copied()
}

/// The first byte from `at` on that is no blank, where `at` moves to; 0, which begins nothing in JSON, at the text's end.
#[inline(always)]
pub(super) fn token(text: &[u8], at: &mut usize) -> u8 {
    match text.get(*at) {
        // Compact JSON has no blanks: one comparison decides.
        Some(byte) if *byte > b' ' => *byte,
        _ => {
            let (byte, behind) = token_behind_blanks(text, *at);
            *at = behind;
            byte
        }
    }
}

#[cold]
fn token_behind_blanks(text: &[u8], mut at: usize) -> (u8, usize) {
    while let Some(b' ' | b'\t' | b'\n' | b'\r') = text.get(at) {
        at += 1;
    }
    (peek(text, at).unwrap_or(0), at)
}

/// The closing quote of a string of plain ASCII without escapes, as nearly all are; `at` is behind the opening one. `None`
/// where it is not so plain: then [`string`] tells.
#[inline(always)]
pub(super) fn plain_string<V: Vector>(text: &[u8], at: usize) -> Option<usize> {
    Some(plain_stop::<V>(text, at)).filter(|stop| peek(text, *stop) == Some(b'"'))
}

/// The first byte from a place on that a string's plain text cannot hold, or the text's end.
#[inline(always)]
fn plain_stop<V: Vector>(text: &[u8], at: usize) -> usize {
    if V::FEW {
        FarStop { text, at }.with::<V>()
    } else {
        // Most strings end in the first or second vector: no loop for them, at whose head a sandbox looks at the clock.
        let second = at + V::LANES;
        let near = match V::load(text, at).map(Vector::stop) {
            Some(Some(lane)) => Ok(at + lane),
            Some(None) => match V::load(text, second).map(Vector::stop) {
                Some(Some(lane)) => Ok(second + lane),
                Some(None) => Err(second + V::LANES),
                None => Err(second),
            },
            None => Err(at),
        };
        // One call for all others keeps more of the loop around this in registers.
        near.unwrap_or_else(|at| V::apart(FarStop { text, at }))
    }
}

/// [`plain_stop`] however far it is.
struct FarStop<'t> {
    text: &'t [u8],
    at: usize,
}

impl Work for FarStop<'_> {
    type Output = usize;

    #[inline(always)]
    fn with<V: Vector>(self) -> usize {
        let mut at = self.at;
        let vectors_a_turn = if V::CLOCKED { 4 } else { 1 };
        loop {
            for _ in 0..vectors_a_turn {
                let Some(vector) = V::load(self.text, at) else { return last_stop::<V>(self.text, at) };
                if let Some(lane) = vector.stop() {
                    return at + lane;
                }
                at += V::LANES;
            }
        }
    }
}

/// Steps over any string's text; `at` is behind its opening quote.
#[inline(never)]
pub(super) fn string<V: Vector>(text: &[u8], mut at: usize) -> Result<Stepped, Reject> {
    let (mut escaped, mut unicode) = (false, false);
    loop {
        let stop = match V::load(text, at) {
            Some(vector) => match vector.stop() {
                Some(lane) => at + lane,
                None => {
                    at += V::LANES;
                    continue;
                }
            },
            None => last_stop::<V>(text, at),
        };
        match peek(text, stop) {
            Some(b'"') => return Ok(Stepped { close: stop, escaped, unicode }),
            Some(b'\\') => {
                escaped = true;
                at = escape(text, stop)?;
            }
            Some(0x80..) => {
                unicode = true;
                at = stop + 1;
            }
            _ => return Err(invalid(stop)),
        }
    }
}

/// The next stop where less than a vector is left, or the text's end. Every event ends so: its last bytes are looked at as
/// part of the last whole vector, not one by one.
#[inline(never)]
fn last_stop<V: Vector>(text: &[u8], at: usize) -> usize {
    let last = text.len().saturating_sub(V::LANES);
    if at < text.len()
        && let (Some(passed), Some(vector)) = (at.checked_sub(last), V::load(text, last))
    {
        return vector.stop_behind(passed).map_or(text.len(), |lane| last + lane);
    }
    let rest = text.get(at..).unwrap_or_default();
    let stop = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f | 0x80..));
    stop.map_or(text.len(), |stop| at + stop)
}

/// Steps over an escape whose backslash is at `start`.
#[cold]
pub(super) fn escape(text: &[u8], start: usize) -> Result<usize, Reject> {
    match peek(text, start + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(start + 2),
        Some(b'u') => unicode_escape(text, start).map(|(_, end)| end),
        _ => Err(invalid(start + 1)),
    }
}

/// The character of `\uXXXX`, or of two of them, whose first backslash is at `start`; and the place behind it.
fn unicode_escape(text: &[u8], start: usize) -> Result<(char, usize), Reject> {
    let lone = Reject { reason: RejectReason::LoneSurrogate, offset: start };
    let first = four_digits(text, start + 2)?;
    let behind = start + 6;
    if !(0xD800..0xDC00).contains(&first) {
        return char::from_u32(first).map(|c| (c, behind)).ok_or(lone);
    }
    if peek(text, behind) != Some(b'\\') || peek(text, behind + 1) != Some(b'u') {
        return Err(lone);
    }
    let second = four_digits(text, behind + 2)?;
    if !(0xDC00..0xE000).contains(&second) {
        return Err(lone);
    }
    char::from_u32(0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00)).map(|c| (c, behind + 6)).ok_or(lone)
}

fn four_digits(text: &[u8], at: usize) -> Result<u32, Reject> {
    (at..at + 4).try_fold(0, |number, place| {
        let digit = peek(text, place).and_then(|byte| char::from(byte).to_digit(16)).ok_or_else(|| invalid(place))?;
        Ok(number * 16 + digit)
    })
}

/// Appends what a string's text spells. The text was stepped over before, so its escapes are sound.
pub(crate) fn decode(text: &[u8], out: &mut Vec<u8>) {
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let plain = rest.iter().position(|byte| *byte == b'\\').unwrap_or(rest.len());
        out.extend_from_slice(rest.get(..plain).unwrap_or_default());
        at += plain;
        let Some(letter) = peek(text, at + 1) else { return };
        let plain = match letter {
            b'b' => 0x8,
            b'f' => 0xc,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let Ok((c, end)) = unicode_escape(text, at) else { return };
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                at = end;
                continue;
            }
            itself => itself,
        };
        out.push(plain);
        at += 2;
    }
}

/// Steps over a number or a word, which begins with `first`; gives what it is.
#[inline(never)]
pub(super) fn scalar(text: &[u8], first: u8, start: usize) -> Result<(Kind, usize), Reject> {
    match first {
        b'-' | b'0'..=b'9' => Ok((Kind::Number, number(text, start)?)),
        b'n' => Ok((Kind::Null, word(text, start, b"null")?)),
        b't' => Ok((Kind::True, word(text, start, b"true")?)),
        b'f' => Ok((Kind::False, word(text, start, b"false")?)),
        _ => Err(invalid(start)),
    }
}

/// Steps over a number: `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`
#[inline]
fn number(text: &[u8], mut at: usize) -> Result<usize, Reject> {
    if peek(text, at) == Some(b'-') {
        at += 1;
    }
    at = match peek(text, at) {
        Some(b'0') => at + 1,
        _ => digits(text, at)?,
    };
    if peek(text, at) == Some(b'.') {
        at = digits(text, at + 1)?;
    }
    if matches!(peek(text, at), Some(b'e' | b'E')) {
        let signed = matches!(peek(text, at + 1), Some(b'+' | b'-'));
        at = digits(text, at + 1 + usize::from(signed))?;
    }
    Ok(at)
}

#[inline]
fn digits(text: &[u8], at: usize) -> Result<usize, Reject> {
    let mut end = at;
    while peek(text, end).is_some_and(|byte| byte.is_ascii_digit()) {
        end += 1;
    }
    if end == at { Err(invalid(at)) } else { Ok(end) }
}

/// Steps over `null`, `true` or `false`.
#[inline]
fn word<const N: usize>(text: &[u8], at: usize, word: &[u8; N]) -> Result<usize, Reject> {
    if text.get(at..).and_then(|rest| rest.first_chunk::<N>()) == Some(word) {
        return Ok(at + N);
    }
    let same = word.iter().zip(text.get(at..).unwrap_or_default()).take_while(|(a, b)| a == b).count();
    Err(invalid(at + same))
}
