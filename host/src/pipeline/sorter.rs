//! Lines sorted by their bytes, in bounded memory: what does not fit is sorted in parts, kept in a temporary file, and
//! merged. One file has all parts, however many there are: programs may open few.

use super::lines::{Lines, SortedLines};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::sync::Arc;

/// Bytes of lines that are held in memory.
const MEMORY: usize = 16 << 20;

/// Bytes of a part that are read at a time: less where there are many parts, so that all of them together are bounded.
const READ: Range<usize> = 4 << 10..64 << 10;

/// Collects lines, none of which holds a line end.
#[derive(Debug)]
pub struct Sorter {
    memory: usize,
    /// The lines that are not in the file.
    lines: Lines,
    file: Option<File>,
    /// Where in the file each part lies.
    parts: Vec<Range<u64>>,
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
        Self { memory, lines: Lines::default(), file: None, parts: Vec::new() }
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
        self.lines.push_parts(parts);
        if self.lines.bytes() > self.memory { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> io::Result<()> {
        let start = self.parts.last().map_or(0, |part| part.end);
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        let mut out = BufWriter::with_capacity(256 << 10, file);
        let mut end = start;
        self.lines.release(0, |line| {
            end += line.len() as u64 + 1;
            out.write_all(line)?;
            out.write_all(b"\n")
        })?;
        out.flush()?;
        self.parts.push(start..end);
        Ok(())
    }

    /// All lines in order.
    ///
    /// # Errors
    /// When a temporary file cannot be read.
    pub fn sorted(self) -> io::Result<Sorted> {
        let room = (self.memory / self.parts.len().max(1)).clamp(READ.start, READ.end);
        let file = self.file.map(Arc::new);
        let parts = self.parts.into_iter().flat_map(|part| file.clone().map(|file| Part { file, rest: part }));
        let mut sources: Vec<Source> = parts.map(|part| Source::File(BufReader::with_capacity(room, part))).collect();
        sources.push(Source::Memory(self.lines.into_sorted()));
        let mut sorted = Sorted { sources, next: BinaryHeap::new() };
        // One source alone is in order already.
        let several = sorted.sources.len() > 1;
        for source in (0..sorted.sources.len()).filter(|_| several) {
            sorted.advance(source, Vec::new())?;
        }
        Ok(sorted)
    }
}

/// A part of the file, read by itself. All parts are read by one thread, so none moves the file's place under another.
#[derive(Debug)]
struct Part {
    file: Arc<File>,
    rest: Range<u64>,
}

impl Read for Part {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.rest.end - self.rest.start).unwrap_or(usize::MAX);
        let most = buffer.len().min(left);
        let mut file = &*self.file;
        file.seek(SeekFrom::Start(self.rest.start))?;
        let got = file.read(buffer.get_mut(..most).unwrap_or_default())?;
        if got == 0 && most > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.rest.start += got as u64;
        Ok(got)
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
    File(BufReader<Part>),
    Memory(SortedLines),
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
            Source::Memory(lines) => {
                let next = lines.next_line();
                out.extend_from_slice(next.unwrap_or_default());
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
    fn lines_are_sorted_in_memory_and_through_any_number_of_parts() {
        let lines: Vec<String> = (0..5_000u64).map(line).collect();
        let mut expected = lines.clone();
        expected.sort();
        for memory in [1, 1_000, 10_000_000] {
            let mut sorter = Sorter::with_memory(memory);
            // With room for one byte each line is a part: more of them than a program may open files.
            lines.iter().for_each(|line| sorter.push(line.as_bytes()).unwrap());
            let mut sorted = sorter.sorted().unwrap();
            let mut found = Vec::new();
            let mut line = Vec::new();
            while sorted.append_next(&mut line).unwrap() {
                found.push(String::from_utf8(std::mem::take(&mut line)).unwrap());
            }
            assert_eq!(found, expected);
        }
    }
}
