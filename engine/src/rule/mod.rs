//! Rules and rule sets: what a rule file says, checked.

mod csv;
pub mod duration;
mod fields;
pub mod lint;
mod list;
pub mod outline;
pub mod overlay;
mod read;
mod set;
mod tags;
pub mod template;
pub(crate) mod yaml;

#[cfg(test)]
mod tests;

pub use list::{ListFile, ListFormat, read_list};
pub use overlay::Tune;
pub use read::{Document, read};
pub(crate) use set::hex;
pub use set::{Collected, LoadedDiagnostic, Place, Provenance, RuleSet, Source, Tuning, load};
pub use tags::TagTypes;
pub use template::Template;

use crate::language::Expr;
use crate::language::expr::Key;
use crate::lists::List;
use crate::span::Span;
use std::collections::BTreeMap;

/// Identifiers, distinct values and times that one window remembers. Beyond it the oldest are forgotten, and new distinct
/// values are not told apart any more.
pub(crate) const REMEMBERED: usize = 4_096;

/// The largest threshold of a rule whose windows must remember what they count.
pub const LARGEST_REMEMBERED: u64 = REMEMBERED as u64;

/// Bounds on rule files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one file.
    pub file: usize,
    /// Bounds on each filter.
    pub filter: crate::language::Limits,
    /// Bytes that the regular expressions of all rules together may take when compiled.
    pub regexes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { file: 16 << 20, filter: crate::language::Limits::default(), regexes: 48 << 20 }
    }
}

/// A detection rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its stable name, unique among all rules loaded.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// The title of its alerts.
    pub title: Template,
    /// The kind of events that it is about.
    pub kind: RuleKind,
    /// 1 (wake someone), 2, 3 (audit).
    pub severity: u8,
    /// What an alert means.
    pub description: String,
    /// Which events match.
    pub filter: Expr,
    /// The keys whose values make an alert unique.
    pub aggregate: Vec<Key>,
    /// How long a group of events lasts from its first, in seconds.
    pub window: u64,
    /// The window lasts from the last event on, not from the first.
    pub sliding: bool,
    /// How many events of a group make an alert.
    pub threshold: u64,
    /// The threshold counts distinct values of this key, not events.
    pub distinct: Option<Key>,
    /// Which matching events raise nothing.
    pub suppressions: Vec<Suppression>,
    /// Whether the rule is in force.
    pub enabled: bool,
    /// Whether it raises alerts.
    pub status: Status,
    /// Labels such as `attack.t1525`.
    pub tags: Vec<String>,
    /// Labels by kind, such as `PCI DSS:11.5`.
    pub classifiers: Vec<String>,
    /// Pages to read.
    pub references: Vec<String>,
    /// Known harmless causes.
    pub benign: Vec<String>,
    /// The identifier that the rule had where it was imported from.
    pub origin_id: Option<String>,
    /// What the rule must do on which events.
    pub tests: Vec<RuleTest>,
    /// The rule in its file.
    pub span: Span,
    /// Where in its file it says what an overlay may change; not there where it says nothing.
    pub written: BTreeMap<Tunable, Span>,
    /// Hash over everything that decides a verdict or an alert's grouping; wording and tests do not count.
    pub version: String,
}

impl Rule {
    /// Its filter and those of its suppressions.
    pub(crate) fn filters(&self) -> impl Iterator<Item = &Expr> {
        std::iter::once(&self.filter).chain(self.suppressions.iter().map(|hidden| &hidden.filter))
    }
}

/// A filter whose events raise nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// Which events.
    pub filter: Expr,
    /// Why.
    pub reason: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The first day on which it no longer counts: `2027-01-31`.
    pub expires: Option<String>,
    /// The filter in its file.
    pub span: Span,
    /// The day in its file.
    pub expires_span: Span,
}

/// Whether a rule in force raises alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Status {
    /// It does.
    #[default]
    Live,
    /// It matches and is counted, and raises none.
    Shadow,
}

/// What an overlay may change in a rule, beside adding suppressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names of the fields")]
pub enum Tunable {
    Severity,
    Title,
    Window,
    Threshold,
    Enabled,
    Status,
}

/// Events with what a rule must do on them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleTest {
    /// What the test shows.
    pub name: String,
    /// The events as JSON texts, in order.
    pub events: Vec<String>,
    /// What must come of the last event.
    pub expect: Expectation,
    /// The title that the alert must have.
    pub title: Option<String>,
    /// The test in its file.
    pub span: Span,
}

/// What a rule must do on a test's event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expectation {
    /// The filter matches and no suppression does.
    Alert,
    /// The filter does not match.
    Nothing,
    /// The filter matches and so does a suppression.
    Suppressed,
    /// The event lacks what the filter asks for, because its source cut it.
    Undecided,
}

/// The kinds of rules of the original.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the original's own names")]
pub enum RuleKind {
    Host,
    File,
    CloudTrail,
    ThreatIntel,
    Winsec,
    KubernetesAudit,
    KubernetesConfig,
}

impl RuleKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Host,
        Self::File,
        Self::CloudTrail,
        Self::ThreatIntel,
        Self::Winsec,
        Self::KubernetesAudit,
        Self::KubernetesConfig,
    ];

    /// The name as rule files write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Host => "Host",
            Self::File => "File",
            Self::CloudTrail => "CloudTrail",
            Self::ThreatIntel => "ThreatIntel",
            Self::Winsec => "Winsec",
            Self::KubernetesAudit => "KubernetesAudit",
            Self::KubernetesConfig => "KubernetesConfig",
        }
    }
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 2] = [Self::Live, Self::Shadow];

    /// The word as rule files write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Shadow => "shadow",
        }
    }
}

impl Tunable {
    /// Every field.
    pub const ALL: [Self; 6] =
        [Self::Severity, Self::Title, Self::Window, Self::Threshold, Self::Enabled, Self::Status];

    /// The field's name in rule files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Severity => "severity",
            Self::Title => "title",
            Self::Window => "window",
            Self::Threshold => "threshold",
            Self::Enabled => "enabled",
            Self::Status => "status",
        }
    }
}

impl Expectation {
    /// Every expectation.
    pub const ALL: [Self; 4] = [Self::Alert, Self::Nothing, Self::Suppressed, Self::Undecided];

    /// The word as rule files write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Nothing => "nothing",
            Self::Suppressed => "suppressed",
            Self::Undecided => "undecided",
        }
    }
}

/// Lists by name.
pub type ListValues = BTreeMap<String, List>;
