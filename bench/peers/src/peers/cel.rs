//! Google's Common Expression Language, as the crate `cel` interprets it, over a tree from serde_json. An absent field is
//! an error in CEL and so is a text operator on anything but a text, so each question asks first whether it may be asked.

use crate::neutral::{Op, Predicate, Syntax, quoted};
use crate::peer::{Engine, OneByOne, Sources};
use cel::common::types::{CelBool, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString};
use cel::common::value::Val;
use cel::{Context, Env, Program, Value as CelValue};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

const SYNTAX: Syntax = Syntax { and: " && ", or: " || ", not: "!", not_behind: "" };

struct Cel {
    env: Arc<Env>,
    rules: OneByOne<Program>,
}

pub fn load(sources: &Sources<'_>) -> anyhow::Result<Box<dyn Engine>> {
    let env = Arc::new(Env::stdlib());
    let rules = OneByOne::new(sources.rules, |rule| {
        let Some(text) = SYNTAX.write(&rule.whole(), &mut ask) else { return Ok(None) };
        env.compile(&text).map(Some).map_err(|error| anyhow::anyhow!("{text}: {error}"))
    })?;
    Ok(Box::new(Cel { env, rules }))
}

impl Engine for Cel {
    fn expressed(&self) -> &[bool] {
        &self.rules.expressed
    }

    fn count(&mut self, lines: &[&[u8]], counts: &mut [u64]) {
        for line in lines {
            let Ok(event) = serde_json::from_slice::<Value>(line) else { continue };
            let mut context = Context::with_env(Arc::clone(&self.env));
            context.add_variable_as_val("e", value(&event));
            self.rules.tally(counts, |rule| matches!(rule.execute(&context), Ok(CelValue::Bool(true))));
        }
    }
}

fn value<'v>(json: &'v Value) -> Box<dyn Val + 'v> {
    match json {
        Value::Null => Box::new(CelNull),
        Value::Bool(value) => Box::new(CelBool::from(*value)),
        Value::Number(number) => match number.as_i64() {
            Some(value) => Box::new(CelInt::from(value)),
            None => Box::new(CelDouble::from(number.as_f64().unwrap_or(0.0))),
        },
        Value::String(text) => Box::new(CelString::from(text.as_str())),
        Value::Array(elements) => Box::new(CelList::from(elements.iter().map(value).collect::<Vec<_>>())),
        Value::Object(members) => {
            let members: HashMap<CelMapKey<'v>, Box<dyn Val + 'v>> =
                members.iter().map(|(key, inner)| (CelMapKey::from(key.as_str()), value(inner))).collect();
            Box::new(CelMap::from(members))
        }
    }
}

fn ask(predicate: &Predicate) -> Option<String> {
    let path = predicate.path.as_deref()?;
    if predicate.op == Op::Null {
        return Some(format!("!({})", walk("e", path, &|value| Some(format!("{value} != null")))?));
    }
    walk("e", path, &|value| on_value(predicate, value))
}

/// The question about each value that the path leads to.
fn walk(from: &str, path: &[String], leaf: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let Some((key, rest)) = path.split_first() else { return leaf(from) };
    if key == "*" {
        let element = format!("x{}", rest.len());
        return Some(format!("(type({from}) == list && {from}.exists({element}, {}))", walk(&element, rest, leaf)?));
    }
    let guard = if from == "e" { String::new() } else { format!("type({from}) == map && ") };
    Some(format!("({guard}has({from}.{key}) && {})", walk(&format!("{from}.{key}"), rest, leaf)?))
}

fn on_value(predicate: &Predicate, value: &str) -> Option<String> {
    let text = quoted(predicate.text());
    let on_text = |question: String| Some(format!("(type({value}) == string && {value}.{question})"));
    match predicate.op {
        Op::Eq if predicate.value.is_number() => number(value, "==", predicate),
        Op::Eq if predicate.value.is_boolean() => {
            Some(format!("({value} == {0} || {value} == \"{0}\")", predicate.value))
        }
        Op::Eq => Some(format!("{value} == {text}")),
        Op::In => Some(format!("{value} in [{}]", predicate.texts().map(quoted).collect::<Vec<_>>().join(", "))),
        Op::StartsWith => on_text(format!("startsWith({text})")),
        Op::EndsWith => on_text(format!("endsWith({text})")),
        Op::Like => on_text(format!("contains({text})")),
        Op::Matches => on_text(format!("matches({text})")),
        Op::Lt => number(value, "<", predicate),
        Op::Le => number(value, "<=", predicate),
        Op::Gt => number(value, ">", predicate),
        Op::Ge => number(value, ">=", predicate),
        // CEL's standard library knows no addresses.
        Op::Null | Op::Cidr => None,
    }
}

/// A comparison with a number, which may stand in an event as text.
fn number(value: &str, sign: &str, predicate: &Predicate) -> Option<String> {
    let wanted = &predicate.value;
    Some(format!(
        "(type({value}) == int && {value} {sign} {wanted} || \
         type({value}) == string && {value}.matches(\"^[0-9]+$\") && int({value}) {sign} {wanted})"
    ))
}
