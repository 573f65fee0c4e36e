//! Keys that the mapping of a producer gives a value, and how its events are recognised, on the chains of an event.
//!
//! The tables are those of [`mapping`](crate::event::mapping); the rules of how a key draws on them stand in
//! [`event`](crate::event), and here once more in code of its own.

use super::facts::{Facts, Room, Slot};
use super::traces::{Bits, Traces};
use crate::event::mapping::{self, Draw, Mapping, Path, Test};
use crate::event::milliseconds_of_stamp;
use crate::language::expr::Step;
use crate::scan::Trie;

/// Whether any mapping gives a key a value.
pub(super) fn is_mapped(key: &[Step]) -> bool {
    are_giving(key).any(|gives| gives)
}

/// Whether it does, of each producer's mapping.
pub(super) fn are_giving(key: &[Step]) -> impl Iterator<Item = bool> {
    mapping::all().iter().map(|mapping| !mapping.sources(key).is_empty())
}

/// The paths that a key can take its value from.
pub(super) fn paths_of(key: &[Step]) -> Vec<Path> {
    let sources = mapping::all().iter().flat_map(|mapping| mapping.sources(key).into_owned());
    sources.flat_map(|source| source.paths().cloned().collect::<Vec<_>>()).collect()
}

/// The paths that events are recognised by.
pub(super) fn paths_of_shapes() -> impl Iterator<Item = &'static Path> {
    mapping::all().iter().flat_map(|mapping| &mapping.when).flatten().map(|condition| &condition.path)
}

/// The paths that decide the event type.
pub(super) fn paths_of_types() -> impl Iterator<Item = &'static Path> {
    mapping::all().iter().flat_map(|mapping| &mapping.event_type).flat_map(mapping::Source::paths)
}

/// The paths of the time.
pub(super) fn paths_of_times() -> impl Iterator<Item = &'static Path> {
    mapping::all().iter().flat_map(|mapping| &mapping.time)
}

/// A producer.
#[derive(Debug, Clone)]
pub(super) struct Producer {
    when: Vec<Alternative>,
    /// What its events have one of at least.
    pub(super) traces: Traces,
    /// Each with what it was made of, whose texts stay.
    event_type: Vec<(Source, &'static mapping::Source)>,
    times: Vec<Slot>,
}

/// One way to tell its events.
#[derive(Debug, Clone)]
struct Alternative {
    /// The path of the first condition: where the event has none there, the others are not asked.
    first: Traces,
    /// All must hold, and there is one at least.
    conditions: Vec<Condition>,
}

/// All of them, in the mappings' order.
pub(super) fn producers(trie: &Trie, bits: &mut Bits) -> Vec<Producer> {
    let mut alternative = |all: &Vec<mapping::Condition>| {
        let conditions = conditions(all, trie);
        Alternative { first: bits.of_all(conditions.first().map(|condition| condition.slot)), conditions }
    };
    let producer = |mapping: &'static Mapping| {
        let when: Vec<Alternative> = mapping.when.iter().map(&mut alternative).collect();
        let mut traces = Traces::default();
        when.iter().for_each(|alternative| traces.join(alternative.first));
        Producer {
            when,
            traces,
            event_type: mapping.event_type.iter().map(|told| (source(told, trie), told)).collect(),
            times: mapping.time.iter().map(|path| trie.node(path)).collect(),
        }
    };
    mapping::all().iter().map(producer).collect()
}

/// The sources of a key, by producer.
pub(super) fn by_producer(key: &[Step], trie: &Trie) -> Vec<Vec<Source>> {
    let sources = |told: &[mapping::Source]| told.iter().map(|told| source(told, trie)).collect();
    mapping::all().iter().map(|mapping| sources(&mapping.sources(key))).collect()
}

fn source(told: &mapping::Source, trie: &Trie) -> Source {
    Source {
        slots: told.drawn().iter().map(|path| trie.node(path)).collect(),
        only_if: conditions(&told.only_if, trie),
        told: told.clone(),
    }
}

fn conditions(all: &[mapping::Condition], trie: &Trie) -> Vec<Condition> {
    all.iter().map(|told| Condition { slot: trie.node(&told.path), test: told.test.clone() }).collect()
}

impl Producer {
    /// Whether the event is of this producer.
    pub(super) fn is_of(&self, facts: &Facts, event: &[u8], decoded: &mut Vec<u8>) -> bool {
        let holds = |all: &Alternative, decoded: &mut Vec<u8>| {
            facts.may_have(all.first) && all.conditions.iter().all(|condition| condition.holds(facts, event, decoded))
        };
        facts.may_have(self.traces) && self.when.iter().any(|all| holds(all, decoded))
    }

