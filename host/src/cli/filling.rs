//! One who puts detections into windows and closes them, until there are no more or Ctrl-C ends it.

use super::handover::{Receiver, Sender, channel};
use super::windows::Sink;
use anyhow::{Context, Result, anyhow};
use oxpecker::pipeline::{KeepWindows, Sorter};
use oxpecker::sandbox::{Kept, SandboxError};
use std::panic::resume_unwind;
use std::thread::{self, JoinHandle};

/// Bytes of detections that go to the windows in one call.
pub(crate) const CHUNK: usize = 64 << 10;

/// Bytes of answers of the windows that may wait to be written. One holds some hundred KiB, or a MiB where windows close.
const WAITING: usize = 2 << 20;

/// See the module.
pub(crate) struct Filling {
    pub(crate) keeper: Box<dyn KeepWindows>,
    pub(crate) now: i64,
    pub(crate) interrupted: fn() -> bool,
    /// Ctrl-C ends this: it was not pressed before, to end the reading.
    pub(crate) listens: bool,
    /// Windows were left alone because of it.
    pub(crate) cut_short: bool,
}

impl Filling {
    /// Puts detections into windows, one a line.
    pub(crate) fn window(&mut self, records: &[u8], sink: &mut Sink<'_>) -> Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        sink(self.keeper.window(records, self.now)?)
    }

    /// Puts all that was sorted into windows.
    pub(crate) fn drain(&mut self, sorter: Sorter, sink: &mut Sink<'_>) -> Result<()> {
        let mut sorted = sorter.sorted().context("cannot read a temporary file")?;
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

    /// Closes all windows, of which so many can be open. Each call that gives alerts closes one at least: a module that goes
    /// on for longer would do so for ever.
    pub(crate) fn close(&mut self, most: u64, sink: &mut Sink<'_>) -> Result<()> {
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

    /// Whether Ctrl-C ends it.
    pub(crate) fn stops(&mut self) -> bool {
        self.cut_short = self.cut_short || self.listens && (self.interrupted)();
        self.cut_short
    }
}

/// Windows that are being filled in a thread of their own, beside the one that takes their answers.
pub(crate) struct Running {
    thread: JoinHandle<(Filling, Result<()>)>,
    answers: Receiver<Kept>,
}

impl Running {
    /// Starts doing this with the windows; it gives its answers to the sink that it gets.
    pub(crate) fn start(
        mut filling: Filling,
        fill: impl FnOnce(&mut Filling, &mut Sink<'_>) -> Result<()> + Send + 'static,
    ) -> Result<Self> {
        let (sender, answers) = channel(WAITING);
        let run = move || {
            let filled = fill(&mut filling, &mut handing(&sender));
            (filling, filled)
        };
        let thread = thread::Builder::new().name("windows".to_owned()).spawn(run);
        Ok(Self { thread: thread.context("no thread to keep windows")?, answers })
    }

    /// Gives the answers that are there.
    pub(crate) fn tell(&mut self, sink: &mut Sink<'_>) -> Result<()> {
        std::iter::from_fn(|| self.answers.ready()).try_for_each(sink)
    }

    /// Gives all answers, in their order, and then the windows. The first error of either side ends both.
    pub(crate) fn finish(mut self, sink: &mut Sink<'_>) -> Result<Filling> {
        let taken = self.answers.try_for_each(sink);
        let (filling, filled) = self.stop();
        taken.and(filled).map(|()| filling)
    }

    /// Takes no more answers: the other side ends, with an error where it had more, which comes second to that of who stops it.
    pub(crate) fn stop(self) -> (Filling, Result<()>) {
        drop(self.answers);
        self.thread.join().unwrap_or_else(|panic| resume_unwind(panic))
    }

    #[cfg(test)]
    pub(crate) fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }
}

/// Hands answers over, until nobody takes them any more.
fn handing(sender: &Sender<Kept>) -> impl FnMut(Kept) -> Result<()> {
    |kept| {
        let sent = sender.send(weight(&kept), kept);
        if sent { Ok(()) } else { Err(anyhow!("nobody takes the alerts")) }
    }
}

/// Bytes that an answer holds. One without alerts has some too: there can be millions of them.
fn weight(kept: &Kept) -> usize {
    size_of::<Kept>() + kept.alerts.bytes()
}

#[cfg(test)]
pub(crate) mod double;

#[cfg(test)]
mod tests {
    use super::*;

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
}
