//! Texts of which one at least stands in every value in which a pattern finds something: what the values of events are
//! looked through for, for all patterns together.

use super::required::Required;
use regex_syntax::hir::{Hir, HirKind};
use std::cmp::Reverse;

/// A text, its ASCII letters in lower case.
pub(crate) type Word = Box<[u8]>;

/// How many of one pattern there are at most.
const MOST: usize = 16;
/// Shorter ones stand in too many values.
const SHORTEST: usize = 3;

/// Those of a pattern that means this; none where some match needs none, or only short ones, or where they are too many.
/// Recurses no deeper than patterns are nested.
pub(super) fn of(meaning: &Hir) -> Option<Box<[Word]>> {
    match meaning.kind() {
        HirKind::Capture(group) => of(&group.sub),
        HirKind::Repetition(repeated) if repeated.min > 0 => of(&repeated.sub),
        HirKind::Alternation(parts) => {
            let mut words = Vec::new();
            for part in parts {
                words.extend(of(part)?);
            }
            (words.len() <= MOST).then(|| words.into())
        }
        HirKind::Concat(parts) => {
            let whole = longest(meaning).into_iter().chain(parts.iter().filter(|part| !is_plain(part)).filter_map(of));
            // The shortest is the one that stands in most values.
            let length = |words: &[Word]| words.iter().map(|word| word.len()).min();
            whole.max_by_key(|words| (length(words), Reverse(words.len())))
        }
        _ => longest(meaning),
    }
}

/// Whether a part is found with those around it as well as by itself.
fn is_plain(part: &Hir) -> bool {
    matches!(part.kind(), HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) | HirKind::Empty)
}

/// The longest text that every match has.
fn longest(meaning: &Hir) -> Option<Box<[Word]>> {
    let required = Required::of(meaning);
    let longest = required.longest().filter(|text| text.len() >= SHORTEST)?;
    Some([longest.to_ascii_lowercase().into()].into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, expected: Option<&[&str]>) {
        let found = of(&crate::pattern::ascii::read(pattern).unwrap());
        let found: Option<Vec<&str>> =
            found.as_ref().map(|all| all.iter().map(|word| std::str::from_utf8(word).unwrap()).collect());
        assert_eq!(found.as_deref(), expected, "{pattern}");
    }

    #[test]
    fn one_of_them_stands_in_each_match() {
        check("(?i)Tool-A1/[0-9]+", Some(&["tool-a1/"]));
        check("^arn:aws:iam::[0-9]{12}:role/X17-.*$", Some(&["arn:aws:iam::"]));
        check("(?i)(kali|parrot|pentoo)", Some(&["kali", "parrot", "pentoo"]));
        check("x(kali|parrot)?", None);
        check("id (kali|parrot)", Some(&["kali", "parrot"]));
        check("agent (kali|ox)", Some(&["agent "]));
        check("(?:curl|wget|libwww)+/[0-9]", Some(&["curl", "wget", "libwww"]));
        check("kali|[a-z]+", None);
        check("ab|cd", None);
        check("(abc|)", None);
        check(".*", None);
        check(r"\bÉcole\b", Some(&["École"]));
        check(&(0..17).map(|number| format!("{number:03}x")).collect::<Vec<_>>().join("|"), None);
    }
}
