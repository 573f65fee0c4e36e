//! Takes the places out of a filter's tree, so that trees of different texts can be compared.

use oxpecker_engine::Span;
use oxpecker_engine::language::Expr;
use oxpecker_engine::language::expr::Test;

/// Sets every span to the beginning.
pub(crate) fn forget(expr: &mut Expr) {
    match expr {
        Expr::And(parts) | Expr::Or(parts) => parts.iter_mut().for_each(forget),
        Expr::Not(inner) => forget(inner),
        Expr::Predicate(predicate) => {
            predicate.span = Span::default();
            predicate.operand.key.span = Span::default();
            match &mut predicate.test {
                Test::Equals(one) | Test::Compare(_, one) | Test::Text(_, one) | Test::Matches(one) => {
                    one.span = Span::default();
                }
                Test::In(many) => many.iter_mut().for_each(|one| one.span = Span::default()),
                Test::Exists => {}
            }
        }
    }
}
