//! Events in MessagePack, read as they stand, give the verdicts of the JSON that means the same: on filters and events made
//! by chance, on the conformance corpus, and on bytes that lie.

#![expect(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test's helpers may panic")]

#[path = "../../tests/support/agree.rs"]
#[expect(dead_code, reason = "the reference is held to the JSON")]
mod agree;
#[path = "../../tests/support/corpus.rs"]
mod corpus;
#[path = "../../tests/support/generate.rs"]
mod generate;
#[path = "../../tests/support/generate_mapped.rs"]
mod generate_mapped;
#[path = "../../tests/support/generate_producers.rs"]
mod generate_producers;
#[path = "../../tests/support/mutate.rs"]
#[expect(dead_code, reason = "the smoke tests' loop is theirs: chance has its own here")]
mod mutate;
#[path = "../../tests/support/pack.rs"]
mod pack;

use mutate::{Dice, mutate};
use oxpecker_engine::json::{Json, Limits};
use oxpecker_engine::language::{self, Expr};
use oxpecker_engine::lists::Lists;
use oxpecker_engine::matcher::{Hit, Matcher};
use oxpecker_engine::msgpack::Transcoder;
use proptest::prelude::*;

/// Panics where the verdicts differ on any of the events, with any kind of vector; gives how many events were read as they
/// stand, which are all that are events and far from the limits.
fn check(filters: &[Expr], events: &[Vec<u8>], event_type: Option<&str>, lists: &Lists) -> usize {
    let limits = Limits::default();
    let mut read = 0;
    for width in agree::WIDTHS {
        let mut matcher = Matcher::new([], filters, lists, limits, width);
        let mut transcoder = Transcoder::new();
        for event in events {
            let (mut expected, mut found): (Vec<Hit>, Vec<Hit>) = (Vec::new(), Vec::new());
            let is_read = matcher.decide_packed(event, event_type, &mut found).is_some();
            let Ok((json, _)) = transcoder.json(event, &limits) else {
                assert!(!is_read, "{width:?}: {event:x?} is no event");
                continue;
            };
            assert!(is_read, "{width:?}: {json} was not read");
            matcher.decide(json.as_bytes(), event_type, &mut expected).expect("an event");
            assert_eq!(found, expected, "{width:?}: {json}\n{event:x?}");
            read += 1;
        }
    }
    read
}

fn tree(event: &str) -> Json {
    Json::parse(event.as_bytes(), &Limits::default()).expect("an event")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn by_chance(
        filters in prop::collection::vec(generate::filter(), 1..6),
        events in prop::collection::vec(prop_oneof![generate::event(), generate::messy_event()], 1..5),
        chance in any::<u64>(),
        event_type in prop::option::weighted(0.2, Just("a")),
    ) {
        let mut dice = Dice(chance);
        let events: Vec<Vec<u8>> = events.iter().map(|event| pack::odd_event(&tree(event), &mut dice)).collect();
        let read = check(&filters, &events, event_type, &Lists::new());
        prop_assert_eq!(read, events.len() * agree::WIDTHS.len());
    }

    #[test]
    fn by_chance_on_events_of_known_producers(
        filters in prop::collection::vec(generate_producers::predicate(), 1..8),
        events in prop::collection::vec(generate_producers::event(), 1..6),
        chance in any::<u64>(),
    ) {
        let mut dice = Dice(chance);
        let events: Vec<Vec<u8>> = events.iter().map(|event| pack::odd_event(&tree(event), &mut dice)).collect();
        check(&filters, &events, None, &Lists::new());
    }

    #[test]
    fn by_chance_on_broken_events(
        filters in prop::collection::vec(generate::filter(), 1..3),
        event in generate::event(),
        chances in prop::collection::vec(any::<u64>(), 1..8),
    ) {
        let events = chances.into_iter().map(|chance| {
            let mut dice = Dice(chance);
            let good = pack::odd_event(&tree(&event), &mut dice);
            mutate(&good, b"\x92\xc1\xd9\xff\xdf\xff\xff\xff\xff\x81\xa1a\xc0\xff", &mut dice)
        });
        check(&filters, &events.collect::<Vec<_>>(), None, &Lists::new());
    }
}

/// Every one of these filters, alone and together, on this event.
fn corners(filters: &[&str], event: &[u8]) {
    let filters: Vec<Expr> = filters
        .iter()
        .map(|text| {
            let parsed = language::parse(text, &language::Limits::default());
            parsed.expr.unwrap_or_else(|| panic!("{text}: {:?}", parsed.problems))
        })
        .collect();
    for some in filters.chunks(1).chain([filters.as_slice()]) {
        assert_eq!(check(some, &[event.to_vec(), event.to_vec()], None, &Lists::new()), 2 * agree::WIDTHS.len());
    }
}

