//! Bytes that are written one after the other and seldom read again: the first few in memory, more of them in a temporary
//! file. Where that cannot be made or written, what comes stays in memory: nothing is lost.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};

/// Bytes that are held in memory, unless it is said otherwise.
const MEMORY: usize = 1 << 20;

/// See the module.
#[derive(Debug)]
pub(crate) struct Spool {
    /// Bytes that are held in memory.
    most: usize,
    /// The first bytes, once all are more than memory takes.
    file: Option<File>,
    /// How many those are. What else the file may hold came of a failed attempt.
    in_file: u64,
    /// The bytes behind those of the file.
    memory: Vec<u8>,
    /// The file cannot be made or written.
    fails: bool,
}

impl Default for Spool {
    fn default() -> Self {
        Self::with_memory(MEMORY)
    }
}

impl Spool {
    /// One that holds so many bytes in memory.
    pub(crate) fn with_memory(most: usize) -> Self {
        Self { most, file: None, in_file: 0, memory: Vec::new(), fails: false }
    }

    /// Puts bytes behind those that are there.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.push_or_make(bytes, tempfile::tempfile);
    }

    fn push_or_make(&mut self, bytes: &[u8], make: impl FnOnce() -> io::Result<File>) {
        if !self.fails && (self.file.is_some() || self.memory.len() + bytes.len() > self.most) {
            self.fails = self.write(bytes, make).is_err();
            if !self.fails {
                return;
            }
        }
        self.memory.extend_from_slice(bytes);
    }

    /// Writes what is in memory and then these bytes; all of it or, as far as anybody sees, nothing.
    fn write(&mut self, bytes: &[u8], make: impl FnOnce() -> io::Result<File>) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(make()?),
        };
        // A reader may have stopped anywhere.
        file.seek(SeekFrom::Start(self.in_file))?;
        file.write_all(&self.memory)?;
        file.write_all(bytes)?;
        self.in_file += (self.memory.len() + bytes.len()) as u64;
        self.memory = Vec::new();
        Ok(())
    }

    /// How many bytes there are.
    pub(crate) fn len(&self) -> u64 {
        self.in_file + self.memory.len() as u64
    }

    /// Whether all of them are in memory.
    pub(crate) fn is_in_memory(&self) -> bool {
        self.file.is_none()
    }

    /// Those that are in memory.
    pub(crate) fn memory(&self) -> &[u8] {
        &self.memory
    }

    /// How many bytes they take in memory.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.memory.len()
    }

    /// All bytes from the first on.
    ///
    /// # Errors
    /// When the temporary file cannot be read.
    pub(crate) fn reader(&mut self) -> io::Result<Box<dyn Read + '_>> {
        let memory = self.memory.as_slice();
        Ok(match &mut self.file {
            Some(file) => {
                file.rewind()?;
                Box::new(BufReader::new(file).take(self.in_file).chain(memory))
            }
            None => Box::new(memory),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(spool: &mut Spool) -> Vec<u8> {
        let mut all = Vec::new();
        spool.reader().unwrap().read_to_end(&mut all).unwrap();
        assert_eq!(spool.len(), all.len() as u64);
        all
    }

    #[test]
    fn bytes_come_back_from_memory_and_from_a_file() {
        let mut spool = Spool::default();
        let mut expected = Vec::new();
        for (piece, times) in [(&b"abc"[..], 1), (&[7; MEMORY - 4], 1), (b"", 1), (&[1, 2, 3], 5)] {
            for _ in 0..times {
                spool.push(piece);
                expected.extend_from_slice(piece);
                assert!(all(&mut spool) == expected);
                assert!(spool.memory.len() <= MEMORY);
            }
        }
        assert!(spool.file.is_some() && spool.memory.capacity() == 0);
    }

    #[test]
    fn what_no_file_takes_stays_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let gone = || tempfile::tempfile_in(folder.path().join("none"));
        let mut spool = Spool::default();
        let mut expected = Vec::new();
        for byte in 0..4 {
            let piece = vec![byte; MEMORY / 2 + 1];
            spool.push_or_make(&piece, gone);
            expected.extend_from_slice(&piece);
            assert!(all(&mut spool) == expected && spool.file.is_none());
        }
    }

    #[test]
    fn what_a_file_took_before_it_failed_is_read_back() {
        let mut spool = Spool::default();
        let file = tempfile::NamedTempFile::new().unwrap();
        spool.push_or_make(&[1; MEMORY + 1], || file.reopen());
        // As a full disk: what is there can be read, and no more is taken.
        spool.file = Some(File::open(file.path()).unwrap());
        spool.push(b"more");
        spool.push(b" and more");
        assert!(all(&mut spool) == [&[1; MEMORY + 1], &b"more and more"[..]].concat());
        assert_eq!(spool.memory, b"more and more");
    }

    #[test]
    fn a_reader_that_stops_early_harms_nothing() {
        let mut spool = Spool::default();
        spool.push(&[1; 2 * MEMORY]);
        spool.reader().unwrap().read_exact(&mut [0; 10]).unwrap();
        spool.push(b"more");
        assert!(all(&mut spool) == [&[1; 2 * MEMORY], &b"more"[..]].concat());
    }
}
