//! Threads: one that reads, several that evaluate, and results in the order of the jobs.

use super::Settings;
use super::detector::{Backend, Evaluated, Searcher, Task};
use super::feed::{self, Job};
use crate::intake::Input;
use crate::sandbox::{LoadReport, LoadRequest, SandboxError};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Jobs that may wait at each worker: enough to keep it busy, few enough to keep memory low.
const WAITING: usize = 2;

/// A job with what came of it.
#[derive(Debug)]
pub struct Done {
    /// The job.
    pub job: Job,
    /// What came of its events.
    pub result: Evaluated,
}

/// Inputs being read and evaluated.
///
/// Jobs go to the workers in turn and results are taken from them in turn, so they come in the order of the jobs.
pub struct Pipeline {
    lanes: Vec<Lane>,
    next: usize,
    read: Arc<AtomicU64>,
    /// All inputs were read and evaluated.
    ended: bool,
}

/// One worker: where its results come from, and at the end its counters.
struct Lane {
    results: Receiver<Result<Done, SandboxError>>,
    worker: JoinHandle<Box<dyn Searcher>>,
}

impl Pipeline {
    /// Starts reading and evaluating. `now` is the time of arrival in milliseconds since 1970.
    ///
    /// # Errors
    /// When the rules have errors, the module does not work, or a thread cannot be started.
    pub fn start(
        backend: &Backend,
        request: &LoadRequest,
        task: Task,
        inputs: Vec<Input>,
        settings: Settings,
        now: i64,
    ) -> Result<(Self, LoadReport), SandboxError> {
        let mut lanes = Vec::new();
        let mut senders = Vec::new();
        let mut first_report = None;
        for made in searchers(backend, request, settings.jobs.max(1)) {
            let (searcher, report) = made?;
            first_report.get_or_insert(report);
            let (job_sender, jobs) = sync_channel::<Job>(WAITING);
            let (result_sender, results) = sync_channel(WAITING);
            let worker = spawn("evaluate", move || work(searcher, task, now, &jobs, &result_sender))?;
            lanes.push(Lane { results, worker });
            senders.push(job_sender);
        }
        let read = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&read);
        // Detached: when the caller stops early it may be waiting for an input that never ends.
        spawn("read", move || distribute(&inputs, &settings, &counter, &senders))?;
        Ok((Self { lanes, next: 0, read, ended: false }, first_report.unwrap_or_default()))
    }

    /// Bytes read so far, compressed as they are.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// The next result in the order of the input; `None` at the end of all inputs. `interrupted` is asked while waiting,
    /// and ends it too.
    ///
    /// # Errors
    /// When no instance of the sandbox works any more.
    pub fn next(&mut self, interrupted: impl Fn() -> bool) -> Option<Result<Done, SandboxError>> {
        const PATIENCE: Duration = Duration::from_millis(50);
        let lane = self.lanes.get(self.next)?;
        loop {
            if interrupted() {
                return None;
            }
            match lane.results.recv_timeout(PATIENCE) {
                Ok(done) => {
                    self.next = (self.next + 1) % self.lanes.len();
                    return Some(done);
                }
                Err(RecvTimeoutError::Timeout) => {}
                // Jobs are dealt in turn: where this worker has no more, the others have none either.
                Err(RecvTimeoutError::Disconnected) => {
                    self.ended = true;
                    return None;
                }
            }
        }
    }

    /// The counters of all evaluators. Before the end of all inputs, workers that wait for more are left out.
    pub fn stats(self) -> Vec<serde_json::Value> {
        let over = self.ended;
        let ended = self.lanes.into_iter().filter(|lane| over || lane.worker.is_finished());
        ended.filter_map(|lane| lane.worker.join().ok()?.stats().ok()).collect()
    }
}

/// An evaluator and what loading the rules found.
type Made = Result<(Box<dyn Searcher>, LoadReport), SandboxError>;

/// The evaluators, made at the same time: reading the rules takes most of the time that a short run takes.
fn searchers(backend: &Backend, request: &LoadRequest, count: usize) -> Vec<Made> {
    let broke = || SandboxError::Engine { detail: "a thread broke off while it loaded the rules".to_owned() };
    thread::scope(|scope| {
        let others: Vec<_> = (1..count).map(|_| scope.spawn(|| backend.searcher(request))).collect();
        let first = backend.searcher(request);
        std::iter::once(first)
            .chain(others.into_iter().map(|made| made.join().unwrap_or_else(|_| Err(broke()))))
            .collect()
    })
}

fn spawn<T: Send + 'static>(
    name: &str,
    run: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, SandboxError> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(run)
        .map_err(|error| SandboxError::Engine { detail: format!("no thread to {name}: {error}") })
}

/// Reads, and deals jobs to the workers in turn.
fn distribute(inputs: &[Input], settings: &Settings, read: &Arc<AtomicU64>, senders: &[SyncSender<Job>]) {
    let mut turn = 0;
    feed::run(inputs, settings, read, &mut |job| {
        let sent = senders.get(turn).is_some_and(|sender| sender.send(job).is_ok());
        turn = (turn + 1) % senders.len().max(1);
        if sent { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
}

/// Evaluates jobs until there are no more, the receiver is gone, or the sandbox has failed for good.
fn work(
    mut searcher: Box<dyn Searcher>,
    task: Task,
    now: i64,
    jobs: &Receiver<Job>,
    results: &SyncSender<Result<Done, SandboxError>>,
) -> Box<dyn Searcher> {
    for job in jobs {
        let done = searcher.run(task, &job.batch, now).map(|result| Done { job, result });
        let failed = done.is_err();
        if results.send(done).is_err() || failed {
            break;
        }
    }
    searcher
}
