//! Alerts in the forms of others, as `oxpecker replay --output` gives them. The mappings are the host's, written once more
//! over the engine's own JSON: the host's writer recurses and would take a shipper's whole stack. A test of the host holds
//! the two against each other.

mod ecs;
mod ocsf;

use super::options::Shape;
use oxpecker_engine::json::Json;
use std::net::IpAddr;

/// The text of an alert in some form.
pub(super) fn text(alert: &Json, shape: Shape) -> String {
    match shape {
        Shape::Record => alert.to_string(),
        Shape::Ecs => ecs::document(&View(alert)).to_string(),
        Shape::Ocsf => ocsf::finding(&View(alert)).to_string(),
    }
}

/// An alert record that is read.
struct View<'a>(&'a Json);

impl<'a> View<'a> {
    fn text(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).and_then(Json::as_text)
    }

    /// A field as it is.
    fn field(&self, name: &str) -> Json {
        self.0.get(name).cloned().unwrap_or(Json::Null)
    }

    /// A field, unless it is null or not there.
    fn given(&self, name: &str) -> Option<Json> {
        self.0.get(name).filter(|value| !value.is_null()).cloned()
    }

    /// A list, unless it is empty.
    fn filled(&self, name: &str) -> Option<Json> {
        self.0.get(name).filter(|value| value.as_array().is_some_and(|items| !items.is_empty())).cloned()
    }

    fn severity(&self) -> Option<u8> {
        self.0.get("severity")?.scalar_text()?.parse().ok()
    }

    /// A text of the context, the first of several.
    fn context(&self, name: &str) -> Option<&'a str> {
        let value = self.0.at(&["context", name])?;
        value.as_array().map_or(Some(value), |items| items.first())?.as_text()
    }

    /// All texts of the context of one name.
    fn contexts(&self, name: &str) -> Vec<&'a str> {
        let Some(value) = self.0.at(&["context", name]) else { return Vec::new() };
        match value.as_array() {
            Some(items) => items.iter().filter_map(Json::as_text).collect(),
            None => value.as_text().into_iter().collect(),
        }
    }

    fn events(&self) -> &'a [Json] {
        self.0.get("events").and_then(Json::as_array).unwrap_or_default()
    }

    fn is_cloudtrail(&self) -> bool {
        self.text("event_type") == Some("cloudtrail")
    }

    /// The techniques in its tags: `attack.t1555.006` is `T1555` and `T1555.006`.
    fn techniques(&self) -> Vec<(String, Option<String>)> {
        let tags = self.0.get("tags").and_then(Json::as_array).unwrap_or_default();
        tags.iter().filter_map(Json::as_text).filter_map(technique).collect()
    }
}

fn technique(tag: &str) -> Option<(String, Option<String>)> {
    let digits = |text: &str, length: usize| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    let tag = tag.to_ascii_lowercase();
    let number = tag.strip_prefix("attack.t")?;
    let (number, sub) = number.split_once('.').map_or((number, None), |(number, sub)| (number, Some(sub)));
    let sound = digits(number, 4) && sub.is_none_or(|sub| digits(sub, 3));
    sound.then(|| (format!("T{number}"), sub.map(|sub| format!("T{number}.{sub}"))))
}

fn is_address(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}

/// An object of the fields that have a value.
fn object<const N: usize>(fields: [(&str, Option<Json>); N]) -> Json {
    Json::Object(fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
}

fn json(text: &str) -> Option<Json> {
    Some(Json::from(text))
}

fn number(value: u64) -> Option<Json> {
    Some(Json::from(value))
}

fn list(values: impl IntoIterator<Item = Json>) -> Option<Json> {
    Some(Json::Array(values.into_iter().collect()))
}
