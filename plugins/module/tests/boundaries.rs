//! The fuzz targets' checks of engine and module on good inputs and on 2,000 mutations each, for where there is no fuzzer.

#![expect(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test's helpers may panic")]

#[path = "../../../tests/support/boundary_engine.rs"]
mod boundary_engine;
#[path = "../../../tests/support/boundary_module.rs"]
mod boundary_module;
#[path = "../../../tests/support/corpus.rs"]
mod corpus;
#[path = "../../../tests/support/mutate.rs"]
mod mutate;
#[path = "../../../tests/support/seeds.rs"]
mod seeds;
#[path = "../../../tests/support/spans.rs"]
mod spans;

const MUTATIONS: usize = 2_000;

fn smoke(boundary: &str, check: fn(&[u8])) {
    mutate::smoke(&seeds::of(boundary), MUTATIONS, check);
}

#[test]
fn filter() {
    smoke("filter", boundary_engine::filter);
}

#[test]
fn rule_file() {
    smoke("rule_file", boundary_engine::rule_file);
}

#[test]
fn event() {
    smoke("event", boundary_engine::event);
}

#[test]
fn load() {
    smoke("load", boundary_module::load);
}

#[test]
fn match_batch() {
    smoke("match_batch", boundary_module::match_batch);
}

#[test]
fn match_events() {
    smoke("match_events", boundary_module::match_events);
}

#[test]
fn shipper() {
    smoke("shipper", boundary_module::shipper);
}

#[test]
fn restore() {
    mutate::smoke(&boundary_module::states(), MUTATIONS, boundary_module::restore);
}

#[test]
fn msgpack() {
    mutate::smoke(&boundary_module::packed(), MUTATIONS, boundary_module::msgpack);
}
