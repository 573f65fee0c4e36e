//! One line of a selection, `field|modifiers: values`, as a filter.
//!
//! Sigma compares texts without regard to letter case. Here that is `lower(key)` with values in lower case, by Unicode's
//! rules on both sides; where a value has no letters, the key is asked as it is.

use super::context::Context;
use super::modifier::{self, Linking, Modified, Typed};
use super::regex;
use super::time;
use super::value::{Pattern, Token};
use super::yaml::Node;
use crate::import::filter::{Left, all, any, literal, not};
use oxpecker_engine::event;
use oxpecker_engine::language::Expr;
use oxpecker_engine::language::expr::{Key, TextOperator, Value};
use std::net::IpAddr;

/// Values of a key that are compared as wholes, gathered so that they make one set.
#[derive(Default)]
struct Whole {
    values: Vec<Value>,
    /// Some value has letters, and letter case does not count.
    lower: bool,
}

/// The filter of `name: values`, where `name` is a field with its modifiers.
pub(super) fn item(name: &str, values: &Node, context: &mut Context<'_>) -> Result<Expr, String> {
    let mut parts = name.split('|');
    let field = parts.next().unwrap_or_default();
    let modifiers: Vec<&str> = parts.collect();
    if modifiers.is_empty()
        && let Some(meaning) = meanings(field, values, context)
    {
        return Ok(meaning);
    }
    let modified = modifier::apply(&modifiers, values).map_err(|why| format!("`{name}`: {why}"))?;
    let expr = if field.is_empty() { keywords(&modified, context) } else { asked(field, &modified, context) };
    let expr = expr.map_err(|why| format!("`{name}`: {why}"))?;
    Ok(if modified.negated { not(expr) } else { expr })
}

/// Texts that are looked for anywhere in the event.
pub(super) fn keyword(value: &Node, context: &mut Context<'_>) -> Result<Expr, String> {
    let modified = modifier::apply(&[], value)?;
    keywords(&modified, context)
}

/// The filters that a table gives for these values, if it has one for each.
fn meanings(field: &str, values: &Node, context: &mut Context<'_>) -> Option<Expr> {
    let each = values.items().iter().map(|value| context.meaning(field, value.scalar()?)).collect::<Option<Vec<_>>>();
    each.filter(|each| !each.is_empty()).and_then(any)
}

fn asked(field: &str, modified: &Modified, context: &mut Context<'_>) -> Result<Expr, String> {
    let modified = as_written(field, modified, context);
    let keys = keys(field, &modified, context);
    let parts = keys.iter().map(|key| asked_of(key, &modified, context)).collect::<Result<_, _>>()?;
    any(parts).ok_or_else(|| "no value to compare with".to_owned())
}

/// The values of a field as producers write them: auditd has the numbers of system calls, whose names are asked for here,
/// and registers in hexadecimal digits, which laurel writes with `0x` before them.
fn as_written(field: &str, modified: &Modified, context: &mut Context<'_>) -> Modified {
    let mut modified = modified.clone();
    if context.mapped(field) == Some("syscall") {
        for value in &mut modified.values {
            let call = plain(value).and_then(|number| Some((number, event::system_call(number.parse().ok()?)?)));
            if let Some((number, name)) = call {
                context.note(format!("the system call {number} is `{name}`, as on x86-64"));
                *value = Typed::Text(Pattern::plain(&name));
            }
        }
    } else if context.is_register(field) && modified.linking == Linking::Any {
        let laurel = |value: &Typed| Some(Typed::Text(Pattern::plain(&format!("0x{}", plain(value)?))));
        let more: Vec<Typed> = modified.values.iter().filter_map(laurel).collect();
        modified.values.extend(more);
    }
    modified
}

/// A value without wildcards, as a text.
fn plain(value: &Typed) -> Option<&str> {
    match value {
        Typed::Text(pattern) => pattern.as_text(),
        Typed::Number(number) => Some(number),
        _ => None,
    }
}

