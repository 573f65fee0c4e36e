//! Sigma rules, for the two engines that read them. What a rule asks in one `and` stands in one selection, as people
//! write it.

use crate::neutral::{Node, Op, Predicate, Rule};
use serde_json::{Map, Value, json};

/// A rule in Sigma. YAML takes JSON as it is. The title is the rule's place in the set.
pub fn written(rule: &Rule, place: usize, through_arrays: bool) -> Option<String> {
    let mut writer = Writer { detection: Map::new(), through_arrays };
    let condition = writer.node(&rule.whole())?;
    writer.detection.insert("condition".to_owned(), Value::from(condition));
    let whole = json!({
        "title": place.to_string(),
        "logsource": {"product": "aws", "service": "cloudtrail"},
        "detection": writer.detection,
        "level": "medium",
    });
    Some(whole.to_string())
}

struct Writer {
    detection: Map<String, Value>,
    /// Whether the engine goes through arrays.
    through_arrays: bool,
}

impl Writer {
    /// The condition that stands for a node, with its selections noted.
    fn node(&mut self, node: &Node) -> Option<String> {
        match node {
            Node::And { and } => {
                let (tests, others): (Vec<&Node>, Vec<&Node>) = and.iter().partition(|part| is_item(part));
                let mut terms = self.together(&tests)?;
                for other in others {
                    terms.push(self.node(other)?);
                }
                Some(format!("({})", terms.join(" and ")))
            }
            Node::Or { or } => {
                let terms: Option<Vec<String>> = or.iter().map(|part| self.node(part)).collect();
                Some(format!("({})", terms?.join(" or ")))
            }
            Node::Not { not } => Some(format!("not ({})", self.node(not)?)),
            Node::Test(predicate) if predicate.op == Op::Null => {
                let field = self.field(predicate)?;
                let null = self.selection(json!({(field.clone()): null}));
                let absent = self.selection(json!({format!("{field}|exists"): false}));
                Some(format!("({null} or {absent})"))
            }
            Node::Test(predicate) => {
                let (key, value) = self.item(predicate)?;
                Some(self.selection(json!({key: value})))
            }
        }
    }

    /// One selection of several items; a key that comes twice needs another selection.
    fn together(&mut self, tests: &[&Node]) -> Option<Vec<String>> {
        let mut selections: Vec<Map<String, Value>> = Vec::new();
        for node in tests {
            let Node::Test(predicate) = node else { continue };
            let (key, value) = self.item(predicate)?;
            match selections.iter_mut().find(|selection| !selection.contains_key(&key)) {
                Some(selection) => drop(selection.insert(key, value)),
                None => selections.push(Map::from_iter([(key, value)])),
            }
        }
        Some(selections.into_iter().map(|selection| self.selection(Value::Object(selection))).collect())
    }

    fn selection(&mut self, items: Value) -> String {
        let name = format!("s{}", self.detection.len());
        self.detection.insert(name.clone(), items);
        name
    }

    fn field(&self, predicate: &Predicate) -> Option<String> {
        let path = if self.through_arrays { predicate.path.as_deref()? } else { predicate.plain_path()? };
        let keys: Vec<&str> = path.iter().map(String::as_str).filter(|key| *key != "*").collect();
        Some(keys.join("."))
    }

    /// A field with its modifiers, and what it must be.
    fn item(&self, predicate: &Predicate) -> Option<(String, Value)> {
        let field = self.field(predicate)?;
        let literal = || Value::from(without_wildcards(predicate.text()));
        Some(match predicate.op {
            Op::Eq if !predicate.value.is_string() => (field, predicate.value.clone()),
            Op::Eq => (format!("{field}|cased"), literal()),
            Op::In => (format!("{field}|cased"), predicate.texts().map(without_wildcards).collect()),
            Op::StartsWith => (format!("{field}|startswith|cased"), literal()),
            Op::EndsWith => (format!("{field}|endswith|cased"), literal()),
            Op::Like => (format!("{field}|contains|cased"), literal()),
            Op::Matches => (format!("{field}|re"), predicate.value.clone()),
            Op::Cidr => (format!("{field}|cidr"), predicate.value.clone()),
            Op::Lt => (format!("{field}|lt"), predicate.value.clone()),
            Op::Le => (format!("{field}|lte"), predicate.value.clone()),
            Op::Gt => (format!("{field}|gt"), predicate.value.clone()),
            Op::Ge => (format!("{field}|gte"), predicate.value.clone()),
            Op::Null => return None,
        })
    }
}

/// Whether a node can be one item of a selection.
fn is_item(node: &Node) -> bool {
    matches!(node, Node::Test(predicate) if predicate.op != Op::Null)
}

fn without_wildcards(text: &str) -> String {
    text.replace('\\', "\\\\").replace('*', "\\*").replace('?', "\\?")
}
