//! The scan of an event: its bytes in, what rules ask for out, or the reason why it is no event.

use super::capture::{Capture, Captures, Kind};
use super::known::{Form, KnownNames};
use super::packed::{self, Packed};
use super::pass::{Frame, Pass};
use super::text::{invalid, token};
use super::trie::{NodeId, Trie, Way};
use super::value;
use super::vector::{Vector, Width, Work, dispatch};
use crate::json::{DEEPEST, Limits, Reject, RejectReason};

/// Scans events for the paths of a trie.
#[derive(Debug, Clone)]
pub(crate) struct Scanner {
    width: Width,
    trie: Trie,
    has_indexes: bool,
    known: KnownNames,
    captures: Captures,
    frames: Vec<Frame>,
    skipped: Vec<u8>,
    /// Room for the elements of an array that are asked for.
    elements: Vec<(usize, NodeId)>,
    /// Room for events in MessagePack.
    packed: packed::Room,
    /// Objects whose names matter that were met so far, in all events.
    objects: u64,
}

impl Scanner {
    /// A scanner for these paths.
    pub(crate) fn new(trie: Trie, width: Width) -> Self {
        Self {
            width,
            has_indexes: trie.has_indexes(),
            known: KnownNames::new(trie.len(), Form::Json),
            captures: Captures::new(trie.edges()),
            frames: Vec::new(),
            skipped: Vec::new(),
            elements: Vec::new(),
            packed: packed::Room::default(),
            objects: 0,
            trie,
        }
    }

    /// The paths.
    #[cfg(test)]
    pub(crate) fn trie(&self) -> &Trie {
        &self.trie
    }

    /// Reads an event; gives what its paths lead to, in the order of the text, with what was taken back among it. Whoever
    /// gathers them may take the list and leave another one.
    ///
    /// # Errors
    /// When the bytes are no JSON object or break one of the limits.
    pub(crate) fn scan(&mut self, text: &[u8], limits: &Limits) -> Result<&mut Vec<Capture>, Reject> {
        if text.len() > limits.bytes {
            return Err(Reject { reason: RejectReason::TooLarge, offset: limits.bytes });
        }
        self.captures.all.clear();
        self.known.make_room();
        let width = self.width;
        let event = Way::to_node(&self.trie, 0);
        let unicode = dispatch(width, Run { scanner: self, text, at: 0, way: event, limits: *limits, whole: true })
            .map_err(|reject| self.given_up(text, reject))?;
        if unicode {
            utf8(text)?;
        }
        let mut start = 0;
        if token(text, &mut start) != b'{' {
            return Err(Reject { reason: RejectReason::NotAnObject, offset: start });
        }
        if self.has_indexes {
            self.follow_indexes(text);
        }
        Ok(&mut self.captures.all)
    }

    /// What is wrong with an event that was given up, of which open objects may have left something.
    #[cold]
    fn given_up(&mut self, text: &[u8], reject: Reject) -> Reject {
        self.captures.forget_joined();
        utf8(text).err().unwrap_or(reject)
    }

    /// Reads an event in MessagePack; gives the same as [`Scanner::scan`] of its JSON, and beside it the text that what
    /// stands elsewhere is a part of. None where it is no event, or out of the ordinary: its JSON tells.
    /// `counts_members` says whether somebody counts what is in objects.
    pub(crate) fn scan_packed(
        &mut self,
        event: &[u8],
        limits: &Limits,
        counts_members: bool,
    ) -> Option<(&mut Vec<Capture>, &str)> {
        self.captures.all.clear();
        self.captures.forget_joined();
        let Self { width, trie, captures, objects, packed: room, .. } = self;
        dispatch(*width, Packed { event, trie, captures, objects, room, limits, counts_members })?;
        if self.has_indexes {
            // Arrays that are asked for are written.
            let (text, before) = (std::mem::take(&mut self.packed.written), self.captures.all.len());
            self.follow_indexes(text.as_bytes());
            self.packed.written = text;
            self.captures.all.iter_mut().skip(before).for_each(|capture| capture.elsewhere = true);
        }
        Some((&mut self.captures.all, &self.packed.written))
    }

    /// Looks into the arrays of which single elements are asked for. Their text has been checked; it may be another one
    /// than the event.
    #[cold]
    fn follow_indexes(&mut self, text: &[u8]) {
        let limits = Limits { bytes: usize::MAX, depth: DEEPEST, values: usize::MAX };
        let width = self.width;
        let mut place = 0;
        let mut elements = std::mem::take(&mut self.elements);
        while let Some(capture) = self.captures.all.get(place).copied() {
            place += 1;
            if capture.kind != Kind::Array {
                continue;
            }
            value::starts(text, capture.start, self.trie.indexes(capture.node), &mut elements);
            for &(start, node) in &elements {
                let way = Way::to_node(&self.trie, node);
                // What was checked as part of the array cannot fail as a value by itself.
                let _ = dispatch(width, Run { scanner: self, text, at: start, way, limits, whole: false });
            }
        }
        self.elements = elements;
    }
}

#[cold]
fn utf8(text: &[u8]) -> Result<(), Reject> {
    let invalid = |error: std::str::Utf8Error| error.valid_up_to();
    std::str::from_utf8(text)
        .map(|_| ())
        .map_err(|error| Reject { reason: RejectReason::InvalidUtf8, offset: invalid(error) })
}

/// One value to scan, with all in it.
struct Run<'s, 't> {
    scanner: &'s mut Scanner,
    text: &'t [u8],
    at: usize,
    way: Way,
    limits: Limits,
    /// Whether nothing may follow.
    whole: bool,
}

impl Work for Run<'_, '_> {
    /// Whether some string holds bytes that are no ASCII.
    type Output = Result<bool, Reject>;

    #[inline(always)]
    fn with<V: Vector>(self) -> Self::Output {
        // Each value begins at a byte of its own: few bytes cannot hold too many.
        if self.text.len() <= self.limits.values { self.run::<V, false>() } else { self.run::<V, true>() }
    }
}

impl Run<'_, '_> {
    #[inline(always)]
    fn run<V: Vector, const COUNTED: bool>(self) -> Result<bool, Reject> {
        let Run { scanner, text, at, way, limits, whole } = self;
        let Scanner { trie, known, captures, frames, skipped, objects, .. } = scanner;
        let mut pass = Pass::<COUNTED> {
            text,
            at,
            way,
            top: Frame::OUTSIDE,
            unicode: false,
            depth: limits.depth.min(DEEPEST),
            values_left: limits.values,
            trie,
            known,
            captures,
            frames,
            level: 0,
            skipped,
            objects,
        };
        pass.value::<V>()?;
        let mut at = pass.at;
        if whole && (token(text, &mut at) != 0 || at < text.len()) {
            return Err(invalid(at));
        }
        Ok(pass.unicode)
    }
}
