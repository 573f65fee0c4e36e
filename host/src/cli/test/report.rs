//! Test results as text, JSON and JUnit XML. What comes from rule files and events is escaped in each.

use super::{Gap, Results, TestResult};
use oxpecker::render::{safe, safe_lines};
use serde_json::{Value, json as object};
use std::fmt::Write;

/// One line a test, and under those that fail what is wrong.
pub(super) fn text(results: &Results<'_>, quiet: bool, colour: bool) -> String {
    let paint =
        |text: &str, code: &str| if colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() };
    let mut out = String::new();
    for result in &results.tests {
        let name = safe(&result.test.name);
        match &result.failure {
            // Writing to a String cannot fail.
            None if quiet => {}
            None => {
                let _ =
                    writeln!(out, "{}    {}: {name} ({})", paint("ok", "32"), result.rule, result.test.expect.as_str());
            }
            Some(failure) => {
                let place = format!("{}:{}:{}", safe(result.file), result.line, result.column);
                let _ = writeln!(out, "{}  {}: {name}\n      {place}", paint("FAIL", "1;31"), result.rule);
                for line in safe_lines(failure).lines() {
                    let _ = writeln!(out, "      {line}");
                }
            }
        }
    }
    if let Some(gaps) = &results.gaps {
        coverage(&mut out, gaps, results.rules);
    }
    out
}

fn coverage(out: &mut String, gaps: &[Gap<'_>], rules: usize) {
    let _ = writeln!(out, "{} of {rules} rules have a test that must alert and one that must not", rules - gaps.len());
    for gap in gaps {
        let _ = writeln!(out, "  {}: {}", gap.rule, missing(gap).join(", "));
    }
}

fn missing(gap: &Gap<'_>) -> Vec<&'static str> {
    let alert = gap.no_alert.then_some("no test that must alert");
    let quiet = gap.no_quiet.then_some("no test that must not");
    alert.into_iter().chain(quiet).collect()
}

/// One document with all results.
pub(super) fn json(results: &Results<'_>) -> String {
    let mut report = object!({
        "passed": results.tests.len() - results.failed(),
        "failed": results.failed(),
        "rules": results.rules,
        "seconds": results.took.as_secs_f64(),
        "tests": results.tests.iter().map(record).collect::<Vec<_>>(),
    });
    if let (Some(gaps), Some(fields)) = (&results.gaps, report.as_object_mut()) {
        let gap = |gap: &Gap<'_>| object!({"rule": gap.rule, "has_alert": !gap.no_alert, "has_quiet": !gap.no_quiet});
        fields.insert("gaps".into(), gaps.iter().map(gap).collect());
    }
    format!("{report:#}\n")
}

fn record(result: &TestResult<'_>) -> Value {
    object!({
        "file": result.file,
        "line": result.line,
        "rule": result.rule,
        "test": result.test.name,
        "passed": result.failure.is_none(),
        "expected": result.test.expect.as_str(),
        "got": result.got.as_str(),
        "expected_title": result.test.title,
        "title": result.title,
        "failure": result.failure,
    })
}

/// JUnit XML: a suite a rule file, a case a test.
pub(super) fn junit(results: &Results<'_>) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let (all, failed) = (results.tests.len(), results.failed());
    let seconds = results.took.as_secs_f64();
    let _ = writeln!(out, "<testsuites name=\"oxpecker\" tests=\"{all}\" failures=\"{failed}\" time=\"{seconds:.3}\">");
    for suite in results.tests.chunk_by(|left, right| left.file == right.file) {
        let failed = suite.iter().filter(|result| result.failure.is_some()).count();
        let seconds: f64 = suite.iter().map(|result| result.took.as_secs_f64()).sum();
        let (name, all) = (attribute(suite.first().map_or("", |result| result.file)), suite.len());
        let _ = writeln!(
            out,
            "  <testsuite name=\"{name}\" tests=\"{all}\" failures=\"{failed}\" errors=\"0\" skipped=\"0\" time=\"{seconds:.3}\">"
        );
        suite.iter().for_each(|result| case(&mut out, result));
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn case(out: &mut String, result: &TestResult<'_>) {
    let (rule, name, file) = (attribute(result.rule), attribute(&result.test.name), attribute(result.file));
    let (line, seconds) = (result.line, result.took.as_secs_f64());
    let _ = write!(
        out,
        "    <testcase classname=\"{rule}\" name=\"{name}\" file=\"{file}\" line=\"{line}\" time=\"{seconds:.6}\""
    );
    match &result.failure {
        None => out.push_str("/>\n"),
        Some(failure) => {
            let message = attribute(failure.lines().next().unwrap_or_default());
            let _ = writeln!(out, ">\n      <failure message=\"{message}\">{}</failure>", xml(&safe_lines(failure)));
            out.push_str("    </testcase>\n");
        }
    }
}

fn attribute(text: &str) -> String {
    xml(&safe(text))
}

/// What XML gives a meaning. Characters that XML cannot hold at all are escaped before.
fn xml(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    text.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}
