//! The session's answers to good and bad bytes.

use super::*;
use crate::session::PART;

const RULES: &str = "ruleset: t\nrules:\n  - {id: a, name: A, type: CloudTrail, severity: 1, description: d, filter: 'x = 1', aggregate: [y], threshold: 2}\n";

fn loaded() -> Session {
    let mut session = Session::new();
    let request = serde_json::json!({"documents": [{"name": "t.yaml", "text": RULES}]}).to_string();
    assert_eq!(session.load(request.as_bytes()), Status::Ok, "{}", String::from_utf8_lossy(session.result()));
    session
}

fn batch(format: u8, payload: &[u8]) -> Vec<u8> {
    let mut batch = vec![format, 0, 0, 0, 0, 0, 0, 0];
    batch.extend(i64::MIN.to_le_bytes());
    batch.extend(payload);
    batch
}

/// The four numbers of the head, and the body as text.
fn answer(session: &Session) -> ([u32; 4], String) {
    let number = |at: usize| u32::from_le_bytes(session.result()[at..at + 4].try_into().unwrap());
    let head = [number(0), number(4), number(8), number(12)];
    let body = &session.result()[16 + 12 * head[1] as usize..];
    assert_eq!(body.len(), head[3] as usize);
    (head, String::from_utf8_lossy(body).into_owned())
}

#[test]
fn a_batch_gives_alerts_and_rejects() {
    let mut session = loaded();
    let events = b"{\"x\":1,\"y\":\"k\",\"time\":\"2026-01-01T00:00:00Z\"}\n\n{\"x\":\nno\r\n{\"x\":1.0,\"y\":\"k\",\"time\":\"2026-01-01T00:10:00Z\"}";
    assert_eq!(session.match_batch(&batch(1, events), i64::MIN), Status::Ok);
    let (head, body) = answer(&session);
    assert_eq!(head[..3], [2, 2, 0]);
    let alert: serde_json::Value = serde_json::from_str(body.trim()).unwrap();
    assert_eq!((alert["state"].as_str(), alert["count"].as_u64()), (Some("fired"), Some(2)));
    assert_eq!(session.flush(), Status::Ok);
    let last: serde_json::Value = serde_json::from_slice(session.result()).unwrap();
    assert_eq!((last["state"].as_str(), &last["alert_id"]), (Some("final"), &alert["alert_id"]));
}

const TAGGED: &str = "ruleset: t\nevent_types: {'kube.*': kubernetes}\nrules:\n  - {id: a, name: A, type: Host, severity: 1, description: d, filter: 'event_type = \"kubernetes\" or x = 1'}\n";

/// The types and times of the alerts that fire; the first byte of `payload` is the batch's format.
fn told(session: &mut Session, tag: &[u8], time: i64, payload: &[u8], now: i64) -> Vec<(String, String)> {
    let mut batch = vec![payload[0], 0, u8::try_from(tag.len()).unwrap(), 0, 0, 0, 0, 0];
    batch.extend(time.to_le_bytes());
    batch.extend(tag);
    batch.extend(&payload[1..]);
    assert_eq!(session.match_batch(&batch, now), Status::Ok);
    let lines = answer(session).1;
    let alerts = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let field = |alert: &serde_json::Value, name: &str| alert[name].as_str().unwrap_or_default().to_owned();
    // An event without any time is its own window, so its alert is final at once.
    let fired = alerts.filter(|alert| alert["state"] == "fired");
    fired.map(|alert| (field(&alert, "event_type"), field(&alert, "first_seen"))).collect()
}

