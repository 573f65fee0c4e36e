//! Reading rule files: where problems are said to be, and that all are found.

use super::*;
use crate::problem::Diagnostic;

const GOOD: &str = r#"
ruleset: demo
lists:
  admins: [root, 7, "10.0.0.0/8"]
rules:
  - id: one
    name: One
    title: "{{user}} did it"
    type: CloudTrail
    severity: 2
    description: Something.
    filter: |
      eventName = "A" and
        user in @admins
    aggregate: [user]
    window: 2h
    threshold: 5
    suppressions:
      - user = "ci"
      - filter: user = "cd"
        expires: 2027-01-31
    tests:
      - name: yes
        expect: alert
        event: {eventName: A, user: root, n: 1.50, account: 0012}
"#;

#[test]
fn a_whole_rule_is_read() {
    let document = read(GOOD.as_bytes(), &[], &Limits::default());
    assert_eq!(document.problems, []);
    let rule = &document.rules[0];
    assert_eq!((rule.window, rule.threshold, rule.severity), (7200, 5, 2));
    assert_eq!(rule.filter.to_string(), "eventName = \"A\" and user in @admins");
    assert_eq!(rule.suppressions.len(), 2);
    assert_eq!(rule.tests[0].events[0], r#"{"eventName":"A","user":"root","n":1.50,"account":"0012"}"#);
    assert_eq!(rule.version.len(), 16);
}

/// Codes, and the text in the file under each span.
fn found(source: &str) -> Vec<(&'static str, &str)> {
    let problems = read(source.as_bytes(), &[], &Limits::default()).problems;
    problems.iter().map(|p: &Diagnostic| (p.problem.code(), p.span.of(source))).collect()
}

/// The file with all fixes put in that its problems offer.
fn mended(source: &str) -> String {
    let mut text = source.to_owned();
    for Diagnostic { span, fix, .. } in read(source.as_bytes(), &[], &Limits::default()).problems.into_iter().rev() {
        if let Some(fix) = fix {
            text.replace_range(span.start..span.end, &fix);
        }
    }
    text
}

#[test]
fn a_text_where_a_list_belongs_is_put_into_brackets_and_a_window_is_rewritten() {
    for (text, list) in [
        ("user", "[user]"),
        ("user, ip", "[user, ip]"),
        ("'it''s'", "['it''s']"),
        (r#""a\\b""#, r#"["a\\b"]"#),
        ("7", "[7]"),
    ] {
        let source = GOOD.replace("aggregate: [user]", &format!("tags: {text}"));
        assert_eq!(mended(&source), GOOD.replace("aggregate: [user]", &format!("tags: {list}")));
        assert_eq!(found(&mended(&source)), [("title-not-aggregated", "\"{{user}} did it\"")], "{text}");
    }
    // Brackets would make something else of these, or no YAML.
    for text in ["a[0].b", "Backups, restores and tests", "|\n      user", "{a: user}"] {
        let source = GOOD.replace("aggregate: [user]", &format!("tags: {text}"));
        assert_eq!(mended(&source), source);
        assert_eq!(found(&source)[1].0, "wrong-type", "{text}");
    }
    assert_eq!(mended(&GOOD.replace("window: 2h", "window: 120 minutes")), GOOD);
    assert_eq!(
        mended(&GOOD.replace("window: 2h", "window: {sliding: \"2 hours\"}")),
        GOOD.replace("2h", "{sliding: 2h}")
    );
    assert_eq!(mended("rules: 5"), "rules: 5");
}

#[test]
fn problems_inside_filters_point_into_the_file() {
    let broken = GOOD.replace("user in @admins", "usr startswith 'é' or x = y").replace("window: 2h", "window: soon");
    assert_eq!(found(&broken), [("unknown-operator", "startswith"), ("unquoted-value", "y"), ("bad-field", "soon")]);
    for style in ["'", "\""] {
        let quoted = GOOD.replace("- user = \"ci\"", &format!("- {style}user == 1 and a like null{style}"));
        assert_eq!(found(&quoted), [("unknown-operator", "=="), ("bad-value", "null")], "{style}");
    }
    let folded = GOOD.replace("filter: |", "filter: >").replace("user in @admins", "user in @admin");
    assert_eq!(found(&folded), [("unknown-list", "@admin")]);
    assert_eq!(mended(&folded), GOOD.replace("filter: |", "filter: >"));
    let escaped = GOOD.replace("- user = \"ci\"", r#"- "user = \"a\" or\tuser is \"b\"""#);
    assert_eq!(found(&escaped), [("unknown-operator", "is")]);
}

#[test]
fn every_mistake_of_a_file_is_found_in_one_reading() {
    let source = "ruleset: x\nrulez: 1\nrules:\n  - id: Bad Id\n    nme: x\n    severity: 9\n    severity: 1\n    \
                  type: cloudtrial\n    filter: a =\n    title: '{{a'\n    threshold: many\n  - 5\n";
    let codes: Vec<&str> = found(source).into_iter().map(|(code, _)| code).collect();
    for code in [
        "unknown-field",
        "bad-field",
        "duplicate-field",
        "missing-value",
        "bad-template",
        "wrong-type",
        "missing-field",
    ] {
        assert!(codes.contains(&code), "{code} is not in {codes:?}");
    }
    assert!(codes.len() >= 10, "{codes:?}");
}

#[test]
fn what_is_no_rule_file_is_named() {
    assert_eq!(found("rules: ["), [("yaml-syntax", "")]);
    assert_eq!(found("a: &x 1\nb: *x")[0].0, "yaml-unsupported");
    for nothing in
        ["", "# nothing\n", "---\n", "null", "{}", "rules:", "rules: []", "ruleset: x", "tune:", "lists: {a: [b]}"]
    {
        let codes: Vec<_> = found(nothing).into_iter().map(|(code, _)| code).collect();
        assert_eq!(codes, ["no-rules"], "{nothing}");
    }
    assert_eq!(found("event_types: {'kube.*': kubernetes}"), []);
    assert_eq!(found("rules: 5"), [("wrong-type", "5")]);
    assert_eq!(found("- 1")[0].0, "wrong-type");
    for events in ["{\"a\":1}\n{\"b\":2}\n", "\u{feff}{\"a\":1}", "[{\"a\":1}]", "{\n \"Records\": [{\"rules\": 1}]\n}"]
    {
        let codes: Vec<_> = found(events).into_iter().map(|(code, _)| code).collect();
        assert_eq!(codes, ["events-not-rules"], "{events}");
    }
    assert_eq!(found(r#"{"ruleset":"x","rules":[],"rulez":1}"#), [("no-rules", ""), ("unknown-field", "\"rulez\"")]);
    assert_eq!(found("{\"rules\":[]}\n{\"rules\":[]}")[0].0, "yaml-syntax");
    assert_eq!(found(&format!("rules: {}", "[".repeat(10_000)))[0].0, "yaml-syntax");
    assert_eq!(read(b"\xff", &[], &Limits::default()).problems[0].problem.code(), "file-not-text");
}

#[test]
fn a_rule_in_two_sets_runs_once_and_two_rules_with_one_id_are_an_error() {
    let other = GOOD.replace("severity: 2", "severity: 1");
    let source = |text: &'static str| Source { name: "f.yaml", bytes: text.as_bytes() };
    let (set, problems) = load(&[source(GOOD), source(GOOD)], ListValues::new(), &Limits::default());
    assert_eq!((set.rules.len(), problems.len()), (1, 0));
    let other: &'static str = other.leak();
    let (_, problems) = load(&[source(GOOD), source(other)], ListValues::new(), &Limits::default());
    assert_eq!(problems[0].diagnostic.problem.code(), "duplicate-rule");
    assert!(problems[0].diagnostic.problem.message().contains("f.yaml:6"));
}

#[test]
fn a_fix_inside_quotes_keeps_the_file_yaml() {
    for (style, fix) in [("'", "\"it''s\""), ("\"", "\\\"it's\\\"")] {
        let source = GOOD.replace(
            "- user = \"ci\"",
            &format!("- {style}user = “it{}s”{style}", if style == "'" { "''" } else { "'" }),
        );
        let problems = read(source.as_bytes(), &[], &Limits::default()).problems;
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].fix.as_deref(), Some(fix));
        let (before, after) = (&source[..problems[0].span.start], &source[problems[0].span.end..]);
        let mended = format!("{before}{fix}{after}");
        assert_eq!(read(mended.as_bytes(), &[], &Limits::default()).problems, [], "{mended}");
    }
}

/// Reading never came to an end: the text of a block has a line feed that such a file has not.
#[test]
fn a_quote_left_open_in_the_last_line_of_a_file_without_a_line_feed() {
    let source = "rules:\n  - id: a\n    filter: |\n      user = 1 'é";
    let problems = read(source.as_bytes(), &[], &Limits::default()).problems;
    let open = problems.iter().find(|problem| problem.problem.code() == "missing-connective").unwrap();
    assert_eq!(open.span.of(source), "'é");
}
