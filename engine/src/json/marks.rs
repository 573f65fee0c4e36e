//! A JSON text with marks where its values stand: a tree of which nothing is made but what is asked for.
//!
//! For a text that was checked before. A tree of an event costs many times what finding a few of its values does, and few
//! of those who look into an event look at much of it. [`At`](super::At) is a place in either, so that whoever walks need
//! not know.

use super::at::At;
use super::compact::differ;
use super::names::Names;
use super::{Json, Limits, plain};
use crate::flat::hash;
use crate::scan::{Kind, decode};
use std::borrow::Cow;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A marked text.
#[derive(Debug, Clone)]
pub(crate) struct Marks {
    text: String,
    marks: Vec<Mark>,
    /// The members of the outermost object.
    top: Names,
    /// Whether it may be that it is not compact: blanks stand between the values, or escapes that may have a shorter form.
    is_loose: bool,
    /// Strings with escapes, by where they begin; decoded when they are first asked for.
    escaped: Escaped,
    /// All of it as a tree, once that was asked for.
    tree: OnceLock<Json>,
    /// They are listed when the first one is asked for.
    brackets: OnceLock<Brackets>,
}

/// Arrays and objects, by their place among the marks; each is read when it is first asked for, and once for all who ask.
/// Those that hold one another would each take as much as most of the text and more: they are looked up in the tree of all of
/// it once too much is kept, or read anew where that is quicker.
#[derive(Debug, Default)]
struct Brackets {
    trees: Vec<(u32, OnceLock<Json>)>,
    /// Bytes of the texts of those that are kept.
    kept: AtomicUsize,
}

/// A copy keeps nothing yet.
impl Clone for Brackets {
    fn clone(&self) -> Self {
        Self { trees: self.trees.iter().map(|(place, _)| (*place, OnceLock::new())).collect(), ..Self::default() }
    }
}

/// Bytes of brackets that are kept as trees: as many as the text has, or this if it is more.
const KEPT: usize = 1 << 20;
/// Bytes of a bracket that is sooner found in the tree of all than read.
const LARGE: usize = 64 << 10;

/// A value, and its name where it is a member.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    pub(super) name: Piece,
    pub(super) value: Piece,
    /// The mark behind all that it holds.
    pub(super) next: u32,
}

/// A piece of the text. Strings stand in it without their quotes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Piece {
    start: u32,
    end: u32,
    kind: Kind,
}

