//! From bytes to compact JSON text with no tree between them: what [`Json::parse`] and [`Json::write_to`] make together, in
//! one pass that copies long runs as they are.
//!
//! Only the plain way is here. What is no JSON, breaks a limit, or may have two members of one name, is left to the parser
//! and its tree: so rejects and merged objects are the same, whoever was asked.

use super::parse::{end_of_number, unicode_escape};
use super::{DEEPEST, Json, Limits, Reject, plain, write};
use crate::flat::hash;

#[cfg(test)]
mod tests;

/// Appends the one value in `bytes` in compact form.
pub(super) fn compact(bytes: &[u8], limits: &Limits, out: &mut String) -> Result<(), Reject> {
    let start = out.len();
    let text = if bytes.len() <= limits.bytes { std::str::from_utf8(bytes).ok() } else { None };
    if text.and_then(|text| Copier::new(text, limits, out).document()).is_none() {
        out.truncate(start);
        Json::parse(bytes, limits)?.write_to(out);
    }
    Ok(())
}

/// A text that is being copied. Its methods give `None` for what is the parser's to judge.
struct Copier<'t, 'o> {
    text: &'t str,
    /// Offset of the next byte.
    at: usize,
    /// Where the bytes begin that are good as they stand and not in `out` yet.
    run: usize,
    out: &'o mut String,
    /// The open brackets: of an object where its names begin in `names`, of an array nothing.
    open: Vec<Option<usize>>,
    /// Hashes of the names in objects that are open. Two equal ones may be of two equal names; names made up to have one
    /// hash cost a tree and change nothing.
    names: Vec<u32>,
    depth: usize,
    values_left: usize,
}

impl<'t, 'o> Copier<'t, 'o> {
    fn new(text: &'t str, limits: &Limits, out: &'o mut String) -> Self {
        out.reserve(text.len());
        let (open, names) = (Vec::with_capacity(16), Vec::with_capacity(64));
        let depth = limits.depth.min(DEEPEST);
        Self { text, at: 0, run: 0, out, open, names, depth, values_left: limits.values }
    }

    fn document(mut self) -> Option<()> {
        loop {
            if !self.value()? {
                continue;
            }
            loop {
                let Some(innermost) = self.open.last().copied() else { return self.end() };
                let sign = self.token()?;
                self.at += 1;
                match (sign, innermost) {
                    (b',', None) => break,
                    (b',', Some(_)) => {
                        self.name()?;
                        break;
                    }
                    (b']', None) => {}
                    (b'}', Some(first)) => self.close(first)?,
                    _ => return None,
                }
                self.open.pop();
            }
        }
    }

    /// Only blanks may follow.
    fn end(mut self) -> Option<()> {
        self.flush()?;
        self.rest().iter().all(|byte| is_blank(*byte)).then_some(())
    }

    /// Steps over a scalar or an empty bracket; of any other bracket only over its start (and first name), and gives
    /// `false`.
    fn value(&mut self) -> Option<bool> {
        let first = self.token()?;
        self.values_left = self.values_left.checked_sub(1)?;
        match first {
            b'"' => self.string().map(|_| true),
            b'{' | b'[' => self.bracket(first),
            b'-' | b'0'..=b'9' => {
                self.at = end_of_number(self.text.as_bytes(), self.at).ok()?;
                Some(true)
            }
            b'n' => self.word(b"null"),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            _ => None,
        }
    }

    fn bracket(&mut self, first: u8) -> Option<bool> {
        if self.open.len() >= self.depth {
            return None;
        }
        self.at += 1;
        // `}` and `]` stand two behind their partners.
        if self.token()? == first + 2 {
            self.at += 1;
            return Some(true);
        }
        let is_object = first == b'{';
        self.open.push(is_object.then_some(self.names.len()));
        if is_object {
            self.name()?;
        }
        Some(false)
    }

    /// A member's name and the colon behind it. What a name with an escape spells is not known here.
    fn name(&mut self) -> Option<()> {
        if self.token()? != b'"' {
            return None;
        }
        let start = self.at;
        let escaped = self.string()?;
        let name = self.text.as_bytes().get(start..self.at)?;
        if escaped || self.token()? != b':' {
            return None;
        }
        self.at += 1;
        self.names.push(hash(name, 0));
        Some(())
    }

