//! Sets of values: whether a scalar of an event equals one of them takes the same time however many there are.
//!
//! Equality is loose between kinds and strict within, so a value stands in several tables:
//!
//! ```text
//! texts          by their bytes        a text, and a boolean by its word
//! numbers        by their value        a number, and a text that is one
//! number texts   by their value        a number (two texts compare as texts)
//! booleans       true, false           a boolean, and a text that is its word
//! networks       merged ranges         a text that is an address
//! ```

use super::network::Networks;
use super::number::Number;
use crate::flat::ByteMap;
use crate::language::expr::Value;
use crate::scan::Kind;

/// Room to work in, used again for every event.
#[derive(Debug, Clone, Default)]
pub(super) struct NumberKey(Vec<u8>);

impl NumberKey {
    /// The bytes that stand for a number; none for a text that is no number.
    pub(super) fn of(&mut self, text: &[u8]) -> Option<&[u8]> {
        let number = Number::read(text)?;
        self.0.clear();
        number.write_key(&mut self.0);
        Some(&self.0)
    }
}

/// A set of values other than null.
#[derive(Debug, Clone, Default)]
pub(super) struct Members {
    texts: ByteMap,
    numbers: ByteMap,
    number_texts: ByteMap,
    yes: bool,
    no: bool,
    networks: Networks,
}

impl Members {
    /// The set of some values; null and lists are for the caller.
    pub(super) fn of<'v>(values: impl Iterator<Item = &'v Value> + Clone) -> Self {
        let mut key = NumberKey::default();
        let texts = values.clone().filter_map(|value| match value {
            Value::Text(text) => Some(text.as_bytes()),
            _ => None,
        });
        let mut set = Self { networks: Networks::of(texts), ..Self::default() };
        for value in values {
            match value {
                Value::Text(text) => {
                    set.texts.get_or_insert(text.as_bytes(), 0, 0);
                    if let Some(key) = key.of(text.as_bytes()) {
                        set.number_texts.get_or_insert(key, 0, 0);
                    }
                }
                Value::Number(number) => {
                    if let Some(key) = key.of(number.as_bytes()) {
                        set.numbers.get_or_insert(key, 0, 0);
                    }
                }
                Value::Bool(true) => set.yes = true,
                Value::Bool(false) => set.no = true,
                Value::Null | Value::List(_) => {}
            }
        }
        set
    }

    /// Whether a scalar equals one of the values. Null, arrays and objects equal none.
    pub(super) fn hold(&self, kind: Kind, text: &[u8], key: &mut NumberKey) -> bool {
        let has = |table: &ByteMap, key: &[u8]| table.get(key, 0).is_some();
        match kind {
            Kind::Text | Kind::Escaped => {
                has(&self.texts, text)
                    || (self.yes && text == b"true")
                    || (self.no && text == b"false")
                    || (!self.numbers.is_empty() && key.of(text).is_some_and(|key| has(&self.numbers, key)))
                    || self.networks.hold(text)
            }
            Kind::Number if self.numbers.is_empty() && self.number_texts.is_empty() => false,
            Kind::Number => key.of(text).is_some_and(|key| has(&self.numbers, key) || has(&self.number_texts, key)),
            Kind::True => self.yes || has(&self.texts, b"true"),
            Kind::False => self.no || has(&self.texts, b"false"),
            Kind::Null | Kind::Array | Kind::Object => false,
        }
    }
}
