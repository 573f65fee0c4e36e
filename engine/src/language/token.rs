//! Source text to tokens. Nothing is lost: every byte is in a token, in blanks, or reported.
//!
//! Words are not told apart from keywords here: after a dot any word is part of a key, so only the parser can know.

use super::words;
use crate::problem::{Diagnostic, Problem, Sink};
use crate::span::Span;
use std::borrow::Cow;
use winnow::combinator::{alt, opt, preceded};
use winnow::error::ErrMode;
use winnow::prelude::*;
use winnow::stream::{LocatingSlice, Location};
use winnow::token::{any, one_of, take_while};

/// A piece of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token<'s> {
    /// What it is.
    pub kind: TokenKind,
    /// Where it stands, quotes included.
    pub span: Span,
    /// Its text as written; for a quoted text, decoded and without its quotes.
    pub text: Cow<'s, str>,
}

/// The kinds of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "named after the sign")]
pub enum TokenKind {
    /// A bare part of a key, a keyword, a word operator, `@list`, `true` …
    Word,
    /// A JSON number.
    Number,
    /// A quoted text.
    Text,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Open,
    Close,
    OpenBracket,
    CloseBracket,
    Comma,
    Dot,
    /// A run of signs that looks like an operator of another language: `==`, `&&`, `=~` …
    Foreign,
    /// `#` to the end of the line.
    Comment,
}

type Input<'s> = LocatingSlice<&'s str>;
type Lexed<T> = winnow::ModalResult<T, winnow::error::EmptyError>;

/// Cuts a text into tokens; what belongs to none is reported and passed over.
#[must_use]
pub fn lex<'s>(source: &'s str, sink: &mut Sink) -> Vec<Token<'s>> {
    let mut input = LocatingSlice::new(source);
    let mut tokens: Vec<Token<'s>> = Vec::new();
    loop {
        let _: Lexed<&str> = take_while(0.., is_blank).parse_next(&mut input);
        if input.is_empty() {
            return tokens;
        }
        let after_dot = tokens.last().is_some_and(|token| token.kind == TokenKind::Dot);
        match token(&mut input, after_dot, sink) {
            Ok(token) => tokens.push(token),
            Err(_) => skip_stray(&mut input, sink),
        }
    }
}

/// Blanks, and what pasted text brings with it: no-break spaces, zero-width spaces, byte order marks.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}' | '\u{2060}')
}

/// Whether a character may stand in a bare part of a key.
pub(crate) fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | ':' | '/' | '@' | '$')
}

fn skip_stray(input: &mut Input<'_>, sink: &mut Sink) {
    let start = input.current_token_start();
    let found: Lexed<char> = any.parse_next(input);
    if let Ok(found) = found {
        let span = Span::new(start, start + found.len_utf8());
        sink.push(Diagnostic::new(span, Problem::StrayCharacter { found }));
    }
}

fn token<'s>(input: &mut Input<'s>, after_dot: bool, sink: &mut Sink) -> Lexed<Token<'s>> {
    let start = input.current_token_start();
    let quote = opt(one_of(words::is_opening_quote)).parse_next(input)?;
    let (kind, text) = match quote {
        Some(open) => (TokenKind::Text, Cow::Owned(quoted(input, open, start, sink))),
        None => plain(input, after_dot)?,
    };
    Ok(Token { kind, span: Span::new(start, input.current_token_start()), text })
}

fn plain<'s>(input: &mut Input<'s>, after_dot: bool) -> Lexed<(TokenKind, Cow<'s, str>)> {
    let word = take_while(1.., is_word_char).map(|text| (TokenKind::Word, text));
    let comment = ('#', take_while(0.., |c| c != '\n')).take().map(|text| (TokenKind::Comment, text));
    let number = number.map(|text| (TokenKind::Number, text));
    let found = if after_dot {
        alt((word, comment, sign)).parse_next(input)
    } else {
        alt((number, word, comment, sign)).parse_next(input)
    };
    found.map(|(kind, text)| (kind, Cow::Borrowed(text)))
}

