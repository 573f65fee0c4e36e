//! A YAML stream as trees, one a document: with anchors, aliases and merges, which Sigma's files may use and our own may
//! not.
//!
//! Plain scalars are read by YAML 1.2's core schema, with one exception: `0012` stays the text it looks like.

use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use std::collections::HashMap;

/// Collections inside one another.
const DEPTH: usize = 64;
/// Values in one stream, aliases counted as what they stand for.
const NODES: usize = 1_000_000;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Null,
    Bool(bool),
    /// A number as JSON writes it.
    Number(String),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// A document of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Document {
    pub(super) root: Node,
    /// Its first line, counted from 1.
    pub(super) line: usize,
    /// Its text.
    pub(super) text: String,
}

/// Where a stream stops being YAML, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) line: usize,
    pub(super) reason: String,
}

impl Node {
    /// A member of a mapping.
    pub(super) fn get(&self, name: &str) -> Option<&Node> {
        let Node::Map(members) = self else { return None };
        members.iter().find(|(known, _)| known == name).map(|(_, value)| value).filter(|value| **value != Node::Null)
    }

    /// The text of a scalar as written, numbers and booleans too.
    pub(super) fn scalar(&self) -> Option<&str> {
        match self {
            Node::Text(text) | Node::Number(text) => Some(text),
            Node::Bool(true) => Some("true"),
            Node::Bool(false) => Some("false"),
            Node::Null | Node::List(_) | Node::Map(_) => None,
        }
    }

    /// The items of a list; a value that is none is a list of itself.
    pub(super) fn items(&self) -> &[Node] {
        match self {
            Node::List(items) => items,
            one => std::slice::from_ref(one),
        }
    }

    /// What it is, for a message.
    pub(super) fn describe(&self) -> &'static str {
        match self {
            Node::Null => "nothing",
            Node::Bool(_) => "a boolean",
            Node::Number(_) => "a number",
            Node::Text(_) => "a text",
            Node::List(_) => "a list",
            Node::Map(_) => "a mapping",
        }
    }

    /// This mapping with the members of another, which win, mappings inside it member by member.
    pub(super) fn with(&self, other: &Node) -> Node {
        let (Node::Map(mine), Node::Map(its)) = (self, other) else { return other.clone() };
        let mut both = mine.clone();
        both.retain(|(name, _)| name != "action");
        for (name, value) in its {
            match both.iter_mut().find(|(known, _)| known == name) {
                Some((_, known)) => *known = known.with(value),
                None => both.push((name.clone(), value.clone())),
            }
        }
        Node::Map(both)
    }

    /// This mapping without one of its members.
    pub(super) fn without(&self, name: &str) -> Node {
        match self {
            Node::Map(members) => Node::Map(members.iter().filter(|(known, _)| known != name).cloned().collect()),
            other => other.clone(),
        }
    }

    fn size(&self) -> usize {
        match self {
            Node::List(items) => 1 + items.iter().map(Node::size).sum::<usize>(),
            Node::Map(members) => 1 + members.iter().map(|(_, value)| value.size()).sum::<usize>(),
            _ => 1,
        }
    }
}

/// The documents of a stream up to where it is broken, if it is.
pub(super) fn read(source: &str) -> (Vec<Document>, Option<Broken>) {
    let mut reader = Reader::default();
    let source = source.strip_prefix('\u{feff}').unwrap_or(source);
    let broken = reader.read(source).err();
    let lines: Vec<&str> = source.split_inclusive('\n').collect();
    let mut documents = Vec::new();
    for (place, (line, root)) in reader.documents.iter().enumerate() {
        let end = reader.documents.get(place + 1).map_or(lines.len(), |(next, _)| next - 1);
        let text = lines.get(line - 1..end).unwrap_or_default().concat();
        let text = text.strip_prefix("---").unwrap_or(&text).trim_start_matches(['\n', '\r']).to_owned();
        documents.push(Document { root: root.clone(), line: *line, text });
    }
    (documents, broken)
}

/// A collection whose end has not come yet, with its anchor.
enum Open {
    List(Vec<Node>, usize),
    Map(Vec<(String, Node)>, Option<String>, usize),
}

#[derive(Default)]
struct Reader {
    documents: Vec<(usize, Node)>,
    /// The first line of the document that is being read.
    line: usize,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
}

impl Reader {
    fn read(&mut self, source: &str) -> Result<(), Broken> {
        for event in Parser::new_from_str(source) {
            let (event, span) =
                event.map_err(|error| Broken { line: error.marker().line(), reason: error.info().to_owned() })?;
            self.event(event, span).map_err(|reason| Broken { line: span.start.line(), reason })?;
        }
        Ok(())
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), String> {
        match event {
            Event::DocumentStart(_) => self.line = span.start.line(),
            Event::Scalar(text, style, anchor, tag) => {
                let as_text = tag.is_some_and(|tag| tag.suffix == "str");
                let node = if as_text { Node::Text(text.into_owned()) } else { scalar(&text, style) };
                return self.add(node, anchor);
            }
            Event::Alias(anchor) => {
                let node = self.anchors.get(&anchor).cloned().ok_or("an alias of an anchor that is not there")?;
                return self.add(node, 0);
            }
            Event::SequenceStart(anchor, _) => return self.start(Open::List(Vec::new(), anchor)),
            Event::MappingStart(anchor, _) => return self.start(Open::Map(Vec::new(), None, anchor)),
            Event::SequenceEnd | Event::MappingEnd => {
                return match self.open.pop() {
                    Some(Open::List(items, anchor)) => self.add(Node::List(items), anchor),
                    Some(Open::Map(members, _, anchor)) => self.add(Node::Map(merged(members)), anchor),
                    None => Ok(()),
                };
            }
            _ => {}
        }
        Ok(())
    }

