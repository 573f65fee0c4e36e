//! `oxpecker completions`: what a shell needs to complete commands and options.

use super::exit::Answer;
use super::out;
use anyhow::Result;
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use std::io::Write;

/// Print a shell's completion script.
#[derive(Args)]
#[command(after_help = "Example:\n  oxpecker completions bash > ~/.local/share/bash-completion/completions/oxpecker")]
pub(crate) struct Opts {
    /// The shell
    shell: Shell,
}

impl Opts {
    pub(crate) fn run(self) -> Result<Answer> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut super::Opts::command(), "oxpecker", &mut script);
        let mut out = out::stdout();
        out.write_all(&script)?;
        out::finish(out)?;
        Ok(Answer::Yes)
    }
}
