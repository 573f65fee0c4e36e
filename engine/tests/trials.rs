//! What tests of rules show, and what they do not notice.

#![expect(clippy::indexing_slicing, reason = "a test whose rule set has no rule has failed")]

use oxpecker_engine::lists::Lists;
use oxpecker_engine::rule::{self, ListValues, RuleSet, Source};
use oxpecker_engine::trial::coverage::{Coverage, Site};
use oxpecker_engine::trial::mutation::{self, Part};

fn set(filter: &str, more: &str) -> RuleSet {
    let text = format!(
        "rules:\n  - id: r\n    name: r\n    type: CloudTrail\n    severity: 3\n    description: d\n    filter: |\n      {filter}\n{more}"
    );
    let (set, problems) =
        rule::load(&[Source { name: "r.yaml", bytes: text.as_bytes() }], ListValues::new(), &rule::Limits::default());
    assert!(problems.iter().all(|problem| !problem.diagnostic.is_error()), "{problems:?}");
    set
}

/// Tests with one event each: what is expected, and the event.
fn tests(tests: &[(&str, &str)]) -> String {
    let lines = tests.iter().map(|(expect, event)| format!("      - {{name: t, expect: {expect}, event: {event}}}\n"));
    std::iter::once("    tests:\n".to_owned()).chain(lines).collect()
}

fn coverage(set: &RuleSet) -> Coverage {
    Coverage::of(&set.rules[0].rule, &Lists::from(set.lists.clone()))
}

/// The changes that no test notices, as `before → after`.
fn unnoticed(set: &RuleSet) -> Vec<String> {
    let outcome = mutation::try_all(&set.rules[0], set);
    assert!(outcome.tried > outcome.unnoticed.len() || set.rules[0].rule.tests.is_empty());
    outcome.unnoticed.into_iter().map(|change| format!("{} → {}", change.before, change.after)).collect()
}

#[test]
fn a_predicate_is_seen_where_the_filter_was_settled_before_it() {
    let set =
        set("error = 1 and user = 2", &tests(&[("nothing", "{error: 0, user: 2}"), ("alert", "{error: 1, user: 2}")]));
    let coverage = coverage(&set);
    let sides: Vec<_> =
        coverage.predicates.iter().map(|sight| (sight.text.as_str(), sight.held, sight.failed)).collect();
    assert_eq!(sides, [("error = 1", true, true), ("user = 2", true, false)]);
    assert_eq!((coverage.shown(), coverage.wanted(), coverage.is_full()), (5, 6, false));
}

#[test]
fn what_cloudtrail_cut_shows_neither_side() {
    let cut = r#"{eventVersion: "1.08", eventSource: s3.amazonaws.com, eventName: GetObject, requestParameters: {omitted: true, originalSize: 120000, reason: RequestParameters too large}}"#;
    let set = set("requestParameters.name = \"x\"", &tests(&[("undecided", cut)]));
    let sight = &coverage(&set).predicates[0];
    assert!(!sight.held, "{sight:?}");
    assert!(!sight.failed, "{sight:?}");
}

#[test]
fn predicates_of_suppressions_count() {
    let more = format!("    suppressions:\n      - user = \"a\"\n{}", tests(&[("alert", "{error: 1}")]));
    let coverage = coverage(&set("error = 1", &more));
    let hidden = coverage.predicates.last().expect("there is one");
    assert_eq!((hidden.site, hidden.held, hidden.failed), (Site::Suppression(0), false, true));
}

#[test]
fn tests_that_show_all_notice_all() {
    let events = [
        ("alert", "{error: x, user: a}"),
        ("alert", "{error: x, user: b}"),
        ("nothing", "{error: y, user: a}"),
        ("nothing", "{error: x, user: c}"),
    ];
    let set = set("error = \"x\" and user in (\"a\", \"b\")", &tests(&events));
    assert_eq!(unnoticed(&set), Vec::<String>::new());
}

