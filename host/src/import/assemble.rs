//! Drafts to files: names given, each rule loaded by the engine itself, what does not load turned into a comment.

use super::draft::{Draft, Group, Item, State};
use super::report::{Entry, Outcome};
use super::slug;
use super::write;
use oxpecker_engine::problem::{Diagnostic, Position};
use oxpecker_engine::rule::{self, Limits};
use std::collections::BTreeSet;

/// A file of the output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path below the folder of the output, with `/` between its parts.
    pub path: String,
    /// What it holds.
    pub text: String,
}

/// What an import gives.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Imported {
    /// The files that are to be written, in the order of their paths.
    pub files: Vec<File>,
    /// What became of each rule, in the order of the input.
    pub entries: Vec<Entry>,
}

/// Beginning of all ids, so that an imported rule and a shipped one never have the same.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prefix(pub(super) &'static str);

/// Groups to files and a report.
pub(super) fn assemble(mut groups: Vec<Group>, prefix: Prefix) -> Imported {
    let paths: Vec<(String, Option<String>)> = groups.iter().map(|group| (group.path.clone(), None)).collect();
    for (group, path) in groups.iter_mut().zip(slug::unique(&paths)) {
        group.path = path;
    }
    let names: Vec<(String, Option<String>)> = groups.iter().flat_map(|group| names(group, prefix)).collect();
    let mut ids = slug::unique(&names).into_iter();
    let mut imported = Imported::default();
    for group in groups {
        let ids: Vec<String> = ids.by_ref().take(group.items.iter().filter(|item| is_rule(item)).count()).collect();
        write_group(group, ids, &mut imported);
    }
    imported.files.sort_by(|one, other| one.path.cmp(&other.path));
    imported
}

fn is_rule(item: &Item) -> bool {
    matches!(item.state, State::Rule(_))
}

fn names(group: &Group, prefix: Prefix) -> Vec<(String, Option<String>)> {
    let id = |item: &Item| (format!("{}-{}", prefix.0, slug::slug(&item.name, "rule")), item.origin_id.clone());
    group.items.iter().filter(|item| is_rule(item)).map(id).collect()
}

fn write_group(group: Group, ids: Vec<String>, imported: &mut Imported) {
    let mut ids = ids.into_iter();
    let (mut rules, mut comments, mut lists) = (String::new(), String::new(), BTreeSet::new());
    let first = imported.entries.len();
    for mut item in group.items {
        let id = if is_rule(&item) { ids.next() } else { None };
        let mut entry = entry(&item);
        if let (State::Rule(draft), Some(id)) = (&mut item.state, &id) {
            match load(id, item.origin_id.as_deref(), draft, &mut entry.notes) {
                Ok(text) => {
                    lists.append(&mut draft.lists);
                    rules.push_str(if rules.is_empty() { "" } else { "\n" });
                    rules.push_str(&text);
                    entry.outcome = if entry.notes.is_empty() { Outcome::Carried } else { Outcome::Noted };
                    entry.id = Some(id.clone());
                }
                Err(why) => {
                    entry.outcome = Outcome::Not;
                    entry.notes = vec![why];
                }
            }
        }
        if entry.outcome == Outcome::Not {
            comments.push('\n');
            comments.push_str(&write::comment(&item, &entry.notes));
        }
        imported.entries.push(entry);
    }
    let path = finish(&group.path, &group.ruleset, group.description.as_deref(), &lists, (&rules, &comments), imported);
    for entry in imported.entries.iter_mut().skip(first) {
        entry.file = path.clone().filter(|_| entry.outcome != Outcome::Skipped);
    }
}

/// The line of the report before anything was tried.
fn entry(item: &Item) -> Entry {
    let (outcome, mut notes) = match &item.state {
        State::Rule(_) => (Outcome::Carried, Vec::new()),
        State::Part => (Outcome::Noted, Vec::new()),
        State::Not(why) => (Outcome::Not, vec![why.clone()]),
        State::Skipped(what) => (Outcome::Skipped, vec![what.clone()]),
    };
    // Why a rule is not here is told alone.
    if outcome != Outcome::Not {
        notes.extend(item.notes.iter().cloned());
    }
    Entry {
        source: item.source.clone(),
        line: item.line,
        name: item.name.clone(),
        origin_id: item.origin_id.clone(),
        id: None,
        file: None,
        outcome,
        notes,
    }
}

/// Adds the file of a group. Without a rule it is no rule file: what it keeps goes into a text.
fn finish(
    path: &str,
    ruleset: &str,
    description: Option<&str>,
    lists: &BTreeSet<String>,
    (rules, comments): (&str, &str),
    imported: &mut Imported,
) -> Option<String> {
    let file = match (rules.is_empty(), comments.is_empty()) {
        (true, true) => return None,
        (true, false) => File { path: format!("{path}.not-carried-over.txt"), text: comments.trim_start().to_owned() },
        (false, _) => {
            let text = format!("{}{rules}{comments}", write::header(ruleset, description, lists));
            File { path: format!("{path}.yaml"), text }
        }
    };
    let path = file.path.clone();
    imported.files.push(file);
    Some(path)
}

/// The rule's text, if the engine loads it. A title that is no template gives way to the name.
fn load(id: &str, origin: Option<&str>, draft: &mut Draft, notes: &mut Vec<String>) -> Result<String, String> {
    let text = write::rule(id, origin, draft);
    let Err(failed) = check(&text, &draft.lists) else { return Ok(text) };
    draft.title = Some(draft.name.replace("{{", "{ {"));
    let text = write::rule(id, origin, draft);
    match check(&text, &draft.lists) {
        Ok(()) => {
            notes.push(format!("its title was left out: {failed}"));
            Ok(text)
        }
        Err(_) => Err(failed),
    }
}

/// What the engine's own reader says of a file with this rule alone.
fn check(rule: &str, lists: &BTreeSet<String>) -> Result<(), String> {
    let text = format!("{}{rule}", write::header("import", None, lists));
    let document = rule::read(text.as_bytes(), &[], &Limits::default());
    match document.problems.iter().find(|problem| problem.is_error()) {
        Some(problem) => Err(told(problem, &text)),
        None if document.rules.len() == 1 => Ok(()),
        None => Err("it does not load as one rule".to_owned()),
    }
}

/// A problem in a sentence, with what stands at its place.
pub(super) fn told(diagnostic: &Diagnostic, text: &str) -> String {
    let message = diagnostic.problem.message();
    let there: String = diagnostic.span.of(text).chars().take(80).collect();
    match diagnostic.problem.help() {
        Some(help) => format!("{message} (at `{there}`); {help}"),
        None => format!("{message} (at `{there}`)"),
    }
}

/// A problem of a filter that the user wrote, with its place in it.
pub(super) fn told_with_place(diagnostic: &Diagnostic, text: &str) -> String {
    let Position { line, column, .. } = Position::of(text, diagnostic.span);
    let place = if text.contains('\n') { format!("line {line}, column {column}") } else { format!("column {column}") };
    let message = diagnostic.problem.message();
    match diagnostic.problem.help() {
        Some(help) => format!("{place}: {message}; {help}"),
        None => format!("{place}: {message}"),
    }
}
