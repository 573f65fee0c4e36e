//! Keys that take their values from elsewhere: the event type, helper keys of CloudTrail records, aliases, and keys that
//! the mapping of a producer gives; the shape that they hang on, and what CloudTrail left out.
//!
//! Each such key has a number of its own, behind those of the paths; when it is first asked for, its chain is put together
//! from the chains of the paths that it draws on. The tables are those of [`event`](crate::event): the rules of how a key
//! draws on them stand there in words, and here once more in code of its own.

use super::facts::{Facts, Slot};
use super::mapped::{self, Producer};
use super::traces::{Bits, Traces};
use crate::event::tables::{ALIASES, CAN_BE_OMITTED, EVENT_TYPE, HELPERS, Source, TIME, row};
use crate::event::{self, Shape, milliseconds_of_number, milliseconds_of_text};
use crate::language::expr::Step;
use crate::scan::{Kind, NOWHERE, Trie};
use std::ops::Range;

/// The paths that decide whether CloudTrail wrote an event, in the order of [`Derived::shape`].
const SHAPE: [&str; 8] = [
    "eventSource",
    "eventName",
    "eventVersion",
    "userIdentity",
    "eventCategory",
    "eventType",
    "insightDetails",
    "timeWindow",
];

/// Of those the ones of which each record of CloudTrail has one.
const TELLING: [&str; 2] = ["eventSource", "eventType"];

/// The paths that a session's name and role are taken from.
const IDENTITY: [&str; 3] = ["userIdentity.type", "userIdentity.principalId", "userIdentity.arn"];

/// Whether a key means more than the path that it is.
pub(super) fn is_derived(key: &[Step]) -> bool {
    is_event_type(key) || !helpers(key).is_empty() || !aliases(key).is_empty() || mapped::is_mapped(key)
}

fn is_event_type(key: &[Step]) -> bool {
    matches!(key, [Step::Name(name)] if name == EVENT_TYPE)
}

fn helpers(key: &[Step]) -> &'static [Source] {
    if let [Step::Name(name)] = key { row(&HELPERS, name).unwrap_or_default() } else { &[] }
}

fn aliases(key: &[Step]) -> &'static [&'static str] {
    if let [Step::Name(name)] = key { row(&ALIASES, name).unwrap_or_default() } else { &[] }
}

pub(super) fn steps_of(dotted: &str) -> Vec<Step> {
    dotted.split('.').map(|name| Step::Name(name.to_owned())).collect()
}

/// Of these keys those that mean more than their paths, and those that they draw on.
pub(super) fn with_targets<'k>(keys: impl Iterator<Item = &'k [Step]>) -> Vec<Vec<Step>> {
    let mut all: Vec<Vec<Step>> = keys.filter(|key| is_derived(key)).map(<[Step]>::to_vec).collect();
    let mut place = 0;
    while let Some(key) = all.get(place) {
        let targets: Vec<Vec<Step>> = aliases(key).iter().map(|target| steps_of(target)).collect();
        all.extend(targets.into_iter().filter(|target| is_derived(target)));
        place += 1;
    }
    all.sort();
    all.dedup();
    all
}

/// What has to be captured so that these keys can be put together.
pub(super) fn paths(keys: &[Vec<Step>]) -> Vec<Vec<Step>> {
    let mut paths = Vec::new();
    for key in keys {
        paths.push(key.clone());
        paths.extend(helpers(key).iter().filter_map(|source| match source {
            Source::Path(dotted) => Some(steps_of(dotted)),
            Source::SessionName | Source::AssumedRole => None,
        }));
        paths.extend(aliases(key).iter().map(|target| steps_of(target)));
        paths.extend(mapped::paths_of(key));
        if is_event_type(key) {
            paths.extend(mapped::paths_of_types().cloned());
        }
    }
    paths
}

/// What has to be captured so that the shape of an event is known.
pub(super) fn paths_of_shapes() -> impl Iterator<Item = Vec<Step>> {
    SHAPE.iter().chain(&IDENTITY).map(|dotted| steps_of(dotted)).chain(mapped::paths_of_shapes().cloned())
}

/// What has to be captured so that the time of an event is known.
pub(super) fn paths_of_times() -> impl Iterator<Item = Vec<Step>> {
    TIME.iter().map(|dotted| steps_of(dotted)).chain(mapped::paths_of_times().cloned())
}

