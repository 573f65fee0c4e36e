//! Rules tried on the events of their tests: what a rule makes of them, what its tests leave open ([`coverage`]), and which
//! changes of it they would not notice ([`mutation`]).
//!
//! A test with one event says what the rule makes of it, whatever window and threshold; of a test with several, which are
//! fed in order, windows count. Whoever evaluates elsewhere notes in a [`Seen`] what came, and judges by the same words.

pub mod coverage;
pub mod mutation;

use crate::detection::Detection;
use crate::engine::Engine;
use crate::json::Json;
use crate::matcher::{Hit, Outcome};
use crate::rule::{Expectation, RuleTest};

/// What a rule made of a test's events.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    last: Option<Last>,
    matched: u64,
    several: bool,
    fired: Option<String>,
    rejected: Option<String>,
}

/// What became of the last event, where it did not just pass by.
#[derive(Debug, Clone)]
enum Last {
    /// With the title of its alert.
    Matched(String),
    Suppressed,
    Undecided,
}

/// What is wrong with what a test saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure<'s> {
    /// An event was no event, for this reason.
    Rejected(&'s str),
    /// Something else came of the events.
    Outcome(Expectation),
    /// The alert has another title, or there is none.
    Title(Option<&'s str>),
}

impl Seen {
    /// Before the first of so many events.
    #[must_use]
    pub fn before(events: usize) -> Self {
        Self { several: events > 1, ..Self::default() }
    }

    /// The next event comes: what was said of the last one is over.
    pub fn next_event(&mut self) {
        self.last = None;
    }

    /// The event was no event.
    pub fn reject(&mut self, reason: String) {
        self.rejected = Some(reason);
    }

    /// The event matched; this would be the title of an alert that begins with it.
    pub fn detect(&mut self, suppressed: bool, title: String) {
        self.matched += u64::from(!suppressed);
        self.last = Some(if suppressed { Last::Suppressed } else { Last::Matched(title) });
    }

    /// A window fired an alert with this title. The first one counts.
    pub fn fire(&mut self, title: &str) {
        self.fired.get_or_insert_with(|| title.to_owned());
    }

    /// The event could not be decided.
    pub fn doubt(&mut self) {
        self.last = Some(Last::Undecided);
    }

    /// Whether the test has several events, so that windows count.
    #[must_use]
    pub fn several(&self) -> bool {
        self.several
    }

    /// Whether nothing was noted of the last event.
    #[must_use]
    pub fn passed_by(&self) -> bool {
        self.last.is_none()
    }

    /// The word for what came of the events.
    #[must_use]
    pub fn outcome(&self) -> Expectation {
        match &self.last {
            Some(Last::Suppressed) => Expectation::Suppressed,
            Some(Last::Undecided) => Expectation::Undecided,
            _ if self.alerted() => Expectation::Alert,
            _ => Expectation::Nothing,
        }
    }

    /// Whether there is an alert: of one event, that it matched; of several, that they fired one.
    #[must_use]
    pub fn alerted(&self) -> bool {
        if self.several { self.fired.is_some() } else { matches!(self.last, Some(Last::Matched(_))) }
    }

    /// The title of the alert.
    #[must_use]
    pub fn title(&self) -> Option<&str> {
        match &self.last {
            _ if self.several => self.fired.as_deref(),
            Some(Last::Matched(title)) => Some(title),
            _ => None,
        }
    }

    /// How many events matched, where they were too few for an alert.
    #[must_use]
    pub fn below_threshold(&self) -> Option<u64> {
        (self.several && self.fired.is_none() && self.matched > 0).then_some(self.matched)
    }

    /// What is wrong; none for a test that passes.
    #[must_use]
    pub fn failure(&self, test: &RuleTest) -> Option<Failure<'_>> {
        if let Some(reason) = &self.rejected {
            return Some(Failure::Rejected(reason));
        }
        let got = self.outcome();
        // An alert that fired on the way counts, whatever the last event was.
        let alerted = test.expect == Expectation::Alert && self.alerted();
        if got != test.expect && !alerted {
            return Some(Failure::Outcome(got));
        }
        let wrong = test.title.is_some() && test.title.as_deref() != self.title();
        wrong.then(|| Failure::Title(self.title()))
    }
}

/// What the rule at a place of the engine makes of a test's events. Begins and ends without open windows.
pub fn run(engine: &mut Engine, column: usize, events: &[String]) -> Seen {
    let mut seen = Seen::before(events.len());
    for event in events {
        feed(engine, column, event.as_bytes(), &mut seen);
    }
    if seen.several {
        // The last call also sets time back: the next test's events may be older.
        while engine.windows().open_windows() > 0 {
            engine.flush(&mut Vec::<Json>::new());
        }
        engine.flush(&mut Vec::<Json>::new());
    }
    seen
}

fn feed(engine: &mut Engine, column: usize, event: &[u8], seen: &mut Seen) {
    seen.next_event();
    let mut detections: Vec<Detection> = Vec::new();
    let undecided = match engine.detect(event, &mut detections) {
        Ok(undecided) => undecided,
        Err(reject) => return seen.reject(reject.to_string()),
    };
    for detection in detections.into_iter().filter(|detection| detection.rule == column) {
        let (suppressed, title) = (detection.suppressed, detection.title.clone());
        if seen.several {
            let mut alerts: Vec<Json> = Vec::new();
            engine.observe(detection, &mut alerts);
            alerts
                .first()
                .and_then(|alert| alert.get("title")?.as_text())
                .into_iter()
                .for_each(|title| seen.fire(title));
        }
        seen.detect(suppressed, title);
    }
    let doubt = Hit { column, outcome: Outcome::Undecided };
    if seen.passed_by() && undecided > 0 && engine.verdicts(event).is_ok_and(|hits| hits.contains(&doubt)) {
        seen.doubt();
    }
}
