//! Titles with keys in them: `{{user}} opened a session on {{requestParameters.target}}`.

use crate::language::expr::Key;
use crate::language::{self, Limits};
use crate::problem::{Diagnostic, Problem, Sink};
use crate::span::Span;

/// A title, read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Template {
    /// Its parts in order.
    pub parts: Vec<Part>,
}

/// A piece of a title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text that stands for itself.
    Text(String),
    /// A key whose value is put in.
    Key(Key),
}

/// What stands for a value that an event does not have.
pub const NONE: &str = "(none)";

impl Template {
    /// The keys that it shows.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.parts.iter().filter_map(|part| match part {
            Part::Key(key) => Some(key),
            Part::Text(_) => None,
        })
    }

    /// The title with each key replaced by what `value` gives for it, or by `(none)`.
    pub fn render(&self, mut value: impl FnMut(&Key) -> Option<String>) -> String {
        self.parts.iter().fold(String::new(), |mut out, part| {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Key(key) => out.push_str(&value(key).unwrap_or_else(|| NONE.to_owned())),
            }
            out
        })
    }
}

/// Reads a title; what is wrong in it goes to the sink, with places in `source`.
pub fn parse(source: &str, sink: &mut Sink) -> Template {
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(open) = source.get(at..).and_then(|rest| rest.find("{{")).map(|found| at + found) {
        push_text(&mut parts, source.get(at..open).unwrap_or_default());
        let inside = open + 2;
        let Some(length) = source.get(inside..).and_then(|rest| rest.find("}}")) else {
            let reason = "`{{` is not closed by `}}`".to_owned();
            sink.push(Diagnostic::new(Span::new(open, source.len()), Problem::BadTemplate { reason }));
            return Template { parts };
        };
        let span = Span::new(inside, inside + length);
        match key(span.of(source)) {
            Some(key) => parts.push(Part::Key(key)),
            None => {
                let reason = format!("`{}` is no key", span.of(source).trim());
                sink.push(Diagnostic::new(span, Problem::BadTemplate { reason }));
            }
        }
        at = span.end + 2;
    }
    push_text(&mut parts, source.get(at..).unwrap_or_default());
    Template { parts }
}

fn push_text(parts: &mut Vec<Part>, text: &str) {
    if !text.is_empty() {
        parts.push(Part::Text(text.to_owned()));
    }
}

/// A key alone, as it stands in titles and in `aggregate`.
#[must_use]
pub fn key(text: &str) -> Option<Key> {
    let text = text.trim();
    // The language reads keys only as part of a condition, so one is made.
    let parsed = language::parse(&format!("{text}\nexists"), &Limits::default());
    match parsed.expr? {
        language::Expr::Predicate(predicate) if predicate.operand.function.is_none() && !predicate.negated => {
            Some(predicate.operand.key)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_and_missing_ones_render_as_none() {
        let mut sink = Sink::new();
        let template = parse("a {{ user }} b {{x.\"y z\"[0]}}", &mut sink);
        assert!(sink.is_empty());
        let keys: Vec<String> = template.keys().map(ToString::to_string).collect();
        assert_eq!(keys, ["user", "x.\"y z\"[0]"]);
        let title = template.render(|key| (key.to_string() == "user").then(|| "root".to_owned()));
        assert_eq!(title, "a root b (none)");
    }

    #[test]
    fn broken_templates_are_reported() {
        for (source, count) in [("{{user", 1), ("{{}}", 1), ("{{a = 1 or b}} {{c d}}", 2), ("}} {user}", 0)] {
            let mut sink = Sink::new();
            parse(source, &mut sink);
            assert_eq!(sink.len(), count, "{source}");
        }
    }
}
