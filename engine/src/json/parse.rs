//! From bytes to a tree, by RFC 8259 to the letter. No recursion: open brackets wait on a stack of our own.

use std::collections::BTreeMap;

use super::compact::differ;
use super::{DEEPEST, Json, Limits, Reject, RejectReason, plain};
use crate::flat::hash;

/// A bracket that is still open, with what it holds so far.
enum Open {
    Array(Vec<Json>),
    /// `name` belongs to the value that comes next.
    Object {
        members: Vec<(String, Json)>,
        name: String,
    },
}

/// What became of a value that was put into the innermost open bracket.
enum Put {
    /// A comma came: another value is due.
    More,
    /// The bracket closed: it is a value itself now.
    Closed(Json),
}

struct Parser<'a> {
    text: &'a str,
    /// Offset of the next byte; always between two characters when a part of `text` is taken.
    at: usize,
    open: Vec<Open>,
    depth: usize,
    values_left: usize,
}

/// Reads one value; the checks of the whole (size, UTF-8) come before the first byte is looked at.
pub(super) fn parse(bytes: &[u8], limits: &Limits) -> Result<Json, Reject> {
    if bytes.len() > limits.bytes {
        return Err(Reject { reason: RejectReason::TooLarge, offset: limits.bytes });
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| Reject { reason: RejectReason::InvalidUtf8, offset: error.valid_up_to() })?;
    Parser { text, at: 0, open: Vec::new(), depth: limits.depth.min(DEEPEST), values_left: limits.values }.document()
}

