//! What the threads of a run share: jobs that nobody evaluates yet, and results until the caller takes them.
//!
//! ```text
//! numbers   first ………………………………………………………………………………………………………… next
//!           | finished, or not yet: `results`, one place a job              |
//!           |               being evaluated | nobody has them yet: `waiting` |
//! ```
//!
//! Threads are woken only where that is of use: a wake costs about as much as evaluating a few events.

use super::feed::{Job, Note};
use super::lanes::Done;
use crate::sandbox::SandboxError;
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long the caller sleeps before it looks whether it was interrupted.
const PATIENCE: Duration = Duration::from_millis(50);

/// Results for which the caller is woken while there is more to evaluate.
const BUNCH: usize = 16;

/// A job to evaluate, and its number.
pub(super) struct Ticket {
    pub(super) number: u64,
    pub(super) job: Job,
}

/// What the caller gets.
#[expect(clippy::large_enum_variant, reason = "made once for each job and taken apart at once")]
pub(super) enum Taken {
    Result(Result<Done, SandboxError>),
    /// All inputs were read and evaluated.
    End,
    /// The caller was interrupted, or the run has failed before.
    Stop,
}

/// See the module.
pub(super) struct Exchange {
    state: Mutex<State>,
    /// For workers: there is a job, or there will be none.
    jobs: Condvar,
    /// For the caller: there are results.
    results: Condvar,
    /// For the reader: results were taken.
    room: Condvar,
    /// Jobs that may wait before the reader evaluates one itself.
    ahead: usize,
    /// Bytes of jobs and results that may be on the way before the reader waits.
    most: usize,
    /// Bytes of a job that is kept to be filled anew.
    kept: usize,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Ticket>,
    results: VecDeque<Place>,
    /// The number of the first of `results`.
    first: u64,
    /// How many of `results` are there.
    finished: usize,
    evaluating: usize,
    /// Bytes of all jobs that were not taken, and of what came of them.
    held: usize,
    /// Jobs to fill anew.
    spare: Vec<Job>,
    /// The reader waits for an input that may give nothing for a long time.
    paused: bool,
    /// There will be no more jobs.
    read_all: bool,
    /// Nobody wants results any more.
    closed: bool,
    /// A thread broke off, with its job.
    broken: bool,
    // Who sleeps.
    idle_workers: usize,
    caller_waits: bool,
    reader_waits: bool,
}

/// The place of a result.
struct Place {
    weight: usize,
    result: Option<Result<Done, SandboxError>>,
}

impl State {
    fn pop(&mut self) -> Option<Ticket> {
        let ticket = self.waiting.pop_front()?;
        self.evaluating += 1;
        Some(ticket)
    }

    /// Whether to wake the caller: there is enough to do for it, or nothing else will happen.
    fn is_ready(&self) -> bool {
        let idle = self.waiting.is_empty() && self.evaluating == 0 && (self.paused || self.read_all);
        let first = self.results.front().is_some_and(|place| place.result.is_some());
        self.broken || (first && (self.finished >= BUNCH || self.reader_waits || idle)) || self.is_over()
    }

    fn is_over(&self) -> bool {
        self.read_all && self.results.is_empty()
    }
}

