//! The fast engine gives the reference evaluator's verdicts: on filters and events made by chance, and on real events with
//! the shipped rules.

#![expect(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test's helpers may panic")]

#[path = "../../tests/support/agree.rs"]
mod agree;
#[path = "../../tests/support/boundary_agree.rs"]
mod boundary_agree;
#[path = "../../tests/support/corpus.rs"]
mod corpus;
#[path = "../../tests/support/generate.rs"]
mod generate;
#[path = "../../tests/support/generate_mapped.rs"]
mod generate_mapped;
#[path = "../../tests/support/generate_producers.rs"]
mod generate_producers;
#[path = "../../tests/support/mutate.rs"]
mod mutate;
#[path = "../../tests/support/seeds.rs"]
mod seeds;

use mutate::{Dice, mutate};
use oxpecker_engine::language;
use oxpecker_engine::language::expr::Value;
use oxpecker_engine::lists::Lists;
use oxpecker_engine::rule;
use proptest::prelude::*;
use std::io::Write;
use std::path::Path;

fn lists() -> Lists {
    let mut lists = Lists::new();
    let text = |text: &str| Value::Text(text.to_owned());
    lists.insert(
        "admins",
        vec![text("a"), text("10.0.0.0/8"), text("100"), Value::Number("1".into()), Value::Bool(true), Value::Null],
    );
    lists
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn by_chance(
        filters in prop::collection::vec(generate::filter(), 1..6),
        events in prop::collection::vec(prop_oneof![generate::event(), generate::messy_event()], 1..5),
        event_type in prop::option::weighted(0.2, Just("a")),
    ) {
        // Each event twice, so that what is left of one is seen by the next.
        let events: Vec<&[u8]> = events.iter().chain(&events).map(String::as_bytes).collect();
        agree::check(&filters, &events, event_type, &lists());
    }

    #[test]
    fn by_chance_on_events_of_known_producers(
        filters in prop::collection::vec(generate::filter(), 1..6),
        predicates in prop::collection::vec(generate_producers::predicate(), 1..6),
        events in prop::collection::vec(generate_producers::event(), 1..6),
        event_type in prop::option::weighted(0.1, Just("audit")),
    ) {
        let filters: Vec<_> = filters.into_iter().chain(predicates).collect();
        let events: Vec<&[u8]> = events.iter().chain(&events).map(String::as_bytes).collect();
        agree::check(&filters, &events, event_type, &lists());
    }

    #[test]
    fn by_chance_on_broken_events(
        filters in prop::collection::vec(generate::filter(), 1..3),
        good in generate::messy_event(),
        other in generate::messy_event(),
        chances in prop::collection::vec(any::<u64>(), 1..8),
    ) {
        let broken: Vec<Vec<u8>> =
            chances.into_iter().map(|chance| mutate(good.as_bytes(), other.as_bytes(), &mut Dice(chance))).collect();
        let events: Vec<&[u8]> = broken.iter().map(Vec::as_slice).chain([good.as_bytes()]).collect();
        agree::check(&filters, &events, None, &lists());
    }
}

/// The fuzz target's check on its seeds and on changed ones, for where there is no fuzzer.
#[test]
fn on_seeds_and_on_changed_ones() {
    mutate::smoke(&seeds::of("fast_equals_reference"), 1_000, boundary_agree::fast_equals_reference);
}

/// Every one of these filters on every one of these events.
fn corners(filters: &[&str], events: &[&str]) {
    let read = |text: &&str| {
        let parsed = language::parse(text, &language::Limits::default());
        parsed.expr.unwrap_or_else(|| panic!("{text}: {:?}", parsed.problems))
    };
    let filters: Vec<_> = filters.iter().map(read).collect();
    let events: Vec<&[u8]> = events.iter().map(|event| event.as_bytes()).collect();
    // Alone as well: then nothing else wakes a rule.
    for filter in &filters {
        agree::check(std::slice::from_ref(filter), &events, None, &lists());
    }
    agree::check(&filters, &events, None, &lists());
    agree::check(&filters, &events, Some("given"), &lists());
}

