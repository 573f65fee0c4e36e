//! Cloudflare's wirefilter, the release on crates.io. Its fields are flat and typed, and each must have a value: an
//! absent one gets a value that no rule of the set can ask for. One JSON path becomes up to four fields, by what rules
//! ask of it.

use crate::fields::{Fields, Found};
use crate::neutral::{Op, Predicate, Syntax, quoted};
use crate::peer::{Engine, OneByOne, Sources};
use serde_json::Value;
use std::net::{IpAddr, Ipv6Addr};
use wirefilter::{ExecutionContext, Filter, Scheme, Type};

const SYNTAX: Syntax = Syntax { and: " and ", or: " or ", not: "not ", not_behind: "" };

/// No address of an event, and in no network of a rule.
const NO_ADDRESS: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
const NO_NUMBER: i32 = i32::MIN;

/// How an event's fields are taken in.
#[derive(Clone, Copy)]
enum Intake {
    /// One pass of sonic-rs over the bytes.
    OnePass,
    /// A tree of serde_json.
    Tree,
}

/// The fields that one path fills, by name; empty where no rule asks for that.
#[derive(Default, Clone)]
struct Names {
    text: String,
    number: String,
    address: String,
    set: String,
}

struct Wirefilter {
    intake: Intake,
    fields: Fields,
    names: Vec<Names>,
    rules: OneByOne<Filter<'static>>,
    values: Values,
}

/// The values of the event at hand. The context borrows from `texts`: what it holds of an event is taken out of it
/// before the texts go, so the lifetime can be given as `'static`.
struct Values {
    context: ExecutionContext<'static>,
    texts: Vec<Box<str>>,
    touched: Vec<usize>,
}

pub fn load_one_pass(sources: &Sources<'_>) -> anyhow::Result<Box<dyn Engine>> {
    load(sources, Intake::OnePass)
}

pub fn load_tree(sources: &Sources<'_>) -> anyhow::Result<Box<dyn Engine>> {
    load(sources, Intake::Tree)
}

fn load(sources: &Sources<'_>, intake: Intake) -> anyhow::Result<Box<dyn Engine>> {
    let (mut fields, mut names) = (Fields::default(), Vec::new());
    let written: Vec<Option<String>> = sources
        .rules
        .iter()
        .map(|rule| SYNTAX.write(&rule.whole(), &mut |predicate| ask(predicate, &mut fields, &mut names)))
        .collect();
    let scheme = Box::leak(Box::new(scheme(&names)?));
    let mut written = written.iter();
    let rules = OneByOne::new(sources.rules, |_| {
        let Some(text) = written.next().and_then(Option::as_ref) else { return Ok(None) };
        let parsed = scheme.parse(text).map_err(|error| anyhow::anyhow!("{error}"))?;
        Ok(Some(parsed.compile()))
    })?;
    let context = ExecutionContext::new(scheme);
    let mut values = Values { context, texts: Vec::new(), touched: Vec::new() };
    names.iter().for_each(|names| values.clear_one(names));
    Ok(Box::new(Wirefilter { intake, fields, names, rules, values }))
}

fn scheme(names: &[Names]) -> anyhow::Result<Scheme> {
    let mut scheme = Scheme::new();
    for path in names {
        let typed =
            [(&path.text, Type::Bytes), (&path.number, Type::Int), (&path.address, Type::Ip), (&path.set, Type::Bool)];
        for (name, kind) in typed.into_iter().filter(|(name, _)| !name.is_empty()) {
            scheme.add_field(name.clone(), kind).map_err(|error| anyhow::anyhow!("{error}"))?;
        }
    }
    Ok(scheme)
}

/// A predicate in wirefilter's words, with the fields that it needs.
fn ask(predicate: &Predicate, fields: &mut Fields, names: &mut Vec<Names>) -> Option<String> {
    let path = predicate.plain_path()?;
    let slot = fields.slot(path);
    names.resize(fields.len(), Names::default());
    let (base, names) = (path.join("."), &mut names[slot]);
    let mut named = |kind: fn(&mut Names) -> &mut String, ending: &str| -> String {
        let name = kind(names);
        *name = format!("{base}{ending}");
        name.clone()
    };
    let members = |texts: Vec<String>| texts.join(" ");
    Some(match predicate.op {
        Op::Null => format!("not {}", named(|names| &mut names.set, ".set")),
        Op::Cidr => {
            let networks = predicate.texts().map(str::to_owned).collect();
            format!("{} in {{{}}}", named(|names| &mut names.address, ".address"), members(networks))
        }
        Op::Eq if predicate.value.is_number() => {
            format!("{} == {}", named(|names| &mut names.number, ".number"), predicate.value)
        }
        Op::Gt | Op::Ge | Op::Lt | Op::Le => {
            let name = named(|names| &mut names.number, ".number");
            let sign = match predicate.op {
                Op::Gt => ">",
                Op::Ge => ">=",
                Op::Lt => "<",
                _ => "<=",
            };
            format!("({name} {sign} {} and {name} > {NO_NUMBER})", predicate.value)
        }
        _ => {
            let name = named(|names| &mut names.text, ".text");
            let text = predicate.text();
            match predicate.op {
                Op::Eq if predicate.value.is_boolean() => format!("{name} == \"{}\"", predicate.value),
                Op::Eq => format!("{name} == {}", quoted(text)),
                Op::In => format!("{name} in {{{}}}", members(predicate.texts().map(quoted).collect())),
                Op::Like => format!("{name} contains {}", quoted(text)),
                Op::StartsWith => format!("{name} matches {}", pattern(&format!("^{}", regex::escape(text)))),
                Op::EndsWith => format!("{name} matches {}", pattern(&format!("{}$", regex::escape(text)))),
                _ => format!("{name} matches {}", pattern(text)),
            }
        }
    })
}

