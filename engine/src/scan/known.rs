//! Members that were met before, in the order in which they tend to come.
//!
//! Records of one kind are written by one program: after `"eventSource":` comes `"eventName":`, nearly always. So for each
//! name of a path the names that followed it last are remembered, and the bytes ahead are compared with those, quotes and
//! colon included, and the quote that begins the value where all values of the name were texts. A hit has read, checked and
//! looked up a name with one or two comparisons of vectors; a miss costs as much and goes the long way once. What is
//! remembered changes no answer, and is bounded.

use super::trie::{NOWHERE, NodeId, Way};
use super::vector::Vector;
use crate::flat::hash;

/// Bytes of `"name":"` that can be remembered; longer names go the long way each time.
const LONGEST: usize = 32;
/// How many names of all paths together are remembered.
const MOST: usize = 4096;
/// Places of the table that finds a remembered name; a power of two, at most half taken.
const SLOTS: usize = MOST * 2;
const FREE: u32 = u32::MAX;

/// A remembered name, in one line of the processor's cache.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub(super) struct Known {
    /// `"name":"`, then zeros.
    pattern: [u8; LONGEST],
    /// Bytes of the pattern that count: all, or all but the last quote.
    length: u8,
    /// Whether that counts: no value of the name began otherwise yet.
    pub(super) is_text: bool,
    /// Where it stands.
    from: NodeId,
    /// How its value is reached.
    pub(super) way: Way,
    /// Where that leads.
    pub(super) node: NodeId,
}

/// The remembered names of all paths.
#[derive(Debug, Clone)]
pub(super) struct KnownNames {
    names: Vec<Known>,
    /// For each name those that came after it, the latest first. Apart from the names: which comes next hangs on nothing
    /// but this, so a processor runs ahead along it while names are still compared.
    next: Vec<[u32; 2]>,
    /// For each node the entry that stands before the first name of an object.
    starts: Vec<u32>,
    slots: Vec<u32>,
}

impl KnownNames {
    /// Nothing is remembered yet of this many nodes.
    pub(super) fn new(nodes: usize) -> Self {
        Self { names: Vec::new(), next: Vec::new(), starts: vec![FREE; nodes], slots: vec![FREE; SLOTS] }
    }

    /// The entry before the first name of an object at a node.
    #[inline(always)]
    pub(super) fn start(&self, node: NodeId) -> u32 {
        self.starts.get(node as usize).copied().unwrap_or(FREE)
    }

    /// The name ahead, if it is one that came after `previous` before. The one that did last is tried first.
    #[inline(always)]
    pub(super) fn guess<V: Vector>(&mut self, previous: u32, text: &[u8], at: usize) -> Option<(u32, &Known)> {
        let next = self.next.get_mut(previous as usize)?;
        let [likely, other] = *next;
        let known = self.names.get(likely as usize)?;
        if known.stands_at::<V>(text, at) {
            return Some((likely, known));
        }
        let known = self.names.get(other as usize)?;
        if !known.stands_at::<V>(text, at) {
            return None;
        }
        *next = [other, likely];
        Some((other, known))
    }

    /// An entry.
    pub(super) fn get(&self, entry: u32) -> Option<&Known> {
        self.names.get(entry as usize)
    }

    /// The entry of a name at a node, if it is remembered. `name` is as it stands, without quotes or backslashes.
    pub(super) fn find(&self, from: NodeId, name: &[u8]) -> Option<u32> {
        let mut slot = hash(name, from) as usize % SLOTS;
        loop {
            let entry = *self.slots.get(slot)?;
            let known = self.names.get(entry as usize)?;
            if known.from == from && known.name() == name {
                return Some(entry);
            }
            slot = (slot + 1) % SLOTS;
        }
    }

    /// Remembers a name that [`KnownNames::find`] did not find, if there is room.
    pub(super) fn add(&mut self, from: NodeId, name: &[u8], way: Way, node: NodeId) -> Option<u32> {
        // The first value tells whether to expect texts.
        let length = u8::try_from(name.len() + 4).ok()?;
        let known = Known { pattern: pattern(name)?, length, is_text: true, from, way, node };
        let entry = self.push(known)?;
        let mut slot = hash(name, from) as usize % SLOTS;
        while self.slots.get(slot).is_some_and(|taken| *taken != FREE) {
            slot = (slot + 1) % SLOTS;
        }
        *self.slots.get_mut(slot)? = entry;
        Some(entry)
    }

    fn push(&mut self, known: Known) -> Option<u32> {
        let entry = u32::try_from(self.names.len()).ok()?;
        if self.names.len() >= MOST {
            return None;
        }
        self.names.push(known);
        self.next.push([FREE; 2]);
        Some(entry)
    }

    /// Notes that a name came with a value that is no text.
    pub(super) fn expect_any(&mut self, entry: u32) {
        let Some(known) = self.names.get_mut(entry as usize).filter(|known| known.is_text) else { return };
        (known.is_text, known.length) = (false, known.length - 1);
    }

    /// Remembers that a name at `from` came after `previous`.
    pub(super) fn follow(&mut self, from: NodeId, previous: u32, entry: u32) {
        let previous = if previous == FREE { self.begin(from) } else { Some(previous) };
        let Some(next) = previous.and_then(|previous| self.next.get_mut(previous as usize)) else { return };
        if !next.contains(&entry) {
            *next = [entry, next[0]];
        }
    }

    /// Makes the entry before the first name of a node's objects.
    fn begin(&mut self, from: NodeId) -> Option<u32> {
        let (from, way, node) = (from, Way::UNASKED, NOWHERE);
        let start = Known { pattern: [0; LONGEST], length: 0, is_text: false, from, way, node };
        let entry = self.push(start)?;
        *self.starts.get_mut(from as usize)? = entry;
        Some(entry)
    }
}

impl Known {
    fn name(&self) -> &[u8] {
        let end = self.len().saturating_sub(2 + usize::from(self.is_text));
        self.pattern.get(1..end).unwrap_or_default()
    }

    /// Bytes of the pattern.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        usize::from(self.length)
    }

    /// Whether the bytes at a place are this name.
    #[inline(always)]
    fn stands_at<V: Vector>(&self, text: &[u8], at: usize) -> bool {
        let length = self.len();
        let begins = |at, place, lanes| match (V::load(text, at), V::load(&self.pattern, place)) {
            (Some(ahead), Some(pattern)) => ahead.same(pattern, lanes),
            _ => false,
        };
        if length <= V::LANES {
            return begins(at, 0, length);
        }
        let mut done = 0;
        while length - done > V::LANES {
            if !begins(at + done, done, V::LANES) {
                return false;
            }
            done += V::LANES;
        }
        // The last vector ends with the name, so that all its lanes count.
        begins(at + length - V::LANES, length - V::LANES, V::LANES)
    }
}

/// `"name":"` and zeros behind it; none where that is too long.
fn pattern(name: &[u8]) -> Option<[u8; LONGEST]> {
    let mut pattern = [0; LONGEST];
    let ends = [(0, b'"'), (name.len() + 1, b'"'), (name.len() + 2, b':'), (name.len() + 3, b'"')];
    pattern.get_mut(1..=name.len())?.copy_from_slice(name);
    for (place, byte) in ends {
        *pattern.get_mut(place)? = byte;
    }
    Some(pattern)
}
