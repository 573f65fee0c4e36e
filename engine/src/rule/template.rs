//! Titles with keys in them: `{{user}} opened a session on {{requestParameters.target}}`, with the first of several keys
//! that has a value: `{{requestParameters.userName or requestParameters.roleName}}`, and with what a list says of a key's
//! value: `{{lookup(@accounts, accountId).owner}}`.

use crate::language::expr::{Key, Step};
use crate::language::{self, Limits};
use crate::lists::is_name;
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
    /// Several keys: the value of the first that has one is put in.
    FirstOf(Vec<Key>),
    /// A key for whose value something else is put in.
    Lookup(Lookup),
}

/// `lookup(@list, key).column`: what a list says of a key's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// The name of the list.
    pub list: String,
    /// The name in the text of the title.
    pub list_span: Span,
    /// The key whose value is looked up.
    pub key: Key,
    /// Which of the values that the list has for it; all of them where empty.
    pub column: Vec<String>,
}

/// What stands for a value that an event does not have.
pub const NONE: &str = "(none)";

impl Template {
    /// The keys that it shows or looks up.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.shown().map(|(key, _)| key)
    }

    /// The same, with the lookup around a key if there is one.
    pub fn shown(&self) -> impl Iterator<Item = (&Key, Option<&Lookup>)> {
        self.parts.iter().flat_map(|part| {
            let (keys, lookup) = match part {
                Part::Key(key) => (std::slice::from_ref(key), None),
                Part::FirstOf(keys) => (keys.as_slice(), None),
                Part::Lookup(lookup) => (std::slice::from_ref(&lookup.key), Some(lookup)),
                Part::Text(_) => (&[][..], None),
            };
            keys.iter().map(move |key| (key, lookup))
        })
    }

    /// What it looks up in lists.
    pub fn lookups(&self) -> impl Iterator<Item = &Lookup> {
        self.parts.iter().filter_map(|part| match part {
            Part::Lookup(lookup) => Some(lookup),
            Part::Key(_) | Part::FirstOf(_) | Part::Text(_) => None,
        })
    }

    /// The title with each key replaced by what `show` appends for it, told by its place among [`Template::shown`]; by
    /// `(none)` where it says that it appended nothing.
    pub fn render(&self, mut show: impl FnMut(usize, &mut String) -> bool) -> String {
        let (mut out, mut place) = (String::new(), 0);
        for part in &self.parts {
            let keys = match part {
                Part::Text(text) => {
                    out.push_str(text);
                    continue;
                }
                Part::Key(_) | Part::Lookup(_) => 1,
                Part::FirstOf(keys) => keys.len(),
            };
            if !(place..place + keys).any(|place| show(place, &mut out)) {
                out.push_str(NONE);
            }
            place += keys;
        }
        out
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
        match slot(span, source) {
            Ok(part) => parts.push(part),
            Err(reason) => sink.push(Diagnostic::new(span, Problem::BadTemplate { reason })),
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

/// What stands between two pairs of braces, or why it cannot.
fn slot(span: Span, source: &str) -> Result<Part, String> {
    let text = span.of(source);
    match text.trim_start().strip_prefix("lookup") {
        Some(rest) if rest.trim_start().starts_with('(') => {
            let found = lookup(text, span.start);
            found
                .map(Part::Lookup)
                .ok_or_else(|| format!("`{}` is not of the form lookup(@list, key).column", text.trim()))
        }
        _ => key(text).map(Part::Key).or_else(|| first_of(text)).ok_or_else(|| format!("`{}` is no key", text.trim())),
    }
}

/// `a or b`. An `or` inside quotes belongs to its key.
fn first_of(text: &str) -> Option<Part> {
    let mut keys = Vec::new();
    let mut from = 0;
    for (at, or) in text.match_indices(" or ").chain([(text.len(), "")]) {
        if let Some(key) = text.get(from..at).and_then(key) {
            keys.push(key);
            from = at + or.len();
        } else if or.is_empty() {
            return None;
        }
    }
    Some(Part::FirstOf(keys))
}

/// `lookup(@list, key)`, `lookup(@list, key).column`; `start` is where `text` stands in the title.
fn lookup(text: &str, start: usize) -> Option<Lookup> {
    let (head, rest) = text.split_once('@')?;
    let (name, rest) = rest.split_once(',')?;
    let name = name.trim_end();
    let called = head.trim().strip_prefix("lookup")?.trim_start() == "(";
    if !called || !is_name(name) {
        return None;
    }
    // The key may hold a parenthesis, in quotes; the column may, too. The last one that leaves a key before it counts.
    let (key, column) = rest.rmatch_indices(')').find_map(|(at, _)| {
        let column = column(rest.get(at + 1..)?.trim())?;
        Some((key(rest.get(..at)?)?, column))
    })?;
    let at = start + head.len();
    Some(Lookup { list: name.to_owned(), list_span: Span::new(at, at + 1 + name.len()), key, column })
}

/// `.owner`, or nothing.
fn column(text: &str) -> Option<Vec<String>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let names = key(text.strip_prefix('.')?)?.steps.into_iter().map(|step| match step {
        Step::Name(name) => Some(name),
        Step::Index(_) => None,
    });
    names.collect()
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
        let title = template.render(|place, out| {
            out.push_str(["root", ""][place]);
            place == 0
        });
        assert_eq!(title, "a root b (none)");
    }

    #[test]
    fn of_several_keys_the_first_with_a_value_is_shown() {
        let mut sink = Sink::new();
        let template = parse("{{a or b or x.\"y or z\"}} and {{ c or d }}", &mut sink);
        assert!(sink.is_empty(), "{sink:?}");
        assert_eq!(template.keys().map(ToString::to_string).collect::<Vec<_>>(), ["a", "b", "x.\"y or z\"", "c", "d"]);
        let has = |known: &'static [&'static str]| {
            template.render(|place, out| {
                let key = template.keys().nth(place).unwrap().to_string();
                let is_known = known.contains(&key.as_str());
                out.push_str(if is_known { &key } else { "" });
                is_known
            })
        };
        assert_eq!(has(&["a", "b", "d"]), "a and d");
        assert_eq!(has(&["x.\"y or z\""]), "x.\"y or z\" and (none)");
    }

    #[test]
    fn lookups_name_a_list_a_key_and_a_column() {
        let source = "{{lookup(@accounts, accountId).owner}} {{ lookup ( @a:b , x.\"y)z\" ) }} {{lookup}}";
        let mut sink = Sink::new();
        let template = parse(source, &mut sink);
        assert!(sink.is_empty(), "{sink:?}");
        let lookups: Vec<_> =
            template.lookups().map(|l| (l.list_span.of(source), l.key.to_string(), &l.column)).collect();
        assert_eq!(lookups[0], ("@accounts", "accountId".into(), &vec!["owner".to_owned()]));
        assert_eq!(lookups[1], ("@a:b", "x.\"y)z\"".into(), &vec![]));
        assert_eq!(template.keys().count(), 3, "`lookup` alone is a key like any other");
    }

    #[test]
    fn broken_templates_are_reported() {
        for (source, count) in [
            ("{{user", 1),
            ("{{}}", 1),
            ("{{a = 1 or b}} {{c d}}", 2),
            ("}} {user}", 0),
            ("{{lookup(accounts, a)}}", 1),
            ("{{lookup(@accounts)}}", 1),
            ("{{lookup(@a, b)c}}", 1),
            ("{{lookup(@a, b).c[0]}}", 1),
            ("{{a or }} {{or b}} {{a or or}} {{a orb}} {{a or b = 1}}", 5),
        ] {
            let mut sink = Sink::new();
            parse(source, &mut sink);
            assert_eq!(sink.len(), count, "{source}");
        }
    }
}
