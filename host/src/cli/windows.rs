//! From detections to alerts, for every command that runs rules over events.
//!
//! Detections are collected, sorted by event time, and then put into windows, so that the order of the files changes
//! nothing. Live, they go into windows as they come.
//!
//! Once all is read, windows are kept in a thread beside the one that renders and writes their alerts.

use super::handover::channel;
use super::input;
use anyhow::{Context, Result, anyhow};
use oxpecker::intake::Input;
use oxpecker::pipeline::{Backend, KeepWindows, Pipeline, Settings, Sorter, Task, lines};
use oxpecker::sandbox::{Kept, LoadReport, LoadRequest, Restored, SandboxError};
use std::collections::BTreeSet;
use std::panic::resume_unwind;
use std::thread;

/// Bytes of detections that go to the windows in one call.
const CHUNK: usize = 64 << 10;

/// Bytes of answers of the windows that may wait to be written. One holds some hundred KiB, or a MiB where windows close.
const WAITING: usize = 2 << 20;

/// What evaluates, what loading the rules found, and what keeps windows.
pub(crate) type Started = (Pipeline, LoadReport, Box<dyn KeepWindows>);

/// Starts reading and evaluating, and makes the windows at the same time: reading the rules is most of a short run.
pub(crate) fn start(
    backend: &Backend,
    request: &LoadRequest,
    inputs: Vec<Input>,
    settings: Settings,
    now: i64,
) -> Result<Started> {
    thread::scope(|scope| {
        let keeper = scope.spawn(|| backend.keeper(request));
        let (pipeline, report) = Pipeline::start(backend, request, Task::Detect, inputs, settings, now)?;
        let keeper = keeper.join().map_err(|_| anyhow!("a thread broke off while it loaded the rules"))?;
        Ok((pipeline, report, keeper?))
    })
}

/// Where alerts go.
pub(crate) type Sink<'s> = dyn FnMut(Kept) -> Result<()> + 's;

/// Windows with what waits to be put into them.
pub(crate) struct WindowStage {
    keeper: Box<dyn KeepWindows>,
    live: bool,
    sorter: Sorter,
    now: i64,
    /// Detections taken so far.
    pub(crate) detections: u64,
    /// Those that a suppression hides.
    pub(crate) suppressed: u64,
    /// The columns of the rules that they are of, as the records write them.
    rules: BTreeSet<[u8; 8]>,
    /// Windows that were taken over.
    restored: u64,
    interrupted: fn() -> bool,
    /// Ctrl-C ends this stage: it was not pressed before, to end the reading.
    listens: bool,
    /// Windows were left alone because of it.
    pub(crate) cut_short: bool,
}

impl WindowStage {
    pub(crate) fn new(keeper: Box<dyn KeepWindows>, live: bool, now: i64) -> Self {
        Self {
            keeper,
            live,
            sorter: Sorter::default(),
            now,
            detections: 0,
            suppressed: 0,
            rules: BTreeSet::new(),
            restored: 0,
            interrupted: input::interrupted,
            listens: false,
            cut_short: false,
        }
    }

    /// Takes over windows that an earlier run saved.
    pub(crate) fn restore(&mut self, saved: &[u8]) -> Result<Restored, SandboxError> {
        let restored = self.keeper.restore(saved)?;
        // What the module says is not believed: a window takes a byte at least.
        self.restored = restored.windows.min(saved.len() as u64);
        Ok(restored)
    }

    /// The windows themselves.
    pub(crate) fn keeper(&mut self) -> &mut dyn KeepWindows {
        self.keeper.as_mut()
    }

    /// Takes the detections of a job, one a line.
    pub(crate) fn take(&mut self, records: &[u8], sink: &mut Sink<'_>) -> Result<()> {
        for line in lines(records) {
            self.detections += 1;
            self.suppressed += u64::from(line.get(24) == Some(&b's'));
            if let Some(rule) = line.get(16..24).and_then(|rule| rule.try_into().ok()) {
                self.rules.insert(rule);
            }
            if !self.live {
                self.sorter.push(line).context("cannot write a temporary file")?;
            }
        }
        if self.live { self.window(records, sink) } else { Ok(()) }
    }

    /// How many rules matched.
    pub(crate) fn rules(&self) -> usize {
        self.rules.len()
    }

    fn window(&mut self, records: &[u8], sink: &mut Sink<'_>) -> Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        sink(self.keeper.window(records, self.now)?)
    }

