//! The places where bytes from a host enter the module, each as a function of bytes that panics when something does
//! not hold. Fuzz targets and tests call the same functions.

use oxpecker_engine::json::{Json, Limits};
use oxpecker_engine::{Engine, Request};
use oxpecker_module::{Face, Record, Reply, Session, Status};
use std::cell::RefCell;

/// A request to load: a status whatever the bytes are, and a session that works afterwards.
pub(crate) fn load(data: &[u8]) {
    let mut session = loaded_little();
    let status = session.load(data);
    assert!(matches!(status, Status::Ok | Status::RuleErrors | Status::BadRequest), "{status:?}");
    if status == Status::BadRequest {
        assert!(session.result().is_empty());
    } else {
        Json::parse(session.result(), &Limits { bytes: usize::MAX, ..Limits::default() }).expect("the report is JSON");
    }
    assert_eq!(session.match_batch(&framed(&[b"{\"user\":\"root\"}"]), 0), Status::Ok);
    assert_eq!(head(session.result()).0, 1);
}

/// A batch, as raw bytes: a status whatever they are, and the same answer in one step and in two.
pub(crate) fn match_batch(data: &[u8]) {
    check_batch(data);
    check_batch(&lines(data));
}

/// A batch of one event for each line of `data`, so that mutations stay events for longer.
pub(crate) fn match_events(data: &[u8]) {
    let events: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
    let (evaluated, rejected) = check_batch(&framed(&events)).expect("a whole batch");
    assert_eq!(evaluated + rejected, events.len(), "each event is evaluated or rejected");
}

/// A batch of MessagePack, and one event of it: what is made of it is an event, or is refused inside its bytes; and read as
/// it stands it gives the verdicts of its JSON.
pub(crate) fn msgpack(data: &[u8]) {
    let mut batch = header(3);
    batch.extend(data);
    check_batch(&batch);
    let whole = oxpecker_engine::msgpack::length(data).unwrap_or(data.len());
    assert!(whole <= data.len());
    let limits = Limits::default();
    let mut transcoder = oxpecker_engine::msgpack::Transcoder::default();
    let event_bytes = data.get(..whole).expect("it is as long");
    match transcoder.json(event_bytes, &limits) {
        Ok((text, _)) => {
            let event = Json::parse(text.as_bytes(), &limits).expect("JSON within the limits");
            assert!(event.as_object().is_some());
            with_packed_filters(|[as_it_stands, as_json]| {
                if as_it_stands.decide_packed(event_bytes) {
                    assert_eq!(Ok(as_it_stands.last_verdicts()), as_json.verdicts(text.as_bytes()));
                }
            });
        }
        Err(reject) => {
            assert!(reject.offset <= whole);
            with_packed_filters(|[as_it_stands, _]| assert!(!as_it_stands.decide_packed(event_bytes)));
        }
    }
}

/// Calls with two engines of the same filters, which are kept from call to call.
fn with_packed_filters(check: impl FnOnce(&mut [Engine; 2])) {
    thread_local!(static ENGINES: RefCell<[Engine; 2]> = RefCell::new([packed_filters(), packed_filters()]));
    ENGINES.with_borrow_mut(check);
}

fn packed_filters() -> Engine {
    let filters = [
        r#"user = "root""#,
        "a.b exists",
        "count(a) > 1",
        r#"a[0] = "x""#,
        "not a.b = 1",
        r#"ip = "10.0.0.0/8""#,
        "port < 23",
        "all(a) != null",
        r#"b matches "^.?$""#,
    ];
    let filters = filters.map(str::to_owned).to_vec();
    Engine::load(&Request { filters, ..Request::default() }).expect("filters without errors").0
}

/// Good inputs of [`msgpack`].
pub(crate) fn packed() -> Vec<Vec<u8>> {
    let events: [&[u8]; 4] = [
        b"\x82\xa4user\xa4root\xa4time\x05",
        b"\x92\xd7\x00\x65\x00\x00\x00\x00\x00\x00\x01\x83\xa1a\x92\xa1x\x81\xa1b\xc0\xa2ip\xa810.1.2.3\xa1b\x01",
        b"\x92\x92\xcb\x41\xd9\x00\x00\x00\x00\x00\x00\x81\xa1m\xc3\x82\xa4user\xd9\x03ann\xa4port\xcd\x00\x16",
        b"\xde\x00\x03\xa1a\xdc\x00\x01\xca\x3d\xcc\xcc\xcd\xa1b\xc4\x02\xff\xfe\xa1c\xd3\xff\xff\xff\xff\xff\xff\xff\xff",
    ];
    (0..=events.len()).map(|count| events[..count].concat()).collect()
}

