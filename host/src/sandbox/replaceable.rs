//! An instance that is replaced when it fails, and work that is halved until the guilty piece stands alone.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::batch::{Batch, Divisible};
use super::error::SandboxError;
use super::instance::{Effort, Restored, Sandbox};
use super::journal::Journal;
use super::limits::Limits;
use super::module::Module;
use super::request::LoadReport;
use super::snapshot::{self, Snapshot, Started};
use super::spool::Spool;

/// A sandbox with all it takes to make another one like it.
#[derive(Debug)]
pub(crate) struct Replaceable {
    sandbox: Sandbox,
    module: Module,
    limits: Limits,
    rules: Rules,
    replaced: u64,
    /// What the windows came from.
    journal: Journal,
    windows_lost: u64,
    guilty_in_a_row: u32,
    lost_in_a_row: Duration,
}

/// What gives a new instance its rules.
#[derive(Debug)]
enum Rules {
    /// The memory of an instance that had them and nothing else.
    Snapshot(Arc<Snapshot>),
    /// The load request's text.
    Text(Vec<u8>),
}

impl Replaceable {
    /// The first instance gets one try: its failure is the caller's news, rule errors above all.
    pub(crate) fn start(module: &Module, limits: &Limits, rules: Vec<u8>) -> Result<(Self, LoadReport), SandboxError> {
        let Started { sandbox, report, snapshot } = snapshot::start(module, limits, &rules)?;
        let rules = snapshot.map_or(Rules::Text(rules), Rules::Snapshot);
        let made = Replaceable {
            sandbox,
            module: module.clone(),
            limits: limits.clone(),
            rules,
            replaced: 0,
            journal: Journal::default(),
            windows_lost: 0,
            guilty_in_a_row: 0,
            lost_in_a_row: Duration::ZERO,
        };
        Ok((made, report))
    }

    /// How many instances were lost so far.
    pub(crate) fn replaced(&self) -> u64 {
        self.replaced
    }

    /// How often the windows were lost with their instance.
    pub(crate) fn windows_lost(&self) -> u64 {
        self.windows_lost
    }

    pub(crate) fn sandbox(&mut self) -> &mut Sandbox {
        &mut self.sandbox
    }

    /// Runs `work`. On a failure the instance is replaced before the failure is given back (inside); `Err` (outside) means
    /// that there is no working instance any more.
    pub(crate) fn attempt<T>(
        &mut self,
        work: impl FnOnce(&mut Sandbox) -> Result<T, SandboxError>,
    ) -> Result<Result<T, SandboxError>, SandboxError> {
        let begun = Instant::now();
        match work(&mut self.sandbox) {
            Ok(done) => Ok(Ok(done)),
            Err(failure) => {
                let failure = self.replace(failure)?;
                self.lost_in_a_row += begun.elapsed();
                if self.lost_in_a_row > self.limits.patience.lost_time {
                    return Err(given_up("too much time lost without an event evaluated", failure));
                }
                Ok(Err(failure))
            }
        }
    }

    /// Evaluates `whole`, halving what fails until one piece is left. That piece is tried once more, alone and with the
    /// longer deadline, in a new instance. `settle` sees every piece exactly once and in order: its result, or why it has
    /// none, and how often the windows were lost before that result. Bound: see [`Guard`](super::Guard).
    pub(crate) fn divide<P: Divisible, T>(
        &mut self,
        whole: P,
        work: impl Fn(&mut Sandbox, &P, Effort) -> Result<T, SandboxError>,
        mut settle: impl FnMut(P, Result<T, SandboxError>, u64),
    ) -> Result<(), SandboxError> {
        let mut waiting = vec![whole];
        while let Some(piece) = waiting.pop() {
            match self.attempt(|sandbox| work(sandbox, &piece, Effort::Usual))? {
                Ok(done) => {
                    // Noting can lose windows too, after the result.
                    let lost = self.windows_lost;
                    self.note_done(&piece)?;
                    settle(piece, Ok(done), lost);
                }
                Err(_) if piece.len() > 1 => {
                    let (first, second) = piece.halves();
                    waiting.extend([second, first]);
                }
                Err(_) => {
                    let last = self.attempt(|sandbox| work(sandbox, &piece, Effort::Last))?;
                    let lost = self.windows_lost;
                    match &last {
                        Ok(_) => self.note_done(&piece)?,
                        Err(failure) => self.note_guilty(failure)?,
                    }
                    settle(piece, last, lost);
                }
            }
        }
        Ok(())
    }

