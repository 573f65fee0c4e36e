//! Every way in which whole events lie in a file.

use super::*;

#[test]
fn lines() {
    assert_eq!(events("{\"a\":1}\n{\"b\":2}\n"), [r#"{"a":1}"#, r#"{"b":2}"#]);
    assert_eq!(events("{\"a\":1}\r\n\r\n \n{\"b\":2}"), [r#"{"a":1}"#, r#"{"b":2}"#]);
    assert_eq!(events("\u{feff}{\"a\" : 1 }  \n"), [r#"{"a" : 1 }"#]);
    assert!(events("").is_empty());
    assert!(events("\n \r\n\n").is_empty());
    assert!(events("\u{feff}").is_empty());
    assert_eq!(events("{}"), ["{}"]);
}

#[test]
fn places() {
    let Owned::Event(_, at) = items("\n\n  {\"a\":1}\n[\n{\"b\":2}, {\"c\":3}]").remove(2) else { panic!() };
    assert_eq!(at, Place { line: 5, offset: 23 });
}

#[test]
fn objects_glued_together() {
    assert_eq!(events(r#"{"a":1}{"b":{"c":"}{"}} {"d":4}"#), [r#"{"a":1}"#, r#"{"b":{"c":"}{"}}"#, r#"{"d":4}"#]);
    assert_eq!(events("{\"a\":1}{\n\"b\":2}\n{\"c\":3}"), [r#"{"a":1}"#, r#"{"b":2}"#, r#"{"c":3}"#]);
}

#[test]
fn braces_in_texts_do_not_matter() {
    for text in ["}{", "{{{", "}}}", "} {", r#"\"}{\""#, r"\\"] {
        let event = format!(r#"{{"a":"{text}","b":{{"c":[]}}}}"#);
        assert_eq!(events(format!("{event}\n{event}{event}")), [&event, &event, &event].map(String::as_str));
    }
}

#[test]
fn a_line_of_any_length_counts_its_braces_right() {
    for pad in 0..300 {
        let event = format!(r#"{{"a":{{"b":"{}"}}}}"#, "x".repeat(pad));
        assert!(super::super::json::looks_whole(event.as_bytes()), "{pad}");
        assert!(!super::super::json::looks_whole(&event.as_bytes()[..event.len() - 1]), "{pad}");
        assert!(!super::super::json::looks_whole(format!("{event}{event}").as_bytes()), "{pad}");
    }
}

#[test]
fn documents_over_many_lines() {
    let text = "{\r\n  \"a\": {\n    \"b\": \"x y\"\n  }\n}\n{\n}\n";
    assert_eq!(events(text), [r#"{  "a": {    "b": "x y"  }}"#, "{}"]);
    assert_eq!(events("{\"a\":{\"x\":1}\n,\"b\":2}"), [r#"{"a":{"x":1},"b":2}"#]);
}

#[test]
fn arrays() {
    assert!(events("[]").is_empty());
    assert_eq!(events(r#"[{"a":1},{"b":[2]}]"#), [r#"{"a":1}"#, r#"{"b":[2]}"#]);
    assert_eq!(events("[\n  {\"a\":1},\n  {\"b\":2}\n]\n[{\"c\":3}]{\"d\":4}").len(), 4);
    assert_eq!(
        brief(r#"[{"a":1},2,"x,]",null,[{}],{"b":2}]"#),
        [
            r#"{"a":1}"#,
            "!1 not a JSON object",
            "!1 not a JSON object",
            "!1 not a JSON object",
            "!1 not a JSON object",
            r#"{"b":2}"#
        ]
    );
}

#[test]
fn records() {
    let (one, two) = (record(1), record(2));
    let both = [one.clone(), two.clone()];
    assert_eq!(events(format!("{{\"Records\":[{one},{two}]}}")), both);
    assert_eq!(events(format!("{{ \"Records\" : [ {one} , {two} ] , \"NextToken\":{{\"a\":[]}} }}\n")), both);
    assert_eq!(events(format!("{{\n\"Records\":\n[\n{one},\n{two}]\n}}")), both);
    assert_eq!(events(format!("{{\"Records\":[{one}]}}\n{{\"Records\":[]}}\n{{\"Records\":[{two}]}}\n")), both);
    assert_eq!(events(format!("{{\"NextShardIterator\":null,\"Records\":[{one},{two}]}}")), both);
}

#[test]
fn records_of_something_else_are_an_event() {
    for event in [
        r#"{"Records":[1,2]}"#,
        r#"{"Records":{"a":1}}"#,
        r#"{"Events":[{"a":1},{"a":2}]}"#,
        r#"{"Events":[],"a":1}"#,
        r#"{"RecordsX":[{"a":1}]}"#,
    ] {
        assert_eq!(events(event), [event]);
    }
}

/// A deterministic source of awkward objects.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn value(&mut self, depth: u32) -> serde_json::Value {
        const TEXTS: [&str; 10] = ["", "}{", "{\"a\":", "\"", "\\", "\n", "ü€😀", "],[", "Records", "a b"];
        match self.roll(if depth > 3 { 4 } else { 7 }) {
            0 => serde_json::Value::Null,
            1 => self.roll(1000).into(),
            2 | 3 => TEXTS[usize::try_from(self.roll(10)).unwrap()].into(),
            4 | 5 => self.object(depth + 1),
            _ => (0..self.roll(4)).map(|_| self.value(depth + 1)).collect(),
        }
    }

    fn object(&mut self, depth: u32) -> serde_json::Value {
        let members = (0..self.roll(5)).map(|i| (format!("k{i}}}\""), self.value(depth)));
        serde_json::Value::Object(members.collect())
    }
}

#[test]
fn any_layout_gives_the_same_events() {
    let mut dice = Dice(7);
    for _ in 0..150 {
        let objects: Vec<_> = (0..=dice.roll(6)).map(|_| dice.object(0)).collect();
        let compact: Vec<_> = objects.iter().map(ToString::to_string).collect();
        let pretty: Vec<_> = objects.iter().map(|o| serde_json::to_string_pretty(o).unwrap()).collect();
        let joined: Vec<_> = pretty.iter().map(|p| p.replace('\n', "")).collect();
        assert_eq!(events(compact.join("\n")), compact);
        assert_eq!(events(compact.join("\r\n")), compact);
        assert_eq!(events(compact.concat()), compact);
        assert_eq!(events(format!("[{}]", compact.join(","))), compact);
        assert_eq!(events(format!("{{\"Records\":[{}]}}", compact.join(","))), compact);
        assert_eq!(events(pretty.join("\n")), joined);
        assert_eq!(events(pretty.concat()), joined);
        assert_eq!(events(format!("[\n{}\n]\n", pretty.join(",\r\n"))), joined);
        assert_eq!(events(format!("{{\n\"Records\": [{}\n]}}\n", pretty.join(","))), joined);
        assert_eq!(events(format!("{{\"log\":{}}}", quote(&compact[0]))), compact[..1]);
    }
}
