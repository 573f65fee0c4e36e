//! [`Engine::watch`] against [`Engine::detect`] and [`Engine::observe`], which are the plain way to the same records: random
//! rules of all that rules can ask for, random events written in any form, and windows that are saved, taken over, given
//! detections of elsewhere and left to time in between.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a model that breaks has failed")]

use oxpecker_engine::detection::Detection;
use oxpecker_engine::{Engine, Request};
use proptest::prelude::*;
use std::fmt::Write;

/// When the streams begin, in milliseconds since 1970.
const BEGIN: i64 = 1_767_225_600_000;

/// Numbers that follow from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most
    }

    fn one_of<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.below(texts.len())]
    }
}

const KEYS: [&str; 8] = ["user", "target", "ip", "a.b", "a", "long", "event_type", "agent_id"];

fn set(name: &str, dice: &mut Dice) -> String {
    let mut text = format!("ruleset: {name}\n");
    text.push_str("lists:\n  names: {ada: {owner: web}, bob: {owner: db}, 1: one}\n");
    text.push_str("event_types: {'a.*': typed, 'b.*': other}\n");
    if dice.below(3) == 0 {
        let _ = writeln!(text, "redact: [{}]", dice.one_of(&["user", "target", "long", "a.b", "eventID"]));
    }
    text.push_str("rules:\n");
    for number in 0..=dice.below(3) {
        let keys: Vec<&str> = (0..dice.below(3)).map(|_| dice.one_of(&KEYS)).collect();
        let mut keys: Vec<&str> = keys;
        keys.dedup();
        let aggregate = keys.join(", ");
        let length = dice.one_of(&["10s", "60s", "{sliding: 10s}", "{sliding: 60s}", "1h"]);
        let count = 1 + dice.below(4);
        let threshold = match dice.below(3) {
            0 => format!("{{count: {count}, distinct: {}}}", dice.one_of(&["target", "a.b", "long"])),
            _ => count.to_string(),
        };
        let title = dice.one_of(&[
            "{{user}} of {{event_type}}",
            "{{lookup(@names, user).owner}} {{a.b}}",
            "{{long}} {{lookup(@names, a.b)}}",
            "{{a}} plain",
        ]);
        let filter = dice.one_of(&[
            "kind = \"x\"",
            "kind like \"x\" or event_type = \"typed\"",
            "kind = \"x\" and not (target = \"none\")",
            "user exists",
            "a.b = 1 or long exists or kind = \"x\"",
        ]);
        let hidden = dice.one_of(&["hidden = true", "hidden = true and user exists"]);
        let _ = write!(
            text,
            "  - id: {name}{number}\n    name: R\n    title: '{title}'\n    type: Host\n    severity: {}\n    \
             description: D\n    filter: '{filter}'\n    window: {length}\n    threshold: {threshold}\n    \
             aggregate: [{aggregate}]\n    suppressions:\n      - filter: {hidden}\n",
            1 + dice.below(3),
        );
    }
    text
}

fn engine(sets: &[String]) -> Engine {
    let documents = sets.iter().zip(0..).map(|(text, place)| (format!("{place}.yaml"), text.clone().into())).collect();
    let request = Request { documents, event_type: Some("usual".into()), ..Request::default() };
    Engine::load(&request).unwrap_or_else(|report| panic!("{report:?}\n{}", sets.join("\n"))).0
}

fn long(dice: &mut Dice) -> String {
    let length = [3, 250, 300, 5_000, 5_500, 16_380, 16_400, 33_000, 40_000][dice.below(9)];
    let letters = ["a", "é", "\\u0001", "\\\"", "\\n"];
    let mut letter = letters[0];
    if dice.below(2) == 0 {
        letter = dice.one_of(&letters);
    }
    format!("\"{}{}\"", letter.repeat(length), dice.below(2))
}

fn value(name: &str, dice: &mut Dice) -> String {
    match (name, dice.below(8)) {
        ("long", 0) => long(dice),
        ("long", _) => dice.one_of(&["\"short\"", "1", "null"]).to_owned(),
        ("a", 0) => format!("{{\"b\":[1,{{\"b\":{}}},\"ada\"]}}", dice.below(3)),
        ("a", 1) => "[{\"b\":\"ada\",\"\\u0062\":\"bob\"},{ \"b\" : 1.0 }]".to_owned(),
        ("a", _) => format!("{{\"b\":{}}}", dice.below(3)),
        ("hidden", n) => (n == 0).to_string(),
        (_, 0) => "[\"ada\",\"bob\"]".to_owned(),
        (_, 1) => "\"\\u0061da\"".to_owned(),
        (_, 2) => "{\"x\":1, \"x\":2}".to_owned(),
        (_, 3) => "12345.0".to_owned(),
        _ => format!("\"{}\"", dice.one_of(&["ada", "bob", "eve mallory"])),
    }
}

