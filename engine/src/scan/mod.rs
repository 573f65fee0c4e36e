//! From an event's bytes to the values that rules ask for, in one pass, without a tree.
//!
//! ```text
//! trie       the paths that are asked for                          made once
//! scanner    an event in, its captures out                         ┐
//! pass       every byte checked; what lies on a path noted         │
//! skip       a bracket in which nothing is asked for               │ each event
//! known      which name comes next, guessed and compared           │
//! name       a name that was not guessed                           │
//! capture    what is kept, and taken back by later duplicates      │
//! packed     the same of MessagePack                               ┘
//! text       strings, numbers and words, to the letter of RFC 8259
//! value      looking again into text that has been checked
//! vector     many bytes at a time: the one file with unsafe code
//! ```
//!
//! **Everything is checked**, also what no rule asks for: structure, strings, escapes, numbers, UTF-8, depth. An event is
//! taken or rejected for what it is, with the offset of the first byte that is wrong, and the answer is the one of
//! [`Json::parse`](crate::json::Json::parse), which reads the same bytes into a tree.

mod capture;
mod known;
mod name;
mod packed;
mod pass;
mod scanner;
mod skip;
#[cfg(test)]
mod tests;
mod text;
mod trie;
mod value;
mod vector;

pub(crate) use capture::{Capture, Kind, NO_MORE};
pub(crate) use scanner::Scanner;
pub(crate) use text::decode;
pub(crate) use trie::{NOWHERE, Trie};
pub(crate) use value::{MemberNames, Value, any_inside, count_elements, count_members};
pub use vector::Width;
