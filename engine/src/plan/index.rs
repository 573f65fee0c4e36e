//! Which of many tests on one key hold for a value, found by looking the value up rather than by asking each.
//!
//! ```text
//! =, in          a table of values            one look-up a value
//! starts_with    a table of prefixes          one look-up for each length that occurs
//! ends_with      a table of suffixes          likewise
//! like           one automaton of all texts   one walk over the value
//! = network      all in order                 one search, and a step for each network of one nest
//! ```
//!
//! That nest is the last network that begins before the address or at it, and all around that one. The inner ones of them
//! may not hold the address: they are stepped over. There are no more of them than lengths, 33 of IPv4 and 129 of IPv6.

use super::automaton::{Inside, Room};
use super::door::Door;
use super::members::NumberKey;
use super::network::{Address, Nests, network};
use super::test::has_text;
use crate::flat::ByteMap;
use crate::language::expr::{TextOperator, Value as Wanted};
use crate::scan::Kind;
use std::cmp::Reverse;

/// The number of a predicate.
pub(super) type PredicateId = u32;

/// Lists of predicates, each under a number.
#[derive(Debug, Clone, Default)]
struct Postings(Vec<Vec<PredicateId>>);

impl Postings {
    fn next(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }

    fn add(&mut self, list: u32, predicate: PredicateId) {
        if list == self.next() {
            self.0.push(Vec::new());
        }
        if let Some(list) = self.0.get_mut(list as usize) {
            list.push(predicate);
        }
    }

    fn report(&self, list: Option<u32>, found: &mut Vec<PredicateId>) {
        if let Some(list) = list.and_then(|list| self.0.get(list as usize)) {
            found.extend_from_slice(list);
        }
    }
}

/// Texts at one end of a value.
#[derive(Debug, Clone, Default)]
struct Ends {
    texts: ByteMap,
    /// Their lengths, the shortest first, and of each which texts there are.
    lengths: Vec<(usize, Door)>,
}

impl Ends {
    fn add(&mut self, text: &[u8], next: u32) -> u32 {
        let place = self.lengths.partition_point(|(length, _)| *length < text.len());
        if self.lengths.get(place).is_none_or(|(length, _)| *length != text.len()) {
            self.lengths.insert(place, (text.len(), Door::default()));
        }
        if let Some((_, door)) = self.lengths.get_mut(place) {
            door.add(text);
        }
        self.texts.get_or_insert(text, 0, next)
    }

    /// Calls `visit` for each text that a value has there; `end` cuts so many bytes off.
    #[inline]
    fn each<'v>(&self, value: &'v [u8], end: impl Fn(&'v [u8], usize) -> &'v [u8], mut visit: impl FnMut(Option<u32>)) {
        for (length, door) in self.lengths.iter().take_while(|(length, _)| *length <= value.len()) {
            let text = end(value, *length);
            if door.admits(Kind::Text, text) {
                visit(self.texts.get(text, 0));
            }
        }
    }
}

/// The index of one key, or of what one function makes of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    postings: Postings,
    texts: ByteMap,
    numbers: ByteMap,
    number_texts: ByteMap,
    yes: Vec<PredicateId>,
    no: Vec<PredicateId>,
    /// Networks with their predicates, as they were added.
    added: Vec<(Address, Address, PredicateId)>,
    networks: Nests,
    prefixes: Ends,
    suffixes: Ends,
    inside: ByteMap,
    automaton: Option<Inside>,
    /// For each text of the automaton its list.
    inside_lists: Vec<u32>,
}

impl Index {
    /// Adds a predicate that holds for values equal to this one. Null and lists are for the caller.
    pub(super) fn equal(&mut self, value: &Wanted, predicate: PredicateId) {
        let mut key = NumberKey::default();
        match value {
            Wanted::Text(text) => {
                let list = self.texts.get_or_insert(text.as_bytes(), 0, self.postings.next());
                self.postings.add(list, predicate);
                if let Some(key) = key.of(text.as_bytes()) {
                    let list = self.number_texts.get_or_insert(key, 0, self.postings.next());
                    self.postings.add(list, predicate);
                } else if let Some((first, last)) = network(text.as_bytes()) {
                    self.added.push((first, last, predicate));
                }
            }
            Wanted::Number(number) => {
                if let Some(key) = key.of(number.as_bytes()) {
                    let list = self.numbers.get_or_insert(key, 0, self.postings.next());
                    self.postings.add(list, predicate);
                }
            }
            Wanted::Bool(true) => self.yes.push(predicate),
            Wanted::Bool(false) => self.no.push(predicate),
            Wanted::Null | Wanted::List(_) => {}
        }
    }

