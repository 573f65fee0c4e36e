//! The JSON texts of the ABI: what to load, what loading found, counters.

use crate::profile;
use oxpecker_engine::json::{Json, Limits};
use oxpecker_engine::language::expr::Value;
use oxpecker_engine::lists::{Entry, List};
use oxpecker_engine::window::Restored;
use oxpecker_engine::{Engine, Report, ReportedProblem, Request};

/// A request to load may be larger than any event: it carries whole rule sets.
const LIMITS: Limits = Limits { bytes: 256 << 20, depth: 256, values: 4_000_000 };

/// Reads a request to load; `None` if it is not of the expected shape. An unknown field is not.
pub(crate) fn read(bytes: &[u8]) -> Option<Request> {
    let members = Json::parse(bytes, &LIMITS).ok()?.into_object()?;
    let mut request = Request::default();
    for (name, value) in &members {
        match (name.as_str(), value) {
            ("documents", Json::Array(items)) => {
                request.documents = items.iter().map(document).collect::<Option<_>>()?;
            }
            ("filters", Json::Array(items)) => {
                request.filters = items.iter().map(|item| item.as_text().map(str::to_owned)).collect::<Option<_>>()?;
            }
            ("lists", Json::Object(lists)) => {
                request.lists =
                    lists.iter().map(|(name, values)| Some((name.clone(), list(values)?))).collect::<Option<_>>()?;
            }
            ("event_type", Json::Text(text)) => request.event_type = Some(text.clone()),
            ("event_type" | "lists" | "filters", Json::Null) => {}
            ("options", Json::Object(options)) => read_options(options, &mut request)?,
            ("options", Json::Null) => {}
            _ => return None,
        }
    }
    Some(request)
}

fn read_options(options: &[(String, Json)], request: &mut Request) -> Option<()> {
    for (name, value) in options {
        match name.as_str() {
            "lenient" => request.lenient = value.as_bool()?,
            "profile" => request.profile = value.as_bool()?,
            "shadow_alerts" => request.shadow_alerts = value.as_bool()?,
            "redaction_secret" => value.as_text()?.clone_into(&mut request.redaction_secret),
            "alert_bytes" => request.alert_bytes = Some(value.scalar_text()?.parse().ok()?),
            _ => return None,
        }
    }
    Some(())
}

fn document(item: &Json) -> Option<(String, Vec<u8>)> {
    Some((item.get("name")?.as_text()?.to_owned(), item.get("text")?.as_text()?.as_bytes().to_vec()))
}

/// A list: keys, or objects of a `key` and its `value`.
fn list(entries: &Json) -> Option<List> {
    let key = |key: &Json| match key {
        Json::Text(text) => Some(Value::Text(text.clone())),
        Json::Number(number) => Some(Value::Number(number.clone())),
        Json::Bool(value) => Some(Value::Bool(*value)),
        _ => None,
    };
    let entry = |entry: &Json| {
        let Json::Object(_) = entry else { return Some(Entry { key: key(entry)?, value: Json::Null }) };
        Some(Entry { key: key(entry.get("key")?)?, value: entry.get("value").cloned().unwrap_or(Json::Null) })
    };
    entries.as_array()?.iter().map(entry).collect::<Option<_>>().map(List::of)
}

pub(crate) fn object<const N: usize>(fields: [(&str, Json); N]) -> Json {
    Json::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// The report of a load.
pub(crate) fn report(report: &Report) -> Json {
    let ids = report.rule_ids.iter().map(|id| Json::from(id.as_str())).collect();
    object([
        ("rules", Json::from(report.rules as u64)),
        ("disabled", Json::from(report.disabled as u64)),
        ("rule_ids", Json::Array(ids)),
        ("problems", Json::Array(report.problems.iter().map(problem).collect())),
    ])
}

fn problem(reported: &ReportedProblem) -> Json {
    let problem = &reported.diagnostic.problem;
    let place = |number: usize| Json::from(number as u64);
    object([
        ("file", Json::from(reported.file.as_str())),
        ("line", place(reported.position.line)),
        ("column", place(reported.position.column)),
        ("end_line", place(reported.position.end_line)),
        ("end_column", place(reported.position.end_column)),
        ("code", Json::from(problem.code())),
        ("severity", Json::from(problem.level().as_str())),
        ("message", Json::from(problem.message())),
        ("help", problem.help().map_or(Json::Null, |help| Json::from(help.as_ref()))),
        ("fix", reported.diagnostic.fix.as_deref().map_or(Json::Null, Json::from)),
    ])
}

/// What became of saved windows.
pub(crate) fn restored(restored: Restored) -> Json {
    object([("windows", Json::from(restored.windows as u64)), ("dropped", Json::from(restored.dropped as u64))])
}

/// The counters of an engine.
pub(crate) fn stats(engine: &Engine) -> Json {
    let stats = engine.stats();
    let windows = engine.windows().counters();
    let columns = stats.columns.iter().enumerate().map(|(place, column)| {
        let id = engine.rules().get(place).map_or(Json::Null, |collected| Json::from(collected.rule.id.as_str()));
        let counters = object([
            ("rule_id", id),
            ("matched", Json::from(column.matched)),
            ("suppressed", Json::from(column.suppressed)),
            ("shadowed", Json::from(column.shadowed)),
            ("undecided", Json::from(column.undecided)),
        ]);
        match engine.profile() {
            Some(profile) => joined(counters, profile::rule(profile, place)),
            None => counters,
        }
    });
    let work = engine.work();
    let counters = object([
        ("bytes", Json::from(stats.bytes)),
        ("evaluated", Json::from(stats.evaluated)),
        ("rejected", Json::from(stats.rejected)),
        ("predicates_evaluated", Json::from(work.predicates)),
        ("rules_woken", Json::from(work.woken)),
        ("events_matched", Json::from(stats.events_matched)),
        ("matched", Json::from(stats.matched)),
        ("suppressed", Json::from(stats.suppressed)),
        ("shadowed", Json::from(stats.shadowed)),
        ("undecided", Json::from(stats.undecided)),
        ("open_windows", Json::from(engine.windows().open_windows() as u64)),
        ("window_bytes", Json::from(engine.windows().bytes() as u64)),
        ("closed_early", Json::from(windows.closed_early)),
        ("given_up", Json::from(windows.given_up)),
        ("repeated", Json::from(windows.repeated)),
        ("untimed", Json::from(windows.untimed)),
        ("late", Json::from(windows.late)),
        ("rules", Json::Array(columns.collect())),
        ("unseen_keys", Json::Array(engine.unseen_keys().into_iter().map(Json::from).collect())),
    ]);
    match engine.profile() {
        Some(profile) => joined(counters, profile::predicates(profile)),
        None => counters,
    }
}

/// An object with the members of another behind its own.
fn joined(object: Json, other: Json) -> Json {
    let mut members = object.into_object().unwrap_or_default();
    members.extend(other.into_object().unwrap_or_default());
    Json::Object(members)
}
