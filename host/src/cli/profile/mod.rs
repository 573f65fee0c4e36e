//! `replay --profile`: which rules and predicates cost most, and why.
//!
//! How often is counted by the engine that ran, over all events; how long is measured afterwards, natively, over a sample
//! of them.

mod counted;
mod sample;
mod timing;

pub(crate) use sample::Sample;

use super::loaded::Loaded;
use super::out;
use counted::{Counted, RuleCount, kinds};
use indicatif::HumanCount;
use oxpecker::render::safe;
use oxpecker_engine::rule::Rule;
use serde_json::Value;
use std::collections::BTreeMap;
use timing::Timing;

/// How many of each are told.
const TOLD: usize = 10;

/// How many of each are measured: those that, by the counts, may be among the costliest.
const MEASURED: usize = 40;

/// Tells of the costliest rules and predicates.
pub(crate) fn tell(stats: &[Value], loaded: &Loaded, sample: &Sample, event_type: Option<String>) {
    let counted = Counted::of(stats);
    let timing = Timing { events: sample.events(), lists: loaded.lists(), event_type };
    if counted.evaluated == 0 || timing.events.is_empty() {
        out::say("profile: no events were evaluated");
        return;
    }
    let each = |number: u64| counted.share(number);
    out::say(&format!(
        "\nprofile: {:.2} predicates asked and {:.2} rules woken an event (one worker)",
        each(counted.asked),
        each(counted.woken)
    ));
    rules(&counted, loaded, &timing);
    predicates(&counted, &timing);
}

fn rules(counted: &Counted, loaded: &Loaded, timing: &Timing<'_>) {
    let known: BTreeMap<&str, &Rule> =
        loaded.set.rules.iter().map(|collected| (collected.rule.id.as_str(), &collected.rule)).collect();
    let mut likely: Vec<(f64, &RuleCount, &Rule)> = counted
        .rules
        .values()
        .filter_map(|count| known.get(count.id.as_str()).map(|rule| (counted.weight(count, rule), count, *rule)))
        .collect();
    likely.sort_by(|left, right| right.0.total_cmp(&left.0));
    likely.truncate(MEASURED);
    let measured: Vec<&Rule> = likely.iter().map(|(_, _, rule)| *rule).collect();
    let mut costs: Vec<(f64, &RuleCount, &Rule)> =
        timing.rules(&measured).into_iter().zip(likely).map(|(cost, (_, count, rule))| (cost, count, rule)).collect();
    costs.sort_by(|left, right| right.0.total_cmp(&left.0));
    out::say(&format!(
        "\ncostliest rules, in µs an event: each by itself, reading its keys included, above an engine without rules\n  \
        ({} in the native engine; together rules cost less, since they share keys and predicates)",
        events(timing)
    ));
    for (cost, count, rule) in costs.into_iter().take(TOLD) {
        out::say(&format!(
            "  {cost:>7.3}  {}: ran for {} of the events, matched {}",
            safe(&rule.id),
            percent(counted.share(count.woken)),
            percent(counted.share(count.matched)),
        ));
        out::say(&format!("           {}", safe(&count.why())));
        let kinds = kinds(std::iter::once(&rule.filter).chain(rule.suppressions.iter().map(|hidden| &hidden.filter)));
        if !kinds.is_empty() {
            out::say(&format!("           costly in it: {}", kinds.join(", ")));
        }
    }
}

fn predicates(counted: &Counted, timing: &Timing<'_>) {
    let asked = counted.predicates.iter().filter(|(_, asked)| **asked > 0);
    let mut likely: Vec<(f64, &String, u64)> =
        asked.map(|(text, asked)| (counted::ask_weight(text, *asked), text, *asked)).collect();
    likely.sort_by(|left, right| right.0.total_cmp(&left.0));
    likely.truncate(MEASURED);
    let mut costs: Vec<(f64, f64, f64, &String)> = likely
        .into_iter()
        .filter_map(|(_, text, asked)| {
            let ask = timing.ask(text)?;
            let asked = counted.share(asked);
            // It can have been asked more often than its key was there; asking of nothing costs next to nothing.
            Some((ask.nanoseconds * asked.min(ask.present) / 1e3, ask.nanoseconds, asked, text))
        })
        .collect();
    costs.sort_by(|left, right| right.0.total_cmp(&left.0));
    out::say(&format!(
        "\ncostliest predicates, in µs an event: how often each was asked, times what asking takes where the event has\n  \
        the key ({} in the native engine); predicates that are looked up in tables are not asked",
        events(timing)
    ));
    for (cost, nanoseconds, asked, text) in costs.into_iter().take(TOLD) {
        out::say(&format!("  {cost:>7.3}  asked of {} at {nanoseconds:.0} ns: {}", percent(asked), safe(&short(text))));
    }
}

fn events(timing: &Timing<'_>) -> String {
    format!("measured on {} of the events", HumanCount(timing.events.len() as u64))
}

fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

/// A text for one line: a predicate may have thousands of values.
fn short(text: &str) -> String {
    const SHOWN: usize = 120;
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    let shown: String = text.chars().take(SHOWN).collect();
    format!("{shown}…")
}
