//! The scanner beside the tree: the same events taken, the same rejected at the same byte, the same values found.

use super::{Kind, NOWHERE, Scanner, Trie, Width, any_inside, count_elements, count_members, decode};
use crate::event::Event;
use crate::json::{Json, Limits, RejectReason};
use crate::language::expr::{Key, Step};

const WIDTHS: [Width; 3] = [Width::Word, Width::Native, Width::Modern];

/// Bytes that matter to JSON and to UTF-8.
const SIGNS: &[u8] = b"{}[]\",:\\u0ne -.\x80\xed\n";

/// A dice with a seed, so that what fails can be thrown again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.roll(all.len())]
    }
}

const NAMES: [&str; 14] = [
    "a",
    "b",
    "c",
    "a.b",
    "b.c",
    "a.b.c",
    "",
    ".",
    "é",
    "a name of more than twenty-nine bytes",
    "x",
    "y",
    "\\u0061",
    "q\\\"",
];
const SCALARS: [&str; 16] = [
    "null",
    "true",
    "false",
    "0",
    "-1.5e+10",
    "\"\"",
    "\"x\"",
    "\"\\n\\u00e9\\ud83d\\ude00\"",
    "\"é\"",
    "12",
    "\"a text that is longer than one vector of any kind, by far\"",
    "\"}\"",
    "\"[{\"",
    "1E3",
    "\"\\\\\"",
    "-0",
];

fn value(dice: &mut Dice, depth: usize, out: &mut String) {
    let blank = ["", "", "", " ", "\n\t"];
    out.push_str(dice.of(&blank));
    match dice.roll(if depth == 0 { 1 } else { 4 }) {
        0 => out.push_str(dice.of(&SCALARS)),
        1 => {
            out.push('[');
            for place in 0..dice.roll(4) {
                out.push_str(if place > 0 { "," } else { "" });
                value(dice, depth - 1, out);
            }
            out.push_str(dice.of(&blank));
            out.push(']');
        }
        _ => object(dice, depth - 1, out),
    }
    out.push_str(dice.of(&blank));
}

fn object(dice: &mut Dice, depth: usize, out: &mut String) {
    out.push('{');
    for place in 0..dice.roll(6) {
        out.push_str(if place > 0 { "," } else { "" });
        out.push_str(dice.of(&["", "", " "]));
        out.push('"');
        out.push_str(dice.of(&NAMES));
        out.push('"');
        out.push_str(dice.of(&["", "", " "]));
        out.push(':');
        value(dice, depth, out);
    }
    out.push('}');
}

fn event(dice: &mut Dice) -> String {
    let mut text = String::new();
    object(dice, 4, &mut text);
    text
}

fn paths(dice: &mut Dice) -> Vec<Key> {
    let names = ["a", "b", "c", "a.b", "b.c", "", "é", "x", "q\"", "a name of more than twenty-nine bytes"];
    let mut paths = Vec::new();
    for _ in 0..1 + dice.roll(8) {
        let mut steps = vec![Step::Name(dice.of(&names).to_owned())];
        for _ in 0..dice.roll(4) {
            steps.push(match dice.roll(4) {
                0 => Step::Index(dice.roll(5) as i64 - 2),
                _ => Step::Name(dice.of(&names).to_owned()),
            });
        }
        paths.push(Key { span: crate::Span::default(), steps });
    }
    paths
}

fn json(kind: Kind, text: &str) -> Json {
    let text = if matches!(kind, Kind::Text | Kind::Escaped) { format!("\"{text}\"") } else { text.to_owned() };
    Json::parse(text.as_bytes(), &Limits::default()).unwrap()
}

/// What the scanner found on a path, without an order: duplicates stand elsewhere in a tree.
fn found(scanner: &mut Scanner, event: &str, key: &Key) -> Vec<String> {
    let node = scanner.trie().node(&key.steps);
    assert_ne!(node, NOWHERE);
    let captures = scanner.scan(event.as_bytes(), &Limits::default()).unwrap();
    let of_node = captures.iter().filter(|capture| capture.node == node);
    let mut all: Vec<String> =
        of_node.map(|capture| json(capture.kind, &event[capture.start..capture.end]).to_string()).collect();
    all.sort();
    all
}

