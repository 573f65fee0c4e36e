//! Rules and rule sets in what the API and its tools gave: a rule set with rules inside, a list of rules, one rule,
//! `{"rules": […]}`, `{"rulesets": […]}`, an alert that tells its rule, or several of them one behind the other.

use super::fields::{self, text};
use crate::import::draft::State;
use serde_json::Value;

/// Members that only a rule has.
const OF_A_RULE: &[&str] = &[
    "filter",
    "severityOfAlerts",
    "alertDescription",
    "aggregateFields",
    "fileIntegrityPaths",
    "threshold",
    "eventsToMonitor",
    "windowSeconds",
];

/// Under what names a rule set tells the identifiers of its rules.
const RULE_IDS: &[&str] = &["ruleIds", "rulesIds", "rules"];

/// Members that only wrap others.
const WRAPPERS: [&str; 8] = ["rulesets", "ruleset", "rule", "data", "results", "items", "organizations", "alert"];

/// Objects and arrays inside one another.
const DEPTH: usize = 16;

/// A rule set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Set {
    pub(super) source: usize,
    pub(super) id: Option<String>,
    pub(super) name: String,
    pub(super) description: Option<String>,
    /// The rules that it names without holding them.
    pub(super) rule_ids: Vec<String>,
}

/// A rule, or what stands in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) source: usize,
    pub(super) line: usize,
    pub(super) value: Value,
    /// The rule set that holds it.
    set: Option<usize>,
    /// Why it is no rule.
    pub(super) problem: Option<State>,
}

/// All that was found.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    pub(super) sets: Vec<Set>,
    pub(super) found: Vec<Found>,
}

impl Shapes {
    /// Reads a source: one JSON text, or several.
    pub(super) fn read(&mut self, source: usize, text: &str) {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
        let mut any = false;
        while let Some(value) = values.next() {
            match value {
                Ok(value) => self.walk(source, &value, None, 0),
                Err(error) => {
                    let rest = text.get(values.byte_offset()..).unwrap_or_default().to_owned();
                    let problem = Some(State::Not(format!("this is not JSON: {error}")));
                    self.push(Found { source, line: error.line(), value: Value::String(rest), set: None, problem });
                    return;
                }
            }
            any = true;
        }
        if !any {
            self.skip(source, &Value::Null, "there is nothing in it");
        }
    }

    fn push(&mut self, found: Found) {
        self.found.push(found);
    }

    fn skip(&mut self, source: usize, value: &Value, what: &str) {
        let problem = Some(State::Skipped(what.to_owned()));
        self.push(Found { source, line: 0, value: value.clone(), set: None, problem });
    }

    fn walk(&mut self, source: usize, value: &Value, set: Option<usize>, depth: usize) {
        if depth > DEPTH {
            return self.skip(source, value, "too deep inside other objects");
        }
        let Value::Object(members) = value else {
            return match value {
                Value::Array(items) => items.iter().for_each(|item| self.walk(source, item, set, depth + 1)),
                other => self.skip(source, other, "neither a rule nor a rule set"),
            };
        };
        if fields::get(value, OF_A_RULE).is_some() {
            return self.push(Found { source, line: 0, value: value.clone(), set, problem: None });
        }
        if let Some(rules) = fields::get(value, RULE_IDS) {
            return self.rules(source, value, rules, set, depth);
        }
        let inside: Vec<&Value> = WRAPPERS.iter().filter_map(|name| members.get(*name)).collect();
        if inside.is_empty() {
            let tags = members.contains_key("inclusion") || members.contains_key("exclusion");
            let what = if tags { "tags of agents: a rule here has none" } else { "neither a rule nor a rule set" };
            return self.skip(source, value, what);
        }
        inside.into_iter().for_each(|value| self.walk(source, value, set, depth + 1));
    }

    /// A rule set, or a list of rules that has no name.
    fn rules(&mut self, source: usize, value: &Value, rules: &Value, set: Option<usize>, depth: usize) {
        let name = text(value, &["name"]);
        let id = text(value, &["id", "rulesetId"]);
        let set = match name.clone().or_else(|| id.clone()) {
            Some(name) => Some(self.set(source, id, name, text(value, &["description"]))),
            None => set,
        };
        let (ids, whole): (Vec<&Value>, Vec<&Value>) =
            rules.as_array().into_iter().flatten().partition(|rule| rule.is_string());
        if let Some(set) = set.and_then(|set| self.sets.get_mut(set)) {
            set.rule_ids.extend(ids.into_iter().filter_map(fields::scalar));
        } else if !ids.is_empty() {
            self.skip(source, value, "identifiers of rules, of no rule set");
        }
        whole.into_iter().for_each(|rule| self.walk(source, rule, set, depth + 1));
    }

