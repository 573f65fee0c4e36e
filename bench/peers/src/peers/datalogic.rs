//! JSONLogic, as `datalogic-rs` compiles it, over its own values in an arena.

use crate::neutral::{Node, Op, Predicate};
use crate::peer::{Engine, OneByOne, Sources};
use bumpalo::Bump;
use datalogic_rs::{DataValue, Engine as Interpreter, Logic};
use serde_json::{Value, json};

struct Datalogic {
    interpreter: Interpreter,
    rules: OneByOne<Logic>,
}

pub fn load(sources: &Sources<'_>) -> anyhow::Result<Box<dyn Engine>> {
    let interpreter = Interpreter::new();
    let rules = OneByOne::new(sources.rules, |rule| {
        let Some(logic) = logic(&rule.whole()) else { return Ok(None) };
        let compiled = interpreter.compile(logic.to_string().as_str());
        compiled.map(Some).map_err(|error| anyhow::anyhow!("{logic}: {error}"))
    })?;
    Ok(Box::new(Datalogic { interpreter, rules }))
}

impl Engine for Datalogic {
    fn expressed(&self) -> &[bool] {
        &self.rules.expressed
    }

    fn count(&mut self, lines: &[&[u8]], counts: &mut [u64]) {
        let mut arena = Bump::new();
        for line in lines {
            arena.reset();
            let Ok(text) = std::str::from_utf8(line) else { continue };
            let Ok(event) = DataValue::from_str(text, &arena) else { continue };
            let event = arena.alloc(event);
            self.rules.tally(counts, |rule| {
                let verdict = self.interpreter.evaluate(rule, &*event, &arena);
                verdict.is_ok_and(|value| value.as_bool() == Some(true))
            });
        }
    }
}

fn logic(node: &Node) -> Option<Value> {
    let all = |parts: &[Node]| parts.iter().map(logic).collect::<Option<Vec<Value>>>();
    Some(match node {
        Node::And { and } => json!({"and": all(and)?}),
        Node::Or { or } => json!({"or": all(or)?}),
        Node::Not { not } => json!({"!": [logic(not)?]}),
        Node::Test(predicate) => walk(predicate.path.as_deref()?, predicate)?,
    })
}

/// The question about the value at a path, or about each element of the arrays on the way.
fn walk(path: &[String], predicate: &Predicate) -> Option<Value> {
    match path.iter().position(|key| key == "*") {
        Some(star) => {
            let place = json!({"var": path[..star].join(".")});
            Some(json!({"some": [place, walk(&path[star + 1..], predicate)?]}))
        }
        None => on_value(predicate, json!({"var": path.join(".")})),
    }
}

fn on_value(predicate: &Predicate, value: Value) -> Option<Value> {
    let wanted = &predicate.value;
    let number = |sign: &str| Some(json!({"and": [{"!==": [value.clone(), null]}, {sign: [value.clone(), wanted]}]}));
    match predicate.op {
        Op::Eq if wanted.is_number() => number("=="),
        Op::Eq if wanted.is_boolean() => {
            Some(json!({"or": [{"===": [value.clone(), wanted]}, {"===": [value, wanted.to_string()]}]}))
        }
        Op::Eq => Some(json!({"===": [value, wanted]})),
        Op::In => Some(json!({"in": [value, wanted]})),
        Op::StartsWith => Some(json!({"starts_with": [value, wanted]})),
        Op::EndsWith => Some(json!({"ends_with": [value, wanted]})),
        Op::Like => Some(json!({"in": [wanted, value]})),
        Op::Null => Some(json!({"===": [value, null]})),
        Op::Lt => number("<"),
        Op::Le => number("<="),
        Op::Gt => number(">"),
        Op::Ge => number(">="),
        // JSONLogic has neither regular expressions nor addresses.
        Op::Matches | Op::Cidr => None,
    }
}
