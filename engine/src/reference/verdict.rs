//! The three answers of a filter, and how they combine.

/// What a filter says of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It matches.
    Match,
    /// It does not.
    NoMatch,
    /// It depends on a part of the event that CloudTrail left out.
    Undecided,
}

impl Verdict {
    /// Both: one no is enough for no, else one doubt for doubt.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Verdict::NoMatch, _) | (_, Verdict::NoMatch) => Verdict::NoMatch,
            (Verdict::Undecided, _) | (_, Verdict::Undecided) => Verdict::Undecided,
            (Verdict::Match, Verdict::Match) => Verdict::Match,
        }
    }

    /// Either: one yes is enough for yes, else one doubt for doubt.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.negate().and(other.negate()).negate()
    }

    /// The opposite; of doubt, doubt.
    #[must_use]
    pub fn negate(self) -> Self {
        match self {
            Verdict::Match => Verdict::NoMatch,
            Verdict::NoMatch => Verdict::Match,
            Verdict::Undecided => Verdict::Undecided,
        }
    }

    /// `match`, `no match`, `undecided`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Match => "match",
            Verdict::NoMatch => "no match",
            Verdict::Undecided => "undecided",
        }
    }
}

impl From<bool> for Verdict {
    fn from(holds: bool) -> Self {
        if holds { Verdict::Match } else { Verdict::NoMatch }
    }
}
