//! Rules into a module's memory: an instance loads them through the host ABI, and what it is then is written down as a
//! module.

use super::runner::Runner;
use super::{PackError, errors};
use crate::sandbox::{CodeCache, Limits, LoadReport, Module};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use wasmtime::Val;
use wasmtime_wizer::{InstanceState, SnapshotVal, ValType, Wizer};

/// A module with rules inside.
pub(super) struct Loaded {
    pub(super) wasm: Vec<u8>,
}

/// Loading a large rule set may take its time: nobody waits for it but who packs.
const LOADING: Duration = Duration::from_secs(300);

/// The function that wizer would call by itself; there is none, since rules are loaded before.
const NO_FUNCTION: &str = "oxpecker no init function";

/// Loads rules and options.
pub(super) fn preload(wasm: &[u8], request: &[u8], options: &[u8], memory: u64) -> Result<Loaded, PackError> {
    let mut wizer = Wizer::new();
    wizer.init_func(NO_FUNCTION);
    let broken = |error: wasmtime::Error| PackError::NotWasm(format!("{error:#}"));
    let (context, instrumented) = wizer.instrument(wasm).map_err(broken)?;
    // The same bytes for every pack of one version, so a cache has their code from the second pack on.
    let module = match CodeCache::of_user() {
        Some(cache) => Module::cached(&instrumented, &cache)?,
        None => Module::from_bytes(&instrumented)?,
    };
    let memory_bytes = usize::try_from(memory).unwrap_or(usize::MAX);
    let limits = Limits { memory_bytes, load_deadline: LOADING, ..Limits::default() };
    let mut runner = Runner::start(&module, limits)?;
    load(&mut runner, request)?;
    let (status, _) = runner.abi("ox_shipper", options)?;
    if status != 0 {
        return Err(PackError::Broken(format!("it refuses its options with {status}")));
    }
    // Gives back the room of the report, the largest result there has been.
    let _: i32 = runner.call("ox_stats", ())?;
    let written = at_once(wizer.snapshot(&context, &mut State(&mut runner)));
    let wasm = written.ok_or_else(|| PackError::Broken("the snapshot waits".to_owned()))?.map_err(broken)?;
    Ok(Loaded { wasm })
}

fn load(runner: &mut Runner, request: &[u8]) -> Result<(), PackError> {
    const RULE_ERRORS: i32 = -5;
    let (status, report) = runner.abi("ox_load", request)?;
    match status {
        0 => Ok(()),
        RULE_ERRORS => {
            let report: LoadReport = serde_json::from_slice(&report).unwrap_or_default();
            Err(PackError::Rules(errors(&report)))
        }
        other => Err(PackError::Broken(format!("it refuses the rules with {other}"))),
    }
}

/// The value of a future that never waits.
fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// What wizer reads of the instance: it has exported what it needs under names of its own.
struct State<'r>(&'r mut Runner);

impl InstanceState for State<'_> {
    async fn global_get(&mut self, name: &str, _: ValType) -> SnapshotVal {
        let Runner { store, instance, .. } = &mut *self.0;
        let value = instance.get_global(&mut *store, name).map(|global| global.get(&mut *store));
        match value {
            Some(Val::I64(value)) => SnapshotVal::I64(value),
            Some(Val::F32(value)) => SnapshotVal::F32(value),
            Some(Val::F64(value)) => SnapshotVal::F64(value),
            Some(Val::I32(value)) => SnapshotVal::I32(value),
            // The module was found to need no SIMD, and wizer refuses references.
            _ => SnapshotVal::I32(0),
        }
    }

    async fn memory_contents(&mut self, name: &str, contents: impl FnOnce(&[u8]) + Send) {
        let Runner { store, instance, .. } = &mut *self.0;
        if let Some(memory) = instance.get_memory(&mut *store, name) {
            contents(memory.data(&*store));
        }
    }
}
