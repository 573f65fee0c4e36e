//! The places where bytes from outside enter the engine, each as a function of bytes that panics when something does
//! not hold. Fuzz targets and tests call the same functions.

use oxpecker_engine::json::{Json, Limits, RejectReason};
use oxpecker_engine::language::{self, Expr};
use oxpecker_engine::problem::Diagnostic;
use oxpecker_engine::rule;

/// A filter: never a panic; problems stand inside the text; what is printed reads as the same filter again.
pub(crate) fn filter(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let parsed = language::parse(&text, &language::Limits::default());
    assert!(
        parsed.expr.is_some() || parsed.problems.iter().any(Diagnostic::is_error),
        "nothing, and nothing said of it"
    );
    inside(&text, &parsed.problems);
    let Some(expr) = parsed.expr else { return };
    let mut problems = Vec::new();
    language::check(&expr, &["admins"], &mut problems);
    inside(&text, &problems);
    same_when_printed(&expr);
}

/// Only where the source is long does its canonical form pass the limit that the source kept.
fn same_when_printed(expr: &Expr) {
    let limits = language::Limits { length: usize::MAX, ..language::Limits::default() };
    let printed = expr.to_string();
    let again = language::parse(&printed, &limits);
    let Some(read) = again.expr else { panic!("{printed}: {:?}", again.problems) };
    assert_eq!(read.to_string(), printed, "printed once more");
    let (mut first, mut second) = (expr.clone(), read);
    crate::spans::forget(&mut first);
    crate::spans::forget(&mut second);
    assert_eq!(first, second, "{printed}");
}

/// A rule file: never a panic; problems stand inside the file.
pub(crate) fn rule_file(data: &[u8]) {
    let document = rule::read(data, &["admins"], &rule::Limits::default());
    let text = std::str::from_utf8(data).unwrap_or_default();
    if text.len() == data.len() {
        inside(text, &document.problems);
    }
}

fn inside(text: &str, problems: &[Diagnostic]) {
    for problem in problems {
        let (start, end) = (problem.span.start, problem.span.end);
        assert!(start <= end && text.get(start..end).is_some(), "{problem:?} is not inside {text:?}");
        // Wording never fails either.
        let _ = (problem.problem.message(), problem.problem.help());
    }
}

/// An event: accepted exactly when serde_json accepts it, up to the limits that are ours, and with the same value.
pub(crate) fn event(data: &[u8]) {
    let limits = Limits::default();
    let ours = Json::parse(data, &limits);
    let theirs = serde_json::from_slice::<serde_json::Value>(data);
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => {
            let printed: serde_json::Value = serde_json::from_str(&ours.to_string()).expect("what is written is JSON");
            assert_eq!(printed, theirs);
            assert_eq!(Json::parse(ours.to_string().as_bytes(), &limits).as_ref(), Ok(&ours), "written and read again");
        }
        (Err(_), Err(_)) => {}
        // A number that no float holds is a number all the same.
        (Ok(_), Err(error)) => assert!(error.to_string().contains("number out of range"), "accepted, but {error}"),
        (Err(reject), Ok(_)) => {
            let own = [RejectReason::TooLarge, RejectReason::TooDeep, RejectReason::TooManyValues];
            assert!(own.contains(&reject.reason), "{reject}");
        }
    }
}
