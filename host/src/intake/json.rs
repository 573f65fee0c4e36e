//! Small readers over JSON text that is at hand whole. None recurses, none allocates but where it says so.

use memchr::{memchr, memchr3};

/// JSON's blanks.
pub(super) fn is_blank(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\r' | b'\n')
}

/// The first byte at or after `i` that is no blank.
pub(super) fn skip_blank(text: &[u8], mut i: usize) -> usize {
    while text.get(i).copied().is_some_and(is_blank) {
        i += 1;
    }
    i
}

/// `text` without blanks around it.
pub(super) fn trim(text: &[u8]) -> &[u8] {
    text.trim_ascii()
}

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// A set high bit in each byte of `word` that equals `byte`; exact up to and including the lowest one.
fn equal(word: u64, byte: u8) -> u64 {
    let x = word ^ (LOW * u64::from(byte));
    x.wrapping_sub(LOW) & !x & HIGH
}

/// Where a JSON text's run of ordinary bytes ends: at `"`, `\`, LF or CR. Eight bytes at a time, since most texts are
/// too short for a vector search to pay.
pub(super) fn text_stop(text: &[u8]) -> Option<usize> {
    let (words, tail) = text.as_chunks::<8>();
    for (n, word) in words.iter().enumerate() {
        let w = u64::from_le_bytes(*word);
        let hit = equal(w, b'"') | equal(w, b'\\') | equal(w, b'\n') | equal(w, b'\r');
        if hit != 0 {
            return Some(n * 8 + (hit.trailing_zeros() / 8) as usize);
        }
    }
    let at = tail.iter().position(|b| matches!(b, b'"' | b'\\' | b'\n' | b'\r'))?;
    Some(words.len() * 8 + at)
}

/// Whether a line that begins with `{` and ends with `}` looks like exactly one object: as many `{` as `}`, and no `}`
/// followed by `{`. Braces inside texts can only make the answer no, which costs an exact scan, or, where they make up
/// for missing ones, let through a broken line, which the engine then rejects.
pub(super) fn looks_whole(line: &[u8]) -> bool {
    let [b'{', .., b'}'] = line else { return false };
    // Each byte but the last, which closes the first, with its successor. Lengths that are known become vector code.
    // Searching for the braces one by one is slower: events have too many of them, and a hostile line has nothing else.
    let here = line.get(..line.len() - 1).unwrap_or_default();
    let after = line.get(1..).unwrap_or_default();
    let ((heres, here), (afters, after)) = (here.as_chunks::<64>(), after.as_chunks::<64>());
    let mut all = Braces::default();
    for (here, after) in heres.iter().zip(afters) {
        all.add(Braces::of(here, after));
    }
    all.add(Braces::of(here, after));
    all.open == 1 && !all.glued
}

/// Braces in a piece of a line.
#[derive(Clone, Copy, Default)]
struct Braces {
    /// Opening less closing ones.
    open: i64,
    /// A closing one is followed by an opening one, or by a blank.
    glued: bool,
}

impl Braces {
    /// Those of at most 64 bytes, each with its successor.
    #[inline(always)]
    fn of(here: &[u8], after: &[u8]) -> Self {
        let (mut open, mut glued) = (0i8, 0u8);
        for (&a, &b) in here.iter().zip(after) {
            let closes = u8::from(a == b'}');
            open = open.wrapping_add(i8::from(a == b'{')).wrapping_sub(i8::from(a == b'}'));
            glued |= closes & (u8::from(b == b'{') | u8::from(b <= b' '));
        }
        Self { open: open.into(), glued: glued != 0 }
    }

    fn add(&mut self, other: Self) {
        self.open += other.open;
        self.glued |= other.glued;
    }
}

/// The end of the value that begins at `i` (no blank), found by brackets and quotes alone. Right for valid JSON; for
/// anything else it ends somewhere inside `text`, or not at all.
pub(super) fn value_end(text: &[u8], i: usize) -> Option<usize> {
    match text.get(i)? {
        b'"' => text_end(text, i),
        b'{' | b'[' => container_end(text, i),
        _ => {
            let rest = text.get(i..)?;
            let len = rest.iter().position(|&b| is_blank(b) || matches!(b, b',' | b'}' | b']' | b':'));
            Some(i + len.unwrap_or(rest.len())).filter(|&end| end > i)
        }
    }
}