/// Where a field is asked for: its key, or each of several that may hold it.
fn keys(field: &str, modified: &Modified, context: &mut Context<'_>) -> Vec<Key> {
    let text = modified.values.iter().any(is_text);
    // That a field is not there is no question to ask of each place by itself.
    let presence = modified.values.iter().any(|value| matches!(value, Typed::Null | Typed::Exists(_)));
    let several = if text { context.text_keys(field) } else { None };
    let several = several.or_else(|| if presence { None } else { context.places(field) });
    several.unwrap_or_else(|| vec![context.key(field)])
}

/// Whether a value has characters to look for; `*` alone has none.
fn is_text(value: &Typed) -> bool {
    match value {
        Typed::Text(pattern) => pattern.0.iter().any(|token| *token != Token::Any),
        Typed::Regex { .. } => true,
        _ => false,
    }
}

fn asked_of(key: &Key, modified: &Modified, context: &mut Context<'_>) -> Result<Expr, String> {
    if modified.values.is_empty() {
        return Err("no value to compare with".to_owned());
    }
    if modified.linking == Linking::All {
        let each = modified.values.iter().map(|value| {
            let mut whole = Whole::default();
            let part = one(key, value, modified.cased, &mut whole, context)?;
            Ok(part.or_else(|| whole.close(key)))
        });
        let parts: Vec<Option<Expr>> = each.collect::<Result<_, String>>()?;
        return all(parts.into_iter().flatten().collect()).ok_or_else(|| "no value to compare with".to_owned());
    }
    let mut whole = Whole::default();
    let mut parts = Vec::new();
    for value in &modified.values {
        parts.extend(one(key, value, modified.cased, &mut whole, context)?);
    }
    parts.splice(0..0, whole.close(key));
    any(parts).ok_or_else(|| "no value to compare with".to_owned())
}

impl Whole {
    fn close(self, key: &Key) -> Option<Expr> {
        let left = if self.lower { Left::lower(key) } else { Left::new(key) };
        if self.values.is_empty() { None } else { Some(left.is_any(self.values)) }
    }
}

/// One value: a filter, or nothing if it went to the whole ones.
fn one(
    key: &Key,
    value: &Typed,
    cased: bool,
    whole: &mut Whole,
    context: &mut Context<'_>,
) -> Result<Option<Expr>, String> {
    let left = Left::new(key);
    Ok(Some(match value {
        Typed::Text(pattern) => return text(key, pattern, cased, whole, context),
        Typed::Number(number) => {
            whole.values.push(Value::Number(number.clone()));
            return Ok(None);
        }
        Typed::Network(network) => {
            whole.values.push(Value::Text(network.clone()));
            return Ok(None);
        }
        Typed::Null => left.is_null(),
        Typed::Regex { pattern, flags } => left.matches(&regex::translate(pattern, flags)),
        Typed::Exists(true) => left.exists(),
        Typed::Exists(false) => not(left.exists()),
        Typed::Compare(comparison, number) => left.compares(*comparison, number),
        Typed::Time(part, comparison, number) => {
            context.note("it reads the time as the event writes it, in no other time zone");
            left.matches(&time::pattern(*part, *comparison, *number)?)
        }
    }))
}

/// What a text asks of a key.
fn text(
    key: &Key,
    pattern: &Pattern,
    cased: bool,
    whole: &mut Whole,
    context: &mut Context<'_>,
) -> Result<Option<Expr>, String> {
    if pattern.0.iter().any(|token| matches!(token, Token::Placeholder(_))) {
        return placeholder(key, pattern, cased, context).map(Some);
    }
    let lower = !cased && has_letters(pattern);
    let left = if lower { Left::lower(key) } else { Left::new(key) };
    let fold = |text: &str| if lower { text.to_lowercase() } else { text.to_owned() };
    Ok(Some(match pattern.0.as_slice() {
        [] | [Token::Text(_)] => {
            let text = fold(pattern.as_text().unwrap_or_default());
            if is_more_than_text(&text) {
                left.matches(&format!("^{}$", literal(&text)))
            } else {
                // What was gathered before has letters too, or none: then its case does not matter.
                whole.lower |= lower;
                whole.values.push(Value::Text(text));
                return Ok(None);
            }
        }
        [Token::Any] => not(Left::new(key).is_null()),
        [Token::Text(text), Token::Any] => left.starts_with(&fold(text)),
        [Token::Any, Token::Text(text)] => left.ends_with(&fold(text)),
        [Token::Any, Token::Text(text), Token::Any] => left.like(&fold(text)),
        tokens => left.matches(&as_regex(tokens, fold)),
    }))
}

