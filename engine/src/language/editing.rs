//! What an editor needs while a filter is being written: the class of each token for colours, and what may come next for
//! completion. Built on the tokens of the language, so that there is no second grammar; a text with mistakes has an
//! answer too.

use super::token::{Token, TokenKind, lex};
use super::words::{self, Connective};
use crate::span::Span;

/// What a token is, for colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Class {
    /// A part of a key.
    Key = 1,
    /// A symbol or word that compares.
    Operator = 2,
    /// `and`, `or`, `not`.
    Connective = 3,
    /// `lower`, `count` …
    Function = 4,
    /// A quoted value.
    Text = 5,
    /// A number.
    Number = 6,
    /// `true`, `false`, `null`.
    Constant = 7,
    /// `@list`
    List = 8,
    /// Brackets, commas and dots.
    Punctuation = 9,
    /// `# …`
    Comment = 10,
    /// What means nothing where it stands.
    Unknown = 11,
}

/// What may come at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Expects {
    /// A key, a function, `not` or `(`.
    Condition,
    /// An operator behind a key.
    Operator,
    /// A value behind an operator.
    Value,
    /// `and` or `or` behind a condition.
    Connective,
}

impl Expects {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Condition => "condition",
            Self::Operator => "operator",
            Self::Value => "value",
            Self::Connective => "connective",
        }
    }
}

/// What is being written at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// Where the word, key or text that ends at the place begins; the place itself where there is none.
    pub from: usize,
    /// What may stand there.
    pub expects: Expects,
    /// The key that is compared, as it is written; none before there is one.
    pub key: Option<String>,
    /// Inside the parentheses of `in (…)`.
    pub in_set: bool,
}

/// The class of each token.
#[must_use]
pub fn classes(source: &str) -> Vec<(Span, Class)> {
    let tokens = lex(source, &mut Vec::new());
    let mut reading = Reading::new();
    let classes = tokens.iter().enumerate().map(|(place, token)| {
        let next = tokens.get(place + 1).map(|next| next.kind);
        (token.span, reading.take(token, next))
    });
    classes.collect()
}

/// What may be written at the byte `at`; none inside a comment.
#[must_use]
pub fn context(source: &str, at: usize) -> Option<Context> {
    let before = source.get(..at)?;
    let mut tokens = lex(before, &mut Vec::new());
    if tokens.last().is_some_and(|last| last.kind == TokenKind::Comment && last.span.end == at) {
        return None;
    }
    let touches = |token: &Token<'_>| token.span.end == at && is_partial(token);
    let partial = if tokens.last().is_some_and(touches) { tokens.pop() } else { None };
    let mut reading = Reading::new();
    for (place, token) in tokens.iter().enumerate() {
        let next = tokens.get(place + 1).or(partial.as_ref()).map(|next| next.kind);
        reading.take(token, next);
    }
    let begins = partial.map_or(at, |token| token.span.start);
    // A key goes on behind its dots.
    if reading.in_key && reading.after_dot {
        let from = reading.key.map_or(begins, |key| key.start);
        return Some(Context { from, expects: Expects::Condition, key: None, in_set: false });
    }
    let key = reading.key.map(|key| key.of(source).to_owned()).filter(|_| reading.expects != Expects::Condition);
    Some(Context { from: begins, expects: reading.expects, key, in_set: reading.in_set })
}

/// Whether a token may still be in the making at its end.
fn is_partial(token: &Token<'_>) -> bool {
    match token.kind {
        TokenKind::Word | TokenKind::Number => true,
        // One that is closed is done.
        TokenKind::Text => token.text.len() + 1 == token.span.end - token.span.start,
        _ => false,
    }
}

/// How far a filter is read.
struct Reading {
    expects: Expects,
    /// The key read last.
    key: Option<Span>,
    /// The last token was part of a key or the dot behind one.
    in_key: bool,
    after_dot: bool,
    in_index: bool,
    in_function: bool,
    in_set: bool,
    takes_set: bool,
}

impl Reading {
    fn new() -> Self {
        Self {
            expects: Expects::Condition,
            key: None,
            in_key: false,
            after_dot: false,
            in_index: false,
            in_function: false,
            in_set: false,
            takes_set: false,
        }
    }

