//! `oxpecker.wasm` as Fluent Bit runs it: WAMR, the same steps in the same order as `flb_wasm.c` and
//! `filter_wasm.c` take them. What is an error message there is a value here, so that tests can ask for it.

use std::cell::Cell;
use std::ffi::{CStr, CString, c_char};
use std::ptr::null_mut;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use wamrx_sys as wamr;

/// What Fluent Bit takes where its configuration says nothing.
pub const DEFAULT: Sizes = Sizes { stack: 8 << 10, heap: 8 << 10 };
/// What our configuration asks for.
pub const DOCUMENTED: Sizes = Sizes { stack: 64 << 10, heap: 8 << 10 };

/// The stack on which rules are loaded: `oxpecker pack` does it in another runtime.
const AHEAD_OF_TIME_STACK: u32 = 1 << 20;

/// The settings `wasm_stack_size` and `wasm_heap_size` of Fluent Bit's filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    pub stack: u32,
    pub heap: u32,
}

/// What a call of the filter's function came to, before Fluent Bit looks at the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The record's own address: it passes through.
    Record,
    /// Address 0.
    Nothing,
    /// The text at the address that came back, up to its NUL.
    Text(Vec<u8>),
    /// The address is not one of a text inside the memory.
    BadAddress(u32),
    /// The function trapped.
    Trap(String),
    /// There is no such function.
    NoFunction,
}

impl Reply {
    /// What a test expects to be text.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Reply::Text(text) => String::from_utf8_lossy(text).into_owned(),
            other => panic!("a text was expected, this came: {other:?}"),
        }
    }
}

/// What Fluent Bit hands over with a record.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    pub function: &'a str,
    pub tag: &'a str,
    pub seconds: u32,
    pub nanoseconds: u32,
    pub record: &'a [u8],
}

/// One instance, as one filter of Fluent Bit holds it.
pub struct Host {
    module: wamr::wasm_module_t,
    instance: wamr::wasm_module_inst_t,
    environment: wamr::wasm_exec_env_t,
    /// A stack for what a pack has behind it when a shipper gets it: loading rules.
    ahead_of_time: wamr::wasm_exec_env_t,
    /// WAMR keeps pointers into the module's bytes.
    _bytes: Vec<u8>,
    /// One thread of a process can run WAMR, in Fluent Bit as here.
    _turn: MutexGuard<'static, ()>,
}

static TURN: Mutex<()> = Mutex::new(());
static RUNTIME: OnceLock<bool> = OnceLock::new();

thread_local! {
    /// This thread, as WAMR knows it.
    static KNOWN: Cell<Option<Known>> = const { Cell::new(None) };
}

/// A thread that WAMR knows. WAMR guards pages of its stack, and the next thread may get the same stack: so it is told
/// of the end, too.
struct Known;

impl Drop for Known {
    fn drop(&mut self) {
        // SAFETY: the thread was made known, and ends.
        unsafe { wamr::wasm_runtime_destroy_thread_env() };
    }
}

fn start_runtime() {
    let mut first = false;
    // SAFETY: called once, before anything else of WAMR; the arguments are plain data, zero meaning none.
    let started = RUNTIME.get_or_init(|| unsafe {
        first = true;
        let mut arguments = wamr::RuntimeInitArgs {
            mem_alloc_type: wamr::Alloc_With_System_Allocator,
            ..wamr::RuntimeInitArgs::default()
        };
        wamr::wasm_runtime_full_init(&raw mut arguments)
    });
    assert!(started, "WAMR starts");
    let known = KNOWN.take();
    if known.is_some() {
        return KNOWN.set(known);
    }
    // SAFETY: each thread is made known once; the one that starts the runtime is so by that.
    assert!(first || unsafe { wamr::wasm_runtime_init_thread_env() }, "WAMR knows this thread");
    KNOWN.set(Some(Known));
}

impl Host {
    /// Loads and instantiates a module.
    ///
    /// # Errors
    /// With WAMR's own message, as Fluent Bit logs it.
    pub fn new(wasm: &[u8], sizes: Sizes) -> Result<Self, String> {
        // The default of `accessible_paths`.
        Self::with_paths(wasm, sizes, &["."])
    }

