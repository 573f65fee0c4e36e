//! What the editor asks on every key press: classes of tokens, problems, completion, format, meanings.
//!
//! A text is either a filter or a rule file. In a rule file the filters are found by its YAML and treated one by one.

use crate::answer::{array, number, object, optional, text, texts};
use crate::utf16::Units;
use oxpecker_engine::Span;
use oxpecker_engine::json::Json;
use oxpecker_engine::language::editing::{self, Context};
use oxpecker_engine::language::{self, Limits, layout, meaning, vocabulary};
use oxpecker_engine::problem::Diagnostic;
use oxpecker_engine::rule::{self, ListValues, outline};
use wasm_bindgen::prelude::wasm_bindgen;

/// How wide a formatted filter may be.
const WIDTH: usize = 88;

/// The classes of a filter's tokens, three numbers each: from, to, class (the numbers of [`editing::Class`]).
#[wasm_bindgen]
#[must_use]
pub fn tokens(filter: &str) -> Vec<u32> {
    let units = Units::new(filter);
    let all = editing::classes(filter);
    all.into_iter().flat_map(|(span, class)| [units.of(span.start), units.of(span.end), class as u32]).collect()
}

/// The same of all filters in a rule file. A token over several lines of the file is cut at the line ends.
#[wasm_bindgen]
#[must_use]
pub fn file_tokens(file: &str) -> Vec<u32> {
    let units = Units::new(file);
    let mut out = Vec::new();
    for filter in outline::filters(file) {
        for (span, class) in editing::classes(&filter.text) {
            if let Some(span) = located(file, &filter.places, span) {
                out.extend([units.of(span.start), units.of(span.end), class as u32]);
            }
        }
    }
    out
}

/// A span of a filter in the file around it.
fn located(file: &str, places: &[usize], span: Span) -> Option<Span> {
    let start = *places.get(span.start)?;
    let last = *places.get(span.end.checked_sub(1)?)?;
    let end = last + file.get(last..)?.chars().next()?.len_utf8();
    (start < end).then(|| Span::new(start, end))
}

/// The problems of a filter, `{problems, ok, canonical}`; `lists` are the names of lists that it may use,
/// with blanks between them.
#[wasm_bindgen]
#[must_use]
pub fn check(filter: &str, lists: &str) -> String {
    let mut parsed = language::parse(filter, &Limits::default());
    if let Some(expr) = &parsed.expr {
        let lists: Vec<&str> = lists.split_whitespace().collect();
        language::check(expr, &lists, &mut parsed.problems);
    }
    parsed.problems.sort_by_key(|problem| (problem.span.start, problem.span.end));
    let ok = parsed.expr.is_some() && !parsed.problems.iter().any(Diagnostic::is_error);
    let canonical = parsed.expr.filter(|_| ok).map(|expr| expr.to_string());
    text(&object([
        ("problems", problems(filter, &parsed.problems)),
        ("ok", Json::from(ok)),
        ("canonical", optional(canonical.as_deref())),
    ]))
}

/// The problems of a rule file, `{problems, ok, rules, lists}`.
#[wasm_bindgen]
#[must_use]
pub fn check_file(file: &str) -> String {
    let source = rule::Source { name: "rules.yaml", bytes: file.as_bytes() };
    let (set, found) = rule::load(&[source], ListValues::new(), &rule::Limits::default());
    let mut found: Vec<Diagnostic> = found.into_iter().map(|found| found.diagnostic).collect();
    found.sort_by_key(|problem| (problem.span.start, problem.span.end));
    text(&object([
        ("problems", problems(file, &found)),
        ("ok", Json::from(!found.iter().any(Diagnostic::is_error))),
        ("rules", number(set.rules.len())),
        ("lists", texts(set.lists.keys().map(String::as_str))),
    ]))
}

/// Problems as the page shows them.
pub(crate) fn problems(source: &str, found: &[Diagnostic]) -> Json {
    let units = Units::new(source);
    array(found.iter().map(|diagnostic| {
        let problem = &diagnostic.problem;
        let position = oxpecker_engine::problem::Position::of(source, diagnostic.span);
        object([
            ("at", units.span(diagnostic.span)),
            ("line", number(position.line)),
            ("column", number(position.column)),
            ("code", Json::from(problem.code())),
            ("level", Json::from(problem.level().as_str())),
            ("message", Json::from(problem.message())),
            ("help", optional(problem.help().as_deref())),
            ("fix", optional(diagnostic.fix.as_deref())),
        ])
    }))
}

/// What may be written at a place of a filter, or null.
#[wasm_bindgen]
#[must_use]
pub fn complete(filter: &str, at: usize) -> String {
    let units = Units::new(filter);
    let context = editing::context(filter, units.byte(at));
    context.map_or_else(|| "null".into(), |context| shown(&context, units.of(context.from)))
}