    fn take(&mut self, token: &Token<'_>, next: Option<TokenKind>) -> Class {
        if token.kind == TokenKind::Comment {
            return Class::Comment;
        }
        if self.in_key && self.key_goes_on(token) {
            return if token.kind == TokenKind::Number && self.in_index {
                Class::Number
            } else {
                self.key_class(token)
            };
        }
        self.in_key = false;
        match self.expects {
            Expects::Condition => self.condition(token, next),
            Expects::Operator => self.operator(token),
            Expects::Value => self.value(token),
            Expects::Connective => self.connective(token, next),
        }
    }

    fn key_class(&self, token: &Token<'_>) -> Class {
        match token.kind {
            TokenKind::Dot | TokenKind::OpenBracket | TokenKind::CloseBracket => Class::Punctuation,
            _ => Class::Key,
        }
    }

    /// Whether a token belongs to the key before it.
    fn key_goes_on(&mut self, token: &Token<'_>) -> bool {
        let goes_on = match token.kind {
            TokenKind::Dot | TokenKind::OpenBracket => !self.after_dot && !self.in_index,
            TokenKind::CloseBracket => self.in_index,
            TokenKind::Number if self.in_index => true,
            TokenKind::Word | TokenKind::Text | TokenKind::Number => self.after_dot,
            _ => false,
        };
        if goes_on {
            self.after_dot = token.kind == TokenKind::Dot;
            self.in_index = token.kind == TokenKind::OpenBracket || (self.in_index && token.kind == TokenKind::Number);
            self.key = self.key.map(|key| key.to(token.span));
        }
        goes_on
    }

    fn begin_key(&mut self, token: &Token<'_>) -> Class {
        (self.key, self.in_key, self.after_dot, self.in_index) = (Some(token.span), true, false, false);
        self.expects = Expects::Operator;
        Class::Key
    }

    fn condition(&mut self, token: &Token<'_>, next: Option<TokenKind>) -> Class {
        match token.kind {
            TokenKind::Open => Class::Punctuation,
            TokenKind::Close => {
                self.expects = Expects::Connective;
                Class::Punctuation
            }
            TokenKind::Word if words::is_keyword(&token.text) => Class::Connective,
            TokenKind::Word if next == Some(TokenKind::Open) && words::function(&token.text).is_some() => {
                self.in_function = true;
                Class::Function
            }
            TokenKind::Word | TokenKind::Text | TokenKind::Number => self.begin_key(token),
            _ => Class::Unknown,
        }
    }

    fn operator(&mut self, token: &Token<'_>) -> Class {
        match token.kind {
            TokenKind::Close if self.in_function => {
                self.in_function = false;
                Class::Punctuation
            }
            TokenKind::Equal
            | TokenKind::NotEqual
            | TokenKind::Less
            | TokenKind::LessOrEqual
            | TokenKind::Greater
            | TokenKind::GreaterOrEqual => self.operator_taken(false),
            TokenKind::Word => self.word_operator(&token.text),
            TokenKind::Foreign if Connective::of_sign(&token.text).is_none() => {
                self.operator_taken(false);
                Class::Unknown
            }
            TokenKind::Close => {
                self.expects = Expects::Connective;
                Class::Punctuation
            }
            _ => Class::Unknown,
        }
    }

    fn operator_taken(&mut self, takes_set: bool) -> Class {
        (self.expects, self.takes_set) = (Expects::Value, takes_set);
        Class::Operator
    }

    fn word_operator(&mut self, word: &str) -> Class {
        match words::word_operator(word) {
            Some(words::WordOperator::Exists) => {
                self.expects = Expects::Connective;
                Class::Operator
            }
            Some(operator) => self.operator_taken(operator == words::WordOperator::In),
            None if words::is_not(word) => Class::Operator,
            None if words::is_keyword(word) => {
                self.expects = Expects::Condition;
                Class::Connective
            }
            None => {
                self.operator_taken(false);
                Class::Unknown
            }
        }
    }

    fn value(&mut self, token: &Token<'_>) -> Class {
        let class = match token.kind {
            TokenKind::Open if self.takes_set => {
                (self.in_set, self.takes_set) = (true, false);
                return Class::Punctuation;
            }
            TokenKind::Comma if self.in_set => return Class::Punctuation,
            TokenKind::Close => Class::Punctuation,
            TokenKind::Text => Class::Text,
            TokenKind::Number => Class::Number,
            TokenKind::Word if token.text.starts_with('@') => Class::List,
            TokenKind::Word if matches!(&*token.text, "true" | "false" | "null") => Class::Constant,
            TokenKind::Word if words::is_keyword(&token.text) => {
                (self.in_set, self.expects) = (false, Expects::Condition);
                return Class::Connective;
            }
            _ => Class::Unknown,
        };
        if !self.in_set || token.kind == TokenKind::Close {
            (self.in_set, self.expects) = (false, Expects::Connective);
        }
        class
    }