#[test]
fn numbers_at_their_ends() {
    let nines = "9".repeat(60);
    let numbers = [
        "1",
        "0",
        "-0",
        "999999999999999999",
        "9999999999999999999",
        "1e18",
        "-1e18",
        "0.01",
        "0.1",
        "1e400",
        "-1e400",
        "1e-400",
    ];
    let filters: Vec<String> = numbers
        .iter()
        .flat_map(|number| {
            [
                format!("a = {number}"),
                format!("a < {number}"),
                format!("a >= {number}"),
                format!("a = \"{number}\""),
                format!("a not in ({number}, true)"),
            ]
        })
        .collect();
    let huge = [format!("1e{nines}"), format!("-1e{nines}"), format!("1e-{nines}"), format!("0e{nines}")];
    let texts =
        ["01", "-01", "00", "1.", ".1", "+1", "1e", "1e5", "1e0 ", "", "true"].map(|text| format!("\"{text}\""));
    let events: Vec<String> = numbers.iter().map(|number| (*number).to_owned()).chain(huge).chain(texts).collect();
    let quoted = numbers.iter().map(|number| format!("\"{number}\""));
    let events: Vec<String> = events.iter().cloned().chain(quoted).map(|value| format!("{{\"a\":{value}}}")).collect();
    let strs = |all: &[String]| all.iter().map(|text| text.clone().leak() as &str).collect::<Vec<_>>();
    corners(&strs(&filters), &strs(&events));
}

