//! From detections to alerts, for every command that runs rules over events.
//!
//! Detections are collected, sorted by event time, and then put into windows, so that the order of the files changes
//! nothing. Where they come in that order anyway, windows are filled while events are read: see [`super::ahead`]. Live, they
//! go into windows as they come.
//!
//! Windows are kept in a thread beside the one that renders and writes their alerts, which is done once all is read.

use super::ahead::{Ahead, Order};
use super::filling::{Filling, Running};
use super::input;
use anyhow::{Context, Result, anyhow};
use oxpecker::intake::Input;
use oxpecker::pipeline::{Backend, KeepWindows, Pipeline, Settings, Sorter, Task, lines};
use oxpecker::sandbox::{Kept, LoadReport, LoadRequest, Restored, SandboxError};
use std::collections::BTreeSet;
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
        let close = close.then(|| self.most_windows());
        let filling = match self.ahead.take() {
            Some(ahead) => ahead.finish(close, listens, sink)?,
            None => self.start_sorted(close, listens)?.finish(sink)?,
        };
        self.cut_short = filling.cut_short;
        self.filling = Some(filling);
        Ok(())
    }

    /// Starts putting what was sorted into windows and, with `close`, closing so many at most.
    fn start_sorted(&mut self, close: Option<u64>, listens: bool) -> Result<Running> {
        let mut filling = self.filling.take().ok_or(SandboxError::Dead)?;
        filling.listens = listens;
        let sorter = std::mem::take(&mut self.sorter);
        Running::start(filling, move |filling, sink| {
            filling.drain(sorter, sink)?;
            close.map_or(Ok(()), |most| filling.close(most, sink))
        })
    }

    /// Puts what waits into windows.
    pub(crate) fn drain(&mut self, sink: &mut Sink<'_>) -> Result<()> {
        let sorter = std::mem::take(&mut self.sorter);
        self.filling()?.drain(sorter, sink)
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
    use super::super::filling::CHUNK;
    use super::super::filling::double::{Call, Double};
    use super::*;
    use oxpecker::alert::Alerts;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Windows that number their answers, and fail at one of them.
    fn counting(fails_at: u64) -> Box<dyn KeepWindows> {
        let mut calls = 0;
        Box::new(Double(move |call: Call<'_>| match call {
            Call::Window(_) => {
                calls += 1;
                let answer = Kept { records_dropped: calls, ..Kept::default() };
                if calls == fails_at { Err(SandboxError::Dead) } else { Ok(answer) }
            }
            Call::Flush => Ok(Kept { windows_lost: 1, ..Kept::default() }),
            Call::ForgetAll => Err(SandboxError::Dead),
        }))
    }

    /// Windows that give the same alert for ever.
    fn endless() -> Box<dyn KeepWindows> {
        let line = r#"{"alert_id":"a","rule_id":"r","rule":"R","severity":1,"title":"t","count":1,"threshold":1,"rule_version":"v","state":"final"}"#;
        Box::new(Double(|_: Call<'_>| Ok(Kept { alerts: Alerts::new(line.as_bytes()).unwrap(), ..Kept::default() })))
    }

    /// What a run of twenty calls gives: the answers that were taken, and its error.
    fn finish(fails_at: u64, close: bool, taken_at_most: usize) -> (Vec<(u64, u64)>, Option<String>) {
        let mut stage = WindowStage::new(counting(fails_at), false, 0);
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
    fn a_module_that_closes_windows_for_ever_is_stopped() {
        let mut stage = WindowStage::new(endless(), false, 0);
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
            let mut stage = interrupted_by(interrupted, WindowStage::new(endless(), false, 0));
            stage.restore(&[0; 100]).unwrap();
            let finished = stage.finish(true, &mut |_| Ok(()));
            (finished.is_ok(), stage.cut_short)
        };
        assert_eq!(run(|| ASKED.fetch_add(1, Ordering::SeqCst) > 50), (true, true));
        assert_eq!(run(|| true), (false, false), "it goes on to its own end");
        let mut stage = WindowStage::new(counting(0), false, 0);
        let _ = stage.take(b"x\n", &mut |_| Ok(())).unwrap();
        let filling = stage.filling.as_mut().unwrap();
        (filling.listens, filling.interrupted) = (true, || true);
        stage.drain(&mut |_| Err(anyhow!("nothing is put into windows"))).unwrap();
        assert!(stage.filling.unwrap().cut_short);
    }
}
