//! What a record must not hold: redacted values, and more bytes than it may have.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test's helpers may panic")]

use oxpecker_engine::alert;
use oxpecker_engine::detection::Detection;
use oxpecker_engine::json::Json;
use oxpecker_engine::{Engine, Request};

fn engine(redact: &str, rule: &str, secret: &str) -> Engine {
    let file = format!(
        "{redact}\nruleset: s\nrules:\n  - id: r\n    name: R\n    type: CloudTrail\n    severity: 3\n    description: d\n{rule}\n"
    );
    let request = Request {
        documents: vec![("f".to_owned(), file.into_bytes())],
        redaction_secret: secret.to_owned(),
        ..Request::default()
    };
    match Engine::load(&request) {
        Ok((engine, _)) => engine,
        Err(report) => panic!("{:?}", report.problems),
    }
}

/// The lines of the detections, the records, and the saved state.
fn run(mut engine: Engine, events: &[String]) -> (Vec<String>, Vec<Json>, String) {
    let (mut lines, mut alerts) = (Vec::new(), Vec::new());
    for event in events {
        let mut detections = Vec::new();
        engine.detect(event.as_bytes(), &mut detections).unwrap();
        for detection in detections {
            let line = detection.to_line();
            assert_eq!(Detection::from_line(line.as_bytes()), Some(detection.clone()));
            lines.push(line);
            engine.observe(detection, &mut alerts);
        }
    }
    let saved = engine.save();
    engine.flush(&mut alerts);
    (lines, alerts, saved)
}

fn login(user: &str, id: u64) -> String {
    format!(
        r#"{{"eventVersion":"1.08","eventSource":"signin.amazonaws.com","eventName":"Login","eventID":"e{id}",
        "eventTime":"2026-01-01T00:00:0{id}Z","recipientAccountId":"111122223333","sourceIPAddress":"203.0.113.9",
        "userIdentity":{{"type":"AssumedRole","principalId":"AROA:{user}","userName":"{user}","arn":"arn:aws:sts::111122223333:assumed-role/x/{user}"}},
        "additionalEventData":{{"MFAUsed":true,"note":"{{\"who\":\"{user}\"}}","by":{{"{user}":1}}}},"requestParameters":{{"pin":1234567,"n":7}}}}"#
    )
}

const LOGIN: &str = "    filter: eventName = \"Login\" and user != \"x\" and mfaUsed = true\n    \
                     title: '{{user}} from {{ip}}, MFA {{mfaUsed}}, PIN {{requestParameters.pin}}'\n    aggregate: [user, userIdentity.arn, accountId]";

#[test]
fn redacted_values_leave_nowhere_and_still_make_groups() {
    for key in ["user", "userIdentity.userName", "userIdentity"] {
        let events = [login("adalovelace", 1), login("grace-hopper", 2), login("adalovelace", 3)];
        let redact = format!("redact: [{key}, requestParameters.pin]");
        let (lines, alerts, saved) = run(engine(&redact, LOGIN, ""), &events);
        let records: Vec<String> = alerts.iter().map(ToString::to_string).collect();
        for text in lines.iter().chain(&records).chain([&saved]) {
            for secret in ["adalovelace", "hopper", "1234567"] {
                assert!(!text.contains(secret), "{key}: {secret} in {text}");
            }
        }
        let last: Vec<&Json> = alerts.iter().filter(|it| it.get("state") == Some(&Json::from("final"))).collect();
        let counts: Vec<Option<&str>> = last.iter().map(|it| it.get("count")?.scalar_text()).collect();
        assert_eq!(counts, [Some("2"), Some("1")], "{key}");
        assert_ne!(last[0].get("alert_id"), last[1].get("alert_id"));
        assert_ne!(last[0].get("dedup_key"), last[1].get("dedup_key"));
        assert!(last[0].get("title").unwrap().as_text().unwrap().starts_with("(redacted) from 203.0.113.9"));
        assert_eq!(last[0].at(&["aggregate", "user"]), Some(&Json::from("(redacted)")));
        assert_eq!(last[0].get("aggregate").unwrap().as_object().unwrap().len(), 3, "no tag is shown");
    }
}

