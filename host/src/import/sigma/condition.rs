//! Conditions: `selection and not 1 of filter_*`, over selections by their names.

use crate::import::filter::{all, any, not};
use oxpecker_engine::language::Expr;

/// Parentheses and `not`s inside one another.
const DEPTH: usize = 60;

/// The selections of a detection by their names. What is wrong with one matters only to a condition that asks for it.
pub(super) type Selections = Vec<(String, Result<Expr, String>)>;

/// The filter of a condition. What stands behind a `|` is not part of it.
pub(super) fn condition(text: &str, selections: &Selections) -> Result<Expr, String> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0, selections };
    let expr = parser.or()?;
    match parser.peek() {
        None => Ok(expr),
        Some(found) => Err(format!("`{found}` is out of place in the condition `{text}`")),
    }
}

/// Names with `*`, and parentheses.
fn tokens(text: &str) -> Result<Vec<String>, String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut word = String::new();
    for c in text.chars().chain([' ']) {
        if c.is_alphanumeric() || matches!(c, '_' | '-' | '*' | '.') {
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            tokens.push(std::mem::take(&mut word));
        }
        match c {
            '(' | ')' => tokens.push(c.to_string()),
            c if c.is_whitespace() => {}
            c => return Err(format!("`{c}` has no meaning in the condition `{text}`")),
        }
    }
    Ok(tokens)
}

struct Parser<'s> {
    tokens: Vec<String>,
    at: usize,
    depth: usize,
    selections: &'s Selections,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&str> {
        self.tokens.get(self.at).map(String::as_str)
    }

    fn eat(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|token| token.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    fn or(&mut self) -> Result<Expr, String> {
        let mut parts = vec![self.and()?];
        while self.eat("or") {
            parts.push(self.and()?);
        }
        any(parts).ok_or_else(|| "the condition is empty".to_owned())
    }

    fn and(&mut self) -> Result<Expr, String> {
        let mut parts = vec![self.unary()?];
        while self.eat("and") {
            parts.push(self.unary()?);
        }
        all(parts).ok_or_else(|| "the condition is empty".to_owned())
    }

    fn unary(&mut self) -> Result<Expr, String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(format!("more than {DEPTH} parentheses and `not`s inside one another in the condition"));
        }
        let expr = if self.eat("not") {
            not(self.unary()?)
        } else if self.eat("(") {
            let inner = self.or()?;
            if !self.eat(")") {
                return Err("a parenthesis of the condition is never closed".to_owned());
            }
            inner
        } else {
            self.selected()?
        };
        self.depth -= 1;
        Ok(expr)
    }

    /// A selection, or some of them: `selection`, `1 of x*`, `all of them`.
    fn selected(&mut self) -> Result<Expr, String> {
        let word = self.peek().ok_or("the condition ends where a selection should stand")?.to_owned();
        self.at += 1;
        let of = self.peek().is_some_and(|next| next.eq_ignore_ascii_case("of"));
        let join: fn(Vec<Expr>) -> Option<Expr> = match word.to_ascii_lowercase().as_str() {
            "1" | "any" if of => any,
            "all" if of => all,
            number if of && number.parse::<u32>().is_ok() => {
                return Err(format!("`{number} of` is not carried over: the specification knows `1 of` and `all of`"));
            }
            _ => return self.named(&word),
        };
        self.at += 1;
        let pattern = self.peek().ok_or("the condition ends behind `of`")?.to_owned();
        self.at += 1;
        join(self.chosen(&pattern)?).ok_or_else(|| format!("no selection has a name like `{pattern}`"))
    }

    fn named(&self, name: &str) -> Result<Expr, String> {
        let found = self.selections.iter().find(|(known, _)| known == name);
        found.map_or_else(|| Err(format!("there is no selection `{name}`")), |(_, expr)| expr.clone())
    }

    /// Selections whose names begin with `_` are not among `them`.
    fn chosen(&self, pattern: &str) -> Result<Vec<Expr>, String> {
        let them = pattern.eq_ignore_ascii_case("them");
        let fits = |name: &str| if them { !name.starts_with('_') } else { is_like(pattern, name) };
        self.selections.iter().filter(|(name, _)| fits(name)).map(|(_, expr)| expr.clone()).collect()
    }
}

/// Whether a name fits a pattern with `*` anywhere.
fn is_like(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(first) else { return false };
    let parts: Vec<&str> = rest.split('*').collect();
    let (last, middle) = parts.split_last().map_or(("", [].as_slice()), |(last, middle)| (*last, middle));
    for part in middle {
        match name.find(part) {
            Some(at) => name = name.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    name.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::filter::parse;

    fn selections() -> Selections {
        let names = ["selection_a", "selection_b", "filter_main_x", "filter_y", "_hidden", "keywords"];
        let sound = names.iter().map(|name| ((*name).to_owned(), Ok(parse(&format!("{name} = 1")).unwrap())));
        sound.chain([("_broken".to_owned(), Err("it is broken".to_owned()))]).collect()
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let found = condition(text, &selections()).map(|expr| expr.to_string());
        assert_eq!(found.as_deref(), Ok(expected), "{text}");
    }

    #[track_caller]
    fn fails(text: &str, reason: &str) {
        let why = condition(text, &selections()).unwrap_err();
        assert!(why.contains(reason), "{text}: {why}");
    }

    #[test]
    fn and_binds_tighter_than_or_and_not_tightest() {
        check("selection_a or selection_b and not filter_y", "selection_a = 1 or selection_b = 1 and filter_y != 1");
        check("(selection_a or selection_b) and keywords", "(selection_a = 1 or selection_b = 1) and keywords = 1");
        check("not (selection_a AND selection_b)", "not (selection_a = 1 and selection_b = 1)");
        check("not not keywords", "keywords = 1");
    }

    #[test]
    fn some_of_the_selections_by_their_names() {
        check("1 of selection_*", "selection_a = 1 or selection_b = 1");
        check("all of selection*", "selection_a = 1 and selection_b = 1");
        check("keywords and not 1 of filter_*", "keywords = 1 and not (filter_main_x = 1 or filter_y = 1)");
        check("any of *_y", "filter_y = 1");
        check("all of filter_*_x", "filter_main_x = 1");
        check(
            "all of them",
            "selection_a = 1 and selection_b = 1 and filter_main_x = 1 and filter_y = 1 and keywords = 1",
        );
        check("1 of keywords", "keywords = 1");
    }

    #[test]
    fn what_cannot_be_read_has_a_reason() {
        fails("selection", "no selection `selection`");
        fails("keywords and not _broken", "it is broken");
        fails("1 of _*", "it is broken");
        fails("1 of x*", "no selection has a name like `x*`");
        fails("2 of selection*", "`2 of`");
        fails("selection_a and", "ends where");
        fails("(selection_a", "never closed");
        fails("selection_a selection_b", "out of place");
        fails("", "ends where");
        fails(&"(".repeat(200), "inside one another");
        fails("selection_a == 1", "has no meaning");
    }
}
