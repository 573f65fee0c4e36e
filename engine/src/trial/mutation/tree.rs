//! The changes of a filter: of how its parts are joined, and of each predicate.

use super::predicate;
use crate::Span;
use crate::language::Expr;

/// A filter with one change.
pub(super) struct Variant {
    /// The whole filter.
    pub(super) expr: Expr,
    /// The part that was changed, in the text of the filter as it was.
    pub(super) span: Span,
    pub(super) before: String,
    pub(super) after: String,
}

/// Each change of a filter, from left to right, the joints of parts before the parts.
pub(super) fn variants(expr: &Expr) -> Vec<Variant> {
    match expr {
        Expr::And(parts) => joined(expr, parts, Expr::And, Expr::Or),
        Expr::Or(parts) => joined(expr, parts, Expr::Or, Expr::And),
        Expr::Not(inner) => {
            let mut out = vec![changed(expr, (**inner).clone())];
            out.extend(variants(inner).into_iter().map(|variant| variant.inside(|inner| Expr::Not(Box::new(inner)))));
            out
        }
        Expr::Predicate(asked) => {
            predicate::variants(asked).into_iter().map(|asked| changed(expr, Expr::Predicate(asked))).collect()
        }
    }
}

impl Variant {
    fn inside(self, whole: impl Fn(Expr) -> Expr) -> Self {
        Self { expr: whole(self.expr), ..self }
    }
}

/// `and` for `or` and the other way round, each part dropped, and the changes of each part.
fn joined(expr: &Expr, parts: &[Expr], own: fn(Vec<Expr>) -> Expr, other: fn(Vec<Expr>) -> Expr) -> Vec<Variant> {
    let mut out = vec![changed(expr, other(parts.to_vec()))];
    for (place, part) in parts.iter().enumerate() {
        let others = parts.iter().enumerate().filter(|(at, _)| *at != place).map(|(_, part)| part.clone());
        let mut others: Vec<Expr> = others.collect();
        let rest = if others.len() == 1 { others.remove(0) } else { own(others) };
        out.push(Variant { expr: rest, span: span(part), before: part.to_string(), after: String::new() });
        out.extend(variants(part).into_iter().map(|variant| {
            variant.inside(|part| {
                let mut parts = parts.to_vec();
                parts.splice(place..=place, [part]);
                own(parts)
            })
        }));
    }
    out
}

fn changed(before: &Expr, after: Expr) -> Variant {
    Variant { span: span(before), before: before.to_string(), after: after.to_string(), expr: after }
}

/// From the first predicate of a part to its last.
fn span(expr: &Expr) -> Span {
    let predicates = expr.predicates();
    let start = predicates.first().map_or(0, |predicate| predicate.span.start);
    Span::new(start, predicates.last().map_or(start, |predicate| predicate.span.end))
}
