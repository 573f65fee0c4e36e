//! Problems as a SARIF 2.1.0 log, which code hosts and editors take.

use super::Source;
use oxpecker_engine::problem::{Diagnostic, Level, Lines, Position, Problem};
use serde_json::{Value, json};
use std::borrow::Cow;

/// The log of one run over all sources.
#[must_use]
pub fn sarif(sources: &[Source<'_>]) -> Value {
    let of_source = |source: &Source<'_>| {
        let lines = Lines::of(source.text);
        source.diagnostics.iter().map(|found| result(source, &lines, found)).collect::<Vec<Value>>()
    };
    let results: Vec<Value> = sources.iter().flat_map(of_source).collect();
    let artifacts: Vec<Value> = sources.iter().map(|source| json!({"location": {"uri": uri(source.name)}})).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "oxpecker",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": Problem::CODES.iter().map(kind).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "artifacts": artifacts,
            "results": results,
        }],
    })
}

/// A kind of problem: what SARIF calls a rule.
fn kind((code, level): &(&str, Level)) -> Value {
    json!({
        "id": code,
        "shortDescription": {"text": code.replace('-', " ")},
        "defaultConfiguration": {"level": level.as_str()},
    })
}

fn result(source: &Source<'_>, lines: &Lines<'_>, diagnostic: &Diagnostic) -> Value {
    let problem = &diagnostic.problem;
    let help = problem.help().map(|help| format!("; {help}")).unwrap_or_default();
    let location = json!({"uri": uri(source.name)});
    let region = region(&lines.position(diagnostic.span));
    let mut result = json!({
        "ruleId": problem.code(),
        "ruleIndex": Problem::CODES.iter().position(|(code, _)| *code == problem.code()),
        "level": problem.level().as_str(),
        "message": {"text": format!("{}{help}", problem.message())},
        "locations": [{"physicalLocation": {"artifactLocation": location, "region": region}}],
    });
    if let (Some(fix), Some(fields)) = (&diagnostic.fix, result.as_object_mut()) {
        let replacement = json!({"deletedRegion": region, "insertedContent": {"text": fix}});
        let change = json!({"artifactLocation": location, "replacements": [replacement]});
        let description = problem.help().map_or_else(|| problem.message(), Cow::into_owned);
        fields.insert("fixes".into(), json!([{"description": {"text": description}, "artifactChanges": [change]}]));
    }
    result
}

fn region(position: &Position) -> Value {
    json!({
        "startLine": position.line,
        "startColumn": position.column,
        "endLine": position.end_line,
        "endColumn": position.end_column,
    })
}

/// A file's name as a URI: relative as it is, absolute with its scheme.
fn uri(name: &str) -> String {
    let mut out = String::from(if name.starts_with('/') { "file://" } else { "" });
    for byte in name.bytes() {
        match byte {
            b'\\' if cfg!(windows) => out.push('/'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}
