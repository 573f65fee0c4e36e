//! The operators and the table of corners of the language's reference, row by row; and `explain` beside the evaluator.

use super::{Filter, Verdict, is_ordered_text};
use crate::event::Event;
use crate::explain::explain;
use crate::json;
use crate::language::expr::Value;
use crate::language::{self, Limits};
use crate::lists::Lists;

fn lists() -> Lists {
    let mut lists = Lists::new();
    let texts = |all: &[&str]| all.iter().map(|text| Value::Text((*text).to_owned())).collect::<Vec<_>>();
    lists.insert("admins", texts(&["root", "ann"]));
    lists.insert("nets", texts(&["10.0.0.0/8", "::1/128"]));
    lists.insert("mixed", vec![Value::Null, Value::Number("1".into()), Value::Bool(true)]);
    lists.insert("empty", Vec::new());
    lists
}

fn verdict(filter: &str, event: &str) -> Verdict {
    let parsed = language::parse(filter, &Limits::default());
    let expr = parsed.expr.unwrap_or_else(|| panic!("{filter}: {:?}", parsed.problems));
    let event = Event::parse(event.as_bytes(), &json::Limits::default(), None).unwrap();
    let verdict = Filter::new(expr.clone(), &lists()).evaluate(&event);
    assert_eq!(explain(&expr, &event, &lists()).verdict, verdict, "{filter}");
    verdict
}

/// Each row: an event, filters that match it, filters that do not. The opposite of each is checked as well.
fn check(rows: &[(&str, &[&str], &[&str])]) {
    for (event, yes, no) in rows {
        for (filters, expected) in [(yes, Verdict::Match), (no, Verdict::NoMatch)] {
            for filter in *filters {
                assert_eq!(verdict(filter, event), expected, "{filter} on {event}");
                assert_eq!(verdict(&format!("not ({filter})"), event), expected.negate(), "not ({filter}) on {event}");
            }
        }
    }
}

