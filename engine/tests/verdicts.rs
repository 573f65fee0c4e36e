//! What the fast engine makes of whole rules, beyond the verdicts on single filters that `fast.rs` compares: suppressions
//! and their days, the order of hits, keys that no event had, the operator's event type. Each with all kinds of vectors.

#![expect(clippy::expect_used, clippy::panic, reason = "a test's helpers may panic")]

use oxpecker_engine::matcher::Outcome::{self, Matched, Suppressed, Undecided};
use oxpecker_engine::{Engine, Request, Width};

const WIDTHS: [Width; 3] = [Width::Word, Width::Native, Width::Modern];

/// A rule file of rules with these filters and suppressions, in this order.
fn file(rules: &[(&str, &[&str])]) -> Vec<u8> {
    let mut text = String::from("ruleset: test\nrules:\n");
    for (number, (filter, suppressions)) in rules.iter().enumerate() {
        text.push_str(&format!(
            "  - id: rule-{number}\n    name: Rule {number}\n    title: \"{{{{a}}}}\"\n    type: CloudTrail\n    severity: 3\n    \
             description: A rule.\n    aggregate: [a]\n    filter: |\n      {filter}\n"
        ));
        if !suppressions.is_empty() {
            text.push_str("    suppressions:\n");
        }
        suppressions.iter().for_each(|suppression| text.push_str(&format!("      - {suppression}\n")));
    }
    text.into_bytes()
}

fn engine(rules: &[(&str, &[&str])], event_type: Option<&str>, width: Width) -> Engine {
    let documents = vec![("test.yaml".to_owned(), file(rules))];
    let event_type = event_type.map(str::to_owned);
    let request = Request { documents, event_type, width, lenient: true, ..Request::default() };
    let (engine, report) = Engine::load(&request).unwrap_or_else(|report| panic!("{:?}", report.problems));
    assert_eq!(engine.columns(), rules.len(), "{:?}", report.problems);
    engine
}

/// The hits on each event, which are given twice.
fn check(rules: &[(&str, &[&str])], event_type: Option<&str>, events: &[(&str, &[(usize, Outcome)])]) {
    for width in WIDTHS {
        let mut engine = engine(rules, event_type, width);
        for (event, expected) in events.iter().chain(events) {
            let hits = engine.verdicts(event.as_bytes()).expect("an event");
            let found: Vec<(usize, Outcome)> = hits.iter().map(|hit| (hit.column, hit.outcome)).collect();
            assert_eq!(found, *expected, "{width:?}: {event}");
        }
    }
}

