//! The pass over an event's text: every byte is read and checked once, and what rules ask for is noted on the way.
//!
//! There is no tree and no recursion: brackets that are open wait on a stack. A value that no rule asks for is checked
//! like any other, so that an event is taken or rejected for what it is, not for what the rules look at.

use super::capture::{Capture, Captures, Kind};
use super::known::KnownNames;
use super::text::{self, invalid, token};
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
    /// What closes it; 0 outside of all brackets.
    close: u8,
    /// A joined name stands in this object.
    has_joined: bool,
    /// The object's number, if its names matter.
    object: u64,
    /// The remembered name that stood last.
    known: u32,
    /// What was left when the bracket opened.
    values_left: usize,
}

impl Frame {
    const OUTSIDE: Self =
        Self { due: Due::UNASKED, start: 0, close: 0, has_joined: false, object: 0, known: u32::MAX, values_left: 0 };
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
        let width = self.width;
        let event = Due { node: 0, edge: NO_EDGE, flags: NAMED };
        let unicode = dispatch(width, Run { scanner: self, text, at: 0, due: event, limits: *limits, whole: true })
            .map_err(|reject| utf8(text).err().unwrap_or(reject))?;
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
        let mut pass =
            Pass { text, unicode: false, depth, values_left: limits.values, trie, known, captures, frames, objects };
        let mut at = pass.value::<V>(due, at)?;
        if whole && (token(text, &mut at) != 0 || at < text.len()) {
            return Err(invalid(at));
        }
        Ok(pass.unicode)
    }
}

struct Pass<'s, 't> {
    text: &'t [u8],
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
    /// Reads the value at a place with all in it; gives the place behind it.
    ///
    /// The innermost bracket is held in a variable of its own, since nearly every step asks for it; those around it wait
    /// in `frames`.
    #[inline(always)]
    fn value<V: Vector>(&mut self, mut due: Due, mut at: usize) -> Result<usize, Reject> {
        let mut top = Frame::OUTSIDE;
        loop {
            let first = token(self.text, &mut at);
            if first == 0 || self.values_left == 0 {
                return Err(self.no_value(at));
            }
            self.values_left -= 1;
            if due.edge != NO_EDGE {
                self.member_begins(due, &mut top);
            }
            let start = at;
            let whole = if first == b'"' {
                Some(self.string::<V>(&mut at)?)
            } else if first == b'{' || first == b'[' {
                self.open(due, first, &mut at, &mut top)?
            } else {
                Some(self.scalar(first, &mut at)?)
            };
            match whole {
                None => due = self.first_inside::<V>(&mut at, &mut top)?,
                Some(whole) => {
                    let again = self.ended(due, whole);
                    due = match again {
                        Some(again) => {
                            (at, self.values_left) = (start, self.values_left + 1);
                            again
                        }
                        None => match self.behind::<V>(&mut at, &mut top)? {
                            Some(next) => next,
                            None => return Ok(at),
                        },
                    };
                }
            }
        }
    }

    #[inline(always)]
    fn string<V: Vector>(&mut self, at: &mut usize) -> Result<Whole, Reject> {
        let from = *at + 1;
        let string = text::string::<V>(self.text, from, &mut self.unicode)?;
        *at = string.close + 1;
        Ok((if string.escaped { Kind::Escaped } else { Kind::Text }, from, string.close))
    }

    /// A number or a word.
    #[inline(always)]
    fn scalar(&mut self, first: u8, at: &mut usize) -> Result<Whole, Reject> {
        let start = *at;
        let (kind, end) = match first {
            b'-' | b'0'..=b'9' => (Kind::Number, text::number(self.text, start)?),
            b'n' => (Kind::Null, text::word(self.text, start, b"null")?),
            b't' => (Kind::True, text::word(self.text, start, b"true")?),
            b'f' => (Kind::False, text::word(self.text, start, b"false")?),
            _ => return Err(invalid(start)),
        };
        *at = end;
        Ok((kind, start, end))
    }

    /// Opens a bracket; one that closes at once is a whole value.
    #[inline(always)]
    fn open(&mut self, due: Due, bracket: u8, at: &mut usize, top: &mut Frame) -> Result<Option<Whole>, Reject> {
        let start = *at;
        let is_object = bracket == b'{';
        // Of the brackets that are open one is `top`, and below the others waits what is outside of all.
        if self.frames.len() >= self.depth {
            return Err(self.reject(RejectReason::TooDeep, start));
        }
        let close = if is_object { b'}' } else { b']' };
        *at += 1;
        if token(self.text, at) == close {
            *at += 1;
            return Ok(Some((if is_object { Kind::Object } else { Kind::Array }, start, *at)));
        }
        self.frames.push(*top);
        *top = Frame { due, start, close, values_left: self.values_left, ..Frame::OUTSIDE };
        if is_object && due.is(NAMED) {
            *self.objects += 1;
            top.object = *self.objects;
            top.known = self.known.start(due.node);
        }
        Ok(None)
    }

    /// What is due first inside a bracket that has just opened.
    #[inline(always)]
    fn first_inside<V: Vector>(&mut self, at: &mut usize, top: &mut Frame) -> Result<Due, Reject> {
        if top.close == b'}' { self.name::<V>(at, top) } else { Ok(top.due.element()) }
    }

