//! A YAML document as a tree in which every node knows its place, and a text inside a node knows where each of its
//! bytes stands in the file.
//!
//! A subset: one document, no anchors, aliases or tags. A plain `0012` is the text it looks like, not a number, so that
//! account ids keep their leading zeros.

use crate::json::Json;
use crate::problem::{Diagnostic, Problem};
use crate::span::Span;
use saphyr_parser::{Event, Parser, ScalarStyle};

/// Collections inside one another.
const DEPTH: usize = 64;
/// Nodes in one file.
const NODES: usize = 2_000_000;

/// A node of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    /// The node in the file; for a collection from its first to its last child.
    pub(crate) span: Span,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    /// A plain scalar that JSON would read as a number.
    Number(String),
    Text(String, Style),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    /// `|` or `>`: the text begins on the line after the sign.
    Block,
}

impl Node {
    /// What the node is, for a message.
    pub(crate) fn describe(&self) -> &'static str {
        match &self.kind {
            Kind::Null => "nothing",
            Kind::Bool(_) => "a boolean",
            Kind::Number(_) => "a number",
            Kind::Text(..) => "a text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a mapping",
        }
    }

    /// The text of a scalar as written, numbers and booleans too.
    pub(crate) fn scalar(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text, _) | Kind::Number(text) => Some(text),
            Kind::Bool(true) => Some("true"),
            Kind::Bool(false) => Some("false"),
            _ => None,
        }
    }

    /// The same value as JSON.
    pub(super) fn to_json(&self) -> Json {
        match &self.kind {
            Kind::Null => Json::Null,
            Kind::Bool(value) => Json::Bool(*value),
            Kind::Number(text) => Json::Number(text.clone()),
            Kind::Text(text, _) => Json::Text(text.clone()),
            Kind::List(items) => Json::Array(items.iter().map(Node::to_json).collect()),
            Kind::Map(members) => Json::Object(
                members.iter().map(|(k, v)| (k.scalar().unwrap_or_default().to_owned(), v.to_json())).collect(),
            ),
        }
    }
}

/// Reads one document; `None` for an empty one.
pub(crate) fn read(source: &str) -> Result<Option<Node>, Diagnostic> {
    Reader { source, offsets: Offsets::new(source), open: Vec::new(), done: None, nodes: 0 }.read()
}

/// A collection whose end has not come yet.
enum Open {
    List(Span, Vec<Node>),
    /// The members, and the name of the one that is being read.
    Map(Span, Vec<(Node, Node)>, Option<Node>),
}

struct Reader<'s> {
    source: &'s str,
    offsets: Offsets,
    open: Vec<Open>,
    done: Option<Node>,
    nodes: usize,
}

impl Reader<'_> {
    fn read(mut self) -> Result<Option<Node>, Diagnostic> {
        let mut documents = 0;
        for event in Parser::new_from_str(self.source) {
            let (event, span) = event.map_err(|error| {
                let at = self.offsets.byte(error.marker().index());
                Diagnostic::new(
                    Span::at(at.min(self.source.len())),
                    Problem::YamlSyntax { reason: error.info().to_owned() },
                )
            })?;
            let span = Span::new(self.offsets.byte(span.start.index()), self.offsets.byte(span.end.index()));
            if let Event::DocumentStart(_) = event {
                documents += 1;
            }
            self.event(event, span, documents)?;
        }
        Ok(self.done)
    }

    fn event(&mut self, event: Event<'_>, span: Span, documents: usize) -> Result<(), Diagnostic> {
        let unsupported = |what: &str| Err(Diagnostic::new(span, Problem::YamlUnsupported { what: what.to_owned() }));
        match event {
            Event::DocumentStart(_) if documents > 1 => unsupported("several documents in one file"),
            Event::Alias(_) => unsupported("aliases"),
            Event::Scalar(_, _, anchor, _) | Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _)
                if anchor > 0 =>
            {
                unsupported("anchors")
            }
            Event::Scalar(_, _, _, Some(_)) | Event::SequenceStart(_, Some(_)) | Event::MappingStart(_, Some(_)) => {
                unsupported("tags")
            }
            Event::Scalar(text, style, ..) => self.add(Node { span, kind: scalar(&text, style) }),
            Event::SequenceStart(..) => self.start(Open::List(span, Vec::new()), span),
            Event::MappingStart(..) => self.start(Open::Map(span, Vec::new(), None), span),
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            _ => Ok(()),
        }
    }

    fn start(&mut self, open: Open, span: Span) -> Result<(), Diagnostic> {
        if self.open.len() >= DEPTH {
            let what = format!("more than {DEPTH} collections inside one another");
            return Err(Diagnostic::new(span, Problem::YamlUnsupported { what }));
        }
        self.open.push(open);
        Ok(())
    }

    fn end(&mut self, end: Span) -> Result<(), Diagnostic> {
        let cover = |start: Span, last: Option<Span>| start.to(last.unwrap_or(end));
        match self.open.pop() {
            Some(Open::List(start, items)) => {
                let span = cover(start, items.last().map(|item| item.span));
                self.add(Node { span, kind: Kind::List(items) })
            }
            Some(Open::Map(start, members, _)) => {
                let span = cover(start, members.last().map(|(_, value)| value.span));
                self.add(Node { span, kind: Kind::Map(members) })
            }
            None => Ok(()),
        }
    }

    fn add(&mut self, node: Node) -> Result<(), Diagnostic> {
        self.nodes += 1;
        if self.nodes > NODES {
            let what = format!("more than {NODES} values in one file");
            return Err(Diagnostic::new(node.span, Problem::YamlUnsupported { what }));
        }
        match self.open.last_mut() {
            Some(Open::List(_, items)) => items.push(node),
            Some(Open::Map(_, members, name)) => match name.take() {
                Some(name) => members.push((name, node)),
                None if node.scalar().is_some() || node.kind == Kind::Null => *name = Some(node),
                None => {
                    let what = "collections as names".to_owned();
                    return Err(Diagnostic::new(node.span, Problem::YamlUnsupported { what }));
                }
            },
            None => self.done = Some(node),
        }
        Ok(())
    }
}