    fn connective(&mut self, token: &Token<'_>, next: Option<TokenKind>) -> Class {
        match token.kind {
            TokenKind::Close => Class::Punctuation,
            TokenKind::Word if words::is_keyword(&token.text) || Connective::of_translation(&token.text).is_some() => {
                self.expects = Expects::Condition;
                Class::Connective
            }
            TokenKind::Foreign if Connective::of_sign(&token.text).is_some() => {
                self.expects = Expects::Condition;
                Class::Unknown
            }
            TokenKind::Word | TokenKind::Open => self.condition(token, next),
            _ => Class::Unknown,
        }
    }
}

/// An operator with what it does, for completion.
pub const OPERATORS: [(&str, &str); 15] = [
    ("=", "equal; networks, numbers and booleans compare by what they are"),
    ("!=", "not equal: also true where the key is missing"),
    ("like", "the text occurs inside; no wildcards"),
    ("starts_with", "begins with the text"),
    ("ends_with", "ends with the text"),
    ("contains", "an element of the array equals it; else as like"),
    ("in", "equal to one of (…) or of a @list"),
    ("not in", "equal to none of them"),
    ("matches", "a regular expression, anywhere in the text"),
    ("not like", "the text does not occur inside"),
    ("exists", "the key is there, be it null"),
    ("<", "less, of numbers and timestamps"),
    ("<=", "less or equal"),
    (">", "greater, of numbers and timestamps"),
    (">=", "greater or equal"),
];

/// A function with what it does, for completion.
pub const FUNCTIONS: [(&str, &str); 5] = [
    ("lower", "the text in lower case"),
    ("upper", "the text in upper case"),
    ("length", "characters of a text"),
    ("count", "elements of an array, keys of an object"),
    ("all", "every element must satisfy it"),
];

#[cfg(test)]
mod tests {
    use super::{Class, Expects, classes, context};

    fn letters(source: &str) -> String {
        classes(source)
            .iter()
            .map(|(_, class)| match class {
                Class::Key => 'k',
                Class::Operator => 'o',
                Class::Connective => 'c',
                Class::Function => 'f',
                Class::Text => 't',
                Class::Number => 'n',
                Class::Constant => 'b',
                Class::List => 'l',
                Class::Punctuation => '.',
                Class::Comment => '#',
                Class::Unknown => '?',
            })
            .collect()
    }

    #[test]
    fn every_token_has_its_class() {
        assert_eq!(letters("user = 'x' and not port >= 22 # why"), "kotcckon#");
        assert_eq!(letters("a.and.\"b c\"[0].d not in ('x', 1, @l) or e exists"), "k.k.k.n..koo.t.n.l.cko");
        assert_eq!(letters("lower(user) = null"), "f.k.ob");
        assert_eq!(letters("(like like 'x')"), ".kot.");
        assert_eq!(letters("user startswith 'x' && y == 2"), "k?t?k?n");
        assert_eq!(letters("user and type = start"), "kcko?");
        assert_eq!(letters("user = “x” 및 type = 'y'"), "kotckot");
    }

    #[test]
    fn the_place_says_what_may_come() {
        let at = |source: &str| context(source, source.len()).map(|found| (found.from, found.expects, found.key));
        let none = None::<String>;
        assert_eq!(at(""), Some((0, Expects::Condition, none.clone())));
        assert_eq!(at("us"), Some((0, Expects::Condition, none.clone())));
        assert_eq!(at("a = 1 and userIdentity."), Some((10, Expects::Condition, none.clone())));
        assert_eq!(at("a = 1 and userIdentity.ty"), Some((10, Expects::Condition, none)));
        assert_eq!(at("user "), Some((5, Expects::Operator, Some("user".into()))));
        assert_eq!(at("user sta"), Some((5, Expects::Operator, Some("user".into()))));
        assert_eq!(at("a.b = "), Some((6, Expects::Value, Some("a.b".into()))));
        assert_eq!(at("a.b = \"ro"), Some((6, Expects::Value, Some("a.b".into()))));
        assert_eq!(at("a in (\"x\", "), Some((11, Expects::Value, Some("a".into()))));
        assert_eq!(at("a = \"x\" "), Some((8, Expects::Connective, Some("a".into()))));
        assert_eq!(at("a = 1 # no"), None);
    }
}
