//! Takes the fields that rules ask for out of an event, in one pass over its JSON or from a tree: for engines that match
//! flat fields.

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

/// The paths that are asked for, as a tree of keys. Each path has a slot, counted from 0.
#[derive(Default)]
pub struct Fields {
    root: Branch,
    slots: usize,
}

#[derive(Default)]
struct Branch {
    slot: Option<usize>,
    children: HashMap<String, Branch>,
}

/// A value at a path that was asked for. Nulls are left out.
pub enum Found<'e> {
    Text(Cow<'e, str>),
    Bool(bool),
    Int(i64),
    Float(f64),
    /// An object or an array that is not empty.
    Container,
}

impl Fields {
    /// The slot of a path, a new one if it was not asked for before.
    pub fn slot(&mut self, path: &[String]) -> usize {
        let mut branch = &mut self.root;
        for key in path {
            branch = branch.children.entry(key.clone()).or_default();
        }
        *branch.slot.get_or_insert_with(|| {
            self.slots += 1;
            self.slots - 1
        })
    }

    pub fn len(&self) -> usize {
        self.slots
    }

    /// Reads an event once, with whatever reader of JSON; what no path leads to is skipped.
    pub fn read<'e, D: Deserializer<'e>>(
        &self,
        reader: D,
        emit: &mut dyn FnMut(usize, Found<'e>),
    ) -> Result<(), D::Error> {
        Reading { branch: &self.root, emit }.deserialize(reader)
    }

    /// Looks the fields up in a tree.
    pub fn look_up<'e>(&self, event: &'e Value, emit: &mut dyn FnMut(usize, Found<'e>)) {
        look_up(&self.root, event, emit);
    }
}

fn look_up<'e>(branch: &Branch, value: &'e Value, emit: &mut dyn FnMut(usize, Found<'e>)) {
    let found = match value {
        Value::Null => return,
        Value::Bool(value) => Found::Bool(*value),
        Value::Number(number) => {
            number.as_i64().map_or_else(|| Found::Float(number.as_f64().unwrap_or(0.0)), Found::Int)
        }
        Value::String(text) => Found::Text(Cow::Borrowed(text)),
        Value::Array(elements) => return elements.iter().for_each(|element| look_up(branch, element, emit)),
        Value::Object(members) => {
            // The shorter side asks the longer one.
            if members.len() <= branch.children.len() {
                for (key, value) in members {
                    branch.children.get(key).into_iter().for_each(|child| look_up(child, value, emit));
                }
            } else {
                for (key, child) in &branch.children {
                    members.get(key).into_iter().for_each(|value| look_up(child, value, emit));
                }
            }
            Found::Container
        }
    };
    branch.slot.into_iter().for_each(|slot| emit(slot, found_once(&found)));
}

/// A `Found` that came from a tree, once more.
fn found_once<'e>(found: &Found<'e>) -> Found<'e> {
    match found {
        Found::Text(text) => Found::Text(text.clone()),
        Found::Bool(value) => Found::Bool(*value),
        Found::Int(value) => Found::Int(*value),
        Found::Float(value) => Found::Float(*value),
        Found::Container => Found::Container,
    }
}

struct Reading<'b, 'm, 'e> {
    branch: &'b Branch,
    emit: &'m mut dyn FnMut(usize, Found<'e>),
}

impl<'e> Reading<'_, '_, 'e> {
    fn give(self, found: Found<'e>) {
        if let Some(slot) = self.branch.slot {
            (self.emit)(slot, found);
        }
    }
}

impl<'e> DeserializeSeed<'e> for Reading<'_, '_, 'e> {
    type Value = ();

    fn deserialize<D: Deserializer<'e>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'e> Visitor<'e> for Reading<'_, '_, 'e> {
    type Value = ();

    fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.give(Found::Bool(value));
        Ok(())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.give(Found::Int(value));
        Ok(())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.give(i64::try_from(value).map_or(Found::Float(value as f64), Found::Int));
        Ok(())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.give(Found::Float(value));
        Ok(())
    }

    fn visit_borrowed_str<E: Error>(self, text: &'e str) -> Result<(), E> {
        self.give(Found::Text(Cow::Borrowed(text)));
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.give(Found::Text(Cow::Owned(text.to_owned())));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'e>>(self, mut elements: A) -> Result<(), A::Error> {
        while elements.next_element_seed(Reading { branch: self.branch, emit: &mut *self.emit })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'e>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(child) = members.next_key_seed(Key(self.branch))? {
            match child {
                Some(branch) => members.next_value_seed(Reading { branch, emit: &mut *self.emit })?,
                None => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        self.give(Found::Container);
        Ok(())
    }
}

/// Finds a key's branch without keeping the key.
struct Key<'b>(&'b Branch);

impl<'e, 'b> DeserializeSeed<'e> for Key<'b> {
    type Value = Option<&'b Branch>;

    fn deserialize<D: Deserializer<'e>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_str(self)
    }
}

impl<'b> Visitor<'_> for Key<'b> {
    type Value = Option<&'b Branch>;

    fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.children.get(key))
    }
}