#[test]
fn values_are_those_of_the_tree() {
    let mut dice = Dice(1);
    for round in 0..4_000 {
        let paths = paths(&mut dice);
        let mut scanners = WIDTHS.map(|width| Scanner::new(Trie::of(paths.iter().map(|key| &key.steps[..])), width));
        for _ in 0..4 {
            let text = event(&mut dice);
            let tree = Event::parse(text.as_bytes(), &Limits::default(), None).unwrap();
            for key in &paths {
                let mut expected: Vec<String> = tree.resolve(key).ends.iter().map(ToString::to_string).collect();
                expected.sort();
                for scanner in &mut scanners {
                    assert_eq!(found(scanner, &text, key), expected, "round {round}: {key} in {text}");
                }
            }
        }
    }
}

#[test]
fn what_is_rejected_is_rejected_at_the_same_byte() {
    let mut dice = Dice(2);
    let paths = paths(&mut dice);
    let mut scanners = WIDTHS.map(|width| Scanner::new(Trie::of(paths.iter().map(|key| &key.steps[..])), width));
    let (mut taken, mut rejected) = (0, 0);
    for _ in 0..60_000 {
        let mut bytes = event(&mut dice).into_bytes();
        for _ in 0..dice.roll(3) {
            let at = dice.roll(bytes.len());
            match dice.roll(4) {
                0 => bytes[at] = u8::try_from(dice.roll(256)).unwrap(),
                1 => bytes[at] = SIGNS[dice.roll(SIGNS.len())],
                2 => bytes.truncate(at),
                _ => bytes.insert(at, SIGNS[dice.roll(SIGNS.len())]),
            }
            if bytes.is_empty() {
                break;
            }
        }
        let limits = match dice.roll(8) {
            0 => Limits { depth: dice.roll(5), ..Limits::default() },
            1 => Limits { values: dice.roll(20), ..Limits::default() },
            2 => Limits { bytes: dice.roll(100), ..Limits::default() },
            _ => Limits::default(),
        };
        let expected = Event::parse(&bytes, &limits, None).map(|_| ());
        *(if expected.is_ok() { &mut taken } else { &mut rejected }) += 1;
        for scanner in &mut scanners {
            let scanned = scanner.scan(&bytes, &limits).map(|_| ());
            assert_eq!(scanned, expected, "{}", String::from_utf8_lossy(&bytes));
        }
    }
    assert!(taken > 10_000 && rejected > 10_000, "{taken} {rejected}");
}

#[test]
fn lengths_around_the_vectors_make_no_difference() {
    let trie = || Trie::of([&[Step::Name("k".into())][..]]);
    for width in WIDTHS {
        let mut scanner = Scanner::new(trie(), width);
        for length in 0..100 {
            for ending in ["", "\\n", "é", "\\\\"] {
                for tail in ["", "  ", "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n"] {
                    let text = format!("{{\"k\":\"{}{ending}\"}}{tail}", "x".repeat(length));
                    let capture = scanner.scan(text.as_bytes(), &Limits::default()).unwrap()[0];
                    assert_eq!(&text[capture.start..capture.end], &text[6..6 + length + ending.len()]);
                    assert_eq!(capture.kind, if ending.starts_with('\\') { Kind::Escaped } else { Kind::Text });
                }
            }
        }
    }
}

/// A name that came with texts alone is compared together with the quote of its value.
#[test]
fn names_of_all_lengths_come_with_all_kinds_of_values() {
    for width in WIDTHS {
        for length in 0..40 {
            let name = "n".repeat(length);
            let mut scanner = Scanner::new(Trie::of([&[Step::Name(name.clone())][..]]), width);
            for value in ["\"x\"", "\"\"", "null", "\"x\"", "[]", "1", "\"\\\"\"", "{}", " \"x\"", "\"x\"", "true"] {
                let text = format!("{{\"{name}\":{value},\"other\":\"x\"}}");
                let capture = scanner.scan(text.as_bytes(), &Limits::default()).unwrap()[0];
                let quote = usize::from(matches!(capture.kind, Kind::Text | Kind::Escaped));
                assert_eq!(&text[capture.start - quote..capture.end + quote], value.trim());
            }
            let unfinished = format!("{{\"{name}\":\"");
            assert!(scanner.scan(unfinished.as_bytes(), &Limits::default()).is_err());
        }
    }
}

#[test]
fn deep_nesting_neither_recurses_nor_passes() {
    let mut scanner = Scanner::new(Trie::of([&[Step::Name("a".into())][..]]), Width::best());
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let text = format!("{{\"a\":{}1{}}}", open.repeat(1_000_000), close.repeat(1_000_000));
        let limits = Limits { bytes: usize::MAX, ..Limits::default() };
        assert_eq!(scanner.scan(text.as_bytes(), &limits).unwrap_err().reason, RejectReason::TooDeep);
    }
}

