//! Numbers as keys of a table: equal keys for equal values, however they are written.
//!
//! Deliberately not the reference evaluator's code: the tests hold one against the other.

/// The exact value of a JSON number: `± digits × 10^exponent`, without zeros at either end of the digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Number {
    negative: bool,
    digits: Box<str>,
    exponent: i128,
}

impl Number {
    /// Reads a text that is a JSON number as a whole.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, rest) = digits(rest)?;
        if whole.len() > 1 && whole.starts_with('0') {
            return None;
        }
        let (fraction, rest) = match rest.strip_prefix('.') {
            Some(rest) => digits(rest)?,
            None => ("", rest),
        };
        let scale = match rest.strip_prefix(['e', 'E']) {
            Some(rest) => exponent(rest)?,
            None if rest.is_empty() => 0,
            None => return None,
        };
        let all = [whole, fraction].concat();
        let significant = all.trim_start_matches('0');
        if significant.is_empty() {
            return Some(Self { negative: false, digits: "".into(), exponent: 0 });
        }
        // The place of the point before the first digit that is not zero. Steps as in the language's own words: an
        // exponent past all bounds counts as the largest.
        let point =
            scale.saturating_add(length(whole)).saturating_sub(length(&all).saturating_sub(length(significant)));
        Some(Self { negative, digits: significant.trim_end_matches('0').into(), exponent: point })
    }
}

/// One digit or more, and what follows them.
fn digits(text: &str) -> Option<(&str, &str)> {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    if end == 0 { None } else { text.split_at_checked(end) }
}

fn exponent(text: &str) -> Option<i128> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (all, rest) = digits(rest)?;
    let size = all.parse().unwrap_or(i128::MAX);
    rest.is_empty().then_some(if negative { -size } else { size })
}

fn length(text: &str) -> i128 {
    i128::try_from(text.len()).unwrap_or(i128::MAX)
}
