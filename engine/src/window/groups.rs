//! The open windows, by what tells their groups apart: the rule's place, the source and the aggregate values.
//!
//! That is hashed once for all that becomes of a detection, and a window is found again by the hash when it ends.

use super::open::Open;
use crate::flat::same;
use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

/// Open windows.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// By the hash of their identity, in the order in which they opened. A group has more than one only where a late
    /// event opened an earlier one.
    open: HashMap<u64, Vec<Open>, BuildHasherDefault<Hashed>>,
    /// Events cannot choose hashes where there is chance. A module has none: there they can make searches longer, among no
    /// more windows than have room, and never wrong, since identities are compared.
    hasher: RandomState,
    /// The identity that was asked for last.
    asked: Vec<u8>,
}

impl Groups {
    /// Asks for a group: gives the hash of its identity. `aggregate` is its values as a JSON array.
    pub(super) fn ask(&mut self, rule: usize, source: &str, aggregate: &str) -> u64 {
        self.asked.clear();
        let values = aggregate.get(1..aggregate.len().saturating_sub(1)).unwrap_or_default();
        // The numbers have a fixed width: that tells the parts apart, and is quicker than to write digits.
        let (rule, length) = ((rule as u64).to_le_bytes(), (source.len() as u64).to_le_bytes());
        for part in [&rule, &length, source.as_bytes(), values.as_bytes()] {
            self.asked.extend_from_slice(part);
        }
        self.hasher.hash_one(&self.asked)
    }

    /// The identity of the group that was asked for last.
    pub(super) fn asked(&self) -> &[u8] {
        &self.asked
    }

    /// The window of the group that was asked for last to which an event at a time belongs.
    pub(super) fn find(&mut self, hash: u64, time: i64) -> Option<&mut Open> {
        let Self { open, asked, .. } = self;
        let is = |open: &&mut Open| open.holds(time) && same(&open.identity, asked);
        open.get_mut(&hash)?.iter_mut().find(is)
    }

    /// The window in a place of the order of opening.
    pub(super) fn get(&mut self, hash: u64, order: u64) -> Option<&mut Open> {
        self.open.get_mut(&hash)?.iter_mut().find(|open| open.order == order)
    }

    /// Adds a window. Most groups have one for ever, so there is room for one.
    pub(super) fn put(&mut self, hash: u64, open: Open) {
        self.open.entry(hash).or_insert_with(|| Vec::with_capacity(1)).push(open);
    }

    /// Drops a window, where it is: on a shipper's stack there is no room for copies.
    pub(super) fn remove(&mut self, hash: u64, order: u64) {
        let Some(group) = self.open.get_mut(&hash) else { return };
        group.retain(|open| open.order != order);
        if group.is_empty() {
            self.open.remove(&hash);
        }
    }

    /// All windows, in no order.
    pub(super) fn all(&self) -> impl Iterator<Item = (u64, &Open)> {
        self.open.iter().flat_map(|(hash, group)| group.iter().map(|open| (*hash, open)))
    }
}

/// What is a hash already.
#[derive(Debug, Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0 << 8 | u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
