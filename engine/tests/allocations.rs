//! Deciding allocates nothing once the engine has seen events of a kind: counted. What allocates all the same is told
//! here, case by case, so that the list can only shrink. What a match leaves behind may allocate, and is bounded by what the
//! event holds.

#![expect(unsafe_code, reason = "an allocator that counts is an allocator")]
#![expect(clippy::expect_used, reason = "a test's helpers may panic")]

#[path = "../../tests/support/corpus.rs"]
mod corpus;
#[path = "../../tests/support/rulesets.rs"]
mod rulesets;

use oxpecker_engine::{Engine, Request, Width};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

const WIDTHS: [Width; 3] = [Width::Word, Width::Native, Width::Modern];

thread_local! {
    /// Allocations of this thread: tests run beside each other.
    static COUNT: Cell<u64> = const { Cell::new(0) };
    /// Bytes that are allocated now, and the most that ever were.
    static HELD: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
    /// Bytes of all allocations.
    static TAKEN: Cell<usize> = const { Cell::new(0) };
}

/// Counts so many bytes more, or fewer.
fn hold(more: usize, fewer: usize) {
    TAKEN.set(TAKEN.get() + more);
    HELD.set(HELD.get() + more.cast_signed() - fewer.cast_signed());
    MOST.set(MOST.get().max(HELD.get()));
}

struct Counting;

// SAFETY: every call is the system allocator's, with its own arguments.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        hold(layout.size(), 0);
        // SAFETY: as the caller says.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        hold(0, layout.size());
        // SAFETY: as the caller says.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        hold(size, layout.size());
        // SAFETY: as the caller says.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often something allocates.
fn allocations(work: impl FnOnce()) -> u64 {
    let before = COUNT.get();
    work();
    COUNT.get() - before
}

/// The most bytes that something has allocated at once.
fn most_bytes(work: impl FnOnce()) -> isize {
    let before = HELD.get();
    MOST.set(before);
    work();
    MOST.get() - before
}

/// How many bytes more are allocated after something than before.
fn held_by(work: impl FnOnce()) -> isize {
    let before = HELD.get();
    work();
    HELD.get() - before
}

fn engine(documents: Vec<(String, Vec<u8>)>, filters: &[&str], width: Width) -> Engine {
    let filters = filters.iter().map(|filter| (*filter).to_owned()).collect();
    let request = Request { documents, filters, width, ..Request::default() };
    Engine::load(&request).expect("rules and filters are sound").0
}

fn decide(engine: &mut Engine, events: &[&[u8]]) {
    for event in events {
        std::hint::black_box(engine.verdicts(event)).expect("an event");
    }
}

/// How often deciding some events allocates when they have been seen before.
fn once_more(engine: &mut Engine, events: &[&[u8]]) -> u64 {
    (0..3).for_each(|_| decide(engine, events));
    allocations(|| decide(engine, events))
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(vec![1, 2, 3]))), 1);
    assert_eq!(allocations(|| ()), 0);
    assert_eq!(most_bytes(|| drop(std::hint::black_box((vec![0_u8; 70], vec![0_u8; 30])))), 100);
}

#[test]
fn nothing_is_allocated_for_an_event_of_a_known_kind() {
    let (sample, real) = (rulesets::sample(), rulesets::real());
    let generated = || vec![("generated.yaml".to_owned(), rulesets::generated(2_000).into_bytes())];
    for width in WIDTHS {
        for documents in [rulesets::shipped(), generated()] {
            let mut engine = engine(documents, &[], width);
            assert!(engine.columns() >= 11);
            for events in [rulesets::lines(&sample), rulesets::lines(&real)] {
                assert!(events.len() >= 200, "{}", events.len());
                assert_eq!(once_more(&mut engine, &events), 0, "{width:?}, {} rules", engine.columns());
            }
            assert!(engine.stats().matched > 0, "some rule matches, so that all of the way was gone");
        }
    }
}

