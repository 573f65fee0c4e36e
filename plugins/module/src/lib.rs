//! The engine behind an ABI of bytes: what `oxpecker.wasm` exports, and the same session for native use.
//!
//! `ABI.md` beside this crate's manifest is the contract. [`Session`] does the work and is safe Rust, [`Face`] puts it
//! into the form that log shippers call; `exports` turns the host's addresses into slices and is the only unsafe code.

mod answer;
mod batch;
mod bitmaps;
mod clock;
#[cfg(target_arch = "wasm32")]
pub mod exports;
#[cfg(any(target_arch = "wasm32", test))]
mod memory;
mod profile;
mod request;
mod session;
mod shipper;
mod status;

#[cfg(test)]
mod tests;

pub use session::Session;
pub use shipper::{Face, Record, Reply};
pub use status::Status;

/// The version of the ABI that this crate speaks.
pub const ABI_VERSION: i32 = 1;
