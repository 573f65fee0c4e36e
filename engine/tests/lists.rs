//! List files of each form, inline lists with values, lookups in titles, and the predicates that a match is owed to.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test's helpers may panic")]

use oxpecker_engine::json::Json;
use oxpecker_engine::problem::Position;
use oxpecker_engine::rule::{Limits, ListFormat, read_list};
use oxpecker_engine::{Engine, Report, Request};

/// The problems of a list file as `line:column code`, and its entries as `key=value`.
fn read(text: &str, format: ListFormat) -> (Vec<String>, Vec<String>) {
    read_bytes(text.as_bytes(), format)
}

fn read_bytes(bytes: &[u8], format: ListFormat) -> (Vec<String>, Vec<String>) {
    let file = read_list(bytes, format, &Limits::default());
    let place = |problem: &oxpecker_engine::problem::Diagnostic| {
        let at = Position::of(&file.text, problem.span);
        format!("{}:{} {}", at.line, at.column, problem.problem.code())
    };
    let entry = |(key, value): (&_, &Json)| match (oxpecker_engine::language::expr::Value::as_text(key), value) {
        (text, Json::Null) => text.unwrap_or("null").to_owned(),
        (text, value) => format!("{}={value}", text.unwrap_or("null")),
    };
    (file.problems.iter().map(place).collect(), file.list.entries().map(entry).collect())
}

#[test]
fn lines_hold_one_text_each() {
    let (problems, entries) = read("# people\r\nroot\n\n  ada # the first\n#bob\nc#\n10.0.0.0/8\n", ListFormat::Lines);
    assert_eq!(entries, ["root", "ada", "c#", "10.0.0.0/8"]);
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(read("\u{feff}a", ListFormat::Lines).1, ["a"]);
}

#[test]
fn each_bad_line_is_told_with_its_place() {
    let text = format!("a\nb\u{1}\n{}\na\n10.0.0.1/8\n10.0.0.0/64\n", "x".repeat(5_000));
    let (problems, entries) = read(&text, ListFormat::Lines);
    let expected = [
        "2:1 bad-list-entry",
        "3:1 bad-list-entry",
        "4:1 duplicate-entry",
        "5:1 cidr-host-bits",
        "6:1 cidr-bad-prefix",
    ];
    assert_eq!(problems, expected);
    assert_eq!(entries, ["a", "a", "10.0.0.1/8", "10.0.0.0/64"]);
    assert_eq!(
        read_bytes(b"a\n\xff\nb\n", ListFormat::Lines),
        (vec!["2:1 bad-list-entry".into()], vec!["a".into(), "b".into()])
    );
}

#[test]
fn csv_has_a_line_of_names_and_keys_in_its_first_column() {
    let text = "account,owner,env\r\n111122223333,\"pay, \"\"ments\"\"\",prod\r\n\r\n012345678901,,\"two\nlines\"\n";
    let (problems, entries) = read(text, ListFormat::Csv);
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(
        entries,
        [
            r#"111122223333={"owner":"pay, \"ments\"","env":"prod"}"#,
            r#"012345678901={"owner":null,"env":"two\nlines"}"#
        ]
    );
    assert_eq!(read("ip\n10.0.0.0/8\n", ListFormat::Csv).1, ["10.0.0.0/8"]);
    assert_eq!(read("", ListFormat::Csv), (vec![], vec![]));
}