#[test]
#[rustfmt::skip]
fn equality_is_loose_between_kinds_and_strict_within() {
    check(&[
        (r#"{"k":4294967295}"#, &["k = '4294967295'", "k = 4294967295", "k = 4294967295.0", "k != '04294967295'"], &["k = 4294967296", "k = 'x'", "k = true"]),
        (r#"{"k":"5902"}"#, &["k = 5902", "k = 5902.0", "k = '5902'"], &["k = '5902.0'", "k = 59020e0"]),
        (r#"{"k":"1.0"}"#, &["k = 1", "k = '1.0'", "k = 1e0"], &["k = '1'"]),
        (r#"{"k":"0012"}"#, &["k = '0012'", "k != 12"], &["k = 12", "k = '12'"]),
        (r#"{"k":18446744073709551616}"#, &["k = 18446744073709551616", "k > 18446744073709551615"], &["k = 18446744073709551617"]),
        (r#"{"k":true}"#, &["k = true", "k = 'true'", "k != 'True'"], &["k = false", "k = 'TRUE'", "k = 1"]),
        (r#"{"k":"true"}"#, &["k = true", "k = 'true'"], &["k = false"]),
        (r#"{"k":"True"}"#, &["k = 'True'"], &["k = true"]),
        (r#"{"k":"Ann"}"#, &["k = 'Ann'", "k != 'ann'"], &["k = 'ann'"]),
        (r#"{"k":{"a":1}}"#, &["k != null", "length(k) = 1", "count(k) = 1"], &["k = 1", "k = null", "k = 'a'", "k like ''"]),
    ]);
}

#[test]
fn null_is_the_want_of_any_value() {
    let none = ["k = null", "k in (1, null)", "k in @mixed"];
    let some: [&str; 1] = ["k != null"];
    for event in ["{}", r#"{"k":null}"#, r#"{"k":[]}"#, r#"{"k":[null,[null]]}"#] {
        check(&[(event, &none, &some)]);
    }
    check(&[
        (r#"{"k":[null,0]}"#, &some, &["k = null"]),
        (r#"{"k":[{}]}"#, &["k != null", "k.x = null"], &["k.x != null", "k.x exists"]),
        (r#"{"k":null}"#, &["k exists"], &["k not exists"]),
        (r#"{"k":[]}"#, &["k exists"], &["k.x exists"]),
        ("{}", &["k not exists"], &["k exists"]),
        (r#"{"k":[{"x":null},{}]}"#, &["k.x exists", "k.x = null"], &[]),
    ]);
}

#[test]
#[rustfmt::skip]
fn on_a_missing_field_only_negations_and_null_hold() {
    check(&[(
        "{}",
        &["k != 'a'", "k = null", "k not in (1)", "k not like 'a'", "k not matches 'a'", "not k > 1", "lower(k) != 'a'", "all(k) != 1", "lower(k) = null"],
        &["k = 'a'", "k < 1", "k >= 0", "k like ''", "k starts_with ''", "k ends_with ''", "k contains ''", "k matches ''", "k in (1)", "k in @empty", "length(k) = 0", "count(k) = 0", "all(k) = null"],
    )]);
}

#[test]
#[rustfmt::skip]
fn arrays_match_by_any_element() {
    check(&[
        (r#"{"k":["x",["y",1]]}"#, &["k = 'x'", "k = 'y'", "k = 1", "k like 'y'", "k contains 'y'", "k[1][0] = 'y'", "k[-1] = 1", "count(k) = 2"], &["k != 'x'", "k contains ''", "k = 'z'", "k[0] = 'y'", "k[2] exists", "all(k) = 'x'"]),
        (r#"{"k":[{"n":"a"},{"n":["b"]}]}"#, &["k.n = 'a'", "k.n = 'b'", "k[0].n = 'a'", "k.n contains 'b'", "k.n not in ('c', 'd')", "count(k) = 2"], &["k.n != 'a'", "k = 'a'", "k like 'a'"]),
        (r#"{"k":["aa","ab"]}"#, &["all(k) starts_with 'a'", "all(k) in ('aa', 'ab')", "k contains 'aa'", "all(k) != 'aa'"], &["all(k) like 'b'", "k contains 'a'", "all(k) = 'aa'"]),
        (r#"{"k":[]}"#, &["all(k) != 1", "count(k) = 0"], &["all(k) = 1", "all(k) = null", "all(k) exists"]),
        (r#"{"k":[1,5]}"#, &["k > 4", "k < 2", "all(k) > 0"], &["k > 5", "all(k) > 1"]),
    ]);
}

#[test]
#[rustfmt::skip]
fn ordering_is_of_numbers_or_of_times() {
    check(&[
        (r#"{"k":10}"#, &["k > 9", "k > '9'", "k <= 10.0", "k >= 1e1", "k < 1e400"], &["k > 10", "k < 10", "k < 'x'", "k > '2020-01-01T00:00:00Z'"]),
        (r#"{"k":"10"}"#, &["k > '9'", "k < 11"], &["k > 'a'", "k < '9'"]),
        (r#"{"k":"2020-01-01T01:00:00+01:00"}"#, &["k < '2020-01-01T00:00:00.5Z'", "k >= '2020-01-01T00:00:00Z'", "k != '2020-01-01T00:00:00Z'"], &["k > '2020-01-01T00:00:00Z'", "k < '2021-01-01'", "k > 5"]),
        (r#"{"k":true}"#, &[], &["k > 0", "k < 2"]),
        (r#"{"k":"b"}"#, &[], &["k > 'a'", "k < 'c'"]),
        (r#"{"k":9007199254740993}"#, &["k > 9007199254740992"], &["k <= 9007199254740992"]),
    ]);
}

#[test]
#[rustfmt::skip]
fn word_operators_work_on_the_text_as_it_stands() {
    check(&[
        (r#"{"k":443}"#, &["k like '44'", "k starts_with 4", "k ends_with '3'", "k contains '4'", "k matches '^\\d+$'", "length(k) = 3"], &["k like '5'"]),
        (r#"{"k":1.50}"#, &["k ends_with '.50'", "k = 1.5"], &["k ends_with '.5'"]),
        (r#"{"k":true}"#, &["k like 'ru'", "k matches '^true$'"], &["k like 'RU'"]),
        (r#"{"k":"a%b*c"}"#, &["k like '%b*'", "k like ''"], &["k like 'a%c'", "k like 'A'"]),
        (r#"{"k":""}"#, &["k like ''", "k starts_with ''", "k ends_with ''", "k = ''", "length(k) = 0", "k != null"], &["k like 'a'"]),
        (r#"{"k":null}"#, &[], &["k like ''", "k like 'null'", "k matches ''", "length(k) = 0", "count(k) = 0"]),
        (r#"{"k":"line\nécole"}"#, &["k matches 'e.é'", "k matches 'LINE|école'", "length(k) = 10"], &["k matches '^école'"]),
    ]);
}

#[test]
#[rustfmt::skip]
fn networks_hold_addresses() {
    check(&[
        (r#"{"k":"10.1.2.3"}"#, &["k = '10.0.0.0/8'", "k in ('x', '10.1.0.0/16')", "k in @nets", "k = @nets"], &["k != '10.0.0.0/8'", "k = '11.0.0.0/8'", "k = '10.1.2.3/33'", "k = '::/0'", "k like '10.0.0.0/8'"]),
        (r#"{"k":"::ffff:10.1.2.3"}"#, &["k = '10.0.0.0/8'", "k != '10.1.2.3'"], &["k = '::/0'"]),
        (r#"{"k":"AWS Internal"}"#, &["k != '10.0.0.0/8'"], &["k = '0.0.0.0/0'"]),
        (r#"{"k":"10.0.0.0/8"}"#, &["k = '10.0.0.0/8'"], &["k = '10.0.0.0/7'"]),
        (r#"{"k":["x","::1"]}"#, &["k = '::1/128'", "k contains '::1/128'"], &["k not in @nets"]),
    ]);
}

#[test]
#[rustfmt::skip]
fn functions_change_the_left_side() {
    check(&[
        (r#"{"k":"ÄbC"}"#, &["lower(k) = 'äbc'", "upper(k) like 'ÄB'", "length(k) = 3", "count(k) = 1", "lower(k) in ('äbc')"], &["lower(k) = 'ÄbC'"]),
        (r#"{"k":["Ab","CD"]}"#, &["lower(k) = 'cd'", "lower(k) contains 'ab'", "length(k) = 2", "count(k) = 2"], &["lower(k) contains 'a'"]),
        (r#"{"k":null}"#, &["lower(k) = null", "lower(k) not exists"], &["lower(k) exists"]),
        (r#"{"k":{"a":1,"b":2,"a":3}}"#, &["count(k) = 2", "length(k) = 2"], &["lower(k) = null"]),
    ]);
}

#[test]
#[rustfmt::skip]
fn lists_stand_for_any_of_their_values() {
    check(&[
        (r#"{"user":"ann"}"#, &["user = @admins", "user in @admins", "user in ('x', @admins)"], &["user != @admins", "user in @empty", "user = @none"]),
        (r#"{"user":"1"}"#, &["user in @mixed"], &["user in @admins"]),
    ]);
}

#[test]
fn doubt_spreads_only_as_far_as_it_must() {
    let event = r#"{"eventSource":"s","eventName":"n","eventVersion":"1","requestParameters":{"omitted":true}}"#;
    for filter in [
        "requestParameters.x = 1",
        "requestParameters.x != 1",
        "requestParameters.x = null",
        "requestParameters.x exists",
        "not requestParameters.x = 1",
        "eventName = 'n' and requestParameters.x = 1",
        "eventName = 'm' or requestParameters.x = 1",
        "all(requestParameters.x) = 1",
        "count(requestParameters.x) = 1",
    ] {
        assert_eq!(verdict(filter, event), Verdict::Undecided, "{filter}");
    }
    check(&[(
        event,
        &["eventName = 'n' or requestParameters.x = 1", "requestParameters exists", "requestParameters != null"],
        &["eventName = 'm' and requestParameters.x = 1", "responseElements.x = 1"],
    )]);
}

#[test]
fn explanations_show_what_was_seen() {
    let parsed = language::parse("a = 1 and (b = null or not c.d like 'x')", &Limits::default());
    let event = Event::parse(br#"{"a":[1,2],"c":{"d":"y"}}"#, &json::Limits::default(), None).unwrap();
    let all = explain(&parsed.expr.unwrap(), &event, &lists());
    assert_eq!((all.text.as_str(), all.verdict, all.children.len()), ("and", Verdict::Match, 2));
    let first = &all.children[0];
    assert_eq!(
        (first.text.as_str(), first.values.as_slice(), first.note),
        ("a = 1", ["[1,2]".to_owned()].as_slice(), None)
    );
    let missing = &all.children[1].children[0];
    assert_eq!((missing.verdict, missing.note), (Verdict::Match, Some("no such key in this event")));
    let not = &all.children[1].children[1];
    assert_eq!((not.text.as_str(), not.verdict, not.children[0].verdict), ("not", Verdict::Match, Verdict::NoMatch));
}

#[test]
fn long_values_are_cut_in_explanations() {
    let parsed = language::parse("k.v = 1", &Limits::default());
    let items = vec![format!("{{\"v\":\"{}\"}}", "é".repeat(300)); 20].join(",");
    let event = Event::parse(format!("{{\"k\":[{items}]}}").as_bytes(), &json::Limits::default(), None).unwrap();
    let shown = explain(&parsed.expr.unwrap(), &event, &lists());
    assert_eq!((shown.values.len(), shown.values_left_out), (8, 12));
    assert!(shown.values.iter().all(|value| value.chars().count() == 201));
}

#[test]
fn texts_that_can_be_ordered_are_numbers_and_timestamps() {
    assert!(is_ordered_text("1e5") && is_ordered_text("2020-01-01T00:00:00Z"));
    assert!(!is_ordered_text("0012") && !is_ordered_text("2020-01-01") && !is_ordered_text(""));
}

#[test]
fn verdicts_combine_as_doubt_demands() {
    use Verdict::{Match, NoMatch, Undecided};
    for (a, b, and, or) in [
        (Match, Match, Match, Match),
        (Match, NoMatch, NoMatch, Match),
        (NoMatch, NoMatch, NoMatch, NoMatch),
        (Match, Undecided, Undecided, Match),
        (NoMatch, Undecided, NoMatch, Undecided),
        (Undecided, Undecided, Undecided, Undecided),
    ] {
        assert_eq!((a.and(b), b.and(a), a.or(b), b.or(a)), (and, and, or, or), "{a:?} {b:?}");
    }
}
