//! What one event has for the keys that rules ask for: for each key, by its number, a chain of values.
//!
//! Everything is used again for the next event: a number that is counted up tells what is this event's, so nothing is
//! cleared and, once the buffers have grown, nothing is allocated.

use crate::scan::{Kind, Value, decode};

/// The number of a key: first those that are paths, by their node in the trie, then those that take values from others.
pub(super) type Slot = u32;

const END: u32 = u32::MAX;

/// A value at the end of a key.
#[derive(Debug, Clone, Copy)]
struct Item {
    kind: Kind,
    /// The text stands in the arena, decoded or computed, and not in the event.
    in_arena: bool,
    start: usize,
    end: usize,
    next: u32,
}

#[derive(Debug, Clone, Copy, Default)]
struct Chain {
    event: u64,
    first: u32,
    last: u32,
    /// CloudTrail left out the part of the event that the key leads into.
    cut: bool,
}

/// The values of one event.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    event: u64,
    items: Vec<Item>,
    chains: Vec<Chain>,
    arena: Vec<u8>,
    touched: Vec<Slot>,
    any_cut: bool,
}

impl Facts {
    pub(super) fn new(slots: usize) -> Self {
        Self { chains: vec![Chain::default(); slots], ..Self::default() }
    }

    /// Forgets the last event.
    pub(super) fn begin(&mut self) {
        self.event += 1;
        self.items.clear();
        self.arena.clear();
        self.touched.clear();
        self.any_cut = false;
    }

    /// Adds a value of the event to a key's; one with escapes is decoded.
    #[inline]
    pub(super) fn add(&mut self, slot: Slot, kind: Kind, event: &[u8], start: usize, end: usize) {
        if kind == Kind::Escaped {
            let at = self.arena.len();
            decode(event.get(start..end).unwrap_or_default(), &mut self.arena);
            self.link(slot, Item { kind: Kind::Text, in_arena: true, start: at, end: self.arena.len(), next: END });
        } else {
            self.link(slot, Item { kind, in_arena: false, start, end, next: END });
        }
    }

    /// Adds a text that stands nowhere in the event.
    pub(super) fn add_text(&mut self, slot: Slot, text: &[u8]) {
        let start = self.arena.len();
        self.arena.extend_from_slice(text);
        self.link(slot, Item { kind: Kind::Text, in_arena: true, start, end: self.arena.len(), next: END });
    }

    /// Adds a part of a text of the arena or the event: of the first value of another key.
    pub(super) fn add_part(&mut self, slot: Slot, of: Slot, part: std::ops::Range<usize>) {
        let Some(item) = self.first(of) else { return };
        let (start, end) = (item.start + part.start, (item.start + part.end).min(item.end));
        self.link(slot, Item { kind: Kind::Text, start, end, next: END, ..item });
    }

    /// Adds the values of another key.
    pub(super) fn add_all(&mut self, slot: Slot, of: Slot) {
        let mut at = self.chain(of).map_or(END, |chain| chain.first);
        while let Some(item) = self.items.get(at as usize).copied() {
            at = item.next;
            self.link(slot, Item { next: END, ..item });
        }
    }

    #[inline]
    fn link(&mut self, slot: Slot, item: Item) {
        let new = u32::try_from(self.items.len()).unwrap_or(END);
        self.items.push(item);
        let Some(chain) = self.chains.get_mut(slot as usize) else { return };
        if chain.event == self.event && chain.first != END {
            let last = chain.last;
            chain.last = new;
            if let Some(last) = self.items.get_mut(last as usize) {
                last.next = new;
            }
            return;
        }
        let cut = chain.event == self.event && chain.cut;
        *chain = Chain { event: self.event, first: new, last: new, cut };
        self.touched.push(slot);
    }

    /// Notes that nobody can say what a key has.
    pub(super) fn cut(&mut self, slot: Slot) {
        self.any_cut = true;
        let event = self.event;
        let Some(chain) = self.chains.get_mut(slot as usize) else { return };
        if chain.event == event {
            chain.cut = true;
        } else {
            *chain = Chain { event, first: END, last: END, cut: true };
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
        self.any_cut && self.chain(slot).is_some_and(|chain| chain.cut)
    }

    #[inline]
    fn chain(&self, slot: Slot) -> Option<&Chain> {
        self.chains.get(slot as usize).filter(|chain| chain.event == self.event)
    }

    fn first(&self, slot: Slot) -> Option<Item> {
        self.items.get(self.chain(slot)?.first as usize).copied()
    }

    /// Whether a key leads anywhere.
    #[inline]
    pub(super) fn exists(&self, slot: Slot) -> bool {
        self.chain(slot).is_some_and(|chain| chain.first != END)
    }

    /// The keys that lead somewhere, each once.
    pub(super) fn touched(&self, place: usize) -> Option<Slot> {
        self.touched.get(place).copied()
    }

    /// The values of a key.
    #[inline]
    pub(super) fn values<'f>(&'f self, slot: Slot, event: &'f [u8]) -> Values<'f> {
        Values { facts: self, event, at: self.chain(slot).map_or(END, |chain| chain.first) }
    }

    /// The first value of a key, if it is a text.
    pub(super) fn text<'f>(&'f self, slot: Slot, event: &'f [u8]) -> Option<&'f [u8]> {
        self.values(slot, event).next().filter(|value| value.kind == Kind::Text).map(|value| value.text)
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
        let text = if item.in_arena { &self.facts.arena } else { self.event };
        Some(Value { kind: item.kind, text: text.get(item.start..item.end)? })
    }
}
