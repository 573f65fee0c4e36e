//! Following a path through a tree or a marked text: names, indexes, arrays on the way, keys with dots in their names.

use super::tables::OMITTED;
use crate::json::{At, Json, Name};
use crate::language::expr::Step;
use std::borrow::Cow;
use std::cmp::Ordering;

/// Every place where the path ends.
///
/// A name on an array asks each of its elements, at every depth; an index picks one element, and is missing on anything
/// that is no array.
pub(super) fn walk<'e>(from: At<'e>, steps: &[Step]) -> Vec<At<'e>> {
    let mut ends = Vec::new();
    each(from, steps, &mut |end| ends.push(end));
    ends
}

/// The same, end by end.
pub(super) fn each<'e>(mut from: At<'e>, mut steps: &[Step], each: &mut impl FnMut(At<'e>)) {
    // Most paths go from object to object: nothing waits on the way.
    while let [Step::Name(_), ..] = steps
        && !from.is_array()
    {
        let Some((_, value, rest)) = member(from, steps) else { return };
        (from, steps) = (value, rest);
    }
    if steps.is_empty() {
        return each(from);
    }
    // The last is the next, so that the ends come in the order of the text.
    let mut waiting = vec![(from, steps)];
    while let Some((at, steps)) = waiting.pop() {
        match steps {
            [] => each(at),
            [Step::Index(index), rest @ ..] => waiting.extend(pick(at, *index).map(|item| (item, rest))),
            [Step::Name(_), ..] if at.is_array() => {
                let first = waiting.len();
                waiting.extend(at.items().map(|item| (item, steps)));
                waiting.get_mut(first..).unwrap_or_default().reverse();
            }
            [Step::Name(_), ..] => waiting.extend(member(at, steps).map(|(_, value, rest)| (value, rest))),
        }
    }
}

/// The same of a dotted path of our tables: the first answer that `each` gives for an end ends the walk. An event decides
/// how deep it goes.
pub(super) fn first<'e, T>(from: At<'e>, dotted: &str, each: &mut impl FnMut(At<'e>) -> Option<T>) -> Option<T> {
    let (mut next, mut waiting) = (Some((from, dotted)), Vec::new());
    while let Some((at, dotted)) = next.take().or_else(|| waiting.pop()) {
        if at.is_array() {
            let first = waiting.len();
            waiting.extend(at.items().map(|item| (item, dotted)));
            waiting.get_mut(first..).unwrap_or_default().reverse();
            continue;
        }
        next = member(at, dotted).map(|(_, value, rest)| (value, rest));
        if let Some((value, "")) = next {
            next = None;
            if let Some(found) = each(value) {
                return Some(found);
            }
        }
    }
    None
}

/// A path whose first names, joined by dots, may be one name: steps, or a dotted path of our tables.
trait Route: Copy {
    /// How long the names are that the path begins with, the longest first, and what is left of the path behind each.
    fn beginnings(self) -> impl Iterator<Item = (usize, Self)>;

    /// What is left of the path behind this name, if it begins with it.
    fn behind(self, name: Name<'_>) -> Option<Self>;

    /// How much of a path is left: the less, the longer is the name before it.
    fn left(self) -> usize;
}

/// The member of an object that a path begins with, and what is left of the path.
///
/// `a.b.c` can be the member `a.b.c`, or `a.b` and `c` inside it, or `a` and the rest inside it: the longest name that is
/// there wins, alone; of several members of one name the last.
#[inline]
fn member<'e, R: Route>(object: At<'e>, path: R) -> Option<(Name<'e>, At<'e>, R)> {
    if let Some(names) = object.names() {
        return path.beginnings().find_map(|(length, rest)| {
            let is = |name: Name<'_>| name.length() == length && path.behind(name).is_some();
            names.of_length(length).find(|(name, _)| is(*name)).map(|(name, value)| (name, value, rest))
        });
    }
    let mut longest: Option<(Name<'e>, At<'e>, R)> = None;
    for (name, value) in object.members() {
        let Some(rest) = path.behind(name) else { continue };
        // Of several members of one name the last counts.
        if longest.is_none_or(|(.., left)| rest.left() <= left.left()) {
            longest = Some((name, value, rest));
        }
    }
    longest
}

impl Route for &str {
    #[inline]
    fn beginnings(self) -> impl Iterator<Item = (usize, Self)> {
        // The next dot is looked for when the name before it was not there: the longest one often is.
        let mut before = None;
        std::iter::from_fn(move || {
            let end = match before {
                None => self.len(),
                Some(end) => self.as_bytes().get(..end)?.iter().rposition(|byte| *byte == b'.')?,
            };
            before = Some(end);
            Some((end, self.get(end + 1..).unwrap_or_default()))
        })
    }

    /// Few names are as long as one of its beginnings.
    #[inline]
    fn behind(self, name: Name<'_>) -> Option<Self> {
        let length = name.length();
        let rest = match self.as_bytes().get(length) {
            None if length == self.len() => "",
            Some(b'.') => self.get(length + 1..)?,
            _ => return None,
        };
        name.is(self.as_bytes().get(..length)?).then_some(rest)
    }

    #[inline]
    fn left(self) -> usize {
        self.len()
    }
}

impl Route for &[Step] {
    fn beginnings(self) -> impl Iterator<Item = (usize, Self)> {
        let names = self.iter().map_while(|step| if let Step::Name(name) = step { Some(name.len()) } else { None });
        let count = names.clone().count();
        // Each dot takes a byte.
        let mut length = names.sum::<usize>() + count.saturating_sub(1);
        (0..count).rev().filter_map(move |last| {
            let (end, rest) = (length, self.get(last + 1..)?);
            let Some(Step::Name(name)) = self.get(last) else { return None };
            length = length.saturating_sub(name.len() + 1);
            Some((end, rest))
        })
    }

