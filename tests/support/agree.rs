//! The fast engine against the reference evaluator: the same verdicts, the same rejections at the same byte.

use oxpecker_engine::Width;
use oxpecker_engine::event::Event;
use oxpecker_engine::json::{Limits, Reject};
use oxpecker_engine::language::Expr;
use oxpecker_engine::lists::Lists;
use oxpecker_engine::matcher::{Hit, Matcher, Outcome};
use oxpecker_engine::reference::{Filter, Verdict};

/// Every kind of vector that this machine has.
pub(crate) const WIDTHS: [Width; 3] = [Width::Word, Width::Native, Width::Modern];

/// What the reference says of an event, by filter.
pub(crate) fn reference(
    filters: &[Filter],
    event: &[u8],
    event_type: Option<&str>,
    limits: &Limits,
) -> Result<Vec<Verdict>, Reject> {
    let event = Event::parse(event, limits, event_type)?;
    Ok(filters.iter().map(|filter| filter.evaluate(&event)).collect())
}

/// What the fast engine says of it.
pub(crate) fn fast(matcher: &mut Matcher, event: &[u8], event_type: Option<&str>) -> Result<Vec<Verdict>, Reject> {
    let mut hits: Vec<Hit> = Vec::new();
    matcher.decide(event, event_type, &mut hits)?;
    let mut verdicts = vec![Verdict::NoMatch; matcher.columns()];
    for hit in hits {
        let verdict = verdicts.get_mut(hit.column).expect("a hit is of a column");
        assert_eq!(*verdict, Verdict::NoMatch, "a column has one verdict");
        *verdict = if hit.outcome == Outcome::Undecided { Verdict::Undecided } else { Verdict::Match };
    }
    Ok(verdicts)
}

/// Panics where they differ on any of the events, with any kind of vector; gives how many verdicts were compared.
pub(crate) fn check(filters: &[Expr], events: &[&[u8]], event_type: Option<&str>, lists: &Lists) -> usize {
    let limits = Limits::default();
    let slow: Vec<Filter> = filters.iter().map(|filter| Filter::new(filter.clone(), lists)).collect();
    let mut compared = 0;
    for width in WIDTHS {
        let mut matcher = Matcher::new([], filters, lists, limits, width);
        for event in events {
            let (expected, found) =
                (reference(&slow, event, event_type, &limits), fast(&mut matcher, event, event_type));
            if expected != found {
                let text = String::from_utf8_lossy(event);
                let which = match (&expected, &found) {
                    (Ok(expected), Ok(found)) => expected.iter().zip(found).position(|(a, b)| a != b),
                    _ => None,
                };
                let filter = which.and_then(|which| filters.get(which)).map(ToString::to_string);
                panic!("{width:?}: {expected:?} by the reference, {found:?} by the fast engine\n{filter:?}\n{text}");
            }
            compared += filters.len();
        }
    }
    compared
}
