//! The sections of a module: those of our own behind it, the limit of its memory inside it.

use super::PackError;
use wasmparser::{ExternalKind, Parser, Payload};

/// A module's id of custom and of memory sections.
const CUSTOM: u8 = 0;
const MEMORY: u8 = 5;
/// Magic and version.
const HEADER: usize = 8;
/// Bytes of a page of memory.
const PAGE: u64 = 64 << 10;

/// Something that a module exports.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Export {
    /// Its name.
    pub name: String,
    /// `function`, `memory`, `global`, `table` or `tag`.
    pub kind: &'static str,
    /// A function's type, such as `(i32, i32) -> i32`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

/// What a module holds.
#[derive(Debug, Default)]
pub(super) struct Found<'m> {
    customs: Vec<(&'m str, &'m [u8])>,
    pub(super) exports: Vec<Export>,
    pub(super) memory: u64,
    pub(super) memory_limit: Option<u64>,
}

impl<'m> Found<'m> {
    /// The content of a custom section; of two with one name that of the last.
    pub(super) fn custom(&self, name: &str) -> Option<&'m [u8]> {
        self.customs.iter().rev().find(|(known, _)| *known == name).map(|(_, data)| *data)
    }
}

fn broken(error: &wasmparser::BinaryReaderError) -> PackError {
    PackError::NotWasm(error.message().to_owned())
}

/// Reads a module without compiling it.
pub(super) fn read(wasm: &[u8]) -> Result<Found<'_>, PackError> {
    begins_as_a_module(wasm)?;
    let mut found = Found::default();
    let (mut types, mut functions) = (Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.map_err(|error| broken(&error))? {
            Payload::CustomSection(custom) => found.customs.push((custom.name(), custom.data())),
            Payload::TypeSection(section) => {
                for kind in section.into_iter_err_on_gc_types() {
                    types.push(signature(&kind.map_err(|error| broken(&error))?));
                }
            }
            Payload::FunctionSection(section) => {
                for index in section {
                    functions.push(index.map_err(|error| broken(&error))?);
                }
            }
            Payload::MemorySection(section) => {
                for memory in section.into_iter().take(1) {
                    let memory = memory.map_err(|error| broken(&error))?;
                    found.memory = memory.initial.saturating_mul(PAGE);
                    found.memory_limit = memory.maximum.map(|pages| pages.saturating_mul(PAGE));
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export.map_err(|error| broken(&error))?;
                    // A module without imports numbers its functions from its own first one.
                    let kind = functions.get(export.index as usize).and_then(|kind| types.get(*kind as usize));
                    let function = export.kind == ExternalKind::Func;
                    found.exports.push(Export {
                        name: export.name.to_owned(),
                        kind: name_of(export.kind),
                        signature: kind.filter(|_| function).cloned(),
                    });
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

/// The reader's own words for it are long.
pub(super) fn begins_as_a_module(wasm: &[u8]) -> Result<(), PackError> {
    if wasm.starts_with(b"\0asm") { Ok(()) } else { Err(PackError::NotWasm("it does not begin as one".to_owned())) }
}

fn name_of(kind: ExternalKind) -> &'static str {
    match kind {
        ExternalKind::Func | ExternalKind::FuncExact => "function",
        ExternalKind::Table => "table",
        ExternalKind::Memory => "memory",
        ExternalKind::Global => "global",
        ExternalKind::Tag => "tag",
    }
}

/// `(i32, i32) -> i32`
fn signature(kind: &wasmparser::FuncType) -> String {
    let names = |types: &[wasmparser::ValType]| types.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match kind.results() {
        [] => format!("({})", names(kind.params())),
        results => format!("({}) -> {}", names(kind.params()), names(results)),
    }
}

/// Adds a custom section behind a module.
pub(super) fn append(wasm: &mut Vec<u8>, name: &str, data: &[u8]) {
    let mut body = Vec::with_capacity(name.len() + data.len() + 5);
    number(name.len() as u64, &mut body);
    body.extend_from_slice(name.as_bytes());
    body.extend_from_slice(data);
    section(CUSTOM, &body, wasm);
}

fn section(id: u8, body: &[u8], wasm: &mut Vec<u8>) {
    wasm.push(id);
    number(body.len() as u64, wasm);
    wasm.extend_from_slice(body);
}

/// LEB128, as WebAssembly writes numbers.
fn number(mut value: u64, out: &mut Vec<u8>) {
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        out.push(if value == 0 { low } else { low | 0x80 });
        if value == 0 {
            return;
        }
    }
}

/// The module with a limit on its memory.
pub(super) fn with_memory_limit(wasm: &[u8], bytes: u64) -> Result<Vec<u8>, PackError> {
    let mut out = wasm.get(..HEADER).ok_or_else(|| PackError::NotWasm("it breaks off".to_owned()))?.to_vec();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.map_err(|error| broken(&error))?;
        if let Payload::MemorySection(section_of) = &payload {
            let mut body = Vec::new();
            number(1, &mut body);
            let memory = section_of.clone().into_iter().next();
            let memory = memory.ok_or_else(|| PackError::Unfit("it has no memory".to_owned()))?;
            let memory = memory.map_err(|error| broken(&error))?;
            // 1: a limit follows.
            body.push(1);
            number(memory.initial, &mut body);
            number((bytes / PAGE).max(memory.initial), &mut body);
            section(MEMORY, &body, &mut out);
        } else if let Some((id, range)) = payload.as_section() {
            let body = wasm.get(range).ok_or_else(|| PackError::NotWasm("it breaks off".to_owned()))?;
            section(id, body, &mut out);
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_added_and_found_again() {
        let mut wasm = wat::parse_str(
            r#"(module (memory (export "memory") 2) (func (export "f") (param i32) (result i64) i64.const 0))"#,
        )
        .unwrap();
        append(&mut wasm, "a", &[7; 300]);
        let wasm = with_memory_limit(&wasm, 1 << 20).unwrap();
        let found = read(&wasm).unwrap();
        assert_eq!(found.custom("a"), Some(&[7; 300][..]));
        assert_eq!((found.memory, found.memory_limit), (2 * PAGE, Some(1 << 20)));
        assert_eq!(found.exports[1].signature.as_deref(), Some("(i32) -> i64"));
        assert!(wasmparser::validate(&wasm).is_ok());
        assert!(read(&wasm[..20]).is_err());
    }
}
