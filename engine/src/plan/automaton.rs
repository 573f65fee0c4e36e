//! Which of many texts stand in a value: one walk over it, however many there are.

use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, MatchKind};
use std::collections::{BTreeSet, HashMap};

/// Bytes of texts up to which a table of all transitions is made: some 200 bytes of it for each of theirs, 1 KB at most.
const FAST_BYTES: usize = 32 << 10;

/// How much all tables of a plan may take together, in bytes.
const TABLES: usize = 8 << 20;

/// What is left for the tables of a plan.
#[derive(Debug)]
pub(super) struct Room(usize);

impl Default for Room {
    fn default() -> Self {
        Self(TABLES)
    }
}

/// The automaton of some texts.
#[derive(Debug, Clone)]
pub(super) struct Inside {
    automaton: NFA,
    /// Its transitions, laid out for the walk; none where that would take too much memory.
    table: Option<Table>,
}

/// One row a state, in it one place a class of bytes: the row that follows, as the place where it begins.
#[derive(Debug, Clone)]
struct Table {
    /// Bytes that stand in no text are all of the first class.
    classes: [u8; 256],
    width: usize,
    next: Vec<u32>,
    start: u32,
    /// For each row the automaton's name of it.
    states: Vec<StateID>,
}

/// Marks a row where some text ends.
const ENDS: u32 = 1 << 31;

impl Inside {
    /// Of these texts; none where they are too many for one. The table takes what it needs of the room.
    pub(super) fn of(texts: &[&[u8]], room: &mut Room) -> Option<Self> {
        let mut builder = NFA::builder();
        // Every text counts that ends at a byte, also those that end inside others: that is the standard kind. No search
        // ahead for rare bytes: it pays for long texts, and values are short.
        let automaton = builder.match_kind(MatchKind::Standard).prefilter(false).build(texts).ok()?;
        let bytes: usize = texts.iter().map(|text| text.len()).sum();
        let table = if bytes <= FAST_BYTES { Table::of(&automaton, texts, room.0) } else { None };
        room.0 -= table.as_ref().map_or(0, Table::bytes);
        Some(Self { automaton, table })
    }

    /// Calls `visit` with the number of each text that stands in a value, once for each place at least.
    #[inline]
    pub(super) fn each(&self, value: &[u8], mut visit: impl FnMut(usize)) {
        let automaton = &self.automaton;
        let mut ending = |state: StateID| {
            (0..automaton.match_len(state)).for_each(|place| visit(automaton.match_pattern(state, place).as_usize()));
        };
        if let Some(table) = &self.table {
            return table.walk(value, ending);
        }
        let Ok(mut state) = automaton.start_state(Anchored::No) else { return };
        let mut bytes = value.iter();
        loop {
            if automaton.is_match(state) {
                ending(state);
            }
            let Some(byte) = bytes.next() else { return };
            state = automaton.next_state(Anchored::No, state, *byte);
        }
    }
}

impl Table {
    /// None where it would take more than so many bytes, and where every byte stands in some text, so that none is left
    /// to stand for the others.
    fn of(automaton: &NFA, texts: &[&[u8]], most: usize) -> Option<Self> {
        let bytes: BTreeSet<u8> = texts.iter().copied().flatten().copied().collect();
        let mut samples = vec![(0..=255).find(|byte| !bytes.contains(byte))?];
        samples.extend(bytes);
        let mut classes = [0; 256];
        for (class, byte) in (0..=255).zip(&samples).skip(1) {
            *classes.get_mut(usize::from(*byte))? = class;
        }
        let width = samples.len();
        let mut rows = HashMap::new();
        let mut states = Vec::new();
        let mut row = |state: StateID, states: &mut Vec<StateID>| {
            let row = *rows.entry(state).or_insert_with(|| {
                states.push(state);
                states.len() - 1
            });
            let begins = u32::try_from(row * width).ok().filter(|begins| *begins < ENDS)?;
            Some(if automaton.is_match(state) { begins | ENDS } else { begins })
        };
        let start = row(automaton.start_state(Anchored::No).ok()?, &mut states)?;
        let mut next = Vec::new();
        let mut at = 0;
        while let Some(state) = states.get(at).copied() {
            at += 1;
            if Self::size(at, width) > most {
                return None;
            }
            for byte in &samples {
                next.push(row(automaton.next_state(Anchored::No, state, *byte), &mut states)?);
            }
        }
        Some(Self { classes, width, next, start, states })
    }

