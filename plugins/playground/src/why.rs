//! Why a filter matched an event or did not: the tree with what each predicate found, the nearest miss, and the event
//! with the deciding values marked.

use crate::answer::{array, number, object, optional, texts};
use crate::utf16::Units;
use crate::view::{self, HIT, MISS, Mark};
use oxpecker_engine::event::{Event, Instant, format_time};
use oxpecker_engine::explain::{Explanation, explain, nearest_miss};
use oxpecker_engine::json::Json;
use oxpecker_engine::language::Expr;
use oxpecker_engine::language::expr::{Predicate, Step};
use oxpecker_engine::lists::Lists;
use oxpecker_engine::reference::{Filter, Verdict};
use oxpecker_engine::rule::{Collected, Suppression};
use std::borrow::Cow;

/// `{outcome, tree, miss, suppressions, view, time, type}`. `source` is the filter's text, where places in it are
/// wanted.
pub(crate) fn why(
    expr: &Expr,
    source: Option<&str>,
    collected: Option<&Collected>,
    event: &Event,
    lists: &Lists,
) -> Json {
    let explained = explain(expr, event, lists);
    let miss = nearest_miss(&explained);
    let suppressions: Vec<(Json, bool)> = collected
        .map(|collected| collected.rule.suppressions.as_slice())
        .unwrap_or_default()
        .iter()
        .map(|suppression| suppressed(suppression, event, lists))
        .collect();
    let outcome = match explained.verdict {
        Verdict::Match if suppressions.iter().any(|(_, hides)| *hides) => "suppressed",
        verdict => verdict.as_str(),
    };
    let mut marks = Vec::new();
    mark(expr, &explained, event, lists, &miss, &mut Vec::new(), &mut marks);
    let units = source.map(Units::new);
    object([
        ("outcome", Json::from(outcome)),
        ("tree", tree(expr, &explained, units.as_ref(), &miss, &mut Vec::new())),
        ("miss", number(miss.len())),
        ("suppressions", array(suppressions.into_iter().map(|(told, _)| told))),
        ("view", view::view(event.json(), &marks)),
        ("time", event.time().map(format_time).map_or(Json::Null, Json::from)),
        ("id", optional(event.id())),
        ("type", optional(event.event_type())),
    ])
}

fn tree(expr: &Expr, part: &Explanation, units: Option<&Units>, miss: &[Vec<usize>], way: &mut Vec<usize>) -> Json {
    let inner: &[Expr] = match expr {
        Expr::And(parts) | Expr::Or(parts) => parts,
        Expr::Not(inner) => std::slice::from_ref(inner),
        Expr::Predicate(_) => &[],
    };
    let children = inner.iter().zip(&part.children).enumerate().map(|(place, (expr, part))| {
        way.push(place);
        let child = tree(expr, part, units, miss, way);
        way.pop();
        child
    });
    let children = array(children.collect::<Vec<_>>());
    let at = match (expr, units) {
        (Expr::Predicate(predicate), Some(units)) => units.span(predicate.span),
        _ => Json::Null,
    };
    object([
        ("text", Json::from(part.text.as_str())),
        ("verdict", Json::from(part.verdict.as_str())),
        ("at", at),
        ("values", texts(part.values.iter().map(String::as_str))),
        ("left_out", number(part.values_left_out)),
        ("note", optional(part.note)),
        ("miss", Json::from(miss.contains(way))),
        ("children", children),
    ])
}

/// A suppression on an event, and whether it hides it.
fn suppressed(suppression: &Suppression, event: &Event, lists: &Lists) -> (Json, bool) {
    let explained = explain(&suppression.filter, event, lists);
    let until = suppression.expires.as_ref().and_then(|day| Instant::parse(&format!("{day}T00:00:00Z")));
    let in_force = until.is_none_or(|until| event.time().is_some_and(|time| time < until.milliseconds()));
    let hides = in_force && explained.verdict == Verdict::Match;
    let told = object([
        ("filter", Json::from(suppression.filter.to_string())),
        ("reason", optional(suppression.reason.as_deref())),
        ("expires", optional(suppression.expires.as_deref())),
        ("in_force", Json::from(in_force)),
        ("hides", Json::from(hides)),
        ("tree", tree(&suppression.filter, &explained, None, &[], &mut Vec::new())),
    ]);
    (told, hides)
}

/// Marks the values of predicates that hold where they add to a match, and those of the nearest miss.
fn mark<'e>(
    expr: &Expr,
    part: &Explanation,
    event: &'e Event,
    lists: &Lists,
    miss: &[Vec<usize>],
    way: &mut Vec<usize>,
    marks: &mut Vec<Mark<'e>>,
) {
    let inner: &[Expr] = match expr {
        Expr::And(parts) | Expr::Or(parts) => parts,
        Expr::Not(inner) => std::slice::from_ref(inner),
        Expr::Predicate(predicate) => {
            let kind = if miss.contains(way) { MISS } else { HIT };
            if kind == MISS || part.verdict == Verdict::Match {
                values(predicate, event, lists, kind, marks);
            }
            return;
        }
    };
    // What holds under a part that does not hold decided nothing.
    let decides = part.verdict == Verdict::Match || !miss.is_empty();
    for (place, (expr, part)) in inner.iter().zip(&part.children).enumerate().filter(|_| decides) {
        way.push(place);
        mark(expr, part, event, lists, miss, way, marks);
        way.pop();
    }
}

fn values<'e>(predicate: &Predicate, event: &'e Event, lists: &Lists, kind: u32, marks: &mut Vec<Mark<'e>>) {
    let key = &predicate.operand.key;
    let found = event.resolve(key);
    let mut nodes: Vec<&'e Json> = Vec::new();
    for end in &found.ends {
        match end {
            Cow::Borrowed(json) => flatten(json, &mut nodes),
            Cow::Owned(Json::Text(text)) => sources(key.steps.first(), text, event, &mut nodes),
            Cow::Owned(_) => {}
        }
    }
    if kind == HIT && nodes.len() > 1 {
        let filter = Filter::new(Expr::Predicate(predicate.clone()), lists);
        let decisive: Vec<Json> = filter.matched(event).into_iter().flat_map(|matched| matched.values).collect();
        if !predicate.negated && !decisive.is_empty() {
            nodes.retain(|node| decisive.contains(node));
        }
    }
    marks.extend(nodes.into_iter().map(|node| (node, kind)));
}

fn flatten<'e>(json: &'e Json, out: &mut Vec<&'e Json>) {
    match json {
        Json::Array(items) => items.iter().for_each(|item| flatten(item, out)),
        other => out.push(other),
    }
}

/// Where the text of a derived key was taken from.
fn sources<'e>(first: Option<&Step>, text: &str, event: &'e Event, nodes: &mut Vec<&'e Json>) {
    if !matches!(first, Some(Step::Name(name)) if name == "user" || name == "arnRole") {
        return;
    }
    let places = [["userIdentity", "principalId"], ["userIdentity", "arn"]];
    let at = places.iter().filter_map(|path| event.json().at(path));
    nodes.extend(at.filter(|json| json.as_text().is_some_and(|found| found.contains(text))).take(1));
}