#[test]
fn the_tag_gives_the_type_and_the_shipper_the_time_that_an_event_lacks() {
    const DAY: i64 = 86_400_000;
    let told = |tag: &[u8], time: i64, payload: &[u8], now: i64| {
        let mut session = Session::new();
        let request = serde_json::json!({"documents": [{"name": "t.yaml", "text": TAGGED}], "event_type": "usual"});
        assert_eq!(session.load(request.to_string().as_bytes()), Status::Ok);
        told(&mut session, tag, time, payload, now)
    };
    let one = |event_type: &str, time: &str| vec![(event_type.to_owned(), time.to_owned())];
    assert_eq!(told(b"kube.audit", i64::MIN, b"\x01{}", i64::MIN), one("kubernetes", ""));
    assert_eq!(told(b"kub", i64::MIN, b"\x01{}", i64::MIN), []);
    assert_eq!(told(b"", DAY, b"\x01{\"x\":1}", i64::MIN), one("usual", "1970-01-02T00:00:00Z"));
    // An event's own time goes over the shipper's, unless it lies in the future.
    assert_eq!(told(b"", DAY, b"\x01{\"x\":1,\"time\":1}", DAY), one("usual", "1970-01-01T00:00:01Z"));
    let future = b"\x01{\"x\":1,\"time\":\"1970-01-03T00:00:01Z\"}";
    assert_eq!(told(b"", 0, future, DAY), one("usual", "1970-01-01T00:00:00Z"));
    assert_eq!(told(b"", 0, future, DAY + 1_000), one("usual", "1970-01-03T00:00:01Z"));
    // The time of a MessagePack entry goes over that of its batch.
    assert_eq!(told(b"", 0, b"\x03\x92\x05\x81\xa1x\x01", DAY), one("usual", "1970-01-01T00:00:05Z"));
}

#[test]
fn a_tag_counts_for_its_batch_alone() {
    let mut session = Session::new();
    let request = serde_json::json!({"documents": [{"name": "t.yaml", "text": TAGGED}]});
    assert_eq!(session.load(request.to_string().as_bytes()), Status::Ok);
    let alerts = |session: &mut Session, tag: &[u8], group: u8| {
        told(session, tag, i64::MIN, &[b"\x01{\"time\":", &[group][..], b"}"].concat(), i64::MIN).len()
    };
    assert_eq!([alerts(&mut session, b"kube.a", b'1'), alerts(&mut session, b"", b'2')], [1, 0]);
}

#[test]
fn detecting_and_windowing_apart_is_the_same_as_together() {
    let events =
        b"{\"x\":1,\"y\":1e0,\"time\":1}\n{\"x\":1,\"y\":1e0,\"time\":2}\n{\"x\":1,\"y\":{\"a\":[null]},\"time\":3}";
    let mut together = loaded();
    together.match_batch(&batch(1, events), i64::MIN);
    let expected = answer(&together).1;
    let mut apart = loaded();
    apart.detect(&batch(1, events), i64::MIN);
    let detections = answer(&apart).1;
    let mut keeper = loaded();
    assert_eq!(keeper.window(detections.as_bytes(), i64::MIN), Status::Ok);
    assert_eq!(String::from_utf8_lossy(keeper.result()), expected);
    assert!(!expected.is_empty());
}

