//! How long the parts of a run take, natively: `make bench`. One number is of one pass over all events; divan gives
//! events and bytes a second beside it.

#![expect(clippy::expect_used, reason = "a bench's helpers may panic")]

#[path = "../../tests/support/rulesets.rs"]
mod rulesets;

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use oxpecker_engine::detection::Detection;
use oxpecker_engine::{Engine, Request, Width};
use std::sync::LazyLock;

static EVENTS: LazyLock<Vec<u8>> = LazyLock::new(rulesets::real);

const WIDTHS: [Width; 3] = [Width::Word, Width::Native, Width::Modern];

/// Keys of as many paths, and no call of that name: what is left is the scan.
const SIX_PATHS: &str = r#"eventName = "NoSuchCall" and eventSource exists and userIdentity.type exists and sourceIPAddress exists and errorCode exists and requestParameters.bucketName exists"#;

fn main() {
    divan::main();
}

fn load(documents: Vec<(String, Vec<u8>)>, filters: Vec<String>, width: Width) -> Engine {
    Engine::load(&Request { documents, filters, width, ..Request::default() }).expect("rules are sound").0
}

fn generated(count: usize) -> Vec<(String, Vec<u8>)> {
    vec![("generated.yaml".to_owned(), rulesets::generated(count).into_bytes())]
}

fn pass(bencher: Bencher<'_, '_>, mut engine: Engine) {
    let events = rulesets::lines(&EVENTS);
    let bencher = bencher.counter(ItemsCount::new(events.len())).counter(BytesCount::new(EVENTS.len()));
    bencher.bench_local(|| {
        for event in &events {
            let _ = black_box(engine.verdicts(black_box(event)));
        }
    });
}

#[divan::bench(args = WIDTHS)]
fn scan(bencher: Bencher<'_, '_>, width: Width) {
    pass(bencher, load(Vec::new(), vec![SIX_PATHS.to_owned()], width));
}

#[divan::bench]
fn decide_with_the_shipped_rules(bencher: Bencher<'_, '_>) {
    pass(bencher, load(rulesets::shipped(), Vec::new(), Width::best()));
}

#[divan::bench(args = [11, 200, 1_000, 10_000])]
fn decide_with_generated_rules(bencher: Bencher<'_, '_>, rules: usize) {
    pass(bencher, load(generated(rules), Vec::new(), Width::best()));
}

/// From bytes to what windows take: matching events are read a second time, into a tree.
#[divan::bench]
fn detect(bencher: Bencher<'_, '_>) {
    let mut engine = load(rulesets::shipped(), Vec::new(), Width::best());
    let events = rulesets::lines(&EVENTS);
    let bencher = bencher.counter(ItemsCount::new(events.len())).counter(BytesCount::new(EVENTS.len()));
    bencher.bench_local(|| {
        let mut detections = Vec::new();
        for event in &events {
            let _ = engine.detect(event, &mut detections);
        }
        detections
    });
}

/// The detections of the sample into windows, and the alerts out of them.
#[divan::bench]
fn windows(bencher: Bencher<'_, '_>) {
    let mut engine = load(rulesets::shipped(), Vec::new(), Width::best());
    let mut detections: Vec<Detection> = Vec::new();
    for event in rulesets::lines(&rulesets::sample()) {
        engine.detect(event, &mut detections).expect("an event");
    }
    assert!(!detections.is_empty(), "the sample has something in it");
    bencher.counter(ItemsCount::new(detections.len())).with_inputs(|| detections.clone()).bench_local_values(|all| {
        let mut alerts = Vec::new();
        all.into_iter().for_each(|detection| engine.observe(detection, &mut alerts));
        engine.flush(&mut alerts);
        alerts
    });
}

/// From YAML to an engine.
#[divan::bench(args = [11, 200, 1_000, 10_000], sample_count = 10)]
fn load_rules(bencher: Bencher<'_, '_>, rules: usize) {
    let documents = generated(rules);
    let bencher = bencher.counter(ItemsCount::new(rules)).with_inputs(|| documents.clone());
    bencher.bench_local_values(|documents| load(documents, Vec::new(), Width::best()));
}