impl Parser<'_> {
    fn document(mut self) -> Result<Json, Reject> {
        loop {
            let mut complete = match self.value()? {
                Some(value) => value,
                None => continue,
            };
            loop {
                let Some(innermost) = self.open.pop() else { return self.end(complete) };
                match self.put(innermost, complete)? {
                    Put::Closed(value) => complete = value,
                    Put::More => break,
                }
            }
        }
    }

    fn end(mut self, value: Json) -> Result<Json, Reject> {
        match self.next_token() {
            None => Ok(value),
            Some(_) => Err(self.invalid()),
        }
    }

    /// Reads a scalar or an empty bracket whole; of any other bracket only its start (and first name), and gives `None`.
    fn value(&mut self) -> Result<Option<Json>, Reject> {
        let Some(first) = self.next_token() else { return Err(self.invalid()) };
        self.values_left = self.values_left.checked_sub(1).ok_or(self.reject(RejectReason::TooManyValues))?;
        match first {
            b'[' => self.open_array(),
            b'{' => self.open_object(),
            b'"' => self.string().map(|text| Some(Json::Text(text))),
            b'-' | b'0'..=b'9' => self.number().map(Some),
            b'n' => self.word("null", Json::Null).map(Some),
            b't' => self.word("true", Json::Bool(true)).map(Some),
            b'f' => self.word("false", Json::Bool(false)).map(Some),
            _ => Err(self.invalid()),
        }
    }

    fn open_array(&mut self) -> Result<Option<Json>, Reject> {
        self.enter()?;
        if self.next_token() == Some(b']') {
            self.at += 1;
            return Ok(Some(Json::Array(Vec::new())));
        }
        self.open.push(Open::Array(Vec::new()));
        Ok(None)
    }

    fn open_object(&mut self) -> Result<Option<Json>, Reject> {
        self.enter()?;
        if self.next_token() == Some(b'}') {
            self.at += 1;
            return Ok(Some(Json::Object(Vec::new())));
        }
        let name = self.name()?;
        self.open.push(Open::Object { members: Vec::new(), name });
        Ok(None)
    }

    /// Steps over an opening bracket, if one more may be open.
    fn enter(&mut self) -> Result<(), Reject> {
        if self.open.len() >= self.depth {
            return Err(self.reject(RejectReason::TooDeep));
        }
        self.at += 1;
        Ok(())
    }

    fn put(&mut self, innermost: Open, value: Json) -> Result<Put, Reject> {
        let sign = self.next_token();
        match innermost {
            Open::Array(mut items) => {
                items.push(value);
                match sign {
                    Some(b',') => {
                        self.at += 1;
                        self.open.push(Open::Array(items));
                        Ok(Put::More)
                    }
                    Some(b']') => {
                        self.at += 1;
                        Ok(Put::Closed(Json::Array(items)))
                    }
                    _ => Err(self.invalid()),
                }
            }
            Open::Object { mut members, name } => {
                members.push((name, value));
                match sign {
                    Some(b',') => {
                        self.at += 1;
                        let name = self.name()?;
                        self.open.push(Open::Object { members, name });
                        Ok(Put::More)
                    }
                    Some(b'}') => {
                        self.at += 1;
                        Ok(Put::Closed(Json::Object(last_of_each_name(members))))
                    }
                    _ => Err(self.invalid()),
                }
            }
        }
    }

    /// A member's name and the colon behind it.
    fn name(&mut self) -> Result<String, Reject> {
        if self.next_token() != Some(b'"') {
            return Err(self.invalid());
        }
        let name = self.string()?;
        if self.next_token() != Some(b':') {
            return Err(self.invalid());
        }
        self.at += 1;
        Ok(name)
    }

    fn word(&mut self, word: &str, value: Json) -> Result<Json, Reject> {
        for &expected in word.as_bytes() {
            if self.peek() != Some(expected) {
                return Err(self.invalid());
            }
            self.at += 1;
        }
        Ok(value)
    }

    fn number(&mut self) -> Result<Json, Reject> {
        let start = self.at;
        self.at = end_of_number(self.text.as_bytes(), start)?;
        Ok(Json::Number(self.text.get(start..self.at).unwrap_or_default().to_owned()))
    }

    fn string(&mut self) -> Result<String, Reject> {
        self.at += 1;
        // Most are this one run.
        let mut decoded = self.plain().to_owned();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(decoded);
                }
                Some(b'\\') => decoded.push(self.escape()?),
                _ => return Err(self.invalid()),
            }
            decoded.push_str(self.plain());
        }
    }

    /// Steps over what needs no decoding.
    fn plain(&mut self) -> &str {
        let start = self.at;
        self.at = plain::end(self.text.as_bytes(), start);
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn escape(&mut self) -> Result<char, Reject> {
        let start = self.at;
        self.at += 1;
        let decoded = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let (decoded, behind) = unicode_escape(self.text.as_bytes(), start)?;
                self.at = behind;
                return Ok(decoded);
            }
            _ => return Err(self.invalid()),
        };
        self.at += 1;
        Ok(decoded)
    }

    /// The next byte that is no blank, which stays the next.
    fn next_token(&mut self) -> Option<u8> {
        while self.skip(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {}
        self.peek()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip(&mut self, wanted: impl Fn(u8) -> bool) -> bool {
        let found = self.peek().is_some_and(wanted);
        self.at += usize::from(found);
        found
    }

    fn invalid(&self) -> Reject {
        self.reject(RejectReason::InvalidJson)
    }

    fn reject(&self, reason: RejectReason) -> Reject {
        Reject { reason, offset: self.at }
    }
}

/// The place behind a number: `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`
pub(super) fn end_of_number(text: &[u8], start: usize) -> Result<usize, Reject> {
    let stands = |at: usize, signs: &[u8]| text.get(at).is_some_and(|byte| signs.contains(byte));
    let mut at = start + usize::from(stands(start, b"-"));
    at = if stands(at, b"0") { at + 1 } else { end_of_digits(text, at)? };
    if stands(at, b".") {
        at = end_of_digits(text, at + 1)?;
    }
    if stands(at, b"eE") {
        at = end_of_digits(text, at + 1 + usize::from(stands(at + 1, b"+-")))?;
    }
    Ok(at)
}

/// The place behind one digit or more.
fn end_of_digits(text: &[u8], start: usize) -> Result<usize, Reject> {
    let digits = text.get(start..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 {
        return Err(Reject { reason: RejectReason::InvalidJson, offset: start });
    }
    Ok(start + digits)
}

/// The character of `\uXXXX`, or of two of them where it lies beyond U+FFFF, and the place behind; `start` is the offset of
/// the first backslash.
pub(super) fn unicode_escape(text: &[u8], start: usize) -> Result<(char, usize), Reject> {
    let lone = Reject { reason: RejectReason::LoneSurrogate, offset: start };
    let first = four_digits(text, start + 2)?;
    let behind = start + 6;
    if !(0xD800..0xDC00).contains(&first) {
        return char::from_u32(first).map(|decoded| (decoded, behind)).ok_or(lone);
    }
    if text.get(behind..behind + 2) != Some(b"\\u") {
        return Err(lone);
    }
    let second = four_digits(text, behind + 2)?;
    if !(0xDC00..0xE000).contains(&second) {
        return Err(lone);
    }
    let decoded = char::from_u32(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00));
    decoded.map(|decoded| (decoded, behind + 6)).ok_or(lone)
}

/// Four hexadecimal digits at a place.
fn four_digits(text: &[u8], at: usize) -> Result<u32, Reject> {
    (at..at + 4).try_fold(0, |number, place| {
        let digit = text.get(place).and_then(|byte| char::from(*byte).to_digit(16));
        let digit = digit.ok_or(Reject { reason: RejectReason::InvalidJson, offset: place })?;
        Ok(number * 16 + digit)
    })
}

/// Of members with one name keeps the last value, at the place of the first. Time stays within n log n.
fn last_of_each_name(members: Vec<(String, Json)>) -> Vec<(String, Json)> {
    if have_names_of_their_own(&members) {
        return members;
    }
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut kept: Vec<(String, Json)> = Vec::with_capacity(members.len());
    for (name, value) in members {
        match places.get(&name).and_then(|&place| kept.get_mut(place)) {
            Some(earlier) => earlier.1 = value,
            None => {
                places.insert(name.clone(), kept.len());
                kept.push((name, value));
            }
        }
    }
    kept
}

fn have_names_of_their_own(members: &[(String, Json)]) -> bool {
    let mut hashes: Vec<u32> = members.iter().map(|(name, _)| hash(name.as_bytes(), 0)).collect();
    if differ(&mut hashes) {
        return true;
    }
    // Two names of one hash can still be two.
    let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.is_sorted_by(|a, b| a < b)
}
