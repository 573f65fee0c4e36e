//! The reader's side: inputs to jobs, with what happened on the way noted in each.

use super::Settings;
use crate::intake::{self, Input, Item, Place, Reader, Skip};
use crate::sandbox::Batch;
use oxpecker_engine::event::Event;
use oxpecker_engine::json;
use std::cell::RefCell;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Events to evaluate, and what was read between them that is no event.
#[derive(Debug, Default)]
pub struct Job {
    /// The events.
    pub batch: Batch,
    /// Where each event is from.
    pub origins: Vec<Origin>,
    /// What else happened since the last job.
    pub notes: Vec<Note>,
}

impl Job {
    /// The events without what else happened, and nothing of them left here.
    pub(super) fn take_events(&mut self) -> Job {
        Job { batch: std::mem::take(&mut self.batch), origins: std::mem::take(&mut self.origins), notes: Vec::new() }
    }

    /// Forgets all of it; the memory stays.
    pub(super) fn clear(&mut self) {
        self.batch.clear();
        self.origins.clear();
        self.notes.clear();
    }
}

/// Where an event is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// Which of the inputs.
    pub input: usize,
    /// The line in it, from 1.
    pub line: u64,
}

/// Something on the way that is no event.
#[derive(Debug)]
pub enum Note {
    /// An input begins.
    Begins(usize),
    /// A text that should have been an event.
    Rejected {
        /// Where it is from.
        origin: Origin,
        /// Where it begins in the input.
        offset: u64,
        /// The reason's stable code.
        code: &'static str,
        /// The reason for people.
        reason: String,
        /// The beginning of the text.
        excerpt: Vec<u8>,
    },
    /// Something known that is no event.
    Skipped(Skip),
    /// An event outside the time that was asked for.
    OutsideSpan,
    /// An input could not be read to its end.
    Problem {
        /// Which of the inputs.
        input: usize,
        /// What is wrong.
        detail: String,
    },
}

/// A span of event time in milliseconds since 1970: from `since`, up to and without `until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// The first millisecond.
    pub since: Option<i64>,
    /// The first millisecond after it.
    pub until: Option<i64>,
}

impl Span {
    fn is_everything(&self) -> bool {
        self.since.is_none() && self.until.is_none()
    }

    /// Whether an event belongs to the span. One without a time cannot be placed, so it is kept.
    fn holds(&self, event: &[u8]) -> bool {
        // Bytes that are no event are kept too: the engine rejects and names them.
        let Ok(event) = Event::parse(event, &json::Limits::default(), None) else { return true };
        let Some(time) = event.time() else { return true };
        self.since.is_none_or(|since| time >= since) && self.until.is_none_or(|until| time < until)
    }
}

/// Where jobs go.
pub(super) trait Taker {
    /// Takes a job and gives one to fill next, whose memory is used again; `Break` means that nobody wants more.
    fn take(&mut self, job: Job) -> ControlFlow<(), Job>;

    /// The next read may wait for a long time.
    fn pause(&mut self) {}
}

impl<F: FnMut(Job) -> ControlFlow<(), Job>> Taker for F {
    fn take(&mut self, mut job: Job) -> ControlFlow<(), Job> {
        job = self(job)?;
        job.clear();
        ControlFlow::Continue(job)
    }
}

/// Reads all inputs, in order, without evaluating anything; `take` takes the jobs and gives each back, or another, to be
/// filled anew. `Break` ends it.
pub fn read(inputs: &[Input], settings: &Settings, mut take: impl FnMut(Job) -> ControlFlow<(), Job>) {
    run(inputs, settings, &Arc::default(), &mut take);
}

/// Reads all inputs, in order.
pub(super) fn run(inputs: &[Input], settings: &Settings, read: &Arc<AtomicU64>, taker: &mut dyn Taker) {
    let filler = Rc::new(RefCell::new(Filler { job: Job::default(), settings, taker, stopped: false }));
    for (index, input) in inputs.iter().enumerate() {
        filler.borrow_mut().job.notes.push(Note::Begins(index));
        if let Err(detail) = one(index, input, settings, read, &filler) {
            filler.borrow_mut().job.notes.push(Note::Problem { input: index, detail });
        }
        if filler.borrow().stopped {
            return;
        }
    }
    let _ = filler.borrow_mut().send();
}