#[test]
fn what_has_no_text_in_the_event_has_that_of_its_json() {
    corners(
        &["a = null", "b = true", "b matches \"^t\"", "c = \"false\"", "d = 255", "d matches \"^255$\"", "e < -1.5"],
        b"\x85\xa1a\xca\x7f\xc0\x00\x00\xa1b\xc3\xa1c\xc2\xa1d\xcc\xff\xa1e\xcb\xc0\x00\x00\x00\x00\x00\x00\x00",
    );
    corners(&["a = \"//4=\"", "length(a) = 4", "a ends_with \"=\""], b"\x81\xa1a\xc4\x02\xff\xfe");
}

#[test]
fn objects_and_arrays_are_looked_into() {
    let event = b"\x83\xa1o\x83\xa1x\x01\xa1x\x02\xa1y\x03\xa1l\x93\x01\x92\xa1a\xc0\x81\xa1k\xa1v\xa1s\x80";
    corners(
        &["count(o) = 2", "o exists", "o.x = 2", "not o.x = 1", "length(o) > 1", "s exists", "count(s) = 0"],
        event,
    );
    corners(
        &["count(l) = 3", "l[1] = \"a\"", "l[-1].k = \"v\"", "l.k = \"v\"", "l contains \"a\"", "all(l) != null"],
        event,
    );
}

/// An element that is asked for is found in JSON that was written: its escapes are spelled from there.
#[test]
fn single_elements_with_escapes_are_what_they_spell() {
    let event = b"\x82\xa1a\x93\xa3x\"y\xa2\\n\x81\xa1b\xa1\n\xa1c\xa3x\"y";
    corners(
        &[
            r#"a[0] = "x\"y""#,
            r#"a[0] = """#,
            r#"a[1] = "\\n""#,
            "a[2].b matches \"^\\\\s$\"",
            r#"c = "x\"y""#,
            "length(a[0]) = 3",
        ],
        event,
    );
}

#[test]
fn names_with_dots_and_names_that_come_twice() {
    let event = b"\x83\xa1a\x82\xa1b\x01\xa1c\x02\xa3a.b\x05\xa1a\x81\xa1b\x07";
    corners(&["a.b = 5", "a.b = 1", "a.b = 7", "a.c = 2", "a.c exists", "\"a.b\" = 5"], event);
}

/// Which are left to JSON, and to the reason that it gives.
#[test]
fn events_near_the_limits_are_not_read() {
    let limits = Limits { bytes: 120, depth: 3, values: 5 };
    let filters: Vec<Expr> = ["a = 1", "a.a.a = 1"]
        .iter()
        .filter_map(|text| language::parse(text, &language::Limits::default()).expr)
        .collect();
    let mut matcher = Matcher::new([], &filters, &Lists::new(), limits, oxpecker_engine::Width::best());
    let mut is_read = |event: &[u8]| matcher.decide_packed(event, None, &mut Vec::new()).is_some();
    assert!(is_read(b"\x81\xa1a\x81\xa1a\x81\xa1a\x01"));
    assert!(!is_read(b"\x81\xa1a\x81\xa1a\x81\xa1a\x80"), "four objects are open");
    assert!(!is_read(b"\x81\xa1b\x91\x91\x90"), "the same where nothing is asked for");
    assert!(is_read(b"\x81\xa1b\x93\x01\x02\x03") && !is_read(b"\x81\xa1b\x94\x01\x02\x03\x04"));
    assert!(
        is_read(b"\x81\xa1b\xb0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")
            && !is_read(b"\x81\xa1b\xb1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")
    );
}

/// Events of the corpus as faithful as can be; what they are held to is the corpus' own test of batches.
#[test]
fn on_the_corpus() {
    let mut read = 0;
    for paragraph in corpus::read().iter().filter(|paragraph| !paragraph.events.is_empty() && paragraph.lists.is_none())
    {
        let Some(filter) = language::parse(&paragraph.filter, &language::Limits::default()).expr else { continue };
        let trees = paragraph.events.iter().filter_map(|(_, event)| Json::parse(event, &Limits::default()).ok());
        let mut dice = Dice(7);
        let events: Vec<Vec<u8>> = trees.map(|tree| pack::odd_event(&tree, &mut dice)).collect();
        read += check(&[filter], &events, paragraph.event_type.as_deref(), &Lists::new());
    }
    assert!(read > 5_000, "{read} events were read");
}
