//! Each trap that Fluent Bit sets for a module, and that ours does not step into it. The answers are judged as Fluent Bit
//! judges them: [`common::object`] panics on what would abort it, lose records or pass off garbage as a record.

mod common;

use common::{NOON, TAG, annotate, call, filter, host, module, nested, object, pack, sample, tick};
use oxpecker_wamr::{Call, DEFAULT, DOCUMENTED, Host, Reply, Sizes};
use serde_json::{Value, json};

fn corners() -> Host {
    host(&pack(&["corners.yaml"], &[]), DEFAULT)
}

fn alert(host: &mut Host, record: &Value) -> Option<Value> {
    object(&filter(host, record.to_string().as_bytes()))
}

#[test]
fn alerts_are_those_that_a_replay_opens() {
    let replay = common::oxpecker()
        .args(["replay", "-q", "--live", "--output", "ndjson"])
        .arg(common::root().join("rules/samples/cloudtrail.ndjson"))
        .output()
        .expect("oxpecker runs");
    let lines = String::from_utf8(replay.stdout).expect("text");
    let records = lines.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    let expected: Vec<Value> = records.filter(|alert: &Value| alert["state"] == "fired").collect();
    assert!(expected.len() > 20);
    let mut host = host(&pack(&[], &[]), DEFAULT);
    let mut found = Vec::new();
    for event in sample() {
        let Some(answer) = object(&filter(&mut host, &event)) else { continue };
        match answer.get("alerts") {
            Some(alerts) => found.extend(alerts.as_array().expect("an array").clone()),
            None => found.push(answer),
        }
    }
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected);
    }
}

#[test]
fn several_alerts_of_one_record_are_one_object() {
    let mut host = corners();
    let record = json!({"deep": {"a": 1}, "name": "ÉTÉ", "eventName": "Getaa1"});
    let answer = alert(&mut host, &record).expect("alerts");
    assert_eq!((&answer["rule_id"], &answer["severity"]), (&json!("functions"), &json!(1)), "the most severe");
    let ids: Vec<&str> =
        answer["alerts"].as_array().expect("all").iter().filter_map(|a| a["rule_id"].as_str()).collect();
    assert_eq!(ids, ["regex", "deep", "functions"].into_iter().filter(|id| ids.contains(id)).collect::<Vec<_>>());
    assert!(ids.len() >= 2 && ids.contains(&"deep"));
}

