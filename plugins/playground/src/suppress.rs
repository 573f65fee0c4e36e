//! The suppression that would hide an alert: its aggregate values, joined by `and`.

use oxpecker_engine::json::Json;
use oxpecker_engine::language::{self, Limits};

/// The filter of an alert record's aggregate values.
pub(crate) fn filter(record: &Json) -> Result<String, String> {
    let members = record.get("aggregate").and_then(Json::as_object).unwrap_or_default();
    if members.is_empty() {
        return Err("the rule has no aggregate fields: a suppression of it would hide all its alerts".into());
    }
    let parts: Vec<String> = members.iter().map(|(key, value)| predicate(key, value)).collect::<Result<_, _>>()?;
    let text = parts.join(" and ");
    let parsed = language::parse(&text, &Limits::default()).expr;
    parsed.map(|expr| expr.to_string()).ok_or_else(|| "the alert's aggregate fields make no filter".into())
}

fn predicate(key: &str, value: &Json) -> Result<String, String> {
    Ok(match value {
        Json::Null => format!("{key} = null"),
        Json::Bool(_) | Json::Number(_) => format!("{key} = {}", crate::answer::text(value)),
        Json::Text(text) => format!("{key} = {}", language::quoted(text)),
        Json::Array(items) => {
            let scalars = items.iter().filter(|item| !matches!(item, Json::Array(_) | Json::Object(_)));
            let parts: Vec<String> = scalars.map(|item| predicate(key, item)).collect::<Result<_, _>>()?;
            if parts.is_empty() {
                return Err(format!("the value of `{key}` cannot be compared in a filter"));
            }
            parts.join(" and ")
        }
        Json::Object(_) => return Err(format!("the value of `{key}` is an object and cannot be compared in a filter")),
    })
}
