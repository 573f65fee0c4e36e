//! The filter language: text to tokens to tree, checks, and back to text.

pub mod check;
pub(crate) mod cidr;
pub mod editing;
pub mod expr;
mod layout;
mod limits;
pub mod meaning;
mod parser;
mod print;
pub mod suggest;
pub mod token;
mod value;
pub mod vocabulary;
mod words;

pub use check::check;
pub(crate) use check::{unknown_key, unknown_list};
pub use expr::Expr;
pub use layout::layout;
pub use limits::Limits;
pub use parser::{Parsed, parse};
pub(crate) use print::quote;

/// A text as a quoted value of the language.
#[must_use]
pub fn quoted(text: &str) -> String {
    quote(text)
}

#[cfg(test)]
mod tests;
