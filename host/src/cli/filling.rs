//! One who puts detections into windows and closes them, until there are no more or Ctrl-C ends it.

use super::handover::Sender;
use super::windows::Sink;
use anyhow::{Result, anyhow};
use oxpecker::pipeline::KeepWindows;
use oxpecker::sandbox::{Kept, SandboxError};

/// Bytes of detections that go to the windows in one call.
pub(crate) const CHUNK: usize = 64 << 10;

/// Bytes of answers of the windows that may wait to be written. One holds some hundred KiB, or a MiB where windows close.
pub(crate) const WAITING: usize = 2 << 20;

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

/// Hands answers over, until nobody takes them any more.
pub(crate) fn handing(sender: &Sender<Kept>) -> impl FnMut(Kept) -> Result<()> {
    |kept| {
        let sent = sender.send(weight(&kept), kept);
        if sent { Ok(()) } else { Err(anyhow!("nobody takes the alerts")) }
    }
}

/// Bytes that an answer holds. One without alerts has some too: there can be millions of them.
pub(crate) fn weight(kept: &Kept) -> usize {
    size_of::<Kept>() + kept.alerts.bytes()
}
