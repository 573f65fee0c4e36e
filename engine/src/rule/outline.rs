//! Where things stand in a rule file, for editors: the texts of filters with the place of each byte, and where a rule's
//! fields begin. Works on files with mistakes in them, as long as they are YAML.

use super::yaml::{self, Kind, Node};
use crate::span::Span;

/// A filter in a rule file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterText {
    /// The filter as the rule reads it, decoded.
    pub text: String,
    /// The whole of it in the file, quotes included.
    pub span: Span,
    /// For each byte of the text, and the place behind it, where it stands in the file.
    pub places: Vec<usize>,
}

impl FilterText {
    /// Where a part of the text stands in the file.
    #[must_use]
    pub fn place(&self, part: Span) -> Span {
        let place = |offset: usize| self.places.get(offset).or(self.places.last()).copied().unwrap_or(self.span.start);
        // The end is found from the last byte inside, so that it does not slip over a line end.
        let end = if part.end > part.start { place(part.end - 1) + 1 } else { place(part.start) };
        Span::new(place(part.start), end)
    }
}

/// A rule as it stands in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulePlace {
    /// Its id, where it has one.
    pub id: String,
    /// From its first field to the end of its last.
    pub span: Span,
    /// Its fields by name, each with the place of the name and that of the value.
    pub fields: Vec<(String, Span, Span)>,
}

/// The filters of rules, suppressions and overlays, in the order of the file; none where it is no YAML.
#[must_use]
pub fn filters(source: &str) -> Vec<FilterText> {
    let mut out = Vec::new();
    if let Ok(Some(root)) = yaml::read(source) {
        collect(source, &root, false, &mut out);
    }
    out
}

/// The rules of a file; none where it is no YAML.
#[must_use]
pub fn rules(source: &str) -> Vec<RulePlace> {
    let Ok(Some(Node { kind: Kind::Map(members), .. })) = yaml::read(source) else { return Vec::new() };
    let lists = members.into_iter().filter(|(name, _)| name.scalar() == Some("rules"));
    let items = lists.flat_map(|(_, node)| if let Kind::List(items) = node.kind { items } else { Vec::new() });
    items.filter_map(rule).collect()
}

/// A rule file with the rule `id` alone, whatever else it says kept. None where it has no such rule, or where its rules
/// are not written one below the other.
#[must_use]
pub fn single(source: &str, id: &str) -> Option<String> {
    let all = rules(source);
    let line_start = |at: usize| source.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1);
    let mut starts: Vec<usize> = all.iter().map(|rule| line_start(rule.span.start)).collect();
    // Behind the last rule other fields of the file may stand.
    let last = all.last()?.span.end;
    // A block's text ends where the next line begins.
    let ended = source.get(..last)?.ends_with('\n');
    let line_end = source.get(last..)?.find('\n').map_or(source.len(), |at| last + at + 1);
    starts.push(if ended { last } else { line_end });
    let here = all.iter().position(|rule| rule.id == id)?;
    let mut out = source.get(..*starts.first()?)?.to_owned();
    out.push_str(source.get(*starts.get(here)?..*starts.get(here + 1)?)?);
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out.push_str(source.get(*starts.last()?..)?);
    matches!(rules(&out).as_slice(), [only] if only.id == id).then_some(out)
}

fn rule(node: Node) -> Option<RulePlace> {
    let Kind::Map(members) = node.kind else { return None };
    let text = |node: &Node| node.scalar().unwrap_or_default().to_owned();
    let id = members.iter().find(|(name, _)| name.scalar() == Some("id")).map(|(_, id)| text(id)).unwrap_or_default();
    let fields: Vec<_> = members.iter().map(|(name, value)| (text(name), name.span, value.span)).collect();
    let start = fields.first().map_or(node.span.start, |(_, name, _)| name.start);
    Some(RulePlace { id, span: Span::new(start, node.span.end), fields })
}

fn collect(source: &str, node: &Node, hiding: bool, out: &mut Vec<FilterText>) {
    match &node.kind {
        Kind::Map(members) => {
            for (name, value) in members {
                match name.scalar() {
                    Some("filter") => add(source, value, out),
                    // Events are data: a `filter` in them is none.
                    Some("tests" | "lists") => {}
                    Some(name) => collect(source, value, name == "suppressions", out),
                    None => {}
                }
            }
        }
        Kind::List(items) => items.iter().for_each(|item| match item.kind {
            Kind::Text(..) if hiding => add(source, item, out),
            _ => collect(source, item, hiding, out),
        }),
        _ => {}
    }
}

fn add(source: &str, node: &Node, out: &mut Vec<FilterText>) {
    if let Kind::Text(text, _) = &node.kind {
        out.push(FilterText { text: text.clone(), span: node.span, places: yaml::places(source, node) });
    }
}

#[cfg(test)]
mod tests {
    use super::{filters, rules, single};

    const FILE: &str = "rules:\n  - id: one\n    filter: |\n      user = \"x\"\n      and ip = 'y'\n    suppressions:\n      \
        - user = \"z\"\n      - filter: 'a = \"b\"'\n    tests:\n      - event: {filter: no}\n";

    #[test]
    fn filters_are_found_with_the_place_of_each_byte() {
        let found = filters(FILE);
        let texts: Vec<&str> = found.iter().map(|filter| filter.text.as_str()).collect();
        assert_eq!(texts, ["user = \"x\"\nand ip = 'y'\n", "user = \"z\"", "a = \"b\""]);
        for filter in &found {
            for (at, c) in filter.text.char_indices().filter(|(_, c)| !c.is_whitespace()) {
                let place = filter.places[at];
                assert!(FILE[place..].starts_with(c), "{} at {at}", filter.text);
            }
        }
        assert!(filters("rules: [").is_empty());
    }

    #[test]
    fn one_rule_is_cut_out_of_a_file() {
        let two = "ruleset: x\nrules:\n  - id: a\n    filter: |\n      b = 1\n\n  - id: b\n    filter: |\n      c = 2\nlists:\n  l: [x]\n";
        let first = single(two, "a").expect("it is there");
        assert_eq!(first, "ruleset: x\nrules:\n  - id: a\n    filter: |\n      b = 1\n\nlists:\n  l: [x]\n");
        let second = single(two, "b").expect("it is there");
        assert_eq!(second, "ruleset: x\nrules:\n  - id: b\n    filter: |\n      c = 2\nlists:\n  l: [x]\n");
        assert_eq!(single(two, "c"), None);
        assert_eq!(single("rules: [{id: a}, {id: b}]", "a"), None);
    }

    #[test]
    fn rules_are_found_with_their_fields() {
        let found = rules(FILE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].id, "one");
        let names: Vec<&str> = found[0].fields.iter().map(|(name, ..)| name.as_str()).collect();
        assert_eq!(names, ["id", "filter", "suppressions", "tests"]);
        assert!(FILE[found[0].span.start..].starts_with("id: one"));
    }
}
