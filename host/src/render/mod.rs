//! Texts for people: problems with carets, alerts as tables, and nothing from an event raw.

pub mod alerts;
pub mod diagnostics;
pub mod explanation;
mod safe;

pub use safe::{safe, safe_lines};
