//! An event as some rules tell it: whole, or without what their sets keep back. What they tell of it is found when it is
//! first asked for, and once for all rules.

use super::asked::{Asked, OfRule, Piece};
use super::{Ends, NULL, Shared, less_of, shown_of, tell, text_of, text_of_ends};
use crate::event::{self, Event};
use crate::json::{self, Json};
use crate::language::expr::{Key, Step};
use crate::lists::Lists;
use crate::redaction::{self, Left};
use crate::reference::Matched;
use crate::rule::Rule;
use std::borrow::Cow;
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
#[derive(Default)]
struct Value<'v> {
    /// None where it was not asked for, or is too much to be kept.
    ends: Option<Ends<'v>>,
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

    /// The values of keys as a JSON array. Where they are too long together, by their beginnings, with a hash of all of them
    /// behind them: so there is one element more than keys, and nothing else passes for it.
    pub(super) fn array(&mut self, keys: &[usize], asked: &Asked) -> String {
        let mut array = String::with_capacity(128);
        array.push('[');
        for key in keys {
            array.push_str(if array.len() > 1 { "," } else { "" });
            array.push_str(self.text(*key, asked));
        }
        array.push(']');
        if array.len() <= event::TOGETHER {
            return array;
        }
        let hash = text_of(&Json::from(event::hash(&array)));
        array.clear();
        array.push('[');
        for key in keys {
            array.push_str(&less_of(self.text(*key, asked)));
            array.push(',');
        }
        array + &hash + "]"
    }

    /// The value of a key as JSON; none where it is null.
    pub(super) fn filled(&mut self, key: usize, asked: &Asked) -> Option<&str> {
        Some(self.text(key, asked)).filter(|text| *text != NULL)
    }

    fn text(&mut self, key: usize, asked: &Asked) -> &str {
        let Self { shows, values, .. } = self;
        let Value { ends, text } = values.entry(key).or_default();
        text.get_or_insert_with(|| with_ends(ends, shows, key, asked, text_of_ends))
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
            let ends = &mut values.entry(*key).or_default().ends;
            with_ends(ends, shows, *key, asked, |ends| shown_of(ends, lookup.as_ref(), lists))
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

/// Looks at what a key shows, which is found unless it is there, and kept unless it is trees of its own: those of keys whose
/// values hold one another would take as much as the event and more for each.
fn with_ends<'v, T>(
    known: &mut Option<Ends<'v>>,
    shows: &Shows<'v>,
    place: usize,
    asked: &Asked,
    look: impl FnOnce(&Ends<'v>) -> T,
) -> T {
    let found = || asked.key(place).map_or_else(Vec::new, |key| shows.ends(key));
    let ends = known.take().unwrap_or_else(found);
    let seen = look(&ends);
    let is_tree = |end: &Cow<'_, Json>| matches!(end, Cow::Owned(Json::Array(_) | Json::Object(_)));
    *known = Some(ends).filter(|ends| !ends.iter().any(is_tree));
    seen
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
