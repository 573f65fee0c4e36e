//! Where some texts stand in a value: one walk over it, however many they are and however they overlap.
//!
//! It is the automaton of Aho and Corasick, read from a value's end to its beginning. Backwards, what it knows at a place
//! is the longest text that *begins* there, and nobody need look ahead for it. An event decides what is looked for and
//! where; so each byte of a value costs one node further in, and no way back is taken that no byte has paid for.

use std::collections::VecDeque;

/// The node in which nothing has been read yet.
const ROOT: u32 = 0;

/// The bytes of some texts as a tree, each text from its last byte to its first.
#[derive(Debug)]
pub(super) struct Places {
    nodes: Vec<Node>,
    /// The children of the first node, by byte; it has most.
    first: Vec<u32>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Node {
    byte: u8,
    /// Its first child, and the next child of its parent; none is the root, which is nobody's child.
    child: u32,
    sibling: u32,
    /// The node of the longest end of what was read that is a node, too.
    back: u32,
    /// Bytes of the longest text that begins where this node is reached.
    longest: u32,
}

impl Places {
    /// Of these texts, none of them empty.
    pub(super) fn of<'t>(texts: impl Iterator<Item = &'t str>) -> Self {
        let mut places = Self { nodes: vec![Node::default()], first: vec![ROOT; 256] };
        for text in texts {
            let node = text.bytes().rev().fold(ROOT, |node, byte| places.child_or_new(node, byte));
            if let Some(node) = places.nodes.get_mut(node as usize) {
                node.longest = u32::try_from(text.len()).unwrap_or_default();
            }
        }
        places.lead_back();
        places
    }

    /// Calls `visit` for each place where a text begins, the last place first, with the bytes of the longest one. Gives
    /// how many nodes it went to.
    pub(super) fn each(&self, value: &str, mut visit: impl FnMut(usize, usize)) -> usize {
        let (mut at, mut steps) = (ROOT, 0);
        for (start, byte) in value.bytes().enumerate().rev() {
            let taken;
            (at, taken) = self.step(at, byte);
            steps += taken;
            match self.node(at).longest as usize {
                0 => {}
                longest => visit(start, longest),
            }
        }
        steps
    }

    /// The node that a byte leads to, and how many nodes were gone to for that.
    fn step(&self, mut at: u32, byte: u8) -> (u32, usize) {
        let mut taken = 1;
        loop {
            match self.child(at, byte) {
                ROOT if at == ROOT => return (ROOT, taken),
                ROOT => at = self.node(at).back,
                child => return (child, taken),
            }
            taken += 1;
        }
    }

    fn node(&self, at: u32) -> Node {
        self.nodes.get(at as usize).copied().unwrap_or_default()
    }

    fn child(&self, at: u32, byte: u8) -> u32 {
        if at == ROOT {
            return self.first.get(usize::from(byte)).copied().unwrap_or_default();
        }
        let mut child = self.node(at).child;
        while child != ROOT && self.node(child).byte != byte {
            child = self.node(child).sibling;
        }
        child
    }

    fn child_or_new(&mut self, at: u32, byte: u8) -> u32 {
        let known = self.child(at, byte);
        if known != ROOT {
            return known;
        }
        let new = u32::try_from(self.nodes.len()).unwrap_or_default();
        self.nodes.push(Node { byte, sibling: self.node(at).child, ..Node::default() });
        if let Some(parent) = self.nodes.get_mut(at as usize) {
            parent.child = new;
        }
        if at == ROOT
            && let Some(first) = self.first.get_mut(usize::from(byte))
        {
            *first = new;
        }
        new
    }

    /// Sets every node's way back, those nearer to the root first: the ways lead over them.
    fn lead_back(&mut self) {
        let mut waiting = VecDeque::from([ROOT]);
        while let Some(parent) = waiting.pop_front() {
            let mut at = self.node(parent).child;
            while at != ROOT {
                let Node { byte, sibling, .. } = self.node(at);
                let back = if parent == ROOT { ROOT } else { self.step(self.node(parent).back, byte).0 };
                let longest = self.node(back).longest;
                if let Some(node) = self.nodes.get_mut(at as usize) {
                    node.back = back;
                    node.longest = node.longest.max(longest);
                }
                waiting.push_back(at);
                at = sibling;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_text_that_begins_at_each_place() {
        let texts = ["a", "ab", "abab", "ba", "bbb", "é", "ébb"];
        let places = Places::of(texts.iter().copied());
        for value in ["", "x", "a", "abababx", "bbbbab", "ébbba", "xébab é", "babbabb"] {
            let mut found = Vec::new();
            places.each(value, |start, longest| found.push((start, longest)));
            let expected = (0..value.len()).rev().filter_map(|start| {
                let here = texts.iter().filter(|text| value.as_bytes()[start..].starts_with(text.as_bytes()));
                Some((start, here.map(|text| text.len()).max()?))
            });
            assert_eq!(found, expected.collect::<Vec<_>>(), "{value}");
        }
    }

    #[test]
    fn work_grows_with_the_value_and_not_with_what_is_looked_for() {
        let longest = "a".repeat(60_000);
        let many: Vec<String> = (1..300).map(|length| "a".repeat(length)).collect();
        let hopeful = [format!("{longest}b"), format!("b{longest}"), "a".to_owned(), "aaaa".to_owned()];
        for texts in [&many[..], &hopeful] {
            let places = Places::of(texts.iter().map(String::as_str));
            for value in ["a".repeat(1 << 20), "ab".repeat(1 << 19), format!("{longest}c").repeat(17)] {
                assert!(places.each(&value, |_, _| {}) <= 2 * value.len() + 1);
            }
        }
    }
}
