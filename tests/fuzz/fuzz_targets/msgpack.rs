//! Bytes as a batch of MessagePack.
#![no_main]
#![allow(dead_code, reason = "a target calls one function of those it includes")]

#[path = "../../support/boundary_module.rs"]
mod boundary;

libfuzzer_sys::fuzz_target!(|data: &[u8]| boundary::msgpack(data));
