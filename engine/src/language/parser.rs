//! Tokens to a tree. Every problem goes to a sink and parsing goes on, so that one reading finds all of them.
//!
//! A part that cannot be read becomes a hole (`None`), which its parents pass over; a filter with an error gives no
//! tree at all. Recovery happens at connectives and parentheses: the parser never reports what follows from an
//! earlier report.

use super::expr::{Expr, Literal, Predicate, Test};
use super::token::{self, Token, TokenKind};
use super::words::{self, Connective};
use super::{Limits, value};
use crate::problem::{Diagnostic, Problem, Sink};
use crate::span::Span;
use winnow::prelude::*;
use winnow::stream::{Stateful, Stream, TokenSlice};
use winnow::token::any;

/// What reading a filter gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// The tree, if there was no error.
    pub expr: Option<Expr>,
    /// Errors and warnings in the order of their places.
    pub problems: Vec<Diagnostic>,
}

/// What the parser carries along beside the tokens.
#[derive(Debug)]
pub(super) struct Context<'s> {
    pub(super) source: &'s str,
    pub(super) limits: Limits,
    pub(super) sink: Sink,
    /// Open parentheses and `not`s.
    depth: usize,
    /// The depth limit was passed and reported: nothing more is read.
    given_up: bool,
}

pub(super) type Tokens<'i, 's> = Stateful<TokenSlice<'i, Token<'s>>, Context<'s>>;

/// Reads a filter.
#[must_use]
pub fn parse(source: &str, limits: &Limits) -> Parsed {
    if source.len() > limits.length {
        let problem = Problem::FilterTooLong { length: source.len(), limit: limits.length };
        return Parsed { expr: None, problems: vec![Diagnostic::new(Span::at(0), problem)] };
    }
    let mut sink = Sink::new();
    let mut tokens = token::lex(source, &mut sink);
    tokens.retain(|token| token.kind != TokenKind::Comment);
    let context = Context { source, limits: *limits, sink, depth: 0, given_up: false };
    let mut input = Stateful { input: TokenSlice::new(&tokens), state: context };
    let expr = whole(&mut input);
    let mut problems = input.state.sink;
    problems.sort_by_key(|diagnostic| (diagnostic.span.start, diagnostic.span.end));
    let failed = problems.iter().any(Diagnostic::is_error);
    Parsed { expr: expr.filter(|_| !failed), problems }
}

impl Context<'_> {
    pub(super) fn report(&mut self, span: Span, problem: Problem) {
        self.sink.push(Diagnostic::new(span, problem));
    }
}

/// The next token, left where it is.
pub(super) fn peek<'i, 's>(input: &Tokens<'i, 's>) -> Option<&'i Token<'s>> {
    if input.state.given_up {
        return None;
    }
    input.input.peek_token()
}

/// The token after the next.
pub(super) fn peek_second<'i, 's>(input: &Tokens<'i, 's>) -> Option<&'i Token<'s>> {
    input.input.iter_offsets().nth(1).map(|(_, token)| token)
}

/// Takes the next token.
pub(super) fn bump<'i, 's>(input: &mut Tokens<'i, 's>) -> Option<&'i Token<'s>> {
    peek(input)?;
    let next: Result<&'i Token<'s>, winnow::error::EmptyError> = any.parse_next(input);
    next.ok()
}

/// Takes the next token if it is of this kind.
pub(super) fn eat<'i, 's>(input: &mut Tokens<'i, 's>, kind: TokenKind) -> Option<&'i Token<'s>> {
    peek(input).filter(|token| token.kind == kind)?;
    bump(input)
}

/// The place of the next token, or the end of the source.
pub(super) fn here(input: &Tokens<'_, '_>) -> Span {
    peek(input).map_or(Span::at(input.state.source.trim_end().len()), |token| token.span)
}

/// The next token's text as written.
pub(super) fn found(input: &Tokens<'_, '_>) -> Option<String> {
    peek(input).map(|token| token.span.of(input.state.source).to_owned())
}

