//! Packs: a module with rules already in its memory, for log shippers. One file, nothing to read at start.
//!
//! In order: [`build`] loads rules into an instance and writes the instance down as a module ([`preload`]), with a
//! [`Manifest`] of what is inside; [`Packed`] reads such a file again, or what WAMR's compiler made of it ([`compiled`]);
//! [`runner`] calls it as a log shipper does, which is how [`self_test`] tries it; [`fluent_bit`] writes the configuration
//! that goes with it.

mod compiled;
mod features;
pub mod fluent_bit;
mod manifest;
mod preload;
pub mod runner;
mod sections;
pub mod self_test;

pub use compiled::Compiled;
#[cfg(test)]
pub(crate) use compiled::tests::file as compiled_file;
pub use features::{Feature, needed};
pub use manifest::{File, Manifest, Mode, RuleEntry, Settings, Shape, TestEntry, WhenBroken};
pub use sections::Export;

use crate::sandbox::{LoadReport, LoadRequest, Problem, SandboxError, hex, sha256};
use manifest::FORMAT;
use oxpecker_engine::rule::RuleSet;
use serde_json::json;
use std::path::Path;

/// The custom sections of a pack.
pub const SECTIONS: [&str; 2] = [manifest::SECTION, manifest::TESTS_SECTION];

/// Why there is no pack.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// The sandbox failed.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The rules have errors.
    #[error("the rules have errors")]
    Rules(Vec<Problem>),
    /// The module cannot be one for log shippers.
    #[error("a log shipper could not run this module: {0}")]
    Unfit(String),
    /// The bytes are no WebAssembly, or break off.
    #[error("this is no WebAssembly module: {0}")]
    NotWasm(String),
    /// A module without rules.
    #[error("there are no rules inside: it was not made by `oxpecker pack`")]
    NotPacked,
    /// A file of WAMR's compiler that does not say what it was made of.
    #[error(
        "it is compiled ahead of time for WAMR ({}, AOT format {}), without the pack's manifest: inspect the pack that it \
         was made of, or compile that with --emit-custom-sections={}", .0.target, .0.format, SECTIONS.join(",")
    )]
    NoManifest(Compiled),
    /// A file of WAMR's compiler, where a module is needed.
    #[error("it is compiled ahead of time, and only WAMR runs it: give the self-test the pack that it was made of")]
    CompiledAhead,
    /// A pack of a version after this one.
    #[error(
        "a newer version of oxpecker ({engine}) made this pack, in format {format}, and this one reads {FORMAT} and \
         before: look at it with that version. Log shippers run it all the same"
    )]
    Newer {
        /// The version that made it.
        engine: String,
        /// The version of its manifest.
        format: u32,
    },
    /// The instance does not answer as the ABI says.
    #[error("the module does not do what a pack does: {0}")]
    Broken(String),
    /// A file cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: String,
        /// Why not.
        source: std::io::Error,
    },
}

/// How a pack behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Which of its two functions the configuration names.
    pub mode: Mode,
    /// The form of its alerts.
    pub shape: Shape,
    /// Whether alerts are told again when they go on and when their windows close.
    pub updates: bool,
    /// What becomes of records where nothing can be detected.
    pub when_broken: WhenBroken,
    /// The most linear memory that an instance may take, in bytes.
    pub memory: u64,
    /// Patterns of tags with the types of their events; they go over those of rule files.
    pub event_types: Vec<(String, String)>,
    /// Whether the rules' tests go into the file, for its self-test.
    pub tests: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            mode: Mode::Alerts,
            shape: Shape::Alert,
            updates: false,
            when_broken: WhenBroken::Default,
            memory: 256 << 20,
            event_types: Vec::new(),
            tests: true,
        }
    }
}

/// The smallest memory ceiling: below it there is no room for windows and large records.
pub const LEAST_MEMORY: u64 = 16 << 20;

/// Makes a pack of a module and rules. `set` is what the request's documents hold: the manifest tells of it.
///
/// # Errors
/// If the rules have errors, or the module is none that can be packed.
pub fn build(wasm: &[u8], request: &LoadRequest, set: &RuleSet, options: &Options) -> Result<Vec<u8>, PackError> {
    features::fit(wasm)?;
    let text = serde_json::to_vec(request).map_err(|error| PackError::Broken(error.to_string()))?;
    let module_hash = sha256(wasm);
    let pack = pack_hash(&module_hash, &text, options);
    let bounded = sections::with_memory_limit(wasm, options.memory)?;
    let loaded = preload::preload(&bounded, &text, shipper(options, &pack).to_string().as_bytes(), options.memory)?;
    let manifest = Manifest::new(request, set, options, pack, hex(&module_hash));
    let mut bytes = loaded.wasm;
    sections::append(&mut bytes, manifest::SECTION, &manifest.to_bytes());
    if options.tests {
        sections::append(&mut bytes, manifest::TESTS_SECTION, &manifest::tests(set));
    }
    Ok(bytes)
}

