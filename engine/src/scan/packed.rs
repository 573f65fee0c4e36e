//! The pass over an event in MessagePack: the same paths in, the same captures out, as of the JSON that means the same.
//!
//! Texts stand in MessagePack as they are, behind their length: nothing is searched for and nothing is decoded. What has
//! no text there is written as JSON where it is asked for: numbers and words, binary, arrays and objects as a whole.
//!
//! An event that is none, or that comes near a limit, is given up: who asks makes JSON of it, and that gives the reason.

use super::capture::{Capture, Captures, Kind};
use super::known::{Form, KnownNames};
use super::trie::{CAPTURED, MEMBER, NAMED, NodeId, SPECIAL, Trie, Way};
use super::vector::{Vector, Work};
use crate::json::{DEEPEST, Limits};
use crate::msgpack::{self, Reader, Token, Writer};

/// Room to work in, used again for every event.
#[derive(Debug, Clone, Default)]
pub(super) struct Room {
    open: Vec<Open>,
    skipped: Vec<(bool, u32)>,
    writing: Vec<msgpack::Open>,
    /// JSON of values that have no text in the event, behind the words.
    pub(super) written: String,
    /// Made for the first event.
    known: Option<KnownNames>,
}

/// What is written before all else.
const WORDS: &str = "nulltruefalse";

/// A map or an array that is not whole yet, in which something is asked for.
#[derive(Debug, Clone, Copy)]
struct Open {
    /// How it is reached.
    way: Way,
    is_map: bool,
    /// Elements, or members, that are still to come.
    left: u32,
    /// The map's number.
    object: u64,
    /// The step to the remembered name that stood last.
    known: u32,
    begun: Begun,
}

/// Where a value begins, and how many may come from there on.
#[derive(Debug, Clone, Copy)]
struct Begun {
    at: usize,
    values_left: usize,
}

/// A pass over an event.
pub(super) struct Packed<'s, 'e> {
    pub(super) event: &'e [u8],
    pub(super) trie: &'s Trie,
    pub(super) captures: &'s mut Captures,
    pub(super) objects: &'s mut u64,
    pub(super) room: &'s mut Room,
    pub(super) limits: &'s Limits,
    /// Whether somebody counts what is in objects.
    pub(super) counts_members: bool,
}

/// How many bytes of JSON come of one byte of MessagePack at most: six of a control character, or of `false` and a comma.
const WIDENED: usize = 6;

impl Work for Packed<'_, '_> {
    /// None where the event is not taken.
    type Output = Option<()>;

    #[inline(always)]
    fn with<V: Vector>(self) -> Option<()> {
        let Self { event, trie, captures, objects, room, limits, counts_members } = self;
        if event.len() > limits.bytes / WIDENED {
            return None;
        }
        let Room { open, skipped, writing, written, known } = room;
        open.clear();
        written.clear();
        written.push_str(WORDS);
        let known = known.get_or_insert_with(|| KnownNames::new(trie.len(), Form::Packed));
        known.make_room();
        let mut reader = Reader::new(event);
        reader.entry().ok()?;
        let (depth, values_left) = (limits.depth.min(DEEPEST), limits.values);
        let mut pass = Pass {
            event,
            reader,
            trie,
            captures,
            objects,
            known,
            open,
            skipped,
            writing,
            written,
            bytes: limits.bytes,
            depth,
            values_left,
            counts_members,
        };
        pass.event::<V>()
    }
}

/// What a pass knows.
struct Pass<'s, 'e> {
    event: &'e [u8],
    reader: Reader<'e>,
    trie: &'s Trie,
    captures: &'s mut Captures,
    objects: &'s mut u64,
    known: &'s mut KnownNames,
    open: &'s mut Vec<Open>,
    skipped: &'s mut Vec<(bool, u32)>,
    writing: &'s mut Vec<msgpack::Open>,
    written: &'s mut String,
    /// Bytes that all of what is written may have: values in one another may be asked for, each as a whole.
    bytes: usize,
    depth: usize,
    values_left: usize,
    counts_members: bool,
}

