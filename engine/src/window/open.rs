//! One open window: counting, firing, going on, closing.

use super::hashes::hash;
use super::ids::Ids;
use super::{Told, Untold};
use crate::alert::{self, Contribution, Group, Names, Records, State};
use crate::detection::{Author, Detection, checked};
use crate::rule::{Collected, REMEMBERED, Rule};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Bytes that a window takes beside what it holds.
const OVERHEAD: usize = 768;

/// A window that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Open {
    pub(super) rule: usize,
    /// What tells its group from others.
    pub(super) identity: Box<[u8]>,
    pub(super) group: Group,
    /// What the alert is called, once it has fired: by the window's start, so that a late event does not change it.
    pub(super) fired: Option<Names>,
    /// The time of the event that opened it.
    pub(super) start: i64,
    /// The window's length in milliseconds.
    pub(super) length: i64,
    /// The length counts from the last event, not from the first.
    pub(super) sliding: bool,
    /// Its place in the order of opening.
    pub(super) order: u64,
    /// The count at which the alert is told again.
    pub(super) next_update: u64,
    /// Hashes of the identifiers of its latest events, each with its time.
    pub(super) ids: Ids,
    /// Hashes of the distinct values with the latest time of each, where the threshold counts those.
    pub(super) distinct: BTreeMap<u64, i64>,
    /// Times of the latest events, as many as the threshold, where the window slides.
    pub(super) recent: VecDeque<i64>,
    /// Bytes of its texts: see [`Open::text_bytes`].
    pub(super) texts: usize,
}

/// What a window remembers a detection by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hashed {
    /// The hash of its identifier.
    pub(super) id: Option<u64>,
    /// The hash of the value that the threshold counts.
    pub(super) value: Option<u64>,
}

/// Whether an event was new to a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    Before,
    Now,
}

impl Open {
    /// A window that an event at `time` opens; it has still to [`Open::join`].
    pub(super) fn new(detection: &Detection, author: Author, rule: &Rule, time: i64, order: u64) -> Self {
        let group = Group::of(detection, author);
        Self {
            rule: detection.rule,
            identity: Box::default(),
            texts: Self::text_bytes(&group),
            group,
            fired: None,
            start: time,
            length: i64::try_from(rule.window).unwrap_or(i64::MAX).saturating_mul(1_000),
            sliding: rule.sliding,
            order,
            next_update: 0,
            ids: Ids::default(),
            distinct: BTreeMap::new(),
            recent: VecDeque::new(),
        }
    }

    pub(super) fn has_fired(&self) -> bool {
        self.fired.is_some()
    }

    /// Whether it holds as many events whole as an alert shows.
    pub(super) fn has_its_whole_events(&self) -> bool {
        self.group.events.len() >= alert::WHOLE_EVENTS
    }

    /// Whether it is made what its alert tells of the first event: else that is empty, which no JSON is.
    pub(super) fn is_told(&self) -> bool {
        !self.group.matched.is_empty()
    }

    /// What that is made of; its first event was short enough.
    pub(super) fn untold(&self, group: u64) -> Option<Untold> {
        let event = Arc::clone(self.group.events.first()?.event.as_ref()?);
        Some(Untold { group, order: self.order, rule: self.rule, event, event_type: self.group.event_type.clone() })
    }

    /// Takes what its alert tells of the first event.
    pub(super) fn tell_first(&mut self, first: Detection) {
        let Detection { title, event_type, context, matched, .. } = first;
        let group = &mut self.group;
        (group.title, group.event_type, group.context, group.matched) = (title, event_type, context, matched);
        self.texts = Self::text_bytes(&self.group);
    }

    /// The first millisecond outside.
    pub(super) fn end(&self) -> i64 {
        let from = if self.sliding { self.group.last_seen.unwrap_or(self.start) } else { self.start };
        from.saturating_add(self.length)
    }

    /// Whether an event at `time` belongs here. One from before the start does if its own window would reach the start:
    /// had it come in time it would have opened this window.
    pub(super) fn holds(&self, time: i64) -> bool {
        time < self.end() && time > self.start.saturating_sub(self.length)
    }

