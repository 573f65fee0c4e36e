//! Which of many tests on one key hold for a value, found by looking the value up rather than by asking each.
//!
//! ```text
//! =, in          a table of values            one look-up a value
//! starts_with    a table of prefixes          one look-up for each length that occurs
//! ends_with      a table of suffixes          likewise
//! like           one automaton of all texts   one walk over the value
//! = network      all in order                 one search, and a step for each network of one nest
//! <, >=          all in order                 one search
//! ```
//!
//! That nest is the last network that begins before the address or at it, and all around that one. The inner ones of them
//! may not hold the address: they are stepped over. There are no more of them than lengths, 33 of IPv4 and 129 of IPv6.

use super::automaton::{Inside, Room};
use super::bounds::{Bounds, Reach};
use super::door::Door;
use super::members::NumberKey;
use super::network::{Address, Nests, network};
use super::test::has_text;
use crate::flat::ByteMap;
use crate::language::expr::{Comparison, TextOperator, Value as Wanted};
use crate::scan::Kind;
use std::cmp::Reverse;

/// The number of a predicate.
pub(super) type PredicateId = u32;

/// Marks a predicate that may hold if it is found, and does not if it is not.
pub(super) const PERHAPS: PredicateId = 1 << 31;

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

    /// The number of a list of its own.
    fn add_new(&mut self, predicate: PredicateId) -> u32 {
        let list = self.next();
        self.add(list, predicate);
        list
    }

    /// Adds a predicate to a list that may not have begun yet.
    fn add_to(&mut self, list: &mut Option<u32>, predicate: PredicateId) {
        match *list {
            Some(list) => self.add(list, predicate),
            None => *list = Some(self.add_new(predicate)),
        }
    }

    fn report(&self, list: u32, found: &mut Vec<PredicateId>) {
        if let Some(list) = self.0.get(list as usize) {
            found.extend_from_slice(list);
        }
    }
}

/// What was found of several values of a key already. So what is found takes no more room than there are predicates,
/// whatever an event holds.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// Counts the keys that were looked up.
    turn: u64,
    /// For each list of an index the last turn in which it was found; of whatever index: the numbers are shared.
    lists: Vec<u64>,
    reach: Reach,
}

impl Seen {
    /// The values of another key come, and are looked up in an index.
    pub(super) fn begin(&mut self, index: &Index) {
        self.turn += 1;
        self.reach = Reach::default();
        if self.lists.len() < index.postings.0.len() {
            self.lists.resize(index.postings.0.len(), 0);
        }
    }

