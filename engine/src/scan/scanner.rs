//! The pass over an event's text: every byte is read and checked once, and what rules ask for is noted on the way.
//!
//! There is no tree and no recursion: brackets that are open wait on a stack. A value that no rule asks for is checked
//! like any other, so that an event is taken or rejected for what it is, not for what the rules look at.

use super::capture::{Capture, Captures, Kind};
use super::known::KnownNames;
use super::text::{self, invalid, token};
use super::trie::{CAPTURED, EdgeId, MEMBER, NAMED, SPECIAL, Trie, Way};
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

/// An open bracket.
#[derive(Debug, Clone, Copy)]
struct Frame {
    /// How its value is reached.
    way: Way,
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
        Self { way: Way::UNASKED, start: 0, close: 0, has_joined: false, object: 0, known: u32::MAX, values_left: 0 };
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
        let width = self.width;
        let event = Way::to_node(&self.trie, 0);
        let unicode = dispatch(width, Run { scanner: self, text, at: 0, way: event, limits: *limits, whole: true })
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
                let way = Way::to_node(&self.trie, node);
                // What was checked as part of the array cannot fail as a value by itself.
                let _ = dispatch(width, Run { scanner: self, text, at: start, way, limits, whole: false });
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
        scanner.frames.clear();
        let Scanner { trie, known, captures, frames, objects, .. } = scanner;
        let depth = limits.depth.min(DEEPEST);
        let mut pass = Pass::<COUNTED> {
            text,
            unicode: false,
            depth,
            values_left: limits.values,
            trie,
            known,
            captures,
            frames,
            objects,
        };
        let mut at = pass.value::<V>(way, at)?;
        if whole && (token(text, &mut at) != 0 || at < text.len()) {
            return Err(invalid(at));
        }
        Ok(pass.unicode)
    }
}

/// What a pass knows. None of it is ever lent to a function that is not inlined: then it would have to live in memory, and
/// each step would load and store it.
struct Pass<'s, 't, const COUNTED: bool> {
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

/// A value that was read to its end: what it is, and where its text begins and ends.
type Whole = (Kind, usize, usize);

impl<const COUNTED: bool> Pass<'_, '_, COUNTED> {
    /// Reads the value at a place with all in it; gives the place behind it.
    ///
    /// The innermost bracket is held in a variable of its own, since nearly every step asks for it; those around it wait
    /// in `frames`.
    #[inline(always)]
    fn value<V: Vector>(&mut self, mut way: Way, mut at: usize) -> Result<usize, Reject> {
        let mut top = Frame::OUTSIDE;
        loop {
            let first = token(self.text, &mut at);
            if COUNTED {
                self.values_left = count(self.text, at, self.values_left)?;
            }
            if way.is(MEMBER) {
                self.member_begins(way, &mut top);
            }
            let start = at;
            let whole = match first {
                b'"' => self.string::<V>(&mut at)?,
                b'{' | b'[' => match self.open(way, first, &mut at, &mut top)? {
                    Some(empty) => empty,
                    None => {
                        way = self.inside::<V>(&mut at, &mut top)?;
                        continue;
                    }
                },
                _ => scalar(self.text, first, &mut at)?,
            };
            if way.is_asked()
                && let Some(again) = self.ended(way, whole)
            {
                (way, at, self.values_left) = (again, start, self.values_left + 1);
                continue;
            }
            way = match self.behind::<V>(&mut at, &mut top)? {
                Some(next) => next,
                None => return Ok(at),
            };
        }
    }

    #[inline(always)]
    fn string<V: Vector>(&mut self, at: &mut usize) -> Result<Whole, Reject> {
        let from = *at + 1;
        if let Some(close) = text::plain_string::<V>(self.text, from) {
            *at = close + 1;
            return Ok((Kind::Text, from, close));
        }
        let string = text::string::<V>(self.text, from)?;
        self.unicode |= string.unicode;
        *at = string.close + 1;
        Ok((if string.escaped { Kind::Escaped } else { Kind::Text }, from, string.close))
    }

