//! The seam of the engine: a compiled rule set and an event's bytes in, verdicts out.
//!
//! Whoever evaluates sits behind [`Matcher`]; today that is the reference evaluator. Callers see columns and verdicts,
//! never how they were found, so a faster engine takes its place without touching them.

use crate::event::{Event, Instant};
use crate::json::{Limits, Reject};
use crate::language::Expr;
use crate::language::expr::Key;
use crate::lists::Lists;
use crate::reference::{Filter, Matched, Verdict};
use crate::rule::Rule;

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
    columns: Vec<Column>,
    limits: Limits,
    /// Keys of the plain filters that no event has had yet.
    unseen: Vec<Key>,
}

#[derive(Debug)]
struct Column {
    filter: Filter,
    suppressions: Vec<Hidden>,
}

#[derive(Debug)]
struct Hidden {
    filter: Filter,
    /// Milliseconds since 1970 from which it no longer counts.
    until: Option<i64>,
}

impl Matcher {
    /// Compiles rules, one column each, and after them plain filters, one column each.
    pub fn new<'r>(
        rules: impl IntoIterator<Item = &'r Rule>,
        filters: impl IntoIterator<Item = Expr>,
        lists: &Lists,
        limits: Limits,
    ) -> Self {
        let rules = rules.into_iter().map(|rule| Column {
            filter: Filter::new(rule.filter.clone(), lists),
            suppressions: rule
                .suppressions
                .iter()
                .map(|suppression| Hidden {
                    filter: Filter::new(suppression.filter.clone(), lists),
                    until: suppression.expires.as_deref().and_then(midnight),
                })
                .collect(),
        });
        let mut unseen = Vec::new();
        let filters = filters.into_iter().map(|expr| {
            unseen.extend(expr.predicates().iter().map(|predicate| predicate.operand.key.clone()));
            Column { filter: Filter::new(expr, lists), suppressions: Vec::new() }
        });
        let columns = rules.chain(filters).collect();
        Self { columns, limits, unseen }
    }

    /// Keys of the plain filters that no event so far had.
    #[must_use]
    pub fn unseen_keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = Vec::new();
        for key in self.unseen.iter().map(ToString::to_string) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys
    }

    /// How many columns there are.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns.len()
    }

    /// The verdicts on one event, in the order of the columns; `hits` is emptied first.
    ///
    /// # Errors
    /// When the bytes are no event; then there are no hits.
    pub fn decide(&mut self, bytes: &[u8], event_type: Option<&str>, hits: &mut Vec<Hit>) -> Result<(), Reject> {
        hits.clear();
        let event = Event::parse(bytes, &self.limits, event_type)?;
        self.unseen.retain(|key| !event.resolve(key).exists());
        for (column, compiled) in self.columns.iter().enumerate() {
            let outcome = match compiled.filter.evaluate(&event) {
                Verdict::NoMatch => continue,
                Verdict::Undecided => Outcome::Undecided,
                Verdict::Match => compiled.suppressed_by(&event).map_or(Outcome::Matched, Outcome::Suppressed),
            };
            hits.push(Hit { column, outcome });
        }
        Ok(())
    }

    /// The predicates to which it is owed that a column matched an event.
    pub(crate) fn matched(&self, column: usize, event: &Event) -> Vec<Matched<'_>> {
        self.columns.get(column).map(|compiled| compiled.filter.matched(event)).unwrap_or_default()
    }

    /// The event of some bytes under the same limits, for what is made of a hit.
    pub(crate) fn event(&self, bytes: &[u8], event_type: Option<&str>) -> Result<Event, Reject> {
        Event::parse(bytes, &self.limits, event_type)
    }
}

impl Column {
    /// The first suppression that hides the event. Expiry is judged on the event's own time; an event without one is
    /// hidden by no suppression that can expire.
    fn suppressed_by(&self, event: &Event) -> Option<usize> {
        let time = event.time();
        self.suppressions.iter().position(|hidden| {
            let in_force = hidden.until.is_none_or(|until| time.is_some_and(|time| time < until));
            in_force && hidden.filter.evaluate(event) == Verdict::Match
        })
    }
}

/// The first millisecond of a day written as `2027-01-31`.
fn midnight(day: &str) -> Option<i64> {
    Instant::parse(&format!("{day}T00:00:00Z")).map(|instant| instant.milliseconds())
}
