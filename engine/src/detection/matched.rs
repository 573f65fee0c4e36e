//! An event that some rule matched, with all that the rules' detections ask of it: each thing is found when it is first
//! asked for, and once for all rules. Most detections are only counted, which takes a few values of the event.

use super::asked::Asked;
use super::version::Version;
use super::{Shared, owned};
use crate::event::{Event, told};
use crate::json::{self, Limits};
use crate::redaction::Left;
use crate::reference::Answers;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// An event, and what is left of it where rule sets keep something back.
pub(crate) struct Versions {
    whole: Event,
    /// By what is kept back; none where that is too much.
    left: Vec<OnceCell<Option<Left>>>,
}

impl Versions {
    /// Those of this event, for rules that ask so.
    pub(crate) fn of(whole: Event, asked: &Asked) -> Self {
        Self { whole, left: asked.redactions().iter().map(|_| OnceCell::new()).collect() }
    }

    fn left(&self, redaction: usize, asked: &Asked) -> Option<&Left> {
        let keys = asked.redactions().get(redaction)?;
        self.left.get(redaction)?.get_or_init(|| Left::of(&self.whole, keys)).as_ref()
    }
}

/// Bytes of events, as they came, of which it may be kept what redactions leave of them: of each that is a tree, its texts
/// and a compact text, some six times as much. A first one is always kept.
const KEPT: usize = 4 << 20;

/// An event that some rule matched.
pub(crate) struct MatchedEvent<'v> {
    bytes: &'v [u8],
    limits: Limits,
    asked: &'v Asked,
    versions: &'v Versions,
    whole: Version<'v>,
    shared: Option<Shared>,
    /// By what is kept back.
    left: BTreeMap<usize, (Version<'v>, Shared)>,
    counted: Option<Counted>,
    text: Option<Arc<str>>,
    answers: Answers,
    tags: BTreeMap<Tagged<'v>, String>,
}

/// What counting an event takes, whatever the rule.
pub(super) struct Counted {
    pub(super) time: Option<i64>,
    pub(super) source: String,
    pub(super) event_id: Option<String>,
}

/// What a tag tells apart in place of what is kept back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tagged<'v> {
    /// The source and the values of these keys.
    Group(&'v [usize]),
    /// The value of this key.
    Distinct(usize),
    /// The event's identifier.
    Id,
}

impl<'v> MatchedEvent<'v> {
    /// The event of these bytes, under these limits. `asked` is of the rules that were asked.
    pub(crate) fn new(bytes: &'v [u8], versions: &'v Versions, limits: Limits, asked: &'v Asked) -> Self {
        Self {
            bytes,
            limits,
            asked,
            versions,
            whole: Version::whole(&versions.whole),
            shared: None,
            left: BTreeMap::new(),
            counted: None,
            text: None,
            answers: Answers::default(),
            tags: BTreeMap::new(),
        }
    }

    /// The bytes that it was read from.
    pub(crate) fn bytes(&self) -> &'v [u8] {
        self.bytes
    }

    /// Whether what a rule's set leaves of it is kept, or can be: where sets keep many different things back, a large event
    /// is not held as often.
    pub(crate) fn has_room_for(&self, rule: usize) -> bool {
        let room = |redaction| {
            let is_kept = self.left.is_empty() || self.left.contains_key(&redaction);
            is_kept || (self.left.len() + 1).saturating_mul(self.bytes.len()) <= KEPT
        };
        self.asked.rule(rule).and_then(|by| by.redaction).is_none_or(room)
    }

    /// What the rules ask for.
    pub(crate) fn asked(&self) -> &'v Asked {
        self.asked
    }

    /// The event, and what predicates found in it.
    pub(crate) fn answers(&mut self) -> (&Event, &mut Answers) {
        (&self.versions.whole, &mut self.answers)
    }

    /// The event as compact JSON.
    pub(crate) fn text(&mut self) -> Arc<str> {
        let Self { bytes, versions, limits, text, .. } = self;
        let text = text.get_or_insert_with(|| {
            if let Some(text) = versions.whole.compact() {
                return Arc::from(text);
            }
            let mut text = String::with_capacity(bytes.len());
            // It was decided on under the same limits, so it is taken here too.
            let _ = json::compact(bytes, limits, &mut text);
            Arc::from(text)
        });
        Arc::clone(text)
    }

    /// What is told of the event where this is kept back, and what all detections say of that.
    pub(super) fn told(&mut self, redaction: Option<usize>) -> (&mut Version<'v>, &Shared) {
        let Some(redaction) = redaction else {
            let text = self.text();
            let shared = self.shared.get_or_insert_with(|| Shared::of(&self.versions.whole, text));
            return (&mut self.whole, shared);
        };
        let Self { versions, asked, left, .. } = self;
        let new = || Version::left(versions.left(redaction, asked), &versions.whole);
        let (version, shared) = left.entry(redaction).or_insert_with(new);
        (version, shared)
    }

    /// What is told of the event where this is kept back, for who needs nothing of what all detections say.
    pub(super) fn version(&mut self, redaction: Option<usize>) -> &mut Version<'v> {
        if redaction.is_none() { &mut self.whole } else { self.told(redaction).0 }
    }

    /// The whole event, and what counting it takes.
    pub(super) fn counted(&mut self) -> (&mut Version<'v>, &Counted) {
        let event = &self.versions.whole;
        let counted = self.counted.get_or_insert_with(|| Counted {
            time: event.time(),
            source: told(event.source()).into_owned(),
            event_id: event.id().map(owned),
        });
        (&mut self.whole, counted)
    }

    /// The tag of what it stands for.
    pub(crate) fn tag(&mut self, of: Tagged<'v>, make: impl FnOnce() -> String) -> &str {
        self.tags.entry(of).or_insert_with(make)
    }
}
