//! The functions that the module exports. Each turns addresses into slices and calls the session.

use crate::memory::Blocks;
use crate::{ABI_VERSION, Session, Status};
use std::cell::RefCell;

thread_local! {
    static BLOCKS: RefCell<Blocks> = const { RefCell::new(Blocks::new()) };
    static SESSION: RefCell<Session> = RefCell::new(Session::new());
}

/// An address or length of the host: i32 on the ABI, unsigned in meaning.
fn unsigned(value: i32) -> usize {
    value.cast_unsigned() as usize
}

/// Runs a call on the bytes of a range.
fn call(address: i32, length: i32, run: impl FnOnce(&mut Session, &[u8]) -> Status) -> i32 {
    BLOCKS.with_borrow(|blocks| {
        let Some(bytes) = blocks.bytes(unsigned(address), unsigned(length)) else { return Status::BadRange.code() };
        with_session(|session| run(session, bytes))
    })
}

fn with_session(run: impl FnOnce(&mut Session) -> Status) -> i32 {
    SESSION.with(|session| session.try_borrow_mut().map_or(Status::Internal, |mut session| run(&mut session)).code())
}

/// The version of the ABI.
#[unsafe(no_mangle)]
pub extern "C" fn ox_abi_version() -> i32 {
    ABI_VERSION
}

/// A zeroed block of `length` bytes for the host to write to; 0 if there is none to have.
#[unsafe(no_mangle)]
pub extern "C" fn ox_alloc(length: i32) -> i32 {
    BLOCKS.with_borrow_mut(|blocks| (blocks.allocate(unsigned(length)) as u32).cast_signed())
}

/// Gives a block back.
#[unsafe(no_mangle)]
pub extern "C" fn ox_free(address: i32) -> i32 {
    let freed = BLOCKS.with_borrow_mut(|blocks| blocks.free(unsigned(address)));
    if freed { Status::Ok.code() } else { Status::BadRange.code() }
}

/// Where the last call's result is.
#[unsafe(no_mangle)]
pub extern "C" fn ox_result_ptr() -> i32 {
    SESSION.with_borrow(|session| (session.result().as_ptr() as u32).cast_signed())
}

/// How long the last call's result is.
#[unsafe(no_mangle)]
pub extern "C" fn ox_result_len() -> i32 {
    SESSION.with_borrow(|session| i32::try_from(session.result().len()).unwrap_or(i32::MAX))
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
