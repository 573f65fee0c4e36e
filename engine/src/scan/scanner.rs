//! The pass over an event's text: every byte is read and checked once, and what rules ask for is noted on the way.
//!
//! There is no tree and no recursion: brackets that are open wait on a stack. A value that no rule asks for is checked
//! like any other, so that an event is taken or rejected for what it is, not for what the rules look at.

use super::capture::{Capture, Captures, Kind};
use super::known::KnownNames;
use super::text::{self, invalid, next_token};
use super::trie::{CAPTURED, EdgeId, Flags, NAMED, NO_EDGE, NOWHERE, NodeId, SPECIAL, Trie};
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
    /// Objects whose names matter that were met so far, in all events.
    objects: u64,
}

/// How the next value is reached, and so what is done with it.
#[derive(Debug, Clone, Copy)]
struct Due {
    node: NodeId,
    edge: EdgeId,
    flags: Flags,
}

impl Due {
    /// A value that is only checked.
    const UNASKED: Self = Self { node: NOWHERE, edge: NO_EDGE, flags: 0 };

    #[inline(always)]
    fn is(self, flag: Flags) -> bool {
        self.flags & flag != 0
    }

    /// The elements of an array that is due: names lead through it, but it is the path's end, not they.
    #[inline(always)]
    fn element(self) -> Self {
        if self.is(NAMED) { Self { edge: NO_EDGE, flags: NAMED, ..self } } else { Self::UNASKED }
    }
}

/// An open bracket.
#[derive(Debug, Clone, Copy)]
struct Frame {
    due: Due,
    start: usize,
    is_object: bool,
    /// A joined name stands in this object.
    has_joined: bool,
    /// The object's number, if its names matter.
    object: u64,
    /// The remembered name that stood last.
    known: u32,
    /// What was left when the bracket opened.
    values_left: usize,
}

impl Scanner {
    /// A scanner for these paths.
    pub(crate) fn new(trie: Trie, width: Width) -> Self {
        Self {
            width,
            has_indexes: trie.has_indexes(),
            known: KnownNames::new(trie.len()),
            captures: Captures::new(trie.edges()),
            frames: Vec::new(),
            objects: 0,
            trie,
        }
    }

    /// The paths.
    pub(crate) fn trie(&self) -> &Trie {
        &self.trie
    }

    /// Reads an event; gives what its paths lead to, in the order of the text, with what was taken back among it.
    ///
    /// # Errors
    /// When the bytes are no JSON object or break one of the limits.
    pub(crate) fn scan(&mut self, text: &[u8], limits: &Limits) -> Result<&[Capture], Reject> {
        if text.len() > limits.bytes {
            return Err(Reject { reason: RejectReason::TooLarge, offset: limits.bytes });
        }
        self.captures.all.clear();
        let width = self.width;
        let event = Due { node: 0, edge: NO_EDGE, flags: NAMED };
        let unicode = dispatch(width, Run { scanner: self, text, at: 0, due: event, limits: *limits, whole: true })
            .map_err(|reject| utf8(text).err().unwrap_or(reject))?;
        if unicode {
            utf8(text)?;
        }
        let mut start = 0;
        if next_token(text, &mut start) != Some(b'{') {
            return Err(Reject { reason: RejectReason::NotAnObject, offset: start });
        }
        if self.has_indexes {
            self.follow_indexes(text);
        }
        Ok(&self.captures.all)
    }

    /// Looks into the arrays of which single elements are asked for. Their text has been checked.
    #[cold]
    fn follow_indexes(&mut self, text: &[u8]) {
        let limits = Limits { bytes: usize::MAX, depth: DEEPEST, values: usize::MAX };
        let width = self.width;
        let mut place = 0;
        while let Some(capture) = self.captures.all.get(place).copied() {
            place += 1;
            if capture.kind != Kind::Array {
                continue;
            }
            for at in 0..self.trie.indexes(capture.node).len() {
                let Some(&(index, node)) = self.trie.indexes(capture.node).get(at) else { break };
                let Some(start) = value::element(text, capture.start, index) else { continue };
                let due = Due { node, edge: NO_EDGE, flags: self.trie.flags(node) };
                // What was checked as part of the array cannot fail as a value by itself.
                let _ = dispatch(width, Run { scanner: self, text, at: start, due, limits, whole: false });
            }
        }
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
    due: Due,
    limits: Limits,
    /// Whether nothing may follow.
    whole: bool,
}

impl Work for Run<'_, '_> {
    /// Whether some string holds bytes that are no ASCII.
    type Output = Result<bool, Reject>;

