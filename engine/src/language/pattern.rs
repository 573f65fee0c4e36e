//! Regular expressions of `matches`: Rust's regex syntax with `\d \w \s \b` and `(?i)` kept to ASCII, while `.`,
//! negated classes and other letters still mean whole characters.
//!
//! The regex crate offers ASCII only together with "match bytes". So the pattern is compiled with Unicode off, and
//! those parts that must see whole characters are put into a group of their own that turns it on.

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::ast::{self, Ast, ClassPerlKind, ClassSetItem};

/// Why a pattern was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PatternError {
    /// It is not a regular expression; the reason is the regex crate's.
    Syntax(String),
    /// Compiled, it would take more bytes than allowed.
    TooLarge,
}

/// What the lazily built automaton of one pattern may take while it is used; beyond it a slower one does the work.
const LAZY: usize = 64 << 10;

/// Nesting inside one pattern; deeper ones are refused by the regex parser.
const NEST_LIMIT: u32 = 50;

/// Bytes that a pattern takes when compiled, rounded up to a power of four; `limit` where it takes more.
#[must_use]
pub fn size(pattern: &str, limit: usize) -> usize {
    let mut size = 4 << 10;
    while size < limit && matches!(compile(pattern, size), Err(PatternError::TooLarge)) {
        size *= 4;
    }
    size.min(limit) + LAZY
}

/// Compiles a pattern; `limit` bounds the bytes that the program may take.
///
/// # Errors
/// When the pattern is malformed or too large.
pub fn compile(pattern: &str, limit: usize) -> Result<Regex, PatternError> {
    let tree = ast::parse::ParserBuilder::new()
        .nest_limit(NEST_LIMIT)
        .build()
        .parse(pattern)
        .map_err(|error| PatternError::Syntax(error.kind().to_string()))?;
    let mut edits = Edits { pattern, found: Vec::new() };
    // The visitor has no failing case of its own.
    let _ = ast::visit(&tree, &mut edits);
    RegexBuilder::new(&edits.apply())
        .unicode(false)
        .dot_matches_new_line(true)
        .nest_limit(NEST_LIMIT * 2)
        .size_limit(limit)
        .dfa_size_limit(LAZY)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => PatternError::TooLarge,
            other => PatternError::Syntax(last_line(&other.to_string())),
        })
}

/// The regex crate prints the pattern with a caret first and the reason last.
fn last_line(text: &str) -> String {
    text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

/// Replacements of parts of the pattern, in order of position, none inside another.
struct Edits<'p> {
    pattern: &'p str,
    found: Vec<(std::ops::Range<usize>, String)>,
}

impl Edits<'_> {
    /// Puts `(?u:` and `)` around a part; what is replaced inside it stays independent of that.
    fn with_unicode(&mut self, span: &ast::Span) {
        self.wrap(span, "(?u:");
    }

    fn wrap(&mut self, span: &ast::Span, open: &str) {
        self.found.push((span.start.offset..span.start.offset, open.to_owned()));
        self.found.push((span.end.offset..span.end.offset, ")".to_owned()));
    }

    /// Whether a bracketed class can hold anything but ASCII: if not, `(?i)` in it must stay ASCII too.
    fn holds_other_than_ascii(&self, class: &ast::ClassBracketed) -> bool {
        const WIDE: [&str; 9] = ["[^", r"\p", r"\P", r"\x", r"\u", r"\U", r"\D", r"\W", r"\S"];
        let text = self.pattern.get(class.span.start.offset..class.span.end.offset).unwrap_or_default();
        !text.is_ascii() || WIDE.iter().any(|part| text.contains(part))
    }

    fn replace(&mut self, span: &ast::Span, text: String) {
        self.found.push((span.start.offset..span.end.offset, text));
    }

    fn apply(mut self) -> String {
        let pattern = self.pattern;
        self.found.sort_by_key(|(range, _)| range.start);
        let (mut out, mut done) = (String::with_capacity(pattern.len()), 0);
        for (range, text) in &self.found {
            out.push_str(pattern.get(done..range.start).unwrap_or_default());
            out.push_str(text);
            done = range.end;
        }
        out.push_str(pattern.get(done..).unwrap_or_default());
        out
    }
}

