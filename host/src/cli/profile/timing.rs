//! What single rules and predicates take: each is compiled by itself and run over events by the native engine, whose
//! clock can be read; the module has none. The least of several rounds counts: all that can happen to a round makes it
//! longer.

use crate::cli::clock::Start;
use oxpecker_engine::language::{self, Expr};
use oxpecker_engine::lists::Lists;
use oxpecker_engine::matcher::{Hit, Matcher};
use oxpecker_engine::rule::Rule;
use oxpecker_engine::{Width, json};
use std::time::Duration;

const ROUNDS: usize = 7;

/// Of fewer events with a key, the clock cannot tell what asking takes.
const FEW: usize = 20;

/// Events to run things over.
pub(crate) struct Timing<'e> {
    pub(crate) events: Vec<&'e [u8]>,
    pub(crate) lists: Lists,
    pub(crate) event_type: Option<String>,
}

/// What asking a predicate takes.
pub(crate) struct Ask {
    pub(crate) nanoseconds: f64,
    /// The share of the events that have the key.
    pub(crate) present: f64,
}

impl Timing<'_> {
    /// Microseconds an event that each rule takes by itself, above what an engine without rules takes.
    pub(crate) fn rules(&self, rules: &[&Rule]) -> Vec<f64> {
        let matcher = |rules: &[&Rule]| {
            Matcher::new(rules.iter().copied(), &[], &self.lists, json::Limits::default(), Width::best())
        };
        let matchers = std::iter::once(matcher(&[])).chain(rules.iter().map(|rule| matcher(&[*rule])));
        let times = self.least(matchers.collect());
        let empty = times.first().copied().unwrap_or_default();
        times.iter().skip(1).map(|time| self.an_event(time.saturating_sub(empty))).collect()
    }

    /// What it takes to ask a predicate of a key, above asking whether the key has a value. `not (…)` can be woken by
    /// nothing, so the predicate is asked of every event. None where too few events have the key.
    pub(crate) fn ask(&self, predicate: &str) -> Option<Ask> {
        let asked = filter(&format!("not ({predicate})"))?;
        let key = asked.predicates().first()?.operand.key.to_string();
        let matcher = |filter: Expr| Matcher::new([], &[filter], &self.lists, json::Limits::default(), Width::best());
        let mut absent = matcher(filter(&format!("{key} = null"))?);
        let mut hits = Vec::new();
        let mut present = 0;
        for event in &self.events {
            let decided = absent.decide(event, self.event_type.as_deref(), &mut hits);
            present += usize::from(decided.is_ok() && hits.is_empty());
        }
        let times = self.least(vec![absent, matcher(asked)]);
        let (plain, whole) = (times.first()?, times.get(1)?);
        if present < FEW {
            return None;
        }
        let present = number(present) / number(self.events.len().max(1));
        Some(Ask { nanoseconds: self.an_event(whole.saturating_sub(*plain)) * 1e3 / present, present })
    }

    fn an_event(&self, time: Duration) -> f64 {
        time.as_secs_f64() * 1e6 / number(self.events.len().max(1))
    }

    /// For each matcher the least that all events took, in rounds that take turns.
    fn least(&self, mut matchers: Vec<Matcher>) -> Vec<Duration> {
        let mut times = vec![Duration::MAX; matchers.len()];
        let mut hits = Vec::new();
        for _ in 0..ROUNDS {
            for (matcher, time) in matchers.iter_mut().zip(&mut times) {
                *time = (*time).min(self.pass(matcher, &mut hits));
            }
        }
        times
    }

    fn pass(&self, matcher: &mut Matcher, hits: &mut Vec<Hit>) -> Duration {
        let start = Start::now();
        for event in &self.events {
            // What is no event costs what it costs.
            let _ = std::hint::black_box(matcher.decide(event, self.event_type.as_deref(), hits));
        }
        start.gone()
    }
}

fn filter(text: &str) -> Option<Expr> {
    language::parse(text, &language::Limits::default()).expr
}

#[expect(clippy::cast_precision_loss, reason = "a sample is small")]
fn number(count: usize) -> f64 {
    count as f64
}
