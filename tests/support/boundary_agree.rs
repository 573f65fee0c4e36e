//! Bytes as filters and events, on which the fast engine and the reference evaluator must agree.
//!
//! ```text
//! type: CloudTrail        the event type that the operator gives, or no such line
//! a = "x" and not b       one filter a line, MOST_FILTERS at most
//!                         a line with nothing
//! {"a":"x"}               one event a line, MOST_EVENTS at most
//! ```

use oxpecker_engine::language::expr::Value;
use oxpecker_engine::language::{self, Expr};
use oxpecker_engine::lists::Lists;
use oxpecker_engine::problem::Diagnostic;

const MOST_FILTERS: usize = 8;
const MOST_EVENTS: usize = 8;
/// Regexes of this size take no time to compile: it is done for each kind of vector.
const REGEX: usize = 1 << 16;

/// Lists by the names that the seeds use, with values of every kind.
fn lists() -> Lists {
    let mut lists = Lists::new();
    let texts = ["a", "alice", "x", "10.0.0.0/8", "::ffff:0:0/96", "fd00::/8", "100", "80", "true"];
    let texts = texts.iter().map(|text| Value::Text((*text).to_owned()));
    let others = [Value::Number("1".into()), Value::Number("22".into()), Value::Bool(true), Value::Null];
    let all: Vec<Value> = texts.chain(others).collect();
    for name in ["admins", "bins", "ports", "internal", "a", "b", "names", "yes", "known"] {
        lists.insert(name, all.clone());
    }
    lists
}

/// Panics where the two differ, on any width.
pub(crate) fn fast_equals_reference(data: &[u8]) {
    let (head, events) = halves(data);
    let head = String::from_utf8_lossy(head);
    let (event_type, head) = match head.strip_prefix("type: ").and_then(|rest| rest.split_once('\n')) {
        Some((event_type, rest)) => (Some(event_type), rest),
        None => (None, &*head),
    };
    let filters: Vec<Expr> = head.split('\n').take(MOST_FILTERS).filter_map(sound).collect();
    if filters.is_empty() {
        return;
    }
    let events: Vec<&[u8]> = events.split(|byte| *byte == b'\n').take(MOST_EVENTS).collect();
    // Once more in the same order, so that what is left of the last event is seen by the first.
    let events: Vec<&[u8]> = events.iter().chain(&events).copied().collect();
    crate::agree::check(&filters, &events, event_type, &lists());
}

/// What stands before and behind the first line with nothing.
fn halves(data: &[u8]) -> (&[u8], &[u8]) {
    let end = data.windows(2).position(|pair| pair == b"\n\n");
    end.map_or((data, &[]), |end| (&data[..end], &data[end + 2..]))
}

fn sound(text: &str) -> Option<Expr> {
    let parsed = language::parse(text, &language::Limits { regex: REGEX, ..language::Limits::default() });
    if parsed.problems.iter().any(Diagnostic::is_error) { None } else { parsed.expr }
}
