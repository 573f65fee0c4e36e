//! What an engine counts.

use crate::matcher::{Hit, Outcome};

/// Counters, from the beginning or from the last load.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Bytes of all events.
    pub bytes: u64,
    /// Events that were evaluated.
    pub evaluated: u64,
    /// Events that were no events.
    pub rejected: u64,
    /// Events that at least one rule matched.
    pub events_matched: u64,
    /// Pairs of event and rule that matched, suppressed ones included.
    pub matched: u64,
    /// Pairs of event and rule that a suppression hid.
    pub suppressed: u64,
    /// Pairs of event and rule that matched, were not suppressed, and raised nothing since the rule is in shadow.
    pub shadowed: u64,
    /// Pairs of event and rule that could not be decided.
    pub undecided: u64,
    /// The same of each column.
    pub columns: Vec<ColumnStats>,
}

/// Counters of one rule or filter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ColumnStats {
    /// Events that matched, suppressed ones included.
    pub matched: u64,
    /// Events that a suppression hid.
    pub suppressed: u64,
    /// Events that matched, were not suppressed, and raised nothing since the rule is in shadow.
    pub shadowed: u64,
    /// Events that could not be decided.
    pub undecided: u64,
}

impl Stats {
    /// Counts an event with these verdicts. `shadow` tells of each column whether its rule raises nothing.
    pub(super) fn count(&mut self, hits: &[Hit], shadow: &[bool]) {
        self.evaluated += 1;
        let mut any = false;
        for hit in hits {
            let Some(column) = self.columns.get_mut(hit.column) else { continue };
            if hit.outcome == Outcome::Undecided {
                self.undecided += 1;
                column.undecided += 1;
                continue;
            }
            any = true;
            self.matched += 1;
            column.matched += 1;
            if let Outcome::Suppressed(_) = hit.outcome {
                self.suppressed += 1;
                column.suppressed += 1;
            } else if shadow.get(hit.column) == Some(&true) {
                self.shadowed += 1;
                column.shadowed += 1;
            }
        }
        self.events_matched += u64::from(any);
    }
}
