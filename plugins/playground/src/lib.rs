//! The engine for the browser: everything that the playground's page asks for, as functions of texts and bytes.
//!
//! ```text
//! the page (editor)           the worker (events)                     the loader (files)
//!   tokens, check, complete     Session: events, verdicts, why,         read: bytes of a file → batches of events
//!   format, hover               alerts, tests, effects of a change
//! ```
//!
//! Thin: what a filter means, how windows close and what an alert says is the engine's. Answers are JSON texts; places in
//! texts are UTF-16 units, as editors count. Nothing here draws: the page does, and only as text.

#![forbid(unsafe_code)]

pub mod alerts;
mod answer;
pub mod edit;
mod intake;
mod keys;
pub mod language;
mod loader;
mod rows;
pub mod rules;
pub mod session;
mod store;
mod suppress;
mod trial;
mod utf16;
mod view;
mod why;

#[cfg(test)]
mod tests;

pub use loader::{read, read_bytes};
pub use session::Session;
