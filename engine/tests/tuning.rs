//! Tuning overlays, shadow rules, rule sets, and the lints of suppressions.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test's helpers may panic")]

use oxpecker_engine::json::Json;
use oxpecker_engine::rule::{
    self, Limits, ListValues, LoadedDiagnostic, Place, RuleSet, Source, Status, Tunable, lint,
};
use oxpecker_engine::{Engine, Request};

/// A rule file; `extra` are more fields of the rule, at its indentation.
fn rules(set: &str, extra: &str) -> String {
    let extra: String = extra.lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "ruleset: {set}\nrules:\n  - id: start\n    name: Start\n    type: CloudTrail\n    severity: 3\n    \
         description: d\n    filter: eventName = \"Start\" and region != null\n    aggregate: [user]\n{extra}"
    )
}

fn load(files: &[&str]) -> (RuleSet, Vec<LoadedDiagnostic>) {
    let names: Vec<String> = (0..files.len()).map(|place| format!("{place}.yaml")).collect();
    let sources: Vec<Source<'_>> =
        names.iter().zip(files).map(|(name, text)| Source { name, bytes: text.as_bytes() }).collect();
    rule::load(&sources, ListValues::new(), &Limits::default())
}

/// The codes of the problems with their sources, and the text under each.
fn found<'f>(files: &[&'f str]) -> Vec<(usize, &'static str, &'f str)> {
    let place =
        |it: LoadedDiagnostic| (it.source, it.diagnostic.problem.code(), it.diagnostic.span.of(files[it.source]));
    load(files).1.into_iter().map(place).collect()
}

#[test]
fn an_overlay_changes_a_rule_and_says_where_each_value_comes_from() {
    let base = rules("base", "threshold: 2\nsuppressions: ['user = \"ci\"']");
    let first = "tune:\n  - rule: start\n    severity: 1\n    window: {sliding: 5m}\n    reason: too quiet\n";
    let second = "tune:\n  - rule: start\n    severity: 2\n    threshold: 7\n    title: \"{{user}} again\"\n    suppressions:\n      \
                  - filter: user = \"cd\"\n        expires: 2027-01-31\n";
    let (set, problems) = load(&[&base, first, second]);
    assert_eq!(problems.iter().map(|it| it.diagnostic.problem.code()).collect::<Vec<_>>(), Vec::<&str>::new());
    let collected = &set.rules[0];
    let rule = &collected.rule;
    assert_eq!((rule.severity, rule.window, rule.sliding, rule.threshold), (2, 300, true, 7));
    assert_eq!(rule.title.keys().map(ToString::to_string).collect::<Vec<_>>(), ["user"]);
    let hidden: Vec<String> = rule.suppressions.iter().map(|it| it.filter.to_string()).collect();
    assert_eq!(hidden, ["user = \"ci\"", "user = \"cd\""]);
    let at = |source, line| Place { source, line };
    let from = &collected.provenance;
    assert_eq!(from.fields.get(&Tunable::Severity), Some(&at(2, 3)));
    assert_eq!(from.fields.get(&Tunable::Window), Some(&at(1, 4)));
    assert_eq!(from.fields.get(&Tunable::Threshold), Some(&at(2, 4)));
    assert_eq!(from.fields.get(&Tunable::Title), Some(&at(2, 5)));
    assert_eq!(from.fields.get(&Tunable::Enabled), None);
    assert_eq!(from.suppressions, [at(0, 11), at(2, 7)]);
    let reasons: Vec<_> = from.tunings.iter().map(|it| (it.place, it.reason.as_deref())).collect();
    assert_eq!(reasons, [(at(1, 2), Some("too quiet")), (at(2, 2), None)]);
}

