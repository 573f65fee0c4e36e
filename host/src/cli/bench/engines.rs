//! The stages that one engine does: scan, match, detect, windows. Each is given the pipeline's own batches, through the
//! calls that the pipeline makes.

use super::events::Events;
use super::probe::{Pass, Probe, Stage};
use crate::cli::clock::Start;
use crate::cli::windows::{Standing, WindowStage};
use anyhow::{Result, bail};
use oxpecker::pipeline::{Backend, Searcher, Task};
use oxpecker::sandbox::{Document, Kept, LoadRequest, MatchRecords};
use oxpecker_engine::rule::RuleSet;
use serde_json::json;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Keys of one rule that asks for paths and nothing else: a filter has a greatest length.
const KEYS_A_RULE: usize = 100;

/// A place where the engine runs.
pub(crate) struct Place {
    pub(crate) name: &'static str,
    pub(crate) backend: Backend,
    /// What reading and compiling the rules took.
    pub(crate) load: Duration,
}

impl Place {
    /// The module's hash; none without a module.
    pub(crate) fn hash(&self) -> Option<String> {
        match &self.backend {
            Backend::Sandbox(module, _) => Some(module.hash()),
            Backend::Native => None,
        }
    }
}

/// What all engines are measured with.
pub(crate) struct Work {
    pub(crate) events: Events,
    pub(crate) rules: LoadRequest,
    /// Rules that ask for the same keys and can match nothing.
    pub(crate) keys: LoadRequest,
    pub(crate) now: i64,
}

/// The keys that rules and their suppressions ask for.
pub(crate) fn keys(set: &RuleSet) -> BTreeSet<String> {
    let rules = set.rules.iter().map(|collected| &collected.rule);
    let filters = rules
        .flat_map(|rule| std::iter::once(&rule.filter).chain(rule.suppressions.iter().map(|hidden| &hidden.filter)));
    filters.flat_map(|filter| filter.predicates()).map(|predicate| predicate.operand.key.to_string()).collect()
}

/// Rules with these keys, of which none can be woken: each sleeps under a key that no event has. So every path of the
/// real rules is scanned out of the event, and no rule asks anything.
pub(crate) fn asleep(keys: &BTreeSet<String>, rules: &LoadRequest) -> LoadRequest {
    let keys: Vec<&String> = keys.iter().collect();
    let sleeping = keys.chunks(KEYS_A_RULE).enumerate().map(|(place, keys)| {
        let keys: Vec<String> = keys.iter().map(|key| format!("{key} exists")).collect();
        json!({
            "id": format!("keys-{place}"), "name": "Keys", "title": "Keys", "type": "CloudTrail", "severity": 3,
            "description": "Asks for keys.",
            "filter": format!("oxpecker_bench.no_event_has_this = \"x\" and ({})", keys.join(" or ")),
        })
    });
    // YAML takes JSON as it is.
    let text = json!({"ruleset": "keys", "rules": sleeping.collect::<Vec<_>>()}).to_string();
    let documents = vec![Document { name: "keys.yaml".to_owned(), text }];
    LoadRequest { documents, event_type: rules.event_type.clone(), ..LoadRequest::default() }
}

/// The probes of an engine; `told` gets the alerts of one pass.
pub(crate) fn probes<'e>(place: &mut Place, work: &'e Work, told: &Rc<RefCell<Vec<Kept>>>) -> Result<Vec<Probe<'e>>> {
    let mut asleep = place.backend.searcher(&work.keys)?.0;
    let start = Instant::now();
    let searcher = place.backend.searcher(&work.rules)?.0;
    place.load = start.elapsed();
    let searcher = Rc::new(RefCell::new(searcher));
    let scan = Probe::new(Stage::Scan, move || evaluate(asleep.as_mut(), Task::Search, work, None));
    let shared = Rc::clone(&searcher);
    let matching = Probe::new(Stage::Match, move || evaluate(shared.borrow_mut().as_mut(), Task::Search, work, None));
    let mut records = MatchRecords::default();
    evaluate(searcher.borrow_mut().as_mut(), Task::Detect, work, Some(&mut records))?;
    let detect = Probe::new(Stage::Detect, move || evaluate(searcher.borrow_mut().as_mut(), Task::Detect, work, None));
    let mut stage = WindowStage::new(place.backend.keeper(&work.rules)?, false, work.now);
    let told = Rc::clone(told);
    let windows = Probe::new(Stage::Windows, move || {
        let mut alerts = Vec::new();
        let pass = windows(&mut stage, &mut records, work, &mut alerts);
        *told.borrow_mut() = alerts;
        pass
    });
    Ok([scan, matching, detect, windows].map(|probe| probe.in_place(place.name)).into())
}

/// All events through an engine.
fn evaluate(
    searcher: &mut dyn Searcher,
    task: Task,
    work: &Work,
    mut records: Option<&mut MatchRecords>,
) -> Result<Pass> {
    let start = Start::now();
    let mut events = 0;
    for batch in &work.events.batches {
        let done = searcher.run(task, batch, work.now)?;
        if done.replaced > 0 {
            bail!("the sandbox failed on these events and was replaced: its time says nothing");
        }
        events += done.evaluated + done.rejected.len() as u64;
        if let Some(records) = &mut records {
            records.append(done.records)?;
        }
    }
    let took = start.gone();
    if events != work.events.events {
        bail!("{} events were given to the engine, and {events} came back", work.events.events);
    }
    Ok(Pass { took, events })
}

/// What was detected in all events, sorted and put through windows, as a replay does.
fn windows(stage: &mut WindowStage, records: &mut MatchRecords, work: &Work, alerts: &mut Vec<Kept>) -> Result<Pass> {
    let start = Start::now();
    let mut sink = |kept: Kept| {
        alerts.push(kept);
        Ok(())
    };
    let mut pieces = records.pieces()?;
    while let Some(lines) = pieces.next()? {
        let _: Standing = stage.take(lines, &mut sink)?;
    }
    stage.drain(&mut sink)?;
    stage.close(&mut sink)?;
    Ok(Pass { took: start.gone(), events: work.events.events })
}