/// What stands for the pack: the module, the rules and the options, whatever they are packed by.
fn pack_hash(module: &[u8], request: &[u8], options: &Options) -> String {
    let mut bytes = module.to_vec();
    bytes.extend_from_slice(&sha256(request));
    bytes.extend_from_slice(shipper(options, "").to_string().as_bytes());
    bytes.extend_from_slice(&options.memory.to_le_bytes());
    hex(&sha256(&bytes))
}

/// The options as the module takes them.
fn shipper(options: &Options, pack: &str) -> serde_json::Value {
    json!({
        "pack": pack,
        "shape": options.shape.as_str(),
        "updates": options.updates,
        "when_broken": options.when_broken.as_str(),
        "heartbeat_tag": fluent_bit::HEARTBEAT_TAG,
        "copy_prefix": fluent_bit::COPY_PREFIX,
        "event_types": options.event_types,
    })
}

/// A pack, read from its bytes.
#[derive(Debug, Clone)]
pub struct Packed {
    /// What it says of itself.
    pub manifest: Manifest,
    /// The tests of its rules, if they are in it.
    pub tests: Vec<TestEntry>,
    /// Whether there are tests in it that are not read: an earlier version wrote them.
    pub old_tests: bool,
    /// What it was compiled for, if it is the machine code of a pack: of that no exports, memory and features are read.
    pub compiled: Option<Compiled>,
    /// What it exports, in order.
    pub exports: Vec<Export>,
    /// Linear memory at the start, in bytes.
    pub memory: u64,
    /// The most that it may grow to, in bytes.
    pub memory_limit: Option<u64>,
    /// The features of WebAssembly that it needs beyond the first version.
    pub features: Vec<Feature>,
    /// Bytes of the file.
    pub size: u64,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
}

impl Packed {
    /// Reads a pack.
    ///
    /// # Errors
    /// If the bytes are no module, or one without rules.
    pub fn from_bytes(wasm: &[u8]) -> Result<Self, PackError> {
        if compiled::is_compiled(wasm) {
            return Self::from_compiled(wasm);
        }
        let found = sections::read(wasm)?;
        let manifest = found.custom(manifest::SECTION).ok_or(PackError::NotPacked)?;
        let mut packed = Self::of(wasm, manifest, found.custom(manifest::TESTS_SECTION))?;
        (packed.memory, packed.memory_limit, packed.exports) = (found.memory, found.memory_limit, found.exports);
        packed.features = needed(wasm);
        Ok(packed)
    }

    fn from_compiled(file: &[u8]) -> Result<Self, PackError> {
        let (compiled, customs) = compiled::read(file)?;
        let custom = |name| customs.iter().find(|(known, _)| *known == name).map(|(_, data)| *data);
        let [manifest, tests] = SECTIONS.map(custom);
        let Some(manifest) = manifest else { return Err(PackError::NoManifest(compiled)) };
        Ok(Self { compiled: Some(compiled), ..Self::of(file, manifest, tests)? })
    }

    /// What its sections say.
    fn of(file: &[u8], manifest: &[u8], tests: Option<&[u8]>) -> Result<Self, PackError> {
        let manifest = Manifest::from_bytes(manifest)?;
        let old_tests = tests.is_some() && manifest.format < FORMAT;
        Ok(Self {
            manifest,
            tests: tests.filter(|_| !old_tests).map(manifest::read_tests).transpose()?.unwrap_or_default(),
            old_tests,
            compiled: None,
            memory: 0,
            memory_limit: None,
            exports: Vec::new(),
            features: Vec::new(),
            size: file.len() as u64,
            sha256: hex(&sha256(file)),
        })
    }

    /// Reads a pack from a file; gives its bytes too.
    ///
    /// # Errors
    /// As [`Packed::from_bytes`], and if the file cannot be read.
    pub fn from_file(path: &Path) -> Result<(Self, Vec<u8>), PackError> {
        let read = |source| PackError::Read { path: path.display().to_string(), source };
        let bytes = std::fs::read(path).map_err(read)?;
        Ok((Self::from_bytes(&bytes)?, bytes))
    }
}

/// Errors of a report.
fn errors(report: &LoadReport) -> Vec<Problem> {
    report.errors().cloned().collect()
}
