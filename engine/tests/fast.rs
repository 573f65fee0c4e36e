//! The fast engine gives the reference evaluator's verdicts: on filters and events made by chance, and on real events with
//! the shipped rules.

#![expect(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test's helpers may panic")]

#[path = "../../tests/support/agree.rs"]
mod agree;
#[path = "../../tests/support/generate.rs"]
mod generate;
#[expect(dead_code, reason = "the smoke tests' loop is theirs: chance has its own here")]
#[path = "../../tests/support/mutate.rs"]
mod mutate;

use mutate::{Dice, mutate};
use oxpecker_engine::language::expr::Value;
use oxpecker_engine::lists::Lists;
use oxpecker_engine::rule;
use proptest::prelude::*;
use std::io::Write;
use std::path::Path;

fn lists() -> Lists {
    let mut lists = Lists::new();
    let text = |text: &str| Value::Text(text.to_owned());
    lists.insert(
        "admins",
        vec![text("a"), text("10.0.0.0/8"), text("100"), Value::Number("1".into()), Value::Bool(true), Value::Null],
    );
    lists
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn by_chance(
        filters in prop::collection::vec(generate::filter(), 1..6),
        events in prop::collection::vec(prop_oneof![generate::event(), generate::messy_event()], 1..5),
        event_type in prop::option::weighted(0.2, Just("a")),
    ) {
        // Each event twice, so that what is left of one is seen by the next.
        let events: Vec<&[u8]> = events.iter().chain(&events).map(String::as_bytes).collect();
        agree::check(&filters, &events, event_type, &lists());
    }

    #[test]
    fn by_chance_on_broken_events(
        filters in prop::collection::vec(generate::filter(), 1..3),
        good in generate::messy_event(),
        other in generate::messy_event(),
        chances in prop::collection::vec(any::<u64>(), 1..8),
    ) {
        let broken: Vec<Vec<u8>> =
            chances.into_iter().map(|chance| mutate(good.as_bytes(), other.as_bytes(), &mut Dice(chance))).collect();
        let events: Vec<&[u8]> = broken.iter().map(Vec::as_slice).chain([good.as_bytes()]).collect();
        agree::check(&filters, &events, None, &lists());
    }
}

/// The project's sample, and more where `OXPECKER_DATA` or the usual place has it.
fn events() -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let data = std::env::var_os("OXPECKER_DATA").map_or_else(|| root.join("../shared/data"), Into::into);
    let mut all = std::fs::read(root.join("rules/samples/cloudtrail.ndjson")).expect("the sample is there");
    match std::fs::read(data.join("cloudtrail.ndjson")) {
        Ok(more) => all.extend(more),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "no real events ({error}): the project's sample alone is used");
        }
    }
    all
}

/// Every rule of the repository, and every suppression, as filters.
fn shipped() -> (Vec<oxpecker_engine::language::Expr>, Lists) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules");
    let mut files = Vec::new();
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder of rules") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                files.push((path.display().to_string(), std::fs::read(&path).expect("a rule file")));
            }
        }
    }
    files.sort();
    let sources: Vec<rule::Source<'_>> = files.iter().map(|(name, bytes)| rule::Source { name, bytes }).collect();
    let (set, _) = rule::load(&sources, rule::ListValues::default(), &rule::Limits::default());
    let mut filters = Vec::new();
    for collected in &set.rules {
        filters.push(collected.rule.filter.clone());
        filters.extend(collected.rule.suppressions.iter().map(|hidden| hidden.filter.clone()));
    }
    (filters, Lists::from(set.lists.clone()))
}

#[test]
fn on_real_events_with_every_shipped_rule() {
    let events = events();
    let lines: Vec<&[u8]> = events.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    let (filters, lists) = shipped();
    assert!(filters.len() >= 39, "{}", filters.len());
    let compared = agree::check(&filters, &lines, None, &lists);
    let _ = writeln!(
        std::io::stderr(),
        "fast engine: {compared} verdicts of {} filters on {} events are the reference's",
        filters.len(),
        lines.len()
    );
}
