//! Windows: which detections make one alert.
//!
//! A group is a rule, a source and aggregate values. Its window opens with its first event and lasts exactly one window
//! length from it, in event time; an event at first + length is outside and opens the next one. The alert fires when the
//! count reaches the threshold, once; later events of the open window only raise its counts. A window that closes below
//! its threshold leaves nothing. A suppressed event neither opens nor counts; an open window remembers how many there
//! were. What happens inside one window is in [`open`]; this module finds the window and decides when it ends.
//!
//! Time is the latest time of any detection so far. A window is closed when that time has passed its end by the allowed
//! lateness, so that an event that is late by less still finds it.

mod ids;
mod open;
mod save;

pub use save::{Restored, StateError};

use crate::alert::Records;
use crate::detection::{Author, Detection};
use crate::flat::same;
use crate::rule::Collected;
use ids::Ids;
use open::{Open, Seen};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::fmt::Write;
use std::sync::Arc;

/// Bounds on the windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes that open windows may take, by their own estimate. Beyond it those that end first are closed early.
    pub bytes: usize,
    /// How late an event may be, in milliseconds of event time.
    pub lateness: i64,
    /// Bytes of alert records that one call gives by closing windows; what is due beyond it comes with the next call.
    pub output: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 64 << 20, lateness: 10 * 60 * 1_000, output: 1 << 20 }
    }
}

/// Which states of an alert are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Told {
    /// When it fires, when it goes on, and when its window closes.
    #[default]
    All,
    /// When it fires. The records of the others are not even made.
    Fired,
}

/// What a window looks at beside what [`Detection::counted`] gives.
#[derive(Debug)]
pub(crate) enum Needs {
    /// The event.
    Event,
    /// The event, if an alert shows it whole, and the type that was given to it: the window opens by it and cannot fire
    /// by it alone. What an alert would tell of the first event is made of these when the window may fire; most never do.
    Opening,
    /// That this is made now: [`Windows::tell_first`].
    First(Untold),
    /// All there is.
    Everything,
}

/// A window of which it is not made yet what its alert tells of the first event.
#[derive(Debug)]
pub(crate) struct Untold {
    order: u64,
    pub(crate) rule: usize,
    /// The first event, and the type that was given to it.
    pub(crate) event: Arc<str>,
    pub(crate) event_type: Option<String>,
}

/// What tells groups apart, as text: the rule's place, the source, and the aggregate values.
type Identity = Arc<str>;

/// The open windows of a rule set.
#[derive(Debug)]
pub struct Windows {
    limits: Limits,
    told: Told,
    /// The open windows of each group, in the order in which they opened. More than one only where a late event opened
    /// an earlier one.
    groups: HashMap<Identity, Vec<Open>>,
    /// When which window ends. A sliding window's end moves on; its entry is put back when its time comes.
    ends: BinaryHeap<Reverse<(i64, u64, Identity)>>,
    /// The latest time of any detection.
    now: i64,
    /// Windows opened so far: numbers them.
    opened: u64,
    bytes: usize,
    /// Where a detection's identity is put together.
    asked: String,
    /// Hashes of what the latest alerts without a time are known by, so that an event that comes twice is told once.
    untimed: Ids,
    /// Whether a window may be [`Untold`].
    any_untold: bool,
    /// The identifier and the time of the latest event, with their hash: all rules that match one event ask for it.
    latest: (String, i64, u64),
    counters: Counters,
}

/// What happened to windows beside the usual.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Windows closed early for lack of room after their alert had fired: a later event may fire it again.
    pub closed_early: u64,
    /// Windows given up for lack of room below their threshold: an alert may be missing.
    pub given_up: u64,
    /// Events that came twice in one window and were counted once.
    pub repeated: u64,
    /// Events without a usable time: they count for no window.
    pub untimed: u64,
}

