//! From a stream to its documents: lines, documents over many lines, arrays, `{"Records":[…]}`, objects glued together;
//! and past what is broken to the next document.
//!
//! **Lines first.** A line that looks whole from outside is handed out as it stands. Everything else is scanned exactly.
//!
//! **Broken documents.** The first line of a document that breaks off is rejected and the next line is tried. After a
//! document over several lines the rest of *its* lines is passed over with it: they are indented deeper, or begin with
//! what only the inside of a document begins with. Scanning ahead and coming back is paid from an allowance that grows
//! with the input; when it is spent, only documents on one line are recognised, so that the work stays linear.

use super::json::{Members, looks_whole, skip_blank, value_end};
use super::scan::{Scanner, Step};
use super::sniff::{BOM, SNIFF_BYTES, begins_as_json, file_kind, is_binary};
use super::unwrap::{Origin, Unwrapper};
use super::window::Window;
use super::{Counts, Fault, Flow, Item, Layer, Limits, Place, Reason, Skip};
use memchr::memchr;
use std::io::{self, Read};
use std::ops::ControlFlow::{self, Break, Continue};

/// A line up to this long is looked at whole; a longer one is scanned as it arrives.
const LINE_BYTES: usize = 256 << 10;
/// Blanks and keys before the first element of `Records`; more of them, and it is no delivery.
const OPENING_BYTES: usize = 4096;
/// What may be scanned in vain before the allowance counts.
const FREE_RESCAN: u64 = 1 << 20;
/// What may be scanned in vain for each byte consumed.
const RESCAN_PER_BYTE: u64 = 4;

/// How reading ended.
#[derive(Debug)]
pub struct Outcome {
    /// What was handed out.
    pub counts: Counts,
    /// The error that ended the source before its end. All that was readable has been handed out.
    pub error: Option<io::Error>,
    /// The receiver said stop.
    pub stopped: bool,
}

