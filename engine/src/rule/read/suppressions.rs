//! What a rule hides, and until which day.

use super::Reader;
use crate::language::Expr;
use crate::problem::Sink;
use crate::rule::fields::{Fields, as_text, bad};
use crate::rule::yaml::{self, Node};
use crate::rule::{Suppression, lint};
use crate::span::Span;

const SUPPRESSION_FIELDS: [&str; 4] = ["filter", "reason", "owner", "expires"];

impl Reader<'_> {
    pub(in crate::rule) fn suppressions(&mut self, fields: &Fields<'_>) -> Option<Vec<Suppression>> {
        let items = fields.list("suppressions", &mut self.sink);
        // Each is read before any is given up.
        let all: Vec<Option<Suppression>> = items.iter().map(|item| self.suppression(item)).collect();
        all.into_iter().collect()
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

    fn date(&mut self, node: &Node) -> Option<String> {
        let text = as_text(node, "expires", &mut self.sink)?;
        if is_date(text) {
            return Some(text.to_owned());
        }
        self.sink.push(bad(node, "expires", text, "a day of the calendar, written as 2027-01-31"));
        None
    }
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