#[test]
fn the_version_covers_what_decides_and_no_wording() {
    let base = rules("base", "");
    let version = |tune: &str| {
        let overlay = format!("tune:\n  - rule: start\n    {tune}\n");
        load(&[&base, &overlay]).0.rules.first().map(|it| it.rule.version.clone())
    };
    let plain = load(&[&base]).0.rules[0].rule.version.clone();
    assert_eq!(version("title: other"), Some(plain.clone()));
    assert_eq!(version("status: shadow"), Some(plain.clone()));
    for tune in ["severity: 1", "window: 2h", "threshold: 9", "suppressions: ['user = \"a\"']"] {
        assert_ne!(version(tune), Some(plain.clone()), "{tune}");
    }
    // As written in the rule's own file.
    assert_eq!(version("threshold: 9"), Some(load(&[&rules("base", "threshold: 9")]).0.rules[0].rule.version.clone()));
}

#[test]
fn an_overlay_switches_rules_off_and_on() {
    let tune = |what: &str| format!("tune: [{{rule: start, {what}}}]");
    let (set, _) = load(&[&rules("a", ""), &tune("enabled: false")]);
    assert_eq!((set.rules.len(), set.disabled.len()), (0, 1));
    let (set, _) = load(&[&rules("a", "enabled: false"), &tune("enabled: true")]);
    assert_eq!((set.rules.len(), set.disabled.len()), (1, 0));
    let (set, _) = load(&[&tune("status: shadow"), &rules("a", "")]);
    assert_eq!(set.rules[0].rule.status, Status::Shadow, "an overlay may come before its rule");
}

#[test]
fn an_overlay_without_its_rule_or_without_effect_is_told() {
    let base = rules("base", "suppressions: ['user = \"ci\"']");
    let unknown = "tune:\n  - rule: strat\n    severity: 1\n";
    assert_eq!(found(&[&base, unknown]), [(1, "unknown-rule", "strat")]);
    let problem = &load(&[&base, unknown]).1[0].diagnostic;
    assert_eq!(problem.problem.help().as_deref(), Some("did you mean `start` (0.yaml:3)?"));
    assert_eq!(problem.fix.as_deref(), Some("start"));
    for nothing in ["severity: 3", "reason: x", "window: 60m", "enabled: true", "suppressions: ['user = \"ci\"']"] {
        let overlay = format!("tune:\n  - rule: start\n    {nothing}\n");
        assert_eq!(found(&[&base, &overlay]), [(1, "tune-changes-nothing", "start")], "{nothing}");
    }
    // A rule that cannot be read is reported once.
    let broken = base.replace("severity: 3", "severity: 9");
    let overlay = "tune: [{rule: start, severity: 1}]";
    assert_eq!(found(&[&broken, overlay]), [(0, "bad-field", "9")]);
}

#[test]
fn mistakes_in_an_overlay_are_all_found_and_it_changes_nothing() {
    let base = rules("base", "");
    let overlay = "tune:\n  - rule: start\n    severity: 9\n    treshold: 2\n    window: soon\n    status: dark\n  - severity: 1\n";
    let codes: Vec<&str> = found(&[&base, overlay]).into_iter().map(|(_, code, _)| code).collect();
    assert_eq!(codes, ["bad-field", "unknown-field", "bad-field", "bad-field", "missing-field"]);
    assert_eq!(load(&[&base, overlay]).0.rules[0].rule.severity, 3);
    // What fits neither file alone to blame.
    let high = rules("base", "threshold: 5000");
    let sliding = "tune: [{rule: start, window: {sliding: 5m}}]";
    assert_eq!(found(&[&high, sliding]).len(), 1);
    assert!(!load(&[&high, sliding]).0.rules[0].rule.sliding);
    assert_eq!(found(&["tune: []"]), [(0, "no-rules", "")]);
}