/// A JSON number that no further character of a word follows: `2fa` and `10.0.0.1` are none.
fn number<'s>(input: &mut Input<'s>) -> Lexed<&'s str> {
    let start = *input;
    let digits = || take_while(1.., |c: char| c.is_ascii_digit());
    let whole = alt(("0", digits()));
    let fraction = opt(('.', digits()));
    let exponent = opt((one_of(['e', 'E']), opt(one_of(['+', '-'])), digits()));
    let text = (opt('-'), whole, fraction, exponent).take().parse_next(input)?;
    match input.chars().next() {
        Some(next) if is_word_char(next) || next == '.' => {
            *input = start;
            Err(ErrMode::Backtrack(winnow::error::EmptyError))
        }
        _ => Ok(text),
    }
}

/// Brackets, commas, dots and operators. A run of operator signs is one token, so that `==` is not two `=`.
fn sign<'s>(input: &mut Input<'s>) -> Lexed<(TokenKind, &'s str)> {
    let single = one_of(['(', ')', '[', ']', ',', '.']).take().map(|text| {
        let kind = match text {
            "(" => TokenKind::Open,
            ")" => TokenKind::Close,
            "[" => TokenKind::OpenBracket,
            "]" => TokenKind::CloseBracket,
            "," => TokenKind::Comma,
            _ => TokenKind::Dot,
        };
        (kind, text)
    });
    let run = take_while(1.., ['=', '!', '<', '>', '~', '&', '|', '≠', '≤', '≥']).map(|text| {
        let kind = match text {
            "=" => TokenKind::Equal,
            "!=" => TokenKind::NotEqual,
            "<" => TokenKind::Less,
            "<=" => TokenKind::LessOrEqual,
            ">" => TokenKind::Greater,
            ">=" => TokenKind::GreaterOrEqual,
            _ => TokenKind::Foreign,
        };
        (kind, text)
    });
    alt((single, run)).parse_next(input)
}

/// The rest of a quoted text, its opening quote read.
fn quoted(input: &mut Input<'_>, open: char, start: usize, sink: &mut Sink) -> String {
    let closing = words::closing_quotes(open, input);
    let mut text = String::new();
    loop {
        let at = input.current_token_start();
        let next: Lexed<char> = any.parse_next(input);
        match next {
            Err(_) => {
                let span = Span::new(start, start + open.len_utf8());
                sink.push(Diagnostic::new(span, Problem::UnterminatedText { quote: closing.first }));
                return text;
            }
            Ok('\\') => escape(input, at, &mut text, sink),
            Ok(close) if closing.closes(close) => {
                if !matches!(open, '"' | '\'') {
                    let span = Span::new(start, input.current_token_start());
                    let problem = Problem::TypographicQuotes { open, close };
                    sink.push(Diagnostic::new(span, problem).with_fix(super::print::quote(&text)));
                }
                return text;
            }
            Ok(other) => text.push(other),
        }
    }
}

/// What follows a backslash. An escape that is not known keeps its backslash: `"\d+"` is `\d+`.
fn escape(input: &mut Input<'_>, at: usize, text: &mut String, sink: &mut Sink) {
    let next: Lexed<char> = any.parse_next(input);
    match next {
        Ok(c @ ('"' | '\'' | '\\')) => text.push(c),
        Ok('n') => text.push('\n'),
        Ok('t') => text.push('\t'),
        Ok('r') => text.push('\r'),
        Ok('u') if input.starts_with('{') => match unicode_escape(input) {
            Some(c) => text.push(c),
            None => {
                let span = Span::new(at, input.current_token_start());
                sink.push(Diagnostic::new(span, Problem::BadUnicodeEscape));
            }
        },
        Ok(c) if words::is_opening_quote(c) => text.push(c),
        Ok(other) => text.extend(['\\', other]),
        // The text ends here; the caller reports it as unterminated.
        Err(_) => {}
    }
}

/// `{e9}` behind `\u`; consumes what looks like it even where it names no character.
fn unicode_escape(input: &mut Input<'_>) -> Option<char> {
    let digits = take_while(0..=8, |c: char| c.is_ascii_hexdigit());
    let read: Lexed<(&str, Option<char>)> = preceded('{', (digits, opt('}'))).parse_next(input);
    let (digits, closed) = read.ok()?;
    closed?;
    if digits.len() > 6 {
        return None;
    }
    char::from_u32(u32::from_str_radix(digits, 16).ok()?)
}
