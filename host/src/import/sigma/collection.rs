//! All documents of an import together: rules, the filters over them and the correlations of them.

use super::SigmaOptions;
use super::context::Context;
use super::correlation::{self, Counting};
use super::detection;
use super::document::{Correlation, Document, Filter, Rule, text};
use super::logsource::Mapping;
use super::meta;
use crate::import::draft::{Draft, Item, State};
use crate::import::filter::{all, any};
use oxpecker_engine::language::Expr;
use std::collections::BTreeSet;

/// A document with where it stands.
struct Held {
    /// Which of the sources it stands in.
    source: usize,
    source_name: String,
    line: usize,
    text: String,
    document: Document,
}

/// All documents, in the order of the sources.
#[derive(Default)]
pub(super) struct Collection {
    sources: usize,
    documents: Vec<Held>,
}

/// A rule's filter, with what came of reading it.
struct Built {
    filter: Expr,
    counting: Option<Counting>,
    notes: BTreeSet<String>,
    lists: BTreeSet<String>,
    title: Option<String>,
    aggregate: Vec<String>,
}

/// What correlations make of a rule that they refer to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Use {
    /// Nobody refers to it, or whoever does wants it as a rule too.
    Rule,
    /// This correlation counts it.
    Counted(String),
    /// This correlation would, but is not carried over.
    Orphaned(String),
}

impl Collection {
    /// A source that documents will be added of.
    pub(super) fn open(&mut self) -> usize {
        self.sources += 1;
        self.sources - 1
    }

    pub(super) fn add(&mut self, source: usize, source_name: &str, line: usize, text: &str, document: Document) {
        let (source_name, text) = (source_name.to_owned(), text.to_owned());
        self.documents.push(Held { source, source_name, line, text, document });
    }

    /// The log source of the first rule of a source.
    pub(super) fn source_name(&self, source: usize) -> Option<String> {
        self.documents.iter().filter(|held| held.source == source).find_map(|held| match &held.document {
            Document::Rule(rule) => Some(rule.source.name()),
            _ => None,
        })
    }

    fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.documents.iter().filter_map(|held| match &held.document {
            Document::Rule(rule) => Some(rule),
            _ => None,
        })
    }

    fn filters(&self) -> impl Iterator<Item = &Filter> {
        self.documents.iter().filter_map(|held| match &held.document {
            Document::Filter(filter) => Some(filter),
            _ => None,
        })
    }

    /// What became of each document, with the source that it stands in.
    pub(super) fn build(&self, options: &SigmaOptions) -> Vec<(usize, Item)> {
        let item = |held: &Held| {
            let (about, state, notes) = match &held.document {
                Document::Rule(rule) => {
                    let (state, notes) = self.rule(rule, options);
                    (&rule.about, state, notes)
                }
                Document::Correlation(found) => {
                    let mut notes = Vec::new();
                    let state = self.correlation(found, options, &mut notes);
                    (&found.about, state.map_or_else(State::Not, |draft| State::Rule(Box::new(draft))), notes)
                }
                Document::Filter(filter) => {
                    let (state, notes) = self.filter(filter, options);
                    (&filter.about, state, notes)
                }
                Document::Global(_) | Document::Other => return None,
            };
            let (source, line, original) = (held.source_name.clone(), held.line, held.text.clone());
            let (name, origin_id) = (meta::name(about), about.id.clone());
            Some((held.source, Item { source, line, name, origin_id, original, state, notes }))
        };
        self.documents.iter().filter_map(item).collect()
    }

    /// A rule, unless it is only there to be counted.
    fn rule(&self, rule: &Rule, options: &SigmaOptions) -> (State, Vec<String>) {
        let mut notes = Vec::new();
        let built = match self.built(rule, options) {
            Ok(built) => built,
            Err(why) => return (State::Not(why), notes),
        };
        let mapping = rule.source.mapping();
        let severity = meta::severity(&rule.about, &mut notes);
        let mut draft = Draft::new(meta::name(&rule.about), mapping.kind, severity, built.filter);
        meta::describe(&mut draft, &rule.about, Some(&rule.source), &mut notes);
        draft.lists = built.lists;
        (draft.title, draft.aggregate) = (built.title, built.aggregate);
        notes.extend(built.notes);
        if let Some(counting) = &built.counting {
            let context = Context::new(mapping, options);
            correlation::count(&mut draft, counting, |field| context.name(field), &mut notes);
        }
        match self.use_of(rule, options) {
            Use::Rule => {}
            Use::Counted(by) => {
                return (
                    State::Part,
                    vec![format!("part of `{by}`, which counts it; no rule of its own, as Sigma has it")],
                );
            }
            Use::Orphaned(by) => {
                draft.shadow = true;
                notes.push(format!("in shadow: it is only there for `{by}`, which is not carried over"));
            }
        }
        (State::Rule(Box::new(draft)), notes)
    }

    /// A rule's filter, with the filters over it.
    fn built(&self, rule: &Rule, options: &SigmaOptions) -> Result<Built, String> {
        let mapping = rule.source.mapping();
        let mut context = Context::new(mapping, options);
        let (mut expr, aggregation) = detection::detection(&rule.detection, &mut context)?;
        for filter in self.filters().filter(|filter| is_over(filter, rule)) {
            let name = meta::name(&filter.about);
            match detection::detection(&filter.body.without("rules"), &mut context) {
                Ok((added, _)) => {
                    context.note(format!("with the filter `{name}` over it"));
                    expr = all(vec![expr.clone(), added]).unwrap_or(expr);
                }
                // Better an alert too many than a rule too few.
                Err(why) => context.note(format!("without the filter `{name}` over it: {why}")),
            }
        }
        let count = |text: String| correlation::aggregation(&text, rule.timeframe.clone());
        let counting = aggregation.map(count).transpose()?;
        let (title, aggregate) = (context.title(&meta::name(&rule.about)), context.aggregate());
        let Context { notes, lists, .. } = context;
        Ok(Built { filter: detection::with_base(expr, mapping), counting, notes, lists, title, aggregate })
    }

    /// A filter over rules says what it did; its condition went into them.
    fn filter(&self, filter: &Filter, options: &SigmaOptions) -> (State, Vec<String>) {
        let over: Vec<&Rule> = self.rules().filter(|rule| is_over(filter, rule)).collect();
        if over.is_empty() {
            return (State::Not("no rule that it is about is among the input".to_owned()), Vec::new());
        }
        let mapping = over.first().map_or_else(|| filter.source.mapping(), |rule| rule.source.mapping());
        match detection::detection(&filter.body.without("rules"), &mut Context::new(mapping, options)) {
            Err(why) => (State::Not(why), Vec::new()),
            Ok(_) => (State::Part, vec![format!("a filter: its condition is in {} of the rules", over.len())]),
        }
    }

    fn correlation(
        &self,
        found: &Correlation,
        options: &SigmaOptions,
        notes: &mut Vec<String>,
    ) -> Result<Draft, String> {
        let counting = correlation::counting(found)?;
        let rules = self.referred(found)?;
        let first = rules.first().ok_or("the correlation names no rules")?;
        let mapping = first.source.mapping();
        let context = Context::new(mapping, options);
        for rule in &rules {
            same_names(&counting, rule.source.mapping(), &context, options)?;
        }
        let mut built: Vec<Built> = Vec::new();
        for rule in &rules {
            let name = meta::name(&rule.about);
            let found = self.built(rule, options).map_err(|why| format!("the rule `{name}` that it counts: {why}"))?;
            if found.counting.is_some() {
                return Err(format!("the rule `{name}` that it counts counts itself"));
            }
            built.push(found);
        }
        let level = || rules.iter().map(|rule| meta::severity(&rule.about, &mut Vec::new())).min();
        let severity = match &found.about.level {
            None => level().unwrap_or(2),
            Some(_) => meta::severity(&found.about, notes),
        };
        notes.extend(built.iter().flat_map(|built| built.notes.iter().cloned()).collect::<BTreeSet<_>>());
        let lists = built.iter().flat_map(|built| built.lists.iter().cloned()).collect();
        let filter = any(built.into_iter().map(|built| built.filter).collect()).ok_or("it counts nothing")?;
        let mut draft = Draft::new(meta::name(&found.about), mapping.kind, severity, filter);
        meta::describe(&mut draft, &found.about.or(&first.about), Some(&first.source), notes);
        correlation::count(&mut draft, &counting, |field| context.name(field), notes);
        draft.lists = lists;
        Ok(draft)
    }

    /// The rules that a correlation refers to.
    fn referred(&self, correlation: &Correlation) -> Result<Vec<&Rule>, String> {
        let find = |name: &String| {
            let found = self.rules().find(|rule| rule.about.is_called(name));
            found.ok_or_else(|| match self.correlations().any(|other| other.about.is_called(name)) {
                true => format!("it counts `{name}`, which is a correlation itself"),
                false => format!("it counts `{name}`, which is not among the input"),
            })
        };
        correlation.rules.iter().map(find).collect()
    }

    fn correlations(&self) -> impl Iterator<Item = &Correlation> {
        self.documents.iter().filter_map(|held| match &held.document {
            Document::Correlation(correlation) => Some(correlation),
            _ => None,
        })
    }

    /// Whether a rule is one of its own beside those that count it.
    fn use_of(&self, rule: &Rule, options: &SigmaOptions) -> Use {
        let mut orphaned = Use::Rule;
        for correlation in self.correlations() {
            if !correlation.rules.iter().any(|name| rule.about.is_called(name)) {
                continue;
            }
            if text(&correlation.body, "generate").as_deref() == Some("true") {
                return Use::Rule;
            }
            let name = meta::name(&correlation.about);
            match self.correlation(correlation, options, &mut Vec::new()) {
                Ok(_) => return Use::Counted(name),
                Err(_) => orphaned = Use::Orphaned(name),
            }
        }
        orphaned
    }
}

/// Whether a filter is about a rule.
fn is_over(filter: &Filter, rule: &Rule) -> bool {
    let named = filter.any || filter.rules.iter().any(|name| rule.about.is_called(name));
    named && filter.source.covers(&rule.source)
}

/// What is counted and grouped by must be called the same in the events of all rules.
fn same_names(
    counting: &Counting,
    other: &'static Mapping,
    first: &Context<'_>,
    options: &SigmaOptions,
) -> Result<(), String> {
    let other = Context::new(other, options);
    match counting.group_by.iter().chain(&counting.field).find(|field| first.name(field) != other.name(field)) {
        Some(field) => Err(format!("`{field}` is another key in the events of each rule that it counts")),
        None => Ok(()),
    }
}
