//! The keys of the loaded events: what completion offers, with how often each occurs and examples of its values.

use crate::answer::{array, number, object, text};
use crate::rows;
use crate::store::Store;
use oxpecker_engine::event::{Event, derived_keys};
use oxpecker_engine::json::{Json, Limits};
use oxpecker_engine::language::{self, meaning};
use std::collections::{BTreeMap, HashMap};

/// How many events are looked at, evenly spread.
const EVENTS: usize = 2_000;
/// How many keys are told.
const KEYS: usize = 4_000;
/// How many different values of one key are counted, and how many of those are told.
const VALUES: usize = 200;
const TOLD: usize = 12;
/// A longer value is no example.
const LONGEST: usize = 100;
/// Members inside one another.
const DEPTH: usize = 24;

#[derive(Default)]
struct Seen {
    events: usize,
    last: Option<usize>,
    values: HashMap<String, usize>,
}

impl Seen {
    fn take(&mut self, event: usize, value: Option<&Json>) {
        if self.last != Some(event) {
            (self.last, self.events) = (Some(event), self.events + 1);
        }
        let Some(value) = value.and_then(example) else { return };
        if let Some(count) = self.values.get_mut(&value) {
            *count += 1;
        } else if self.values.len() < VALUES {
            self.values.insert(value, 1);
        }
    }
}

/// A scalar as the language writes it.
fn example(value: &Json) -> Option<String> {
    match value {
        Json::Text(found) if found.len() <= LONGEST => Some(language::quoted(found)),
        Json::Number(_) | Json::Bool(_) | Json::Null => Some(text(value)),
        _ => None,
    }
}

/// `{events, keys: [{key, events, values: [[value, count]], meaning}]}`, the most frequent first.
pub(crate) fn keys(store: &Store) -> Json {
    let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
    let step = store.len().div_ceil(EVENTS).max(1);
    let derived: Vec<_> = derived_keys().into_iter().filter_map(|key| Some((rows::key(&key)?, key))).collect();
    let mut looked_at = 0;
    for index in (0..store.len()).step_by(step) {
        let Ok(event) = Event::parse(store.get(index), &Limits::default(), None) else { continue };
        looked_at += 1;
        walk(event.json(), &mut String::new(), index, 0, &mut seen);
        for (key, name) in &derived {
            let found = event.resolve(key);
            let value = found.elements().find(|value| !value.is_null());
            let is_native = seen.get(name).is_some_and(|seen| seen.last == Some(index));
            if value.is_some() && !is_native {
                seen.entry(name.clone()).or_default().take(index, value);
            }
        }
    }
    let mut all: Vec<(String, Seen)> = seen.into_iter().collect();
    all.sort_by_key(|(_, seen)| std::cmp::Reverse(seen.events));
    all.truncate(KEYS);
    object([("events", number(looked_at)), ("keys", array(all.into_iter().map(told)))])
}

fn told((key, seen): (String, Seen)) -> Json {
    let mut values: Vec<(String, usize)> = seen.values.into_iter().collect();
    values.sort_by(|(left, a), (right, b)| b.cmp(a).then_with(|| left.cmp(right)));
    let values = values.into_iter().take(TOLD);
    object([
        ("events", number(seen.events)),
        ("values", array(values.map(|(value, count)| Json::Array(vec![Json::from(value), number(count)])))),
        ("meaning", meaning::meaning(&key).map_or(Json::Null, Json::from)),
        ("key", Json::from(key)),
    ])
}

fn walk(value: &Json, path: &mut String, event: usize, depth: usize, seen: &mut BTreeMap<String, Seen>) {
    match value {
        Json::Object(members) if depth < DEPTH => {
            for (name, member) in members {
                let before = path.len();
                if before > 0 {
                    path.push('.');
                }
                segment(name, before > 0, path);
                if !matches!(member, Json::Array(items) if items.iter().all(|item| matches!(item, Json::Object(_)))) {
                    note(path, event, Some(member).filter(|member| !matches!(member, Json::Array(_))), seen);
                } else {
                    note(path, event, None, seen);
                }
                walk(member, path, event, depth + 1, seen);
                path.truncate(before);
            }
        }
        Json::Array(items) if depth < DEPTH => {
            for item in items.iter().take(100) {
                if !matches!(item, Json::Object(_) | Json::Array(_)) {
                    note(path, event, Some(item), seen);
                }
                walk(item, path, event, depth + 1, seen);
            }
        }
        _ => {}
    }
}

fn note(path: &str, event: usize, value: Option<&Json>, seen: &mut BTreeMap<String, Seen>) {
    match seen.get_mut(path) {
        Some(known) => known.take(event, value),
        None => seen.entry(path.to_owned()).or_default().take(event, value),
    }
}

/// A part of a key, quoted where the language wants it.
pub(crate) fn segment(name: &str, inner: bool, path: &mut String) {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | ':' | '/' | '@' | '$');
    let keyword = !inner && ["and", "or", "not"].iter().any(|word| name.eq_ignore_ascii_case(word));
    if !name.is_empty() && name.chars().all(plain) && !keyword {
        path.push_str(name);
    } else {
        path.push_str(&language::quoted(name));
    }
}
