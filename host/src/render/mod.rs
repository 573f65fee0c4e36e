//! Texts for people: problems with carets, alerts as tables, and nothing from an event raw.

pub mod alerts;
pub mod diagnostics;
pub mod ecs;
pub mod explanation;
pub mod ocsf;
mod safe;
pub(crate) mod techniques;

pub use safe::{safe, safe_json, safe_lines};

use crate::alert::Texts;

/// The first text of a context field.
fn text(texts: Option<&Texts>) -> Option<&str> {
    texts.and_then(Texts::first)
}

/// A time of an alert record in milliseconds since 1970.
fn milliseconds(time: Option<&String>) -> Option<i64> {
    time.and_then(|text| oxpecker_engine::event::Instant::parse(text)).map(|instant| instant.milliseconds())
}
