//! A rule file's text to rules, with every problem of the file in one reading.

mod counting;
mod suppressions;
mod texts;
mod trials;

use super::fields::{Fields, as_text, bad, wrong_type};
use super::list;
use super::overlay::Tune;
use super::yaml::{self, Kind, Node};
use super::{Limits, ListValues, Rule, RuleKind, RuleTest, Status, TagTypes, Tunable};
use crate::json::{self, Json};
use crate::language;
use crate::language::expr::Key;
use crate::lists::is_name;
use crate::problem::{Diagnostic, Problem, Sink};
use crate::span::Span;
use std::collections::BTreeMap;

/// What one rule file holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Document {
    /// The name of the set that its rules belong to.
    pub ruleset: Option<String>,
    /// What the set is for.
    pub description: Option<String>,
    /// Lists that its filters use.
    pub lists: ListValues,
    /// The types of events by the tags of a log shipper.
    pub event_types: TagTypes,
    /// Keys whose values no alert of the set shows.
    pub redact: Vec<Key>,
    /// Where those keys stand.
    pub redact_span: Span,
    /// The rules that could be read.
    pub rules: Vec<Rule>,
    /// The ids of the others, where they have one.
    pub unread: Vec<String>,
    /// Changes to rules, of this file and of others.
    pub tune: Vec<Tune>,
    /// Errors and warnings in the order of their places.
    pub problems: Vec<Diagnostic>,
}

const FILE_FIELDS: [&str; 7] = ["ruleset", "description", "event_types", "lists", "redact", "rules", "tune"];
const RULE_FIELDS: [&str; 18] = [
    "id",
    "name",
    "title",
    "type",
    "severity",
    "description",
    "filter",
    "aggregate",
    "window",
    "threshold",
    "suppressions",
    "enabled",
    "status",
    "tags",
    "classifiers",
    "references",
    "benign",
    "tests",
];
const ORIGIN_ID: &str = "origin_id";

/// Reads a rule file. `lists` are names of lists from elsewhere that its filters may use.
#[must_use]
pub fn read(bytes: &[u8], lists: &[&str], limits: &Limits) -> Document {
    let failed = |span, problem| Document { problems: vec![Diagnostic::new(span, problem)], ..Document::default() };
    if bytes.len() > limits.file {
        return failed(Span::at(0), Problem::FileTooLarge { length: bytes.len(), limit: limits.file });
    }
    let source = match std::str::from_utf8(bytes) {
        Ok(source) => source,
        Err(error) => return failed(Span::at(0), Problem::FileNotText { offset: error.valid_up_to() }),
    };
    let node = match yaml::read(source) {
        read if holds_events(source, read.as_ref()) => return failed(Span::at(0), Problem::EventsNotRules),
        Ok(Some(node)) if node.kind != Kind::Null => node,
        Ok(_) => return failed(Span::at(0), Problem::NoRules),
        Err(diagnostic) => return Document { problems: vec![diagnostic], ..Document::default() },
    };
    let mut reader = Reader { source, limits, lists: Vec::new(), unread: Vec::new(), sink: Sink::new() };
    let mut document = reader.document(&node, lists);
    document.unread = reader.unread;
    document.problems = reader.sink;
    document.problems.sort_by_key(|diagnostic| (diagnostic.span.start, diagnostic.span.end));
    document
}

/// Whether the file is JSON in which nothing is said that a rule file says. Lines of JSON are no YAML, so the first one is
/// looked at.
fn holds_events(source: &str, read: Result<&Option<Node>, &Diagnostic>) -> bool {
    let text = source.trim_start_matches('\u{feff}').trim_start();
    let foreign = |name: Option<&str>| name.is_none_or(|name| !FILE_FIELDS.contains(&name));
    let (first, is_json) = (text.lines().next().unwrap_or_default(), text.starts_with(['{', '[']));
    match read.map(|node| node.as_ref().map(|node| &node.kind)) {
        Ok(Some(Kind::List(items))) => is_json && !items.is_empty(),
        Ok(Some(Kind::Map(members))) => {
            is_json && !members.is_empty() && members.iter().all(|(name, _)| foreign(name.scalar()))
        }
        Ok(_) => false,
        Err(_) => match &Json::parse(first.as_bytes(), &json::Limits::default()) {
            Ok(Json::Object(members)) => !members.is_empty() && members.iter().all(|(name, _)| foreign(Some(name))),
            _ => false,
        },
    }
}