    /// Few names are as long as the first step.
    #[inline]
    fn behind(self, name: Name<'_>) -> Option<Self> {
        let [Step::Name(first), rest @ ..] = self else { return None };
        match name.length().cmp(&first.len()) {
            Ordering::Less => None,
            Ordering::Equal => name.is(first.as_bytes()).then_some(rest),
            // A longer one joins several steps.
            Ordering::Greater if rest.is_empty() => None,
            Ordering::Greater => match name.bytes().get(first.len()) {
                Some(b'.') => behind_several(name.bytes(), self),
                _ => None,
            },
        }
    }

    #[inline]
    fn left(self) -> usize {
        self.len()
    }
}

#[inline(never)]
fn behind_several<'s>(name: &[u8], steps: &'s [Step]) -> Option<&'s [Step]> {
    let (mut unread, mut rest) = (name, steps);
    while let [Step::Name(step), after @ ..] = rest {
        unread = unread.strip_prefix(step.as_bytes())?;
        rest = after;
        if unread.is_empty() {
            return Some(rest);
        }
        unread = unread.strip_prefix(b".")?;
    }
    None
}

/// Puts `with` in the place of everything but null at the places where [`walk`] ends.
pub(super) fn replace(from: &mut Json, steps: &[Step], with: &Json) {
    let mut waiting = vec![(from, steps)];
    while let Some((at, steps)) = waiting.pop() {
        match steps {
            [] if at.is_null() => {}
            [] => *at = with.clone(),
            [Step::Name(_), ..] if matches!(at, Json::Object(_)) => {
                let found = member(At::Tree(at), steps).map(|(name, _, rest)| (name.bytes().to_vec(), rest));
                let (Some((name, rest)), Json::Object(members)) = (found, at) else { continue };
                let found = members.iter_mut().find(|(known, _)| known.as_bytes() == name);
                waiting.extend(found.map(|(_, value)| (value, rest)));
            }
            [Step::Name(_), ..] => {
                if let Json::Array(items) = at {
                    waiting.extend(items.iter_mut().map(|item| (item, steps)));
                }
            }
            [Step::Index(index), rest @ ..] => {
                let Json::Array(items) = at else { continue };
                let place = place_of(items.len(), *index);
                waiting.extend(place.and_then(|place| items.get_mut(place)).map(|item| (item, rest)));
            }
        }
    }
}

fn pick(array: At<'_>, index: i64) -> Option<At<'_>> {
    let length = if index < 0 { array.items().count() } else { 0 };
    array.items().nth(place_of(length, index)?)
}

/// Where an index points in an array of this length, or behind it.
fn place_of(length: usize, index: i64) -> Option<usize> {
    match usize::try_from(index) {
        Ok(from_start) => Some(from_start),
        Err(_) => length.checked_sub(usize::try_from(index.unsigned_abs()).ok()?),
    }
}

/// Whether the path goes below a field that CloudTrail left out.
pub(super) fn leads_into_omitted(root: At<'_>, steps: &[Step]) -> bool {
    let [Step::Name(field), _, ..] = steps else { return false };
    OMITTED.iter().any(|(known, omitted)| *known == field.as_str() && is_omitted(root, omitted))
}

/// The same of a dotted path of our tables.
pub(super) fn leads_dotted_into_omitted(root: At<'_>, dotted: &str) -> bool {
    let leads = |field: &str| dotted.as_bytes().get(field.len()) == Some(&b'.') && dotted.starts_with(field);
    OMITTED.iter().any(|(field, omitted)| leads(field) && is_omitted(root, omitted))
}

fn is_omitted(root: At<'_>, omitted: &str) -> bool {
    first(root, omitted, &mut |end| end.is_true().then_some(())).is_some()
}

/// The values in `value`, an array's elements at every depth in its place: no more is looked at than is taken.
pub(crate) fn elements(value: &Json) -> impl Iterator<Item = &Json> {
    let mut open = vec![std::slice::from_ref(value).iter()];
    std::iter::from_fn(move || {
        loop {
            match open.last_mut()?.next() {
                None => drop(open.pop()),
                Some(Json::Array(items)) => open.push(items.iter()),
                Some(other) => return Some(other),
            }
        }
    })
}

/// Appends the texts in `value` that are not empty, of numbers and booleans too, an array's elements in its place.
pub(super) fn scalars<'e>(value: At<'e>, into: &mut Vec<Cow<'e, str>>) {
    let (mut next, mut waiting) = (Some(value), Vec::new());
    while let Some(at) = next.take().or_else(|| waiting.pop()) {
        if at.is_array() {
            let first = waiting.len();
            waiting.extend(at.items());
            waiting.get_mut(first..).unwrap_or_default().reverse();
        } else {
            into.extend(at.scalar_text().filter(|text| !text.is_empty()).map(Cow::Borrowed));
        }
    }
}

/// A dotted path written in a table of ours as steps.
pub(super) fn steps_of(dotted: &str) -> Vec<Step> {
    let steps = |part: &str| {
        let indexed = part.strip_suffix(']').and_then(|open| open.split_once('['));
        match indexed.and_then(|(name, index)| Some((name, index.parse().ok()?))) {
            Some((name, index)) => vec![Step::Name(name.to_owned()), Step::Index(index)],
            None => vec![Step::Name(part.to_owned())],
        }
    };
    dotted.split('.').flat_map(steps).collect()
}
