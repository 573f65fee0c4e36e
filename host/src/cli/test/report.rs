//! Test results as text, JSON and JUnit XML. What comes from rule files and events is escaped in each.

use super::quality::{Covered, Gap, Mutated, Unnoticed, Unseen};
use super::{Results, TestResult};
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
    if let Some((covered, _)) = &results.covered {
        coverage(&mut out, covered, results.rules);
    }
    if let Some((mutated, _)) = &results.mutated {
        mutation(&mut out, mutated);
    }
    out
}

fn coverage(out: &mut String, covered: &Covered<'_>, rules: usize) {
    for gap in &covered.gaps {
        for words in missing(gap) {
            let _ = writeln!(out, "{}: {words}", gap.rule);
        }
        for unseen in &gap.unseen {
            let _ = writeln!(out, "{}: {}\n      {}", gap.rule, unseen.never(), unseen_at(unseen));
        }
    }
    let tested = covered.gaps.iter().filter(|gap| gap.no_alert || gap.no_quiet).count();
    let open = covered.gaps.iter().map(|gap| gap.unseen.len()).sum::<usize>();
    let _ = writeln!(
        out,
        "{} of {rules} rules have a test that must alert and one that must not\n\
         {} of {} predicates were seen true and false\ncoverage: {:.1} %",
        rules - tested,
        covered.predicates - open,
        covered.predicates,
        covered.share.percent(),
    );
}

fn mutation(out: &mut String, mutated: &Mutated<'_>) {
    for change in &mutated.unnoticed {
        let place = format!("{}:{}:{}", safe(&change.spot.file), change.spot.line, change.spot.column);
        let _ = writeln!(out, "{}: no test notices\n      {place}  {}", change.rule, safe(&arrow(change)));
    }
    let _ = writeln!(
        out,
        "{} of {} changes were not noticed: {:.1} %",
        mutated.share.part,
        mutated.share.whole,
        mutated.share.percent()
    );
}

/// Where a predicate is, and what it asks.
fn unseen_at(unseen: &Unseen) -> String {
    let spot = &unseen.spot;
    format!("{}:{}:{}  {}", safe(&spot.file), spot.line, spot.column, safe(&unseen.text))
}

/// `before → after`, long sides cut to what differs.
fn arrow(change: &Unnoticed<'_>) -> String {
    if change.after.is_empty() {
        return format!("{} → dropped", cut(&change.before));
    }
    format!("{} → {}", cut(&change.before), cut(&change.after))
}

/// How many characters of a side of a change are shown to people.
const SHOWN: usize = 120;

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
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
    let Some(fields) = report.as_object_mut() else { return String::new() };
    if let Some((covered, _)) = &results.covered {
        let share = covered.share;
        let totals = object!({"wanted": share.whole, "shown": share.part, "percent": share.percent(),
            "predicates": covered.predicates});
        fields.insert("coverage".into(), totals);
        fields.insert("gaps".into(), covered.gaps.iter().map(gap).collect());
    }
    if let Some((mutated, _)) = &results.mutated {
        let share = mutated.share;
        let totals = object!({"changes": share.whole, "unnoticed": share.part, "percent": share.percent()});
        fields.insert("mutation".into(), totals);
        fields.insert("unnoticed".into(), mutated.unnoticed.iter().map(change).collect());
    }
    format!("{report:#}\n")
}

fn gap(gap: &Gap<'_>) -> Value {
    let unseen = gap.unseen.iter().map(|unseen| {
        let spot = &unseen.spot;
        object!({"file": spot.file, "line": spot.line, "column": spot.column, "predicate": unseen.text,
            "seen_true": unseen.held, "seen_false": unseen.failed})
    });
    object!({"rule": gap.rule, "has_alert": !gap.no_alert, "has_quiet": !gap.no_quiet,
        "unseen": unseen.collect::<Vec<_>>()})
}

fn change(change: &Unnoticed<'_>) -> Value {
    let spot = &change.spot;
    let after = (!change.after.is_empty()).then_some(&change.after);
    object!({"rule": change.rule, "file": spot.file, "line": spot.line, "column": spot.column,
        "before": change.before, "after": after})
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
    let asked = usize::from(results.covered.is_some()) + usize::from(results.mutated.is_some());
    let missed = usize::from(!results.covers()) + usize::from(!results.notices());
    let (all, failed) = (results.tests.len() + asked, results.failed() + missed);
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
    if let Some((covered, _)) = &results.covered {
        let lines = covered.gaps.iter().flat_map(|gap| {
            let tests = missing(gap).into_iter().map(str::to_owned);
            let predicates = gap.unseen.iter().map(|unseen| format!("{}: {}", unseen.never(), unseen_at(unseen)));
            tests.chain(predicates).map(|line| format!("{}: {line}", gap.rule))
        });
        worth(&mut out, "coverage", covered.share.percent(), results.covers(), lines);
    }
    if let Some((mutated, _)) = &results.mutated {
        let lines = mutated.unnoticed.iter().map(|change| {
            let spot = &change.spot;
            format!("{}: {}:{}:{}  {}", change.rule, spot.file, spot.line, spot.column, arrow(change))
        });
        worth(&mut out, "unnoticed changes", mutated.share.percent(), results.notices(), lines);
    }
    out.push_str("</testsuites>\n");
    out
}

/// A suite of one case: how much the tests are worth. It fails where a limit is missed.
fn worth(out: &mut String, name: &str, percent: f64, kept: bool, lines: impl Iterator<Item = String>) {
    let failures = usize::from(!kept);
    let _ =
        writeln!(out, "  <testsuite name=\"{name}\" tests=\"1\" failures=\"{failures}\" errors=\"0\" skipped=\"0\">");
    let _ = writeln!(out, "    <testcase classname=\"oxpecker\" name=\"{name}: {percent:.1} %\">");
    let text: Vec<String> = lines.map(|line| xml(&safe(&line))).collect();
    let text = text.join("\n");
    let _ = if kept {
        writeln!(out, "      <system-out>{text}</system-out>")
    } else {
        writeln!(out, "      <failure message=\"{name}: {percent:.1} %\">{text}</failure>")
    };
    out.push_str("    </testcase>\n  </testsuite>\n");
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
