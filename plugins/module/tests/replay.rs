//! A record that a log shipper brings raises the alert that a replay of it opens, byte for byte: also where members of one
//! name, the event's own or those that redaction makes, would let two readers see two events.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test's helpers may panic")]

use oxpecker_engine::json::{Json, Limits};
use oxpecker_module::{Face, Record, Reply, Session, Status};

/// What events are put together from: texts that go and what is there in their place, as values and as names.
const MEMBERS: [&str; 8] = [
    r#""user":"ada-lovelace""#,
    r#""user":"grace""#,
    r#""\u0075ser":["grace",{"who":"ada-lovelace","who":"ada"}]"#,
    r#""ada-lovelace":1"#,
    r#""(redacted)":2"#,
    r#""by":{"ada-lovelace":1,"(redacted)":2,"ada-lovelace":3}"#,
    r#""by":{"grace":[{"a":1,"a":2}],"of grace":"grace, ada-lovelace","of ada-lovelace":"grace"}"#,
    r#""in":[{"grace":1,"ada-lovelace":{"grace":null,"\u0067race":0}}]"#,
];

/// How rules group: every event by itself, by what is redacted, and by what holds such texts.
const GROUPS: [&str; 3] = [
    "aggregate: [id]",
    "aggregate: [user], threshold: 3",
    "aggregate: [id, by, in], threshold: {distinct: by, count: 1}",
];

const SECONDS: u32 = 1_700_000_000;
const NOW: i64 = 1_700_000_000_000;

fn events() -> impl Iterator<Item = String> {
    (0..MEMBERS.len().pow(3)).map(|number| {
        let member = |place: u32| MEMBERS[number / MEMBERS.len().pow(place) % MEMBERS.len()];
        format!(r#"{{"id":{number},{},{},{}}}"#, member(0), member(1), member(2))
    })
}

fn loaded(grouped: &str) -> Session {
    let rule = "id: r, name: R, title: '{{user}} {{by}}', type: Host, severity: 1, description: d";
    let rules = format!("ruleset: s\nredact: [user]\nrules:\n  - {{{rule}, filter: 'user exists', {grouped}}}\n");
    let documents = vec![Json::Object(vec![("name".into(), "f".into()), ("text".into(), rules.as_str().into())])];
    let request = Json::Object(vec![("documents".into(), Json::Array(documents))]);
    let mut session = Session::new();
    assert_eq!(session.load(request.to_string().as_bytes()), Status::Ok, "{}", text(session.result()));
    session
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

/// The alert that an event fires in a replay: what one instance detects, another keeps in windows.
fn replayed(worker: &mut Session, keeper: &mut Session, event: &str) -> Option<String> {
    let batch = [&[1, 0, 0, 0, 0, 0, 0, 0], &NOW.to_le_bytes()[..], event.as_bytes()].concat();
    assert_eq!(worker.detect(&batch, NOW), Status::Ok);
    // Behind the four numbers of the head: nothing is rejected.
    let detections = worker.result()[16..].to_vec();
    assert_eq!(keeper.window(&detections, NOW), Status::Ok);
    let alerts = text(keeper.result());
    alerts.lines().find(|alert| alert.contains(r#""state":"fired""#)).map(str::to_owned)
}

/// The alert that a shipper gets in the place of the event.
fn shipped(face: &mut Face, session: &mut Session, event: &str) -> Option<String> {
    let (bytes, tag) = (Some(event.as_bytes()), &b"logs"[..]);
    let record = Record { tag, seconds: SECONDS, nanoseconds: 0, bytes, length: event.len(), terminated: true };
    match face.filter(session, &record) {
        Reply::Text => Some(text(face.text().strip_suffix(b"\0").expect("an end"))),
        _ => None,
    }
}

#[test]
fn a_filter_tells_what_a_replay_does() {
    for grouped in GROUPS {
        let (mut worker, mut keeper) = (loaded(grouped), loaded(grouped));
        let (mut face, mut session) = (Face::new(), loaded(grouped));
        let mut told = 0;
        for event in events() {
            let alert = shipped(&mut face, &mut session, &event);
            assert_eq!(alert, replayed(&mut worker, &mut keeper, &event), "{grouped}: {event}");
            let Some(alert) = alert else { continue };
            told += 1;
            let tree = Json::parse(alert.as_bytes(), &Limits::default()).expect("JSON");
            assert_eq!(tree.to_string(), alert, "a name twice, or not compact: {event}");
        }
        assert!(told >= if grouped.contains("id") { 150 } else { 3 }, "{told} alerts for {grouped}");
    }
}
