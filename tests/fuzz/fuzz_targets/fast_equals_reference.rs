//! Bytes as filters and events: the fast engine beside the reference evaluator, with each kind of vector.
#![no_main]
#![allow(dead_code, reason = "a target calls one function of those it includes")]

#[path = "../../support/agree.rs"]
mod agree;
#[path = "../../support/boundary_agree.rs"]
mod boundary;

libfuzzer_sys::fuzz_target!(|data: &[u8]| boundary::fast_equals_reference(data));
