//! The face's answers, natively. What needs an address is tested under WAMR, in `tests/wamr`.

use super::*;
use serde_json::{Value, json};

const RULES: &str = "ruleset: t\nevent_types: {'a.*': typed}\nrules:\n  \
    - {id: a, name: A, type: Host, severity: 2, description: d, filter: 'x = 1', aggregate: [y]}\n  \
    - {id: b, name: B, type: Host, severity: 1, description: d, filter: 'x = 1 and y = 2', aggregate: [y]}\n  \
    - {id: t, name: T, type: Host, severity: 3, description: d, filter: 'event_type = \"typed\"', suppressions: ['z = 1']}\n  \
    - {id: two, name: Two, type: Host, severity: 3, description: d, filter: 'w exists', threshold: 2, title: '{{w}} of {{event_type}}'}\n";

fn loaded(options: &Value) -> (Face, Session) {
    let (mut face, mut session) = (Face::new(), Session::new());
    let request = json!({"documents": [{"name": "t.yaml", "text": RULES}]}).to_string();
    assert_eq!(session.load(request.as_bytes()), Status::Ok, "{}", String::from_utf8_lossy(session.result()));
    assert_eq!(face.configure(&mut session, options.to_string().as_bytes()), Status::Ok);
    (face, session)
}

fn record(bytes: &str) -> Record<'_> {
    Record {
        tag: b"oxpecker.copy.logs",
        seconds: 1_700_000_000,
        nanoseconds: 0,
        bytes: Some(bytes.as_bytes()),
        length: bytes.len(),
        terminated: true,
    }
}

fn text(face: &Face) -> Value {
    let text = face.text().strip_suffix(b"\0").unwrap();
    assert!(!text.contains(&0));
    serde_json::from_slice(text).unwrap()
}

