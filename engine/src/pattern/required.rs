//! Texts that stand in every value in which a pattern finds something. Most values lack one, and no automaton needs to
//! look at them.

use memchr::{memchr, memchr2};
use regex_syntax::hir::{Class, Hir, HirKind};

/// How many texts of a pattern are looked for, and of each how many bytes.
const MOST: usize = 4;
const LONGEST: usize = 32;
/// A single byte stands in too many values.
const SHORTEST: usize = 2;

/// What a text takes beside its bytes.
const TEXT: usize = 32;

/// The bytes of user agents, names and resources of CloudTrail, the commonest first.
const COMMON: &[u8] = b"raesonti1./:3m2c7dw0fp4l5gbuhv689-xyk A_jqz";

/// The texts, in the order in which they stand, none inside another.
#[derive(Debug, Default)]
pub(super) struct Required {
    texts: Box<[Text]>,
    /// Whether each match begins with the first.
    is_first: bool,
}

#[derive(Debug, PartialEq, Eq)]
struct Text {
    /// In lower case where letters of either case will do.
    bytes: Box<[u8]>,
    folded: bool,
    /// Where in it the byte stands that is looked for first.
    rarest: usize,
}

impl Required {
    /// Of a pattern that means this.
    pub(super) fn of(meaning: &Hir) -> Self {
        let mut walk = Walk::default();
        walk.part(meaning);
        walk.cut();
        Self { texts: walk.found.into(), is_first: walk.is_first }
    }

    /// From where on the pattern may find something in a value; none where it finds nothing.
    pub(super) fn begin(&self, value: &[u8]) -> Option<usize> {
        let mut begin = None;
        let mut from = 0;
        for text in &self.texts {
            let found = text.find(value, from)?;
            begin.get_or_insert(found);
            from = found + text.bytes.len();
        }
        Some(if self.is_first { begin.unwrap_or_default() } else { 0 })
    }

    /// The longest of the texts.
    pub(super) fn longest(&self) -> Option<&[u8]> {
        self.texts.iter().map(|text| &*text.bytes).max_by_key(|bytes| bytes.len())
    }

    /// Bytes that the texts take.
    pub(super) fn size(&self) -> usize {
        self.texts.iter().map(|text| TEXT + text.bytes.len()).sum()
    }
}

impl Text {
    fn new(mut bytes: Vec<u8>, folded: bool) -> Self {
        bytes.truncate(LONGEST);
        if folded {
            bytes.make_ascii_lowercase();
        }
        let rarity = |byte: &u8| COMMON.iter().position(|common| common == byte).unwrap_or(COMMON.len());
        let rarest = (0..bytes.len()).max_by_key(|place| bytes.get(*place).map(rarity)).unwrap_or_default();
        Self { bytes: bytes.into(), folded, rarest }
    }

    /// The first place from here on where it stands.
    fn find(&self, value: &[u8], from: usize) -> Option<usize> {
        let rarest = *self.bytes.get(self.rarest)?;
        let mut at = from + self.rarest;
        loop {
            let rest = value.get(at..)?;
            let ahead = if self.folded && rarest.is_ascii_lowercase() {
                memchr2(rarest, rarest.to_ascii_uppercase(), rest)
            } else {
                memchr(rarest, rest)
            };
            let begin = at + ahead? - self.rarest;
            // Where the value ends before the text does, so it does at every later place.
            let here = value.get(begin..begin + self.bytes.len())?;
            if if self.folded { here.eq_ignore_ascii_case(&self.bytes) } else { *here == *self.bytes } {
                return Some(begin);
            }
            at = begin + self.rarest + 1;
        }
    }
}

/// What is found in a pattern, from its beginning to its end.
#[derive(Default)]
struct Walk {
    found: Vec<Text>,
    is_first: bool,
    /// The text that may go on.
    open: Vec<u8>,
    folded: bool,
    /// Whether something stands before it that is no text.
    is_behind: bool,
}

