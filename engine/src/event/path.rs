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
pub(super) fn walk<'e>(mut from: At<'e>, mut steps: &[Step]) -> Vec<At<'e>> {
    // Most paths go from object to object: nothing waits on the way.
    while let [Step::Name(_), ..] = steps
        && !from.is_array()
    {
        let Some((_, value, rest)) = member(from, steps) else { return Vec::new() };
        (from, steps) = (value, rest);
    }
    if steps.is_empty() {
        return vec![from];
    }
    let mut ends = Vec::new();
    // The last is the next, so that the ends come in the order of the text.
    let mut waiting = vec![(from, steps)];
    while let Some((at, steps)) = waiting.pop() {
        match steps {
            [] => ends.push(at),
            [Step::Index(index), rest @ ..] => waiting.extend(pick(at, *index).map(|item| (item, rest))),
            [Step::Name(_), ..] if at.is_array() => {
                let first = waiting.len();
                waiting.extend(at.items().map(|item| (item, steps)));
                waiting.get_mut(first..).unwrap_or_default().reverse();
            }
            [Step::Name(_), ..] => waiting.extend(member(at, steps).map(|(_, value, rest)| (value, rest))),
        }
    }
    ends
}

/// The same of a dotted path of our tables.
pub(super) fn walk_dotted<'e>(from: At<'e>, dotted: &str) -> Vec<At<'e>> {
    let mut ends = Vec::new();
    let _: Option<()> = first(from, dotted, &mut |end| {
        ends.push(end);
        None
    });
    ends
}

/// The same, end by end: the first answer that `each` gives for one ends the walk. An event decides how deep it goes.
pub(super) fn first<'e, T>(from: At<'e>, dotted: &str, each: &mut impl FnMut(At<'e>) -> Option<T>) -> Option<T> {
    let (mut next, mut waiting) = (Some((from, dotted)), Vec::new());
    while let Some((at, dotted)) = next.take().or_else(|| waiting.pop()) {
        if at.is_array() {
            let first = waiting.len();
            waiting.extend(at.items().map(|item| (item, dotted)));
            waiting.get_mut(first..).unwrap_or_default().reverse();
            continue;
        }
        next = longest(at, dotted);
        if let Some((value, "")) = next {
            next = None;
            if let Some(found) = each(value) {
                return Some(found);
            }
        }
    }
    None
}

/// The member of an object whose name is the longest beginning of a dotted path, and what is left of that.
fn longest<'e, 's>(at: At<'e>, dotted: &'s str) -> Option<(At<'e>, &'s str)> {
    if !at.lists_names() {
        return longest_of_all(at, dotted);
    }
    let (mut end, mut rest) = (dotted.len(), "");
    loop {
        let name = dotted.get(..end)?;
        if let Some((_, value)) = at.last_of_length(end, |member| member.is(name.as_bytes()))? {
            return Some((value, rest));
        }
        end = name.bytes().rposition(|byte| byte == b'.')?;
        rest = dotted.get(end + 1..)?;
    }
}

/// The same where one has to go through the members.
fn longest_of_all<'e, 's>(at: At<'e>, dotted: &'s str) -> Option<(At<'e>, &'s str)> {
    let mut longest: Option<(At<'e>, &str)> = None;
    for (name, value) in at.members() {
        // Of several members of one name the last counts.
        let Some(rest) = after(name, dotted).filter(|rest| longest.is_none_or(|(_, left)| rest.len() <= left.len()))
        else {
            continue;
        };
        longest = Some((value, rest));
    }
    longest
}

/// What is left of a dotted path behind a name that it begins with. Few names are as long as one of its beginnings.
#[inline]
fn after<'s>(name: Name<'_>, dotted: &'s str) -> Option<&'s str> {
    let length = name.length();
    let rest = match dotted.as_bytes().get(length) {
        None if length == dotted.len() => "",
        Some(b'.') => dotted.get(length + 1..)?,
        _ => return None,
    };
    name.is(dotted.as_bytes().get(..length)?).then_some(rest)
}

/// The member of an object that the first steps name, with the steps that are left.
///
/// `a.b.c` can be the member `a.b.c`, or `a.b` and `c` inside it, or `a` and the rest inside it: the longest name that is
/// there wins, alone; of several members of one name the last.
fn member<'e, 's>(object: At<'e>, steps: &'s [Step]) -> Option<(Name<'e>, At<'e>, &'s [Step])> {
    if !object.lists_names() {
        return member_of_all(object, steps);
    }
    let names = steps.iter().map_while(|step| if let Step::Name(name) = step { Some(name.len()) } else { None });
    let count = names.clone().count();
    // Each dot takes a byte.
    let mut length = names.clone().sum::<usize>() + count.saturating_sub(1);
    for taken in (1..=count).rev() {
        let rest = steps.get(taken..)?;
        let is = |name: Name<'_>| rest_after(name, steps).is_some_and(|left| left.len() == rest.len());
        if let Some((name, value)) = object.last_of_length(length, is)? {
            return Some((name, value, rest));
        }
        length = length.saturating_sub(names.clone().nth(taken - 1)? + 1);
    }
    None
}

/// The same where one has to go through the members.
fn member_of_all<'e, 's>(object: At<'e>, steps: &'s [Step]) -> Option<(Name<'e>, At<'e>, &'s [Step])> {
    let mut longest: Option<(Name<'e>, At<'e>, &'s [Step])> = None;
    for (name, value) in object.members() {
        let Some(rest) =
            rest_after(name, steps).filter(|rest| longest.is_none_or(|(.., left)| rest.len() <= left.len()))
        else {
            continue;
        };
        longest = Some((name, value, rest));
    }
    longest
}

/// The steps left over when the first ones, joined by dots, are exactly `name`. Few names are as long as the first step.
#[inline]
fn rest_after<'s>(name: Name<'_>, steps: &'s [Step]) -> Option<&'s [Step]> {
    let [Step::Name(first), rest @ ..] = steps else { return None };
    match name.length().cmp(&first.len()) {
        Ordering::Less => None,
        Ordering::Equal => name.is(first.as_bytes()).then_some(rest),
        // A longer one joins several steps.
        Ordering::Greater if rest.is_empty() => None,
        Ordering::Greater => match name.bytes().get(first.len()) {
            Some(b'.') => rest_after_several(name.bytes(), steps),
            _ => None,
        },
    }
}

#[inline(never)]
fn rest_after_several<'s>(name: &[u8], steps: &'s [Step]) -> Option<&'s [Step]> {
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
    let Some((field, _)) = dotted.split_once('.') else { return false };
    OMITTED.iter().any(|(known, omitted)| *known == field && is_omitted(root, omitted))
}

fn is_omitted(root: At<'_>, omitted: &str) -> bool {
    first(root, omitted, &mut |end| end.is_true().then_some(())).is_some()
}

/// Appends `value`, an array's elements in its place, at every depth.
pub(super) fn flatten<'e>(value: &'e Json, into: &mut Vec<&'e Json>) {
    if !matches!(value, Json::Array(_)) {
        return into.push(value);
    }
    let mut waiting = vec![value];
    while let Some(next) = waiting.pop() {
        match next {
            Json::Array(items) => waiting.extend(items.iter().rev()),
            other => into.push(other),
        }
    }
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
