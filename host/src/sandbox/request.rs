//! Rules on their way in, and the report that comes back.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;

/// What an instance is to evaluate. Loading replaces what was loaded before.
#[derive(Debug, Clone, Default, Serialize)]
pub struct LoadRequest {
    /// Rule files.
    pub documents: Vec<Document>,
    /// Bare filters, each a rule of its own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<String>,
    /// Named lists that filters and titles may refer to: arrays of keys, or of objects of a `key` and its `value`.
    /// Texts, so that numbers stay as they are written.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub lists: BTreeMap<String, Box<RawValue>>,
    /// The type of events that don't tell theirs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_type: Option<String>,
    /// Settings of the engine.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub options: Map<String, Value>,
}

/// One rule file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Document {
    /// Its name, as problems are to give it.
    pub name: String,
    /// Its YAML text.
    pub text: String,
}

/// What loading found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct LoadReport {
    /// Rules in force.
    pub rules: u64,
    /// Rules that are switched off.
    #[serde(default)]
    pub disabled: u64,
    /// The ids of the rules in force, in the order in which verdicts number them.
    #[serde(default)]
    pub rule_ids: Vec<String>,
    /// Errors and warnings.
    #[serde(default)]
    pub problems: Vec<Problem>,
}

impl LoadReport {
    /// What kept the rules from being loaded.
    pub fn errors(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().filter(|problem| problem.severity == "error")
    }
}

/// One error or warning about a rule file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Problem {
    /// The document's name.
    pub file: String,
    /// First line, from 1.
    pub line: u32,
    /// First column, from 1.
    pub column: u32,
    /// Last line.
    pub end_line: u32,
    /// The column after the last one.
    pub end_column: u32,
    /// The code, which is stable.
    pub code: String,
    /// How bad it is.
    pub severity: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    #[serde(default)]
    pub help: Option<String>,
}

impl fmt::Display for Problem {
    /// `rules/mine.yaml:9:55: what is wrong (what to do)`. The words are the guest's: whoever prints them makes them safe.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, message, help, .. } = self;
        write!(f, "{file}:{line}:{column}: {message}")?;
        help.as_ref().map_or(Ok(()), |help| write!(f, " ({help})"))
    }
}