/// Duplicates, joined names and the two together, as many as fit: the work stays in proportion to the text.
#[test]
fn many_duplicates_are_no_trouble() {
    let names = |dotted: &str| dotted.split('.').map(|name| Step::Name(name.into())).collect::<Vec<_>>();
    let all: Vec<Vec<Step>> = (0..2_000).map(|n| names(&format!("a.k{n}.x"))).collect();
    let mut scanner = Scanner::new(Trie::of(all.iter().map(Vec::as_slice)), Width::best());
    let items = "{\"k0\":{\"x\":1}},".repeat(40_000);
    let joined: String = (0..2_000).map(|n| format!(",\"a.k{n}\":{{\"x\":2}}")).collect();
    let again = ",\"a.k0\":{\"x\":3}".repeat(60_000);
    let text = format!("{{\"a\":[{items}0]{joined}{again}}}");
    let limits = Limits { bytes: usize::MAX, values: usize::MAX, ..Limits::default() };
    let begun = std::time::Instant::now();
    let captures = scanner.scan(text.as_bytes(), &limits).unwrap();
    let left: Vec<&str> = captures.iter().filter(|c| c.node != NOWHERE).map(|c| &text[c.start..c.end]).collect();
    assert_eq!((left.len(), left.iter().filter(|text| **text == "3").count()), (2_000, 1));
    // In proportion to the square of it, it would be hours.
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}

#[test]
fn looking_into_checked_text_agrees_with_the_tree() {
    let mut dice = Dice(3);
    for _ in 0..20_000 {
        let mut text = String::new();
        value(&mut dice, 4, &mut text);
        let text = text.trim();
        match &Json::parse(text.as_bytes(), &Limits::default()).unwrap() {
            Json::Array(items) => {
                assert_eq!(count_elements(text.as_bytes()), items.len());
                let mut seen = Vec::new();
                any_inside(text.as_bytes(), &mut |value| {
                    seen.push(json(value.kind, std::str::from_utf8(value.text).unwrap()));
                    false
                });
                let whole = Event::new(Json::Object(vec![("k".into(), Json::Array(items.clone()))]), None);
                let key = Key { span: crate::Span::default(), steps: vec![Step::Name("k".into())] };
                let found = whole.resolve(&key);
                assert!(seen.iter().eq(found.elements()), "{text}");
            }
            Json::Object(members) => {
                assert_eq!(count_members(text.as_bytes(), &mut super::MemberNames::default()), members.len(), "{text}");
            }
            Json::Text(expected) => {
                let mut decoded = Vec::new();
                decode(&text.as_bytes()[1..text.len() - 1], &mut decoded);
                assert_eq!(decoded, expected.as_bytes());
            }
            _ => {}
        }
    }
}

/// A name was remembered from an event that was rejected for it, and taken as good when it came again.
#[test]
fn a_name_that_is_no_utf8_is_rejected_each_time() {
    let mut scanner = Scanner::new(Trie::of([&[Step::Name("a".into())][..]]), Width::best());
    for _ in 0..3 {
        let reject = scanner.scan(b"{\"z\xb5\":1,\"a\":1}", &Limits::default()).unwrap_err();
        assert_eq!((reject.reason, reject.offset), (RejectReason::InvalidUtf8, 3));
    }
}

/// More names than are remembered, in events between which the same ones come again.
#[test]
fn floods_of_names_change_no_answer() {
    for width in WIDTHS {
        let paths = [vec![Step::Name("a".into()), Step::Name("b".into())], vec![Step::Name("c".into())]];
        let mut scanner = Scanner::new(Trie::of(paths.iter().map(Vec::as_slice)), width);
        for round in 0..8 {
            let flood: Vec<String> = (0..1500).map(|number| format!("\"n{round}-{number}\":\"x\"")).collect();
            let flood = flood.join(",");
            for text in [
                format!("{{{flood},\"c\":\"{round}\",\"a\":{{{flood},\"b\":\"{round}\"}}}}"),
                format!("{{\"a\":{{\"b\":\"{round}\"}},\"c\":\"{round}\"}}"),
            ] {
                let found = scanner.scan(text.as_bytes(), &Limits::default()).unwrap();
                let found: Vec<&str> = found.iter().map(|capture| &text[capture.start..capture.end]).collect();
                assert_eq!(found, [round.to_string(), round.to_string()]);
            }
        }
    }
}
