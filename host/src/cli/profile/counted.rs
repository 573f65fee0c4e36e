//! What the engine counted, all workers together.

use super::short;
use oxpecker_engine::language::expr::{Expr, Function, Test, TextOperator, Value as Wanted};
use oxpecker_engine::language::{self, Limits};
use oxpecker_engine::rule::Rule;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The counters of a run.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    pub(crate) evaluated: u64,
    pub(crate) asked: u64,
    pub(crate) woken: u64,
    pub(crate) rules: BTreeMap<String, RuleCount>,
    /// How often each predicate was asked, by its text.
    pub(crate) predicates: BTreeMap<String, u64>,
}

/// The counters of one rule.
#[derive(Debug, Default)]
pub(crate) struct RuleCount {
    pub(crate) id: String,
    pub(crate) woken: u64,
    pub(crate) matched: u64,
    woken_by: Vec<String>,
    and: Option<String>,
}

impl Counted {
    pub(crate) fn of(stats: &[Value]) -> Self {
        let mut counted = Self::default();
        for stats in stats {
            counted.evaluated += number(stats, "evaluated");
            counted.asked += number(stats, "predicates_evaluated");
            counted.woken += number(stats, "rules_woken");
            each(stats, "rules").for_each(|rule| counted.rule(rule));
            for predicate in each(stats, "predicates") {
                let text = predicate.get("predicate").and_then(Value::as_str).unwrap_or_default();
                *counted.predicates.entry(text.to_owned()).or_default() += number(predicate, "asked");
            }
        }
        counted
    }

    fn rule(&mut self, stats: &Value) {
        let Some(id) = stats.get("rule_id").and_then(Value::as_str) else { return };
        let texts = each(stats, "woken_by").filter_map(Value::as_str).map(str::to_owned);
        let rule = self.rules.entry(id.to_owned()).or_insert_with(|| RuleCount {
            id: id.to_owned(),
            woken_by: texts.collect(),
            and: stats.get("and").and_then(Value::as_str).map(str::to_owned),
            ..RuleCount::default()
        });
        rule.woken += number(stats, "woken");
        rule.matched += number(stats, "matched");
    }

    /// How many an event.
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    pub(crate) fn share(&self, number: u64) -> f64 {
        number as f64 / self.evaluated.max(1) as f64
    }

    /// A guess, by the counts, at what a rule costs: it tells which rules are worth measuring.
    pub(crate) fn weight(&self, count: &RuleCount, rule: &Rule) -> f64 {
        let program: f64 = rule.filter.predicates().iter().map(|predicate| weight(&predicate.test)).sum();
        let asked = |text: &String| self.predicates.get(text).map_or(0.0, |asked| ask_weight(text, *asked));
        let woken = u32::try_from(count.woken).unwrap_or(u32::MAX);
        f64::from(woken) * program + count.woken_by.iter().chain(&count.and).map(asked).sum::<f64>()
    }
}

impl RuleCount {
    /// What makes it run.
    pub(crate) fn why(&self) -> String {
        const SHOWN: usize = 3;
        if self.woken_by.is_empty() {
            return "nothing can wake it, so it runs for every event: it may match by what an event lacks".to_owned();
        }
        let shown: Vec<String> = self.woken_by.iter().take(SHOWN).map(|text| short(text)).collect();
        let more = match self.woken_by.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!(" or {more} more"),
        };
        let and = self.and.as_ref().map_or(String::new(), |text| format!(", with {}", short(text)));
        format!("woken by {}{more}{and}", shown.join(" or "))
    }
}

fn number(stats: &Value, name: &str) -> u64 {
    stats.get(name).and_then(Value::as_u64).unwrap_or(0)
}

fn each<'v>(stats: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    stats.get(name).and_then(Value::as_array).into_iter().flatten()
}

/// What asking costs, roughly, in units of an equality.
fn weight(test: &Test) -> f64 {
    match test {
        Test::Matches(_) => 10.0,
        Test::Text(TextOperator::Like | TextOperator::Contains, _) => 4.0,
        Test::Compare(..) => 2.0,
        Test::Equals(_) | Test::In(_) | Test::Text(..) | Test::Exists => 1.0,
    }
}

/// The same for a predicate by its text, times how often it was asked.
pub(crate) fn ask_weight(text: &str, asked: u64) -> f64 {
    let parsed = language::parse(text, &Limits::default()).expr;
    let each = parsed.map_or(1.0, |expr| expr.predicates().iter().map(|predicate| weight(&predicate.test)).sum());
    each * f64::from(u32::try_from(asked).unwrap_or(u32::MAX))
}

/// What in filters is dearer than a look-up, once it is asked.
pub(crate) fn kinds<'f>(filters: impl Iterator<Item = &'f Expr>) -> Vec<String> {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for predicate in filters.flat_map(Expr::predicates) {
        let of_test = match &predicate.test {
            Test::Matches(_) => Some("`matches`"),
            Test::Text(TextOperator::Contains, _) => Some("`contains`"),
            Test::Text(TextOperator::Like, _) => Some("`like`"),
            Test::Compare(..) => Some("ordering"),
            _ => None,
        };
        let of_function = match predicate.operand.function {
            Some(Function::All) => Some("`all(…)`"),
            Some(Function::Lower | Function::Upper) => Some("`lower` and `upper`"),
            Some(Function::Count | Function::Length) => Some("`count` and `length`"),
            None => None,
        };
        let has_list = predicate.literals().iter().any(|literal| matches!(literal.value, Wanted::List(_)));
        let found: BTreeSet<&str> = of_test.into_iter().chain(of_function).chain(has_list.then_some("lists")).collect();
        found.into_iter().for_each(|kind| *kinds.entry(kind).or_default() += 1);
    }
    kinds.into_iter().map(|(kind, count)| format!("{count} {kind}")).collect()
}
