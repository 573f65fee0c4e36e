//! The paths that rules ask for, as one trie: what a scan keeps of an event, and what it steps over.
//!
//! ```text
//! userIdentity.type, userIdentity.arn, requestParameters.tags[0].key
//!
//! (root) ─ userIdentity ─┬─ type                          a node is a path; one that is asked for is captured
//!        │               └─ arn                           an edge is a member's name
//!        ├─ userIdentity.type, userIdentity.arn           joined edges: the same nodes, by names that hold dots
//!        └─ requestParameters ─ tags ─ [0] ─ key          an index is followed after the scan, from the array's text
//! ```
//!
//! Nodes are numbered so that all below one are the numbers behind it: "everything under this path" is a range.

use crate::flat::{ByteMap, Runs};
use crate::language::expr::Step;
use std::collections::BTreeMap;
use std::ops::Range;

/// A path of the trie; 0 is the event itself.
pub(crate) type NodeId = u32;
/// A member's name that leads from one path to another.
pub(super) type EdgeId = u32;

/// What no rule asks for.
pub(crate) const NOWHERE: NodeId = u32::MAX;
/// No edge.
pub(super) const NO_EDGE: EdgeId = u32::MAX;

/// One path.
#[derive(Debug, Clone, Default)]
pub(crate) struct Node {
    /// The first number behind the nodes below it.
    end: NodeId,
    flags: Flags,
    /// Elements of an array that are asked for, by place.
    indexes: Vec<(i64, NodeId)>,
    /// The first edge from here of each name.
    names: ByteMap,
}

/// One name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    /// Where it leads.
    pub(crate) target: NodeId,
    /// Whether the name joins several steps: then it beats shorter ones of the same object.
    pub(crate) joined: bool,
    /// A further edge from the same node with the same name. `"a.b"` and `a.b` are two paths, and the member `a.b` is on
    /// both.
    pub(crate) also: EdgeId,
}

/// What is asked of a value, as bits.
pub(super) type Flags = u32;
/// The value is kept: it is asked for, or elements of it are.
pub(super) const CAPTURED: Flags = 1;
/// Names lead further.
pub(super) const NAMED: Flags = 2;
/// It is a member that an edge leads to.
pub(super) const MEMBER: Flags = 4;
/// Its edge is joined, or there is a further edge with its name.
pub(super) const SPECIAL: Flags = 8;
/// Bits of a [`Way`] that are flags.
const FLAG_BITS: u32 = 4;

/// How a value is reached, in one word: an edge or a node, with what is asked of the value. Zero is a value that nobody
/// asks for, which most are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Way(u32);

impl Way {
    /// A value that is only checked.
    pub(super) const UNASKED: Self = Self(0);

    fn new(index: u32, flags: Flags) -> Self {
        if flags == 0 { Self::UNASKED } else { Self(index << FLAG_BITS | flags) }
    }

    /// A value at a node that no edge leads to.
    pub(super) fn to_node(trie: &Trie, node: NodeId) -> Self {
        Self::new(node, trie.flags(node))
    }

    #[inline(always)]
    pub(super) fn is_asked(self) -> bool {
        self.0 != 0
    }

    #[inline(always)]
    pub(super) fn is(self, flag: Flags) -> bool {
        self.0 & flag != 0
    }

    /// The edge, if this is the way to a member.
    #[inline(always)]
    pub(super) fn edge(self) -> EdgeId {
        self.0 >> FLAG_BITS
    }

    /// The node that it leads to.
    #[inline(always)]
    pub(super) fn node(self, trie: &Trie) -> NodeId {
        let index = self.0 >> FLAG_BITS;
        if self.is(MEMBER) { trie.edges.get(index as usize).map_or(NOWHERE, |edge| edge.target) } else { index }
    }

    /// The elements of an array that is reached so: names lead through it, but it is the path's end, not they.
    #[inline(always)]
    pub(super) fn element(self, trie: &Trie) -> Self {
        if self.is(NAMED) { Self::new(self.node(trie), NAMED) } else { Self::UNASKED }
    }
}

/// All paths.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trie {
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    /// For each edge whose name joins several steps, the edges from the same node that lead to it step by step.
    shorter: Runs<EdgeId>,
}

/// The tree while it is put together.
#[derive(Debug, Default)]
struct Draft<'p> {
    names: BTreeMap<&'p str, Draft<'p>>,
    indexes: BTreeMap<i64, Draft<'p>>,
    captured: bool,
}

impl<'p> Draft<'p> {
    fn child(&mut self, step: &'p Step) -> &mut Self {
        match step {
            Step::Name(name) => self.names.entry(name).or_default(),
            Step::Index(index) => self.indexes.entry(*index).or_default(),
        }
    }
}

fn id(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(NOWHERE)
}

