//! Counting: correlations of type `event_count` and `value_count` as windows and thresholds, and the old way of counting
//! in a condition.

use super::document::{Correlation, text, texts};
use super::yaml::Node;
use crate::import::draft::Draft;
use oxpecker_engine::rule::{LARGEST_REMEMBERED, duration};

/// The window of the old way of counting where it names none.
const USUAL_WINDOW: u64 = 3_600;

/// What is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Counting {
    pub(super) group_by: Vec<String>,
    /// The field whose values count; none where events do.
    pub(super) field: Option<String>,
    pub(super) seconds: u64,
    pub(super) threshold: u64,
    pub(super) notes: Vec<String>,
}

/// What a correlation counts, or why it cannot be carried over.
pub(super) fn counting(correlation: &Correlation) -> Result<Counting, String> {
    let body = &correlation.body;
    let field = body.get("condition").and_then(|condition| text(condition, "field"));
    let field = match (correlation.kind.as_str(), field) {
        ("event_count", _) => None,
        ("value_count", Some(field)) => Some(field),
        ("value_count", None) => return Err("a value_count without `condition.field` counts nothing".to_owned()),
        ("", _) => return Err("the correlation has no type".to_owned()),
        (other, _) => {
            return Err(format!(
                "a correlation of type {other} is about several events in relation; rules here count events"
            ));
        }
    };
    let mut notes = Vec::new();
    let threshold = threshold(body, &mut notes)?;
    let timespan =
        text(body, "timespan").or_else(|| text(body, "timeframe")).ok_or("the correlation has no timespan")?;
    let seconds = duration::parse(&timespan).ok_or_else(|| format!("`{timespan}` is no timespan"))?;
    let group_by = texts(body, "group-by");
    let group_by = group_by.into_iter().map(|field| aliased(field, body)).collect::<Result<_, _>>()?;
    Ok(Counting { group_by, field, seconds, threshold, notes })
}

/// How many make an alert.
fn threshold(body: &Node, notes: &mut Vec<String>) -> Result<u64, String> {
    let condition = body.get("condition").ok_or("the correlation has no condition")?;
    let number = |name: &str| -> Result<Option<u64>, String> {
        let Some(value) = text(condition, name) else { return Ok(None) };
        value.parse().map(Some).map_err(|_| format!("`{name}: {value}` is no whole number"))
    };
    let (gte, gt, eq) = (number("gte")?, number("gt")?, number("eq")?);
    let upper = number("lt")?.is_some() || number("lte")?.is_some();
    let threshold = gte.or(gt.map(|gt| gt.saturating_add(1))).or(eq);
    let Some(threshold) = threshold else {
        return Err("its condition is about too few events; an alert here needs events that are there".to_owned());
    };
    if upper {
        notes.push("its upper bound is left out: an alert has fired before it could be passed".to_owned());
    }
    if gte.is_none() && gt.is_none() {
        notes.push(format!("it fires at the event with which there are {threshold}; more do not take that back"));
    }
    if threshold == 0 {
        return Err("a count of 0 is always reached".to_owned());
    }
    Ok(threshold)
}

/// The field that an alias stands for; it must be the same in every rule.
fn aliased(field: String, body: &Node) -> Result<String, String> {
    let Some(Node::Map(rules)) = body.get("aliases").and_then(|aliases| aliases.get(&field)) else { return Ok(field) };
    let mut fields = rules.iter().filter_map(|(_, value)| value.scalar());
    let first = fields.next().unwrap_or(&field).to_owned();
    if fields.any(|other| other != first) {
        return Err(format!("the alias `{field}` is another field in each rule; `aggregate` takes one key for all"));
    }
    Ok(first)
}

/// Puts the counting into a draft; `name` gives a field's key.
pub(super) fn count(draft: &mut Draft, counting: &Counting, name: impl Fn(&str) -> String, notes: &mut Vec<String>) {
    draft.aggregate = counting.group_by.iter().map(|field| name(field)).collect();
    draft.window = Some(counting.seconds);
    draft.threshold = counting.threshold;
    draft.distinct = counting.field.as_deref().map(name);
    draft.sliding = counting.threshold <= LARGEST_REMEMBERED;
    notes.extend(counting.notes.iter().cloned());
    if !draft.sliding {
        notes.push(format!("more than {LARGEST_REMEMBERED} are counted in windows that do not slide"));
    }
    let shown: Vec<String> = draft.aggregate.iter().map(|key| format!("{{{{{key}}}}}")).collect();
    let titled = !shown.is_empty() && !draft.name.contains("{{");
    draft.title = titled.then(|| format!("{}: {}", draft.name, shown.join(", ")));
}