    /// The same with other folders that the module may open.
    ///
    /// # Errors
    /// As [`Host::new`].
    pub fn with_paths(wasm: &[u8], sizes: Sizes, paths: &[&str]) -> Result<Self, String> {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        start_runtime();
        let mut bytes = wasm.to_vec();
        let mut message = [0 as c_char; 128];
        let length = u32::try_from(bytes.len()).map_err(|error| error.to_string())?;
        let paths: Vec<CString> = paths.iter().map(|path| CString::new(*path).expect("no NUL")).collect();
        let mut folders: Vec<*const c_char> = paths.iter().map(|path| path.as_ptr()).collect();
        // SAFETY: `folders`, `bytes` and `message` outlive the calls with their lengths; `bytes` is kept as long as the module.
        unsafe {
            let module = wamr::wasm_runtime_load(bytes.as_mut_ptr(), length, message.as_mut_ptr(), 128);
            if module.is_null() {
                return Err(text_of(&message));
            }
            wamr::wasm_runtime_set_wasi_args_ex(
                module,
                folders.as_mut_ptr(),
                folders.len() as u32,
                null_mut(),
                0,
                null_mut(),
                0,
                null_mut(),
                0,
                0,
                1,
                2,
            );
            let instance = wamr::wasm_runtime_instantiate(module, sizes.stack, sizes.heap, message.as_mut_ptr(), 128);
            if instance.is_null() {
                wamr::wasm_runtime_unload(module);
                return Err(text_of(&message));
            }
            let environment = wamr::wasm_runtime_create_exec_env(instance, sizes.stack);
            assert!(!environment.is_null(), "an execution environment");
            let ahead_of_time = wamr::wasm_runtime_create_exec_env(instance, AHEAD_OF_TIME_STACK);
            assert!(!ahead_of_time.is_null(), "an execution environment");
            Ok(Self { module, instance, environment, ahead_of_time, _bytes: bytes, _turn: turn })
        }
    }

    /// Calls on a stack that is large enough for anything, as if Fluent Bit's were.
    pub fn with_room<T>(&mut self, ask: impl FnOnce(&mut Self) -> T) -> T {
        std::mem::swap(&mut self.environment, &mut self.ahead_of_time);
        let answer = ask(self);
        std::mem::swap(&mut self.environment, &mut self.ahead_of_time);
        answer
    }

    /// One record through the filter's function, as `flb_wasm_call_function_format_json` does it.
    pub fn filter(&mut self, call: &Call<'_>) -> Reply {
        let mut record = call.record.to_vec();
        record.push(0);
        self.raw_filter(call, &record, call.record.len())
    }

    /// The same in the format MessagePack: no byte of zero behind the record.
    pub fn filter_msgpack(&mut self, call: &Call<'_>) -> Reply {
        self.raw_filter(call, call.record, call.record.len())
    }

    fn raw_filter(&mut self, call: &Call<'_>, record: &[u8], length: usize) -> Reply {
        let Some(function) = self.function(call.function) else { return Reply::NoFunction };
        let mut tag_bytes = call.tag.as_bytes().to_vec();
        tag_bytes.push(0);
        let tag = self.duplicate(&tag_bytes);
        let record = self.duplicate(record);
        let mut cells = [tag, call.tag.len() as u32, call.seconds, call.nanoseconds, record, length as u32];
        let reply = self.reply(function, &mut cells, record);
        for address in [tag, record] {
            if address != 0 {
                // SAFETY: the address is one that `duplicate` gave.
                unsafe { wamr::wasm_runtime_module_free(self.instance, u64::from(address)) };
            }
        }
        reply
    }

    /// The filter's function with any six numbers, whatever they mean.
    pub fn filter_with(&mut self, function: &str, mut cells: [u32; 6]) -> Reply {
        let Some(function) = self.function(function) else { return Reply::NoFunction };
        self.reply(function, &mut cells, 0)
    }

    fn reply(&mut self, function: wamr::wasm_function_inst_t, cells: &mut [u32; 6], record: u32) -> Reply {
        // SAFETY: the environment and the function belong to this instance, and there are six cells.
        unsafe {
            if !wamr::wasm_runtime_call_wasm(self.environment, function, 6, cells.as_mut_ptr()) {
                return Reply::Trap(self.take_exception());
            }
            let address = cells[0];
            if !wamr::wasm_runtime_validate_app_str_addr(self.instance, u64::from(address)) {
                self.take_exception();
                return if address == 0 { Reply::Nothing } else { Reply::BadAddress(address) };
            }
            let native = wamr::wasm_runtime_addr_app_to_native(self.instance, u64::from(address));
            if native.is_null() || address == 0 {
                return Reply::Nothing;
            }
            if address == record {
                return Reply::Record;
            }
            Reply::Text(CStr::from_ptr(native.cast()).to_bytes().to_vec())
        }
    }

