//! The parts of one predicate: its left side, its operator and its right side.

use super::expr::{Comparison, Function, Key, Literal, Operand, Step, Test, TextOperator, Value};
use super::parser::{Tokens, bump, eat, found, here, peek, peek_second};
use super::print;
use super::token::{Token, TokenKind, is_word_char};
use super::vocabulary;
use super::words::{self, Connective, WordOperator};
use crate::problem::{Diagnostic, Problem};
use crate::span::Span;

/// `key | function "(" key ")"`; `None` when reported.
pub(super) fn operand(input: &mut Tokens<'_, '_>) -> Option<Operand> {
    let Some(token) = call(input) else {
        return key(input).map(|key| Operand { function: None, key });
    };
    let function = called_function(input, token);
    bump(input);
    let open = bump(input)?;
    let inner = inner_functions(input);
    let key = key(input)?;
    if (0..=inner).any(|_| eat(input, TokenKind::Close).is_none()) {
        input.state.report(open.span, Problem::UnclosedParenthesis);
        return None;
    }
    function.filter(|_| inner == 0).map(|function| Operand { function: Some(function), key })
}

/// The name of a function that comes next, with its parenthesis behind it.
fn call<'i, 's>(input: &Tokens<'i, 's>) -> Option<&'i Token<'s>> {
    let is_open = peek_second(input).is_some_and(|next| next.kind == TokenKind::Open);
    peek(input).filter(|token| token.kind == TokenKind::Word && is_open)
}

/// Functions where a key should stand: told of, and read over up to the key. Gives how many parentheses they open.
fn inner_functions(input: &mut Tokens<'_, '_>) -> usize {
    let mut open = 0;
    while let Some(token) = call(input) {
        if open == 0 {
            input.state.report(token.span, Problem::NestedFunction { found: token.text.to_string() });
        }
        bump(input);
        bump(input);
        open += 1;
    }
    open
}

fn called_function(input: &mut Tokens<'_, '_>, name: &Token<'_>) -> Option<Function> {
    let known = words::function(&name.text);
    if known.is_none() {
        let suggestion = words::suggest_function(&name.text);
        let found = name.text.to_string();
        let problem = Problem::UnknownFunction { found, suggestion: suggestion.map(str::to_owned) };
        let diagnostic = Diagnostic::new(name.span, problem);
        input.state.sink.push(match suggestion {
            Some(suggestion) => diagnostic.with_fix(suggestion),
            None => diagnostic,
        });
    }
    known
}

/// `segment ("." segment | "[" index "]")*`
fn key(input: &mut Tokens<'_, '_>) -> Option<Key> {
    let mut span = here(input);
    let mut steps = segment(input)?;
    loop {
        if eat(input, TokenKind::Dot).is_some() {
            span = span.to(here(input));
            steps.extend(segment(input)?);
        } else if eat(input, TokenKind::OpenBracket).is_some() {
            steps.push(index(input)?);
            span = span.to(here(input));
            if eat(input, TokenKind::CloseBracket).is_none() {
                return bad_index(input);
            }
        } else {
            return Some(Key { span, steps });
        }
        // Names that join several steps are looked for as well, so a key's cost grows faster than its length.
        let limit = input.state.limits.steps;
        if steps.len() > limit {
            input.state.report(span, Problem::KeyTooLong { limit });
            return None;
        }
    }
}

/// One part of a key. A number is one too: `5` is the member "5", and `1.5`, read as a number, is two parts.
fn segment(input: &mut Tokens<'_, '_>) -> Option<Vec<Step>> {
    let token = peek(input);
    let steps = match token.map(|token| (token.kind, &token.text)) {
        Some((TokenKind::Word | TokenKind::Text, text)) => vec![Step::Name(text.to_string())],
        Some((TokenKind::Number, text)) if text.chars().all(|c| is_word_char(c) || c == '.') => {
            text.split('.').map(|part| Step::Name(part.to_owned())).collect()
        }
        _ => {
            let problem = Problem::BadKey { found: found(input) };
            input.state.report(here(input), problem);
            return None;
        }
    };
    bump(input);
    Some(steps)
}

