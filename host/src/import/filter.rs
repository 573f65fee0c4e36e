//! Building filters as trees, so that nothing in a value can change what a filter asks.

use oxpecker_engine::Span;
use oxpecker_engine::language::expr::{
    Comparison, Function, Key, Literal, Operand, Predicate, Step, Test, TextOperator, Value,
};
use oxpecker_engine::language::{self, Expr, Limits};

/// The key that a dotted path with indexes names: `args[1]`, `userIdentity.type`.
pub(super) fn key(path: &str) -> Key {
    let mut steps = Vec::new();
    for part in path.split('.') {
        let (name, index) = match part.strip_suffix(']').and_then(|open| open.split_once('[')) {
            Some((name, index)) => (name, index.parse().ok()),
            None => (part, None),
        };
        match index {
            Some(index) => steps.extend([Step::Name(name.to_owned()), Step::Index(index)]),
            None => steps.push(Step::Name(part.to_owned())),
        }
    }
    Key { span: Span::default(), steps }
}

/// A filter of ours, written in a table.
pub(super) fn parse(text: &str) -> Option<Expr> {
    language::parse(text, &Limits::default()).expr
}

fn value(value: Value) -> Literal {
    Literal { span: Span::default(), value }
}

fn text(text: &str) -> Literal {
    value(Value::Text(text.to_owned()))
}

/// The left side of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Left {
    key: Key,
    lower: bool,
}

impl Left {
    pub(super) fn new(key: &Key) -> Self {
        Self { key: key.clone(), lower: false }
    }

    /// The key in lower case.
    pub(super) fn lower(key: &Key) -> Self {
        Self { key: key.clone(), lower: true }
    }

    fn asks(&self, test: Test) -> Expr {
        let operand = Operand { function: self.lower.then_some(Function::Lower), key: self.key.clone() };
        Expr::Predicate(Predicate { span: Span::default(), operand, test, negated: false })
    }

    /// Equal to any of these; to nothing where there are none.
    pub(super) fn is_any(&self, mut values: Vec<Value>) -> Expr {
        match values.len() {
            1 => self.asks(Test::Equals(value(values.remove(0)))),
            _ => self.asks(Test::In(values.into_iter().map(value).collect())),
        }
    }

    pub(super) fn is_null(&self) -> Expr {
        self.is_any(vec![Value::Null])
    }

    pub(super) fn exists(&self) -> Expr {
        self.asks(Test::Exists)
    }

    pub(super) fn like(&self, wanted: &str) -> Expr {
        self.asks(Test::Text(TextOperator::Like, text(wanted)))
    }

    pub(super) fn starts_with(&self, wanted: &str) -> Expr {
        self.asks(Test::Text(TextOperator::StartsWith, text(wanted)))
    }

    pub(super) fn ends_with(&self, wanted: &str) -> Expr {
        self.asks(Test::Text(TextOperator::EndsWith, text(wanted)))
    }

    pub(super) fn matches(&self, pattern: &str) -> Expr {
        self.asks(Test::Matches(text(pattern)))
    }

    pub(super) fn compares(&self, comparison: Comparison, number: &str) -> Expr {
        self.asks(Test::Compare(comparison, value(Value::Number(number.to_owned()))))
    }

    /// An operator on text with any value of a list.
    pub(super) fn in_list(&self, list: &str, operator: Option<TextOperator>) -> Expr {
        let list = value(Value::List(list.to_owned()));
        match operator {
            Some(operator) => self.asks(Test::Text(operator, list)),
            None => self.asks(Test::In(vec![list])),
        }
    }
}

/// All of these; `None` of none.
pub(super) fn all(parts: Vec<Expr>) -> Option<Expr> {
    let open = |part: Expr| if let Expr::And(inner) = part { inner } else { vec![part] };
    join(parts.into_iter().flat_map(open), Expr::And)
}

