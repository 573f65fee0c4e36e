//! Sigma rules: YAML in, one rule file for each input file out.
//!
//! `yaml` reads the documents, `document` tells what they are, `detection` makes filters of detections (`condition`
//! joins what `item`, `modifier`, `value`, `regex` and `time` make of single lines, with the names that `logsource`
//! gives), `correlation` makes windows of counts, `meta` carries the rest.

mod collection;
mod condition;
mod context;
mod correlation;
mod detection;
mod document;
mod item;
mod logsource;
mod meta;
mod modifier;
mod regex;
mod time;
mod value;
mod yaml;

use super::assemble::{Imported, Prefix, assemble};
use super::draft::{Group, Item, State};
use super::{Source, slug};
use collection::Collection;
use document::Document;

/// How fields are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fields {
    /// By our keys, where a table has one for the rule's log source.
    #[default]
    Mapped,
    /// By the names that the rules give them.
    Native,
}

/// How Sigma rules are carried over.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SigmaOptions {
    /// How fields are called.
    pub fields: Fields,
    /// Keys in which keywords are looked for; empty for those of the rule's log source.
    pub keyword_keys: Vec<String>,
}

/// Carries Sigma rules over: all documents of all sources together, since a correlation may refer to rules of another
/// file.
#[must_use]
pub fn sigma(sources: &[Source], options: &SigmaOptions) -> Imported {
    let mut collection = Collection::default();
    let mut groups: Vec<Group> = sources.iter().map(|source| group(source, &mut collection)).collect();
    for (place, item) in collection.build(options) {
        if let Some(group) = groups.get_mut(place) {
            group.items.push(item);
        }
    }
    for (place, group) in groups.iter_mut().enumerate() {
        group.items.sort_by_key(|item| item.line);
        // The log source of the first rule names the set.
        let name = collection.source_name(place).map(|name| format!("Sigma {name}"));
        group.ruleset = name.unwrap_or_else(|| "Sigma".to_owned());
    }
    assemble(groups, Prefix("sigma"))
}

/// Reads a source into the collection; what is no rule is told at once.
fn group(source: &Source, collection: &mut Collection) -> Group {
    let mut items = Vec::new();
    let place = collection.open();
    let (documents, broken) = yaml::read(&source.text);
    let item = |line: usize, original: &str, state: State| Item {
        source: source.name.clone(),
        line,
        name: source.name.clone(),
        origin_id: None,
        original: original.to_owned(),
        state,
        notes: Vec::new(),
    };
    let mut global = None;
    for document in documents {
        match Document::of(&document.root) {
            Document::Global(root) => global = Some(root),
            Document::Other if global.is_none() || document.root == yaml::Node::Null => {
                let what = "there is no detection, correlation or filter in it".to_owned();
                items.push(item(document.line, &document.text, State::Skipped(what)));
            }
            found => {
                let found = global.as_ref().map_or(found, |global| Document::of(&global.with(&document.root)));
                collection.add(place, &source.name, document.line, &document.text, found);
            }
        }
    }
    if let Some(broken) = broken {
        let why = format!("line {}: this is not YAML: {}", broken.line, broken.reason);
        let rest: Vec<&str> = source.text.lines().skip(broken.line.saturating_sub(1)).collect();
        items.push(item(broken.line, &rest.join("\n"), State::Not(why)));
    }
    Group { path: slug::path(&source.path), items, ..Group::default() }
}
