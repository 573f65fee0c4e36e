//! The engine configuration that code compiled ahead of time and the process that runs it must share.
//!
//! The build step `oxpecker-precompile` includes this very file, so the two cannot drift apart. wasmtime refuses code of
//! another configuration, which would cost only the start-up time, in silence: hence one source.

use wasmtime::{Config, WasmBacktraceDetails};

/// What the module may use and how it is stopped. Core WebAssembly with SIMD, deadlines by epochs.
pub(crate) fn config() -> Config {
    let mut config = Config::new();
    config.epoch_interruption(true);
    // A hostile module names its own functions: keep traps free of its text and of the cost of reading it.
    config.wasm_backtrace_details(WasmBacktraceDetails::Disable);
    config.wasm_backtrace_max_frames(None);
    config.generate_address_map(false);
    // Only profilers and foreign unwinders read these tables; wasmtime itself needs them not on Unix.
    #[cfg(unix)]
    config.native_unwind_info(false);
    // The module needs neither a second memory nor 64-bit addresses; a smaller surface is easier to bound.
    config.wasm_multi_memory(false);
    config.wasm_memory64(false);
    config.wasm_relaxed_simd(false);
    config
}
