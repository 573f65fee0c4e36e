//! Building the JSON texts that the page gets.

use oxpecker_engine::json::Json;

/// An object.
pub(crate) fn object<const N: usize>(fields: [(&str, Json); N]) -> Json {
    Json::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// An array.
pub(crate) fn array(items: impl IntoIterator<Item = Json>) -> Json {
    Json::Array(items.into_iter().collect())
}

/// An array of texts.
pub(crate) fn texts<'t>(items: impl IntoIterator<Item = &'t str>) -> Json {
    array(items.into_iter().map(Json::from))
}

/// A text, or null.
pub(crate) fn optional(text: Option<&str>) -> Json {
    text.map_or(Json::Null, Json::from)
}

/// A whole number.
pub(crate) fn number(number: usize) -> Json {
    Json::from(number as u64)
}

/// A whole number that may be below zero.
pub(crate) fn signed(number: i64) -> Json {
    Json::Number(number.to_string())
}

/// The text of an answer.
pub(crate) fn text(json: &Json) -> String {
    let mut text = String::new();
    json.write_to(&mut text);
    text
}
