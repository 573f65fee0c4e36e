//! Every kind of value, what is refused and where, and bytes that lie.

use super::*;

const LIMITS: Limits = Limits { bytes: 200, depth: 3, values: 8 };

fn json(event: &[u8]) -> Result<String, (RejectReason, usize)> {
    let made = Transcoder::default().json(event, &LIMITS).map(|(text, _)| text.to_owned());
    made.map_err(|reject| (reject.reason, reject.offset))
}

/// `{"k": …}`
fn of(value: &[u8]) -> Result<String, (RejectReason, usize)> {
    let text = json(&[b"\x81\xa1k", value].concat())?;
    Ok(text.strip_prefix(r#"{"k":"#).unwrap().strip_suffix('}').unwrap().to_owned())
}

#[test]
fn the_time_beside_a_map_is_told() {
    let mut transcoder = Transcoder::default();
    let mut time = |head: &[u8]| transcoder.json(&[head, b"\x80"].concat(), &LIMITS).unwrap().1;
    assert_eq!(time(b""), None);
    assert_eq!(time(b"\x92\xce\x69\x55\xb9\x00"), Some(1_767_225_600_000));
    assert_eq!(time(b"\x92\xff"), Some(-1_000));
    assert_eq!(time(b"\x92\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00"), Some(1_500));
    assert_eq!(time(b"\x92\xca\x3f\xc0\x00\x00"), Some(1_500));
    // Fluent's EventTime, alone and with metadata beside it.
    let event_time = b"\xd7\x00\x69\x55\xb9\x00\x3b\x9a\xc9\xff";
    assert_eq!(time(&[b"\x92", &event_time[..]].concat()), Some(1_767_225_600_999));
    assert_eq!(time(&[b"\x92\x92", &event_time[..], b"\x81\xa1m\x01"].concat()), Some(1_767_225_600_999));
    // What is no time that can be told is none: too large, no number, an ext that is too short.
    assert_eq!(time(b"\x92\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), None);
    assert_eq!(time(b"\x92\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00"), None);
    assert_eq!(time(b"\x92\xd4\x00\x01"), None);
}

#[test]
fn every_kind_of_value_has_its_json() {
    let cases: &[(&[u8], &str)] = &[
        (b"\xc0", "null"),
        (b"\xc2", "false"),
        (b"\xc3", "true"),
        (b"\x00", "0"),
        (b"\x7f", "127"),
        (b"\xe0", "-32"),
        (b"\xff", "-1"),
        (b"\xcc\xff", "255"),
        (b"\xcd\x01\x00", "256"),
        (b"\xce\xff\xff\xff\xff", "4294967295"),
        (b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff", "18446744073709551615"),
        (b"\xd0\x80", "-128"),
        (b"\xd1\x80\x00", "-32768"),
        (b"\xd2\x80\x00\x00\x00", "-2147483648"),
        (b"\xd3\x80\x00\x00\x00\x00\x00\x00\x00", "-9223372036854775808"),
        (b"\xca\x3d\xcc\xcc\xcd", "0.1"),
        (b"\xca\x7f\xc0\x00\x00", "null"),
        (b"\xcb\x3f\xb9\x99\x99\x99\x99\x99\x9a", "0.1"),
        (b"\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00", "null"),
        (b"\xcb\x80\x00\x00\x00\x00\x00\x00\x00", "-0.0"),
        (b"\xcb\x7e\x37\xe4\x3c\x88\x00\x75\x9c", "1e300"),
        (b"\xa0", r#""""#),
        (b"\xa3a\"\n", r#""a\"\n""#),
        (b"\xd9\x02\xc3\xa9", "\"é\""),
        (b"\xda\x00\x01x", r#""x""#),
        (b"\xdb\x00\x00\x00\x01x", r#""x""#),
        (b"\xc4\x00", r#""""#),
        (b"\xc4\x01f", r#""Zg==""#),
        (b"\xc5\x00\x02fo", r#""Zm8=""#),
        (b"\xc6\x00\x00\x00\x03\xfb\xff\xfe", r#""+//+""#),
        (b"\x90", "[]"),
        (b"\x80", "{}"),
        (b"\x92\x01\x91\xc0", "[1,[null]]"),
        (b"\xdc\x00\x02\x01\x02", "[1,2]"),
        (b"\xdd\x00\x00\x00\x01\x80", "[{}]"),
        (b"\xde\x00\x02\xa1a\x01\xa1b\x90", r#"{"a":1,"b":[]}"#),
        (b"\xdf\x00\x00\x00\x01\xa1a\x02", r#"{"a":2}"#),
    ];
    for (bytes, expected) in cases {
        assert_eq!(of(bytes).as_deref(), Ok(*expected), "{bytes:x?}");
        assert_eq!(length(bytes), Some(bytes.len()), "{bytes:x?}");
    }
}

#[test]
fn floats_read_back_the_same() {
    let mut state = 1u64;
    for _ in 0..2_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let number = f64::from_bits(state ^ (state >> 31));
        let text = of(&[&[0xcb][..], &number.to_be_bytes()].concat()).unwrap();
        if number.is_finite() {
            assert_eq!(text.parse::<f64>().unwrap().to_bits(), number.to_bits(), "{text}");
            assert!(crate::json::Json::parse(text.as_bytes(), &LIMITS).is_ok(), "{text}");
        }
    }
}

#[test]
fn a_fluent_entry_is_its_map() {
    let times: [&[u8]; 6] = [
        b"\x01",
        b"\xce\x65\x00\x00\x00",
        b"\xff",
        b"\xcb\x41\xd9\x00\x00\x00\x00\x00\x00",
        b"\xd7\x00\x65\x00\x00\x00\x00\x00\x00\x01",
        b"\xc7\x08\x00\x65\x00\x00\x00\x00\x00\x00\x01",
    ];
    for time in times {
        assert_eq!(json(&[b"\x92", time, b"\x81\xa1a\x01"].concat()).as_deref(), Ok(r#"{"a":1}"#));
        assert_eq!(json(&[b"\x92\x92", time, b"\x81\xa1m\x90\x81\xa1a\x01"].concat()).as_deref(), Ok(r#"{"a":1}"#));
    }
    for (bytes, offset) in [
        (&b"\x92\xa1t\x80"[..], 1),
        (b"\x92\xd4\x01\x00\x80", 1),
        (b"\x92\x01\x90", 2),
        (b"\x92\x92\x01\x01\x80", 3),
        (b"\x93\x01\x80\x80", 0),
        (b"\x90", 0),
        (b"\x01", 0),
        (b"\xc0", 0),
    ] {
        assert_eq!(json(bytes), Err((RejectReason::NotAnObject, offset)), "{bytes:x?}");
    }
}

#[test]
fn what_has_no_json_is_refused_where_it_stands() {
    let cases: &[(&[u8], RejectReason, usize)] = &[
        (b"", RejectReason::InvalidJson, 0),
        (b"\x81", RejectReason::InvalidJson, 1),
        (b"\x81\xa1", RejectReason::InvalidJson, 1),
        (b"\x81\xa1k", RejectReason::InvalidJson, 3),
        (b"\x81\xa1k\xc1", RejectReason::InvalidJson, 3),
        (b"\x81\xa1k\xd4\x05\x00", RejectReason::InvalidJson, 3),
        (b"\x81\xa1k\xcb\x00", RejectReason::InvalidJson, 3),
        (b"\x80\x80", RejectReason::InvalidJson, 1),
        (b"\x81\x01\x02", RejectReason::InvalidJson, 1),
        (b"\x81\xc4\x01k\x02", RejectReason::InvalidJson, 1),
        (b"\x81\xa2k\xff\x02", RejectReason::InvalidUtf8, 3),
        (b"\x81\xa1k\xd9\x03xx\xc3", RejectReason::InvalidUtf8, 7),
        (b"\x81\xa1k\x91\x91\x91\xc0", RejectReason::TooDeep, 5),
        (b"\x81\xa1k\x98\x01\x01\x01\x01\x01\x01\x01\x01", RejectReason::TooManyValues, 10),
        (b"\x81\xa1k\xdd\xff\xff\xff\xff", RejectReason::InvalidJson, 8),
        (b"\x81\xa1k\xdb\xff\xff\xff\xffx", RejectReason::InvalidJson, 3),
    ];
    for (bytes, reason, offset) in cases {
        assert_eq!(json(bytes), Err((*reason, *offset)), "{bytes:x?}");
    }
    let text = |length: u8, of: u8| [&b"\x81\xa1k\xd9"[..], &[length], &vec![of; usize::from(length)]].concat();
    assert!(json(&text(190, b'x')).is_ok());
    assert_eq!(json(&text(194, b'x')), Err((RejectReason::TooLarge, 3)));
    assert_eq!(json(&text(100, 1)), Err((RejectReason::TooLarge, 3)), "what is escaped counts as it is written");
    assert_eq!(json(&text(196, b'x')), Err((RejectReason::TooLarge, 200)));
}

#[test]
fn what_is_cut_has_no_length() {
    let whole = b"\x92\xd7\x00\x01\x02\x03\x04\x05\x06\x07\x08\x82\xa1a\x92\x01\xc4\x01x\xd9\x01b\xcb\x01\x02\x03\x04\x05\x06\x07\x08";
    assert_eq!(length(whole), Some(whole.len()));
    assert_eq!(length(&[&whole[..], b"\xc1"].concat()), Some(whole.len()));
    (0..whole.len()).for_each(|end| assert_eq!(length(&whole[..end]), None, "{end}"));
    assert_eq!(length(b"\xc1"), None);
    assert_eq!(length(b"\xdf\xff\xff\xff\xff\x01\x01"), None);
    // Deep, and long: neither a stack nor the time grows.
    assert_eq!(length(&vec![0x91; 1 << 20]), None);
}