/// The position after the closing quote of the text that begins at `i`.
fn text_end(text: &[u8], i: usize) -> Option<usize> {
    let mut at = i + 1;
    loop {
        at += text_stop(text.get(at..)?)?;
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

fn container_end(text: &[u8], i: usize) -> Option<usize> {
    let mut depth = 0usize;
    let mut at = i;
    loop {
        match text.get(at)? {
            b'"' => {
                at = text_end(text, at)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
}

/// The members of an object, outermost level only: key without quotes and not decoded, value as it stands. Ends early
/// where the text is no object.
#[derive(Debug)]
pub(super) struct Members<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Members<'a> {
    /// The members of the object that `text` is.
    pub(super) fn of(text: &'a [u8]) -> Self {
        let start = skip_blank(text, 0);
        let at = if text.get(start) == Some(&b'{') { start + 1 } else { text.len() };
        Self { text, at }
    }

    /// The value of the last member called `key`.
    pub(super) fn find(text: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
        Self::of(text).filter(|(k, _)| *k == key).last().map(|(_, v)| v)
    }

    fn step(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        let key = skip_blank(self.text, self.at);
        if self.text.get(key) != Some(&b'"') {
            return None;
        }
        let key_end = text_end(self.text, key)?;
        let colon = skip_blank(self.text, key_end);
        if self.text.get(colon) != Some(&b':') {
            return None;
        }
        let value = skip_blank(self.text, colon + 1);
        let value_end = value_end(self.text, value)?;
        let next = skip_blank(self.text, value_end);
        self.at = if self.text.get(next) == Some(&b',') { next + 1 } else { self.text.len() };
        Some((self.text.get(key + 1..key_end - 1)?, self.text.get(value..value_end)?))
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let step = self.step();
        if step.is_none() {
            self.at = self.text.len();
        }
        step
    }
}

/// The elements of the array that `text` is, each with its position in it; `Err` once, where it breaks off.
#[derive(Debug)]
pub(super) struct Elements<'a> {
    text: &'a [u8],
    at: Option<usize>,
}

impl<'a> Elements<'a> {
    /// The elements of the array that `text` is.
    pub(super) fn of(text: &'a [u8]) -> Self {
        let start = skip_blank(text, 0);
        let first = skip_blank(text, start + 1);
        let some = text.get(start) == Some(&b'[') && text.get(first) != Some(&b']');
        Self { text, at: some.then_some(first) }
    }

    fn step(&mut self, at: usize) -> Result<(usize, &'a [u8]), usize> {
        let end = value_end(self.text, at).ok_or(at)?;
        let next = skip_blank(self.text, end);
        match self.text.get(next) {
            Some(b',') => self.at = Some(skip_blank(self.text, next + 1)),
            Some(b']') => self.at = None,
            _ => return Err(at),
        }
        Ok((at, self.text.get(at..end).unwrap_or_default()))
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Result<(usize, &'a [u8]), usize>;

    fn next(&mut self) -> Option<Self::Item> {
        let at = self.at.take()?;
        Some(self.step(at))
    }
}

/// Copies `document` into `out` without the line breaks between its tokens.
pub(super) fn join_lines(document: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.reserve(document.len());
    let mut rest = document;
    while let Some(at) = memchr3(b'"', b'\r', b'\n', rest) {
        let stop = if rest.get(at) == Some(&b'"') { text_end(rest, at).unwrap_or(rest.len()) } else { at };
        let (keep, tail) = rest.split_at(stop);
        out.extend_from_slice(keep);
        rest = if stop == at { tail.get(1..).unwrap_or_default() } else { tail };
    }
    out.extend_from_slice(rest);
}

/// Whether the text spans lines.
pub(super) fn spans_lines(text: &[u8]) -> bool {
    memchr(b'\n', text).is_some()
}