impl Marks {
    /// Marks a text that was checked to be JSON; `None` where it is none, perhaps.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        u32::try_from(bytes.len()).ok()?;
        let text = std::str::from_utf8(bytes).ok()?;
        let Marker { marks, top, is_loose, escaped, .. } = Marker::new(text.as_bytes()).document()?;
        Some(Self {
            text: text.to_owned(),
            marks,
            top,
            is_loose,
            escaped,
            tree: OnceLock::new(),
            brackets: OnceLock::new(),
        })
    }

    /// All of it.
    pub(crate) fn top(&self) -> At<'_> {
        At::Marked(self, 0)
    }

    /// The text, if it is compact already, as [`super::compact`] makes it: without blanks, escapes that may be written
    /// shorter, or two members of one name.
    pub(crate) fn compact(&self) -> Option<&str> {
        let whole = self.mark(0)?.value;
        let is_all = whole.start == 0 && whole.end as usize == self.text.len();
        (is_all && !self.is_loose && self.names_differ()).then_some(&self.text)
    }

    /// Whether no object has two members of one name, for sure.
    fn names_differ(&self) -> bool {
        let mut hashes = Vec::new();
        let mut objects = (0..).zip(&self.marks).filter(|(_, mark)| mark.value.kind == Kind::Object);
        objects.all(|(place, _)| {
            hashes.clear();
            hashes.extend(At::Marked(self, place).members().map(|(name, _)| hash(name.bytes(), 0)));
            differ(&mut hashes)
        })
    }

    /// All of it as a tree, if it is an array or an object.
    pub(crate) fn tree(&self) -> &Json {
        self.tree.get_or_init(|| self.mark(0).map_or(Json::Null, |mark| read(self.raw(mark.value))))
    }

    /// An array or an object as a tree.
    pub(super) fn bracket(&self, place: u32) -> Cow<'_, Json> {
        if place == 0 {
            return Cow::Borrowed(self.tree());
        }
        let brackets = self.brackets.get_or_init(|| {
            let places = self.marks.iter().zip(0..).filter(|(mark, _)| mark.value.is_bracket());
            Brackets { trees: places.map(|(_, place)| (place, OnceLock::new())).collect(), ..Brackets::default() }
        });
        let found = brackets.trees.binary_search_by_key(&place, |(place, _)| *place).ok();
        let found = found.and_then(|found| brackets.trees.get(found)).zip(self.mark(place));
        let Some(((_, tree), mark)) = found else { return Cow::Owned(Json::Null) };
        if let Some(tree) = tree.get() {
            return Cow::Borrowed(tree);
        }
        let text = self.raw(mark.value);
        let kept = brackets.kept.load(Ordering::Relaxed) + text.len();
        if kept <= KEPT.max(self.text.len()) {
            brackets.kept.store(kept, Ordering::Relaxed);
            return Cow::Borrowed(tree.get_or_init(|| read(text)));
        }
        let found = if text.len() < LARGE { None } else { self.in_tree(place) };
        found.map_or_else(|| Cow::Owned(read(text)), Cow::Borrowed)
    }

    /// A bracket in the tree of all, which has no member that another one of its name replaces.
    fn in_tree(&self, place: u32) -> Option<&Json> {
        let (mut at, mut tree) = (0, self.tree());
        while at != place {
            let holds = |(_, mark, _): &(usize, &Mark, u32)| mark.next > place;
            let (index, mark, inside) = self.children(at).find(holds)?;
            tree = match tree {
                Json::Array(items) => items.get(index)?,
                object => {
                    let last = self.children(at).filter(|(_, other, _)| self.name(other) == self.name(mark)).last();
                    last.filter(|(_, _, last)| *last == inside)?;
                    object.get(std::str::from_utf8(self.name(mark)).ok()?)?
                }
            };
            at = inside;
        }
        Some(tree)
    }

    /// What a bracket holds: its number, its mark and its place.
    fn children(&self, place: u32) -> impl Iterator<Item = (usize, &Mark, u32)> {
        let end = self.mark(place).map_or(0, |mark| mark.next);
        let mut next = place + 1;
        let each = std::iter::from_fn(move || {
            let mark = self.mark(next).filter(|_| next < end)?;
            Some((mark, std::mem::replace(&mut next, mark.next)))
        });
        each.enumerate().map(|(index, (mark, place))| (index, mark, place))
    }

    /// The names of an object's members, where they are listed.
    pub(super) fn names(&self, place: u32) -> Option<&Names> {
        (place == 0).then_some(&self.top)
    }

    pub(super) fn mark(&self, place: u32) -> Option<&Mark> {
        self.marks.get(place as usize)
    }

    pub(super) fn name(&self, mark: &Mark) -> &[u8] {
        if mark.name.kind == Kind::Escaped {
            return self.spelled(mark.name).as_bytes();
        }
        self.text.as_bytes().get(mark.name.start as usize..mark.name.end as usize).unwrap_or_default()
    }

    /// A piece as it stands.
    pub(super) fn raw(&self, piece: Piece) -> &str {
        self.text.get(piece.start as usize..piece.end as usize).unwrap_or_default()
    }

    /// What a string spells.
    pub(super) fn string(&self, piece: Piece) -> &str {
        if piece.kind == Kind::Escaped { self.spelled(piece) } else { self.raw(piece) }
    }

    #[inline(never)]
    fn spelled(&self, piece: Piece) -> &str {
        let found = self.escaped.binary_search_by_key(&piece.start, |(start, _)| *start).ok();
        let Some((_, decoded)) = found.and_then(|place| self.escaped.get(place)) else { return "" };
        decoded.get_or_init(|| {
            let quoted = self.text.get(piece.start as usize - 1..piece.end as usize + 1).unwrap_or_default();
            read(quoted).as_text().unwrap_or_default().to_owned()
        })
    }
}

/// A piece of a text that was checked as a tree.
fn read(text: &str) -> Json {
    const CHECKED: Limits = Limits { bytes: usize::MAX, depth: super::DEEPEST, values: usize::MAX };
    Json::parse(text.as_bytes(), &CHECKED).unwrap_or(Json::Null)
}

impl Piece {
    /// Bytes of a string without escapes.
    #[inline]
    pub(super) fn plain_length(self) -> Option<usize> {
        (self.kind != Kind::Escaped).then_some((self.end - self.start) as usize)
    }

    pub(super) fn kind(self) -> Kind {
        self.kind
    }

    fn is_bracket(self) -> bool {
        matches!(self.kind, Kind::Array | Kind::Object)
    }
}

type Escaped = Vec<(u32, OnceLock<String>)>;

/// A text that is being marked. Its methods give `None` for what is no JSON.
struct Marker<'t> {
    text: &'t [u8],
    /// Offset of the next byte.
    at: usize,
    /// The marks of brackets that are open.
    open: Vec<u32>,
    /// Whether the innermost of them is an object.
    in_object: bool,
    marks: Vec<Mark>,
    top: Names,
    is_loose: bool,
    escaped: Escaped,
}

impl<'t> Marker<'t> {
    fn new(text: &'t [u8]) -> Self {
        let (open, marks) = (Vec::with_capacity(8), Vec::with_capacity(text.len() / 16));
        Self { text, at: 0, open, in_object: false, marks, top: Names::default(), is_loose: false, escaped: Vec::new() }
    }

