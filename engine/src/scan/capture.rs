//! What a scan keeps: for each path that is asked for, where its values stand in the text.
//!
//! A later duplicate of a member replaces the earlier one with all below it, and a name with dots beats shorter ones. Both
//! take back what was kept already. What one member's value gave is a run of consecutive captures, so taking back is
//! marking that run: each capture is taken back once at most, and the work stays in proportion to the text.

use super::known::Known;
use super::pass::Whole;
use super::trie::{CAPTURED, EdgeId, NOWHERE, NodeId, SPECIAL, Trie};
use std::ops::Range;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Kind {
    /// `null`
    #[default]
    Null,
    /// `true`
    True,
    /// `false`
    False,
    /// A number, as its text stands.
    Number,
    /// A string without a backslash: its text is what it spells.
    Text,
    /// A string with one, as it stands.
    Escaped,
    /// `{…}`
    Object,
    /// `[…]`
    Array,
}

/// A value at the end of a path. It is also a link of a chain, for whoever gathers the values of each path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Capture {
    /// The path; [`NOWHERE`] once it is taken back.
    pub(crate) node: NodeId,
    /// The next of the same chain; [`NO_MORE`] where there is none.
    pub(crate) next: u32,
    /// What it is.
    pub(crate) kind: Kind,
    /// Where its text begins: of a string, behind the quote.
    pub(crate) start: usize,
    /// Where it ends: of a string, before the quote.
    pub(crate) end: usize,
    /// Whether start and end are places of another text than the event.
    pub(crate) elsewhere: bool,
}

impl Default for Capture {
    fn default() -> Self {
        Self::new(NOWHERE, Kind::Null, 0, 0)
    }
}

impl Capture {
    fn new(node: NodeId, kind: Kind, start: usize, end: usize) -> Self {
        Self { node, next: NO_MORE, kind, start, end, elsewhere: false }
    }
}

/// The end of a chain.
pub(crate) const NO_MORE: u32 = u32::MAX;

/// The last member of an edge's name: the object that it is in, and what its value gave.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    object: u64,
    start: usize,
    end: usize,
}

/// The captures of one event.
#[derive(Debug, Clone)]
pub(super) struct Captures {
    pub(super) all: Vec<Capture>,
    seen: Vec<Seen>,
    /// Room for what joined names replace.
    room: Room,
}

/// Room that is used again for each object with a joined name.
#[derive(Debug, Clone, Default)]
struct Room {
    joined: Vec<(EdgeId, Range<NodeId>)>,
    longer: Vec<Range<NodeId>>,
}

impl Captures {
    pub(super) fn new(edges: usize) -> Self {
        Self { all: Vec::new(), seen: vec![Seen::default(); edges], room: Room::default() }
    }

    #[inline(always)]
    pub(super) fn push(&mut self, node: NodeId, kind: Kind, start: usize, end: usize) {
        self.all.push(Capture::new(node, kind, start, end));
    }

    /// A member begins in an object. Objects are numbered from 1 and no number comes again.
    #[inline(always)]
    pub(super) fn member_begins(&mut self, edge: EdgeId, object: u64) {
        let start = self.all.len();
        let Some(seen) = self.seen.get_mut(edge as usize) else { return };
        if seen.object == object {
            let earlier = seen.start..seen.end;
            seen.start = start;
            take_back(&mut self.all, earlier, |_| true);
        } else {
            *seen = Seen { object, start, end: start };
        }
    }

    /// Its value has ended.
    #[inline(always)]
    pub(super) fn member_ends(&mut self, edge: EdgeId) {
        let end = self.all.len();
        if let Some(seen) = self.seen.get_mut(edge as usize) {
            seen.end = end;
        }
    }

    /// A member whose value is no bracket begins and ends. False, and nothing is noted, where there is more to it: an earlier
    /// member of the name, a further node, no room.
    #[inline(always)]
    pub(super) fn whole_member(&mut self, member: &Known, object: u64, (kind, from, to): Whole) -> bool {
        let start = self.all.len();
        let Some(seen) = self.seen.get_mut(member.way.edge() as usize) else { return false };
        if seen.object == object || member.way.is(SPECIAL) || start == self.all.capacity() {
            return false;
        }
        if member.way.is(CAPTURED) {
            self.all.push(Capture::new(member.node, kind, from, to));
        }
        *seen = Seen { object, start, end: self.all.len() };
        true
    }

    /// An object at `node` ends in which a joined name stood: what shorter names gave for its paths is taken back.
    #[cold]
    pub(super) fn longest_names_win(&mut self, trie: &Trie, node: NodeId, object: u64) {
        let (edges, joined) = trie.edges_from(node);
        let range = |edge: EdgeId| trie.edge(edge).map_or(0..0, |edge| trie.below(edge.target));
        let stood = |edge: &&EdgeId| self.seen.get(**edge as usize).is_some_and(|seen| seen.object == object);
        let Room { joined: stood_joined, longer } = &mut self.room;
        stood_joined.clear();
        stood_joined.extend(joined.iter().filter(stood).map(|edge| (*edge, range(*edge))));
        for edge in edges.iter().filter(stood) {
            let own = range(*edge);
            let inside = stood_joined
                .iter()
                .filter(|(other, below)| other != edge && own.start < below.start && below.end <= own.end);
            longer.clear();
            longer.extend(inside.map(|(_, below)| below.clone()));
            longer.sort_unstable_by_key(|below| (below.start, std::cmp::Reverse(below.end)));
            // Ranges of a trie lie inside one another or apart: without the inner ones, one search finds the range.
            let mut ended = 0;
            longer.retain(|below| {
                let outer = below.start >= ended;
                ended = ended.max(below.end);
                outer
            });
            let Some(seen) = self.seen.get(*edge as usize) else { continue };
            if !longer.is_empty() {
                take_back(&mut self.all, seen.start..seen.end, |node| {
                    let behind = longer.partition_point(|below| below.start <= node);
                    behind.checked_sub(1).and_then(|at| longer.get(at)).is_some_and(|below| below.contains(&node))
                });
            }
        }
    }
}

fn take_back(captures: &mut [Capture], run: Range<usize>, which: impl Fn(NodeId) -> bool) {
    for capture in captures.get_mut(run).into_iter().flatten().filter(|capture| which(capture.node)) {
        capture.node = NOWHERE;
    }
}
