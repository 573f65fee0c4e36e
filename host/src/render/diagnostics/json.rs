//! Problems for programs. The fields are stable: new ones may be added, none is renamed or taken away.
//!
//! | field | meaning |
//! |---|---|
//! | `file` | the file's name as it was given |
//! | `line`, `column` | the first character, both counted from 1; columns are characters |
//! | `end_line`, `end_column` | the place behind the last character |
//! | `offset`, `end_offset` | the same in bytes, counted from 0 |
//! | `code` | the stable name of the kind of problem |
//! | `level` | `error` or `warning` |
//! | `message` | what is wrong |
//! | `help` | how to mend it, or null |
//! | `fix` | a text that mends it when put in place of the range, or null |

use super::Source;
use oxpecker_engine::problem::{Diagnostic, Lines};
use serde_json::{Value, json};

/// One problem as a JSON object.
#[must_use]
pub fn record(source: &Source<'_>, diagnostic: &Diagnostic) -> Value {
    record_in(source, &Lines::of(source.text), diagnostic)
}

fn record_in(source: &Source<'_>, lines: &Lines<'_>, diagnostic: &Diagnostic) -> Value {
    let Diagnostic { span, problem, fix } = diagnostic;
    let position = lines.position(*span);
    json!({
        "file": source.name,
        "line": position.line,
        "column": position.column,
        "end_line": position.end_line,
        "end_column": position.end_column,
        "offset": span.start,
        "end_offset": span.end,
        "code": problem.code(),
        "level": problem.level().as_str(),
        "message": problem.message(),
        "help": problem.help(),
        "fix": fix,
    })
}

/// The problems of all sources, in order.
#[must_use]
pub fn json(sources: &[Source<'_>]) -> Vec<Value> {
    let of_source = |source: &Source<'_>| {
        let lines = Lines::of(source.text);
        source.diagnostics.iter().map(|found| record_in(source, &lines, found)).collect::<Vec<Value>>()
    };
    sources.iter().flat_map(of_source).collect()
}