/// Reads one input; the error is what kept it from being read to its end.
fn one<'f>(
    index: usize,
    input: &Input,
    settings: &Settings,
    read: &Arc<AtomicU64>,
    filler: &Rc<RefCell<Filler<'f, '_>>>,
) -> Result<(), String> {
    let source: Box<dyn Read + '_> = match input {
        Input::Stdin => Box::new(Prompt { inner: io::stdin(), filler: Rc::clone(filler) }),
        Input::File(path) => Box::new(std::fs::File::open(path).map_err(|error| error.to_string())?),
    };
    let reader = Reader::new(Metered { inner: source, read: Arc::clone(read) }).map_err(|error| error.to_string())?;
    let outcome = intake::read(reader, &settings.limits, &mut |item| filler.borrow_mut().take(index, item));
    outcome.error.map_or(Ok(()), |error| Err(error.to_string()))
}

/// Collects items until a job is full.
struct Filler<'f, 'e> {
    job: Job,
    settings: &'f Settings,
    taker: &'f mut (dyn Taker + 'e),
    stopped: bool,
}

impl Filler<'_, '_> {
    fn take(&mut self, input: usize, item: Item<'_>) -> ControlFlow<()> {
        match item {
            Item::Event { bytes, at } => self.event(Origin { input, line: at.line }, bytes),
            Item::Rejected { at, reason, excerpt } => {
                self.reject(input, at, reason.code(), reason.to_string(), excerpt.to_vec());
            }
            Item::Skipped { kind, .. } => self.job.notes.push(Note::Skipped(kind)),
        }
        let full = self.job.batch.bytes() >= self.settings.batch_bytes || self.job.notes.len() >= 4_096;
        if full { self.send() } else { self.flow() }
    }

    fn event(&mut self, origin: Origin, bytes: &[u8]) {
        let span = &self.settings.span;
        if !span.is_everything() && !span.holds(bytes) {
            self.job.notes.push(Note::OutsideSpan);
        } else if self.job.batch.push(bytes).is_ok() {
            self.job.origins.push(origin);
        } else {
            let at = Place { line: origin.line, offset: 0 };
            self.reject(origin.input, at, "too-large", "longer than a batch can hold".to_owned(), Vec::new());
        }
    }

    fn reject(&mut self, input: usize, at: Place, code: &'static str, reason: String, excerpt: Vec<u8>) {
        let origin = Origin { input, line: at.line };
        self.job.notes.push(Note::Rejected { origin, offset: at.offset, code, reason, excerpt });
    }

    fn flow(&self) -> ControlFlow<()> {
        if self.stopped { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn send(&mut self) -> ControlFlow<()> {
        if !self.stopped && (!self.job.batch.is_empty() || !self.job.notes.is_empty()) {
            match self.taker.take(std::mem::take(&mut self.job)) {
                ControlFlow::Continue(next) => self.job = next,
                ControlFlow::Break(()) => self.stopped = true,
            }
        }
        self.flow()
    }

    /// Before a read that may wait for a long time.
    fn pause(&mut self) -> ControlFlow<()> {
        self.send()?;
        self.taker.pause();
        ControlFlow::Continue(())
    }
}

/// Standard input: what has been read is sent on before the next read, which may wait for a long time.
struct Prompt<'f, 'e> {
    inner: io::Stdin,
    filler: Rc<RefCell<Filler<'f, 'e>>>,
}

impl Read for Prompt<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.filler.borrow_mut().pause().is_break() {
            return Ok(0);
        }
        self.inner.read(buffer)
    }
}

/// Counts bytes as they are read, compressed as they are.
struct Metered<R> {
    inner: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
