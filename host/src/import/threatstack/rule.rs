//! One rule of Threat Stack's as a draft.

use super::fields::{self, AGGREGATE, DESCRIPTION, PATHS, SEVERITY, SUPPRESSIONS, WINDOW};
use super::paths;
use crate::import::assemble::told_with_place;
use crate::import::draft::{Draft, Hidden, State};
use crate::import::filter::{all, parse};
use oxpecker_engine::language::expr::Step;
use oxpecker_engine::language::{self, Expr, Limits};
use oxpecker_engine::rule::{RuleKind, duration};
use serde_json::Value;

/// What every event that a CloudTrail rule is asked about satisfies.
const CLOUDTRAIL: &str = r#"event_type = "cloudtrail""#;

/// The API's names of kinds of rules, in lower case and without signs.
const KINDS: [(&str, RuleKind); 14] = [
    ("host", RuleKind::Host),
    ("all", RuleKind::Host),
    ("audit", RuleKind::Host),
    ("ids", RuleKind::Host),
    ("file", RuleKind::File),
    ("fim", RuleKind::File),
    ("cloudtrail", RuleKind::CloudTrail),
    ("threatintel", RuleKind::ThreatIntel),
    ("threatintelligence", RuleKind::ThreatIntel),
    ("winsec", RuleKind::Winsec),
    ("windows", RuleKind::Winsec),
    ("kubernetesaudit", RuleKind::KubernetesAudit),
    ("kubernetesconfig", RuleKind::KubernetesConfig),
    ("kubernetesconfiguration", RuleKind::KubernetesConfig),
];

/// Reads a rule; what should be known of it goes to the notes.
pub(super) fn read(rule: &Value, notes: &mut Vec<String>) -> State {
    match draft(rule, notes) {
        Ok(draft) => State::Rule(Box::new(draft)),
        Err(why) => State::Not(why),
    }
}

fn draft(rule: &Value, notes: &mut Vec<String>) -> Result<Draft, String> {
    let kind = kind(rule, notes);
    let filter = filter(rule, kind, notes)?;
    let name = fields::name(rule).ok_or("it has no name")?;
    let mut draft = Draft::new(name, kind, severity(rule, notes), filter);
    draft.title = fields::text(rule, &["title", "alertTitle"]);
    if let Some(description) = fields::text(rule, DESCRIPTION) {
        draft.description = description;
    }
    draft.enabled = fields::text(rule, &["enabled"]).as_deref() != Some("false");
    draft.aggregate = aggregate(rule, notes);
    draft.window = Some(window(rule, notes));
    draft.threshold = threshold(rule, notes);
    (draft.suppressions, draft.left_out) = suppressions(rule, notes);
    labels(rule, &mut draft, notes);
    Ok(draft)
}

fn kind(rule: &Value, notes: &mut Vec<String>) -> RuleKind {
    let watches = || if fields::get(rule, PATHS).is_some() { RuleKind::File } else { RuleKind::Host };
    let Some(name) = fields::text(rule, &["type", "ruleType"]) else { return watches() };
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let known = KINDS.iter().find(|(known, _)| *known == plain).map(|(_, kind)| *kind);
    known.unwrap_or_else(|| {
        let kind = watches();
        notes.push(format!("`{name}` is no type of rule here; it became {}", kind.as_str()));
        kind
    })
}

/// The filter, with what the rule's kind and its files add.
fn filter(rule: &Value, kind: RuleKind, notes: &mut Vec<String>) -> Result<Expr, String> {
    let text = fields::text(rule, &["filter"]);
    let own = text.as_deref().map(|text| understood("its filter", text, notes)).transpose()?;
    let asks_for_type = own.as_ref().is_some_and(|own| {
        own.predicates().iter().any(|asked| asked.operand.key.steps == [Step::Name("event_type".to_owned())])
    });
    // There a CloudTrail rule saw CloudTrail events alone; here the filter says so.
    let base = if kind == RuleKind::CloudTrail && !asks_for_type { parse(CLOUDTRAIL) } else { None };
    let parts = [base, own, paths::watched(rule, notes)];
    all(parts.into_iter().flatten().collect()).ok_or_else(|| "it has no filter and watches no file".to_owned())
}