    fn start(&mut self, open: Open) -> Result<(), String> {
        if self.open.len() >= DEPTH {
            return Err(format!("more than {DEPTH} collections inside one another"));
        }
        self.open.push(open);
        Ok(())
    }

    fn add(&mut self, node: Node, anchor: usize) -> Result<(), String> {
        self.nodes += node.size();
        if self.nodes > NODES {
            return Err(format!("more than {NODES} values in one file"));
        }
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut() {
            Some(Open::List(items, _)) => items.push(node),
            Some(Open::Map(members, name, _)) => match name.take() {
                Some(name) if members.iter().any(|(known, _)| *known == name) && name != "<<" => {
                    return Err(format!("the name `{name}` twice in one mapping"));
                }
                Some(name) => members.push((name, node)),
                None => {
                    let text = if node == Node::Null { Some("null") } else { node.scalar() };
                    *name = Some(text.ok_or("a collection as a name")?.to_owned());
                }
            },
            None => self.documents.push((self.line.max(1), node)),
        }
        Ok(())
    }
}

/// `<<: *defaults`: the members of another mapping, where this one has none of the name.
fn merged(members: Vec<(String, Node)>) -> Vec<(String, Node)> {
    let (merges, mut own): (Vec<_>, Vec<_>) = members.into_iter().partition(|(name, _)| name == "<<");
    for (name, value) in merges
        .iter()
        .flat_map(|(_, value)| value.items())
        .filter_map(|node| match node {
            Node::Map(members) => Some(members),
            _ => None,
        })
        .flatten()
    {
        if !own.iter().any(|(known, _)| known == name) {
            own.push((name.clone(), value.clone()));
        }
    }
    own
}

fn scalar(text: &str, style: ScalarStyle) -> Node {
    match (style, text) {
        (ScalarStyle::Plain, "" | "~" | "null" | "Null" | "NULL") => Node::Null,
        (ScalarStyle::Plain, "true" | "True" | "TRUE") => Node::Bool(true),
        (ScalarStyle::Plain, "false" | "False" | "FALSE") => Node::Bool(false),
        (ScalarStyle::Plain, text) => number(text).map_or_else(|| Node::Text(text.to_owned()), Node::Number),
        _ => Node::Text(text.to_owned()),
    }
}

/// A plain scalar that is a number, as JSON writes it.
fn number(text: &str) -> Option<String> {
    let radix = |digits: &str, radix| i64::from_str_radix(digits, radix).ok().map(|number| number.to_string());
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8);
    }
    let begins = text.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    let parsed: serde_json::Number = if begins { serde_json::from_str(text).ok()? } else { return None };
    // What stands there, not what a float makes of it.
    Some(if text.contains(['.', 'e', 'E']) { text.to_owned() } else { parsed.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(source: &str) -> Node {
        let (documents, broken) = read(source);
        assert_eq!(broken, None);
        documents[0].root.clone()
    }

    #[test]
    fn scalars_have_their_types() {
        let node = one("a: 1\nb: 0x1F\nc: '1'\nd: null\ne: true\nf: 0012\ng: yes\nh: 1.50\ni: !!str 5\nj:\nk: -3\n");
        let expected = [
            ("a", Node::Number("1".into())),
            ("b", Node::Number("31".into())),
            ("c", Node::Text("1".into())),
            ("e", Node::Bool(true)),
            ("f", Node::Text("0012".into())),
            ("g", Node::Text("yes".into())),
            ("h", Node::Number("1.50".into())),
            ("i", Node::Text("5".into())),
            ("k", Node::Number("-3".into())),
        ];
        for (name, value) in expected {
            assert_eq!(node.get(name), Some(&value), "{name}");
        }
        assert_eq!((node.get("d"), node.get("j")), (None, None));
    }

    #[test]
    fn documents_have_their_lines_and_texts() {
        let (documents, broken) = read("# first\na: 1\n---\nb: 2\n...\n---\nc: [\n");
        assert_eq!(documents.len(), 2);
        assert_eq!((documents[0].line, documents[0].text.as_str()), (2, "a: 1\n"));
        assert_eq!(documents[1].line, 3);
        assert!(documents[1].text.starts_with("b: 2\n"), "{:?}", documents[1].text);
        assert!(broken.is_some_and(|broken| broken.line >= 7));
    }

    #[test]
    fn aliases_stand_for_what_they_name() {
        let node = one("a: &x [1, 2]\nb: *x\nc: &m {d: 1, e: 2}\nf:\n  <<: *m\n  d: 3\n");
        assert_eq!(node.get("b"), node.get("a"));
        let merged = node.get("f").unwrap();
        assert_eq!(merged.get("d"), Some(&Node::Number("3".into())));
        assert_eq!(merged.get("e"), Some(&Node::Number("2".into())));
    }

    #[test]
    fn what_would_grow_without_end_is_refused() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..9 {
            let inside = vec![format!("*a{}", level - 1); 10].join(", ");
            bomb.push_str(&format!("a{level}: &a{level} [{inside}]\n"));
        }
        assert!(read(&bomb).1.is_some_and(|broken| broken.reason.contains("values")));
        assert!(read(&"[".repeat(1000)).1.is_some());
        assert!(read("a: 1\na: 2\n").1.is_some_and(|broken| broken.reason.contains("twice")));
    }
}
