//! From detections to alerts, for every command that runs rules over events.
//!
//! Detections are collected, sorted by event time, and then put into windows, so that the order of the files changes
//! nothing. Live, they go into windows as they come.
//!
//! Once all is read, windows are kept in a thread beside the one that renders and writes their alerts.

use super::handover::channel;
use anyhow::{Context, Result, anyhow};
use oxpecker::intake::Input;
use oxpecker::pipeline::{Backend, KeepWindows, Pipeline, Settings, Sorter, Task, lines};
use oxpecker::sandbox::{Kept, LoadReport, LoadRequest};
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
}

impl WindowStage {
    pub(crate) fn new(keeper: Box<dyn KeepWindows>, live: bool, now: i64) -> Self {
        Self { keeper, live, sorter: Sorter::default(), now, detections: 0, suppressed: 0, rules: BTreeSet::new() }
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
    /// in this one, in their order. The first error of either ends both.
    pub(crate) fn finish(&mut self, close: bool, sink: &mut Sink<'_>) -> Result<()> {
        let (sender, mut alerts) = channel(WAITING);
        thread::scope(|scope| {
            let keep = move || {
                let mut send = |kept: Kept| {
                    let sent = sender.send(kept.alerts.bytes(), kept);
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
            chunk.push(b'\n');
            if chunk.len() >= CHUNK {
                self.window(&chunk, sink)?;
                chunk.clear();
            }
        }
        self.window(&chunk, sink)
    }

    /// Closes all windows.
    pub(crate) fn close(&mut self, sink: &mut Sink<'_>) -> Result<()> {
        loop {
            let kept = self.keeper.flush()?;
            let ended = kept.alerts.is_empty();
            sink(kept)?;
            if ended {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oxpecker::sandbox::{Restored, SandboxError};

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
}
