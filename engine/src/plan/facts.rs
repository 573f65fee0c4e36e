//! What one event has for the keys that rules ask for: for each key, by its number, a chain of values.
//!
//! Everything is used again for the next event: a number that is counted up tells what is this event's, so nothing is
//! cleared and, once the buffers have grown, nothing is allocated.

use super::door::Door;
use super::test::has_text;
use super::traces::Traces;
use crate::event::Shape;
use crate::scan::{Capture, Kind, NO_MORE, Value, decode};
use std::cell::Cell;

/// The number of a key: first those that are paths, by their node in the trie, then those that take values from others.
pub(super) type Slot = u32;

#[derive(Debug, Clone, Copy)]
struct Chain {
    event: u64,
    first: u32,
    last: u32,
    /// Which of the key's values are worth looking up.
    door: Door,
    /// The last event in which one came that may be.
    knocked: u64,
    /// What it is told by to those that draw on it.
    traces: Traces,
}

impl Chain {
    /// Appends an item; gives the one before it, [`NO_MORE`] for the first.
    #[inline(always)]
    fn append(&mut self, event: u64, item: u32) -> u32 {
        let last = if self.event == event { self.last } else { NO_MORE };
        if last == NO_MORE {
            (self.event, self.first) = (event, item);
        }
        self.last = item;
        last
    }

    /// Whether the key is to be looked up from now on: for the first of an event's values that is worth it. The text of an
    /// item is a part of the event's, or of the other one.
    #[inline(always)]
    fn knocks(&mut self, event: u64, item: &Capture, texts: (&[u8], &[u8])) -> bool {
        let text = if item.elsewhere { texts.1 } else { texts.0 };
        let text = text.get(item.start..item.end).unwrap_or_default();
        self.door.admits(item.kind, text) && std::mem::replace(&mut self.knocked, event) != event
    }
}

/// The values of one event.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    event: u64,
    /// What the scan captured, and behind it what was put together from that.
    items: Vec<Capture>,
    chains: Vec<Chain>,
    /// For each key the last event of which it is not known what the key has: CloudTrail left that part out.
    cuts: Vec<u64>,
    any_cut: bool,
    /// Which of the paths that others draw on lead somewhere.
    traces: Traces,
    /// For each key that takes its values from others, the last event for which it was put together.
    made: Vec<u64>,
    shape: Option<Shape>,
    /// Texts that stand nowhere in the event.
    arena: Vec<u8>,
    /// Keys of which some value may be worth looking up, each once.
    knocking: Vec<Slot>,
    room: Room,
}

/// Room for texts that are taken from an event and not added yet. It is lent out, so that facts can be read and added to
/// meanwhile.
#[derive(Debug, Clone, Default)]
pub(super) struct Room {
    /// The texts, one behind the other.
    pub(super) texts: Vec<u8>,
    /// Where each ends.
    pub(super) ends: Vec<usize>,
    /// A string of the event, decoded.
    pub(super) decoded: Vec<u8>,
}

impl Room {
    /// Forgets the texts.
    pub(super) fn clear(&mut self) {
        self.texts.clear();
        self.ends.clear();
    }

    /// The texts.
    pub(super) fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).filter_map(|(start, end)| self.texts.get(start..*end))
    }
}

impl Facts {
    /// Room for the values of keys with these doors; the first are paths, with these traces, and the others draw on them.
    pub(super) fn new(doors: impl ExactSizeIterator<Item = Door>, paths: &[Traces]) -> Self {
        let others = doors.len().saturating_sub(paths.len());
        let traces = paths.iter().copied().chain(std::iter::repeat(Traces::default()));
        let chain = |(door, traces)| Chain { event: 0, first: NO_MORE, last: NO_MORE, door, knocked: 0, traces };
        Self {
            cuts: vec![0; doors.len()],
            chains: doors.zip(traces).map(chain).collect(),
            made: vec![0; others],
            ..Self::default()
        }
    }

    /// Forgets the last event and takes over what was captured of another; what the last one needed is given back for
    /// use. `written` is the text that what stands elsewhere is a part of.
    #[inline]
    pub(super) fn begin(&mut self, captures: &mut Vec<Capture>, event: &[u8], written: &[u8]) {
        self.event += 1;
        self.arena.clear();
        if !written.is_empty() {
            self.arena.extend_from_slice(written);
        }
        self.knocking.clear();
        self.any_cut = false;
        self.traces = Traces::default();
        self.shape = None;
        std::mem::swap(&mut self.items, captures);
        self.link(self.event, event);
    }

