//! Texts inside the file that have a syntax of their own, filters, titles and keys: their problems are told where they
//! stand in the file.

use super::Reader;
use crate::language::expr::Key;
use crate::language::{self, Expr};
use crate::problem::{Diagnostic, Problem, Sink};
use crate::rule::Rule;
use crate::rule::fields::{Fields, as_text, bad};
use crate::rule::template::{self, Template};
use crate::rule::yaml::{self, Node};
use crate::span::Span;

impl Reader<'_> {
    pub(super) fn filter(&mut self, node: &Node) -> Option<Expr> {
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

    pub(in crate::rule) fn title(&mut self, fields: &Fields<'_>) -> Option<Template> {
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
    pub(super) fn title_keys(&mut self, fields: &Fields<'_>, rule: &Rule) {
        let steps = |key: &Key| key.steps.clone();
        let grouped: Vec<_> = rule.aggregate.iter().map(steps).collect();
        let Some(node) = fields.get("title") else { return };
        for key in rule.title.keys().filter(|key| !grouped.contains(&steps(key))) {
            let problem = Problem::TitleNotAggregated { key: key.to_string() };
            self.sink.push(Diagnostic::new(node.span, problem));
        }
    }

    pub(super) fn key(&mut self, node: &Node, field: &str) -> Option<Key> {
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

    /// Problems of a text inside the file, moved to where they stand in the file.
    pub(super) fn relocate(&mut self, node: &Node, problems: Sink) {
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

    pub(super) fn whole_characters(&self, span: Span) -> Span {
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
}
