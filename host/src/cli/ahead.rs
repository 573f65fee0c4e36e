//! Windows that are filled while events are still being read, in a thread of their own.
//!
//! ```text
//! detections ─> waiting, sorted ─(the first of them)─> ordered ─> windows ─> alerts
//!                   └ one that belongs before those that left: all of it is void, and comes again once all is read
//! ```
//!
//! **Invariant.** What windows are given is a beginning of all detections in the order of their lines, in the very pieces in
//! which a run that sorts all of them gives them; or it does not count. So the alerts are the same bytes.
//!
//! Input is in order as a rule, or nearly: so a share of the detections waits for those that should have come before.

use super::filling::{CHUNK, Filling, Running};
use super::ordered::{Next, Ordered};
use super::windows::Sink;
use anyhow::{Context, Result};
use oxpecker::pipeline::{Lines, Sorter, lines};
use std::ops::RangeInclusive;
use std::sync::Arc;

/// One of so many bytes of detections waits: what waits at the end is put into windows after the reading.
const SHARE: usize = 16;

/// Bytes of detections that wait, half as many more before some leave.
const WAIT: RangeInclusive<usize> = 512 << 10..=2 << 20;

/// So many bytes of detections come in order before windows are filled: where they do not, that shows soon, and little was
/// done in vain. Fewer take no time worth saving.
const TRUST: usize = 2 << 20;

/// How lines of events without a time begin. They come behind all others, whenever they are found.
const UNTIMED: &[u8] = b"ffffffffffffffff";

/// See the module.
pub(crate) struct Ahead {
    waiting: Lines,
    untimed: Sorter,
    /// The last that has left.
    last: Vec<u8>,
    /// Those that have left since the last piece.
    piece: Vec<u8>,
    /// Bytes of all so far.
    bytes: usize,
    /// The windows may begin.
    may_begin: bool,
    /// The windows before they begin.
    resting: Option<Filling>,
    running: Option<Running>,
    input: Input,
}

/// Whether a detection could be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Kept,
    /// It belongs before one that has left.
    Broken,
}

/// How the windows' input ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Those were all.
    All {
        /// How many windows can be open, where they are to be closed.
        close: Option<u64>,
        listens: bool,
    },
    /// They were not, or nobody wants to know.
    Void,
}

/// The windows' input. Without it they end.
struct Input(Arc<Ordered<End>>);

impl Drop for Input {
    fn drop(&mut self) {
        self.0.cut(End::Void);
    }
}

impl Ahead {
    pub(crate) fn new(windows: Filling) -> Self {
        Self {
            waiting: Lines::default(),
            untimed: Sorter::default(),
            last: Vec::new(),
            piece: Vec::new(),
            bytes: 0,
            may_begin: false,
            resting: Some(windows),
            running: None,
            input: Input(Arc::default()),
        }
    }

    /// From now on the windows are filled.
    pub(crate) fn begin(&mut self) {
        self.may_begin = true;
    }

    /// Takes a detection, unless it is too late for it.
    pub(crate) fn push(&mut self, line: &[u8]) -> Result<Order> {
        if line.starts_with(UNTIMED) {
            self.untimed.push(line).context("cannot write a temporary file")?;
            return Ok(Order::Kept);
        }
        if line < self.last.as_slice() {
            return Ok(Order::Broken);
        }
        self.waiting.push_parts([line]);
        self.bytes = self.bytes.saturating_add(line.len());
        let keep = (self.bytes / SHARE).clamp(*WAIT.start(), *WAIT.end());
        if self.waiting.bytes() > keep + keep / 2 {
            self.release(keep)?;
            if self.may_begin && self.bytes >= TRUST {
                self.start()?;
            }
        }
        Ok(Order::Kept)
    }

    /// Lets the first of those that wait go.
    fn release(&mut self, keep: usize) -> Result<()> {
        let Self { waiting, last, piece, input, .. } = self;
        let mut leave = |line: &[u8]| {
            line.clone_into(last);
            add(line, piece, input)
        };
        waiting.release(keep, &mut leave).context("cannot write a temporary file")
    }

