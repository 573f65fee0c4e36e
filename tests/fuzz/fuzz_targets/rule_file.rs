//! Bytes as a rule file.
#![no_main]
#![allow(dead_code, reason = "a target calls one function of those it includes")]

#[path = "../../support/boundary_engine.rs"]
mod boundary;
#[path = "../../support/spans.rs"]
mod spans;

libfuzzer_sys::fuzz_target!(|data: &[u8]| boundary::rule_file(data));
