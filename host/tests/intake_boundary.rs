//! The fuzz target's check of the intake on good inputs and on 2,000 mutations, for where there is no fuzzer.

#![expect(clippy::panic, clippy::indexing_slicing, reason = "a test's helpers may panic")]

#[path = "../../tests/support/boundary_intake.rs"]
mod boundary_intake;
#[path = "../../tests/support/corpus.rs"]
mod corpus;
#[path = "../../tests/support/mutate.rs"]
mod mutate;
#[path = "../../tests/support/seeds.rs"]
mod seeds;

use oxpecker::intake;

#[test]
fn the_intake_accounts_for_everything_in_whatever_pieces_it_comes() {
    mutate::smoke(&seeds::of("intake"), 2_000, boundary_intake::intake);
}
