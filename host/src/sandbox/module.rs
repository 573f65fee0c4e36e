//! The module: its bytes, its identity, and code that runs here.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::Arc;

use wasmtime::{Engine, InstancePre, Linker};

use super::cache::CodeCache;
use super::code_file::{DIGEST, hex, sha256};
use super::error::SandboxError;
use super::limits::Ceiling;
use super::snapshot::{Last, RuleMemory};
use super::ticker::engine;

mod embedded {
    //! What the build script found: `WASM`, the module for any runtime; `SIMD`, the same source with 128-bit vectors; their
    //! hashes; and `CODE`, the latter compiled.
    include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
}

/// Where the code that runs came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Compiled when this program was built.
    Embedded,
    /// Compiled by an earlier run.
    Cached,
    /// Compiled just now.
    Compiled,
}

/// A WebAssembly module ready to be instantiated. Cloning shares it; threads may share it.
#[derive(Clone)]
pub struct Module {
    inner: Arc<Inner>,
}

struct Inner {
    ready: InstancePre<Ceiling>,
    hash: [u8; DIGEST],
    origin: Origin,
    rules: RuleMemory,
}

impl std::fmt::Debug for Module {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Module").field("hash", &self.hash()).field("origin", &self.inner.origin).finish()
    }
}

impl Module {
    /// The `oxpecker-simd.wasm` inside this program: by its precompiled code, else from the user's cache, else compiled
    /// now.
    ///
    /// # Errors
    /// If the program was built without the module, or WebAssembly cannot run here.
    pub fn shipped() -> Result<Self, SandboxError> {
        Self::shipped_with(CodeCache::of_user().as_ref())
    }

    /// As [`Module::shipped`], with a cache of the caller's choice or none.
    ///
    /// # Errors
    /// As [`Module::shipped`].
    pub fn shipped_with(cache: Option<&CodeCache>) -> Result<Self, SandboxError> {
        let wasm = embedded::SIMD.ok_or(SandboxError::NotEmbedded)?;
        let engine = engine()?;
        if let Some(code) = embedded::CODE {
            // SAFETY: the build embedded this code, so it is as trusted as the program it lies in.
            if let Ok(module) = unsafe { wasmtime::Module::deserialize(engine, code) } {
                return Self::new(&module, embedded::SIMD_SHA256, Origin::Embedded);
            }
        }
        Self::through_cache(engine, wasm, embedded::SIMD_SHA256, cache)
    }

    /// The `oxpecker.wasm` inside this program, which has no vectors and runs in any runtime: from the user's cache, else
    /// compiled now. The same verdicts, in more time.
    ///
    /// # Errors
    /// As [`Module::shipped`].
    pub fn plain() -> Result<Self, SandboxError> {
        let wasm = embedded::WASM.ok_or(SandboxError::NotEmbedded)?;
        Self::through_cache(engine()?, wasm, embedded::WASM_SHA256, CodeCache::of_user().as_ref())
    }