#[test]
fn bad_rows_of_csv_keep_no_other_from_being_read() {
    let text = "id,owner\na\nb,x,y\n,z\n\"c\"d,x\ne,ok\n\"f,x\n";
    let (problems, entries) = read(text, ListFormat::Csv);
    assert_eq!(entries, [r#"e={"owner":"ok"}"#]);
    assert_eq!(problems, ["2:1", "3:1", "4:1", "5:4", "7:1"].map(|place| format!("{place} bad-list-entry")));
    assert_eq!(read("id,,id\na,b,c\n", ListFormat::Csv).0, ["1:4 bad-list-entry", "1:5 bad-list-entry"]);
}

#[test]
fn yaml_is_a_list_or_a_mapping() {
    assert_eq!(read("- root\n- 0012\n- 7\n- true\n", ListFormat::Yaml).1, ["root", "0012", "7", "true"]);
    let (problems, entries) = read("a: x\nb: {owner: y}\nc:\na: z\n", ListFormat::Yaml);
    assert_eq!(entries, ["a=\"x\"", "b={\"owner\":\"y\"}", "c", "a=\"z\""]);
    assert_eq!(problems, ["4:1 duplicate-entry"]);
    assert_eq!(read("just text", ListFormat::Yaml).0, ["1:1 wrong-type"]);
    assert_eq!(read("- [a]\n- ok\n", ListFormat::Yaml), (vec!["1:3 wrong-type".into()], vec!["ok".into()]));
}

fn rules(title: &str, filter: &str) -> String {
    format!(
        "ruleset: t\nlists:\n  accounts:\n    \"111122223333\": {{owner: payments, env: prod}}\n    \"444455556666\": {{owner: web}}\n  \
         names: {{u1: Ada}}\n  admins: [root]\nrules:\n  - id: r\n    name: R\n    title: {title:?}\n    type: CloudTrail\n    \
         severity: 3\n    description: D\n    filter: |\n      {filter}\n"
    )
}

fn load(text: &str) -> Result<Engine, Report> {
    let request = Request { documents: vec![("r.yaml".into(), text.into())], ..Request::default() };
    Engine::load(&request).map(|(engine, _)| engine)
}

fn alert(text: &str, event: &str) -> Json {
    let mut engine = load(text).expect("the rules are sound");
    let (mut found, mut alerts) = (Vec::new(), Vec::new());
    engine.detect(event.as_bytes(), &mut found).expect("an event");
    found.into_iter().for_each(|detection| engine.observe(detection, &mut alerts));
    alerts[0].clone()
}

#[test]
fn titles_look_values_up() {
    for (slot, expected) in [
        ("lookup(@accounts, account).owner", "payments"),
        ("lookup(@accounts, account)", "payments, prod"),
        ("lookup(@accounts, account).nobody", "(none)"),
        ("lookup(@accounts, missing).owner", "(none)"),
        ("lookup(@accounts, all).owner", "payments, web"),
        ("lookup(@names, user)", "Ada"),
        ("lookup(@names, user).owner", "(none)"),
        ("lookup(@admins, user)", "(none)"),
    ] {
        let event = r#"{"account":"111122223333","all":["111122223333","444455556666","777788889999"],"user":"u1"}"#;
        let alert = alert(&rules(&format!("{{{{{slot}}}}}"), "user = \"u1\""), event);
        assert_eq!(alert.get("title").and_then(Json::as_text), Some(expected), "{slot}");
    }
}

#[test]
fn an_unknown_list_in_a_title_is_an_error_with_its_place() {
    let text = rules("in {{lookup(@acounts, account).owner}}", "user = \"u1\"");
    let report = load(&text).expect_err("an error");
    let problem = report.problems.iter().find(|problem| problem.diagnostic.is_error()).expect("one that is an error");
    assert_eq!(
        (problem.diagnostic.problem.code(), problem.position.line, problem.position.column),
        ("unknown-list", 11, 25)
    );
    assert_eq!(problem.diagnostic.span.of(&text), "@acounts");
    assert_eq!(problem.diagnostic.fix.as_deref(), Some("@accounts"));
}

#[test]
fn what_the_operator_gives_goes_over_what_a_file_declares() {
    let mut request = Request {
        documents: vec![("r.yaml".into(), rules("{{lookup(@names, user)}}", "user in @admins").into())],
        ..Request::default()
    };
    request.lists.insert("admins".into(), read_list(b"eve", ListFormat::Lines, &Limits::default()).list);
    let (mut engine, _) = Engine::load(&request).expect("sound");
    let mut found = Vec::new();
    engine.detect(br#"{"user":"eve"}"#, &mut found).expect("an event");
    engine.detect(br#"{"user":"root"}"#, &mut found).expect("an event");
    assert_eq!(found.len(), 1);
}

#[test]
fn an_alert_tells_the_predicates_that_it_is_owed_to() {
    let event = r#"{"user":"ada","group":["x","admins","y"],"port":22,"tty":null,"eventName":"StartSession"}"#;
    for (filter, expected) in [
        ("eventName = \"StartSession\"", r#"[{"predicate":"eventName = \"StartSession\"","values":["StartSession"]}]"#),
        ("user = \"bob\" or port > 20", r#"[{"predicate":"port > 20","values":[22]}]"#),
        (
            "group like \"admin\" and not (user = \"eve\" or port = 1)",
            r#"[{"predicate":"group like \"admin\"","values":["admins"]},{"predicate":"user != \"eve\"","values":["ada"]},{"predicate":"port != 1","values":[22]}]"#,
        ),
        ("not (user = \"ada\" and port = 1)", r#"[{"predicate":"port != 1","values":[22]}]"#),
        (
            "count(group) = 3 and upper(user) = \"ADA\"",
            r#"[{"predicate":"count(group) = 3","values":[3]},{"predicate":"upper(user) = \"ADA\"","values":["ADA"]}]"#,
        ),
        (
            "auid = null and tty exists",
            r#"[{"predicate":"auid = null","values":[]},{"predicate":"tty exists","values":[null]}]"#,
        ),
        ("user in (@names, \"ada\")", r#"[{"predicate":"user in (@names, \"ada\")","values":["ada"]}]"#),
    ] {
        let matched = alert(&rules("T", filter), event).get("matched").expect("the field").to_string();
        assert_eq!(matched, expected, "{filter}");
    }
}

#[test]
fn what_an_alert_tells_is_bounded() {
    let filter: Vec<String> = (0..30).map(|n| format!("a != \"{n}{}\"", "x".repeat(300))).collect();
    let many: Vec<String> = (0..50).map(|n| format!("\"{n}{}\"", "é".repeat(500))).collect();
    let alert = alert(&rules("T", &filter.join(" and ")), &format!("{{\"a\":[{}]}}", many.join(",")));
    let matched = alert.get("matched").and_then(Json::as_array).expect("an array");
    assert_eq!(matched.len(), 10);
    for told in matched {
        let values = told.get("values").and_then(Json::as_array).expect("an array");
        assert_eq!(values.len(), 5);
        assert!(
            values
                .iter()
                .chain(told.get("predicate"))
                .all(|text| text.as_text().map(|text| text.chars().count()) == Some(201))
        );
    }
}

#[test]
fn what_is_redacted_is_neither_told_nor_looked_up() {
    let filter = "lower(user) = \"ada\" and pin = 7 and group = \"x\"";
    let text = rules("{{lookup(@names, user)}} {{user}}", filter).replace("rules:\n", "redact: [user, pin]\nrules:\n");
    let alert = alert(&text.replace("u1: Ada", "Ada: Lovelace"), r#"{"user":"Ada","pin":7,"group":["x","y"]}"#);
    let matched = alert.get("matched").expect("the field").to_string();
    let values: Vec<&str> = matched.split("\"values\":").skip(1).filter_map(|rest| rest.split('}').next()).collect();
    assert_eq!(values, ["[\"(redacted)\"]", "[\"(redacted)\"]", "[\"x\"]"]);
    assert_eq!(alert.get("title").and_then(Json::as_text), Some("(redacted) (redacted)"));
    assert!(!alert.to_string().contains("Lovelace") && !alert.to_string().contains("\"Ada\""), "{alert}");
}
