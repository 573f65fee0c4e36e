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

mod groups;
mod hashes;
mod ids;
mod open;
mod save;

pub use save::{Restored, StateError};

use crate::alert::Records;
use crate::detection::{Author, Detection};
use crate::rule::Collected;
use groups::Groups;
use hashes::Hashes;
use ids::Ids;
use open::{Hashed, Open, Seen};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
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
    group: u64,
    order: u64,
    pub(crate) rule: usize,
    /// The first event, and the type that was given to it.
    pub(crate) event: Arc<str>,
    pub(crate) event_type: Option<String>,
}

/// The open windows of a rule set.
#[derive(Debug)]
pub struct Windows {
    limits: Limits,
    told: Told,
    groups: Groups,
    /// When which window ends: the time, its place in the order of opening, and its group's hash. A sliding window's end
    /// moves on; its entry is put back when its time comes.
    ends: BinaryHeap<Reverse<(i64, u64, u64)>>,
    /// The latest time of any detection.
    now: i64,
    /// Windows opened so far: numbers them.
    opened: u64,
    bytes: usize,
    /// Hashes of what the latest alerts without a time are known by, so that an event that comes twice is told once.
    untimed: Ids,
    /// Whether a window may be [`Untold`].
    any_untold: bool,
    /// Hashes of what events are known again by and of values: all rules that match one event ask for the same.
    hashes: Hashes,
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
    /// Events so late that the window that they opened was over at once: they count with no others.
    pub late: u64,
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
            groups: Groups::default(),
            ends: BinaryHeap::new(),
            now: i64::MIN,
            opened: 0,
            bytes: 0,
            untimed: Ids::default(),
            any_untold: false,
            hashes: Hashes::default(),
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
        let (told, hashed, group) = (self.told, self.hashed(&detection), self.ask(&detection));
        let suppressed = detection.suppressed;
        match self.groups.find(group, time) {
            Some(open) if !suppressed && !open.is_told() && open.may_fire(&collected.rule) => {
                return Some((open.untold(group).map_or(Needs::Everything, Needs::First), detection));
            }
            Some(open) if suppressed || open.has_its_whole_events() => {
                let before = open.bytes();
                let seen = open.join(detection, Author::Us, hashed, collected, told, out);
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
        if !self.any_untold {
            return Vec::new();
        }
        let windows = self.groups.all().filter(|(_, open)| !open.is_told());
        let untold: Vec<Untold> = windows.filter_map(|(group, open)| open.untold(group)).collect();
        // Not before none is left: a shipper's call that breaks off in between leaves the others to the next one.
        self.any_untold = !untold.is_empty();
        untold
    }

    /// Takes what a detection of its first event tells for a window.
    pub(crate) fn tell_first(&mut self, untold: &Untold, first: Detection) {
        if let Some(open) = self.groups.get(untold.group, untold.order) {
            let before = open.bytes();
            open.tell_first(first);
            self.bytes = self.bytes + open.bytes() - before;
        }
    }

    /// The hashes by which a window remembers a detection. An event is known again by its identifier and its time: an
    /// identifier alone may be the number of a kind of event, or a container's, which many events have; what is delivered
    /// twice has its time both times.
    fn hashed(&mut self, detection: &Detection) -> Hashed {
        let mut hash = |text: &Option<String>, time| text.as_deref().map(|text| self.hashes.of(text, time));
        Hashed { id: hash(&detection.event_id, detection.time), value: hash(&detection.distinct, None) }
    }

    /// The hash of a detection's group, which is asked for by that.
    fn ask(&mut self, detection: &Detection) -> u64 {
        self.groups.ask(detection.rule, &detection.source, &detection.aggregate)
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
        let (told, hashed, group) = (self.told, self.hashed(&detection), self.ask(&detection));
        match self.groups.find(group, time) {
            Some(open) => {
                let before = open.bytes();
                let seen = open.join(detection, author, hashed, collected, told, out);
                let after = open.bytes();
                self.joined(seen, before, after);
            }
            None if detection.suppressed => {}
            None => {
                self.opened += 1;
                let mut open = Open::new(&detection, author, &collected.rule, time, self.opened);
                self.counters.late += u64::from(self.is_over(open.end()));
                open.join(detection, author, hashed, collected, told, out);
                self.any_untold |= !open.is_told();
                self.put(group, open);
            }
        }
        self.pass(time, rules, out);
    }

    /// Adds a window of the group that was asked for last.
    fn put(&mut self, group: u64, mut open: Open) {
        open.identity = self.groups.asked().into();
        self.bytes += open.bytes() + open.identity.len();
        self.ends.push(Reverse((open.end(), open.order, group)));
        self.groups.put(group, open);
    }

    /// Closes windows whose end, with the lateness, has passed: in the order of their ends, until enough was given.
    fn close_due(&mut self, rules: &[Collected], out: &mut dyn Records) {
        let mut given = 0;
        while given < self.limits.output {
            if !self.ends.peek().is_some_and(|Reverse((end, ..))| self.is_over(*end)) {
                return;
            }
            given += self.close_first(rules, out).unwrap_or(0);
        }
    }

    /// Whether nothing that is late by no more than the lateness can join a window with this end any more.
    fn is_over(&self, end: i64) -> bool {
        end.saturating_add(self.limits.lateness) <= self.now
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
    fn first_has_fired(&mut self) -> bool {
        let Some(Reverse((_, order, group))) = self.ends.peek() else { return false };
        self.groups.get(*group, *order).is_some_and(|open| open.has_fired())
    }

    /// Closes the window that ends first, and gives the size of its alert. `None` where it turned out to end later.
    fn close_first(&mut self, rules: &[Collected], out: &mut dyn Records) -> Option<usize> {
        let Reverse((end, order, group)) = self.ends.pop()?;
        let open = self.groups.get(group, order)?;
        if open.end() > end {
            self.ends.push(Reverse((open.end(), order, group)));
            return None;
        }
        let size = open.bytes();
        self.bytes = self.bytes.saturating_sub(size + open.identity.len());
        if let Some(collected) = rules.get(open.rule).filter(|_| self.told == Told::All) {
            open.close(collected, out);
        }
        self.groups.remove(group, order);
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
