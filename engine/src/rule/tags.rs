//! Which type events have by the tag that a log shipper gave them: the `event_types` of rule files.

/// Longest pattern, so that matching a tag stays a matter of microseconds.
pub(super) const LONGEST: usize = 256;

/// Patterns of tags with the type of their events, in the order in which they are asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TagTypes(Vec<(String, String)>);

impl TagTypes {
    /// A table without patterns.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Whether a text can be a pattern.
    #[must_use]
    pub fn is_pattern(text: &str) -> bool {
        (1..=LONGEST).contains(&text.len()) && !text.contains(char::is_whitespace)
    }

    /// Adds a pattern; of two that match a tag the one added first counts.
    pub fn push(&mut self, pattern: impl Into<String>, event_type: impl Into<String>) {
        self.0.push((pattern.into(), event_type.into()));
    }

    /// Adds those of another table behind one's own.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The patterns with their types.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(pattern, event_type)| (pattern.as_str(), event_type.as_str()))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The type that a tag gives, if any pattern matches it.
    #[must_use]
    pub fn of(&self, tag: &str) -> Option<&str> {
        self.iter().find(|(pattern, _)| matches(pattern.as_bytes(), tag.as_bytes())).map(|(_, event_type)| event_type)
    }
}

/// Whether a tag has the form of a pattern, in which `*` stands for any bytes or none. Without recursion: after a
/// mismatch the last `*` takes one byte more.
fn matches(pattern: &[u8], tag: &[u8]) -> bool {
    let (mut at, mut place) = (0, 0);
    let mut star = None;
    while place < tag.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, place));
                at += 1;
            }
            Some(byte) if tag.get(place) == Some(byte) => {
                at += 1;
                place += 1;
            }
            _ => {
                let Some((star_at, taken)) = star else { return false };
                star = Some((star_at, taken + 1));
                at = star_at + 1;
                place = taken + 1;
            }
        }
    }
    pattern.get(at..).unwrap_or_default().iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, tag, expected) in [
            ("kube.*", "kube.var.log", true),
            ("kube.*", "kube.", true),
            ("kube.*", "kube", false),
            ("*", "", true),
            ("*.audit", "a.b.audit", true),
            ("*.audit", "a.audit.b", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXcYb", false),
            ("a", "a", true),
            ("a", "aa", false),
            ("", "a", false),
            ("**", "abc", true),
        ] {
            assert_eq!(matches(pattern.as_bytes(), tag.as_bytes()), expected, "{pattern} {tag}");
        }
    }

    #[test]
    fn the_first_pattern_that_matches_counts() {
        let mut types = TagTypes::default();
        types.push("kube.audit.*", "kubernetes");
        types.push("kube.*", "pods");
        assert_eq!(types.of("kube.audit.x"), Some("kubernetes"));
        assert_eq!(types.of("kube.x"), Some("pods"));
        assert_eq!(types.of("host"), None);
    }
}