    /// Bytes that it takes, roughly.
    pub(super) fn bytes(&self) -> usize {
        let hashes = self.ids.bytes() + self.recent.len() * 8 + self.distinct.len() * 32;
        OVERHEAD + self.texts + hashes + self.group.events.len() * 96 + self.group.whole_bytes
    }

    /// Bytes of a window's texts without its whole events: any of them can be as long as an event.
    pub(super) fn text_bytes(group: &Group) -> usize {
        let own = [&group.aggregate, &group.context, &group.matched, &group.title, &group.source];
        let ids = group.events.iter().filter_map(|event| event.id.as_ref());
        own.into_iter().chain(&group.event_type).chain(ids).map(String::len).sum()
    }

    /// Counts a detection in. An event that was counted before, by its identifier and time, is not.
    pub(super) fn join(
        &mut self,
        detection: Detection,
        author: Author,
        hashed: Hashed,
        collected: &Collected,
        told: Told,
        out: &mut dyn Records,
    ) -> Seen {
        if hashed.id.is_some_and(|id| remember(&mut self.ids, id) == Seen::Before) {
            return Seen::Before;
        }
        if detection.suppressed {
            self.group.suppressed += 1;
            return Seen::Now;
        }
        let rule = &collected.rule;
        self.count_distinct(&detection, hashed.value);
        if rule.distinct.is_none() {
            self.slide(&detection, rule);
        }
        self.texts += self.group.add(detection, author);
        if self.fired.is_none() {
            if self.reaches(rule) {
                let names = Names::of(rule, &self.group, Some(self.start));
                tell(collected, &names, &self.group, State::Fired, out);
                self.fired = Some(names);
                self.next_update = self.group.count.saturating_mul(2);
            }
        } else if self.group.count >= self.next_update {
            self.next_update = self.group.count.saturating_mul(2);
            if let Some(names) = self.fired.as_ref().filter(|_| told == Told::All) {
                tell(collected, names, &self.group, State::Updated, out);
            }
        }
        Seen::Now
    }

    /// Whether the threshold is reached.
    fn reaches(&self, rule: &Rule) -> bool {
        self.counted(rule) >= rule.threshold
    }

    /// Whether it may be reached by one event more. Of values, an older one may count again by then.
    pub(super) fn may_fire(&self, rule: &Rule) -> bool {
        let counted = if rule.distinct.is_some() { self.distinct.len() as u64 } else { self.counted(rule) };
        counted + 1 >= rule.threshold
    }

    /// How many events or values count for the threshold now.
    fn counted(&self, rule: &Rule) -> u64 {
        if rule.distinct.is_some() {
            self.recent_values()
        } else if self.sliding {
            self.recent.len() as u64
        } else {
            self.group.count
        }
    }

    fn count_distinct(&mut self, detection: &Detection, value: Option<u64>) {
        let Some(hash) = value else { return };
        let time = detection.time.unwrap_or(self.start);
        if let Some(latest) = self.distinct.get_mut(&hash) {
            *latest = time.max(*latest);
            return;
        }
        if self.sliding && self.distinct.len() >= REMEMBERED {
            let newest = self.group.last_seen.max(Some(time)).unwrap_or(time);
            let length = self.length;
            self.distinct.retain(|_, seen| newest.saturating_sub(*seen) < length);
        }
        if self.distinct.len() < REMEMBERED {
            self.distinct.insert(hash, time);
        }
        self.group.distinct = self.group.distinct.max(Some(self.distinct.len() as u64));
    }

    /// How many distinct values count for the threshold now: where the window slides, those within one length of the
    /// newest event; elsewhere all.
    fn recent_values(&self) -> u64 {
        if !self.sliding {
            return self.distinct.len() as u64;
        }
        let newest = self.group.last_seen.unwrap_or(self.start);
        self.distinct.values().filter(|seen| newest.saturating_sub(**seen) < self.length).count() as u64
    }

    /// Keeps the times of the latest events that lie within one length of the newest, at most as many as fire the alert.
    fn slide(&mut self, detection: &Detection, rule: &Rule) {
        let Some(time) = detection.time.filter(|_| self.sliding) else { return };
        let place = self.recent.partition_point(|earlier| *earlier <= time);
        self.recent.insert(place, time);
        let newest = self.recent.back().copied().unwrap_or(time);
        let length = self.length;
        let most = usize::try_from(rule.threshold).unwrap_or(usize::MAX).min(REMEMBERED);
        while self.recent.front().is_some_and(|first| newest.saturating_sub(*first) >= length)
            || self.recent.len() > most
        {
            self.recent.pop_front();
        }
    }

