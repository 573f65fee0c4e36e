//! Real CloudTrail events through the shipped rules, in the sandbox and natively: the same verdicts, the same alerts.
//!
//! The events are those of the folder that `OXPECKER_DATA` names, else of `../shared/data` beside the repository, else
//! the sample that the repository carries.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot read its data has failed")]

use oxpecker::sandbox::{Batch, Document, Guard, Limits, LoadRequest, Module};
use oxpecker_engine::json::{self, Json};
use oxpecker_engine::matcher::Outcome;
use oxpecker_engine::{Engine, Request};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Events that go to the sandbox in one call.
const BATCH: usize = 128;

/// Searches beside the rules: the first holds for each of these events, the others take operators that no rule uses.
const FILTERS: [&str; 5] = [
    r#"event_type = "cloudtrail""#,
    r#"ip != "10.0.0.0/8" and user not in ("root", null)"#,
    r#"lower(eventName) matches "^(get|list)" or count(requestParameters) >= 3"#,
    r#"all(resources.ARN) starts_with "arn:" or mfaUsed = true or userIdentity.sessionContext exists"#,
    r#"length(userAgent) > 40 and not (readOnly = false) and eventTime < "2030-01-01T00:00:00Z""#,
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A folder that was named must have the events; one that was not may be missing.
fn events() -> Vec<Vec<u8>> {
    let named = std::env::var_os("OXPECKER_DATA").map(|folder| root().join(folder).join("cloudtrail.ndjson"));
    let path = named.unwrap_or_else(|| {
        let beside = root().join("../shared/data/cloudtrail.ndjson");
        if beside.is_file() { beside } else { root().join("rules/samples/cloudtrail.ndjson") }
    });
    let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let events: Vec<Vec<u8>> = lines.map(<[u8]>::to_vec).collect();
    // Not println: the number is to be seen although the test passes.
    let _ = writeln!(std::io::stderr(), "real events: {}", events.len());
    assert!(events.len() >= 200, "only {} events in {}", events.len(), path.display());
    events
}

fn rules() -> Vec<Document> {
    let entries = fs::read_dir(root().join("rules/cloudtrail")).expect("the shipped rules are there");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    let read = |path: &PathBuf| Document {
        name: path.display().to_string(),
        text: fs::read_to_string(path).expect("rules are text"),
    };
    paths.iter().map(read).collect()
}

fn native() -> Engine {
    let documents = rules().into_iter().map(|file| (file.name, file.text.into_bytes())).collect();
    let filters = FILTERS.map(str::to_owned).to_vec();
    let request = Request { documents, filters, ..Request::default() };
    Engine::load(&request).unwrap_or_else(|report| panic!("{:?}", report.problems)).0
}

fn sandboxed() -> Guard {
    let module = Module::shipped().expect("make build comes before the tests");
    let request =
        LoadRequest { documents: rules(), filters: FILTERS.map(str::to_owned).to_vec(), ..LoadRequest::default() };
    Guard::new(&module, Limits::default(), request).expect("the shipped rules load")
}

fn batches(events: &[Vec<u8>]) -> impl Iterator<Item = Batch> {
    events.chunks(BATCH).map(|chunk| {
        let mut batch = Batch::new();
        chunk.iter().for_each(|event| batch.push(event).expect("a short event"));
        batch
    })
}

#[test]
fn each_real_event_is_read_as_serde_json_reads_it() {
    for event in events() {
        let ours = Json::parse(&event, &json::Limits::default()).expect("a real event is JSON");
        let theirs: serde_json::Value = serde_json::from_slice(&event).expect("a real event is JSON");
        let written: serde_json::Value = serde_json::from_str(&ours.to_string()).expect("what is written is JSON");
        assert_eq!(written, theirs);
    }
}

#[test]
fn verdicts_on_real_events_are_the_same_in_the_sandbox() {
    let (mut native, mut sandboxed, events) = (native(), sandboxed(), events());
    let first_filter = native.columns() - FILTERS.len();
    let mut pairs = 0;
    for (number, batch) in batches(&events).enumerate() {
        let verdicts = sandboxed.evaluate(&batch).expect("an answer");
        assert_eq!((verdicts.evaluated, verdicts.rules()), (batch.len() as u64, native.columns()));
        for place in 0..batch.len() {
            let line = number * BATCH + place + 1;
            let hits = native.verdicts(batch.event(place).unwrap_or_default()).expect("a real event is an event");
            let having = |undecided: bool| {
                let same = hits.iter().filter(move |hit| (hit.outcome == Outcome::Undecided) == undecided);
                same.map(|hit| hit.column).collect::<Vec<_>>()
            };
            let undecided: Vec<_> = (0..verdicts.rules()).filter(|rule| verdicts.undecided(place, *rule)).collect();
            assert_eq!(verdicts.matches(place).collect::<Vec<_>>(), having(false), "line {line}");
            assert_eq!(undecided, having(true), "line {line}");
            assert!(verdicts.matched(place, first_filter), "line {line} is not of type cloudtrail");
            pairs += hits.len();
        }
    }
    assert!(pairs > 2 * events.len(), "the filters meet next to nothing: {pairs}");
    assert_eq!(sandboxed.replaced(), 0, "nothing went wrong on the way");
}

#[test]
fn alerts_of_real_events_are_the_same_in_the_sandbox() {
    let (mut native, mut sandboxed, events) = (native(), sandboxed(), events());
    let (mut here, mut there): (Vec<Json>, Vec<String>) = (Vec::new(), Vec::new());
    for event in &events {
        let mut detections = Vec::new();
        native.detect(event, &mut detections).expect("a real event is an event");
        detections.into_iter().for_each(|detection| native.observe(detection, &mut here));
    }
    while native.windows().open_windows() > 0 {
        native.flush(&mut here);
    }
    for batch in batches(&events) {
        let outcome = sandboxed.match_batch(&batch, i64::MIN).expect("an answer");
        assert_eq!((outcome.matches.rejected.len(), outcome.windows_lost, outcome.records_dropped), (0, 0, 0));
        there.extend(outcome.matches.alerts.iter().map(|record| record.line.to_owned()));
    }
    loop {
        let closed = sandboxed.flush().expect("an answer").alerts;
        if closed.is_empty() {
            break;
        }
        there.extend(closed.iter().map(|record| record.line.to_owned()));
    }
    let here: Vec<String> = here.iter().map(Json::to_string).collect();
    assert!(!here.is_empty(), "the shipped rules detect nothing");
    assert_eq!(here, there);
}