    /// Adds a predicate that holds for values with this text in them.
    pub(super) fn word(&mut self, operator: TextOperator, text: &[u8], predicate: PredicateId) {
        let next = self.postings.next();
        let list = match operator {
            TextOperator::StartsWith => self.prefixes.add(text, next),
            TextOperator::EndsWith => self.suffixes.add(text, next),
            TextOperator::Like | TextOperator::Contains => self.inside.get_or_insert(text, 0, next),
        };
        self.postings.add(list, predicate);
    }

    /// Makes what is looked up together, once everything is added.
    pub(super) fn finish(&mut self, room: &mut Room) {
        let mut added = std::mem::take(&mut self.added);
        added.sort_unstable_by_key(|(first, last, predicate)| (*first, Reverse(*last), *predicate));
        for (first, last, predicate) in added {
            let list = self.networks.push(first, last, self.postings.next());
            self.postings.add(list, predicate);
        }
        if self.inside.is_empty() {
            return;
        }
        let (texts, lists): (Vec<&[u8]>, Vec<u32>) = self.inside.iter().unzip();
        self.automaton = Inside::of(&texts, room);
        self.inside_lists = lists;
    }

    /// Bytes of the texts that are looked for inside values.
    pub(super) fn bytes_inside(&self) -> usize {
        self.inside.iter().map(|(text, _)| text.len()).sum()
    }

    /// Whether only whole values are looked for: no texts in them, and no networks around them.
    pub(super) fn is_only_of_values(&self) -> bool {
        self.networks.is_empty()
            && self.prefixes.lengths.is_empty()
            && self.suffixes.lengths.is_empty()
            && self.inside.is_empty()
    }

    /// What tells of the values that are looked for.
    pub(super) fn door(&self) -> Door {
        if !self.numbers.is_empty() || !self.is_only_of_values() {
            return Door::OPEN;
        }
        let mut door = Door::default();
        self.texts.iter().for_each(|(text, _)| door.add(text));
        let words: [(&[_], &[u8]); 2] = [(&self.yes, b"true"), (&self.no, b"false")];
        words.iter().filter(|(asked, _)| !asked.is_empty()).for_each(|(_, word)| door.add(word));
        door
    }

    /// Appends the predicates that hold for a value that is no array; some may stand more than once.
    #[inline]
    pub(super) fn find(&self, kind: Kind, text: &[u8], key: &mut NumberKey, found: &mut Vec<PredicateId>) {
        self.find_equal(kind, text, key, found);
        if has_text(kind) {
            self.find_words(text, found);
        }
    }

    #[inline]
    fn find_equal(&self, kind: Kind, text: &[u8], key: &mut NumberKey, found: &mut Vec<PredicateId>) {
        match kind {
            Kind::Text | Kind::Escaped => {
                self.postings.report(self.texts.get(text, 0), found);
                if !self.numbers.is_empty()
                    && let Some(key) = key.of(text)
                {
                    self.postings.report(self.numbers.get(key, 0), found);
                }
                match text {
                    b"true" => found.extend_from_slice(&self.yes),
                    b"false" => found.extend_from_slice(&self.no),
                    _ => self.find_networks(text, found),
                }
            }
            Kind::Number if self.numbers.is_empty() && self.number_texts.is_empty() => {}
            Kind::Number => {
                if let Some(key) = key.of(text) {
                    self.postings.report(self.numbers.get(key, 0), found);
                    self.postings.report(self.number_texts.get(key, 0), found);
                }
            }
            Kind::True => {
                found.extend_from_slice(&self.yes);
                self.postings.report(self.texts.get(b"true", 0), found);
            }
            Kind::False => {
                found.extend_from_slice(&self.no);
                self.postings.report(self.texts.get(b"false", 0), found);
            }
            Kind::Null | Kind::Array | Kind::Object => {}
        }
    }

    #[inline]
    fn find_networks(&self, text: &[u8], found: &mut Vec<PredicateId>) {
        if self.networks.is_empty() {
            return;
        }
        let Some(address) = Address::read(text) else { return };
        self.networks.each(address, |list| self.postings.report(Some(list), found));
    }

    #[inline]
    fn find_words(&self, text: &[u8], found: &mut Vec<PredicateId>) {
        self.prefixes.each(text, first, |list| self.postings.report(list, found));
        self.suffixes.each(text, last, |list| self.postings.report(list, found));
        let Some(automaton) = &self.automaton else { return };
        automaton.each(text, |number| self.postings.report(self.inside_lists.get(number).copied(), found));
    }
}

fn first(text: &[u8], length: usize) -> &[u8] {
    text.get(..length).unwrap_or_default()
}

fn last(text: &[u8], length: usize) -> &[u8] {
    text.len().checked_sub(length).and_then(|from| text.get(from..)).unwrap_or_default()
}
