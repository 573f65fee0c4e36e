//! The words of the language: keywords, operators, functions, quotes, and what other languages write for them.

use super::expr::{Function, TextOperator};
use super::suggest;

/// A word operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WordOperator {
    Text(TextOperator),
    In,
    Matches,
    Exists,
}

/// The word operators by their names.
pub(super) const WORD_OPERATORS: [(&str, WordOperator); 7] = [
    ("like", WordOperator::Text(TextOperator::Like)),
    ("starts_with", WordOperator::Text(TextOperator::StartsWith)),
    ("ends_with", WordOperator::Text(TextOperator::EndsWith)),
    ("contains", WordOperator::Text(TextOperator::Contains)),
    ("in", WordOperator::In),
    ("matches", WordOperator::Matches),
    ("exists", WordOperator::Exists),
];

/// The functions by their names.
pub(super) const FUNCTIONS: [(&str, Function); 5] = [
    ("lower", Function::Lower),
    ("upper", Function::Upper),
    ("length", Function::Length),
    ("count", Function::Count),
    ("all", Function::All),
];

/// Words that join or negate conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Connective {
    And,
    Or,
}

/// Connectives as the vendor's translated pages print them, with what they mean.
const TRANSLATED: [(&str, Connective); 22] = [
    ("및", Connective::And),
    ("그리고", Connective::And),
    ("또는", Connective::Or),
    ("および", Connective::And),
    ("かつ", Connective::And),
    ("または", Connective::Or),
    ("和", Connective::And),
    ("与", Connective::And),
    ("且", Connective::And),
    ("以及", Connective::And),
    ("或", Connective::Or),
    ("或者", Connective::Or),
    ("und", Connective::And),
    ("oder", Connective::Or),
    ("et", Connective::And),
    ("ou", Connective::Or),
    ("y", Connective::And),
    ("o", Connective::Or),
    ("e", Connective::And),
    ("и", Connective::And),
    ("или", Connective::Or),
    ("oppure", Connective::Or),
];

/// What people coming from other languages write, and what it is here.
const FOREIGN: [(&str, &str); 24] = [
    ("==", "="),
    ("===", "="),
    ("≠", "!="),
    ("<>", "!="),
    ("!==", "!="),
    ("=!", "!="),
    ("=<", "<="),
    ("=>", ">="),
    ("≤", "<="),
    ("≥", ">="),
    ("=~", "matches"),
    ("~", "matches"),
    ("~=", "matches"),
    ("!~", "not matches"),
    ("is", "="),
    ("equals", "="),
    ("eq", "="),
    ("ne", "!="),
    ("regex", "matches"),
    ("includes", "contains"),
    ("has", "contains"),
    ("begins_with", "starts_with"),
    ("glob", "like"),
    ("ilike", "like"),
];

impl Connective {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Connective::And => "and",
            Connective::Or => "or",
        }
    }

    /// `and` and `or` in any letter case.
    pub(super) fn of_word(word: &str) -> Option<Self> {
        [Connective::And, Connective::Or].into_iter().find(|known| word.eq_ignore_ascii_case(known.as_str()))
    }

    /// The connective that a translated word stands for.
    pub(super) fn of_translation(word: &str) -> Option<Self> {
        TRANSLATED.iter().find(|(known, _)| *known == word.to_lowercase()).map(|(_, meaning)| *meaning)
    }

    /// The connective that signs of other languages stand for.
    pub(super) fn of_sign(sign: &str) -> Option<Self> {
        match sign {
            "&&" | "&" => Some(Connective::And),
            "||" | "|" => Some(Connective::Or),
            _ => None,
        }
    }
}

/// Whether a word is `not`.
pub(super) fn is_not(word: &str) -> bool {
    word.eq_ignore_ascii_case("not")
}

/// Whether a word joins or negates, so that it cannot be a bare value or the first part of a key.
pub(super) fn is_keyword(word: &str) -> bool {
    is_not(word) || Connective::of_word(word).is_some()
}

/// The word operator of this name, in any letter case.
pub(super) fn word_operator(word: &str) -> Option<WordOperator> {
    WORD_OPERATORS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, operator)| *operator)
}

/// The function of this name, in any letter case.
pub(super) fn function(word: &str) -> Option<Function> {
    FUNCTIONS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, function)| *function)
}

/// The operator that was probably meant.
pub(super) fn suggest_operator(found: &str) -> Option<&'static str> {
    let lower = found.to_lowercase();
    let foreign = FOREIGN.iter().find(|(known, _)| *known == lower).map(|(_, meaning)| *meaning);
    foreign.or_else(|| suggest::nearest(&lower.replace('-', "_"), WORD_OPERATORS.iter().map(|(name, _)| *name)))
}

/// The function that was probably meant.
pub(super) fn suggest_function(found: &str) -> Option<&'static str> {
    suggest::nearest(&found.to_lowercase(), FUNCTIONS.iter().map(|(name, _)| *name))
}

const TYPOGRAPHIC_DOUBLE: [char; 6] = ['“', '”', '„', '«', '»', '‟'];
const TYPOGRAPHIC_SINGLE: [char; 4] = ['‘', '’', '‚', '‛'];

/// Whether a text may begin with this character.
pub(super) fn is_opening_quote(c: char) -> bool {
    matches!(c, '"' | '\'') || TYPOGRAPHIC_DOUBLE.contains(&c) || TYPOGRAPHIC_SINGLE.contains(&c)
}

/// The characters that close a text.
pub(super) struct Closing {
    /// The one to name when none is found.
    pub(super) first: char,
    all: &'static [char],
}

impl Closing {
    pub(super) fn closes(&self, c: char) -> bool {
        self.all.contains(&c)
    }
}

/// What closes a text opened by `open`, seen what `rest` holds. A typographic quote is closed by any of its family;
/// by the plain quote only where none of the family follows, since word processors change some quotes and not others.
pub(super) fn closing_quotes(open: char, rest: &str) -> Closing {
    let (family, plain): (&'static [char], &'static [char]) = match open {
        '"' => return Closing { first: '"', all: &['"'] },
        '\'' => return Closing { first: '\'', all: &['\''] },
        c if TYPOGRAPHIC_SINGLE.contains(&c) => (&TYPOGRAPHIC_SINGLE, &['\'']),
        _ => (&TYPOGRAPHIC_DOUBLE, &['"']),
    };
    let first = match open {
        '“' | '„' | '‟' | '”' => '”',
        '«' => '»',
        '»' => '«',
        _ => '’',
    };
    let line = rest.lines().next().unwrap_or_default();
    Closing { first, all: if line.contains(|c| family.contains(&c)) { family } else { plain } }
}
