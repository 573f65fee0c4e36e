//! The canonical text of a filter. Reading it gives the same tree again.

use super::expr::{Comparison, Expr, Function, Key, Literal, Operand, Predicate, Step, Test, Value};
use super::token::is_word_char;
use super::{value, words};
use std::fmt::{Display, Formatter, Result, Write};

/// A text in double quotes, with what needs it escaped.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if needs_escape(c) => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Control characters, and those that turn the direction of text or are not seen: a filter must read as it is.
fn needs_escape(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// How tightly what is around an expression binds; a looser expression inside stands in parentheses.
#[derive(PartialEq, Eq, PartialOrd, Ord, Clone, Copy)]
enum Around {
    Nothing,
    Or,
    And,
    Not,
}

impl Expr {
    fn write(&self, f: &mut Formatter<'_>, around: Around) -> Result {
        let (parts, word, own) = match self {
            Expr::Predicate(predicate) => return predicate.fmt(f),
            Expr::Not(inner) => {
                f.write_str("not ")?;
                return inner.write(f, Around::Not);
            }
            Expr::And(parts) => (parts, " and ", Around::And),
            Expr::Or(parts) => (parts, " or ", Around::Or),
        };
        let parentheses = around > own;
        if parentheses {
            f.write_str("(")?;
        }
        for (place, part) in parts.iter().enumerate() {
            if place > 0 {
                f.write_str(word)?;
            }
            part.write(f, own)?;
        }
        if parentheses { f.write_str(")") } else { Ok(()) }
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.write(f, Around::Nothing)
    }
}

impl Display for Predicate {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let not = if self.negated { "not " } else { "" };
        let operand = &self.operand;
        match &self.test {
            Test::Equals(value) if self.negated => write!(f, "{operand} != {value}"),
            Test::Equals(value) => write!(f, "{operand} = {value}"),
            // Filters have no operator for it; alerts tell of one under a `not` by what they owe their match to.
            Test::Compare(comparison, value) => write!(f, "{not}{operand} {} {value}", comparison.as_str()),
            Test::Text(operator, value) => {
                write!(f, "{operand} {not}{} {value}", value::text_operator_name(*operator))
            }
            Test::Matches(value) => write!(f, "{operand} {not}matches {value}"),
            Test::Exists => write!(f, "{operand} {not}exists"),
            Test::In(values) => {
                write!(f, "{operand} {not}in ")?;
                match values.as_slice() {
                    [only @ Literal { value: Value::List(_), .. }] => only.fmt(f),
                    values => write_set(f, values),
                }
            }
        }
    }
}

fn write_set(f: &mut Formatter<'_>, values: &[Literal]) -> Result {
    f.write_str("(")?;
    for (place, value) in values.iter().enumerate() {
        if place > 0 {
            f.write_str(", ")?;
        }
        value.fmt(f)?;
    }
    f.write_str(")")
}

impl Comparison {
    /// The operator as it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
        }
    }
}

impl Function {
    /// The function's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        words::FUNCTIONS.iter().find(|(_, known)| *known == self).map_or("all", |(name, _)| name)
    }
}

impl Display for Operand {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self.function {
            Some(function) => write!(f, "{}({})", function.as_str(), self.key),
            None => self.key.fmt(f),
        }
    }
}

impl Display for Key {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        for (place, step) in self.steps.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Name(name) => {
                    if place > 0 {
                        f.write_str(".")?;
                    }
                    let bare = !name.is_empty() && name.chars().all(is_word_char);
                    if bare && (place > 0 || !words::is_keyword(name)) {
                        f.write_str(name)?;
                    } else {
                        f.write_str(&quote(name))?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.value.fmt(f)
    }
}

impl Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Value::Text(text) => f.write_str(&quote(text)),
            Value::Number(number) => f.write_str(number),
            Value::Bool(true) => f.write_str("true"),
            Value::Bool(false) => f.write_str("false"),
            Value::Null => f.write_str("null"),
            Value::List(name) => write!(f, "@{name}"),
        }
    }
}