/// The same in a rule file; null outside its filters.
#[wasm_bindgen]
#[must_use]
pub fn complete_in_file(file: &str, at: usize) -> String {
    let units = Units::new(file);
    let place = units.byte(at);
    let found = outline::filters(file).into_iter().find_map(|filter| {
        let inside = filter.places.first()? <= &place && &place <= filter.places.last()?;
        let offset = filter.places.partition_point(|known| *known < place);
        let context = inside.then(|| editing::context(&filter.text, offset)).flatten()?;
        let from = filter.places.get(context.from).copied().unwrap_or(place).min(place);
        Some((context, from))
    });
    found.map_or_else(|| "null".into(), |(context, from)| shown(&context, units.of(from)))
}

fn shown(context: &Context, from: u32) -> String {
    text(&object([
        ("from", Json::from(u64::from(from))),
        ("expects", Json::from(context.expects.as_str())),
        ("key", optional(context.key.as_deref())),
        ("in_set", Json::from(context.in_set)),
    ]))
}

/// The key at a place of a filter with its meaning, `{at, key, meaning}`, or null.
#[wasm_bindgen]
#[must_use]
pub fn hover(filter: &str, at: usize) -> String {
    let units = Units::new(filter);
    key_at(filter, units.byte(at)).map_or_else(|| "null".into(), |span| meant(span.of(filter), span, &units))
}

/// The same in a rule file; null outside its filters.
#[wasm_bindgen]
#[must_use]
pub fn hover_in_file(file: &str, at: usize) -> String {
    let units = Units::new(file);
    let place = units.byte(at);
    let found = outline::filters(file).into_iter().find_map(|filter| {
        let offset = filter.places.iter().position(|known| *known == place)?;
        let span = key_at(&filter.text, offset)?;
        Some(meant(span.of(&filter.text), located(file, &filter.places, span)?, &units))
    });
    found.unwrap_or_else(|| "null".into())
}

fn meant(key: &str, span: Span, units: &Units) -> String {
    text(&object([("at", units.span(span)), ("key", Json::from(key)), ("meaning", optional(meaning::meaning(key)))]))
}

/// The whole key that has a part at a byte.
fn key_at(filter: &str, place: usize) -> Option<Span> {
    let classes = editing::classes(filter);
    let here = classes
        .iter()
        .position(|(span, class)| *class == editing::Class::Key && span.start <= place && place < span.end)?;
    // A key is a run of parts without blanks between them.
    let part = |at: usize| classes.get(at).map(|(span, class)| (*span, *class));
    let joins = |left: usize, right: usize| match (part(left), part(right)) {
        (Some((a, one)), Some((b, two))) => {
            a.end == b.start && [(a, one), (b, two)].iter().all(|(span, class)| of_key(span.of(filter), *class))
        }
        _ => false,
    };
    let (mut first, mut last) = (here, here);
    while first > 0 && joins(first - 1, first) {
        first -= 1;
    }
    while joins(last, last + 1) {
        last += 1;
    }
    Some(part(first)?.0.to(part(last)?.0))
}

fn of_key(text: &str, class: editing::Class) -> bool {
    use editing::Class;
    match class {
        Class::Key | Class::Number => true,
        Class::Punctuation => matches!(text, "." | "[" | "]"),
        _ => false,
    }
}

/// A filter in its canonical form, over several lines where it is long; null where it has errors or comments, which the
/// canonical form cannot keep.
#[wasm_bindgen]
#[must_use]
pub fn format(filter: &str) -> Option<String> {
    let classes = editing::classes(filter);
    if classes.iter().any(|(_, class)| *class == editing::Class::Comment) {
        return None;
    }
    let parsed = language::parse(filter, &Limits::default());
    let failed = parsed.problems.iter().any(Diagnostic::is_error);
    parsed.expr.filter(|_| !failed).map(|expr| layout(&expr, WIDTH))
}

/// A text as a value of the language.
#[wasm_bindgen]
#[must_use]
pub fn quoted(text: &str) -> String {
    language::quoted(text)
}

/// The words of the language with what they do, `{operators, functions, keys}`: each a list of `[word, meaning]`.
#[wasm_bindgen]
#[must_use]
pub fn words() -> String {
    let pairs = |pairs: &[(&str, &str)]| array(pairs.iter().map(|(word, what)| texts([*word, *what])));
    let keys = meaning::all().map(|(key, what)| texts([key, what]));
    let others = vocabulary::keys().filter(|key| meaning::meaning(key).is_none()).map(|key| texts([key, ""]));
    text(&object([
        ("operators", pairs(&editing::OPERATORS)),
        ("functions", pairs(&editing::FUNCTIONS)),
        ("keys", array(keys.chain(others))),
    ]))
}