/// Events nobody has seen: other dates, addresses, accounts and identifiers in those that were seen.
#[test]
fn nothing_is_allocated_for_other_values() {
    let sample = rulesets::sample();
    let other: Vec<u8> =
        sample.iter().map(|byte| if matches!(byte, b'1'..=b'9') { b'1' + (byte - b'0') % 9 } else { *byte }).collect();
    let (sample, other) = (rulesets::lines(&sample), rulesets::lines(&other));
    assert_ne!(sample, other);
    for width in WIDTHS {
        let mut engine = engine(rulesets::shipped(), &[], width);
        (0..2).for_each(|_| decide(&mut engine, &sample));
        assert_eq!(allocations(|| decide(&mut engine, &other)), 0, "{width:?}");
    }
}

/// One filter of each kind of predicate, and an event on which each has something to do.
#[test]
fn no_operator_allocates() {
    let filters = [
        r#"a = "x""#,
        r#"a in ("x", 1, true, null)"#,
        r#"a != null"#,
        r#"a exists"#,
        r#"n < 5"#,
        r#"n in (1, 1e2, "100.0")"#,
        r#"all(many) in (1, 2, null)"#,
        r#"time > "2026-01-01T00:00:00Z""#,
        r#"a like "x" or a starts_with "x" or a ends_with "x""#,
        r#"many contains "x""#,
        r#"a matches "^x+y?$""#,
        r#"address in ("10.0.0.0/8", "fd00::/8")"#,
        r#"lower(a) = "xyz" and upper(a) = "XYZ""#,
        r#"length(a) > 2 and length(object) = 2"#,
        r#"count(many) > 2 and count(object) = 2"#,
        r#"all(many) exists"#,
        r#"many[-1] = 3"#,
        r#"object.inner.deep = "x" or "object.inner".deep = "x""#,
        r#"escaped = "a\"b""#,
        r#"user = "session" or arnRole like "role""#,
        r#"src_ip in ("10.0.0.0/8")"#,
        r#"event_type = "cloudtrail""#,
        r#"requestParameters.a = "x""#,
        r#"longer.name = 1"#,
    ];
    let events: [&[u8]; 3] = [
        br#"{"a":"xYz","n":100,"many":["x",[1,2],null,3],"time":"2026-02-01T00:00:00Z","address":"10.1.2.3","object":{"inner":{"deep":"x"},"b":1},"escaped":"a\"b","connection":{"src_addr":"10.0.0.1"}}"#,
        br#"{"eventVersion":"1.08","eventSource":"a","eventName":"b","userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::1:assumed-role/role/session"},"requestParameters":{"omitted":true}}"#,
        br#"{"a":["",[],{}],"n":-1.5e3,"many":[],"time":1767225600,"address":"::ffff:10.1.2.3","object":{"b":1,"b":2},"a":"last","event_type":"own","longer":{"name":2},"longer.name":1}"#,
    ];
    for width in WIDTHS {
        let mut engine = engine(Vec::new(), &filters, width);
        assert_eq!(once_more(&mut engine, &events), 0, "{width:?}");
    }
}

/// Looking up, joining and cutting what a mapping gives takes room that is used again.
#[test]
fn nothing_is_allocated_for_events_of_known_producers() {
    let told = corpus::read().into_iter().filter(|paragraph| paragraph.place.contains("mapping-"));
    let told: Vec<corpus::Paragraph> = told.filter(|paragraph| paragraph.event_type.is_none()).collect();
    // What allocates by design is told below.
    let by_design = ["matches", "time >"];
    let filters: Vec<&str> = told.iter().map(|paragraph| paragraph.filter.as_str()).collect();
    let filters: Vec<&str> =
        filters.into_iter().filter(|text| !by_design.iter().any(|odd| text.contains(odd))).collect();
    let events: Vec<&[u8]> = told.iter().flat_map(|one| &one.events).map(|(_, event)| event.as_slice()).collect();
    assert!(filters.len() > 150 && events.len() > 500, "{} {}", filters.len(), events.len());
    for width in WIDTHS {
        let mut engine = engine(Vec::new(), &filters, width);
        (0..2).for_each(|_| decide(&mut engine, &events));
        for event in &events {
            let count = once_more(&mut engine, &[event]);
            assert_eq!(count, 0, "{width:?} {}", String::from_utf8_lossy(event));
        }
    }
}

