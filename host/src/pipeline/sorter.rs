//! Lines sorted by their bytes, in bounded memory: what does not fit is sorted in parts, kept in temporary files, and
//! merged.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Seek, Write};

/// Bytes of lines that are held in memory.
const MEMORY: usize = 48 << 20;

/// Collects lines, none of which holds a line end.
#[derive(Debug)]
pub struct Sorter {
    memory: usize,
    /// The lines that are not in a file yet, one after the other.
    text: Vec<u8>,
    /// Where each of them is in `text`.
    lines: Vec<(usize, usize)>,
    runs: Vec<File>,
}

impl Default for Sorter {
    fn default() -> Self {
        Self::with_memory(MEMORY)
    }
}

impl Sorter {
    /// A sorter that holds this many bytes of lines in memory.
    #[must_use]
    pub fn with_memory(memory: usize) -> Self {
        Self { memory, text: Vec::new(), lines: Vec::new(), runs: Vec::new() }
    }

    /// Takes a line, without its end.
    ///
    /// # Errors
    /// When a temporary file cannot be written.
    pub fn push(&mut self, line: &[u8]) -> io::Result<()> {
        let start = self.text.len();
        self.text.extend_from_slice(line);
        self.lines.push((start, self.text.len()));
        // An entry of the index counts too, so that many short lines are bounded as few long ones are.
        if self.text.len() + self.lines.len() * size_of::<(usize, usize)>() > self.memory {
            self.spill()
        } else {
            Ok(())
        }
    }

    fn sort(&mut self) {
        let text = &self.text;
        self.lines.sort_unstable_by(|left, right| text.get(left.0..left.1).cmp(&text.get(right.0..right.1)));
    }

    fn spill(&mut self) -> io::Result<()> {
        self.sort();
        let mut out = BufWriter::with_capacity(256 << 10, tempfile::tempfile()?);
        for (start, end) in self.lines.drain(..) {
            out.write_all(self.text.get(start..end).unwrap_or_default())?;
            out.write_all(b"\n")?;
        }
        let mut file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        self.runs.push(file);
        self.text.clear();
        Ok(())
    }

    /// All lines in order.
    ///
    /// # Errors
    /// When a temporary file cannot be read.
    pub fn sorted(mut self) -> io::Result<Sorted> {
        self.sort();
        let mut sources: Vec<Source> =
            self.runs.into_iter().map(|file| Source::File(BufReader::with_capacity(64 << 10, file))).collect();
        sources.push(Source::Memory { text: self.text, lines: self.lines.into_iter() });
        let mut sorted = Sorted { sources, next: BinaryHeap::new() };
        for source in 0..sorted.sources.len() {
            sorted.advance(source)?;
        }
        Ok(sorted)
    }
}

/// Sorted lines, merged from their parts.
#[derive(Debug)]
pub struct Sorted {
    sources: Vec<Source>,
    /// The first line of each source that has one left.
    next: BinaryHeap<Reverse<(Vec<u8>, usize)>>,
}

#[derive(Debug)]
enum Source {
    File(BufReader<File>),
    Memory { text: Vec<u8>, lines: std::vec::IntoIter<(usize, usize)> },
}

impl Sorted {
    fn advance(&mut self, source: usize) -> io::Result<()> {
        let line = match self.sources.get_mut(source) {
            Some(Source::File(file)) => {
                let mut line = Vec::new();
                file.read_until(b'\n', &mut line)?;
                line.pop().map(|_| line)
            }
            Some(Source::Memory { text, lines }) => {
                lines.next().map(|(start, end)| text.get(start..end).unwrap_or_default().to_vec())
            }
            None => None,
        };
        if let Some(line) = line {
            self.next.push(Reverse((line, source)));
        }
        Ok(())
    }

    /// The next line.
    ///
    /// # Errors
    /// When a temporary file cannot be read.
    pub fn next_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Some(Reverse((line, source))) = self.next.pop() else { return Ok(None) };
        self.advance(source)?;
        Ok(Some(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_sorted_in_memory_and_through_files() {
        let lines: Vec<String> = (0..5_000u64).map(|n| format!("{:05} x", n.wrapping_mul(7_919) % 5_000)).collect();
        let mut expected = lines.clone();
        expected.sort();
        for memory in [1, 1_000, 10_000_000] {
            let mut sorter = Sorter::with_memory(memory);
            // One line a file would be too many files; a few hundred lines make the point.
            let some = if memory == 1 { &lines[..200] } else { &lines[..] };
            some.iter().for_each(|line| sorter.push(line.as_bytes()).unwrap());
            let mut sorted = sorter.sorted().unwrap();
            let mut found = Vec::new();
            while let Some(line) = sorted.next_line().unwrap() {
                found.push(String::from_utf8(line).unwrap());
            }
            let mut expected = if memory == 1 { some.to_vec() } else { expected.clone() };
            expected.sort();
            assert_eq!(found, expected);
        }
    }
}
