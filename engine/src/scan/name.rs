//! Names that were not guessed: read to the letter, looked up, and remembered for the next time.

use super::known::KnownNames;
use super::text::{self, invalid, peek, token};
use super::trie::{Trie, Way};
use super::vector::Vector;
use crate::json::Reject;

/// Any name and its colon, blanks before and between; gives where its text ends, and the place behind the colon.
#[inline(never)]
pub(super) fn odd_name<V: Vector>(text: &[u8], mut at: usize) -> Result<(text::Stepped, usize), Reject> {
    if token(text, &mut at) != b'"' {
        return Err(invalid(at));
    }
    let name = text::string::<V>(text, at + 1)?;
    at = name.close + 1;
    if token(text, &mut at) != b':' {
        return Err(invalid(at));
    }
    Ok((name, at + 1))
}

/// A name that did not come next before.
pub(super) struct NewName {
    pub(super) way: Way,
    /// The place behind its colon.
    pub(super) behind: usize,
    /// The step to the remembered name that stood last: this one, if it can be remembered.
    pub(super) known: u32,
    pub(super) unicode: bool,
}

/// Looks a name up, and remembers it if it can be.
#[inline(never)]
pub(super) fn new_name<V: Vector>(
    text: &[u8],
    mut at: usize,
    trie: &Trie,
    known: &mut KnownNames,
    object: Way,
    previous: u32,
) -> Result<NewName, Reject> {
    token(text, &mut at);
    let (name, behind) = odd_name::<V>(text, at)?;
    let spelled = text.get(at + 1..name.close).unwrap_or_default();
    let from = object.node(trie);
    let mut new = NewName { way: Way::UNASKED, behind, known: previous, unicode: name.unicode };
    if name.escaped {
        let mut decoded = Vec::new();
        text::decode(spelled, &mut decoded);
        new.way = trie.way_by_name(from, &decoded);
        return Ok(new);
    }
    // A remembered name is compared and not looked at again: only ASCII, which is UTF-8 whatever comes.
    let entry = known.find(from, spelled).filter(|_| !name.unicode).or_else(|| {
        new.way = trie.way_by_name(from, spelled);
        if name.unicode { None } else { known.add(from, spelled, new.way, new.way.node(trie)) }
    });
    if let Some(entry) = entry {
        if peek(text, behind) != Some(b'"') {
            known.expect_any(entry);
        }
        new.known = known.follow(from, previous, entry).unwrap_or(previous);
        new.way = known.get(entry).map_or(Way::UNASKED, |known| known.way);
    }
    Ok(new)
}
