//! Regular expressions: Sigma's are PCRE, ours are those of Rust's `regex` crate.
//!
//! Most mean the same. What does not is rewritten here where it can be; look-around and back-references cannot, and the
//! engine refuses them when the rule is loaded.

use crate::import::filter::literal;

/// A pattern that finds what `pattern` finds under these flags (`i`, `m`, `s`).
pub(super) fn translate(pattern: &str, flags: &str) -> String {
    let body = Translator { chars: pattern.chars().collect(), at: 0, out: String::new() }.run();
    // Ours lets `.` be a line end, Sigma's only under `s`.
    let single = if flags.contains('s') || !has_dot(&body) { "" } else { "-s" };
    let on: String = ['i', 'm'].into_iter().filter(|flag| flags.contains(*flag)).collect();
    if on.is_empty() && single.is_empty() { body } else { format!("(?{on}{single}){body}") }
}

/// Whether a dot outside brackets stands for any character.
fn has_dot(pattern: &str) -> bool {
    let mut in_class = false;
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '[' => in_class = true,
            ']' => in_class = false,
            '.' if !in_class => return true,
            _ => {}
        }
    }
    false
}

struct Translator {
    chars: Vec<char>,
    at: usize,
    out: String,
}

impl Translator {
    fn run(mut self) -> String {
        while let Some(c) = self.next() {
            match c {
                '\\' => self.escape(),
                '[' => self.class(),
                '{' if !self.is_repetition() => self.out.push_str(r"\{"),
                '{' => self.repetition(),
                '}' => self.out.push_str(r"\}"),
                c => self.out.push(c),
            }
        }
        self.out
    }

    fn next(&mut self) -> Option<char> {
        let c = self.chars.get(self.at).copied();
        self.at += 1;
        c
    }

    fn ahead(&self, places: usize) -> Option<char> {
        self.chars.get(self.at + places).copied()
    }

    /// Signs that ours gives a meaning and PCRE does not, or the other way round.
    fn escape(&mut self) {
        match self.next() {
            Some('Z') => self.out.push_str(r"(?:\n?\z)"),
            Some('h') => self.out.push_str(r"[ \t]"),
            Some('R') => self.out.push_str(r"(?:\r\n|\n|\r)"),
            Some('e') => self.out.push_str(r"\x1B"),
            Some(c) if c.is_ascii_alphanumeric() => self.out.extend(['\\', c]),
            Some(c) => self.out.push_str(&literal(&c.to_string())),
            None => self.out.push('\\'),
        }
    }

    /// What follows `{` makes it a repetition: `{2}`, `{2,}`, `{2,5}`; `{,5}` is none in PCRE.
    fn is_repetition(&self) -> bool {
        let inside: String = self.chars.iter().skip(self.at).take_while(|c| **c != '}').collect();
        let closed = self.chars.get(self.at + inside.chars().count()) == Some(&'}');
        let (least, most) = inside.split_once(',').unwrap_or((&inside, ""));
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        closed && !least.is_empty() && digits(least) && digits(most)
    }

    fn repetition(&mut self) {
        self.out.push('{');
        while let Some(c) = self.next() {
            self.out.push(c);
            if c == '}' {
                break;
            }
        }
    }

    /// A class in brackets, in which ours knows nested classes and set operations.
    fn class(&mut self) {
        self.out.push('[');
        if self.ahead(0) == Some('^') {
            self.at += 1;
            self.out.push('^');
        }
        if self.ahead(0) == Some(']') {
            self.at += 1;
            self.out.push_str(r"\]");
        }
        while let Some(c) = self.next() {
            match c {
                ']' => return self.out.push(']'),
                '\\' => self.class_escape(),
                '[' if self.ahead(0) == Some(':') => self.named_class(),
                '[' => self.out.push_str(r"\["),
                '&' | '~' => self.out.extend(['\\', c]),
                // Two in a row would be a difference of sets.
                '-' if self.ahead(0) == Some('-') => self.out.push_str(r"\-"),
                c => self.out.push(c),
            }
        }
    }

    fn class_escape(&mut self) {
        match self.next() {
            Some('b') => self.out.push_str(r"\x08"),
            Some('h') => self.out.push_str(r" \t"),
            Some(c) if c.is_ascii_alphanumeric() => self.out.extend(['\\', c]),
            Some(c) if c.is_ascii() => self.out.extend(['\\', c]),
            Some(c) => self.out.push(c),
            None => self.out.push('\\'),
        }
    }

    /// `[:alpha:]`
    fn named_class(&mut self) {
        self.out.push('[');
        while let Some(c) = self.next() {
            self.out.push(c);
            if c == ']' {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oxpecker_engine::pattern::Pattern;

    /// The pattern that `source` becomes, and what it finds and does not find.
    #[track_caller]
    fn check(source: &str, flags: &str, becomes: &str, yes: &[&str], no: &[&str]) {
        let pattern = translate(source, flags);
        assert_eq!(pattern, becomes, "{source}");
        let pattern = Pattern::new(&pattern, 1 << 20).unwrap();
        for text in yes {
            assert!(pattern.finds(text.as_bytes()), "{source} must find something in {text:?}");
        }
        for text in no {
            assert!(!pattern.finds(text.as_bytes()), "{source} must find nothing in {text:?}");
        }
    }

    #[test]
    fn what_means_the_same_stays_as_it_is() {
        check(r"^a\d+[^b-d]$", "", r"^a\d+[^b-d]$", &["a12x"], &["a12c"]);
        check("a{2,3}", "", "a{2,3}", &["aa"], &["a"]);
        check("AbC", "i", "(?i)AbC", &["xabcx"], &["ab"]);
        check("(?:a|b)c", "", "(?:a|b)c", &["bc"], &["c"]);
    }

    #[test]
    fn a_dot_is_no_line_end_unless_asked() {
        check("a.c", "", "(?-s)a.c", &["abc"], &["a\nc"]);
        check("a.c", "s", "a.c", &["abc", "a\nc"], &[]);
        check("^a.c$", "m", "(?m-s)^a.c$", &["x\nabc\ny"], &["x\na\nc"]);
        check("a[.]c", "", "a[.]c", &["a.c"], &["abc"]);
    }

    #[test]
    fn braces_and_brackets_that_stand_for_themselves_do() {
        check(r"\${IFS}", "", r"\$\{IFS\}", &["x${IFS}"], &["IFS"]);
        check(r"\{\}", "", r"\{\}", &["{}"], &[]);
        check("[[({]", "", r"[\[({]", &["["], &["x"]);
        check("[]a]+$", "", r"[\]a]+$", &["]a"], &["b"]);
        check("[[:alpha:]_]+!", "", "[[:alpha:]_]+!", &["ab!"], &["1!"]);
        check("[a&&b]x", "", r"[a\&\&b]x", &["&x", "ax"], &["cx"]);
        check("[+--]x", "", r"[+\--]x", &["-x"], &["ax"]);
    }

    #[test]
    fn escapes_of_signs_are_signs() {
        check(r"\<a\>", "", "<a>", &["<a>"], &["a"]);
        check(r#"\"x\/"#, "", r#""x/"#, &["\"x/"], &["x/"]);
        check(r"\bcat\b", "", r"\bcat\b", &["a cat"], &["cats"]);
        check(r"a\h+b", "", r"a[ \t]+b", &["a \tb"], &["ab"]);
        check(&literal("a.b*c[d]{e}(f)|^$\\"), "", r"a\.b\*c\[d\]\{e\}\(f\)\|\^\$\\", &["a.b*c[d]{e}(f)|^$\\"], &["a"]);
    }
}