#[test]
fn what_is_not_shown_is_not_noticed() {
    let set = set(
        "error = \"x\" and user in (\"a\", \"b\")",
        &tests(&[("alert", "{error: x, user: a}"), ("nothing", "{error: y, user: c}")]),
    );
    assert_eq!(
        unnoticed(&set),
        [
            "error = \"x\" and user in (\"a\", \"b\") → error = \"x\" or user in (\"a\", \"b\")",
            "error = \"x\" → ",
            "user in (\"a\", \"b\") → ",
            "user in (\"a\", \"b\") → user in (\"a\")",
        ]
    );
}

#[test]
fn the_place_of_a_change_is_that_of_what_is_changed() {
    let set = set("error = \"x\" and (user = \"a\" or user = \"b\")", "");
    let outcome = mutation::try_all(&set.rules[0], &set);
    assert_eq!(outcome.tried, outcome.unnoticed.len(), "without tests nothing is noticed");
    let filter = "error = \"x\" and (user = \"a\" or user = \"b\")";
    for change in outcome.unnoticed {
        let Part::Filter(Site::Filter, span) = change.part else { panic!("{change:?}") };
        assert_eq!(&filter[span.start..span.end], change.before.trim_matches(['(', ')']), "{change:?}");
    }
}

#[test]
fn operators_and_values_are_changed() {
    let changes = |filter: &str| unnoticed(&set(filter, ""));
    assert_eq!(changes("error = 1"), ["error = 1 → error != 1", "error = 1 → error = 2"]);
    assert_eq!(
        changes("count(error) > 1"),
        [
            "count(error) > 1 → count(error) >= 1",
            "count(error) > 1 → count(error) <= 1",
            "count(error) > 1 → count(error) > 2"
        ]
    );
    assert_eq!(
        changes("not lower(user) starts_with \"ab\""),
        [
            "not lower(user) starts_with \"ab\" → lower(user) starts_with \"ab\"",
            "lower(user) starts_with \"ab\" → lower(user) not starts_with \"ab\"",
            "lower(user) starts_with \"ab\" → lower(user) ends_with \"ab\"",
            "lower(user) starts_with \"ab\" → lower(user) starts_with \"Ab\"",
            "lower(user) starts_with \"ab\" → user starts_with \"ab\"",
        ]
    );
}

#[test]
fn thresholds_are_changed_where_windows_count() {
    let event = |second: usize| {
        format!("          - {{eventTime: \"2026-01-31T12:00:0{second}Z\", eventID: e{second}, error: 1}}\n")
    };
    let several = |expect: &str, number: usize| {
        let events: String = (0..number).map(event).collect();
        format!("      - name: t\n        expect: {expect}\n        events:\n{events}")
    };
    let with = |tests: &str| set("error = 1", &format!("    threshold: 3\n    tests:\n{tests}"));
    let threshold = |set: &RuleSet| {
        let all = unnoticed(set);
        all.into_iter().filter(|change| change.starts_with("threshold")).collect::<Vec<_>>()
    };
    assert_eq!(threshold(&with(&several("alert", 3))), ["threshold: 3 → threshold: 2"]);
    assert_eq!(threshold(&with(&(several("alert", 3) + &several("nothing", 2)))), Vec::<String>::new());
}

#[test]
fn a_test_that_fails_notices_nothing() {
    let set = set("error = 1", &tests(&[("nothing", "{error: 1}")]));
    assert_eq!(mutation::try_all(&set.rules[0], &set).unnoticed.len(), 2);
}

#[test]
fn a_suppression_that_no_test_needs_is_told() {
    let more = format!(
        "    suppressions:\n      - user = \"a\"\n{}",
        tests(&[("alert", "{error: 1}"), ("nothing", "{error: 2}")])
    );
    let left = unnoticed(&set("error = 1", &more));
    assert!(left.contains(&"suppression: user = \"a\" → ".to_owned()), "{left:?}");
}
