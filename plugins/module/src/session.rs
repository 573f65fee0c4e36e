//! One loaded engine and the result of the last call.

use crate::answer::Answer;
use crate::batch::Batch;
use crate::bitmaps::Bitmaps;
use crate::clock;
use crate::request;
use crate::status::Status;
use oxpecker_engine::Engine;
use oxpecker_engine::detection::Detection;
use oxpecker_engine::json::{Json, Reject};
use oxpecker_engine::matcher::Outcome;
use oxpecker_engine::msgpack::Transcoder;
use oxpecker_engine::rule::TagTypes;

/// What a host talks to: every call takes bytes and leaves its result in [`Session::result`].
#[derive(Debug, Default)]
pub struct Session {
    engine: Option<Engine>,
    result: Vec<u8>,
    /// The result of `eval`, which has its own place; empty after any other call.
    bitmaps: Bitmaps,
    // From here on memory that is kept from batch to batch.
    answer: Answer,
    transcoder: Transcoder,
    detections: Vec<Detection>,
    tags: Tags,
}

/// Counts what changes the tag that an engine was told, or what it makes of it: all of that goes through here.
#[derive(Debug, Default)]
struct Tags(u64);

impl Tags {
    /// Tells an engine which tag the records that come next have.
    fn tell(&mut self, engine: &mut Engine, tag: &[u8]) {
        engine.set_tag(tag);
        self.0 += 1;
    }

    /// Sets a table of tags that goes over that of an engine's rules.
    fn prefer(&mut self, engine: &mut Engine, table: TagTypes) {
        engine.prefer_event_types(table);
        self.0 += 1;
    }

    /// Notes that another engine, which was told nothing, comes in the place of the last.
    fn forget(&mut self) {
        self.0 += 1;
    }
}

