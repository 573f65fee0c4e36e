//! The pass over an event's text: every byte is read and checked once, and what rules ask for is noted on the way.
//!
//! There is no tree and no recursion: brackets that are open wait on a stack. A value that no rule asks for is checked
//! like any other, so that an event is taken or rejected for what it is, not for what the rules look at.
//!
//! ```text
//! members   "name":"text","name":"text", as far as names come that came here before      most bytes
//! skip      a bracket in which nothing is asked for, to its end                           most of the others
//! the rest  one step a call: a new name, any value, what stands behind one
//! ```
//!
//! The first two are loops with few variables, which stay in registers; where anything is out of the ordinary, they end
//! before it and leave it to the steps.

use super::capture::{Captures, Kind};
use super::known::KnownNames;
use super::name::{NewName, new_name};
use super::skip::Skip;
use super::text::{self, invalid, peek, plain_string, token};
use super::trie::{CAPTURED, MEMBER, NAMED, SPECIAL, Trie, Way};
use super::vector::{Vector, Work};
use crate::json::{Reject, RejectReason};

/// An open bracket in which something is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    /// How its value is reached.
    way: Way,
    start: usize,
    /// What closes it; 0 outside of all brackets.
    close: u8,
    /// The object's number.
    object: u64,
    /// The step to the remembered name that stood last.
    known: u32,
    /// What was left when the bracket opened.
    values_left: usize,
}

impl Frame {
    pub(super) const OUTSIDE: Self =
        Self { way: Way::UNASKED, start: 0, close: 0, object: 0, known: u32::MAX, values_left: 0 };
}

/// What a pass knows.
pub(super) struct Pass<'s, 't, const COUNTED: bool> {
    pub(super) text: &'t [u8],
    pub(super) at: usize,
    /// How the value is reached that is due.
    pub(super) way: Way,
    /// The innermost open bracket. Those around it wait in `frames`, below all of them what is outside.
    pub(super) top: Frame,
    pub(super) unicode: bool,
    pub(super) depth: usize,
    pub(super) values_left: usize,
    pub(super) trie: &'s Trie,
    pub(super) known: &'s mut KnownNames,
    pub(super) captures: &'s mut Captures,
    pub(super) frames: &'s mut Vec<Frame>,
    /// How many brackets are open in which something is asked for.
    pub(super) level: usize,
    /// Room for [`Skip`].
    pub(super) skipped: &'s mut Vec<u8>,
    pub(super) objects: &'s mut u64,
}

/// What is due where a pass stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    /// A member's name, most likely one that came here before.
    Member,
    /// A name that did not.
    Name,
    Value,
    /// What follows a value.
    Behind,
    Nothing,
}

/// Where a run of members stands.
struct Run {
    at: usize,
    step: u32,
    left: usize,
}

/// [`Pass::members`] in a function of its own.
struct Members<'p, 's, 't, const COUNTED: bool>(&'p mut Pass<'s, 't, COUNTED>);

impl<const COUNTED: bool> Work for Members<'_, '_, '_, COUNTED> {
    type Output = Due;

    #[inline(always)]
    fn with<V: Vector>(self) -> Due {
        self.0.members::<V>()
    }
}

/// A value that was read to its end: what it is, and where its text begins and ends.
pub(super) type Whole = (Kind, usize, usize);

impl<const COUNTED: bool> Pass<'_, '_, COUNTED> {
    /// Reads the value that is due with all in it.
    pub(super) fn value<V: Vector>(&mut self) -> Result<(), Reject> {
        let mut due = Due::Value;
        loop {
            due = match due {
                Due::Member => V::apart(Members(self)),
                Due::Name => self.name::<V>()?,
                Due::Value => self.step::<V>()?,
                Due::Behind => self.behind()?,
                Due::Nothing => return Ok(()),
            };
        }
    }

    /// Reads members as long as they are names that came next before, with plain values.
    #[inline(always)]
    fn members<V: Vector>(&mut self) -> Due {
        let mut run = Run { at: self.at, step: self.top.known, left: self.values_left };
        let due = loop {
            if let Some(due) = self.member::<V>(&mut run) {
                break due;
            }
            // Two a turn: four were no faster.
            if V::CLOCKED
                && let Some(due) = self.member::<V>(&mut run)
            {
                break due;
            }
        };
        (self.at, self.top.known, self.values_left) = (run.at, run.step, run.left);
        due
    }

