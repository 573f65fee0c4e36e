//! Following a path through a tree: names, indexes, arrays on the way, keys with dots in their names.

use super::tables::CAN_BE_OMITTED;
use crate::json::Json;
use crate::language::expr::Step;

/// Every place where the path ends.
///
/// A name on an array asks each of its elements, at every depth; an index picks one element, and is missing on anything
/// that is no array.
pub(super) fn walk<'e>(from: &'e Json, steps: &[Step]) -> Vec<&'e Json> {
    match (from, steps) {
        (end, []) => vec![end],
        (Json::Array(items), [Step::Index(index), rest @ ..]) => {
            pick(items, *index).map_or_else(Vec::new, |item| walk(item, rest))
        }
        (Json::Array(items), [Step::Name(_), ..]) => items.iter().flat_map(|item| walk(item, steps)).collect(),
        (Json::Object(_), [Step::Name(_), ..]) => {
            member(from, steps).map_or_else(Vec::new, |(_, value, rest)| walk(value, rest))
        }
        _ => Vec::new(),
    }
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
    let (name, path) = (name.as_bytes(), dotted.as_bytes());
    if name.first() != path.first() || name.len() > path.len() || !path.starts_with(name) {
        return None;
    }
    match path.get(name.len()) {
        None => Some(""),
        Some(b'.') => dotted.get(name.len() + 1..),
        Some(_) => None,
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
fn rest_after<'s>(name: &str, steps: &'s [Step]) -> Option<&'s [Step]> {
    let mut unread = name;
    let mut rest = steps;
    while let [Step::Name(step), after @ ..] = rest {
        unread = unread.strip_prefix(step.as_str())?;
        rest = after;
        if unread.is_empty() {
            return Some(rest);
        }
        unread = unread.strip_prefix('.')?;
    }
    None
}

/// Puts `with` in the place of everything but null at the places where [`walk`] ends.
pub(super) fn replace(from: &mut Json, steps: &[Step], with: &Json) {
    match steps {
        [] if from.is_null() => {}
        [] => *from = with.clone(),
        [Step::Name(_), ..] if matches!(from, Json::Object(_)) => {
            let Some((name, rest)) = member(from, steps).map(|(name, _, rest)| (name.to_owned(), rest)) else { return };
            let Json::Object(members) = from else { return };
            let found = members.iter_mut().find(|(known, _)| *known == name);
            if let Some((_, value)) = found {
                replace(value, rest, with);
            }
        }
        [Step::Name(_), ..] => {
            if let Json::Array(items) = from {
                items.iter_mut().for_each(|item| replace(item, steps, with));
            }
        }
        [Step::Index(index), rest @ ..] => {
            let Json::Array(items) = from else { return };
            let length = items.len();
            if let Some(item) = place_of(length, *index).and_then(|place| items.get_mut(place)) {
                replace(item, rest, with);
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
    match value {
        Json::Array(items) => items.iter().for_each(|item| flatten(item, into)),
        other => into.push(other),
    }
}

/// Appends the texts in `value` that are not empty, of numbers and booleans too, an array's elements in its place.
pub(super) fn scalars<'e>(value: &'e Json, into: &mut Vec<&'e str>) {
    match value {
        Json::Array(items) => items.iter().for_each(|item| scalars(item, into)),
        other => into.extend(other.scalar_text().filter(|text| !text.is_empty())),
    }
}

/// A dotted path written in a table of ours as steps.
pub(super) fn steps_of(dotted: &str) -> Vec<Step> {
    dotted.split('.').map(|name| Step::Name(name.to_owned())).collect()
}
