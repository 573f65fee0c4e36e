//! How much of WAMR's stack a pack needs for the records of a file, and how long a record takes: for the manual.
//!
//! cargo run --example stack -- PACK.wasm EVENTS.ndjson

use oxpecker_wamr::{Call, DEFAULT, Host, Reply, Sizes};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [pack, events] = arguments.as_slice() else { panic!("usage: stack PACK.wasm EVENTS.ndjson") };
    let (wasm, events) = (std::fs::read(pack).expect("the pack"), std::fs::read(events).expect("the events"));
    let records: Vec<&[u8]> = events.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    for function in ["oxpecker_filter", "oxpecker_annotate"] {
        let (mut least, mut most) = (1 << 10, 1 << 20);
        while most - least > 64 {
            let middle = (least + most) / 2;
            if runs(&wasm, function, &records, middle) { most = middle } else { least = middle }
        }
        let mut host = Host::new(&wasm, Sizes { stack: most + 4096, ..DEFAULT }).expect("an instance");
        let start = processor_seconds();
        let answered = records.iter().filter(|record| matches!(host.filter(&call(function, record)), Reply::Text(_)));
        let answered = answered.count();
        let each = (processor_seconds() - start) * 1e6 / records.len() as f64;
        println!("{function}: {most} bytes of stack, {each:.1} µs a record, {answered} of {} answered", records.len());
    }
}

fn call<'a>(function: &'a str, record: &'a [u8]) -> Call<'a> {
    Call { function, tag: "oxpecker.copy.logs.x", seconds: 1_741_694_400, nanoseconds: 0, record }
}

fn runs(wasm: &[u8], function: &str, records: &[&[u8]], stack: u32) -> bool {
    let mut host = Host::new(wasm, Sizes { stack, ..DEFAULT }).expect("an instance");
    records.iter().all(|record| !matches!(host.filter(&call(function, record)), Reply::Trap(_)))
}

/// Seconds that this process has had a processor: others on the machine do not count. Linux has them.
fn processor_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|nanoseconds| nanoseconds.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1e9
}
