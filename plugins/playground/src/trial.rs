//! The tests inside rule files, run as `oxpecker test` runs them: one event says what the rule makes of it, several are
//! fed in order and an alert must fire on the way.

use crate::answer::{array, number, object, optional};
use crate::rules;
use crate::session::Question;
use oxpecker_engine::Engine;
use oxpecker_engine::detection::Detection;
use oxpecker_engine::event::Event;
use oxpecker_engine::explain::explain;
use oxpecker_engine::json::{Json, Limits};
use oxpecker_engine::lists::Lists;
use oxpecker_engine::matcher::{Hit, Outcome};
use oxpecker_engine::problem::Position;
use oxpecker_engine::rule::{self, Expectation, Rule, RuleTest};

/// What a rule made of a test's events.
#[derive(Default)]
struct Seen {
    last: Option<Last>,
    matched: u64,
    several: bool,
    fired: Option<String>,
    rejected: Option<String>,
}

enum Last {
    Matched(String),
    Suppressed,
    Undecided,
}

impl Seen {
    fn outcome(&self) -> Expectation {
        match &self.last {
            Some(Last::Suppressed) => Expectation::Suppressed,
            Some(Last::Undecided) => Expectation::Undecided,
            _ if self.alerted() => Expectation::Alert,
            _ => Expectation::Nothing,
        }
    }

    fn alerted(&self) -> bool {
        if self.several { self.fired.is_some() } else { matches!(self.last, Some(Last::Matched(_))) }
    }

    fn title(&self) -> Option<&str> {
        match &self.last {
            _ if self.several => self.fired.as_deref(),
            Some(Last::Matched(title)) => Some(title),
            _ => None,
        }
    }
}

/// `[{rule, name, expect, got, title, failure, line, event}]`
pub(crate) fn run(question: &Question) -> Json {
    let Ok((mut engine, _)) = Engine::load(&question.request()) else { return Json::Array(Vec::new()) };
    let sources: Vec<_> = question.files.iter().map(rules::source).collect();
    let (set, _) = rule::load(&sources, question.lists.clone(), &rule::Limits::default());
    let lists = Lists::from(set.lists.clone());
    let mut out = Vec::new();
    for (column, collected) in set.rules.iter().enumerate() {
        let file = question.files.get(collected.source).map_or(&[][..], |(_, bytes)| bytes);
        let file = std::str::from_utf8(file).unwrap_or_default();
        for test in &collected.rule.tests {
            let seen = feed(&mut engine, column, &test.events);
            out.push(told(&collected.rule, test, &seen, file, &lists));
        }
    }
    array(out)
}

fn feed(engine: &mut Engine, column: usize, events: &[String]) -> Seen {
    let mut seen = Seen { several: events.len() > 1, ..Seen::default() };
    for event in events {
        one(engine, column, event.as_bytes(), &mut seen);
    }
    // The next test starts with no open windows.
    while seen.several && engine.windows().open_windows() > 0 {
        engine.flush(&mut Vec::new());
    }
    seen
}

fn one(engine: &mut Engine, column: usize, event: &[u8], seen: &mut Seen) {
    seen.last = None;
    let mut detections: Vec<Detection> = Vec::new();
    if let Err(reject) = engine.detect(event, &mut detections) {
        seen.rejected = Some(reject.to_string());
        return;
    }
    for detection in detections.into_iter().filter(|detection| detection.rule == column) {
        let (suppressed, title) = (detection.suppressed, detection.title.clone());
        if seen.several {
            let mut alerts = Vec::new();
            engine.observe(detection, &mut alerts);
            let title = alerts.first().and_then(|alert| alert.get("title")?.as_text());
            seen.fired = seen.fired.take().or(title.map(str::to_owned));
        }
        seen.matched += u64::from(!suppressed);
        seen.last = Some(if suppressed { Last::Suppressed } else { Last::Matched(title) });
    }
    let undecided = Hit { column, outcome: Outcome::Undecided };
    if seen.last.is_none() && engine.verdicts(event).is_ok_and(|hits| hits.contains(&undecided)) {
        seen.last = Some(Last::Undecided);
    }
}

fn told(rule: &Rule, test: &RuleTest, seen: &Seen, file: &str, lists: &Lists) -> Json {
    object([
        ("rule", Json::from(rule.id.as_str())),
        ("name", Json::from(test.name.as_str())),
        ("expect", Json::from(test.expect.as_str())),
        ("got", Json::from(seen.outcome().as_str())),
        ("title", optional(seen.title())),
        ("failure", optional(failure(rule, test, seen, lists).as_deref())),
        ("line", number(Position::of(file, test.span).line)),
        ("events", array(test.events.iter().map(|event| Json::from(event.as_str())))),
    ])
}

fn failure(rule: &Rule, test: &RuleTest, seen: &Seen, lists: &Lists) -> Option<String> {
    if let Some(rejected) = &seen.rejected {
        return Some(format!("the event was rejected: {rejected}"));
    }
    let got = seen.outcome();
    let alerted = test.expect == Expectation::Alert && seen.alerted();
    if got != test.expect && !alerted {
        let mut words = format!("expected {}, got {}", test.expect.as_str(), got.as_str());
        if seen.several && seen.fired.is_none() && seen.matched > 0 {
            words.push_str(&format!("; {} matched, the threshold is {}", seen.matched, rule.threshold));
        } else if let Some(reason) = reason(rule, test, lists) {
            words.push_str(&format!("; {reason}"));
        }
        return Some(words);
    }
    match (&test.title, seen.title()) {
        (None, _) => None,
        (Some(title), Some(found)) if title == found => None,
        (Some(title), Some(found)) => Some(format!("expected the title “{title}”, but it is “{found}”")),
        (Some(title), None) => Some(format!("expected the title “{title}”, but there is no alert")),
    }
}

/// The predicates that kept the last event from matching.
fn reason(rule: &Rule, test: &RuleTest, lists: &Lists) -> Option<String> {
    let event = Event::parse(test.events.last()?.as_bytes(), &Limits::default(), None).ok()?;
    let explained = explain(&rule.filter, &event, lists);
    let parts = oxpecker_engine::explain::nearest_miss(&explained).into_iter().filter_map(|way| {
        let part = way.iter().try_fold(&explained, |part, place| part.children.get(*place))?;
        let found = part.note.map_or_else(|| part.values.join(", "), str::to_owned);
        Some(format!("{} is false ({found})", part.text))
    });
    let parts: Vec<String> = parts.take(3).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}
