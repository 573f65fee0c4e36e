//! Threads: those that evaluate, the first of which reads, and results in the order of the jobs.

use super::Settings;
use super::detector::{Backend, Evaluated, Searcher, Task};
use super::exchange::{Exchange, Taken, Ticket, Watch};
use super::feed::{self, Job, Taker};
use crate::intake::Input;
use crate::sandbox::{LoadReport, LoadRequest, SandboxError};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

/// A job with what came of it.
#[derive(Debug)]
pub struct Done {
    /// The job. Without [`Settings::keep_events`](super::Settings::keep_events) events of which nothing is to be told are not
    /// in it any more: their memory is used again as soon as they are evaluated, while it is in the processor's caches.
    pub job: Job,
    /// How many events it had.
    pub events: u64,
    /// Their bytes.
    pub event_bytes: u64,
    /// What came of its events.
    pub result: Evaluated,
}

/// Inputs being read and evaluated.
///
/// As many threads evaluate as were asked for. The first of them reads; where the others have enough to do it evaluates too.
/// So none waits for another while there is something to do, whichever of both takes longer.
pub struct Pipeline {
    exchange: Arc<Exchange>,
    workers: Vec<JoinHandle<Box<dyn Searcher>>>,
    read: Arc<AtomicU64>,
    /// All inputs were read and evaluated.
    ended: bool,
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
        let threads = settings.jobs.max(1);
        let exchange = Arc::new(Exchange::new(threads, settings.batch_bytes));
        let read = Arc::new(AtomicU64::new(0));
        let keeps_events = settings.keep_events;
        let mut reading = Some((inputs, settings, Arc::clone(&read)));
        let mut pipeline = Self { exchange: Arc::clone(&exchange), workers: Vec::new(), read, ended: false };
        let mut first_report = None;
        for made in searchers(backend, request, threads) {
            let (searcher, report) = made?;
            first_report.get_or_insert(report);
            let exchange = Arc::clone(&exchange);
            let worker = Worker { searcher, task, now, exchange, keeps_events, failed: false };
            // Detached: when the caller stops early the reader may be waiting for an input that never ends.
            pipeline.workers.push(match reading.take() {
                Some((inputs, settings, read)) => spawn("read", move || worker.read(&inputs, &settings, &read))?,
                None => spawn("evaluate", move || worker.work())?,
            });
        }
        Ok((pipeline, first_report.unwrap_or_default()))
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
        match self.exchange.take(interrupted) {
            Taken::Result(result) => Some(result),
            Taken::End => {
                self.ended = true;
                None
            }
            Taken::Stop => None,
        }
    }

    /// Takes back a job whose events are done with: its memory is used again.
    pub fn give_back(&self, job: Job) {
        self.exchange.give_back(job);
    }

    /// The counters of all evaluators. Before the end of all inputs, workers that wait for more are left out.
    pub fn stats(mut self) -> Vec<serde_json::Value> {
        let over = self.ended;
        let ended = std::mem::take(&mut self.workers).into_iter().filter(|worker| over || worker.is_finished());
        ended.filter_map(|worker| worker.join().ok()?.stats().ok()).collect()
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        self.exchange.close();
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

/// One of the threads that evaluate.
struct Worker {
    searcher: Box<dyn Searcher>,
    task: Task,
    now: i64,
    exchange: Arc<Exchange>,
    /// Results come with all their events.
    keeps_events: bool,
    /// The sandbox has failed for good.
    failed: bool,
}

impl Worker {
    /// Reads all inputs, and then works as the others.
    fn read(mut self, inputs: &[Input], settings: &Settings, read: &Arc<AtomicU64>) -> Box<dyn Searcher> {
        let exchange = Arc::clone(&self.exchange);
        let watch = Watch(&exchange);
        feed::run(inputs, settings, read, &mut self);
        exchange.end();
        drop(watch);
        self.work()
    }

    /// Evaluates jobs until there are no more, nobody wants results, or the sandbox has failed for good.
    fn work(mut self) -> Box<dyn Searcher> {
        let exchange = Arc::clone(&self.exchange);
        let _watch = Watch(&exchange);
        while !self.failed
            && let Some(ticket) = exchange.job()
        {
            self.evaluate(ticket);
        }
        self.searcher
    }

    fn evaluate(&mut self, mut ticket: Ticket) {
        let result = self.searcher.run(self.task, &ticket.job.batch, self.now);
        self.failed = result.is_err();
        let job = &mut ticket.job;
        let (events, event_bytes) = (job.batch.len() as u64, job.batch.event_bytes() as u64);
        let done = result.map(|result| {
            let told = self.keeps_events || !result.rejected.is_empty() || !result.matched.is_empty();
            if !told {
                self.exchange.give_back(job.take_events());
            }
            Done { job: std::mem::take(job), events, event_bytes, result }
        });
        self.exchange.settle(ticket.number, done);
    }
}

impl Taker for Worker {
    fn take(&mut self, job: Job) -> ControlFlow<(), Job> {
        self.exchange.offer(job)?;
        while !self.failed
            && let Some(ticket) = self.exchange.too_much()
        {
            self.evaluate(ticket);
        }
        if self.failed { ControlFlow::Break(()) } else { ControlFlow::Continue(self.exchange.empty()) }
    }

    fn pause(&mut self) {
        self.exchange.pause();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::Document;
    use std::io::Write;

    const RULES: &str = "ruleset: r\nrules:\n  - {id: r, name: R, title: R, type: CloudTrail, severity: 3, \
        description: R., filter: 'a = 1'}\n";

    /// For each job how many events it had, how many of them it still holds, and how many were rejected.
    fn jobs(task: Task, keep_events: bool, events: &[&str]) -> Vec<(u64, usize, usize)> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        events.iter().for_each(|event| writeln!(file, "{event}").unwrap());
        let documents = vec![Document { name: "r.yaml".to_owned(), text: RULES.to_owned() }];
        let event_type = Some("cloudtrail".to_owned());
        let request = LoadRequest { documents, event_type, ..LoadRequest::default() };
        let inputs = vec![Input::File(file.path().to_owned())];
        // One job an event.
        let usual = Settings::default();
        assert!(usual.keep_events, "who does not say otherwise has all events");
        let settings = Settings { batch_bytes: 1, keep_events, ..usual };
        let (mut pipeline, _) = Pipeline::start(&Backend::Native, &request, task, inputs, settings, 0).unwrap();
        let done = std::iter::from_fn(|| pipeline.next(|| false)).map(Result::unwrap);
        done.map(|done| (done.events, done.job.batch.len(), done.result.rejected.len())).collect()
    }

    #[test]
    fn events_of_which_nothing_is_told_go_back_at_once() {
        let events = [r#"{"a":1}"#, r#"{"a":2}"#, r#"{"a":2,}"#];
        // What detection found lies in records; a rejected event is told with its text.
        assert_eq!(jobs(Task::Detect, false, &events), [(1, 0, 0), (1, 0, 0), (1, 1, 1)]);
        assert_eq!(jobs(Task::Search, false, &events), [(1, 1, 0), (1, 0, 0), (1, 1, 1)]);
        assert_eq!(jobs(Task::Detect, true, &events), [(1, 1, 0), (1, 1, 0), (1, 1, 1)]);
    }
}
