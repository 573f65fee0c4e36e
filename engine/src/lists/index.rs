//! Tables in which a value finds the entry of a list that equals it:
//!
//! ```text
//! texts            by their bytes                     a text in an event
//! numbers          by exact value                     a number, or a text that is one
//! number texts     by exact value                     a number (two texts compare as texts)
//! booleans         true, false and their texts        a boolean, or one of those texts
//! networks         a table for each prefix length     a text that is an address, from the narrowest on
//! ```

use super::number::Number;
use crate::json::Json;
use crate::language::expr::Value;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

/// Where each value of a list stands in it.
#[derive(Debug, Default)]
pub(super) struct Index {
    texts: HashMap<Box<str>, usize>,
    numbers: HashMap<Number, usize>,
    /// Entries that are texts and read as numbers.
    number_texts: HashMap<Number, usize>,
    /// `false`.
    no: Option<usize>,
    /// `true`.
    yes: Option<usize>,
    v4: Networks,
    v6: Networks,
    pub(super) null: bool,
}

impl Index {
    /// Later values take the place of earlier ones that are written the same.
    pub(super) fn of(values: &[Value]) -> Self {
        let mut index = Self::default();
        index.texts.reserve(values.len());
        for (place, value) in values.iter().enumerate() {
            index.add(value, place);
        }
        index
    }

    fn add(&mut self, value: &Value, place: usize) {
        match value {
            Value::Text(text) => {
                self.texts.insert(text.as_str().into(), place);
                if let Some(number) = Number::read(text) {
                    self.number_texts.insert(number, place);
                } else if let Some((first, length)) = network(text) {
                    match first {
                        IpAddr::V4(first) => self.v4.add(u128::from(first.to_bits()), 32, length, place),
                        IpAddr::V6(first) => self.v6.add(first.to_bits(), 128, length, place),
                    }
                }
            }
            Value::Number(text) => {
                // A number that cannot be read equals nothing.
                if let Some(number) = Number::read(text) {
                    self.numbers.insert(number, place);
                }
            }
            Value::Bool(false) => self.no = Some(place),
            Value::Bool(true) => self.yes = Some(place),
            Value::Null => self.null = true,
            // A list inside a list is not a thing.
            Value::List(_) => {}
        }
    }

    /// The entry that equals a scalar of an event; of several networks the narrowest.
    pub(super) fn find(&self, scalar: &Json) -> Option<usize> {
        match scalar {
            Json::Text(text) => {
                let own = self.texts.get(text.as_str()).copied();
                own.or_else(|| self.number(text, false)).or_else(|| self.bool_text(text)).or_else(|| self.address(text))
            }
            Json::Number(text) => self.number(text, true),
            Json::Bool(false) => self.no.or_else(|| self.texts.get("false").copied()),
            Json::Bool(true) => self.yes.or_else(|| self.texts.get("true").copied()),
            Json::Null | Json::Array(_) | Json::Object(_) => None,
        }
    }

    fn number(&self, text: &str, texts_too: bool) -> Option<usize> {
        if self.numbers.is_empty() && (!texts_too || self.number_texts.is_empty()) {
            return None;
        }
        let number = Number::read(text)?;
        let own = self.numbers.get(&number);
        own.or_else(|| self.number_texts.get(&number).filter(|_| texts_too)).copied()
    }

    fn bool_text(&self, text: &str) -> Option<usize> {
        match text {
            "true" => self.yes,
            "false" => self.no,
            _ => None,
        }
    }

    fn address(&self, text: &str) -> Option<usize> {
        if self.v4.is_empty() && self.v6.is_empty() {
            return None;
        }
        match text.parse::<IpAddr>().ok()?.to_canonical() {
            IpAddr::V4(address) => self.v4.find(u128::from(address.to_bits())),
            IpAddr::V6(address) => self.v6.find(address.to_bits()),
        }
    }
}

/// Networks of one family: by how many bits are free inside, fewest first, and then by what the others are.
#[derive(Debug, Default)]
struct Networks(BTreeMap<u32, HashMap<u128, usize>>);

impl Networks {
    fn add(&mut self, first: u128, width: u32, length: u32, place: usize) {
        let free = width.saturating_sub(length);
        self.0.entry(free).or_default().insert(prefix(first, free), place);
    }

    fn find(&self, address: u128) -> Option<usize> {
        self.0.iter().find_map(|(free, table)| table.get(&prefix(address, *free)).copied())
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn prefix(address: u128, free: u32) -> u128 {
    address.checked_shr(free).unwrap_or(0)
}

/// `address/length`; of a network inside `::ffff:0:0/96` the IPv4 network that it is.
fn network(text: &str) -> Option<(IpAddr, u32)> {
    let (address, length) = text.split_once('/')?;
    if !(1..=3).contains(&length.len()) || !length.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let length: u32 = length.parse().ok()?;
    match address.parse().ok()? {
        IpAddr::V4(address) => (length <= 32).then_some((IpAddr::V4(address), length)),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(inner) if (96..=128).contains(&length) => Some((IpAddr::V4(inner), length - 96)),
            _ => (length <= 128).then_some((IpAddr::V6(address), length)),
        },
    }
}
