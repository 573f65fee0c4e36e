//! Good inputs for each boundary, from the conformance corpus and the shipped rules.

#![expect(clippy::expect_used, reason = "a test that cannot read its data has failed")]

use super::corpus::{self, Paragraph};
use std::fs;
use std::path::{Path, PathBuf};

/// Longer ones teach nothing and cost time.
const LONGEST: usize = 8192;

/// The seeds of one boundary, none twice.
pub(crate) fn of(boundary: &str) -> Vec<Vec<u8>> {
    let corpus = corpus::read();
    let mut seeds = match boundary {
        "filter" => corpus.into_iter().map(|paragraph| paragraph.filter.into_bytes()).collect(),
        "rule_file" => rules(),
        "load" => rules().iter().map(|text| request(text)).chain(corpus.iter().map(search)).collect(),
        "event" => events(corpus).collect(),
        "match_events" => corpus.into_iter().map(|paragraph| lines(paragraph, 6)).collect(),
        "match_batch" => corpus.into_iter().map(|paragraph| batch(&lines(paragraph, 3))).collect(),
        "fast_equals_reference" => comparisons(&corpus),
        "intake" => envelopes().into_iter().chain(corpus.into_iter().map(|paragraph| lines(paragraph, 4))).collect(),
        other => panic!("no boundary is called {other}"),
    };
    seeds.retain(|seed: &Vec<u8>| seed.len() <= LONGEST);
    seeds.sort();
    seeds.dedup();
    seeds
}

fn events(corpus: Vec<Paragraph>) -> impl Iterator<Item = Vec<u8>> {
    corpus.into_iter().flat_map(|paragraph| paragraph.events).map(|(_, event)| event)
}

fn lines(paragraph: Paragraph, most: usize) -> Vec<u8> {
    let events: Vec<Vec<u8>> = paragraph.events.into_iter().take(most).map(|(_, event)| event).collect();
    events.join(&b'\n')
}

/// Filters and events as one text: each paragraph by itself, and neighbours together, which share predicates.
fn comparisons(corpus: &[Paragraph]) -> Vec<Vec<u8>> {
    let of = |paragraphs: &[Paragraph]| {
        let head = paragraphs.iter().find_map(|paragraph| paragraph.event_type.as_deref());
        let head = head.map(|event_type| format!("type: {event_type}\n")).unwrap_or_default();
        let filters: Vec<String> = paragraphs.iter().map(|paragraph| paragraph.filter.replace('\n', " ")).collect();
        let events = paragraphs.iter().flat_map(|paragraph| paragraph.events.iter().take(4));
        // A line feed in an event is a blank to JSON, and would be two events here.
        let events: Vec<Vec<u8>> = events
            .map(|(_, event)| event.iter().map(|byte| if *byte == b'\n' { b' ' } else { *byte }).collect())
            .collect();
        [head.as_bytes(), filters.join("\n").as_bytes(), b"\n\n", &events.join(&b'\n')].concat()
    };
    corpus.chunks(1).chain(corpus.windows(3)).map(of).collect()
}

/// A batch of lines.
fn batch(lines: &[u8]) -> Vec<u8> {
    let mut batch = vec![1, 0, 0, 0, 0, 0, 0, 0];
    batch.extend(i64::MIN.to_le_bytes());
    batch.extend(lines);
    batch
}

fn request(rules: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(rules);
    serde_json::json!({"documents": [{"name": "a.yaml", "text": text}], "options": {"lenient": true}})
        .to_string()
        .into()
}

fn search(paragraph: &Paragraph) -> Vec<u8> {
    let lists = paragraph.lists.as_deref().map(|text| serde_json::from_str(text).expect("JSON"));
    let lists = lists.unwrap_or(serde_json::Value::Null);
    let kind = paragraph.event_type.as_deref();
    let filters = [&paragraph.filter];
    match kind {
        Some(kind) => serde_json::json!({"filters": filters, "lists": lists, "event_type": kind}),
        None => serde_json::json!({"filters": filters, "lists": lists}),
    }
    .to_string()
    .into()
}