    /// Puts what was captured into the chains of its keys, and joins what those are told by. In a function of its own: so
    /// what its loop holds has room in registers, in a sandbox too.
    #[inline(never)]
    fn link(&mut self, now: u64, event: &[u8]) {
        let items = Cell::from_mut(self.items.as_mut_slice()).as_slice_of_cells();
        let mut new = 0;
        while let Some(cell) = items.get(new as usize) {
            let item = cell.get();
            // What was taken back is of no key.
            if let Some(chain) = self.chains.get_mut(item.node as usize) {
                if item.kind == Kind::Escaped {
                    spell(cell, event, &mut self.arena, &mut self.room.decoded);
                }
                self.traces.join(chain.traces);
                if !chain.door.is_shut() && chain.knocks(now, &cell.get(), (event, &self.arena)) {
                    self.knocking.push(item.node);
                }
                let last = chain.append(now, new);
                if let Some(last) = items.get(last as usize) {
                    last.set(Capture { next: new, ..last.get() });
                }
            }
            new += 1;
        }
    }

    fn add(&mut self, slot: Slot, item: Capture, event: &[u8]) {
        let Some(chain) = self.chains.get_mut(slot as usize) else { return };
        if !chain.door.is_shut() && chain.knocks(self.event, &item, (event, &self.arena)) {
            self.knocking.push(slot);
        }
        let new = u32::try_from(self.items.len()).unwrap_or(NO_MORE);
        let last = chain.append(self.event, new);
        if let Some(last) = self.items.get_mut(last as usize) {
            last.next = new;
        }
        self.items.push(Capture { node: slot, next: NO_MORE, ..item });
    }

    /// Adds a text that stands nowhere in the event.
    pub(super) fn add_text(&mut self, slot: Slot, text: &[u8]) {
        let start = self.arena.len();
        self.arena.extend_from_slice(text);
        let end = self.arena.len();
        self.add(slot, Capture { node: slot, next: NO_MORE, kind: Kind::Text, start, end, elsewhere: true }, &[]);
    }

    /// Adds a part of the first value of another key, which is a text.
    pub(super) fn add_part(&mut self, slot: Slot, of: Slot, part: std::ops::Range<usize>, event: &[u8]) {
        let Some(item) = self.first(of) else { return };
        let (start, end) = (item.start + part.start, (item.start + part.end).min(item.end));
        self.add(slot, Capture { start, end, ..item }, event);
    }

    /// Adds the values of another key.
    pub(super) fn add_all(&mut self, slot: Slot, of: Slot, event: &[u8]) {
        let mut at = self.chain(of).map_or(NO_MORE, |chain| chain.first);
        while let Some(item) = self.items.get(at as usize).copied() {
            at = item.next;
            self.add(slot, item, event);
        }
    }

    /// Whether the event may have one of these paths.
    #[inline]
    pub(super) fn may_have(&self, paths: Traces) -> bool {
        self.traces.meet(paths)
    }

    /// Whether a key that draws on others has still to be put together; it is taken to be from now on.
    #[inline]
    pub(super) fn is_due(&mut self, other: usize) -> bool {
        self.made.get_mut(other).is_some_and(|made| std::mem::replace(made, self.event) != self.event)
    }

    /// How many of those keys were put together for this event.
    #[cfg(test)]
    pub(super) fn made(&self) -> usize {
        self.made.iter().filter(|made| **made == self.event).count()
    }

    /// Whether somebody asked for the event's shape.
    #[cfg(test)]
    pub(super) fn is_shaped(&self) -> bool {
        self.shape.is_some()
    }

    /// The event's shape, found out when it is first asked for.
    #[inline]
    pub(super) fn shape(&mut self, find: impl FnOnce(&mut Self) -> Shape) -> Shape {
        if let Some(shape) = self.shape {
            return shape;
        }
        let shape = find(self);
        self.shape = Some(shape);
        shape
    }

    /// Lends the room for texts; until it is given back there is none.
    pub(super) fn lend(&mut self) -> Room {
        std::mem::take(&mut self.room)
    }

    /// Takes the room back.
    pub(super) fn give_back(&mut self, room: Room) {
        self.room = room;
    }

    /// Notes that nobody can say what a key has.
    pub(super) fn cut(&mut self, slot: Slot) {
        self.any_cut = true;
        if let Some(cut) = self.cuts.get_mut(slot as usize) {
            *cut = self.event;
        }
    }

    /// Whether that was noted of any key.
    #[inline]
    pub(super) fn any_cut(&self) -> bool {
        self.any_cut
    }

