//! The syntax of `matches`: that of Rust's `regex` crate with `\d \w \s \b` and `(?i)` kept to ASCII, while `.`, negated
//! classes and other letters still mean whole characters.
//!
//! The crate offers ASCII only together with "match bytes". So the pattern is read with Unicode off, and those parts that
//! must see whole characters are put into a group of their own that turns it on.

use super::PatternError;
use regex_syntax::ast::{self, Ast, ClassPerlKind, ClassSetItem};
use regex_syntax::hir::Hir;

/// Nesting inside one pattern; deeper ones are refused by the parser.
const NEST_LIMIT: u32 = 50;

/// What a pattern means.
pub(super) fn read(pattern: &str) -> Result<Hir, PatternError> {
    let tree = ast::parse::ParserBuilder::new()
        .nest_limit(NEST_LIMIT)
        .build()
        .parse(pattern)
        .map_err(|error| PatternError::Syntax(error.kind().to_string()))?;
    let mut edits = Edits { pattern, found: Vec::new() };
    // The visitor has no failing case of its own.
    let _ = ast::visit(&tree, &mut edits);
    regex_syntax::ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .dot_matches_new_line(true)
        .nest_limit(NEST_LIMIT * 2)
        .build()
        .parse(&edits.apply())
        .map_err(|error| PatternError::Syntax(last_line(&error.to_string())))
}

/// The parser prints the pattern with a caret first and the reason last.
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
