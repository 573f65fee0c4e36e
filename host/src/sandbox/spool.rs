//! Bytes that are written one after the other and seldom read again: the first few in memory, more of them in a temporary
//! file.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, Write};

/// Bytes that are held in memory.
const MEMORY: usize = 1 << 20;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Spool {
    memory: Vec<u8>,
    /// All bytes, once they are more than memory takes.
    file: Option<File>,
    len: u64,
}

impl Spool {
    /// Puts bytes behind those that are there.
    ///
    /// # Errors
    /// When the temporary file cannot be written: then what is here is of no use any more.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.file.is_none() && self.memory.len() + bytes.len() > MEMORY {
            let mut file = tempfile::tempfile()?;
            file.write_all(&std::mem::take(&mut self.memory))?;
            self.file = Some(file);
        }
        match &mut self.file {
            Some(file) => file.write_all(bytes)?,
            None => self.memory.extend_from_slice(bytes),
        }
        self.len += bytes.len() as u64;
        Ok(())
    }

    /// How many bytes there are.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// All bytes from the first on. After reading to the end more can be put behind them.
    ///
    /// # Errors
    /// When the temporary file cannot be read.
    pub(crate) fn reader(&mut self) -> io::Result<Box<dyn Read + '_>> {
        Ok(match &mut self.file {
            Some(file) => {
                file.rewind()?;
                Box::new(BufReader::new(file).take(self.len))
            }
            None => Box::new(self.memory.as_slice()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_from_memory_and_from_a_file() {
        let mut spool = Spool::default();
        let mut expected = Vec::new();
        for (piece, times) in [(&b"abc"[..], 1), (&[7; MEMORY - 4], 1), (b"", 1), (&[1, 2, 3], 5)] {
            for _ in 0..times {
                spool.push(piece).unwrap();
                expected.extend_from_slice(piece);
                let mut all = Vec::new();
                spool.reader().unwrap().read_to_end(&mut all).unwrap();
                assert!(all == expected && spool.len() == expected.len() as u64);
                assert!(spool.memory.len() <= MEMORY);
            }
        }
        assert!(spool.file.is_some() && spool.memory.capacity() == 0);
    }
}