/// Many regular expressions take little, and an event that makes all of them run, and match, takes no more than is kept of
/// them together: without that bound it would be some 20 KB each.
#[test]
fn regular_expressions_take_little_however_many_run() {
    const PATTERNS: usize = 3_000;
    const KEPT: isize = 16 << 20;
    let rule = |number: usize| {
        format!(
            "  - id: r{number}\n    name: R\n    title: T\n    type: CloudTrail\n    severity: 3\n    description: d\n    \
             filter: userIdentity.arn matches \"^arn:aws:iam::[0-9]{{12}}:role/x{number}-.*$\"\n"
        )
    };
    let rules = format!("ruleset: s\nrules:\n{}", (0..PATTERNS).map(rule).collect::<String>());
    let mut made = None;
    let held = held_by(|| made = Some(engine(vec![("f".to_owned(), rules.into_bytes())], &[], Width::Native)));
    let mut engine = made.expect("an engine");
    assert!(held < 9 * 1024 * PATTERNS.cast_signed(), "{} bytes a rule", held / PATTERNS.cast_signed());
    let names: Vec<String> =
        (0..PATTERNS).map(|number| format!("\"arn:aws:iam::123456789012:role/x{number}-é\"")).collect();
    let event = format!("{{\"userIdentity\":{{\"arn\":[{}]}}}}", names.join(","));
    let event = event.as_bytes();
    let held = held_by(|| {
        (0..2).for_each(|_| assert_eq!(engine.verdicts(event).expect("an event").len(), PATTERNS));
    });
    assert!((KEPT / 2..2 * KEPT).contains(&held), "{held} bytes kept");
    let mut detections = Vec::new();
    engine.detect(event, &mut detections).expect("an event");
    assert_eq!(detections.len(), PATTERNS);
    drop(detections);
    let held = held + held_by(|| engine.detect(event, &mut Vec::new()).map(drop).expect("an event"));
    assert!(held < 2 * KEPT, "{held} bytes kept");
}