impl Default for Windows {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl Windows {
    /// No windows yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            told: Told::All,
            groups: HashMap::new(),
            ends: BinaryHeap::new(),
            now: i64::MIN,
            opened: 0,
            bytes: 0,
            asked: String::new(),
            untimed: Ids::default(),
            any_untold: false,
            latest: (String::new(), 0, 0),
            counters: Counters::default(),
        }
    }

    /// Says which states of alerts the calls that come next give.
    pub fn tell(&mut self, told: Told) {
        self.told = told;
    }

    /// Takes a detection of which no more is known than counting takes, if its window looks at nothing else; gives it back
    /// with what its window needs if it does.
    pub(crate) fn count(
        &mut self,
        detection: Detection,
        rules: &[Collected],
        out: &mut dyn Records,
    ) -> Option<(Needs, Detection)> {
        let (Some(collected), Some(time)) = (rules.get(detection.rule), detection.time) else {
            return Some((Needs::Everything, detection));
        };
        let (told, id) = (self.told, self.known_by(&detection, time));
        let open = self.find(&detection, time);
        let suppressed = detection.suppressed;
        match open {
            Some(open) if !suppressed && !open.is_told() && open.may_fire(&collected.rule) => {
                return open.untold().map(|untold| (Needs::First(untold), detection));
            }
            Some(open) if suppressed || open.has_its_whole_events() => {
                let before = open.bytes();
                let seen = open.join(detection, Author::Us, id, collected, told, out);
                let after = open.bytes();
                self.joined(seen, before, after);
            }
            Some(_) => return Some((Needs::Event, detection)),
            None if suppressed => {}
            None if collected.rule.threshold > 1 => return Some((Needs::Opening, detection)),
            None => return Some((Needs::Everything, detection)),
        }
        self.pass(time, rules, out);
        None
    }

    /// The windows that are [`Untold`]. All of them are to be told before anybody but [`Windows::count`] counts in them.
    pub(crate) fn all_untold(&mut self) -> Vec<Untold> {
        if !std::mem::take(&mut self.any_untold) {
            return Vec::new();
        }
        self.groups.values().flatten().filter(|open| !open.is_told()).filter_map(Open::untold).collect()
    }

    /// Takes what a detection of its first event tells for a window.
    pub(crate) fn tell_first(&mut self, untold: &Untold, first: Detection) {
        self.identify(&first);
        let mut open = self.groups.get_mut(self.asked.as_str()).into_iter().flatten();
        if let Some(open) = open.find(|open| open.order() == untold.order) {
            let before = open.bytes();
            open.tell_first(first);
            self.bytes = self.bytes + open.bytes() - before;
        }
    }

    /// The hash of what an event is known again by: its identifier, and its time. An identifier alone may be the number of
    /// a kind of event, or a container's, which many events have; what is delivered twice has its time both times.
    fn known_by(&mut self, detection: &Detection, time: i64) -> Option<u64> {
        let id = detection.event_id.as_deref()?;
        let (latest, at, hash) = &self.latest;
        if *at == time && same(latest.as_bytes(), id.as_bytes()) && !id.is_empty() {
            return Some(*hash);
        }
        let hash = open::hash_at(time, id);
        self.latest = (id.to_owned(), time, hash);
        Some(hash)
    }

    /// Notes what came of a detection in a window that took so many bytes before and after it.
    fn joined(&mut self, seen: Seen, before: usize, after: usize) {
        self.bytes = self.bytes + after - before;
        self.counters.repeated += u64::from(seen == Seen::Before);
    }

    /// Notes the time of a detection; gives the alerts that close by it.
    fn pass(&mut self, time: i64, rules: &[Collected], out: &mut dyn Records) {
        self.now = self.now.max(time);
        self.close_due(rules, out);
        self.make_room(rules, out);
    }

    /// The open window that a detection at a time belongs to. Its identity is left in `asked`.
    fn find(&mut self, detection: &Detection, time: i64) -> Option<&mut Open> {
        self.identify(detection);
        self.groups.get_mut(self.asked.as_str())?.iter_mut().find(|open| open.holds(time))
    }

    /// Leaves a detection's identity in `asked`.
    fn identify(&mut self, detection: &Detection) {
        self.asked.clear();
        write_identity(detection.rule, &detection.source, inside(&detection.aggregate), &mut self.asked);
    }

    /// Takes one detection; gives the alerts that fire by it, go on by it, or close.
    pub fn observe(&mut self, detection: Detection, rules: &[Collected], out: &mut dyn Records) {
        self.take(detection, Author::Somebody, rules, out);
    }

    /// The same of a detection that somebody made.
    pub(crate) fn take(&mut self, detection: Detection, author: Author, rules: &[Collected], out: &mut dyn Records) {
        let Some(collected) = rules.get(detection.rule) else { return };
        let Some(time) = detection.time else {
            self.counters.untimed += 1;
            let seen = open::untimed(detection, author, collected, self.told, &mut self.untimed, out);
            self.counters.repeated += u64::from(seen == Seen::Before);
            return;
        };
        let (told, id) = (self.told, self.known_by(&detection, time));
        match self.find(&detection, time) {
            Some(open) => {
                let before = open.bytes();
                let seen = open.join(detection, author, id, collected, told, out);
                let after = open.bytes();
                self.joined(seen, before, after);
            }
            None if detection.suppressed => {}
            None => self.open(time, detection, author, id, collected, out),
        }
        self.pass(time, rules, out);
    }

    /// Opens a window of the group in `asked`.
    fn open(
        &mut self,
        time: i64,
        detection: Detection,
        author: Author,
        id: Option<u64>,
        collected: &Collected,
        out: &mut dyn Records,
    ) {
        let identity: Identity = self.asked.as_str().into();
        self.opened += 1;
        let mut open = Open::new(&detection, author, &collected.rule, time, self.opened);
        open.join(detection, author, id, collected, self.told, out);
        self.any_untold |= !open.is_told();
        self.bytes += open.bytes() + identity.len();
        self.ends.push(Reverse((open.end(), open.order(), Arc::clone(&identity))));
        self.put(identity, open);
    }

    /// Most groups have one open window for ever, so there is room for one.
    fn put(&mut self, identity: Identity, open: Open) {
        self.groups.entry(identity).or_insert_with(|| Vec::with_capacity(1)).push(open);
    }

    /// Closes windows whose end, with the lateness, has passed: in the order of their ends, until enough was given.
    fn close_due(&mut self, rules: &[Collected], out: &mut dyn Records) {
        let mut given = 0;
        while given < self.limits.output {
            let due =
                self.ends.peek().is_some_and(|Reverse((end, ..))| end.saturating_add(self.limits.lateness) <= self.now);
            if !due {
                return;
            }
            given += self.close_first(rules, out).unwrap_or(0);
        }
    }

    /// Closes windows early while all of them together take too much room.
    fn make_room(&mut self, rules: &[Collected], out: &mut dyn Records) {
        while self.bytes > self.limits.bytes && !self.ends.is_empty() {
            let fired = self.first_has_fired();
            if self.close_first(rules, out).is_some() {
                let counter = if fired { &mut self.counters.closed_early } else { &mut self.counters.given_up };
                *counter += 1;
            }
        }
    }

    /// Whether the window that ends first has fired.
    fn first_has_fired(&self) -> bool {
        let Some(Reverse((_, order, identity))) = self.ends.peek() else { return false };
        let open = self.groups.get(identity).and_then(|open| open.iter().find(|open| open.order() == *order));
        open.is_some_and(Open::has_fired)
    }

    /// Closes the window that ends first, and gives the size of its alert. `None` where it turned out to end later.
    fn close_first(&mut self, rules: &[Collected], out: &mut dyn Records) -> Option<usize> {
        let Reverse((end, order, identity)) = self.ends.pop()?;
        let open = self.groups.get_mut(&identity)?;
        let place = open.iter().position(|open| open.order() == order)?;
        let now_ends = open.get(place).map_or(end, Open::end);
        if now_ends > end {
            self.ends.push(Reverse((now_ends, order, identity)));
            return None;
        }
        let closed = open.remove(place);
        if open.is_empty() {
            self.groups.remove(&identity);
        }
        self.bytes = self.bytes.saturating_sub(closed.bytes() + identity.len());
        let size = closed.bytes();
        if let Some(collected) = rules.get(closed.rule()).filter(|_| self.told == Told::All) {
            closed.close(collected, out);
        }
        Some(size)
    }

    /// Lets time pass although no event came; gives the alerts that close by it.
    pub fn advance(&mut self, milliseconds: i64, rules: &[Collected], out: &mut dyn Records) {
        // Before the first event there is no time that could pass.
        if self.now != i64::MIN {
            self.now = self.now.saturating_add(milliseconds.max(0));
            self.close_due(rules, out);
        }
    }

    /// Closes windows, in the order of their ends, until enough was given. All are closed when it gives nothing more and
    /// [`Windows::open_windows`] is zero. Time begins anew then: events that follow are not late for being older than
    /// those before.
    pub fn flush(&mut self, rules: &[Collected], out: &mut dyn Records) {
        let mut given = 0;
        while given < self.limits.output && !self.ends.is_empty() {
            given += self.close_first(rules, out).unwrap_or(0);
        }
        if self.ends.is_empty() {
            // What comes now is another stream, or the same once more.
            self.now = i64::MIN;
            self.untimed = Ids::default();
        }
    }

    /// What happened beside the usual.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// How many windows are open.
    #[must_use]
    pub fn open_windows(&self) -> usize {
        self.ends.len()
    }

    /// Bytes that open windows take, by their own estimate.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

/// What stands between the brackets of an array's text.
fn inside(array: &str) -> &str {
    array.get(1..array.len().saturating_sub(1)).unwrap_or_default()
}

fn identity_of(rule: usize, source: &str, aggregate: &str) -> Identity {
    let mut text = String::new();
    write_identity(rule, source, inside(aggregate), &mut text);
    text.into()
}

/// `aggregate` is the values as JSON with commas between them.
fn write_identity(rule: usize, source: &str, aggregate: &str, out: &mut String) {
    // Writing to a text cannot fail.
    let _ = write!(out, "{rule} {} {source}{aggregate}", source.len());
    if !aggregate.is_empty() {
        out.push(',');
    }
}
