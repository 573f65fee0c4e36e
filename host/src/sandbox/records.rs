//! What detection found in a batch, as lines: in memory, and where many rules match large events, more than a little of it
//! in a temporary file.

use super::spool::Spool;
use std::io::{self, Read};

/// Bytes that are held in memory. Next to no batch comes to more.
const MEMORY: usize = 16 << 20;

/// Bytes that are given at a time: a call puts them into windows, and the module writes more than that of them.
const PIECE: usize = 1 << 20;

/// Match records, each ended by LF.
#[derive(Debug)]
pub struct MatchRecords(Spool);

impl Default for MatchRecords {
    fn default() -> Self {
        MatchRecords(Spool::with_memory(MEMORY))
    }
}

impl MatchRecords {
    /// Puts records behind those that are there.
    pub(crate) fn push(&mut self, lines: &[u8]) {
        self.0.push(lines);
        // They are put one behind the other.
        if lines.last().is_some_and(|last| *last != b'\n') {
            self.0.push(b"\n");
        }
    }

    /// The same with all records of another batch.
    ///
    /// # Errors
    /// When the temporary file cannot be read.
    pub fn append(&mut self, mut others: Self) -> io::Result<()> {
        // Most batches are one piece, whose records need not be copied.
        if self.is_empty() {
            *self = others;
            return Ok(());
        }
        let mut pieces = others.pieces()?;
        while let Some(lines) = pieces.next()? {
            self.push(lines);
        }
        Ok(())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.len() == 0
    }

    /// Bytes that they take in memory.
    pub fn memory_bytes(&self) -> usize {
        self.0.memory_bytes()
    }

    /// All records at once, for those who know that they are few.
    ///
    /// # Errors
    /// When the temporary file cannot be read.
    pub fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        let mut pieces = self.pieces()?;
        while let Some(lines) = pieces.next()? {
            all.extend_from_slice(lines);
        }
        Ok(all)
    }

    /// All records from the first on, some at a time.
    ///
    /// # Errors
    /// When the temporary file cannot be read.
    pub fn pieces(&mut self) -> io::Result<Pieces<'_>> {
        if self.0.is_in_memory() {
            return Ok(Pieces { memory: self.0.memory(), file: None, read: Vec::new(), given: 0 });
        }
        Ok(Pieces { memory: &[], file: Some(self.0.reader()?), read: Vec::new(), given: 0 })
    }
}

/// Records, some at a time.
pub struct Pieces<'r> {
    /// Those that are left, where all are in memory.
    memory: &'r [u8],
    file: Option<Box<dyn Read + 'r>>,
    read: Vec<u8>,
    /// Bytes of what was read that were given.
    given: usize,
}

impl std::fmt::Debug for Pieces<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pieces")
    }
}

impl Pieces<'_> {
    /// The next records, whole lines; none at the end.
    ///
    /// # Errors
    /// When the temporary file cannot be read.
    #[expect(clippy::should_implement_trait, reason = "an iterator cannot lend what it has")]
    pub fn next(&mut self) -> io::Result<Option<&[u8]>> {
        let Some(file) = &mut self.file else { return Ok(self.next_in_memory()) };
        self.read.drain(..self.given);
        self.given = 0;
        while self.given == 0 {
            let got = file.take(PIECE as u64).read_to_end(&mut self.read)?;
            if got == 0 {
                break;
            }
            self.given = behind_last(&self.read);
        }
        Ok(self.read.get(..self.given).filter(|lines| !lines.is_empty()))
    }

    fn next_in_memory(&mut self) -> Option<&[u8]> {
        let first = self.memory.get(..PIECE).map_or(self.memory.len(), behind_last);
        let end =
            if first > 0 { first } else { memchr::memchr(b'\n', self.memory).map_or(self.memory.len(), |at| at + 1) };
        let (lines, rest) = self.memory.split_at_checked(end)?;
        self.memory = rest;
        Some(lines).filter(|lines| !lines.is_empty())
    }
}

/// Bytes of whole lines.
fn behind_last(bytes: &[u8]) -> usize {
    memchr::memrchr(b'\n', bytes).map_or(0, |last| last + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(records: &mut MatchRecords) -> (Vec<u8>, usize) {
        let (mut all, mut count) = (Vec::new(), 0);
        let mut pieces = records.pieces().unwrap();
        while let Some(lines) = pieces.next().unwrap() {
            assert_eq!(lines.last(), Some(&b'\n'));
            all.extend_from_slice(lines);
            count += 1;
        }
        (all, count)
    }

    #[test]
    fn records_come_back_as_whole_lines_from_memory_and_from_a_file() {
        for memory in [MEMORY, 1_000] {
            let mut records = MatchRecords(Spool::with_memory(memory));
            assert!(records.is_empty() && all(&mut records) == (Vec::new(), 0));
            let mut expected = Vec::new();
            for length in [3, 0, PIECE - 5, 7, 2 * PIECE + 1, PIECE] {
                let line = vec![b'a'; length];
                records.push(&line);
                expected.extend_from_slice(&line);
                expected.extend((length > 0).then_some(b'\n'));
            }
            let (found, pieces) = all(&mut records);
            assert!(found == expected && (3..=5).contains(&pieces), "{pieces} pieces");
            assert_eq!(records.memory_bytes() > 1_000, memory == MEMORY);
            let mut first = MatchRecords::default();
            first.push(b"first\n");
            first.append(records).unwrap();
            assert!(all(&mut first).0 == [b"first\n", expected.as_slice()].concat());
        }
    }
}