    /// Lets all go, those without a time behind the others.
    fn release_all(&mut self) -> Result<()> {
        self.release(0)?;
        let mut sorted = std::mem::take(&mut self.untimed).sorted().context("cannot read a temporary file")?;
        let mut line = Vec::new();
        while sorted.append_next(&mut line).context("cannot read a temporary file")? {
            add(&line, &mut self.piece, &self.input).context("cannot write a temporary file")?;
            line.clear();
        }
        if self.piece.is_empty() {
            return Ok(());
        }
        self.input.0.push(&mut self.piece).context("cannot write a temporary file")
    }

    /// Starts filling the windows.
    fn start(&mut self) -> Result<()> {
        let Some(filling) = self.resting.take() else { return Ok(()) };
        let ordered = Arc::clone(&self.input.0);
        self.running = Some(Running::start(filling, move |filling, sink| fill(filling, &ordered, sink))?);
        Ok(())
    }

    /// Gives the answers that are there.
    pub(crate) fn tell(&mut self, sink: &mut Sink<'_>) -> Result<()> {
        self.running.as_mut().map_or(Ok(()), |running| running.tell(sink))
    }

    /// Ends what was begun too early: windows in which nothing is, and all detections so far. What failed in vain counts for
    /// nothing: whether the windows work shows when they begin anew.
    pub(crate) fn give_up(mut self) -> Result<(Filling, Sorter)> {
        self.input.0.cut(End::Void);
        let mut filling = self.resting.take();
        if let Some(running) = self.running.take() {
            let (mut filled, _) = running.stop();
            filled.keeper.forget_all()?;
            filling = Some(filled);
        }
        let mut all = Sorter::default();
        let mut place = 0;
        while let Some(piece) = self.input.0.get(place).context("cannot read a temporary file")? {
            lines(&piece).try_for_each(|line| all.push(line)).context("cannot write a temporary file")?;
            place += 1;
        }
        lines(&self.piece).try_for_each(|line| all.push(line)).context("cannot write a temporary file")?;
        self.waiting.release(0, |line| all.push(line)).context("cannot write a temporary file")?;
        let mut untimed = std::mem::take(&mut self.untimed).sorted().context("cannot read a temporary file")?;
        let mut line = Vec::new();
        while untimed.append_next(&mut line).context("cannot read a temporary file")? {
            all.push(&line).context("cannot write a temporary file")?;
            line.clear();
        }
        Ok((filling.context("the windows are gone")?, all))
    }

    /// Puts the rest into windows and, with `close`, closes so many at most; gives the windows back.
    pub(crate) fn finish(mut self, close: Option<u64>, listens: bool, sink: &mut Sink<'_>) -> Result<Filling> {
        self.release_all()?;
        self.input.0.end(End::All { close, listens });
        self.start()?;
        self.running.take().context("the windows are gone")?.finish(sink)
    }
}

/// Puts a line into a piece, and the piece into the windows' input where it is full.
fn add(line: &[u8], piece: &mut Vec<u8>, input: &Input) -> std::io::Result<()> {
    piece.extend_from_slice(line);
    piece.push(b'\n');
    if piece.len() < CHUNK { Ok(()) } else { input.0.push(piece) }
}

/// Puts what comes into windows until it ends.
fn fill(filling: &mut Filling, ordered: &Ordered<End>, sink: &mut Sink<'_>) -> Result<()> {
    let mut place = 0;
    loop {
        let next = ordered.wait_for(place).context("cannot read a temporary file")?;
        // Ctrl-C ends this only after the reading: that is known with the end, which comes before the last pieces are taken.
        filling.listens = matches!(ordered.known_end(), Some(End::All { listens: true, .. }));
        match next {
            _ if filling.stops() => return Ok(()),
            Next::Chunk(piece) => filling.window(&piece, sink)?,
            Next::End(End::All { close: Some(most), .. }) => return filling.close(most, sink),
            Next::End(_) => return Ok(()),
        }
        place += 1;
    }
}

#[cfg(test)]
mod tests;