pub(super) struct Reader<'s> {
    pub(super) source: &'s str,
    limits: &'s Limits,
    /// The names of all lists that filters may use.
    lists: Vec<String>,
    /// The ids of rules that could not be read.
    unread: Vec<String>,
    pub(super) sink: Sink,
}

impl Reader<'_> {
    fn document(&mut self, node: &Node, lists: &[&str]) -> Document {
        let mut document = Document::default();
        let Some(fields) = Fields::open(node, "the file", &FILE_FIELDS, self.source, &mut self.sink) else {
            return document;
        };
        document.ruleset = fields.text("ruleset", &mut self.sink).map(str::to_owned);
        document.description = fields.text("description", &mut self.sink).map(str::to_owned);
        document.event_types = fields.get("event_types").map(|node| self.event_types(node)).unwrap_or_default();
        document.lists = fields.get("lists").map(|node| self.lists(node)).unwrap_or_default();
        self.lists =
            document.lists.keys().map(String::as_str).chain(lists.iter().copied()).map(str::to_owned).collect();
        document.redact = self.redact(&fields);
        document.redact_span = fields.get("redact").map(|node| node.span).unwrap_or_default();
        let before = self.sink.len();
        let rules = fields.mappings("rules", &mut self.sink);
        let tune = fields.mappings("tune", &mut self.sink);
        let told = self.sink.len() > before;
        if rules.is_empty() && tune.is_empty() && !told && fields.get("event_types").is_none() {
            self.sink.push(Diagnostic::new(Span::at(node.span.start), Problem::NoRules));
        }
        document.rules = rules.iter().filter_map(|rule| self.rule(rule)).collect();
        document.tune = tune.iter().filter_map(|tune| self.tune(tune)).collect();
        document
    }

    /// A key that no event has would keep nothing back, so it is checked as one in a filter is.
    fn redact(&mut self, fields: &Fields<'_>) -> Vec<Key> {
        let mut keys = Vec::new();
        for node in fields.list("redact", &mut self.sink) {
            let Some(key) = self.key(node, "redact") else { continue };
            let parsed =
                language::parse(&format!("{}\nexists", node.scalar().unwrap_or_default()), &self.limits.filter);
            let mut problems = parsed.problems;
            parsed.expr.iter().for_each(|expr| language::check(expr, &[], &mut problems));
            self.relocate(node, problems);
            keys.push(key);
        }
        keys
    }

    /// `event_types: {"kube.audit.*": kubernetes}`
    fn event_types(&mut self, node: &Node) -> TagTypes {
        let mut types = TagTypes::default();
        let Kind::Map(members) = &node.kind else {
            wrong_type(node, "event_types", "a mapping of tags to event types", &mut self.sink);
            return types;
        };
        for (pattern, event_type) in members {
            let text = pattern.scalar().unwrap_or_default();
            let Some(name) = as_text(event_type, "event_types", &mut self.sink) else { continue };
            if !TagTypes::is_pattern(text) {
                let wanted = "tags without blanks, up to 256 bytes, in which * stands for anything";
                self.sink.push(bad(pattern, "event_types", text, wanted));
            } else if name.trim().is_empty() {
                self.sink.push(bad(event_type, "event_types", name, "a type such as cloudtrail or kubernetes"));
            } else {
                types.push(text, name);
            }
        }
        types
    }

    fn lists(&mut self, node: &Node) -> ListValues {
        let Kind::Map(members) = &node.kind else {
            wrong_type(node, "lists", "a mapping of names to lists", &mut self.sink);
            return ListValues::new();
        };
        let mut lists = ListValues::new();
        for (name, values) in members {
            let name_text = name.scalar().unwrap_or_default();
            if !is_name(name_text) {
                self.sink.push(bad(name, "lists", name_text, "names of letters, digits and _ - : / @ $"));
                continue;
            }
            lists.insert(name_text.to_owned(), list::inline(values, name_text, self.source, &mut self.sink));
        }
        lists
    }

    fn rule(&mut self, node: &Node) -> Option<Rule> {
        let rule = self.whole_rule(node);
        if let (None, Kind::Map(members)) = (&rule, &node.kind) {
            let id = members.iter().find(|(name, _)| name.scalar() == Some("id"));
            self.unread.extend(id.and_then(|(_, value)| value.scalar()).map(str::to_owned));
        }
        rule
    }

    fn whole_rule(&mut self, node: &Node) -> Option<Rule> {
        let known: Vec<&str> = RULE_FIELDS.iter().copied().chain([ORIGIN_ID]).collect();
        let mut fields = Fields::open(node, "the rule", &known, self.source, &mut self.sink)?;
        if let Some(id) = fields.get("id").and_then(Node::scalar) {
            fields.call(format!("the rule `{id}`"));
        }
        // Everything is read before anything is given up, so that all problems are found.
        let id = self.id(&fields);
        let name = fields.require_text("name", &mut self.sink);
        let title = self.title(&fields);
        let kind = self.kind(&fields);
        let severity = self.severity(&fields);
        let description = fields.require_text("description", &mut self.sink);
        let filter = fields.require("filter", &mut self.sink).and_then(|node| self.filter(node));
        let aggregate = self.aggregate(&fields);
        let window = self.window(&fields);
        let threshold = self.threshold(&fields);
        self.sliding_threshold(&fields, window, threshold.as_ref());
        let status = self.status(&fields);
        let suppressions = self.suppressions(&fields);
        let tests: Vec<RuleTest> =
            fields.mappings("tests", &mut self.sink).iter().filter_map(|item| self.test(item)).collect();
        let labels = |name: &str, sink: &mut Sink| fields.texts(name, sink);
        let mut rule = Rule {
            tags: labels("tags", &mut self.sink),
            classifiers: labels("classifiers", &mut self.sink),
            references: labels("references", &mut self.sink),
            benign: labels("benign", &mut self.sink),
            enabled: fields.flag("enabled", &mut self.sink).unwrap_or(true),
            status: status.unwrap_or_default(),
            written: written(&fields),
            origin_id: fields.text(ORIGIN_ID, &mut self.sink).map(str::to_owned),
            id: id?,
            name: name?.to_owned(),
            title: title?,
            kind: kind?,
            severity: severity?,
            description: description?.trim().to_owned(),
            filter: filter?,
            aggregate: aggregate?,
            window: window?.0,
            sliding: window?.1,
            threshold: threshold.as_ref()?.0,
            distinct: threshold.and_then(|(_, key)| key),
            suppressions: suppressions?,
            tests,
            span: node.span,
            version: String::new(),
        };
        rule.version = super::set::version(&rule);
        self.title_keys(&fields, &rule);
        Some(rule)
    }

    fn id(&mut self, fields: &Fields<'_>) -> Option<String> {
        let node = fields.require("id", &mut self.sink)?;
        let id = as_text(node, "id", &mut self.sink)?;
        let slug = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
        if id.len() <= 128 && id.starts_with(|c: char| c.is_ascii_alphanumeric()) && id.chars().all(slug) {
            return Some(id.to_owned());
        }
        self.sink.push(bad(node, "id", id, "up to 128 lower-case letters, digits, `-`, `_` and `.`"));
        None
    }

    fn kind(&mut self, fields: &Fields<'_>) -> Option<RuleKind> {
        fields.require("type", &mut self.sink)?;
        let choices = RuleKind::ALL.map(|kind| (kind.as_str(), kind));
        fields.choice("type", &choices, &mut self.sink)
    }

    pub(super) fn status(&mut self, fields: &Fields<'_>) -> Option<Status> {
        let choices = Status::ALL.map(|status| (status.as_str(), status));
        fields.choice("status", &choices, &mut self.sink)
    }

    pub(super) fn severity(&mut self, fields: &Fields<'_>) -> Option<u8> {
        let node = fields.require("severity", &mut self.sink)?;
        match as_text(node, "severity", &mut self.sink)? {
            "1" => Some(1),
            "2" => Some(2),
            "3" => Some(3),
            other => {
                self.sink.push(bad(node, "severity", other, "1 (wake someone), 2 or 3 (audit)"));
                None
            }
        }
    }
}

/// Where the fields stand that an overlay may change.
pub(super) fn written(fields: &Fields<'_>) -> BTreeMap<Tunable, Span> {
    let span = |field: Tunable| match fields.get(field.as_str()) {
        None if field == Tunable::Title => fields.get("name"),
        found => found,
    };
    Tunable::ALL.into_iter().filter_map(|field| Some((field, span(field)?.span))).collect()
}