    /// Reads one of them with the comma behind it; gives what is due where that is something else.
    #[inline(always)]
    fn member<V: Vector>(&mut self, run: &mut Run) -> Option<Due> {
        let text = self.text;
        let Some((next, known)) = self.known.guess::<V>(run.step, text, run.at) else { return Some(Due::Name) };
        run.step = next;
        let value = run.at + known.len() - usize::from(known.is_text);
        let plain = plain_value::<V>(text, value, known.is_text).filter(|(whole, _)| {
            let is_room = !COUNTED || run.left > 0;
            is_room && (!known.way.is_asked() || self.captures.whole_member(known, self.top.object, *whole))
        });
        let Some((_, end)) = plain else {
            (run.at, self.way) = (value, known.way);
            return Some(Due::Value);
        };
        run.left = run.left.wrapping_sub(usize::from(COUNTED));
        if peek(text, end) != Some(b',') {
            run.at = end;
            return Some(Due::Behind);
        }
        run.at = end + 1;
        None
    }

    /// A member's name and its colon.
    #[inline(never)]
    fn name<V: Vector>(&mut self) -> Result<Due, Reject> {
        let NewName { way, behind, known, unicode } =
            new_name::<V>(self.text, self.at, self.trie, self.known, self.top.way, self.top.known)?;
        self.unicode |= unicode;
        (self.at, self.way, self.top.known) = (behind, way, known);
        Ok(Due::Value)
    }

    /// Reads the value that is due; of a bracket in which something is asked for, no more than that it opens.
    #[inline(always)]
    fn step<V: Vector>(&mut self) -> Result<Due, Reject> {
        let first = token(self.text, &mut self.at);
        if COUNTED {
            self.values_left = count(self.text, self.at, self.values_left)?;
        }
        let (way, start, left) = (self.way, self.at, self.values_left);
        if way.is(MEMBER) {
            self.captures.member_begins(self.trie, way, self.top.object);
        }
        let whole = match first {
            b'"' => self.string::<V>()?,
            b'{' | b'[' if way.is(NAMED) => match self.open(first)? {
                Some(empty) => empty,
                None => return Ok(self.inside()),
            },
            b'{' | b'[' => self.skipped::<V>(first)?,
            _ => {
                let (kind, end) = text::scalar(self.text, first, start)?;
                self.at = end;
                (kind, start, end)
            }
        };
        if way.is_asked()
            && let Some(again) = self.ended(way, whole)
        {
            return Ok(self.reread(again, start, left));
        }
        Ok(Due::Behind)
    }

    /// What is due is a value that was read already, reached another way.
    fn reread(&mut self, way: Way, start: usize, values_left: usize) -> Due {
        (self.way, self.at, self.values_left) = (way, start, values_left.saturating_add(1));
        Due::Value
    }

    #[inline(always)]
    fn string<V: Vector>(&mut self) -> Result<Whole, Reject> {
        let from = self.at + 1;
        if V::FEW
            && let Some(close) = plain_string::<V>(self.text, from)
        {
            self.at = close + 1;
            return Ok((Kind::Text, from, close));
        }
        let string = text::string::<V>(self.text, from)?;
        self.unicode |= string.unicode;
        self.at = string.close + 1;
        Ok((if string.escaped { Kind::Escaped } else { Kind::Text }, from, string.close))
    }

    /// Steps over a bracket in which nothing is asked for.
    #[inline(always)]
    fn skipped<V: Vector>(&mut self, bracket: u8) -> Result<Whole, Reject> {
        let start = self.at;
        let deeper = self.depth - self.level.min(self.depth);
        let (text, values_left, around) = (self.text, self.values_left, &mut *self.skipped);
        let skipped = V::apart(Skip::<COUNTED> { text, at: start, deeper, values_left, around })?;
        self.unicode |= skipped.unicode;
        (self.at, self.values_left) = (skipped.end, skipped.values_left);
        Ok((kind_of(bracket + 2), start, skipped.end))
    }