    /// Tells the final counts, if the alert fired.
    pub(super) fn close(&self, collected: &Collected, out: &mut dyn Records) {
        if let Some(names) = &self.fired {
            tell(collected, names, &self.group, State::Final, out);
        }
    }
}

/// An event without a time belongs to no window: it is an alert of its own where one event is enough, or one value, if it
/// has that. `known` are those told before; one with an identifier is told once.
pub(super) fn untimed(
    detection: Detection,
    author: Author,
    collected: &Collected,
    told: Told,
    known: &mut Ids,
    out: &mut dyn Records,
) -> Seen {
    let lacks_value = collected.rule.distinct.is_some() && detection.distinct.is_none();
    if collected.rule.threshold > 1 || detection.suppressed || lacks_value {
        return Seen::Now;
    }
    let has_id = detection.event_id.is_some();
    let mut group = Group::of(&detection, author);
    group.distinct = detection.distinct.as_ref().map(|_| 1);
    group.add(detection, author);
    let names = Names::of(&collected.rule, &group, None);
    if has_id && remember(known, hash(&names.alert_id, None)) == Seen::Before {
        return Seen::Before;
    }
    let states: &[State] = if told == Told::All { &[State::Fired, State::Final] } else { &[State::Fired] };
    for &state in states {
        tell(collected, &names, &group, state, out);
    }
    Seen::Now
}

fn tell(collected: &Collected, names: &Names, group: &Group, state: State, out: &mut dyn Records) {
    out.add(&|text| alert::write(collected, names, group, state, text));
}

/// Adds a hash to the latest ones, unless it is among them.
fn remember(ids: &mut Ids, hash: u64) -> Seen {
    if ids.hold(hash) {
        return Seen::Before;
    }
    ids.add(hash, REMEMBERED);
    Seen::Now
}

impl Group {
    /// An empty group of the kind that an event opens.
    fn of(detection: &Detection, author: Author) -> Self {
        Self {
            source: detection.source.clone(),
            aggregate: Some(author.checked(&detection.aggregate))
                .filter(|text| text.starts_with('['))
                .unwrap_or("[]".into()),
            title: detection.title.clone(),
            event_type: detection.event_type.clone(),
            context: author.checked(&detection.context),
            matched: author.checked(&detection.matched),
            count: 0,
            distinct: None,
            suppressed: 0,
            first_seen: None,
            last_seen: None,
            // Most windows hold one event.
            events: Vec::with_capacity(1),
            whole_bytes: 0,
        }
    }

    /// Counts a detection in; gives how many bytes of texts are held of it beside the event.
    fn add(&mut self, detection: Detection, author: Author) -> usize {
        self.count += 1;
        self.first_seen = earliest(self.first_seen, detection.time);
        self.last_seen = self.last_seen.max(detection.time);
        if self.events.len() >= alert::NAMED_EVENTS {
            return 0;
        }
        let id_bytes = detection.event_id.as_ref().map_or(0, String::len);
        let is_first = self.events.len() < alert::WHOLE_EVENTS;
        let event = detection.event.filter(|_| is_first).and_then(|event| self.whole(&event, author));
        self.events.push(Contribution { id: detection.event_id, time: detection.time, event });
        id_bytes
    }

    /// The event, if the alert has room for it.
    fn whole(&mut self, event: &Arc<str>, author: Author) -> Option<Arc<str>> {
        let bytes = self.whole_bytes + event.len();
        if bytes > alert::WHOLE_BYTES {
            return None;
        }
        let whole = match author {
            Author::Us => Arc::clone(event),
            Author::Somebody => Some(checked(event)).filter(|event| event != "null")?.into(),
        };
        self.whole_bytes = bytes;
        Some(whole)
    }
}

fn earliest(left: Option<i64>, right: Option<i64>) -> Option<i64> {
    match (left, right) {
        (Some(left), Some(right)) => Some(left.min(right)),
        (one, other) => one.or(other),
    }
}
