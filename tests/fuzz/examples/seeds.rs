//! Writes the good inputs that fuzzing starts from: `seeds FOLDER` makes a folder for each target in it.
#![allow(dead_code, reason = "the targets call the checks that are included here")]

#[path = "../../support/boundary_module.rs"]
mod boundary_module;
#[path = "../../support/corpus.rs"]
mod corpus;
#[path = "../../support/seeds.rs"]
mod seeds;

use std::fs;
use std::path::PathBuf;

const TARGETS: [&str; 11] = [
    "filter",
    "rule_file",
    "event",
    "load",
    "match_batch",
    "match_events",
    "msgpack",
    "restore",
    "shipper",
    "intake",
    "fast_equals_reference",
];

fn main() {
    let folder: PathBuf = std::env::args_os().nth(1).expect("a folder").into();
    for target in TARGETS {
        let seeds = match target {
            "restore" => boundary_module::states(),
            "msgpack" => boundary_module::packed(),
            other => seeds::of(other),
        };
        let folder = folder.join(target);
        fs::create_dir_all(&folder).expect("a folder that can be written");
        for (place, seed) in seeds.iter().enumerate() {
            fs::write(folder.join(format!("seed-{place:04}")), seed).expect("a file that can be written");
        }
        println!("{target}: {} seeds", seeds.len());
    }
}
