//! The neutral form of a rule set, which each peer's own rules are made from; `bench/rulesets/neutral.py` says what it
//! means.

use serde::Deserialize;
use serde_json::Value;

/// A rule set.
#[derive(Deserialize)]
pub struct RuleSet {
    pub rules: Vec<Rule>,
}

/// An event counts for a rule when `filter` matches it and none of `suppressions` does.
#[derive(Deserialize)]
pub struct Rule {
    pub id: String,
    filter: Node,
    suppressions: Vec<Node>,
}

/// A part of a filter.
#[derive(Deserialize, Clone)]
#[serde(untagged)]
pub enum Node {
    And { and: Vec<Node> },
    Or { or: Vec<Node> },
    Not { not: Box<Node> },
    Test(Predicate),
}

/// A question about the values at a path.
#[derive(Deserialize, Clone)]
pub struct Predicate {
    /// Keys from the outermost; `*` steps into the elements of an array. None where no path says it.
    pub path: Option<Vec<String>>,
    pub op: Op,
    #[serde(default)]
    pub value: Value,
}

/// What a predicate asks.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    Eq,
    In,
    StartsWith,
    EndsWith,
    Like,
    Matches,
    Null,
    Cidr,
    Lt,
    Le,
    Gt,
    Ge,
}

impl Rule {
    /// Filter and suppressions as one tree.
    pub fn whole(&self) -> Node {
        let mut parts = vec![self.filter.clone()];
        parts.extend(self.suppressions.iter().map(|hidden| Node::Not { not: Box::new(hidden.clone()) }));
        if parts.len() == 1 { parts.remove(0) } else { Node::And { and: parts } }
    }
}

impl Predicate {
    /// The keys, where the path is a plain one that steps into no array.
    pub fn plain_path(&self) -> Option<&[String]> {
        self.path.as_deref().filter(|path| path.iter().all(|key| key != "*"))
    }

    pub fn text(&self) -> &str {
        self.value.as_str().unwrap_or_default()
    }

    /// The members of a list, as texts.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.value.as_array().into_iter().flatten().filter_map(Value::as_str)
    }

    pub fn number(&self) -> i64 {
        self.value.as_i64().unwrap_or_default()
    }
}

/// How a language joins predicates: what differs between the text languages.
pub struct Syntax {
    pub and: &'static str,
    pub or: &'static str,
    /// Before a term in parentheses.
    pub not: &'static str,
    /// Behind a term in parentheses, for languages that negate by a pipe.
    pub not_behind: &'static str,
}

impl Syntax {
    /// A filter in the language; none where `test` has no words for one of its predicates.
    pub fn write(&self, node: &Node, test: &mut impl FnMut(&Predicate) -> Option<String>) -> Option<String> {
        let mut joined = |parts: &[Node], with: &str| -> Option<String> {
            let parts: Option<Vec<String>> = parts.iter().map(|part| self.write(part, test)).collect();
            Some(format!("({})", parts?.join(with)))
        };
        match node {
            Node::And { and } => joined(and, self.and),
            Node::Or { or } => joined(or, self.or),
            Node::Not { not } => Some(format!("({}({}){})", self.not, self.write(not, test)?, self.not_behind)),
            Node::Test(predicate) => test(predicate),
        }
    }
}

/// A text in double quotes with JSON's escapes, which most languages share.
pub fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
