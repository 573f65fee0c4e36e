//! An event that some rule matched, and what the rules' detections ask of it: each thing is found when it is first asked
//! for, and once for all rules. Most detections are only counted, which takes a few values of the event.

use super::{Shared, value_of};
use crate::event::Event;
use crate::json::{self, Limits};
use crate::language::expr::{Key, Step};
use crate::rule::Collected;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// What the windows of a rule set group and count by.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// Each key once.
    keys: Vec<Key>,
    /// By rule.
    counted: Vec<CountedBy>,
}

/// The keys that one rule's windows group and count by, by their place among all.
#[derive(Debug, Clone, Default)]
pub(super) struct CountedBy {
    pub(super) aggregate: Vec<usize>,
    pub(super) distinct: Option<usize>,
}

impl Asked {
    /// What is asked for these rules.
    pub(crate) fn of(rules: &[Collected]) -> Self {
        let mut asked = Self::default();
        let mut places: BTreeMap<&[Step], usize> = BTreeMap::new();
        for Collected { rule, .. } in rules {
            let mut place = |key| place(key, &mut asked.keys, &mut places);
            let aggregate = rule.aggregate.iter().map(&mut place).collect();
            let distinct = rule.distinct.as_ref().map(&mut place);
            asked.counted.push(CountedBy { aggregate, distinct });
        }
        asked
    }

    /// What a rule's windows group and count by.
    pub(super) fn counted(&self, rule: usize) -> Option<&CountedBy> {
        self.counted.get(rule)
    }
}

/// The place of a key, which is added if it is new.
fn place<'r>(key: &'r Key, keys: &mut Vec<Key>, places: &mut BTreeMap<&'r [Step], usize>) -> usize {
    *places.entry(&key.steps).or_insert_with(|| {
        keys.push(key.clone());
        keys.len() - 1
    })
}

/// An event that some rule matched.
pub(crate) struct MatchedEvent<'b> {
    bytes: &'b [u8],
    event: Event,
    limits: Limits,
    asked: Arc<Asked>,
    counted: Option<Counted>,
    shared: Option<Shared>,
    text: Option<Arc<str>>,
}

/// What counting an event takes.
pub(super) struct Counted {
    pub(super) time: Option<i64>,
    pub(super) source: String,
    pub(super) event_id: Option<String>,
    /// Values of keys as JSON, one behind the other, and where that of the key in a place stands.
    text: String,
    values: Vec<(usize, Range<usize>)>,
}

impl<'b> MatchedEvent<'b> {
    /// `event` is of these bytes, under these limits. `asked` is of the rules that were asked.
    pub(crate) fn new(bytes: &'b [u8], event: Event, limits: Limits, asked: Arc<Asked>) -> Self {
        Self { bytes, event, limits, asked, counted: None, shared: None, text: None }
    }

    /// The event.
    pub(crate) fn event(&self) -> &Event {
        &self.event
    }

    /// The event as compact JSON.
    pub(crate) fn text(&mut self) -> Arc<str> {
        let Self { bytes, event, limits, text, .. } = self;
        let text = text.get_or_insert_with(|| {
            if let Some(text) = event.compact() {
                return Arc::from(text);
            }
            let mut text = String::with_capacity(bytes.len());
            // It was decided on under the same limits, so it is taken here too.
            let _ = json::compact(bytes, limits, &mut text);
            Arc::from(text)
        });
        Arc::clone(text)
    }

    /// The event, and what all of its detections say of it.
    pub(crate) fn shared(&mut self) -> (&Event, &Shared) {
        let text = self.text();
        let Self { event, shared, .. } = self;
        let shared = shared.get_or_insert_with(|| Shared::of(event, text));
        (event, shared)
    }

    /// What is asked of it, and what counting it takes.
    pub(super) fn counted(&mut self) -> (&Asked, &Event, &mut Counted) {
        let Self { event, counted, asked, .. } = self;
        let counted = counted.get_or_insert_with(|| Counted {
            time: event.time(),
            source: event.source().into_owned(),
            event_id: event.id().map(str::to_owned),
            text: String::with_capacity(256),
            values: Vec::with_capacity(8),
        });
        (asked, event, counted)
    }
}

impl Counted {
    /// The value of a key in this place.
    pub(super) fn value(&mut self, place: usize, asked: &Asked, event: &Event) -> &str {
        let known = self.values.iter().position(|(known, _)| *known == place);
        let known = known.unwrap_or_else(|| {
            let start = self.text.len();
            if let Some(key) = asked.keys.get(place) {
                value_of(event, key).write_to(&mut self.text);
            }
            self.values.push((place, start..self.text.len()));
            self.values.len() - 1
        });
        self.values.get(known).and_then(|(_, range)| self.text.get(range.clone())).unwrap_or_default()
    }
}
