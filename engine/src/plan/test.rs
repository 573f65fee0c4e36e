//! One question about one key, as it is asked of events. Every operator and function of the language is here.
//!
//! Each is put so that it is false where the key leads nowhere: `k = null` is the opposite of "k has a value", and what is
//! negated is turned round by whoever asks. So a key that an event does not have needs no answer at all.

use super::members::{Members, NumberKey};
use super::number::Number;
use crate::event::Instant;
use crate::flat::same;
use crate::language::Limits;
use crate::language::expr::{self, Comparison, Function, Literal, TextOperator, Value as Wanted};
use crate::lists::Lists;
use crate::pattern::{Caches, Pattern, Patterns};
use crate::scan::{Kind, MemberNames, Value, any_inside, count_elements, count_members, decode};
use memchr::memmem::{self, Finder};
use std::io::Write;
use std::sync::Arc;

/// What is asked, in its positive form.
#[derive(Debug, Clone)]
pub(super) enum Test {
    /// `= "text"`, where only the same text is equal.
    Same(Box<[u8]>),
    /// `=` and `in`.
    Member(Box<Members>),
    /// Under `all`: `=` and `in` where null is among the values.
    MemberOrNull(Box<Members>),
    /// `!= null`
    HasValue,
    /// `exists`
    Exists,
    /// `<`, `<=`, `>`, `>=` with any of these.
    Compare(Comparison, Box<[Bound]>),
    /// `starts_with` with any of these.
    StartsWith(Box<[Box<[u8]>]>),
    /// `ends_with` with any of these.
    EndsWith(Box<[Box<[u8]>]>),
    /// `like` with any of these.
    Like(Needles),
    /// `contains`: on arrays an element equals one of the values, elsewhere as `like`.
    Contains(Box<Contains>),
    /// `matches` with any of these.
    Matches(Box<[Arc<Pattern>]>),
}

/// The right side of `<`.
#[derive(Debug, Clone)]
pub(super) struct Bound {
    text: Box<[u8]>,
    time: Option<Instant>,
}

/// The right side of `contains`.
#[derive(Debug, Clone)]
pub(super) struct Contains {
    equal: Members,
    null: bool,
    inside: Needles,
}