    /// Bytes of so many rows.
    fn size(rows: usize, width: usize) -> usize {
        rows * (width * size_of::<u32>() + size_of::<StateID>())
    }

    fn bytes(&self) -> usize {
        Self::size(self.states.len(), self.width)
    }

    #[inline]
    fn walk(&self, value: &[u8], mut ending: impl FnMut(StateID)) {
        let mut row = self.start;
        if row & ENDS != 0 {
            self.states.first().copied().into_iter().for_each(&mut ending);
        }
        let (eights, rest) = value.as_chunks::<8>();
        // Eight bytes a turn: at the head of each a sandbox looks at the clock.
        for eight in eights {
            for byte in eight {
                row = self.step(row, *byte, &mut ending);
            }
        }
        for byte in rest {
            row = self.step(row, *byte, &mut ending);
        }
    }

    #[inline(always)]
    fn step(&self, row: u32, byte: u8, ending: &mut impl FnMut(StateID)) -> u32 {
        let place =
            (row & !ENDS) as usize + usize::from(self.classes.get(usize::from(byte)).copied().unwrap_or_default());
        let row = self.next.get(place).copied().unwrap_or_default();
        if row & ENDS != 0
            && let Some(state) = self.states.get((row & !ENDS) as usize / self.width)
        {
            ending(*state);
        }
        row
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of the texts that stand in a value, by looking.
    fn naive(texts: &[&[u8]], value: &[u8]) -> Vec<usize> {
        let stands = |text: &[u8]| (0..=value.len()).any(|at| value[at..].starts_with(text));
        (0..texts.len()).filter(|number| stands(texts[*number])).collect()
    }

    fn found(inside: &Inside, value: &[u8]) -> Vec<usize> {
        let mut all = Vec::new();
        inside.each(value, |number| all.push(number));
        all.sort_unstable();
        all.dedup();
        all
    }

    #[test]
    fn with_and_without_the_table_every_text_is_found() {
        let texts: [&[u8]; 7] = [b"a", b"ab", b"bab", b"", b"abab", b"\xff\x00", "ö".as_bytes()];
        let with = Inside::of(&texts, &mut Room::default()).unwrap();
        assert!(with.table.is_some());
        let without = Inside { table: None, ..with.clone() };
        for value in [&b""[..], b"a", b"ababab", b"xabbabx", b"\xff\x00\xff", "aöb".as_bytes(), b"none of th\0m abab"]
        {
            assert_eq!(found(&with, value), naive(&texts, value), "{value:?}");
            assert_eq!(found(&without, value), naive(&texts, value), "{value:?}");
        }
    }

    #[test]
    fn too_many_bytes_and_too_many_different_ones_have_no_table() {
        let long = vec![b'a'; FAST_BYTES + 1];
        let room = &mut Room::default();
        assert!(Inside::of(&[&long], room).unwrap().table.is_none());
        let every: Vec<u8> = (0..=255).collect();
        let inside = Inside::of(&[&every, b"b"], room).unwrap();
        assert!(inside.table.is_none());
        assert_eq!(found(&inside, &every), [0, 1]);
        assert_eq!(room.0, TABLES);
    }

    #[test]
    fn tables_are_made_while_there_is_room_for_all_of_them() {
        // As large as they come: a row for each byte of the texts, and in it a place for nearly each byte there is.
        let texts: Vec<Vec<u8>> =
            (0..100_u32).map(|first| (0..255).map(|byte| ((byte + first) % 255) as u8).collect()).collect();
        let texts: Vec<&[u8]> = texts.iter().map(Vec::as_slice).collect();
        let room = &mut Room(TABLES);
        let keys: Vec<Inside> = texts.chunks(10).map(|texts| Inside::of(texts, room).unwrap()).collect();
        let made: Vec<&Table> = keys.iter().filter_map(|key| key.table.as_ref()).collect();
        let bytes: usize = made.iter().map(|table| (table.next.len() + table.states.len()) * 4).sum();
        assert_eq!(room.0, TABLES - bytes);
        assert!((1..keys.len()).contains(&made.len()), "{} of {}", made.len(), keys.len());
        for (key, texts) in keys.iter().zip(texts.chunks(10)) {
            assert_eq!(found(key, &texts.concat()), naive(texts, &texts.concat()));
        }
    }
}
