//! The YAML syntax: `pipeline` with lists of inputs, filters and outputs.

use super::config::{Config, Kind, Property, Section};
use saphyr_parser::{Event, Parser};

/// Collections inside one another.
const DEPTH: usize = 32;

/// A node with its line.
enum Node {
    Scalar(String, usize),
    List(Vec<Node>, usize),
    Map(Vec<(String, Node)>, usize),
}

impl Node {
    fn line(&self) -> usize {
        match self {
            Node::Scalar(_, line) | Node::List(_, line) | Node::Map(_, line) => *line,
        }
    }

    fn members(&self) -> &[(String, Node)] {
        match self {
            Node::Map(members, _) => members,
            _ => &[],
        }
    }

    fn items(&self) -> &[Node] {
        match self {
            Node::List(items, _) => items,
            _ => &[],
        }
    }

    fn get(&self, name: &str) -> Option<&Node> {
        self.members().iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, node)| node)
    }
}

/// A collection that is still open.
struct Open {
    node: Node,
    /// The name that the next value belongs to.
    name: Option<String>,
}

pub(super) fn read(text: &str) -> Result<Config, String> {
    let root = parse(text)?.ok_or("the file is empty")?;
    let mut config = Config::default();
    if let Some(includes) = root.get("includes") {
        config.includes.push(includes.line());
    }
    if let Some(service) = root.get("service") {
        config.sections.push(section(Kind::Service, service));
    }
    let Some(pipeline) = root.get("pipeline") else { return Ok(config) };
    for (name, kind) in [("inputs", Kind::Input), ("filters", Kind::Filter), ("outputs", Kind::Output)] {
        for node in pipeline.get(name).map(Node::items).unwrap_or_default() {
            config.sections.push(section(kind, node));
            let groups = node.get("processors").map(Node::members).unwrap_or_default();
            for node in groups.iter().flat_map(|(_, group)| group.items()) {
                config.sections.push(section(Kind::Processor, node));
            }
        }
    }
    Ok(config)
}

/// A mapping as a section; a list in it is a property of several values.
fn section(kind: Kind, node: &Node) -> Section {
    let mut properties = Vec::new();
    for (name, value) in node.members() {
        let values = if let Node::List(items, _) = value { items.as_slice() } else { std::slice::from_ref(value) };
        for value in values {
            if let Node::Scalar(text, line) = value {
                properties.push(Property { name: name.to_ascii_lowercase(), value: text.clone(), line: *line });
            }
        }
    }
    Section { kind, line: node.line(), properties }
}

fn parse(text: &str) -> Result<Option<Node>, String> {
    let mut open: Vec<Open> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| format!("this is no YAML: {error}"))?;
        let line = span.start.line();
        if open.len() > DEPTH {
            return Err(format!("line {line}: more than {DEPTH} collections inside one another"));
        }
        let done = match event {
            Event::Scalar(text, ..) => Some(Node::Scalar(text.into_owned(), line)),
            Event::SequenceStart(..) => {
                open.push(Open { node: Node::List(Vec::new(), line), name: None });
                None
            }
            Event::MappingStart(..) => {
                open.push(Open { node: Node::Map(Vec::new(), line), name: None });
                None
            }
            Event::SequenceEnd | Event::MappingEnd => open.pop().map(|open| open.node),
            Event::Alias(_) => return Err(format!("line {line}: aliases are not read")),
            _ => None,
        };
        let Some(done) = done else { continue };
        match open.last_mut() {
            Some(outer) => put(outer, done),
            None => return Ok(Some(done)),
        }
    }
    Ok(None)
}

fn put(outer: &mut Open, node: Node) {
    match &mut outer.node {
        Node::List(items, _) => items.push(node),
        Node::Map(members, _) => match (outer.name.take(), node) {
            (Some(name), node) => members.push((name, node)),
            (None, Node::Scalar(name, _)) => outer.name = Some(name),
            // A name that is no scalar: nothing of Fluent Bit's.
            (None, _) => outer.name = Some(String::new()),
        },
        Node::Scalar(..) => {}
    }
}