impl Exchange {
    /// For so many evaluating threads, one of which reads, and jobs of about so many bytes.
    pub(super) fn new(threads: usize, job_bytes: usize) -> Self {
        let others = threads.saturating_sub(1);
        Self {
            state: Mutex::default(),
            jobs: Condvar::new(),
            results: Condvar::new(),
            room: Condvar::new(),
            // While the reader evaluates a job the others take one each.
            ahead: others * 2,
            // What waits, what is being evaluated, and some results.
            most: (others * 2 + threads + BUNCH) * job_bytes * 2,
            kept: job_bytes * 4,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nobody breaks off while holding it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'s>(on: &Condvar, state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        on.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the caller where that is of use, once it can have the lock: it would wait again otherwise.
    fn stir(&self, mut state: MutexGuard<'_, State>) {
        let wakes = state.caller_waits && state.is_ready();
        state.caller_waits &= !wakes;
        drop(state);
        if wakes {
            self.results.notify_one();
        }
    }

    /// Takes a job from the reader.
    pub(super) fn offer(&self, job: Job) -> ControlFlow<()> {
        let mut state = self.state();
        if state.closed {
            return ControlFlow::Break(());
        }
        let number = state.first + state.results.len() as u64;
        let weight = weight(&job);
        state.paused = false;
        state.held += weight;
        state.results.push_back(Place { weight, result: None });
        state.waiting.push_back(Ticket { number, job });
        let wakes = state.idle_workers > 0;
        state.idle_workers -= usize::from(wakes);
        drop(state);
        if wakes {
            self.jobs.notify_one();
        }
        ControlFlow::Continue(())
    }

    /// What the reader must evaluate before it reads on: what is more than the others need, or than may be held. Waits for
    /// the caller where there is nothing to do but that.
    pub(super) fn too_much(&self) -> Option<Ticket> {
        let mut state = self.state();
        loop {
            let is_full = state.held > self.most;
            if state.closed || (state.waiting.len() <= self.ahead && !is_full) {
                return None;
            }
            if let Some(ticket) = state.pop() {
                return Some(ticket);
            }
            state.reader_waits = true;
            if state.caller_waits {
                self.results.notify_one();
            }
            state = Self::wait(&self.room, state);
            state.reader_waits = false;
        }
    }

    /// The next job; none at the end.
    pub(super) fn job(&self) -> Option<Ticket> {
        let mut state = self.state();
        loop {
            if state.closed {
                return None;
            }
            if let Some(ticket) = state.pop() {
                return Some(ticket);
            }
            if state.read_all {
                return None;
            }
            // Whoever wakes one counts it out.
            state.idle_workers += 1;
            state = Self::wait(&self.jobs, state);
        }
    }

    /// Takes what came of the job of this number.
    pub(super) fn settle(&self, number: u64, result: Result<Done, SandboxError>) {
        let now = result.as_ref().map_or(0, |done| weight(&done.job) + done.result.records.memory_bytes());
        let mut state = self.state();
        let place = usize::try_from(number.saturating_sub(state.first)).unwrap_or(usize::MAX);
        let mut before = now;
        if let Some(place) = state.results.get_mut(place) {
            before = std::mem::replace(&mut place.weight, now);
            place.result = Some(result);
        }
        state.held = state.held - before + now;
        state.evaluating -= 1;
        state.finished += 1;
        self.wake_reader(&state);
        self.stir(state);
    }

    /// Wakes the reader where there is room for more. Half is free then: it is not woken for each job.
    fn wake_reader(&self, state: &State) {
        if state.reader_waits && (state.held <= self.most / 2 || state.results.is_empty()) {
            self.room.notify_one();
        }
    }

    /// The reader may wait for a long time from now on.
    pub(super) fn pause(&self) {
        let mut state = self.state();
        state.paused = true;
        self.stir(state);
    }

    /// There are no more jobs.
    pub(super) fn end(&self) {
        let mut state = self.state();
        state.read_all = true;
        state.idle_workers = 0;
        self.jobs.notify_all();
        self.stir(state);
    }

    /// Nobody wants results any more.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.jobs.notify_all();
        self.room.notify_all();
    }

    /// A thread broke off.
    fn break_off(&self) {
        let mut state = self.state();
        state.broken = true;
        self.stir(state);
    }

    /// The next result in the order of the jobs. `interrupted` is asked while waiting, and ends it.
    pub(super) fn take(&self, interrupted: impl Fn() -> bool) -> Taken {
        let mut state = self.state();
        loop {
            if interrupted() || state.closed {
                return Taken::Stop;
            }
            if let Some(result) = state.results.front_mut().and_then(|place| place.result.take()) {
                let weight = state.results.pop_front().map_or(0, |place| place.weight);
                state.first += 1;
                state.finished -= 1;
                state.held -= weight;
                self.wake_reader(&state);
                drop(state);
                if result.is_err() {
                    self.close();
                }
                return Taken::Result(result);
            }
            if state.broken {
                let detail = "a thread broke off while it evaluated events".to_owned();
                return Taken::Result(Err(SandboxError::Engine { detail }));
            }
            if state.is_over() {
                return Taken::End;
            }
            state.caller_waits = true;
            let waited = self.results.wait_timeout(state, PATIENCE);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
            state.caller_waits = false;
        }
    }

    /// A job to fill: one whose events are done with, where there is one.
    pub(super) fn empty(&self) -> Job {
        self.state().spare.pop().unwrap_or_default()
    }

    /// Takes a job whose events are done with.
    pub(super) fn give_back(&self, mut job: Job) {
        // One with an event far larger than usual would hold its memory for the rest of the run; one whose events were taken
        // out of it has none.
        if (1..=self.kept).contains(&job.batch.room()) {
            job.clear();
            self.state().spare.push(job);
        }
    }
}

/// Tells the others where the thread that holds it breaks off: they would wait for its result for ever.
pub(super) struct Watch<'e>(pub(super) &'e Exchange);

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.break_off();
        }
    }
}

