//! The functions of the page, called natively.

use crate::{Session, edit, language, read_bytes, rules};
use oxpecker_engine::json::{Json, Limits};

fn json(text: &str) -> Json {
    Json::parse(text.as_bytes(), &Limits::default()).unwrap()
}

fn batch(text: &str) -> Vec<u8> {
    let read = read_bytes(text.as_bytes());
    let answer = u32::from_le_bytes(*read.first_chunk().unwrap()) as usize;
    read[4 + answer..].to_vec()
}

const EVENTS: &str = r#"{"Records":[
  {"eventVersion":"1.08","eventSource":"ssm.amazonaws.com","eventName":"StartSession","eventTime":"2026-01-31T12:00:00Z",
   "userIdentity":{"type":"AssumedRole","principalId":"AROA:ada","accountId":"1"},"eventID":"a","big":9007199254740993},
  {"eventVersion":"1.08","eventSource":"ssm.amazonaws.com","eventName":"StartSession","eventTime":"2026-01-31T12:01:00Z",
   "userIdentity":{"type":"AssumedRole","principalId":"AROA:bob","accountId":"1"},"eventID":"b"},
  {"eventVersion":"1.08","eventSource":"ecr.amazonaws.com","eventName":"PutImage","eventTime":"2026-01-31T12:02:00Z",
   "userIdentity":{"type":"AssumedRole","principalId":"AROA:ada","accountId":"1"},"eventID":"c"}]}"#;

const RULES: &str = "ruleset: mine\nrules:\n  - id: session\n    name: Session\n    title: \"{{user}} began\"\n    \
    type: CloudTrail\n    severity: 2\n    description: A session.\n    filter: |\n      eventName = \"StartSession\"\n    \
    aggregate: [user]\n  - id: other\n    name: Other\n    title: Other\n    type: CloudTrail\n    severity: 3\n    \
    description: Another.\n    filter: eventName = \"PutImage\"\n    tests:\n      - name: one\n        expect: nothing\n        \
    event: {\"a\": 1}\n";

fn asked(files: &str) -> Session {
    let mut session = Session::new();
    session.add(batch(EVENTS));
    let list = Json::Array(vec![Json::Array(vec![Json::from("r.yaml"), Json::from(files)])]);
    assert!(session.ask_files(&crate::answer::text(&list)));
    assert_eq!(session.step(100), 3);
    session
}

