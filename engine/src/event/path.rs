//! Following a path through a tree: names, indexes, arrays on the way, keys with dots in their names.

use super::tables::CAN_BE_OMITTED;
use crate::json::Json;
use crate::language::expr::Step;
use std::borrow::Cow;

/// Every place where the path ends.
///
/// A name on an array asks each of its elements, at every depth; an index picks one element, and is missing on anything
/// that is no array.
pub(super) fn walk<'e>(mut from: &'e Json, mut steps: &[Step]) -> Vec<&'e Json> {
    // Most paths go from object to object: nothing waits on the way.
    while let (Json::Object(_), [Step::Name(_), ..]) = (from, steps) {
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
        match (at, steps) {
            (end, []) => ends.push(end),
            (Json::Array(items), [Step::Index(index), rest @ ..]) => {
                waiting.extend(pick(items, *index).map(|item| (item, rest)));
            }
            (Json::Array(items), [Step::Name(_), ..]) => waiting.extend(items.iter().rev().map(|item| (item, steps))),
            (Json::Object(_), [Step::Name(_), ..]) => {
                waiting.extend(member(at, steps).map(|(_, value, rest)| (value, rest)));
            }
            _ => {}
        }
    }
    ends
}

/// The same of a dotted path of our tables, end by end: the first answer that `each` gives for one ends the walk.
pub(super) fn first<'e, T>(from: &'e Json, dotted: &str, each: &mut impl FnMut(&'e Json) -> Option<T>) -> Option<T> {
    match from {
        Json::Array(items) => items.iter().find_map(|item| first(item, dotted, each)),
        Json::Object(members) => {
            let mut longest: Option<(&Json, &str)> = None;
            for (name, value) in members {
                let Some(rest) =
                    after(name, dotted).filter(|rest| longest.is_none_or(|(_, left)| rest.len() < left.len()))
                else {
                    continue;
                };
                longest = Some((value, rest));
            }
            match longest? {
                (value, "") => each(value),
                (value, rest) => first(value, rest, each),
            }
        }
        _ => None,
    }
}

/// What is left of a dotted path behind a name that it begins with.
#[inline]
fn after<'s>(name: &str, dotted: &'s str) -> Option<&'s str> {
    match starts_with_step(dotted, name)? {
        "" => Some(""),
        rest => rest.get(1..),
    }
}

/// The member of an object that the first steps name, with the steps that are left.
///
/// `a.b.c` can be the member `a.b.c`, or `a.b` and `c` inside it, or `a` and the rest inside it: the longest name that is
/// there wins, alone.
fn member<'e, 's>(object: &'e Json, steps: &'s [Step]) -> Option<(&'e str, &'e Json, &'s [Step])> {
    object
        .as_object()?
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value, rest_after(name, steps)?)))
        .min_by_key(|(_, _, rest)| rest.len())
}

/// The steps left over when the first ones, joined by dots, are exactly `name`.
#[inline]
fn rest_after<'s>(name: &str, steps: &'s [Step]) -> Option<&'s [Step]> {
    // One byte tells nearly all other names apart.
    if let [Step::Name(first), ..] = steps
        && !first.is_empty()
        && name.as_bytes().first() != first.as_bytes().first()
    {
        return None;
    }
    let mut unread = name;
    let mut rest = steps;
    while let [Step::Name(step), after @ ..] = rest {
        unread = starts_with_step(unread, step)?;
        rest = after;
        if unread.is_empty() {
            return Some(rest);
        }
        unread = unread.strip_prefix('.')?;
    }
    None
}

/// What is left of `path` behind `step`: nothing, or a dot and more. Names of one record often begin alike, so what comes
/// behind is looked at first.
#[inline]
fn starts_with_step<'p>(path: &'p str, step: &str) -> Option<&'p str> {
    match path.as_bytes().get(step.len()) {
        None | Some(b'.') => path.strip_prefix(step),
        Some(_) => None,
    }
}

/// Puts `with` in the place of everything but null at the places where [`walk`] ends.
pub(super) fn replace(from: &mut Json, steps: &[Step], with: &Json) {
    let mut waiting = vec![(from, steps)];
    while let Some((at, steps)) = waiting.pop() {
        match steps {
            [] if at.is_null() => {}
            [] => *at = with.clone(),
            [Step::Name(_), ..] if matches!(at, Json::Object(_)) => {
                let found = member(at, steps).map(|(name, _, rest)| (name.to_owned(), rest));
                let (Some((name, rest)), Json::Object(members)) = (found, at) else { continue };
                let found = members.iter_mut().find(|(known, _)| *known == name);
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

fn pick(items: &[Json], index: i64) -> Option<&Json> {
    items.get(place_of(items.len(), index)?)
}

/// Where an index points in an array of this length, or behind it.
fn place_of(length: usize, index: i64) -> Option<usize> {
    match usize::try_from(index) {
        Ok(from_start) => Some(from_start),
        Err(_) => length.checked_sub(usize::try_from(index.unsigned_abs()).ok()?),
    }
}

/// Whether the path goes below a field that CloudTrail left out.
pub(super) fn leads_into_omitted(root: &Json, steps: &[Step]) -> bool {
    let [Step::Name(field), _, ..] = steps else { return false };
    let omitted = || walk(root, &[Step::Name(field.clone()), Step::Name("omitted".to_owned())]);
    CAN_BE_OMITTED.contains(&field.as_str()) && omitted().contains(&&Json::Bool(true))
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
pub(super) fn scalars<'e>(value: &'e Json, into: &mut Vec<Cow<'e, str>>) {
    match value {
        Json::Array(items) => items.iter().for_each(|item| scalars(item, into)),
        other => into.extend(other.scalar_text().filter(|text| !text.is_empty()).map(Cow::Borrowed)),
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