/// Texts that are looked for inside values.
#[derive(Debug, Clone)]
pub(super) enum Needles {
    /// To get ready to look for a text takes longer than to look through a short value: so it is done once.
    Ready(Box<[Finder<'static>]>),
    /// What is ready takes some 300 bytes a text: too much for long lists, each in many rules.
    Plain(Box<[Box<[u8]>]>),
}

impl Needles {
    /// How many texts are made ready, at most.
    const READY: usize = 16;

    fn of<'t>(texts: impl Iterator<Item = &'t str>) -> Self {
        let texts: Vec<&str> = texts.collect();
        if texts.len() > Self::READY {
            return Self::Plain(texts.into_iter().map(bytes).collect());
        }
        Self::Ready(texts.into_iter().map(|text| Finder::new(text).into_owned()).collect())
    }

    fn any_in(&self, text: &[u8]) -> bool {
        match self {
            Self::Ready(finders) => finders.iter().any(|finder| finder.find(text).is_some()),
            Self::Plain(texts) => texts.iter().any(|wanted| memmem::find(text, wanted).is_some()),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Ready(finders) => finders.len(),
            Self::Plain(texts) => texts.len(),
        }
    }
}

/// Room to work in, used again for every event.
#[derive(Debug, Clone, Default)]
pub(super) struct Scratch {
    pub(super) key: NumberKey,
    pub(super) room: Room,
    /// A text in lower case.
    pub(super) folded: Vec<u8>,
    caches: Caches,
}

/// Where texts are put together that stand nowhere in the event.
#[derive(Debug, Clone, Default)]
pub(super) struct Room {
    decoded: Vec<u8>,
    mapped: Vec<u8>,
    names: MemberNames,
}

fn bytes(text: &str) -> Box<[u8]> {
    text.as_bytes().into()
}

/// What a literal stands for: a list for its values, any other for itself.
fn values<'v>(literal: &'v Literal, lists: &'v Lists) -> &'v [Wanted] {
    match &literal.value {
        Wanted::List(name) => lists.get(name),
        value => std::slice::from_ref(value),
    }
}

impl Test {
    /// A test; `under_all` says that elements are asked one by one. Of a test with null among its values the part without
    /// it, except under `all`: whoever splits the question knows.
    pub(super) fn new(test: &expr::Test, under_all: bool, lists: &Lists, patterns: &mut Patterns) -> Self {
        match test {
            expr::Test::Equals(literal) => Self::equal(std::slice::from_ref(literal), under_all, lists),
            expr::Test::In(literals) => Self::equal(literals, under_all, lists),
            expr::Test::Compare(comparison, literal) => {
                let texts = values(literal, lists).iter().filter_map(|value| match value {
                    Wanted::Text(text) | Wanted::Number(text) => Some(text),
                    _ => None,
                });
                let bounds = texts.map(|text| Bound { text: bytes(text), time: Instant::parse(text) });
                Test::Compare(*comparison, bounds.collect())
            }
            expr::Test::Text(TextOperator::Contains, literal) => {
                let values = values(literal, lists);
                Test::Contains(Box::new(Contains {
                    equal: Members::of(values.iter()),
                    null: values.contains(&Wanted::Null),
                    inside: Needles::of(values.iter().filter_map(Wanted::as_text)),
                }))
            }
            expr::Test::Text(operator, literal) => {
                let texts = values(literal, lists).iter().filter_map(Wanted::as_text);
                match operator {
                    TextOperator::StartsWith => Test::StartsWith(texts.map(bytes).collect()),
                    TextOperator::EndsWith => Test::EndsWith(texts.map(bytes).collect()),
                    TextOperator::Like | TextOperator::Contains => Test::Like(Needles::of(texts)),
                }
            }
            expr::Test::Matches(literal) => {
                let texts = values(literal, lists).iter().filter_map(Wanted::as_text);
                let limit = Limits::default().regex;
                // One that does not compile matches nothing; reading the rule has reported it.
                Test::Matches(texts.filter_map(|text| patterns.get(text, limit)).collect())
            }
            expr::Test::Exists => Test::Exists,
        }
    }

    fn equal(literals: &[Literal], under_all: bool, lists: &Lists) -> Self {
        let all = literals.iter().flat_map(|literal| values(literal, lists));
        if under_all && all.clone().any(|value| *value == Wanted::Null) {
            return Test::MemberOrNull(Box::new(Members::of(all)));
        }
        let mut some = all.clone();
        match (some.next(), some.next()) {
            (Some(Wanted::Text(text)), None) if is_only_itself(text) => Test::Same(bytes(text)),
            _ => Test::Member(Box::new(Members::of(all))),
        }
    }

    /// Whether the test holds on the values of a key.
    pub(super) fn holds<'f>(
        &self,
        function: Option<Function>,
        mut ends: impl Iterator<Item = Value<'f>>,
        scratch: &mut Scratch,
    ) -> bool {
        match function {
            None => ends.any(|end| self.end(None, end, scratch)),
            Some(Function::All) => self.all(ends, scratch),
            // Null has no value under any other function, as if the key were missing.
            Some(_) => ends.any(|end| end.kind != Kind::Null && self.end(function, end, scratch)),
        }
    }

    /// Whether it holds on one end of a key: of an array, on any of its elements.
    fn end(&self, function: Option<Function>, end: Value<'_>, scratch: &mut Scratch) -> bool {
        let Scratch { key, room, caches, .. } = scratch;
        match self {
            Test::Exists => true,
            Test::Contains(contains) if end.kind == Kind::Array && function != Some(Function::Count) => {
                let mut holds_value = false;
                let equal = room.each(function, end, &mut |kind, text| {
                    holds_value |= kind != Kind::Null;
                    contains.equal.hold(kind, text, key)
                });
                equal || (contains.null && !holds_value)
            }
            // Most values are what they are: nothing is made of them and nothing is inside.
            _ if function.is_none() && !matches!(end.kind, Kind::Array | Kind::Escaped) => {
                self.scalar(end.kind, end.text, key, caches)
            }
            _ => room.each(function, end, &mut |kind, text| self.scalar(kind, text, key, caches)),
        }
    }

