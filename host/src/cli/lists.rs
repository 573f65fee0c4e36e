//! `--lists`: list files for the commands that run or check filters.

use super::out;
use super::summary::count;
use anyhow::{Result, bail};
use clap::Args;
use oxpecker::lists::ListFiles;
use oxpecker::render::diagnostics;
use oxpecker_engine::problem::Diagnostic;
use oxpecker_engine::rule::Limits;
use std::path::PathBuf;

/// Where lists come from, beside rule files.
#[derive(Args)]
pub(crate) struct ListArgs {
    /// A list file (NAME.txt, NAME.csv or NAME.yaml, used as @NAME), or a folder of them; may be repeated
    #[arg(long, value_name = "PATH")]
    lists: Vec<PathBuf>,
}

/// How many warnings of one file are shown by commands that are about something else.
const SHOWN: usize = 10;

impl ListArgs {
    /// The lists, none of which may have an error. All errors are shown, and of the warnings the first ones.
    pub(crate) fn read(&self) -> Result<ListFiles> {
        let lists = self.read_each(&Limits::default());
        lists.failures.iter().for_each(|failure| out::complain(&failure.to_string()));
        let mut broken = lists.failures.len();
        for file in &lists.files {
            let (errors, warnings): (Vec<Diagnostic>, Vec<Diagnostic>) =
                file.problems.iter().cloned().partition(Diagnostic::is_error);
            broken += errors.len();
            let shown: Vec<Diagnostic> = errors.into_iter().chain(warnings.iter().take(SHOWN).cloned()).collect();
            let name = file.path.display().to_string();
            diagnostics::print(&name, &file.text, &shown, out::colour_on_stderr());
            if let more @ 1.. = warnings.len().saturating_sub(SHOWN) {
                out::say(&format!(
                    "{name}: {}; `oxpecker check --lists` shows all",
                    count(more as u64, "further warning")
                ));
            }
        }
        if broken > 0 {
            bail!("the lists have {}", count(broken as u64, "error"));
        }
        Ok(lists)
    }

    /// The lists with all that is wrong with them.
    pub(crate) fn read_each(&self, limits: &Limits) -> ListFiles {
        ListFiles::read(&self.lists, limits)
    }
}
