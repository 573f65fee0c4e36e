//! Changes to the text of a rule file, made where they belong and nowhere else: a test or a suppression more. What comes
//! out is read again before it is given, so that a change is whole or not made.

use crate::utf16::Units;
use oxpecker_engine::json::{Json, Limits};
use oxpecker_engine::language::layout;
use oxpecker_engine::rule::outline::{self, RulePlace};
use oxpecker_engine::rule::{self, ListValues, Rule, Source};
use wasm_bindgen::prelude::wasm_bindgen;

/// The file with one test more in a rule: on one event, expecting `expect` (`alert`, `nothing` …). Null where the rule is
/// written in a way that cannot be added to.
#[wasm_bindgen]
#[must_use]
pub fn add_test(file: &str, rule: &str, name: &str, expect: &str, event: &str) -> Option<String> {
    let event = Json::parse(event.as_bytes(), &Limits::default()).ok()?;
    let name = crate::answer::text(&Json::from(name));
    let mut lines = vec![format!("- name: {name}"), format!("  expect: {expect}"), "  event: {".to_owned()];
    // JSON is YAML too; a member a line can be read.
    let members = event.as_object()?;
    for (place, (name, value)) in members.iter().enumerate() {
        let comma = if place + 1 < members.len() { "," } else { " }" };
        lines.push(format!(
            "    {}: {}{comma}",
            crate::answer::text(&Json::from(name.as_str())),
            crate::answer::text(value)
        ));
    }
    if members.is_empty() {
        lines.push("    }".to_owned());
    }
    let out = add(file, rule, "tests", &lines)?;
    let added = |rule: &Rule| {
        let same = |text: &String| Json::parse(text.as_bytes(), &Limits::default()).is_ok_and(|read| read == event);
        rule.tests.iter().any(|test| test.events.iter().any(same))
    };
    holds(file, &out, rule, |before, after| after.tests.len() == before.tests.len() + 1 && added(after)).then_some(out)
}

/// The file with one suppression more in a rule.
#[wasm_bindgen]
#[must_use]
pub fn add_suppression(file: &str, rule: &str, filter: &str, reason: &str) -> Option<String> {
    let text = |text: &str| crate::answer::text(&Json::from(text));
    let lines = [format!("- filter: {}", text(filter)), format!("  reason: {}", text(reason))];
    let out = add(file, rule, "suppressions", &lines)?;
    holds(file, &out, rule, |before, after| after.suppressions.len() == before.suppressions.len() + 1).then_some(out)
}

/// The file with another filter in a rule: for trying a change that an overlay cannot say.
#[wasm_bindgen]
#[must_use]
pub fn set_filter(file: &str, rule: &str, filter: &str) -> Option<String> {
    let place = place(file, rule)?;
    let (_, name, value) = place.fields.iter().find(|(name, ..)| name == "filter")?;
    let indent = " ".repeat(column(file, name.start) + 2);
    let body: String = filter.lines().map(|line| format!("\n{indent}{line}")).collect();
    // A block's text may end behind the blanks before the next field.
    let old = value.of(file);
    let end = value.start + old.trim_end().len();
    let out = format!("{} |{body}{}", file.get(..name.end)?.to_owned() + ":", file.get(end..)?);
    let parsed = oxpecker_engine::language::parse(filter, &Default::default()).expr?.to_string();
    holds(file, &out, rule, |_, after| after.filter.to_string() == parsed).then_some(out)
}

/// The file with the filter at a place in its canonical form; null outside the filters of rules, and where the filter has
/// errors or comments.
#[wasm_bindgen]
#[must_use]
pub fn format_in_file(file: &str, at: usize) -> Option<String> {
    let byte = Units::new(file).byte(at);
    let holds = |rule: &&RulePlace| rule.span.start <= byte && byte <= rule.span.end;
    let rule = outline::rules(file).iter().find(holds)?.id.clone();
    let filter = read(file, &rule)?.filter;
    let (_, _, value) = place(file, &rule)?.fields.into_iter().find(|(name, ..)| name == "filter")?;
    if !(value.start <= byte && byte <= value.end) || value.of(file).contains('#') {
        return None;
    }
    set_filter(file, &rule, &layout(&filter, 88))
}

/// Puts lines as the first item of a rule's list, which begins where there is none.
fn add(file: &str, rule: &str, list: &str, lines: &[String]) -> Option<String> {
    let place = place(file, rule)?;
    let indent = column(file, place.span.start);
    let known = place.fields.iter().find(|(name, ..)| name == list);
    let (at, mut text, inner) = match known {
        Some((_, name, value)) => {
            let line_end = file.get(name.end..)?.find('\n')? + name.end;
            // A list on the line of its name, in brackets, is left alone.
            if value.start < line_end {
                return None;
            }
            let first = file.get(line_end + 1..)?.lines().find(|line| line.trim_start().starts_with('-'))?;
            (line_end, String::new(), first.len() - first.trim_start().len())
        }
        None => {
            let end = place.span.start + place.span.of(file).trim_end().len();
            let line_end = file.get(end..)?.find('\n').map_or(file.len(), |at| end + at);
            (line_end, format!("\n{}{list}:", " ".repeat(indent)), indent + 2)
        }
    };
    for line in lines {
        text.push('\n');
        text.push_str(&" ".repeat(inner));
        text.push_str(line);
    }
    Some(format!("{}{text}{}", file.get(..at)?, file.get(at..)?))
}

fn place(file: &str, rule: &str) -> Option<RulePlace> {
    outline::rules(file).into_iter().find(|place| place.id == rule)
}

fn column(file: &str, at: usize) -> usize {
    let before = file.get(..at).unwrap_or_default();
    before.len() - before.rfind('\n').map_or(0, |end| end + 1)
}

/// Whether the rule reads well in both files and `changed` holds of it.
fn holds(before: &str, after: &str, id: &str, changed: impl Fn(&Rule, &Rule) -> bool) -> bool {
    match (read(before, id), read(after, id)) {
        (Some(before), Some(after)) => changed(&before, &after),
        _ => false,
    }
}

fn read(file: &str, id: &str) -> Option<Rule> {
    let source = Source { name: "rules.yaml", bytes: file.as_bytes() };
    let (set, _) = rule::load(&[source], ListValues::new(), &rule::Limits::default());
    let all = set.rules.into_iter().chain(set.disabled);
    all.map(|collected| collected.rule).find(|rule| rule.id == id)
}
