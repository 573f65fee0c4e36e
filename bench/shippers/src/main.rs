//! What a record costs in Fluent Bit, in one run on one machine: a Lua script with one rule, and packs of rules under WAMR.
//! See `bench/README.md`.

mod lua;
mod record;
mod wasm;

use lua::Script;
use rustix::time::{ClockId, clock_gettime};
use std::path::PathBuf;
use wasm::Pack;

const TAG: &str = "oxpecker.copy.logs";
/// 2025-03-11T12:00:00Z
const NOON: u32 = 1_741_694_400;

/// One rule with two conditions, in what people do with one: tell the matching records alone, mark them, or mark all.
const SCRIPTS: [(&str, &str); 3] = [
    ("Lua, one rule: matching records", include_str!("../scripts/matching.lua")),
    ("Lua, one rule: all records, matching ones marked", include_str!("../scripts/marked.lua")),
    ("Lua, one rule: all records, each with its verdict", include_str!("../scripts/verdict.lua")),
];

/// A record in both forms.
struct Record {
    packed: Vec<u8>,
    json: Vec<u8>,
}

/// Microseconds a record, one for each round, and how many records came out of the last one.
struct Row {
    name: String,
    rounds: Vec<f64>,
    answered: usize,
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let events = arguments.next().expect("usage: EVENTS.ndjson ROUNDS NAME=PACK.wasm…");
    let rounds: usize = arguments.next().and_then(|text| text.parse().ok()).expect("a number of rounds");
    let packs: Vec<(String, PathBuf)> = arguments
        .map(|text| text.split_once('=').map(|(name, file)| (name.to_owned(), file.into())).expect("NAME=PACK.wasm"))
        .collect();
    let text = std::fs::read_to_string(&events).expect("the events");
    let records: Vec<Record> = text.lines().filter(|line| !line.is_empty()).map(Record::new).collect();
    let wasm: Vec<Vec<u8>> = packs.iter().map(|(_, file)| std::fs::read(file).expect("a pack")).collect();
    let mut rows: Vec<Row> = Vec::new();
    for _ in 0..rounds {
        // Turns within a round: a machine that slows down slows all of them.
        for (name, script) in SCRIPTS {
            note(&mut rows, name, run_script(script, &records));
        }
        for ((name, _), wasm) in packs.iter().zip(&wasm) {
            note(&mut rows, &format!("Oxpecker, {name}"), run_pack(wasm, &records));
            note(&mut rows, &format!("Oxpecker, {name}: the call alone"), run_calls(wasm, &records));
        }
    }
    print(&rows, &records);
}

impl Record {
    fn new(line: &str) -> Self {
        let value = serde_json::from_str(line).expect("events are JSON");
        let (mut packed, mut json) = (Vec::new(), Vec::new());
        record::pack(&value, &mut packed);
        record::write_json(&record::unpack(&mut packed.as_slice()).expect("a record"), &mut json);
        Self { packed, json }
    }
}

fn run_script(script: &str, records: &[Record]) -> (f64, usize) {
    let mut script = Script::new(script);
    let tag = std::ffi::CString::new(TAG).expect("a tag without NUL");
    let mut out = Vec::new();
    timed(records, |record| {
        out.clear();
        script.filter(&tag, f64::from(NOON), &record.packed, &mut out) != lua::Fate::Dropped
    })
}

fn run_pack(wasm: &[u8], records: &[Record]) -> (f64, usize) {
    let mut pack = Pack::new(wasm);
    let mut out = Vec::new();
    timed(records, |record| {
        out.clear();
        pack.filter(TAG, NOON, &record.packed, &mut out)
    })
}

fn run_calls(wasm: &[u8], records: &[Record]) -> (f64, usize) {
    let mut pack = Pack::new(wasm);
    timed(records, |record| pack.call(TAG, NOON, &record.json).is_some())
}

/// Microseconds of the processor a record, and how many gave an answer. Each run has a filter of its own, and begins with it.
fn timed(records: &[Record], mut filter: impl FnMut(&Record) -> bool) -> (f64, usize) {
    let start = processor_seconds();
    let answered = records.iter().filter(|record| filter(record)).count();
    ((processor_seconds() - start) * 1e6 / records.len() as f64, answered)
}

fn processor_seconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn note(rows: &mut Vec<Row>, name: &str, (took, answered): (f64, usize)) {
    let place = rows.iter().position(|row| row.name == name).unwrap_or_else(|| {
        rows.push(Row { name: name.to_owned(), rounds: Vec::new(), answered });
        rows.len() - 1
    });
    rows[place].rounds.push(took);
}

fn print(rows: &[Row], records: &[Record]) {
    let bytes: usize = records.iter().map(|record| record.json.len()).sum();
    let rounds = rows.first().map_or(0, |row| row.rounds.len());
    println!(
        "{} records of {} bytes of JSON on average, medians of {rounds} rounds; {}\n",
        records.len(),
        bytes / records.len(),
        machine()
    );
    println!("| | µs a record | to the first row | records out |\n|---|--:|--:|--:|");
    let first = median(&rows[0].rounds);
    for row in rows {
        let took = median(&row.rounds);
        println!("| {} | {took:.1} | {:.1} | {} |", row.name, took / first, row.answered);
    }
}

/// The processor, where Linux tells it.
fn machine() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, model)| model.to_owned())
}

fn median(rounds: &[f64]) -> f64 {
    let mut rounds = rounds.to_vec();
    rounds.sort_by(f64::total_cmp);
    rounds[rounds.len() / 2]
}