/// `%name%`: any value of the list `@name`.
fn placeholder(key: &Key, pattern: &Pattern, cased: bool, context: &mut Context<'_>) -> Result<Expr, String> {
    let (name, operator) = match pattern.0.as_slice() {
        [Token::Placeholder(name)] => (name, None),
        [Token::Placeholder(name), Token::Any] => (name, Some(TextOperator::StartsWith)),
        [Token::Any, Token::Placeholder(name)] => (name, Some(TextOperator::EndsWith)),
        [Token::Any, Token::Placeholder(name), Token::Any] => (name, Some(TextOperator::Like)),
        _ => return Err("a placeholder can only be a whole value here, not a part of one".to_owned()),
    };
    let list = context.list(name)?;
    let left = if cased { Left::new(key) } else { Left::lower(key) };
    Ok(left.in_list(&list, operator))
}

/// Keywords, in each key that holds the text of a log line.
fn keywords(modified: &Modified, context: &mut Context<'_>) -> Result<Expr, String> {
    let keys = context.keyword_keys()?;
    let mut each = Vec::new();
    for value in &modified.values {
        let value = match value {
            Typed::Text(pattern) => Typed::Text(pattern.clone().open_at_start().open_at_end()),
            Typed::Number(number) => Typed::Text(Pattern::plain(number).open_at_start().open_at_end()),
            Typed::Regex { .. } => value.clone(),
            _ => return Err("only texts and regular expressions can be looked for without a field".to_owned()),
        };
        let mut parts = Vec::new();
        for key in &keys {
            parts.extend(one(key, &value, modified.cased, &mut Whole::default(), context)?);
        }
        each.extend(any(parts));
    }
    let joined = if modified.linking == Linking::All { all(each) } else { any(each) };
    joined.ok_or_else(|| "no value to look for".to_owned())
}

fn has_letters(pattern: &Pattern) -> bool {
    pattern.0.iter().any(|token| match token {
        Token::Text(text) => text.to_lowercase() != *text || text.to_uppercase() != *text,
        _ => false,
    })
}

/// Texts that `=` would not compare as texts: networks, and numbers that can be written otherwise.
fn is_more_than_text(text: &str) -> bool {
    let network = text.split_once('/').is_some_and(|(address, _)| address.parse::<IpAddr>().is_ok());
    let number = text.contains(['.', 'e', 'E']) && serde_json::from_str::<serde_json::Number>(text).is_ok();
    network || number
}

/// A text with wildcards as a regular expression for the whole value.
fn as_regex(tokens: &[Token], fold: impl Fn(&str) -> String) -> String {
    let (mut out, mut tokens) = (String::new(), tokens);
    if let [Token::Any, rest @ ..] = tokens {
        tokens = rest;
    } else {
        out.push('^');
    }
    let open = matches!(tokens, [.., Token::Any]);
    if let [rest @ .., Token::Any] = tokens {
        tokens = rest;
    }
    for token in tokens {
        match token {
            Token::Text(text) => out.push_str(&literal(&fold(text))),
            Token::Any => out.push_str(".*"),
            Token::One => out.push('.'),
            Token::Dash => out.push_str("[-/–—―]"),
            // None is left when this is asked.
            Token::Placeholder(_) => {}
        }
    }
    if !open {
        out.push('$');
    }
    out
}
