//! Where some texts stand in a value: one walk over it, however many they are and however they overlap.
//!
//! It is the automaton of Aho and Corasick, read from a value's end to its beginning. Backwards, what it knows at a place
//! is the longest text that *begins* there, and nobody need look ahead for it. An event decides what is looked for and
//! where; so each byte of a value costs one node further in, and no way back is taken that no byte has paid for. A node
//! finds its child at one look: its only one, or one of several in a table. Fewer nodes than there are texts have several,
//! so that the bounds on texts bound the tables too: 1,000 of 1 KB, beside 64 Ki nodes of 20 bytes.

use std::collections::VecDeque;
use std::ops::Range;

/// The node in which nothing has been read yet. It is nobody's child: where a child is asked for, it stands for none.
const ROOT: u32 = 0;

/// The bytes of some texts as a tree, each text from its last byte to its first.
#[derive(Debug)]
pub(super) struct Places {
    nodes: Vec<Node>,
    /// Children by byte.
    tables: Vec<[u32; 256]>,
    /// Bytes of the longest text.
    longest: usize,
}

#[derive(Debug, Clone, Copy, Default)]
struct Node {
    byte: u8,
    children: Children,
    /// The node of the longest end of what was read that is a node, too.
    back: u32,
    /// Bytes of the longest text that begins where this node is reached.
    longest: u32,
}

/// Where a node's children are.
#[derive(Debug, Clone, Copy)]
enum Children {
    /// One, or none.
    Only(u32),
    /// Several, in a table.
    Several(u32),
}

impl Default for Children {
    fn default() -> Self {
        Children::Only(ROOT)
    }
}

impl Places {
    /// Of these texts, none of them empty.
    pub(super) fn of<'t>(texts: impl Iterator<Item = &'t str>) -> Self {
        let mut places = Self { nodes: vec![Node::default()], tables: Vec::new(), longest: 0 };
        for text in texts {
            let node = text.bytes().rev().fold(ROOT, |node, byte| places.child_or_new(node, byte));
            if let Some(node) = places.nodes.get_mut(node as usize) {
                node.longest = number(text.len());
            }
            places.longest = places.longest.max(text.len());
        }
        places.lead_back();
        places
    }

    /// Calls `visit` for each place of a stretch of a value where a text begins, the last place first, with the bytes of
    /// the longest one. What begins in the stretch ends at most the longest text behind it: there it begins to read. Gives
    /// how many nodes it looked for a child of.
    pub(super) fn each(&self, value: &str, stretch: Range<usize>, mut visit: impl FnMut(usize, usize)) -> usize {
        let read = stretch.start..value.len().min(stretch.end.saturating_add(self.longest));
        let (mut at, mut steps) = (ROOT, 0);
        for (start, byte) in read.clone().zip(value.as_bytes().get(read).unwrap_or_default()).rev() {
            let taken;
            (at, taken) = self.step(at, *byte);
            steps += taken;
            match self.node(at).longest as usize {
                longest if longest > 0 && start < stretch.end => visit(start, longest),
                _ => {}
            }
        }
        steps
    }

    /// The node that a byte leads to, and how many nodes were asked for a child on the way.
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
        match self.node(at).children {
            Children::Only(child) if self.node(child).byte == byte => child,
            Children::Only(_) => ROOT,
            Children::Several(table) => self.table(table).get(usize::from(byte)).copied().unwrap_or_default(),
        }
    }

    fn table(&self, table: u32) -> &[u32] {
        self.tables.get(table as usize).map(<[u32; 256]>::as_slice).unwrap_or_default()
    }

    /// All children of a node.
    fn children(&self, at: u32) -> impl Iterator<Item = u32> {
        let (only, several) = match self.node(at).children {
            Children::Only(child) => (child, &[][..]),
            Children::Several(table) => (ROOT, self.table(table)),
        };
        std::iter::once(only).chain(several.iter().copied()).filter(|child| *child != ROOT)
    }

    fn child_or_new(&mut self, at: u32, byte: u8) -> u32 {
        let known = self.child(at, byte);
        if known != ROOT {
            return known;
        }
        let new = number(self.nodes.len());
        self.nodes.push(Node { byte, ..Node::default() });
        let children = match self.node(at).children {
            Children::Only(ROOT) => Children::Only(new),
            Children::Only(first) => {
                self.tables.push([ROOT; 256]);
                let several = number(self.tables.len() - 1);
                self.enter(several, first);
                self.enter(several, new);
                Children::Several(several)
            }
            Children::Several(several) => {
                self.enter(several, new);
                Children::Several(several)
            }
        };
        if let Some(parent) = self.nodes.get_mut(at as usize) {
            parent.children = children;
        }
        new
    }

    /// Puts a child into a table.
    fn enter(&mut self, table: u32, child: u32) {
        let byte = usize::from(self.node(child).byte);
        if let Some(place) = self.tables.get_mut(table as usize).and_then(|table| table.get_mut(byte)) {
            *place = child;
        }
    }

    /// Sets every node's way back, those nearer to the root first: the ways lead over them.
    fn lead_back(&mut self) {
        let mut waiting: VecDeque<(u32, Option<u32>)> = self.children(ROOT).map(|child| (child, None)).collect();
        while let Some((at, from)) = waiting.pop_front() {
            let back = from.map_or(ROOT, |from| self.step(from, self.node(at).byte).0);
            let longest = self.node(back).longest;
            if let Some(node) = self.nodes.get_mut(at as usize) {
                node.back = back;
                node.longest = node.longest.max(longest);
            }
            waiting.extend(self.children(at).map(|child| (child, Some(back))));
        }
    }
}

