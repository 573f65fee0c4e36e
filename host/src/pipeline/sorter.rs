//! Lines sorted by their bytes, in bounded memory: what does not fit is sorted in parts, kept in temporary files, and
//! merged.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Seek, Write};

/// Bytes of lines that are held in memory.
const MEMORY: usize = 16 << 20;

/// The lines of some bytes that are not empty, without their ends.
pub fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut start = 0;
    let ends = memchr::memchr_iter(b'\n', bytes).chain([bytes.len()]);
    ends.filter_map(move |end| bytes.get(std::mem::replace(&mut start, end + 1)..end)).filter(|line| !line.is_empty())
}

/// A line in memory. Most are told apart by their first bytes, without looking where they lie.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// The first bytes as a number, so that a smaller one is of a line that comes first.
    first: u128,
    start: usize,
    end: usize,
}

impl Place {
    fn of<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        text.get(self.start..self.end).unwrap_or_default()
    }
}

/// The first bytes of a line; zeros where it has fewer.
fn first(line: &[u8]) -> u128 {
    let mut bytes = [0; size_of::<u128>()];
    bytes.iter_mut().zip(line).for_each(|(byte, of_line)| *byte = *of_line);
    u128::from_be_bytes(bytes)
}

/// Collects lines, none of which holds a line end.
#[derive(Debug)]
pub struct Sorter {
    memory: usize,
    /// The lines that are not in a file yet, one after the other.
    text: Vec<u8>,
    lines: Vec<Place>,
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
        self.push_parts([line])
    }

    /// Takes a line that is in several parts.
    ///
    /// # Errors
    /// When a temporary file cannot be written.
    pub fn push_parts<'p>(&mut self, parts: impl IntoIterator<Item = &'p [u8]>) -> io::Result<()> {
        let start = self.text.len();
        parts.into_iter().for_each(|part| self.text.extend_from_slice(part));
        let first = first(self.text.get(start..).unwrap_or_default());
        self.lines.push(Place { first, start, end: self.text.len() });
        // An entry of the index counts too, so that many short lines are bounded as few long ones are.
        if self.text.len() + self.lines.len() * size_of::<Place>() > self.memory { self.spill() } else { Ok(()) }
    }

    fn sort(&mut self) {
        let text = &self.text;
        let by_bytes =
            |left: &Place, right: &Place| left.first.cmp(&right.first).then_with(|| left.of(text).cmp(right.of(text)));
        self.lines.sort_unstable_by(by_bytes);
    }

    fn spill(&mut self) -> io::Result<()> {
        self.sort();
        let mut out = BufWriter::with_capacity(256 << 10, tempfile::tempfile()?);
        for place in self.lines.drain(..) {
            out.write_all(place.of(&self.text))?;
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
        // One source alone is in order already.
        let several = sorted.sources.len() > 1;
        for source in (0..sorted.sources.len()).filter(|_| several) {
            sorted.advance(source, Vec::new())?;
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
    Memory { text: Vec<u8>, lines: std::vec::IntoIter<Place> },
}

impl Source {
    /// Appends the next line, if there is one.
    fn append_next(&mut self, out: &mut Vec<u8>) -> io::Result<bool> {
        match self {
            Source::File(file) => {
                let found = file.read_until(b'\n', out)? > 0;
                if found {
                    out.pop();
                }
                Ok(found)
            }
            Source::Memory { text, lines } => {
                let next = lines.next();
                out.extend_from_slice(next.map(|place| place.of(text)).unwrap_or_default());
                Ok(next.is_some())
            }
        }
    }
}

impl Sorted {
    /// Has the next line of a source take part; `line` is room for it.
    fn advance(&mut self, source: usize, mut line: Vec<u8>) -> io::Result<()> {
        line.clear();
        if let Some(from) = self.sources.get_mut(source)
            && from.append_next(&mut line)?
        {
            self.next.push(Reverse((line, source)));
        }
        Ok(())
    }

    /// Appends the next line, without an end; whether there was one.
    ///
    /// # Errors
    /// When a temporary file cannot be read.
    pub fn append_next(&mut self, out: &mut Vec<u8>) -> io::Result<bool> {
        if let [only] = self.sources.as_mut_slice() {
            return only.append_next(out);
        }
        let Some(Reverse((line, source))) = self.next.pop() else { return Ok(false) };
        out.extend_from_slice(&line);
        self.advance(source, line)?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of all kinds: short ones, and such as differ behind many equal bytes.
    fn line(n: u64) -> String {
        let mixed = n.wrapping_mul(7_919) % 5_000;
        let equal = ["", " ", "\0\0", "0123456789abcdef"][usize::try_from(mixed % 4).unwrap()];
        format!("{equal}{mixed}")
    }

    #[test]
    fn the_lines_of_bytes_are_those_between_their_ends() {
        for (bytes, expected) in
            [(&b"a\n\nbc\n"[..], vec!["a", "bc"]), (b"", vec![]), (b"\na", vec!["a"]), (b"a", vec!["a"])]
        {
            assert_eq!(
                lines(bytes).collect::<Vec<_>>(),
                expected.iter().map(|line| line.as_bytes()).collect::<Vec<_>>()
            );
        }
    }

    #[test]
    fn lines_are_sorted_in_memory_and_through_files() {
        let lines: Vec<String> = (0..5_000u64).map(line).collect();
        let mut expected = lines.clone();
        expected.sort();
        for memory in [1, 1_000, 10_000_000] {
            let mut sorter = Sorter::with_memory(memory);
            // One line a file would be too many files; a few hundred lines make the point.
            let some = if memory == 1 { &lines[..200] } else { &lines[..] };
            some.iter().for_each(|line| sorter.push(line.as_bytes()).unwrap());
            let mut sorted = sorter.sorted().unwrap();
            let mut found = Vec::new();
            let mut line = Vec::new();
            while sorted.append_next(&mut line).unwrap() {
                found.push(String::from_utf8(std::mem::take(&mut line)).unwrap());
            }
            let mut expected = if memory == 1 { some.to_vec() } else { expected.clone() };
            expected.sort();
            assert_eq!(found, expected);
        }
    }
}
