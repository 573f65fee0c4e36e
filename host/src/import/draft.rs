//! A rule on its way: what the source said, in our terms, before anybody has checked that it loads.

use oxpecker_engine::language::Expr;
use oxpecker_engine::rule::RuleKind;
use std::collections::BTreeSet;

/// A rule that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) title: Option<String>,
    pub(super) kind: RuleKind,
    pub(super) severity: u8,
    pub(super) description: String,
    pub(super) filter: Expr,
    pub(super) aggregate: Vec<String>,
    /// Seconds; none for the default.
    pub(super) window: Option<u64>,
    pub(super) sliding: bool,
    pub(super) threshold: u64,
    pub(super) distinct: Option<String>,
    pub(super) suppressions: Vec<Hidden>,
    pub(super) enabled: bool,
    pub(super) shadow: bool,
    pub(super) tags: Vec<String>,
    pub(super) classifiers: Vec<String>,
    pub(super) references: Vec<String>,
    pub(super) benign: Vec<String>,
    /// What was left out, for a comment.
    pub(super) left_out: Vec<String>,
    /// Lists that the filter uses and the user has to fill.
    pub(super) lists: BTreeSet<String>,
}

impl Draft {
    /// A rule of which no more is known than what every rule must have.
    pub(super) fn new(name: String, kind: RuleKind, severity: u8, filter: Expr) -> Self {
        Self {
            description: name.clone(),
            name,
            title: None,
            kind,
            severity,
            filter,
            aggregate: Vec::new(),
            window: None,
            sliding: false,
            threshold: 1,
            distinct: None,
            suppressions: Vec::new(),
            enabled: true,
            shadow: false,
            tags: Vec::new(),
            classifiers: Vec::new(),
            references: Vec::new(),
            benign: Vec::new(),
            left_out: Vec::new(),
            lists: BTreeSet::new(),
        }
    }
}

/// A suppression that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hidden {
    pub(super) filter: Expr,
    pub(super) reason: Option<String>,
    pub(super) owner: Option<String>,
    pub(super) expires: Option<String>,
}

/// What became of a rule so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// It can be written.
    Rule(Box<Draft>),
    /// It is part of another rule, and is none of its own.
    Part,
    /// It cannot be, and why.
    Not(String),
    /// There was no rule, but what.
    Skipped(String),
}

/// One rule of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) source: String,
    pub(super) line: usize,
    pub(super) name: String,
    pub(super) origin_id: Option<String>,
    /// The rule as it stood, for the comment that keeps it where it cannot be carried over.
    pub(super) original: String,
    pub(super) state: State,
    pub(super) notes: Vec<String>,
}

/// What goes into one file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Group {
    /// The file's path below the folder of the output, without its ending.
    pub(super) path: String,
    pub(super) ruleset: String,
    pub(super) description: Option<String>,
    pub(super) items: Vec<Item>,
}
