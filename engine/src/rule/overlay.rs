//! Tuning overlays: changes to a rule from outside its file, so that a shipped set can be updated under them.
//!
//! An overlay is a `tune:` list, in a file of its own or beside rules. It changes the rule that is loaded and never
//! copies it; what it says goes over what the rule's file says, and a later one over an earlier one. Suppressions are
//! added to those that are there.

use super::fields::{Fields, bad_value};
use super::read::{Reader, written};
use super::set::{self, Collected, Place, Tuning};
use super::template::Template;
use super::yaml::Node;
use super::{LARGEST_REMEMBERED, Rule, Status, Suppression, Tunable};
use crate::language::expr::Key;
use crate::problem::{Diagnostic, Problem};
use crate::span::Span;
use std::collections::BTreeMap;

/// One rule's changes; what is not there stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tune {
    /// The id of the rule.
    pub rule: String,
    /// The id in the file.
    pub rule_span: Span,
    /// The new severity.
    pub severity: Option<u8>,
    /// The new title.
    pub title: Option<Template>,
    /// The new window in seconds, and whether it slides.
    pub window: Option<(u64, bool)>,
    /// The new threshold, and the key of which it counts distinct values.
    pub threshold: Option<(u64, Option<Key>)>,
    /// Whether the rule is in force.
    pub enabled: Option<bool>,
    /// Whether it raises alerts.
    pub status: Option<Status>,
    /// Suppressions to add.
    pub suppressions: Vec<Suppression>,
    /// Why.
    pub reason: Option<String>,
    /// Where each change stands.
    pub written: BTreeMap<Tunable, Span>,
}

const TUNE_FIELDS: [&str; 9] =
    ["rule", "severity", "title", "window", "threshold", "enabled", "status", "suppressions", "reason"];

impl Reader<'_> {
    /// One entry of `tune:`. One with an error in it changes nothing.
    pub(super) fn tune(&mut self, node: &Node) -> Option<Tune> {
        let mut fields = Fields::open(node, "the overlay", &TUNE_FIELDS, self.source, &mut self.sink)?;
        let rule = fields.require_text("rule", &mut self.sink);
        let rule_span = fields.get("rule").map_or(node.span, |node| node.span);
        if let Some(rule) = rule {
            fields.call(format!("the overlay of `{rule}`"));
        }
        let severity = given(&fields, Tunable::Severity, || self.severity(&fields));
        let title = given(&fields, Tunable::Title, || self.title(&fields));
        let window = given(&fields, Tunable::Window, || self.window(&fields));
        let threshold = given(&fields, Tunable::Threshold, || self.threshold(&fields));
        let enabled = given(&fields, Tunable::Enabled, || fields.flag("enabled", &mut self.sink));
        let status = given(&fields, Tunable::Status, || self.status(&fields));
        let suppressions = self.suppressions(&fields);
        let reason = fields.text("reason", &mut self.sink).map(str::to_owned);
        let mut written = written(&fields);
        written.retain(|field, _| fields.get(field.as_str()).is_some());
        Some(Tune {
            rule: rule?.to_owned(),
            rule_span,
            severity: severity?,
            title: title?,
            window: window?,
            threshold: threshold?,
            enabled: enabled?,
            status: status?,
            suppressions: suppressions?,
            reason,
            written,
        })
    }
}

/// A field that may be missing, and must be right where it is there.
fn given<T>(fields: &Fields<'_>, field: Tunable, read: impl FnOnce() -> Option<T>) -> Option<Option<T>> {
    match fields.get(field.as_str()) {
        None => Some(None),
        Some(_) => read().map(Some),
    }
}

impl Tune {
    /// Changes a rule; `place` tells where in the overlay's source a span is. With a problem, only a warning changes it.
    pub(super) fn apply(&self, to: &mut Collected, place: impl Fn(Span) -> Place) -> Option<Diagnostic> {
        let mut rule = to.rule.clone();
        let changed = self.change(&mut rule);
        let added = self.added(&rule);
        if let Some(problem) = self.too_much_to_remember(&rule) {
            return Some(problem);
        }
        if changed.is_empty() && added.is_empty() {
            let problem = Problem::TuneChangesNothing { rule: self.rule.clone() };
            return Some(Diagnostic::new(self.rule_span, problem));
        }
        // A field that says what held already is the reason for it from now on, too.
        to.provenance.fields.extend(self.written.iter().map(|(field, span)| (*field, place(*span))));
        to.provenance.suppressions.extend(added.iter().map(|suppression| place(suppression.span)));
        to.provenance.tunings.push(Tuning { place: place(self.rule_span), reason: self.reason.clone() });
        rule.suppressions.extend(added);
        rule.version = set::version(&rule);
        to.rule = rule;
        None
    }

    /// Puts the values in; gives the fields that differ now.
    fn change(&self, rule: &mut Rule) -> Vec<Tunable> {
        let before = rule.clone();
        rule.severity = self.severity.unwrap_or(rule.severity);
        rule.enabled = self.enabled.unwrap_or(rule.enabled);
        rule.status = self.status.unwrap_or(rule.status);
        if let Some(title) = &self.title {
            rule.title = title.clone();
        }
        if let Some((window, sliding)) = self.window {
            (rule.window, rule.sliding) = (window, sliding);
        }
        if let Some((threshold, distinct)) = &self.threshold {
            rule.threshold = *threshold;
            rule.distinct.clone_from(distinct);
        }
        Tunable::ALL.into_iter().filter(|field| differs(*field, &before, rule)).collect()
    }

    /// The suppressions that the rule does not have yet.
    fn added(&self, rule: &Rule) -> Vec<Suppression> {
        let says = |suppression: &Suppression| (suppression.filter.to_string(), suppression.expires.clone());
        let there: Vec<_> = rule.suppressions.iter().map(says).collect();
        self.suppressions.iter().filter(|suppression| !there.contains(&says(suppression))).cloned().collect()
    }

    /// A window that slides and a threshold of distinct values are remembered one by one, whichever file they are from.
    fn too_much_to_remember(&self, rule: &Rule) -> Option<Diagnostic> {
        if rule.threshold <= LARGEST_REMEMBERED || !(rule.sliding || rule.distinct.is_some()) {
            return None;
        }
        let span = self.written.get(&Tunable::Threshold).or(self.written.get(&Tunable::Window))?;
        let wanted = format!("at most {LARGEST_REMEMBERED} where the window slides");
        Some(bad_value(*span, "threshold", &rule.threshold.to_string(), &wanted))
    }
}

fn differs(field: Tunable, left: &Rule, right: &Rule) -> bool {
    let key = |rule: &Rule| rule.distinct.as_ref().map(ToString::to_string);
    match field {
        Tunable::Severity => left.severity != right.severity,
        Tunable::Title => left.title != right.title,
        Tunable::Window => (left.window, left.sliding) != (right.window, right.sliding),
        Tunable::Threshold => (left.threshold, key(left)) != (right.threshold, key(right)),
        Tunable::Enabled => left.enabled != right.enabled,
        Tunable::Status => left.status != right.status,
    }
}
