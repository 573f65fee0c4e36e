//! Stack needed: probe
use oxpecker_wamr::*;
fn need(wasm: &[u8], call: &Call) -> u32 {
    let (mut lo, mut hi) = (512u32, 4 << 20);
    while hi - lo > 256 {
        let mid = (lo + hi) / 2;
        let mut h = Host::new(wasm, Sizes { stack: mid, heap: 8 << 10 }).unwrap();
        let r = h.filter(call);
        if matches!(r, Reply::Trap(_)) { lo = mid } else { hi = mid }
    }
    hi
}
fn main() {
    let wasm = std::fs::read(std::env::args().nth(1).unwrap()).unwrap();
    let events = std::fs::read("../../rules/samples/cloudtrail.ndjson").unwrap();
    let big = Sizes { stack: 4 << 20, heap: 8 << 10 };
    let t = std::time::Instant::now();
    let mut h = Host::new(&wasm, big).unwrap();
    println!("start {:?} memory {}", t.elapsed(), h.memory());
    fn c<'a>(function: &'a str, record: &'a [u8]) -> Call<'a> { Call { function, tag: "oxpecker.copy.logs.x", seconds: 1741685000, nanoseconds: 0, record } }
    let t = std::time::Instant::now();
    let (mut hit, mut miss, mut n) = (None, None, 0);
    for line in events.split(|b| *b == b'\n').filter(|l| !l.is_empty()) {
        n += 1;
        match h.filter(&c("oxpecker_filter", line)) {
            Reply::Nothing => miss = Some(line),
            Reply::Text(_) => hit = hit.or(Some(line)),
            other => println!("{other:?}"),
        }
    }
    println!("{n} events, {:?} each", t.elapsed() / n);
    let hb = Call { function: "oxpecker_filter", tag: "oxpecker.heartbeat", seconds: 1, nanoseconds: 0, record: b"{}" };
    println!("{}", h.filter(&hb).text());
    println!("memory {}", h.memory());
    drop(h);
    println!("stack: heartbeat {}", need(&wasm, &hb));
    println!("stack: miss {}", need(&wasm, &c("oxpecker_filter", miss.unwrap())));
    println!("stack: hit {}", need(&wasm, &c("oxpecker_filter", hit.unwrap())));
    println!("stack: hit annotate {}", need(&wasm, &c("oxpecker_annotate", hit.unwrap())));
    for depth in [10usize, 126, 127, 128, 10000] {
        let nested = [b"{\"a\":".repeat(depth), b"1".to_vec(), b"}".repeat(depth)].concat();
        println!("stack: miss nested {depth} {}", need(&wasm, &c("oxpecker_filter", &nested)));
        if depth > 10000 { continue }
        let mut s = String::from_utf8(hit.unwrap().to_vec()).unwrap();
        let inner = [b"{\"a\":".repeat(depth-1), b"1".to_vec(), b"}".repeat(depth-1)].concat();
        s = s.replacen('{', &format!("{{\"zz\":{},", String::from_utf8(inner).unwrap()), 1);
        println!("stack: hit nested {depth} {}", need(&wasm, &c("oxpecker_filter", s.as_bytes())));
    }
}