/// Events that are evaluated and rejected; `None` where the batch was not taken.
fn check_batch(batch: &[u8]) -> Option<(usize, usize)> {
    with_sessions(|[together, apart]| {
        let status = together.match_batch(batch, NOW);
        assert!(matches!(status, Status::Ok | Status::BadBatch), "{status:?}");
        assert_eq!(apart.detect(batch, NOW), status);
        if status == Status::BadBatch {
            assert_eq!(apart.eval(batch), status);
            assert_eq!(together.match_batch(&framed(&[b"{}"]), NOW), Status::Ok, "usable after a bad batch");
            return None;
        }
        let found = head(together.result());
        assert_eq!(head(apart.result()), found);
        let alerts = body(together.result()).to_vec();
        let detections = body(apart.result()).to_vec();
        assert_eq!(apart.window(&detections, NOW), Status::Ok);
        assert_eq!(String::from_utf8_lossy(apart.result()), String::from_utf8_lossy(&alerts), "in two steps");
        assert_eq!(apart.eval(batch), Status::Ok);
        assert_eq!(head(apart.result()), found);
        keeps_windows(together, apart);
        Some(found)
    })
}

/// Saved and restored windows are the same windows, and closing them gives the same alerts.
fn keeps_windows(session: &mut Session, other: &mut Session) {
    assert_eq!(session.save(), Status::Ok);
    let saved = session.result().to_vec();
    assert_eq!(other.restore(&saved), Status::Ok, "{}", String::from_utf8_lossy(&saved));
    assert_eq!(other.save(), Status::Ok);
    assert_eq!(String::from_utf8_lossy(other.result()), String::from_utf8_lossy(&saved));
    let mut calls = 0;
    loop {
        assert_eq!((session.flush(), other.flush()), (Status::Ok, Status::Ok));
        assert_eq!(String::from_utf8_lossy(session.result()), String::from_utf8_lossy(other.result()));
        if session.result().is_empty() {
            return;
        }
        calls += 1;
        assert!(calls < 10_000, "flushing ends");
    }
}

/// Bytes of saved windows, and of detections: a status whatever they are; what is refused changes nothing.
pub(crate) fn restore(data: &[u8]) {
    with_sessions(|[session, other]| {
        session.match_batch(&framed(&[b"{\"user\":\"root\",\"time\":5}"]), NOW);
        let before = saved(session);
        let status = session.restore(data);
        assert!(matches!(status, Status::Ok | Status::BadState), "{status:?}");
        if status == Status::BadState {
            assert_eq!(saved(session), before);
        }
        assert_eq!(session.match_batch(&framed(&[b"{\"user\":\"root\",\"time\":6}"]), NOW), Status::Ok);
        let status = session.window(data, NOW);
        assert!(matches!(status, Status::Ok | Status::BadBatch), "{status:?}");
        keeps_windows(session, other);
    });
}

/// Two sessions without windows, the same ones in every call: loading takes longer than everything else here.
fn with_sessions<T>(check: impl FnOnce([&mut Session; 2]) -> T) -> T {
    thread_local! {
        static SESSIONS: RefCell<[Session; 2]> = RefCell::new([loaded(), loaded()]);
        static EMPTY: Vec<u8> = saved(&mut loaded());
    }
    SESSIONS.with_borrow_mut(|[one, other]| {
        EMPTY.with(|empty| {
            for session in [&mut *one, &mut *other] {
                assert_eq!(session.restore(empty), Status::Ok);
                assert_eq!(saved(session), *empty);
            }
        });
        check([one, other])
    })
}

fn saved(session: &mut Session) -> Vec<u8> {
    assert_eq!(session.save(), Status::Ok);
    session.result().to_vec()
}

const NOW: i64 = 1_800_000_000_000;

/// Rules that touch every operator, suppressions, and both kinds of windows.
const RULES: &str = r#"
ruleset: fuzz
lists:
  admins: [root, 0, true, "10.0.0.0/8"]
rules:
  - {id: any, name: A, title: "{{user}} {{a.b}}", type: CloudTrail, severity: 1, description: d, aggregate: [user, a],
     filter: 'user != null or a exists', suppressions: ['ip = "10.0.0.0/8"', {filter: 'b = 1', expires: 2026-01-01}]}
  - {id: many, name: M, type: Host, severity: 2, description: d, aggregate: [ip], threshold: 2, window: 10s,
     filter: 'ip in @admins or count(a) > 1 or a[-1] = "x" or all(a) starts_with "x"'}
  - {id: distinct, name: D, type: CloudTrail, severity: 3, description: d, aggregate: [event_type], window: {sliding: 1m},
     threshold: {count: 2, distinct: user}, filter: 'lower(user) matches "^[a-r]+" and not requestParameters.x = 1'}
  - {id: cut, name: C, type: CloudTrail, severity: 3, description: d,
     filter: 'requestParameters.x.y contains "z" or length(user) >= 1e1 or eventTime < "2026-01-01T00:00:00Z"'}
"#;

/// A session with those rules and two filters.
fn loaded() -> Session {
    let request = serde_json::json!({
        "documents": [{"name": "fuzz.yaml", "text": RULES}],
        "filters": ["user like 'o' or port = 22", "not (user = 'root')"],
    });
    let mut session = Session::new();
    let status = session.load(request.to_string().as_bytes());
    assert_eq!(status, Status::Ok, "{}", String::from_utf8_lossy(session.result()));
    session
}

