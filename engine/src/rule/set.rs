//! Rules of several files together: duplicates, overlays, hashes, and what is in force.

use super::lint;
use super::overlay::Tune;
use super::read::{Document, read};
use super::{Limits, ListValues, Rule, Status, TagTypes, Tunable};
use crate::language::expr::Key;
use crate::language::suggest;
use crate::pattern::Sum;
use crate::problem::{Diagnostic, Problem};
use crate::span::Span;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap, HashSet};
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
    /// Those that are not enabled.
    pub disabled: Vec<Collected>,
    /// The lists that their filters use.
    pub lists: ListValues,
    /// The types of events by the tags of a log shipper: those of the first source first.
    pub event_types: TagTypes,
}

/// A rule as overlays left it, with where it is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collected {
    /// The rule.
    pub rule: Rule,
    /// The name of its set: the file's `ruleset`, or the file's name.
    pub ruleset: String,
    /// Other sets that hold it too.
    pub also_in: Vec<String>,
    /// Which of the sources it was read from.
    pub source: usize,
    /// Keys whose values its alerts do not show.
    pub redact: Vec<Key>,
    /// Where its values come from.
    pub provenance: Provenance,
}

/// Where the values of a rule in force come from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Provenance {
    /// The place of each value; a default has none.
    pub fields: BTreeMap<Tunable, Place>,
    /// The place of each suppression, in the rule's order.
    pub suppressions: Vec<Place>,
    /// The overlays that changed it, in order.
    pub tunings: Vec<Tuning>,
}

/// A line of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Which of the sources.
    pub source: usize,
    /// The line, from 1.
    pub line: usize,
}

/// An overlay that changed a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tuning {
    /// Where it is.
    pub place: Place,
    /// Why.
    pub reason: Option<String>,
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
    let lines = sources.iter().map(|source| Lines::new(source.bytes)).collect();
    let mut loader = Loader { sources, lines, lists: lists.clone(), ..Loader::default() };
    for (place, source) in sources.iter().enumerate() {
        let names: Vec<String> = loader.lists.keys().cloned().collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let document = read(source.bytes, &names, limits);
        loader.take(document, place);
    }
    // What the operator gives goes over what a rule file says.
    loader.lists.extend(lists);
    loader.tune();
    loader.redact();
    loader.finish(limits)
}

/// Rule files that are being put together.
#[derive(Default)]
struct Loader<'s> {
    sources: &'s [Source<'s>],
    /// Where the lines of each source begin.
    lines: Vec<Lines>,
    lists: ListValues,
    event_types: TagTypes,
    rules: Vec<Collected>,
    /// The place of each rule in `rules`.
    by_id: HashMap<String, usize>,
    /// Rules with errors: an overlay of one is no mistake of its own.
    unread: HashSet<String>,
    tune: Vec<(usize, Tune)>,
    redact: Vec<Redact>,
    problems: Vec<LoadedDiagnostic>,
}

/// What one file keeps back, for all rules of its set.
struct Redact {
    source: usize,
    span: Span,
    ruleset: String,
    keys: Vec<Key>,
}