impl Pass<'_, '_> {
    #[inline(always)]
    fn event<V: Vector>(&mut self) -> Option<()> {
        let mut way = Way::to_node(self.trie, 0);
        loop {
            let mut again = self.value(way)?;
            while let (None, Some(Open { left: 0, .. })) = (again, self.open.last()) {
                again = self.close()?;
            }
            way = match (again, self.open.is_empty()) {
                (Some(again), _) => again,
                (None, true) => return self.reader.is_at_end().then_some(()),
                (None, false) => self.next::<V>()?,
            };
        }
    }

    /// Steps to the next value of the innermost bracket; gives how it is reached.
    #[inline(always)]
    fn next<V: Vector>(&mut self) -> Option<Way> {
        let open = self.open.last_mut()?;
        open.left -= 1;
        if !open.is_map {
            return Some(open.way.element(self.trie));
        }
        let at = self.reader.at();
        if let Some((step, known)) = self.known.guess::<V>(open.known, self.event, at) {
            open.known = step;
            self.reader.go_to(at + known.len());
            return Some(known.way);
        }
        let Token::Text(name) = self.reader.likely_text()? else { return None };
        is_text(name).then(|| new_name(self.known, self.trie, open, name))
    }

    /// Reads a value; of a bracket in which something is asked for, no more than that it opens. Gives how else it is
    /// reached, if it is to be read again.
    #[inline(always)]
    fn value(&mut self, way: Way) -> Option<Option<Way>> {
        let begun = Begun { at: self.reader.at(), values_left: self.values_left };
        self.count()?;
        if way.is(MEMBER) {
            let object = self.open.last().map_or(0, |open| open.object);
            self.captures.member_begins(self.trie, way, object);
        }
        let token = self.reader.likely_text()?;
        match token {
            Token::Map(left) if way.is(NAMED) => {
                self.enter(way, true, left, begun)?;
                return Some(None);
            }
            Token::Array(left) if way.is(NAMED) => {
                self.enter(way, false, left, begun)?;
                return Some(None);
            }
            Token::Map(_) | Token::Array(_) => self.skip(token)?,
            Token::Text(text) if !is_text(text) => return None,
            Token::Ext(..) => return None,
            _ => {}
        }
        if way.is_asked() { self.ended(way, token, begun) } else { Some(None) }
    }

    #[inline(always)]
    fn count(&mut self) -> Option<()> {
        self.values_left = self.values_left.checked_sub(1)?;
        Some(())
    }

    fn enter(&mut self, way: Way, is_map: bool, left: u32, begun: Begun) -> Option<()> {
        self.has_room(0)?;
        *self.objects += u64::from(is_map);
        let object = if is_map { *self.objects } else { 0 };
        let known = self.known.start(way.node(self.trie));
        self.open.push(Open { way, is_map, left, object, known, begun });
        Some(())
    }

    /// Whether one more bracket may be open than there are.
    fn has_room(&self, skipped: usize) -> Option<()> {
        (self.open.len() + skipped < self.depth).then_some(())
    }

    /// The innermost bracket is whole.
    fn close(&mut self) -> Option<Option<Way>> {
        let open = self.open.pop()?;
        self.captures.object_ends(self.trie, open.object);
        let token = if open.is_map { Token::Map(0) } else { Token::Array(0) };
        self.ended(open.way, token, open.begun)
    }

    /// Steps over what is in a bracket in which nothing is asked for.
    #[inline(never)]
    fn skip(&mut self, bracket: Token<'_>) -> Option<()> {
        self.skipped.clear();
        self.skip_into(bracket)?;
        while let Some((is_map, left)) = self.skipped.last_mut() {
            let Some(less) = left.checked_sub(1) else {
                self.skipped.pop();
                continue;
            };
            *left = less;
            if *is_map && !matches!(self.reader.likely_text()?, Token::Text(name) if is_text(name)) {
                return None;
            }
            self.count()?;
            match self.reader.likely_text()? {
                token @ (Token::Map(_) | Token::Array(_)) => self.skip_into(token)?,
                Token::Text(text) if !is_text(text) => return None,
                Token::Ext(..) => return None,
                _ => {}
            }
        }
        Some(())
    }