/// Splits a whole source.
pub(super) fn run<R: Read>(source: R, limits: &Limits, sink: &mut dyn FnMut(Item<'_>) -> Flow) -> Outcome {
    let mut out = Unwrapper::new(limits, sink);
    let mut splitter = Splitter::new(Window::new(source), None);
    let flow = match splitter.whole_file(&mut out) {
        Continue(false) => splitter.run(&mut out),
        Continue(true) => Continue(()),
        Break(()) => Break(()),
    };
    Outcome { counts: out.counts, error: splitter.window.take_error(), stopped: flow.is_break() }
}

/// Whether a list or document was read to its end; false when it was given up.
type Whole = ControlFlow<(), bool>;

/// The splitter of one stream, or of one envelope's inside.
pub(super) struct Splitter<R> {
    window: Window<R>,
    /// What this is the inside of.
    inside: Option<(Layer, Origin)>,
    /// Indent of the broken document whose lines are being passed over.
    recovery: Option<usize>,
    /// A list broke: its commas and brackets may stand between documents.
    loose: bool,
    /// Up to this offset the line is known not to be one whole object.
    scan_until: u64,
    /// Bytes scanned in vain.
    wasted: u64,
    /// The line after a run of binary lines.
    after_binary: u64,
}

impl Splitter<io::Empty> {
    /// A splitter of what came out of an envelope.
    pub(super) fn inside(text: Vec<u8>, layer: Layer, origin: Origin) -> Self {
        Self::new(Window::over(text), Some((layer, origin)))
    }
}

impl<R: Read> Splitter<R> {
    fn new(window: Window<R>, inside: Option<(Layer, Origin)>) -> Self {
        Self { window, inside, recovery: None, loose: false, scan_until: 0, wasted: 0, after_binary: 0 }
    }

    /// Skips a byte order mark; rejects or skips an input that is of another kind altogether, and says whether it was.
    fn whole_file(&mut self, out: &mut Unwrapper<'_>) -> Whole {
        self.window.want(1);
        if self.window.ahead().first() == BOM.first()
            && self.window.want(BOM.len())
            && self.window.ahead().starts_with(BOM)
        {
            self.window.advance(BOM.len());
        }
        // No more is waited for than it takes to see that JSON begins: a live source may have no more for now.
        let mut known = 2;
        while known < SNIFF_BYTES && self.window.want(known) {
            if begins_as_json(self.window.ahead()) {
                return Continue(false);
            }
            let ahead = self.window.ahead();
            known = if skip_blank(ahead, 0) == ahead.len() { ahead.len() + 1 } else { SNIFF_BYTES };
        }
        if begins_as_json(self.window.ahead()) {
            return Continue(false);
        }
        self.window.want(SNIFF_BYTES);
        let head = self.window.ahead();
        let head = head.get(..SNIFF_BYTES).unwrap_or(head);
        let Some(kind) = file_kind(head) else { return Continue(false) };
        let at = self.window.place();
        if kind.is_skipped() {
            out.skip(at, Skip::File(kind))?;
        } else {
            out.reject(at, Reason::Unreadable(kind), head)?;
        }
        Continue(true)
    }

    /// Hands out everything.
    pub(super) fn run(&mut self, out: &mut Unwrapper<'_>) -> Flow {
        loop {
            self.window.skip_blanks(self.loose);
            let Some(&first) = self.window.ahead().first() else { return Continue(()) };
            if self.belongs_to_broken(first) {
                self.window.skip_line();
                continue;
            }
            match first {
                b'{' => self.object(out)?,
                b'[' if self.opens_list() => {
                    self.window.advance(1);
                    self.list(out)?;
                }
                _ => self.garbage(out)?,
            }
        }
    }

    /// Where the document at the window's head is from.
    fn origin(&self) -> Origin {
        match self.inside {
            Some((_, origin)) => origin,
            None => Origin { at: self.window.place(), level: 0, exact: true, one_line: false },
        }
    }

    fn at(&self) -> Place {
        self.origin().at
    }

    fn hand_out(&mut self, out: &mut Unwrapper<'_>, len: usize) -> Flow {
        let text = self.window.ahead().get(..len).unwrap_or_default();
        out.document(text, self.origin())
    }

    fn reject(&mut self, out: &mut Unwrapper<'_>, len: usize, reason: Reason) -> Flow {
        let reason = match (self.inside, reason) {
            (None, reason) => reason,
            (Some((layer, _)), Reason::NotAnObject) => Reason::Inside { layer, fault: Fault::NotAnObject },
            (Some((layer, _)), Reason::TooLarge { .. }) => Reason::Inside { layer, fault: Fault::TooLarge },
            (Some((layer, _)), _) => Reason::Inside { layer, fault: Fault::NotJson },
        };
        let at = self.at();
        let ahead = self.window.ahead();
        out.reject(at, reason, ahead.get(..len).unwrap_or(ahead))
    }

    /// Rejects what is ahead on this line.
    fn reject_line(&mut self, out: &mut Unwrapper<'_>, reason: Reason) -> Flow {
        let limit = out.limits.max_excerpt_bytes;
        let len = self.window.line_len(limit).unwrap_or(limit);
        self.reject(out, len, reason)
    }

    /// Whether the line ahead, which begins with `first`, is a further line of the document that broke.
    fn belongs_to_broken(&mut self, first: u8) -> bool {
        let Some(limit) = self.recovery else { return false };
        if !self.window.at_line_start() {
            return false;
        }
        let deeper = self.window.indent() > limit;
        let belongs = match first {
            b'{' | b'[' => deeper && !self.line_is_object(),
            b'"' | b'}' | b']' | b',' | b':' => true,
            _ => deeper,
        };
        if !belongs && !deeper {
            self.recovery = None;
        }
        belongs
    }

    fn line_is_object(&mut self) -> bool {
        let Some(len) = self.window.line_len(LINE_BYTES) else { return false };
        let line = self.window.ahead().get(..len).unwrap_or_default().trim_ascii_end();
        Scanner::new().feed(line) == Step::Done(line.len())
    }

    /// An object at the head: a whole line, a delivery, or a document.
    fn object(&mut self, out: &mut Unwrapper<'_>) -> Flow {
        if let Some(len) = self.opening() {
            self.window.advance(len);
            if self.list(out)? {
                self.tail(out)?;
            }
            return Continue(());
        }
        let offset = self.window.place().offset;
        if offset >= self.scan_until {
            let len = self.window.line_len(LINE_BYTES);
            if let Some(len) = len {
                let line = self.window.ahead().get(..len).unwrap_or_default().trim_ascii_end();
                if looks_whole(line) {
                    out.document(line, Origin { one_line: true, ..self.origin() })?;
                    self.window.advance_line(len);
                    return Continue(());
                }
            }
            self.scan_until = offset + len.unwrap_or(LINE_BYTES) as u64;
        }
        self.document(out)?;
        Continue(())
    }

    /// Whether the `[` ahead opens an array that could hold objects: `[error] …` is a line of text.
    fn opens_list(&mut self) -> bool {
        let mut n = 2;
        loop {
            if !self.window.want(n) || n > OPENING_BYTES {
                return true;
            }
            let ahead = self.window.ahead();
            let at = skip_blank(ahead, 1);
            match ahead.get(at) {
                Some(b) => return matches!(b, b'{' | b'[' | b']'),
                None => n = ahead.len() + 1,
            }
        }
    }

    /// The length of `{"Records":[` or `{"Events":[`, where a delivery's list begins.
    fn opening(&mut self) -> Option<usize> {
        loop {
            match list_opening(self.window.ahead()) {
                Opening::No => return None,
                Opening::More => {
                    if self.window.ahead().len() > OPENING_BYTES || !self.window.fill() {
                        return None;
                    }
                }
                Opening::Records(len) => return Some(len),
                Opening::Events(len) => return self.is_lookup(len).then_some(len),
            }
        }
    }

    /// Whether the first element of `Events`, at `start`, is one of `lookup-events`.
    fn is_lookup(&mut self, start: usize) -> bool {
        let mut scanner = Scanner::new();
        let mut fed = skip_blank(self.window.ahead(), start);
        let start = fed;
        loop {
            let piece = self.window.ahead().get(fed..).unwrap_or_default();
            match scanner.feed(piece) {
                Step::Done(n) => {
                    let element = self.window.ahead().get(start..fed + n).unwrap_or_default();
                    return Members::find(element, b"CloudTrailEvent").is_some();
                }
                Step::Broken(_) => return false,
                Step::More => fed += piece.len(),
            }
            if fed > start + LINE_BYTES * 4 || !self.window.fill() {
                return false;
            }
        }
    }

    /// The elements of a list, from after its `[` to after its `]`.
    fn list(&mut self, out: &mut Unwrapper<'_>) -> Whole {
        loop {
            self.window.skip_blanks(false);
            match self.window.ahead().first() {
                Some(b']') => break,
                Some(b'{' | b'[') => {
                    if !self.document(out)? {
                        self.loose = true;
                        return Continue(false);
                    }
                }
                Some(_) => {
                    if !self.scalar(out)? {
                        return self.give_up(out, Reason::Broken(0));
                    }
                }
                None => return self.give_up(out, Reason::Cut),
            }
            self.window.skip_blanks(false);
            match self.window.ahead().first() {
                Some(b',') => self.window.advance(1),
                Some(b']') => break,
                Some(_) => return self.give_up(out, Reason::Broken(0)),
                None => return self.give_up(out, Reason::Cut),
            }
        }
        self.window.advance(1);
        Continue(true)
    }

    /// Leaves a list that cannot go on here. A line not begun is kept for the next document.
    fn give_up(&mut self, out: &mut Unwrapper<'_>, reason: Reason) -> Whole {
        self.loose = true;
        self.reject_line(out, reason)?;
        if !self.window.at_line_start() {
            self.window.skip_line();
        }
        Continue(false)
    }

    /// An element that is no object and no array; false when it is no value either.
    fn scalar(&mut self, out: &mut Unwrapper<'_>) -> Whole {
        loop {
            let ahead = self.window.ahead();
            let end = value_end(ahead, 0).filter(|&end| end < ahead.len());
            if let Some(end) = end {
                self.reject(out, end, Reason::NotAnObject)?;
                self.window.advance(end);
                return Continue(true);
            }
            if matches!(ahead.first(), Some(b':' | b',' | b'}'))
                || ahead.len() > out.limits.max_event_bytes
                || !self.window.fill()
            {
                return Continue(false);
            }
        }
    }

    /// The rest of a delivery's object, after its list.
    fn tail(&mut self, out: &mut Unwrapper<'_>) -> Flow {
        self.window.skip_blanks(false);
        if self.window.ahead().is_empty() {
            return self.reject(out, 0, Reason::Cut);
        }
        let mut scanner = Scanner::in_object();
        if self.discard(&mut scanner).is_some_and(|whole| !whole) {
            self.reject_line(out, Reason::Broken(0))?;
            if !self.window.at_line_start() {
                self.window.skip_line();
            }
        }
        Continue(())
    }

    /// Consumes the rest of a document without keeping it. True at its end, false before what breaks it, `None` at the
    /// end of the input.
    fn discard(&mut self, scanner: &mut Scanner) -> Option<bool> {
        loop {
            let ahead = self.window.ahead();
            match scanner.feed(ahead) {
                Step::Done(n) => {
                    self.window.advance(n);
                    return Some(true);
                }
                Step::Broken(n) => {
                    self.window.advance(n);
                    return Some(false);
                }
                Step::More => self.window.advance(ahead.len()),
            }
            if !self.window.fill() {
                return None;
            }
        }
    }

    /// One object or array at the head, over however many lines.
    fn document(&mut self, out: &mut Unwrapper<'_>) -> Whole {
        let consumed = self.window.place().offset;
        let one_line = self.wasted > FREE_RESCAN + consumed.saturating_mul(RESCAN_PER_BYTE);
        let mut scanner = Scanner::new();
        let mut fed = 0;
        loop {
            let ahead = self.window.ahead();
            let room = out.limits.max_document_bytes;
            let mut piece = ahead.get(fed..ahead.len().min(room)).unwrap_or_default();
            let line_end = if one_line { memchr(b'\n', piece) } else { None };
            if let Some(at) = line_end {
                piece = piece.get(..at).unwrap_or_default();
            }
            match scanner.feed(piece) {
                Step::Done(n) => {
                    self.finish(out, fed + n)?;
                    return Continue(true);
                }
                Step::Broken(n) => return self.broken(out, fed + n, Reason::Broken((fed + n) as u64)),
                Step::More => fed += piece.len(),
            }
            if line_end.is_some() {
                return self.broken(out, fed, Reason::Broken(fed as u64));
            }
            if fed >= room {
                return self.oversize(out, scanner, fed);
            }
            if !self.window.fill() {
                return self.broken(out, fed, Reason::Cut);
            }
        }
    }

    fn finish(&mut self, out: &mut Unwrapper<'_>, len: usize) -> Flow {
        if self.window.ahead().first() == Some(&b'{') {
            self.hand_out(out, len)?;
        } else {
            self.reject(out, len, Reason::NotAnObject)?;
        }
        self.window.advance(len);
        Continue(())
    }

    /// Rejects the document ahead, which breaks at `at`, and consumes its first line.
    fn broken(&mut self, out: &mut Unwrapper<'_>, at: usize, reason: Reason) -> Whole {
        let ahead = self.window.ahead();
        let first_line = memchr(b'\n', ahead.get(..at).unwrap_or(ahead));
        self.reject_line(out, reason)?;
        match first_line {
            None => self.window.skip_line(),
            Some(len) => {
                self.recovery =
                    Some(self.recovery.map_or(self.window.indent(), |limit| limit.min(self.window.indent())));
                self.wasted += (at - len) as u64;
                self.window.advance_line(len);
            }
        }
        Continue(false)
    }

    /// Rejects a document that is longer than may be held, and passes over the rest of it.
    fn oversize(&mut self, out: &mut Unwrapper<'_>, mut scanner: Scanner, fed: usize) -> Whole {
        let limit = out.limits.max_document_bytes.min(out.limits.max_event_bytes) as u64;
        self.reject(out, fed, Reason::TooLarge { limit })?;
        self.window.advance(fed);
        let whole = self.discard(&mut scanner);
        if whole == Some(false) && !self.window.at_line_start() {
            self.window.skip_line();
        }
        Continue(whole == Some(true))
    }

    /// A line on which no object begins. A run of binary lines is rejected once.
    fn garbage(&mut self, out: &mut Unwrapper<'_>) -> Flow {
        let len = self.window.line_len(LINE_BYTES).unwrap_or(LINE_BYTES);
        let ahead = self.window.ahead();
        let binary = is_binary(ahead.get(..len.min(SNIFF_BYTES)).unwrap_or(ahead));
        let line = self.window.place().line;
        if !(binary && self.after_binary == line) {
            let reason = if binary { Reason::Binary } else { Reason::NotAnObject };
            self.reject(out, len, reason)?;
        }
        self.after_binary = if binary { line + 1 } else { 0 };
        self.window.skip_line();
        Continue(())
    }
}

enum Opening {
    No,
    /// So far it could be one.
    More,
    /// `{"Records":[` of this length, before an object.
    Records(usize),
    /// `{"Events":[` of this length, before an object.
    Events(usize),
}

/// Whether `text` opens a delivery: its first key is `Records` or `Events`, and an array of objects follows.
fn list_opening(text: &[u8]) -> Opening {
    let key = skip_blank(text, 1);
    let rest = text.get(key..).unwrap_or_default();
    let Some(name) = [&b"\"Records\""[..], b"\"Events\""].into_iter().find(|name| {
        let n = name.len().min(rest.len());
        rest.get(..n) == name.get(..n)
    }) else {
        return Opening::No;
    };
    if rest.len() < name.len() {
        return Opening::More;
    }
    let mut at = key + name.len();
    for expected in *b":[{" {
        at = skip_blank(text, at);
        match text.get(at) {
            None => return Opening::More,
            Some(b) if *b == expected => at += 1,
            Some(_) => return Opening::No,
        }
    }
    if name.len() == b"\"Records\"".len() { Opening::Records(at - 1) } else { Opening::Events(at - 1) }
}
