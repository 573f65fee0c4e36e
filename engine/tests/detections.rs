//! What a rule's detections say of an event does not hang on the other rules that match it, though all share what is found.

#![expect(clippy::expect_used, clippy::panic, reason = "a test's helpers may panic")]

#[expect(dead_code, reason = "a rule set is made here by other words")]
#[path = "../../tests/support/rulesets.rs"]
mod rulesets;

use oxpecker_engine::detection::Detection;
use oxpecker_engine::rule::template::key;
use oxpecker_engine::rule::{self, ListValues, RuleSet, Source};
use oxpecker_engine::{Engine, Request};

fn load(documents: &[(String, Vec<u8>)]) -> RuleSet {
    let sources: Vec<Source<'_>> = documents.iter().map(|(name, bytes)| Source { name, bytes }).collect();
    let (set, problems) = rule::load(&sources, ListValues::new(), &rule::Limits::default());
    assert!(problems.iter().all(|problem| !problem.diagnostic.is_error()), "{problems:?}");
    set
}

/// What the rules of a set leave of each event, as lines.
fn told(set: RuleSet, events: &[&[u8]]) -> Vec<Vec<Detection>> {
    let mut engine = Engine::of_rules(set, &Request { redaction_secret: "secret".to_owned(), ..Request::default() });
    let detect = |event: &&[u8]| {
        let mut detections = Vec::new();
        engine.detect(event, &mut detections).unwrap_or_else(|reject| panic!("{reject}"));
        detections
    };
    events.iter().map(detect).collect()
}

/// Asks all rules together and each by itself; gives how many detections were compared.
fn check(set: &RuleSet, events: &[&[u8]]) -> usize {
    let mut together = told(set.clone(), events);
    let mut compared = 0;
    for (place, collected) in set.rules.iter().enumerate() {
        let alone = told(RuleSet { rules: vec![collected.clone()], ..set.clone() }, events);
        for (all, alone) in together.iter_mut().zip(alone) {
            let mut of_rule: Vec<Detection> = all.extract_if(.., |detection| detection.rule == place).collect();
            of_rule.iter_mut().for_each(|detection| detection.rule = 0);
            assert_eq!(of_rule, alone, "{}", collected.rule.id);
            compared += alone.len();
        }
    }
    assert!(together.iter().all(Vec::is_empty));
    compared
}

/// The set with something kept back by most of its rules: several rules keep back the same.
fn kept_back(mut set: RuleSet, redactions: &[&[&str]]) -> RuleSet {
    for (collected, redaction) in set.rules.iter_mut().zip(redactions.iter().cycle()) {
        collected.redact = redaction.iter().map(|text| key(text).expect("a key")).collect();
    }
    set
}

#[test]
fn the_shipped_rules_tell_the_same_alone_and_together() {
    let sample = rulesets::sample();
    let events: Vec<&[u8]> = rulesets::lines(&sample).into_iter().step_by(3).collect();
    let set = load(&rulesets::shipped());
    assert!(check(&set, &events) > 100);
    let redactions: [&[&str]; 5] = [
        &["user"],
        &[],
        &["user"],
        &["sourceIPAddress", "accountId"],
        &["userIdentity", "eventID", "requestParameters"],
    ];
    assert!(check(&kept_back(set, &redactions), &events) > 100);
}

/// Rules that share keys, pieces of titles and predicates, in both polarities and cut where they are long.
fn that_ask_alike() -> RuleSet {
    let many = |last: &str| {
        format!("v in ({}, \"{last}\")", (0..80).map(|n| format!("\"no-{n}\"")).collect::<Vec<_>>().join(", "))
    };
    let filters = [
        "n = 1".to_owned(),
        "n = 1 and v != \"b\"".to_owned(),
        "n = 1 and not v = \"b\"".to_owned(),
        "n = 1 and v = \"b\"".to_owned(),
        "n = 1 and not v != \"b\"".to_owned(),
        "(v = \"b\" or items.v = \"x\" or n = 1) and not (items.v = \"none\" or n = 2)".to_owned(),
        "n = 1 and (items.v = \"x\" or not items.v = \"x\")".to_owned(),
        "n = 1 and v = null or n = 1 and not v = null".to_owned(),
        "n = 1 and items.v contains \"y\"".to_owned(),
        "n = 1 and lower(items.v) like \"X\" or upper(items.v) like \"X\"".to_owned(),
        format!("n = 1 and not {}", many("b")),
        format!("n = 1 and not {}", many("c")),
        format!("n = 1 and {} or n = 1", many("c")),
        "n = 1 and v in @names".to_owned(),
        "requestParameters.a = 1 or n = 1".to_owned(),
    ];
    let shown = [
        "title: '{{v}} {{items.v}} {{items.o}}'\n    aggregate: [v]",
        "title: '{{lookup(@names, items.v).who}} {{lookup(@names, items.v)}} {{items.v}}'\n    aggregate: [items.o, v]",
        "title: '{{none or v}} {{v}}'\n    aggregate: [items.v, none]\n    threshold: {count: 2, distinct: items.v}",
        "title: '{{none}} {{lookup(@names, v).who}}'\n    aggregate: [items.o]\n    threshold: {count: 2, distinct: none}",
    ];
    let mut rules = "lists:\n  names:\n    x: {who: Xena}\n    b: {who: Bob}\nrules:\n".to_owned();
    for (number, (filter, shown)) in filters.iter().flat_map(|filter| shown.map(|shown| (filter, shown))).enumerate() {
        rules += &format!(
            "  - id: r{number}\n    name: R{number}\n    type: CloudTrail\n    severity: 3\n    description: d\n    filter: |\n      {filter}\n    {shown}\n"
        );
    }
    load(&[("f.yaml".to_owned(), rules.into_bytes())])
}

