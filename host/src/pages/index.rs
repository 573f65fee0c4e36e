//! The indexes: by service, by severity, by technique.

use super::attack::{self, Technique};
use super::markdown::{anchor, line, link};
use super::{Entry, LAYER, words};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Links between the indexes.
fn head(title: &str) -> String {
    let links = [
        link("by service", "README.md"),
        link("by severity", "SEVERITY.md"),
        link("by technique", "TECHNIQUES.md"),
        link("as a layer of the ATT&CK Navigator", LAYER),
    ];
    format!("# {title}\n\n{}\n\n", links.join(" · "))
}

/// What a group is called: folder and service or theme.
pub(super) fn heading(group: &(String, String)) -> String {
    format!("{}: {}", group.0, group.1)
}

/// By the folders of rule files, and in them by service.
pub(super) fn by_group(entries: &[Entry<'_>]) -> String {
    let mut out = head("Rules");
    let groups: Vec<&[Entry<'_>]> = entries.chunk_by(|left, right| left.group == right.group).collect();
    let first = |group: &[Entry<'_>]| group.first().map(|entry| entry.group.clone()).unwrap_or_default();
    // Writing to a String cannot fail.
    for folder in groups.chunk_by(|left, right| first(left).0 == first(right).0) {
        let link = |group: &&[Entry<'_>]| {
            let group = first(group);
            link(&line(&group.1), &format!("#{}", anchor(&heading(&group))))
        };
        let links: Vec<String> = folder.iter().map(link).collect();
        let name = folder.first().map(|group| first(group).0).unwrap_or_default();
        let _ = writeln!(out, "- **{}**: {}", line(&name), links.join(" · "));
    }
    for group in groups {
        let _ = write!(out, "\n## {}\n\n", line(&heading(&first(group))));
        table(group, &mut out);
    }
    out
}

pub(super) fn by_severity(entries: &[Entry<'_>]) -> String {
    let mut out = head("Rules by severity");
    for severity in 1..=3 {
        let of: Vec<&Entry<'_>> = entries.iter().filter(|entry| entry.collected.rule.severity == severity).collect();
        let _ = write!(out, "## Severity {severity}: {}\n\n", words::severity(severity));
        table(of, &mut out);
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out + "\n"
}

pub(super) fn by_technique(entries: &[Entry<'_>]) -> String {
    let mut out = head("Rules by technique");
    let _ = writeln!(out, "Names and tactics are those of ATT&CK Enterprise {}.", attack::VERSION);
    for (technique, entries) in techniques(entries) {
        let _ = write!(out, "\n## {}\n\n{}\n\n", technique.id, self::technique(technique));
        for entry in entries {
            let _ = writeln!(out, "- {}", rule(entry));
        }
    }
    let without: Vec<&Entry<'_>> = entries.iter().filter(|entry| entry.techniques.is_empty()).collect();
    if !without.is_empty() {
        out.push_str("\n## No technique\n\n");
        without.into_iter().for_each(|entry| {
            let _ = writeln!(out, "- {}", rule(entry));
        });
    }
    out
}

/// The rules of each technique.
pub(super) fn techniques<'e, 's>(entries: &'e [Entry<'s>]) -> BTreeMap<&'e Technique, Vec<&'e Entry<'s>>> {
    let mut found: BTreeMap<&Technique, Vec<&Entry<'s>>> = BTreeMap::new();
    for entry in entries {
        for technique in &entry.techniques {
            found.entry(technique).or_default().push(entry);
        }
    }
    found
}

/// `T1136.003 Create Account: Cloud Account (Persistence)`, the number with its link.
pub(super) fn technique(technique: &Technique) -> String {
    let mut text = link(&technique.id, &technique.link());
    if let (Some(name), Some(tactics)) = (technique.name(), technique.tactics()) {
        let _ = write!(text, " {name} ({tactics})");
    }
    text
}

/// A rule in a list.
fn rule(entry: &Entry<'_>) -> String {
    format!("{} · severity {}", named(entry), entry.collected.rule.severity)
}

fn named(entry: &Entry<'_>) -> String {
    let off = if entry.off { " (switched off)" } else { "" };
    format!("{}{off}", link(&line(&entry.collected.rule.name), &entry.page()))
}

/// Rules in a table.
fn table<'e, 's: 'e>(entries: impl IntoIterator<Item = &'e Entry<'s>>, out: &mut String) {
    out.push_str("| rule | severity | techniques |\n|---|---|---|\n");
    for entry in entries {
        let techniques: Vec<&str> = entry.techniques.iter().map(|technique| technique.id.as_str()).collect();
        let _ = writeln!(out, "| {} | {} | {} |", named(entry), entry.collected.rule.severity, techniques.join(" "));
    }
}