impl Loader<'_> {
    fn report(&mut self, source: usize, diagnostic: Diagnostic) {
        self.problems.push(LoadedDiagnostic { source, diagnostic });
    }

    fn place(&self, source: usize, span: Span) -> Place {
        Place { source, line: self.lines.get(source).map_or(1, |lines| lines.of(span.start)) }
    }

    /// `file.yaml:12`
    fn name(&self, place: Place) -> String {
        format!("{}:{}", self.sources.get(place.source).map_or("", |source| source.name), place.line)
    }

    fn take(&mut self, document: Document, place: usize) {
        document.problems.into_iter().for_each(|diagnostic| self.report(place, diagnostic));
        self.lists.extend(document.lists);
        self.event_types.extend(document.event_types);
        self.unread.extend(document.unread);
        self.tune.extend(document.tune.into_iter().map(|tune| (place, tune)));
        let file = self.sources.get(place).map_or("", |source| source.name);
        let ruleset = document.ruleset.unwrap_or_else(|| file.to_owned());
        document.rules.into_iter().for_each(|rule| self.collect(rule, place, &ruleset));
        if !document.redact.is_empty() {
            self.redact.push(Redact { source: place, span: document.redact_span, ruleset, keys: document.redact });
        }
    }

    /// Adds a rule. One that two sets hold with the same content runs once, as long as one of them has it in force; two
    /// contents are an error.
    fn collect(&mut self, rule: Rule, source: usize, ruleset: &str) {
        let known = self.by_id.get(&rule.id).and_then(|known| self.rules.get_mut(*known));
        let Some(known) = known else {
            self.by_id.insert(rule.id.clone(), self.rules.len());
            let provenance = Provenance {
                fields: rule.written.iter().map(|(field, span)| (*field, self.place(source, *span))).collect(),
                suppressions: rule.suppressions.iter().map(|hidden| self.place(source, hidden.span)).collect(),
                tunings: Vec::new(),
            };
            let (ruleset, also_in, redact) = (ruleset.to_owned(), Vec::new(), Vec::new());
            return self.rules.push(Collected { rule, ruleset, also_in, source, redact, provenance });
        };
        if known.rule.version != rule.version {
            let first = Place { source: known.source, line: 0 };
            let line = self.lines.get(first.source).map_or(1, |lines| lines.of(known.rule.span.start));
            let first = self.name(Place { line, ..first });
            let problem = Problem::DuplicateRule { id: rule.id.clone(), first };
            return self.report(source, Diagnostic::new(head(&rule), problem));
        }
        if known.ruleset != ruleset && !known.also_in.iter().any(|name| name == ruleset) {
            known.also_in.push(ruleset.to_owned());
        }
        let louder = |rule: &Rule| (rule.enabled, rule.status == Status::Live);
        if louder(&rule) > louder(&known.rule) {
            (known.rule.enabled, known.rule.status) = (rule.enabled, rule.status);
            let place =
                |span: &Span| Place { source, line: self.lines.get(source).map_or(1, |lines| lines.of(span.start)) };
            for field in [Tunable::Enabled, Tunable::Status] {
                match rule.written.get(&field) {
                    Some(span) => known.provenance.fields.insert(field, place(span)),
                    None => known.provenance.fields.remove(&field),
                };
            }
        }
    }

    /// Changes rules as the overlays say, in the order of the sources.
    fn tune(&mut self) {
        for (source, tune) in std::mem::take(&mut self.tune) {
            let lines = self.lines.get(source);
            let place = |span: Span| Place { source, line: lines.map_or(1, |lines| lines.of(span.start)) };
            let rule = self.by_id.get(&tune.rule).and_then(|known| self.rules.get_mut(*known));
            let problem = match rule {
                Some(rule) => tune.apply(rule, place),
                None if self.unread.contains(&tune.rule) => None,
                None => Some(self.unknown(&tune)),
            };
            problem.into_iter().for_each(|problem| self.report(source, problem));
        }
    }

    fn unknown(&self, tune: &Tune) -> Diagnostic {
        let nearest = suggest::nearest(&tune.rule, self.by_id.keys().map(String::as_str));
        let rule = nearest.and_then(|id| self.rules.get(*self.by_id.get(id)?));
        let problem = Problem::UnknownRule {
            id: tune.rule.clone(),
            suggestion: nearest.map(str::to_owned),
            place: rule.map(|rule| self.name(self.place(rule.source, rule.rule.span))),
        };
        let diagnostic = Diagnostic::new(tune.rule_span, problem);
        match nearest {
            Some(id) => diagnostic.with_fix(id),
            None => diagnostic,
        }
    }

    /// What one file of a set keeps back is kept back from the alerts of all rules of the set, wherever they are.
    fn redact(&mut self) {
        for redact in std::mem::take(&mut self.redact) {
            let mut any = false;
            for rule in &mut self.rules {
                let held = rule.ruleset == redact.ruleset || rule.also_in.contains(&redact.ruleset);
                any |= held;
                for key in redact.keys.iter().filter(|_| held) {
                    if !rule.redact.iter().any(|known| known.steps == key.steps) {
                        rule.redact.push(key.clone());
                    }
                }
            }
            if !any {
                self.report(redact.source, Diagnostic::new(redact.span, Problem::RedactsNothing));
            }
        }
    }

    /// Takes out the rules in force whose regular expressions go beyond what all of them may take. One problem is enough
    /// for all such rules.
    fn bound_regexes(&self, rules: &mut Vec<Collected>, limits: &Limits) -> Option<LoadedDiagnostic> {
        let mut sum = Sum::of(limits.regexes);
        let mut beyond = Vec::new();
        rules.retain(|collected| {
            let fits = sum.add(collected.rule.filters(), limits.filter.regex);
            if !fits {
                beyond.push((collected.source, head(&collected.rule)));
            }
            fits
        });
        let (source, span) = *beyond.first()?;
        let problem =
            Problem::RegexesTooLarge { limit: limits.regexes, fitting: sum.count(), behind: beyond.len() - 1 };
        Some(LoadedDiagnostic { source, diagnostic: Diagnostic::new(span, problem) })
    }

    fn finish(mut self, limits: &Limits) -> (RuleSet, Vec<LoadedDiagnostic>) {
        for rule in &self.rules {
            self.problems.extend(lint::suppressions(rule));
        }
        let (mut rules, disabled) =
            std::mem::take(&mut self.rules).into_iter().partition(|collected| collected.rule.enabled);
        self.problems.extend(self.bound_regexes(&mut rules, limits));
        self.problems.sort_by_key(|problem| (problem.source, problem.diagnostic.span));
        (RuleSet { rules, disabled, lists: self.lists, event_types: self.event_types }, self.problems)
    }
}

/// Where the lines of a text begin.
struct Lines(Vec<usize>);

impl Lines {
    fn new(bytes: &[u8]) -> Self {
        let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        Self(ends.map(|(at, _)| at + 1).collect())
    }

    /// The line of a byte, from 1.
    fn of(&self, offset: usize) -> usize {
        1 + self.0.partition_point(|start| *start <= offset)
    }
}

/// The beginning of a rule, where a message about the whole of it points.
fn head(rule: &Rule) -> Span {
    Span::new(rule.span.start, rule.span.start + 2)
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
    let digit = |half: u8| char::from(if half < 10 { b'0' + half } else { b'a' - 10 + half });
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).take(digits).collect()
}
