//! The places where bytes from outside enter the engine and the module, each as a function of bytes that panics when
//! something does not hold. Fuzz targets and tests call the same functions.

use oxpecker_engine::json::{Json, Limits, RejectReason};
use oxpecker_engine::language::{self, Expr};
use oxpecker_engine::problem::Diagnostic;
use oxpecker_engine::rule;
use oxpecker_module::{Session, Status};

/// A filter: never a panic; problems stand inside the text; what is printed reads as the same filter again.
pub(crate) fn filter(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let parsed = language::parse(&text, &language::Limits::default());
    assert!(parsed.expr.is_some() || parsed.problems.iter().any(Diagnostic::is_error), "nothing, and nothing said of it");
    inside(&text, &parsed.problems);
    let Some(expr) = parsed.expr else { return };
    let mut problems = Vec::new();
    language::check(&expr, &["admins"], &mut problems);
    inside(&text, &problems);
    same_when_printed(&expr);
}

/// Only where the source is long does its canonical form pass the limit that the source kept.
fn same_when_printed(expr: &Expr) {
    let limits = language::Limits { length: usize::MAX, ..language::Limits::default() };
    let printed = expr.to_string();
    let again = language::parse(&printed, &limits);
    let Some(read) = again.expr else { panic!("{printed}: {:?}", again.problems) };
    assert_eq!(read.to_string(), printed, "printed once more");
    let (mut first, mut second) = (expr.clone(), read);
    crate::spans::forget(&mut first);
    crate::spans::forget(&mut second);
    assert_eq!(first, second, "{printed}");
}

/// A rule file: never a panic; problems stand inside the file.
pub(crate) fn rule_file(data: &[u8]) {
    let document = rule::read(data, &rule::Limits::default());
    let text = std::str::from_utf8(data).unwrap_or_default();
    if text.len() == data.len() {
        inside(text, &document.problems);
    }
}

fn inside(text: &str, problems: &[Diagnostic]) {
    for problem in problems {
        let (start, end) = (problem.span.start, problem.span.end);
        assert!(start <= end && text.get(start..end).is_some(), "{problem:?} is not inside {text:?}");
        // Wording never fails either.
        let _ = (problem.problem.message(), problem.problem.help());
    }
}

/// An event: accepted exactly when serde_json accepts it, up to the limits that are ours, and with the same value.
pub(crate) fn event(data: &[u8]) {
    let limits = Limits::default();
    let ours = Json::parse(data, &limits);
    let theirs = serde_json::from_slice::<serde_json::Value>(data);
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => {
            let printed: serde_json::Value = serde_json::from_str(&ours.to_string()).expect("what is written is JSON");
            assert_eq!(printed, theirs);
            assert_eq!(Json::parse(ours.to_string().as_bytes(), &limits).as_ref(), Ok(&ours), "written and read again");
        }
        (Err(_), Err(_)) => {}
        // A number that no float holds is a number all the same.
        (Ok(_), Err(error)) => assert!(error.to_string().contains("number out of range"), "accepted, but {error}"),
        (Err(reject), Ok(_)) => {
            let own = [RejectReason::TooLarge, RejectReason::TooDeep, RejectReason::TooManyValues];
            assert!(own.contains(&reject.reason), "{reject}");
        }
    }
}

/// A request to load: a status whatever the bytes are, and a session that works afterwards.
pub(crate) fn load(data: &[u8]) {
    let mut session = loaded();
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

/// Events that are evaluated and rejected; `None` where the batch was not taken.
fn check_batch(batch: &[u8]) -> Option<(usize, usize)> {
    let mut together = loaded();
    let status = together.match_batch(batch, NOW);
    assert!(matches!(status, Status::Ok | Status::BadBatch), "{status:?}");
    let mut apart = loaded();
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
    keeps_windows(&mut together);
    Some(found)
}

/// Saved and restored windows are the same windows.
fn keeps_windows(session: &mut Session) {
    assert_eq!(session.save(), Status::Ok);
    let saved = session.result().to_vec();
    let mut other = loaded();
    assert_eq!(other.restore(&saved), Status::Ok, "{}", String::from_utf8_lossy(&saved));
    assert_eq!(other.save(), Status::Ok);
    assert_eq!(String::from_utf8_lossy(other.result()), String::from_utf8_lossy(&saved));
    for session in [session, &mut other] {
        let mut calls = 0;
        while session.flush() == Status::Ok && !session.result().is_empty() {
            calls += 1;
            assert!(calls < 10_000, "flushing ends");
        }
        assert_eq!(session.result(), b"");
    }
}

/// Bytes of saved windows: a status whatever they are; what is refused changes nothing.
pub(crate) fn restore(data: &[u8]) {
    let mut session = loaded();
    session.match_batch(&framed(&[b"{\"user\":\"root\",\"time\":5}"]), NOW);
    session.save();
    let before = session.result().to_vec();
    let status = session.restore(data);
    assert!(matches!(status, Status::Ok | Status::BadState), "{status:?}");
    if status == Status::BadState {
        session.save();
        assert_eq!(session.result(), before);
    }
    assert_eq!(session.match_batch(&framed(&[b"{\"user\":\"root\",\"time\":6}"]), NOW), Status::Ok);
    let detections = data;
    let status = session.window(detections, NOW);
    assert!(matches!(status, Status::Ok | Status::BadBatch), "{status:?}");
    keeps_windows(&mut session);
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
    thread_local! {
        static REQUEST: String = serde_json::json!({
            "documents": [{"name": "fuzz.yaml", "text": RULES}],
            "filters": ["user like 'o' or port = 22", "not (user = 'root')"],
        }).to_string();
    }
    let mut session = Session::new();
    let status = REQUEST.with(|request| session.load(request.as_bytes()));
    assert_eq!(status, Status::Ok, "{}", String::from_utf8_lossy(session.result()));
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
