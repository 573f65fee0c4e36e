//! An event as some rules tell it: whole, or without what their sets keep back. What they tell of it is found when it is
//! first asked for, and once for all rules.

use super::asked::{Asked, OfRule, Piece};
use super::{Ends, NULL, Shared, shown_of, tell, text_of_ends};
use crate::event::Event;
use crate::json;
use crate::language::expr::{Key, Step};
use crate::lists::Lists;
use crate::redaction::{self, Left};
use crate::reference::Matched;
use crate::rule::Rule;
use std::collections::BTreeMap;

/// What is told of an event.
enum Shows<'v> {
    All(&'v Event),
    /// What is left of the event behind it.
    Left(&'v Left, &'v Event),
    /// Of one of which too much is kept back.
    Nothing(&'v Event),
}

/// An event as some rules tell it.
pub(crate) struct Version<'v> {
    shows: Shows<'v>,
    /// By key.
    values: BTreeMap<usize, Value<'v>>,
    /// What titles show, by piece; none where that is nothing.
    pieces: BTreeMap<usize, Option<String>>,
    /// Whether a key that predicates ask for reaches what it reaches in the whole event.
    same: BTreeMap<Vec<Step>, bool>,
}

/// What a key shows.
struct Value<'v> {
    ends: Ends<'v>,
    /// Written down when it is first asked for.
    text: Option<String>,
}

impl<'v> Version<'v> {
    /// The whole event.
    pub(super) fn whole(event: &'v Event) -> Self {
        Self::of(Shows::All(event))
    }

    /// What is left of an event, none where too much is kept back; and what all detections say of that.
    pub(super) fn left(left: Option<&'v Left>, whole: &'v Event) -> (Self, Shared) {
        match left {
            Some(left) => (Self::of(Shows::Left(left, whole)), left.shared(whole)),
            None => (Self::of(Shows::Nothing(whole)), redaction::nothing_of(whole)),
        }
    }

    fn of(shows: Shows<'v>) -> Self {
        Self { shows, values: BTreeMap::new(), pieces: BTreeMap::new(), same: BTreeMap::new() }
    }

    /// The values of keys as a JSON array.
    pub(super) fn array(&mut self, keys: &[usize], asked: &Asked) -> String {
        let mut array = String::with_capacity(128);
        array.push('[');
        for key in keys {
            array.push_str(if array.len() > 1 { "," } else { "" });
            array.push_str(self.text(*key, asked));
        }
        array.push(']');
        array
    }

    /// The value of a key as JSON; none where it is null.
    pub(super) fn filled(&mut self, key: usize, asked: &Asked) -> Option<&str> {
        Some(self.text(key, asked)).filter(|text| *text != NULL)
    }

    fn text(&mut self, key: usize, asked: &Asked) -> &str {
        let Value { ends, text } = value(&mut self.values, &self.shows, key, asked);
        text.get_or_insert_with(|| text_of_ends(ends))
    }

    /// The title of a rule, filled in.
    pub(super) fn title(&mut self, rule: &Rule, of_rule: &OfRule, asked: &Asked, lists: &Lists) -> String {
        if let Shows::Nothing(_) = self.shows {
            return rule.name.clone();
        }
        rule.title.render(|place, out| {
            let piece = of_rule.title.get(place).and_then(|piece| self.piece(*piece, asked, lists));
            out.push_str(piece.unwrap_or_default());
            piece.is_some()
        })
    }

    fn piece(&mut self, place: usize, asked: &Asked, lists: &Lists) -> Option<&str> {
        let Self { shows, values, pieces, .. } = self;
        let piece = pieces.entry(place).or_insert_with(|| {
            let Piece { key, lookup } = asked.piece(place)?;
            shown_of(&value(values, shows, *key, asked).ends, lookup.as_ref(), lists)
        });
        piece.as_deref()
    }

    /// The predicates that a match is owed to, as a JSON array.
    pub(super) fn matched(&mut self, matched: &[Matched<'_>]) -> String {
        let Self { shows, same, .. } = self;
        let mut text = String::with_capacity(128);
        match shows {
            Shows::All(_) => json::write_array(matched, &mut text, tell),
            Shows::Left(left, whole) => json::write_array(matched, &mut text, |matched, out| {
                let known = same.get(&matched.key.steps).copied();
                let is_same = known.unwrap_or_else(|| left.is_same(matched.key, whole));
                if known.is_none() {
                    same.insert(matched.key.steps.clone(), is_same);
                }
                left.tell(matched, is_same, out);
            }),
            Shows::Nothing(_) => text.push_str("[]"),
        }
        text
    }
}

fn value<'k, 'v>(
    values: &'k mut BTreeMap<usize, Value<'v>>,
    shows: &Shows<'v>,
    place: usize,
    asked: &Asked,
) -> &'k mut Value<'v> {
    values.entry(place).or_insert_with(|| {
        let ends = asked.key(place).map_or_else(Vec::new, |key| shows.ends(key));
        Value { ends, text: None }
    })
}

impl<'v> Shows<'v> {
    /// What a key shows.
    fn ends(&self, key: &Key) -> Ends<'v> {
        match *self {
            Shows::All(event) => event.resolve(key).ends,
            Shows::Left(left, whole) => left.ends(key, whole),
            Shows::Nothing(whole) => redaction::hidden(whole, key),
        }
    }
}