    /// Whether it was noted of this key.
    #[inline]
    pub(super) fn is_cut(&self, slot: Slot) -> bool {
        self.any_cut && self.cuts.get(slot as usize) == Some(&self.event)
    }

    #[inline]
    fn chain(&self, slot: Slot) -> Option<&Chain> {
        self.chains.get(slot as usize).filter(|chain| chain.event == self.event)
    }

    fn first(&self, slot: Slot) -> Option<Capture> {
        self.items.get(self.chain(slot)?.first as usize).copied()
    }

    /// Whether a key leads anywhere.
    #[inline]
    pub(super) fn exists(&self, slot: Slot) -> bool {
        self.chain(slot).is_some()
    }

    /// The keys of which some value may be worth looking up, each once.
    #[inline]
    pub(super) fn knocking(&self, place: usize) -> Option<Slot> {
        self.knocking.get(place).copied()
    }

    /// The values of a key.
    #[inline]
    pub(super) fn values<'f>(&'f self, slot: Slot, event: &'f [u8]) -> Values<'f> {
        Values { facts: self, event, at: self.chain(slot).map_or(NO_MORE, |chain| chain.first) }
    }

    /// The value of a key, if it has one only and that is a text.
    #[inline]
    pub(super) fn only_text<'f>(&'f self, slot: Slot, event: &'f [u8]) -> Option<&'f [u8]> {
        let is_only = self.chain(slot).is_some_and(|chain| chain.first == chain.last);
        is_only.then(|| self.text(slot, event)).flatten()
    }

    /// The first value of a key, if it is a text.
    pub(super) fn text<'f>(&'f self, slot: Slot, event: &'f [u8]) -> Option<&'f [u8]> {
        self.values(slot, event).next().filter(|value| value.kind == Kind::Text).map(|value| value.text)
    }

    /// Calls `visit` for the text of each scalar that a key leads to, in arrays too, until it says that it has seen enough;
    /// gives whether it did. `decoded` is room to work in.
    pub(super) fn any_scalar(
        &self,
        slot: Slot,
        event: &[u8],
        decoded: &mut Vec<u8>,
        visit: &mut impl FnMut(&[u8]) -> bool,
    ) -> bool {
        self.values(slot, event).any(|value| match value.kind {
            Kind::Array => crate::scan::any_inside(value.text, &mut |inner| match inner.kind {
                Kind::Escaped => {
                    decoded.clear();
                    decode(inner.text, decoded);
                    visit(decoded)
                }
                kind => has_text(kind) && visit(inner.text),
            }),
            kind => has_text(kind) && visit(value.text),
        })
    }

    /// Whether a key leads to anything but null and objects, in arrays too.
    pub(super) fn has_scalar(&self, slot: Slot, event: &[u8]) -> bool {
        self.values(slot, event).any(|value| match value.kind {
            Kind::Array => crate::scan::any_inside(value.text, &mut |inner| has_text(inner.kind)),
            kind => has_text(kind),
        })
    }

    /// Whether a key leads to anything but null, in arrays too.
    pub(super) fn has_value(&self, slot: Slot, event: &[u8]) -> bool {
        self.values(slot, event).any(|value| match value.kind {
            Kind::Null => false,
            Kind::Array => crate::scan::any_inside(value.text, &mut |inner| inner.kind != Kind::Null),
            _ => true,
        })
    }
}

/// Puts the text that a string with escapes spells in its place. `copy` is room for one that stands in the arena itself.
#[inline(never)]
fn spell(cell: &Cell<Capture>, event: &[u8], arena: &mut Vec<u8>, copy: &mut Vec<u8>) {
    let (item, start) = (cell.get(), arena.len());
    let place = item.start..item.end;
    if item.elsewhere {
        copy.clear();
        copy.extend_from_slice(arena.get(place).unwrap_or_default());
        decode(copy, arena);
    } else {
        decode(event.get(place).unwrap_or_default(), arena);
    }
    cell.set(Capture { kind: Kind::Text, start, end: arena.len(), elsewhere: true, ..item });
}

/// The values of a key, in the event's order.
pub(super) struct Values<'f> {
    facts: &'f Facts,
    event: &'f [u8],
    at: u32,
}

impl<'f> Iterator for Values<'f> {
    type Item = Value<'f>;

    #[inline]
    fn next(&mut self) -> Option<Value<'f>> {
        let item = self.facts.items.get(self.at as usize)?;
        self.at = item.next;
        let text = if item.elsewhere { &self.facts.arena } else { self.event };
        Some(Value { kind: item.kind, text: text.get(item.start..item.end)? })
    }
}
