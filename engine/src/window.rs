//! Windows: which detections make one alert.
//!
//! A group is a rule, a source and aggregate values. It opens with its first event and lasts exactly one window from
//! it, in event time; an event at first + window is outside and opens the next one. The alert fires when the count
//! reaches the threshold, once; later events of the open window only raise its counts. A group that closes below its
//! threshold leaves nothing. A suppressed event neither opens nor counts; an open group remembers how many there were.

use crate::alert::{self, Contribution, Group, State};
use crate::detection::Detection;
use crate::json::Json;
use crate::rule::{Collected, Rule};
use std::collections::HashMap;

/// Groups that may be open at one time. Beyond it the oldest alertless groups are given up, and counted.
const OPEN_GROUPS: usize = 200_000;

/// The open windows of a rule set.
#[derive(Debug, Default)]
pub struct Windows {
    /// The open group of each rule, source and aggregate.
    open: HashMap<Identity, Window>,
    /// How many windows were opened so far: orders those that opened first.
    opened: u64,
    /// Groups given up because too many were open.
    evicted: u64,
}

/// What tells groups apart: the rule, the source, and the aggregate values as JSON text.
type Identity = (usize, String, String);

#[derive(Debug)]
struct Window {
    group: Group,
    /// The alert's identifier, once it has fired. It is that of the beginning, whatever comes later.
    fired: Option<String>,
    /// The time that the window is counted from.
    start: i64,
    /// Its place in the order of opening.
    order: u64,
}

impl Windows {
    /// Takes one detection; gives the alerts that it fires or closes.
    pub fn observe(&mut self, detection: Detection, rules: &[Collected], out: &mut Vec<Json>) {
        let Some(collected) = rules.get(detection.rule) else { return };
        let Some(time) = detection.time else {
            return untimed(detection, collected, out);
        };
        let identity = identity(&detection);
        let length = i64::try_from(collected.rule.window).unwrap_or(i64::MAX).saturating_mul(1_000);
        if let Some(window) = self.open.get_mut(&identity) {
            // An event from before the window's first joins it, as late events do.
            if time < window.start.saturating_add(length) {
                return window.join(detection, collected, out);
            }
            if !detection.suppressed
                && let Some(closed) = self.open.remove(&identity)
            {
                closed.close(collected, out);
            }
        }
        if !detection.suppressed {
            self.make_room(rules, out);
            self.opened += 1;
            let mut window = Window { group: Group::of(&detection), fired: None, start: time, order: self.opened };
            window.join(detection, collected, out);
            self.open.insert(identity, window);
        }
    }

    /// Closes every window, in the order in which they opened.
    pub fn flush(&mut self, rules: &[Collected], out: &mut Vec<Json>) {
        let mut windows: Vec<(Identity, Window)> = self.open.drain().collect();
        windows.sort_by_key(|(_, window)| window.order);
        for ((rule, ..), window) in windows {
            if let Some(collected) = rules.get(rule) {
                window.close(collected, out);
            }
        }
    }

    /// Groups given up because too many were open.
    #[must_use]
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Groups open now.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.len()
    }

    /// Closes the older half of the groups when there are too many, so that making room is rare and costs little each
    /// time. A closed group that has fired tells its counts; one that has not is lost, and counted.
    fn make_room(&mut self, rules: &[Collected], out: &mut Vec<Json>) {
        if self.open.len() < OPEN_GROUPS {
            return;
        }
        let mut orders: Vec<u64> = self.open.values().map(|window| window.order).collect();
        orders.sort_unstable();
        let last = orders.get(orders.len() / 2).copied().unwrap_or_default();
        let mut closed: Vec<(Identity, Window)> = self.open.extract_if(|_, window| window.order <= last).collect();
        closed.sort_by_key(|(_, window)| window.order);
        for ((rule, ..), window) in closed {
            self.evicted += u64::from(window.fired.is_none());
            if let Some(collected) = rules.get(rule) {
                window.close(collected, out);
            }
        }
    }
}

fn identity(detection: &Detection) -> Identity {
    let mut values = String::new();
    for value in &detection.aggregate {
        value.write_to(&mut values);
        values.push(',');
    }
    (detection.rule, detection.source.clone(), values)
}

/// An event without a time belongs to no window: it is an alert of its own where one event is enough.
fn untimed(detection: Detection, collected: &Collected, out: &mut Vec<Json>) {
    if collected.rule.threshold > 1 || detection.suppressed {
        return;
    }
    let mut group = Group::of(&detection);
    group.add(detection);
    let id = alert::alert_id(&collected.rule, &group);
    for state in [State::Fired, State::Final] {
        out.push(alert::record(&collected.rule, &collected.ruleset, &id, &group, state));
    }
}

impl Window {
    fn join(&mut self, detection: Detection, collected: &Collected, out: &mut Vec<Json>) {
        if detection.suppressed {
            self.group.suppressed += 1;
            return;
        }
        self.group.add(detection);
        if self.fired.is_none() && self.group.count >= collected.rule.threshold {
            let id = self.identifier(&collected.rule);
            out.push(alert::record(&collected.rule, &collected.ruleset, &id, &self.group, State::Fired));
            self.fired = Some(id);
        }
    }

    fn close(self, collected: &Collected, out: &mut Vec<Json>) {
        if let Some(id) = &self.fired {
            out.push(alert::record(&collected.rule, &collected.ruleset, id, &self.group, State::Final));
        }
    }

    /// The identifier counts from the window's start, so that a late event does not change it.
    fn identifier(&self, rule: &Rule) -> String {
        alert::alert_id(rule, &Group { first_seen: Some(self.start), ..self.group.clone() })
    }
}

impl Group {
    /// An empty group of the kind that an event opens.
    fn of(detection: &Detection) -> Self {
        Self {
            source: detection.source.clone(),
            aggregate: detection.aggregate.clone(),
            title: detection.title.clone(),
            event_type: detection.event_type.clone(),
            count: 0,
            suppressed: 0,
            first_seen: None,
            last_seen: None,
            events: Vec::new(),
            whole_bytes: 0,
        }
    }

    fn add(&mut self, detection: Detection) {
        self.count += 1;
        self.first_seen = earliest(self.first_seen, detection.time);
        self.last_seen = self.last_seen.max(detection.time);
        if self.events.len() >= alert::NAMED_EVENTS {
            return;
        }
        let event = (self.events.len() < alert::WHOLE_EVENTS).then(|| self.whole(detection.event)).flatten();
        self.events.push(Contribution { id: detection.event_id, time: detection.time, event });
    }

    /// The event, if the alert has room for it.
    fn whole(&mut self, event: Json) -> Option<Json> {
        let mut text = String::new();
        event.write_to(&mut text);
        let bytes = self.whole_bytes + text.len();
        (bytes <= alert::WHOLE_BYTES).then(|| {
            self.whole_bytes = bytes;
            event
        })
    }
}

fn earliest(left: Option<i64>, right: Option<i64>) -> Option<i64> {
    match (left, right) {
        (Some(left), Some(right)) => Some(left.min(right)),
        (one, other) => one.or(other),
    }
}