/// Any of these; `None` of none.
pub(super) fn any(parts: Vec<Expr>) -> Option<Expr> {
    let open = |part: Expr| if let Expr::Or(inner) = part { inner } else { vec![part] };
    join(parts.into_iter().flat_map(open), Expr::Or)
}

/// Joins parts, each of them once.
fn join(parts: impl Iterator<Item = Expr>, close: fn(Vec<Expr>) -> Expr) -> Option<Expr> {
    let mut each: Vec<Expr> = Vec::new();
    for part in parts {
        if !each.contains(&part) {
            each.push(part);
        }
    }
    if each.len() > 1 { Some(close(each)) } else { each.pop() }
}

/// Not this. A condition turns its own flag round: `a != b` is `not (a = b)`.
pub(super) fn not(part: Expr) -> Expr {
    match part {
        Expr::Not(inner) => *inner,
        Expr::Predicate(predicate) => Expr::Predicate(Predicate { negated: !predicate.negated, ..predicate }),
        other => Expr::Not(Box::new(other)),
    }
}

/// A text as a regular expression that finds it.
pub(super) fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '.' | '+' | '*' | '?' | '(' | ')' | '|' | '[' | ']' | '{' | '}' | '^' | '$') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Columns of a filter in a file.
const WIDTH: usize = 96;

/// A filter over several lines where one is too short.
pub(super) fn layout(expr: &Expr) -> String {
    let mut out = String::new();
    write(expr, 0, &mut out);
    out
}

fn write(expr: &Expr, indent: usize, out: &mut String) {
    let line = expr.to_string();
    let (parts, word) = match expr {
        _ if line.chars().count() + indent <= WIDTH => return out.push_str(&line),
        Expr::And(parts) => (parts, "and "),
        Expr::Or(parts) => (parts, "or "),
        Expr::Not(inner) => {
            out.push_str("not ");
            return inside(inner, indent, out);
        }
        Expr::Predicate(_) => return out.push_str(&line),
    };
    for (place, part) in parts.iter().enumerate() {
        if place > 0 {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            out.push_str(word);
        }
        inside(part, indent, out);
    }
}

/// A part with parentheses around it where it joins others.
fn inside(part: &Expr, indent: usize, out: &mut String) {
    if matches!(part, Expr::And(_) | Expr::Or(_)) {
        out.push('(');
        write(part, indent + 4, out);
        out.push(')');
    } else {
        write(part, indent, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_names_and_indexes() {
        for path in ["user", "args[1]", "a.b[-1].c", "objectRef.resource"] {
            assert_eq!(key(path).to_string(), path);
        }
        assert_eq!(key("a b").to_string(), "\"a b\"");
    }

    #[test]
    fn negation_turns_the_flag_of_a_condition() {
        let one = Left::new(&key("a")).is_any(vec![Value::Text("x".into())]);
        assert_eq!(not(one.clone()).to_string(), "a != \"x\"");
        assert_eq!(not(not(one.clone())), one);
        let two = any(vec![one.clone(), Left::lower(&key("b")).like("y")]).unwrap();
        assert_eq!(not(two).to_string(), "not (a = \"x\" or lower(b) like \"y\")");
    }

    #[test]
    fn a_long_filter_over_several_lines_reads_the_same() {
        let texts = [
            r#"a = "x" and (b = "y" or c = "z" and d != null) and not (e like "f" or g exists)"#,
            r#"not (a = "x" or b = "y") or c = "z""#,
            r#"a in ("one", "two", 3) and (b = "y" or c = "z" or not (d = "x" and e = "y"))"#,
        ];
        for text in texts {
            // Long keys make each part long enough to be broken up.
            let text = text.replace(" =", "________________________________________ =");
            let expr = parse(&text).unwrap();
            let shown = layout(&expr);
            assert!(shown.contains('\n'), "{shown}");
            assert_eq!(parse(&shown).unwrap().to_string(), expr.to_string(), "{shown}");
        }
    }
}