    /// Opens a bracket; one that closes at once is a whole value.
    #[inline(always)]
    fn open(&mut self, way: Way, bracket: u8, at: &mut usize, top: &mut Frame) -> Result<Option<Whole>, Reject> {
        let start = *at;
        // Of the brackets that are open one is `top`, and below the others waits what is outside of all.
        if self.frames.len() >= self.depth {
            return Err(too_deep(start));
        }
        // `}` and `]` stand two behind their partners.
        let close = bracket + 2;
        *at += 1;
        if token(self.text, at) == close {
            *at += 1;
            return Ok(Some((kind_of(close), start, *at)));
        }
        self.frames.push(*top);
        *top = Frame { way, start, close, values_left: self.values_left, ..Frame::OUTSIDE };
        if bracket == b'{' && way.is(NAMED) {
            *self.objects += 1;
            top.object = *self.objects;
            top.known = self.known.start(way.node(self.trie));
        }
        Ok(None)
    }

    /// What is due next inside the innermost bracket.
    #[inline(always)]
    fn inside<V: Vector>(&mut self, at: &mut usize, top: &mut Frame) -> Result<Way, Reject> {
        if top.close == b'}' { self.name::<V>(at, top) } else { Ok(top.way.element(self.trie)) }
    }

    /// What is due behind a whole value; `None` where that was the outermost.
    #[inline(always)]
    fn behind<V: Vector>(&mut self, at: &mut usize, top: &mut Frame) -> Result<Option<Way>, Reject> {
        loop {
            if top.close == 0 {
                return Ok(None);
            }
            let sign = token(self.text, at);
            if sign == b',' {
                *at += 1;
                return self.inside::<V>(at, top).map(Some);
            }
            if sign != top.close {
                return Err(invalid(*at));
            }
            *at += 1;
            let ended = *top;
            *top = self.frames.pop().unwrap_or(Frame::OUTSIDE);
            if ended.way.is_asked()
                && let Some(again) = self.closed(&ended, *at)
            {
                *at = ended.start;
                self.values_left = ended.values_left + 1;
                return Ok(Some(again));
            }
        }
    }

    /// A bracket has closed whose value some rule asks for.
    #[inline(always)]
    fn closed(&mut self, frame: &Frame, end: usize) -> Option<Way> {
        if frame.has_joined {
            self.captures.longest_names_win(self.trie, frame.way.node(self.trie), frame.object);
        }
        self.ended(frame.way, (kind_of(frame.close), frame.start, end))
    }

    /// A value has ended that some rule asks for. Gives how else it is reached, if its name leads to further nodes: then
    /// it is to be read again.
    #[inline(always)]
    fn ended(&mut self, way: Way, (kind, from, to): Whole) -> Option<Way> {
        if way.is(CAPTURED) {
            self.captures.push(way.node(self.trie), kind, from, to);
        }
        if way.is(MEMBER) {
            self.captures.member_ends(way.edge());
        }
        if way.is(SPECIAL) { again(self.trie, way.edge()) } else { None }
    }

    /// A member's name and its colon; gives how its value is reached.
    #[inline(always)]
    fn name<V: Vector>(&mut self, at: &mut usize, top: &mut Frame) -> Result<Way, Reject> {
        if top.object == 0 {
            return self.unasked_name::<V>(at);
        }
        if let Some((entry, known)) = self.known.guess::<V>(top.known, self.text, *at) {
            top.known = entry;
            *at += known.len();
            return Ok(known.way);
        }
        let new = new_name::<V>(self.text, *at, self.trie, self.known, top.way, top.known)?;
        self.unicode |= new.unicode;
        (*at, top.known) = (new.behind, new.known);
        Ok(new.way)
    }

    /// A name in an object of which nothing is asked.
    #[inline(always)]
    fn unasked_name<V: Vector>(&mut self, at: &mut usize) -> Result<Way, Reject> {
        if let (Some(b'"'), Some(close)) = (text::peek(self.text, *at), text::plain_string::<V>(self.text, *at + 1))
            && text::peek(self.text, close + 1) == Some(b':')
        {
            *at = close + 2;
            return Ok(Way::UNASKED);
        }
        let (name, behind) = odd_name::<V>(self.text, *at)?;
        self.unicode |= name.unicode;
        *at = behind;
        Ok(Way::UNASKED)
    }

