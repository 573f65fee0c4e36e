//! The fields of one mapping: each asked for once, by type; what nobody asks for is unknown and reported.

use super::yaml::{self, Kind, Node, Style};
use crate::language::suggest;
use crate::problem::{Diagnostic, Problem, Sink};
use crate::span::Span;

/// A mapping that is being read.
pub(super) struct Fields<'n> {
    members: Vec<(&'n str, &'n Node, &'n Node)>,
    /// The mapping, or what stood in its place.
    pub(super) span: Span,
    /// "the file", "the rule `x`": for messages.
    of: String,
}

impl<'n> Fields<'n> {
    /// Opens a mapping whose fields can only be `known`; duplicates and others are reported.
    pub(super) fn open(node: &'n Node, of: &str, known: &[&str], source: &str, sink: &mut Sink) -> Option<Self> {
        let Kind::Map(members) = &node.kind else {
            wrong_type(node, of, "a mapping", sink);
            return None;
        };
        let mut fields = Self { members: Vec::new(), span: node.span, of: of.to_owned() };
        for (name_node, value) in members {
            let name = name_node.scalar().unwrap_or_default();
            if let Some((_, first, _)) = fields.members.iter().find(|(known, ..)| *known == name) {
                let first_line = 1 + source.get(..first.span.start).unwrap_or_default().matches('\n').count();
                let problem = Problem::DuplicateField { field: name.to_owned(), first_line };
                sink.push(Diagnostic::new(name_node.span, problem));
            } else if known.contains(&name) {
                fields.members.push((name, name_node, value));
            } else {
                let suggestion = suggest::nearest(name, known.iter().copied());
                let problem =
                    Problem::UnknownField { field: name.to_owned(), suggestion: suggestion.map(str::to_owned) };
                let diagnostic = Diagnostic::new(name_node.span, problem);
                sink.push(match suggestion {
                    Some(suggestion) => diagnostic.with_fix(suggestion),
                    None => diagnostic,
                });
            }
        }
        Some(fields)
    }

    /// Renames the mapping in messages, once its own name is known.
    pub(super) fn call(&mut self, of: String) {
        self.of = of;
    }

    /// A field's value; an empty one counts as not there.
    pub(super) fn get(&self, name: &str) -> Option<&'n Node> {
        let found = self.members.iter().find(|(known, ..)| *known == name);
        found.map(|(_, _, value)| *value).filter(|value| value.kind != Kind::Null)
    }

    /// A field's value; one that is not there is reported.
    pub(super) fn require(&self, name: &str, sink: &mut Sink) -> Option<&'n Node> {
        let found = self.get(name);
        if found.is_none() {
            let empty = self.members.iter().find(|(known, ..)| *known == name);
            let at = empty.map_or(self.head(), |(_, name_node, _)| name_node.span);
            let problem = Problem::MissingField { field: name.to_owned(), of: self.of.clone() };
            sink.push(Diagnostic::new(at, problem));
        }
        found
    }

    /// The first name of the mapping: where a message about the whole of it points.
    fn head(&self) -> Span {
        self.members.first().map_or(Span::at(self.span.start), |(_, name_node, _)| name_node.span)
    }

    /// A text.
    pub(super) fn text(&self, name: &str, sink: &mut Sink) -> Option<&'n str> {
        self.get(name).and_then(|node| as_text(node, name, sink))
    }

    /// A text that must be there.
    pub(super) fn require_text(&self, name: &str, sink: &mut Sink) -> Option<&'n str> {
        self.require(name, sink).and_then(|node| as_text(node, name, sink))
    }

    /// A list of texts; none where the field is not there.
    pub(super) fn texts(&self, name: &str, sink: &mut Sink) -> Vec<String> {
        self.list(name, sink).iter().filter_map(|node| as_text(node, name, sink)).map(str::to_owned).collect()
    }

    /// The items of a list that may hold texts; none where the field is not there. A text alone is told to be put into
    /// brackets.
    pub(super) fn list(&self, name: &str, sink: &mut Sink) -> &'n [Node] {
        let before = sink.len();
        let items = self.mappings(name, sink);
        if let (Some(diagnostic), Some(node)) = (sink.get_mut(before), self.get(name)) {
            diagnostic.fix = alone_in_list(node);
        }
        items
    }

    /// The items of a list of mappings; none where the field is not there.
    pub(super) fn mappings(&self, name: &str, sink: &mut Sink) -> &'n [Node] {
        match self.get(name) {
            None => &[],
            Some(Node { kind: Kind::List(items), .. }) => items,
            Some(other) => {
                wrong_type(other, name, "a list", sink);
                &[]
            }
        }
    }

    /// A boolean.
    pub(super) fn flag(&self, name: &str, sink: &mut Sink) -> Option<bool> {
        match self.get(name)? {
            Node { kind: Kind::Bool(value), .. } => Some(*value),
            other => {
                wrong_type(other, name, "true or false", sink);
                None
            }
        }
    }

    /// One of some words, in any letter case.
    pub(super) fn choice<T: Copy>(&self, name: &str, choices: &[(&'static str, T)], sink: &mut Sink) -> Option<T> {
        let node = self.get(name)?;
        let text = as_text(node, name, sink)?;
        let found = choices.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
        if found.is_none() {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            let nearest = suggest::nearest(text, words.iter().copied());
            let diagnostic = bad(node, name, text, &words.join(", "));
            sink.push(match nearest {
                Some(word) => diagnostic.with_fix(word),
                None => diagnostic,
            });
        }
        found.map(|(_, value)| *value)
    }
}

/// The list that was meant by a text alone: `[user]` for `user`, and `[user, ip]` for `user, ip`.
fn alone_in_list(node: &Node) -> Option<String> {
    let text = node.scalar()?;
    if text.contains(char::is_control) {
        return None;
    }
    let item = yaml::inside(node, text.to_owned());
    match &node.kind {
        Kind::Text(_, Style::Block) => None,
        Kind::Text(_, Style::SingleQuoted) => Some(format!("['{item}']")),
        Kind::Text(_, Style::DoubleQuoted) => Some(format!("[\"{item}\"]")),
        // Inside brackets these are signs of YAML, which a text without quotes cannot have; a comma parts words, not sentences.
        _ if text.contains(['[', ']', '{', '}']) => None,
        _ if text.contains(',') && text.split(',').any(|part| part.trim().contains(' ')) => None,
        _ => Some(format!("[{item}]")),
    }
}

/// A scalar's text; anything else is reported.
pub(super) fn as_text<'n>(node: &'n Node, name: &str, sink: &mut Sink) -> Option<&'n str> {
    let text = node.scalar();
    if text.is_none() {
        wrong_type(node, name, "a text", sink);
    }
    text
}

/// A value of a wrong type.
pub(super) fn wrong_type(node: &Node, name: &str, wanted: &str, sink: &mut Sink) {
    let problem =
        Problem::WrongType { field: name.to_owned(), found: node.describe().to_owned(), wanted: wanted.to_owned() };
    let first_line = Span::new(node.span.start, node.span.end);
    sink.push(Diagnostic::new(first_line, problem));
}

/// A value of the right type that a field cannot have.
pub(super) fn bad(node: &Node, name: &str, found: &str, wanted: &str) -> Diagnostic {
    bad_value(node.span, name, found, wanted)
}

/// The same at another place than a node's.
pub(super) fn bad_value(span: Span, name: &str, found: &str, wanted: &str) -> Diagnostic {
    let found: String = found.chars().take(80).collect();
    Diagnostic::new(span, Problem::BadField { field: name.to_owned(), found, wanted: wanted.to_owned() })
}
