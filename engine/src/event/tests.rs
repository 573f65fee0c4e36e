//! What keys reach: paths, shapes, derived keys, aliases; and what alerts say of an event.

use super::{Event, Found, Instant, Shape, format_time, path};
use crate::Span;
use crate::json::{Limits, RejectReason};
use crate::language::expr::{Key, Step};

fn event(text: &str) -> Event {
    Event::parse(text.as_bytes(), &Limits::default(), None).unwrap()
}

/// A dotted key; a number is an index.
fn key(dotted: &str) -> Key {
    let step = |part: &str| part.parse().map_or_else(|_| Step::Name(part.to_owned()), Step::Index);
    Key { span: Span::default(), steps: dotted.split('.').map(step).collect() }
}

fn show(found: &Found<'_>) -> String {
    if found.cut {
        return "cut".to_owned();
    }
    found.ends.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn check(text: &str, rows: &[(&str, &str)]) {
    let event = event(text);
    for (dotted, expected) in rows {
        assert_eq!(show(&event.resolve(&key(dotted))), *expected, "{dotted} in {text}");
    }
}

#[test]
fn only_objects_are_events() {
    for (text, offset) in [("[1]", 0), (" \"a\"", 1), ("null", 0), ("1", 0)] {
        let reject = Event::parse(text.as_bytes(), &Limits::default(), None).unwrap_err();
        assert_eq!((reject.reason, reject.offset), (RejectReason::NotAnObject, offset), "{text}");
    }
    let malformed = Event::parse(b"[1", &Limits::default(), None).unwrap_err();
    assert_eq!(malformed.reason, RejectReason::InvalidJson);
}

#[test]
#[rustfmt::skip]
fn paths_go_through_objects_and_arrays() {
    check(
        r#"{"a":{"b":1},"l":[{"b":1},{"c":2},[{"b":[3,4]}],5],"n":null,"e":[],"d":[[1,[2]],{"x":0}]}"#,
        &[
            ("a.b", "1"), ("a.c", ""), ("a.b.c", ""), ("n", "null"), ("n.x", ""), ("e", "[]"), ("e.x", ""), ("e.0", ""),
            ("l.b", "1 [3,4]"), ("l.c", "2"), ("l.0.b", "1"), ("l.2.b", "[3,4]"), ("l.2.b.-1", "4"), ("l.b.0", "3"),
            ("l.-1", "5"), ("l.-4", r#"{"b":1}"#), ("l.-5", ""), ("l.4", ""), ("a.0", ""), ("d", r#"[[1,[2]],{"x":0}]"#),
            ("d.0.1.0", "2"), ("l.-9223372036854775808", ""), ("l.9223372036854775807", ""),
        ],
    );
    assert_eq!(event(r#"{"d":[[1,[2]],{"x":0},[]]}"#).resolve(&key("d")).elements().count(), 3);
}

#[test]
fn the_longest_literal_key_wins_alone() {
    check(
        r#"{"a.b":{"d":1},"a":{"b":{"c":2},"b.c":3},"x.y.z":4,"x":{"y":{"z":5}},"":{"":6}}"#,
        &[("a.b.d", "1"), ("a.b.c", ""), ("a.b", r#"{"d":1}"#), ("x.y.z", "4"), ("x.y", r#"{"z":5}"#), (".", "6")],
    );
    check(r#"{"l":[{"a.b":1},{"a":{"b":2}}]}"#, &[("l.a.b", "1 2")]);
    check(r#"{"a":{"b":{"c":2},"b.c":3}}"#, &[("a.b.c", "3")]);
    let quoted = Key { span: Span::default(), steps: vec![Step::Name("a.b".into())] };
    assert_eq!(show(&event(r#"{"a":{"b":1}}"#).resolve(&quoted)), "");
    assert_eq!(show(&event(r#"{"a.b":1}"#).resolve(&quoted)), "1");
}

#[test]
fn shapes_are_told_from_fields_that_producers_write() {
    let cases = [
        (r#"{"eventSource":"s","eventName":"n","eventVersion":"1.08"}"#, Shape::CloudTrail),
        (r#"{"eventSource":"s","eventName":"n","userIdentity":{}}"#, Shape::CloudTrail),
        (r#"{"eventSource":"s","eventName":"n","eventVersion":null}"#, Shape::Other),
        (r#"{"eventSource":"s","eventName":"n"}"#, Shape::Other),
        (r#"{"eventSource":"s","eventVersion":"1"}"#, Shape::Other),
        (r#"{"eventSource":1,"eventName":"n","eventVersion":"1"}"#, Shape::Other),
        (r#"{"eventSource":"aws:s3","eventName":"n","eventVersion":"2.1"}"#, Shape::Other),
        (r#"{"event_type":"cloudtrail"}"#, Shape::Other),
        (
            r#"{"eventVersion":"1","eventSource":"s","eventName":"n","eventCategory":"Insight"}"#,
            Shape::CloudTrailInsight,
        ),
        (r#"{"eventVersion":"1.08","eventType":"AwsCloudTrailInsight","insightDetails":{}}"#, Shape::CloudTrailInsight),
        (
            r#"{"eventVersion":"1","eventSource":"s","eventName":"n","eventCategory":"NetworkActivity"}"#,
            Shape::CloudTrailNetworkActivity,
        ),
        (r#"{"eventVersion":"1.0","eventType":"AwsAggregatedEvent","timeWindow":{}}"#, Shape::CloudTrailAggregated),
        (r#"{"apiVersion":"v1","kind":"Event"}"#, Shape::Other),
        (r#"{"apiVersion":"audit.k8s.io/v1","kind":"EventList"}"#, Shape::Other),
    ];
    for (text, shape) in cases {
        assert_eq!(event(text).shape(), shape, "{text}");
    }
}

#[test]
fn the_event_type_is_the_operators_then_the_shapes_then_the_events_own() {
    let trail = r#"{"eventSource":"s","eventName":"n","eventVersion":"1","event_type":"own"}"#;
    check(trail, &[("event_type", r#""cloudtrail""#)]);
    check(r#"{"event_type":"audit"}"#, &[("event_type", r#""audit""#)]);
    for pretender in ["\"cloudtrail\"", "[\"cloudtrail_insight\"]"] {
        let line = event(&format!("{{\"event_type\":{pretender}}}"));
        assert_eq!((show(&line.resolve(&key("event_type"))), line.event_type()), (String::new(), None));
    }
    check(r#"{"a":1}"#, &[("event_type", "")]);
    let set = Event::parse(trail.as_bytes(), &Limits::default(), Some("mine")).unwrap();
    assert_eq!(show(&set.resolve(&key("event_type"))), r#""mine""#);
    assert_eq!((set.event_type(), set.shape()), (Some("mine"), Shape::CloudTrail));
    assert_eq!(event(r#"{"event_type":7}"#).event_type(), Some("7"));
    assert_eq!(event("{}").event_type(), None);
}

const TRAIL: &str = r#""eventSource":"s","eventName":"n","eventVersion":"1.08","#;

fn trail(rest: &str) -> String {
    format!("{{{TRAIL}{rest}}}")
}

#[test]
#[rustfmt::skip]
fn helper_keys_take_the_first_source_that_is_not_null() {
    let role = r#""userIdentity":{"type":"AssumedRole","principalId":"AROA:ann","accountId":"1","accessKeyId":"ASIA",
        "arn":"arn:aws:sts::1:assumed-role/admin/ann","userName":"no","sessionContext":{"attributes":{"mfaAuthenticated":"false"}}},
        "sourceIPAddress":"1.2.3.4","awsRegion":"eu-west-1","errorCode":"AccessDenied","eventType":"AwsApiCall",
        "eventID":"e1","requestID":"r1","recipientAccountId":null"#;
    check(
        &trail(role),
        &[
            ("user", r#""ann""#), ("userType", r#""AssumedRole""#), ("ip", r#""1.2.3.4""#), ("region", r#""eu-west-1""#),
            ("accountId", r#""1""#), ("error", r#""AccessDenied""#), ("accessKey", r#""ASIA""#),
            ("arnRole", r#""assumed-role/admin/ann""#), ("mfaUsed", r#""false""#), ("eventSourceType", r#""AwsApiCall""#),
            ("eventId", r#""e1""#), ("requestId", r#""r1""#), ("arnRole.x", ""),
        ],
    );
    let others = [
        (r#""userIdentity":{"type":"AssumedRole","principalId":"AROA","arn":"arn:aws:sts::1:assumed-role/r/bob"}"#, r#""bob""#),
        (r#""userIdentity":{"type":"AssumedRole","principalId":"AROA:","arn":"arn:aws:sts::1:assumed-role/r/bob"}"#, r#""bob""#),
        (r#""userIdentity":{"type":"IAMUser","principalId":"AIDA:x","userName":"carl"}"#, r#""carl""#),
        (r#""userIdentity":{"type":"IAMUser","principalId":"AIDA:x","userName":null}"#, r#""AIDA:x""#),
        (r#""userIdentity":{"type":"Root","principalId":"1"},"user":"native""#, r#""native""#),
        (r#""userIdentity":{"type":"Root","principalId":"1"},"user":null"#, r#""1""#),
        (r#""user":null"#, "null"),
        (r#""userIdentity":null"#, ""),
    ];
    for (rest, expected) in others {
        check(&trail(rest), &[("user", expected)]);
    }
    check(&trail(r#""additionalEventData":{"MFAUsed":"Yes"}"#), &[("mfaUsed", r#""Yes""#)]);
    check(&trail(r#""userIdentity":{"arn":"arn:aws:iam::1:user/ann"}"#), &[("arnRole", "")]);
    check(&trail(r#""userIdentity":{"arn":"arn:aws-cn:sts::1:assumed-role/r"}"#), &[("arnRole", "")]);
    check(r#"{"userIdentity":{"userName":"x"},"awsRegion":"y"}"#, &[("user", ""), ("region", "")]);
}

#[test]
#[rustfmt::skip]
fn aliases_reach_every_target_that_is_not_null() {
    check(r#"{"src_ip":"a","dst_ip":"b"}"#, &[("ip", r#""a" "b""#), ("src_ip", r#""a""#)]);
    check(r#"{"src_ip":"a","dst_ip":null}"#, &[("ip", r#""a""#)]);
    check(r#"{"ip":"n","src_ip":"a"}"#, &[("ip", r#""n""#)]);
    check(r#"{"ip":null,"src_ip":"a"}"#, &[("ip", r#""a""#)]);
    check(r#"{"ip":null}"#, &[("ip", "null")]);
    check(r#"{"src_ip":null}"#, &[("ip", "null")]);
    check(
        r#"{"connection":{"src_addr":"a","dst_addr":"b","src_port":1,"port":2}}"#,
        &[("ip", r#""a" "b""#), ("src_ip", r#""a""#), ("dst_ip", r#""b""#), ("port", "1 2"), ("src_port", "1"), ("dst_port", "2")],
    );
    check(r#"{"src_ip":null,"connection":{"src_addr":"a"}}"#, &[("src_ip", r#""a""#)]);
    check(r#"{"host_metadata":{"hostname":"web-1"}}"#, &[("agent", r#""web-1""#)]);
}

#[test]
#[rustfmt::skip]
fn a_path_below_what_cloudtrail_left_out_is_cut() {
    let cut = trail(r#""requestParameters":{"omitted":true,"originalSize":9},"responseElements":{"omitted":"true"}"#);
    check(
        &cut,
        &[
            ("requestParameters.x", "cut"), ("requestParameters", r#"{"omitted":true,"originalSize":9}"#),
            ("responseElements.x", ""), ("additionalEventData.x", ""), ("eventName", r#""n""#),
        ],
    );
    check(&trail(r#""additionalEventData":{"omitted":true}"#), &[("mfaUsed", "cut"), ("mfaUsed.x", "")]);
    check(&trail(r#""userIdentity":{"omitted":true}"#), &[("userIdentity.x", "")]);
    check(r#"{"requestParameters":{"omitted":true}}"#, &[("requestParameters.x", "")]);
}

#[test]
fn alerts_know_id_source_and_time() {
    let cloudtrail = event(&trail(r#""eventID":"e","recipientAccountId":"12","eventTime":"2023-07-10T11:42:36Z""#));
    assert_eq!((cloudtrail.id(), &*cloudtrail.source()), (Some("e"), "12"));
    assert_eq!(cloudtrail.time().map(format_time).as_deref(), Some("2023-07-10T11:42:36Z"));
    let fallback = event(&trail(r#""recipientAccountId":null,"userIdentity":{"accountId":"34"}"#));
    assert_eq!((fallback.id(), &*fallback.source(), fallback.time()), (None, "34", None));
    let audit = event(
        r#"{"auditID":"k","stageTimestamp":"2020-01-01T00:00:01Z","requestReceivedTimestamp":"2020-01-01T00:00:00.25Z"}"#,
    );
    assert_eq!((audit.id(), &*audit.source(), audit.time()), (Some("k"), "", Some(1_577_836_800_250)));
    let agent = event(r#"{"eventID":"","id":5,"agent_id":"a","agent":"b"}"#);
    assert_eq!((agent.id(), &*agent.source()), (Some("5"), "a"));
    assert_eq!(event(r#"{"time":"tomorrow","ts":1600000000}"#).time(), Some(1_600_000_000_000));
}

#[test]
fn alerts_know_id_source_and_time_of_what_producers_write() {
    let producer = |event: &Event| match event.shape() {
        Shape::Mapped(producer) => producer.name(),
        _ => "",
    };
    for (text, name, id, source, time) in [
        (
            r#"{"ID":"1600000000.125:9","NODE":"web-1","SYSCALL":{"pid":1}}"#,
            "laurel",
            Some("1600000000.125:9"),
            "web-1",
            1_600_000_000_125,
        ),
        (
            r#"{"@timestamp":"2020-09-13T12:26:40Z","event":{"module":"auditd"},"auditd":{},"agent":{"id":"a","name":"web-1"}}"#,
            "auditbeat",
            None,
            "web-1",
            1_600_000_000_000,
        ),
        (
            r#"{"process_exit":{"process":{}},"node_name":"node-1","time":"2020-09-13T12:26:40.5Z"}"#,
            "tetragon",
            None,
            "node-1",
            1_600_000_000_500,
        ),
        (
            r#"{"rule":"r","priority":"Notice","output_fields":{},"uuid":"u","hostname":"h","time":"2020-09-13T12:26:40.5Z"}"#,
            "falco",
            Some("u"),
            "h",
            1_600_000_000_500,
        ),
        (
            r#"{"name":"q","action":"added","unixTime":"1600000009","hostIdentifier":"h","columns":{"time":"1600000000"}}"#,
            "osquery",
            None,
            "h",
            1_600_000_000_000,
        ),
        (
            r#"{"timestamp":"2020-09-13T14:26:40.250+0200","rule":{"id":"1","level":3},"manager":{"name":"m"},"agent":{"id":"1","name":"h"},"id":"7"}"#,
            "wazuh",
            Some("7"),
            "h",
            1_600_000_000_250,
        ),
        (
            r#"{"apiVersion":"audit.k8s.io/v1","kind":"Event","auditID":"k","stageTimestamp":"2020-09-13T12:26:40Z"}"#,
            "kubernetes",
            Some("k"),
            "",
            1_600_000_000_000,
        ),
    ] {
        let event = event(text);
        assert_eq!((producer(&event), event.id(), &*event.source(), event.time()), (name, id, source, Some(time)));
    }
    let native = event(r#"{"ID":"x","NODE":"web-1","SYSCALL":{},"agent":"mine","ts":1600000000}"#);
    assert_eq!((&*native.source(), native.time()), ("mine", Some(1_600_000_000_000)));
}

#[test]
fn an_alert_tells_who_and_what_of_a_producers_event() {
    let mut context = String::new();
    event(
        r#"{"ID":"1.0:1","SYSCALL":{"SYSCALL":"connect","AUID":"alice","UID":"root","exe":"/usr/bin/curl"},"SOCKADDR":[{"SADDR":{"addr":"203.0.113.7"}}]}"#,
    )
    .write_context(&mut context);
    assert_eq!(
        context,
        r#"{"actor":"alice","action":"connect","resources":"/usr/bin/curl"}"#
            .replace(r#""/usr/bin/curl""#, r#"["/usr/bin/curl"]"#)
    );
}

/// What a key is taken from is replaced with it, and what hangs on it stays as it was.
#[test]
fn values_that_a_mapping_gives_can_be_kept_back() {
    let hidden = crate::json::Json::from("(redacted)");
    let whole = event(
        r#"{"ID":"1.0:1","SYSCALL":{"SYSCALL":"openat","UID":"root","uid":0,"comm":"cat"},"SOCKADDR":[{"SADDR":{"addr":"203.0.113.7"}}],"EXECVE":{"ARGV":["a","b"]}}"#,
    );
    let left = whole.without(&[key("user"), key("syscall"), key("arguments"), key("connection")], &hidden);
    assert_eq!(
        left.json().to_string(),
        r#"{"ID":"1.0:1","SYSCALL":{"SYSCALL":"(redacted)","UID":"(redacted)","uid":"(redacted)","comm":"cat"},"SOCKADDR":[{"SADDR":{"addr":"(redacted)"}}],"EXECVE":{"ARGV":"(redacted)"}}"#
    );
    assert_eq!((left.event_type(), whole.event_type()), (Some("file"), Some("file")));
    let by_alias = whole.without(&[key("agent")], &hidden);
    assert_eq!(by_alias.json(), whole.json());
}

#[test]
#[rustfmt::skip]
fn numbers_since_1970_are_told_apart_by_size() {
    for (number, expected) in [
        ("0", Some(0)), ("1600000000", Some(1_600_000_000_000)), ("1600000000.1239", Some(1_600_000_000_123)),
        ("1600000000123", Some(1_600_000_000_123)), ("1600000000123456", Some(1_600_000_000_123)),
        ("1600000000123456789", Some(1_600_000_000_123)), ("1.6e9", Some(1_600_000_000_000)), ("-1.5", Some(-1500)),
        ("1e400", None), ("99999999999999999999", None), ("true", None), ("\"x\"", None), ("\"1600000000\"", Some(1_600_000_000_000)),
        ("\"\"", None), ("\"1.2.3\"", None), ("\"-\"", None), ("\"nane\"", None), ("1e-400", Some(0)), ("{}", None),
    ] {
        assert_eq!(event(&format!("{{\"time\":{number}}}")).time(), expected, "{number}");
    }
}

#[test]
#[rustfmt::skip]
fn timestamps_are_rfc_3339() {
    for (text, milliseconds) in [
        ("1970-01-01T00:00:00Z", 0), ("1970-01-01t00:00:00z", 0), ("1970-01-01T01:00:00+01:00", 0),
        ("1969-12-31T19:00:00.5-05:00", 500), ("2020-02-29T23:59:59.9999Z", 1_583_020_799_999),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000), ("0000-01-01T00:00:00Z", -62_167_219_200_000),
        ("9999-12-31T23:59:59Z", 253_402_300_799_000), ("2000-02-29T00:00:00-00:00", 951_782_400_000),
        ("1969-12-31T23:59:59.25Z", -750),
    ] {
        assert_eq!(Instant::parse(text).map(|instant| instant.milliseconds()), Some(milliseconds), "{text}");
    }
    for text in [
        "", "2020-01-01", "2020-01-01T00:00:00", "2020-01-01 00:00:00Z", "2020-01-01T00:00Z", "2020-1-1T00:00:00Z",
        "2020-02-30T00:00:00Z", "2021-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2020-13-01T00:00:00Z",
        "2020-00-01T00:00:00Z", "2020-01-00T00:00:00Z", "2020-01-01T24:00:00Z", "2020-01-01T00:60:00Z",
        "2020-01-01T00:00:61Z", "2020-01-01T00:00:00.Z", "2020-01-01T00:00:00,5Z", "2020-01-01T00:00:00+0100",
        "2020-01-01T00:00:00+24:00", "2020-01-01T00:00:00+01:60", "2020-01-01T00:00:00Z ", "+2020-01-01T00:00:00Z",
        "12020-01-01T00:00:00Z", "2020-01-01T00:00:00.5", "2020-01-01T00:00:0éZ", "2020-01-01T00:00:00ZZ", "T", "TTTTTTTTT",
    ] {
        assert_eq!(Instant::parse(text), None, "{text}");
    }
}

#[test]
fn instants_are_ordered_by_the_whole_fraction() {
    let at = |text| Instant::parse(text).unwrap();
    assert_eq!(at("2020-01-01T00:00:00.10Z"), at("2020-01-01T01:00:00.1+01:00"));
    assert!(at("2020-01-01T00:00:00.1Z") < at("2020-01-01T00:00:00.10000000000000000000001Z"));
    assert!(at("2020-01-01T00:00:00.09Z") < at("2020-01-01T00:00:00.1Z"));
    assert!(at("1969-12-31T23:59:59.9Z") < at("1970-01-01T00:00:00Z"));
}

#[test]
fn every_day_is_written_as_it_was_read() {
    for day in (-719_528..2_932_897).step_by(13).chain([-719_528, -1, 0, 2_932_896]) {
        let milliseconds = day * 86_400_000 + 43_200_007;
        let text = format_time(milliseconds);
        assert_eq!(Instant::parse(&text).map(|instant| instant.milliseconds()), Some(milliseconds), "{text}");
    }
    assert_eq!(format_time(0), "1970-01-01T00:00:00Z");
    assert_eq!(format_time(-1), "1969-12-31T23:59:59.999Z");
}

#[test]
fn a_time_that_cannot_be_written_is_the_nearest_that_can() {
    let (first, last) = ("0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z");
    let milliseconds = |text| Instant::parse(text).unwrap().milliseconds();
    for (nearest, outside) in [(first, i64::MIN), (first, milliseconds(first) - 1), (last, i64::MAX)] {
        assert_eq!(format_time(outside), nearest, "{outside}");
    }
    assert_eq!(format_time(milliseconds(last) + 1), last);
}

#[test]
fn every_day_of_four_centuries_follows_the_one_before() {
    const DAY: i64 = 86_400_000;
    let first = Instant::parse("1600-01-01T00:00:00Z").unwrap().milliseconds();
    let (mut year, mut month, mut date) = (1600, 1, 1);
    for day in 0..146_097 {
        assert_eq!(format_time(first + day * DAY + 1_007), format!("{year:04}-{month:02}-{date:02}T00:00:01.007Z"));
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let last = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
        (month, date) = if date < last { (month, date + 1) } else { (month + 1, 1) };
        (year, month) = if month > 12 { (year + 1, 1) } else { (year, month) };
    }
    assert_eq!((year, month, date), (2000, 1, 1));
}

#[test]
fn tables_hold_plain_dotted_paths() {
    assert_eq!(path::steps_of("a.b"), [Step::Name("a".into()), Step::Name("b".into())]);
}
