//! Puts both modules, and the precompiled code of the one with vectors if that was made from the very same bytes, into
//! the library.
//!
//! Without the module the library still builds, so that checks, lints and documentation need no wasm toolchain; using the
//! sandbox then fails with an error that says what to run. The shipped rule sets, all files under `rules/`, go into the
//! command line.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

#[path = "src/sandbox/code_file.rs"]
#[expect(dead_code, reason = "shared with the library, which writes such files too")]
mod code_file;

fn main() -> io::Result<()> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?);
    println!("cargo::rerun-if-env-changed=OXPECKER_WASM");
    println!("cargo::rerun-if-changed=src/sandbox/code_file.rs");
    let plain_file =
        env::var_os("OXPECKER_WASM").map_or_else(|| PathBuf::from("../target/oxpecker.wasm"), PathBuf::from);
    let simd_file = plain_file.with_file_name("oxpecker-simd.wasm");
    let (plain, simd) = (wasm(&plain_file)?, wasm(&simd_file)?);
    let code = match &simd {
        Some(simd) => code_for(simd, &simd_file.with_extension("cwasm"))?,
        None => None,
    };
    let hash = |wasm: &Option<Vec<u8>>| code_file::sha256(wasm.as_deref().unwrap_or_default());
    let text = format!(
        "pub(super) static WASM: Option<&[u8]> = {};\npub(super) const WASM_SHA256: [u8; 32] = {:?};\n\
         pub(super) static SIMD: Option<&[u8]> = {};\npub(super) const SIMD_SHA256: [u8; 32] = {:?};\n\
         pub(super) static CODE: Option<&[u8]> = {};\n",
        embed(&out, "oxpecker.wasm", plain.as_deref())?,
        hash(&plain),
        embed(&out, "oxpecker-simd.wasm", simd.as_deref())?,
        hash(&simd),
        embed(&out, "oxpecker-simd.cwasm", code.as_deref())?,
    );
    fs::write(out.join("embedded.rs"), text)?;
    fs::write(out.join("shipped.rs"), shipped(Path::new("../rules"))?)
}

/// The rule files in the folders of `rules`, by their names, as the text of a slice of names and texts.
fn shipped(rules: &Path) -> io::Result<String> {
    println!("cargo::rerun-if-changed={}", rules.display());
    let mut files = Vec::new();
    for set in fs::read_dir(rules)?.collect::<io::Result<Vec<_>>>()?.iter().filter(|entry| entry.path().is_dir()) {
        for file in fs::read_dir(set.path())? {
            files.push(file?.path());
        }
    }
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    let entry = |file: &PathBuf| {
        println!("cargo::rerun-if-changed={}", file.display());
        let name = file.strip_prefix("..").unwrap_or(file).display().to_string();
        Ok(format!("    ({name:?}, include_str!({:?})),\n", file.canonicalize()?.display().to_string()))
    };
    let entries: String = files.iter().map(entry).collect::<io::Result<String>>()?;
    Ok(format!("&[\n{entries}]\n"))
}

/// A module's bytes, if it was built.
fn wasm(file: &Path) -> io::Result<Option<Vec<u8>>> {
    let wasm = read(file)?;
    if wasm.is_none() {
        println!("cargo::warning={} is missing; run `make build` to have the sandbox.", file.display());
    }
    Ok(wasm)
}

/// Precompiled code made from `wasm`; code of another module would run under a false hash, so it is left out.
fn code_for(wasm: &[u8], file: &Path) -> io::Result<Option<Vec<u8>>> {
    let Some(container) = read(file)? else { return Ok(None) };
    let code = code_file::unpack(&container, &code_file::sha256(wasm)).map(<[u8]>::to_vec);
    if code.is_none() {
        println!("cargo::warning={} was made from another module and is left out; run `make build`.", file.display());
    }
    Ok(code)
}

/// The file's bytes, or none if there is no such file.
fn read(file: &Path) -> io::Result<Option<Vec<u8>>> {
    println!("cargo::rerun-if-changed={}", file.display());
    match fs::read(file) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io::Error::other(format!("cannot read {}: {error}", file.display()))),
    }
}

/// Copies the bytes beside the generated source, so that what is embedded is what was checked.
fn embed(out: &Path, name: &str, bytes: Option<&[u8]>) -> io::Result<String> {
    let Some(bytes) = bytes else { return Ok("None".into()) };
    fs::write(out.join(name), bytes)?;
    Ok(format!("Some(include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}\")))"))
}
