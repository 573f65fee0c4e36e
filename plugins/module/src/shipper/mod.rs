//! The module as a log shipper calls it: one record a call, a text, the record itself or nothing as the answer.
//!
//! The ABI is that of Fluent Bit's `filter_wasm` in its JSON format, and the rules of this room follow from what it does
//! with answers: text that is no JSON object ends the whole process, a second object loses the rest of a chunk, and a trap
//! loses the record. So every answer is one JSON object, the record, or nothing; nothing here recurses on a record; and
//! what goes wrong is counted, told by the [`heartbeat`] and, at growing distances, by a [`report`].
//!
//! [`Face`] does the work and is safe Rust; `exports.rs` gives it the addresses.

mod annotate;
mod canary;
mod heartbeat;
mod options;
mod report;
mod shape;
mod tell;

#[cfg(test)]
mod tests;

use crate::clock;
use crate::session::Session;
use crate::status::Status;
use canary::Canary;
use options::Options;
use oxpecker_engine::detection::Detection;
use oxpecker_engine::rule::Collected;
use oxpecker_engine::same_bytes;
use oxpecker_engine::window::Told;
use report::Reports;

/// What a shipper hands over with one call.
#[derive(Debug, Clone, Copy)]
pub struct Record<'r> {
    /// The shipper's tag.
    pub tag: &'r [u8],
    /// The shipper's time: seconds since 1970, 0 if it has none.
    pub seconds: u32,
    /// And nanoseconds.
    pub nanoseconds: u32,
    /// The record; none where it could not be delivered.
    pub bytes: Option<&'r [u8]>,
    /// Its length as the shipper tells it.
    pub length: usize,
    /// Whether a NUL stands behind it, so that its address is a text.
    pub terminated: bool,
}

/// What the shipper gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// The record leaves the stream.
    Nothing,
    /// The record goes on as it is.
    Record,
    /// The text of [`Face::text`] goes on in its place.
    Text,
}

/// The shipper's side of a module: options, counters, and room for answers.
#[derive(Debug)]
pub struct Face {
    options: Options,
    canary: Option<Canary>,
    /// Why nothing is detected, if so.
    inert: Option<String>,
    /// Whether the first call has looked for what is broken.
    checked: bool,
    counters: Counters,
    reports: Reports,
    tick: heartbeat::Tick,
    tag: Tag,
    alerts: tell::Texts,
    /// The answer, ended by a NUL.
    text: Vec<u8>,
}

/// What happened, beside what the engine counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counters {
    /// Records of any kind, ticks of the heartbeat not counted.
    records: u64,
    /// Those that no rule of the copying filter claimed.
    unclaimed: u64,
    rejected: u64,
    undelivered: u64,
    msgpack: u64,
    alerts: u64,
    /// Calls that a trap ended.
    trapped: u64,
}

/// What the tag of the last record said.
#[derive(Debug, Default)]
struct Tag {
    text: Vec<u8>,
    /// Where the tag begins that the record had before it was copied.
    own: usize,
    /// Whether no rule of the copying filter claimed it.
    is_unclaimed: bool,
    is_heartbeat: bool,
    /// [`Session::tags`] when the engine was told of it.
    told: Option<u64>,
}

/// What stands before the tag of a copy that no rule of the copying filter claimed.
const UNCLAIMED: &[u8] = b"unclaimed.";

/// Room for answers that is kept from call to call. What one large answer took beyond it is given back.
const KEPT: usize = 256 << 10;