fn index(input: &mut Tokens<'_, '_>) -> Option<Step> {
    let token = peek(input).filter(|token| token.kind == TokenKind::Number);
    let Some(place) = token.and_then(|token| token.text.parse::<i64>().ok()) else { return bad_index(input) };
    bump(input);
    Some(Step::Index(place))
}

fn bad_index<T>(input: &mut Tokens<'_, '_>) -> Option<T> {
    let problem = Problem::BadIndex { found: found(input).unwrap_or_default() };
    input.state.report(here(input), problem);
    None
}

/// An operator as read, before its value.
#[derive(Clone, Copy)]
enum Operator {
    Equals,
    Compare(Comparison),
    Word(WordOperator),
}

/// An operator with its name and place, for messages.
struct Named {
    operator: Operator,
    negated: bool,
    name: String,
    span: Span,
}

/// Operator and value; `None` when reported.
pub(super) fn test(input: &mut Tokens<'_, '_>, operand: &Operand) -> Option<(Test, bool)> {
    let named = operator(input, operand)?;
    let test = match named.operator {
        Operator::Word(WordOperator::Exists) => Test::Exists,
        Operator::Word(WordOperator::In) => Test::In(set(input, &named)?),
        Operator::Equals => Test::Equals(value(input, &named)?),
        Operator::Compare(comparison) => Test::Compare(comparison, value(input, &named)?),
        Operator::Word(WordOperator::Text(operator)) => Test::Text(operator, value(input, &named)?),
        Operator::Word(WordOperator::Matches) => Test::Matches(value(input, &named)?),
    };
    accepts(input, &named, &test).then_some((test, named.negated))
}

/// Whether the operator takes this kind of value; reported if not.
fn accepts(input: &mut Tokens<'_, '_>, named: &Named, test: &Test) -> bool {
    let (literal, wanted) = match test {
        Test::Compare(_, literal) if !matches!(literal.value, Value::Number(_) | Value::Text(_)) => {
            (literal, "a number or a timestamp")
        }
        Test::Text(_, literal) if literal.value == Value::Null => (literal, "a text"),
        Test::Matches(literal) if !matches!(literal.value, Value::Text(_)) => (literal, "a quoted regular expression"),
        _ => return true,
    };
    let problem =
        Problem::BadValue { operator: named.name.clone(), found: literal.to_string(), wanted: wanted.to_owned() };
    input.state.report(literal.span, problem);
    false
}

fn operator(input: &mut Tokens<'_, '_>, operand: &Operand) -> Option<Named> {
    let Some(token) = peek(input) else { return missing_operator(input, operand) };
    let named = |operator, negated| Named { operator, negated, name: token.text.to_lowercase(), span: token.span };
    let sign = match token.kind {
        TokenKind::Equal => Some((Operator::Equals, false)),
        TokenKind::NotEqual => Some((Operator::Equals, true)),
        TokenKind::Less => Some((Operator::Compare(Comparison::Less), false)),
        TokenKind::LessOrEqual => Some((Operator::Compare(Comparison::LessOrEqual), false)),
        TokenKind::Greater => Some((Operator::Compare(Comparison::Greater), false)),
        TokenKind::GreaterOrEqual => Some((Operator::Compare(Comparison::GreaterOrEqual), false)),
        _ => None,
    };
    if let Some((operator, negated)) = sign {
        bump(input);
        return Some(named(operator, negated));
    }
    match token.kind {
        TokenKind::Word if words::is_not(&token.text) => negated_operator(input, token),
        TokenKind::Word => match words::word_operator(&token.text) {
            Some(operator) => {
                bump(input);
                Some(named(Operator::Word(operator), false))
            }
            None if joins(token) => missing_operator(input, operand),
            None => unknown_operator(input, token),
        },
        TokenKind::Foreign if Connective::of_sign(&token.text).is_none() => unknown_operator(input, token),
        TokenKind::Text | TokenKind::Number => {
            let hole = missing_operator(input, operand);
            bump(input);
            hole
        }
        _ => missing_operator(input, operand),
    }
}

fn joins(token: &Token<'_>) -> bool {
    Connective::of_word(&token.text).is_some() || Connective::of_translation(&token.text).is_some()
}

