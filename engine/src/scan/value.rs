//! Values inside text that a scan has checked: what stands in an array, how many members an object has. Nothing here can
//! meet broken JSON, and nothing recurses.

use super::capture::Kind;
use super::text::{self, peek, token};
use super::vector::Native;

/// A value in checked text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Value<'t> {
    /// What it is.
    pub(crate) kind: Kind,
    /// Its text; of a string, what stands between the quotes.
    pub(crate) text: &'t [u8],
}

/// The value that begins at `at`, which moves behind it.
fn read<'t>(json: &'t [u8], at: &mut usize) -> Option<Value<'t>> {
    let first = token(json, at);
    let start = *at;
    let (kind, from, to) = match first {
        b'"' => {
            let string = step_over_string(json, start)?;
            *at = string.close + 1;
            (if string.escaped { Kind::Escaped } else { Kind::Text }, start + 1, string.close)
        }
        b'{' | b'[' => {
            *at = step_over_brackets(json, start)?;
            (if first == b'{' { Kind::Object } else { Kind::Array }, start, *at)
        }
        _ => {
            while peek(json, *at).is_some_and(|byte| !matches!(byte, b',' | b']' | b'}' | 0..=b' ')) {
                *at += 1;
            }
            let kind = match first {
                b'n' => Kind::Null,
                b't' => Kind::True,
                b'f' => Kind::False,
                _ => Kind::Number,
            };
            (kind, start, *at)
        }
    };
    Some(Value { kind, text: json.get(from..to)? })
}

fn step_over_string(json: &[u8], quote: usize) -> Option<text::Stepped> {
    text::string::<Native>(json, quote + 1).ok()
}

/// The place behind the bracket that closes the one at `at`.
fn step_over_brackets(json: &[u8], mut at: usize) -> Option<usize> {
    let mut open = 0usize;
    loop {
        match peek(json, at)? {
            b'"' => at = step_over_string(json, at)?.close,
            b'{' | b'[' => open += 1,
            b'}' | b']' => open -= 1,
            _ => {}
        }
        at += 1;
        if open == 0 {
            return Some(at);
        }
    }
}

/// The elements of an array, one after the other.
pub(crate) struct Elements<'t> {
    json: &'t [u8],
    at: usize,
}

impl<'t> Elements<'t> {
    /// Those of the array that begins at `start`.
    pub(crate) fn of(json: &'t [u8], start: usize) -> Self {
        Self { json, at: start + 1 }
    }

    /// Moves to the next element; gives where it begins.
    fn next_start(&mut self) -> Option<usize> {
        loop {
            match token(self.json, &mut self.at) {
                b',' => self.at += 1,
                b']' | 0 => return None,
                _ => return Some(self.at),
            }
        }
    }
}

impl<'t> Iterator for Elements<'t> {
    type Item = Value<'t>;

    fn next(&mut self) -> Option<Value<'t>> {
        self.next_start()?;
        read(self.json, &mut self.at)
    }
}

/// Where those elements of an array begin whose places are asked for, in the array's order; places below zero count from
/// the end. `found` is emptied first. However many are asked for, the array is gone through once, and once more where its
/// end must be known.
pub(super) fn starts<T: Copy>(json: &[u8], start: usize, asked: &[(i64, T)], found: &mut Vec<(usize, T)>) {
    found.clear();
    let from_end = asked.iter().any(|(index, _)| *index < 0);
    let count = if from_end { Elements::of(json, start).count() } else { 0 };
    let place = |index: i64| match usize::try_from(index) {
        Ok(place) => Some(place),
        Err(_) => count.checked_sub(usize::try_from(index.unsigned_abs()).ok()?),
    };
    found.extend(asked.iter().filter_map(|(index, of)| Some((place(*index)?, *of))));
    found.sort_unstable_by_key(|(place, _)| *place);
    let mut elements = Elements::of(json, start);
    let (mut passed, mut known) = (0, 0);
    for (place, _) in found.iter_mut() {
        while passed < *place && elements.next().is_some() {
            passed += 1;
        }
        let Some(start) = elements.next_start().filter(|_| passed == *place) else { break };
        *place = start;
        known += 1;
    }
    found.truncate(known);
}

/// Calls `visit` for what an array holds, arrays inside it taken apart at every depth, until it says that it has seen
/// enough; gives whether it did.
pub(crate) fn any_inside<'t>(array: &'t [u8], visit: &mut impl FnMut(Value<'t>) -> bool) -> bool {
    let mut at = 0;
    let mut open = 0usize;
    loop {
        match token(array, &mut at) {
            0 => return false,
            b'[' => open += 1,
            b']' => open -= 1,
            b',' => {}
            _ => {
                let Some(value) = read(array, &mut at) else { return false };
                if visit(value) {
                    return true;
                }
                continue;
            }
        }
        at += 1;
        if open == 0 {
            return false;
        }
    }
}

/// How many elements an array has.
pub(crate) fn count_elements(array: &[u8]) -> usize {
    Elements::of(array, 0).count()
}

/// How many members of different names an object has. `names` is room to work in.
pub(crate) fn count_members(object: &[u8], names: &mut MemberNames) -> usize {
    names.clear();
    let mut at = 1;
    loop {
        match token(object, &mut at) {
            b'}' | 0 => break,
            b',' | b':' => at += 1,
            _ => {
                let Some(name) = read(object, &mut at) else { break };
                names.add(name);
                token(object, &mut at);
                at += 1;
                if read(object, &mut at).is_none() {
                    break;
                }
            }
        }
    }
    names.distinct()
}

/// Names of an object's members, decoded, one behind the other.
#[derive(Debug, Clone, Default)]
pub(crate) struct MemberNames {
    text: Vec<u8>,
    ranges: Vec<(usize, usize)>,
}

impl MemberNames {
    fn clear(&mut self) {
        self.text.clear();
        self.ranges.clear();
    }

    fn add(&mut self, name: Value<'_>) {
        let start = self.text.len();
        text::decode(name.text, &mut self.text);
        self.ranges.push((start, self.text.len()));
    }

    fn distinct(&mut self) -> usize {
        let Self { text, ranges } = self;
        let name = |range: &(usize, usize)| text.get(range.0..range.1).unwrap_or_default();
        ranges.sort_unstable_by(|left, right| name(left).cmp(name(right)));
        ranges.dedup_by(|left, right| name(left) == name(right));
        ranges.len()
    }
}
