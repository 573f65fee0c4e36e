//! The command line `oxpecker`. What it does is in [`cli`], one file a command; this only starts it.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