fn missing_operator<T>(input: &mut Tokens<'_, '_>, operand: &Operand) -> Option<T> {
    let text = operand.key.span.of(input.state.source);
    // A text in quotes where a condition should begin is a value more often than a key: `user = "a" or "b"`.
    let quoted = text.starts_with(words::is_opening_quote) && operand.key.steps.len() == 1;
    let key = if quoted { text.to_owned() } else { operand.key.to_string() };
    input.state.report(operand.key.span, Problem::MissingOperator { key, quoted });
    None
}

/// `not like`, `not in`, `not matches` …
fn negated_operator(input: &mut Tokens<'_, '_>, not: &Token<'_>) -> Option<Named> {
    bump(input);
    let next = peek(input);
    let operator = next.filter(|next| next.kind == TokenKind::Word).and_then(|next| words::word_operator(&next.text));
    let (Some(next), Some(operator)) = (next, operator) else {
        let equals = next.filter(|next| next.kind == TokenKind::Equal);
        let span = equals.map_or(not.span, |next| not.span.to(next.span));
        let found = span.of(input.state.source).to_owned();
        if equals.is_some() {
            bump(input);
        }
        return unknown(input, span, found, Some("!="));
    };
    bump(input);
    let name = format!("not {}", next.text.to_lowercase());
    Some(Named { operator: Operator::Word(operator), negated: true, name, span: not.span.to(next.span) })
}

/// Something where an operator should be. What it probably means is taken for it, so that its value is read.
fn unknown_operator(input: &mut Tokens<'_, '_>, token: &Token<'_>) -> Option<Named> {
    bump(input);
    let not = peek(input).filter(|next| next.kind == TokenKind::Word && words::is_not(&next.text));
    if let Some(not) = not.filter(|_| token.text.eq_ignore_ascii_case("is")) {
        bump(input);
        return unknown(input, token.span.to(not.span), "is not".to_owned(), Some("!="));
    }
    let suggestion = words::suggest_operator(&token.text);
    unknown(input, token.span, token.text.to_string(), suggestion)
}

/// Reports; then reads a value if one stands there, so that nothing is said about it.
fn unknown(input: &mut Tokens<'_, '_>, span: Span, found: String, suggestion: Option<&str>) -> Option<Named> {
    let name = found.clone();
    let problem = Problem::UnknownOperator { found, suggestion: suggestion.map(str::to_owned) };
    let diagnostic = Diagnostic::new(span, problem);
    input.state.sink.push(match suggestion {
        Some(suggestion) => diagnostic.with_fix(suggestion),
        None => diagnostic,
    });
    let token = peek(input)?;
    match token.kind {
        TokenKind::Open if suggestion == Some("in") => {
            Some(Named { operator: Operator::Word(WordOperator::In), negated: false, name, span })
        }
        TokenKind::Text | TokenKind::Number => bump(input).and(None),
        TokenKind::Word if !joins(token) && !words::is_not(&token.text) => {
            Some(Named { operator: Operator::Equals, negated: false, name, span })
        }
        _ => None,
    }
}

/// One value; `None` when reported.
fn value(input: &mut Tokens<'_, '_>, named: &Named) -> Option<Literal> {
    let Some(token) = peek(input) else { return missing_value(input, named) };
    let value = match token.kind {
        TokenKind::Text => Value::Text(token.text.to_string()),
        TokenKind::Number => Value::Number(token.text.to_string()),
        TokenKind::Word if words::is_keyword(&token.text) => return missing_value(input, named),
        TokenKind::Word => match bare_word(&token.text) {
            Some(value) => value,
            None => return unquoted(input, token.span.start),
        },
        TokenKind::Dot => return unquoted(input, token.span.start),
        _ => return missing_value(input, named),
    };
    bump(input);
    Some(Literal { span: token.span, value })
}

/// The values that stand without quotes.
fn bare_word(word: &str) -> Option<Value> {
    match word.to_ascii_lowercase().as_str() {
        "true" => Some(Value::Bool(true)),
        "false" => Some(Value::Bool(false)),
        "null" => Some(Value::Null),
        _ => word.strip_prefix('@').filter(|name| !name.is_empty()).map(|name| Value::List(name.to_owned())),
    }
}

