//! The detection of a rule as a filter: its selections, and the condition that joins them.

use super::condition::{Selections, condition};
use super::context::Context;
use super::item;
use super::logsource::Mapping;
use super::yaml::Node;
use crate::import::filter::{self, all, any};
use oxpecker_engine::language::Expr;

/// What a detection's old way of counting asks for: the text behind the `|` of its condition.
pub(super) type Aggregation = Option<String>;

/// The filter of a detection, and what its condition counts, if it does.
pub(super) fn detection(detection: &Node, context: &mut Context<'_>) -> Result<(Expr, Aggregation), String> {
    let Node::Map(members) = detection else { return Err("its detection is no mapping".to_owned()) };
    let conditions = detection.get("condition").ok_or("its detection has no condition")?;
    let named = members.iter().filter(|(name, _)| !matches!(name.as_str(), "condition" | "timeframe"));
    let selected = |(name, value): &(String, Node)| {
        let expr = selection(value, context).map_err(|why| format!("selection `{name}`: {why}"));
        (name.clone(), expr)
    };
    let selections: Selections = named.map(selected).collect();
    let (mut parts, mut aggregation) = (Vec::new(), None);
    for text in conditions.items() {
        let text = text.scalar().ok_or_else(|| format!("{} cannot be its condition", text.describe()))?;
        let (text, counted) = text.split_once('|').map_or((text, None), |(text, counted)| (text, Some(counted)));
        parts.push(condition(text, &selections)?);
        aggregation = aggregation.or(counted.map(|counted| counted.trim().to_owned()));
    }
    if aggregation.is_some() && parts.len() > 1 {
        return Err("several conditions, one of which counts, make no one rule".to_owned());
    }
    let expr = any(parts).ok_or("its condition is empty")?;
    Ok((expr, aggregation))
}

/// The filter of a rule with what every event of its log source satisfies.
pub(super) fn with_base(expr: Expr, mapping: &Mapping) -> Expr {
    match filter::parse(mapping.base) {
        Some(base) => all(vec![base, expr.clone()]).unwrap_or(expr),
        None => expr,
    }
}

/// A selection: a mapping, all of whose lines must hold, or a list of mappings and keywords, one of which must.
fn selection(node: &Node, context: &mut Context<'_>) -> Result<Expr, String> {
    match node {
        Node::Map(members) => {
            context.registers = node.get("type").is_some_and(|kind| {
                kind.items().iter().any(|kind| kind.scalar().is_some_and(|kind| kind.eq_ignore_ascii_case("SYSCALL")))
            });
            let lines = members.iter().map(|(name, value)| item::item(name, value, context));
            let lines: Vec<Expr> = lines.collect::<Result<_, _>>()?;
            context.registers = false;
            all(lines).ok_or_else(|| "it is empty".to_owned())
        }
        Node::List(items) => {
            let parts = items.iter().map(|item| selection(item, context));
            let parts: Vec<Expr> = parts.collect::<Result<_, _>>()?;
            any(parts).ok_or_else(|| "it is empty".to_owned())
        }
        Node::Null => Err("it is empty".to_owned()),
        keyword => item::keyword(keyword, context),
    }
}
