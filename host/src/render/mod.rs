//! Texts for people: problems with carets, alerts as tables, and nothing from an event raw.

pub mod alerts;
mod safe;

pub use safe::{safe, safe_lines};
