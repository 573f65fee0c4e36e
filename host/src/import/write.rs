//! A draft as the text of a rule file, and what could not be carried over as a comment in it.

use super::draft::{Draft, Hidden, Item};
use super::filter;
use oxpecker_engine::rule::duration;
use std::collections::BTreeSet;
use std::fmt::Write;

/// The text before the rules of a file.
pub(super) fn header(ruleset: &str, description: Option<&str>, lists: &BTreeSet<String>) -> String {
    let mut out = String::new();
    line(&mut out, 0, "ruleset", ruleset);
    if let Some(description) = description.filter(|text| !text.trim().is_empty()) {
        prose(&mut out, 0, "description", description);
    }
    if !lists.is_empty() {
        out.push_str("\n# Values that the source left open: fill them in, in lower case.\nlists:\n");
        for list in lists {
            let _ = writeln!(out, "  {}: []", scalar(list));
        }
    }
    out.push_str("\nrules:\n");
    out
}

/// A rule as an item of the list of rules.
pub(super) fn rule(id: &str, origin_id: Option<&str>, draft: &Draft) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "  - id: {}", scalar(id));
    line(&mut out, 4, "name", &draft.name);
    if let Some(title) = &draft.title {
        line(&mut out, 4, "title", title);
    }
    let _ = writeln!(out, "    type: {}\n    severity: {}", draft.kind.as_str(), draft.severity);
    prose(&mut out, 4, "description", &draft.description);
    let _ = writeln!(out, "    filter: |\n{}", indented(&filter::layout(&draft.filter), 6));
    counting(&mut out, draft);
    suppressions(&mut out, &draft.suppressions);
    if !draft.enabled {
        out.push_str("    enabled: false\n");
    }
    if draft.shadow {
        out.push_str("    status: shadow\n");
    }
    list(&mut out, "tags", &draft.tags);
    list(&mut out, "classifiers", &draft.classifiers);
    list(&mut out, "references", &draft.references);
    list(&mut out, "benign", &draft.benign);
    if let Some(id) = origin_id {
        line(&mut out, 4, "origin_id", id);
    }
    for line in draft.left_out.iter().flat_map(|text| text.lines()) {
        out.push_str(format!("    # {}", visible(line)).trim_end());
        out.push('\n');
    }
    out
}

/// What makes one alert of several events.
fn counting(out: &mut String, draft: &Draft) {
    if !draft.aggregate.is_empty() {
        let keys: Vec<String> = draft.aggregate.iter().map(|key| scalar(key)).collect();
        let _ = writeln!(out, "    aggregate: [{}]", keys.join(", "));
    }
    if let Some(seconds) = draft.window {
        let length = duration::written(seconds);
        let _ = match draft.sliding {
            true => writeln!(out, "    window: {{sliding: {length}}}"),
            false => writeln!(out, "    window: {length}"),
        };
    }
    if let Some(key) = &draft.distinct {
        let _ = writeln!(out, "    threshold: {{count: {}, distinct: {}}}", draft.threshold, scalar(key));
    } else if draft.threshold != 1 {
        let _ = writeln!(out, "    threshold: {}", draft.threshold);
    }
}

fn suppressions(out: &mut String, all: &[Hidden]) {
    if all.is_empty() {
        return;
    }
    out.push_str("    suppressions:\n");
    for hidden in all {
        let _ = writeln!(out, "      - filter: |\n{}", indented(&filter::layout(&hidden.filter), 10));
        for (name, value) in [("reason", &hidden.reason), ("owner", &hidden.owner), ("expires", &hidden.expires)] {
            if let Some(value) = value {
                line(out, 8, name, value);
            }
        }
    }
}

/// What could not be carried over, as a comment that keeps all of it.
pub(super) fn comment(item: &Item, why: &[String]) -> String {
    let mut out = String::new();
    let mut say = |text: &str| {
        for line in text.lines() {
            out.push_str(format!("# {}", visible(line)).trim_end());
            out.push('\n');
        }
    };
    say(&format!("Not carried over: {}", item.name));
    why.iter().for_each(|why| say(&format!("Why: {why}")));
    say("As it was:");
    let original: String = item.original.trim_end().lines().map(|line| format!("  {line}\n")).collect();
    say(&original);
    out
}

/// A line of a comment without what a YAML reader refuses even there.
fn visible(line: &str) -> String {
    let bad = |c: char| (c.is_control() && c != '\t') || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}');
    line.chars().flat_map(|c| if bad(c) { c.escape_default().collect() } else { vec![c] }).collect()
}

fn line(out: &mut String, indent: usize, name: &str, value: &str) {
    let _ = writeln!(out, "{:indent$}{name}: {}", "", scalar(value));
}

/// A text of sentences: over several lines where it has them.
fn prose(out: &mut String, indent: usize, name: &str, value: &str) {
    let value = value.trim();
    let strange =
        |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}');
    if !value.contains('\n') || value.contains(strange) {
        return line(out, indent, name, value);
    }
    let _ = writeln!(out, "{:indent$}{name}: |\n{}", "", indented(value, indent + 2));
}

fn indented(text: &str, indent: usize) -> String {
    let line = |line: &str| if line.is_empty() { String::new() } else { format!("{:indent$}{line}", "") };
    text.lines().map(str::trim_end).map(line).collect::<Vec<_>>().join("\n")
}

fn list(out: &mut String, name: &str, values: &[String]) {
    if values.is_empty() {
        return;
    }
    let _ = writeln!(out, "    {name}:");
    for value in values {
        let _ = writeln!(out, "      - {}", scalar(value));
    }
}

/// A text as a YAML scalar: as it is where nobody can misread it, else in double quotes.
fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | '_' | '/' | '(' | ')' | '+' | '@' | '-');
    let word = text.to_ascii_lowercase();
    let taken = matches!(word.as_str(), "true" | "false" | "null" | "yes" | "no" | "on" | "off");
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic());
    if begins && !taken && !text.ends_with(' ') && text.chars().all(plain) { text.to_owned() } else { quoted(text) }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_misread_is_quoted() {
        for plain in ["attack.t1525", "File (Open) - x", "a@b"] {
            assert_eq!(scalar(plain), plain);
        }
        for other in ["", "true", "No", "1h", "a: b", "x #y", "- a", "{{user}}", "a ", "é", "*"] {
            assert_eq!(scalar(other), format!("\"{other}\""));
        }
        assert_eq!(scalar("a\"b\\c\n\u{1}"), r#""a\"b\\c\n\u0001""#);
    }
}
