//! What the regular expressions of many filters take together, so that no rule set exhausts the memory.

use super::Pattern;
use crate::language::expr::{Expr, Literal, Test, Value};
use std::collections::HashSet;

/// A sum under a bound; a text counts once, however many filters have it.
#[derive(Debug)]
pub(crate) struct Sum {
    known: HashSet<String>,
    bytes: usize,
    most: usize,
    is_full: bool,
}

impl Sum {
    /// Of so many bytes at most.
    pub(crate) fn of(most: usize) -> Self {
        Self { known: HashSet::new(), bytes: 0, most, is_full: false }
    }

    /// Adds those of some filters, each of which compiles to `limit` bytes at most. False where they go beyond the bound:
    /// then none of them is added, and no filters after them that have others.
    pub(crate) fn add<'f>(&mut self, filters: impl IntoIterator<Item = &'f Expr>, limit: usize) -> bool {
        let mut new = HashSet::new();
        for predicate in filters.into_iter().flat_map(Expr::predicates) {
            let Test::Matches(Literal { value: Value::Text(text), .. }) = &predicate.test else { continue };
            if !self.known.contains(text) {
                new.insert(text);
            }
        }
        if self.is_full || new.is_empty() {
            return new.is_empty();
        }
        let size = |text: &&String| Pattern::new(text, limit).map_or(0, |pattern| pattern.size());
        let bytes: usize = new.iter().map(size).sum();
        self.is_full = self.bytes + bytes > self.most;
        if !self.is_full {
            self.bytes += bytes;
            self.known.extend(new.into_iter().cloned());
        }
        !self.is_full
    }

    /// How many different ones there are.
    pub(crate) fn count(&self) -> usize {
        self.known.len()
    }
}
