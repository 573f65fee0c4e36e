//! Keys that take their values from elsewhere: the event type, helper keys of CloudTrail records, aliases; the shape that
//! they hang on, and what CloudTrail left out.
//!
//! Each such key has a number of its own, behind those of the paths; when it is first asked for, its chain is put together
//! from the chains of the paths that it draws on. The tables are those of [`event`](crate::event): the rules of how a key
//! draws on them stand there in words, and here once more in code of its own.

use super::facts::{Facts, Slot};
use crate::event::tables::{ALIASES, CAN_BE_OMITTED, EVENT_TYPE, HELPERS, Source, TIME, row};
use crate::event::{Shape, milliseconds_of_number, milliseconds_of_text};
use crate::language::expr::Step;
use crate::scan::{Kind, NOWHERE, Trie};
use std::ops::Range;

/// The paths that decide an event's shape, in the order of [`Slots::shape`].
const SHAPE: [&str; 10] = [
    "eventSource",
    "eventName",
    "eventVersion",
    "userIdentity",
    "eventCategory",
    "eventType",
    "insightDetails",
    "timeWindow",
    "apiVersion",
    "kind",
];

/// The paths that a session's name and role are taken from.
const IDENTITY: [&str; 3] = ["userIdentity.type", "userIdentity.principalId", "userIdentity.arn"];

/// Whether a single name means more than the event's own member.
pub(super) fn is_derived(name: &str) -> bool {
    name == EVENT_TYPE || row(&HELPERS, name).is_some() || row(&ALIASES, name).is_some()
}

pub(super) fn steps_of(dotted: &str) -> Vec<Step> {
    dotted.split('.').map(|name| Step::Name(name.to_owned())).collect()
}

/// What has to be captured so that these keys can be put together.
pub(super) fn paths<'n>(names: impl Iterator<Item = &'n str>, is_shaped: bool, is_timed: bool) -> Vec<Vec<Step>> {
    let mut paths = Vec::new();
    for name in names {
        paths.push(vec![Step::Name(name.to_owned())]);
        let helpers = row(&HELPERS, name).unwrap_or_default();
        paths.extend(helpers.iter().filter_map(|source| match source {
            Source::Path(dotted) => Some(steps_of(dotted)),
            Source::SessionName | Source::AssumedRole => None,
        }));
        for target in row(&ALIASES, name).unwrap_or_default() {
            paths.push(steps_of(target));
            paths.extend(row(&ALIASES, target).unwrap_or_default().iter().map(|further| steps_of(further)));
        }
    }
    if is_shaped {
        paths.extend(SHAPE.iter().chain(&IDENTITY).map(|dotted| steps_of(dotted)));
    }
    if is_timed {
        paths.extend(TIME.iter().map(|dotted| steps_of(dotted)));
    }
    paths
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
    helpers: Vec<Helper>,
    aliases: Vec<(Slot, Vec<Slot>)>,
}

#[derive(Debug, Clone, Copy)]
enum Helper {
    Path(Slot),
    SessionName,
    AssumedRole,
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
    times: Vec<Slot>,
    /// Where `omitted` stands, and all that is then unknown.
    omitted: Vec<(Slot, Range<Slot>)>,
}

impl Derived {
    /// The keys of these names; the first is given the number `first`, and so on.
    pub(super) fn new(names: &[String], trie: &Trie, first: Slot, is_shaped: bool, is_timed: bool) -> Self {
        let slot = |dotted: &str| trie.node(&steps_of(dotted));
        let keys = names.iter().zip(first..).map(|(name, number)| Key {
            slot: number,
            is_event_type: name == EVENT_TYPE,
            own: slot(name),
            helpers: row(&HELPERS, name)
                .unwrap_or_default()
                .iter()
                .map(|source| match source {
                    Source::Path(dotted) => Helper::Path(slot(dotted)),
                    Source::SessionName => Helper::SessionName,
                    Source::AssumedRole => Helper::AssumedRole,
                })
                .collect(),
            aliases: row(&ALIASES, name)
                .unwrap_or_default()
                .iter()
                .map(|target| {
                    let further = row(&ALIASES, target).unwrap_or_default();
                    (slot(target), further.iter().map(|further| slot(further)).collect())
                })
                .collect(),
        });
        let omitted = CAN_BE_OMITTED.iter().filter_map(|field| {
            let below = trie.below(slot(field));
            let told = slot(&format!("{field}.omitted"));
            (told != NOWHERE).then(|| (told, below.start + 1..below.end))
        });
        Self {
            first,
            keys: keys.collect(),
            is_shaped,
            shape: SHAPE.map(slot),
            identity: IDENTITY.map(slot),
            times: if is_timed { TIME.iter().map(|dotted| slot(dotted)).collect() } else { Vec::new() },
            omitted: omitted.collect(),
        }
    }

    /// Notes what CloudTrail left out of an event.
    #[inline]
    pub(super) fn note_omissions(&self, facts: &mut Facts, event: &[u8]) {
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
        let place = place as usize;
        if facts.is_due(place)
            && let Some(key) = self.keys.get(place)
        {
            self.made(key, facts, event, given);
        }
    }

