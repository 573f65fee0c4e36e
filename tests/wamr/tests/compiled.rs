//! Packs compiled ahead of time, as docs/fluent-bit.md says: the answers are the interpreter's to the byte, and what goes
//! wrong is a trap here too, never the end of the process. `make test-aot` runs this; the other tests run on compiled packs
//! there as well.

mod common;
#[path = "../../support/mutate.rs"]
#[allow(dead_code, reason = "others use more of it")]
mod mutate;

use common::{COMPILER_OPTIONS, annotate, compile, nested, pack, tick};
use oxpecker_wamr::{DEFAULT, Host, Reply};
use std::io::Write;

/// Bytes of stack of a thread as musl makes them; those of glibc have 8 MiB.
const SMALL_STACK: usize = 128 << 10;

/// Each way in which code of a module can fail.
const HOSTILE: &str = r#"(module
    (memory (export "memory") 2 4)
    (table 2 funcref)
    (type $one (func (param i32) (result i32)))
    (func $deep (export "deep") (param $n i32) (result i32)
        (i32.store (i32.const 16) (local.get $n))
        (if (result i32) (local.get $n)
            (then (i32.add (call $deep (i32.sub (local.get $n) (i32.const 1))) (i32.load (i32.const 16))))
            (else (i32.const 0))))
    (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
    (func (export "store") (param i32) (result i32) (i32.store (local.get 0) (i32.const 1)) (i32.const 0))
    (func (export "copy") (param i32) (result i32)
        (memory.copy (local.get 0) (i32.const 0) (i32.const 4096)) (i32.const 0))
    (func (export "divide") (param i32) (result i32) (i32.div_s (i32.const 7) (local.get 0)))
    (func (export "indirect") (param i32) (result i32) (call_indirect (type $one) (i32.const 0) (local.get 0)))
    (func (export "unreachable") (param i32) (result i32) unreachable))"#;

/// Both functions' answers to records, and the counts after them.
fn answers(code: &[u8], records: &[Vec<u8>]) -> Vec<Reply> {
    let mut host = Host::new(code, DEFAULT).expect("WAMR takes the pack");
    let mut replies = Vec::new();
    for record in records {
        for function in ["oxpecker_filter", "oxpecker_annotate"] {
            replies.push(host.filter(&common::call(function, record)));
        }
    }
    replies.push(Reply::Text(tick(&mut host, 60).to_string().into_bytes()));
    replies
}

fn the_same_answers(what: &str, wasm: &[u8], records: &[Vec<u8>]) {
    let (interpreted, compiled) = (answers(wasm, records), answers(&compile(wasm, &[]), records));
    let texts = interpreted.iter().filter(|reply| matches!(reply, Reply::Text(_))).count();
    // Not println: the number is to be seen although the test passes.
    let _ = writeln!(std::io::stderr(), "{what}: {} answers, {texts} of them texts", interpreted.len());
    assert!(texts > 20, "{texts}");
    for (at, (interpreted, compiled)) in interpreted.iter().zip(&compiled).enumerate() {
        assert_eq!(interpreted, compiled, "{what}, record {}", at / 2);
    }
    assert_eq!(interpreted.len(), compiled.len());
}

/// Events, changed at random; one in three of the sample, the others such that many rules match.
fn fuzzed() -> Vec<Vec<u8>> {
    let (mut dice, events) = (mutate::Dice(11), common::sample());
    let corner = br#"{"deep":{"a":[1,{"b":null}]},"who":"ada","items":["one","two"],"ip":"10.1.2.3","eventName":"Getaa1","name":"\u00c9T\u00c9"}"#;
    let mut records = Vec::new();
    for round in 0..6_000 {
        let good = if round % 3 == 0 { dice.pick(&events).expect("events").clone() } else { corner.to_vec() };
        let other = dice.pick(&events).expect("events").clone();
        records.push(mutate::mutate(&good, &other, &mut dice));
    }
    records
}

