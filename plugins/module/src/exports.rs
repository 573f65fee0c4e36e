//! The functions that the module exports. Each turns addresses into slices and calls the session, or the shipper's face.

use crate::memory::Blocks;
use crate::shipper::{Face, Record, Reply};
use crate::{ABI_VERSION, Session, Status};
use std::cell::{Cell, UnsafeCell};

/// What lives between calls. No `RefCell`: a trap unwinds nothing, so what was borrowed when it came would stay borrowed,
/// and a log shipper goes on with the instance.
struct Slot<T>(UnsafeCell<T>);

// SAFETY: the module has no threads.
unsafe impl<T> Sync for Slot<T> {}

impl<T> Slot<T> {
    const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// Runs `with` on the value.
    ///
    /// # Safety
    /// `with` uses no slot of the same value: the reference must be the only one. No export is called from inside the
    /// module, and the host cannot call one while another runs.
    unsafe fn with<R>(&self, with: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: by the contract above.
        with(unsafe { &mut *self.0.get() })
    }
}

static BLOCKS: Slot<Blocks> = Slot::new(Blocks::new());
static SESSION: Slot<Session> = Slot::new(Session::new());
static FACE: Slot<Face> = Slot::new(Face::new());

thread_local! {
    /// Whether a call is under way; still so at the next one if a trap ended it.
    static BUSY: Cell<bool> = const { Cell::new(false) };
}

/// An address or length of the host: i32 on the ABI, unsigned in meaning.
fn unsigned(value: i32) -> usize {
    value.cast_unsigned() as usize
}

fn address<T>(bytes: *const T) -> i32 {
    (bytes as u32).cast_signed()
}

/// Runs a call on the bytes of a range.
fn call(address: i32, length: i32, run: impl FnOnce(&mut Session, &[u8]) -> Status) -> i32 {
    // SAFETY: the session holds no blocks.
    unsafe {
        BLOCKS.with(|blocks| {
            let Some(bytes) = blocks.bytes(unsigned(address), unsigned(length)) else { return Status::BadRange.code() };
            with_session(|session| run(session, bytes))
        })
    }
}

/// After a trap the instance is no good for a host that can have another one.
fn with_session(run: impl FnOnce(&mut Session) -> Status) -> i32 {
    if BUSY.replace(true) {
        return Status::Internal.code();
    }
    // SAFETY: a session knows of no other.
    let status = unsafe { SESSION.with(run) };
    BUSY.set(false);
    status.code()
}

