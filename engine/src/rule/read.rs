//! A rule file's text to rules, with every problem of the file in one reading.

use super::fields::{Fields, as_text, bad, wrong_type};
use super::list;
use super::overlay::Tune;
use super::template::{self, Template};
use super::yaml::{self, Kind, Node};
use super::{
    Expectation, LARGEST_REMEMBERED, Limits, ListValues, Rule, RuleKind, RuleTest, Status, Suppression, TagTypes,
    Tunable, duration, lint,
};
use crate::json::Json;
use crate::language::expr::Key;
use crate::language::{self, Expr};
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
const SUPPRESSION_FIELDS: [&str; 4] = ["filter", "reason", "owner", "expires"];
const TEST_FIELDS: [&str; 5] = ["name", "event", "events", "expect", "title"];

/// The largest threshold: what counts events needs to remember none of them.
const LARGEST_THRESHOLD: u64 = 1_000_000_000;

/// The window of a rule that names none: the original's default.
const DEFAULT_WINDOW: u64 = 3_600;

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
        Ok(Some(node)) => node,
        Ok(None) => return failed(Span::at(0), Problem::NoRules),
        Err(diagnostic) => return Document { problems: vec![diagnostic], ..Document::default() },
    };
    let mut reader = Reader { source, limits, lists: Vec::new(), unread: Vec::new(), sink: Sink::new() };
    let mut document = reader.document(&node, lists);
    document.unread = reader.unread;
    document.problems = reader.sink;
    document.problems.sort_by_key(|diagnostic| (diagnostic.span.start, diagnostic.span.end));
    document
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
        let others = ["tune", "event_types"].iter().any(|name| fields.get(name).is_some());
        if !others && fields.require("rules", &mut self.sink).is_none() {
            return document;
        }
        let rules = fields.mappings("rules", &mut self.sink);
        let tune = fields.mappings("tune", &mut self.sink);
        if rules.is_empty() && tune.is_empty() && fields.get("event_types").is_none() {
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

    /// `window: 1h`, or `window: {sliding: 1h}`: the length in seconds and whether it slides.
    pub(super) fn window(&mut self, fields: &Fields<'_>) -> Option<(u64, bool)> {
        let Some(node) = fields.get("window") else { return Some((DEFAULT_WINDOW, false)) };
        let (node, sliding) = match &node.kind {
            Kind::Map(_) => {
                let fields = Fields::open(node, "the window", &["sliding"], self.source, &mut self.sink)?;
                (fields.require("sliding", &mut self.sink)?, true)
            }
            _ => (node, false),
        };
        let text = as_text(node, "window", &mut self.sink)?;
        let seconds = duration::parse(text);
        if seconds.is_none() {
            let diagnostic = bad(node, "window", text, "a duration such as 90s, 15m, 1h or 7d");
            self.sink.push(match duration::meant(text) {
                Some(fix) => diagnostic.with_fix(fix),
                None => diagnostic,
            });
        }
        Some((seconds?, sliding))
    }

    /// `threshold: 5`, or `threshold: {count: 5, distinct: key}`.
    pub(super) fn threshold(&mut self, fields: &Fields<'_>) -> Option<(u64, Option<Key>)> {
        let Some(node) = fields.get("threshold") else { return Some((1, None)) };
        let Kind::Map(_) = &node.kind else { return Some((self.count(node, LARGEST_THRESHOLD)?, None)) };
        let fields = Fields::open(node, "the threshold", &["count", "distinct"], self.source, &mut self.sink)?;
        let distinct = fields.require("distinct", &mut self.sink);
        let key = distinct.and_then(|node| self.key(node, "distinct"));
        let count = fields.require("count", &mut self.sink)?;
        Some((self.count(count, LARGEST_REMEMBERED)?, Some(key?)))
    }

    /// A sliding window remembers the time of each event up to the threshold.
    fn sliding_threshold(
        &mut self,
        fields: &Fields<'_>,
        window: Option<(u64, bool)>,
        threshold: Option<&(u64, Option<Key>)>,
    ) {
        if let (Some((_, true)), Some((count, _)), Some(node)) = (window, threshold, fields.get("threshold"))
            && *count > LARGEST_REMEMBERED
        {
            let wanted = format!("at most {LARGEST_REMEMBERED} where the window slides");
            self.sink.push(bad(node, "threshold", &count.to_string(), &wanted));
        }
    }

    fn count(&mut self, node: &Node, largest: u64) -> Option<u64> {
        let text = as_text(node, "threshold", &mut self.sink)?;
        let count = text.parse::<u64>().ok().filter(|count| (1..=largest).contains(count));
        if count.is_none() {
            self.sink.push(bad(node, "threshold", text, &format!("a whole number from 1 to {largest}")));
        }
        count
    }

    fn aggregate(&mut self, fields: &Fields<'_>) -> Option<Vec<Key>> {
        let items = fields.list("aggregate", &mut self.sink);
        items.iter().map(|node| self.key(node, "aggregate")).collect()
    }

    fn key(&mut self, node: &Node, field: &str) -> Option<Key> {
        let text = as_text(node, field, &mut self.sink)?;
        let Some(key) = template::key(text) else {
            self.sink.push(bad(node, field, text, "keys such as user or requestParameters.name"));
            return None;
        };
        self.unknown_key(node, &key);
        Some(key)
    }

    /// A key that nobody knows, beside the filter: what is grouped, counted or shown by it is missing in every event.
    fn unknown_key(&mut self, node: &Node, key: &Key) {
        let unknown = language::unknown_key(key);
        self.sink.extend(unknown.map(|unknown| Diagnostic::new(node.span, unknown.problem)));
    }

    pub(super) fn title(&mut self, fields: &Fields<'_>) -> Option<Template> {
        let node = match fields.get("title") {
            Some(node) => node,
            // The rule's name serves where there is no title.
            None => fields.get("name")?,
        };
        let text = as_text(node, "title", &mut self.sink)?;
        let mut found = Sink::new();
        let template = template::parse(text, &mut found);
        self.lookups(&template, &mut found);
        let sound = found.is_empty();
        self.relocate(node, found);
        template.keys().for_each(|key| self.unknown_key(node, key));
        sound.then_some(template)
    }

    /// Lists that a title looks up and nobody declares.
    fn lookups(&self, title: &Template, found: &mut Sink) {
        for lookup in title.lookups().filter(|lookup| !self.lists.contains(&lookup.list)) {
            found.push(language::unknown_list(lookup.list_span, &lookup.list, self.lists.iter().map(String::as_str)));
        }
    }

    /// A title that shows what may differ between the events of one alert.
    fn title_keys(&mut self, fields: &Fields<'_>, rule: &Rule) {
        let steps = |key: &Key| key.steps.clone();
        let grouped: Vec<_> = rule.aggregate.iter().map(steps).collect();
        let Some(node) = fields.get("title") else { return };
        for key in rule.title.keys().filter(|key| !grouped.contains(&steps(key))) {
            let problem = Problem::TitleNotAggregated { key: key.to_string() };
            self.sink.push(Diagnostic::new(node.span, problem));
        }
    }

    fn filter(&mut self, node: &Node) -> Option<Expr> {
        let text = as_text(node, "filter", &mut self.sink)?;
        let parsed = language::parse(text, &self.limits.filter);
        let mut problems = parsed.problems;
        if let Some(expr) = &parsed.expr {
            let lists: Vec<&str> = self.lists.iter().map(String::as_str).collect();
            language::check(expr, &lists, &mut problems);
        }
        let failed = problems.iter().any(Diagnostic::is_error);
        self.relocate(node, problems);
        parsed.expr.filter(|_| !failed)
    }

    /// Problems of a text inside the file, moved to where they stand in the file.
    fn relocate(&mut self, node: &Node, problems: Sink) {
        if problems.is_empty() {
            return;
        }
        let places = yaml::places(self.source, node);
        let place = |offset: usize| places.get(offset).or(places.last()).copied().unwrap_or(node.span.start);
        for mut diagnostic in problems {
            let Span { start, end } = diagnostic.span;
            // The end is found from the last byte inside, so that it does not slip over a line end.
            let end = if end > start { place(end - 1) + 1 } else { place(start) };
            diagnostic.span = self.whole_characters(Span::new(place(start), end));
            diagnostic.fix = diagnostic.fix.map(|fix| yaml::inside(node, fix));
            self.sink.push(diagnostic);
        }
    }

    fn whole_characters(&self, span: Span) -> Span {
        // The line feed that ends a block's text has no byte in a file that ends without one.
        let length = self.source.len();
        let mut span = Span::new(span.start.min(length), span.end.min(length));
        while !self.source.is_char_boundary(span.start) {
            span.start -= 1;
        }
        while !self.source.is_char_boundary(span.end) {
            span.end += 1;
        }
        span
    }

    pub(super) fn suppressions(&mut self, fields: &Fields<'_>) -> Option<Vec<Suppression>> {
        let items = fields.list("suppressions", &mut self.sink);
        // Each is read before any is given up.
        let all: Vec<Option<Suppression>> = items.iter().map(|item| self.suppression(item)).collect();
        all.into_iter().collect()
    }

    /// A suppression's filter, and its place in the file.
    fn hiding(&mut self, node: &Node) -> Option<(Expr, Span)> {
        let filter = self.filter(node)?;
        let mut problems = Sink::new();
        lint::unique_keys(&filter, &mut problems);
        self.relocate(node, problems);
        let places = yaml::places(self.source, node);
        let text = node.scalar().unwrap_or_default().trim_end();
        let last = text.len().checked_sub(1).and_then(|last| places.get(last));
        let start = places.first().copied().unwrap_or(node.span.start);
        Some((filter, self.whole_characters(Span::new(start, last.map_or(start, |last| last + 1)))))
    }

    fn suppression(&mut self, node: &Node) -> Option<Suppression> {
        // A suppression may be a filter alone.
        if node.scalar().is_some() {
            let (filter, span) = self.hiding(node)?;
            return Some(Suppression { filter, reason: None, owner: None, expires: None, span, expires_span: span });
        }
        let fields = Fields::open(node, "the suppression", &SUPPRESSION_FIELDS, self.source, &mut self.sink)?;
        let filter = fields.require("filter", &mut self.sink).and_then(|node| self.hiding(node));
        let expires = match fields.get("expires") {
            None => None,
            Some(node) => Some(self.date(node)?),
        };
        let reason = fields.text("reason", &mut self.sink).map(str::to_owned);
        let owner = fields.text("owner", &mut self.sink).map(str::to_owned);
        let (filter, span) = filter?;
        let expires_span = fields.get("expires").map_or(span, |node| node.span);
        Some(Suppression { filter, reason, owner, expires, span, expires_span })
    }

    fn date(&mut self, node: &Node) -> Option<String> {
        let text = as_text(node, "expires", &mut self.sink)?;
        if is_date(text) {
            return Some(text.to_owned());
        }
        self.sink.push(bad(node, "expires", text, "a day of the calendar, written as 2027-01-31"));
        None
    }

    fn test(&mut self, node: &Node) -> Option<RuleTest> {
        let fields = Fields::open(node, "the test", &TEST_FIELDS, self.source, &mut self.sink)?;
        let name = fields.require_text("name", &mut self.sink);
        fields.require("expect", &mut self.sink);
        let choices = Expectation::ALL.map(|expect| (expect.as_str(), expect));
        let expect = fields.choice("expect", &choices, &mut self.sink);
        let title = fields.text("title", &mut self.sink).map(str::to_owned);
        let events: Vec<&Node> = match fields.get("events") {
            Some(_) => fields.mappings("events", &mut self.sink).iter().collect(),
            None => fields.require("event", &mut self.sink).into_iter().collect(),
        };
        let events: Option<Vec<String>> = events.into_iter().map(|node| self.event(node)).collect();
        let events = events.filter(|events| !events.is_empty())?;
        Some(RuleTest { name: name?.to_owned(), events, expect: expect?, title, span: node.span })
    }

    /// A test's event: a mapping, or JSON text.
    fn event(&mut self, node: &Node) -> Option<String> {
        match &node.kind {
            Kind::Map(_) => {
                let mut text = String::new();
                node.to_json().write_to(&mut text);
                Some(text)
            }
            Kind::Text(text, _) if matches!(parse_json(text), Some(Json::Object(_))) => Some(text.clone()),
            Kind::Text(text, _) => {
                self.sink.push(bad(node, "event", text, "a mapping, or the JSON text of an object"));
                None
            }
            _ => {
                wrong_type(node, "event", "a mapping, or the JSON text of an object", &mut self.sink);
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

fn parse_json(text: &str) -> Option<Json> {
    Json::parse(text.as_bytes(), &crate::json::Limits::default()).ok()
}

/// `2027-01-31`, an existing day.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return false };
    let number = |text: &str, digits: usize| {
        (text.len() == digits && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse::<u32>().ok()).flatten()
    };
    let (Some(year), Some(month), Some(day)) = (number(year, 4), number(month, 2), number(day, 2)) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}