#[test]
fn one_alert_is_itself_and_several_are_the_worst_with_all() {
    let (mut face, mut session) = loaded(&json!({}));
    assert_eq!(face.filter(&mut session, &record(r#"{"x":1,"y":1}"#)), Reply::Text);
    assert_eq!((&text(&face)["rule_id"], text(&face).get("alerts")), (&json!("a"), None));
    assert_eq!(face.filter(&mut session, &record(r#"{"x":1,"y":2}"#)), Reply::Text);
    let both = text(&face);
    assert_eq!(both["rule_id"], "b");
    assert_eq!(both["alerts"].as_array().map(Vec::len), Some(2));
    assert_eq!(face.filter(&mut session, &record(r#"{"x":1,"y":2}"#)), Reply::Nothing, "the window is open");
    assert_eq!(face.filter(&mut session, &record(r#"{"x":0}"#)), Reply::Nothing);
}

#[test]
fn updates_are_told_where_they_are_asked_for() {
    let (mut face, mut session) = loaded(&json!({"updates": true}));
    let event = record(r#"{"x":1,"y":1}"#);
    assert_eq!(face.filter(&mut session, &event), Reply::Text);
    assert_eq!(face.filter(&mut session, &event), Reply::Text);
    assert_eq!(text(&face)["state"], "updated");
}

#[test]
fn an_alert_that_fires_later_tells_of_the_first_event_as_it_came() {
    let (mut face, mut session) = loaded(&json!({}));
    let first = Record { tag: b"a.b", ..record(r#"{ "w": 1, "z": 1, "eventID": "first" }"#) };
    assert_eq!(face.filter(&mut session, &first), Reply::Nothing);
    assert_eq!(face.filter(&mut session, &record(r#"{"w":2,"eventID":"second"}"#)), Reply::Text);
    let alert = text(&face);
    assert_eq!(
        (&alert["rule_id"], &alert["title"], &alert["event_type"]),
        (&json!("two"), &json!("1 of typed"), &json!("typed"))
    );
    assert_eq!(alert["matched"], json!([{"predicate": "w exists", "values": [1]}]));
    assert_eq!(
        (&alert["events"][0]["event"], &alert["events"][1]["id"]),
        (&json!({"w": 1, "z": 1, "eventID": "first"}), &json!("second"))
    );
}

#[test]
fn a_note_names_suppressed_rules_too() {
    let (mut face, mut session) = loaded(&json!({}));
    let typed = Record { tag: b"a.b", ..record(r#"{"z":1}"#) };
    assert_eq!(face.annotate(&mut session, &typed), Reply::Text);
    let note = &text(&face)["oxpecker"];
    assert_eq!((&note["severity"], &note["rules"][0]["suppressed"]), (&Value::Null, &json!(true)));
    assert_eq!(face.annotate(&mut session, &record("{}")), Reply::Record);
}

#[test]
fn a_tag_counts_although_somebody_else_told_another_one() {
    let (mut face, mut session) = loaded(&json!({}));
    let typed = Record { tag: b"a.b", ..record(r#"{"q":1}"#) };
    let matches =
        |face: &mut Face, session: &mut Session, record: &Record<'_>| face.annotate(session, record) == Reply::Text;
    assert!(matches(&mut face, &mut session, &typed) && matches(&mut face, &mut session, &typed));
    // A batch without a tag, by another call of the same module; two of them, for bitmaps and for detections.
    let batch = [&[1u8, 0, 0, 0, 0, 0, 0, 0][..], &i64::MIN.to_le_bytes(), b"{}"].concat();
    assert_eq!(session.eval(&batch), Status::Ok);
    assert!(matches(&mut face, &mut session, &typed));
    assert_eq!(session.detect(&batch, i64::MIN), Status::Ok);
    assert!(matches(&mut face, &mut session, &typed));
    // Another face, and other rules.
    let (mut other, _) = loaded(&json!({}));
    assert!(!matches(&mut other, &mut session, &record(r#"{"q":1}"#)) && matches(&mut face, &mut session, &typed));
    let rules = RULES.replace("'a.*'", "'c.*'");
    let request = json!({"documents": [{"name": "t.yaml", "text": rules}]}).to_string();
    assert_eq!(session.load(request.as_bytes()), Status::Ok);
    assert!(!matches(&mut face, &mut session, &typed));
    let mut table = oxpecker_engine::rule::TagTypes::new();
    table.push("a.*", "typed");
    session.prefer_event_types(table);
    assert!(matches(&mut face, &mut session, &typed));
}

#[test]
fn a_record_passes_as_a_copy_where_its_address_is_no_text() {
    let (mut face, mut session) = loaded(&json!({}));
    let bare = Record { terminated: false, ..record(r#"{"q":1}"#) };
    assert_eq!(face.annotate(&mut session, &bare), Reply::Text);
    assert_eq!(text(&face), json!({"q": 1}));
    let cut = Record { terminated: false, ..record("{\"q\":\0") };
    assert_eq!(face.annotate(&mut session, &cut), Reply::Nothing);
}

#[test]
fn what_cannot_detect_passes_or_drops_as_it_is_told() {
    let ways = [
        ("default", Reply::Text, Reply::Record),
        ("pass", Reply::Record, Reply::Record),
        ("drop", Reply::Text, Reply::Text),
    ];
    for (way, filtered, annotated) in ways {
        let (mut face, mut session) = (Face::new(), Session::new());
        let options = json!({"when_broken": way}).to_string();
        assert_eq!(face.configure(&mut session, options.as_bytes()), Status::Ok);
        assert_eq!(face.filter(&mut session, &record("{}")), filtered, "{way}");
        assert_eq!(face.annotate(&mut session, &record("{}")), annotated, "{way}");
        let third = if way == "pass" { Reply::Record } else { Reply::Nothing };
        assert_eq!(face.filter(&mut session, &record("{}")), third, "{way}: the report is not repeated each time");
    }
}

#[test]
fn options_that_are_none_change_nothing() {
    let (mut face, mut session) = loaded(&json!({"pack": "p"}));
    assert_eq!(face.configure(&mut session, b"{\"pack\":1}"), Status::BadRequest);
    let tick = Record { tag: b"oxpecker.heartbeat", ..record("{}") };
    assert_eq!(face.filter(&mut session, &tick), Reply::Text);
    assert_eq!(text(&face)["pack"], "p");
}

#[test]
fn many_large_alerts_of_one_record_stay_within_their_room() {
    let rules: String = (0..40)
        .map(|n| format!("  - {{id: r{n}, name: R, type: Host, severity: 3, description: d, filter: 'x exists'}}\n"))
        .collect();
    let (mut face, mut session) = (Face::new(), Session::new());
    let request =
        json!({"documents": [{"name": "t.yaml", "text": format!("ruleset: t\nrules:\n{rules}")}]}).to_string();
    assert_eq!(session.load(request.as_bytes()), Status::Ok);
    let event = json!({"x": "y".repeat(60_000)}).to_string();
    assert_eq!(face.filter(&mut session, &record(&event)), Reply::Text);
    assert_eq!(text(&face)["alerts"].as_array().map(Vec::len), Some(40));
    assert!(face.text().len() < 1 << 20, "{}", face.text().len());
}

/// All alerts of a record would take more memory than a shipper's module may have.
#[test]
fn alerts_beyond_their_room_are_named_as_they_come() {
    let rules: String = (0..400)
        .map(|n| format!("  - {{id: r{n}, name: R, type: Host, severity: 3, description: d, filter: 'x exists'}}\n"))
        .collect();
    let rules = json!({"documents": [{"name": "t.yaml", "text": format!("ruleset: t\nrules:\n{rules}")}]}).to_string();
    let (mut face, mut session) = (Face::new(), Session::new());
    assert_eq!(session.load(rules.as_bytes()), Status::Ok);
    let event = json!({"x": "y".repeat(60_000)}).to_string();
    let engine = session.engine_mut().unwrap();
    assert!(engine.watch(event.as_bytes(), |_| {}, &mut face.alerts).is_ok());
    let held: usize = face.alerts.iter().map(str::len).sum();
    assert_eq!(face.alerts.iter().count(), 800, "each fires and is final");
    assert!(held < 3 << 19, "{held}");
    assert_eq!(face.filter(&mut session, &record(&event)), Reply::Text);
    let told = text(&face);
    let alerts = told["alerts"].as_array().unwrap();
    let whole = alerts.iter().filter(|alert| alert.get("events").is_some()).count();
    assert_eq!((alerts.len(), whole), (400, 9));
    assert!(alerts.iter().all(|alert| alert["alert_id"].is_string() && alert["rule_id"].is_string()));
}