#[test]
fn networks_at_their_ends() {
    let networks = [
        "0.0.0.0/0",
        "1.2.3.4/32",
        "1.2.3.4/31",
        "10.0.0.0/8",
        "::/0",
        "::1/128",
        "fd00::/8",
        "::ffff:0:0/96",
        "::ffff:0:0/95",
        "::ffff:10.0.0.0/104",
        "1.2.3.0/24",
        "2001:db8::/120",
        "10.0.0.0/33",
        "10.0.0.0",
    ];
    let filters = networks.map(|network| format!("a = \"{network}\""));
    let many = format!("a in ({})", networks.map(|network| format!("\"{network}\"")).join(", "));
    let some = r#"a in ("10.0.0.0/8", "10.1.0.0/16", "10.255.0.0/16", "fd00::/8", "fd00::/16")"#;
    let mut filters: Vec<&str> = filters.iter().map(String::as_str).collect();
    filters.extend([many.as_str(), some, r#"a != "1.2.3.4/32""#]);
    let events = [
        "0.0.0.0",
        "255.255.255.255",
        "1.2.3.3",
        "1.2.3.4",
        "1.2.3.5",
        "1.2.3.6",
        "9.255.255.255",
        "10.0.0.0",
        "10.2.0.0",
        "10.255.255.255",
        "11.0.0.0",
        "::",
        "::1",
        "::2",
        "fcff::",
        "fd00::",
        "fd01::",
        "fdff::",
        "fe00::",
        "2001:db8::1",
        "2001:db8::100",
        "::ffff:1.2.3.4",
        "::ffff:a00:1",
        "::fffe:1:1",
        "0000:0000:0000:0000:0000:ffff:255.255.255.254",
        "01.2.3.4",
        "10.0.0.0/8",
        "fd00::%1",
        "",
    ];
    let events = events.map(|address| format!("{{\"a\":\"{address}\"}}"));
    corners(&filters, &events.iter().map(String::as_str).collect::<Vec<_>>());
}

/// `"a.b"` is one name and `a.b` two; a member `a.b` is on both paths, and beats what shorter names lead to.
#[test]
fn joined_and_quoted_names_and_duplicates_at_every_depth() {
    corners(
        &[
            "a.b = 1",
            "\"a.b\" = 1",
            "a.b.c = 1",
            "a.b.d = 1",
            "\"a.b\".c = 1",
            "a.\"b.c\" = 1",
            "\"a.b.c\" = 1",
            "a = 1",
            "a.b[0] = 1",
            "a.b[-1] = 1",
            "\"a.b\"[-2].c = 1",
            "not a.b exists",
            "count(a.b) = 2",
            "a.b = null",
            "a[0][1] = 1",
            "a[-3] = 1",
            "a[1].b = 1",
        ],
        &[
            r#"{"a":{"b":1}}"#,
            r#"{"a.b":1}"#,
            r#"{"a":{"b":1},"a.b":2}"#,
            r#"{"a.b":2,"a":{"b":1}}"#,
            r#"{"a.b":{"c":1}}"#,
            r#"{"a.b.c":1,"a.b":{"c":2},"a":{"b":{"c":3},"b.c":4}}"#,
            r#"{"a":{"b.c":1,"b":{"c":2}}}"#,
            r#"{"a":{"b":1},"a":{"c":1}}"#,
            r#"{"a":{"b":{"c":1},"b":{"d":1}}}"#,
            r#"{"a":[{"b":1,"b":2},{"b":[3,1]}]}"#,
            r#"{"a":{"b":[1,2,1]}}"#,
            r#"{"a.b":[{"c":1},{"c":2}]}"#,
            r#"{"a":[[0,1],1,{"b":1}]}"#,
            r#"{"a":[1,{"b":1}]}"#,
            r#"{"a":[1]}"#,
            r#"{"a.b":[],"a.b":[1,{}]}"#,
            r#"{"\u0061.b":1,"a":{"\u0062":1}}"#,
            r#"{"a":{"b":1},"a.b":null}"#,
            r#"{"a.b.c":[1],"a.b.c":{"x":1}}"#,
            r#"{"a":{"b":{"c":1,"d":1}},"a.b":{"x":1},"a.b.c":2}"#,
        ],
    );
}

/// Names that differ behind the bytes that are compared first, and the same name in several objects.
#[test]
fn names_that_begin_alike() {
    let long = "n".repeat(28);
    let names = [
        format!("{long}a"),
        format!("{long}b"),
        format!("{long}ab"),
        "n".repeat(14),
        "n".repeat(15),
        "n".repeat(16),
        "n".repeat(60),
    ];
    let mut filters: Vec<String> =
        names.iter().flat_map(|name| [format!("{name} = 1"), format!("x.{name} = 1")]).collect();
    filters.push("é = 1".to_owned());
    let pairs = names.iter().flat_map(|one| names.iter().map(move |other| (one, other)));
    let mut events: Vec<String> = pairs
        .map(|(one, other)| format!("{{\"{one}\":1,\"x\":{{\"{other}\":1,\"y\":\"{}\"}},\"z\":1}}", "z".repeat(40)))
        .collect();
    events.push("{\"é\":1,\"\u{1f}\":1}".to_owned());
    events.push("{\"é\":1}".to_owned());
    let strs = |all: &'static [String]| all.iter().map(String::as_str).collect::<Vec<_>>();
    corners(&strs(filters.leak()), &strs(events.leak()));
}

/// Rules that can match for what an event lacks run although nothing wakes them; so does an `or` with such a part.
#[test]
fn what_nothing_wakes_and_what_was_left_out() {
    corners(
        &[
            "not a = 1",
            "a = 1 or not b = 1",
            "a = 1 and not b = 1",
            "not (a = 1 and b = 1)",
            "not (a = 1 or not b = 1)",
            "a in (1, null)",
            "all(a) in (1, null)",
            "a contains @admins",
            "a = \"true\"",
            "a = true",
            "a like \"abcd\"",
            "a like \"bc\"",
            "a like \"d\"",
            "lower(a) = \"x\" or upper(a) = \"X\"",
            "a = 1 and b = 1 and a < 2",
            "requestParameters.x = 1",
            "requestParameters.x != 1 and eventName = \"n\"",
            "not requestParameters.x = 1",
            "requestParameters exists",
            "user = \"x\"",
            "user = null",
            "not user exists",
            "ip = \"1\"",
            "src_ip = null",
            "src_ip exists",
            "port > 5",
            "event_type = \"given\"",
            "mfaUsed = \"No\"",
            "arnRole like \"r\"",
            "additionalEventData.MFAUsed = \"Yes\"",
            "count(a) contains \"2\"",
            "all(a) like \"x\"",
        ],
        &[
            "{}",
            r#"{"a":true}"#,
            r#"{"a":"true"}"#,
            r#"{"a":"abcde"}"#,
            r#"{"a":1}"#,
            r#"{"b":1}"#,
            r#"{"a":1,"b":1}"#,
            r#"{"a":null}"#,
            r#"{"a":[null]}"#,
            r#"{"a":[]}"#,
            r#"{"a":["x",1]}"#,
            r#"{"user":null,"src_ip":null,"connection":{"src_addr":null}}"#,
            r#"{"connection":{"src_addr":"1","src_port":9},"dst_port":1}"#,
            r#"{"eventVersion":"1","eventSource":"s","eventName":"n","requestParameters":{"omitted":true,"x":1}}"#,
            r#"{"eventVersion":"1","eventSource":"s","eventName":"n","additionalEventData":{"omitted":true}}"#,
            r#"{"eventVersion":"1","eventSource":"aws:s3","eventName":"n","requestParameters":{"omitted":true}}"#,
            r#"{"requestParameters":{"omitted":true}}"#,
            r#"{"eventVersion":"1","eventSource":"s","eventName":"n","user":null,"userIdentity":{"userName":"x","type":"AssumedRole","principalId":"p:","arn":"arn:aws:sts::1:assumed-role/r/x"}}"#,
            r#"{"eventVersion":"1","eventSource":"s","eventName":"n","userIdentity":{"type":"AssumedRole","principalId":"p:x","arn":"arn:aws:sts::1:assumed-role//y"}}"#,
            r#"{"eventVersion":"1","eventSource":"\u0073","eventName":"\u006e","userIdentity":{"type":"Assumed\u0052ole","principalId":"\u0070:\u0078"}}"#,
            r#"{"user":[null],"src_ip":[[null]],"connection":{"src_addr":"1"}}"#,
            r#"{"eventVersion":"1","eventSource":"s","eventName":"n","userIdentity":{"userName":null},"eventCategory":"Insight"}"#,
        ],
    );
}

/// The project's sample, and more where `OXPECKER_DATA` or the usual place has it.
fn events() -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let data = std::env::var_os("OXPECKER_DATA").map_or_else(|| root.join("../shared/data"), Into::into);
    let mut all = std::fs::read(root.join("rules/samples/cloudtrail.ndjson")).expect("the sample is there");
    match std::fs::read(data.join("cloudtrail.ndjson")) {
        Ok(more) => all.extend(more),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "no real events ({error}): the project's sample alone is used");
        }
    }
    all
}

