//! Oxpecker as a library.

pub mod alert;
pub mod sandbox;
