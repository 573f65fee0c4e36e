//! One stage of the engine, for callgrind to count the instructions of: `instructions STAGE`. What is counted is inside of
//! `measured`; the program prints of how many events or rules that is. `.ci/instructions` runs all stages.

#![expect(clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a program for one script")]

#[expect(dead_code, reason = "counted is what is the same everywhere: the sample")]
#[path = "../../tests/support/rulesets.rs"]
mod rulesets;

use oxpecker_engine::window::Told;
use oxpecker_engine::{Engine, Request, Width};
use std::hint::black_box;

const SIX_PATHS: &str = r#"eventName = "NoSuchCall" and eventSource exists and userIdentity.type exists and sourceIPAddress exists and errorCode exists and requestParameters.bucketName exists"#;
const MANY: usize = 1_000;

/// Collecting begins and ends with this function.
#[inline(never)]
fn measured(work: &mut dyn FnMut()) {
    work();
}

fn generated() -> Vec<(String, Vec<u8>)> {
    vec![("generated.yaml".to_owned(), rulesets::generated(MANY).into_bytes())]
}

fn load(documents: Vec<(String, Vec<u8>)>, filters: &[&str], width: Width) -> Engine {
    let filters = filters.iter().map(|filter| (*filter).to_owned()).collect();
    Engine::load(&Request { documents, filters, width, ..Request::default() }).expect("rules are sound").0
}

/// Counts a pass over the sample, after one that nobody counts; gives how many events that is.
fn decide(mut engine: Engine) -> usize {
    let sample = rulesets::sample();
    let events = rulesets::lines(&sample);
    let mut pass = || {
        for event in &events {
            let _ = black_box(engine.verdicts(event));
        }
    };
    pass();
    measured(&mut pass);
    events.len()
}

/// Counts a pass over the sample into windows, as in a shipper; gives how many events that is.
fn watch(mut engine: Engine) -> usize {
    let sample = rulesets::sample();
    let events = rulesets::lines(&sample);
    engine.prepare();
    engine.tell(Told::Fired);
    let mut alerts = String::new();
    measured(&mut || events.iter().for_each(|event| engine.watch(event, |_| {}, &mut alerts).expect("an event")));
    black_box(alerts);
    events.len()
}

/// Counts loading; gives how many rules that is.
fn loading(documents: Vec<(String, Vec<u8>)>) -> usize {
    let request = Request { documents, width: Width::Native, ..Request::default() };
    let mut rules = 0;
    measured(&mut || rules = Engine::load(&request).expect("rules are sound").0.columns());
    rules
}

fn main() {
    let stage = std::env::args().nth(1).unwrap_or_default();
    // The vectors that every x86-64 and aarch64 has, and those of machines without any: the same wherever it runs.
    let count = match stage.as_str() {
        "scan" => decide(load(Vec::new(), &[SIX_PATHS], Width::Native)),
        "scan-words" => decide(load(Vec::new(), &[SIX_PATHS], Width::Word)),
        "decide-shipped" => decide(load(rulesets::shipped(), &[], Width::Native)),
        "decide-1000" => decide(load(generated(), &[], Width::Native)),
        "watch-shipped" => watch(load(rulesets::shipped(), &[], Width::Native)),
        "load-shipped" => loading(rulesets::shipped()),
        "load-1000" => loading(generated()),
        other => panic!("no stage is called {other}"),
    };
    println!("{count}");
}
