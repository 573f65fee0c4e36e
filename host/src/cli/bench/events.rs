//! The events that stages are measured on: in memory, in the batches that the pipeline makes of them.

use anyhow::{Context, Result, bail};
use oxpecker::intake::Input;
use oxpecker::pipeline::{self, Job, Note, Settings};
use oxpecker::sandbox::Batch;
use std::io::{self, Write};
use std::ops::ControlFlow;
use tempfile::NamedTempFile;

/// The sample that is measured on where nothing else is given.
const SAMPLE: &[u8] = include_bytes!("../../../../rules/samples/cloudtrail.ndjson");

/// Bytes of events that are held in memory: far more than caches hold, and little of it.
const MEMORY: u64 = 64 << 20;

/// Bytes of events in one pass over files. A run of a few milliseconds would measure the starting of threads, the first
/// touch of their memory and the closing of windows, and hardly what further workers are worth.
const PASS: u64 = 64 << 20;

/// Events in batches.
pub(crate) struct Events {
    pub(crate) batches: Vec<Batch>,
    pub(crate) events: u64,
    pub(crate) bytes: u64,
    /// There were more than are held.
    pub(crate) is_part: bool,
}

impl Events {
    /// Reads the inputs, or the first part of them.
    pub(crate) fn read(inputs: &[Input], settings: &Settings) -> Result<Self> {
        let mut all = Self { batches: Vec::new(), events: 0, bytes: 0, is_part: false };
        let mut broken = None;
        pipeline::read(inputs, settings, |job| {
            broken = broken.take().or_else(|| job.notes.into_iter().find_map(problem));
            if all.bytes >= MEMORY {
                all.is_part = true;
                return ControlFlow::Break(());
            }
            all.add(job.batch);
            ControlFlow::Continue(Job::default())
        });
        if let Some((input, detail)) = broken {
            let name = inputs.get(input).map(ToString::to_string).unwrap_or_default();
            bail!("{name}: {detail}");
        }
        if all.events == 0 {
            bail!("there are no events to measure with");
        }
        Ok(all)
    }

    fn add(&mut self, batch: Batch) {
        let lengths = (0..batch.len()).filter_map(|event| batch.event(event)).map(|event| event.len() as u64);
        self.bytes += lengths.sum::<u64>();
        self.events += batch.len() as u64;
        if !batch.is_empty() {
            self.batches.push(batch);
        }
    }

    /// The inputs, often enough for one pass over files.
    pub(crate) fn repeated(&self, inputs: &[Input]) -> Vec<Input> {
        let times = if self.is_part { 1 } else { PASS.div_ceil(self.bytes.max(1)) };
        let times = usize::try_from(times).unwrap_or(1).min(1_000);
        inputs.iter().cloned().cycle().take(inputs.len() * times).collect()
    }
}

fn problem(note: Note) -> Option<(usize, String)> {
    match note {
        Note::Problem { input, detail } => Some((input, detail)),
        _ => None,
    }
}

/// The sample as a file: what is measured reads files.
pub(crate) fn sample() -> Result<NamedTempFile> {
    file(&mut &SAMPLE[..])
}

/// Standard input as a file, which can be read more than once.
pub(crate) fn stdin() -> Result<NamedTempFile> {
    file(&mut io::stdin().lock())
}

fn file(from: &mut dyn io::Read) -> Result<NamedTempFile> {
    let mut write = || {
        let mut file = NamedTempFile::new()?;
        io::copy(from, &mut file)?;
        file.flush()?;
        io::Result::Ok(file)
    };
    write().context("cannot write a temporary file")
}