    fn skip_into(&mut self, bracket: Token<'_>) -> Option<()> {
        self.has_room(self.skipped.len())?;
        match bracket {
            Token::Map(left) => self.skipped.push((true, left)),
            Token::Array(left) => self.skipped.push((false, left)),
            _ => {}
        }
        Some(())
    }

    /// A value has ended. Gives how else it is reached, if its name leads to further nodes: then it is to be read again.
    #[inline(always)]
    fn ended(&mut self, way: Way, token: Token<'_>, begun: Begun) -> Option<Option<Way>> {
        if way.is(CAPTURED) {
            let capture = self.capture(way.node(self.trie), token, begun)?;
            self.captures.all.push(capture);
        }
        if way.is(MEMBER) {
            self.captures.member_ends(way.edge());
        }
        if !way.is(SPECIAL) {
            return Some(None);
        }
        let again = self.trie.again(way.edge());
        if again.is_some() {
            self.reader.go_to(begun.at);
            self.values_left = begun.values_left;
        }
        Some(again)
    }

    #[inline(always)]
    fn capture(&mut self, node: NodeId, token: Token<'_>, begun: Begun) -> Option<Capture> {
        let (kind, (start, end)) = match token {
            Token::Text(text) => {
                let end = self.reader.at();
                return Some(Capture { node, kind: Kind::Text, start: end - text.len(), end, ..Capture::default() });
            }
            Token::Nil => (Kind::Null, (0, 4)),
            Token::Bool(true) => (Kind::True, (4, 8)),
            Token::Bool(false) => (Kind::False, (8, 13)),
            Token::Single(number) if !number.is_finite() => (Kind::Null, (0, 4)),
            Token::Float(number) if !number.is_finite() => (Kind::Null, (0, 4)),
            Token::Map(_) if !self.counts_members => (Kind::Object, (0, 0)),
            Token::Map(_) => (Kind::Object, self.write(begun)?),
            Token::Array(_) => (Kind::Array, self.write(begun)?),
            Token::Binary(_) => {
                let (start, end) = self.write(begun)?;
                // What stands between its quotes.
                (Kind::Text, (start + 1, end - 1))
            }
            _ => (Kind::Number, self.write(begun)?),
        };
        Some(Capture { node, kind, start, end, elsewhere: true, ..Capture::default() })
    }

    /// Writes a value that was read; gives where its JSON begins and ends.
    #[inline(never)]
    fn write(&mut self, begun: Begun) -> Option<(usize, usize)> {
        let start = self.written.len();
        self.writing.clear();
        let mut reader = self.reader.clone();
        reader.go_to(begun.at);
        let (text, open) = (&mut *self.written, &mut *self.writing);
        let (depth, values_left, bytes) = (DEEPEST, begun.values_left, self.bytes);
        Writer { reader, text, open, bytes, depth, values_left }.value().ok()?;
        Some((start, self.written.len()))
    }
}

/// Looks up a name that did not come next before, and remembers it if it can be; gives how its value is reached.
#[inline(never)]
fn new_name(known: &mut KnownNames, trie: &Trie, open: &mut Open, name: &[u8]) -> Way {
    let from = open.way.node(trie);
    let way = trie.way_by_name(from, name);
    if let Some(entry) = known.find(from, name).or_else(|| known.add(from, name, way, way.node(trie))) {
        open.known = known.follow(from, open.known, entry).unwrap_or(open.known);
    }
    way
}

/// Whether a text is UTF-8.
#[inline(always)]
fn is_text(text: &[u8]) -> bool {
    text.is_ascii() || std::str::from_utf8(text).is_ok()
}