#[test]
fn short_texts_go_as_words_and_booleans_in_their_own_place() {
    let (_, alerts, _) = run(engine("redact: [user, mfaUsed, requestParameters.n]", LOGIN, ""), &[login("al", 1)]);
    let record = &alerts[0];
    assert_eq!(record.get("title"), Some(&Json::from("(redacted) from 203.0.113.9, MFA (redacted), PIN 1234567")));
    let event = record.get("events").unwrap().as_array().unwrap()[0].get("event").unwrap();
    assert_eq!(
        event.at(&["userIdentity", "arn"]),
        Some(&Json::from("arn:aws:sts::111122223333:assumed-role/x/(redacted)"))
    );
    assert_eq!(event.at(&["additionalEventData", "MFAUsed"]), Some(&Json::from("(redacted)")));
    assert_eq!(event.at(&["requestParameters", "n"]), Some(&Json::from("(redacted)")));
    // `al` is in here, and is no word of it.
    assert!(event.get("additionalEventData").is_some());
    let told = record.get("matched").unwrap().to_string();
    assert!(
        told.contains("user (redacted)") && told.contains("mfaUsed (redacted)") && !told.contains("true"),
        "{told}"
    );
}

#[test]
fn the_source_and_the_identifier_are_redacted_and_still_count() {
    let events = [login("a", 1), login("b", 2), login("b", 2)];
    let rule = "    filter: eventName = \"Login\"";
    let (lines, alerts, _) = run(engine("redact: [accountId, eventID]", rule, ""), &events);
    let record = alerts.last().unwrap();
    assert_eq!(record.get("source"), Some(&Json::from("(redacted)")));
    assert_eq!(record.get("count").unwrap().scalar_text(), Some("2"), "one event counts once");
    let events = record.get("events").unwrap().as_array().unwrap();
    assert!(events.iter().all(|event| event.get("id") == Some(&Json::from("(redacted)"))));
    assert!(lines.iter().all(|line| !line.contains("111122223333")));
    let other: Vec<String> = vec![login("a", 1).replace("111122223333", "444455556666")];
    let (_, more, _) = run(engine("redact: [accountId, eventID]", rule, ""), &other);
    assert_ne!(more[0].get("dedup_key"), record.get("dedup_key"));
}

#[test]
fn the_operators_secret_decides_what_tells_groups_apart() {
    let id = |secret: &str| {
        let (_, alerts, _) = run(engine("redact: [user]", LOGIN, secret), &[login("adalovelace", 1)]);
        alerts[0].get("dedup_key").unwrap().to_string()
    };
    assert_eq!(id("s"), id("s"));
    assert_ne!(id("s"), id("t"));
}

#[test]
fn distinct_values_are_counted_without_being_told() {
    let rule =
        "    filter: eventName = \"Login\"\n    aggregate: [accountId]\n    threshold: {count: 2, distinct: user}";
    let events = [login("adalovelace", 1), login("adalovelace", 2), login("grace-hopper", 3)];
    let (lines, alerts, _) = run(engine("redact: [user]", rule, ""), &events);
    assert_eq!(alerts[0].get("distinct").unwrap().scalar_text(), Some("2"));
    assert!(lines.iter().all(|line| !line.contains("adalovelace")));
}