/// A filter that the user wrote, or all that is wrong with it.
fn understood(what: &str, text: &str, notes: &mut Vec<String>) -> Result<Expr, String> {
    let parsed = language::parse(text, &Limits::default());
    let told = |error: bool| {
        let problems = parsed.problems.iter().filter(move |problem| problem.is_error() == error);
        problems.map(|problem| told_with_place(problem, text)).collect::<Vec<_>>()
    };
    let errors = told(true);
    match &parsed.expr {
        Some(expr) if errors.is_empty() => {
            notes.extend(told(false).iter().map(|warning| format!("in {what}, {warning}")));
            Ok(expr.clone())
        }
        _ => Err(format!("{what} cannot be read: {}", errors.join("; "))),
    }
}

fn severity(rule: &Value, notes: &mut Vec<String>) -> u8 {
    match fields::text(rule, SEVERITY).as_deref() {
        Some("1") => 1,
        Some("2") => 2,
        Some("3") => 3,
        Some(other) => {
            notes.push(format!("`{other}` is no severity: 3"));
            3
        }
        None => {
            notes.push("it has no severity: 3".to_owned());
            3
        }
    }
}

/// Keys that can be read; one that cannot groups nothing.
fn aggregate(rule: &Value, notes: &mut Vec<String>) -> Vec<String> {
    let mut keys = fields::texts(rule, AGGREGATE);
    keys.retain(|key| {
        let sound = parse(&format!("{key} exists")).is_some();
        if !sound {
            notes.push(format!("`{key}` is no key and was left out of `aggregate`"));
        }
        sound
    });
    keys
}

/// Seconds; the API gives a number, a person may have written `24h`.
fn window(rule: &Value, notes: &mut Vec<String>) -> u64 {
    const HOUR: u64 = 3_600;
    let Some(text) = fields::text(rule, WINDOW) else {
        notes.push("it has no window: one hour".to_owned());
        return HOUR;
    };
    let seconds = if text.bytes().all(|b| b.is_ascii_digit()) { format!("{text}s") } else { text.clone() };
    duration::parse(&seconds).unwrap_or_else(|| {
        notes.push(format!("`{text}` is no window: one hour"));
        HOUR
    })
}

fn threshold(rule: &Value, notes: &mut Vec<String>) -> u64 {
    let Some(text) = fields::text(rule, &["threshold"]) else { return 1 };
    text.parse().ok().filter(|count| *count > 0).unwrap_or_else(|| {
        notes.push(format!("`{text}` is no threshold: 1"));
        1
    })
}

/// Suppressions that can be read. One that cannot hides nothing, which is told: better an alert too many.
fn suppressions(rule: &Value, notes: &mut Vec<String>) -> (Vec<Hidden>, Vec<String>) {
    let (mut hidden, mut left_out) = (Vec::new(), Vec::new());
    for names in SUPPRESSIONS {
        for item in fields::items(rule, &[names]) {
            let text =
                fields::scalar(item).or_else(|| fields::text(item, &["filter", "suppression", "query", "expression"]));
            let Some(text) = text else { continue };
            match understood("a suppression", &text, notes) {
                Ok(filter) => hidden.push(suppression(filter, item, notes)),
                Err(why) => {
                    notes.push(format!("left out: {why}"));
                    left_out.push(format!("Left out: {why}\nIt was: {text}"));
                }
            }
        }
    }
    (hidden, left_out)
}

fn suppression(filter: Expr, item: &Value, notes: &mut Vec<String>) -> Hidden {
    let expires = fields::text(item, &["expires", "expiresAt", "expiration"]);
    let day = expires.as_ref().and_then(|text| text.get(..10)).filter(|day| is_day(day)).map(str::to_owned);
    if let (Some(text), None) = (&expires, &day) {
        notes.push(format!("a suppression's end `{text}` is no day and was left out"));
    }
    Hidden {
        filter,
        reason: fields::text(item, &["reason", "description", "comment", "name"]),
        owner: fields::text(item, &["owner", "createdBy", "author"]),
        expires: day,
    }
}

/// `2027-01-31`
fn is_day(text: &str) -> bool {
    oxpecker_engine::event::Instant::parse(&format!("{text}T00:00:00Z")).is_some()
}