    /// Closes an object whose names begin at `first`, if they differ for sure.
    fn close(&mut self, first: usize) -> Option<()> {
        let distinct = differ(self.names.get_mut(first..)?);
        self.names.truncate(first);
        distinct.then_some(())
    }

    /// Steps over a string; whether there is an escape in it.
    fn string(&mut self) -> Option<bool> {
        self.at += 1;
        let mut escaped = false;
        loop {
            self.at = plain::end(self.text.as_bytes(), self.at);
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(escaped);
                }
                b'\\' => self.escape()?,
                _ => return None,
            }
            escaped = true;
        }
    }

    /// Steps over an escape; where the writer has a shorter one for the character, or none, that is written.
    fn escape(&mut self) -> Option<()> {
        let behind = match *self.text.as_bytes().get(self.at + 1)? {
            b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't' => {
                self.at += 2;
                return Some(());
            }
            b'/' => {
                self.flush()?;
                self.out.push('/');
                self.at + 2
            }
            b'u' => {
                self.flush()?;
                let (spelled, behind) = unicode_escape(self.text.as_bytes(), self.at).ok()?;
                write::escaped(spelled.encode_utf8(&mut [0; 4]), self.out);
                behind
            }
            _ => return None,
        };
        (self.at, self.run) = (behind, behind);
        Some(())
    }

    fn word(&mut self, word: &[u8]) -> Option<bool> {
        self.at += word.len();
        self.text.as_bytes().get(self.at - word.len()..self.at).filter(|found| *found == word).map(|_| true)
    }

    /// The next byte that is no blank. Blanks before it end a run.
    fn token(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        if !is_blank(byte) {
            return Some(byte);
        }
        self.flush()?;
        while self.skip(is_blank) {}
        self.run = self.at;
        self.peek()
    }

    /// Copies the run that ends here.
    fn flush(&mut self) -> Option<()> {
        self.out.push_str(self.text.get(self.run..self.at)?);
        self.run = self.at;
        Some(())
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'t [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn skip(&mut self, wanted: impl Fn(u8) -> bool) -> bool {
        let found = self.peek().is_some_and(wanted);
        self.at += usize::from(found);
        found
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Whether no two of some numbers are equal; puts them in order.
pub(super) fn differ(numbers: &mut [u32]) -> bool {
    numbers.sort_unstable();
    numbers.is_sorted_by(|a, b| a < b)
}

/// The elements of an array in compact form, as texts; none of anything else.
pub(super) fn elements(array: &str) -> impl Iterator<Item = &str> {
    pieces(array.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or_default())
}

/// The value of the member of an object in compact form that has a name without escapes.
pub(super) fn member<'t>(object: &'t str, name: &str) -> Option<&'t str> {
    let named = |piece: &'t str| piece.strip_prefix('"')?.strip_prefix(name)?.strip_prefix("\":");
    pieces(object.strip_prefix('{')?.strip_suffix('}')?).find_map(named)
}

/// How many brackets are open at most inside one another in a JSON text.
pub(super) fn depth(text: &str) -> usize {
    let (mut at, mut open, mut most) = (0, 0usize, 0);
    while let Some(byte) = text.as_bytes().get(at) {
        match byte {
            b'"' => at = end_of_string(text.as_bytes(), at + 1),
            b'[' | b'{' => {
                open += 1;
                most = most.max(open);
            }
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    most
}

/// What stands between commas.
fn pieces(mut rest: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = end_of_element(rest.as_bytes());
        let (element, behind) = rest.split_at_checked(end)?;
        rest = behind.strip_prefix(',').unwrap_or_default();
        Some(element)
    })
}

/// Where the comma stands that ends the first element.
fn end_of_element(text: &[u8]) -> usize {
    let (mut at, mut depth) = (0, 0usize);
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => at = end_of_string(text, at + 1),
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => return at,
            _ => {}
        }
        at += 1;
    }
    text.len()
}

/// Where the closing quote stands of a string whose text begins at `at`.
fn end_of_string(text: &[u8], mut at: usize) -> usize {
    loop {
        at = plain::end(text, at);
        match text.get(at) {
            Some(b'\\') => at += 2,
            Some(b'"') | None => return at,
            Some(_) => at += 1,
        }
    }
}