/// Nothing is allocated for bytes that are no event either.
#[test]
fn a_rejected_event_allocates_nothing() {
    for width in WIDTHS {
        let mut engine = engine(Vec::new(), &["a = 1"], width);
        decide(&mut engine, &[&br#"{"a":1}"#[..]; 3]);
        for broken in [&b"{\"a\":1"[..], b"{\"a\":\xff}", b"[1]", b"", b"{\"a\":01}"] {
            let mut reject = || assert!(engine.verdicts(broken).is_err());
            reject();
            assert_eq!(allocations(reject), 0);
        }
    }
}

/// What allocates for every event of its kind, and is allowed to. Each is rare in logs.
#[test]
fn what_allocates_by_design() {
    let check = |filter: &str, event: &str, why: &str| {
        for width in WIDTHS {
            let mut engine = engine(Vec::new(), &[filter], width);
            let count = once_more(&mut engine, &[event.as_bytes()]);
            assert!(
                (1..=4).contains(&count),
                "{width:?}, {why}: {count} allocations; none is better: move it out of here"
            );
        }
    };
    // Turned round, so that nothing wakes it: what wakes a rule is remembered with the value.
    check(r#"not lower(a) like "é""#, r#"{"a":"ö"}"#, "folding letters beyond ASCII takes the standard library's text");
    check(r#"not upper(a) like "É""#, r#"{"a":"ö"}"#, "folding letters beyond ASCII takes the standard library's text");
    check(
        r#"a > "2026-01-01T00:00:00Z""#,
        r#"{"a":"2026-01-01T00:00:00.5Z"}"#,
        "a moment keeps the decimals of its second, of which there may be any number",
    );
    check("a = 1", r#"{"\u0061":1}"#, "a name with an escape is decoded before it is looked up");
    check(
        r#"event_type = "x""#,
        r#"{"event_type":["cl\u006fud"]}"#,
        "a type with an escape in an array is decoded to see that it claims nothing",
    );
}

/// Where a text begins at every byte of a value, none of those places is kept longer than it is looked at.
#[test]
fn redaction_takes_little_room_beside_the_event() {
    let rule = "redact: [k]\nruleset: s\nrules:\n  - id: r\n    name: R\n    type: CloudTrail\n    severity: 3\n    \
                description: d\n    filter: n = 1\n";
    let mut engine = engine(vec![("f".to_owned(), rule.as_bytes().to_vec())], &[], Width::Native);
    let event = format!(r#"{{"n":1,"k":"{}","long":"{}"}}"#, "a".repeat(40), "a".repeat(2 << 20));
    let most = most_bytes(|| {
        let mut detections = Vec::new();
        engine.detect(event.as_bytes(), &mut detections).expect("an event");
        assert!(detections.iter().all(|detection| detection.event.is_none()) && detections.len() == 1);
    });
    assert!(most < 8 * event.len().cast_signed(), "{most} bytes for {} of an event", event.len());
}

/// Sets that keep back each something else share nothing of a large event, and hold it no more often for that.
#[test]
fn many_redactions_of_a_large_event_are_not_held_at_once() {
    let event = format!(r#"{{"n":1,"k":"{}","long":"{}"}}"#, "a".repeat(40), "ab".repeat(700_000));
    let most = |sets: usize| {
        let rule = |number| {
            let rule = format!(
                "redact: [k, k{number}]\nruleset: s{number}\nrules:\n  - id: r{number}\n    name: R\n    type: CloudTrail\n    \
                 severity: 3\n    description: d\n    filter: n = 1\n"
            );
            (format!("f{number}.yaml"), rule.into_bytes())
        };
        let mut engine = engine((0..sets).map(rule).collect(), &[], Width::Native);
        let mut detections = Vec::new();
        let most = most_bytes(|| assert_eq!(engine.detect(event.as_bytes(), &mut detections), Ok(0)));
        assert_eq!(detections.len(), sets);
        most
    };
    let (few, many) = (most(4), most(24));
    // What the detections hold themselves, and no tree.
    assert!(many - few < 20 * 3 / 2 * event.len().cast_signed(), "{few} bytes, then {many}, for {}", event.len());
}

/// Values that hold one another are not each held as a tree of their own, however many of them rules look at.
#[test]
fn values_inside_one_another_take_no_more_room_each() {
    let list = vec![r#"{"a":1}"#; 60_000].join(",");
    let event = (0..30).fold(format!("[{list}]"), |inside, _| format!(r#"{{"k":{inside}}}"#));
    let most = |depth: usize| {
        let rule = |depth: usize| {
            let key = vec!["k"; depth + 1].join(".");
            format!(
                "  - id: r{depth}\n    name: R\n    title: '{{{{{key}}}}}'\n    type: CloudTrail\n    severity: 3\n    \
                 description: d\n    filter: {key} exists\n    aggregate: [{key}]\n"
            )
        };
        let rules = format!("ruleset: s\nrules:\n{}", (0..depth).map(rule).collect::<String>());
        let mut engine = engine(vec![("f".to_owned(), rules.into_bytes())], &[], Width::Native);
        let mut detections = Vec::new();
        let most = most_bytes(|| assert_eq!(engine.detect(event.as_bytes(), &mut detections), Ok(0)));
        assert_eq!(detections.len(), depth);
        most
    };
    let (few, many) = (most(6), most(30));
    assert!(many - few < few / 4, "{few} bytes for six, {many} for thirty");
}

/// Saving windows takes no more than the text that comes of it: one that grew by doubling would take three times as much.
#[test]
fn saving_windows_takes_about_as_much_as_they_do() {
    let rule = "ruleset: s\nrules:\n  - id: r\n    name: R\n    type: CloudTrail\n    severity: 3\n    description: d\n    \
                filter: n = 1\n    aggregate: [k]\n";
    for letter in ["a", "\\u0001"] {
        let mut engine = engine(vec![("f".to_owned(), rule.as_bytes().to_vec())], &[], Width::Native);
        let mut detections = Vec::new();
        for number in 0..900 {
            let long = letter.repeat(5_000);
            let event =
                format!(r#"{{"n":1,"k":{number},"eventID":"{number}{long}","host":"{long}","eventTime":1700000000}}"#);
            engine.detect(event.as_bytes(), &mut detections).expect("an event");
        }
        detections.drain(..).for_each(|detection| engine.observe_own(detection, &mut String::new()));
        let mut bytes = 0;
        let most = most_bytes(|| bytes = engine.save().len());
        assert!(most < (bytes + bytes / 4).cast_signed(), "{letter}: {most} bytes for {bytes}");
    }
}

/// The same where they hold little but times, which take twice as much as text.
#[test]
fn saving_the_times_of_sliding_windows_takes_about_as_much_as_their_text() {
    let rule = "ruleset: s\nrules:\n  - id: r\n    name: R\n    type: CloudTrail\n    severity: 3\n    description: d\n    \
                filter: n = 1\n    aggregate: [k]\n    window: {sliding: 1h}\n    threshold: 4000\n";
    let mut engine = engine(vec![("f".to_owned(), rule.as_bytes().to_vec())], &[], Width::Native);
    let mut detections = Vec::new();
    for number in 0..100_000 {
        let event = format!(r#"{{"n":1,"k":{},"eventTime":1700000000}}"#, number % 25);
        engine.detect(event.as_bytes(), &mut detections).expect("an event");
        detections.drain(..).for_each(|detection| engine.observe_own(detection, &mut String::new()));
    }
    let mut bytes = 0;
    let most = most_bytes(|| bytes = engine.save().len());
    assert!(most < (bytes + bytes / 4).cast_signed(), "{most} bytes for {bytes}");
}

/// What a hundred more rules that ask the same of an event allocate: how often, and how many bytes, beside what one takes.
fn of_a_hundred_more(redact: &str, title: &str, filter: &str, event: &str) -> (u64, usize, u64) {
    let rule = |number| {
        let head = format!("  - id: r{number}\n    name: R\n    title: '{title}'\n    type: CloudTrail\n");
        head + &format!("    severity: 3\n    description: d\n    filter: n = 1 and {filter}\n")
    };
    let detecting = |rules: usize| {
        let rules = format!("{redact}ruleset: s\nrules:\n{}", (0..rules).map(rule).collect::<String>());
        let mut engine = engine(vec![("f".to_owned(), rules.into_bytes())], &[], Width::Native);
        let mut detect = || {
            let mut detections = Vec::new();
            engine.detect(event.as_bytes(), &mut detections).expect("an event");
            detections.len()
        };
        // What each rule makes ready at its first match.
        let matches = detect();
        let bytes = TAKEN.get();
        (matches, allocations(|| assert_eq!(detect(), matches)), TAKEN.get() - bytes)
    };
    let (one, many) = (detecting(1), detecting(101));
    assert_eq!((one.0, many.0), (1, 101));
    (many.1.saturating_sub(one.1), many.2.saturating_sub(one.2), one.1)
}

/// What many rules ask for is read once, what is left without what they keep back is made once, what no element of an array
/// satisfies is looked for once; and no more is written for each rule than is shown.
#[test]
fn what_an_event_costs_is_not_paid_for_each_rule() {
    let members: Vec<String> = (0..2_000).map(|number| format!(r#""m{number}":"v{number}""#)).collect();
    let members = members.join(",");
    let event = format!(r#"{{"n":1,"k":"kept","object":{{{members}}},"objects":[{{"o":{{{members}}}}},{{"o":[1]}}]}}"#);
    for (redact, title, filter) in [
        ("", "{{object}}", "object exists and object != null"),
        ("", "{{objects.o}}", "k exists"),
        ("redact: [k]\n", "{{k}} {{objects.o}}", "object exists and k exists"),
        ("redact: [object]\n", "{{object}}", "k exists"),
    ] {
        let (count, bytes, of_one) = of_a_hundred_more(redact, title, filter, &event);
        assert!(
            of_one > 4_000 && count < 100 * 100,
            "{count} allocations for a hundred rules, {of_one} for one: {title}"
        );
        assert!(bytes < 100 * (16 << 10), "{bytes} bytes for a hundred rules: {redact}{title}");
    }
    let elements: Vec<String> = (0..4_000).map(|number| format!(r#"{{"v":"v{number}"}}"#)).collect();
    let event = format!(r#"{{"n":1,"items":[{}]}}"#, elements.join(","));
    for filter in ["not items.v = \"none\"", "(items.v = \"none\" or items.v != \"other\")"] {
        let (count, _, of_one) = of_a_hundred_more("", "T", filter, &event);
        assert!(
            of_one > 4_000 && count < 100 * 100,
            "{count} allocations for a hundred rules, {of_one} for one: {filter}"
        );
    }
}