/// What has to be captured so that it is known whether CloudTrail left out what a path leads into.
pub(super) fn omitted(path: &[Step]) -> Option<Vec<Step>> {
    match path {
        [Step::Name(first), _, ..] if CAN_BE_OMITTED.contains(&first.as_str()) => {
            Some(vec![Step::Name(first.clone()), Step::Name("omitted".to_owned())])
        }
        _ => None,
    }
}

/// One key and what it draws on.
#[derive(Debug, Clone)]
struct Key {
    slot: Slot,
    is_event_type: bool,
    own: Slot,
    /// What an event has one of at least for which the key leads somewhere, unless something was left out of it or its
    /// type was given.
    traces: Traces,
    /// What the mappings of producers take the key from, by producer.
    mapped: Vec<Vec<mapped::Source>>,
    helpers: Vec<Helper>,
    /// Keys that reach the same; the slots of those that draw on others are theirs, not their paths'.
    aliases: Vec<Slot>,
}

impl Key {
    /// Whether the key may lead somewhere in an event, whose type is given or not.
    #[inline]
    fn may_lead(&self, facts: &Facts, given: Option<&str>) -> bool {
        facts.may_have(self.traces) || facts.any_cut() || (self.is_event_type && given.is_some())
    }
}

/// Finds out what keys are told by.
struct Tracing<'d> {
    trie: &'d Trie,
    bits: Bits,
    cloudtrail: Traces,
    producers: &'d [Producer],
}

impl Tracing<'_> {
    /// What an event has one of at least for which a key leads somewhere.
    fn of(&mut self, key: &[Step]) -> Traces {
        let mut traces = self.bits.of(self.trie.node(key));
        let paths = helpers(key).iter().flat_map(|source| match source {
            Source::Path(dotted) => std::slice::from_ref(dotted),
            Source::SessionName | Source::AssumedRole => &IDENTITY,
        });
        traces.join(self.bits.of_all(paths.map(|dotted| self.trie.node(&steps_of(dotted)))));
        for target in aliases(key) {
            traces.join(self.of(&steps_of(target)));
        }
        for (producer, _) in self.producers.iter().zip(mapped::are_giving(key)).filter(|(_, gives)| *gives) {
            traces.join(producer.traces);
        }
        if is_event_type(key) {
            traces.join(self.cloudtrail);
            self.producers.iter().for_each(|producer| traces.join(producer.traces));
        }
        traces
    }
}

/// Where it is told that CloudTrail left out a field, and what is then unknown; none where no rule asks for that.
fn omission(field: &str, trie: &Trie) -> Option<(Slot, Range<Slot>)> {
    let slot = |dotted: &str| trie.node(&steps_of(dotted));
    let below = trie.below(slot(field));
    let told = slot(&format!("{field}.omitted"));
    (told != NOWHERE).then(|| (told, below.start + 1..below.end))
}

#[derive(Debug, Clone, Copy)]
enum Helper {
    Path(Slot),
    SessionName,
    AssumedRole,
}

/// Those that are put together for every event, since they wake rules.
#[derive(Debug, Clone, Default)]
pub(super) struct Waking {
    /// Their places, and their traces beside them.
    keys: Vec<(u32, Traces)>,
    /// All their traces.
    traces: Traces,
    /// The event type, if it is among them.
    event_type: Option<Slot>,
}

/// All such keys of a plan.
#[derive(Debug, Clone, Default)]
pub(super) struct Derived {
    /// The number of the first key.
    first: Slot,
    keys: Vec<Key>,
    is_shaped: bool,
    shape: [Slot; SHAPE.len()],
    identity: [Slot; IDENTITY.len()],
    /// What events of CloudTrail have one of at least.
    cloudtrail: Traces,
    producers: Vec<Producer>,
    times: Vec<Slot>,
    /// Where `omitted` stands, and all that is then unknown.
    omitted: Vec<(Slot, Range<Slot>)>,
    /// All those places.
    omissions: Traces,
}