fn event(time: i64, dice: &mut Dice) -> String {
    let mut text = String::from("{");
    let blank = dice.one_of(&["", "", " ", "\t"]);
    let _ = write!(text, "\"kind\":{blank}{}", dice.one_of(&["\"x\"", "\"x\"", "\"\\u0078\"", "\"y\""]));
    for name in ["user", "target", "ip", "a", "long", "hidden", "agent_id", "event_type", "user"] {
        if dice.below(3) == 0 {
            let value = if matches!(name, "agent_id" | "event_type") {
                format!("\"{}\"", dice.below(2))
            } else {
                value(name, dice)
            };
            let _ = write!(text, ",{blank}\"{name}\":{value}");
        }
    }
    if dice.below(2) == 0 {
        let _ = write!(text, ",\"eventID\":\"id of ada {}\"", dice.below(4));
    }
    if dice.below(10) > 0 {
        let _ = write!(text, ",\"time\":{time}");
    }
    if dice.below(20) == 0 {
        let _ = write!(text, ",\"filler\":\"{}\"", "f".repeat([30_000, 70_000][dice.below(2)]));
    }
    text + "}"
}

/// What an engine does in one step.
enum Step {
    Event(String, Option<i64>),
    Tag(&'static [u8]),
    Pass(i64),
    Saved,
    Flush,
}

fn steps(dice: &mut Dice) -> Vec<Step> {
    let mut time = BEGIN;
    (0..4 + dice.below(40))
        .map(|_| match dice.below(24) {
            0 => Step::Saved,
            1 => Step::Pass(i64::try_from(dice.below(2_000_000)).unwrap()),
            2 | 3 => Step::Tag([b"a.b".as_slice(), b"b.c", b"none", b""][dice.below(4)]),
            4 if dice.below(4) == 0 => Step::Flush,
            _ => {
                time += i64::from([0, 0, 1_000, 4_000, 20_000, 700_000][dice.below(6)]);
                let late = i64::from([0, 0, 0, 3_000, 30_000][dice.below(5)]);
                Step::Event(event(time - late, dice), (dice.below(2) == 0).then_some(time))
            }
        })
        .collect()
}

fn settle(shipper: Option<i64>) -> impl Fn(&mut Detection) {
    move |detection| detection.time = detection.time.or(shipper)
}

/// A detection that went from one engine to another.
fn carried(detection: &Detection) -> Detection {
    let carried = Detection::from_line(detection.to_line().as_bytes());
    assert_eq!(carried.as_ref(), Some(detection));
    carried.unwrap()
}

/// The records of each step. `way` says how an event is taken: by watching it (0), the same with notes (1), by detecting and
/// observing as two engines do (2), or as one does (3).
fn records(sets: &[String], steps: &[Step], saves: bool, mut way: impl FnMut() -> usize) -> Vec<String> {
    let (mut now, mut tagged) = (engine(sets), None);
    let step = |step: &Step| {
        let mut out = String::new();
        match step {
            Step::Event(event, shipper) => match way() {
                0 => now.watch(event.as_bytes(), settle(*shipper), &mut out).unwrap(),
                1 => {
                    let (mut notes, mut found) = (Vec::new(), Vec::new());
                    now.detect(event.as_bytes(), &mut found).unwrap();
                    let note = |_: &_, suppressed, title| notes.push((suppressed, title));
                    now.annotate(event.as_bytes(), settle(*shipper), note, &mut out).unwrap();
                    let titles = found.into_iter().map(|detection| (detection.suppressed, detection.title));
                    assert_eq!(notes, titles.collect::<Vec<_>>());
                }
                apart => {
                    let mut found = Vec::new();
                    now.detect(event.as_bytes(), &mut found).unwrap();
                    for mut detection in found {
                        settle(*shipper)(&mut detection);
                        if apart == 2 {
                            now.observe(carried(&detection), &mut out);
                        } else {
                            now.observe_own(detection, &mut out);
                        }
                    }
                }
            },
            Step::Tag(tag) => {
                now.set_tag(tag);
                tagged = Some(*tag);
            }
            Step::Pass(milliseconds) => now.advance(*milliseconds, &mut out),
            Step::Flush => {
                while now.windows().open_windows() > 0 {
                    now.flush(&mut out);
                }
                assert_eq!(now.windows().bytes(), 0);
            }
            Step::Saved if saves => {
                let text = now.save();
                let mut next = engine(sets);
                next.restore(text.as_bytes()).unwrap();
                assert_eq!(next.save(), text);
                assert_eq!(next.windows().bytes(), now.windows().bytes());
                now = next;
                tagged.iter().for_each(|tag| now.set_tag(tag));
            }
            Step::Saved => {}
        }
        out
    };
    steps.iter().map(step).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn watching_tells_byte_for_byte_what_detecting_and_observing_tell(seed in any::<u64>()) {
        let mut dice = Dice(seed);
        let sets: Vec<String> = ["s", "t"].iter().map(|name| set(name, &mut dice)).collect();
        let mut steps = steps(&mut dice);
        steps.push(Step::Flush);
        let plain = records(&sets, &steps, false, || 2);
        let only = |way: usize| (false, [way; 3]);
        let saved = [[0, 0, 0], [0, 1, 3], [0, 0, 2]].map(|ways| (true, ways));
        for (saves, ways) in [0, 1, 3].map(only).into_iter().chain(saved) {
            let found = records(&sets, &steps, saves, || ways[dice.below(3)]);
            for (place, (found, plain)) in found.iter().zip(&plain).enumerate() {
                prop_assert_eq!(found, plain, "step {}, {:?}, saves {}\n{}", place, ways, saves, sets.join("\n"));
            }
        }
    }
}