    /// The type of the event.
    pub(super) fn event_type(&self, facts: &Facts, event: &[u8], room: &mut Room) -> Option<&'static str> {
        self.event_type.iter().find_map(|(source, told)| source.constant(told, facts, event, room))
    }

    /// When the event happened.
    pub(super) fn time(&self, facts: &Facts, event: &[u8]) -> Option<i64> {
        let ends = self.times.iter().flat_map(|slot| facts.values(*slot, event));
        let texts = ends.filter(|end| super::test::has_text(end.kind));
        texts.filter_map(|end| std::str::from_utf8(end.text).ok()).find_map(milliseconds_of_stamp)
    }
}

fn looked_up<'t>(told: &'t mapping::Source, piece: &[u8]) -> Option<&'t str> {
    told.look_up(std::str::from_utf8(piece).ok()?)
}

/// What is asked of a key.
#[derive(Debug, Clone)]
struct Condition {
    slot: Slot,
    test: Test,
}

impl Condition {
    fn holds(&self, facts: &Facts, event: &[u8], decoded: &mut Vec<u8>) -> bool {
        let mut any =
            |wanted: &dyn Fn(&[u8]) -> bool| facts.any_scalar(self.slot, event, decoded, &mut |text| wanted(text));
        let among = |texts: &[String], text: &[u8]| texts.iter().any(|wanted| wanted.as_bytes() == text);
        match &self.test {
            Test::Present => facts.has_value(self.slot, event),
            Test::OneOf(texts) => any(&|text| among(texts, text)),
            Test::StartsWith(prefix) => any(&|text| text.starts_with(prefix.as_bytes())),
            Test::NoneOf(texts) => facts.has_value(self.slot, event) && !any(&|text| among(texts, text)),
        }
    }
}

/// Where a key takes a value from.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// The paths that it draws on.
    slots: Vec<Slot>,
    only_if: Vec<Condition>,
    told: mapping::Source,
}

impl Source {
    /// Adds to a key what this source gives; false where that is nothing.
    pub(super) fn draw(&self, into: Slot, facts: &mut Facts, event: &[u8]) -> bool {
        let mut room = facts.lend();
        let drawn = self.allowed(facts, event, &mut room) && self.add(into, facts, event, &mut room);
        facts.give_back(room);
        drawn
    }

    fn add(&self, into: Slot, facts: &mut Facts, event: &[u8], room: &mut Room) -> bool {
        let is_looked_up = !self.told.tables.is_empty();
        if let (Draw::Path(_), [slot], false) = (&self.told.draw, self.slots.as_slice(), is_looked_up) {
            let has_value = facts.has_value(*slot, event);
            if has_value {
                facts.add_all(into, *slot, event);
            }
            return has_value;
        }
        self.gather(facts, event, room);
        let mut added = false;
        for piece in room.pieces() {
            let text = if is_looked_up { looked_up(&self.told, piece).map(str::as_bytes) } else { Some(piece) };
            if let Some(text) = text {
                facts.add_text(into, text);
                added = true;
            }
        }
        added
    }

    /// The text that it gives, if that is one that stands in the mapping: in `told`, which it was made of.
    fn constant(
        &self,
        told: &'static mapping::Source,
        facts: &Facts,
        event: &[u8],
        room: &mut Room,
    ) -> Option<&'static str> {
        if !self.allowed(facts, event, room) {
            return None;
        }
        if let Draw::Text(text) = &told.draw {
            return Some(text);
        }
        self.gather(facts, event, room);
        room.pieces().find_map(|piece| looked_up(told, piece))
    }

    fn allowed(&self, facts: &Facts, event: &[u8], room: &mut Room) -> bool {
        self.only_if.iter().all(|condition| condition.holds(facts, event, &mut room.decoded))
    }

    /// Puts the texts that are taken where they are looked at.
    fn gather(&self, facts: &Facts, event: &[u8], room: &mut Room) {
        room.clear();
        let Room { texts, ends, decoded } = room;
        let mut each = |visit: &mut dyn FnMut(&[u8])| {
            for slot in &self.slots {
                facts.any_scalar(*slot, event, decoded, &mut |text| {
                    visit(text);
                    false
                });
            }
        };
        let mut piece = |text: &[u8]| {
            texts.extend_from_slice(text);
            ends.push(texts.len());
        };
        match &self.told.draw {
            Draw::Text(text) => piece(text.as_bytes()),
            Draw::Path(_) => each(&mut piece),
            Draw::Last(_) => each(&mut |text| {
                let last = text.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
                if let Some(part @ [_, ..]) = text.get(last..) {
                    piece(part);
                }
            }),
            Draw::Join(_) => {
                let mut is_first = true;
                each(&mut |text| {
                    if !std::mem::take(&mut is_first) {
                        texts.push(b' ');
                    }
                    texts.extend_from_slice(text);
                });
                if !is_first {
                    ends.push(texts.len());
                }
            }
        }
    }
}
