//! The reference evaluator: what a filter means, written so that it can be read in five minutes.
//!
//! It is slow and stays so: it is the oracle of every faster engine, and shares no code with them for numbers, addresses
//! or paths. Start at [`Filter::evaluate`]; each rule of the language is one function of [`eval`].

mod cidr;
mod eval;
mod number;
mod prepared;
#[cfg(test)]
mod tests;
mod verdict;

pub use eval::Filter;
pub(crate) use prepared::Answers;
pub use prepared::Matched;
pub use verdict::Verdict;

use crate::event::Instant;

/// Whether this text is a network, so that other texts than it may equal it.
#[must_use]
pub fn is_network_text(text: &str) -> bool {
    cidr::Network::parse(text).is_some()
}

/// Whether `<` and `>` can be true with this text: it is a JSON number or an RFC 3339 timestamp.
#[must_use]
pub fn is_ordered_text(text: &str) -> bool {
    number::Decimal::parse(text).is_some() || Instant::parse(text).is_some()
}
