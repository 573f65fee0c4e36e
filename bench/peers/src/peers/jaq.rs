//! jaq, jq in Rust: a filter a rule over jaq's own values.

use crate::neutral::{Op, Predicate, Syntax, quoted};
use crate::peer::{Engine, OneByOne, Sources};
use jaq_core::data::JustLut;
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Filter, Vars, unwrap_valr};
use jaq_json::{Val, read};

const SYNTAX: Syntax = Syntax { and: " and ", or: " or ", not: "", not_behind: " | not" };

type Program = Filter<JustLut<Val>>;

struct Jaq(OneByOne<Program>);

pub fn load(sources: &Sources<'_>) -> anyhow::Result<Box<dyn Engine>> {
    let rules = OneByOne::new(sources.rules, |rule| {
        SYNTAX.write(&rule.whole(), &mut ask).map(|text| compile(&text)).transpose()
    })?;
    Ok(Box::new(Jaq(rules)))
}

fn compile(text: &str) -> anyhow::Result<Program> {
    let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let functions = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    let arena = Arena::default();
    let modules = Loader::new(definitions)
        .load(&arena, File { code: text, path: () })
        .map_err(|_| anyhow::anyhow!("jaq does not read {text}"))?;
    Compiler::default()
        .with_funs(functions)
        .compile(modules)
        .map_err(|_| anyhow::anyhow!("jaq does not compile {text}"))
}

impl Engine for Jaq {
    fn expressed(&self) -> &[bool] {
        &self.0.expressed
    }

    fn count(&mut self, lines: &[&[u8]], counts: &mut [u64]) {
        for line in lines {
            let Ok(event) = read::parse_single(line) else { continue };
            self.0.tally(counts, |rule| {
                let context = Ctx::<JustLut<Val>>::new(&rule.lut, Vars::new([]));
                let first = rule.id.run((context, event.clone())).map(unwrap_valr).next();
                matches!(first, Some(Ok(Val::Bool(true))))
            });
        }
    }
}

fn ask(predicate: &Predicate) -> Option<String> {
    let path = predicate.path.as_deref()?;
    if path.iter().any(|key| key == "*") {
        return Some(format!("any({}; {})", place(path), on_value(predicate)?));
    }
    Some(format!("({} | {})", place(path), on_value(predicate)?))
}

/// The values at a path. `?` passes over what has no keys; a plain path always gives one value.
fn place(path: &[String]) -> String {
    if path.iter().all(|key| key != "*") {
        return format!("first({}, null)", steps(path));
    }
    steps(path)
}

fn steps(path: &[String]) -> String {
    path.iter().map(|key| if key == "*" { "[]?".to_owned() } else { format!(".{}?", quoted(key)) }).collect()
}

fn on_value(predicate: &Predicate) -> Option<String> {
    let text = quoted(predicate.text());
    let on_text = |question: String| Some(format!("(type == \"string\" and {question})"));
    match predicate.op {
        Op::Eq if predicate.value.is_number() => number("==", predicate),
        Op::Eq if predicate.value.is_boolean() => Some(format!("(. == {0} or . == \"{0}\")", predicate.value)),
        Op::Eq => Some(format!(". == {text}")),
        Op::In => {
            let asked: Vec<String> = predicate.texts().map(|text| format!(". == {}", quoted(text))).collect();
            Some(format!("({})", asked.join(" or ")))
        }
        Op::StartsWith => on_text(format!("startswith({text})")),
        Op::EndsWith => on_text(format!("endswith({text})")),
        Op::Like => on_text(format!("contains({text})")),
        Op::Matches => on_text(format!("test({text})")),
        Op::Null => Some(". == null".to_owned()),
        Op::Lt => number("<", predicate),
        Op::Le => number("<=", predicate),
        Op::Gt => number(">", predicate),
        Op::Ge => number(">=", predicate),
        // jq knows no addresses.
        Op::Cidr => None,
    }
}

/// A comparison with a number, which may stand in an event as text. jq orders values of all types, so the type is asked.
fn number(sign: &str, predicate: &Predicate) -> Option<String> {
    Some(format!("((tonumber? // null) | type == \"number\" and . {sign} {})", predicate.value))
}