    fn document(mut self) -> Option<Self> {
        self.value(Piece::default())?;
        while !self.open.is_empty() {
            match self.token()? {
                b',' => self.at += 1,
                b']' | b'}' => self.close()?,
                b'"' if self.in_object => {
                    let name = self.string()?;
                    if self.token()? != b':' {
                        return None;
                    }
                    self.at += 1;
                    if self.open.len() == 1 {
                        self.top.add(self.length(name), index(self.marks.len()));
                    }
                    self.value(name)?;
                }
                _ => self.value(Piece::default())?,
            }
        }
        Some(self)
    }

    /// How many bytes a string has once its escapes are decoded.
    #[inline]
    fn length(&self, string: Piece) -> usize {
        string.plain_length().unwrap_or_else(|| decoded_length(self.text, string))
    }

    /// Marks a scalar, or steps into a bracket.
    fn value(&mut self, name: Piece) -> Option<()> {
        let first = self.token()?;
        let kind = match first {
            b'"' => {
                let value = self.string()?;
                self.mark(name, value);
                return Some(());
            }
            b'{' | b'[' => {
                self.in_object = first == b'{';
                self.open.push(index(self.marks.len()));
                let kind = if self.in_object { Kind::Object } else { Kind::Array };
                self.mark(name, Piece { start: index(self.at), end: 0, kind });
                self.at += 1;
                return Some(());
            }
            b'n' => Kind::Null,
            b't' => Kind::True,
            b'f' => Kind::False,
            _ => Kind::Number,
        };
        let start = index(self.at);
        while !matches!(self.text.get(self.at), None | Some(b',' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        self.mark(name, Piece { start, end: index(self.at), kind });
        Some(())
    }

    #[inline]
    fn mark(&mut self, name: Piece, value: Piece) {
        let next = index(self.marks.len() + 1);
        self.marks.push(Mark { name, value, next });
    }

    fn close(&mut self) -> Option<()> {
        self.at += 1;
        let next = index(self.marks.len());
        let bracket = self.marks.get_mut(self.open.pop()? as usize)?;
        (bracket.value.end, bracket.next) = (index(self.at), next);
        let around = self.open.last().and_then(|open| self.marks.get(*open as usize));
        self.in_object = around.is_some_and(|around| around.value.kind == Kind::Object);
        Some(())
    }

    /// Steps over a string.
    #[inline]
    fn string(&mut self) -> Option<Piece> {
        let start = self.at + 1;
        let mut end = plain::end(self.text, start);
        let mut kind = Kind::Text;
        while *self.text.get(end)? != b'"' {
            kind = Kind::Escaped;
            // Some character may stand there by itself, or have a shorter escape.
            self.is_loose |= matches!(self.text.get(end + 1)?, b'/' | b'u');
            end = plain::end(self.text, end + 2);
        }
        if kind == Kind::Escaped {
            self.escaped.push((index(start), OnceLock::new()));
        }
        self.at = end + 1;
        Some(Piece { start: index(start), end: index(end), kind })
    }

    /// The next byte that is no blank, which stays the next.
    #[inline]
    fn token(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.get(self.at)?;
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Some(byte);
            }
            self.is_loose = true;
            self.at += 1;
        }
    }
}

/// The same where there are escapes, which few names have.
#[inline(never)]
fn decoded_length(text: &[u8], string: Piece) -> usize {
    let mut decoded = Vec::new();
    decode(text.get(string.start as usize..string.end as usize).unwrap_or_default(), &mut decoded);
    decoded.len()
}

/// An offset or a place: the text's length was looked at before.
#[expect(clippy::cast_possible_truncation, reason = "no text is marked that is longer than this holds")]
fn index(value: usize) -> u32 {
    value as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_are_the_same_kept_found_or_read() {
        let small = |count: usize| vec![r#"{"a":[1]}"#; count].join(",");
        let large =
            [1, 14_000, 18_000].map(small).map(|items| format!(r#"{{"\u0078":[{items}],"y":{{"x":[{items}]}}}}"#));
        let text =
            format!(r#"{{"d":{0},"o":[[{1}],{2},{0}],"d":[{2}],"":{{"z.":{2}}}}}"#, large[0], large[1], large[2]);
        let check = |asked: &mut dyn Iterator<Item = u32>| {
            let marks = Marks::of(text.as_bytes()).unwrap();
            let (mut kept, mut read_anew) = (0, 0);
            for place in asked {
                let mark = *marks.mark(place).unwrap();
                if mark.value.is_bracket() {
                    let tree = marks.bracket(place);
                    *(if matches!(tree, Cow::Borrowed(_)) { &mut kept } else { &mut read_anew }) += 1;
                    assert!(*tree == read(marks.raw(mark.value)), "{place}");
                }
            }
            (kept > 5, read_anew > 0)
        };
        let count = index(Marks::of(text.as_bytes()).unwrap().marks.len());
        assert!(text.len() > KEPT);
        assert_eq!(check(&mut (0..count)), (true, true));
        // Those that hold others are the last, and found in the tree of all.
        assert_eq!(check(&mut (0..count).rev().step_by(7)), (true, false));
    }
}
