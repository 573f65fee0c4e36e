//! A pack in the sandbox, called as a log shipper calls it.

use super::PackError;
use crate::sandbox::{Ceiling, Limits, Module, SandboxError, Ticking, ticks};
use wasmtime::{Instance, Memory, Store, WasmParams, WasmResults};

/// One instance of a module.
pub struct Runner {
    pub(super) store: Store<Ceiling>,
    pub(super) instance: Instance,
    pub(super) memory: Memory,
    limits: Limits,
    _ticking: Ticking,
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Runner")
    }
}

/// What came of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It leaves the stream.
    Nothing,
    /// It goes on as it is.
    Record,
    /// This goes on in its place.
    Text(Vec<u8>),
}

/// The longest answer that is read: no pack gives one that is longer than a record and its alerts.
const LONGEST_ANSWER: usize = 64 << 20;

impl Runner {
    /// Starts an instance.
    ///
    /// # Errors
    /// If the module does not start.
    pub fn start(module: &Module, limits: Limits) -> Result<Self, PackError> {
        let ticking = Ticking::start()?;
        let mut store = Store::new(module.ready().module().engine(), Ceiling::new(&limits));
        store.limiter(|ceiling| ceiling);
        store.set_epoch_deadline(ticks(limits.load_deadline));
        let started = module.ready().instantiate(&mut store);
        let instance = started.map_err(|error| PackError::Broken(format!("it does not start: {}", cause(&error))))?;
        let memory = instance.get_memory(&mut store, "memory").ok_or(SandboxError::MissingExport { name: "memory" })?;
        Ok(Self { store, instance, memory, limits, _ticking: ticking })
    }

    /// Calls an export.
    pub(super) fn call<P: WasmParams, R: WasmResults>(&mut self, name: &'static str, of: P) -> Result<R, PackError> {
        let function = self.instance.get_typed_func::<P, R>(&mut self.store, name);
        let function = function.map_err(|_| SandboxError::MissingExport { name })?;
        self.store.set_epoch_deadline(ticks(self.limits.load_deadline));
        let answer = function.call(&mut self.store, of);
        answer.map_err(|error| PackError::Broken(format!("`{name}` broke off: {}", cause(&error))))
    }

    /// Calls an export of the host ABI that takes bytes; gives its status and its result.
    pub(super) fn abi(&mut self, name: &'static str, input: &[u8]) -> Result<(i32, Vec<u8>), PackError> {
        let length = i32::try_from(input.len()).map_err(|_| SandboxError::TooLarge { bytes: input.len() })?;
        let address: i32 = self.call("ox_alloc", length.max(1))?;
        self.put(address, input)?;
        let status: i32 = self.call(name, (address, length))?;
        let _: i32 = self.call("ox_free", address)?;
        let (start, length): (i32, i32) = (self.call("ox_result_ptr", ())?, self.call("ox_result_len", ())?);
        let (start, length) = (start.cast_unsigned() as usize, length.cast_unsigned() as usize);
        let result = self.memory.data(&self.store).get(start..start.saturating_add(length)).map(<[u8]>::to_vec);
        Ok((status, result.ok_or_else(|| PackError::Broken(format!("`{name}` gives an address outside")))?))
    }

    fn put(&mut self, address: i32, bytes: &[u8]) -> Result<(), PackError> {
        let written = self.memory.write(&mut self.store, address.cast_unsigned() as usize, bytes);
        match (address, written) {
            (0, _) | (_, Err(_)) => Err(SandboxError::NoRoom { during: "malloc", bytes: bytes.len() }.into()),
            _ => Ok(()),
        }
    }

    /// One record, as Fluent Bit gives it in its JSON format: copied in with a NUL behind it, its answer read to its NUL,
    /// and freed.
    ///
    /// # Errors
    /// If the module traps, or answers with what is no text.
    pub fn record(
        &mut self,
        function: &'static str,
        tag: &str,
        time: (i32, i32),
        record: &[u8],
    ) -> Result<Answer, PackError> {
        let tag_at = self.duplicate(tag.as_bytes())?;
        let record_at = self.duplicate(record)?;
        let length = |bytes: usize| i32::try_from(bytes).map_err(|_| SandboxError::TooLarge { bytes });
        let of = (tag_at, length(tag.len())?, time.0, time.1, record_at, length(record.len())?);
        let address: i32 = self.call(function, of)?;
        let answer = match address {
            0 => Answer::Nothing,
            same if same == record_at => Answer::Record,
            text => Answer::Text(self.text(text)?),
        };
        let () = self.call("free", tag_at)?;
        let () = self.call("free", record_at)?;
        Ok(answer)
    }

    /// One call without a record, as Fluent Bit makes it when it has no memory for one.
    pub(super) fn without_record(&mut self, function: &'static str, length: i32) -> Result<Answer, PackError> {
        let address: i32 = self.call(function, (0, 0, 0, 0, 0, length))?;
        Ok(if address == 0 { Answer::Nothing } else { Answer::Text(self.text(address)?) })
    }

    fn duplicate(&mut self, bytes: &[u8]) -> Result<i32, PackError> {
        let mut text = bytes.to_vec();
        text.push(0);
        let length = i32::try_from(text.len()).map_err(|_| SandboxError::TooLarge { bytes: text.len() })?;
        let address: i32 = self.call("malloc", length)?;
        self.put(address, &text)?;
        Ok(address)
    }

    fn text(&self, address: i32) -> Result<Vec<u8>, PackError> {
        let bytes = self.memory.data(&self.store).get(address.cast_unsigned() as usize..).unwrap_or_default();
        let end = bytes.iter().take(LONGEST_ANSWER).position(|byte| *byte == 0);
        let text = end.and_then(|end| bytes.get(..end));
        Ok(text.ok_or_else(|| PackError::Broken("the answer is no text".to_owned()))?.to_vec())
    }
}

/// The kind of a trap; never the guest's own words.
fn cause(error: &wasmtime::Error) -> String {
    error.downcast_ref::<wasmtime::Trap>().map_or_else(|| "it cannot be run".to_owned(), ToString::to_string)
}
