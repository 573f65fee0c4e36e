//! The command line: arguments to library calls, results to text, outcomes to exit codes.

mod ahead;
mod announce;
mod bench;
mod check;
mod clock;
mod completions;
mod corpus;
mod diff;
mod doctor;
mod eval;
mod exit;
mod explain;
mod filling;
mod handover;
mod import;
mod input;
mod inspect;
mod inventory;
mod link;
mod lists;
mod loaded;
mod ordered;
mod out;
mod pack;
mod pages;
mod playground;
mod profile;
mod progress;
mod replay;
mod rules;
mod running;
mod sight;
mod state;
mod summary;
mod suppress;
mod test;
mod windows;

use anyhow::Result;
use clap::{Parser, Subcommand};
use exit::Answer;
use std::process::ExitCode;

/// Detection rules over log events, in a sandbox.
///
/// Events are JSON: one a line, one document, an array, CloudTrail's {"Records":[…]}, or inside the envelopes of AWS and
/// of log shippers; gzip and zstd are read as they are. `-` is standard input, folders are walked. Events, alerts and
/// tables go to standard output, everything else to standard error.
#[derive(Parser)]
#[command(name = "oxpecker", version, max_term_width = 100, arg_required_else_help = true)]
#[command(
    after_help = "Exit status: 0 fine, 1 the answer is no, 2 wrong usage or files that cannot be read, 3 a fault \
    of oxpecker's own.\n\nExample:\n  aws cloudtrail lookup-events | oxpecker replay -"
)]
pub(crate) struct Opts {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Eval(eval::Opts),
    Replay(replay::Opts),
    Check(check::Opts),
    Test(test::Opts),
    Explain(explain::Opts),
    Rules(inventory::Opts),
    Diff(diff::Opts),
    Suppress(suppress::Opts),
    Pack(pack::Opts),
    Inspect(inspect::Opts),
    Doctor(doctor::Opts),
    Import(import::Opts),
    Bench(bench::Opts),
    Playground(playground::Opts),
    Completions(completions::Opts),
}

impl Command {
    fn run(self) -> Result<Answer> {
        match self {
            Command::Eval(opts) => opts.run(),
            Command::Replay(opts) => opts.run(),
            Command::Check(opts) => opts.run(),
            Command::Test(opts) => opts.run(),
            Command::Explain(opts) => opts.run(),
            Command::Rules(opts) => opts.run(),
            Command::Diff(opts) => opts.run(),
            Command::Suppress(opts) => opts.run(),
            Command::Pack(opts) => opts.run(),
            Command::Inspect(opts) => opts.run(),
            Command::Doctor(opts) => opts.run(),
            Command::Import(opts) => opts.run(),
            Command::Bench(opts) => opts.run(),
            Command::Playground(opts) => opts.run(),
            Command::Completions(opts) => opts.run(),
        }
    }
}

/// Reads the command line, runs the command, and turns what came of it into an exit code.
pub(crate) fn main() -> ExitCode {
    exit::code(Opts::parse().command.run())
}