/// A session with one filter, for where the next thing is to load something else.
fn loaded_little() -> Session {
    let mut session = Session::new();
    assert_eq!(session.load(br#"{"filters":["user = 'root'"]}"#), Status::Ok);
    session
}

fn header(format: u8) -> Vec<u8> {
    let mut batch = vec![format, 0, 0, 0, 0, 0, 0, 0];
    batch.extend(i64::MIN.to_le_bytes());
    batch
}

fn lines(payload: &[u8]) -> Vec<u8> {
    let mut batch = header(1);
    batch.extend(payload);
    batch
}

fn framed(events: &[&[u8]]) -> Vec<u8> {
    let mut batch = header(2);
    for event in events {
        batch.extend(u32::try_from(event.len()).expect("a short event").to_le_bytes());
        batch.extend(*event);
    }
    batch
}

fn number(answer: &[u8], place: usize) -> usize {
    let bytes = answer.get(4 * place..4 * place + 4).expect("a whole head");
    usize::try_from(u32::from_le_bytes(bytes.try_into().expect("four bytes"))).expect("a small number")
}

/// Events evaluated, events rejected.
fn head(answer: &[u8]) -> (usize, usize) {
    assert_eq!(body(answer).len(), number(answer, 3), "the body is as long as the head says");
    (number(answer, 0), number(answer, 1))
}

fn body(answer: &[u8]) -> &[u8] {
    answer.get(16 + 12 * number(answer, 1)..).expect("a whole answer")
}

/// Good inputs of [`restore`]: saved windows, and detections.
pub(crate) fn states() -> Vec<Vec<u8>> {
    let events: [&[u8]; 4] = [
        br#"{"user":"root","ip":"10.1.2.3","time":1,"a":["x",{"b":null}]}"#,
        br#"{"user":"ann","ip":"10.1.2.3","time":2,"a":"x"}"#,
        br#"{"user":"bob","ip":"10.1.2.3","time":90000,"a":["x"]}"#,
        br#"{"user":"root","port":22}"#,
    ];
    let mut states = Vec::new();
    for count in 0..=events.len() {
        let batch = framed(&events[..count]);
        let mut session = loaded();
        session.match_batch(&batch, NOW);
        states.push(saved(&mut session));
        session.detect(&batch, NOW);
        states.push(body(session.result()).to_vec());
    }
    states
}

/// A record of a log shipper: its answer is one JSON object, the record, or nothing; or, where the record is one of
/// MessagePack, one map without a zero byte.
pub(crate) fn shipper(data: &[u8]) {
    thread_local! {
        static SHIPPER: RefCell<(Face, Session)> = RefCell::new(shipper_with_rules());
    }
    SHIPPER.with_borrow_mut(|(face, session)| {
        for terminated in [true, false] {
            let record = Record {
                tag: b"oxpecker.copy.x",
                seconds: 1_700_000_000,
                nanoseconds: 0,
                bytes: Some(data),
                length: data.len(),
                terminated,
            };
            let reply = face.filter(session, &record);
            answered(face, reply, data);
            let reply = face.annotate(session, &record);
            assert!(reply != Reply::Record || terminated, "an address that is no text");
            answered(face, reply, data);
        }
    });
}

fn shipper_with_rules() -> (Face, Session) {
    let (mut face, mut session) = (Face::new(), Session::new());
    let rules = r"ruleset: s\nrules:\n  - {id: r, name: R, type: Host, severity: 1, description: d, filter: 'user exists', aggregate: [user]}\n  - {id: q, name: Q, type: Host, severity: 2, description: d, filter: 'a exists', aggregate: [a]}\n";
    let request = format!(r#"{{"documents":[{{"name":"s.yaml","text":"{rules}"}}]}}"#);
    assert_eq!(session.load(request.as_bytes()), Status::Ok);
    assert_eq!(face.configure(&mut session, b"{}"), Status::Ok);
    (face, session)
}

fn answered(face: &Face, reply: Reply, data: &[u8]) {
    if reply != Reply::Text {
        return;
    }
    let text = face.text().strip_suffix(b"\0").expect("a text ends with a NUL");
    assert!(!text.contains(&0), "and holds no other");
    if matches!(data.first(), Some(0x80..=0x9f | 0xdc..=0xdf)) {
        return assert_eq!(text.get(..2), Some(&[0x81, 0xa8][..]), "a map of one");
    }
    let limits = Limits { bytes: usize::MAX, depth: 512, values: usize::MAX };
    let is_object = Json::parse(text, &limits).is_ok_and(|answer| answer.as_object().is_some());
    // A record that cannot be told by its address is copied as it came, whatever it is.
    assert!(is_object || text == data, "{}", String::from_utf8_lossy(text));
}