#[test]
fn a_record_without_an_alert_is_dropped_from_the_copy() {
    assert_eq!(filter(&mut corners(), br#"{"a":1}"#), Reply::Nothing);
}

#[test]
fn notes_stand_in_the_record_and_others_pass_by_address() {
    let mut host = corners();
    assert_eq!(annotate(&mut host, br#"{"a":1}"#), Reply::Record);
    let record = br#"{"deep":1.50,"oxpecker":"mine","x":"\u00e9"}"#;
    let text = annotate(&mut host, record).text();
    assert!(text.ends_with(r#","deep":1.50,"oxpecker_in_record":"mine","x":"\u00e9"}"#), "{text}");
    let value: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(value["oxpecker"]["rules"][0]["rule_id"], "deep");
    assert!(value["oxpecker"]["rules"][0]["alert_id"].is_string(), "{value}");
}

#[test]
fn a_large_record_arrives_although_the_heap_is_small() {
    let mut host = corners();
    let large = json!({"deep": "x".repeat(2 << 20)}).to_string();
    let answer = object(&filter(&mut host, large.as_bytes())).expect("an alert");
    assert_eq!(answer["rule_id"], "deep");
    assert_eq!(
        object(&annotate(&mut host, large.as_bytes())).expect("a note")["deep"].as_str().map(str::len),
        Some(2 << 20)
    );
}

#[test]
fn a_record_that_did_not_arrive_is_told() {
    let mut host = corners();
    for function in ["oxpecker_filter", "oxpecker_annotate"] {
        for cells in [[0, 0, 0, 0, 0, 100_000], [0, 0, NOON, 0, 0, 0]] {
            let answer = object(&host.filter_with(function, cells)).expect("an answer");
            assert_eq!(answer["oxpecker"], "undelivered");
        }
    }
    assert_eq!(tick(&mut host, 0)["undelivered"], 4);
}

#[test]
fn any_numbers_get_a_valid_answer() {
    let mut host = corners();
    let odd = [0, 1, 4, 100, 65_535, 1 << 20, 1 << 31, u32::MAX - 1, u32::MAX];
    for function in ["oxpecker_filter", "oxpecker_annotate"] {
        for address in odd {
            for length in odd {
                object(&host.filter_with(function, [address, length, length, address, address, length]));
                object(&host.filter_with(function, [0, length, u32::MAX, u32::MAX, address, 10]));
            }
        }
    }
    for address in odd {
        host.call("free", &[address]).expect("free takes any address");
    }
    assert_eq!(host.call("malloc", &[0]), Ok(0));
    assert_eq!(host.call("malloc", &[u32::MAX]), Ok(0));
    assert_eq!(object(&filter(&mut host, br#"{"deep":1}"#)).expect("an alert")["rule_id"], "deep");
}

#[test]
fn messagepack_is_answered_by_a_map_that_says_how_to_mend_it() {
    let mut host = corners();
    let map = b"\x82\xa1a\x00\xa1b\xc4\x02\x00\x01";
    let many = [b"\xde\x00\x10".to_vec(), b"\xa1a\x00".repeat(16)].concat();
    for function in ["oxpecker_filter", "oxpecker_annotate"] {
        for record in [&map[..], &many, b"\x80", b"\xdf\0\0\0\0", b"\x92\x01\x80"] {
            let Reply::Text(answer) = host.filter_msgpack(&call(function, record)) else { panic!("no text") };
            // Fluent Bit takes the text up to the first zero byte: the map must be whole until there.
            assert_eq!(answer[..2], [0x81, 0xa8]);
            assert_eq!(&answer[2..10], b"oxpecker");
            assert_eq!((answer[10], usize::from(answer[11])), (0xd9, answer.len() - 12));
            assert!(String::from_utf8_lossy(&answer).contains("event_format json"));
        }
    }
    assert_eq!(tick(&mut host, 0)["msgpack"], 10);
}

#[test]
fn every_byte_gets_a_valid_answer() {
    let mut host = corners();
    for byte in 0..=255u8 {
        for record in [vec![byte], vec![b'{', byte], [b"{\"deep\":\"", &[byte][..], b"\"}"].concat()] {
            if matches!(record[0], 0x80..=0x9f | 0xdc..=0xdf) {
                continue;
            }
            object(&filter(&mut host, &record));
            object(&annotate(&mut host, &record));
        }
    }
}

#[test]
fn no_nesting_overflows_the_stack() {
    for wasm in [pack(&["corners.yaml"], &[]), pack(&[], &[])] {
        let mut host = host(&wasm, DEFAULT);
        for depth in [1, 20, 100, 126, 127, 128, 1_000, 10_000, 100_000] {
            object(&filter(&mut host, &nested(depth)));
            annotated(&mut host, &nested(depth));
            object(&filter(&mut host, &[b"{\"deep\":".to_vec(), nested(depth), b"}".to_vec()].concat()));
            let arrays = [b"{\"deep\":".to_vec(), b"[".repeat(depth), b"]".repeat(depth), b"}".to_vec()].concat();
            annotated(&mut host, &arrays);
        }
        // What alerts look for in an event, whatever its rule.
        for key in ["userIdentity", "host", "user", "sourceIPAddress", "exe", "eventTime", "id", "agent"] {
            for depth in [20, 30, 60, 120] {
                let (open, close) = ("[".repeat(depth), "]".repeat(depth));
                let record = format!("{{\"deep\":1,\"{key}\":{open}1{close}}}").into_bytes();
                object(&filter(&mut host, &record));
                annotated(&mut host, &record);
            }
        }
        assert_eq!(tick(&mut host, 0)["trapped"], 0);
    }
}

/// A record that comes back with a note is as deep as it came, which may be deeper than the test's reader goes.
fn annotated(host: &mut Host, record: &[u8]) {
    match annotate(host, record) {
        Reply::Record => {}
        Reply::Text(text) => {
            assert!(text.starts_with(b"{\"oxpecker\":{") && text.ends_with(&record[1..]));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_alert_is_not_nested_deeper_than_fluent_bit_can_read() {
    let mut host = corners();
    for depth in [20, 25, 31, 100, 125] {
        let record = [b"{\"deep\":".to_vec(), nested(depth), b"}".to_vec()].concat();
        let answer = object(&filter(&mut host, &record)).expect("an alert");
        assert!(common::depth(&answer) <= 24 + 1, "{depth}");
        assert_eq!(answer["rule_id"], "deep");
    }
}

#[test]
fn a_pack_runs_on_the_stack_that_fluent_bit_gives_by_default() {
    let mut host = host(&pack(&[], &[]), DEFAULT);
    for event in common::real().iter().take(1_000) {
        object(&filter(&mut host, event));
        object(&annotate(&mut host, event));
    }
    let beat = tick(&mut host, 60);
    assert_eq!((&beat["trapped"], &beat["rejected"]), (&json!(0), &json!(0)), "{beat}");
}

#[test]
fn every_kind_of_pack_runs_on_that_stack() {
    let events = sample();
    for options in [
        &["--shape", "ecs"][..],
        &["--shape", "ocsf"],
        &["--updates"],
        &["--mode", "annotate"],
        &["--tag-type", "*=cloudtrail"],
    ] {
        let mut host = host(&pack(&[], options), DEFAULT);
        let answers = events.iter().filter(|event| object(&filter(&mut host, event)).is_some()).count();
        assert!(answers > 20, "{options:?}");
        events.iter().for_each(|event| drop(object(&annotate(&mut host, event))));
        // Hours of ticks: windows close, and with updates their alerts are told once more.
        let trapped = (0..300).map(|minute| tick(&mut host, minute * 60)["trapped"].clone()).max_by_key(Value::as_u64);
        assert_eq!(trapped, Some(json!(0)), "{options:?}");
    }
}

#[test]
fn redaction_runs_on_that_stack() {
    let mut host = host(&pack(&["redacted.yaml"], &[]), DEFAULT);
    let many: Vec<String> = (0..400).map(|number| format!("ada-lovelace-{number}")).collect();
    // One name, so many that an alert still shows the rest of the event, and too many for that.
    let too_many: Vec<String> = (0..2_000).map(|number| format!("ada-lovelace-{number}")).collect();
    for (name, from) in [
        (json!("ada-lovelace"), "ada-lovelace's desk"),
        (json!("al"), "al's desk, not lovelace's"),
        (json!(many), "ada-lovelace-7's desk"),
        (json!(too_many), "ada-lovelace-7's desk"),
    ] {
        let record = json!({"user": {"name": name}, "from": from});
        let answer = alert(&mut host, &record).expect("an alert").to_string();
        assert!(answer.contains("(redacted)") && !answer.contains("ada-lovelace"), "{answer}");
        assert!(name != "al" || answer.contains("(redacted)'s desk, not lovelace's"), "{answer}");
        assert!(!annotate(&mut host, record.to_string().as_bytes()).text().is_empty());
    }
    assert_eq!(tick(&mut host, 60)["trapped"], 0);
}

#[test]
fn a_trap_loses_one_record_and_is_counted() {
    // Stacks on which a record that matches traps, also when room has been taken already, and one that does not match works;
    // from the middle of them.
    let wasm = pack(&["corners.yaml"], &[]);
    // Each of a group of its own: a window that is open already needs less.
    let hit = |number: u32| format!(r#"{{"deep":{{"a":[{number}]}}}}"#).into_bytes();
    let mut sizes: Vec<Sizes> = (2_000..8_000).step_by(100).map(|stack| Sizes { stack, ..DEFAULT }).collect();
    sizes.retain(|sizes| {
        let mut host = host(&wasm, *sizes);
        // The first record of all makes room for the others, which takes more stack than they do.
        host.with_room(|host| drop(filter(host, br#"{"a":1}"#)));
        let works = filter(&mut host, br#"{"a":1}"#) == Reply::Nothing;
        works && (0..3).all(|number| matches!(filter(&mut host, &hit(number)), Reply::Trap(_)))
    });
    let middle = sizes.get(sizes.len() / 2).expect("a match needs more stack than a miss");
    let mut host = host(&wasm, *middle);
    host.with_room(|host| drop(filter(host, br#"{"a":1}"#)));
    // WAMR does not give back what the module's own stack had taken when it trapped: some hundred traps use it up.
    for number in 0..50 {
        assert!(matches!(filter(&mut host, &hit(number)), Reply::Trap(_)), "{middle:?}, {number}");
        assert_eq!(filter(&mut host, br#"{"a":1}"#), Reply::Nothing, "{number}");
    }
    // A tick's canary matches, too.
    let beat = host.with_room(|host| tick(host, 0));
    assert_eq!((&beat["trapped"], &beat["records"]), (&json!(50), &json!(101)));
}

#[test]
fn windows_live_in_the_instance() {
    let mut host = corners();
    let seen = |host: &mut Host, who: &str, time: &str| {
        alert(host, &json!({"who": who, "time": time})).map(|alert| alert["rule_id"].clone())
    };
    assert_eq!(seen(&mut host, "ada", "2025-03-11T12:00:00Z"), None);
    assert_eq!(seen(&mut host, "eve", "2025-03-11T12:10:00Z"), None);
    assert_eq!(seen(&mut host, "ada", "2025-03-11T12:20:00Z"), Some(json!("twice")));
    assert_eq!(seen(&mut host, "eve", "2025-03-11T13:20:00Z"), None, "an hour has passed in event time");
    assert_eq!(tick(&mut host, 0)["open_windows"].as_u64().map(|open| open > 0), Some(true));
}

#[test]
fn quiet_nodes_close_their_windows_by_the_ticks() {
    let mut host = corners();
    alert(&mut host, &json!({"door": "a", "who": "x", "time": "2021-01-01T00:00:00Z"}));
    let open = |host: &mut Host, minute: u32| tick(host, minute * 60)["open_windows"].as_u64().expect("a number");
    // Old events: the clock on the wall is years ahead, and must not close what a replay would leave open.
    assert!(open(&mut host, 0) > 0);
    assert!(open(&mut host, 1) > 0);
    let still = (2..60).all(|minute| open(&mut host, minute) > 0);
    assert!(still, "an hour's window is open for an hour");
    for minute in 60..90 {
        open(&mut host, minute);
    }
    assert_eq!(open(&mut host, 90), 0);
}

#[test]
fn the_records_own_time_wins_over_the_shippers() {
    let mut host = corners();
    let own = alert(&mut host, &json!({"deep": 1, "time": "2020-02-03T04:05:06Z"})).expect("an alert");
    assert_eq!(own["first_seen"], "2020-02-03T04:05:06Z");
    let none = alert(&mut host, &json!({"deep": 2})).expect("an alert");
    assert_eq!(none["first_seen"], "2025-03-11T12:00:00Z", "the shipper's");
    let wrong = alert(&mut host, &json!({"deep": 3, "time": "2099-01-01T00:00:00Z"})).expect("an alert");
    assert_eq!(wrong["first_seen"], "2025-03-11T12:00:00Z", "a wrong clock must not close every window");
    let call = Call { seconds: 0, ..call("oxpecker_filter", br#"{"deep":4}"#) };
    assert_eq!(object(&host.filter(&call)).expect("an alert")["first_seen"], Value::Null);
}

#[test]
fn the_tag_gives_the_type() {
    let wasm = pack(&["corners.yaml"], &["--tag-type", "kube.audit.mine=typed"]);
    let mut host = host(&wasm, DEFAULT);
    let mut typed = |tag: &str, record: &str| {
        let call = Call { tag, ..call("oxpecker_annotate", record.as_bytes()) };
        object(&host.filter(&call)).map(|noted| noted["oxpecker"]["rules"][0]["rule_id"].clone())
    };
    assert_eq!(typed("oxpecker.copy.logs.typed", r#"{"id":1}"#), Some(json!("typed")));
    assert_eq!(typed("oxpecker.copy.unclaimed.logs.typed", r#"{"id":2}"#), Some(json!("typed")));
    assert_eq!(typed("logs.typed", r#"{"id":3}"#), Some(json!("typed")));
    assert_eq!(typed("oxpecker.copy.logs.other", r#"{"id":4}"#), None);
    assert_eq!(
        typed("oxpecker.copy.logs.other", r#"{"id":5,"event_type":"typed"}"#),
        Some(json!("typed")),
        "its own field"
    );
    assert_eq!(typed("kube.audit.x", r#"{"id":6,"probe":1}"#), Some(json!("typed")));
    assert_eq!(typed("kube.audit.mine", r#"{"id":7}"#), Some(json!("typed")), "the option goes over the file");
    assert_eq!(typed("oxpecker.copy.unclaimed.x", "{}"), None);
    assert_eq!(tick(&mut host, 0)["unclaimed"], 2);
}

#[test]
fn a_module_without_rules_comes_up_inert_and_says_so() {
    let mut host = host(&module(), DEFAULT);
    let told: Vec<Value> = (0..10).filter_map(|_| object(&filter(&mut host, br#"{"a":1}"#))).collect();
    assert_eq!(told.len(), 4, "at the first time, the second, the fourth, the eighth");
    assert_eq!(told[0]["oxpecker"], "inert");
    assert_eq!(annotate(&mut host, br#"{"a":1}"#), Reply::Record, "the log flows on");
}

#[test]
fn what_is_no_event_is_counted_and_told_at_growing_distances() {
    let mut host = corners();
    let told: Vec<Value> = (0..10).filter_map(|_| object(&filter(&mut host, &nested(128)))).collect();
    assert_eq!(told.len(), 4);
    assert_eq!((&told[0]["oxpecker"], &told[0]["reason"]), (&json!("rejected"), &json!("too-deep")));
    assert_eq!(annotate(&mut host, &nested(128)), Reply::Record);
    let beat = tick(&mut host, 0);
    assert_eq!((&beat["records"], &beat["rejected"], &beat["events"]), (&json!(11), &json!(11), &json!(0)));
}

#[test]
fn a_heartbeat_says_who_it_is_and_what_it_has_counted() {
    let wasm = pack(&["corners.yaml"], &[]);
    let mut host = host(&wasm, DEFAULT);
    for record in
        [json!({"deep": 1}), json!({"deep": 2}), json!({"a": 1}), json!({"event_type": "typed", "quiet": true})]
    {
        alert(&mut host, &record);
    }
    let beat = tick(&mut host, 0);
    assert_eq!(beat["oxpecker"], "heartbeat");
    assert_eq!(beat["pack"].as_str().map(str::len), Some(64));
    assert_eq!(beat["canary"]["rule_id"], "oxpecker-canary");
    for (name, expected) in [
        ("events", 4),
        ("rejected", 0),
        ("matched", 3),
        ("suppressed", 1),
        ("evicted", 0),
        ("late", 0),
        ("records", 4),
        ("alerts_told", 2),
        ("rules", 6),
    ] {
        assert_eq!(beat[name], expected, "{name}: {beat}");
    }
    let later = tick(&mut host, 60);
    assert_eq!(later["canary"]["state"], "fired", "each tick");
}

#[test]
fn fuzzed_records_never_trap() {
    let mut dice = mutate::Dice(7);
    let events = sample();
    let corner = [
        json!({"deep": {"a": [1, {"b": null}]}, "items": ["one", "two", "three"], "ip": "10.1.2.3"}).to_string(),
        json!({"who": "ada", "door": 1, "eventName": "GetaaaaaaaaaaaaaaaaaaaaaaaaaaaaX!", "name": "ÉTÉ"}).to_string(),
    ];
    let mut host = corners();
    for round in 0..6_000 {
        let good = if round % 3 == 0 { dice.pick(&events).expect("events") } else { corner[round % 2].as_bytes() };
        let other = dice.pick(&events).expect("events").clone();
        let record = mutate::mutate(good, &other, &mut dice);
        if matches!(record.first(), Some(0x80..=0x9f | 0xdc..=0xdf)) {
            continue;
        }
        object(&filter(&mut host, &record));
        object(&annotate(&mut host, &record));
    }
    let beat = tick(&mut host, 0);
    assert_eq!(beat["trapped"], 0);
    assert_eq!(
        beat["records"].as_u64(),
        Some(beat["events"].as_u64().unwrap() + beat["rejected"].as_u64().unwrap() + beat["msgpack"].as_u64().unwrap())
    );
}

#[test]
fn memory_stays_flat() {
    let records: u32 = if std::env::var_os("OXPECKER_LONG").is_some() { 1_000_000 } else { 100_000 };
    let mut host = corners();
    let mut memory = 0;
    for number in 0..records {
        // Windows open and close all the time: one event in ten opens one, an hour of them is open at once.
        let record = if number % 10 == 0 {
            format!(r#"{{"who":"u{number}","deep":{number},"ts":{}}}"#, NOON + number / 2)
        } else {
            format!(r#"{{"a":{number},"ts":{}}}"#, NOON + number / 2)
        };
        let call = Call { seconds: NOON + number / 2, ..call("oxpecker_filter", record.as_bytes()) };
        let reply = host.filter(&call);
        assert!(!matches!(reply, Reply::Trap(_) | Reply::BadAddress(_)), "{reply:?} at {number}");
        if number == records / 2 {
            memory = host.memory();
        }
    }
    assert_eq!(host.memory(), memory, "the second half takes no more than the first");
    assert!(memory < 64 << 20, "{memory}");
    assert_eq!(tick(&mut host, 0)["records"], records);
}

#[test]
fn the_memory_ceiling_holds_and_costs_only_what_is_beyond_it() {
    let mut host = host(&pack(&["corners.yaml"], &["--memory", "16MiB"]), DOCUMENTED);
    let huge = vec![b'x'; 20 << 20];
    assert_eq!(object(&filter(&mut host, &huge)).expect("a report")["oxpecker"], "undelivered");
    assert_eq!(alert(&mut host, &json!({"deep": 1})).expect("an alert")["rule_id"], "deep");
    assert!(host.memory() <= 16 << 20);
}

#[test]
fn work_on_one_record_is_bounded() {
    let mut host = corners();
    for (name, record) in [
        ("open brackets", b"[".repeat(2 << 20)),
        ("members", [b"{".to_vec(), b"\"a\":1,".repeat(100_000), b"\"a\":1}".to_vec()].concat()),
        ("escapes", [b"{\"deep\":\"".to_vec(), b"\\u00e9".repeat(300_000), b"\"}".to_vec()].concat()),
        ("a name to match", json!({"eventName": format!("Get{}", "a".repeat(1 << 20))}).to_string().into_bytes()),
        ("elements", [b"{\"deep\":[".to_vec(), b"0,".repeat(150_000), b"0]}".to_vec()].concat()),
    ] {
        let start = std::time::Instant::now();
        object(&filter(&mut host, &record));
        assert!(start.elapsed().as_secs() < 20, "{name} takes {:?}", start.elapsed());
    }
    assert_eq!(tick(&mut host, 0)["trapped"], 0);
}

#[test]
fn a_tag_of_any_length_is_no_matter() {
    let mut host = corners();
    let long = "x.".repeat(100_000);
    for tag in ["", long.as_str(), TAG] {
        let call = Call { tag, ..call("oxpecker_filter", br#"{"a":1}"#) };
        assert_eq!(host.filter(&call), Reply::Nothing);
    }
}

#[path = "../../support/mutate.rs"]
#[allow(dead_code, reason = "others use more of it")]
mod mutate;
