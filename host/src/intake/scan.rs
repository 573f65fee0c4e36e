//! Finds where a JSON document ends, in pieces as they arrive, without recursion and without a tree.
//!
//! Structure is checked exactly (what may follow what), for a broken document must be noticed where it breaks. Numbers
//! and words are not: whether `-.1.` is a number is the engine's to say.

/// What a piece of bytes led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The document goes on after this piece.
    More,
    /// The document ends before this byte of the piece.
    Done(usize),
    /// This byte of the piece cannot stand here.
    Broken(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// A value must follow.
    Value,
    /// A value or `]`.
    FirstElement,
    /// A key must follow.
    Key,
    /// A key or `}`.
    FirstKey,
    /// `:` must follow.
    Colon,
    /// A comma or the container's end.
    After,
    /// Inside a text; a key or a value.
    Text { key: bool },
    /// After a backslash in a text.
    Escape { key: bool },
    /// Inside a number or a word.
    Bare,
}

/// The scanner of one document. Memory: one bit for each level of nesting.
#[derive(Debug)]
pub(super) struct Scanner {
    state: State,
    depth: usize,
    /// The containers around the innermost, 64 a word: a set bit is an object.
    outer: Vec<u64>,
    /// The innermost up to 64 containers, the last in the lowest bit.
    inner: u64,
}

impl Scanner {
    /// A scanner at the beginning of a value.
    pub(super) fn new() -> Self {
        Self { state: State::Value, depth: 0, outer: Vec::new(), inner: 0 }
    }

    /// A scanner inside an object, after one of its values.
    pub(super) fn in_object() -> Self {
        Self { state: State::After, depth: 1, outer: Vec::new(), inner: 1 }
    }

    /// Takes the next piece. After `Done` or `Broken` the scanner is spent.
    pub(super) fn feed(&mut self, piece: &[u8]) -> Step {
        let mut i = 0;
        loop {
            if let State::Text { key } = self.state {
                match self.text(piece, i, key) {
                    Ok(next) => i = next,
                    Err(step) => return step,
                }
            }
            let Some(&b) = piece.get(i) else { return Step::More };
            match self.byte(b) {
                Advance::Next => i += 1,
                Advance::End => return Step::Done(i + 1),
                Advance::Bad => return Step::Broken(i),
            }
        }
    }

    /// Runs through a text from `i` on; gives the position after its closing quote.
    fn text(&mut self, piece: &[u8], i: usize, key: bool) -> Result<usize, Step> {
        let rest = piece.get(i..).unwrap_or_default();
        let Some(stop) = super::json::text_stop(rest) else { return Err(Step::More) };
        match rest.get(stop) {
            Some(b'"') => self.state = if key { State::Colon } else { State::After },
            Some(b'\\') => self.state = State::Escape { key },
            _ => return Err(Step::Broken(i + stop)),
        }
        Ok(i + stop + 1)
    }

    fn byte(&mut self, b: u8) -> Advance {
        if matches!(self.state, State::Bare) {
            if b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.') {
                return Advance::Next;
            }
            self.state = State::After;
        }
        if let State::Escape { key } = self.state {
            self.state = State::Text { key };
            return if matches!(b, b'\n' | b'\r') { Advance::Bad } else { Advance::Next };
        }
        match (b, self.state) {
            (b' ' | b'\n' | b'\r' | b'\t', _) => {}
            (b'"', State::Key | State::FirstKey) => self.state = State::Text { key: true },
            (b'"', State::Value | State::FirstElement) => self.state = State::Text { key: false },
            (b':', State::Colon) => self.state = State::Value,
            (b',', State::After) => self.state = if self.in_obj() { State::Key } else { State::Value },
            (b'{', State::Value | State::FirstElement) => self.push(true),
            (b'[', State::Value | State::FirstElement) => self.push(false),
            (b'}', State::After | State::FirstKey) if self.in_obj() => return self.pop(),
            (b']', State::After | State::FirstElement) if !self.in_obj() => return self.pop(),
            (b'-' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z', State::Value | State::FirstElement) => {
                self.state = State::Bare;
            }
            _ => return Advance::Bad,
        }
        Advance::Next
    }

    fn in_obj(&self) -> bool {
        self.inner & 1 == 1
    }

    fn push(&mut self, object: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.outer.push(self.inner);
        }
        self.inner = self.inner << 1 | u64::from(object);
        self.depth += 1;
        self.state = if object { State::FirstKey } else { State::FirstElement };
    }

    fn pop(&mut self) -> Advance {
        self.depth -= 1;
        if self.depth == 0 {
            return Advance::End;
        }
        self.inner >>= 1;
        if self.depth.is_multiple_of(64)
            && let Some(word) = self.outer.pop()
        {
            self.inner = word;
        }
        self.state = State::After;
        Advance::Next
    }
}

enum Advance {
    Next,
    End,
    Bad,
}
