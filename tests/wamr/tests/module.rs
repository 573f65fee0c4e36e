//! What the module asks of a runtime and offers to it. A change here is a change for every host: UPDATE_GOLDEN=1 writes the
//! files anew, and a person reads the difference.

mod common;

use common::{module, pack};
use oxpecker_wamr::{DEFAULT, Host};
use std::fmt::Write as _;
use std::path::Path;
use wasmparser::{Parser, Payload, Validator, WasmFeatures};

/// What Fluent Bit's runtime does not have, as shippers found out.
const ABSENT: [(&str, WasmFeatures); 6] = [
    ("simd", WasmFeatures::SIMD),
    ("tail-call", WasmFeatures::TAIL_CALL),
    ("exceptions", WasmFeatures::EXCEPTIONS),
    ("extended-const", WasmFeatures::EXTENDED_CONST),
    ("memory64", WasmFeatures::MEMORY64),
    ("multi-memory", WasmFeatures::MULTI_MEMORY),
];
const PRESENT: [(&str, WasmFeatures); 6] = [
    ("bulk-memory", WasmFeatures::BULK_MEMORY),
    ("multi-value", WasmFeatures::MULTI_VALUE),
    ("mutable-globals", WasmFeatures::MUTABLE_GLOBAL),
    ("nontrapping-fptoint", WasmFeatures::SATURATING_FLOAT_TO_INT),
    ("reference-types", WasmFeatures::REFERENCE_TYPES),
    ("sign-extension", WasmFeatures::SIGN_EXTENSION),
];

fn golden(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, found).expect("the file is written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, expected, "{}: UPDATE_GOLDEN=1 writes it anew", path.display());
}

fn exports(wasm: &[u8]) -> String {
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.expect("the module is whole") {
            Payload::ImportSection(section) => assert_eq!(section.count(), 0, "no imports"),
            Payload::ExportSection(section) => {
                names.extend(
                    section
                        .into_iter()
                        .map(|export| export.expect("an export"))
                        .map(|export| format!("{:?} {}", export.kind, export.name).to_lowercase()),
                );
            }
            _ => {}
        }
    }
    names.sort();
    names.join("\n") + "\n"
}

fn needs(wasm: &[u8], feature: WasmFeatures) -> bool {
    Validator::new_with_features(WasmFeatures::default().difference(feature)).validate_all(wasm).is_err()
}

#[test]
fn its_exports_are_those_that_are_documented() {
    golden("exports.txt", &exports(&module()));
    let abi = std::fs::read_to_string(common::root().join("plugins/module/ABI.md")).expect("the page");
    for line in exports(&module()).lines().filter_map(|line| line.strip_prefix("func ")) {
        assert!(abi.contains(&format!("`{line}(")), "{line} is not in ABI.md");
    }
}

#[test]
fn it_needs_no_feature_that_fluent_bit_lacks() {
    for wasm in [module(), pack(&[], &[])] {
        for (name, feature) in ABSENT {
            assert!(!needs(&wasm, feature), "{name}");
        }
        let mut needed = String::new();
        for (name, feature) in PRESENT {
            if needs(&wasm, feature) {
                let _ = writeln!(needed, "{name}");
            }
        }
        // Two compilers are supported, and differ in what they use of it.
        let known = "bulk-memory multi-value mutable-globals nontrapping-fptoint reference-types sign-extension";
        assert!(needed.lines().all(|line| known.contains(line)));
        assert!(Host::new(&wasm, DEFAULT).is_ok(), "WAMR takes it");
    }
}

#[test]
fn a_folder_that_is_not_there_keeps_the_module_from_starting() {
    // Although the module cannot ask for files: so our configuration names none.
    assert!(Host::with_paths(&module(), DEFAULT, &["/nonexistent"]).is_err());
    assert!(Host::with_paths(&module(), DEFAULT, &["."]).is_ok());
    for name in ["alerts.conf", "alerts.yaml", "annotate.conf", "annotate.yaml"] {
        let path = common::root().join("plugins/fluent-bit").join(name);
        let text = std::fs::read_to_string(path).expect("the configuration");
        assert!(!text.to_lowercase().contains("accessible_paths"), "{name}");
    }
}

#[test]
fn wamr_refuses_what_fluent_bit_refuses() {
    for (name, wasm) in [
        ("simd", &b"\0asm\x01\0\0\0\x01\x05\x01\x60\0\x01\x7b\x03\x02\x01\0\x0a\x16\x01\x14\0\xfd\x0c\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x0b"[..]),
        ("a tail call", &b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x06\x01\x04\0\x12\0\x0b"[..]),
        ("memory64", &b"\0asm\x01\0\0\0\x05\x03\x01\x04\x01"[..]),
    ] {
        assert!(Host::new(wasm, DEFAULT).is_err(), "{name}");
    }
}
