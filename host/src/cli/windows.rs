//! From detections to alerts, for every command that runs rules over events.
//!
//! Detections are collected, sorted by event time, and then put into windows, so that the order of the files changes
//! nothing. Where they come in that order anyway, windows are filled while events are read: see [`super::ahead`]. Live, they
//! go into windows as they come.
//!
//! Windows are kept in a thread beside the one that renders and writes their alerts, which is done once all is read.

use super::ahead::{Ahead, Order};
use super::filling::{CHUNK, Filling, WAITING, handing};
use super::handover::channel;
use super::input;
use anyhow::{Context, Result, anyhow};
use oxpecker::intake::Input;
use oxpecker::pipeline::{Backend, KeepWindows, Pipeline, Settings, Sorter, Task, lines};
use oxpecker::sandbox::{Kept, LoadReport, LoadRequest, Restored, SandboxError};
use std::collections::BTreeSet;
use std::panic::resume_unwind;
use std::thread;

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

/// What becomes of the alerts that were given so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum Standing {
    /// They stand.
    Stands,
    /// They do not count: windows begin anew once all is read.
    Void,
}

/// Windows with what waits to be put into them.
pub(crate) struct WindowStage {
    /// The windows, where they are not being filled ahead.
    filling: Option<Filling>,
    ahead: Option<Ahead>,
    live: bool,
    sorter: Sorter,
    /// Detections taken so far.
    pub(crate) detections: u64,
    /// Those that a suppression hides.
    pub(crate) suppressed: u64,
    /// The columns of the rules that they are of, as the records write them.
    rules: BTreeSet<[u8; 8]>,
    /// Windows that were taken over.
    restored: u64,
    interrupted: fn() -> bool,
    /// Windows were left alone because of Ctrl-C.
    pub(crate) cut_short: bool,
}

impl WindowStage {
    pub(crate) fn new(keeper: Box<dyn KeepWindows>, live: bool, now: i64) -> Self {
        let interrupted = input::interrupted;
        Self {
            filling: Some(Filling { keeper, now, interrupted, listens: false, cut_short: false }),
            ahead: None,
            live,
            sorter: Sorter::default(),
            detections: 0,
            suppressed: 0,
            rules: BTreeSet::new(),
            restored: 0,
            interrupted,
            cut_short: false,
        }
    }

    /// Has windows filled while events are read, once [`WindowStage::know_inputs`] says so. Not for windows that an earlier
    /// run saved: they could not be had again.
    pub(crate) fn goes_ahead(mut self) -> Self {
        if !self.live {
            self.ahead = self.filling.take().map(Ahead::new);
        }
        self
    }

    /// Says how many of all inputs have begun. Whether one input begins where the one before it ends is known when the second
    /// does: until then windows would most likely be filled in vain where it does not.
    pub(crate) fn know_inputs(&mut self, begun: u64, all: usize) {
        if let Some(ahead) = &mut self.ahead
            && begun >= all.min(2) as u64
        {
            ahead.begin();
        }
    }

    /// Takes over windows that an earlier run saved.
    pub(crate) fn restore(&mut self, saved: &[u8]) -> Result<Restored, SandboxError> {
        let restored = self.keeper()?.restore(saved)?;
        // What the module says is not believed: a window takes a byte at least.
        self.restored = restored.windows.min(saved.len() as u64);
        Ok(restored)
    }

    /// The windows themselves, where they are not being filled.
    pub(crate) fn keeper(&mut self) -> Result<&mut dyn KeepWindows, SandboxError> {
        let filling = self.filling.as_mut().ok_or(SandboxError::Dead)?;
        Ok(filling.keeper.as_mut())
    }

    fn filling(&mut self) -> Result<&mut Filling> {
        Ok(self.filling.as_mut().ok_or(SandboxError::Dead)?)
    }

    /// Takes the detections of a job, one a line.
    pub(crate) fn take(&mut self, records: &[u8], sink: &mut Sink<'_>) -> Result<Standing> {
        let mut standing = Standing::Stands;
        for line in lines(records) {
            self.detections += 1;
            self.suppressed += u64::from(line.get(24) == Some(&b's'));
            if let Some(rule) = line.get(16..24).and_then(|rule| rule.try_into().ok()) {
                self.rules.insert(rule);
            }
            if self.wait(line)? == Order::Broken {
                self.give_up_ahead(line)?;
                standing = Standing::Void;
            }
        }
        if self.live {
            self.filling()?.window(records, sink)?;
        }
        if let Some(ahead) = &mut self.ahead {
            ahead.tell(sink)?;
        }
        Ok(standing)
    }

    /// Puts a detection where it waits for the windows.
    fn wait(&mut self, line: &[u8]) -> Result<Order> {
        if let Some(ahead) = &mut self.ahead {
            return ahead.push(line);
        }
        if !self.live {
            self.sorter.push(line).context("cannot write a temporary file")?;
        }
        Ok(Order::Kept)
    }

