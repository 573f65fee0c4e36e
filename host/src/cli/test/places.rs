//! Where the parts of rules stand in their files.

use crate::cli::loaded::Loaded;
use oxpecker_engine::Span;
use oxpecker_engine::problem::Lines;
use oxpecker_engine::rule::outline::{self, FilterText};
use oxpecker_engine::rule::{Collected, Place, Tunable};
use oxpecker_engine::trial::coverage::Site;
use oxpecker_engine::trial::mutation::Part;
use std::collections::HashMap;

/// A place as people go to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) column: usize,
}

/// The places of all rule files, found once.
pub(super) struct Places<'l> {
    files: Vec<File<'l>>,
}

struct File<'l> {
    name: &'l str,
    lines: Lines<'l>,
    /// The first byte of each rule's filter, by the rule's id.
    rules: HashMap<String, usize>,
    /// The filters of rules, suppressions and overlays, by their first byte.
    filters: HashMap<usize, FilterText>,
}

impl<'l> Places<'l> {
    pub(super) fn of(loaded: &'l Loaded) -> Self {
        let file = |read: &'l crate::cli::loaded::Read| {
            let filter = |rule: outline::RulePlace| {
                let (_, _, value) = rule.fields.into_iter().find(|(name, ..)| name == "filter")?;
                Some((rule.id, value.start))
            };
            File {
                name: &read.name,
                lines: Lines::of(&read.text),
                rules: outline::rules(&read.text).into_iter().filter_map(filter).collect(),
                filters: outline::filters(&read.text).into_iter().map(|text| (text.span.start, text)).collect(),
            }
        };
        Self { files: loaded.files.iter().map(file).collect() }
    }

    /// A part of a filter, by its place in the filter's text.
    pub(super) fn in_filter(&self, collected: &Collected, site: Site, part: Span) -> Spot {
        let (source, start) = match site {
            Site::Filter => {
                let file = self.files.get(collected.source);
                (collected.source, file.and_then(|file| file.rules.get(&collected.rule.id)).copied())
            }
            Site::Suppression(place) => {
                let start = collected.rule.suppressions.get(place).map(|suppression| suppression.span.start);
                (self.suppression_source(collected, place), start)
            }
        };
        let text = self.files.get(source).zip(start).and_then(|(file, start)| file.filters.get(&start));
        self.spot(source, text.map_or(collected.rule.span, |text| text.place(part)))
    }

    /// What a change changes.
    pub(super) fn of_part(&self, collected: &Collected, part: Part) -> Spot {
        match part {
            Part::Filter(site, span) => self.in_filter(collected, site, span),
            Part::Suppression(place) => {
                let span = collected.rule.suppressions.get(place).map_or(collected.rule.span, |hidden| hidden.span);
                self.spot(self.suppression_source(collected, place), span)
            }
            Part::Threshold => self.threshold(collected),
        }
    }

    fn threshold(&self, collected: &Collected) -> Spot {
        let own = collected.rule.written.get(&Tunable::Threshold);
        match (own, collected.provenance.fields.get(&Tunable::Threshold)) {
            // An overlay is known by its line.
            (_, Some(Place { source, line })) if *source != collected.source => {
                let name = self.files.get(*source).map_or("", |file| file.name);
                Spot { file: name.to_owned(), line: *line, column: 1 }
            }
            (own, _) => self.spot(collected.source, own.copied().unwrap_or(collected.rule.span)),
        }
    }

    /// A suppression may be from an overlay in another file.
    fn suppression_source(&self, collected: &Collected, place: usize) -> usize {
        collected.provenance.suppressions.get(place).map_or(collected.source, |place| place.source)
    }

    fn spot(&self, source: usize, span: Span) -> Spot {
        let Some(file) = self.files.get(source) else { return Spot { file: String::new(), line: 1, column: 1 } };
        let position = file.lines.position(span);
        Spot { file: file.name.to_owned(), line: position.line, column: position.column }
    }
}