    /// Puts what waits into windows and, with `close`, closes them all: in a thread of its own, while `sink` takes the alerts
    /// in this one, in their order. The first error of either ends both. Ctrl-C leaves the rest of the windows alone, but
    /// not where it has ended the reading: then what was read is finished.
    pub(crate) fn finish(&mut self, close: bool, sink: &mut Sink<'_>) -> Result<()> {
        self.listens = !(self.interrupted)();
        let (sender, mut alerts) = channel(WAITING);
        thread::scope(|scope| {
            let keep = move || {
                let mut send = |kept: Kept| {
                    let sent = sender.send(weight(&kept), kept);
                    if sent { Ok(()) } else { Err(anyhow!("nobody takes the alerts")) }
                };
                self.drain(&mut send)?;
                if close { self.close(&mut send) } else { Ok(()) }
            };
            let keeper = thread::Builder::new().name("windows".to_owned()).spawn_scoped(scope, keep);
            let keeper = keeper.context("no thread to keep windows")?;
            // Where this stops early the channel closes, and so the other side ends with an error that comes second.
            let taken = alerts.try_for_each(sink);
            drop(alerts);
            let kept = keeper.join().unwrap_or_else(|panic| resume_unwind(panic));
            taken.and(kept)
        })
    }

    /// Puts what waits into windows.
    pub(crate) fn drain(&mut self, sink: &mut Sink<'_>) -> Result<()> {
        let mut sorted = std::mem::take(&mut self.sorter).sorted().context("cannot read a temporary file")?;
        let mut chunk = Vec::new();
        while sorted.append_next(&mut chunk).context("cannot read a temporary file")? {
            if self.stops() {
                return Ok(());
            }
            chunk.push(b'\n');
            if chunk.len() >= CHUNK {
                self.window(&chunk, sink)?;
                chunk.clear();
            }
        }
        self.window(&chunk, sink)
    }

    /// Closes all windows. Each call that gives alerts closes one at least, and a detection opens no more than one: a module
    /// that goes on for longer would do so for ever.
    pub(crate) fn close(&mut self, sink: &mut Sink<'_>) -> Result<()> {
        let most = self.detections.saturating_add(self.restored);
        for _ in 0..=most {
            if self.stops() {
                return Ok(());
            }
            let kept = self.keeper.flush()?;
            let ended = kept.alerts.is_empty();
            sink(kept)?;
            if ended {
                return Ok(());
            }
        }
        Err(SandboxError::Nonsense { during: "ox_flush", what: "more windows closed than were opened" }.into())
    }

    fn stops(&mut self) -> bool {
        self.cut_short = self.cut_short || self.listens && (self.interrupted)();
        self.cut_short
    }
}

