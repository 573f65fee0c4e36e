//! The page of one rule, in the order in which somebody whom its alert woke needs it.

use super::markdown::{anchor, block, code, line, link, prose};
use super::{Entry, RuleFile, index, words};
use oxpecker_engine::json::{Json, Limits};
use oxpecker_engine::language::layout;
use oxpecker_engine::rule::{Expectation, Rule, RuleTest, Status, Suppression};
use std::fmt::Write as _;

/// The width of filters and events.
const WIDTH: usize = 100;

pub(super) fn text(entry: &Entry<'_>, files: &[RuleFile]) -> String {
    let rule = &entry.collected.rule;
    let mut out = format!("# {}\n\n{}\n\n", line(&rule.name), facts(entry));
    state(entry, files, &mut out);
    out.push_str(&block("text", &words::title(&rule.title)));
    let _ = write!(out, "\n## What it means, and what to check\n\n{}\n", prose(rule.description.trim()));
    list("Known benign causes", rule.benign.iter().map(|cause| line(cause)), &mut out);
    searches(rule, &mut out);
    let _ = write!(out, "\n## When it alerts\n\n{}\n\n", words::alerting(rule));
    out.push_str(&block("", &layout(&rule.filter, WIDTH)));
    list("What is suppressed", rule.suppressions.iter().map(suppression), &mut out);
    list("ATT&CK", entry.techniques.iter().map(index::technique), &mut out);
    list("Classifiers", rule.classifiers.iter().map(|label| line(label)), &mut out);
    list("References", rule.references.iter().map(|page| reference(page)), &mut out);
    tests(rule, &mut out);
    out
}

/// Id, severity, group and file: one line.
fn facts(entry: &Entry<'_>) -> String {
    let rule = &entry.collected.rule;
    let group = index::heading(&entry.group);
    let mut facts = vec![
        code(&rule.id),
        format!("**severity {}**, {}", rule.severity, words::severity(rule.severity)),
        link(&line(&group), &format!("README.md#{}", anchor(&group))),
    ];
    facts.extend(entry.file.map(file));
    facts.join(" · ")
}

fn file(file: &RuleFile) -> String {
    let name = code(&file.name);
    file.link.as_ref().map_or_else(|| name.clone(), |target| link(&name, target))
}

/// What keeps the rule from alerting, and who changed it.
fn state(entry: &Entry<'_>, files: &[RuleFile], out: &mut String) {
    // Writing to a String cannot fail.
    if entry.off {
        out.push_str("**Switched off.**\n\n");
    } else if entry.collected.rule.status == Status::Shadow {
        out.push_str("**In shadow: matches are counted, and raise no alert.**\n\n");
    }
    for tuning in &entry.collected.provenance.tunings {
        let Some(by) = files.get(tuning.place.source) else { continue };
        let reason = tuning.reason.as_ref().map(|reason| format!(": {}", line(reason))).unwrap_or_default();
        let _ = write!(out, "Tuned by {}{reason}\n\n", file(by));
    }
}

/// How to find the rest of the story: who was woken asks next what else the same caller did.
fn searches(rule: &Rule, out: &mut String) {
    let searches = words::searches(rule);
    if !searches.is_empty() {
        let lines: Vec<String> = searches.iter().map(|filter| format!("$ oxpecker eval '{filter}' logs/")).collect();
        let _ = write!(out, "\n## What else happened\n\nWith what the alert says in place of the dots:\n\n");
        out.push_str(&block("console", &lines.join("\n")));
    }
}

/// A section with a list, left out where the list is empty.
fn list(heading: &str, items: impl Iterator<Item = String>, out: &mut String) {
    for (place, item) in items.enumerate() {
        let before = if place == 0 { format!("\n## {heading}\n\n") } else { String::new() };
        let _ = writeln!(out, "{before}- {item}");
    }
}

fn suppression(suppression: &Suppression) -> String {
    let mut text = code(&suppression.filter.to_string());
    let said = [("", &suppression.reason), ("owner ", &suppression.owner), ("until ", &suppression.expires)];
    for (before, value) in said {
        if let Some(value) = value {
            let _ = write!(text, " · {before}{}", line(value));
        }
    }
    text
}

/// A page to read: a link where it is an address, else text.
fn reference(page: &str) -> String {
    let address = page.strip_prefix("https://").or_else(|| page.strip_prefix("http://"));
    address.map_or_else(|| line(page), |shown| link(&line(shown), page))
}

/// What the tests show, and of the first that alerts the event itself.
fn tests(rule: &Rule, out: &mut String) {
    let title = |test: &RuleTest| test.title.as_ref().map(|title| format!(": {}", line(title))).unwrap_or_default();
    let test = |test: &RuleTest| format!("**{}** · {}{}", test.expect.as_str(), line(&test.name), title(test));
    list("Tests", rule.tests.iter().map(test), out);
    let alerting = rule.tests.iter().find(|test| test.expect == Expectation::Alert);
    if let Some(event) = alerting.and_then(|test| test.events.last()) {
        let _ = write!(
            out,
            "\n<details><summary>An event that alerts</summary>\n\n{}\n</details>\n",
            block("json", &shown(event))
        );
    }
}

/// An event over as many lines as it needs.
fn shown(event: &str) -> String {
    let Ok(tree) = Json::parse(event.as_bytes(), &Limits::default()) else { return event.to_owned() };
    let mut out = String::new();
    spread(&tree, 0, "", &mut out);
    out
}

/// Writes a value on one line where it has room beside what is `before` it, else a member or element a line. The depth is
/// that of events, which is limited.
fn spread(value: &Json, indent: usize, before: &str, out: &mut String) {
    let short = value.to_string();
    let room = indent + before.chars().count() + short.chars().count() < WIDTH;
    let (brackets, members): (_, Vec<(String, &Json)>) = match value {
        Json::Object(members) if !room => (
            ('{', '}'),
            members.iter().map(|(name, value)| (format!("{}: ", Json::from(name.as_str())), value)).collect(),
        ),
        Json::Array(items) if !room => (('[', ']'), items.iter().map(|item| (String::new(), item)).collect()),
        _ => {
            out.push_str(before);
            return out.push_str(&short);
        }
    };
    let _ = writeln!(out, "{before}{}", brackets.0);
    for (place, (name, member)) in members.iter().enumerate() {
        out.push_str(&" ".repeat(indent + 2));
        spread(member, indent + 2, name, out);
        out.push_str(if place + 1 < members.len() { ",\n" } else { "\n" });
    }
    let _ = write!(out, "{}{}", " ".repeat(indent), brackets.1);
}
