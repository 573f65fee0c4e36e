//! What a corpus shows of the rules, for people and programs.

use super::Sights;
use super::reason::{Reason, Sight};
use crate::cli::summary::count;
use oxpecker::render::safe;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

/// One line a rule that matched nothing, those with one reason together.
pub(crate) fn as_text(sights: &Sights<'_>) -> String {
    let mut out = String::new();
    for (word, sort) in [("blind", true), ("quiet", false)] {
        let mut groups: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (rule, sight) in &sights.rules {
            match sight {
                Sight::Blind(reason) if sort => groups.entry(told(reason)).or_default().push(rule),
                Sight::Quiet(reason) if !sort => groups.entry(told(reason)).or_default().push(rule),
                _ => {}
            }
        }
        for (reason, rules) in groups {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "{word}: {}", safe(&reason));
            for rule in rules {
                let _ = writeln!(out, "    {rule}");
            }
        }
    }
    out
}

/// One object a rule.
pub(crate) fn as_json(sights: &Sights<'_>) -> Vec<Value> {
    let record = |(rule, sight): &(&str, Sight)| match sight {
        Sight::Fires(matched) => json!({"rule": rule, "state": "fires", "matched": matched}),
        Sight::Quiet(reason) => json!({"rule": rule, "state": "quiet", "reason": reason.code(), "why": told(reason)}),
        Sight::Blind(reason) => json!({"rule": rule, "state": "blind", "reason": reason.code(), "why": told(reason)}),
    };
    sights.rules.iter().map(record).collect()
}

/// `12 of 267 rules can fire …`
pub(crate) fn summary(sights: &Sights<'_>) -> String {
    let number = |wanted: fn(&Sight) -> bool| sights.rules.iter().filter(|(_, sight)| wanted(sight)).count();
    let fires = number(|sight| matches!(sight, Sight::Fires(_)));
    let quiet = number(|sight| matches!(sight, Sight::Quiet(_)));
    format!(
        "{} of {} can fire on {}: {fires} matched, {quiet} quiet (logged, and did not happen); {} blind",
        fires + quiet,
        count(sights.rules.len() as u64, "rule"),
        count(sights.events, "event"),
        sights.rules.len() - fires - quiet,
    )
}

fn told(reason: &Reason) -> String {
    match reason {
        Reason::NoType(of) => format!("no event is of type {of}"),
        Reason::NoService(of) => format!("no event is of {of}"),
        Reason::NoData(of) => format!("no data event of {of}: does the trail log data events?"),
        Reason::NoReading(of) => format!("no read-only event of {of}: does the trail log read events?"),
        Reason::NoKey(key, before) => format!("{key} is in none of {} that fit so far", count(*before, "event")),
        Reason::NoValue(text, before) => format!("none of {} that fit so far has {text}", count(*before, "event")),
        Reason::Suppressed(matched) => format!("all of {} that match are suppressed", count(*matched, "event")),
        Reason::Cut(events) => format!("{} that may match were cut by CloudTrail", count(*events, "event")),
    }
}
