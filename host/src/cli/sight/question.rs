//! What is asked of a corpus about a rule, as filters.

use oxpecker_engine::language::expr::{Key, Literal, Predicate, Step, Test, Value};
use oxpecker_engine::language::{self, Expr, Limits};
use oxpecker_engine::rule::Rule;
use std::collections::{HashMap, HashSet};

/// Questions about all rules, each asked once.
#[derive(Default)]
pub(super) struct Questions {
    filters: Vec<String>,
    known: HashMap<String, usize>,
}

/// What was asked about one rule: its conditions in the order in which they narrow the events.
pub(super) struct Conditions {
    pub(super) steps: Vec<Condition>,
}

/// One condition of a rule. All must hold for it to match.
pub(super) struct Condition {
    pub(super) kind: Kind,
    /// The condition in the canonical form.
    pub(super) text: String,
    /// Events that meet this condition and all before it.
    pub(super) met: usize,
    /// Of the events that meet all before it, those that have the key: for each key that the condition asks for.
    pub(super) keys: Vec<(String, usize)>,
    /// For a condition on the name of an event: of the events that meet all before it, those that only read, and those
    /// about data.
    pub(super) reading: usize,
    pub(super) data: usize,
    /// The names, services or types that would meet it.
    pub(super) values: Vec<String>,
}

/// What a condition is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Type,
    Service,
    Name,
    Other,
}

/// What only reads; older trails do not say so, but the names do.
const READING: &str = r#"(readOnly = true or eventName starts_with "Get" or eventName starts_with "List" or eventName starts_with "Describe" or eventName starts_with "Head")"#;

/// What CloudTrail logs only where a trail asks for data events.
pub(super) const DATA_EVENTS: [(&str, &[&str]); 5] = [
    (
        "s3.amazonaws.com",
        &[
            "AbortMultipartUpload",
            "CompleteMultipartUpload",
            "CopyObject",
            "CreateMultipartUpload",
            "DeleteObject",
            "DeleteObjects",
            "DeleteObjectTagging",
            "GetObject",
            "GetObjectAcl",
            "GetObjectAttributes",
            "GetObjectTagging",
            "GetObjectTorrent",
            "HeadObject",
            "ListObjects",
            "ListObjectVersions",
            "ListParts",
            "PutObject",
            "PutObjectAcl",
            "PutObjectTagging",
            "RestoreObject",
            "SelectObjectContent",
            "UploadPart",
            "UploadPartCopy",
        ],
    ),
    ("lambda.amazonaws.com", &["Invoke"]),
    (
        "dynamodb.amazonaws.com",
        &[
            "BatchExecuteStatement",
            "BatchGetItem",
            "BatchWriteItem",
            "DeleteItem",
            "ExecuteStatement",
            "ExecuteTransaction",
            "GetItem",
            "PutItem",
            "Query",
            "Scan",
            "TransactGetItems",
            "TransactWriteItems",
            "UpdateItem",
        ],
    ),
    (
        "ebs.amazonaws.com",
        &[
            "CompleteSnapshot",
            "GetSnapshotBlock",
            "ListChangedBlocks",
            "ListSnapshotBlocks",
            "PutSnapshotBlock",
            "StartSnapshot",
        ],
    ),
    ("sqs.amazonaws.com", &["DeleteMessage", "ReceiveMessage", "SendMessage"]),
];

/// What happens to data, and not to what holds it; older trails do not say so, but the names do.
fn data() -> String {
    let names = DATA_EVENTS.iter().flat_map(|(_, names)| *names).map(|name| format!("{name:?}"));
    let names = names.collect::<Vec<_>>().join(", ");
    format!("(managementEvent = false or eventCategory = \"Data\" or eventName in ({names}))")
}

impl Questions {
    /// Asks about a rule.
    pub(super) fn about(&mut self, rule: &Rule) -> Conditions {
        let mut parts = Vec::new();
        flatten(&rule.filter, &mut parts);
        parts.sort_by_key(|part| kind(part));
        let mut before: Vec<&Expr> = Vec::new();
        let mut steps = Vec::new();
        for part in parts {
            let keys = part.predicates();
            let mut seen = HashSet::new();
            let keys =
                keys.iter().map(|predicate| predicate.operand.key.to_string()).filter(|key| seen.insert(key.clone()));
            let keys = keys.map(|key| (format!("{key} exists"), key)).collect::<Vec<_>>();
            let keys = keys.into_iter().map(|(filter, key)| (key, self.ask(&before, Some(&filter)))).collect();
            let reading = self.ask(&before, Some(READING));
            let data = self.ask(&before, Some(&data()));
            before.push(part);
            let met = self.ask(&before, None);
            steps.push(Condition {
                kind: kind(part),
                text: part.to_string(),
                met,
                keys,
                reading,
                data,
                values: values(part),
            });
        }
        Conditions { steps }
    }

    /// The filters, in the order of their numbers.
    pub(super) fn filters(self) -> Vec<String> {
        self.filters
    }

    /// The number of the question which events meet some conditions, and one more.
    fn ask(&mut self, conditions: &[&Expr], more: Option<&str>) -> usize {
        let conditions = conditions.iter().map(|condition| format!("({condition})"));
        let text: Vec<String> = conditions.chain(more.map(str::to_owned)).collect();
        let text = text.join(" and ");
        // What is longer than a filter may be is asked of no event; the question that cannot be put matches nothing.
        let sound = language::parse(&text, &Limits::default()).expr.is_some();
        let text = if sound { text } else { "event_type = null and event_type != null".to_owned() };
        let filters = &mut self.filters;
        *self.known.entry(text).or_insert_with_key(|text| {
            filters.push(text.clone());
            filters.len() - 1
        })
    }
}

/// The parts of a filter that must all hold.
fn flatten<'e>(expr: &'e Expr, parts: &mut Vec<&'e Expr>) {
    match expr {
        Expr::And(inner) => inner.iter().for_each(|part| flatten(part, parts)),
        other => parts.push(other),
    }
}

fn kind(part: &Expr) -> Kind {
    let name = |key: &Key| match key.steps.as_slice() {
        [Step::Name(name)] => Some(name.clone()),
        _ => None,
    };
    let predicates = part.predicates();
    let all = |wanted: &str| {
        predicates.iter().all(|asked| name(&asked.operand.key).as_deref() == Some(wanted) && is_positive(asked))
    };
    match part {
        Expr::Not(_) => Kind::Other,
        _ if all("event_type") => Kind::Type,
        _ if all("eventSource") => Kind::Service,
        _ if all("eventName") => Kind::Name,
        _ => Kind::Other,
    }
}

fn is_positive(asked: &Predicate) -> bool {
    !asked.negated && matches!(asked.test, Test::Equals(_) | Test::In(_) | Test::Text(..))
}

fn values(part: &Expr) -> Vec<String> {
    let text = |literal: &Literal| match &literal.value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    };
    part.predicates().into_iter().flat_map(Predicate::literals).filter_map(text).collect()
}