    fn made(&self, key: &Key, facts: &mut Facts, event: &[u8], given: Option<&str>) {
        let shape = if self.is_shaped { self.shape(facts, event) } else { Shape::Other };
        if key.is_event_type {
            event_type(key, facts, event, given.or(shape.event_type()));
        } else {
            self.key(key, facts, event, shape.is_cloudtrail());
        }
    }

    fn shape(&self, facts: &mut Facts, event: &[u8]) -> Shape {
        facts.shape(|facts| self.shape_of(facts, event))
    }

    fn key(&self, key: &Key, facts: &mut Facts, event: &[u8], is_cloudtrail: bool) {
        if facts.has_value(key.own, event) {
            return facts.add_all(key.slot, key.own);
        }
        let mut found = None;
        for helper in key.helpers.iter().filter(|_| is_cloudtrail) {
            let part = match helper {
                Helper::Path(slot) if facts.is_cut(*slot) => return facts.cut(key.slot),
                Helper::Path(slot) if facts.has_value(*slot, event) => return facts.add_all(key.slot, *slot),
                Helper::Path(slot) => {
                    found = found.or(facts.exists(*slot).then_some(*slot));
                    continue;
                }
                Helper::SessionName => self.session_name(facts, event),
                Helper::AssumedRole => self.assumed_role(facts, event),
            };
            if let Some((of, part)) = part {
                return facts.add_part(key.slot, of, part);
            }
        }
        if !add_aliases(key, facts, event) {
            // A null that makes the key exist where nothing else does.
            facts.add_all(key.slot, found.unwrap_or(key.own));
        }
    }

    /// Of an assumed role: what stands behind the colon of its principal, or at the end of its ARN.
    fn session_name(&self, facts: &Facts, event: &[u8]) -> Option<(Slot, Range<usize>)> {
        let [kind, principal, arn] = self.identity;
        if facts.text(kind, event) != Some(b"AssumedRole") {
            return None;
        }
        let behind_colon = facts.text(principal, event).and_then(|text| {
            let colon = text.iter().position(|byte| *byte == b':')?;
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

    fn shape_of(&self, facts: &Facts, event: &[u8]) -> Shape {
        let [source, name, version, identity, category, kind, insight, span, api, k8s_kind] = self.shape;
        let text = |slot| facts.text(slot, event);
        let first = |slot| facts.values(slot, event).next().map(|value| value.kind);
        let present = |slot| first(slot).is_some_and(|kind| kind != Kind::Null);
        let is_record = text(source).is_some_and(|source| source != b"aws:s3") && text(name).is_some();
        if is_record && (present(version) || present(identity)) {
            return match text(category) {
                Some(b"Insight") => Shape::CloudTrailInsight,
                Some(b"NetworkActivity") => Shape::CloudTrailNetworkActivity,
                Some(b"Aggregated") => Shape::CloudTrailAggregated,
                _ => Shape::CloudTrail,
            };
        }
        let is_object = |slot| first(slot) == Some(Kind::Object);
        match text(kind) {
            Some(b"AwsCloudTrailInsight") if present(version) && is_object(insight) => Shape::CloudTrailInsight,
            Some(b"AwsAggregatedEvent") if present(version) && is_object(span) => Shape::CloudTrailAggregated,
            _ if text(api).is_some_and(|api| api.starts_with(b"audit.k8s.io/")) && text(k8s_kind) == Some(b"Event") => {
                Shape::Kubernetes
            }
            _ => Shape::Other,
        }
    }

    /// When the event happened, in milliseconds since 1970. Only where the plan was made to know it.
    pub(super) fn time(&self, facts: &Facts, event: &[u8]) -> Option<i64> {
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
        facts.add_all(key.slot, key.own);
    }
}

/// Adds what the aliases of a key reach: all targets that have a value, or all that exist where none has. A target has its
/// own value, or that of its own aliases. False where there is nothing.
fn add_aliases(key: &Key, facts: &mut Facts, event: &[u8]) -> bool {
    let with_value = |facts: &Facts, slots: &[Slot]| slots.iter().any(|slot| facts.has_value(*slot, event));
    let any = key.aliases.iter().any(|(target, further)| facts.has_value(*target, event) || with_value(facts, further));
    let mut exists = false;
    for (target, further) in &key.aliases {
        let own = facts.has_value(*target, event);
        let of_further = !own && further.iter().any(|slot| facts.exists(*slot));
        if !of_further {
            if own || !any {
                exists |= facts.exists(*target);
                facts.add_all(key.slot, *target);
            }
            continue;
        }
        let valued = with_value(facts, further);
        for slot in further.iter().filter(|_| valued || !any) {
            if facts.has_value(*slot, event) || !valued {
                exists |= facts.exists(*slot);
                facts.add_all(key.slot, *slot);
            }
        }
    }
    exists
}
