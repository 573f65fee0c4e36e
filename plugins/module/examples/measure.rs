//! What detections cost natively: `measure FILE` takes events, one a line, and prints microseconds an event.
//!
//! One rule matches nothing, one everything; the difference is what a match leaves behind.
#![expect(clippy::print_stdout, clippy::expect_used, reason = "a tool for developers")]

use oxpecker_module::{Session, Status};
use std::time::Instant;

const BATCH: usize = 128 << 10;
const ROUNDS: u32 = 4;

fn session(filter: &str, threshold: u32) -> Session {
    let rule = format!(
        "{{\"documents\":[{{\"name\":\"r\",\"text\":\"ruleset: m\\nrules:\\n  - {{id: r, name: R, title: '{{{{eventName}}}} by {{{{user}}}}', type: CloudTrail, severity: 1, description: d, filter: '{filter}', aggregate: [eventName], threshold: {threshold}}}\\n\"}}]}}"
    );
    let mut session = Session::new();
    assert_eq!(session.load(rule.as_bytes()), Status::Ok, "{}", String::from_utf8_lossy(session.result()));
    session
}

/// Batches of format 1.
fn batches(text: &[u8]) -> Vec<Vec<u8>> {
    let mut batches: Vec<Vec<u8>> = Vec::new();
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        if batches.last().is_none_or(|batch| batch.len() > BATCH) {
            batches.push([&[1u8][..], &[0; 15]].concat());
        }
        batches.last_mut().expect("one was pushed").extend_from_slice(line);
    }
    batches
}

fn taken(status: Status) {
    assert_eq!(status, Status::Ok);
}

/// The body of the answer to a batch.
fn body(session: &Session) -> Vec<u8> {
    let rejected = session.result().get(4..8).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_le_bytes);
    session.result().get(16 + 12 * rejected as usize..).unwrap_or_default().to_vec()
}

fn main() {
    let path = std::env::args().nth(1).expect("a file of events");
    let text = std::fs::read(path).expect("the file can be read");
    let events = text.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).count();
    let batches = batches(&text);
    let report = |what: &str, run: &mut dyn FnMut()| {
        run();
        let mut best = f64::MAX;
        for _ in 0..ROUNDS {
            let start = Instant::now();
            run();
            best = best.min(start.elapsed().as_secs_f64());
        }
        println!("{what:28} {:8.2} µs an event", best * 1e6 / events as f64);
    };
    let mut nothing = session("eventName = \\\"nothing of the kind\\\"", 1);
    report("eval, nothing matches", &mut || batches.iter().for_each(|batch| taken(nothing.eval(batch))));
    let mut all = session("eventName exists or eventName not exists", 1);
    report("eval, all match", &mut || batches.iter().for_each(|batch| taken(all.eval(batch))));
    report("detect, all match", &mut || batches.iter().for_each(|batch| taken(all.detect(batch, i64::MIN))));
    let mut lines = Vec::new();
    for batch in &batches {
        all.detect(batch, i64::MIN);
        lines.push(body(&all));
    }
    report("window, a new keeper", &mut || {
        let mut keeper = session("eventName exists or eventName not exists", 1);
        lines.iter().for_each(|lines| taken(keeper.window(lines, i64::MIN)));
    });
    report("window, no alerts", &mut || {
        let mut keeper = session("eventName exists or eventName not exists", 1_000_000);
        lines.iter().for_each(|lines| taken(keeper.window(lines, i64::MIN)));
    });
    let sorted = {
        let mut lines: Vec<&[u8]> = lines.iter().flat_map(|body| body.split_inclusive(|byte| *byte == b'\n')).collect();
        lines.sort_unstable();
        lines.concat()
    };
    report("window, sorted", &mut || {
        let mut keeper = session("eventName exists or eventName not exists", 1);
        keeper.window(&sorted, i64::MIN);
        while !keeper.result().is_empty() {
            keeper.flush();
        }
    });
}
