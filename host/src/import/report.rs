//! What became of each rule: carried over, carried over with a note, or not, and why.

use serde_json::{Value, json};

/// What became of one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// It means the same here.
    Carried,
    /// It is here, and something about it should be known.
    Noted,
    /// It is not here as a rule.
    Not,
    /// There was no rule: a document of another kind.
    Skipped,
}

/// The line of the report on one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The input that it stands in.
    pub source: String,
    /// Its line there, counted from 1; 0 where the input has no lines to speak of.
    pub line: usize,
    /// Its name for people.
    pub name: String,
    /// The identifier that it had.
    pub origin_id: Option<String>,
    /// The identifier that it has.
    pub id: Option<String>,
    /// The file that holds it, below the folder of the output.
    pub file: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
    /// What should be known, or why it was not carried over.
    pub notes: Vec<String>,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 4] = [Self::Carried, Self::Noted, Self::Not, Self::Skipped];

    /// The word of the report.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Carried => "carried over",
            Self::Noted => "with a note",
            Self::Not => "not",
            Self::Skipped => "no rule",
        }
    }

    /// The word for programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Carried => "carried_over",
            Self::Noted => "carried_over_with_note",
            Self::Not => "not_carried_over",
            Self::Skipped => "no_rule",
        }
    }
}

impl Entry {
    /// `file:line`.
    #[must_use]
    pub fn place(&self) -> String {
        if self.line == 0 { self.source.clone() } else { format!("{}:{}", self.source, self.line) }
    }

    /// The entry for programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "source": self.source,
            "line": (self.line > 0).then_some(self.line),
            "name": self.name,
            "origin_id": self.origin_id,
            "id": self.id,
            "file": self.file,
            "result": self.outcome.code(),
            "notes": self.notes,
        })
    }
}

/// How many of the entries have each outcome, in the order of [`Outcome::ALL`].
#[must_use]
pub fn counts(entries: &[Entry]) -> [usize; 4] {
    Outcome::ALL.map(|outcome| entries.iter().filter(|entry| entry.outcome == outcome).count())
}