    /// `all(path)`: there is an element, and each by itself satisfies the test.
    fn all<'f>(&self, ends: impl Iterator<Item = Value<'f>>, scratch: &mut Scratch) -> bool {
        let Scratch { key, room, caches, .. } = scratch;
        let mut any = false;
        for end in ends {
            let fails = room.each(None, end, &mut |kind, text| {
                any = true;
                !self.scalar(kind, text, key, caches)
            });
            if fails {
                return false;
            }
        }
        any
    }

    /// Whether it holds on one value that is no array.
    fn scalar(&self, kind: Kind, text: &[u8], key: &mut NumberKey, caches: &mut Caches) -> bool {
        let word = has_text(kind);
        match self {
            Test::Same(wanted) => kind == Kind::Text && same(text, wanted),
            Test::Member(members) => members.hold(kind, text, key),
            Test::MemberOrNull(members) => kind == Kind::Null || members.hold(kind, text, key),
            Test::HasValue => kind != Kind::Null,
            Test::Exists => true,
            Test::Compare(comparison, bounds) => {
                matches!(kind, Kind::Text | Kind::Number) && bounds.iter().any(|bound| bound.admits(*comparison, text))
            }
            Test::StartsWith(wanted) => word && wanted.iter().any(|wanted| text.starts_with(wanted)),
            Test::EndsWith(wanted) => word && wanted.iter().any(|wanted| text.ends_with(wanted)),
            Test::Like(wanted) => word && wanted.any_in(text),
            Test::Contains(contains) => word && contains.inside.any_in(text),
            Test::Matches(patterns) => word && patterns.iter().any(|pattern| pattern.is_match(text, caches)),
        }
    }

    /// Of `matches` texts of which one stands, in lower case, in each value that satisfies it; none where there are none.
    pub(super) fn words(&self) -> Option<Vec<&[u8]>> {
        let Test::Matches(patterns) = self else { return None };
        let mut words = Vec::new();
        for pattern in patterns {
            words.extend(pattern.words()?.iter().map(AsRef::as_ref));
        }
        Some(words)
    }

    /// What asking it costs, beside the comparison of two short texts.
    pub(super) fn cost(&self) -> f32 {
        match self {
            Test::Same(_) | Test::HasValue | Test::Exists => 1.0,
            Test::Member(_) | Test::MemberOrNull(_) => 2.0,
            Test::Compare(_, bounds) => 2.0 * size(bounds.len()),
            Test::Like(wanted) => 4.0 * size(wanted.len()),
            Test::StartsWith(wanted) | Test::EndsWith(wanted) => size(wanted.len()),
            Test::Contains(contains) => 4.0 * size(contains.inside.len()),
            Test::Matches(patterns) => 50.0 * size(patterns.len()),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn size(count: usize) -> f32 {
    count as f32
}

/// Whether `=` with a text is nothing but the comparison of two texts.
fn is_only_itself(text: &str) -> bool {
    let text = text.as_bytes();
    Number::read(text).is_none() && !matches!(text, b"true" | b"false") && super::network::network(text).is_none()
}

/// Whether the operators on text see a value: a text, a number as it stands, a boolean as its word.
pub(super) fn has_text(kind: Kind) -> bool {
    !matches!(kind, Kind::Null | Kind::Object | Kind::Array)
}

impl Bound {
    /// As numbers where both sides are, else as times where both are, else not.
    fn admits(&self, comparison: Comparison, text: &[u8]) -> bool {
        let order = match (Number::read(text), Number::read(&self.text), &self.time) {
            (Some(left), Some(right), _) => left.cmp(&right),
            (None, None, Some(right)) => {
                let left = std::str::from_utf8(text).ok().and_then(Instant::parse);
                let Some(left) = left else { return false };
                left.cmp(right)
            }
            _ => return false,
        };
        match comparison {
            Comparison::Less => order.is_lt(),
            Comparison::LessOrEqual => order.is_le(),
            Comparison::Greater => order.is_gt(),
            Comparison::GreaterOrEqual => order.is_ge(),
        }
    }
}

impl Room {
    /// Calls `visit` with what a function gives for an end of a key, for each element of an array at any depth, until it
    /// says yes; gives whether it did.
    pub(super) fn each(
        &mut self,
        function: Option<Function>,
        end: Value<'_>,
        visit: &mut dyn FnMut(Kind, &[u8]) -> bool,
    ) -> bool {
        if function == Some(Function::Count) {
            let count = match end.kind {
                Kind::Array => count_elements(end.text),
                Kind::Object => count_members(end.text, &mut self.names),
                _ => 1,
            };
            return visit(Kind::Number, self.number(count));
        }
        if end.kind == Kind::Array {
            return any_inside(end.text, &mut |element| self.one(function, element, visit));
        }
        self.one(function, end, visit)
    }

    fn one(
        &mut self,
        function: Option<Function>,
        value: Value<'_>,
        visit: &mut dyn FnMut(Kind, &[u8]) -> bool,
    ) -> bool {
        let Value { mut kind, mut text } = value;
        // What a function makes of it is built beside the text that it is made of.
        let mut decoded = std::mem::take(&mut self.decoded);
        if kind == Kind::Escaped {
            decoded.clear();
            decode(text, &mut decoded);
            (kind, text) = (Kind::Text, &decoded);
        }
        let answer = match function {
            Some(Function::Lower) if kind == Kind::Text => {
                lower(text, &mut self.mapped);
                visit(kind, &self.mapped)
            }
            Some(Function::Upper) if kind == Kind::Text => {
                upper(text, &mut self.mapped);
                visit(kind, &self.mapped)
            }
            Some(Function::Length) if kind == Kind::Object => {
                let members = count_members(text, &mut self.names);
                visit(Kind::Number, self.number(members))
            }
            Some(Function::Length) if has_text(kind) => {
                // Bytes that begin a character: all but those that continue one.
                let characters = text.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
                visit(Kind::Number, self.number(characters))
            }
            _ => visit(kind, text),
        };
        self.decoded = decoded;
        answer
    }

    fn number(&mut self, number: usize) -> &[u8] {
        self.mapped.clear();
        // Writing to a buffer in memory cannot fail.
        let _ = write!(self.mapped, "{number}");
        &self.mapped
    }
}

/// The text in lower case, by Unicode's rules.
fn lower(text: &[u8], out: &mut Vec<u8>) {
    out.clear();
    if text.is_ascii() {
        out.extend(text.iter().map(u8::to_ascii_lowercase));
        return;
    }
    // Sigma is written differently at the end of a word, so the standard library looks at the whole text.
    let text = std::str::from_utf8(text).unwrap_or_default();
    out.extend_from_slice(text.to_lowercase().as_bytes());
}

/// The text in upper case, by Unicode's rules.
fn upper(text: &[u8], out: &mut Vec<u8>) {
    out.clear();
    if text.is_ascii() {
        out.extend(text.iter().map(u8::to_ascii_uppercase));
        return;
    }
    let text = std::str::from_utf8(text).unwrap_or_default();
    out.extend_from_slice(text.to_uppercase().as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_find_what_short_ones_do_and_are_not_made_ready() {
        for count in [1, Needles::READY, Needles::READY + 1, 500] {
            let texts: Vec<String> = (0..count).map(|number| format!("needle-{number}!")).collect();
            let needles = Needles::of(texts.iter().map(String::as_str));
            assert_eq!(matches!(needles, Needles::Ready(_)), count <= Needles::READY);
            assert_eq!(needles.len(), count);
            let last = format!("hay needle-{}! hay", count - 1);
            assert!(needles.any_in(b"needle-0!") && needles.any_in(last.as_bytes()));
            assert!(!needles.any_in(b"needle-") && !needles.any_in(b""));
        }
    }
}
