//! What bad input gets: a reason and a place, and the rest unharmed.

use super::*;
use std::time::{Duration, Instant};

#[test]
fn a_half_written_last_line() {
    assert_eq!(brief("{\"a\":1}\n{\"b\":{\"c"), [r#"{"a":1}"#, "!2 the input ends inside this object"]);
    assert_eq!(brief("{\"a\":1}\n{\"b\":{\"c\":1},"), [r#"{"a":1}"#, "!2 the input ends inside this object"]);
    assert_eq!(brief("{\"a\":1}\n{"), [r#"{"a":1}"#, "!2 the input ends inside this object"]);
}

#[test]
fn a_half_written_line_in_the_middle_loses_that_line_only() {
    for half in [
        "{\"a\":{\"b",
        "{\"a\":1,",
        "{\"a\":",
        "{",
        "{\"a\":[",
        "{\"a\":[1,",
        "{\"a\":{\"b\":[{\"c\":1}",
        "{\"a\":\"\\",
    ] {
        let found = brief(format!("{{\"x\":0}}\n{half}\n{{\"x\":1}}\n{{\"x\":2}}\n{{\"x\":3}}\n"));
        let kept: Vec<_> = found.iter().filter(|i| !i.starts_with('!')).collect();
        assert_eq!(kept, [r#"{"x":0}"#, r#"{"x":1}"#, r#"{"x":2}"#, r#"{"x":3}"#], "after {half}: {found:?}");
        assert_eq!(found.len(), 5, "after {half}: {found:?}");
    }
}

#[test]
fn a_broken_document_over_many_lines_is_one_rejection() {
    let good = "{\n  \"a\": {\n    \"b\": 1\n  }\n}\n";
    let bad = "{\n  \"a\": {\n    \"b\" 1,\n    \"c\": [\n      {\n        \"d\": 1\n      }\n    ]\n  }\n}\n";
    let joined = r#"{  "a": {    "b": 1  }}"#;
    let found = brief(format!("{good}{bad}{good}{good}"));
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(found[1].starts_with("!6 not valid JSON"), "{found:?}");
    assert_eq!([&found[0], &found[2], &found[3]], [joined; 3]);
    // The same inside an array and in Records, where commas stand between.
    for (open, close) in [("[\n", "]\n"), ("{\"Records\":[\n", "]}\n")] {
        let found =
            brief(format!("{open}{},{},{},{}{close}{{\"z\":1}}", good.trim(), bad.trim(), good.trim(), good.trim()));
        let events = found.iter().filter(|i| !i.starts_with('!')).count();
        assert!(events >= 3 && found.len() - events <= 2, "{found:?}");
        assert_eq!(found.last().unwrap(), r#"{"z":1}"#);
    }
}

#[test]
fn a_cut_document_after_others() {
    let found = brief("{\n  \"a\": 1\n}\n{\n  \"b\": {\n    \"c\": [\n      1,\n");
    assert_eq!(found, [r#"{  "a": 1}"#, "!4 the input ends inside this object"]);
}

#[test]
fn a_delivery_that_is_cut_gives_what_is_whole() {
    let (one, two) = (record(1), record(2));
    let found = brief(format!("{{\"Records\":[{one},{two},{{\"eventV"));
    assert_eq!(found, [one.as_str(), &two, "!1 the input ends inside this object"]);
    assert_eq!(brief(format!("{{\"Records\":[{one}")), [one.as_str(), "!1 the input ends inside this object"]);
    assert_eq!(brief(format!("{{\"Records\":[{one}]")), [one.as_str(), "!1 the input ends inside this object"]);
    assert_eq!(brief(format!("{{\"Records\":[{one},")), [one.as_str(), "!1 the input ends inside this object"]);
    let found = brief(format!("{{\"Records\":[{one},\n{{\"Records\":[{two}]}}\n{{\"z\":1}}\n"));
    assert_eq!(found.iter().filter(|i| i.starts_with('!')).count(), 1, "{found:?}");
    assert_eq!(found.last().unwrap(), r#"{"z":1}"#);
}

#[test]
fn text_that_is_no_json() {
    assert_eq!(
        brief("hello\n{\"a\":1}\n[error] x\n42\n\"{}\"\n{foo} bar\n{\"b\":2} tail\n"),
        [
            "!1 not a JSON object",
            r#"{"a":1}"#,
            "!3 not a JSON object",
            "!4 not a JSON object",
            "!5 not a JSON object",
            "!6 not valid JSON: breaks off 1 bytes in",
            r#"{"b":2}"#,
            "!7 not a JSON object",
        ]
    );
}

#[test]
fn bytes_that_are_no_text_are_the_engines_to_judge() {
    let found = items(b"{\"a\":\"\xff\xfe\"}\n{\"b\":\"\0\"}\n{\"c\":1}\n");
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|item| matches!(item, Owned::Event(..))));
}

#[test]
fn binary_data_is_one_rejection() {
    let noise: Vec<u8> = (0..20_000u32).map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes()[1]).collect();
    let mut noise = noise;
    noise[0] = 7;
    assert_eq!(brief(&noise), ["!1 binary file"]);
    assert_eq!(
        brief(b"{\"a\":1}\n\x01\x02\n\x03\n\x04\n{\"b\":2}\n\x05\n"),
        [r#"{"a":1}"#, "!2 binary data", r#"{"b":2}"#, "!6 binary data"]
    );
    assert_eq!(brief("\0\0\0\0"), ["!1 binary file"]);
    assert_eq!(brief("PAR1\x15\x04\x15"), ["~Parquet file"]);
    assert_eq!(brief(b"\xff\xfe{\0\"\0"), ["!1 UTF-16 text: only UTF-8 is read"]);
    let log = format!("{} bucket [06/Feb/2019:00:00:38 +0000] 192.0.2.3 -\n", "7f".repeat(32));
    assert_eq!(brief(log), ["~S3 server access log"]);
}

#[test]
fn nesting_without_end() {
    let deep = |n: usize| format!("{{\"a\":{}1{}}}", "[".repeat(n), "]".repeat(n));
    let text = format!("{}\n{{\"z\":1}}\n", deep(10_000));
    assert_eq!(events(&text), [deep(10_000).as_str(), r#"{"z":1}"#]);
    assert_eq!(events(format!("{}{{\"z\":1}}\n", deep(100_000))).len(), 2);
    assert_eq!(brief(format!("{}\n{{\"z\":1}}\n", "{\"a\":".repeat(10_000))).last().unwrap(), r#"{"z":1}"#);
    assert_eq!(brief(format!("{}\n{{\"z\":1}}\n", "[".repeat(10_000))).last().unwrap(), r#"{"z":1}"#);
    // Brackets closed by the other kind, at every depth around a word of the bit stack.
    for n in [1, 63, 64, 65, 127, 128, 129] {
        let bad = format!("{{\"a\":{}}}{}}}", "[".repeat(n), "]".repeat(n - 1));
        let found = brief(format!("{{\"x\":1}}{bad}\n{{\"z\":1}}"));
        assert_eq!(found.len(), 3, "{n} {found:?}");
        assert_eq!(events(format!("{{\"x\":1}}{}", deep(n))).len(), 2);
    }
}

/// `total` bytes of one line, made as it is read.
struct Long(usize, &'static [u8], Vec<u8>);

impl Read for Long {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if !self.1.is_empty() {
            return self.1.read(buf);
        }
        let n = buf.len().min(self.0);
        buf[..n].fill(b'x');
        self.0 -= n;
        if n > 0 { Ok(n) } else { std::mem::take(&mut self.2).as_slice().read(buf) }
    }
}

#[test]
fn a_line_of_a_hundred_megabytes() {
    let found = collect(Long(100 << 20, b"{\"a\":1}\n{\"a\":\"", b"\"}\n{\"b\":2}\n".to_vec()), &Limits::default());
    assert_eq!(found.len(), 3);
    assert!(
        matches!(&found[1], Owned::Rejected(at, Reason::TooLarge { .. }, excerpt) if at.line == 2 && excerpt.len() == 1024)
    );
    assert!(matches!(&found[2], Owned::Event(e, at) if e == "{\"b\":2}" && at.line == 3));
    let found = collect(Long(100 << 20, b"", b"\n{\"b\":2}\n".to_vec()), &Limits::default());
    assert_eq!(found.len(), 2);
}

#[test]
fn limits_are_the_same_however_the_bytes_arrive() {
    let limits = Limits { max_event_bytes: 40, max_document_bytes: 90, max_excerpt_bytes: 8, ..Limits::default() };
    for n in 0..120 {
        let x = "x".repeat(n);
        for text in [
            format!("{{\"a\":\"{x}\"}}\n{{\"b\":2}}\n"),
            format!("{{\n\"a\":\"{x}\"}}{{\"b\":2}}\n"),
            format!("[{{\"a\":\"{x}\"}},\n{{\"b\":2}}]"),
            format!("{{\n\"a\":\"{x}\n{{\"b\":2}}\n"),
        ] {
            let found = items_within(text.as_bytes(), &limits);
            assert_eq!(found.len(), 2, "{text}: {found:?}");
            assert!(matches!(&found[1], Owned::Event(e, _) if e == "{\"b\":2}"), "{text} {found:?}");
        }
    }
}

#[test]
fn coming_back_from_broken_documents_is_linear() {
    let started = Instant::now();
    for line in ["{\"a\":\n", "{\"a\":{\n\"b\":[\n", "[[\n", "{\"a\":[{},\n", "{\"Records\":[{\n"] {
        let text = line.repeat(3_000_000 / line.len());
        let found = collect(text.as_bytes(), &Limits::default());
        assert!(!found.is_empty());
    }
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}

#[test]
fn no_bytes_make_it_panic_or_depend_on_pieces() {
    const PARTS: [&[u8]; 22] = [
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"\"",
        b"\\",
        b"\n",
        b"\r\n",
        b" ",
        b"1",
        b"null",
        b"\"a\"",
        b"{\"a\":1}",
        b"{\"Records\":[",
        b"{\"Events\":[",
        b"\0",
        b"\xff",
        b"\"log\":\"{}\"",
        b"\t",
        b"\xef\xbb\xbf",
    ];
    let limits = Limits { max_event_bytes: 30, max_document_bytes: 60, ..Limits::default() };
    let mut seed = 1u64;
    for _ in 0..2_000 {
        let mut text = Vec::new();
        for _ in 0..(seed >> 40) % 24 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            text.extend_from_slice(PARTS[(seed >> 33) as usize % PARTS.len()]);
        }
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        items_within(&text, &limits);
    }
}