    /// The bytes of the `oxpecker.wasm` inside this program.
    ///
    /// # Errors
    /// If the program was built without the module.
    pub fn shipped_bytes() -> Result<&'static [u8], SandboxError> {
        embedded::WASM.ok_or(SandboxError::NotEmbedded)
    }

    /// A module from WebAssembly bytes, compiled now. They need not be trusted.
    ///
    /// # Errors
    /// If they are no valid core module, or one with imports.
    pub fn from_bytes(wasm: &[u8]) -> Result<Self, SandboxError> {
        Self::through_cache(engine()?, wasm, sha256(wasm), None)
    }

    /// A module from WebAssembly bytes, compiled unless `cache` has its code.
    ///
    /// # Errors
    /// As [`Module::from_bytes`].
    pub fn cached(wasm: &[u8], cache: &CodeCache) -> Result<Self, SandboxError> {
        Self::through_cache(engine()?, wasm, sha256(wasm), Some(cache))
    }

    /// A module from a `.wasm` file, compiled now. The file need not be trusted.
    ///
    /// # Errors
    /// If it cannot be read, and as [`Module::from_bytes`].
    pub fn from_file(path: &Path) -> Result<Self, SandboxError> {
        let wasm =
            std::fs::read(path).map_err(|source| SandboxError::Read { path: path.display().to_string(), source })?;
        Self::from_bytes(&wasm)
    }

    /// SHA-256 of the WebAssembly bytes, in hexadecimal: what ran can be told from the summary.
    pub fn hash(&self) -> String {
        hex(&self.inner.hash)
    }

    /// Where its code came from.
    pub fn origin(&self) -> Origin {
        self.inner.origin
    }

    /// The same module, which keeps rules that took long to load in `cache`, as memory images of an instance that has
    /// them. Only modules that came with this program do.
    #[must_use]
    pub fn caching_rules(self, cache: Option<CodeCache>) -> Self {
        let Inner { ready, hash, origin, .. } = &*self.inner;
        let rules = RuleMemory { cache, ..RuleMemory::default() };
        Module { inner: Arc::new(Inner { ready: ready.clone(), hash: *hash, origin: *origin, rules }) }
    }

    /// Whether it came with this program: then it is known how its instances may be copied.
    pub(crate) fn is_shipped(&self) -> bool {
        [embedded::SIMD_SHA256, embedded::WASM_SHA256].contains(&self.inner.hash)
    }

    pub(crate) fn digest(&self) -> &[u8; DIGEST] {
        &self.inner.hash
    }

    pub(crate) fn rule_cache(&self) -> Option<&CodeCache> {
        self.inner.rules.cache.as_ref()
    }

    pub(crate) fn last_rules(&self) -> &Last {
        &self.inner.rules.last
    }

    pub(crate) fn ready(&self) -> &InstancePre<Ceiling> {
        &self.inner.ready
    }

    fn through_cache(
        engine: &Engine,
        wasm: &[u8],
        hash: [u8; DIGEST],
        cache: Option<&CodeCache>,
    ) -> Result<Self, SandboxError> {
        let key = key(engine, &hash);
        if let Some(code) = cache.and_then(|cache| cache.get(&key)) {
            // SAFETY: the cache vouches that this user wrote the file, that it is whole, and that the same compiler made
            // it from the same module for the same processor.
            if let Ok(module) = unsafe { wasmtime::Module::deserialize(engine, code) } {
                return Self::new(&module, hash, Origin::Cached);
            }
        }
        let module = wasmtime::Module::from_binary(engine, wasm).map_err(|error| unfit(&error))?;
        if let Some(cache) = cache
            && let Ok(code) = module.serialize()
        {
            cache.put(&key, &code);
        }
        Self::new(&module, hash, Origin::Compiled)
    }

    fn new(module: &wasmtime::Module, hash: [u8; DIGEST], origin: Origin) -> Result<Self, SandboxError> {
        if module.imports().len() > 0 {
            return Err(SandboxError::Imports);
        }
        let ready = Linker::new(module.engine()).instantiate_pre(module).map_err(|error| unfit(&error))?;
        Ok(Module { inner: Arc::new(Inner { ready, hash, origin, rules: RuleMemory::default() }) })
    }
}

fn unfit(error: &wasmtime::Error) -> SandboxError {
    SandboxError::Module { detail: format!("{error:#}") }
}

/// The modules inside this program, as far as they were built.
#[cfg(test)]
pub(crate) fn embedded_modules() -> impl Iterator<Item = &'static [u8]> {
    [embedded::SIMD, embedded::WASM].into_iter().flatten()
}

/// What compiled code depends on: the module, and wasmtime's version, configuration and view of the processor.
fn key(engine: &Engine, hash: &[u8; DIGEST]) -> [u8; DIGEST] {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    let mut made_from = hash.to_vec();
    made_from.extend_from_slice(&hasher.finish().to_le_bytes());
    made_from.extend_from_slice(env!("CARGO_PKG_VERSION").as_bytes());
    sha256(&made_from)
}