#[test]
fn a_suppression_counts_up_to_the_first_moment_of_its_day() {
    let until = r#"{filter: 'b = 1', expires: 2026-02-01, reason: "r"}"#;
    check(
        &[("a exists", &[until])],
        None,
        &[
            (r#"{"a":1,"b":1,"eventTime":"2026-01-31T23:59:59.999Z"}"#, &[(0, Suppressed(0))]),
            (r#"{"a":1,"b":1,"eventTime":"2026-02-01T00:00:00Z"}"#, &[(0, Matched)]),
            (r#"{"a":1,"b":1,"eventTime":"2026-02-01T00:59:59+01:00"}"#, &[(0, Suppressed(0))]),
            (r#"{"a":1,"b":1,"time":1769903999}"#, &[(0, Suppressed(0))]),
            (r#"{"a":1,"b":1,"time":1769904000.0}"#, &[(0, Matched)]),
            (r#"{"a":1,"b":1,"ts":"1769903999999"}"#, &[(0, Suppressed(0))]),
            (r#"{"a":1,"b":1,"timeWindow":{"windowStart":"2020-01-01T00:00:00Z"}}"#, &[(0, Suppressed(0))]),
            // The first path that holds a time counts, not the first that is there.
            (r#"{"a":1,"b":1,"eventTime":"soon","time":1769904000,"date":"2020-01-01T00:00:00Z"}"#, &[(0, Matched)]),
            (r#"{"a":1,"b":2,"eventTime":"2026-01-01T00:00:00Z"}"#, &[(0, Matched)]),
        ],
    );
}

/// Nobody can say that it had not ended.
#[test]
fn a_suppression_that_expires_hides_no_event_without_time() {
    let until = r#"{filter: 'b = 1', expires: 2026-02-01, reason: "r"}"#;
    check(
        &[("a = 1", &[until, "'b = 1 and c = 1'"])],
        None,
        &[
            (r#"{"a":1,"b":1}"#, &[(0, Matched)]),
            (r#"{"a":1,"b":1,"eventTime":null}"#, &[(0, Matched)]),
            (r#"{"a":1,"b":1,"c":1}"#, &[(0, Suppressed(1))]),
            (r#"{"a":1,"b":1,"c":1,"time":1}"#, &[(0, Suppressed(0))]),
        ],
    );
}

#[test]
fn a_suppression_that_nobody_can_decide_hides_nothing() {
    let record = r#"{"eventVersion":"1.08","eventSource":"s","eventName":"n","requestParameters":{"omitted":true}}"#;
    check(
        &[
            (r#"eventName = "n""#, &["'requestParameters.x = 1'"]),
            (r#"eventName = "n""#, &["'requestParameters.x = 1 or eventName exists'"]),
            (r#"requestParameters.x = 1"#, &["'eventName exists'"]),
            (r#"requestParameters.x != 1 or eventName = "n""#, &[]),
        ],
        None,
        &[(record, &[(0, Matched), (1, Suppressed(0)), (2, Undecided), (3, Matched)])],
    );
}

/// Rules are woken by keys in the order of the event, by several predicates, or by none.
#[test]
fn hits_stand_in_the_order_of_the_rules_each_once() {
    check(
        &[
            ("not b = 2", &[]),
            ("c = 3", &[]),
            ("a = 1 or b = 1 or c = 3 or c > 2", &[]),
            ("b = 1", &[]),
            ("b = 1 and c = 3", &[]),
            ("b != null and not c = 4", &[]),
        ],
        None,
        &[
            (
                r#"{"c":3,"b":1,"a":1}"#,
                &[(0, Matched), (1, Matched), (2, Matched), (3, Matched), (4, Matched), (5, Matched)],
            ),
            (r#"{"a":[1,1,1],"b":2,"c":[4,3]}"#, &[(1, Matched), (2, Matched)]),
            (r#"{}"#, &[(0, Matched)]),
        ],
    );
}

/// What two rules share is asked once; what was found of one event is not known of the next.
#[test]
fn answers_are_of_one_event() {
    let rules: [(&str, &[&str]); 3] =
        [("a = 1 and b like \"x\"", &[]), ("a = 1 and not b like \"x\"", &[]), ("a = 1 and b > 5", &[])];
    check(
        &rules,
        None,
        &[
            (r#"{"a":1,"b":"x"}"#, &[(0, Matched)]),
            (r#"{"a":1,"b":"y"}"#, &[(1, Matched)]),
            (r#"{"a":1}"#, &[(1, Matched)]),
            (r#"{"a":1,"b":6}"#, &[(1, Matched), (2, Matched)]),
            (r#"{"a":2,"b":"x"}"#, &[]),
        ],
    );
}

#[test]
fn the_operators_event_type_beats_the_shape_and_the_event() {
    let record = r#"{"eventVersion":"1.08","eventSource":"s","eventName":"n","event_type":"own"}"#;
    let pretends = r#"{"event_type":"cloudtrail"}"#;
    let rules: [(&str, &[&str]); 3] =
        [(r#"event_type = "cloudtrail""#, &[]), (r#"event_type = "own""#, &[]), (r#"event_type = "given""#, &[])];
    check(&rules, None, &[(record, &[(0, Matched)]), (pretends, &[]), (r#"{"event_type":"own"}"#, &[(1, Matched)])]);
    check(&rules, Some("given"), &[(record, &[(2, Matched)]), (pretends, &[(2, Matched)]), ("{}", &[(2, Matched)])]);
    check(&rules, Some(""), &[(record, &[(0, Matched)]), (pretends, &[])]);
}

#[test]
fn keys_that_no_event_had_are_told_and_a_cut_one_was_not_had() {
    let filters =
        ["a.b = 1 and user = \"x\"", "ip = \"1.2.3.4\"", "requestParameters.x = 1", "\"a.b\" = 2", "c[-1] = 1"];
    for width in WIDTHS {
        let filters = filters.map(str::to_owned).to_vec();
        let mut engine = Engine::load(&Request { filters, width, ..Request::default() }).expect("sound").0;
        let mut unseen = |event: &str| {
            engine.verdicts(event.as_bytes()).expect("an event");
            engine.unseen_keys()
        };
        let all = ["a.b", "user", "ip", "requestParameters.x", "\"a.b\"", "c[-1]"];
        assert_eq!(unseen("{}"), all);
        let cut =
            r#"{"eventVersion":"1.08","eventSource":"s","eventName":"n","requestParameters":{"omitted":true,"x":0}}"#;
        assert_eq!(unseen(cut), all);
        // The helper of a record, and an alias of any event.
        let record = r#"{"eventVersion":"1","eventSource":"s","eventName":"n","userIdentity":{"userName":"u"}}"#;
        assert_eq!(unseen(record), ["a.b", "ip", "requestParameters.x", "\"a.b\"", "c[-1]"]);
        assert_eq!(unseen(r#"{"connection":{"dst_addr":"h"}}"#), ["a.b", "requestParameters.x", "\"a.b\"", "c[-1]"]);
        assert_eq!(unseen(r#"{"a":{"b":null},"c":[]}"#), ["requestParameters.x", "\"a.b\"", "c[-1]"]);
        assert_eq!(unseen(r#"{"a.b":1,"c":[[],null]}"#), ["requestParameters.x"]);
        assert_eq!(unseen(r#"{"requestParameters":{"x":0}}"#), [""; 0]);
    }
}
