//! What the detections of a rule set ask of events: each key, each piece of a title and each list of what is kept back
//! once, however many rules have it.

use super::Tagged;
use crate::language::expr::{Key, Step};
use crate::rule::Collected;
use crate::rule::template::Lookup;
use std::collections::BTreeMap;

/// What is asked for some rules.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    keys: Vec<Key>,
    pieces: Vec<Piece>,
    redactions: Vec<Vec<Key>>,
    rules: Vec<OfRule>,
}

/// What one rule asks for, by places in the lists of all.
#[derive(Debug, Clone, Default)]
pub(crate) struct OfRule {
    /// The keys that its windows group by.
    pub(super) aggregate: Vec<usize>,
    /// The key of which they count distinct values.
    pub(super) distinct: Option<usize>,
    /// The pieces of its title, in the title's order.
    pub(super) title: Vec<usize>,
    /// What its set keeps back; none where that is nothing.
    pub(super) redaction: Option<usize>,
}

impl OfRule {
    /// What tells the groups of its windows apart.
    pub(crate) fn group(&self) -> Tagged<'_> {
        Tagged::Group(&self.aggregate)
    }

    /// What tells apart what its windows count; none where they count events.
    pub(crate) fn counted_by(&self) -> Option<Tagged<'_>> {
        self.distinct.map(Tagged::Distinct)
    }
}

/// What a title shows in one place.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) key: usize,
    pub(super) lookup: Option<Lookup>,
}

impl Asked {
    /// What is asked for these rules.
    pub(crate) fn of(rules: &[Collected]) -> Self {
        let mut asked = Self::default();
        let mut places = Places::default();
        asked.rules = rules.iter().map(|collected| asked.of_rule(collected, &mut places)).collect();
        asked
    }

    fn of_rule<'r>(&mut self, collected: &'r Collected, places: &mut Places<'r>) -> OfRule {
        let Self { keys, pieces, redactions, .. } = self;
        let Collected { rule, redact, .. } = collected;
        let Places { keys: known, pieces: shown, redactions: kept_back } = places;
        let mut key = |key: &'r Key| *known.entry(&key.steps).or_insert_with(|| push(keys, key.clone()));
        let aggregate = rule.aggregate.iter().map(&mut key).collect();
        let distinct = rule.distinct.as_ref().map(&mut key);
        let title = rule.title.shown().map(|(of, lookup)| {
            let (key, told) = (key(of), lookup.map(|lookup| (lookup.list.as_str(), lookup.column.as_slice())));
            *shown.entry((key, told)).or_insert_with(|| push(pieces, Piece { key, lookup: lookup.cloned() }))
        });
        let title = title.collect();
        let redaction = (!redact.is_empty()).then(|| {
            let steps = redact.iter().map(|key| key.steps.as_slice()).collect();
            *kept_back.entry(steps).or_insert_with(|| push(redactions, redact.clone()))
        });
        OfRule { aggregate, distinct, title, redaction }
    }

    /// What a rule asks for.
    pub(crate) fn rule(&self, rule: usize) -> Option<&OfRule> {
        self.rules.get(rule)
    }

    /// The key in a place.
    pub(super) fn key(&self, place: usize) -> Option<&Key> {
        self.keys.get(place)
    }

    /// The piece of titles in a place.
    pub(super) fn piece(&self, place: usize) -> Option<&Piece> {
        self.pieces.get(place)
    }

    /// The keys that rule sets keep back.
    pub(super) fn redactions(&self) -> &[Vec<Key>] {
        &self.redactions
    }
}

/// What is looked up for a key: a list, and a column of it.
type Column<'r> = (&'r str, &'r [String]);

/// Where what was asked for already is.
#[derive(Default)]
struct Places<'r> {
    keys: BTreeMap<&'r [Step], usize>,
    pieces: BTreeMap<(usize, Option<Column<'r>>), usize>,
    redactions: BTreeMap<Vec<&'r [Step]>, usize>,
}

/// Adds one more; gives its place.
fn push<T>(all: &mut Vec<T>, one: T) -> usize {
    all.push(one);
    all.len() - 1
}
