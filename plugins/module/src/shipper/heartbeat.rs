//! The answer to a tick: that the module lives, what it has counted, and one alert that proves the way from event to
//! alert. A tick also lets time pass for windows where no events come.
//!
//! Windows know event time alone. While a node is quiet it passes as fast as the ticks do: from a tick to the next one
//! without an event between them. So a backlog of old events is windowed as it would be in a replay.

use super::{Face, Record, Reply, tell};
use crate::clock;
use crate::session::Session;
use oxpecker_engine::Engine;
use oxpecker_engine::json::Json;
use oxpecker_engine::window::Told;

/// What is known of the last tick.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tick {
    /// The shipper's time of it.
    time: Option<i64>,
    /// Whether an event has come since.
    busy: bool,
}

/// A clock that is set forward must not close all windows at once.
const LONGEST: i64 = 10 * 60 * 1_000;

impl Tick {
    pub(super) const fn new() -> Self {
        Self { time: None, busy: false }
    }

    /// Notes that an event has come.
    pub(super) fn event(&mut self) {
        self.busy = true;
    }

    /// Milliseconds that pass by this tick.
    fn passed(&mut self, now: Option<i64>) -> i64 {
        let before = self.time.filter(|_| !self.busy);
        *self = Self { time: now.or(self.time), busy: false };
        match (before, now) {
            (Some(before), Some(now)) => now.saturating_sub(before).clamp(0, LONGEST),
            _ => 0,
        }
    }
}

impl Face {
    pub(super) fn heartbeat(&mut self, session: &mut Session, record: &Record<'_>) -> Reply {
        let passed = self.tick.passed(clock::of_shipper(record.seconds, record.nanoseconds));
        let canary = self.canary.as_mut().and_then(super::Canary::alert);
        let mut fields = self.identity();
        if let Some(engine) = session.engine_mut() {
            engine.tell(self.options.told());
            engine.advance(passed, &mut self.alerts);
            engine.tell(Told::All);
            fields.extend(counted(engine));
        }
        fields.extend(self.counted());
        fields.push(("canary", canary.unwrap_or(Json::Null)));
        let closed = tell::chosen(&mut self.alerts, &self.options, &mut self.counters);
        if !closed.is_empty() {
            fields.push(("alerts", Json::Array(closed.iter().map(|alert| tell::tree(&alert.text)).collect())));
        }
        let members = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        self.say(&Json::Object(members).to_string())
    }

    fn identity(&self) -> Vec<(&'static str, Json)> {
        vec![
            ("oxpecker", Json::from("heartbeat")),
            ("pack", Json::from(self.options.pack.as_str())),
            ("engine", Json::from(env!("CARGO_PKG_VERSION"))),
            ("inert", self.inert.as_deref().map_or(Json::Null, Json::from)),
        ]
    }

    fn counted(&self) -> Vec<(&'static str, Json)> {
        let counters = self.counters;
        vec![
            ("records", Json::from(counters.records)),
            ("unclaimed", Json::from(counters.unclaimed)),
            ("undelivered", Json::from(counters.undelivered)),
            ("msgpack", Json::from(counters.msgpack)),
            ("alerts_told", Json::from(counters.alerts)),
            ("trapped", Json::from(counters.trapped)),
            ("memory_bytes", Json::from(memory())),
        ]
    }
}

/// What the engine counts. `events` and `rejected` together are the records that arrived as JSON.
fn counted(engine: &Engine) -> Vec<(&'static str, Json)> {
    let stats = engine.stats();
    let windows = engine.windows().counters();
    vec![
        ("rules", Json::from(engine.rules().len() as u64)),
        ("events", Json::from(stats.evaluated)),
        ("rejected", Json::from(stats.rejected)),
        ("matched", Json::from(stats.matched)),
        ("suppressed", Json::from(stats.suppressed)),
        ("undecided", Json::from(stats.undecided)),
        ("evicted", Json::from(windows.closed_early + windows.given_up)),
        ("late", Json::from(windows.late)),
        ("open_windows", Json::from(engine.windows().open_windows() as u64)),
        ("window_bytes", Json::from(engine.windows().bytes() as u64)),
    ]
}

/// Bytes of linear memory; 0 where there is none.
fn memory() -> u64 {
    #[cfg(target_arch = "wasm32")]
    let pages = core::arch::wasm32::memory_size(0) as u64;
    #[cfg(not(target_arch = "wasm32"))]
    let pages = 0;
    pages << 16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_passes_only_between_ticks_without_an_event() {
        let mut tick = Tick::new();
        assert_eq!(tick.passed(Some(1_000)), 0, "the first tick");
        assert_eq!(tick.passed(Some(61_000)), 60_000);
        tick.event();
        assert_eq!(tick.passed(Some(121_000)), 0, "an event came");
        assert_eq!(tick.passed(Some(181_000)), 60_000);
        assert_eq!(tick.passed(Some(100)), 0, "a clock that goes back");
        assert_eq!(tick.passed(Some(i64::MAX)), LONGEST);
        assert_eq!(tick.passed(None), 0);
    }
}