impl Face {
    /// One with the options of a module that was not packed.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            options: Options::new(),
            canary: None,
            inert: None,
            checked: false,
            counters: Counters {
                records: 0,
                unclaimed: 0,
                rejected: 0,
                undelivered: 0,
                msgpack: 0,
                alerts: 0,
                trapped: 0,
            },
            reports: Reports::new(),
            tick: heartbeat::Tick::new(),
            tag: Tag { text: Vec::new(), own: 0, is_unclaimed: false, is_heartbeat: false, told: None },
            alerts: tell::Texts::new(),
            text: Vec::new(),
        }
    }

    /// Takes options, as a pack sets them when its rules are loaded.
    pub fn configure(&mut self, session: &mut Session, bytes: &[u8]) -> Status {
        let Some(options) = options::read(bytes) else { return Status::BadRequest };
        let Some(canary) = Canary::new(&options.pack) else { return Status::Internal };
        if let Some(engine) = session.engine_mut() {
            engine.prepare();
        }
        session.prefer_event_types(options.event_types.clone());
        *self = Self { options, canary: Some(canary), ..Self::new() };
        Status::Ok
    }

    /// The answer of the last call that gave [`Reply::Text`], ended by a NUL and without another one.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Says that the call before this one was ended by a trap.
    pub fn trapped(&mut self) {
        self.counters.trapped += 1;
    }

    /// Alerts in place of records: nothing for a record that raises none.
    pub fn filter(&mut self, session: &mut Session, record: &Record<'_>) -> Reply {
        match self.begin(session, record, Reply::Nothing) {
            Ok(bytes) => self.filter_bytes(session, record, bytes),
            Err(reply) => reply,
        }
    }

    fn filter_bytes(&mut self, session: &mut Session, record: &Record<'_>, bytes: &[u8]) -> Reply {
        self.arrive(session, record);
        let Some(engine) = session.engine_mut() else { return Reply::Nothing };
        engine.tell(self.options.told());
        let watched = engine.watch(bytes, settler(record), &mut self.alerts);
        engine.tell(Told::All);
        if let Err(reject) = watched {
            self.counters.rejected += 1;
            let report = self.reports.rejected(reject, record);
            return report.map_or(Reply::Nothing, |report| self.say(&report));
        }
        self.tick.event();
        match tell::told(&mut self.alerts, &self.options, &mut self.counters) {
            Some(text) => self.say(&text),
            None => Reply::Nothing,
        }
    }

    /// Records as they are, those that a rule matches with a note of it.
    pub fn annotate(&mut self, session: &mut Session, record: &Record<'_>) -> Reply {
        match self.begin(session, record, Reply::Record) {
            Ok(bytes) => self.annotate_bytes(session, record, bytes),
            Err(reply) => reply,
        }
    }

    fn annotate_bytes(&mut self, session: &mut Session, record: &Record<'_>, bytes: &[u8]) -> Reply {
        self.arrive(session, record);
        let Some(engine) = session.engine_mut() else { return self.pass(record) };
        let mut notes = Vec::new();
        let note = |collected: &Collected, suppressed, title| {
            notes.push(annotate::Note::new(collected, suppressed, title));
        };
        // A note names an alert that fires, and no other.
        engine.tell(Told::Fired);
        let watched = engine.annotate(bytes, settler(record), note, &mut self.alerts);
        engine.tell(Told::All);
        if watched.is_err() {
            self.counters.rejected += 1;
            return self.pass(record);
        }
        self.tick.event();
        if notes.is_empty() {
            return self.pass(record);
        }
        self.counters.alerts += annotate::join(&mut notes, self.alerts.iter());
        match std::str::from_utf8(bytes).ok().and_then(|text| annotate::annotated(text, &notes)) {
            Some(text) => self.say(&text),
            None => self.pass(record),
        }
    }

    /// What comes before the record is looked at: its bytes, or the reply where that is settled already. `otherwise` is
    /// the reply of a module that detects nothing, unless its options say another.
    fn begin<'r>(&mut self, session: &mut Session, record: &Record<'r>, otherwise: Reply) -> Result<&'r [u8], Reply> {
        self.alerts.clear();
        self.look_for_damage(session);
        self.look_at_tag(record.tag);
        if self.tag.is_heartbeat {
            return Err(self.heartbeat(session, record));
        }
        self.counters.records += 1;
        self.counters.unclaimed += u64::from(self.tag.is_unclaimed);
        let Some(bytes) = record.bytes else {
            self.counters.undelivered += 1;
            return Err(self.say(&report::undelivered(record)));
        };
        if report::is_msgpack(bytes) {
            self.counters.msgpack += 1;
            self.text.clear();
            self.text.extend_from_slice(&report::msgpack());
            return Err(Reply::Text);
        }
        if self.inert.is_some() {
            return Err(self.inert_reply(record, self.options.when_broken.unwrap_or(otherwise)));
        }
        Ok(bytes)
    }

    /// Finds out at the first call whether anything can be detected.
    fn look_for_damage(&mut self, session: &mut Session) {
        if std::mem::replace(&mut self.checked, true) {
            return;
        }
        let damaged = self.canary.as_mut().is_some_and(|canary| canary.alert().is_none());
        self.inert = match session.engine_mut() {
            None => Some("no rules are inside this module: make one with `oxpecker pack`".to_owned()),
            Some(_) if damaged => Some("the canary raises no alert: the pack is damaged".to_owned()),
            Some(_) => None,
        };
    }

    /// Says which tag the record had before it was copied, unless that is the last that was told.
    fn arrive(&mut self, session: &mut Session, record: &Record<'_>) {
        if self.tag.told != Some(session.tags()) {
            self.tag.told = Some(session.tell_tag(record.tag.get(self.tag.own..).unwrap_or_default()));
        }
    }

    /// Finds out what a tag says, unless it is that of the record before, as it nearly always is.
    fn look_at_tag(&mut self, tag: &[u8]) {
        if same_bytes(&self.tag.text, tag) && !tag.is_empty() {
            return;
        }
        let own = tag.strip_prefix(self.options.copy_prefix.as_bytes()).unwrap_or(tag);
        let unclaimed = own.strip_prefix(UNCLAIMED).filter(|_| own.len() < tag.len());
        self.tag = Tag {
            text: tag.to_vec(),
            own: tag.len() - unclaimed.unwrap_or(own).len(),
            is_unclaimed: unclaimed.is_some(),
            is_heartbeat: tag == self.options.heartbeat_tag.as_bytes(),
            told: None,
        };
    }

    fn inert_reply(&mut self, record: &Record<'_>, reply: Reply) -> Reply {
        let report = self.reports.inert(self.inert.as_deref().unwrap_or_default(), record);
        match (reply, report) {
            (Reply::Nothing, Some(report)) => self.say(&report),
            (Reply::Nothing, None) => Reply::Nothing,
            _ => self.pass(record),
        }
    }

    /// The record as it came: by its address where that is a text, else copied.
    fn pass(&mut self, record: &Record<'_>) -> Reply {
        if record.terminated {
            return Reply::Record;
        }
        let text = record.bytes.and_then(|bytes| std::str::from_utf8(bytes).ok()).filter(|text| !text.contains('\0'));
        match text {
            Some(text) => self.say(text),
            None => Reply::Nothing,
        }
    }

    /// Makes a text the answer.
    fn say(&mut self, text: &str) -> Reply {
        self.text.clear();
        self.text.shrink_to(KEPT);
        self.text.extend_from_slice(text.as_bytes());
        self.text.push(0);
        Reply::Text
    }
}

/// Gives a record's detections the shipper's time where they have none of their own.
fn settler(record: &Record<'_>) -> impl Fn(&mut Detection) {
    let now = clock::of_shipper(record.seconds, record.nanoseconds);
    move |detection| clock::settle(detection, now, now)
}

impl Default for Face {
    fn default() -> Self {
        Self::new()
    }
}
