//! A JSON tree as text to look at, with the places of its parts: numbers stay as they are, and the page needs no parser
//! of its own.

use crate::answer::{array, object};
use oxpecker_engine::json::Json;

/// Classes of the parts; a mark is added to them.
const KEY: u32 = 1;
const TEXT: u32 = 2;
const NUMBER: u32 = 3;
const WORD: u32 = 4;
/// The value made a predicate true.
pub(crate) const HIT: u32 = 16;
/// The value kept a predicate of the nearest miss from being true.
pub(crate) const MISS: u32 = 32;

/// A longer text is cut.
const LONGEST: usize = 400_000;

/// A node of the tree with its mark.
pub(crate) type Mark<'j> = (&'j Json, u32);

struct Writer<'m, 'j> {
    marks: &'m [Mark<'j>],
    out: String,
    units: u32,
    spans: Vec<u32>,
    /// The names that lead to where it is.
    path: Vec<&'m str>,
    /// A place in the text, and the condition that the value there would satisfy.
    pointed: Option<u32>,
    condition: Option<String>,
}

impl<'m, 'j> Writer<'m, 'j> {
    fn new(marks: &'m [Mark<'j>], pointed: Option<u32>) -> Self {
        let (out, spans, path) = (String::new(), Vec::new(), Vec::new());
        Self { marks, out, units: 0, spans, path, pointed, condition: None }
    }
}

/// The condition that the value at a place of the view satisfies: `userIdentity.type = "Root"`.
pub(crate) fn condition(json: &Json, unit: u32) -> Option<String> {
    let mut writer = Writer::new(&[], Some(unit));
    writer.value(json, 0);
    writer.condition
}

/// `{text, spans}`: three numbers a span, from, to, class.
pub(crate) fn view(json: &Json, marks: &[Mark<'_>]) -> Json {
    let mut writer = Writer::new(marks, None);
    writer.value(json, 0);
    let cut = writer.out.len() > LONGEST;
    object([
        ("text", Json::from(writer.out)),
        ("spans", array(writer.spans.into_iter().map(|number| Json::from(u64::from(number))))),
        ("cut", Json::from(cut)),
    ])
}

/// Bytes that are no event, as text.
pub(crate) fn raw(bytes: &[u8]) -> Json {
    let text: String = String::from_utf8_lossy(bytes).chars().take(20_000).collect();
    object([("text", Json::from(text)), ("spans", Json::Array(Vec::new())), ("cut", Json::from(bytes.len() > 20_000))])
}

impl<'m> Writer<'m, '_> {
    fn put(&mut self, text: &str) {
        self.out.push_str(text);
        self.units += u32::try_from(text.encode_utf16().count()).unwrap_or_default();
    }

    fn span(&mut self, text: &str, class: u32) {
        let from = self.units;
        self.put(text);
        self.spans.extend([from, self.units, class]);
    }

    fn line(&mut self, depth: usize) {
        self.put("\n");
        self.put(&"  ".repeat(depth));
    }

    fn mark(&self, json: &Json) -> u32 {
        self.marks.iter().filter(|(marked, _)| std::ptr::eq(*marked, json)).fold(0, |all, (_, mark)| all | mark)
    }

    fn value(&mut self, json: &'m Json, depth: usize) {
        let mark = self.mark(json);
        if self.out.len() > LONGEST {
            return;
        }
        match json {
            Json::Object(members) if !members.is_empty() => self.object(members, mark, depth),
            Json::Array(items) if !items.is_empty() => self.array(items, mark, depth),
            other => {
                let class = match other {
                    Json::Number(_) => NUMBER,
                    Json::Text(_) => TEXT,
                    _ => WORD,
                };
                let text = crate::answer::text(other);
                let from = self.units;
                self.span(&text, class | mark);
                if self.pointed.is_some_and(|unit| from <= unit && unit < self.units) {
                    self.condition = self.satisfied(other);
                }
            }
        }
    }

    fn satisfied(&self, value: &Json) -> Option<String> {
        let mut key = String::new();
        for name in &self.path {
            let inner = !key.is_empty();
            if inner {
                key.push('.');
            }
            crate::keys::segment(name, inner, &mut key);
        }
        let literal = match value {
            Json::Text(text) => oxpecker_engine::language::quoted(text),
            Json::Number(_) | Json::Bool(_) | Json::Null => crate::answer::text(value),
            _ => return None,
        };
        Some(format!("{key} = {literal}"))
    }

    fn bracket(&mut self, bracket: &str, mark: u32) {
        if mark == 0 { self.put(bracket) } else { self.span(bracket, mark) }
    }

    fn object(&mut self, members: &'m [(String, Json)], mark: u32, depth: usize) {
        self.bracket("{", mark);
        for (place, (name, member)) in members.iter().enumerate() {
            if place > 0 {
                self.put(",");
            }
            self.line(depth + 1);
            let mut key = String::new();
            oxpecker_engine::json::write_text(name, &mut key);
            self.span(&key, KEY);
            self.put(": ");
            self.path.push(name);
            self.value(member, depth + 1);
            self.path.pop();
        }
        self.line(depth);
        self.bracket("}", mark);
    }

    fn array(&mut self, items: &'m [Json], mark: u32, depth: usize) {
        self.bracket("[", mark);
        for (place, item) in items.iter().enumerate() {
            if place > 0 {
                self.put(",");
            }
            self.line(depth + 1);
            self.value(item, depth + 1);
        }
        self.line(depth);
        self.bracket("]", mark);
    }
}