/// A regular expression in quotes: only the quote needs a backslash.
fn pattern(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\\\""))
}

impl Engine for Wirefilter {
    fn expressed(&self) -> &[bool] {
        &self.rules.expressed
    }

    fn count(&mut self, lines: &[&[u8]], counts: &mut [u64]) {
        let Self { intake, fields, names, rules, values } = self;
        for line in lines {
            let read = match intake {
                Intake::OnePass => {
                    let mut reader = sonic_rs::Deserializer::from_slice(line);
                    fields.read(&mut reader, &mut |slot, found| values.set(slot, &names[slot], found)).is_ok()
                }
                Intake::Tree => serde_json::from_slice::<Value>(line).is_ok_and(|event| {
                    fields.look_up(&event, &mut |slot, found| values.set_owned(slot, &names[slot], found));
                    true
                }),
            };
            if read {
                rules.tally(counts, |filter| filter.execute(&values.context).unwrap_or(false));
            }
            values.clear(names);
        }
    }
}

impl Values {
    /// As [`Self::set`], for values that do not outlive this call.
    fn set_owned(&mut self, slot: usize, names: &Names, found: Found<'_>) {
        match found {
            Found::Text(text) => self.set(slot, names, Found::Text(text.into_owned().into())),
            other => self.set(slot, names, other),
        }
    }

    fn set(&mut self, slot: usize, names: &Names, found: Found<'_>) {
        self.touched.push(slot);
        if !names.set.is_empty() {
            self.put(&names.set, true);
        }
        match found {
            Found::Text(text) => self.set_text(names, text),
            Found::Int(value) => {
                if !names.number.is_empty() {
                    self.put(&names.number, i32::try_from(value).unwrap_or(i32::MAX));
                }
                if !names.text.is_empty() {
                    self.set_text(&Names { text: names.text.clone(), ..Names::default() }, value.to_string().into());
                }
            }
            Found::Bool(value) if !names.text.is_empty() => self.put(&names.text, if value { "true" } else { "false" }),
            Found::Float(value) if !names.number.is_empty() => self.put(&names.number, value as i32),
            Found::Bool(_) | Found::Float(_) | Found::Container => {}
        }
    }

    fn set_text(&mut self, names: &Names, text: std::borrow::Cow<'_, str>) {
        if !names.number.is_empty() {
            text.parse::<i32>().into_iter().for_each(|value| self.put(&names.number, value));
        }
        if !names.address.is_empty() {
            text.parse::<IpAddr>().into_iter().for_each(|value| self.put(&names.address, value));
        }
        if names.text.is_empty() {
            return;
        }
        let text: &str = match &text {
            std::borrow::Cow::Borrowed(text) => text,
            std::borrow::Cow::Owned(_) => {
                self.texts.push(text.into());
                self.texts.last().map_or("", |kept| kept)
            }
        };
        // SAFETY: the text is the event's, which lives until `count` is done with it, or one of `texts`, whose boxes do
        // not move; `clear` takes every value out of the context before either goes.
        let text: &'static str = unsafe { &*std::ptr::from_ref(text) };
        self.put(&names.text, text);
    }

    fn put(&mut self, name: &str, value: impl Into<wirefilter::LhsValue<'static>>) {
        // The types are those of the scheme, which was made from the same names.
        let _ = self.context.set_field_value(name, value);
    }

    /// Every value that the event at hand has set is absent again.
    fn clear(&mut self, names: &[Names]) {
        let mut touched = std::mem::take(&mut self.touched);
        touched.drain(..).for_each(|slot| self.clear_one(&names[slot]));
        self.touched = touched;
        self.texts.clear();
    }

    fn clear_one(&mut self, names: &Names) {
        if !names.text.is_empty() {
            self.put(&names.text, "");
        }
        if !names.number.is_empty() {
            self.put(&names.number, NO_NUMBER);
        }
        if !names.address.is_empty() {
            self.put(&names.address, NO_ADDRESS);
        }
        if !names.set.is_empty() {
            self.put(&names.set, false);
        }
    }
}
