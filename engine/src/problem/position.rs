//! Lines and columns of a place in a text.

use crate::Span;

/// A range in lines and columns, both counted from 1; columns are characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line of the first character.
    pub line: usize,
    /// Its column.
    pub column: usize,
    /// The line of the place behind the last character.
    pub end_line: usize,
    /// Its column.
    pub end_column: usize,
}

impl Position {
    /// Where `span` is in `text`. For many places in one text, [`Lines`] does not count its lines anew each time.
    #[must_use]
    pub fn of(text: &str, span: Span) -> Self {
        let before = text.get(..span.end.min(text.len())).unwrap_or(text);
        Lines::of(before).position(span)
    }
}

/// A text with the beginnings of its lines, found once.
#[derive(Debug, Clone)]
pub struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    /// The lines of a text.
    #[must_use]
    pub fn of(text: &'t str) -> Self {
        let behind_breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(behind_breaks).collect() }
    }

    /// Where a span is.
    #[must_use]
    pub fn position(&self, span: Span) -> Position {
        let (line, column) = self.place(span.start);
        let (end_line, end_column) = self.place(span.end);
        Position { line, column, end_line, end_column }
    }

    fn place(&self, offset: usize) -> (usize, usize) {
        let offset = offset.min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = line.checked_sub(1).and_then(|line| self.starts.get(line)).copied().unwrap_or_default();
        let column = self.text.get(start..offset).unwrap_or_default().chars().count() + 1;
        (line, column)
    }
}
