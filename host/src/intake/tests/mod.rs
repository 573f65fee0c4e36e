//! The intake through its front door. Every check reads its input twice, at once and byte by byte, and both must give
//! the same items.

mod broken;
mod envelopes;
mod formats;
mod sources;

use super::{Item, Limits, Place, Reason, Skip, read};
use std::io::{self, Read, Write};
use std::ops::ControlFlow::Continue;

/// An item that owns its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Owned {
    Event(String, Place),
    Rejected(Place, Reason, Vec<u8>),
    Skipped(Place, Skip),
}

/// Gives one byte a read, with an interruption now and then.
struct Trickle<R>(R, u32);

impl<R: Read> Read for Trickle<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.1 += 1;
        if self.1.is_multiple_of(7) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let n = buf.len().min(1);
        self.0.read(&mut buf[..n])
    }
}

fn collect(source: impl Read, limits: &Limits) -> Vec<Owned> {
    let mut items = Vec::new();
    let outcome = read(source, limits, &mut |item| {
        items.push(match item {
            Item::Event { bytes, at } => Owned::Event(String::from_utf8_lossy(bytes).into_owned(), at),
            Item::Rejected { at, reason, excerpt } => Owned::Rejected(at, reason, excerpt.to_vec()),
            Item::Skipped { at, kind } => Owned::Skipped(at, kind),
        });
        Continue(())
    });
    let counts = outcome.counts;
    assert_eq!(counts.events + counts.rejected + counts.skipped, items.len() as u64);
    items
}

fn items_within(input: &[u8], limits: &Limits) -> Vec<Owned> {
    let at_once = collect(input, limits);
    if input.len() < 100_000 {
        assert_eq!(at_once, collect(Trickle(input, 0), limits), "byte by byte, of {}", String::from_utf8_lossy(input));
    }
    at_once
}

fn items(input: impl AsRef<[u8]>) -> Vec<Owned> {
    items_within(input.as_ref(), &Limits::default())
}

/// The events of an input that holds nothing else.
fn events(input: impl AsRef<[u8]>) -> Vec<String> {
    items(input)
        .into_iter()
        .map(|item| match item {
            Owned::Event(text, _) => text,
            other => panic!("{other:?}"),
        })
        .collect()
}

/// Short forms, in order: the event's text, `!line reason`, `~kind`.
fn brief(input: impl AsRef<[u8]>) -> Vec<String> {
    items(input)
        .into_iter()
        .map(|item| match item {
            Owned::Event(text, _) => text,
            Owned::Rejected(at, reason, _) => format!("!{} {reason}", at.line),
            Owned::Skipped(_, kind) => format!("~{kind}"),
        })
        .collect()
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(data).unwrap();
    writer.finish().unwrap()
}

/// `text` as a JSON string.
fn quote(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn base64(data: &[u8]) -> String {
    use ::base64::Engine as _;
    ::base64::engine::general_purpose::STANDARD.encode(data)
}

/// A small CloudTrail record.
fn record(n: u32) -> String {
    format!(
        r#"{{"eventVersion":"1.08","eventSource":"ecr.amazonaws.com","eventName":"PutImage","eventID":"{n}","requestParameters":{{"a":[{{}},"}}{{\"]"]}}}}"#
    )
}