#[test]
fn a_rule_in_two_sets_remembers_both_and_runs_if_one_of_them_runs_it() {
    let (set, problems) = load(&[&rules("a", "enabled: false"), &rules("b", ""), &rules("b", "")]);
    assert!(problems.is_empty());
    assert_eq!(set.rules.len(), 1);
    assert_eq!((set.rules[0].ruleset.as_str(), set.rules[0].also_in.as_slice()), ("a", ["b".to_owned()].as_slice()));
    let other = rules("b", "threshold: 4");
    let (_, problems) = load(&[&rules("a", ""), &other]);
    assert!(problems[0].diagnostic.problem.message().ends_with("0.yaml:3"));
}

#[test]
fn a_rule_in_shadow_matches_and_counts_and_raises_nothing() {
    let documents = vec![("a".to_owned(), rules("a", "status: shadow\nsuppressions: ['user = \"ci\"']").into_bytes())];
    let request = Request { documents, ..Request::default() };
    let events = [
        r#"{"eventName":"Start","user":"a","region":"x","time":1}"#,
        r#"{"eventName":"Start","user":"ci","region":"x"}"#,
    ];
    let run = |request: &Request| {
        let Ok((mut engine, _)) = Engine::load(request) else { panic!("the rules are sound") };
        let (mut alerts, mut detections): (Vec<Json>, _) = (Vec::new(), Vec::new());
        for event in events {
            engine.detect(event.as_bytes(), &mut detections).unwrap();
        }
        detections.into_iter().for_each(|detection| engine.observe(detection, &mut alerts));
        let column = engine.stats().columns[0];
        (alerts.len(), column.matched, column.suppressed, column.shadowed, engine.stats().shadowed)
    };
    assert_eq!(run(&request), (0, 2, 1, 1, 1));
    assert_eq!(run(&Request { shadow_alerts: true, ..request }), (1, 2, 1, 0, 0));
}

/// The lint that a suppression gets in a rule with a filter.
fn linted(filter: &str, suppression: &str) -> Vec<&'static str> {
    let quoted = |text: &str| text.replace('\'', "''");
    let file = format!(
        "lists: {{l: [Start]}}\nrules:\n  - {{id: r, name: R, type: CloudTrail, severity: 3, description: d, filter: '{}', suppressions: ['{}']}}",
        quoted(filter),
        quoted(suppression)
    );
    found(&[&file]).into_iter().map(|(_, code, _)| code).filter(|code| *code != "unknown-key").collect()
}

