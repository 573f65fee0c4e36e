//! Bytes as any input: compressed, enveloped, broken.
#![no_main]
#![allow(dead_code, reason = "a target calls one function of those it includes")]

#[path = "../../../host/src/intake/mod.rs"]
pub mod intake;
#[path = "../../support/boundary_intake.rs"]
mod boundary;

libfuzzer_sys::fuzz_target!(|data: &[u8]| boundary::intake(data));
