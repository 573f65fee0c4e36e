//! Other people's rules into ours: text in, rule files and a report out. Nothing here opens a file.
//!
//! ```text
//! threatstack:  JSON ─ shape ─→ rules and sets ─ rule, paths ─┐
//!                                                             ├→ drafts ─ assemble ─→ files, report
//! sigma:        YAML ─ document ─→ rules ─ condition, item ───┘
//! ```
//!
//! Whatever goes in comes out: as a rule, as a rule with a note, or as a comment with the reason. A rule counts as
//! carried over only if the engine's own reader loads what was written.

mod assemble;
mod draft;
mod filter;
mod report;
mod sigma;
mod slug;
mod threatstack;
mod write;

pub use assemble::{File, Imported};
pub use report::{Entry, Outcome, counts};
pub use sigma::{Fields, SigmaOptions, sigma};
pub use threatstack::threatstack;

/// An input: a file, or what stands for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// What messages call it.
    pub name: String,
    /// The path of what is made of it, below the folder of the output and without an ending.
    pub path: String,
    /// What it holds.
    pub text: String,
}