    #[inline(always)]
    fn with<V: Vector>(self) -> Self::Output {
        let Run { scanner, text, at, due, limits, whole } = self;
        scanner.frames.clear();
        let Scanner { trie, known, captures, frames, objects, .. } = scanner;
        let depth = limits.depth.min(DEEPEST);
        let mut pass = Pass {
            text,
            at,
            unicode: false,
            depth,
            values_left: limits.values,
            trie,
            known,
            captures,
            frames,
            objects,
        };
        pass.value::<V>(due)?;
        if whole && next_token(text, &mut pass.at).is_some() {
            return Err(invalid(pass.at));
        }
        Ok(pass.unicode)
    }
}

/// What became of a value that began.
enum Begun {
    /// It is read to its end.
    Whole,
    /// Its bracket is open, and a value inside it is due.
    Open(Due),
}

/// What comes behind a value.
enum Behind {
    /// Another one of the same bracket.
    Next(Due),
    /// The bracket's end, so that it is a whole value itself.
    Closed,
    /// The end of the outermost value.
    End,
}

struct Pass<'s, 't> {
    text: &'t [u8],
    at: usize,
    unicode: bool,
    depth: usize,
    values_left: usize,
    trie: &'s Trie,
    known: &'s mut KnownNames,
    captures: &'s mut Captures,
    frames: &'s mut Vec<Frame>,
    objects: &'s mut u64,
}

impl Pass<'_, '_> {
    #[inline(always)]
    fn value<V: Vector>(&mut self, mut due: Due) -> Result<(), Reject> {
        loop {
            if let Begun::Open(inside) = self.begin::<V>(due)? {
                due = inside;
                continue;
            }
            due = loop {
                match self.behind::<V>()? {
                    Behind::Next(next) => break next,
                    Behind::Closed => {}
                    Behind::End => return Ok(()),
                }
            };
        }
    }

    /// Reads a scalar or an empty bracket whole, of any other bracket only its start and first name.
    #[inline(always)]
    fn begin<V: Vector>(&mut self, due: Due) -> Result<Begun, Reject> {
        let Some(first) = next_token(self.text, &mut self.at) else { return Err(invalid(self.at)) };
        let Some(left) = self.values_left.checked_sub(1) else { return Err(self.reject(RejectReason::TooManyValues)) };
        self.values_left = left;
        if due.edge != NO_EDGE {
            self.member_begins(due);
        }
        let start = self.at;
        let (kind, from, to) = match first {
            b'"' => {
                let string = text::string::<V>(self.text, start + 1, &mut self.unicode)?;
                self.at = string.close + 1;
                (if string.escaped { Kind::Escaped } else { Kind::Text }, start + 1, string.close)
            }
            b'{' | b'[' => {
                if let Some(inside) = self.open::<V>(due, first)? {
                    return Ok(Begun::Open(inside));
                }
                (if first == b'{' { Kind::Object } else { Kind::Array }, start, self.at)
            }
            _ => {
                let (kind, end) = scalar(self.text, start, first)?;
                self.at = end;
                (kind, start, end)
            }
        };
        if due.is(CAPTURED) {
            self.captures.push(due.node, kind, from, to);
        }
        match self.ended(due, start) {
            Some(again) => {
                self.values_left = left + 1;
                Ok(Begun::Open(again))
            }
            None => Ok(Begun::Whole),
        }
    }

    /// Opens a bracket; `None` where it closes at once.
    #[inline(always)]
    fn open<V: Vector>(&mut self, due: Due, bracket: u8) -> Result<Option<Due>, Reject> {
        if self.frames.len() >= self.depth {
            return Err(self.reject(RejectReason::TooDeep));
        }
        let start = self.at;
        let is_object = bracket == b'{';
        self.at += 1;
        if next_token(self.text, &mut self.at) == Some(if is_object { b'}' } else { b']' }) {
            self.at += 1;
            return Ok(None);
        }
        let mut frame = Frame {
            due,
            start,
            is_object,
            has_joined: false,
            object: 0,
            known: u32::MAX,
            values_left: self.values_left,
        };
        if !is_object {
            self.frames.push(frame);
            return Ok(Some(due.element()));
        }
        if due.is(NAMED) {
            *self.objects += 1;
            frame.object = *self.objects;
            frame.known = self.known.start(due.node);
        }
        self.frames.push(frame);
        self.name::<V>().map(Some)
    }

    /// What follows a whole value.
    #[inline(always)]
    fn behind<V: Vector>(&mut self) -> Result<Behind, Reject> {
        let Some(frame) = self.frames.last() else { return Ok(Behind::End) };
        let (is_object, due) = (frame.is_object, frame.due);
        let close = if is_object { b'}' } else { b']' };
        match next_token(self.text, &mut self.at) {
            Some(b',') => {
                self.at += 1;
                if is_object {
                    next_token(self.text, &mut self.at);
                    self.name::<V>().map(Behind::Next)
                } else {
                    Ok(Behind::Next(due.element()))
                }
            }
            Some(sign) if sign == close => {
                self.at += 1;
                Ok(self.close())
            }
            _ => Err(invalid(self.at)),
        }
    }