    /// What is due behind a whole value; `None` where that was the outermost.
    #[inline(always)]
    fn behind<V: Vector>(&mut self, at: &mut usize, top: &mut Frame) -> Result<Option<Due>, Reject> {
        loop {
            if top.close == 0 {
                return Ok(None);
            }
            let sign = token(self.text, at);
            if sign == b',' {
                *at += 1;
                token(self.text, at);
                return self.first_inside::<V>(at, top).map(Some);
            }
            if sign != top.close {
                return Err(invalid(*at));
            }
            *at += 1;
            let ended = *top;
            *top = self.frames.pop().unwrap_or(Frame::OUTSIDE);
            if let Some(again) = self.closed(&ended, *at) {
                *at = ended.start;
                self.values_left = ended.values_left + 1;
                return Ok(Some(again));
            }
        }
    }

    /// A bracket has closed.
    #[inline(always)]
    fn closed(&mut self, frame: &Frame, end: usize) -> Option<Due> {
        if frame.has_joined {
            self.captures.longest_names_win(self.trie, frame.due.node, frame.object);
        }
        let kind = if frame.close == b'}' { Kind::Object } else { Kind::Array };
        self.ended(frame.due, (kind, frame.start, end))
    }

    /// A value has ended: it is kept if a rule asks for it. Gives how else it is reached, if its name leads to further
    /// nodes: then it is to be read again.
    #[inline(always)]
    fn ended(&mut self, due: Due, (kind, from, to): Whole) -> Option<Due> {
        if due.is(CAPTURED) {
            self.captures.push(due.node, kind, from, to);
        }
        if due.edge == NO_EDGE {
            return None;
        }
        self.captures.member_ends(due.edge);
        if due.is(SPECIAL) { self.again(due) } else { None }
    }

    #[cold]
    fn again(&self, due: Due) -> Option<Due> {
        by_edge(self.trie, self.trie.edge(due.edge)?.also)
    }

    /// A member's name and its colon; gives how its value is reached.
    #[inline(always)]
    fn name<V: Vector>(&mut self, at: &mut usize, top: &mut Frame) -> Result<Due, Reject> {
        if top.object != 0 {
            if let Some((entry, known)) = self.known.guess::<V>(top.known, self.text, *at) {
                top.known = entry;
                *at += known.len();
                return Ok(Due { node: known.node, edge: known.edge, flags: known.flags });
            }
            let (due, behind) = self.new_name::<V>(*at, top)?;
            *at = behind;
            return Ok(due);
        }
        self.step_over_name::<V>(at)?;
        Ok(Due::UNASKED)
    }

    /// Steps over a name and its colon.
    #[inline(always)]
    fn step_over_name<V: Vector>(&mut self, at: &mut usize) -> Result<text::Stepped, Reject> {
        if text::peek(self.text, *at) != Some(b'"') {
            return Err(invalid(*at));
        }
        let name = text::string::<V>(self.text, *at + 1, &mut self.unicode)?;
        *at = name.close + 1;
        if token(self.text, at) != b':' {
            return Err(invalid(*at));
        }
        *at += 1;
        Ok(name)
    }

    /// A name that did not come next before: looked up, and remembered if it can be. Gives the place behind its colon too.
    #[inline(never)]
    fn new_name<V: Vector>(&mut self, mut at: usize, top: &mut Frame) -> Result<(Due, usize), Reject> {
        let start = at + 1;
        let name = self.step_over_name::<V>(&mut at)?;
        let spelled = self.text.get(start..name.close).unwrap_or_default();
        let from = top.due.node;
        if name.escaped {
            let mut decoded = Vec::new();
            text::decode(spelled, &mut decoded);
            return Ok((named(self.trie, from, &decoded), at));
        }
        // A remembered name is compared and not looked at again: only ASCII, which is UTF-8 whatever comes.
        if !spelled.is_ascii() {
            return Ok((named(self.trie, from, spelled), at));
        }
        let entry = self.known.find(from, spelled).or_else(|| {
            let due = named(self.trie, from, spelled);
            self.known.add(from, spelled, due.node, due.edge, due.flags)
        });
        let Some(entry) = entry else { return Ok((named(self.trie, from, spelled), at)) };
        self.known.follow(from, top.known, entry);
        top.known = entry;
        let due = self.known.get(entry).map(|known| Due { node: known.node, edge: known.edge, flags: known.flags });
        Ok((due.unwrap_or(Due::UNASKED), at))
    }

    /// A member that some rule asks for begins.
    #[inline(always)]
    fn member_begins(&mut self, due: Due, top: &mut Frame) {
        self.captures.member_begins(due.edge, top.object);
        if due.is(SPECIAL) {
            top.has_joined |= self.trie.edge(due.edge).is_some_and(|edge| edge.joined);
        }
    }

    #[cold]
    fn reject(&self, reason: RejectReason, offset: usize) -> Reject {
        Reject { reason, offset }
    }

    /// Why no value can begin at a place.
    #[cold]
    fn no_value(&self, at: usize) -> Reject {
        let is_end = at >= self.text.len();
        let reason =
            if is_end || self.values_left > 0 { RejectReason::InvalidJson } else { RejectReason::TooManyValues };
        self.reject(reason, at)
    }
}

/// A value that was read to its end: what it is, and where its text begins and ends.
type Whole = (Kind, usize, usize);

/// How a name at a node leads on.
fn named(trie: &Trie, from: NodeId, name: &[u8]) -> Due {
    by_edge(trie, trie.edge_of(from, name)).unwrap_or(Due::UNASKED)
}

fn by_edge(trie: &Trie, edge: EdgeId) -> Option<Due> {
    let to = trie.edge(edge)?;
    let special = if to.joined || to.also != NO_EDGE { SPECIAL } else { 0 };
    Some(Due { node: to.target, edge, flags: trie.flags(to.target) | special })
}
