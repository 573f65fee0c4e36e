//! Build step: compiles `oxpecker.wasm` ahead of time, so that the CLI starts without a compiler's delay.
//!
//! `oxpecker-precompile IN.wasm OUT.cwasm`. The code is for a baseline processor (see [`BASELINE`]), not for the one it
//! is made on: the binary runs elsewhere too, and a processor below the baseline falls back on compiling.

use std::path::Path;
use std::{env, fs, process};

use anyhow::{Context, Result, bail};
use wasmtime::Engine;

#[path = "../../src/sandbox/code_file.rs"]
#[expect(dead_code, reason = "shared with the library, which reads such files too")]
mod code_file;
#[path = "../../src/sandbox/config.rs"]
mod config;

/// On x86-64 the second micro-architecture level: every processor since about 2009, and all that 128-bit vectors need.
#[cfg(target_arch = "x86_64")]
const BASELINE: &[&str] = &["has_sse3", "has_ssse3", "has_sse41", "has_sse42", "has_popcnt"];
/// Elsewhere the architecture's own baseline.
#[cfg(not(target_arch = "x86_64"))]
const BASELINE: &[&str] = &[];

fn main() -> Result<()> {
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    let [wasm, code] = arguments.as_slice() else {
        bail!("usage: oxpecker-precompile IN.wasm OUT.cwasm");
    };
    precompile(Path::new(wasm), Path::new(code))
}

fn precompile(wasm_file: &Path, code_file: &Path) -> Result<()> {
    let wasm = fs::read(wasm_file).with_context(|| format!("cannot read {}", wasm_file.display()))?;
    let engine = baseline_engine()?;
    let code = engine.precompile_module(&wasm).map_err(|error| anyhow::anyhow!("{error:#}"))?;
    // Renamed into place: a build that is broken off leaves the old file or the new one.
    let fresh = code_file.with_extension(format!("{}.part", process::id()));
    fs::write(&fresh, code_file::pack(&code_file::sha256(&wasm), &code))
        .and_then(|()| fs::rename(&fresh, code_file))
        .with_context(|| format!("cannot write {}", code_file.display()))
}

fn baseline_engine() -> Result<Engine> {
    let mut config = config::config();
    if let Some(target) = target() {
        // Naming the target keeps the compiler from using what this machine's processor has beyond the baseline.
        config.target(target).map_err(|error| anyhow::anyhow!("{error:#}"))?;
        for flag in BASELINE {
            // SAFETY: the loading engine checks every flag against its processor and refuses code that needs more.
            unsafe { config.cranelift_flag_enable(flag) };
        }
    }
    Engine::new(&config).map_err(|error| anyhow::anyhow!("{error:#}"))
}

/// This build's target; none where the code is then for this machine's processor only.
fn target() -> Option<&'static str> {
    match (env::consts::ARCH, env::consts::OS) {
        ("x86_64", "linux") => Some("x86_64-unknown-linux-gnu"),
        ("aarch64", "linux") => Some("aarch64-unknown-linux-gnu"),
        ("x86_64", "macos") => Some("x86_64-apple-darwin"),
        ("aarch64", "macos") => Some("aarch64-apple-darwin"),
        _ => None,
    }
}