    /// A member that some rule asks for begins.
    #[inline(always)]
    fn member_begins(&mut self, way: Way, top: &mut Frame) {
        self.captures.member_begins(way.edge(), top.object);
        if way.is(SPECIAL) {
            top.has_joined |= self.trie.edge(way.edge()).is_some_and(|edge| edge.joined);
        }
    }
}

fn kind_of(close: u8) -> Kind {
    if close == b'}' { Kind::Object } else { Kind::Array }
}

/// A number or a word.
#[inline(always)]
fn scalar(text: &[u8], first: u8, at: &mut usize) -> Result<Whole, Reject> {
    let start = *at;
    let (kind, end) = match first {
        b'-' | b'0'..=b'9' => (Kind::Number, text::number(text, start)?),
        b'n' => (Kind::Null, text::word(text, start, b"null")?),
        b't' => (Kind::True, text::word(text, start, b"true")?),
        b'f' => (Kind::False, text::word(text, start, b"false")?),
        _ => return Err(invalid(start)),
    };
    *at = end;
    Ok((kind, start, end))
}

/// Any name and its colon, blanks before and between; gives where its text ends, and the place behind the colon.
#[inline(never)]
fn odd_name<V: Vector>(text: &[u8], mut at: usize) -> Result<(text::Stepped, usize), Reject> {
    if token(text, &mut at) != b'"' {
        return Err(invalid(at));
    }
    let name = text::string::<V>(text, at + 1)?;
    at = name.close + 1;
    if token(text, &mut at) != b':' {
        return Err(invalid(at));
    }
    Ok((name, at + 1))
}

/// A name that did not come next before.
struct NewName {
    way: Way,
    /// The place behind its colon.
    behind: usize,
    /// The remembered name that stood last: this one, if it can be remembered.
    known: u32,
    unicode: bool,
}

/// Looks a name up, and remembers it if it can be.
#[inline(never)]
fn new_name<V: Vector>(
    text: &[u8],
    mut at: usize,
    trie: &Trie,
    known: &mut KnownNames,
    object: Way,
    previous: u32,
) -> Result<NewName, Reject> {
    token(text, &mut at);
    let (name, behind) = odd_name::<V>(text, at)?;
    let spelled = text.get(at + 1..name.close).unwrap_or_default();
    let from = object.node(trie);
    let mut new = NewName { way: Way::UNASKED, behind, known: previous, unicode: name.unicode };
    if name.escaped {
        let mut decoded = Vec::new();
        text::decode(spelled, &mut decoded);
        new.way = trie.way_by_name(from, &decoded);
        return Ok(new);
    }
    // A remembered name is compared and not looked at again: only ASCII, which is UTF-8 whatever comes.
    let entry = known.find(from, spelled).filter(|_| !name.unicode).or_else(|| {
        new.way = trie.way_by_name(from, spelled);
        if name.unicode { None } else { known.add(from, spelled, new.way) }
    });
    if let Some(entry) = entry {
        known.follow(from, previous, entry);
        new.known = entry;
        new.way = known.get(entry).map_or(Way::UNASKED, |known| known.way);
    }
    Ok(new)
}

/// How else a value is reached whose name leads to further nodes.
#[cold]
fn again(trie: &Trie, edge: EdgeId) -> Option<Way> {
    Some(trie.way(trie.edge(edge)?.also)).filter(|way| way.is_asked())
}

#[cold]
fn too_deep(offset: usize) -> Reject {
    Reject { reason: RejectReason::TooDeep, offset }
}

/// What is left to read after the value at a place.
#[inline(always)]
fn count(text: &[u8], at: usize, values_left: usize) -> Result<usize, Reject> {
    if at >= text.len() {
        return Err(invalid(at));
    }
    values_left.checked_sub(1).ok_or(Reject { reason: RejectReason::TooManyValues, offset: at })
}
