//! Tables laid out flat. From bytes to numbers: one buffer for all keys, one array of entries, one of slots. From numbers to
//! lists: one array of all items, one of where each list begins.
//!
//! Built once from rules and asked for every event. Only rules put keys in, so its hash need not withstand an attacker:
//! an event can at worst be looked up and not be there. Whoever hashes what events hold looks at few places only.

/// Keys and their numbers.
#[derive(Debug, Clone, Default)]
pub(crate) struct ByteMap {
    keys: Vec<u8>,
    entries: Vec<Entry>,
    /// A power of two of places, each an entry's number or [`FREE`]. At most half of them are taken.
    slots: Vec<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    hash: u32,
    start: u32,
    end: u32,
    value: u32,
}

const FREE: u32 = u32::MAX;

/// A hash of bytes. `seed` keeps keys of different tables in one apart.
#[inline]
pub(crate) fn hash(bytes: &[u8], seed: u32) -> u32 {
    const MIX: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut state = (u64::from(seed) ^ ((bytes.len() as u64) << 32)).wrapping_mul(MIX);
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        state = (state ^ u64::from_le_bytes(*word)).wrapping_mul(MIX);
        state ^= state >> 29;
    }
    state = (state ^ few(rest)).wrapping_mul(MIX);
    low(state ^ (state >> 32))
}

/// Whether two texts are the same, by pairs of words: where there is no such function of the machine's, as in WebAssembly,
/// the language's own compares byte by byte.
#[must_use]
#[inline]
pub fn same(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let ((pairs, rest), (others, other_rest)) = (left.as_chunks::<16>(), right.as_chunks::<16>());
    pairs.iter().zip(others).all(|(pair, other)| u128::from_le_bytes(*pair) == u128::from_le_bytes(*other))
        && match (rest.split_first_chunk::<8>(), other_rest.split_first_chunk::<8>()) {
            (Some((word, rest)), Some((other, other_rest))) => {
                u64::from_le_bytes(*word) == u64::from_le_bytes(*other) && few(rest) == few(other_rest)
            }
            _ => few(rest) == few(other_rest),
        }
}

/// Fewer than eight bytes in a word, without a loop: different ones of one length give different words.
#[inline]
fn few(bytes: &[u8]) -> u64 {
    if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        return u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32;
    }
    let word = |bytes: [u8; 3]| bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
    match *bytes {
        [a, b, c] => word([a, b, c]),
        [a, b] => word([0, a, b]),
        [a] => word([0, 0, a]),
        _ => 0,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
fn low(word: u64) -> u32 {
    word as u32
}

/// A number of entries or bytes; a table larger than this would not fit in a module's memory.
fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(FREE - 1)
}

impl ByteMap {
    /// Whether there is no key.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The number of a key.
    #[inline]
    pub(crate) fn get(&self, key: &[u8], seed: u32) -> Option<u32> {
        if self.slots.is_empty() {
            return None;
        }
        self.find(key, hash(key, seed)).map(|entry| entry.value)
    }

    #[inline]
    fn find(&self, key: &[u8], hash: u32) -> Option<&Entry> {
        let mask = self.slots.len().wrapping_sub(1);
        let mut slot = hash as usize & mask;
        loop {
            let entry = self.entries.get(*self.slots.get(slot)? as usize)?;
            if entry.hash == hash && same(self.key(entry), key) {
                return Some(entry);
            }
            slot = (slot + 1) & mask;
        }
    }

    /// Every key with its number, in the order in which they were put in.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], u32)> {
        self.entries.iter().map(|entry| (self.key(entry), entry.value))
    }

    fn key(&self, entry: &Entry) -> &[u8] {
        self.keys.get(entry.start as usize..entry.end as usize).unwrap_or_default()
    }

    /// The number of a key, which is `value` if the key is new.
    pub(crate) fn get_or_insert(&mut self, key: &[u8], seed: u32, value: u32) -> u32 {
        if (self.entries.len() + 1) * 2 > self.slots.len() {
            self.grow();
        }
        let hash = hash(key, seed);
        if let Some(entry) = self.find(key, hash) {
            return entry.value;
        }
        let start = number(self.keys.len());
        self.keys.extend_from_slice(key);
        self.entries.push(Entry { hash, start, end: number(self.keys.len()), value });
        self.place(number(self.entries.len() - 1), hash);
        value
    }

    fn grow(&mut self) {
        self.slots = vec![FREE; (self.slots.len() * 2).max(8)];
        for index in 0..self.entries.len() {
            let hash = self.entries.get(index).map_or(0, |entry| entry.hash);
            self.place(number(index), hash);
        }
    }

    fn place(&mut self, entry: u32, hash: u32) {
        let mask = self.slots.len().wrapping_sub(1);
        let mut slot = hash as usize & mask;
        while self.slots.get(slot).is_some_and(|taken| *taken != FREE) {
            slot = (slot + 1) & mask;
        }
        if let Some(free) = self.slots.get_mut(slot) {
            *free = entry;
        }
    }
}

/// Lists under numbers from 0 on, one behind the other.
#[derive(Debug, Clone, Default)]
pub(crate) struct Runs<T> {
    /// Where each begins, and behind the last of them where it ends.
    begins: Vec<u32>,
    items: Vec<T>,
}

impl<T> FromIterator<Vec<T>> for Runs<T> {
    fn from_iter<I: IntoIterator<Item = Vec<T>>>(lists: I) -> Self {
        let mut runs = Self { begins: vec![0], items: Vec::new() };
        for list in lists {
            runs.items.extend(list);
            runs.begins.push(number(runs.items.len()));
        }
        runs
    }
}

impl<T> Runs<T> {
    /// A list; an empty one where there is none of that number.
    pub(crate) fn get(&self, list: u32) -> &[T] {
        let ends = self.begins.get(list as usize..).and_then(|ends| ends.first_chunk::<2>());
        ends.and_then(|[begin, end]| self.items.get(*begin as usize..*end as usize)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn one_byte_more_or_other_is_another_key() {
        for length in 0..70 {
            let text: Vec<u8> = (0..length).map(|place| b'a' + place % 7).collect();
            assert!(same(&text, &text.clone()));
            assert!(!same(&text, &[&text[..], b"a"].concat()));
            for place in 0..text.len() {
                let mut other = text.clone();
                other[place] ^= 0x40;
                assert!(!same(&text, &other), "{place} of {length}");
                assert_ne!(hash(&text, 0), hash(&other, 0), "{place} of {length}");
            }
        }
    }

    #[test]
    fn it_agrees_with_a_table_of_the_standard_library() {
        let (mut flat, mut known) = (ByteMap::default(), HashMap::new());
        assert_eq!(flat.get(b"", 0), None);
        let mut state = 1u64;
        for value in 0..20_000u32 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            // Seeds are part of a key only through its hash, so one table takes keys that hold their seed.
            let key = format!("{}", (state >> 33) % 9_000).repeat(1 + value as usize % 3);
            let first = *known.entry(key.clone()).or_insert(value);
            assert_eq!(flat.get_or_insert(key.as_bytes(), 7, value), first);
        }
        assert_eq!(flat.iter().count(), known.len());
        assert!(known.iter().all(|(key, value)| flat.get(key.as_bytes(), 7) == Some(*value)));
        assert_eq!(flat.get(b"-1", 7), None);
    }
}
