//! What the tests share: the module, packs of rules, records, and what Fluent Bit would make of an answer.

#![allow(dead_code, reason = "each test uses a part of it")]

use oxpecker_wamr::{Call, Host, Reply, Sizes};
use serde_json::Value;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

pub const TAG: &str = "oxpecker.copy.logs.test";
/// What docs/fluent-bit.md compiles with.
pub const COMPILER_OPTIONS: [&str; 5] = [
    "--target=x86_64",
    "--cpu=x86-64",
    "--disable-simd",
    "--stack-bounds-checks=1",
    "--emit-custom-sections=oxpecker.pack,oxpecker.tests",
];
pub const HEARTBEAT: &str = "oxpecker.heartbeat";
/// 2025-03-11T12:00:00Z
pub const NOON: u32 = 1_741_694_400;

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn from_environment(name: &str, default: &str) -> PathBuf {
    std::env::var_os(name).map_or_else(|| root().join(default), PathBuf::from)
}

/// The built command line.
pub fn oxpecker() -> Command {
    Command::new(from_environment("OXPECKER", "target/release/oxpecker"))
}

/// WAMR's compiler.
pub fn compiler() -> Command {
    Command::new(from_environment("OXPECKER_WAMRC", "target/wamrc/wamrc"))
}

/// The module without rules.
pub fn module() -> Vec<u8> {
    let path = from_environment("OXPECKER_WASM", "target/oxpecker.wasm");
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}; `make build` comes first", path.display()))
}

/// A pack of rule files below `tests/wamr/rules`, or of the shipped rules if none are named.
pub fn pack(rules: &[&str], more: &[&str]) -> Vec<u8> {
    let folder = std::env::temp_dir().join(format!("oxpecker-wamr-{}-{}", std::process::id(), unique()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let file = folder.join("pack.wasm");
    let mut command = oxpecker();
    command.arg("pack").arg("-o").arg(&file).args(more);
    if let Some(module) = std::env::var_os("OXPECKER_WASM") {
        command.arg("--module").arg(module);
    }
    for name in rules {
        command.arg("--rules").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("rules").join(name));
    }
    let output = command.output().expect("oxpecker runs; `make build` comes first");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let bytes = std::fs::read(&file).expect("the pack is written");
    std::fs::remove_dir_all(&folder).expect("the folder goes");
    bytes
}

fn unique() -> usize {
    static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

/// An instance of a module; of its machine code where `OXPECKER_COMPILED` says at which level of optimisation.
pub fn host(wasm: &[u8], sizes: Sizes) -> Host {
    let level = std::env::var("OXPECKER_COMPILED").ok();
    let code = level.map(|level| compile(wasm, &[&format!("--opt-level={level}")]));
    Host::new(code.as_deref().unwrap_or(wasm), sizes).expect("WAMR takes the module")
}

/// A module compiled ahead of time as the manual says, and with more options. Kept: it takes a minute.
pub fn compile(wasm: &[u8], more: &[&str]) -> Vec<u8> {
    let program = compiler();
    let program = std::fs::read(program.get_program())
        .unwrap_or_else(|error| panic!("{program:?}: {error}; `make test-aot` builds it"));
    let mut hasher = DefaultHasher::new();
    (program, wasm, COMPILER_OPTIONS, more).hash(&mut hasher);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let kept = folder.join(format!("{:016x}.aot", hasher.finish()));
    if let Ok(code) = std::fs::read(&kept) {
        return code;
    }
    let module = folder.join(format!("{:016x}.wasm", hasher.finish()));
    std::fs::write(&module, wasm).expect("the module is written");
    let unfinished = kept.with_extension("part");
    let mut command = compiler();
    // It leaves files where it runs if it is stopped.
    command.current_dir(folder).args(COMPILER_OPTIONS).args(more).arg("-o").args([&unfinished, &module]);
    let output = command.output().expect("the compiler runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::remove_file(module).expect("the module goes");
    std::fs::rename(unfinished, &kept).expect("the code is kept");
    std::fs::read(kept).expect("the code")
}

pub fn call<'a>(function: &'a str, record: &'a [u8]) -> Call<'a> {
    Call { function, tag: TAG, seconds: NOON, nanoseconds: 0, record }
}

pub fn filter(host: &mut Host, record: &[u8]) -> Reply {
    host.filter(&call("oxpecker_filter", record))
}

pub fn annotate(host: &mut Host, record: &[u8]) -> Reply {
    host.filter(&call("oxpecker_annotate", record))
}

/// The answer to a tick at some seconds past noon.
pub fn tick(host: &mut Host, seconds: u32) -> Value {
    let record = br#"{"oxpecker":"tick"}"#;
    let call = Call { tag: HEARTBEAT, seconds: NOON + seconds, ..call("oxpecker_filter", record) };
    object(&host.filter(&call)).expect("an answer to the tick")
}

/// The object that Fluent Bit would put in the place of a record; none where the record passes or goes. Panics on all that
/// would harm: a trap, text that is not exactly one JSON object, an address outside.
pub fn object(reply: &Reply) -> Option<Value> {
    match reply {
        Reply::Record | Reply::Nothing => None,
        Reply::Text(text) => {
            let value: Value = serde_json::from_slice(text)
                .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(text)));
            assert!(value.is_object(), "{value}");
            Some(value)
        }
        other => panic!("{other:?}"),
    }
}

/// The lines of the sample.
pub fn sample() -> Vec<Vec<u8>> {
    lines(&root().join("rules/samples/cloudtrail.ndjson"))
}

/// The shared real events where they are, else the sample.
pub fn real() -> Vec<Vec<u8>> {
    let folder = from_environment("OXPECKER_DATA", "../shared/data");
    let file = folder.join("cloudtrail.ndjson");
    if file.exists() { lines(&file) } else { sample() }
}

fn lines(path: &Path) -> Vec<Vec<u8>> {
    let bytes = std::fs::read(path).expect("the events are there");
    bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect()
}

/// Objects inside one another.
pub fn nested(depth: usize) -> Vec<u8> {
    [b"{\"a\":".repeat(depth), b"1".to_vec(), b"}".repeat(depth)].concat()
}

/// Brackets inside one another.
pub fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