/// Labels, and what a rule has there and none has here.
fn labels(rule: &Value, draft: &mut Draft, notes: &mut Vec<String>) {
    draft.classifiers =
        fields::items(rule, &["classifiers", "managedClassifiers"]).iter().filter_map(classifier).collect();
    draft.references = fields::texts(rule, &["references"]);
    let tags = fields::get(rule, &["tags"]);
    match tags {
        Some(Value::Array(items)) => draft.tags = items.iter().filter_map(fields::scalar).collect(),
        Some(Value::Object(members)) => {
            let agents = members.values().filter_map(Value::as_array).flatten().filter_map(tag);
            let agents: Vec<String> = agents.collect();
            if !agents.is_empty() {
                notes.push(format!("it was only for agents by their tags ({}); here it is for all", agents.join(", ")));
            }
        }
        _ => {}
    }
    for flag in ["anomalousOnly", "autoSuppress"] {
        if fields::text(rule, &[flag]).as_deref() == Some("true") {
            notes.push(format!("`{flag}` has no counterpart here"));
        }
    }
}

/// A label: a text, or an object with a kind and a value.
fn classifier(value: &Value) -> Option<String> {
    let kind = fields::text(value, &["type", "kind", "framework", "key", "category"]);
    let label = fields::scalar(value).or_else(|| fields::text(value, &["value", "name", "label", "id"]))?;
    Some(kind.map_or(label.clone(), |kind| format!("{kind}:{label}")))
}

/// `ec2 environment=production`
fn tag(value: &Value) -> Option<String> {
    let part = |name| fields::text(value, &[name]);
    let key = part("key")?;
    let source = part("source").map(|source| format!("{source} ")).unwrap_or_default();
    Some(part("value").map_or(format!("{source}{key}"), |value| format!("{source}{key}={value}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read_one(rule: &Value) -> (Draft, Vec<String>) {
        let mut notes = Vec::new();
        match read(rule, &mut notes) {
            State::Rule(draft) => (*draft, notes),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn both_spellings_say_the_same() {
        let new = json!({"name": "n", "type": "Host", "severityOfAlerts": 2, "alertDescription": "d",
            "aggregateFields": ["user"], "filter": "command = 'sudo'", "window": 86400, "threshold": 5,
            "suppressions": ["user = 'a'"], "enabled": false});
        let old = json!({"name": "n", "type": "all", "severity": "2", "description": "d",
            "aggregate_fields": ["user"], "filter": "command = 'sudo'", "window_seconds": "86400", "threshold": "5",
            "exclusions": [{"filter": "user = 'a'"}], "enabled": false});
        let snake = json!({"name": "n", "rule_type": "HOST", "severity_of_alerts": 2, "alert_description": "d",
            "aggregate_fields": "user", "filter": "command = 'sudo'", "window": "86400", "threshold": 5,
            "suppressions": [{"filter": "user = 'a'"}], "enabled": false});
        let ((new, notes), (old, _), (snake, _)) = (read_one(&new), read_one(&old), read_one(&snake));
        assert_eq!((&new, &new), (&old, &snake));
        assert_eq!((new.severity, new.window, new.threshold, new.enabled), (2, Some(86_400), 5, false));
        assert_eq!((new.suppressions.len(), notes.len()), (1, 0));
    }

    #[test]
    fn a_cloudtrail_rule_sees_cloudtrail_events_alone() {
        let rule =
            |filter: &str| json!({"name": "n", "type": "cloudTrail", "severity": 1, "filter": filter, "window": 3600});
        let shown = |filter| read_one(&rule(filter)).0.filter.to_string();
        assert_eq!(shown("a = 1 or b = 2"), r#"event_type = "cloudtrail" and (a = 1 or b = 2)"#);
        assert_eq!(shown("event_type = 'cloudtrail' and a = 1"), r#"event_type = "cloudtrail" and a = 1"#);
    }

    #[test]
    fn what_cannot_be_read_has_its_place() {
        let rule = json!({"name": "n", "severity": 1, "filter": "user = 'x' AND arguments starts_with AND exe = 'y'"});
        let State::Not(why) = read(&rule, &mut Vec::new()) else { panic!("it was read") };
        assert!(why.contains("column 26") && why.contains("`starts_with` has no value"), "{why}");
        let rule =
            json!({"name": "n", "severity": 1, "window": 3600, "filter": "a = 1", "suppressions": ["b ==", "c = 1"]});
        let (draft, notes) = read_one(&rule);
        assert_eq!(draft.suppressions.len(), 1);
        assert!(notes[0].contains("left out") && draft.left_out[0].contains("It was: b =="), "{notes:?}");
    }
}