/// One record of a shipper: the six numbers of Fluent Bit's `filter_wasm`; gives the address of a text, or 0.
fn shipper(run: impl FnOnce(&mut Face, &mut Session, &Record<'_>) -> Reply, cells: [i32; 6]) -> i32 {
    let [tag, tag_length, seconds, nanoseconds, record, length] = cells;
    let trapped = BUSY.replace(true);
    // SAFETY: three different slots, and nothing in here uses them again.
    let answer = unsafe {
        BLOCKS.with(|blocks| {
            let length = unsigned(length);
            let (bytes, terminated) = blocks.text(unsigned(record), length);
            let record_of = Record {
                tag: blocks.bytes(unsigned(tag), unsigned(tag_length)).unwrap_or_default(),
                seconds: seconds.cast_unsigned(),
                nanoseconds: nanoseconds.cast_unsigned(),
                bytes,
                length,
                terminated,
            };
            FACE.with(|face| {
                if trapped {
                    face.trapped();
                }
                match SESSION.with(|session| run(face, session, &record_of)) {
                    Reply::Nothing => 0,
                    Reply::Record => record,
                    Reply::Text => address(face.text().as_ptr()),
                }
            })
        })
    };
    BUSY.set(false);
    answer
}

/// The version of the ABI.
#[unsafe(no_mangle)]
pub extern "C" fn ox_abi_version() -> i32 {
    ABI_VERSION
}

/// A zeroed block of `length` bytes for the host to write to; 0 if there is none to have.
#[unsafe(no_mangle)]
pub extern "C" fn ox_alloc(length: i32) -> i32 {
    // SAFETY: blocks know of no other slot.
    unsafe { BLOCKS.with(|blocks| (blocks.allocate(unsigned(length)) as u32).cast_signed()) }
}

/// Gives a block back.
#[unsafe(no_mangle)]
pub extern "C" fn ox_free(address: i32) -> i32 {
    // SAFETY: blocks know of no other slot.
    let freed = unsafe { BLOCKS.with(|blocks| blocks.free(unsigned(address))) };
    if freed { Status::Ok.code() } else { Status::BadRange.code() }
}

/// Where the last call's result is.
#[unsafe(no_mangle)]
pub extern "C" fn ox_result_ptr() -> i32 {
    // SAFETY: a session knows of no other.
    unsafe { SESSION.with(|session| address(session.result().as_ptr())) }
}

/// How long the last call's result is.
#[unsafe(no_mangle)]
pub extern "C" fn ox_result_len() -> i32 {
    // SAFETY: a session knows of no other.
    unsafe { SESSION.with(|session| i32::try_from(session.result().len()).unwrap_or(i32::MAX)) }
}

/// See [`Session::load`].
#[unsafe(no_mangle)]
pub extern "C" fn ox_load(address: i32, length: i32) -> i32 {
    call(address, length, Session::load)
}

/// See [`Session::match_batch`].
#[unsafe(no_mangle)]
pub extern "C" fn ox_match(address: i32, length: i32, now: i64) -> i32 {
    call(address, length, |session, bytes| session.match_batch(bytes, now))
}

/// See [`Session::more`].
#[unsafe(no_mangle)]
pub extern "C" fn ox_more() -> i32 {
    with_session(Session::more)
}

/// See [`Session::detect`].
#[unsafe(no_mangle)]
pub extern "C" fn ox_detect(address: i32, length: i32, now: i64) -> i32 {
    call(address, length, |session, bytes| session.detect(bytes, now))
}

/// See [`Session::window`].
#[unsafe(no_mangle)]
pub extern "C" fn ox_window(address: i32, length: i32, now: i64) -> i32 {
    call(address, length, |session, bytes| session.window(bytes, now))
}

/// See [`Session::eval`].
#[unsafe(no_mangle)]
pub extern "C" fn ox_eval(address: i32, length: i32) -> i32 {
    call(address, length, Session::eval)
}

/// See [`Session::flush`].
#[unsafe(no_mangle)]
pub extern "C" fn ox_flush() -> i32 {
    with_session(Session::flush)
}

/// See [`Session::save`].
#[unsafe(no_mangle)]
pub extern "C" fn ox_save() -> i32 {
    with_session(Session::save)
}

/// See [`Session::restore`].
#[unsafe(no_mangle)]
pub extern "C" fn ox_restore(address: i32, length: i32) -> i32 {
    call(address, length, Session::restore)
}

/// See [`Session::stats`].
#[unsafe(no_mangle)]
pub extern "C" fn ox_stats() -> i32 {
    with_session(Session::stats)
}

/// Sets how the functions below answer; see `ABI.md`.
#[unsafe(no_mangle)]
pub extern "C" fn ox_shipper(address: i32, length: i32) -> i32 {
    call(address, length, |session, bytes| {
        // SAFETY: the face is another slot than those of the blocks and the session.
        unsafe { FACE.with(|face| face.configure(session, bytes)) }
    })
}

/// Alerts in place of records, by the ABI of Fluent Bit's `filter_wasm`: see [`Face::filter`].
#[unsafe(no_mangle)]
pub extern "C" fn oxpecker_filter(
    tag: i32,
    tag_length: i32,
    seconds: i32,
    nanoseconds: i32,
    record: i32,
    length: i32,
) -> i32 {
    shipper(Face::filter, [tag, tag_length, seconds, nanoseconds, record, length])
}

/// Records with a note of what matches, by the same ABI: see [`Face::annotate`].
#[unsafe(no_mangle)]
pub extern "C" fn oxpecker_annotate(
    tag: i32,
    tag_length: i32,
    seconds: i32,
    nanoseconds: i32,
    record: i32,
    length: i32,
) -> i32 {
    shipper(Face::annotate, [tag, tag_length, seconds, nanoseconds, record, length])
}

/// What shippers ask for room for a record. With it, records of any size arrive; without, WAMR has a heap of 8 KiB.
#[unsafe(export_name = "malloc")]
pub extern "C" fn shipper_malloc(length: i32) -> i32 {
    // SAFETY: blocks know of no other slot.
    unsafe { BLOCKS.with(|blocks| (blocks.lend(unsigned(length)) as u32).cast_signed()) }
}

/// What shippers give the room back with.
#[unsafe(export_name = "free")]
pub extern "C" fn shipper_free(address: i32) {
    ox_free(address);
}