/// The whole text: conditions, and closing parentheses that nobody opened.
fn whole(input: &mut Tokens<'_, '_>) -> Option<Expr> {
    if peek(input).is_none() {
        // Characters that are no tokens were reported; only a text without any is empty.
        if input.state.sink.is_empty() {
            input.state.report(Span::new(0, input.state.source.len()), Problem::EmptyFilter);
        }
        return None;
    }
    let mut expr = disjunction(input);
    while let Some(close) = eat(input, TokenKind::Close) {
        input.state.report(close.span, Problem::UnopenedParenthesis);
        if peek(input).is_some_and(|token| token.kind != TokenKind::Close) {
            take_connective(input);
            expr = disjunction(input);
        }
    }
    expr
}

/// `conjunction ("or" conjunction)*`
fn disjunction(input: &mut Tokens<'_, '_>) -> Option<Expr> {
    let mut parts = vec![conjunction(input)];
    while joint(input) == Some(Joint::Connective(Connective::Or)) {
        take_connective(input);
        parts.push(conjunction(input));
    }
    join(parts, Expr::Or)
}

/// `negation ("and" negation)*`
fn conjunction(input: &mut Tokens<'_, '_>) -> Option<Expr> {
    let mut parts = vec![negation(input)];
    loop {
        match joint(input) {
            Some(Joint::Connective(Connective::And)) => take_connective(input),
            Some(Joint::Missing) => {
                let problem = Problem::MissingConnective { found: found(input).unwrap_or_default() };
                input.state.report(here(input), problem);
                if !starts_condition(input) {
                    skip_to_joint(input);
                    continue;
                }
            }
            _ => return join(parts, Expr::And),
        }
        parts.push(negation(input));
    }
}

/// One part alone is itself; parts with a hole are a hole; `(a and b) and c` is one list of three.
fn join(parts: Vec<Option<Expr>>, join: fn(Vec<Expr>) -> Expr) -> Option<Expr> {
    let mut parts: Vec<Expr> = parts.into_iter().collect::<Option<_>>()?;
    if parts.len() == 1 {
        return parts.pop();
    }
    let kind = std::mem::discriminant(&join(Vec::new()));
    let flat = parts.into_iter().flat_map(|part| {
        let same = std::mem::discriminant(&part) == kind;
        match part {
            Expr::And(inner) | Expr::Or(inner) if same => inner,
            other => vec![other],
        }
    });
    Some(join(flat.collect()))
}

/// What stands between two conditions.
#[derive(PartialEq, Eq)]
enum Joint {
    Connective(Connective),
    /// Something that is neither a connective nor an end.
    Missing,
}

/// What the next token is to the condition before it; `None` at an end.
fn joint(input: &Tokens<'_, '_>) -> Option<Joint> {
    let token = peek(input)?;
    if token.kind == TokenKind::Close {
        return None;
    }
    Some(connective(token).map_or(Joint::Missing, Joint::Connective))
}

fn connective(token: &Token<'_>) -> Option<Connective> {
    match token.kind {
        TokenKind::Word => Connective::of_word(&token.text).or_else(|| Connective::of_translation(&token.text)),
        TokenKind::Foreign => Connective::of_sign(&token.text),
        _ => None,
    }
}

/// Takes a connective, with a word on those of other languages.
fn take_connective(input: &mut Tokens<'_, '_>) {
    let Some(token) = peek(input) else { return };
    let Some(meaning) = connective(token) else { return };
    bump(input);
    if token.kind == TokenKind::Word && Connective::of_word(&token.text).is_some() {
        return;
    }
    let meaning = meaning.as_str().to_owned();
    let found = token.text.to_string();
    let problem = match token.kind {
        TokenKind::Word => Problem::TranslatedConnective { found, meaning: meaning.clone() },
        _ => Problem::UnknownOperator { found, suggestion: Some(meaning.clone()) },
    };
    input.state.sink.push(Diagnostic::new(token.span, problem).with_fix(meaning));
}

fn starts_condition(input: &Tokens<'_, '_>) -> bool {
    use TokenKind as K;
    peek(input).is_some_and(|token| matches!(token.kind, K::Word | K::Text | K::Number | K::Open))
}

