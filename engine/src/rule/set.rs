//! Rules of several files together: duplicates, hashes, and what is in force.

use super::read::{Document, read};
use super::{Limits, ListValues, Rule};
use crate::problem::{Diagnostic, Problem};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fmt::Write;

/// A rule file: its name, for messages, and its bytes.
#[derive(Debug, Clone, Copy)]
pub struct Source<'s> {
    /// The name.
    pub name: &'s str,
    /// What it holds.
    pub bytes: &'s [u8],
}

/// Rules with the name of their set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RuleSet {
    /// The rules in force, in the order of the files and in them.
    pub rules: Vec<Collected>,
    /// How many were read and are not enabled.
    pub disabled: usize,
    /// The lists that their filters use.
    pub lists: ListValues,
}

/// A rule with where it is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collected {
    /// The rule.
    pub rule: Rule,
    /// The name of its set: the file's `ruleset`, or the file's name.
    pub ruleset: String,
    /// Which of the sources it was read from.
    pub source: usize,
}

/// A problem with the source that it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedDiagnostic {
    /// Which of the sources.
    pub source: usize,
    /// The problem.
    pub diagnostic: Diagnostic,
}

/// Reads rule files together. Errors do not stop it: what could be read is in the set, and the caller decides.
#[must_use]
pub fn load(sources: &[Source<'_>], lists: ListValues, limits: &Limits) -> (RuleSet, Vec<LoadedDiagnostic>) {
    let mut set = RuleSet { lists, ..RuleSet::default() };
    let mut problems = Vec::new();
    // Where each id was first seen, and with which content.
    let mut seen: HashMap<String, (String, String)> = HashMap::new();
    for (place, source) in sources.iter().enumerate() {
        let names: Vec<String> = set.lists.keys().cloned().collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let document = read(source.bytes, &names, limits);
        let found = document.problems.iter().cloned();
        problems.extend(found.map(|diagnostic| LoadedDiagnostic { source: place, diagnostic }));
        collect(&mut set, &mut seen, &mut problems, document, place, source);
    }
    (set, problems)
}

/// Adds the rules of one file. A rule that two sets hold with the same content runs once; two contents are an error.
fn collect(
    set: &mut RuleSet,
    seen: &mut HashMap<String, (String, String)>,
    problems: &mut Vec<LoadedDiagnostic>,
    document: Document,
    place: usize,
    source: &Source<'_>,
) {
    let ruleset = document.ruleset.unwrap_or_else(|| source.name.to_owned());
    set.lists.extend(document.lists);
    for rule in document.rules {
        let line = 1 + source.bytes.iter().take(rule.span.start).filter(|byte| **byte == b'\n').count();
        let here = format!("{}:{line}", source.name);
        match seen.get(&rule.id) {
            Some((first, version)) if *version != rule.version => {
                let problem = Problem::DuplicateRule { id: rule.id.clone(), first: first.clone() };
                problems.push(LoadedDiagnostic { source: place, diagnostic: Diagnostic::new(head(&rule), problem) });
            }
            Some(_) => {}
            None => {
                seen.insert(rule.id.clone(), (here, rule.version.clone()));
                if rule.enabled {
                    set.rules.push(Collected { rule, ruleset: ruleset.clone(), source: place });
                } else {
                    set.disabled += 1;
                }
            }
        }
    }
}

/// The beginning of a rule, where a message about the whole of it points.
fn head(rule: &Rule) -> crate::Span {
    crate::Span::new(rule.span.start, rule.span.start + 2)
}

/// The hash over what decides verdicts and grouping: filter, suppressions, aggregate, window, threshold, severity.
pub(super) fn version(rule: &Rule) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write!(text, "{}\n{}\n{}\n{}\n{}\n", rule.id, rule.severity, rule.filter, rule.window, rule.threshold);
    if rule.sliding {
        text.push_str("sliding\n");
    }
    if let Some(key) = &rule.distinct {
        let _ = writeln!(text, "distinct {key}");
    }
    for key in &rule.aggregate {
        let _ = writeln!(text, "aggregate {key}");
    }
    for suppression in &rule.suppressions {
        let expires = suppression.expires.as_deref().unwrap_or_default();
        let _ = writeln!(text, "suppression {expires} {}", suppression.filter);
    }
    hex(&Sha256::digest(text.as_bytes()), 16)
}

/// The first `digits` hexadecimal digits of some bytes.
pub(crate) fn hex(bytes: &[u8], digits: usize) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
    out.truncate(digits);
    out
}