impl Trie {
    /// The trie of some paths; [`Trie::node`] finds each. Keys are bounded by the language, so recursion is too.
    pub(crate) fn of<'p>(paths: impl IntoIterator<Item = &'p [Step]>) -> Self {
        let mut draft = Draft::default();
        for path in paths {
            path.iter().fold(&mut draft, Draft::child).captured = true;
        }
        let mut trie = Self::default();
        trie.add(&draft, &[]);
        trie.shorter = trie.shorter_than_joined();
        trie
    }

    /// What leads to the end of a joined name has a name that is its beginning, up to a dot.
    fn shorter_than_joined(&self) -> Runs<EdgeId> {
        let mut shorter = vec![Vec::new(); self.edges.len()];
        for node in &self.nodes {
            for (name, first) in node.names.iter() {
                for (edge, joined) in self.same_name(first).filter(|(_, edge)| edge.joined) {
                    let end = self.below(joined.target);
                    let is_around = |(_, other): &(EdgeId, Edge)| {
                        let around = self.below(other.target);
                        around.start < end.start && end.end <= around.end
                    };
                    let beginnings =
                        memchr::memchr_iter(b'.', name).filter_map(|dot| node.names.get(name.get(..dot)?, 0));
                    let found =
                        beginnings.flat_map(|first| self.same_name(first)).filter(is_around).map(|(edge, _)| edge);
                    if let Some(shorter) = shorter.get_mut(edge as usize) {
                        shorter.extend(found);
                    }
                }
            }
        }
        shorter.into_iter().collect()
    }

    /// An edge, and the further ones from the same node with its name.
    fn same_name(&self, first: EdgeId) -> impl Iterator<Item = (EdgeId, Edge)> {
        let edge = |id| Some((id, self.edge(id)?));
        std::iter::successors(edge(first), move |(_, last)| edge(last.also))
    }

    /// Adds a node with all below it. `above` are the nodes from which names alone lead here, each with those names.
    fn add(&mut self, draft: &Draft<'_>, above: &[(NodeId, String)]) -> NodeId {
        let node = id(self.nodes.len());
        let captured = if draft.captured || !draft.indexes.is_empty() { CAPTURED } else { 0 };
        let named = if draft.names.is_empty() { 0 } else { NAMED };
        self.nodes.push(Node { flags: captured | named, ..Node::default() });
        for (name, child) in &draft.names {
            let mut above: Vec<(NodeId, String)> =
                above.iter().map(|(from, names)| (*from, format!("{names}.{name}"))).collect();
            above.push((node, (*name).to_owned()));
            let target = self.add(child, &above);
            for (from, names) in above {
                self.connect(from, &names, Edge { target, joined: from != node, also: NO_EDGE });
            }
        }
        for (index, child) in &draft.indexes {
            let target = self.add(child, &[]);
            if let Some(node) = self.nodes.get_mut(node as usize) {
                node.indexes.push((*index, target));
            }
        }
        let end = id(self.nodes.len());
        if let Some(node) = self.nodes.get_mut(node as usize) {
            node.end = end;
        }
        node
    }

    fn connect(&mut self, from: NodeId, name: &str, edge: Edge) {
        let new = id(self.edges.len());
        self.edges.push(edge);
        let Some(node) = self.nodes.get_mut(from as usize) else { return };
        let first = node.names.get_or_insert(name.as_bytes(), 0, new);
        // Appended behind those that have the name already.
        let mut last = first;
        while last != new {
            let Some(edge) = self.edges.get_mut(last as usize) else { return };
            if edge.also == NO_EDGE {
                edge.also = new;
            }
            last = edge.also;
        }
    }

    /// The node of a path; [`NOWHERE`] if it is not in the trie.
    pub(crate) fn node(&self, path: &[Step]) -> NodeId {
        path.iter().try_fold(0, |at, step| self.child(at, step)).unwrap_or(NOWHERE)
    }

    fn child(&self, node: NodeId, step: &Step) -> Option<NodeId> {
        match step {
            Step::Index(index) => {
                let indexes = &self.nodes.get(node as usize)?.indexes;
                indexes.iter().find(|(place, _)| place == index).map(|(_, target)| *target)
            }
            Step::Name(name) => {
                let mut edge = self.edge(self.edge_of(node, name.as_bytes()))?;
                while edge.joined {
                    edge = self.edge(edge.also)?;
                }
                Some(edge.target)
            }
        }
    }

    /// How many nodes there are.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// How many edges there are.
    pub(super) fn edges(&self) -> usize {
        self.edges.len()
    }

    /// The first edge from a node that has a name.
    fn edge_of(&self, node: NodeId, name: &[u8]) -> EdgeId {
        self.nodes.get(node as usize).and_then(|node| node.names.get(name, 0)).unwrap_or(NO_EDGE)
    }

    /// An edge.
    #[inline]
    pub(super) fn edge(&self, edge: EdgeId) -> Option<Edge> {
        self.edges.get(edge as usize).copied()
    }

    fn flags(&self, node: NodeId) -> Flags {
        self.nodes.get(node as usize).map_or(0, |node| node.flags)
    }

    /// How the member of an edge is reached; the way of nothing for [`NO_EDGE`].
    pub(super) fn way(&self, edge: EdgeId) -> Way {
        let Some(to) = self.edge(edge) else { return Way::UNASKED };
        let special = if to.joined || to.also != NO_EDGE { SPECIAL } else { 0 };
        Way::new(edge, self.flags(to.target) | MEMBER | special)
    }

    /// How else the member of an edge is reached, if its name leads to further nodes.
    #[cold]
    pub(super) fn again(&self, edge: EdgeId) -> Option<Way> {
        Some(self.way(self.edge(edge)?.also)).filter(|way| way.is_asked())
    }

    /// How the member of this name is reached from a node.
    pub(super) fn way_by_name(&self, node: NodeId, name: &[u8]) -> Way {
        self.way(self.edge_of(node, name))
    }

    /// Whether any path has an index.
    pub(crate) fn has_indexes(&self) -> bool {
        self.nodes.iter().any(|node| !node.indexes.is_empty())
    }

    /// The elements of an array at a node that are asked for.
    pub(crate) fn indexes(&self, node: NodeId) -> &[(i64, NodeId)] {
        self.nodes.get(node as usize).map(|node| node.indexes.as_slice()).unwrap_or_default()
    }

    /// The edges that lead step by step to where an edge with a joined name leads, from the same node.
    pub(super) fn shorter(&self, joined: EdgeId) -> &[EdgeId] {
        self.shorter.get(joined)
    }

    /// A node and all below it.
    pub(crate) fn below(&self, node: NodeId) -> Range<NodeId> {
        node..self.nodes.get(node as usize).map_or(node, |node| node.end)
    }
}