impl Walk {
    /// Recurses no deeper than patterns are nested.
    fn part(&mut self, part: &Hir) {
        match part.kind() {
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => self.open.extend_from_slice(&literal.0),
            HirKind::Class(class) => match letter(class) {
                Some(letter) => {
                    self.open.push(letter);
                    self.folded = true;
                }
                None => self.cut(),
            },
            HirKind::Capture(group) => self.part(&group.sub),
            HirKind::Concat(parts) => parts.iter().for_each(|part| self.part(part)),
            HirKind::Repetition(repeated) if repeated.min > 0 => {
                self.cut();
                self.part(&repeated.sub);
                self.cut();
            }
            HirKind::Repetition(_) | HirKind::Alternation(_) => self.cut(),
        }
    }

    fn cut(&mut self) {
        let (bytes, folded) = (std::mem::take(&mut self.open), std::mem::take(&mut self.folded));
        if bytes.len() >= SHORTEST && self.found.len() < MOST {
            self.is_first |= !self.is_behind;
            self.found.push(Text::new(bytes, folded));
        }
        self.is_behind = true;
    }
}

/// The letter of a class that has it in both cases and nothing else.
fn letter(class: &Class) -> Option<u8> {
    let (upper, lower) = match class {
        Class::Bytes(class) => match class.ranges() {
            [upper, lower] if upper.len() == 1 && lower.len() == 1 => (upper.start(), lower.start()),
            _ => return None,
        },
        Class::Unicode(class) => match class.ranges() {
            [upper, lower] if upper.len() == 1 && lower.len() == 1 => {
                (u8::try_from(upper.start()).ok()?, u8::try_from(lower.start()).ok()?)
            }
            _ => return None,
        },
    };
    (upper.is_ascii_uppercase() && upper.to_ascii_lowercase() == lower).then_some(lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn required(pattern: &str) -> Required {
        Required::of(&crate::pattern::ascii::read(pattern).unwrap())
    }

    #[test]
    fn what_each_match_has_is_looked_for_first() {
        #[track_caller]
        fn check(pattern: &str, texts: &[&str], is_first: bool) {
            let required = required(pattern);
            let found: Vec<&str> =
                required.texts.iter().map(|text| std::str::from_utf8(&text.bytes).unwrap()).collect();
            assert_eq!((found.as_slice(), required.is_first), (texts, is_first), "{pattern}");
        }
        check(r"(?i)Tool-A1/[0-9]+\.[0-9]+", &["tool-a1/"], true);
        check(r"^arn:aws:iam::[0-9]{12}:role/x17-.*$", &["arn:aws:iam::", ":role/x17-"], true);
        check(r"\bfoo\b(bar)+baz", &["foo", "bar", "baz"], true);
        check(r".*foo|bar", &[], false);
        check(r"x?foo(a|b)é{2}", &["foo", "é"], false);
        check(r"(?i:ab)CD.ef.gh.ij.kl", &["abcd", "ef", "gh", "ij"], true);
        check(&"a".repeat(100), &[&"a".repeat(32)], true);
        // One byte stands in too many values, and another of its kind may stand before it.
        check("a.bc", &["bc"], false);
    }

    #[test]
    fn a_text_is_found_at_its_first_place() {
        assert_eq!(required("abab").begin(b"abaabab"), Some(3));
        assert_eq!(required("(?i)abab").begin(b"abaABaB"), Some(3));
        assert_eq!(required("ab.*ab").begin(b"xab ab"), Some(1));
        assert_eq!(required("ab.*ab").begin(b"xabab"), Some(1));
        assert_eq!(required("ab.*abc").begin(b"abc"), None);
        assert_eq!(required("[x-z]ab").begin(b"..ab"), Some(0));
        for text in [&b""[..], b"a", b"ba", b"abx"] {
            assert_eq!(required("abab").begin(text), None);
        }
    }
}
