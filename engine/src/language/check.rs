//! Checks on a filter that reads well: lists that do not exist, and texts that may not mean what their author meant.

use super::cidr::{NetworkLiteral, network_literal};
use super::expr::{Comparison, Expr, Key, Literal, Predicate, Step, Test, Value};
use super::{suggest, value, vocabulary};
use crate::problem::{Diagnostic, Problem, Sink};
use crate::span::Span;

/// Keys whose values are addresses wherever they are present, so that `!=` with a network has no surprise.
const ALWAYS_ADDRESSES: [&str; 3] = ["connection", "src_ip", "dst_ip"];

/// Looks a filter over; `lists` are the names of the lists it may use.
pub fn check(expr: &Expr, lists: &[&str], sink: &mut Sink) {
    expr.for_each_predicate(&mut |predicate| {
        sink.extend(unknown_key(&predicate.operand.key));
        for literal in predicate.literals() {
            if let Value::List(name) = &literal.value
                && !lists.contains(&name.as_str())
            {
                sink.push(unknown_list(literal.span, name, lists.iter().copied()));
            }
        }
        match &predicate.test {
            Test::Text(operator, literal) => text(value::text_operator_name(*operator), literal, sink),
            Test::Compare(comparison, literal) => incomparable(*comparison, literal, sink),
            Test::Equals(_) | Test::In(_) => networks(predicate, sink),
            Test::Matches(_) | Test::Exists => {}
        }
    });
}

/// What is told of a key that no published kind of event has: most likely it is misspelt.
pub(crate) fn unknown_key(key: &Key) -> Option<Diagnostic> {
    let Some(Step::Name(first)) = key.steps.first() else { return None };
    if vocabulary::is_known(first) || vocabulary::is_known(&key.to_string()) {
        return None;
    }
    let suggestion = vocabulary::nearest(first);
    let problem = Problem::UnknownKey { key: first.clone(), suggestion: suggestion.map(str::to_owned) };
    let diagnostic = Diagnostic::new(key.span, problem);
    Some(match suggestion {
        Some(name) => {
            let mut meant = key.clone();
            if let Some(first) = meant.steps.first_mut() {
                *first = Step::Name(name.to_owned());
            }
            diagnostic.with_fix(meant.to_string())
        }
        None => diagnostic,
    })
}

/// What is told of a list that nobody declares, with its name as it stands at `span`: `@admin`.
pub(crate) fn unknown_list<'n>(span: Span, name: &str, lists: impl IntoIterator<Item = &'n str>) -> Diagnostic {
    let suggestion = suggest::nearest(name, lists).map(|name| format!("@{name}"));
    let problem = Problem::UnknownList { name: name.to_owned(), suggestion: suggestion.clone() };
    let diagnostic = Diagnostic::new(span, problem);
    match suggestion {
        Some(fix) => diagnostic.with_fix(fix),
        None => diagnostic,
    }
}

fn text(operator: &str, literal: &Literal, sink: &mut Sink) {
    let Value::Text(text) = &literal.value else { return };
    if text.is_empty() {
        sink.push(Diagnostic::new(literal.span, Problem::EmptyText { operator: operator.to_owned() }));
    }
    let wildcard = [text.chars().next(), text.chars().last()].into_iter().flatten().find(|c| matches!(c, '*' | '%'));
    if let Some(found) = wildcard {
        sink.push(Diagnostic::new(literal.span, Problem::LiteralWildcard { found }));
    }
}

fn incomparable(comparison: Comparison, literal: &Literal, sink: &mut Sink) {
    if let Value::Text(text) = &literal.value
        && !crate::reference::is_ordered_text(text)
    {
        let operator = comparison.as_str().to_owned();
        sink.push(Diagnostic::new(literal.span, Problem::IncomparableValue { operator }));
    }
}

fn networks(predicate: &Predicate, sink: &mut Sink) {
    let key = &predicate.operand.key;
    let addresses = matches!(key.steps.first(), Some(Step::Name(first)) if ALWAYS_ADDRESSES.contains(&first.as_str()));
    let mut warned = addresses || !predicate.negated;
    for literal in predicate.literals() {
        let Value::Text(text) = &literal.value else { continue };
        match network_literal(text) {
            None => continue,
            Some(NetworkLiteral::Network) => {}
            Some(NetworkLiteral::HostBits(network)) => {
                let problem = Problem::CidrHostBits { network: network.clone() };
                sink.push(Diagnostic::new(literal.span, problem).with_fix(super::quote(&network)));
            }
            Some(NetworkLiteral::BadPrefix(found)) => {
                sink.push(Diagnostic::new(literal.span, Problem::CidrBadPrefix { found: found.to_owned() }));
                continue;
            }
        }
        if !std::mem::replace(&mut warned, true) {
            sink.push(Diagnostic::new(predicate.span, Problem::CidrNotEqual { key: key.to_string() }));
        }
    }
}