#[test]
fn a_filter_is_asked_of_records() {
    let mut session = Session::new();
    session.add(batch(EVENTS));
    assert!(session.ask_filter("user = 'ada' and eventName = 'StartSession'"));
    assert_eq!(session.step(2), 2);
    assert_eq!(session.outcomes(-1), [4, 1, 0]);
    assert_eq!(session.step(2), 3);
    assert_eq!(session.outcomes(0), [4, 1, 1]);
    assert!(!session.ask_filter("user ="));
    let why = json(&session.why(2, 0));
    assert_eq!(why.get("outcome").unwrap().as_text(), Some("no match"));
    assert_eq!(why.get("miss"), Some(&Json::from(1u64)));
    let children = why.at(&["tree", "children"]).unwrap().as_array().unwrap();
    assert_eq!(children[1].get("miss"), Some(&Json::Bool(true)));
    assert_eq!(children[1].get("values"), Some(&json(r#"["\"PutImage\""]"#)));
    assert!(why.at(&["view", "text"]).unwrap().as_text().unwrap().contains("\"eventID\": \"c\""));
    let text = json(&session.why(0, 0));
    assert!(text.at(&["view", "text"]).unwrap().as_text().unwrap().contains("9007199254740993"));
    let view = text.at(&["view", "text"]).unwrap().as_text().unwrap().to_owned();
    let at = u32::try_from(view.find("\"AssumedRole").unwrap()).unwrap();
    assert_eq!(session.condition(0, at).as_deref(), Some("userIdentity.type = \"AssumedRole\""));
    assert_eq!(session.column_of(0), 0);
    let keys = session.keys();
    assert!(keys.contains(r#""key":"userIdentity.principalId""#) && keys.contains(r#""key":"user""#), "{keys}");
}

#[test]
fn rules_raise_alerts_with_their_events() {
    let mut session = asked(RULES);
    let alerts = json(&session.alerts());
    let alerts = alerts.as_array().unwrap();
    assert_eq!(alerts.len(), 3);
    assert_eq!(alerts[0].get("title").unwrap().as_text(), Some("ada began"));
    assert_eq!(alerts[0].get("events"), Some(&json("[0]")));
    assert_eq!(session.suppression(0), r#"{"filter":"user = \"ada\""}"#);
    let hidden = edit::add_suppression(RULES, "session", "user = \"ada\"", "known").unwrap();
    let list = Json::Array(vec![Json::Array(vec![Json::from("r.yaml"), Json::from(hidden)])]);
    let effect = json(&session.effect(&crate::answer::text(&list), "session"));
    assert_eq!(effect.get("lost").unwrap().as_array().unwrap().len(), 1);
    assert_eq!(effect.get("before"), Some(&Json::from(2u64)));
    let tests = json(&session.tests());
    assert_eq!(tests.as_array().unwrap()[0].get("failure"), Some(&Json::Null));
}

/// What alerts show of the values that they group by is not all that tells their windows apart. Events without a time raise
/// one alert each.
#[test]
fn alerts_have_their_events_where_values_are_redacted_or_long() {
    let events = |session: &mut Session| {
        let alerts = json(&session.alerts());
        let of_each = alerts.as_array().unwrap().iter().map(|alert| alert.get("events").unwrap().to_string());
        of_each.collect::<Vec<_>>()
    };
    assert_eq!(events(&mut asked(&RULES.replacen("rules:", "redact: [user]\nrules:", 1))), ["[0]", "[1]", "[2]"]);
    let long = "a".repeat(15_000);
    let keys = ["k", "l", "m", "n", "o"];
    let members: Vec<String> = keys.iter().map(|key| format!("\"{key}\":\"{long}\"")).collect();
    let mut session = Session::new();
    let event = |last: u32| format!("{{\"x\":1,{},\"p\":{last}}}", members.join(","));
    session.add(batch(&[event(1), event(2), event(3)].join("\n")));
    let rules = format!(
        "rules: [{{id: r, name: R, type: Host, severity: 2, description: d, filter: x = 1, aggregate: [{}, p]}}]",
        keys.join(", ")
    );
    let list = Json::Array(vec![Json::Array(vec![Json::from("r.yaml"), Json::from(rules)])]);
    assert!(session.ask_files(&crate::answer::text(&list)));
    assert_eq!(session.step(100), 3);
    assert_eq!(events(&mut session), ["[0]", "[1]", "[2]"]);
}

#[test]
fn a_test_is_added_where_it_belongs() {
    let first =
        edit::add_test(RULES, "session", "a \"name\"", "alert", r#"{"eventName":"StartSession","n":1e400}"#).unwrap();
    assert!(first.contains("    tests:\n      - name: \"a \\\"name\\\"\"\n        expect: alert\n"), "{first}");
    let second = edit::add_test(&first, "other", "n", "nothing", r#"{"a":"\u0007x"}"#).unwrap();
    assert_eq!(second.matches("- name:").count(), 3);
    let changed = edit::set_filter(&second, "session", "eventName = \"x\"\nand user = 'y'").unwrap();
    assert!(changed.contains("filter: |\n      eventName = \"x\"\n      and user = 'y'\n    aggregate"), "{changed}");
    assert_eq!(edit::add_test(RULES, "nobody", "n", "alert", "{}"), None);
}

#[test]
fn one_rule_is_cut_out_of_a_file() {
    let alone = rules::single(RULES, "session");
    assert!(alone.contains("id: session") && !alone.contains("id: other"), "{alone}");
    let alone = rules::single(RULES, "other");
    assert!(!alone.contains("id: session") && alone.contains("event: {\"a\": 1}"), "{alone}");
}

#[test]
fn the_editor_is_answered() {
    assert_eq!(language::tokens("a = 'é' and b"), [0, 1, 1, 2, 3, 2, 4, 7, 5, 8, 11, 3, 12, 13, 1]);
    assert_eq!(language::file_tokens(RULES).len(), 2 * 9);
    let found = json(&language::check("usr startswith 'x'", ""));
    assert_eq!(found.get("ok"), Some(&Json::Bool(false)));
    let hover = json(&language::hover("a = 1 and userIdentity.type = 'x'", 24));
    assert_eq!(hover.get("key").unwrap().as_text(), Some("userIdentity.type"));
    assert_eq!(language::hover("a = 1", 4), "null");
    let place = RULES.find("PutImage").unwrap() - 8;
    assert!(language::hover_in_file(RULES, place).contains(r#""key":"eventName","meaning":"The call"#));
    let untidy = RULES.replace("filter: eventName = \"PutImage\"", "filter: eventName='PutImage'  AND  user=1");
    let tidy = edit::format_in_file(&untidy, untidy.find("PutImage").unwrap()).unwrap();
    assert!(tidy.contains("    filter: |\n      eventName = \"PutImage\" and user = 1\n    tests:"), "{tidy}");
    assert_eq!(edit::format_in_file(&untidy, 3), None);
    assert!(language::complete("user = ", 7).contains(r#""expects":"value","key":"user""#));
    let at = RULES.find("\"StartSession\"").unwrap();
    assert!(language::complete_in_file(RULES, at).contains(r#""expects":"value","key":"eventName""#));
    assert_eq!(language::complete_in_file(RULES, 3), "null");
    assert_eq!(language::format("a='x'   AND b=1").unwrap(), "a = \"x\" and b = 1");
    assert_eq!(language::format("a = 1 # why"), None);
}

#[test]
fn hostile_events_are_texts() {
    let deep = format!("{}{}", "{\"a\":".repeat(10_000), "1");
    let deep = format!("{deep}{}", "}".repeat(10_000));
    let mut session = Session::new();
    session.add(batch(&format!("{deep}\n{{\"a\":\"<img src=x onerror=alert(1)>\\u202e\\u0007\"}}")));
    assert!(session.ask_filter("a exists"));
    assert_eq!(session.step(10), session.count());
    assert!(session.outcomes(-1).contains(&5) || session.count() == 1, "{:?}", session.outcomes(-1));
    for event in 0..session.count() {
        assert!(session.why(event, 0).contains("view"));
        assert!(session.rows(&[u32::try_from(event).unwrap()]).starts_with('['));
    }
}
