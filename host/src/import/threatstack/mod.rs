//! Threat Stack's rules: the JSON of its rules API in, one rule file for each rule set out.
//!
//! `shape` finds rules and rule sets in whatever the API or its tools gave, `rule` reads one, `paths` turns what a file
//! rule watches into a filter.

mod fields;
mod paths;
mod rule;
mod shape;

use super::Source;
use super::assemble::{Imported, Prefix, assemble};
use super::draft::{Group, Item, State};
use super::slug;
use shape::{Found, Shapes};
use std::collections::HashMap;

/// Carries Threat Stack's rules over. Rules and rule sets may stand in different files.
#[must_use]
pub fn threatstack(sources: &[Source]) -> Imported {
    let mut shapes = Shapes::default();
    for (place, source) in sources.iter().enumerate() {
        shapes.read(place, &source.text);
    }
    let mut groups: Vec<Group> = sources.iter().map(of_source).chain(shapes.sets.iter().map(of_set)).collect();
    let mut seen = HashMap::new();
    for found in &shapes.found {
        let name = sources.get(found.source).map_or("", |source| source.name.as_str());
        let place = shapes.set_of(found).map_or(found.source, |set| sources.len() + set);
        if let Some(group) = groups.get_mut(place) {
            group.items.push(item(found, name, &mut seen));
        }
    }
    for (place, set) in shapes.sets.iter().enumerate() {
        let name = sources.get(set.source).map_or("", |source| source.name.as_str());
        if let Some(group) = groups.get_mut(sources.len() + place) {
            group.items.extend(shapes.missing(set).map(|id| missing(id, name)));
        }
    }
    assemble(groups, Prefix("ts"))
}

fn of_source(source: &Source) -> Group {
    let path = slug::path(&source.path);
    let ruleset = path.rsplit('/').next().unwrap_or_default().to_owned();
    Group { path, ruleset, ..Group::default() }
}

fn of_set(set: &shape::Set) -> Group {
    let path = slug::slug(&set.name, "rule-set");
    Group { path, ruleset: set.name.clone(), description: set.description.clone(), items: Vec::new() }
}

/// What became of what was found; a rule that was there before, word for word, is not told twice.
fn item(found: &Found, source: &str, seen: &mut HashMap<String, serde_json::Value>) -> Item {
    let mut notes = Vec::new();
    let id = fields::id(&found.value);
    let name = fields::name(&found.value).unwrap_or_else(|| source.to_owned());
    let state = match (&found.problem, &id) {
        (Some(problem), _) => problem.clone(),
        (None, Some(id)) if seen.get(id) == Some(&found.value) => {
            State::Skipped("the same rule stands in the input before".to_owned())
        }
        (None, _) => {
            seen.extend(id.clone().map(|id| (id, found.value.clone())));
            rule::read(&found.value, &mut notes)
        }
    };
    let original = match &found.value {
        serde_json::Value::String(text) => text.clone(),
        value => serde_json::to_string_pretty(value).unwrap_or_default(),
    };
    Item { source: source.to_owned(), line: found.line, name, origin_id: id, original, state, notes }
}

/// A rule of which a rule set tells the identifier and nobody anything else.
fn missing(id: &str, source: &str) -> Item {
    Item {
        source: source.to_owned(),
        line: 0,
        name: id.to_owned(),
        origin_id: Some(id.to_owned()),
        original: id.to_owned(),
        state: State::Not("the rule set names this rule, and the input does not hold it".to_owned()),
        notes: Vec::new(),
    }
}