    /// The place of a rule set; one of the same identifier, or without one of the same name, is the same.
    fn set(&mut self, source: usize, id: Option<String>, name: String, description: Option<String>) -> usize {
        let same = |set: &Set| if id.is_some() && set.id.is_some() { set.id == id } else { set.name == name };
        if let Some(place) = self.sets.iter().position(same) {
            return place;
        }
        self.sets.push(Set { source, id, name, description, rule_ids: Vec::new() });
        self.sets.len() - 1
    }

    /// The rule set of a rule: the one that holds it, that it names, or that names it.
    pub(super) fn set_of(&self, found: &Found) -> Option<usize> {
        let named = || {
            let ids = fields::texts(&found.value, &["rulesetId", "rulesetIds", "rulesets"]);
            self.sets.iter().position(|set| set.id.as_ref().is_some_and(|id| ids.contains(id)))
        };
        let naming = || {
            let id = fields::id(&found.value)?;
            self.sets.iter().position(|set| set.rule_ids.contains(&id))
        };
        found.set.or_else(named).or_else(naming)
    }

    /// The rules that a rule set names and nobody holds.
    pub(super) fn missing<'s>(&'s self, set: &'s Set) -> impl Iterator<Item = &'s str> {
        let held = |id: &str| self.found.iter().any(|found| fields::id(&found.value).as_deref() == Some(id));
        set.rule_ids.iter().map(String::as_str).filter(move |id| !held(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of the rule sets, and for each rule its name and set.
    fn shapes(texts: &[&str]) -> (Vec<String>, Vec<(String, Option<usize>)>) {
        let mut shapes = Shapes::default();
        texts.iter().enumerate().for_each(|(place, text)| shapes.read(place, text));
        let rule = |found: &Found| (text(&found.value, &["name"]).unwrap_or_default(), shapes.set_of(found));
        let rules = shapes.found.iter().filter(|found| found.problem.is_none()).map(rule).collect();
        (shapes.sets.iter().map(|set| set.name.clone()).collect(), rules)
    }

    const RULE: &str = r#"{"name": "r", "id": "1", "filter": "a = 1"}"#;

    #[test]
    fn rules_are_found_in_every_shape() {
        let alone = vec![("r".to_owned(), None)];
        let wrapped = [
            RULE.to_owned(),
            format!("[{RULE}]"),
            format!(r#"{{"rules": [{RULE}]}}"#),
            format!(r#"{{"rule": {RULE}}}"#),
            format!(r#"{{"alert": {{"id": "9", "rule": {RULE}}}}}"#),
        ];
        for text in wrapped {
            assert_eq!(shapes(&[&text]), (vec![], alone.clone()), "{text}");
        }
        assert_eq!(shapes(&[&format!("{RULE}\n{RULE}\n")]).1.len(), 2);
    }

    #[test]
    fn rules_belong_to_the_set_that_holds_or_names_them() {
        let inside = vec![("r".to_owned(), Some(0))];
        let set = |rules: &str| format!(r#"{{"id": "s", "name": "Base", "description": "d", {rules}}}"#);
        let held = set(&format!(r#""rules": [{RULE}]"#));
        let named = set(r#""ruleIds": ["1", "2"]"#);
        let naming = RULE.replace("\"id\"", "\"rulesetId\": \"s\", \"id\"");
        for texts in [
            vec![held.clone()],
            vec![format!(r#"{{"rulesets": [{held}]}}"#)],
            vec![named.clone(), RULE.to_owned()],
            vec![RULE.to_owned(), set(r#""rules": ["1"]"#)],
            vec![set(r#""rules": []"#), naming],
        ] {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            assert_eq!(shapes(&texts), (vec!["Base".to_owned()], inside.clone()), "{texts:?}");
        }
        let mut missing = Shapes::default();
        missing.read(0, &named);
        missing.read(1, RULE);
        assert_eq!(missing.missing(&missing.sets[0]).collect::<Vec<_>>(), ["2"]);
    }

    #[test]
    fn what_is_no_rule_is_told() {
        for text in ["", "7", "{}", r#"{"inclusion": [], "exclusion": []}"#, r#"{"rules": ["1"]}"#] {
            let mut shapes = Shapes::default();
            shapes.read(0, text);
            assert!(matches!(shapes.found[0].problem, Some(State::Skipped(_))), "{text}");
        }
        let mut broken = Shapes::default();
        broken.read(0, "{\"name\": \n\"r\", ");
        assert!(matches!(broken.found[0].problem, Some(State::Not(_))));
    }
}
