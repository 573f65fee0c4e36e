//! The one buffer between a source and the splitter: what is read and not yet consumed, and where in the input it is.
//!
//! ```text
//! data:  | consumed | head … ahead() … end | free |
//!                    ^ place()
//! ```

use super::Place;
use super::json::{is_blank, skip_blank};
use memchr::{memchr, memchr_iter, memrchr};
use std::io::{self, ErrorKind, Read};

/// How much is asked of the source at a time.
const CHUNK: usize = 256 << 10;

#[derive(Debug)]
pub(super) struct Window<R> {
    source: R,
    /// Only ever grows: zeroing it anew for each read would cost more than a short read brings.
    data: Vec<u8>,
    head: usize,
    /// Where what was read ends in `data`.
    end: usize,
    /// Input position of `data[0]`.
    base: u64,
    line: u64,
    /// Nothing but blanks was consumed of the line at `head`.
    fresh_line: bool,
    /// How many blanks the line at `head` begins with.
    indent: usize,
    /// `head + clear` bytes are known to hold no line feed.
    clear: usize,
    ended: bool,
    error: Option<io::Error>,
}

impl Window<io::Empty> {
    /// A window over text that is at hand whole.
    pub(super) fn over(data: Vec<u8>) -> Self {
        let mut window = Self::with(io::empty(), data);
        window.ended = true;
        window
    }
}

impl<R: Read> Window<R> {
    /// A window at the beginning of `source`.
    pub(super) fn new(source: R) -> Self {
        Self::with(source, Vec::new())
    }

    fn with(source: R, data: Vec<u8>) -> Self {
        let end = data.len();
        Self {
            source,
            data,
            head: 0,
            end,
            base: 0,
            line: 1,
            fresh_line: true,
            indent: 0,
            clear: 0,
            ended: false,
            error: None,
        }
    }

    /// What is read and not consumed.
    pub(super) fn ahead(&self) -> &[u8] {
        self.data.get(self.head..self.end).unwrap_or_default()
    }

    /// Where `ahead` begins.
    pub(super) fn place(&self) -> Place {
        Place { line: self.line, offset: self.base + self.head as u64 }
    }

    /// Whether nothing but blanks stands before `ahead` on its line.
    pub(super) fn at_line_start(&self) -> bool {
        self.fresh_line
    }

    /// How many blanks the line at the head begins with.
    pub(super) fn indent(&self) -> usize {
        self.indent
    }

    /// The error that ended the source, if one did.
    pub(super) fn take_error(&mut self) -> Option<io::Error> {
        self.error.take()
    }

    /// Reads more; false when there is no more.
    pub(super) fn fill(&mut self) -> bool {
        if self.ended {
            return false;
        }
        self.compact();
        if self.data.len() < self.end + CHUNK {
            self.data.resize(self.end + CHUNK, 0);
        }
        let free = self.end..self.end + CHUNK;
        let got = loop {
            match self.source.read(self.data.get_mut(free.clone()).unwrap_or_default()) {
                Ok(n) => break n,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => {
                    self.error = Some(e);
                    break 0;
                }
            }
        };
        self.end += got;
        self.ended = got == 0;
        got > 0
    }

    /// Drops what is consumed, once that is at least as much as what must be moved for it.
    fn compact(&mut self) {
        let kept = self.end - self.head;
        if self.head > 0 && kept <= self.head {
            self.data.copy_within(self.head..self.end, 0);
            self.end = kept;
            self.base += self.head as u64;
            self.head = 0;
        }
    }

    /// Reads until at least `n` bytes are ahead, or the input ends.
    pub(super) fn want(&mut self, n: usize) -> bool {
        while self.ahead().len() < n {
            if !self.fill() {
                return false;
            }
        }
        true
    }

    /// The length of the line ahead, without its line feed; `None` when it is longer than `limit`. Reads what it needs.
    pub(super) fn line_len(&mut self, limit: usize) -> Option<usize> {
        loop {
            let ahead = self.ahead();
            let known = self.clear.min(ahead.len());
            if let Some(at) = memchr(b'\n', ahead.get(known..).unwrap_or_default()) {
                let len = known + at;
                self.clear = len;
                return Some(len).filter(|&len| len <= limit);
            }
            self.clear = ahead.len();
            if self.clear > limit {
                return None;
            }
            if !self.fill() {
                return Some(self.clear);
            }
        }
    }

    /// Consumes `n` bytes.
    pub(super) fn advance(&mut self, n: usize) {
        let ahead = self.ahead();
        let taken = ahead.get(..n).unwrap_or(ahead);
        let n = taken.len();
        if n <= self.clear {
            self.fresh_line = self.fresh_line && taken.iter().all(|&b| is_blank(b));
            self.clear -= n;
        } else if let Some(last) = memrchr(b'\n', taken) {
            let lines = memchr_iter(b'\n', taken).count() as u64;
            let rest = taken.get(last + 1..).unwrap_or_default();
            let fresh = rest.iter().all(|&b| is_blank(b));
            let indent = skip_blank(rest, 0);
            self.line += lines;
            self.fresh_line = fresh;
            self.indent = indent;
            self.clear = 0;
        } else {
            self.fresh_line = self.fresh_line && taken.iter().all(|&b| is_blank(b));
            self.clear = 0;
        }
        self.head += n;
    }

    /// Consumes a line of `len` bytes and its line feed, if it has one.
    pub(super) fn advance_line(&mut self, len: usize) {
        let fed = self.ahead().get(len) == Some(&b'\n');
        self.head += len + usize::from(fed);
        self.line += u64::from(fed);
        self.fresh_line = fed;
        self.indent = 0;
        self.clear = 0;
    }

    /// Consumes blanks, and a broken list's punctuation if `loose`.
    pub(super) fn skip_blanks(&mut self, loose: bool) {
        loop {
            let mut n = 0;
            let (mut lines, mut fresh, mut indent) = (0, self.fresh_line, self.indent);
            for &b in self.ahead() {
                match b {
                    b'\n' => (lines, fresh, indent) = (lines + 1, true, 0),
                    b' ' | b'\t' | b'\r' => indent += usize::from(fresh),
                    b',' | b']' | b'}' if loose => {}
                    _ => break,
                }
                n += 1;
            }
            self.head += n;
            self.line += lines;
            (self.fresh_line, self.indent) = (fresh, indent);
            self.clear = if lines > 0 { 0 } else { self.clear.saturating_sub(n) };
            if !self.ahead().is_empty() || !self.fill() {
                return;
            }
        }
    }

    /// Consumes all up to the next line's beginning, however far.
    pub(super) fn skip_line(&mut self) {
        loop {
            let ahead = self.ahead();
            if let Some(at) = memchr(b'\n', ahead) {
                self.advance_line(at);
                return;
            }
            self.advance(ahead.len());
            if !self.fill() {
                return;
            }
        }
    }
}