/// A request to load sixty rules that match the same events; `more` is of each.
fn sixty_rules(more: &str, options: &str) -> String {
    let rule = |number| {
        format!(
            "  - {{id: r{number}, name: R, type: CloudTrail, severity: 3, description: d, filter: n = 1, {more}}}\n"
        )
    };
    let text = serde_json::Value::from(format!("rules:\n{}", (0..60).map(rule).collect::<String>()));
    format!(r#"{{"documents":[{{"name":"f.yaml","text":{text}}}],"options":{{{options}}}}}"#)
}

/// The room that a call needs would grow with the event times the rules that match it.
#[test]
fn a_large_event_that_many_rules_match_is_not_written_down_for_each() {
    // A record with room for the rest as well.
    let request = sixty_rules("title: R", r#""alert_bytes":70000"#);
    let loaded = || {
        let mut session = Session::new();
        assert_eq!(session.load(request.as_bytes()), Status::Ok);
        session
    };
    let event = |length: usize| {
        let head = format!(r#"{{"n":1,"eventID":"e{length}","long":""#);
        format!(r#"{head}{}"}}"#, "a".repeat(length - head.len() - 2))
    };
    // The longest that an alert shows whole, and what it does not.
    for (length, is_shown) in [(64 << 10, true), ((64 << 10) + 1, false), (3 << 20, false)] {
        assert_eq!(event(length).len(), length);
        let mut together = loaded();
        assert_eq!(together.match_batch(&batch(1, event(length).as_bytes()), i64::MIN), Status::Ok);
        let expected = answer(&together).1;
        let mut apart = loaded();
        assert_eq!(apart.detect(&batch(1, event(length).as_bytes()), i64::MIN), Status::Ok);
        let detections = answer(&apart).1;
        assert_eq!(detections.lines().count(), 60);
        assert_eq!(detections.len() > length, is_shown, "{length}");
        assert_eq!(loaded_window(loaded(), &detections), expected);
        // Each fires and is final at once.
        assert_eq!((expected.lines().count(), expected.contains("aaaa")), (2 * 60, is_shown));
    }
}

/// What alerts do tell of an event is short as well, and still tells events apart.
#[test]
fn long_values_that_alerts_tell_are_not_written_down_for_each_rule() {
    let long = |end: &str| format!("{}{end}", "a".repeat(1 << 20));
    let request = sixty_rules("title: '{{k}}', aggregate: [k]", "");
    let values = |name: &str, long: &str| match name {
        "k" => format!(r#""k":"{long}""#),
        "list" => format!(r#""k":["{long}","{long}"]"#),
        "resources" => format!(r#""resources":[{{"ARN":"{long}"}},{{"ARN":"{long}"}}]"#),
        name => format!(r#""{name}":"{long}""#),
    };
    for name in ["k", "list", "eventID", "recipientAccountId", "userAgent", "resources", "event_type"] {
        let mut session = Session::new();
        assert_eq!(session.load(request.as_bytes()), Status::Ok);
        let mut told = Vec::new();
        for end in ["b", "c", "c"] {
            let event = format!(r#"{{"n":1,"eventTime":"2026-01-01T00:00:00Z",{}}}"#, values(name, &long(end)));
            assert_eq!(session.detect(&batch(1, event.as_bytes()), i64::MIN), Status::Ok, "{name}");
            let lines = answer(&session).1;
            assert_eq!(lines.lines().count(), 60, "{name}");
            assert!(lines.len() < 60 * 40_000, "{name}: {} bytes", lines.len());
            told.push(lines);
        }
        assert!(told[0] != told[1] && told[1] == told[2], "{name}: what differs at the end is told apart");
    }
}

/// A long value is not another one that is spelt alike.
#[test]
fn long_values_of_different_kinds_are_different() {
    let rule = "{id: r, name: R, title: R, type: CloudTrail, severity: 3, description: d, filter: n = 1, aggregate: [k], \
        threshold: {count: 4, distinct: k}}";
    let request =
        serde_json::json!({"documents": [{"name": "f.yaml", "text": format!("rules: [{rule}]")}]}).to_string();
    let mut session = Session::new();
    assert_eq!(session.load(request.as_bytes()), Status::Ok);
    let digits = "1".repeat(20_000);
    let list = format!("[{digits}]");
    let values = [digits.clone(), format!("\"{digits}\""), list.clone(), format!("\"{list}\"")];
    let told: std::collections::BTreeSet<String> = values
        .iter()
        .map(|value| {
            let event = format!(r#"{{"n":1,"k":{value}}}"#);
            assert_eq!(session.detect(&batch(1, event.as_bytes()), i64::MIN), Status::Ok);
            answer(&session).1
        })
        .collect();
    assert_eq!(told.len(), values.len());
}

/// All parts of an answer: how many, the sum of their heads, and their bodies one after the other.
fn parts(session: &mut Session, mut status: Status) -> (usize, [u32; 4], String) {
    let (mut count, mut sum, mut bodies) = (0, [0; 4], String::new());
    loop {
        let (head, body) = answer(session);
        (0..4).for_each(|place| sum[place] += head[place]);
        bodies.push_str(&body);
        count += 1;
        match status {
            Status::Ok => return (count, sum, bodies),
            status => assert_eq!(status, Status::Part),
        }
        assert!((PART..PART + (1 << 20)).contains(&body.len()), "{}", body.len());
        status = session.more();
    }
}

/// What a batch leads to would not fit into the memory of an instance where many rules match large events.
#[test]
fn what_is_too_much_for_one_answer_comes_in_parts() {
    let request = sixty_rules("title: R", "");
    let loaded = || {
        let mut session = Session::new();
        assert_eq!(session.load(request.as_bytes()), Status::Ok);
        session
    };
    let event = |n: u32, id: u32| format!(r#"{{"n":{n},"eventID":"{id}","long":"{}"}}"#, "a".repeat(60_000));
    let events = [event(1, 1), event(2, 2), "{".to_owned(), event(1, 3), event(1, 4), "[]".to_owned()];
    let whole = batch(1, events.join("\n").as_bytes());
    let mut session = loaded();
    let status = session.detect(&whole, i64::MIN);
    let (count, head, lines) = parts(&mut session, status);
    assert_eq!((count, &head[..3], lines.lines().count()), (2, &[4, 2, 0][..], 180));
    // The parts are the answers about each event.
    let one = |event: &String| {
        let mut session = loaded();
        assert_eq!(session.detect(&batch(1, event.as_bytes()), i64::MIN), Status::Ok);
        answer(&session).1
    };
    assert!(lines == events.iter().map(one).collect::<String>());
    session.stats();
    let stats: serde_json::Value = serde_json::from_slice(session.result()).unwrap();
    let counted = ["evaluated", "rejected", "events_matched", "matched"].map(|name| stats[name].as_u64().unwrap());
    assert_eq!(counted, [4, 2, 3, 180], "an event counts once, in however many parts it is answered");
    // Alerts as well, and MessagePack.
    let mut together = loaded();
    let status = together.match_batch(&whole, i64::MIN);
    let (count, head, alerts) = parts(&mut together, status);
    assert_eq!((count, &head[..3], alerts.lines().count()), (3, &[4, 2, 0][..], 2 * 180));
    assert!(alerts == loaded_window(loaded(), &lines));
    let packed = |n: u8| [&[0x82, 0xa1, b'n', n, 0xa1, b'l', 0xda, 0xea, 0x60][..], &[b'a'; 60_000]].concat();
    let mut session = loaded();
    let status = session.detect(&batch(3, &[packed(1), packed(2), packed(1), packed(1)].concat()), i64::MIN);
    assert_eq!(parts(&mut session, status).1[..3], [4, 0, 0]);
}

#[test]
fn another_call_ends_what_was_begun() {
    let mut session = Session::new();
    assert_eq!(session.more(), Status::NothingLoaded);
    assert_eq!(session.load(sixty_rules("title: R", "").as_bytes()), Status::Ok);
    let event = format!(r#"{{"n":1,"long":"{}"}}"#, "a".repeat(60_000));
    let large = batch(1, [event.as_str(); 4].join("\n").as_bytes());
    let ends: [fn(&mut Session); 6] = [
        |session| _ = session.detect(&batch(1, b"{}"), 0),
        |session| _ = session.eval(&batch(1, b"{}")),
        |session| _ = session.window(b"", 0),
        |session| _ = session.flush(),
        |session| _ = session.stats(),
        |session| _ = session.engine_mut(),
    ];
    for end in ends {
        assert_eq!(session.detect(&large, 0), Status::Part);
        end(&mut session);
        assert_eq!(session.more(), Status::Ok);
        assert_eq!(answer(&session), ([0; 4], String::new()));
    }
}

/// Each value may be short enough, and all of them together a hundred times the event.
#[test]
fn many_long_values_are_bounded_together() {
    let keys = ["k", "l", "m", "o", "p", "q", "r", "s"];
    let request = sixty_rules(&format!("title: R, aggregate: [{}]", keys.join(", ")), "");
    let mut session = Session::new();
    assert_eq!(session.load(request.as_bytes()), Status::Ok);
    let names =
        ["eventID", "recipientAccountId", "userAgent", "awsRegion", "errorCode", "sourceIPAddress", "eventSource"];
    for letter in ["a", "\\u0001", "\\\"", "é"] {
        let long = letter.repeat(15_000);
        let detected = |session: &mut Session, last: &str| {
            let text = |name: &&str| format!(r#""{name}":"{long}{}""#, if *name == "s" { last } else { "" });
            let members: Vec<String> = keys.iter().chain(&names).map(text).collect();
            let resource = format!(r#"{{"ARN":"{long}"}}"#);
            let resources = [resource.as_str(); 10].join(",");
            let event = format!(r#"{{"n":1,{},"resources":[{resources}]}}"#, members.join(","));
            let status = session.detect(&batch(1, event.as_bytes()), i64::MIN);
            parts(session, status).2
        };
        let [one, other, again] = ["x", "y", "x"].map(|last| detected(&mut session, last));
        assert_eq!(one.lines().count(), 60);
        // Source, identifier, aggregate and context.
        assert!(one.len() < 60 * (200 << 10), "{letter}: {}", one.len() / 60);
        assert!(one != other && one == again, "{letter}: what differs at the end of the last value is told apart");
    }
}

/// Rules that look at objects inside one another would each have a tree of most of the event.
#[test]
fn values_that_hold_one_another_are_told_as_if_alone() {
    let key = |depth: usize| (0..=depth).map(|level| format!("k{level}")).collect::<Vec<_>>().join(".");
    let rule = |depth: usize| {
        let key = key(depth);
        format!(
            "  - {{id: r{depth}, name: R, type: CloudTrail, severity: 3, description: d, filter: {key} exists, title: '{{{{{key}}}}}', \
            aggregate: [{key}], threshold: {{count: 2, distinct: {key}}}}}\n"
        )
    };
    let loaded = |rules: String| {
        let mut session = Session::new();
        let document = serde_json::json!({"name": "f.yaml", "text": format!("rules:\n{rules}")});
        let request = serde_json::json!({"documents": [document]}).to_string();
        assert_eq!(session.load(request.as_bytes()), Status::Ok);
        session
    };
    let list = vec![r#"{"a":1}"#; 60_000].join(",");
    let event = (0..12).rev().fold(format!("[{list}]"), |inside, level| format!(r#"{{"k{level}":{inside}}}"#));
    let mut together = loaded((0..12).map(rule).collect());
    assert_eq!(together.detect(&batch(1, event.as_bytes()), i64::MIN), Status::Ok);
    let lines = answer(&together).1;
    for (depth, line) in lines.lines().enumerate() {
        let mut alone = loaded(rule(depth));
        assert_eq!(alone.detect(&batch(1, event.as_bytes()), i64::MIN), Status::Ok);
        let expected = answer(&alone).1;
        // Behind time and rule.
        assert!(line[24..] == expected[24..].trim_end()[..], "{depth}");
    }
    assert_eq!(lines.lines().count(), 12);
}

fn loaded_window(mut keeper: Session, detections: &str) -> String {
    assert_eq!(keeper.window(detections.as_bytes(), i64::MIN), Status::Ok);
    String::from_utf8_lossy(keeper.result()).into_owned()
}

#[test]
fn bad_bytes_get_a_status_and_leave_the_session_usable() {
    let mut session = Session::new();
    assert_eq!(session.match_batch(&batch(1, b"{}"), 0), Status::NothingLoaded);
    for bad in [&b""[..], b"{", b"[]", b"{\"document\":[]}", b"{\"documents\":[{}]}", b"\xff"] {
        assert_eq!(session.load(bad), Status::BadRequest);
    }
    let mut session = loaded();
    assert_eq!(session.load(br#"{"documents":[{"name":"b","text":"rules: 1"}]}"#), Status::RuleErrors);
    assert!(String::from_utf8_lossy(session.result()).contains("wrong-type"));
    for bad in [vec![], vec![1; 15], batch(9, b""), batch(2, b"\x05\0\0\0{}"), batch(2, b"\x05"), {
        let mut tagged = batch(1, b"");
        tagged[2] = 1;
        tagged
    }] {
        assert_eq!(session.match_batch(&bad, 0), Status::BadBatch, "{bad:?}");
        assert_eq!(session.eval(&bad), Status::BadBatch);
    }
    assert_eq!(session.window(b"{\"rule\":0}\n", 0), Status::BadBatch);
    assert_eq!(session.window(b"{\"rule\":99999999999999999999}\n", 0), Status::BadBatch);
    assert_eq!(session.match_batch(&batch(2, b"\x07\0\0\0{\"x\":2}"), 0), Status::Ok);
    assert_eq!(answer(&session).0[0], 1);
}

#[test]
fn verdicts_are_bitmaps() {
    let mut session = Session::new();
    let request = r#"{"filters":["a = 1","a exists","b = @l"],"lists":{"l":[2]}}"#;
    assert_eq!(session.load(request.as_bytes()), Status::Ok);
    session.eval(&batch(1, b"{\"a\":1}\nx\n{\"a\":2,\"b\":2}\n{}"));
    let head = &session.result()[..16];
    assert_eq!(head[0], 3);
    let body = &session.result()[16 + 12..];
    // Events 0 and 2 of 4, three columns: bits 0, 1 and 7, 8.
    assert_eq!(body, [0b1000_0011, 0b0000_0001, 0, 0]);
}

#[test]
fn options_reach_the_engine_and_shadowed_matches_are_counted() {
    let rules = RULES.replace("threshold: 2", "status: shadow");
    let load = |options: serde_json::Value| {
        let mut session = Session::new();
        let request = serde_json::json!({"documents": [{"name": "t.yaml", "text": rules}], "options": options});
        (session.load(request.to_string().as_bytes()), session)
    };
    for (shadow_alerts, alerts, shadowed) in [(false, 0, 1), (true, 1, 0)] {
        let options = serde_json::json!({"shadow_alerts": shadow_alerts, "redaction_secret": "s", "alert_bytes": 9000});
        let (status, mut session) = load(options);
        assert_eq!(status, Status::Ok);
        assert_eq!(session.match_batch(&batch(1, b"{\"x\":1,\"time\":1}"), i64::MIN), Status::Ok);
        assert_eq!(answer(&session).1.lines().count(), alerts);
        session.stats();
        let stats: serde_json::Value = serde_json::from_slice(session.result()).unwrap();
        assert_eq!(
            (stats["shadowed"].as_u64(), stats["rules"][0]["shadowed"].as_u64()),
            (Some(shadowed), Some(shadowed))
        );
    }
    assert_eq!(load(serde_json::json!({"alert_bytes": "many"})).0, Status::BadRequest);
}

#[test]
fn a_detection_that_was_altered_on_the_way_does_not_break_a_record() {
    let mut session = Session::new();
    let request = serde_json::json!({
        "documents": [{"name": "t.yaml", "text": RULES.replace("threshold: 2", "threshold: 1")}],
    });
    assert_eq!(session.load(request.to_string().as_bytes()), Status::Ok);
    assert_eq!(session.detect(&batch(1, b"{\"x\":1,\"time\":1}"), i64::MIN), Status::Ok);
    let line = answer(&session).1;
    let alert = |session: &mut Session, line: &str| {
        assert_eq!(session.window(line.as_bytes(), i64::MIN), Status::Ok);
        String::from_utf8(session.result().to_vec()).unwrap()
    };
    let mut altered = Session::new();
    assert_eq!(altered.load(request.to_string().as_bytes()), Status::Ok);
    let spaced = alert(&mut altered, &line.replace(r#"{"x":1,"time":1}"#, r#"{"x": 1,"time":1}"#));
    let as_it_is = alert(&mut session, &line);
    assert!(as_it_is.contains(r#""event":{"x":1,"time":1}"#), "{as_it_is}");
    assert_eq!(spaced, as_it_is);
}

/// Four rules of the four kinds: found in a table, found and then asked more, woken by nothing, asked directly.
const COUNTED: &str = r#"ruleset: t
rules:
  - {id: table, name: A, type: CloudTrail, severity: 1, description: d, filter: 'x = 1'}
  - {id: further, name: A, type: CloudTrail, severity: 1, description: d, filter: 'y = "k" and not z = 2'}
  - {id: always, name: A, type: CloudTrail, severity: 1, description: d, filter: 'not w = 3'}
  - {id: direct, name: A, type: CloudTrail, severity: 1, description: d, filter: 'm matches "^a"'}
"#;

/// What the counters are after five events, of which one is broken.
fn counted(options: &serde_json::Value) -> serde_json::Value {
    let mut session = Session::new();
    let request = serde_json::json!({"documents": [{"name": "t.yaml", "text": COUNTED}], "options": options});
    assert_eq!(session.load(request.to_string().as_bytes()), Status::Ok);
    // By the rules, in turn: `table` and `always`; `further` is woken but z is 2, `always`; `further`, and `always` runs
    // but w is 3; `direct` and `always`; broken.
    let events = b"{\"x\":1}\n{\"y\":\"k\",\"z\":2}\n{\"y\":\"k\",\"w\":3}\n{\"m\":\"abc\",\"y\":\"no\"}\n{\"x\":";
    assert_eq!(session.detect(&batch(1, events), i64::MIN), Status::Ok);
    assert_eq!(session.stats(), Status::Ok);
    serde_json::from_slice(session.result()).unwrap()
}

#[test]
fn the_counters_are_those_worked_out_by_hand() {
    let stats = counted(&serde_json::json!({}));
    let number = |name: &str| stats[name].as_u64().unwrap();
    assert_eq!(number("bytes"), 7 + 15 + 15 + 20 + 5);
    assert_eq!((number("evaluated"), number("rejected"), number("events_matched")), (4, 1, 4));
    // w of each event, z of the second and third, m of the fourth; x and y are looked up.
    assert_eq!(number("predicates_evaluated"), 4 + 2 + 1);
    // `always` each time, and one other.
    assert_eq!(number("rules_woken"), 4 + 4);
    let matched = |rule: usize| stats["rules"][rule]["matched"].as_u64().unwrap();
    assert_eq!([0, 1, 2, 3].map(matched), [1, 1, 3, 1]);
    assert_eq!(number("matched"), 6);
    // What costs time is not counted unasked.
    assert!(stats.get("predicates").is_none() && stats["rules"][0].get("woken").is_none());
}

#[test]
fn a_profile_says_what_each_rule_and_predicate_cost_and_why() {
    let stats = counted(&serde_json::json!({"profile": true}));
    assert_eq!((stats["predicates_evaluated"].as_u64(), stats["rules_woken"].as_u64()), (Some(7), Some(8)));
    let rule = |place: usize| (stats["rules"][place]["woken"].clone(), stats["rules"][place]["woken_by"].clone());
    let expected = |woken: u64, by: &[&str]| (serde_json::json!(woken), serde_json::json!(by));
    assert_eq!(rule(0), expected(1, &["x = 1"]));
    assert_eq!(rule(1), expected(2, &["y = \"k\""]));
    assert_eq!(rule(2), expected(4, &[]));
    assert_eq!(rule(3), expected(1, &["m matches \"^a\""]));
    let asked: std::collections::BTreeMap<&str, (u64, u64)> = stats["predicates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (one["predicate"].as_str().unwrap(), (one["asked"].as_u64().unwrap(), one["held"].as_u64().unwrap()))
        })
        .collect();
    let expected =
        [("m matches \"^a\"", (1, 1)), ("w = 3", (4, 1)), ("x = 1", (0, 0)), ("y = \"k\"", (0, 0)), ("z = 2", (2, 1))];
    assert_eq!(asked, expected.into());
}

/// A line of `ox_window` can be of anybody. What is no JSON in it is null in records and saved windows, which stay JSON.
#[test]
fn parts_that_somebody_made_up_come_to_null() {
    let mut session = loaded();
    let line = |aggregate: &str, context: &str, matched: &str, event: &str| {
        format!(
            "800000000000000000000000- null\t\"s\"\t{aggregate}\t\"t\"\tnull\tnull\t{context}\t{matched}\t{event}\n"
        )
    };
    let bad =
        line("[}]", "{]}", "[\"]", "{\"a\":1}}").repeat(2) + &line("[ 1 ]", "{\"a\": 1}", "[ ]", "{\"b\":1,\"b\":2 }");
    assert_eq!(session.window(bad.as_bytes(), i64::MIN), Status::Ok);
    let read = |text: &[u8]| serde_json::from_slice::<serde_json::Value>(text).unwrap();
    let alert = read(session.result());
    assert_eq!((&alert["context"], &alert["matched"]), (&serde_json::Value::Null, &serde_json::Value::Null));
    assert_eq!((&alert["aggregate"], &alert["events"][0]["event"]), (&serde_json::json!({}), &serde_json::Value::Null));
    assert_eq!(session.save(), Status::Ok);
    let saved = session.result().to_vec();
    let windows = read(&saved);
    assert_eq!(
        (&windows["windows"][0]["context"], &windows["windows"][0]["aggregate"]),
        (&serde_json::Value::Null, &serde_json::json!([]))
    );
    assert_eq!(windows["windows"][1]["events"][0]["event"], serde_json::json!({"b": 2}));
    assert_eq!(session.restore(&saved), Status::Ok, "what was saved is taken back");
    assert_eq!(session.save(), Status::Ok);
    assert_eq!(read(session.result()), windows);
}
