//! The seam of the engine: a compiled rule set and an event's bytes in, verdicts out.
//!
//! Whoever evaluates sits behind [`Matcher`]: the fast engine, a plan (`plan`) over one pass of the bytes (`scan`). Callers
//! see columns and verdicts, never how they were found. What a match is owed to is told by the reference evaluator, for
//! the few events that match.

use crate::event::{Event, Instant};
use crate::json::{Limits, Reject};
use crate::language::Expr;
use crate::language::expr::Key;
use crate::lists::Lists;
use crate::pattern::Patterns;
use crate::plan::{Plan, Profile, Source, Work};
use crate::reference::{Answers, Filter, Matched};
use crate::rule::Rule;
use crate::scan::Width;
use std::collections::HashMap;

/// What came of one rule or filter that an event did not simply pass by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// Which rule or filter, by its place in the compiled set.
    pub column: usize,
    /// What came of it.
    pub outcome: Outcome,
}

/// Every verdict but "no match".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The filter matched and no suppression did.
    Matched,
    /// The filter matched, and so did the suppression at this place of the rule's list.
    Suppressed(usize),
    /// The event's source cut what the filter asks for.
    Undecided,
}

/// Rules and filters, compiled.
#[derive(Debug)]
pub struct Matcher {
    plan: Plan,
    limits: Limits,
    lists: Lists,
    patterns: Patterns,
    /// Keys of the plain filters, each once.
    keys: Vec<Key>,
    /// By column, what the reference says a match is owed to; made when a rule first matches.
    reasons: HashMap<usize, Filter>,
}

impl Matcher {
    /// Compiles rules, one column each, and after them plain filters, one column each.
    pub fn new<'r>(
        rules: impl IntoIterator<Item = &'r Rule>,
        filters: &[Expr],
        lists: &Lists,
        limits: Limits,
        width: Width,
    ) -> Self {
        Self::compile(rules, filters, lists, limits, width, false)
    }

    /// The same, and it is counted what each rule and each predicate costs: see [`Matcher::profile`].
    pub fn profiled<'r>(
        rules: impl IntoIterator<Item = &'r Rule>,
        filters: &[Expr],
        lists: &Lists,
        limits: Limits,
        width: Width,
    ) -> Self {
        Self::compile(rules, filters, lists, limits, width, true)
    }

    fn compile<'r>(
        rules: impl IntoIterator<Item = &'r Rule>,
        filters: &[Expr],
        lists: &Lists,
        limits: Limits,
        width: Width,
        profiled: bool,
    ) -> Self {
        let rules = rules.into_iter().map(|rule| Source {
            filter: &rule.filter,
            suppressions: rule
                .suppressions
                .iter()
                .map(|hidden| (&hidden.filter, hidden.expires.as_deref().and_then(midnight)))
                .collect(),
        });
        let plain = filters.iter().map(|filter| Source { filter, suppressions: Vec::new() });
        let sources: Vec<Source<'_>> = rules.chain(plain).collect();
        let mut keys: Vec<Key> = Vec::new();
        for predicate in filters.iter().flat_map(Expr::predicates) {
            let key = &predicate.operand.key;
            if !keys.iter().any(|known| known.steps == key.steps) {
                keys.push(key.clone());
            }
        }
        let mut patterns = Patterns::default();
        let plan = Plan::new(&sources, &keys, lists, &mut patterns, width, profiled);
        Self { plan, limits, lists: lists.clone(), patterns, keys, reasons: HashMap::new() }
    }

    /// Keys of the plain filters that no event so far had.
    #[must_use]
    pub fn unseen_keys(&self) -> Vec<String> {
        self.plan.unseen().filter_map(|place| self.keys.get(place)).map(ToString::to_string).collect()
    }

    /// How many columns there are.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.plan.columns()
    }

    /// How much work all events so far were.
    #[must_use]
    pub fn work(&self) -> Work {
        self.plan.work()
    }

    /// The same by rule and predicate, if that was asked for.
    #[must_use]
    pub fn profile(&self) -> Option<&Profile> {
        self.plan.profile()
    }

    /// The verdicts on one event, in the order of the columns; `hits` is emptied first.
    ///
    /// # Errors
    /// When the bytes are no event; then there are no hits.
    pub fn decide(&mut self, bytes: &[u8], event_type: Option<&str>, hits: &mut Vec<Hit>) -> Result<(), Reject> {
        hits.clear();
        self.plan.decide(bytes, event_type.filter(|text| !text.is_empty()), &self.limits, hits)
    }

    /// The verdicts on one event in MessagePack; none where its JSON is to be asked, and then there are no hits.
    pub fn decide_packed(&mut self, bytes: &[u8], event_type: Option<&str>, hits: &mut Vec<Hit>) -> Option<()> {
        hits.clear();
        self.plan.decide_packed(bytes, event_type.filter(|text| !text.is_empty()), &self.limits, hits)
    }

    /// The predicates to which it is owed that a column, whose filter this is, matched an event; `answers` are those of
    /// other columns on the same event.
    pub(crate) fn matched(
        &mut self,
        column: usize,
        filter: &Expr,
        event: &Event,
        answers: &mut Answers,
    ) -> Vec<Matched<'_>> {
        self.reason(column, filter).matched_with(event, answers)
    }

    /// Makes ready what [`Matcher::matched`] would make ready at a column's first match: where there is little stack then.
    pub(crate) fn prepare(&mut self, column: usize, filter: &Expr) {
        self.reason(column, filter);
    }

    fn reason(&mut self, column: usize, filter: &Expr) -> &Filter {
        let Self { lists, patterns, reasons, .. } = self;
        reasons.entry(column).or_insert_with(|| Filter::sharing(filter.clone(), lists, patterns))
    }
}

/// The first millisecond of a day written as `2027-01-31`.
fn midnight(day: &str) -> Option<i64> {
    Instant::parse(&format!("{day}T00:00:00Z")).map(|instant| instant.milliseconds())
}