/// `count() by field > 5`, `count(field) > 5` with the detection's `timeframe`.
pub(super) fn aggregation(text: &str, timeframe: Option<String>) -> Result<Counting, String> {
    let refused = || format!("`| {text}` is not carried over: of the old conditions only `count` is");
    let rest = text.trim().strip_prefix("count").ok_or_else(refused)?.trim_start();
    let (field, rest) = rest.strip_prefix('(').and_then(|rest| rest.split_once(')')).ok_or_else(refused)?;
    let mut words = rest.trim().rsplitn(3, char::is_whitespace);
    let (number, operator) = (words.next().unwrap_or_default(), words.next().ok_or_else(refused)?);
    let group_by = words.next().unwrap_or_default().trim();
    let group_by = if group_by.is_empty() { "" } else { group_by.strip_prefix("by ").ok_or_else(refused)? };
    let number: u64 = number.trim().parse().map_err(|_| refused())?;
    let threshold = match operator {
        ">" => number.saturating_add(1),
        ">=" if number > 0 => number,
        _ => return Err(refused()),
    };
    let mut notes = Vec::new();
    let seconds = match timeframe {
        Some(timeframe) => duration::parse(&timeframe).ok_or_else(|| format!("`{timeframe}` is no timeframe"))?,
        None => {
            notes.push("it has no timeframe: one hour".to_owned());
            USUAL_WINDOW
        }
    };
    let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let group_by = group_by.split(',').filter_map(some).collect();
    Ok(Counting { group_by, field: some(field), seconds, threshold, notes })
}

#[cfg(test)]
mod tests {
    use super::super::document::Document;
    use super::super::yaml;
    use super::*;

    fn read(body: &str) -> Result<Counting, String> {
        let source = format!("title: x\ncorrelation:\n{body}");
        let (documents, broken) = yaml::read(&source);
        assert_eq!(broken, None);
        let Document::Correlation(correlation) = Document::of(&documents[0].root) else { panic!("{body}") };
        counting(&correlation)
    }

    #[test]
    fn counts_become_thresholds() {
        let body = "  type: event_count\n  rules: a\n  group-by: [u]\n  timespan: 90m\n  condition: {gte: 10}\n";
        let found = read(body).unwrap();
        assert_eq!((found.seconds, found.threshold, found.field, found.group_by), (5_400, 10, None, vec!["u".into()]));
        let more = read(&body.replace("gte", "gt")).unwrap();
        assert_eq!((more.threshold, more.notes.len()), (11, 0));
        let range = read(&body.replace("{gte: 10}", "{gt: 10, lte: 20}")).unwrap();
        assert_eq!((range.threshold, range.notes.len()), (11, 1));
        let values = body.replace("event_count", "value_count").replace("{gte: 10}", "{field: ip, gte: 3}");
        assert_eq!(read(&values).unwrap().field.as_deref(), Some("ip"));
    }

    #[test]
    fn what_does_not_count_has_a_reason() {
        let body = "  type: event_count\n  rules: a\n  timespan: 1h\n  condition: {gte: 10}\n";
        let why = |from: &str, to: &str| read(&body.replace(from, to)).unwrap_err();
        assert!(why("event_count", "temporal_ordered").contains("temporal_ordered"));
        assert!(why("{gte: 10}", "{lt: 3}").contains("too few"));
        assert!(why("{gte: 10}", "{gte: many}").contains("whole number"));
        assert!(why("event_count", "value_count").contains("condition.field"));
        assert!(why("1h", "soon").contains("timespan"));
    }

    #[test]
    fn the_old_way_of_counting_is_read() {
        let found = aggregation("count() by src, user > 5", Some("5m".into())).unwrap();
        assert_eq!((found.group_by.len(), found.threshold, found.seconds), (2, 6, 300));
        assert_eq!(aggregation("count(user) >= 3", None).unwrap().field.as_deref(), Some("user"));
        for refused in ["near a and b", "count() < 3", "sum(x) > 3", "count() by x > y"] {
            assert!(aggregation(refused, None).is_err(), "{refused}");
        }
    }
}