    /// Closes windows. An instance that fails on it gets a second chance with the windows of the first; after that they
    /// are given up. Tells how often windows were lost before the result, too.
    pub(crate) fn flush<T>(
        &mut self,
        work: impl Fn(&mut Sandbox) -> Result<T, SandboxError>,
    ) -> Result<(Result<T, SandboxError>, u64), SandboxError> {
        let mut flushed = self.attempt(&work)?;
        if flushed.is_err() {
            flushed = self.attempt(&work)?;
        }
        let lost = self.windows_lost;
        match &flushed {
            Ok(_) => {
                self.journal.flush();
                self.save_sometimes()?;
            }
            Err(failure) => {
                self.forget();
                self.start_again(failure)?;
            }
        }
        Ok((flushed, lost))
    }

    /// Starts an instance in place of one that did not fail, and without its windows.
    pub(crate) fn start_without_windows(&mut self) -> Result<(), SandboxError> {
        self.journal = Journal::default();
        self.note_progress();
        self.sandbox = self.another()?;
        Ok(())
    }

    /// Takes over windows in place of those that are open.
    pub(crate) fn restore(&mut self, state: &[u8]) -> Result<Restored, SandboxError> {
        let restored = self.sandbox.restore(state)?;
        let mut saved = Spool::default();
        saved.push(state);
        self.journal.begin(saved);
        Ok(restored)
    }

    fn note_done(&mut self, piece: &impl Divisible) -> Result<(), SandboxError> {
        self.note_progress();
        piece.note(&mut self.journal);
        self.save_sometimes()
    }

    /// Saves the windows when enough has happened to them. Where that fails, what happened is remembered for longer, and
    /// in the end not at all: then the windows of an instance that dies are lost.
    fn save_sometimes(&mut self) -> Result<(), SandboxError> {
        if !self.journal.is_full() {
            return Ok(());
        }
        // Straight from the guest's memory: a state can be large.
        let save = |sandbox: &mut Sandbox| {
            sandbox.save_with(|state| {
                let mut saved = Spool::default();
                saved.push(state);
                saved
            })
        };
        match self.attempt(save)? {
            Ok(saved) => self.journal.begin(saved),
            Err(_) => self.journal.retry_later(),
        }
        Ok(())
    }

    /// Windows are lost: from here on there are none.
    fn forget(&mut self) {
        self.windows_lost += 1;
        self.journal = Journal::default();
    }

    fn note_progress(&mut self) {
        self.guilty_in_a_row = 0;
        self.lost_in_a_row = Duration::ZERO;
    }

    fn note_guilty(&mut self, failure: &SandboxError) -> Result<(), SandboxError> {
        self.guilty_in_a_row += 1;
        if self.guilty_in_a_row < self.limits.patience.guilty_in_a_row {
            return Ok(());
        }
        Err(given_up("too many events in a row without one evaluated", failure.duplicate()))
    }

    /// A new instance in place of the failed one. Gives the failure back.
    fn replace(&mut self, failure: SandboxError) -> Result<SandboxError, SandboxError> {
        self.replaced += 1;
        self.start_again(&failure)?;
        if !self.journal.repeat(&mut self.sandbox) {
            self.forget();
            self.start_again(&failure)?;
        }
        Ok(failure)
    }

    /// A new instance, rules loaded and shown to work, without windows.
    fn start_again(&mut self, failure: &SandboxError) -> Result<(), SandboxError> {
        let mut last = failure.duplicate();
        for _ in 0..self.limits.patience.starts.max(1) {
            match self.another() {
                Ok(sandbox) => {
                    self.sandbox = sandbox;
                    return Ok(());
                }
                Err(error) => last = error,
            }
        }
        Err(given_up("a new instance does not work either", last))
    }

    fn another(&self) -> Result<Sandbox, SandboxError> {
        let mut sandbox = match &self.rules {
            Rules::Snapshot(snapshot) => snapshot::copy(&self.module, &self.limits, Arc::clone(snapshot))?.sandbox,
            Rules::Text(text) => {
                let mut sandbox = Sandbox::new(&self.module, self.limits.clone())?;
                sandbox.load_text(text)?;
                sandbox
            }
        };
        canary(&mut sandbox)?;
        Ok(sandbox)
    }
}

/// Tells a guest that fails on everything from one that an event kills: the empty object must get an answer.
fn canary(sandbox: &mut Sandbox) -> Result<(), SandboxError> {
    let mut batch = Batch::new();
    batch.push(b"{}")?;
    sandbox.detect(&batch, 0).map(|_| ())
}

fn given_up(why: &'static str, last: SandboxError) -> SandboxError {
    match last {
        given_up @ SandboxError::GivenUp { .. } => given_up,
        last => SandboxError::GivenUp { why, last: Box::new(last) },
    }
}
