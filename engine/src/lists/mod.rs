//! Named lists of values: what `@name` stands for in a filter, and what `lookup(@name, key)` finds in a title.
//!
//! A list is prepared once, when it is made ([`index`]): asking whether a value is in it then takes the same time
//! whatever its length, and gives the answer that comparing with each entry by `=` would give.

mod index;
mod number;
#[cfg(test)]
mod tests;

use crate::json::Json;
use crate::language::expr::Value;
use crate::language::token::is_word_char;
use index::Index;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One value of a list, with what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The value that events are compared with.
    pub key: Value,
    /// What a lookup gives: a scalar, an object of named values, or null where the key is all there is.
    pub value: Json,
}

/// A list, prepared. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct List(Arc<Prepared>);

#[derive(Debug, Default)]
struct Prepared {
    keys: Vec<Value>,
    /// As many as keys, or none where no key has a value.
    values: Vec<Json>,
    index: Index,
}

impl List {
    /// Prepares entries. Where two have the same key, the last one counts in lookups.
    #[must_use]
    pub fn of(entries: Vec<Entry>) -> Self {
        let (keys, mut values): (Vec<Value>, Vec<Json>) =
            entries.into_iter().map(|entry| (entry.key, entry.value)).unzip();
        if values.iter().all(Json::is_null) {
            values = Vec::new();
        }
        let index = Index::of(&keys);
        Self(Arc::new(Prepared { keys, values, index }))
    }

    /// Its values, in order.
    #[must_use]
    pub fn values(&self) -> &[Value] {
        &self.0.keys
    }

    /// How many entries it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.keys.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.keys.is_empty()
    }

    /// Whether `null` is one of its values.
    #[must_use]
    pub fn holds_null(&self) -> bool {
        self.0.index.null
    }

    /// Whether a scalar of an event equals one of its values, as `=` compares. Null, arrays and objects equal none.
    #[must_use]
    pub fn holds(&self, scalar: &Json) -> bool {
        self.0.index.find(scalar).is_some()
    }

    /// What the list says of a scalar: the value of the entry that equals it (of several networks, of the narrowest), or
    /// the entry itself where the list has no values.
    #[must_use]
    pub fn lookup(&self, scalar: &Json) -> Option<Json> {
        let place = self.0.index.find(scalar)?;
        let value = self.0.values.get(place).cloned().unwrap_or(Json::Null);
        if value.is_null() && self.0.values.is_empty() { self.0.keys.get(place).map(as_json) } else { Some(value) }
    }

    /// Its entries, in order.
    pub fn entries(&self) -> impl Iterator<Item = (&Value, &Json)> {
        static NOTHING: Json = Json::Null;
        let values = self.0.values.iter().chain(std::iter::repeat(&NOTHING));
        self.0.keys.iter().zip(values)
    }
}

impl From<Vec<Value>> for List {
    fn from(keys: Vec<Value>) -> Self {
        Self::of(keys.into_iter().map(|key| Entry { key, value: Json::Null }).collect())
    }
}

/// Two lists are the same if their entries are: the index follows from those.
impl PartialEq for List {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || (self.0.keys == other.0.keys && self.0.values == other.0.values)
    }
}

impl Eq for List {}

/// Whether filters can call a list by this name.
#[must_use]
pub fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_word_char)
}

fn as_json(value: &Value) -> Json {
    match value {
        Value::Text(text) | Value::List(text) => Json::Text(text.clone()),
        Value::Number(number) => Json::Number(number.clone()),
        Value::Bool(value) => Json::Bool(*value),
        Value::Null => Json::Null,
    }
}

/// The lists that filters and titles may use, by name. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lists(BTreeMap<String, List>);

impl Lists {
    /// No lists.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a list; one of the same name is replaced.
    pub fn insert(&mut self, name: impl Into<String>, list: impl Into<List>) {
        self.0.insert(name.into(), list.into());
    }

    /// A list. An empty one where there is none of the name, which the check of a filter has reported.
    #[must_use]
    pub fn list(&self, name: &str) -> List {
        self.0.get(name).cloned().unwrap_or_default()
    }

    /// The values of a list; none where there is no such list.
    #[must_use]
    pub fn get(&self, name: &str) -> &[Value] {
        self.0.get(name).map(List::values).unwrap_or_default()
    }

    /// What a list says of a scalar; see [`List::lookup`].
    #[must_use]
    pub fn lookup(&self, name: &str, scalar: &Json) -> Option<Json> {
        self.0.get(name)?.lookup(scalar)
    }

    /// Whether there is a list of this name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Each list, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &List)> {
        self.0.iter().map(|(name, list)| (name.as_str(), list))
    }
}

impl From<BTreeMap<String, List>> for Lists {
    fn from(lists: BTreeMap<String, List>) -> Self {
        Self(lists)
    }
}