    /// Opens a bracket; one that closes at once is a whole value.
    #[inline(always)]
    fn open(&mut self, bracket: u8) -> Result<Option<Whole>, Reject> {
        let start = self.at;
        if self.level >= self.depth {
            return Err(too_deep(start));
        }
        // `}` and `]` stand two behind their partners.
        let close = bracket + 2;
        self.at += 1;
        if token(self.text, &mut self.at) == close {
            self.at += 1;
            return Ok(Some((kind_of(close), start, self.at)));
        }
        self.enclose();
        self.top = Frame { way: self.way, start, close, values_left: self.values_left, ..Frame::OUTSIDE };
        if bracket == b'{' {
            *self.objects += 1;
            self.top.object = *self.objects;
            self.top.known = self.known.start(self.way.node(self.trie));
        }
        Ok(None)
    }

    /// Puts the innermost bracket with those around a new one. There is room for as many as were ever open.
    #[inline(always)]
    fn enclose(&mut self) {
        match self.frames.get_mut(self.level) {
            Some(around) => *around = self.top,
            None => self.frames.push(self.top),
        }
        self.level += 1;
    }

    /// Goes back to the bracket around the innermost.
    #[inline(always)]
    fn leave(&mut self) {
        self.level = self.level.saturating_sub(1);
        if let Some(around) = self.frames.get(self.level) {
            self.top = *around;
        }
    }

    /// What is due next inside the innermost bracket.
    #[inline(always)]
    fn inside(&mut self) -> Due {
        if self.top.close == b'}' {
            return Due::Member;
        }
        self.way = self.top.way.element(self.trie);
        Due::Value
    }

    /// Reads what stands behind a whole value.
    #[inline(always)]
    fn behind(&mut self) -> Result<Due, Reject> {
        while self.top.close != 0 {
            let sign = token(self.text, &mut self.at);
            if sign == b',' {
                self.at += 1;
                return Ok(self.inside());
            }
            if sign != self.top.close {
                return Err(invalid(self.at));
            }
            self.at += 1;
            let ended = self.top;
            self.leave();
            if let Some(again) = self.closed(&ended) {
                return Ok(self.reread(again, ended.start, ended.values_left));
            }
        }
        Ok(Due::Nothing)
    }

    /// A bracket has closed.
    #[inline(always)]
    fn closed(&mut self, frame: &Frame) -> Option<Way> {
        self.captures.object_ends(self.trie, frame.object);
        self.ended(frame.way, (kind_of(frame.close), frame.start, self.at))
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
        if way.is(SPECIAL) { self.trie.again(way.edge()) } else { None }
    }
}

/// The value at a place and the place behind it, if it is a plain text or a word, without blanks before. Whether it is a
/// text may be known.
#[inline(always)]
fn plain_value<V: Vector>(text: &[u8], at: usize, is_text: bool) -> Option<(Whole, usize)> {
    if is_text || peek(text, at) == Some(b'"') {
        return plain_string::<V>(text, at + 1).map(|close| ((Kind::Text, at + 1, close), close + 1));
    }
    let word = |kind, word: &[u8]| {
        let end = at + word.len();
        (text.get(at..end) == Some(word)).then_some(((kind, at, end), end))
    };
    match peek(text, at)? {
        b'n' => word(Kind::Null, b"null"),
        b't' => word(Kind::True, b"true"),
        b'f' => word(Kind::False, b"false"),
        _ => None,
    }
}

fn kind_of(close: u8) -> Kind {
    if close == b'}' { Kind::Object } else { Kind::Array }
}

#[cold]
pub(super) fn too_deep(offset: usize) -> Reject {
    Reject { reason: RejectReason::TooDeep, offset }
}

/// How many values may still come after the one at a place.
#[inline(always)]
pub(super) fn count(text: &[u8], at: usize, values_left: usize) -> Result<usize, Reject> {
    if at >= text.len() {
        return Err(invalid(at));
    }
    values_left.checked_sub(1).ok_or(Reject { reason: RejectReason::TooManyValues, offset: at })
}