/// The shipped files' rules one by one, and the files of the diagnostics.
fn rules() -> Vec<Vec<u8>> {
    let root =
        Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().find(|folder| folder.join("rules/cloudtrail").is_dir());
    let root = root.expect("the rules are in the repository");
    let mut seeds = Vec::new();
    for file in files(&root.join("rules/cloudtrail")).into_iter().chain(files(&root.join("tests/diagnostics"))) {
        let bytes = fs::read(&file).expect("a readable file");
        let Ok(text) = std::str::from_utf8(&bytes) else { continue };
        let rules: Vec<&str> = text.split("\n  - id:").collect();
        if let [head, rules @ ..] = rules.as_slice() {
            // Without its tests a rule is short enough to be changed where it matters. Such a file ends without a line
            // feed, the others with one.
            let short = rules.iter().filter_map(|rule| rule.split("\n    tests:").next());
            seeds.extend(short.map(|rule| format!("{head}\n  - id:{rule}").into_bytes()));
            seeds.extend(rules.iter().map(|rule| format!("{head}\n  - id:{rule}\n").into_bytes()));
        }
        seeds.push(bytes);
    }
    seeds
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    files
}

/// Events as they are wrapped on their way, and neighbours of events.
#[rustfmt::skip]
fn envelopes() -> Vec<Vec<u8>> {
    let texts = [
        r#"{"Records":[{"eventVersion":"1.08","eventSource":"s","eventName":"a"},{"eventName":"b"}]}"#,
        "{\n  \"Records\": [\n    {\"eventName\": \"a\"},\n    {\n      \"eventName\": \"b\"\n    }\n  ]\n}\n",
        "[{\"a\":1},\n{\"a\":2}]",
        r#"{"a":1}{"a":2} {"a":3}"#,
        r#"{"version":"0","id":"x","detail-type":"AWS API Call via CloudTrail","source":"aws.s3","detail":{"eventVersion":"1.08","eventName":"a"}}"#,
        r#"{"messageType":"DATA_MESSAGE","logGroup":"g","logStream":"s","logEvents":[{"id":"1","timestamp":1,"message":"{\"a\":1}"}]}"#,
        r#"{"messageType":"CONTROL_MESSAGE","logEvents":[{"message":"checking"}]}"#,
        r#"{"awslogs":{"data":"H4sIAAAAAAAAAzWNsQqAIBiE3+XmFtc2IXFqsi0jhH4kyIy0IMR374do/L7j7goCpeQ8Dc9BaNHJQc69MkZqhQZb9PqM18GJ/9Dkk1xgTh+rm/ac0I4F68JasM4rj2YXuCaa/4CzYuEsu4o61RcPv8ITegAAAA=="}}"#,
        r#"{"records":[{"data":"eyJhIjoxfQ=="},{"data":"eyJhIjoy"}]}"#,
        r#"{"Records":[{"kinesis":{"data":"eyJhIjoxfQo="}}]}"#,
        r#"{"Type":"Notification","MessageId":"1","TopicArn":"arn:aws:sns:a:b:c","Message":"{\"Records\":[{\"eventName\":\"a\"}]}"}"#,
        r#"{"Messages":[{"MessageId":"1","ReceiptHandle":"r","Body":"{\"a\":1}"}]}"#,
        r#"{"Events":[{"EventId":"1","EventName":"a","CloudTrailEvent":"{\"eventName\":\"a\"}"}]}"#,
        r#"{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[{"kind":"Event","auditID":"1"}]}"#,
        r#"{"log":"{\"a\":1}\n","stream":"stdout","time":"2026-01-01T00:00:00Z"}"#,
        r#"{"Records":[{"eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"}}}]}"#,
        r#"{"Service":"Amazon S3","Event":"s3:TestEvent"}"#,
        "{\"a\":1}\n{\"a\":\n\nhello\n{\"b\":\"\\u00\n{\"c\":[1,2}\n{\"d\":1}",
        "\u{feff}{\"a\":1}\r\n{\"b\":2}\r\n",
        "PAR1\0\0\0\0",
    ];
    let mut all: Vec<Vec<u8>> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    // {"a":1} twice, compressed: two members of gzip, and a frame of zstd.
    all.push([GZIP, GZIP].concat());
    all.push(ZSTD.to_vec());
    all
}

#[rustfmt::skip]
const GZIP: &[u8] = &[
    0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3, 0xab, 0x56, 0x4a, 0x54, 0xb2, 0x32, 0xac, 0xe5, 2, 0, 0x46, 0xa3, 0xe8, 0x74, 8, 0, 0, 0,
];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd, 0x20, 8, 0x41, 0, 0, 0x7b, 0x22, 0x61, 0x22, 0x3a, 0x31, 0x7d, 0x0a];