/// Goes on to the next connective or parenthesis of this level; what is inside parentheses is passed over.
fn skip_to_joint(input: &mut Tokens<'_, '_>) {
    let mut open = 0usize;
    while let Some(token) = peek(input) {
        match token.kind {
            TokenKind::Open => open += 1,
            TokenKind::Close if open == 0 => return,
            TokenKind::Close => open -= 1,
            _ if open == 0 && connective(token).is_some() => return,
            _ => {}
        }
        bump(input);
    }
}

/// `"not" negation | primary`, iterative in its depth only as far as the limit allows.
fn negation(input: &mut Tokens<'_, '_>) -> Option<Expr> {
    let Some(token) = peek(input) else { return expected_condition(input) };
    match token.kind {
        TokenKind::Word if words::is_not(&token.text) => {
            bump(input);
            nested(input, token.span, negation).map(|inner| Expr::Not(Box::new(inner)))
        }
        TokenKind::Foreign if &*token.text == "!" => {
            let problem = Problem::UnknownOperator { found: "!".into(), suggestion: Some("not".into()) };
            input.state.sink.push(Diagnostic::new(token.span, problem).with_fix("not "));
            bump(input);
            nested(input, token.span, negation).map(|inner| Expr::Not(Box::new(inner)))
        }
        TokenKind::Open => {
            bump(input);
            let inner = nested(input, token.span, disjunction);
            if eat(input, TokenKind::Close).is_none() && !input.state.given_up {
                input.state.report(token.span, Problem::UnclosedParenthesis);
            }
            inner
        }
        TokenKind::Word if Connective::of_word(&token.text).is_some() => expected_condition(input),
        TokenKind::Word | TokenKind::Text | TokenKind::Number => predicate(input),
        TokenKind::Close => expected_condition(input),
        _ => {
            let hole = expected_condition(input);
            skip_to_joint(input);
            hole
        }
    }
}

/// Runs `parse` one level deeper, unless that is too deep.
fn nested<'i, 's>(
    input: &mut Tokens<'i, 's>,
    at: Span,
    parse: fn(&mut Tokens<'i, 's>) -> Option<Expr>,
) -> Option<Expr> {
    let limit = input.state.limits.depth;
    if input.state.depth >= limit {
        if !input.state.given_up {
            input.state.report(at, Problem::NestingTooDeep { limit });
        }
        input.state.given_up = true;
        return None;
    }
    input.state.depth += 1;
    let inner = parse(input);
    input.state.depth -= 1;
    inner
}

fn expected_condition(input: &mut Tokens<'_, '_>) -> Option<Expr> {
    if !input.state.given_up {
        let after = input.input.previous_tokens().next().filter(|token| connective(token).is_some());
        let after = after.map(|token| token.text.to_string());
        let problem = Problem::ExpectedCondition { found: found(input), after };
        input.state.report(here(input), problem);
    }
    None
}

/// `operand op value`
fn predicate(input: &mut Tokens<'_, '_>) -> Option<Expr> {
    let start = here(input);
    let operand = value::operand(input);
    let Some(operand) = operand else {
        skip_to_joint(input);
        return None;
    };
    let (test, negated) = value::test(input, &operand)?;
    check_pattern(input, &test);
    let end = input.input.previous_tokens().next().map_or(start, |token| token.span);
    Some(Expr::Predicate(Predicate { span: start.to(end), operand, test, negated }))
}

/// A regular expression that does not compile is an error of the filter.
fn check_pattern(input: &mut Tokens<'_, '_>, test: &Test) {
    use crate::pattern::{Pattern, PatternError};
    let Test::Matches(Literal { span, value: super::expr::Value::Text(text) }) = test else { return };
    let limit = input.state.limits.regex;
    match Pattern::new(text, limit) {
        Ok(_) => {}
        Err(PatternError::Syntax(reason)) => input.state.report(*span, Problem::BadRegex { reason }),
        Err(PatternError::TooLarge) => input.state.report(*span, Problem::RegexTooLarge { limit }),
    }
}