#[test]
fn rules_that_ask_alike_tell_the_same_alone_and_together() {
    let long = format!(
        r#"{{"n":1,"v":["{}","b"],"items":[{}]}}"#,
        "b".repeat(300),
        r#"{"v":"x","o":{"a":"b"}},"#.repeat(250) + "{}"
    );
    let much: Vec<String> = (0..1_100).map(|number| format!(r#"{{"v":"value {number}"}}"#)).collect();
    let much = format!(r#"{{"n":1,"v":"a","id":"i","items":[{}]}}"#, much.join(","));
    let events = [
        r#"{"n":1,"v":"b","id":"b","host":"b","items":[{"v":"x","o":{"v":"b"}},{"v":["y","Y"]},{"v":null},{"o":[1,"x"]}]}"#,
        r#"{"n":1,"v":null,"items":[]}"#,
        r#"{"n":1}"#,
        r#"{"n":[1,2],"v":["a",["b"]],"items":{"v":7,"o":{}},"event_type":"b"}"#,
        r#"{"eventSource":"s","eventName":"b","eventVersion":"1","n":1,"v":"b","requestParameters":{"omitted":true}}"#,
        &long,
        &much,
    ];
    let events = events.map(str::as_bytes);
    let set = that_ask_alike();
    assert_eq!(set.rules.len(), 60);
    let titles: Vec<String> =
        told(set.clone(), &events).into_iter().flatten().map(|detection| detection.title).collect();
    assert!(
        ["Xena", "Bob"].iter().all(|who| titles.iter().any(|title| title.contains(who))),
        "the lists are looked into"
    );
    assert!(check(&set, &events) > 200);
    let redactions: [&[&str]; 5] = [&[], &["v"], &["items.v", "none"], &["v"], &["items"]];
    assert!(check(&kept_back(set, &redactions), &events) > 200);
}

/// More is kept back in different ways than is kept of a large event at once.
#[test]
fn what_many_sets_leave_of_a_large_event_is_the_same_alone_and_together() {
    let rule = |number: usize| {
        let head = format!(
            "rules:\n  - id: r{number}\n    name: R\n    title: '{{{{k{number}}}}} {{{{k0}}}}'\n    type: CloudTrail\n"
        );
        let rule = head + "    severity: 3\n    description: d\n    aggregate: [k0, k1]\n    filter: n = 1\n";
        (format!("f{number}.yaml"), format!("ruleset: s{number}\n{rule}").into_bytes())
    };
    let keys: Vec<String> = (0..8).map(|number| format!("k{number}")).collect();
    let members: Vec<String> = keys.iter().map(|key| format!(r#""{key}":"value of {key}""#)).collect();
    let event = format!(r#"{{"n":1,{},"long":"{}"}}"#, members.join(","), "ab".repeat(700_000));
    let redactions: Vec<[&str; 1]> = keys.iter().map(|key| [key.as_str()]).collect();
    let redactions: Vec<&[&str]> = redactions.iter().map(<[&str; 1]>::as_slice).collect();
    let set = kept_back(load(&(0..12).map(rule).collect::<Vec<_>>()), &redactions);
    assert_eq!(check(&set, &[event.as_bytes()]), 12);
}

/// What a match is owed to is told as it holds, also where no operator says it.
#[test]
fn a_comparison_under_a_not_is_told_as_it_holds() {
    let rule = "rules:\n  - id: r\n    name: R\n    type: CloudTrail\n    severity: 3\n    description: d\n    filter: n = 1 and not (a < 5 or b = 2)\n";
    let set = load(&[("f.yaml".to_owned(), rule.as_bytes().to_vec())]);
    let told = told(set, &[br#"{"n":1,"a":7,"b":3}"#]);
    let matched = &told[0][0].matched;
    assert!(matched.contains(r#"{"predicate":"not a < 5","values":[7]}"#), "{matched}");
    assert!(matched.contains(r#"{"predicate":"b != 2","values":[3]}"#), "{matched}");
}

/// A match that is owed to one element of several is told by it, and not by those that speak against it.
#[test]
fn all_under_a_not_is_told_by_the_elements_that_do_not_satisfy_it() {
    let told_of = |filter: &str| {
        let rule = format!(
            "rules:\n  - id: r\n    name: R\n    type: CloudTrail\n    severity: 3\n    description: d\n    filter: n = 1 and {filter}\n"
        );
        let set = load(&[("f.yaml".to_owned(), rule.into_bytes())]);
        told(set, &[br#"{"n":1,"b":[3,1,2,0],"c":[]}"#])[0][0].matched.clone()
    };
    for (filter, expected) in [
        ("not (all(b) >= 2)", r#"{"predicate":"not all(b) >= 2","values":[1,0]}"#),
        ("all(b) != 3", r#"{"predicate":"all(b) != 3","values":[1,2,0]}"#),
        ("all(b) >= 0", r#"{"predicate":"all(b) >= 0","values":[3,1,2,0]}"#),
        ("not (all(c) >= 2)", r#"{"predicate":"not all(c) >= 2","values":[]}"#),
        ("b > 1", r#"{"predicate":"b > 1","values":[3,2]}"#),
    ] {
        let matched = told_of(filter);
        assert!(matched.contains(expected), "{filter}: {matched}");
    }
}
