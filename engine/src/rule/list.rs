//! Lists as people write them: under `lists:` in a rule file, and in files of their own, as lines, CSV or YAML.

use super::Limits;
use super::fields::wrong_type;
use super::yaml::{self, Kind, Node};
use crate::json::Json;
use crate::language::cidr::{NetworkLiteral, network_literal};
use crate::language::expr::Value;
use crate::lists::{Entry, List};
use crate::problem::{Diagnostic, Problem, Sink};
use crate::span::Span;
use std::cell::OnceCell;
use std::collections::HashMap;

/// How a list file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListFormat {
    /// One text a line; `#` at the beginning of a line or after a blank begins a comment.
    Lines,
    /// Comma-separated values with a line of names; the first value of each row is the key.
    Csv,
    /// A list, or a mapping of keys to values or to mappings of values.
    Yaml,
}

/// A list file, read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListFile {
    /// The entries that could be read.
    pub list: List,
    /// The file as text, for showing places in it.
    pub text: String,
    /// Errors and warnings in the order of their places.
    pub problems: Vec<Diagnostic>,
}

/// Longest value of a line or of a CSV field.
const LONGEST: usize = 4_096;

/// Reads a list file. What is wrong with one line keeps no other from being read.
#[must_use]
pub fn read_list(bytes: &[u8], format: ListFormat, limits: &Limits) -> ListFile {
    if bytes.len() > limits.file {
        let problem = Problem::FileTooLarge { length: bytes.len(), limit: limits.file };
        return ListFile { problems: vec![Diagnostic::new(Span::at(0), problem)], ..ListFile::default() };
    }
    let text = String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)).into_owned();
    let mut reader = ListReader { whole: std::str::from_utf8(bytes).is_ok(), ..ListReader::new(&text) };
    match format {
        ListFormat::Lines => reader.lines(),
        ListFormat::Csv => super::csv::read(&mut reader),
        ListFormat::Yaml => reader.yaml(),
    }
    let (list, mut problems) = (List::of(reader.entries), reader.sink);
    problems.sort_by_key(|diagnostic| (diagnostic.span.start, diagnostic.span.end));
    ListFile { list, text, problems }
}

/// A list that is being read.
pub(super) struct ListReader<'s> {
    pub(super) source: &'s str,
    /// The bytes were UTF-8; where not, what was none stands as replacement characters.
    whole: bool,
    entries: Vec<Entry>,
    /// The place of each key's first entry.
    seen: HashMap<Value, usize>,
    /// Where lines end; found when the first duplicate is told, since there may be many.
    line_ends: OnceCell<Vec<usize>>,
    pub(super) sink: Sink,
}

impl<'s> ListReader<'s> {
    fn new(source: &'s str) -> Self {
        Self {
            source,
            whole: true,
            entries: Vec::new(),
            seen: HashMap::new(),
            line_ends: OnceCell::new(),
            sink: Sink::new(),
        }
    }

    /// Adds an entry whose key stands at `span`; a key that is there already is a warning.
    fn add(&mut self, key: Value, value: Json, span: Span) {
        if let Value::Text(text) = &key {
            let problem = match network_literal(text) {
                Some(NetworkLiteral::HostBits(network)) => Some(Problem::CidrHostBits { network }),
                Some(NetworkLiteral::BadPrefix(found)) => Some(Problem::CidrBadPrefix { found: found.to_owned() }),
                Some(NetworkLiteral::Network) | None => None,
            };
            self.sink.extend(problem.map(|problem| Diagnostic::new(span, problem)));
        }
        if let Some(first) = self.seen.get(&key) {
            let source = self.source;
            let line_ends = self.line_ends.get_or_init(|| source.match_indices('\n').map(|(at, _)| at).collect());
            let first_line = 1 + line_ends.partition_point(|end| end < first);
            let entry: String = key.as_text().unwrap_or_default().chars().take(80).collect();
            self.sink.push(Diagnostic::new(span, Problem::DuplicateEntry { entry, first_line }));
        } else {
            self.seen.insert(key.clone(), span.start);
        }
        self.entries.push(Entry { key, value });
    }

    pub(super) fn bad(&mut self, span: Span, reason: impl Into<String>) {
        self.sink.push(Diagnostic::new(span, Problem::BadListEntry { reason: reason.into() }));
    }

    /// Adds a key that stands at `span` with its value, unless the text cannot be one.
    pub(super) fn add_text(&mut self, text: &str, value: Json, span: Span) {
        if text.len() > LONGEST {
            self.bad(span, format!("more than {LONGEST} bytes"));
        } else if !self.whole && text.contains(char::REPLACEMENT_CHARACTER) {
            self.bad(span, "not UTF-8");
        } else if text.contains(|c: char| c.is_control()) {
            self.bad(span, "a control character in it");
        } else {
            self.add(Value::Text(text.to_owned()), value, span);
        }
    }

    fn lines(&mut self) {
        let mut start = 0;
        for line in self.source.split_inclusive('\n') {
            let text = without_comment(line).trim();
            if !text.is_empty() {
                let at = start + (line.len() - line.trim_start().len());
                self.add_text(text, Json::Null, Span::new(at, at + text.len()));
            }
            start += line.len();
        }
    }

    fn yaml(&mut self) {
        if !self.whole {
            let offset = self.source.find(char::REPLACEMENT_CHARACTER).unwrap_or_default();
            return self.sink.push(Diagnostic::new(Span::at(offset), Problem::FileNotText { offset }));
        }
        match yaml::read(self.source) {
            Ok(Some(node)) => self.node(&node, "the list"),
            Ok(None) => {}
            Err(diagnostic) => self.sink.push(diagnostic),
        }
    }

    fn node(&mut self, node: &Node, name: &str) {
        match &node.kind {
            Kind::List(items) => {
                for item in items {
                    self.entry(item, Json::Null, name);
                }
            }
            Kind::Map(members) => {
                for (key, value) in members {
                    self.entry(key, value.to_json(), name);
                }
            }
            _ => wrong_type(node, name, "a list, or a mapping of keys to values", &mut self.sink),
        }
    }

    fn entry(&mut self, key: &Node, value: Json, name: &str) {
        match &key.kind {
            Kind::Text(text, _) => self.add(Value::Text(text.clone()), value, key.span),
            Kind::Number(number) => self.add(Value::Number(number.clone()), value, key.span),
            Kind::Bool(flag) => self.add(Value::Bool(*flag), value, key.span),
            _ => wrong_type(key, name, "texts, numbers and booleans", &mut self.sink),
        }
    }
}

/// What is before a `#` that begins the line or stands behind a blank.
fn without_comment(line: &str) -> &str {
    let begins = |at: &usize| line.get(..*at).is_some_and(|before| before.is_empty() || before.ends_with([' ', '\t']));
    let comment = line.match_indices('#').map(|(at, _)| at).find(begins);
    comment.and_then(|at| line.get(..at)).unwrap_or(line)
}

/// A list of a rule file.
pub(super) fn inline(node: &Node, name: &str, source: &str, sink: &mut Sink) -> List {
    let mut reader = ListReader::new(source);
    reader.node(node, name);
    sink.append(&mut reader.sink);
    List::of(reader.entries)
}
