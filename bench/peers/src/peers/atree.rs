//! a-tree: all rules in one tree of shared expressions, over fields taken in by one pass of sonic-rs. Its language has
//! equality, lists and numbers; of texts it knows only whole ones.

use crate::fields::{Fields, Found};
use crate::neutral::{Node, Op, Predicate, quoted};
use crate::peer::{Engine, Sources};
use a_tree::{ATree, AttributeDefinition, EventBuilder};

/// The attributes that one path fills.
#[derive(Default, Clone)]
struct Names {
    text: Option<String>,
    number: Option<String>,
}

struct Tree {
    fields: Fields,
    names: Vec<Names>,
    tree: ATree<u64>,
    expressed: Vec<bool>,
}

pub fn load(sources: &Sources<'_>) -> anyhow::Result<Box<dyn Engine>> {
    let mut writer = Writer::default();
    let written: Vec<Option<String>> = sources.rules.iter().map(|rule| writer.node(&rule.whole(), false)).collect();
    let Writer { fields, names } = writer;
    let texts = names.iter().filter_map(|names| names.text.as_deref()).map(AttributeDefinition::string);
    let numbers = names.iter().filter_map(|names| names.number.as_deref()).map(AttributeDefinition::integer);
    let definitions: Vec<AttributeDefinition> = texts.chain(numbers).collect();
    let mut tree = ATree::new(&definitions).map_err(|error| anyhow::anyhow!("{error}"))?;
    for (place, text) in written.iter().enumerate() {
        let Some(text) = text else { continue };
        tree.insert(&(place as u64), text).map_err(|error| anyhow::anyhow!("{text}: {error}"))?;
    }
    let expressed = written.iter().map(Option::is_some).collect();
    Ok(Box::new(Tree { fields, names, tree, expressed }))
}

impl Engine for Tree {
    fn expressed(&self) -> &[bool] {
        &self.expressed
    }

    fn count(&mut self, lines: &[&[u8]], counts: &mut [u64]) {
        for line in lines {
            let mut builder = self.tree.make_event();
            let mut reader = sonic_rs::Deserializer::from_slice(line);
            let mut take = |slot: usize, found| set(&mut builder, &self.names[slot], found);
            if self.fields.read(&mut reader, &mut take).is_err() {
                continue;
            }
            let Ok(event) = builder.build() else { continue };
            let Ok(report) = self.tree.search(&event) else { continue };
            report.matches().iter().for_each(|place| counts[**place as usize] += 1);
        }
    }
}

/// The names and kinds are those that the tree was made with, so nothing can fail.
fn set(builder: &mut EventBuilder<'_>, names: &Names, found: Found<'_>) {
    let number = match &found {
        Found::Int(value) => Some(*value),
        Found::Float(value) => Some(*value as i64),
        Found::Text(text) if names.number.is_some() => text.parse().ok(),
        _ => None,
    };
    if let (Some(name), Some(value)) = (&names.number, number) {
        let _ = builder.with_integer(name, value);
    }
    if let Some(name) = &names.text {
        let _ = match found {
            Found::Text(text) => builder.with_string(name, &text),
            Found::Bool(value) => builder.with_string(name, if value { "true" } else { "false" }),
            Found::Int(value) => builder.with_string(name, &value.to_string()),
            Found::Float(_) | Found::Container => builder.with_string(name, ""),
        };
    }
}

#[derive(Default)]
struct Writer {
    fields: Fields,
    names: Vec<Names>,
}

impl Writer {
    /// A filter in a-tree's words. Negation goes to the leaves: a question about an absent field is neither true nor
    /// false there, and its negation neither.
    fn node(&mut self, node: &Node, negated: bool) -> Option<String> {
        let mut joined = |parts: &[Node], with: &str| {
            let parts: Option<Vec<String>> = parts.iter().map(|part| self.node(part, negated)).collect();
            Some(format!("({})", parts?.join(with)))
        };
        match node {
            Node::And { and } => joined(and, if negated { " or " } else { " and " }),
            Node::Or { or } => joined(or, if negated { " and " } else { " or " }),
            Node::Not { not } => self.node(not, !negated),
            Node::Test(predicate) => self.ask(predicate, negated),
        }
    }

    fn ask(&mut self, predicate: &Predicate, negated: bool) -> Option<String> {
        let slot = self.fields.slot(predicate.plain_path()?);
        self.names.resize(self.fields.len(), Names::default());
        let numeric = predicate.value.is_number();
        let names = &mut self.names[slot];
        let kept = if numeric { &mut names.number } else { &mut names.text };
        let name = &*kept.get_or_insert_with(|| format!("{}{slot}", if numeric { "n" } else { "t" }));
        let members = || predicate.texts().map(quoted).collect::<Vec<_>>().join(", ");
        let value = match &predicate.value {
            serde_json::Value::Bool(value) => format!("\"{value}\""),
            value => value.to_string(),
        };
        let (yes, no) = match predicate.op {
            Op::Null => return Some(format!("{name} is {}null", if negated { "not " } else { "" })),
            Op::Eq => (format!("{name} = {value}"), format!("{name} <> {value}")),
            Op::In => (format!("{name} in [{}]", members()), format!("{name} not in [{}]", members())),
            Op::Lt => (format!("{name} < {value}"), format!("{name} >= {value}")),
            Op::Le => (format!("{name} <= {value}"), format!("{name} > {value}")),
            Op::Gt => (format!("{name} > {value}"), format!("{name} <= {value}")),
            Op::Ge => (format!("{name} >= {value}"), format!("{name} < {value}")),
            Op::StartsWith | Op::EndsWith | Op::Like | Op::Matches | Op::Cidr => return None,
        };
        Some(if negated { format!("({name} is null or {no})") } else { yes })
    }
}