/// The number of a node or a table, or of bytes; the bounds on texts keep them few.
fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_text_that_begins_at_each_place() {
        let texts = ["a", "ab", "abab", "ba", "bbb", "é", "ébb", "cb", "\0b", "\0"];
        let places = Places::of(texts.iter().copied());
        for value in ["", "x", "a", "abababx", "bbbbab", "ébbba", "xébab é", "babbabb", "\0\0bcb\0"] {
            let expected = (0..value.len()).rev().filter_map(|start| {
                let here = texts.iter().filter(|text| value.as_bytes()[start..].starts_with(text.as_bytes()));
                Some((start, here.map(|text| text.len()).max()?))
            });
            let expected: Vec<(usize, usize)> = expected.collect();
            for (from, to) in (0..=value.len()).flat_map(|from| (from..=value.len()).map(move |to| (from, to))) {
                let mut found = Vec::new();
                places.each(value, from..to, |start, longest| found.push((start, longest)));
                let inside = expected.iter().filter(|(start, _)| (from..to).contains(start));
                assert_eq!(found, inside.copied().collect::<Vec<_>>(), "{from}..{to} of {value}");
            }
        }
    }

    /// 961 texts of three letters whose middle one is one of 31, and so is their first: crowded, and few letters in common.
    fn crowded() -> Vec<String> {
        let letters = || ('A'..='_').map(String::from);
        letters().flat_map(|first| letters().map(move |middle| format!("{first}{middle}z"))).collect()
    }

    /// Texts with the longest bytes apart that the bounds on them allow: every one of the nodes is another.
    fn apart() -> Vec<String> {
        (0..1_000).map(|number| format!("{}{number:03}", "y".repeat(62))).collect()
    }

    #[test]
    fn crowded_texts_are_found_and_take_bounded_room() {
        for texts in [crowded(), apart()] {
            let places = Places::of(texts.iter().map(String::as_str));
            assert!(places.tables.len() < texts.len(), "{} tables", places.tables.len());
            assert!(places.nodes.len() <= (64 << 10) + 1 && size_of::<Node>() <= 20);
            let value = texts.concat();
            let mut found = 0;
            let steps =
                places.each(&value, 0..value.len(), |_, longest| found += usize::from(longest == texts[0].len()));
            assert!(found >= texts.len() && steps <= 2 * value.len() + 1, "{found} found in {steps} steps");
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
                assert!(places.each(&value, 0..value.len(), |_, _| {}) <= 2 * value.len() + 1);
            }
        }
    }
}
