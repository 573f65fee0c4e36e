//! Problems as commands of a GitHub workflow, which shows them beside the changed lines.

use super::Source;
use crate::render::safe;
use oxpecker_engine::problem::{Diagnostic, Lines, Position};
use std::fmt::Write;

/// One line a problem.
#[must_use]
pub fn github(sources: &[Source<'_>]) -> String {
    let mut out = String::new();
    for source in sources {
        let lines = Lines::of(source.text);
        for diagnostic in source.diagnostics {
            command(&mut out, source, &lines, diagnostic);
        }
    }
    out
}

fn command(out: &mut String, source: &Source<'_>, lines: &Lines<'_>, diagnostic: &Diagnostic) {
    let problem = &diagnostic.problem;
    let Position { line, column, end_line, end_column } = lines.position(diagnostic.span);
    let (level, code) = (problem.level().as_str(), problem.code());
    let file = property(source.name);
    // Writing to a String cannot fail.
    let _ = write!(out, "::{level} file={file},line={line},col={column},endLine={end_line}");
    // A column of another line would be read as one of the first.
    if line == end_line {
        let _ = write!(out, ",endColumn={}", end_column.saturating_sub(1).max(column));
    }
    let help = problem.help().map(|help| format!(" ({help})")).unwrap_or_default();
    let _ = writeln!(out, ",title={code}::{}", data(&format!("{}{help}", problem.message())));
}

/// A message: what would end the line, or control the reader's screen, is escaped.
fn data(text: &str) -> String {
    safe(text).replace('%', "%25")
}

/// A property: what would end it is escaped too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use oxpecker_engine::Span;
    use oxpecker_engine::problem::Problem;

    #[test]
    fn nothing_ends_the_command_early() {
        let problem = Problem::UnquotedValue { found: "50%::x\n::error::y".into(), key: false };
        let found = [Diagnostic::new(Span::new(2, 4), problem)];
        let source = Source { name: "a,b:c.yaml", text: "a\nbcd", diagnostics: &found };
        let shown = github(&[source]);
        assert_eq!(shown.lines().count(), 1);
        assert!(
            shown.starts_with("::error file=a%2Cb%3Ac.yaml,line=2,col=1,endLine=2,endColumn=2,title=unquoted-value::")
        );
        assert!(shown.contains("50%25::x\\n::error::y"));
    }
}
