//! How much a filter may ask for: every bound is a parameter with a default, so that text from anywhere can be parsed.

/// Bounds on a filter's text and tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a filter's text.
    pub length: usize,
    /// Parentheses and `not`s inside one another.
    pub depth: usize,
    /// Parts of one key.
    pub steps: usize,
    /// Values in one `in (…)`.
    pub set: usize,
    /// Bytes that a compiled regular expression may take.
    pub regex: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { length: 256 << 10, depth: 64, steps: 128, set: 10_000, regex: 1 << 20 }
    }
}
