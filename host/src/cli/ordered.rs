//! Lines in their order, between one thread that finds them and one that takes them, each at its own pace: the one that
//! finds them reads events meanwhile, and must not wait.
//!
//! All of them are kept until the end, the first few in memory and the others in a temporary file: they may be wanted again.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Bytes that are held in memory.
const MEMORY: usize = 2 << 20;

/// Lines, each with its end.
pub(crate) type Chunk = Arc<[u8]>;

/// See the module.
#[derive(Debug)]
pub(crate) struct Ordered<E> {
    state: Mutex<State<E>>,
    /// There is a further chunk, or will be none.
    changed: Condvar,
    memory: usize,
}

#[derive(Debug)]
struct State<E> {
    chunks: Vec<Place>,
    in_memory: usize,
    file: Option<File>,
    in_file: u64,
    /// How it ends, once it is known.
    end: Option<E>,
    /// It ends before the chunks that are there.
    cut: bool,
}

#[derive(Debug)]
enum Place {
    Memory(Chunk),
    File { at: u64, bytes: usize },
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next<E> {
    Chunk(Chunk),
    End(E),
}

impl<E: Clone> Default for Ordered<E> {
    fn default() -> Self {
        Self::with_memory(MEMORY)
    }
}

impl<E: Clone> Ordered<E> {
    fn with_memory(memory: usize) -> Self {
        let state = State { chunks: Vec::new(), in_memory: 0, file: None, in_file: 0, end: None, cut: false };
        Self { state: Mutex::new(state), changed: Condvar::new(), memory }
    }

    fn state(&self) -> MutexGuard<'_, State<E>> {
        // Nobody breaks off while holding it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts lines behind the others; their memory stays.
    ///
    /// # Errors
    /// When a temporary file cannot be written.
    pub(crate) fn push(&self, lines: &mut Vec<u8>) -> io::Result<()> {
        let mut state = self.state();
        let bytes = lines.len();
        let place = if state.in_memory + bytes <= self.memory {
            state.in_memory += bytes;
            Place::Memory(Chunk::from(lines.as_slice()))
        } else {
            state.write(lines)?
        };
        state.chunks.push(place);
        drop(state);
        lines.clear();
        self.changed.notify_all();
        Ok(())
    }

    /// Says that no more lines come, and why.
    pub(crate) fn end(&self, end: E) {
        self.state().end = Some(end);
        self.changed.notify_all();
    }

    /// Says that whoever waits for lines gets no more of them.
    pub(crate) fn cut(&self, end: E) {
        let mut state = self.state();
        (state.end, state.cut) = (Some(end), true);
        drop(state);
        self.changed.notify_all();
    }

    /// The chunk in this place; waits for it.
    ///
    /// # Errors
    /// When the temporary file cannot be read.
    pub(crate) fn wait_for(&self, place: usize) -> io::Result<Next<E>> {
        let mut state = self.state();
        loop {
            let wanted = if state.cut { None } else { state.read(place)? };
            if let Some(chunk) = wanted {
                return Ok(Next::Chunk(chunk));
            }
            if let Some(end) = &state.end {
                return Ok(Next::End(end.clone()));
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// How it ends, if that is known.
    pub(crate) fn known_end(&self) -> Option<E> {
        self.state().end.clone()
    }

    /// The chunk in this place, if it is there.
    ///
    /// # Errors
    /// As [`Ordered::wait_for`].
    pub(crate) fn get(&self, place: usize) -> io::Result<Option<Chunk>> {
        self.state().read(place)
    }
}

impl<E> State<E> {
    fn write(&mut self, lines: &[u8]) -> io::Result<Place> {
        let at = self.in_file;
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        // Reading has moved it.
        file.seek(SeekFrom::Start(at))?;
        file.write_all(lines)?;
        self.in_file += lines.len() as u64;
        Ok(Place::File { at, bytes: lines.len() })
    }

    fn read(&mut self, place: usize) -> io::Result<Option<Chunk>> {
        Ok(match (self.chunks.get(place), &mut self.file) {
            (Some(Place::Memory(chunk)), _) => Some(Arc::clone(chunk)),
            (Some(Place::File { at, bytes }), Some(file)) => {
                let mut chunk = vec![0; *bytes];
                file.seek(SeekFrom::Start(*at))?;
                file.read_exact(&mut chunk)?;
                Some(chunk.into())
            }
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn chunks_come_back_in_order_from_memory_and_from_a_file() {
        let ordered = Ordered::with_memory(100);
        let chunk = |number: usize| vec![u8::try_from(number).unwrap(); number % 40];
        thread::scope(|scope| {
            let takes = scope.spawn(|| {
                let mut found = Vec::new();
                loop {
                    match ordered.wait_for(found.len()).unwrap() {
                        Next::Chunk(chunk) => found.push(chunk.to_vec()),
                        Next::End(end) => return (found, end),
                    }
                }
            });
            (0..200).for_each(|number| ordered.push(&mut chunk(number)).unwrap());
            ordered.end("all");
            assert_eq!(takes.join().unwrap(), ((0..200).map(chunk).collect(), "all"));
        });
        assert!(ordered.state().in_memory <= 100 && ordered.state().file.is_some());
        assert_eq!(ordered.get(150).unwrap().unwrap().to_vec(), chunk(150));
        assert_eq!(ordered.get(200).unwrap(), None);
        ordered.cut("cut");
        assert_eq!(ordered.wait_for(0).unwrap(), Next::End("cut"));
        assert_eq!(ordered.get(1).unwrap().unwrap().to_vec(), chunk(1), "what is there stays there");
    }
}
