//! Rule files as the page hands them over and as it shows them.

use crate::answer::{array, number, object, optional, text, texts};
use crate::language::problems;
use oxpecker_engine::json::{Json, Limits};
use oxpecker_engine::language::expr::Value;
use oxpecker_engine::lists::{Entry, List};
use oxpecker_engine::problem::Diagnostic;
use oxpecker_engine::rule::{self, Collected, ListValues, Source, Status, Template, duration, outline};
use wasm_bindgen::prelude::wasm_bindgen;

/// Rule files are larger than events.
const LIMITS: Limits = Limits { bytes: 64 << 20, depth: 16, values: 100_000 };

/// Files of a JSON array of `[name, text]`; nothing where it is of another shape.
pub(crate) fn files(json: &str) -> Vec<(String, Vec<u8>)> {
    let Some(items) = parsed(json).and_then(|json| json.into_array().ok()) else { return Vec::new() };
    let text = |item: &Json, place: usize| Some(item.as_array()?.get(place)?.as_text()?.to_owned());
    items.iter().filter_map(|item| Some((text(item, 0)?, text(item, 1)?.into_bytes()))).collect()
}

pub(crate) fn source((name, bytes): &(String, Vec<u8>)) -> Source<'_> {
    Source { name, bytes }
}

/// Lists of a JSON object of arrays.
pub(crate) fn lists(json: &str) -> ListValues {
    let Some(lists) = parsed(json).and_then(Json::into_object) else { return ListValues::new() };
    let value = |value: &Json| match value {
        Json::Text(text) => Some(Value::Text(text.clone())),
        Json::Number(number) => Some(Value::Number(number.clone())),
        Json::Bool(value) => Some(Value::Bool(*value)),
        _ => None,
    };
    let entries = |values: &Json| {
        let keys = values.as_array().unwrap_or_default().iter().filter_map(value);
        List::of(keys.map(|key| Entry { key, value: Json::Null }).collect())
    };
    lists.iter().map(|(name, values)| (name.clone(), entries(values))).collect()
}

/// The rules of some files, those that are off included: `{rules, problems}`.
#[wasm_bindgen]
#[must_use]
pub fn inventory(json: &str) -> String {
    let files = files(json);
    let sources: Vec<Source<'_>> = files.iter().map(source).collect();
    let (set, found) = rule::load(&sources, ListValues::new(), &rule::Limits::default());
    let all = set.rules.iter().chain(&set.disabled).map(|collected| {
        let mut rule = told(collected);
        if let Json::Object(members) = &mut rule {
            members.push(("file".into(), number(collected.source)));
        }
        rule
    });
    let mut by_file: Vec<Vec<Diagnostic>> = vec![Vec::new(); files.len()];
    for problem in found {
        if let Some(file) = by_file.get_mut(problem.source) {
            file.push(problem.diagnostic);
        }
    }
    let shown = files.iter().zip(&by_file).map(|((name, bytes), found)| {
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        object([("file", Json::from(name.as_str())), ("problems", problems(text, found))])
    });
    text(&object([("rules", array(all.collect::<Vec<_>>())), ("files", array(shown))]))
}

/// A rule as the page shows it.
pub(crate) fn told(collected: &Collected) -> Json {
    let rule = &collected.rule;
    let suppressions = rule.suppressions.iter().map(|suppression| {
        object([
            ("filter", Json::from(suppression.filter.to_string())),
            ("reason", optional(suppression.reason.as_deref())),
            ("expires", optional(suppression.expires.as_deref())),
        ])
    });
    let keys: Vec<String> = rule.aggregate.iter().map(ToString::to_string).collect();
    object([
        ("id", Json::from(rule.id.as_str())),
        ("name", Json::from(rule.name.as_str())),
        ("ruleset", Json::from(collected.ruleset.as_str())),
        ("title", Json::from(title(&rule.title))),
        ("type", Json::from(rule.kind.as_str())),
        ("severity", Json::from(u64::from(rule.severity))),
        ("description", Json::from(rule.description.as_str())),
        ("filter", Json::from(oxpecker_engine::language::layout(&rule.filter, 88))),
        ("aggregate", texts(keys.iter().map(String::as_str))),
        ("window", Json::from(duration::written(rule.window))),
        ("sliding", Json::from(rule.sliding)),
        ("threshold", Json::from(rule.threshold)),
        ("distinct", rule.distinct.as_ref().map_or(Json::Null, |key| Json::from(key.to_string()))),
        ("suppressions", array(suppressions)),
        ("enabled", Json::from(rule.enabled)),
        ("shadow", Json::from(rule.status == Status::Shadow)),
        ("tags", texts(rule.tags.iter().map(String::as_str))),
        ("classifiers", texts(rule.classifiers.iter().map(String::as_str))),
        ("references", texts(rule.references.iter().map(String::as_str))),
        ("benign", texts(rule.benign.iter().map(String::as_str))),
        ("tests", number(rule.tests.len())),
    ])
}

/// A title as rule files write it.
fn title(title: &Template) -> String {
    let shown: Vec<String> = title
        .shown()
        .map(|(key, lookup)| match lookup {
            None => format!("{{{{{key}}}}}"),
            Some(lookup) => {
                let column: String = lookup.column.iter().map(|name| format!(".{name}")).collect();
                format!("{{{{lookup(@{}, {key}){column}}}}}", lookup.list)
            }
        })
        .collect();
    title.render(|place, out| {
        out.push_str(shown.get(place).map_or("", String::as_str));
        true
    })
}

/// A rule file with the one rule alone, so that only that rule is run; the whole file where that cannot be.
pub(crate) fn only(bytes: &[u8], id: &str) -> Vec<u8> {
    let text = std::str::from_utf8(bytes).ok().filter(|_| !id.is_empty());
    text.and_then(|text| outline::single(text, id)).map_or_else(|| bytes.to_vec(), String::into_bytes)
}

/// One rule of a file as a file of its own.
#[wasm_bindgen]
#[must_use]
pub fn single(file: &str, id: &str) -> String {
    String::from_utf8_lossy(&only(file.as_bytes(), id)).into_owned()
}

fn parsed(json: &str) -> Option<Json> {
    Json::parse(json.as_bytes(), &LIMITS).ok()
}
