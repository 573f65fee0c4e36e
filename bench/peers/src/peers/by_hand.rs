//! What one writes first: a tree from serde_json, and closures over it.

use crate::neutral::{Node, Op, Predicate};
use crate::peer::{Engine, OneByOne, Sources};
use regex::Regex;
use serde_json::Value;
use std::collections::HashSet;
use std::net::IpAddr;

type Test = Box<dyn Fn(&Value) -> bool>;

struct ByHand(OneByOne<Test>);

pub fn load(sources: &Sources<'_>) -> anyhow::Result<Box<dyn Engine>> {
    let rules = OneByOne::new(sources.rules, |rule| Ok(closure(&rule.whole())))?;
    Ok(Box::new(ByHand(rules)))
}

impl Engine for ByHand {
    fn expressed(&self) -> &[bool] {
        &self.0.expressed
    }

    fn count(&mut self, lines: &[&[u8]], counts: &mut [u64]) {
        for line in lines {
            let Ok(event) = serde_json::from_slice::<Value>(line) else { continue };
            self.0.tally(counts, |test| test(&event));
        }
    }
}

fn closure(node: &Node) -> Option<Test> {
    let all = |parts: &[Node]| parts.iter().map(closure).collect::<Option<Vec<Test>>>();
    Some(match node {
        Node::And { and } => {
            let parts = all(and)?;
            Box::new(move |event| parts.iter().all(|part| part(event)))
        }
        Node::Or { or } => {
            let parts = all(or)?;
            Box::new(move |event| parts.iter().any(|part| part(event)))
        }
        Node::Not { not } => {
            let part = closure(not)?;
            Box::new(move |event| !part(event))
        }
        Node::Test(predicate) => question(predicate)?,
    })
}

fn question(predicate: &Predicate) -> Option<Test> {
    let path = predicate.path.clone()?;
    let on_value = on_value(predicate)?;
    if predicate.op == Op::Null {
        return Some(Box::new(move |event| !any(event, &path, &|value| !value.is_null())));
    }
    Some(Box::new(move |event| any(event, &path, &on_value)))
}

/// Whether some value at the path does; elements of an array are asked one by one.
fn any(value: &Value, path: &[String], test: &dyn Fn(&Value) -> bool) -> bool {
    if let Value::Array(elements) = value {
        let path = if path.first().is_some_and(|key| key == "*") { &path[1..] } else { path };
        return elements.iter().any(|element| any(element, path, test));
    }
    match path.split_first() {
        Some((key, rest)) if key == "*" => any(value, rest, test),
        Some((key, rest)) => value.get(key).is_some_and(|inner| any(inner, rest, test)),
        None => test(value),
    }
}

fn on_value(predicate: &Predicate) -> Option<Test> {
    let text = predicate.text().to_owned();
    Some(match predicate.op {
        Op::Null => Box::new(|_| false),
        Op::Eq => equal(&predicate.value),
        Op::In => {
            let members: HashSet<String> = predicate.texts().map(str::to_owned).collect();
            Box::new(move |value| value.as_str().is_some_and(|value| members.contains(value)))
        }
        Op::StartsWith => Box::new(move |value| value.as_str().is_some_and(|value| value.starts_with(&text))),
        Op::EndsWith => Box::new(move |value| value.as_str().is_some_and(|value| value.ends_with(&text))),
        Op::Like => Box::new(move |value| value.as_str().is_some_and(|value| value.contains(&text))),
        Op::Matches => {
            let pattern = Regex::new(&text).ok()?;
            Box::new(move |value| value.as_str().is_some_and(|value| pattern.is_match(value)))
        }
        Op::Cidr => {
            let networks = predicate.texts().map(network).collect::<Option<Vec<_>>>()?;
            Box::new(move |value| {
                let address = value.as_str().and_then(|value| value.parse::<IpAddr>().ok());
                address.is_some_and(|address| networks.iter().any(|network| within(*network, address)))
            })
        }
        Op::Lt => compare(predicate, |left, right| left < right),
        Op::Le => compare(predicate, |left, right| left <= right),
        Op::Gt => compare(predicate, |left, right| left > right),
        Op::Ge => compare(predicate, |left, right| left >= right),
    })
}

fn equal(wanted: &Value) -> Test {
    match wanted.clone() {
        Value::String(text) => Box::new(move |value| value.as_str() == Some(&text)),
        Value::Bool(wanted) => {
            Box::new(move |value| value.as_bool().or_else(|| value.as_str()?.parse().ok()) == Some(wanted))
        }
        wanted => {
            let wanted = wanted.as_f64();
            Box::new(move |value| number(value) == wanted)
        }
    }
}

fn compare(predicate: &Predicate, holds: fn(f64, f64) -> bool) -> Test {
    let wanted = predicate.number() as f64;
    Box::new(move |value| number(value).is_some_and(|value| holds(value, wanted)))
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

/// The first address of a network and the number of its leading bits.
fn network(text: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = text.split_once('/')?;
    Some((address.parse().ok()?, bits.parse().ok()?))
}

fn within((network, bits): (IpAddr, u8), address: IpAddr) -> bool {
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            let differing = network.to_bits() ^ address.to_bits();
            differing.checked_shr(32 - u32::from(bits)).unwrap_or(0) == 0
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            let differing = network.to_bits() ^ address.to_bits();
            differing.checked_shr(128 - u32::from(bits)).unwrap_or(0) == 0
        }
        _ => false,
    }
}