fn scalar(text: &str, style: ScalarStyle) -> Kind {
    let style = match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted => Style::SingleQuoted,
        ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
        _ => Style::Block,
    };
    match (style, text) {
        (Style::Plain, "" | "~" | "null" | "Null" | "NULL") => Kind::Null,
        (Style::Plain, "true" | "True" | "TRUE") => Kind::Bool(true),
        (Style::Plain, "false" | "False" | "FALSE") => Kind::Bool(false),
        (Style::Plain, text) if is_json_number(text) => Kind::Number(text.to_owned()),
        _ => Kind::Text(text.to_owned(), style),
    }
}

fn is_json_number(text: &str) -> bool {
    let begins = text.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    begins && matches!(Json::parse(text.as_bytes(), &crate::json::Limits::default()), Ok(Json::Number(_)))
}

/// Character counts, as the YAML parser tells places, to byte offsets.
struct Offsets {
    /// The offset of each character; empty where all are of one byte.
    of_char: Vec<usize>,
    length: usize,
}

impl Offsets {
    fn new(source: &str) -> Self {
        let of_char = if source.is_ascii() { Vec::new() } else { source.char_indices().map(|(at, _)| at).collect() };
        Self { of_char, length: source.len() }
    }

    fn byte(&self, chars: usize) -> usize {
        if self.of_char.is_empty() {
            chars.min(self.length)
        } else {
            self.of_char.get(chars).copied().unwrap_or(self.length)
        }
    }
}

/// A text as it must be written to stand inside this node's quotes.
pub(super) fn inside(node: &Node, text: String) -> String {
    match &node.kind {
        Kind::Text(_, Style::SingleQuoted) => text.replace('\'', "''"),
        Kind::Text(_, Style::DoubleQuoted) => text.replace('\\', "\\\\").replace('"', "\\\""),
        _ => text,
    }
}

/// For each byte of a text node, and the place behind it, the place in the file that it comes from.
///
/// Found by walking both texts side by side: what differs is indentation, folded line ends, and escapes.
pub(super) fn places(source: &str, node: &Node) -> Vec<usize> {
    let Some(text) = node.scalar() else { return Vec::new() };
    let style = if let Kind::Text(_, style) = &node.kind { *style } else { Style::Plain };
    let mut at = node.span.start;
    match style {
        Style::Plain => {}
        Style::SingleQuoted | Style::DoubleQuoted => at += 1,
        Style::Block => at = block_start(source, at),
    }
    let mut places = Vec::with_capacity(text.len() + 1);
    for c in text.chars() {
        let (found, next) = place_of(source, at, c, style);
        places.extend(std::iter::repeat_n(found, c.len_utf8()));
        at = next;
    }
    places.push(at);
    places
}

/// The first byte of a block's text: behind the line of its `|` or `>`.
fn block_start(source: &str, at: usize) -> usize {
    let rest = source.get(at..).unwrap_or_default();
    if rest.starts_with(['|', '>']) { at + rest.find('\n').map_or(rest.len(), |end| end + 1) } else { at }
}

/// Where the character `c` of a text stands at or after `at`, and where to look for the next one.
fn place_of(source: &str, at: usize, c: char, style: Style) -> (usize, usize) {
    let mut now = at;
    loop {
        let rest = source.get(now..).unwrap_or_default();
        match rest.chars().next() {
            Some(found) if found == c && !(style == Style::DoubleQuoted && c == '\\') => {
                let doubled = style == Style::SingleQuoted && c == '\'';
                return (now, now + c.len_utf8() * if doubled { 2 } else { 1 });
            }
            Some('\\') if style == Style::DoubleQuoted => return (now, now + escape_length(rest)),
            Some(blank) if blank.is_whitespace() => now += blank.len_utf8(),
            // A fold: the blank in the text has no byte of its own.
            _ => return (at.max(now), now),
        }
    }
}

/// How long an escape of a double-quoted text is.
fn escape_length(rest: &str) -> usize {
    match rest.chars().nth(1) {
        Some('x') => 4,
        Some('u') => 6,
        Some('U') => 10,
        Some(other) => 1 + other.len_utf8(),
        None => 1,
    }
}