/// Every rule of the repository, and every suppression, as filters.
fn shipped() -> (Vec<oxpecker_engine::language::Expr>, Lists) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules");
    let mut files = Vec::new();
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder of rules") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                files.push((path.display().to_string(), std::fs::read(&path).expect("a rule file")));
            }
        }
    }
    files.sort();
    let sources: Vec<rule::Source<'_>> = files.iter().map(|(name, bytes)| rule::Source { name, bytes }).collect();
    let (set, _) = rule::load(&sources, rule::ListValues::default(), &rule::Limits::default());
    let mut filters = Vec::new();
    for collected in &set.rules {
        filters.push(collected.rule.filter.clone());
        filters.extend(collected.rule.suppressions.iter().map(|hidden| hidden.filter.clone()));
    }
    (filters, Lists::from(set.lists.clone()))
}

#[test]
fn on_real_events_with_every_shipped_rule() {
    let events = events();
    let lines: Vec<&[u8]> = events.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    let (filters, lists) = shipped();
    assert!(filters.len() >= 39, "{}", filters.len());
    let compared = agree::check(&filters, &lines, None, &lists);
    let _ = writeln!(
        std::io::stderr(),
        "fast engine: {compared} verdicts of {} filters on {} events are the reference's",
        filters.len(),
        lines.len()
    );
}