/// Bytes that a job holds, its place among the results with them: there may be many that hold nothing else.
fn weight(job: &Job) -> usize {
    let note =
        |note: &Note| size_of::<Note>() + if let Note::Rejected { excerpt, .. } = note { excerpt.len() } else { 0 };
    size_of::<Place>() + job.batch.bytes() + job.notes.iter().map(note).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::super::detector::Evaluated;
    use super::*;
    use std::thread;

    const JOB: usize = 1_000;

    fn job() -> Job {
        let mut job = Job::default();
        job.batch.push(&[b'x'; JOB]).unwrap();
        job
    }

    /// So many bytes came of a job.
    fn settle(exchange: &Exchange, ticket: Ticket, bytes: usize) {
        let Ticket { number, job } = ticket;
        let mut result = Evaluated { evaluated: number, ..Evaluated::default() };
        result.records.push(&vec![b'\n'; bytes]);
        exchange.settle(number, Ok(Done { events: 1, event_bytes: JOB as u64, job, result }));
    }

    /// The number of the next result, or how it ended.
    fn take(exchange: &Exchange) -> Result<u64, &'static str> {
        match exchange.take(|| false) {
            Taken::Result(Ok(done)) => Ok(done.result.evaluated),
            Taken::Result(Err(_)) => Err("failed"),
            Taken::End => Err("end"),
            Taken::Stop => Err("stop"),
        }
    }

    #[test]
    fn results_come_in_the_order_of_the_jobs_whoever_is_first() {
        let exchange = Exchange::new(2, JOB);
        (0..3).for_each(|_| assert!(exchange.offer(job()).is_continue()));
        let tickets: Vec<Ticket> = (0..3).filter_map(|_| exchange.job()).collect();
        tickets.into_iter().rev().for_each(|ticket| settle(&exchange, ticket, 0));
        exchange.end();
        assert_eq!((0..4).map(|_| take(&exchange)).collect::<Vec<_>>(), [Ok(0), Ok(1), Ok(2), Err("end")]);
        assert!(exchange.job().is_none());
    }

    #[test]
    fn the_reader_evaluates_what_the_others_do_not_need() {
        let alone = Exchange::new(1, JOB);
        assert!(alone.offer(job()).is_continue());
        assert_eq!(alone.too_much().map(|ticket| ticket.number), Some(0));
        let two = Exchange::new(2, JOB);
        (0..3).for_each(|_| assert!(two.offer(job()).is_continue()));
        assert_eq!(two.too_much().map(|ticket| ticket.number), Some(0));
        assert!(two.too_much().is_none(), "two jobs are left for the other one");
    }

    #[test]
    fn what_is_on_the_way_is_bounded_by_its_bytes() {
        let exchange = Exchange::new(1, JOB);
        let held = |exchange: &Exchange| exchange.state().held;
        thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let mut most = 0;
                for _ in 0..200 {
                    assert!(exchange.offer(job()).is_continue());
                    while let Some(ticket) = exchange.too_much() {
                        settle(&exchange, ticket, 5 * JOB);
                    }
                    most = most.max(held(&exchange));
                }
                exchange.end();
                most
            });
            let numbers: Vec<u64> = std::iter::from_fn(|| take(&exchange).ok()).collect();
            assert_eq!(numbers, (0..200).collect::<Vec<_>>());
            assert!(reader.join().unwrap() <= exchange.most + 7 * JOB);
        });
        assert_eq!(held(&exchange), 0);
    }

    #[test]
    fn a_job_that_gives_its_events_back_makes_room() {
        let exchange = Exchange::new(2, JOB);
        let bytes = |exchange: &Exchange| exchange.state().held;
        assert!(exchange.offer(job()).is_continue());
        let Ticket { number, mut job } = exchange.job().unwrap();
        assert!(bytes(&exchange) >= JOB);
        exchange.give_back(job.take_events());
        exchange.settle(number, Ok(Done { events: 1, event_bytes: 0, job, result: Evaluated::default() }));
        assert!((1..JOB).contains(&bytes(&exchange)), "its place is counted all the same");
        assert!(exchange.empty().batch.room() >= JOB);
        assert_eq!((take(&exchange), bytes(&exchange)), (Ok(0), 0));
        exchange.give_back(Job::default());
        assert!(exchange.state().spare.is_empty(), "there is nothing to be had from it");
    }

    #[test]
    fn a_job_is_told_at_once_while_the_reader_waits_for_more() {
        let exchange = Exchange::new(1, JOB);
        assert!(exchange.offer(job()).is_continue());
        settle(&exchange, exchange.job().unwrap(), 0);
        exchange.state().caller_waits = true;
        assert!(!exchange.state().is_ready(), "one alone is not worth a wake");
        exchange.pause();
        assert!(!exchange.state().caller_waits, "woken");
        assert_eq!(take(&exchange), Ok(0));
    }

    #[test]
    fn who_breaks_off_or_fails_ends_the_run_and_is_told() {
        let broken = Exchange::new(2, JOB);
        assert!(broken.offer(job()).is_continue());
        let _ticket = broken.job();
        thread::scope(|scope| {
            let watched = scope.spawn(|| {
                let _watch = Watch(&broken);
                std::panic::resume_unwind(Box::new("it broke"));
            });
            assert!(watched.join().is_err());
        });
        assert_eq!(take(&broken), Err("failed"));

        let failed = Exchange::new(2, JOB);
        assert!(failed.offer(job()).is_continue());
        failed.settle(failed.job().unwrap().number, Err(SandboxError::Dead));
        assert_eq!(take(&failed), Err("failed"));
        assert_eq!(take(&failed), Err("stop"));
        assert!(failed.offer(job()).is_break());
        assert!(failed.too_much().is_none() && failed.job().is_none());
    }

    #[test]
    fn memory_is_used_again_but_not_that_of_a_giant() {
        let exchange = Exchange::new(1, JOB);
        exchange.give_back(job());
        let again = exchange.empty();
        assert!(again.batch.is_empty() && again.batch.room() >= JOB);
        let mut giant = Job::default();
        giant.batch.push(&vec![b'x'; exchange.most]).unwrap();
        exchange.give_back(giant);
        assert_eq!(exchange.empty().batch.room(), 0);
    }
}