    /// Whether a list is found for the first time.
    fn is_new(lists: &mut [u64], list: u32, turn: u64) -> bool {
        lists.get_mut(list as usize).is_some_and(|seen| std::mem::replace(seen, turn) != turn)
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
    fn each<'v>(&self, value: &'v [u8], end: impl Fn(&'v [u8], usize) -> &'v [u8], mut visit: impl FnMut(u32)) {
        for (length, door) in self.lengths.iter().take_while(|(length, _)| *length <= value.len()) {
            let text = end(value, *length);
            if door.admits(Kind::Text, text) {
                self.texts.get(text, 0).into_iter().for_each(&mut visit);
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
    yes: Option<u32>,
    no: Option<u32>,
    /// Networks with their predicates, as they were added.
    added: Vec<(Address, Address, PredicateId)>,
    networks: Nests,
    prefixes: Ends,
    suffixes: Ends,
    inside: ByteMap,
    automaton: Option<Inside>,
    /// For each text of the automaton its list.
    inside_lists: Vec<u32>,
    bounds: Bounds,
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
            Wanted::Bool(true) => self.postings.add_to(&mut self.yes, predicate),
            Wanted::Bool(false) => self.postings.add_to(&mut self.no, predicate),
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

    /// Adds a predicate that holds for values on one side of this one.
    pub(super) fn bound(&mut self, comparison: Comparison, bound: &str, predicate: PredicateId) {
        self.bounds.add(comparison, bound, self.postings.add_new(predicate));
    }

    /// Makes what is looked up together, once everything is added.
    pub(super) fn finish(&mut self, room: &mut Room) {
        self.bounds.finish();
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

    /// Whether more than whole values is looked for: texts in them, or networks around them.
    pub(super) fn is_costly(&self) -> bool {
        !self.networks.is_empty()
            || !self.prefixes.lengths.is_empty()
            || !self.suffixes.lengths.is_empty()
            || !self.inside.is_empty()
    }

    /// What tells of the values that are looked for.
    pub(super) fn door(&self) -> Door {
        if !self.numbers.is_empty() || !self.bounds.is_empty() || self.is_costly() {
            return Door::OPEN;
        }
        let mut door = Door::default();
        self.texts.iter().for_each(|(text, _)| door.add(text));
        let words: [(_, &[u8]); 2] = [(self.yes, b"true"), (self.no, b"false")];
        words.iter().filter(|(asked, _)| asked.is_some()).for_each(|(_, word)| door.add(word));
        door
    }

    /// Appends the predicates that hold for a value that is no array; some may stand more than once.
    #[inline]
    pub(super) fn find(&self, kind: Kind, text: &[u8], key: &mut NumberKey, found: &mut Vec<PredicateId>) {
        self.each(kind, text, key, &mut Reach::default(), |list| self.postings.report(list, found));
    }

    /// The same for one of several values, or of one in which much may be found: without those that were found before, since
    /// [`Seen::begin`].
    pub(super) fn find_new(
        &self,
        kind: Kind,
        text: &[u8],
        key: &mut NumberKey,
        seen: &mut Seen,
        found: &mut Vec<PredicateId>,
    ) {
        let Seen { turn, lists, reach } = seen;
        self.each(kind, text, key, reach, |list| {
            if Seen::is_new(lists, list, *turn) {
                self.postings.report(list, found);
            }
        });
    }

    /// Calls `report` with the lists of the predicates that hold.
    #[inline]
    fn each(&self, kind: Kind, text: &[u8], key: &mut NumberKey, reach: &mut Reach, mut report: impl FnMut(u32)) {
        self.each_equal(kind, text, key, &mut report);
        if has_text(kind) {
            self.each_word(text, &mut report);
        }
        if !self.bounds.is_empty() && matches!(kind, Kind::Text | Kind::Number) {
            self.bounds.each(text, reach, report);
        }
    }

    #[inline]
    fn each_equal(&self, kind: Kind, text: &[u8], key: &mut NumberKey, report: &mut impl FnMut(u32)) {
        match kind {
            Kind::Text | Kind::Escaped => {
                self.texts.get(text, 0).into_iter().for_each(&mut *report);
                if !self.numbers.is_empty()
                    && let Some(key) = key.of(text)
                {
                    self.numbers.get(key, 0).into_iter().for_each(&mut *report);
                }
                match text {
                    b"true" => self.yes.into_iter().for_each(report),
                    b"false" => self.no.into_iter().for_each(report),
                    _ => self.each_network(text, report),
                }
            }
            Kind::Number if self.numbers.is_empty() && self.number_texts.is_empty() => {}
            Kind::Number => {
                if let Some(key) = key.of(text) {
                    let tables = [&self.numbers, &self.number_texts];
                    tables.iter().filter_map(|table| table.get(key, 0)).for_each(report);
                }
            }
            Kind::True => self.yes.into_iter().chain(self.texts.get(b"true", 0)).for_each(report),
            Kind::False => self.no.into_iter().chain(self.texts.get(b"false", 0)).for_each(report),
            Kind::Null | Kind::Array | Kind::Object => {}
        }
    }

    #[inline]
    fn each_network(&self, text: &[u8], report: &mut impl FnMut(u32)) {
        if self.networks.is_empty() {
            return;
        }
        let Some(address) = Address::read(text) else { return };
        self.networks.each(address, report);
    }

    #[inline]
    fn each_word(&self, text: &[u8], report: &mut impl FnMut(u32)) {
        self.prefixes.each(text, first, &mut *report);
        self.suffixes.each(text, last, &mut *report);
        let Some(automaton) = &self.automaton else { return };
        automaton.each(text, |number| self.inside_lists.get(number).copied().into_iter().for_each(&mut *report));
    }
}

fn first(text: &[u8], length: usize) -> &[u8] {
    text.get(..length).unwrap_or_default()
}

fn last(text: &[u8], length: usize) -> &[u8] {
    text.len().checked_sub(length).and_then(|from| text.get(from..)).unwrap_or_default()
}