    /// The innermost bracket has closed.
    #[inline(always)]
    fn close(&mut self) -> Behind {
        let Some(frame) = self.frames.pop() else { return Behind::End };
        let due = frame.due;
        if frame.has_joined {
            self.captures.longest_names_win(self.trie, due.node, frame.object);
        }
        if due.is(CAPTURED) {
            let kind = if frame.is_object { Kind::Object } else { Kind::Array };
            self.captures.push(due.node, kind, frame.start, self.at);
        }
        match self.ended(due, frame.start) {
            Some(again) => {
                self.values_left = frame.values_left + 1;
                Behind::Next(again)
            }
            None => Behind::Closed,
        }
    }

    /// A member's name and its colon; gives how its value is reached.
    #[inline(always)]
    fn name<V: Vector>(&mut self) -> Result<Due, Reject> {
        if let Some(frame) = self.frames.last_mut()
            && frame.object != 0
        {
            if let Some((entry, known)) = self.known.guess::<V>(frame.known, self.text, self.at) {
                frame.known = entry;
                self.at += known.len();
                return Ok(Due { node: known.node, edge: known.edge, flags: known.flags });
            }
            return self.new_name::<V>();
        }
        self.step_over_name::<V>().map(|_| Due::UNASKED)
    }

    /// Steps over a name and its colon; gives where its text ends and whether a backslash stands in it.
    #[inline(always)]
    fn step_over_name<V: Vector>(&mut self) -> Result<text::Stepped, Reject> {
        if text::peek(self.text, self.at) != Some(b'"') {
            return Err(invalid(self.at));
        }
        let name = text::string::<V>(self.text, self.at + 1, &mut self.unicode)?;
        self.at = name.close + 1;
        if next_token(self.text, &mut self.at) != Some(b':') {
            return Err(invalid(self.at));
        }
        self.at += 1;
        Ok(name)
    }

    /// A name that did not come next before: looked up, and remembered if it can be.
    #[inline(never)]
    fn new_name<V: Vector>(&mut self) -> Result<Due, Reject> {
        let start = self.at + 1;
        let name = self.step_over_name::<V>()?;
        let spelled = self.text.get(start..name.close).unwrap_or_default();
        let Some(frame) = self.frames.last_mut() else { return Ok(Due::UNASKED) };
        let from = frame.due.node;
        if name.escaped {
            let mut decoded = Vec::new();
            text::decode(spelled, &mut decoded);
            return Ok(named(self.trie, from, &decoded));
        }
        // A remembered name is compared and not looked at again: only ASCII, which is UTF-8 whatever comes.
        if !spelled.is_ascii() {
            return Ok(named(self.trie, from, spelled));
        }
        if let Some(known) = self.known.find(from, spelled) {
            self.known.follow(from, frame.known, known);
            frame.known = known;
            let known = self.known.get(known);
            return Ok(known.map_or(Due::UNASKED, |known| Due {
                node: known.node,
                edge: known.edge,
                flags: known.flags,
            }));
        }
        let due = named(self.trie, from, spelled);
        if let Some(known) = self.known.add(from, spelled, due.node, due.edge, due.flags) {
            self.known.follow(from, frame.known, known);
            frame.known = known;
        }
        Ok(due)
    }

    /// A member that some rule asks for begins.
    #[inline(always)]
    fn member_begins(&mut self, due: Due) {
        let Some(frame) = self.frames.last_mut() else { return };
        self.captures.member_begins(due.edge, frame.object);
        if due.is(SPECIAL) {
            frame.has_joined |= self.trie.edge(due.edge).is_some_and(|edge| edge.joined);
        }
    }

    /// A value has ended; gives how else it is reached, if its name leads to further nodes: then it is read again.
    #[inline(always)]
    fn ended(&mut self, due: Due, start: usize) -> Option<Due> {
        if due.edge == NO_EDGE {
            return None;
        }
        self.captures.member_ends(due.edge);
        if !due.is(SPECIAL) {
            return None;
        }
        let again = by_edge(self.trie, self.trie.edge(due.edge)?.also)?;
        self.at = start;
        Some(again)
    }

    #[cold]
    fn reject(&self, reason: RejectReason) -> Reject {
        Reject { reason, offset: self.at }
    }
}

/// How a name at a node leads on.
fn named(trie: &Trie, from: NodeId, name: &[u8]) -> Due {
    by_edge(trie, trie.edge_of(from, name)).unwrap_or(Due::UNASKED)
}

fn by_edge(trie: &Trie, edge: EdgeId) -> Option<Due> {
    let Some(to) = trie.edge(edge) else { return None };
    let special = if to.joined || to.also != NO_EDGE { SPECIAL } else { 0 };
    Some(Due { node: to.target, edge, flags: trie.flags(to.target) | special })
}

/// A number or a word.
#[inline(always)]
fn scalar(text: &[u8], at: usize, first: u8) -> Result<(Kind, usize), Reject> {
    match first {
        b'-' | b'0'..=b'9' => text::number(text, at).map(|end| (Kind::Number, end)),
        b'n' => text::word(text, at, b"null").map(|end| (Kind::Null, end)),
        b't' => text::word(text, at, b"true").map(|end| (Kind::True, end)),
        b'f' => text::word(text, at, b"false").map(|end| (Kind::False, end)),
        _ => Err(invalid(at)),
    }
}
