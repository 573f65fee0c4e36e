//! Named lists of values: what `@name` stands for in a filter.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::language::expr::Value;

/// The lists that filters may use, by name. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lists(BTreeMap<String, Arc<[Value]>>);

impl Lists {
    /// No lists.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a list; one of the same name is replaced.
    pub fn insert(&mut self, name: impl Into<String>, values: Vec<Value>) {
        self.0.insert(name.into(), values.into());
    }

    /// The values of a list; none where there is no such list, which the check of a filter has reported.
    #[must_use]
    pub fn get(&self, name: &str) -> &[Value] {
        self.0.get(name).map(AsRef::as_ref).unwrap_or_default()
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

    /// Each list with its values, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[Value])> {
        self.0.iter().map(|(name, values)| (name.as_str(), values.as_ref()))
    }
}
