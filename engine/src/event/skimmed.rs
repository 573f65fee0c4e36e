//! A skimmed event answers as the parsed one does.

use super::Event;
use crate::Span;
use crate::json::{self, Limits};
use crate::language::expr::{Key, Step};

const KEYS: [&str; 19] = [
    "a",
    "b",
    "a.b",
    "a.b.a",
    "b.a",
    "a.0",
    "a.-1.b",
    "b.1.a",
    "",
    "a.",
    ".a",
    "userIdentity.type",
    "userType",
    "user",
    "requestParameters.a",
    "requestParameters",
    "type",
    "userIdentity",
    "event_type",
];

const NAMES: [&str; 12] = [
    "a",
    "b",
    "a.b",
    r"\u0061",
    r"a\u002eb",
    "a.b.a",
    "",
    "userIdentity",
    "requestParameters",
    r"requestP\u0061rameters",
    "type",
    "omitted",
];

const SCALARS: [&str; 10] = [
    "null",
    "true",
    "false",
    "-1.5e3",
    "0",
    "\"\"",
    "\"x\"",
    "\"\\u00e9\\\"}\"",
    "\"AssumedRole\"",
    "\"arn:aws:sts::1:assumed-role/r/s\"",
];

const CLOUDTRAIL: &str =
    r#""eventSource":"s","eventName":"n","eventVersion":"1","eventTime":1577836800,"eventID":"\u0069""#;
const FALCO: &str =
    r#""rule":"r","priority":"Error","output_fields":{"proc.name":"sh","evt.time":1577836800000000000}"#;

/// Numbers of a simple generator.
struct Draws(u64);

impl Draws {
    fn draw(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % below
    }

    /// A value of a few names, some of which stand twice, join steps, or are written with escapes.
    fn json(&mut self, depth: usize, out: &mut String) {
        let space = ["", " ", "\n\t"][self.draw(3)];
        let kind = if depth == 0 { 7 } else { self.draw(if depth > 3 { 4 } else { 8 }) };
        let count = if depth == 0 { 8 } else { self.draw(5) };
        match kind {
            0..4 => out.push_str(SCALARS[self.draw(SCALARS.len())]),
            4 | 5 => {
                out.push('[');
                for place in 0..count {
                    out.push_str(if place > 0 { "," } else { space });
                    self.json(depth + 1, out);
                    out.push_str(space);
                }
                out.push(']');
            }
            _ => {
                out.push('{');
                for place in 0..count {
                    out.push_str(if place > 0 { "," } else { space });
                    let name = NAMES[self.draw(NAMES.len())];
                    out.push_str(&format!("\"{name}\"{space}:"));
                    self.json(depth + 1, out);
                }
                out.push('}');
            }
        }
    }
}

fn key(dotted: &str) -> Key {
    let step = |part: &str| part.parse().map_or_else(|_| Step::Name(part.to_owned()), Step::Index);
    Key { span: Span::default(), steps: dotted.split('.').map(step).collect() }
}

fn check(text: &str) {
    let parsed = Event::parse(text.as_bytes(), &Limits::default(), None).unwrap();
    let skimmed = Event::skim(text.as_bytes(), &Limits::default(), None).unwrap();
    for dotted in KEYS {
        assert_eq!(skimmed.resolve(&key(dotted)), parsed.resolve(&key(dotted)), "{dotted} in {text}");
    }
    let told = |event: &Event| {
        let mut context = String::new();
        event.write_context(&mut context);
        let (source, id) = (event.source().into_owned(), event.id().map(str::to_owned));
        (event.shape(), event.event_type().map(str::to_owned), event.time(), source, id, context)
    };
    assert_eq!(told(&skimmed), told(&parsed), "{text}");
    assert_eq!(skimmed.json(), parsed.json(), "{text}");
    let mut compact = String::new();
    json::compact(text.as_bytes(), &Limits::default(), &mut compact).unwrap();
    assert!(skimmed.compact().is_none_or(|text| text == compact), "{text}");
    let again = Event::skim(compact.as_bytes(), &Limits::default(), None).unwrap();
    // A control character has no shorter escape than the longest; there is none here.
    assert_eq!(again.compact(), Some(compact.as_str()), "{text}");
}

#[test]
fn it_reaches_what_the_parsed_one_reaches() {
    let mut draws = Draws(7);
    for round in 0..3_000 {
        let mut text = String::new();
        draws.json(0, &mut text);
        check(&text);
        let head = [CLOUDTRAIL, FALCO][round % 2];
        check(&format!("{{{head},{}", text.get(1..).unwrap()));
    }
}

#[test]
fn what_is_no_event_is_refused() {
    for text in ["", "[1]", "{", "{\"a\"", "{\"a\":", "{\"a\":\"", "{\"a\":1", "\"a\"", "{\"a\":[1}"] {
        assert!(Event::skim(text.as_bytes(), &Limits::default(), None).is_err(), "{text}");
    }
}

#[test]
fn a_text_is_compact_or_is_not() {
    let compact = |text: &str| Event::skim(text.as_bytes(), &Limits::default(), None).unwrap().compact().is_some();
    for text in ["{}", r#"{"a":{"a":[1,{"a":"b c"},{"a":null}]},"b":-1.50e3}"#, r#"{"\"":"\\ \n"}"#] {
        assert!(compact(text), "{text}");
    }
    let spaced = [" {}", "{}\n", "{ }", r#"{"a": 1}"#, r#"{"a":1 }"#, "{\"a\":[1,\t2]}"];
    let odd = [r#"{"a":"\u0061"}"#, r#"{"\/":1}"#, r#"{"a":1,"a":2}"#, r#"{"b":[{"a":1,"a":2}]}"#];
    for text in spaced.into_iter().chain(odd) {
        assert!(!compact(text), "{text}");
    }
}
