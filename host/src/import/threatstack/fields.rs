//! A rule's fields under all the names that the API, its tools and its older versions gave them. Each name stands for
//! itself in every spelling: `aggregateFields` is `aggregate_fields` too.

use serde_json::Value;

pub(super) const SEVERITY: &[&str] = &["severityOfAlerts", "severity"];
pub(super) const DESCRIPTION: &[&str] = &["alertDescription", "description"];
pub(super) const AGGREGATE: &[&str] = &["aggregateFields", "aggregate", "aggFields"];
pub(super) const WINDOW: &[&str] = &["window", "windowSeconds"];
pub(super) const SUPPRESSIONS: &[&str] = &["suppressions", "managedSuppressions", "exclusions", "exclusionFilter"];
pub(super) const PATHS: &[&str] = &["fileIntegrityPaths", "paths"];
pub(super) const IGNORED: &[&str] = &["ignoreFiles"];
pub(super) const EVENTS: &[&str] = &["eventsToMonitor", "monitorEvents"];

/// The first of these that is there and not null.
pub(super) fn get<'v>(value: &'v Value, names: &[&str]) -> Option<&'v Value> {
    let members = value.as_object()?;
    let named = |wanted: &str| {
        let mut found = members.iter().filter(|(name, value)| is_called(name, wanted) && !value.is_null());
        found.next().map(|(_, value)| value)
    };
    names.iter().find_map(|name| named(name))
}

/// Whether a member is called so: letter case and underscores make no difference.
pub(super) fn is_called(name: &str, wanted: &str) -> bool {
    let letters = |name: &str| -> Vec<u8> {
        name.bytes().filter(|byte| *byte != b'_').map(|byte| byte.to_ascii_lowercase()).collect()
    };
    letters(name) == letters(wanted)
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
    text(value, &["id", "ruleId", "uuid"])
}

/// What a rule is called. Alerts tell their rule under its title alone, and hold the rule as it was made beside it.
pub(super) fn name(value: &Value) -> Option<String> {
    let original = get(value, &["originalRule"]).and_then(|original| text(original, &["name"]));
    text(value, &["name"]).or(original).or_else(|| text(value, &["title"])).or_else(|| id(value))
}