fn missing_value<T>(input: &mut Tokens<'_, '_>, named: &Named) -> Option<T> {
    let problem = Problem::MissingValue { operator: named.name.clone(), found: found(input) };
    input.state.report(named.span, problem);
    None
}

/// A value without quotes: all up to the next blank, comma or parenthesis, whatever the lexer thought of it.
fn unquoted(input: &mut Tokens<'_, '_>, start: usize) -> Option<Literal> {
    let rest = input.state.source.get(start..).unwrap_or_default();
    let length = rest.find(|c: char| c.is_whitespace() || matches!(c, ')' | ',')).unwrap_or(rest.len());
    let span = Span::new(start, start + length);
    input.state.sink.retain(|earlier| earlier.span.start < span.start || earlier.span.start >= span.end);
    while peek(input).is_some_and(|token| token.span.start < span.end) {
        bump(input);
    }
    let found = span.of(input.state.source).to_owned();
    let numeric = found.contains(|c: char| c.is_ascii_digit())
        && found.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E' | '_'));
    let fix = print::quote(&found);
    // Quoted, a key would be compared as a text: another question, which nothing would tell.
    let key = !numeric && found.split_once('.').is_some_and(|(first, _)| vocabulary::is_known(first));
    let problem = if numeric { Problem::BadNumber { found } } else { Problem::UnquotedValue { found, key } };
    let diagnostic = Diagnostic::new(span, problem);
    input.state.sink.push(if key { diagnostic } else { diagnostic.with_fix(fix) });
    None
}

/// `"(" value ("," value)* ")" | @list`
fn set(input: &mut Tokens<'_, '_>, named: &Named) -> Option<Vec<Literal>> {
    let Some(open) = eat(input, TokenKind::Open) else {
        let single = value(input, named)?;
        if matches!(single.value, Value::List(_)) {
            return Some(vec![single]);
        }
        let fix = format!("({single})");
        let problem = Problem::BadSet { found: Some(single.to_string()) };
        input.state.sink.push(Diagnostic::new(single.span, problem).with_fix(fix));
        return None;
    };
    let mut values = Vec::new();
    let mut whole = true;
    loop {
        match member(input) {
            Member::Value(value) => values.push(value),
            Member::Reported => whole = false,
            Member::None => return bad_set(input, open),
        }
        if eat(input, TokenKind::Close).is_some() {
            break;
        }
        if eat(input, TokenKind::Comma).is_none() {
            return bad_set(input, open);
        }
    }
    let limit = input.state.limits.set;
    if values.len() > limit {
        input.state.report(open.span, Problem::SetTooLong { limit });
        return None;
    }
    whole.then_some(values)
}

enum Member {
    Value(Literal),
    /// Something that is no value, reported and passed over.
    Reported,
    None,
}

fn member(input: &mut Tokens<'_, '_>) -> Member {
    let Some(token) = peek(input) else { return Member::None };
    let value = match token.kind {
        TokenKind::Text => Value::Text(token.text.to_string()),
        TokenKind::Number => Value::Number(token.text.to_string()),
        TokenKind::Word if !words::is_keyword(&token.text) => match bare_word(&token.text) {
            Some(value) => value,
            None => {
                unquoted(input, token.span.start);
                return Member::Reported;
            }
        },
        _ => return Member::None,
    };
    bump(input);
    Member::Value(Literal { span: token.span, value })
}

/// A set that is not well formed: reported at what is wrong, then passed over up to its end.
fn bad_set<T>(input: &mut Tokens<'_, '_>, open: &Token<'_>) -> Option<T> {
    let at = peek(input).map_or(open.span, |token| token.span);
    let problem = Problem::BadSet { found: found(input) };
    input.state.report(at, problem);
    while let Some(token) = peek(input) {
        if token.kind == TokenKind::Word && words::is_keyword(&token.text) {
            break;
        }
        bump(input);
        if token.kind == TokenKind::Close {
            break;
        }
    }
    None
}

/// Names of the word operators on text, for the printer.
pub(super) fn text_operator_name(operator: TextOperator) -> &'static str {
    words::WORD_OPERATORS
        .iter()
        .find(|(_, known)| *known == WordOperator::Text(operator))
        .map_or("like", |(name, _)| name)
}
