//! Which features of WebAssembly a module needs, and whether Fluent Bit's runtime has them.

use super::PackError;
use wasmparser::{Parser, Validator, WasmFeatures};

/// A feature of WebAssembly beyond its first version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Feature {
    /// Its name.
    pub name: &'static str,
    /// Whether Fluent Bit can run it.
    pub in_fluent_bit: bool,
}

/// What modules of today may need, and whether WAMR as Fluent Bit builds it has it.
const FEATURES: [(&str, WasmFeatures, bool); 12] = [
    ("bulk-memory", WasmFeatures::BULK_MEMORY, true),
    ("multi-value", WasmFeatures::MULTI_VALUE, true),
    ("mutable-globals", WasmFeatures::MUTABLE_GLOBAL, true),
    ("nontrapping-fptoint", WasmFeatures::SATURATING_FLOAT_TO_INT, true),
    ("reference-types", WasmFeatures::REFERENCE_TYPES, true),
    ("sign-extension", WasmFeatures::SIGN_EXTENSION, true),
    ("simd", WasmFeatures::SIMD, false),
    ("tail-call", WasmFeatures::TAIL_CALL, false),
    ("exceptions", WasmFeatures::EXCEPTIONS, false),
    ("extended-const", WasmFeatures::EXTENDED_CONST, false),
    ("memory64", WasmFeatures::MEMORY64, false),
    ("multi-memory", WasmFeatures::MULTI_MEMORY, false),
];

/// The features that a module needs: without each of them alone it is not valid.
#[must_use]
pub fn needed(wasm: &[u8]) -> Vec<Feature> {
    let needs = |without: WasmFeatures| !valid(wasm, WasmFeatures::default().difference(without));
    let named = FEATURES.iter().filter(|(_, feature, _)| needs(*feature));
    named.map(|(name, _, in_fluent_bit)| Feature { name, in_fluent_bit: *in_fluent_bit }).collect()
}

fn valid(wasm: &[u8], features: WasmFeatures) -> bool {
    Validator::new_with_features(features).validate_all(wasm).is_ok()
}

/// Whether Fluent Bit could run a module.
pub(super) fn fit(wasm: &[u8]) -> Result<(), PackError> {
    super::sections::begins_as_a_module(wasm)?;
    wasmparser::validate(wasm).map_err(|error| PackError::NotWasm(error.message().to_owned()))?;
    let foreign: Vec<&str> =
        needed(wasm).into_iter().filter(|feature| !feature.in_fluent_bit).map(|feature| feature.name).collect();
    if !foreign.is_empty() {
        return Err(PackError::Unfit(format!("it needs {}", foreign.join(", "))));
    }
    let imports = Parser::new(0)
        .parse_all(wasm)
        .any(|payload| matches!(payload, Ok(wasmparser::Payload::ImportSection(section)) if section.count() > 0));
    if imports { Err(PackError::Unfit("it has imports".to_owned())) } else { Ok(()) }
}
