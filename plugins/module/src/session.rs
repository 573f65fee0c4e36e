//! One loaded engine and the result of the last call.

use crate::answer::Answer;
use crate::status::Status;
use crate::{batch, request};
use oxpecker_engine::Engine;
use oxpecker_engine::detection::Detection;
use oxpecker_engine::json::Json;
use oxpecker_engine::matcher::Outcome;

/// An event later than the time of its arrival by more than this has a wrong clock: it is taken as one without a time,
/// so that it closes no window.
const FUTURE: i64 = 24 * 3_600_000;

/// What a host talks to: every call takes bytes and leaves its result in [`Session::result`].
#[derive(Debug, Default)]
pub struct Session {
    engine: Option<Engine>,
    result: Vec<u8>,
}

impl Session {
    /// A session with nothing loaded.
    #[must_use]
    pub const fn new() -> Self {
        Self { engine: None, result: Vec::new() }
    }

    /// The engine, once rules are loaded.
    pub(crate) fn engine_mut(&mut self) -> Option<&mut Engine> {
        self.engine.as_mut()
    }

    /// What the last call gave; empty where it gave nothing but its status.
    #[must_use]
    pub fn result(&self) -> &[u8] {
        &self.result
    }

    /// Loads rules and filters in place of what was loaded; the result is a report. With errors nothing changes.
    pub fn load(&mut self, bytes: &[u8]) -> Status {
        self.result.clear();
        let Some(request) = request::read(bytes) else { return Status::BadRequest };
        let (report, status) = match Engine::load(&request) {
            Ok((engine, report)) => {
                self.engine = Some(engine);
                (report, Status::Ok)
            }
            Err(report) => (report, Status::RuleErrors),
        };
        self.write_json(&request::report(&report));
        status
    }

    /// Evaluates a batch and puts what matches into windows; the result's body holds alert records.
    pub fn match_batch(&mut self, bytes: &[u8], now: i64) -> Status {
        self.batch(bytes, |engine, detections, answer| {
            let mut alerts = Vec::new();
            for mut detection in detections.drain(..) {
                clamp(&mut detection, now);
                engine.observe(detection, &mut alerts);
            }
            alerts.iter().for_each(|alert| answer.line(alert));
        })
    }

    /// Evaluates a batch; the result's body holds detections. Keeps no state.
    pub fn detect(&mut self, bytes: &[u8], now: i64) -> Status {
        self.batch(bytes, |_, detections, answer| {
            for mut detection in detections.drain(..) {
                clamp(&mut detection, now);
                answer.text_line(&detection.to_line());
            }
        })
    }

    /// Puts detections, as [`Session::detect`] gave them, into windows; the result is alert records.
    pub fn window(&mut self, bytes: &[u8], now: i64) -> Status {
        self.result.clear();
        let Some(engine) = &mut self.engine else { return Status::NothingLoaded };
        let limits = *engine.limits();
        let mut alerts = Vec::new();
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        // All are read before any counts, so that a bad batch changes nothing.
        let detections: Option<Vec<Detection>> = lines.map(|line| Detection::from_line(line, &limits)).collect();
        let Some(detections) = detections else { return Status::BadBatch };
        for mut detection in detections {
            clamp(&mut detection, now);
            engine.observe(detection, &mut alerts);
        }
        self.write_lines(&alerts);
        Status::Ok
    }

