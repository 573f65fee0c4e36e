//! Names that stay the same: of rules, from what they are called, and of files.

use std::collections::HashMap;

/// Longest name made here; a rule's id may have 128 characters, and a suffix must fit.
const LONGEST: usize = 100;

/// Lower-case letters, digits and single hyphens; `fallback` where nothing of the text is left.
pub(super) fn slug(text: &str, fallback: &str) -> String {
    let mut out = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
        if out.len() >= LONGEST {
            break;
        }
    }
    let out = out.trim_end_matches('-');
    if out.is_empty() { fallback.to_owned() } else { out.to_owned() }
}

/// A file's name kept as it is, but for what a shell or another system could take amiss.
pub(super) fn file_name(text: &str) -> String {
    let kept = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.') { c } else { '-' };
    let name: String = text.chars().map(kept).take(LONGEST).collect();
    let name = name.trim_start_matches(['.', '-']);
    if name.is_empty() { "rules".to_owned() } else { name.to_owned() }
}

/// A path of such names.
pub(super) fn path(text: &str) -> String {
    text.split('/').map(file_name).collect::<Vec<_>>().join("/")
}

/// Makes names differ: those that are the same get the beginning of their own identifier, and where that is not enough
/// a number. A name that no other has stays as it is, so that most names depend on nothing but themselves.
pub(super) fn unique(names: &[(String, Option<String>)]) -> Vec<String> {
    let mut times: HashMap<&str, usize> = HashMap::new();
    for (name, _) in names {
        *times.entry(name).or_default() += 1;
    }
    let mut taken: HashMap<String, usize> = HashMap::new();
    let mut made = Vec::with_capacity(names.len());
    for (name, origin) in names {
        let several = times.get(name.as_str()).is_some_and(|times| *times > 1);
        let wanted = match origin.as_deref().map(|id| slug(id, "")).filter(|id| several && !id.is_empty()) {
            Some(id) => format!("{name}-{}", id.chars().take(8).collect::<String>().trim_end_matches('-')),
            None => name.clone(),
        };
        let mut candidate = wanted.clone();
        while taken.contains_key(&candidate) {
            let number = taken.entry(wanted.clone()).or_insert(1);
            *number += 1;
            candidate = format!("{wanted}-{number}");
        }
        taken.insert(candidate.clone(), 1);
        made.push(candidate);
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_slugs() {
        assert_eq!(slug("CloudTrail: ECR Put Image", "rule"), "cloudtrail-ecr-put-image");
        assert_eq!(slug("  --Größe (x)--  ", "rule"), "gr-e-x");
        assert_eq!(slug("日本", "rule"), "rule");
        assert_eq!(slug(&"a".repeat(300), "rule").len(), LONGEST);
    }

    #[test]
    fn paths_stay_what_they_are_where_they_can() {
        assert_eq!(path("cloud/aws/aws_x.y"), "cloud/aws/aws_x.y");
        assert_eq!(path("../a b/.hidden"), "rules/a-b/hidden");
    }

    #[test]
    fn same_names_are_told_apart() {
        let name = |name: &str, id: Option<&str>| (name.to_owned(), id.map(str::to_owned));
        let names = [
            name("a", Some("12345678-9abc")),
            name("b", None),
            name("a", Some("87654321-9abc")),
            name("c", None),
            name("c", None),
            name("c-2", None),
        ];
        assert_eq!(unique(&names), ["a-12345678", "b", "a-87654321", "c", "c-2", "c-2-2"]);
    }
}