impl Derived {
    /// These keys; the first is given the number `first`, and so on. Also gives the traces of the trie's paths.
    pub(super) fn new(
        keys: &[Vec<Step>],
        trie: &Trie,
        first: Slot,
        is_shaped: bool,
        is_timed: bool,
    ) -> (Self, Vec<Traces>) {
        let slot = |dotted: &str| trie.node(&steps_of(dotted));
        // What tells shapes asks first: all events are told by it, and many keys hang on it.
        let mut bits = Bits::new(trie.len());
        let cloudtrail = bits.of_all(TELLING.map(slot));
        let producers = mapped::producers(trie, &mut bits);
        let omitted: Vec<(Slot, Range<Slot>)> =
            CAN_BE_OMITTED.iter().filter_map(|field| omission(field, trie)).collect();
        let omissions = bits.of_all(omitted.iter().map(|(told, _)| *told));
        let mut tracing = Tracing { trie, bits, cloudtrail, producers: &producers };
        let target = |dotted: &&str| {
            let steps = steps_of(dotted);
            let place = (first..).zip(keys).find(|(_, key)| **key == steps);
            place.map_or_else(|| trie.node(&steps), |(number, _)| number)
        };
        let made = keys.iter().zip(first..).map(|(key, number)| Key {
            slot: number,
            is_event_type: is_event_type(key),
            own: trie.node(key),
            traces: tracing.of(key),
            mapped: mapped::by_producer(key, trie),
            helpers: helpers(key)
                .iter()
                .map(|source| match source {
                    Source::Path(dotted) => Helper::Path(slot(dotted)),
                    Source::SessionName => Helper::SessionName,
                    Source::AssumedRole => Helper::AssumedRole,
                })
                .collect(),
            aliases: aliases(key).iter().map(target).collect(),
        });
        let keys = made.collect();
        let paths = tracing.bits.into_paths();
        let derived = Self {
            first,
            keys,
            is_shaped,
            shape: SHAPE.map(slot),
            identity: IDENTITY.map(slot),
            cloudtrail,
            producers,
            times: if is_timed { TIME.iter().map(|dotted| slot(dotted)).collect() } else { Vec::new() },
            omitted,
            omissions,
        };
        (derived, paths)
    }

    /// Notes what CloudTrail left out of an event.
    #[inline]
    pub(super) fn note_omissions(&self, facts: &mut Facts, event: &[u8]) {
        if !facts.may_have(self.omissions) {
            return;
        }
        for (told, below) in &self.omitted {
            let is_told = facts.values(*told, event).any(|value| value.kind == Kind::True);
            if is_told && self.shape(facts, event).is_cloudtrail() {
                below.clone().for_each(|slot| facts.cut(slot));
            }
        }
    }

    /// Puts a key together, if it is one that draws on others and has not been put together for this event; `given` is the
    /// event type that the operator set.
    #[inline]
    pub(super) fn make(&self, slot: Slot, facts: &mut Facts, event: &[u8], given: Option<&str>) {
        let Some(place) = slot.checked_sub(self.first) else { return };
        if let Some(key) = self.keys.get(place as usize)
            && key.may_lead(facts, given)
        {
            self.make_due(place, key, facts, event, given);
        }
    }

    /// Puts the key in a place together, if that has not been done for this event.
    #[inline]
    fn make_due(&self, place: u32, key: &Key, facts: &mut Facts, event: &[u8], given: Option<&str>) {
        if facts.is_due(place as usize) {
            self.made(key, facts, event, given);
        }
    }

    /// These keys, to be put together for every event.
    pub(super) fn waking(&self, slots: impl Iterator<Item = Slot>) -> Waking {
        let mut waking = Waking::default();
        for slot in slots {
            let Some(place) = slot.checked_sub(self.first) else { continue };
            let Some(key) = self.keys.get(place as usize) else { continue };
            waking.keys.push((place, key.traces));
            waking.traces.join(key.traces);
            if key.is_event_type {
                waking.event_type = Some(slot);
            }
        }
        waking
    }

    /// Puts together those of them that lead somewhere; the event has all its parts.
    #[inline]
    pub(super) fn make_waking(&self, waking: &Waking, facts: &mut Facts, event: &[u8], given: Option<&str>) {
        if let (Some(slot), Some(_)) = (waking.event_type, given) {
            self.make(slot, facts, event, given);
        }
        if !facts.may_have(waking.traces) {
            return;
        }
        for (place, traces) in &waking.keys {
            if facts.may_have(*traces)
                && let Some(key) = self.keys.get(*place as usize)
            {
                self.make_due(*place, key, facts, event, given);
            }
        }
    }

