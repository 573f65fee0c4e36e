//! The one place that shows problems of filters and rule files: for terminals, programs, code hosts and editors.
//!
//! Every form starts from [`Source`]: a file's name, its text, and what was found in it. A text that cannot be trusted
//! goes in raw and comes out escaped.

mod escape;
mod github;
mod json;
mod sarif;
mod terminal;

pub use github::github;
pub use json::{json, record};
pub use sarif::sarif;
pub use terminal::terminal;

use oxpecker_engine::problem::{Diagnostic, Level};
use std::io::Write;

/// A text with the problems found in it, in the order in which they are to be shown.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The file's name, or what a text without a file is called.
    pub name: &'a str,
    /// What the file holds; empty where it is no text.
    pub text: &'a str,
    /// The problems.
    pub diagnostics: &'a [Diagnostic],
}

/// Errors and warnings, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Errors.
    pub errors: usize,
    /// Warnings.
    pub warnings: usize,
}

impl Counts {
    /// Counts the problems of some sources.
    #[must_use]
    pub fn of(sources: &[Source<'_>]) -> Self {
        let mut counts = Self::default();
        for diagnostic in sources.iter().flat_map(|source| source.diagnostics) {
            match diagnostic.problem.level() {
                Level::Error => counts.errors += 1,
                Level::Warning => counts.warnings += 1,
            }
        }
        counts
    }
}

/// Shows the problems of one text on standard error, for commands whose output is something else.
pub fn print(name: &str, text: &str, diagnostics: &[Diagnostic], colour: bool) {
    let shown = terminal(&Source { name, text, diagnostics }, colour);
    // That it cannot be written is no reason to stop.
    let _ = std::io::stderr().write_all(shown.as_bytes());
}
