//! What makes one alert of several events: the keys that they share, the window and the threshold.

use super::Reader;
use crate::language::expr::Key;
use crate::rule::fields::{Fields, as_text, bad};
use crate::rule::yaml::{Kind, Node};
use crate::rule::{LARGEST_REMEMBERED, duration};

/// The largest threshold: what counts events needs to remember none of them.
const LARGEST_THRESHOLD: u64 = 1_000_000_000;

/// The window of a rule that names none: the original's default.
const DEFAULT_WINDOW: u64 = 3_600;

impl Reader<'_> {
    /// `window: 1h`, or `window: {sliding: 1h}`: the length in seconds and whether it slides.
    pub(in crate::rule) fn window(&mut self, fields: &Fields<'_>) -> Option<(u64, bool)> {
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
    pub(in crate::rule) fn threshold(&mut self, fields: &Fields<'_>) -> Option<(u64, Option<Key>)> {
        let Some(node) = fields.get("threshold") else { return Some((1, None)) };
        let Kind::Map(_) = &node.kind else { return Some((self.count(node, LARGEST_THRESHOLD)?, None)) };
        let fields = Fields::open(node, "the threshold", &["count", "distinct"], self.source, &mut self.sink)?;
        let distinct = fields.require("distinct", &mut self.sink);
        let key = distinct.and_then(|node| self.key(node, "distinct"));
        let count = fields.require("count", &mut self.sink)?;
        Some((self.count(count, LARGEST_REMEMBERED)?, Some(key?)))
    }

    /// A sliding window remembers the time of each event up to the threshold.
    pub(super) fn sliding_threshold(
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

    pub(super) fn aggregate(&mut self, fields: &Fields<'_>) -> Option<Vec<Key>> {
        let items = fields.list("aggregate", &mut self.sink);
        items.iter().map(|node| self.key(node, "aggregate")).collect()
    }
}
