//! The conformance corpus under WAMR, through the host ABI, at the settings that our configuration asks for.

mod common;
#[path = "../../support/corpus.rs"]
mod corpus;

use common::{host, module};
use corpus::{Expected, Paragraph};
use oxpecker_wamr::{DEFAULT, DOCUMENTED, Host, Sizes};
use serde_json::{Value, json};
use std::io::Write;

/// The number of cases that every engine and host must run.
const CASES: usize = include!("../../conformance/CASES");
/// The reasons for rejecting, by their numbers from 1.
const REASONS: [&str; 7] =
    ["invalid-json", "invalid-utf8", "lone-surrogate", "too-deep", "not-an-object", "too-large", "too-many-values"];

#[test]
fn the_corpus_holds_at_the_documented_settings() {
    the_corpus_holds("at the documented settings", DOCUMENTED);
}

#[test]
fn the_corpus_holds_on_the_stack_that_fluent_bit_gives_by_default() {
    the_corpus_holds("at Fluent Bit's defaults", DEFAULT);
}

fn the_corpus_holds(settings: &str, sizes: Sizes) {
    let mut host = host(&module(), sizes);
    let (mut failures, mut cases) = (Vec::new(), 0);
    for paragraph in corpus::read() {
        cases += paragraph.cases();
        if let Err(what) = check(&mut host, &paragraph) {
            failures.push(format!("{}: {}\n  {what}", paragraph.place, paragraph.why));
        }
    }
    // Not println: the number is to be seen although the test passes.
    let _ = writeln!(std::io::stderr(), "conformance: {cases} cases under WAMR {settings}, {} failed", failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_eq!(cases, CASES, "tests/conformance/CASES says how many cases there are");
}

fn check(host: &mut Host, paragraph: &Paragraph) -> Result<(), String> {
    let mut request = json!({"filters": [paragraph.filter], "event_type": paragraph.event_type}).to_string();
    if let Some(lists) = &paragraph.lists {
        // As they are written: a number must not pass through a float.
        request.insert_str(1, &format!("\"lists\":{lists},"));
    }
    let (status, report) = host.abi("ox_load", request.as_bytes(), &[])?;
    if !matches!(status, 0 | -5) {
        return Err(format!("loading gives {status}"));
    }
    let report: Value = serde_json::from_slice(&report).map_err(|error| error.to_string())?;
    check_problems(paragraph, &report)?;
    for (expected, event) in &paragraph.events {
        let found = verdict(host, event)?;
        if found != *expected {
            return Err(format!("{expected:?} expected, {found:?} for {}", String::from_utf8_lossy(event)));
        }
    }
    Ok(())
}

fn check_problems(paragraph: &Paragraph, report: &Value) -> Result<(), String> {
    let problems = report["problems"].as_array().cloned().unwrap_or_default();
    let mut found: Vec<&str> = problems.iter().filter_map(|problem| problem["code"].as_str()).collect();
    let mut wanted: Vec<&str> = paragraph.problems.iter().map(|(code, _)| code.as_str()).collect();
    if wanted.is_empty() {
        found = problems.iter().filter(|p| p["severity"] == "error").filter_map(|p| p["code"].as_str()).collect();
    }
    found.sort_unstable();
    wanted.sort_unstable();
    if found == wanted { Ok(()) } else { Err(format!("problems {found:?}, expected {wanted:?}")) }
}

fn verdict(host: &mut Host, event: &[u8]) -> Result<Expected, String> {
    let mut batch = vec![2, 0, 0, 0, 0, 0, 0, 0];
    batch.extend(i64::MIN.to_le_bytes());
    batch.extend((event.len() as u32).to_le_bytes());
    batch.extend(event);
    let (status, answer) = host.abi("ox_eval", &batch, &[])?;
    if status != 0 {
        return Err(format!("ox_eval gives {status}"));
    }
    let number = |at: usize| u32::from_le_bytes(answer[at..at + 4].try_into().expect("four bytes"));
    match (number(0), number(4)) {
        (1, 0) => Ok(match (answer[16] & 1, answer[17] & 1) {
            (1, _) => Expected::Yes,
            (_, 1) => Expected::Undecided,
            _ => Expected::No,
        }),
        (0, 1) => Ok(Expected::Reject(REASONS[number(24) as usize - 1].to_owned())),
        other => Err(format!("{other:?} of one event")),
    }
}
