//! A rule's fields under all the names that the API, its tools and its older versions gave them.

use serde_json::Value;

pub(super) const SEVERITY: &[&str] = &["severityOfAlerts", "severity"];
pub(super) const DESCRIPTION: &[&str] = &["alertDescription", "description"];
pub(super) const AGGREGATE: &[&str] = &["aggregateFields", "aggregate", "aggregate_fields", "aggFields"];
pub(super) const WINDOW: &[&str] = &["window", "windowSeconds", "window_seconds"];
pub(super) const SUPPRESSIONS: &[&str] =
    &["suppressions", "managedSuppressions", "exclusions", "exclusion_filter", "exclusionFilter"];
pub(super) const PATHS: &[&str] = &["fileIntegrityPaths", "file_integrity_paths", "paths"];
pub(super) const IGNORED: &[&str] = &["ignoreFiles", "ignore_files"];
pub(super) const EVENTS: &[&str] = &["eventsToMonitor", "events_to_monitor", "monitorEvents"];

/// The first of these that is there and not null.
pub(super) fn get<'v>(value: &'v Value, names: &[&str]) -> Option<&'v Value> {
    names.iter().find_map(|name| value.get(name).filter(|value| !value.is_null()))
}

/// A text, or a number or boolean as one; an empty one is none.
pub(super) fn text(value: &Value, names: &[&str]) -> Option<String> {
    get(value, names).and_then(scalar)
}

pub(super) fn scalar(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        _ => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}

/// The items of a list; what is none is a list of itself.
pub(super) fn items<'v>(value: &'v Value, names: &[&str]) -> &'v [Value] {
    match get(value, names) {
        Some(Value::Array(items)) => items,
        Some(one) => std::slice::from_ref(one),
        None => &[],
    }
}

/// The texts of a list, or one alone.
pub(super) fn texts(value: &Value, names: &[&str]) -> Vec<String> {
    items(value, names).iter().filter_map(scalar).collect()
}

/// The identifier of a rule or a rule set.
pub(super) fn id(value: &Value) -> Option<String> {
    text(value, &["id", "ruleId", "rule_id", "uuid"])
}

/// What a rule is called. Alerts tell their rule under its title alone, and hold the rule as it was made beside it.
pub(super) fn name(value: &Value) -> Option<String> {
    let original = value.get("original_rule").and_then(|original| text(original, &["name"]));
    text(value, &["name"]).or(original).or_else(|| text(value, &["title"])).or_else(|| id(value))
}
