//! The conformance corpus on the engine as it is compiled into this test: verdicts, problems, canonical forms, and
//! `explain`, which folds its tree on its own.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot read its data has failed")]

#[expect(dead_code, reason = "whole filters are for the tests by chance")]
#[path = "../../tests/support/agree.rs"]
mod agree;
#[path = "../../tests/support/corpus.rs"]
mod corpus;

use corpus::{Expected, Paragraph};
use oxpecker_engine::event::Event;
use oxpecker_engine::explain::explain;
use oxpecker_engine::json::{self, Json};
use oxpecker_engine::language::expr::Value;
use oxpecker_engine::language::{self, Expr, Limits};
use oxpecker_engine::lists::Lists;
use oxpecker_engine::matcher::Matcher;
use oxpecker_engine::problem::Diagnostic;
use oxpecker_engine::reference::{Filter, Verdict};
use std::io::Write;

/// The number of cases that every engine and host must run.
const CASES: usize = include!("../../tests/conformance/CASES");

#[test]
fn the_corpus_holds() {
    let paragraphs = corpus::read();
    let mut failures = Vec::new();
    let mut cases = 0;
    for paragraph in &paragraphs {
        cases += paragraph.cases();
        check(paragraph, &mut failures);
    }
    // Not println: the number is to be seen although the test passes.
    let _ = writeln!(
        std::io::stderr(),
        "conformance: {cases} cases on the reference and on the fast engine with three kinds of vectors, {} failed",
        failures.len()
    );
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_eq!(cases, CASES, "tests/conformance/CASES says how many cases there are");
}

fn check(paragraph: &Paragraph, failures: &mut Vec<String>) {
    let mut fail = |what: String| {
        let filter: String = paragraph.filter.chars().take(200).collect();
        failures.push(format!("{}: {}\n  {filter}\n  {what}", paragraph.place, paragraph.why));
    };
    let lists = lists(paragraph);
    let parsed = language::parse(&paragraph.filter, &Limits::default());
    let mut problems = parsed.problems;
    if let Some(expr) = &parsed.expr {
        let names: Vec<&str> = lists.names().collect();
        language::check(expr, &names, &mut problems);
        problems.sort_by_key(|problem| (problem.span.start, problem.span.end));
    }
    if let Err(what) = check_problems(paragraph, &problems) {
        fail(what);
    }
    let Some(expr) = parsed.expr else {
        if !paragraph.events.is_empty() || paragraph.canonical.is_some() {
            fail(format!("the filter has errors: {problems:?}"));
        }
        return;
    };
    if let Some(canonical) = &paragraph.canonical
        && expr.to_string() != *canonical
    {
        fail(format!("printed as {expr}, not as {canonical}"));
    }
    for (expected, event) in &paragraph.events {
        let event_type = paragraph.event_type.as_deref();
        let found = [verdict(paragraph, &expr, &lists, event)].into_iter();
        let fast = agree::WIDTHS.into_iter().map(|width| {
            let mut matcher = Matcher::new([], std::slice::from_ref(&expr), &lists, json::Limits::default(), width);
            expected_of(&agree::fast(&mut matcher, event, event_type))
        });
        for found in found.chain(fast).filter(|found| found != expected) {
            fail(format!("{expected:?} expected, {found:?} found for {}", String::from_utf8_lossy(event)));
        }
    }
}

fn check_problems(paragraph: &Paragraph, problems: &[Diagnostic]) -> Result<(), String> {
    if paragraph.problems.is_empty() {
        let errors: Vec<_> = problems.iter().filter(|problem| problem.is_error()).collect();
        return if errors.is_empty() { Ok(()) } else { Err(format!("unexpected {errors:?}")) };
    }
    let found: Vec<(&str, &str)> =
        problems.iter().map(|problem| (problem.problem.code(), problem.span.of(&paragraph.filter))).collect();
    let same = found.len() == paragraph.problems.len()
        && found
            .iter()
            .zip(&paragraph.problems)
            .all(|((code, text), (wanted, under))| code == wanted && under.as_ref().is_none_or(|under| under == text));
    if same { Ok(()) } else { Err(format!("problems {found:?}, expected {:?}", paragraph.problems)) }
}

fn verdict(paragraph: &Paragraph, expr: &Expr, lists: &Lists, event: &[u8]) -> Expected {
    let event = match Event::parse(event, &json::Limits::default(), paragraph.event_type.as_deref()) {
        Ok(event) => event,
        Err(reject) => return Expected::Reject(reject.reason.code().to_owned()),
    };
    let verdict = Filter::new(expr.clone(), lists).evaluate(&event);
    let explained = explain(expr, &event, lists).verdict;
    assert_eq!(verdict, explained, "{}: explain and the evaluator differ", paragraph.place);
    expected_of(&Ok(vec![verdict]))
}

fn expected_of(verdicts: &Result<Vec<Verdict>, json::Reject>) -> Expected {
    match verdicts.as_ref().map(Vec::as_slice) {
        Err(reject) => Expected::Reject(reject.reason.code().to_owned()),
        Ok([Verdict::Match]) => Expected::Yes,
        Ok([Verdict::Undecided]) => Expected::Undecided,
        Ok(_) => Expected::No,
    }
}

fn lists(paragraph: &Paragraph) -> Lists {
    let mut lists = Lists::new();
    let Some(text) = &paragraph.lists else { return lists };
    let json = Json::parse(text.as_bytes(), &json::Limits::default()).expect("lists are JSON");
    for (name, values) in json.as_object().expect("lists are an object") {
        let value = |value: &Json| match value {
            Json::Text(text) => Value::Text(text.clone()),
            Json::Number(number) => Value::Number(number.clone()),
            Json::Bool(value) => Value::Bool(*value),
            other => panic!("{other:?} in a list"),
        };
        lists.insert(name.as_str(), values.as_array().expect("a list").iter().map(value).collect::<Vec<_>>());
    }
    lists
}
