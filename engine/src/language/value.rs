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
    let (Some(next), Some(operator)) = (next, operator) else { return negated_sign(input, not) };
    bump(input);
    let name = format!("not {}", next.text.to_lowercase());
    Some(Named { operator: Operator::Word(operator), negated: true, name, span: not.span.to(next.span) })
}

/// `not =`, `! =`, `not !=`, `not <`: the sign is read with what stands before it, so that one thing is said of both.
fn negated_sign(input: &mut Tokens<'_, '_>, not: &Token<'_>) -> Option<Named> {
    use TokenKind as K;
    let Some(sign) = peek(input) else { return unknown(input, not.span, Some("!=")) };
    let suggestion = match sign.kind {
        K::Equal | K::NotEqual => Some("!="),
        // `not <` is no `>=`: both are false of a value that is not there.
        K::Less | K::LessOrEqual | K::Greater | K::GreaterOrEqual => None,
        _ => return unknown(input, not.span, Some("!=")),
    };
    bump(input);
    unknown(input, not.span.to(sign.span), suggestion)
}

/// `!in`, `!like`, `!=` in two parts: what other languages write for `not in`, `not like` and `!=`.
fn negated_by_sign(input: &mut Tokens<'_, '_>, not: &Token<'_>) -> Option<Named> {
    bump(input);
    let Some(word) = peek(input).filter(|next| next.kind == TokenKind::Word) else { return negated_sign(input, not) };
    let known = words::word_operator(&word.text).is_some();
    let meaning =
        if known { Some(word.text.to_lowercase()) } else { words::suggest_operator(&word.text).map(str::to_owned) };
    let suggestion = match meaning.as_deref() {
        Some("=") => "!=".to_owned(),
        Some(meaning) if words::word_operator(meaning).is_some() => format!("not {meaning}"),
        // A word that is near to no operator is the value: `user !root`.
        _ => return unknown(input, not.span, Some("!=")),
    };
    bump(input);
    unknown(input, not.span.to(word.span), Some(&suggestion))
}

/// Something where an operator should be. What it probably means is taken for it, so that its value is read.
fn unknown_operator(input: &mut Tokens<'_, '_>, token: &Token<'_>) -> Option<Named> {
    if token.kind == TokenKind::Foreign && &*token.text == "!" {
        return negated_by_sign(input, token);
    }
    bump(input);
    let not = peek(input).filter(|next| next.kind == TokenKind::Word && words::is_not(&next.text));
    if let Some(not) = not.filter(|_| token.text.eq_ignore_ascii_case("is")) {
        bump(input);
        return unknown(input, token.span.to(not.span), Some("!="));
    }
    unknown(input, token.span, words::suggest_operator(&token.text))
}

fn report_unknown(input: &mut Tokens<'_, '_>, span: Span, suggestion: Option<&str>) {
    let found = span.of(input.state.source).to_owned();
    let problem = Problem::UnknownOperator { found, suggestion: suggestion.map(str::to_owned) };
    let diagnostic = Diagnostic::new(span, problem);
    let fix = suggestion.map(|suggestion| apart(input.state.source, span, suggestion));
    input.state.sink.push(match fix {
        Some(fix) => diagnostic.with_fix(fix),
        None => diagnostic,
    });
}

/// Reports; then reads a value if one stands there, so that nothing is said about it.
fn unknown(input: &mut Tokens<'_, '_>, span: Span, suggestion: Option<&str>) -> Option<Named> {
    report_unknown(input, span, suggestion);
    let name = span.of(input.state.source).to_owned();
    let meaning = suggestion.map(|suggestion| suggestion.strip_prefix("not ").unwrap_or(suggestion));
    if meaning == Some("exists") {
        return None;
    }
    let token = peek(input)?;
    match token.kind {
        TokenKind::Open if meaning == Some("in") => {
            Some(Named { operator: Operator::Word(WordOperator::In), negated: false, name, span })
        }
        TokenKind::Text | TokenKind::Number => bump(input).and(None),
        TokenKind::Word if !joins(token) && !words::is_not(&token.text) => {
            Some(Named { operator: Operator::Equals, negated: false, name, span })
        }
        _ => None,
    }
}

/// What is put in place of `span`, kept apart from the words that touch it: `user!in` is mended to `user not in`.
fn apart(source: &str, span: Span, text: &str) -> String {
    let word = |c: Option<char>| c.is_some_and(is_word_char);
    let before = source.get(..span.start).and_then(|before| before.chars().next_back());
    let after = source.get(span.end..).and_then(|after| after.chars().next());
    let left = if word(before) && word(text.chars().next()) { " " } else { "" };
    let right = if word(after) && word(text.chars().next_back()) { " " } else { "" };
    format!("{left}{text}{right}")
}

/// One value; `None` when reported.
fn value(input: &mut Tokens<'_, '_>, named: &Named) -> Option<Literal> {
    let Some(token) = peek(input) else { return missing_value(input, named) };
    let value = match token.kind {
        TokenKind::Text => Value::Text(token.text.to_string()),
        TokenKind::Number => Value::Number(token.text.to_string()),
        TokenKind::Word if words::is_not(&token.text) && negates(input) => return negated_value(input, named),
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

/// Whether the next token, a `not`, stands before a value and no condition.
fn negates(input: &Tokens<'_, '_>) -> bool {
    peek_second(input).is_some_and(|next| match next.kind {
        TokenKind::Text | TokenKind::Number => true,
        TokenKind::Word => bare_word(&next.text).is_some(),
        _ => false,
    })
}

/// `= not null`, `like not "x"`, `in not ("x")`: a `not` that stands behind its operator; the value is read over.
fn negated_value<T>(input: &mut Tokens<'_, '_>, named: &Named) -> Option<T> {
    report_misplaced_not(input, named)?;
    bump(input)?;
    None
}

fn report_misplaced_not(input: &mut Tokens<'_, '_>, named: &Named) -> Option<()> {
    let not = bump(input)?;
    let suggestion = match named.operator {
        // Twice negated, it is meant once: `user != not null` is how one says that it is not null.
        Operator::Equals => Some("!=".to_owned()),
        Operator::Word(_) if named.negated => Some(named.name.clone()),
        Operator::Word(_) => Some(format!("not {}", named.name)),
        Operator::Compare(_) => None,
    };
    report_unknown(input, named.span.to(not.span), suggestion.as_deref());
    Some(())
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
    let not = peek(input).is_some_and(|token| token.kind == TokenKind::Word && words::is_not(&token.text));
    if not && peek_second(input).is_some_and(|next| next.kind == TokenKind::Open) {
        report_misplaced_not(input, named)?;
    }
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
