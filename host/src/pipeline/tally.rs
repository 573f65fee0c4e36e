//! Counting what became of everything that was read: nothing is lost in silence.

use super::feed::{Job, Note, Origin};
use super::lanes::Done;
use crate::intake::Skip;
use crate::sandbox::{RejectReason, Rejected};
use oxpecker_engine::json::RejectReason as EventReason;
use std::collections::BTreeMap;

/// Counts over a run.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Everything that should be an event or was known not to be one.
    pub read: u64,
    /// Events that were evaluated.
    pub evaluated: u64,
    /// Texts and events that could not be evaluated, by code.
    pub rejected: BTreeMap<String, u64>,
    /// Known things that are no events, by name.
    pub skipped: BTreeMap<String, u64>,
    /// Pairs of event and rule that could not be decided.
    pub undecided: u64,
    /// Bytes of events.
    pub event_bytes: u64,
    /// Instances of the sandbox that were lost.
    pub replaced: u64,
    /// Inputs that could not be read to their end.
    pub broken_inputs: u64,
    /// Inputs that were begun.
    pub inputs: u64,
}

/// A text or event that could not be evaluated.
#[derive(Debug, Clone)]
pub struct Rejection<'j> {
    /// Where it is from.
    pub origin: Origin,
    /// The offset of the trouble.
    pub offset: u64,
    /// What the offset counts from: `event`, where it was handed to the engine, or `input`.
    pub offset_in: &'static str,
    /// The reason's stable code.
    pub code: String,
    /// The reason for people.
    pub reason: String,
    /// The text, or its beginning.
    pub text: &'j [u8],
}

impl Tally {
    /// How many were rejected, for whatever reason.
    #[must_use]
    pub fn rejected(&self) -> u64 {
        self.rejected.values().sum()
    }

    /// How many were skipped.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.skipped.values().sum()
    }

    /// Whether what was read is what became of it: both sides are counted in different places.
    #[must_use]
    pub fn adds_up(&self) -> bool {
        self.read == self.evaluated + self.rejected() + self.skipped()
    }

    /// Counts a job; `reject` sees each rejection.
    ///
    /// # Errors
    /// Those of `reject`.
    pub fn count<E>(&mut self, done: &Done, mut reject: impl FnMut(Rejection<'_>) -> Result<(), E>) -> Result<(), E> {
        let Done { job, events, event_bytes, result } = done;
        self.read += events;
        self.event_bytes += event_bytes;
        self.evaluated += result.evaluated;
        self.undecided += result.undecided;
        self.replaced += result.replaced;
        let mut rejections: Vec<Rejection<'_>> = job.notes.iter().filter_map(|note| self.note(note)).collect();
        rejections.extend(result.rejected.iter().map(|rejected| rejection(job, rejected)));
        // Those of the intake and those of the engine, in the order of the input.
        rejections.sort_by_key(|rejection| (rejection.origin.input, rejection.origin.line));
        for rejection in rejections {
            *self.rejected.entry(rejection.code.clone()).or_default() += 1;
            reject(rejection)?;
        }
        Ok(())
    }

    fn note<'j>(&mut self, note: &'j Note) -> Option<Rejection<'j>> {
        match note {
            Note::Begins(_) => self.inputs += 1,
            Note::Problem { .. } => self.broken_inputs += 1,
            Note::Skipped(kind) => self.skip(skip_name(*kind)),
            Note::OutsideSpan => self.skip("outside --since/--until".to_owned()),
            Note::Rejected { origin, offset, code, reason, excerpt } => {
                self.read += 1;
                let (code, reason) = ((*code).to_owned(), reason.clone());
                return Some(Rejection {
                    origin: *origin,
                    offset: *offset,
                    offset_in: "input",
                    code,
                    reason,
                    text: excerpt,
                });
            }
        }
        None
    }

    fn skip(&mut self, name: String) {
        self.read += 1;
        *self.skipped.entry(name).or_default() += 1;
    }
}

fn skip_name(kind: Skip) -> String {
    kind.to_string()
}

fn rejection<'j>(job: &'j Job, rejected: &Rejected) -> Rejection<'j> {
    let origin = job.origins.get(rejected.index).copied().unwrap_or(Origin { input: 0, line: 0 });
    let (code, reason) = match rejected.reason {
        RejectReason::Event(number) => match EventReason::from_number(number) {
            Some(reason) => (reason.code().to_owned(), format!("{reason}, at byte {} of the event", rejected.offset)),
            None => (format!("reason-{number}"), "refused by the engine".to_owned()),
        },
        RejectReason::GuestTrap => ("guest-trap".to_owned(), "the sandbox broke off on this event".to_owned()),
        RejectReason::GuestDeadline => ("guest-deadline".to_owned(), "the sandbox ran out of time on it".to_owned()),
    };
    let reason = rejected.detail.as_ref().map_or(reason.clone(), |detail| format!("{reason}: {detail}"));
    let text = job.batch.event(rejected.index).unwrap_or_default();
    Rejection { origin, offset: rejected.offset as u64, offset_in: "event", code, reason, text }
}
