//! The conformance corpus in the sandbox: the same cases through the ABI, in both modules under wasmtime.

#![expect(clippy::expect_used, reason = "a test that cannot read its data has failed")]

#[path = "../../tests/support/corpus.rs"]
mod corpus;

use corpus::{Expected, Paragraph};
use oxpecker::sandbox::{Batch, Limits, LoadRequest, Module, RejectReason, Sandbox, SandboxError};
use oxpecker_engine::json::RejectReason as EventReason;
use std::io::Write;

/// The number of cases that every engine and host must run.
const CASES: usize = include!("../../tests/conformance/CASES");

#[test]
fn the_corpus_holds_in_the_sandbox_with_vectors() {
    holds("oxpecker-simd.wasm", &Module::shipped().expect("make build comes before the tests"));
}

#[test]
fn the_corpus_holds_in_the_sandbox_without_vectors() {
    holds("oxpecker.wasm", &Module::plain().expect("make build comes before the tests"));
}

fn holds(name: &str, module: &Module) {
    let mut sandbox = Sandbox::new(module, Limits::default()).expect("an instance");
    let mut failures = Vec::new();
    let mut cases = 0;
    for paragraph in corpus::read() {
        cases += paragraph.cases();
        if let Err(what) = check(&mut sandbox, &paragraph) {
            failures.push(format!("{}: {}\n  {what}", paragraph.place, paragraph.why));
        }
    }
    // Not println: the number is to be seen although the test passes.
    let _ =
        writeln!(std::io::stderr(), "conformance: {cases} cases in the sandbox with {name}, {} failed", failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_eq!(cases, CASES, "tests/conformance/CASES says how many cases there are");
}

fn check(sandbox: &mut Sandbox, paragraph: &Paragraph) -> Result<(), String> {
    let request = LoadRequest {
        filters: vec![paragraph.filter.clone()],
        lists: paragraph.lists.as_deref().map(|text| serde_json::from_str(text).expect("JSON")).unwrap_or_default(),
        event_type: paragraph.event_type.clone(),
        ..LoadRequest::default()
    };
    let report = match sandbox.load(&request) {
        Ok(report) => report,
        Err(SandboxError::Rules(report)) => *report,
        Err(error) => return Err(error.to_string()),
    };
    let mut found: Vec<_> = report.problems.iter().map(|p| (p.line, p.column, p.code.as_str(), &p.severity)).collect();
    found.sort_by_key(|(line, column, ..)| (*line, *column));
    let codes: Vec<&str> = found.iter().map(|(_, _, code, _)| *code).collect();
    let mut wanted: Vec<&str> = paragraph.problems.iter().map(|(code, _)| code.as_str()).collect();
    if wanted.is_empty() {
        let errors: Vec<_> = found.iter().filter(|(.., severity)| *severity == "error").collect();
        if !errors.is_empty() {
            return Err(format!("unexpected {errors:?}"));
        }
    } else {
        // Two problems at one place have no order of their own here.
        let mut codes = codes;
        codes.sort_unstable();
        wanted.sort_unstable();
        if codes != wanted {
            return Err(format!("problems {codes:?}, expected {wanted:?}"));
        }
    }
    for (expected, event) in &paragraph.events {
        let verdict = verdict(sandbox, event)?;
        if verdict != *expected {
            return Err(format!("{expected:?} expected, {verdict:?} for {}", String::from_utf8_lossy(event)));
        }
    }
    Ok(())
}

fn verdict(sandbox: &mut Sandbox, event: &[u8]) -> Result<Expected, String> {
    let mut batch = Batch::new();
    batch.push(event).map_err(|error| error.to_string())?;
    let verdicts = sandbox.evaluate(&batch).map_err(|error| error.to_string())?;
    if let Some(rejected) = verdicts.rejected.first() {
        let RejectReason::Event(number) = rejected.reason else { return Err(format!("{rejected:?}")) };
        let code = EventReason::from_number(number).map_or("unknown", EventReason::code);
        return Ok(Expected::Reject(code.to_owned()));
    }
    Ok(match (verdicts.matched(0, 0), verdicts.undecided(0, 0)) {
        (true, _) => Expected::Yes,
        (_, true) => Expected::Undecided,
        _ => Expected::No,
    })
}
