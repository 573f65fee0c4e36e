//! The filter as a tree: what the parser gives and what every evaluator, printer and check reads.
//!
//! Negation has one home for predicates ([`Predicate::negated`]): `a != b`, `a not like b` and `a not in (…)` are the
//! positive test with that flag, so that `a != b` and `not (a = b)` cannot come to mean different things.
//!
//! The depth of a tree is bounded by [`Limits::depth`](super::Limits), so recursion over it is safe.

use crate::Span;

/// A filter, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expr {
    /// True when all of two or more parts are.
    And(Vec<Expr>),
    /// True when one of two or more parts is.
    Or(Vec<Expr>),
    /// The prefix `not`.
    Not(Box<Expr>),
    /// One question about one key.
    Predicate(Predicate),
}

/// One question about one key of an event: `operand test`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Predicate {
    /// The predicate in its source text.
    pub span: Span,
    /// What is looked at.
    pub operand: Operand,
    /// What is asked of it, in its positive form.
    pub test: Test,
    /// The answer is turned round: `!=`, `not like`, `not in`, `not exists` …
    pub negated: bool,
}

/// The left side of a predicate: a key, or a function of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operand {
    /// The function applied to the key, if any.
    pub function: Option<Function>,
    /// The key.
    pub key: Key,
}

/// The functions of the left side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Function {
    /// `lower(k)`: the text in lower case, by Unicode's rules.
    Lower,
    /// `upper(k)`: the text in upper case, by Unicode's rules.
    Upper,
    /// `length(k)`: Unicode scalar values of a text, keys of an object; of an array, that of each element.
    Length,
    /// `count(k)`: elements of an array, keys of an object, 1 for a scalar.
    Count,
    /// `all(k)`: every element satisfies the test, and there is at least one.
    All,
}

/// A path into an event.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// The key in its source text.
    pub span: Span,
    /// The steps from the event's top; the first is always a name.
    pub steps: Vec<Step>,
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// The member of an object with this name.
    Name(String),
    /// The element of an array at this place, counted from its end where negative: `[-1]` is the last.
    Index(i64),
}

/// What a predicate asks, in its positive form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// `=` (and, negated, `!=`).
    Equals(Literal),
    /// `<`, `<=`, `>`, `>=`.
    Compare(Comparison, Literal),
    /// `like`, `starts_with`, `ends_with`, `contains`.
    Text(TextOperator, Literal),
    /// `in (…)`: equal to any of them. Never empty.
    In(Vec<Literal>),
    /// `matches`: a regular expression that has been seen to compile within the limits.
    Matches(Literal),
    /// `exists`: the path leads somewhere, to null too.
    Exists,
}

/// The ordering operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// The operators on a value's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextOperator {
    /// The text occurs inside the value.
    Like,
    /// The value begins with the text.
    StartsWith,
    /// The value ends with the text.
    EndsWith,
    /// On a path that ends on an array, some element equals the value; otherwise as `like`.
    Contains,
}

/// A value of the right side, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal {
    /// The value in its source text.
    pub span: Span,
    /// What it says.
    pub value: Value,
}

/// A value of the right side.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Value {
    /// A quoted text, decoded.
    Text(String),
    /// A JSON number, as written.
    Number(String),
    /// `true` or `false`.
    Bool(bool),
    /// `null`
    Null,
    /// `@name`: any of the values of that list.
    List(String),
}

impl Value {
    /// The text that the operators on text compare with: a text itself, a number or boolean as written.
    /// `None` for null and lists.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) | Value::Number(text) => Some(text),
            Value::Bool(true) => Some("true"),
            Value::Bool(false) => Some("false"),
            Value::Null | Value::List(_) => None,
        }
    }
}

impl Expr {
    /// Calls `visit` for each predicate, from left to right.
    pub fn for_each_predicate<'a>(&'a self, visit: &mut impl FnMut(&'a Predicate)) {
        match self {
            Expr::And(parts) | Expr::Or(parts) => parts.iter().for_each(|part| part.for_each_predicate(visit)),
            Expr::Not(inner) => inner.for_each_predicate(visit),
            Expr::Predicate(predicate) => visit(predicate),
        }
    }

    /// The predicates, from left to right.
    #[must_use]
    pub fn predicates(&self) -> Vec<&Predicate> {
        let mut all = Vec::new();
        self.for_each_predicate(&mut |predicate| all.push(predicate));
        all
    }
}

impl Predicate {
    /// The values of the right side; none for `exists`.
    #[must_use]
    pub fn literals(&self) -> &[Literal] {
        match &self.test {
            Test::Equals(one) | Test::Compare(_, one) | Test::Text(_, one) | Test::Matches(one) => {
                std::slice::from_ref(one)
            }
            Test::In(many) => many,
            Test::Exists => &[],
        }
    }
}
