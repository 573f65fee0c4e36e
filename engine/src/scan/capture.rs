//! What a scan keeps: for each path that is asked for, where its values stand in the text.
//!
//! A later duplicate of a member replaces the earlier one with all below it, and a name with dots beats shorter ones. Both
//! take back what was kept already. What one member's value gave is a run of consecutive captures, so taking back is
//! marking that run: each capture is taken back once at most, and the work stays in proportion to the text.

use super::known::Known;
use super::pass::Whole;
use super::trie::{CAPTURED, EdgeId, NOWHERE, NodeId, SPECIAL, Trie, Way};
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
    /// Joined names that stood, each with its object; those of the innermost object are the last.
    joined: Vec<(u64, EdgeId)>,
    /// Room for the shorter names that they beat, each with the nodes that are taken from it.
    beaten: Vec<(EdgeId, Range<NodeId>)>,
}

impl Captures {
    pub(super) fn new(edges: usize) -> Self {
        Self { all: Vec::new(), seen: vec![Seen::default(); edges], joined: Vec::new(), beaten: Vec::new() }
    }

    /// Forgets joined names of objects that did not end.
    pub(super) fn forget_joined(&mut self) {
        self.joined.clear();
    }

    #[inline(always)]
    pub(super) fn push(&mut self, node: NodeId, kind: Kind, start: usize, end: usize) {
        self.all.push(Capture::new(node, kind, start, end));
    }

    /// A member that some rule asks for begins in an object. Objects are numbered from 1 and no number comes again.
    #[inline(always)]
    pub(super) fn member_begins(&mut self, trie: &Trie, way: Way, object: u64) {
        let (edge, start) = (way.edge(), self.all.len());
        if way.is(SPECIAL) && trie.edge(edge).is_some_and(|edge| edge.joined) {
            self.joined.push((object, edge));
        }
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

    /// An object ends: where joined names stood in it, what shorter names gave for their paths is taken back. What stood in
    /// the objects inside it is done with, so its own are the last.
    #[inline(always)]
    pub(super) fn object_ends(&mut self, trie: &Trie, object: u64) {
        if self.joined.last().is_some_and(|(of, _)| *of == object) {
            self.longest_names_win(trie, object);
        }
    }

    #[cold]
    fn longest_names_win(&mut self, trie: &Trie, object: u64) {
        let Self { all, seen, joined, beaten } = self;
        beaten.clear();
        while let Some((_, edge)) = joined.pop_if(|(of, _)| *of == object) {
            let Some(below) = trie.edge(edge).map(|edge| trie.below(edge.target)) else { continue };
            let stood = |edge: &&EdgeId| seen.get(**edge as usize).is_some_and(|seen| seen.object == object);
            beaten.extend(trie.shorter(edge).iter().filter(stood).map(|shorter| (*shorter, below.clone())));
        }
        beaten.sort_unstable_by_key(|(shorter, below)| (*shorter, below.start, std::cmp::Reverse(below.end)));
        // Ranges of a trie lie inside one another or apart: without the inner ones, one search finds the range.
        beaten.dedup_by(|(other, inner), (shorter, outer)| shorter == other && inner.end <= outer.end);
        for longer in beaten.chunk_by(|(one, _), (other, _)| one == other) {
            let Some(seen) = longer.first().and_then(|(shorter, _)| seen.get(*shorter as usize)) else { continue };
            take_back(all, seen.start..seen.end, |node| {
                let behind = longer.partition_point(|(_, below)| below.start <= node);
                behind.checked_sub(1).and_then(|at| longer.get(at)).is_some_and(|(_, below)| below.contains(&node))
            });
        }
    }
}

fn take_back(captures: &mut [Capture], run: Range<usize>, which: impl Fn(NodeId) -> bool) {
    for capture in captures.get_mut(run).into_iter().flatten().filter(|capture| which(capture.node)) {
        capture.node = NOWHERE;
    }
}