    fn made(&self, key: &Key, facts: &mut Facts, event: &[u8], given: Option<&str>) {
        let shape = if self.is_shaped { self.shape(facts, event) } else { Shape::Other };
        if key.is_event_type {
            let given = given.or(shape.event_type()).or_else(|| self.mapped_type(shape, facts, event));
            event_type(key, facts, event, given);
        } else if !self.own_or_mapped(key, facts, event, shape) {
            self.drawn(key, facts, event, shape.is_cloudtrail());
        }
    }

    #[inline]
    fn shape(&self, facts: &mut Facts, event: &[u8]) -> Shape {
        facts.shape(|facts| self.cloudtrail_shape(facts, event).unwrap_or_else(|| self.mapped_shape(facts, event)))
    }

    fn producer(&self, shape: Shape) -> Option<&Producer> {
        if let Shape::Mapped(producer) = shape { self.producers.get(producer.place()) } else { None }
    }

    fn mapped_type(&self, shape: Shape, facts: &mut Facts, event: &[u8]) -> Option<&'static str> {
        let producer = self.producer(shape)?;
        let mut room = facts.lend();
        let event_type = producer.event_type(facts, event, &mut room);
        facts.give_back(room);
        event_type
    }

    /// The key's own value, or what the mapping of the event's producer gives; that wins over an object. False where
    /// there is neither.
    fn own_or_mapped(&self, key: &Key, facts: &mut Facts, event: &[u8], shape: Shape) -> bool {
        let has_value = facts.has_value(key.own, event);
        if let Shape::Mapped(producer) = shape
            && let Some(sources) = key.mapped.get(producer.place())
            && !facts.has_scalar(key.own, event)
            && sources.iter().any(|source| source.draw(key.slot, facts, event))
        {
            return true;
        }
        if has_value {
            facts.add_all(key.slot, key.own, event);
        }
        has_value
    }

    fn drawn(&self, key: &Key, facts: &mut Facts, event: &[u8], is_cloudtrail: bool) {
        let mut found = None;
        for helper in key.helpers.iter().filter(|_| is_cloudtrail) {
            let part = match helper {
                Helper::Path(slot) if facts.is_cut(*slot) => return facts.cut(key.slot),
                Helper::Path(slot) if facts.has_value(*slot, event) => return facts.add_all(key.slot, *slot, event),
                Helper::Path(slot) => {
                    found = found.or(facts.exists(*slot).then_some(*slot));
                    continue;
                }
                Helper::SessionName => self.session_name(facts, event),
                Helper::AssumedRole => self.assumed_role(facts, event),
            };
            if let Some((of, part)) = part {
                return facts.add_part(key.slot, of, part, event);
            }
        }
        if !self.add_aliases(key, facts, event) {
            // A null that makes the key exist where nothing else does.
            facts.add_all(key.slot, found.unwrap_or(key.own), event);
        }
    }

    /// Adds what the aliases of a key reach: all that have a value, or all that exist where none has. False where there is
    /// nothing.
    fn add_aliases(&self, key: &Key, facts: &mut Facts, event: &[u8]) -> bool {
        key.aliases.iter().for_each(|target| self.make(*target, facts, event, None));
        let valued = key.aliases.iter().any(|target| facts.has_value(*target, event));
        let mut exists = false;
        for target in &key.aliases {
            if !valued || facts.has_value(*target, event) {
                exists |= facts.exists(*target);
                facts.add_all(key.slot, *target, event);
            }
        }
        exists
    }

    /// Of an assumed role: what stands behind the colon of its principal, or at the end of its ARN.
    fn session_name(&self, facts: &Facts, event: &[u8]) -> Option<(Slot, Range<usize>)> {
        let [kind, principal, arn] = self.identity;
        if facts.text(kind, event) != Some(b"AssumedRole") {
            return None;
        }
        let behind_colon = facts.text(principal, event).and_then(|text| {
            let colon = memchr::memchr(b':', text)?;
            (colon + 1 < text.len()).then_some((principal, colon + 1..text.len()))
        });
        let end_of_arn = || {
            let text = facts.text(arn, event)?;
            let slash = text.iter().rposition(|byte| *byte == b'/')?;
            Some((arn, slash + 1..text.len()))
        };
        behind_colon.or_else(end_of_arn)
    }

    /// The last part of `arn:aws:sts::123456789012:assumed-role/role/session`.
    fn assumed_role(&self, facts: &Facts, event: &[u8]) -> Option<(Slot, Range<usize>)> {
        const BEGINS: &[u8] = b"assumed-role/";
        let [.., arn] = self.identity;
        let text = facts.text(arn, event).filter(|text| text.starts_with(b"arn:"))?;
        let mut colons = text.iter().enumerate().filter(|(_, byte)| **byte == b':').map(|(at, _)| at);
        let resource = colons.nth(4)? + 1;
        let names = text.get(resource..)?.strip_prefix(BEGINS)?;
        let slash = names.iter().position(|byte| *byte == b'/')?;
        (slash > 0 && slash + 1 < names.len()).then_some((arn, resource..text.len()))
    }

    fn cloudtrail_shape(&self, facts: &Facts, event: &[u8]) -> Option<Shape> {
        if !facts.may_have(self.cloudtrail) {
            return None;
        }
        let [source, name, version, identity, category, kind, insight, span] = self.shape;
        let text = |slot| facts.text(slot, event);
        let first = |slot| facts.values(slot, event).next().map(|value| value.kind);
        let present = |slot| first(slot).is_some_and(|kind| kind != Kind::Null);
        let is_record = text(source).is_some_and(|source| source != b"aws:s3") && text(name).is_some();
        if is_record && (present(version) || present(identity)) {
            return Some(match text(category) {
                Some(b"Insight") => Shape::CloudTrailInsight,
                Some(b"NetworkActivity") => Shape::CloudTrailNetworkActivity,
                Some(b"Aggregated") => Shape::CloudTrailAggregated,
                _ => Shape::CloudTrail,
            });
        }
        let is_object = |slot| first(slot) == Some(Kind::Object);
        match text(kind) {
            Some(b"AwsCloudTrailInsight") if present(version) && is_object(insight) => Some(Shape::CloudTrailInsight),
            Some(b"AwsAggregatedEvent") if present(version) && is_object(span) => Some(Shape::CloudTrailAggregated),
            _ => None,
        }
    }

    fn mapped_shape(&self, facts: &mut Facts, event: &[u8]) -> Shape {
        let mut room = facts.lend();
        let place = self.producers.iter().position(|producer| producer.is_of(facts, event, &mut room.decoded));
        facts.give_back(room);
        place.map_or(Shape::Other, |place| Shape::Mapped(event::Producer::new(place)))
    }

    /// When the event happened, in milliseconds since 1970. Only where the plan was made to know it.
    pub(super) fn time(&self, facts: &mut Facts, event: &[u8]) -> Option<i64> {
        let shape = self.shape(facts, event);
        let mapped = self.producer(shape).and_then(|producer| producer.time(facts, event));
        mapped.or_else(|| self.told_time(facts, event))
    }

    fn told_time(&self, facts: &Facts, event: &[u8]) -> Option<i64> {
        self.times.iter().find_map(|slot| {
            facts.values(*slot, event).find_map(|value| {
                let text = std::str::from_utf8(value.text).ok()?;
                match value.kind {
                    Kind::Text => milliseconds_of_text(text),
                    Kind::Number => milliseconds_of_number(text),
                    _ => None,
                }
            })
        })
    }
}

/// The given type, else the event's own, which cannot be one that only a shape gives.
fn event_type(key: &Key, facts: &mut Facts, event: &[u8], given: Option<&str>) {
    if let Some(given) = given {
        return facts.add_text(key.slot, given.as_bytes());
    }
    let is_claimed =
        |kind, text: &[u8]| kind == Kind::Text && std::str::from_utf8(text).is_ok_and(Shape::is_cloudtrail_type);
    let mut decoded = Vec::new();
    let pretends = facts.values(key.own, event).any(|value| match value.kind {
        Kind::Array => crate::scan::any_inside(value.text, &mut |inner| match inner.kind {
            Kind::Escaped => {
                decoded.clear();
                crate::scan::decode(inner.text, &mut decoded);
                is_claimed(Kind::Text, &decoded)
            }
            kind => is_claimed(kind, inner.text),
        }),
        kind => is_claimed(kind, value.text),
    });
    if !pretends {
        facts.add_all(key.slot, key.own, event);
    }
}