    /// Evaluates a batch; the result's body is two bitmaps, of what matched and of what could not be decided. Keeps no
    /// state. Suppressions do not count.
    pub fn eval(&mut self, bytes: &[u8]) -> Status {
        self.result.clear();
        let Some(engine) = &mut self.engine else { return Status::NothingLoaded };
        let events = match batch::events(bytes) {
            Ok(events) => events,
            Err(status) => return status,
        };
        let columns = engine.columns();
        let Some(bits) = events.len().checked_mul(columns) else { return Status::TooLarge };
        let mut answer = Answer::default();
        let mut matched = vec![0u8; bits.div_ceil(8)];
        let mut undecided = matched.clone();
        for (index, event) in events.into_iter().enumerate() {
            let hits = match engine.verdicts(&event) {
                Ok(hits) => hits,
                Err(reject) => {
                    answer.reject(index, reject);
                    continue;
                }
            };
            answer.evaluated += 1;
            for hit in hits {
                let is_undecided = hit.outcome == Outcome::Undecided;
                answer.undecided += u32::from(is_undecided);
                let bit = index * columns + hit.column;
                let map = if is_undecided { &mut undecided } else { &mut matched };
                if let Some(byte) = map.get_mut(bit / 8) {
                    *byte |= 1 << (bit % 8);
                }
            }
        }
        answer.body = matched;
        answer.body.append(&mut undecided);
        answer.write(&mut self.result)
    }

    /// Closes windows; the result is alert records in their final form. One call gives a bounded amount: the last one is
    /// that whose result is empty.
    pub fn flush(&mut self) -> Status {
        self.result.clear();
        let Some(engine) = &mut self.engine else { return Status::NothingLoaded };
        let mut alerts = Vec::new();
        // Windows below their threshold close without an alert; only the end of all windows may look like nothing.
        while alerts.is_empty() && engine.windows().open_windows() > 0 {
            engine.flush(&mut alerts);
        }
        self.write_lines(&alerts);
        Status::Ok
    }

    /// The open windows; the result is JSON for [`Session::restore`].
    pub fn save(&mut self) -> Status {
        self.result.clear();
        let Some(engine) = &self.engine else { return Status::NothingLoaded };
        // What the result held is given back first: a state can be large.
        self.result = Vec::new();
        self.result = engine.save().into_bytes();
        Status::Ok
    }

    /// Takes over windows in place of those that are open; the result says what became of them. On an error nothing
    /// changes.
    pub fn restore(&mut self, bytes: &[u8]) -> Status {
        self.result.clear();
        let Some(engine) = &mut self.engine else { return Status::NothingLoaded };
        let Ok(restored) = engine.restore(bytes) else { return Status::BadState };
        self.write_json(&request::restored(restored));
        Status::Ok
    }

    /// The counters, as JSON.
    pub fn stats(&mut self) -> Status {
        self.result.clear();
        let Some(engine) = &self.engine else { return Status::NothingLoaded };
        let stats = request::stats(engine);
        self.write_json(&stats);
        Status::Ok
    }

    /// Evaluates the events of a batch; `finish` makes the answer's body of what was detected.
    fn batch(&mut self, bytes: &[u8], finish: impl FnOnce(&mut Engine, &mut Vec<Detection>, &mut Answer)) -> Status {
        self.result.clear();
        let Some(engine) = &mut self.engine else { return Status::NothingLoaded };
        let events = match batch::events(bytes) {
            Ok(events) => events,
            Err(status) => return status,
        };
        let mut answer = Answer::default();
        let mut detections = Vec::new();
        for (index, event) in events.into_iter().enumerate() {
            match engine.detect(&event, &mut detections) {
                Ok(undecided) => {
                    answer.evaluated += 1;
                    answer.undecided += undecided;
                }
                Err(reject) => answer.reject(index, reject),
            }
        }
        finish(engine, &mut detections, &mut answer);
        answer.write(&mut self.result)
    }

    fn write_json(&mut self, json: &Json) {
        let mut text = String::new();
        json.write_to(&mut text);
        self.result.extend_from_slice(text.as_bytes());
    }

    fn write_lines(&mut self, records: &[Json]) {
        for record in records {
            self.write_json(record);
            self.result.push(b'\n');
        }
    }
}

/// Takes its time from an event whose clock is wrong. `i64::MIN` means that the host does not know the time.
pub(crate) fn clamp(detection: &mut Detection, now: i64) {
    if now != i64::MIN && detection.time.is_some_and(|time| time > now.saturating_add(FUTURE)) {
        detection.time = None;
    }
}
