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
    /// Where `span` is in `text`.
    #[must_use]
    pub fn of(text: &str, span: Span) -> Self {
        let (line, column) = place(text, span.start);
        let (end_line, end_column) = place(text, span.end);
        Self { line, column, end_line, end_column }
    }
}

fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset.min(text.len())).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
    (before.matches('\n').count() + 1, column)
}
