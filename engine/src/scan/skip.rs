//! A bracket in which nothing is asked for: checked to its end like everything else, and nothing of it kept.

use super::name::odd_name;
use super::pass::{count, too_deep};
use super::text::{self, invalid, peek, plain_string, token};
use super::vector::{Vector, Work};
use crate::json::Reject;

/// What was stepped over.
pub(super) struct Skipped {
    /// The place behind it.
    pub(super) end: usize,
    pub(super) unicode: bool,
    pub(super) values_left: usize,
}

/// The bracket at a place, to be stepped over.
pub(super) struct Skip<'s, 't, const COUNTED: bool> {
    pub(super) text: &'t [u8],
    pub(super) at: usize,
    /// How many brackets may be open from this one on.
    pub(super) deeper: usize,
    pub(super) values_left: usize,
    /// Room for what closes those that are.
    pub(super) around: &'s mut Vec<u8>,
}

impl<const COUNTED: bool> Work for Skip<'_, '_, COUNTED> {
    type Output = Result<Skipped, Reject>;

    #[inline(always)]
    fn with<V: Vector>(self) -> Self::Output {
        let Skip { text, mut at, deeper, mut values_left, around } = self;
        around.clear();
        let mut unicode = false;
        // What closes the innermost bracket; 0 outside of all.
        let mut close = 0;
        loop {
            let first = token(text, &mut at);
            if COUNTED && close != 0 {
                values_left = count(text, at, values_left)?;
            }
            match first {
                b'"' => match plain_string::<V>(text, at + 1) {
                    Some(end) => at = end + 1,
                    None => {
                        let string = text::string::<V>(text, at + 1)?;
                        unicode |= string.unicode;
                        at = string.close + 1;
                    }
                },
                b'{' | b'[' => {
                    if around.len() >= deeper {
                        return Err(too_deep(at));
                    }
                    at += 1;
                    // `}` and `]` stand two behind their partners.
                    if token(text, &mut at) == first + 2 {
                        at += 1;
                    } else {
                        around.push(close);
                        close = first + 2;
                        if close == b'}' {
                            at = name::<V>(text, at, &mut unicode)?;
                        }
                        continue;
                    }
                }
                _ => at = text::scalar(text, first, at)?.1,
            }
            loop {
                if close == 0 {
                    return Ok(Skipped { end: at, unicode, values_left });
                }
                let sign = token(text, &mut at);
                at += 1;
                if sign == b',' {
                    break;
                }
                if sign != close {
                    return Err(invalid(at - 1));
                }
                close = around.pop().unwrap_or(0);
            }
            if close == b'}' {
                at = name::<V>(text, at, &mut unicode)?;
            }
        }
    }
}

/// Steps over a member's name and its colon.
#[inline(always)]
fn name<V: Vector>(text: &[u8], at: usize, unicode: &mut bool) -> Result<usize, Reject> {
    if let (Some(b'"'), Some(close)) = (peek(text, at), plain_string::<V>(text, at + 1))
        && peek(text, close + 1) == Some(b':')
    {
        return Ok(close + 2);
    }
    let (name, behind) = odd_name::<V>(text, at)?;
    *unicode |= name.unicode;
    Ok(behind)
}