#[test]
fn a_suppression_that_can_never_match_is_told() {
    for (filter, suppression) in [
        (r#"eventName = "Start""#, r#"eventName = "Stop""#),
        (r#"eventName = "Start" and user = "a""#, r#"awsRegion = "x" and eventName in ("Stop", "Halt")"#),
        (r#"eventName in ("Start", "Stop")"#, r#"eventName starts_with "Describe""#),
        (r#"eventName = "Start" or eventName = "Stop""#, r#"eventName = "Halt""#),
        (r#"user != "a""#, r#"user = "a""#),
        (r#"x = "a""#, r#"not (x = "a")"#),
        (r#"x = null"#, r#"x = "a""#),
        (r#"x not exists"#, r#"x like "a""#),
        (r#"a = 1"#, r#"eventSource = "a" and eventSource = "b""#),
        (r#"not (user = "a" or x = 1)"#, r#"user = "a""#),
        (r#"a = 1"#, r#"lower(x) = "a" and lower(x) != "a""#),
    ] {
        assert_eq!(linted(filter, suppression), ["suppression-never-matches"], "{filter} / {suppression}");
    }
}

#[test]
fn a_suppression_that_may_match_is_not_blamed() {
    for (filter, suppression) in [
        // An array has several values.
        (r#"group = "a""#, r#"group = "b""#),
        (r#"resources.type = "a""#, r#"resources.type starts_with "b""#),
        // A network has many addresses, a number many forms.
        (r#"sourceIPAddress = "10.0.0.0/8""#, r#"sourceIPAddress = "10.1.2.3""#),
        (r#"recipientAccountId = "7""#, r#"recipientAccountId = 7"#),
        (r#"readOnly = true"#, r#"readOnly = "true""#),
        // A list may be edited.
        (r#"eventName = "Stop""#, r#"eventName in @l"#),
        (r#"eventName in @l"#, r#"eventName = "Stop""#),
        (r#"eventName = "Start""#, r#"lower(eventName) = "start" and user = "a""#),
        (r#"eventName = "Start" or user = "a""#, r#"eventName = "Stop""#),
        (r#"event_type = "cloudtrail""#, r#"event_type = "cloudtrail" and user = "a""#),
        (r#"x = null"#, r#"count(x) = 0"#),
        (r#"user != "a""#, r#"user != "b" and ip = "10.0.0.0/8""#),
        (r#"eventName = "Start" and (a = 1 or b = 1)"#, r#"a = 1"#),
    ] {
        assert_eq!(linted(filter, suppression), Vec::<&str>::new(), "{filter} / {suppression}");
    }
}

#[test]
fn a_suppression_that_hides_the_whole_rule_is_told() {
    for (filter, suppression) in [
        (r#"eventName = "Start" and user = "a""#, r#"user="a""#),
        (r#"eventName = "Start" and user = "a""#, r#"user = "a" and eventName = "Start""#),
        (r#"x = "a" and y = 1"#, r#"x in ("b", "a")"#),
        (r#"x in ("a", "b")"#, r#"x in ("b", "a", "c")"#),
        (r#"x = "a""#, r#"x exists"#),
        (r#"x > 3"#, r#"x != null"#),
        (r#"eventName = "StartSession""#, r#"eventName starts_with "Start""#),
        (r#"x = 1"#, r#"y = 2 or x = 1"#),
        (r#"(x = 1 or y = 2) and z = 3"#, r#"y = 2 or x = 1"#),
    ] {
        assert_eq!(linted(filter, suppression), ["suppression-hides-rule"], "{filter} / {suppression}");
    }
}

#[test]
fn a_suppression_on_a_key_that_never_repeats_is_told_in_its_place() {
    let base = rules(
        "a",
        "suppressions:\n  - user = \"a\" and pid = 4711\n  - filter: |\n      eventID in (\"x\")\n  - eventTime < \"2026-01-01T00:00:00Z\"\n  - pid = null",
    );
    let told: Vec<_> =
        found(&[&base]).into_iter().filter(|(_, code, _)| *code == "suppression-on-unique-key").collect();
    let code = "suppression-on-unique-key";
    assert_eq!(told, [(0, code, "pid = 4711"), (0, code, "eventID in (\"x\")")]);
}

#[test]
fn an_expired_suppression_is_told_where_it_stands_on_the_day_that_is_asked() {
    let base = rules("a", "suppressions:\n  - {filter: 'user = \"a\"', expires: 2026-05-01}");
    let overlay = "tune:\n  - rule: start\n    suppressions: [{filter: 'user = \"b\"', expires: 2026-06-01}]\n";
    let files = [base.as_str(), overlay];
    let on = |day: &str| -> Vec<(usize, &str)> {
        let found = lint::expired(&load(&files).0, day);
        found.iter().map(|it| (it.source, it.diagnostic.span.of(files[it.source]))).collect()
    };
    assert_eq!(on("2026-04-30"), []);
    assert_eq!(on("2026-05-01"), [(0, "2026-05-01")]);
    assert_eq!(on("2026-12-31"), [(0, "2026-05-01"), (1, "2026-06-01")]);
    assert!(found(&files).is_empty(), "without a day nothing is told");
}

mod sound {
    //! What the lints say of suppressions holds for every event.

    use super::linted;
    use oxpecker_engine::event::Event;
    use oxpecker_engine::json::{Json, Limits};
    use oxpecker_engine::language;
    use oxpecker_engine::lists::Lists;
    use oxpecker_engine::reference::{Filter, Verdict};
    use proptest::prelude::*;
    use proptest::strategy::ValueTree;

    const VALUES: [&str; 12] = [
        "\"a\"",
        "\"b\"",
        "\"A\"",
        "\"ab\"",
        "\"1\"",
        "\"true\"",
        "\"10.1.2.3\"",
        "\"10.0.0.0/8\"",
        "1",
        "1.0",
        "true",
        "null",
    ];

    fn predicate() -> impl Strategy<Value = String> {
        let key =
            prop_oneof!["eventName", "eventName", "user", "x", "lower\\(eventName\\)", "all\\(x\\)", "count\\(x\\)"];
        let value = || prop::sample::select(VALUES.to_vec());
        let text = || prop::sample::select(VALUES[..8].to_vec());
        let set = prop::collection::vec(value(), 1..4).prop_map(|values| format!("({})", values.join(", ")));
        let test = prop_oneof![
            4 => value().prop_map(|value| format!("= {value}")),
            2 => value().prop_map(|value| format!("!= {value}")),
            2 => set.clone().prop_map(|set| format!("in {set}")),
            1 => set.prop_map(|set| format!("not in {set}")),
            1 => text().prop_map(|value| format!("starts_with {value}")),
            1 => text().prop_map(|value| format!("not contains {value}")),
            1 => text().prop_map(|value| format!("> {value}")),
            1 => prop_oneof!["exists", "not exists"],
        ];
        (key, test).prop_map(|(key, test)| format!("{key} {test}"))
    }

    fn filter() -> impl Strategy<Value = String> {
        predicate().prop_recursive(2, 6, 3, |inner| {
            prop_oneof![
                3 => prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" and "))),
                2 => prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" or "))),
                1 => inner.prop_map(|inner| format!("not ({inner})")),
            ]
        })
    }

    /// Every event of a few keys and values; `x` may be anything.
    fn events() -> Vec<Event> {
        let single = [
            "\"a\"",
            "\"b\"",
            "\"A\"",
            "\"ab\"",
            "\"1\"",
            "\"true\"",
            "\"10.1.2.3\"",
            "\"10.0.0.0/8\"",
            "1",
            "true",
            "null",
        ];
        let any = ["[]", "[\"a\",\"b\"]", "[[\"ab\"],null]", "{\"a\":1}", "[1,\"10.1.2.3\"]"];
        let event = |name: &str, user: &str, x: Option<&str>| {
            let x = x.map(|x| format!(",\"x\":{x}")).unwrap_or_default();
            let text = format!("{{\"eventName\":{name},\"user\":{user}{x}}}");
            Event::new(Json::parse(text.as_bytes(), &Limits::default()).unwrap(), None)
        };
        let mut all = Vec::new();
        for name in single {
            for user in ["\"a\"", "\"10.1.2.3\"", "1", "null"] {
                for x in single.into_iter().chain(any).map(Some).chain([None]) {
                    all.push(event(name, user, x));
                }
            }
        }
        all
    }

    #[test]
    fn no_lint_is_wrong() {
        let events = events();
        let mut told = [0, 0];
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        for _ in 0..3_000 {
            let (rule, hidden) = (filter(), filter()).new_tree(&mut runner).unwrap().current();
            let lints = linted(&rule, &hidden);
            let read = |text: &str| {
                Filter::new(language::parse(text, &language::Limits::default()).expr.unwrap(), &Lists::new())
            };
            let (matches, hides) = (read(&rule), read(&hidden));
            let matches = |event: &&Event| matches.evaluate(event) == Verdict::Match;
            let mut both = events.iter().filter(matches).map(|event| hides.evaluate(event) == Verdict::Match);
            if lints.contains(&"suppression-never-matches") {
                told[0] += 1;
                assert!(!both.any(|hidden| hidden), "{rule} / {hidden}");
            } else if lints.contains(&"suppression-hides-rule") {
                told[1] += 1;
                assert!(both.all(|hidden| hidden), "{rule} / {hidden}");
            }
        }
        assert!(told.iter().all(|count| *count > 50), "{told:?}");
    }
}