    /// Calls any function with cells of 32 bits; gives the first cell.
    ///
    /// # Errors
    /// With the trap's message.
    pub fn call(&mut self, function: &str, cells: &[u32]) -> Result<u32, String> {
        let environment = if function == "ox_load" { self.ahead_of_time } else { self.environment };
        let function = self.function(function).ok_or_else(|| format!("{function} is not exported"))?;
        let mut cells = cells.to_vec();
        let count = cells.len() as u32;
        cells.resize(cells.len().max(2), 0);
        // SAFETY: as in `reply`; the cells have room for the result.
        unsafe {
            if wamr::wasm_runtime_call_wasm(environment, function, count, cells.as_mut_ptr()) {
                Ok(cells[0])
            } else {
                Err(self.take_exception())
            }
        }
    }

    /// A call of the host ABI that takes bytes: its status and its result. `more` are cells behind address and length.
    ///
    /// # Errors
    /// With the trap's message.
    pub fn abi(&mut self, function: &str, input: &[u8], more: &[u32]) -> Result<(i32, Vec<u8>), String> {
        let address = self.call("ox_alloc", &[input.len().max(1) as u32])?;
        assert_ne!(address, 0, "there is memory for {} bytes", input.len());
        // SAFETY: the block has room for the input.
        unsafe {
            let native = wamr::wasm_runtime_addr_app_to_native(self.instance, u64::from(address));
            std::ptr::copy_nonoverlapping(input.as_ptr(), native.cast::<u8>(), input.len());
        }
        let cells: Vec<u32> = [address, input.len() as u32].iter().chain(more).copied().collect();
        let status = self.call(function, &cells);
        self.call("ox_free", &[address])?;
        Ok((status?.cast_signed(), self.result()?))
    }

    /// The result of the last call of the host ABI.
    ///
    /// # Errors
    /// With the trap's message.
    pub fn result(&mut self) -> Result<Vec<u8>, String> {
        let (address, length) = (self.call("ox_result_ptr", &[])?, self.call("ox_result_len", &[])?);
        if length == 0 {
            return Ok(Vec::new());
        }
        // SAFETY: the range is checked by WAMR before it is read.
        unsafe {
            assert!(wamr::wasm_runtime_validate_app_addr(self.instance, u64::from(address), u64::from(length)));
            let native = wamr::wasm_runtime_addr_app_to_native(self.instance, u64::from(address));
            Ok(std::slice::from_raw_parts(native.cast::<u8>(), length as usize).to_vec())
        }
    }

    /// Bytes of linear memory.
    #[must_use]
    pub fn memory(&self) -> u64 {
        // SAFETY: the instance has one memory, which lives as long as it.
        unsafe {
            let memory = wamr::wasm_runtime_get_default_memory(self.instance);
            wamr::wasm_memory_get_cur_page_count(memory) * wamr::wasm_memory_get_bytes_per_page(memory)
        }
    }

    fn function(&self, name: &str) -> Option<wamr::wasm_function_inst_t> {
        let name = CString::new(name).expect("a name without NUL");
        // SAFETY: the instance lives, and the name outlives the call.
        let found = unsafe { wamr::wasm_runtime_lookup_function(self.instance, name.as_ptr()) };
        (!found.is_null()).then_some(found)
    }

    /// Copies bytes into the instance: by its `malloc` where it has one, else into WAMR's own heap. 0 if there is no room.
    fn duplicate(&mut self, bytes: &[u8]) -> u32 {
        // SAFETY: the bytes outlive the call with their length.
        let address =
            unsafe { wamr::wasm_runtime_module_dup_data(self.instance, bytes.as_ptr().cast(), bytes.len() as u64) };
        u32::try_from(address).expect("an address of 32 bits")
    }

    fn take_exception(&mut self) -> String {
        // SAFETY: the message is a C string of the instance, copied before it is cleared.
        unsafe {
            let message = wamr::wasm_runtime_get_exception(self.instance);
            let text =
                if message.is_null() { String::new() } else { CStr::from_ptr(message).to_string_lossy().into_owned() };
            wamr::wasm_runtime_clear_exception(self.instance);
            text
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // SAFETY: each was made once by `new`, and goes in the opposite order.
        unsafe {
            wamr::wasm_runtime_destroy_exec_env(self.ahead_of_time);
            wamr::wasm_runtime_destroy_exec_env(self.environment);
            wamr::wasm_runtime_deinstantiate(self.instance);
            wamr::wasm_runtime_unload(self.module);
        }
    }
}

fn text_of(message: &[c_char]) -> String {
    // SAFETY: WAMR ends its messages with a NUL.
    unsafe { CStr::from_ptr(message.as_ptr()).to_string_lossy().into_owned() }
}
