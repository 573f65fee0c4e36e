//! The most telling reason why a rule matched nothing.

use super::question::{Condition, Conditions, DATA_EVENTS, Kind};
use super::{Column, Counts};

/// What a corpus shows of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sight {
    /// Events match and not all are suppressed.
    Fires(u64),
    /// What it asks about is logged, and did not happen.
    Quiet(Reason),
    /// What it asks about is not in the log.
    Blind(Reason),
}

/// Why a rule matched nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reason {
    /// No event of this type.
    NoType(String),
    /// No event of this service.
    NoService(String),
    /// Events of the service, but none of those that happen to data.
    NoData(String),
    /// Events of the service, but none that only reads.
    NoReading(String),
    /// None of so many events that fit so far has the key.
    NoKey(String, u64),
    /// None of so many events that fit so far meets this condition.
    NoValue(String, u64),
    /// So many events match, and all are suppressed.
    Suppressed(u64),
    /// So many events might match, if CloudTrail had not cut them.
    Cut(u64),
}

impl Reason {
    /// A word for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::NoType(_) => "no-events-of-type",
            Self::NoService(_) => "no-events-of-service",
            Self::NoData(_) => "no-data-events",
            Self::NoReading(_) => "no-read-only-events",
            Self::NoKey(..) => "key-never-seen",
            Self::NoValue(..) => "value-never-seen",
            Self::Suppressed(_) => "all-suppressed",
            Self::Cut(_) => "cut-by-cloudtrail",
        }
    }
}

/// What the counts say of a rule.
pub(super) fn sight(asked: &Conditions, counts: &Counts, rule: Column) -> Sight {
    if rule.matched > rule.suppressed {
        return Sight::Fires(rule.matched - rule.suppressed);
    }
    if rule.matched > 0 {
        return Sight::Quiet(Reason::Suppressed(rule.matched));
    }
    if rule.undecided > 0 {
        return Sight::Quiet(Reason::Cut(rule.undecided));
    }
    let mut before = counts.events;
    for (place, step) in asked.steps.iter().enumerate() {
        let met = counts.of_question(step.met);
        if met == 0 {
            return unmet(asked, place, step, counts, before);
        }
        before = met;
    }
    // Each condition is met and the rule matched nothing: a question was too long to be put.
    Sight::Quiet(Reason::NoValue("all of its conditions together".to_owned(), counts.events))
}

fn unmet(asked: &Conditions, place: usize, step: &Condition, counts: &Counts, before: u64) -> Sight {
    let names = asked.steps.get(place..).unwrap_or_default().iter().find(|step| step.kind == Kind::Name);
    let service = asked.steps.iter().find(|step| step.kind == Kind::Service);
    let service = service.map_or_else(|| "any service".to_owned(), |step| step.values.join(" or "));
    match step.kind {
        Kind::Type => Sight::Blind(Reason::NoType(step.values.join(" or "))),
        Kind::Service if wants_data(&service, names) && counts.of_question(step.data) == 0 => {
            Sight::Blind(Reason::NoData(service))
        }
        Kind::Service => Sight::Blind(Reason::NoService(service)),
        Kind::Name if wants_data(&service, names) && counts.of_question(step.data) == 0 => {
            Sight::Blind(Reason::NoData(service))
        }
        Kind::Name if only_read(&step.values) && counts.of_question(step.reading) == 0 => {
            Sight::Blind(Reason::NoReading(service))
        }
        Kind::Name => Sight::Quiet(Reason::NoValue(step.text.clone(), before)),
        Kind::Other if step.keys.iter().all(|(_, seen)| counts.of_question(*seen) == 0) => {
            let keys: Vec<&str> = step.keys.iter().map(|(key, _)| key.as_str()).collect();
            Sight::Blind(Reason::NoKey(keys.join(" or "), before))
        }
        Kind::Other => Sight::Quiet(Reason::NoValue(step.text.clone(), before)),
    }
}

/// Whether each of some names is of an event that only reads.
fn only_read(names: &[String]) -> bool {
    const READING: [&str; 6] = ["Get", "List", "Describe", "Head", "Lookup", "BatchGet"];
    !names.is_empty() && names.iter().all(|name| READING.iter().any(|prefix| name.starts_with(prefix)))
}

/// Whether all events that a rule asks for are data events.
fn wants_data(service: &str, names: Option<&Condition>) -> bool {
    let Some((_, known)) = DATA_EVENTS.iter().find(|(known, _)| *known == service) else { return false };
    names.is_some_and(|step| !step.values.is_empty() && step.values.iter().all(|name| known.contains(&name.as_str())))
}
