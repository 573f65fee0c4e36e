//! Sigma's texts: wildcards, escapes, placeholders.

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// What stands for itself.
    Text(String),
    /// `*`: any run of characters, an empty one too.
    Any,
    /// `?`: one character.
    One,
    /// A dash of a command line's flag, whatever kind of dash or slash it is.
    Dash,
    /// `%name%`: values that the user gives.
    Placeholder(String),
}

/// A text of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Pattern(pub(super) Vec<Token>);

impl Pattern {
    /// Reads a text: a backslash before `*`, `?` or another backslash takes their meaning away, any other stands for
    /// itself.
    pub(super) fn parse(text: &str) -> Self {
        let mut pattern = Self::default();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\\' => pattern.push(chars.next_if(|next| matches!(next, '*' | '?' | '\\')).unwrap_or('\\')),
                '*' => pattern.add(Token::Any),
                '?' => pattern.add(Token::One),
                c => pattern.push(c),
            }
        }
        pattern
    }

    /// A text in which nothing has a meaning.
    pub(super) fn plain(text: &str) -> Self {
        Self(if text.is_empty() { Vec::new() } else { vec![Token::Text(text.to_owned())] })
    }

    fn push(&mut self, c: char) {
        match self.0.last_mut() {
            Some(Token::Text(text)) => text.push(c),
            _ => self.0.push(Token::Text(c.to_string())),
        }
    }

    fn add(&mut self, token: Token) {
        // Two stars are one.
        if token != Token::Any || self.0.last() != Some(&Token::Any) {
            self.0.push(token);
        }
    }

    /// With `*` before it.
    pub(super) fn open_at_start(mut self) -> Self {
        if self.0.first() != Some(&Token::Any) {
            self.0.insert(0, Token::Any);
        }
        self
    }

    /// With `*` behind it.
    pub(super) fn open_at_end(mut self) -> Self {
        self.add(Token::Any);
        self
    }

    /// The text, where nothing in it is a wildcard.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Token::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Dashes and slashes that begin a word become those of any kind.
    pub(super) fn any_dash(self) -> Self {
        let mut out = Self::default();
        for token in self.0 {
            let Token::Text(text) = token else {
                out.0.push(token);
                continue;
            };
            let chars: Vec<char> = text.chars().collect();
            for (place, c) in chars.iter().enumerate() {
                let before = place.checked_sub(1).and_then(|before| chars.get(before));
                let begins = !before.is_some_and(is_word) && chars.get(place + 1).is_some_and(is_word);
                if matches!(c, '-' | '/') && begins { out.0.push(Token::Dash) } else { out.push(*c) }
            }
        }
        out
    }

    /// `%name%` becomes a placeholder; `\%` is a plain percent sign.
    pub(super) fn expand(self) -> Self {
        let mut out = Self::default();
        for token in self.0 {
            let Token::Text(text) = token else {
                out.0.push(token);
                continue;
            };
            let mut rest = text.as_str();
            while let Some(open) = rest.find('%') {
                let (before, behind) = rest.split_at(open);
                let behind = behind.get(1..).unwrap_or_default();
                if let Some(before) = before.strip_suffix('\\') {
                    format!("{before}%").chars().for_each(|c| out.push(c));
                    rest = behind;
                } else if let Some((name, after)) = behind.split_once('%').filter(|(name, _)| !name.is_empty()) {
                    before.chars().for_each(|c| out.push(c));
                    out.0.push(Token::Placeholder(name.to_owned()));
                    rest = after;
                } else {
                    break;
                }
            }
            rest.chars().for_each(|c| out.push(c));
        }
        out
    }
}

/// As regular expressions see words, in ASCII and beyond.
fn is_word(c: &char) -> bool {
    c.is_alphanumeric() || *c == '_'
}

#[cfg(test)]
mod tests {
    use super::Token::{Any, Dash, One};
    use super::*;

    fn text(text: &str) -> Token {
        Token::Text(text.to_owned())
    }

    #[test]
    fn wildcards_and_escapes_are_those_of_the_specification() {
        let cases: [(&str, &[Token]); 12] = [
            ("abc", &[text("abc")]),
            ("", &[]),
            ("a*b?", &[text("a"), Any, text("b"), One]),
            ("**", &[Any]),
            (r"C:\Windows\x", &[text(r"C:\Windows\x")]),
            (r"a\\b", &[text(r"a\b")]),
            (r"a\*b", &[text("a*b")]),
            (r"a\?", &[text("a?")]),
            (r"a\\*", &[text(r"a\"), Any]),
            (r"a\\\*", &[text(r"a\*")]),
            (r"\\\\host", &[text(r"\\host")]),
            (r"end\", &[text(r"end\")]),
        ];
        for (source, tokens) in cases {
            assert_eq!(Pattern::parse(source).0, tokens, "{source}");
        }
    }

    #[test]
    fn dashes_are_those_that_begin_a_word() {
        assert_eq!(Pattern::parse(" -enc x-y").any_dash().0, [text(" "), Dash, text("enc x-y")]);
        assert_eq!(Pattern::parse("/c dir").any_dash().0, [Dash, text("c dir")]);
        assert_eq!(Pattern::parse("a - b").any_dash().0, [text("a - b")]);
    }

    #[test]
    fn placeholders_stand_between_percent_signs() {
        let name = Token::Placeholder("Servers".to_owned());
        assert_eq!(Pattern::parse("%Servers%").expand().0, std::slice::from_ref(&name));
        assert_eq!(Pattern::parse("a%Servers%b").expand().0, [text("a"), name, text("b")]);
        assert_eq!(Pattern::parse("100% of %").expand().0, [text("100"), Token::Placeholder(" of ".into())]);
        assert_eq!(Pattern::parse(r"\%a").expand().0, [text("%a")]);
    }
}
