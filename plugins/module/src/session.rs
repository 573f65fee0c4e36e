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
use oxpecker_engine::matcher::{Hit, Outcome};
use oxpecker_engine::msgpack::Transcoder;
use oxpecker_engine::rule::TagTypes;
use std::ops::ControlFlow;

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
    tags: Tags,
    /// A batch of which not all was answered.
    rest: Option<(Vec<u8>, Begun)>,
}

/// Bytes of an answer's body after which the rest of the batch waits for another call: many rules that match a large event
/// tell more of it than memory may hold.
pub(crate) const PART: usize = 8 << 20;

/// Bytes of events that were looked at, for each match anew, after which it does too: telling why a rule matches a large event
/// can take ten milliseconds, and hosts stop calls that take long.
const LOOKED: usize = 256 << 20;

/// What becomes of a detection in an answer's body.
type Tell = fn(&mut Engine, Detection, &mut String);

/// How far a batch was answered, and how.
#[derive(Debug, Clone, Copy)]
struct Begun {
    /// The event to go on with.
    event: usize,
    /// Where to go on with it.
    place: usize,
    now: i64,
    tell: Tell,
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
            tags: Tags(0),
            rest: None,
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
        // Whoever sees another event ends what was begun with the last.
        self.rest = None;
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

    /// Goes on with the batch of which [`Status::Part`] was answered; after anything else the answer is about no event.
    pub fn more(&mut self) -> Status {
        let rest = self.rest.take();
        self.clear();
        if self.engine.is_none() {
            return Status::NothingLoaded;
        }
        let Some((batch, begun)) = rest else { return self.answer.write(&mut self.result) };
        match self.answer(&batch, begun) {
            Ok(None) => self.answer.write(&mut self.result),
            Ok(Some(begun)) => self.give_part(batch, begun),
            Err(status) => status,
        }
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
            let hits = match verdicts(event, &batch, engine, &mut self.transcoder) {
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
        let Some(engine) = &mut self.engine else { return Status::NothingLoaded };
        // What results hold is given back first: a state can be large.
        (self.result, self.answer) = (Vec::new(), Answer::new());
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
    fn batch(&mut self, bytes: &[u8], now: i64, tell: Tell) -> Status {
        self.clear();
        let begun = Begun { event: 0, place: 0, now, tell };
        match self.answer(bytes, begun) {
            Ok(None) => self.answer.write(&mut self.result),
            Ok(Some(begun)) => self.give_part(bytes.to_vec(), begun),
            Err(status) => status,
        }
    }

    /// Gives what there is of an answer, and keeps the batch for the rest of it.
    fn give_part(&mut self, batch: Vec<u8>, begun: Begun) -> Status {
        self.rest = Some((batch, begun));
        match self.answer.write(&mut self.result) {
            Status::Ok => Status::Part,
            status => status,
        }
    }

    /// Evaluates a batch from an event on, as far as the answer has room; says where to go on.
    fn answer(&mut self, bytes: &[u8], begun: Begun) -> Result<Option<Begun>, Status> {
        let Self { engine: Some(engine), answer, transcoder, tags, .. } = self else {
            return Err(Status::NothingLoaded);
        };
        let batch = Batch::read(bytes)?;
        tags.tell(engine, batch.tag());
        let Begun { event: first, place: mut from, now, tell } = begun;
        let mut looked = 0;
        for (index, event) in batch.events().enumerate().skip(first) {
            let place = std::mem::take(&mut from);
            // JSON is made of the few events of which there is something to tell.
            let is_decided = place > 0 || (batch.is_packed() && engine.decide_packed(event));
            if is_decided && engine.last_verdicts().is_empty() {
                answer.evaluated += 1;
                continue;
            }
            let detected = json_of(event, &batch, engine, transcoder).and_then(|(event, shipper)| {
                let take = |engine: &mut Engine, mut detection: Detection| {
                    clock::settle(&mut detection, clock::known(now), shipper);
                    tell(engine, detection, &mut answer.body);
                    looked += event.len();
                    let is_enough = answer.body.len() >= PART || looked >= LOOKED;
                    if is_enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                };
                if is_decided { engine.detect_decided(place, event, take) } else { engine.detect_from(0, event, take) }
            });
            match detected {
                Ok(ControlFlow::Continue(undecided)) => {
                    answer.evaluated += 1;
                    answer.undecided += undecided;
                }
                Ok(ControlFlow::Break(place)) => return Ok(Some(Begun { event: index, place, ..begun })),
                Err(reject) => answer.reject(index, reject),
            }
        }
        Ok(None)
    }

    /// No result, and nothing more to come.
    fn clear(&mut self) {
        self.rest = None;
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

/// The verdicts on an event of a batch.
fn verdicts<'e>(
    event: &[u8],
    batch: &Batch<'_>,
    engine: &'e mut Engine,
    transcoder: &mut Transcoder,
) -> Result<&'e [Hit], Reject> {
    if batch.is_packed() && engine.decide_packed(event) {
        return Ok(engine.last_verdicts());
    }
    let (event, _) = json_of(event, batch, engine, transcoder)?;
    engine.verdicts(event)
}

/// The JSON text of an event of a batch, and the shipper's time.
fn json_of<'e>(
    event: &'e [u8],
    batch: &Batch<'_>,
    engine: &mut Engine,
    transcoder: &'e mut Transcoder,
) -> Result<(&'e [u8], Option<i64>), Reject> {
    if !batch.is_packed() {
        return Ok((event, batch.time()));
    }
    let json = transcoder.json(event, engine.limits());
    let json = json.map(|(text, time)| (text.as_bytes(), time.or(batch.time())));
    json.inspect_err(|_| engine.count_rejected(event.len()))
}
