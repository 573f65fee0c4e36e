//! Stack needed: probe
use oxpecker_wamr::*;
fn main() {
    let wasm = std::fs::read(std::env::args().nth(1).unwrap()).unwrap();
    let rules: Vec<_> = std::env::args().skip(2).map(|p| serde_json::json!({"name": p, "text": std::fs::read_to_string(&p).unwrap()})).collect();
    let req = serde_json::json!({"documents": rules}).to_string();
    let big = Sizes { stack: 1 << 20, heap: 8 << 10 };
    let mut h = Host::new(&wasm, big).unwrap();
    let t = std::time::Instant::now();
    let r = h.abi("ox_load", req.as_bytes(), &[]);
    println!("load {:?} {:?} mem {}", r.map(|r| (r.0, r.1.len())), t.elapsed(), h.memory());
    let events = std::fs::read("../../rules/samples/cloudtrail.ndjson").unwrap();
    let mut batch = vec![1u8,0,0,0,0,0,0,0]; batch.extend(i64::MIN.to_le_bytes()); batch.extend(&events);
    let t = std::time::Instant::now();
    let r = h.abi("ox_match", &batch, &[0,0x80000000]);
    println!("match {:?} {:?}", r.map(|r| (r.0, r.1.len())), t.elapsed());
}
