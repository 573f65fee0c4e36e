//! Problems for people: the line, a caret under the place, how to mend it.

use super::Source;
use super::escape::Escaped;
use crate::render::safe;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Patch, Renderer, Snippet};
use oxpecker_engine::Span;
use oxpecker_engine::problem::{Diagnostic, Level as ProblemLevel, Lines, Position};
use std::borrow::Cow;
use std::ops::Range;

/// Characters of a message or a fix: what is longer quotes too much of the file.
const LONGEST: usize = 300;
/// Bytes of a line that are shown on either side of the place.
const AROUND: usize = 400;
/// Characters of a line that is shown a second time, mended.
const MENDED: usize = 160;

/// The problems of one source as text, each ended by an empty line.
#[must_use]
pub fn terminal(source: &Source<'_>, colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut out = String::new();
    let lines = Lines::of(source.text);
    for diagnostic in source.diagnostics {
        let shown = Shown::new(source, &lines, diagnostic);
        out.push_str(&renderer.render(&shown.report()));
        out.push_str("\n\n");
    }
    out
}

/// One problem, everything in it escaped.
struct Shown<'a> {
    level: Level<'static>,
    code: &'static str,
    message: String,
    help: Option<String>,
    name: Cow<'a, str>,
    position: Position,
    /// The line of the place, or the part of it around the place.
    line: Escaped,
    /// The place in the line.
    place: Range<usize>,
    fix: Option<String>,
}

impl<'a> Shown<'a> {
    fn new(source: &Source<'a>, lines: &Lines<'_>, diagnostic: &Diagnostic) -> Self {
        let Diagnostic { span, problem, fix } = diagnostic;
        let around = line_around(source.text, *span);
        let line = Escaped::new(source.text.get(around.clone()).unwrap_or_default());
        let inside = |offset: usize| line.place(offset.clamp(around.start, around.end) - around.start);
        let place = inside(span.start)..inside(span.end);
        // A fix over several lines would take the rest of them away in what is shown.
        let fix = fix.as_ref().filter(|_| span.end <= around.end);
        Self {
            level: if problem.level() == ProblemLevel::Error { Level::ERROR } else { Level::WARNING },
            code: problem.code(),
            message: short(&problem.message()),
            help: problem.help().map(|help| short(&help)),
            name: safe(source.name),
            position: lines.position(*span),
            place,
            fix: fix.map(|fix| short(fix)),
            line,
        }
    }

    fn report(&self) -> Vec<Group<'_>> {
        let title = self.level.clone().primary_title(self.message.as_str()).id(self.code);
        let line = self.snippet().annotation(AnnotationKind::Primary.span(self.place.clone()));
        let origin = Origin::path(self.name.as_ref()).line(self.position.line).char_column(self.position.column);
        let problem = match (self.line.text.is_empty(), self.column_is_true()) {
            (true, _) => Group::with_title(title).element(origin),
            (false, true) => Group::with_title(title).element(line.path(self.name.as_ref())),
            (false, false) => Group::with_title(title).element(origin).element(line),
        };
        let fits = self.line.text.chars().count() <= MENDED;
        match (&self.fix, &self.help) {
            (Some(fix), help) if fits => {
                let title = Level::HELP.secondary_title(help.as_deref().unwrap_or("write it so"));
                let patch = self.snippet().patch(Patch::new(self.place.clone(), fix.as_str()));
                vec![problem, Group::with_title(title).element(patch)]
            }
            (_, Some(help)) => vec![problem.element(Level::HELP.message(help.as_str()))],
            (Some(fix), None) => vec![problem.element(Level::HELP.message(format!("write {fix}")))],
            (None, None) => vec![problem],
        }
    }

    /// Whether the place has the same column in the line as shown as in the file: escapes and cuts move it.
    fn column_is_true(&self) -> bool {
        let before = self.line.text.get(..self.place.start).unwrap_or_default();
        before.chars().count() + 1 == self.position.column
    }

    fn snippet<T: Clone>(&self) -> Snippet<'_, T> {
        Snippet::source(self.line.text.as_str()).line_start(self.position.line).fold(false)
    }
}

/// The first line of a place; of a very long line the part around the place.
fn line_around(text: &str, span: Span) -> Range<usize> {
    let at = span.start.min(text.len());
    let before = text.get(..at).unwrap_or_default();
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let rest = text.get(at..).unwrap_or_default();
    let end = at + rest.find('\n').unwrap_or(rest.len());
    let end = if text.get(..end).is_some_and(|line| line.ends_with('\r')) && end > at { end - 1 } else { end };
    let boundary = |mut offset: usize| {
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    };
    let last = span.end.clamp(at, end);
    let shown_to = if last - at > AROUND { at + AROUND } else { last + AROUND };
    boundary(start.max(at.saturating_sub(AROUND)))..boundary(end.min(shown_to))
}

/// An escaped text of bearable length.
fn short(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", safe(text.get(..end).unwrap_or_default())),
        None => safe(text).into_owned(),
    }
}