#[test]
fn where_there_is_too_much_to_look_for_nothing_is_told() {
    let names: Vec<String> = (0..2_000).map(|n| format!("\"person-number-{n}-é{}\"", n * 7919)).collect();
    let event =
        format!(r#"{{"eventName":"Login","time":1,"people":[{}],"note":"person-number-3-é23757"}}"#, names.join(","));
    let rule = "    filter: eventName = \"Login\"\n    aggregate: [people]\n    title: '{{people}}'";
    let (lines, alerts, _) = run(engine("redact: [people]", rule, ""), &[event]);
    assert!(!lines[0].contains("person-number") && !alerts[0].to_string().contains("person-number"));
    assert_eq!(alerts[0].get("title"), Some(&Json::from("R")));
}

#[test]
fn what_a_set_keeps_back_counts_for_all_its_files_and_must_have_rules() {
    let rules = "ruleset: s\nrules: [{id: r, name: R, type: Host, severity: 3, description: d, filter: 'user exists', title: '{{user}}'}]";
    let load = |other: &str| {
        let documents = [("a", rules), ("b", other)].map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()));
        Engine::load(&Request { documents: documents.into(), ..Request::default() })
    };
    let (engine, _) = load("ruleset: s\nredact: [user]\ntune: [{rule: r, severity: 1}]").unwrap();
    let (_, alerts, _) = run(engine, &[r#"{"user":"adalovelace","time":1}"#.to_owned()]);
    assert_eq!(alerts[0].get("title"), Some(&Json::from("(redacted)")));
    let report = load("ruleset: other\nredact: [user]\ntune: [{rule: r, severity: 1}]").unwrap_err();
    let codes: Vec<&str> = report.problems.iter().map(|problem| problem.diagnostic.problem.code()).collect();
    assert!(codes.contains(&"redacts-nothing"), "{codes:?}");
}

/// A record of some events with a text of this length in each, and how long it is.
fn fitted(text: usize, events: u64, bytes: usize) -> (Json, usize) {
    let file = "rules: [{id: r, name: R, type: Host, severity: 3, description: d, filter: 'a exists', title: '{{a}}', aggregate: [a, b]}]";
    let request = Request {
        documents: vec![("f".to_owned(), file.as_bytes().to_vec())],
        alert_bytes: Some(bytes),
        ..Request::default()
    };
    let (mut engine, _) = Engine::load(&request).unwrap();
    let mut alerts = Vec::new();
    for number in 0..events {
        let many: Vec<String> = (0..text / 10).map(|n| format!("\"k{n}\":[{n},\"é\"]")).collect();
        let event = format!(
            r#"{{"a":"{}","b":{{{}}},"id":"{number}-{}","time":1000}}"#,
            "é\\n".repeat(text / 4),
            many.join(","),
            "x".repeat(text / 50)
        );
        let mut detections = Vec::new();
        engine.detect(event.as_bytes(), &mut detections).unwrap();
        detections.into_iter().for_each(|detection| engine.observe(detection, &mut alerts));
    }
    engine.flush(&mut alerts);
    let record = alerts.pop().unwrap();
    let length = record.to_string().len();
    (record, length)
}

#[test]
fn no_record_is_larger_than_it_may_be_and_each_says_what_is_missing() {
    for (text, events) in [(10, 2), (1_000, 3), (9_000, 3), (15_000, 20), (60_000, 3), (100_000, 4)] {
        for bytes in [alert::RECORD_BYTES, 16 << 10, 4 << 10] {
            let (record, length) = fitted(text, events, bytes);
            assert!(length <= bytes, "{text} {events}: {length} of {bytes}");
            let left = record.get("left_out").unwrap();
            let truncated = record.get("truncated").unwrap().as_bool().unwrap();
            assert_eq!(truncated, !left.is_null());
            let number =
                |name: &str| left.get(name).and_then(Json::scalar_text).map_or(0, |text| text.parse().unwrap());
            let named = record.get("events").unwrap().as_array().unwrap();
            let whole = named.iter().filter(|event| event.get("event").is_some()).count() as u64;
            assert_eq!(number("events") + named.len() as u64, events);
            assert_eq!(number("whole_events") + whole, events.min(3));
            assert_eq!(record.get("alert_id").unwrap().as_text().unwrap().len(), 32);
            assert_eq!(record.get("first_seen"), Some(&Json::from("1970-01-01T00:16:40Z")));
        }
    }
    let (small, _) = fitted(10, 2, alert::RECORD_BYTES);
    assert_eq!(small.get("left_out"), Some(&Json::Null));
    let (cut, _) = fitted(60_000, 1, 4 << 10);
    assert!(cut.at(&["left_out", "cut"]).unwrap().as_array().unwrap().contains(&Json::from("aggregate")));
}

/// Records as text are those as trees, cut ones too.
#[test]
fn lines_and_trees_are_the_same_records() {
    let file = "rules: [{id: r, name: \"R \\\"é\\\"\", type: Host, severity: 3, description: d, filter: 'a exists', aggregate: [a, 'b.c']}]";
    for bytes in [4 << 10, alert::RECORD_BYTES] {
        let request = Request {
            documents: vec![("f".to_owned(), file.as_bytes().to_vec())],
            alert_bytes: Some(bytes),
            ..Request::default()
        };
        let (mut trees, mut lines): (Vec<Json>, String) = (Vec::new(), String::new());
        let mut by_tree = Engine::load(&request).unwrap().0;
        let mut by_line = Engine::load(&request).unwrap().0;
        for number in 0..4 {
            let event = format!(
                r#"{{ "a" : [1.0,"x,]\u0000\/"], "b":{{"c":{{}}}}, "c":"{}", "id":{number}, "c":"{0}", "time":1000}}"#,
                "é".repeat(1_500)
            );
            let mut detections = Vec::new();
            by_tree.detect(event.as_bytes(), &mut detections).unwrap();
            for detection in detections {
                by_tree.observe(detection.clone(), &mut trees);
                by_line.observe(detection, &mut lines);
            }
        }
        by_tree.flush(&mut trees);
        by_line.flush(&mut lines);
        let printed: Vec<String> = trees.iter().map(ToString::to_string).collect();
        assert_eq!(lines.lines().collect::<Vec<_>>(), printed);
        assert_eq!(printed.len(), 4, "fired, at two and at four events, and final");
        assert!(printed.iter().all(|record| record.len() <= bytes));
        assert_eq!(trees[0].at(&["aggregate", "a"]).unwrap().to_string(), r#"[1.0,"x,]\u0000/"]"#);
    }
}