/// Bytes that an answer holds. One without alerts has some too: there can be millions of them.
fn weight(kept: &Kept) -> usize {
    size_of::<Kept>() + kept.alerts.bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use oxpecker::alert::Alerts;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Numbers its answers, and fails at one of them.
    struct Counting {
        calls: u64,
        fails_at: u64,
    }

    impl KeepWindows for Counting {
        fn window(&mut self, _: &[u8], _: i64) -> Result<Kept, SandboxError> {
            self.calls += 1;
            if self.calls == self.fails_at {
                return Err(SandboxError::Dead);
            }
            Ok(Kept { records_dropped: self.calls, ..Kept::default() })
        }

        fn flush(&mut self) -> Result<Kept, SandboxError> {
            Ok(Kept { windows_lost: 1, ..Kept::default() })
        }

        fn save(&mut self) -> Result<Vec<u8>, SandboxError> {
            Err(SandboxError::Dead)
        }

        fn restore(&mut self, _: &[u8]) -> Result<Restored, SandboxError> {
            Err(SandboxError::Dead)
        }

        fn stats(&mut self) -> Result<serde_json::Value, SandboxError> {
            Err(SandboxError::Dead)
        }
    }

    /// What a run of twenty calls gives: the answers that were taken, and its error.
    fn finish(fails_at: u64, close: bool, taken_at_most: usize) -> (Vec<(u64, u64)>, Option<String>) {
        let mut stage = WindowStage::new(Box::new(Counting { calls: 0, fails_at }), false, 0);
        let mut taken = Vec::new();
        for _ in 0..20 {
            stage.take(&vec![b'x'; CHUNK], &mut |_| Ok(())).unwrap();
        }
        let outcome = stage.finish(close, &mut |kept| {
            if taken.len() == taken_at_most {
                return Err(anyhow!("the disk is full"));
            }
            taken.push((kept.records_dropped, kept.windows_lost));
            Ok(())
        });
        (taken, outcome.err().map(|error| error.to_string()))
    }

    #[test]
    fn answers_come_in_order_and_the_first_error_is_told() {
        let calls = |last: u64| (1..=last).map(|call| (call, 0)).collect::<Vec<_>>();
        assert_eq!(finish(0, false, usize::MAX), (calls(20), None));
        let (all, error) = finish(0, true, usize::MAX);
        assert_eq!((all.len(), all.last(), error), (21, Some(&(0, 1)), None));
        assert_eq!(finish(4, true, usize::MAX), (calls(3), Some(SandboxError::Dead.to_string())));
        // The keeper waits with its next answers then; it must end, and what it says is not the reason.
        assert_eq!(finish(0, true, 5), (calls(5), Some("the disk is full".to_owned())));
    }

    #[test]
    fn answers_without_alerts_are_bounded_too() {
        let (sender, answers) = channel(WAITING);
        let most = WAITING / size_of::<Kept>();
        thread::scope(|scope| {
            let sends = scope.spawn(|| {
                let kept = (0..=most).map(|_| Kept::default());
                kept.take_while(|kept| sender.send(weight(kept), kept.clone())).count()
            });
            while !sends.is_finished() && sender.blocked() == 0 {
                thread::yield_now();
            }
            drop(answers);
            assert_eq!(sends.join().unwrap(), most);
        });
    }

    /// Gives the same alert for ever.
    struct Endless;

    impl KeepWindows for Endless {
        fn window(&mut self, _: &[u8], _: i64) -> Result<Kept, SandboxError> {
            let line = r#"{"alert_id":"a","rule_id":"r","rule":"R","severity":1,"title":"t","count":1,"threshold":1,"rule_version":"v","state":"final"}"#;
            Ok(Kept { alerts: Alerts::new(line.as_bytes()).unwrap(), ..Kept::default() })
        }

        fn flush(&mut self) -> Result<Kept, SandboxError> {
            self.window(b"", 0)
        }

        fn save(&mut self) -> Result<Vec<u8>, SandboxError> {
            Err(SandboxError::Dead)
        }

        fn restore(&mut self, _: &[u8]) -> Result<Restored, SandboxError> {
            Ok(Restored { windows: u64::MAX, dropped: 0 })
        }

        fn stats(&mut self) -> Result<serde_json::Value, SandboxError> {
            Err(SandboxError::Dead)
        }
    }

    #[test]
    fn a_module_that_closes_windows_for_ever_is_stopped() {
        let mut stage = WindowStage::new(Box::new(Endless), false, 0);
        stage.restore(b"abc").unwrap();
        stage.take(b"x\ny\n", &mut |_| Ok(())).unwrap();
        let mut answers = 0;
        let error = stage.finish(true, &mut |_| {
            answers += 1;
            Ok(())
        });
        assert!(error.unwrap_err().to_string().contains("more windows closed than were opened"));
        // One of the detections, and a call for each window that can have been open; the last should have been empty.
        assert_eq!(answers, 1 + 2 + 3 + 1);
    }

    /// Times that an interrupt was asked for.
    static ASKED: AtomicU64 = AtomicU64::new(0);

    #[test]
    fn an_interrupt_ends_the_windows_unless_it_ended_the_reading() {
        let run = |interrupted: fn() -> bool| {
            let mut stage = WindowStage { interrupted, ..WindowStage::new(Box::new(Endless), false, 0) };
            stage.restore(&[0; 100]).unwrap();
            let finished = stage.finish(true, &mut |_| Ok(()));
            (finished.is_ok(), stage.cut_short)
        };
        assert_eq!(run(|| ASKED.fetch_add(1, Ordering::SeqCst) > 50), (true, true));
        assert_eq!(run(|| true), (false, false), "it goes on to its own end");
        let counting = Box::new(Counting { calls: 0, fails_at: 0 });
        let mut stage = WindowStage::new(counting, false, 0);
        stage.take(b"x\n", &mut |_| Ok(())).unwrap();
        (stage.listens, stage.interrupted) = (true, || true);
        stage.drain(&mut |_| Err(anyhow!("nothing is put into windows"))).unwrap();
        assert!(stage.cut_short);
    }
}
