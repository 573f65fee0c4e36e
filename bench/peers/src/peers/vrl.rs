//! VRL, the language of Vector: a compiled condition a rule, over VRL's own values.

use crate::neutral::{Op, Predicate, Syntax, quoted};
use crate::peer::{Engine, OneByOne, Sources};
use vrl::compiler::state::RuntimeState;
use vrl::compiler::{Context, Function, Program, TargetValue, TimeZone, compile};
use vrl::value::{ObjectMap, Secrets, Value};

const SYNTAX: Syntax = Syntax { and: " && ", or: " || ", not: "!", not_behind: "" };

struct Vrl(OneByOne<Program>);

pub fn load(sources: &Sources<'_>) -> anyhow::Result<Box<dyn Engine>> {
    let functions = vrl::stdlib::all();
    let rules = OneByOne::new(sources.rules, |rule| {
        SYNTAX.write(&rule.whole(), &mut ask).map(|text| compiled(&text, &functions)).transpose()
    })?;
    Ok(Box::new(Vrl(rules)))
}

fn compiled(text: &str, functions: &[Box<dyn Function>]) -> anyhow::Result<Program> {
    let result = compile(text, functions);
    result.map(|compiled| compiled.program).map_err(|problems| anyhow::anyhow!("{text}: {problems:?}"))
}

impl Engine for Vrl {
    fn expressed(&self) -> &[bool] {
        &self.0.expressed
    }

    fn count(&mut self, lines: &[&[u8]], counts: &mut [u64]) {
        let (zone, mut state) = (TimeZone::default(), RuntimeState::default());
        for line in lines {
            let Ok(value) = serde_json::from_slice::<Value>(line) else { continue };
            let metadata = Value::Object(ObjectMap::new());
            let mut event = TargetValue { value, metadata, secrets: Secrets::default() };
            self.0.tally(counts, |program| {
                state.clear();
                let verdict = program.resolve(&mut Context::new(&mut event, &mut state, &zone));
                matches!(verdict, Ok(Value::Boolean(true)))
            });
        }
    }
}

fn ask(predicate: &Predicate) -> Option<String> {
    walk("", predicate.path.as_deref()?, predicate)
}

/// The question about the value at a path, or about each element of the arrays on the way.
fn walk(from: &str, path: &[String], predicate: &Predicate) -> Option<String> {
    let star = path.iter().position(|key| key == "*");
    let (keys, rest) = path.split_at(star.unwrap_or(path.len()));
    let place = format!("{from}{}", keys.iter().map(|key| format!(".{key}")).collect::<String>());
    let Some((_, rest)) = rest.split_first() else { return on_value(predicate, &place) };
    let element = format!("x{}", rest.len());
    let question = walk(&element, rest, predicate)?;
    Some(format!("(length(filter(array({place}) ?? []) -> |_i, {element}| {{ {question} }}) > 0)"))
}

fn on_value(predicate: &Predicate, value: &str) -> Option<String> {
    let text = quoted(predicate.text());
    let list = |texts: Vec<String>| format!("[{}]", texts.join(", "));
    Some(match predicate.op {
        Op::Eq if predicate.value.is_number() => number(value, "==", predicate, -1),
        Op::Eq if predicate.value.is_boolean() => format!("({value} == {0} || {value} == \"{0}\")", predicate.value),
        Op::Eq => format!("({value} == {text})"),
        Op::In => format!("includes({}, {value})", list(predicate.texts().map(quoted).collect())),
        Op::StartsWith => format!("starts_with(string({value}) ?? \"\", {text})"),
        Op::EndsWith => format!("ends_with(string({value}) ?? \"\", {text})"),
        Op::Like => format!("contains(string({value}) ?? \"\", {text})"),
        Op::Matches => format!("match(string({value}) ?? \"\", r'{}')", predicate.text().replace('\'', "\\'")),
        Op::Null => format!("is_null({value})"),
        Op::Cidr => {
            // A list of both kinds of networks is an error in VRL as soon as an address is asked of the other kind.
            let of_kind = |sixth: bool| predicate.texts().filter(move |text| text.contains(':') == sixth);
            let asked = [false, true].into_iter().filter(|sixth| of_kind(*sixth).next().is_some()).map(|sixth| {
                let networks = list(of_kind(sixth).map(quoted).collect());
                format!("(ip_cidr_contains({networks}, string({value}) ?? \"\") ?? false)")
            });
            format!("({})", asked.collect::<Vec<_>>().join(" || "))
        }
        Op::Lt => number(value, "<", predicate, 1),
        Op::Le => number(value, "<=", predicate, 1),
        Op::Gt => number(value, ">", predicate, -1),
        Op::Ge => number(value, ">=", predicate, -1),
    })
}

/// A comparison with a number, which may stand in an event as text; what is no number counts as one far off.
fn number(value: &str, sign: &str, predicate: &Predicate, far: i32) -> String {
    let far = format!("{far}000000000000.0");
    format!("(!is_null({value}) && (to_float({value}) ?? {far}) {sign} {}.0)", predicate.value)
}