    /// Sorts all after all: this one came too late.
    fn give_up_ahead(&mut self, line: &[u8]) -> Result<()> {
        let Some(ahead) = self.ahead.take() else { return Ok(()) };
        let (filling, sorter) = ahead.give_up()?;
        (self.filling, self.sorter) = (Some(filling), sorter);
        self.wait(line).map(drop)
    }

    /// How many rules matched.
    pub(crate) fn rules(&self) -> usize {
        self.rules.len()
    }

    /// Puts what waits into windows and, with `close`, closes them all: in a thread of its own, while `sink` takes the alerts
    /// in this one, in their order. The first error of either ends both. Ctrl-C leaves the rest of the windows alone, but
    /// not where it has ended the reading: then what was read is finished.
    pub(crate) fn finish(&mut self, close: bool, sink: &mut Sink<'_>) -> Result<()> {
        let listens = !(self.interrupted)();
        let finished = match self.ahead.take() {
            Some(ahead) => {
                let filling = ahead.finish(close.then(|| self.most_windows()), listens, sink)?;
                self.filling = Some(filling);
                Ok(())
            }
            None => self.finish_sorted(close, listens, sink),
        };
        self.cut_short = self.filling.as_ref().is_some_and(|filling| filling.cut_short);
        finished
    }

    fn finish_sorted(&mut self, close: bool, listens: bool, sink: &mut Sink<'_>) -> Result<()> {
        self.filling()?.listens = listens;
        let (sender, mut alerts) = channel(WAITING);
        thread::scope(|scope| {
            let keep = move || {
                let mut send = handing(&sender);
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
        let filling = self.filling()?;
        let mut chunk = Vec::new();
        while sorted.append_next(&mut chunk).context("cannot read a temporary file")? {
            if filling.stops() {
                return Ok(());
            }
            chunk.push(b'\n');
            if chunk.len() >= CHUNK {
                filling.window(&chunk, sink)?;
                chunk.clear();
            }
        }
        filling.window(&chunk, sink)
    }

    /// Closes all windows.
    pub(crate) fn close(&mut self, sink: &mut Sink<'_>) -> Result<()> {
        let most = self.most_windows();
        self.filling()?.close(most, sink)
    }

    /// So many windows can be open: a detection opens no more than one.
    fn most_windows(&self) -> u64 {
        self.detections.saturating_add(self.restored)
    }
}

#[cfg(test)]
mod tests {
    use super::super::filling::weight;
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

        fn forget_all(&mut self) -> Result<(), SandboxError> {
            self.calls = 0;
            Ok(())
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
            let _ = stage.take(&vec![b'x'; CHUNK], &mut |_| Ok(())).unwrap();
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

        fn forget_all(&mut self) -> Result<(), SandboxError> {
            Ok(())
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
        let _ = stage.take(b"x\ny\n", &mut |_| Ok(())).unwrap();
        let mut answers = 0;
        let error = stage.finish(true, &mut |_| {
            answers += 1;
            Ok(())
        });
        assert!(error.unwrap_err().to_string().contains("more windows closed than were opened"));
        // One of the detections, and a call for each window that can have been open; the last should have been empty.
        assert_eq!(answers, 1 + 2 + 3 + 1);
    }

    fn interrupted_by(interrupted: fn() -> bool, mut stage: WindowStage) -> WindowStage {
        stage.interrupted = interrupted;
        stage.filling.as_mut().unwrap().interrupted = interrupted;
        stage
    }

    /// Times that an interrupt was asked for.
    static ASKED: AtomicU64 = AtomicU64::new(0);

    #[test]
    fn an_interrupt_ends_the_windows_unless_it_ended_the_reading() {
        let run = |interrupted: fn() -> bool| {
            let mut stage = interrupted_by(interrupted, WindowStage::new(Box::new(Endless), false, 0));
            stage.restore(&[0; 100]).unwrap();
            let finished = stage.finish(true, &mut |_| Ok(()));
            (finished.is_ok(), stage.cut_short)
        };
        assert_eq!(run(|| ASKED.fetch_add(1, Ordering::SeqCst) > 50), (true, true));
        assert_eq!(run(|| true), (false, false), "it goes on to its own end");
        let counting = Box::new(Counting { calls: 0, fails_at: 0 });
        let mut stage = WindowStage::new(counting, false, 0);
        let _ = stage.take(b"x\n", &mut |_| Ok(())).unwrap();
        let filling = stage.filling.as_mut().unwrap();
        (filling.listens, filling.interrupted) = (true, || true);
        stage.drain(&mut |_| Err(anyhow!("nothing is put into windows"))).unwrap();
        assert!(stage.filling.unwrap().cut_short);
    }
}