impl Session {
    /// A session with nothing loaded.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            engine: None,
            result: Vec::new(),
            bitmaps: Bitmaps::new(),
            answer: Answer::new(),
            transcoder: Transcoder::new(),
            detections: Vec::new(),
            tags: Tags(0),
        }
    }

    /// Tells the engine which tag the records that come next have; gives the number that is then [`Session::tags`].
    pub(crate) fn tell_tag(&mut self, tag: &[u8]) -> u64 {
        if let Some(engine) = &mut self.engine {
            self.tags.tell(engine, tag);
        }
        self.tags()
    }

    /// Sets a table of tags that goes over that of the rules.
    pub(crate) fn prefer_event_types(&mut self, table: TagTypes) {
        if let Some(engine) = &mut self.engine {
            self.tags.prefer(engine, table);
        }
    }

    /// A number that is another one once the tag that the engine was told is.
    pub(crate) fn tags(&self) -> u64 {
        self.tags.0
    }

    /// The engine, once rules are loaded.
    pub(crate) fn engine_mut(&mut self) -> Option<&mut Engine> {
        self.engine.as_mut()
    }

    /// What the last call gave; empty where it gave nothing but its status.
    #[must_use]
    pub fn result(&self) -> &[u8] {
        let bitmaps = self.bitmaps.result();
        if bitmaps.is_empty() { &self.result } else { bitmaps }
    }

    /// Loads rules and filters in place of what was loaded; the result is a report. With errors nothing changes.
    pub fn load(&mut self, bytes: &[u8]) -> Status {
        self.clear();
        let Some(request) = request::read(bytes) else { return Status::BadRequest };
        let (report, status) = match Engine::load(&request) {
            Ok((engine, report)) => {
                self.engine = Some(engine);
                self.tags.forget();
                (report, Status::Ok)
            }
            Err(report) => (report, Status::RuleErrors),
        };
        self.write_json(&request::report(&report));
        status
    }

    /// Evaluates a batch and puts what matches into windows; the result's body holds alert records.
    pub fn match_batch(&mut self, bytes: &[u8], now: i64) -> Status {
        self.batch(bytes, now, |engine, detection, body| engine.observe_own(detection, body))
    }

    /// Evaluates a batch; the result's body holds detections. Keeps no state.
    pub fn detect(&mut self, bytes: &[u8], now: i64) -> Status {
        self.batch(bytes, now, |_, detection, body| {
            detection.write_line(body);
            body.push('\n');
        })
    }

    /// Puts detections, as [`Session::detect`] gave them, into windows; the result is alert records.
    pub fn window(&mut self, bytes: &[u8], now: i64) -> Status {
        self.clear();
        let Some(engine) = &mut self.engine else { return Status::NothingLoaded };
        let ends = memchr::memchr_iter(b'\n', bytes).chain([bytes.len()]);
        let mut start = 0;
        let lines = ends.filter_map(|end| bytes.get(std::mem::replace(&mut start, end + 1)..end));
        // All are read before any counts, so that a bad batch changes nothing.
        let detections: Option<Vec<Detection>> =
            lines.filter(|line| !line.is_empty()).map(Detection::from_line).collect();
        let Some(detections) = detections else { return Status::BadBatch };
        for mut detection in detections {
            clock::settle(&mut detection, clock::known(now), None);
            engine.observe(detection, &mut self.answer.body);
        }
        self.give_lines()
    }

    /// Evaluates a batch; the result's body is two bitmaps, of what matched and of what could not be decided. Keeps no
    /// state. Suppressions do not count.
    pub fn eval(&mut self, bytes: &[u8]) -> Status {
        self.clear();
        let Some(engine) = &mut self.engine else { return Status::NothingLoaded };
        let batch = match Batch::read(bytes) {
            Ok(batch) => batch,
            Err(status) => return status,
        };
        self.tags.tell(engine, batch.tag());
        let columns = engine.columns();
        if let Err(status) = self.bitmaps.begin(batch.count(), columns) {
            return status;
        }
        for (index, event) in batch.events().enumerate() {
            let hits = json_of(event, &batch, engine, &mut self.transcoder).and_then(|event| engine.verdicts(event));
            let hits = match hits {
                Ok(hits) => hits,
                Err(reject) => {
                    self.answer.reject(index, reject);
                    continue;
                }
            };
            self.answer.evaluated += 1;
            for hit in hits {
                let is_undecided = hit.outcome == Outcome::Undecided;
                self.answer.undecided += u32::from(is_undecided);
                self.bitmaps.set(is_undecided, index * columns + hit.column);
            }
        }
        self.bitmaps.finish(&self.answer)
    }

    /// Closes windows; the result is alert records in their final form. One call gives a bounded amount: the last one is
    /// that whose result is empty.
    pub fn flush(&mut self) -> Status {
        self.clear();
        let Some(engine) = &mut self.engine else { return Status::NothingLoaded };
        // Windows below their threshold close without an alert; only the end of all windows may look like nothing.
        while self.answer.body.is_empty() && engine.windows().open_windows() > 0 {
            engine.flush(&mut self.answer.body);
        }
        self.give_lines()
    }

    /// The open windows; the result is JSON for [`Session::restore`].
    pub fn save(&mut self) -> Status {
        self.clear();
        let Some(engine) = &self.engine else { return Status::NothingLoaded };
        // What the result held is given back first: a state can be large.
        self.result = Vec::new();
        self.result = engine.save().into_bytes();
        Status::Ok
    }

    /// Takes over windows in place of those that are open; the result says what became of them. On an error nothing
    /// changes.
    pub fn restore(&mut self, bytes: &[u8]) -> Status {
        self.clear();
        let Some(engine) = &mut self.engine else { return Status::NothingLoaded };
        let Ok(restored) = engine.restore(bytes) else { return Status::BadState };
        self.write_json(&request::restored(restored));
        Status::Ok
    }

    /// The counters, as JSON.
    pub fn stats(&mut self) -> Status {
        self.clear();
        let Some(engine) = &self.engine else { return Status::NothingLoaded };
        let stats = request::stats(engine);
        self.write_json(&stats);
        Status::Ok
    }

    /// Evaluates the events of a batch; `tell` adds to the answer's body what comes of each detection.
    fn batch(&mut self, bytes: &[u8], now: i64, mut tell: impl FnMut(&mut Engine, Detection, &mut String)) -> Status {
        self.clear();
        let Some(engine) = &mut self.engine else { return Status::NothingLoaded };
        let batch = match Batch::read(bytes) {
            Ok(batch) => batch,
            Err(status) => return status,
        };
        self.tags.tell(engine, batch.tag());
        for (index, event) in batch.events().enumerate() {
            let event = json_of(event, &batch, engine, &mut self.transcoder);
            match event.and_then(|event| engine.detect(event, &mut self.detections)) {
                Ok(undecided) => {
                    self.answer.evaluated += 1;
                    self.answer.undecided += undecided;
                }
                Err(reject) => self.answer.reject(index, reject),
            }
            let shipper = if batch.is_packed() { self.transcoder.time() } else { None }.or(batch.time());
            for mut detection in self.detections.drain(..) {
                clock::settle(&mut detection, clock::known(now), shipper);
                tell(engine, detection, &mut self.answer.body);
            }
        }
        self.answer.write(&mut self.result)
    }

    /// No result.
    fn clear(&mut self) {
        self.result.clear();
        self.bitmaps.clear();
        self.answer.clear();
    }

    fn write_json(&mut self, json: &Json) {
        let mut text = String::new();
        json.write_to(&mut text);
        self.result.extend_from_slice(text.as_bytes());
    }

    /// Makes the lines in the answer's body the result; the result's empty memory goes the other way.
    fn give_lines(&mut self) -> Status {
        let lines = std::mem::take(&mut self.answer.body).into_bytes();
        self.answer.body = String::from_utf8(std::mem::replace(&mut self.result, lines)).unwrap_or_default();
        Status::Ok
    }
}

/// The JSON text of an event of a batch.
fn json_of<'e>(
    event: &'e [u8],
    batch: &Batch<'_>,
    engine: &mut Engine,
    transcoder: &'e mut Transcoder,
) -> Result<&'e [u8], Reject> {
    if !batch.is_packed() {
        return Ok(event);
    }
    let json = transcoder.json(event, engine.limits()).map(str::as_bytes);
    json.inspect_err(|_| engine.count_rejected(event.len()))
}