/// Records that are deep, long, or none.
fn hostile() -> Vec<Vec<u8>> {
    let mut records: Vec<Vec<u8>> = (0..=255).map(|byte| vec![byte]).collect();
    for depth in [20, 100, 126, 127, 128, 1_000, 100_000] {
        records.push(nested(depth));
        records.push([b"{\"deep\":".to_vec(), nested(depth), b"}".to_vec()].concat());
        records.push(b"[".repeat(depth));
    }
    records.push(format!(r#"{{"deep":"{}"}}"#, "x".repeat(2 << 20)).into_bytes());
    records.push([b"{".to_vec(), b"\"a\":1,".repeat(100_000), b"\"a\":1}".to_vec()].concat());
    records
}

#[test]
fn the_shipped_rules_answer_real_events_as_the_interpreter_does() {
    the_same_answers("the shipped rules on real events", &pack(&[], &[]), &common::real());
}

#[test]
fn rules_of_every_kind_answer_broken_and_hostile_records_as_the_interpreter_does() {
    let wasm = pack(&["corners.yaml"], &[]);
    the_same_answers("rules of every kind on fuzzed records", &wasm, &fuzzed());
    the_same_answers("rules of every kind on hostile records", &wasm, &hostile());
}

#[test]
fn a_thread_with_a_small_stack_is_enough() {
    let wasm = pack(&["corners.yaml"], &[]);
    let (code, records) = (compile(&wasm, &[]), hostile());
    let small = std::thread::Builder::new().stack_size(SMALL_STACK);
    let replies = small.spawn(move || answers(&code, &records)).expect("a thread").join().expect("no panic");
    assert!(replies.iter().all(|reply| !matches!(reply, Reply::Trap(_) | Reply::BadAddress(_))));
}

#[test]
fn what_code_does_wrong_is_a_trap_and_the_instance_goes_on() {
    let wasm = wat::parse_str(HOSTILE).expect("a module");
    // As the manual says; where the processor alone stands guard, as the compiler has it by default; where it does nowhere.
    for options in [&[][..], &["--stack-bounds-checks=0"], &["--bounds-checks=1"]] {
        let code = compile(&wasm, options);
        for stack in [SMALL_STACK, 8 << 20] {
            let code = code.clone();
            let thread = std::thread::Builder::new().stack_size(stack);
            thread.spawn(move || goes_wrong(&code)).expect("a thread").join().expect("no panic");
        }
    }
}

fn goes_wrong(code: &[u8]) {
    let mut host = Host::new(code, DEFAULT).expect("WAMR takes the module");
    for (function, argument, what) in [
        ("deep", u32::MAX, "native stack overflow"),
        ("load", u32::MAX, "out of bounds memory access"),
        ("load", 0x7fff_ffff, "out of bounds memory access"),
        ("store", 300_000, "out of bounds memory access"),
        ("copy", 300_000, "out of bounds memory access"),
        ("copy", u32::MAX - 100, "out of bounds memory access"),
        ("divide", 0, "integer divide by zero"),
        ("unreachable", 0, "unreachable"),
        ("indirect", 1, "uninitialized element"),
        ("indirect", 100, "undefined element"),
        ("deep", u32::MAX, "native stack overflow"),
    ] {
        let failed = host.call(function, &[argument]).expect_err(function);
        assert!(failed.contains(what), "{function}({argument}): {failed}");
        assert_eq!((host.call("divide", &[7]), host.call("deep", &[10])), (Ok(1), Ok(0)), "after {function}");
    }
}

#[test]
fn wamr_refuses_code_that_is_not_for_it() {
    let code = compile(&wat::parse_str(HOSTILE).expect("a module"), &[]);
    assert!(Host::new(&code, DEFAULT).is_ok());
    let refused = |at: usize, byte: u8| {
        let mut changed = code.clone();
        changed[at] = byte;
        Host::new(&changed, DEFAULT).map(drop).expect_err(&format!("byte {at}"))
    };
    // The format, behind the magic; the flags of what the code needs, and the name of the processor, in the first section.
    assert!(refused(4, code[4] - 1).contains("unknown binary version"));
    assert!(refused(16 + 16, code[16 + 16] | 1).contains("SIMD is not enabled"));
    assert!(refused(16 + 32, b'y').contains("isn't consistent"));
    for length in (0..code.len() - 4).step_by(97) {
        assert!(Host::new(&code[..length], DEFAULT).is_err(), "{length} of {} bytes", code.len());
    }
}

#[test]
fn the_compiler_refuses_what_it_would_not_do() {
    let nine = format!("--emit-custom-sections={}", ["a"; 9].join(","));
    for option in
        ["--opt-level=fast", "--opt-level=4", "--bounds-checks=", "--stack-bounds-checks=10", &nine, "--cup=x"]
    {
        let output = common::compiler().args([option, "-o", "none.aot", "none.wasm"]).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(option), "{option}: {said}");
    }
}

#[test]
fn the_manual_names_these_options() {
    let manual = std::fs::read_to_string(common::root().join("docs/fluent-bit.md")).expect("the manual");
    let text = manual.replace("\\\n", " ");
    let words: Vec<&str> = text.split_whitespace().collect();
    assert!(words.windows(COMPILER_OPTIONS.len()).any(|some| some == COMPILER_OPTIONS), "{COMPILER_OPTIONS:?}");
}

#[test]
fn the_manifest_travels_with_the_code() {
    let wasm = pack(&["corners.yaml"], &[]);
    let code = compile(&wasm, &[]);
    let inspect = |name: &str, bytes: &[u8]| -> serde_json::Value {
        let file = std::env::temp_dir().join(format!("oxpecker-{}-{name}", std::process::id()));
        std::fs::write(&file, bytes).expect("the file is written");
        let output =
            common::oxpecker().args(["inspect", "--output", "json"]).arg(&file).output().expect("oxpecker runs");
        std::fs::remove_file(file).expect("the file goes");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    };
    let (pack, compiled) = (inspect("pack.wasm", &wasm), inspect("pack.aot", &code));
    assert_eq!((&pack["manifest"], &pack["tests"]), (&compiled["manifest"], &compiled["tests"]));
    assert_eq!((&compiled["compiled"]["target"], &compiled["compiled"]["simd"]), (&"x86_64".into(), &false.into()));
    let mut host = Host::new(&code, DEFAULT).expect("WAMR takes the pack");
    assert_eq!(tick(&mut host, 0)["pack"], compiled["manifest"]["pack"], "what runs is what the file says");
    assert_eq!(annotate(&mut host, br#"{"a":1}"#), Reply::Record);
}