/// The ASCII members of a Perl class, as they stand inside brackets.
fn ascii_class(kind: &ClassPerlKind) -> &'static str {
    match kind {
        ClassPerlKind::Digit => "0-9",
        ClassPerlKind::Space => r"\t\n\x0B\x0C\r ",
        ClassPerlKind::Word => "0-9A-Za-z_",
    }
}

impl ast::Visitor for &mut Edits<'_> {
    type Output = ();
    type Err = ();

    fn finish(self) -> Result<(), ()> {
        Ok(())
    }

    fn visit_pre(&mut self, node: &Ast) -> Result<(), ()> {
        match node {
            Ast::Dot(span) => self.replace(span, "(?u:.)".to_owned()),
            Ast::ClassUnicode(class) => self.with_unicode(&class.span),
            // `\xE9` means that character, not the byte, as in the regex crate's own default mode; `(?i)` leaves it alone.
            Ast::Literal(literal) if !literal.c.is_ascii() => self.wrap(&literal.span, "(?u-i:"),
            Ast::ClassPerl(class) if class.negated => {
                self.replace(&class.span, format!("(?u:[^{}])", ascii_class(&class.kind)));
            }
            Ast::ClassBracketed(class) if self.holds_other_than_ascii(class) => self.with_unicode(&class.span),
            _ => {}
        }
        Ok(())
    }

    fn visit_class_set_item_pre(&mut self, item: &ClassSetItem) -> Result<(), ()> {
        if let ClassSetItem::Perl(class) = item {
            let members = ascii_class(&class.kind);
            let text = if class.negated { format!("[^{members}]") } else { members.to_owned() };
            self.replace(&class.span, text);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, yes: &[&str], no: &[&str]) {
        let regex = compile(pattern, 1 << 20).unwrap();
        for text in yes {
            assert!(regex.is_match(text.as_bytes()), "{pattern} must match {text:?}");
        }
        for text in no {
            assert!(!regex.is_match(text.as_bytes()), "{pattern} must not match {text:?}");
        }
    }

    #[test]
    fn classes_are_ascii_and_dot_is_a_character() {
        check(r"^\d+$", &["123"], &["١٢٣", ""]);
        check(r"^\w$", &["a", "_"], &["é"]);
        check(r"^\W$", &["é", "-"], &["a"]);
        check(r"^\s$", &[" ", "\t", "\x0B"], &["\u{a0}"]);
        check(r"^.$", &["é", "\n", "日"], &["ab"]);
        check(r"^[^a]$", &["é", "日"], &["a"]);
        check(r"^[^\d\W]+$", &["ab_"], &["a1", "é"]);
        check(r"^[é-ü]$", &["é", "ü"], &["e"]);
        check("é+$", &["éé"], &["e"]);
        check(r"\bfoo\b", &["a foo b", "éfoo"], &["afoo"]);
        check(r"^\p{Greek}$", &["λ"], &["l"]);
    }

    #[test]
    fn case_folding_is_ascii() {
        check("(?i)^root$", &["ROOT", "Root"], &["roots"]);
        check("(?i)^k$", &["K", "k"], &["\u{212a}"]);
        check("(?i)^[k]$", &["K", "k"], &["\u{212a}"]);
        check(r"^\xE9$", &["é"], &["e"]);
    }

    #[test]
    fn bad_and_huge_patterns_are_refused() {
        assert!(matches!(compile("(", 1 << 20), Err(PatternError::Syntax(_))));
        assert_eq!(compile("(a{1000}){1000}", 1 << 20).unwrap_err(), PatternError::TooLarge);
        assert!(compile(&"(".repeat(10_000), 1 << 20).is_err());
    }
}
