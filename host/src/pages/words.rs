//! Windows, thresholds and severities in words.

use super::markdown::code;
use oxpecker_engine::language::expr::Key;
use oxpecker_engine::rule::Rule;
use oxpecker_engine::rule::template::{Lookup, Part, Template};

/// What a severity asks for.
pub(super) fn severity(severity: u8) -> &'static str {
    match severity {
        1 => "wakes someone",
        2 => "for office hours",
        _ => "for the record",
    }
}

/// When matching events make an alert, and which of them make one together.
pub(super) fn alerting(rule: &Rule) -> String {
    let window = duration(rule.window);
    let group = group(&rule.aggregate);
    let count = rule.threshold;
    let from = if rule.sliding { "of the last of them" } else { "of the first" };
    match &rule.distinct {
        None if count == 1 => {
            format!("One matching event makes an alert. Further ones {group} within {window} {from} are counted in it.")
        }
        None if rule.sliding => format!("{count} matching events {group} within any {window} make an alert."),
        None => format!("{count} matching events {group} within {window} {from} make an alert."),
        Some(key) => {
            let within = if rule.sliding { format!("any {window}") } else { format!("{window} {from}") };
            let values = if count == 1 { "value" } else { "different values" };
            let key = code(&key.to_string());
            format!("{count} {values} of {key} in matching events {group} within {within} make an alert.")
        }
    }
}

/// Which events are counted together.
fn group(aggregate: &[Key]) -> String {
    let keys: Vec<String> = aggregate.iter().map(|key| code(&key.to_string())).collect();
    match keys.split_last() {
        None => "from the same account or host".to_owned(),
        Some((only, [])) => format!("with the same {only}"),
        Some((last, others)) => format!("with the same {} and {last}", others.join(", ")),
    }
}

/// Searches for what else the same caller, address, machine or container did: of those that the rule groups by.
pub(super) fn searches(rule: &Rule) -> Vec<String> {
    const WHO: [&[&str]; 7] = [
        &["accountId", "user"],
        &["accessKey"],
        &["ip"],
        &["agent", "user"],
        &["containerId"],
        &["user.username"],
        &["sourceIPs"],
    ];
    let keys: Vec<String> = rule.aggregate.iter().map(ToString::to_string).collect();
    let known = WHO.into_iter().filter(|who| who.iter().all(|key| keys.iter().any(|known| known == key)));
    let filter = |who: &[&str]| who.iter().map(|key| format!("{key} = \"…\"")).collect::<Vec<_>>().join(" and ");
    known.map(filter).collect()
}

/// `1 hour`, `90 seconds`: in the largest unit that is exact.
pub(super) fn duration(seconds: u64) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute")];
    let (length, unit) = units.into_iter().find(|(length, _)| seconds.is_multiple_of(*length)).unwrap_or((1, "second"));
    let number = seconds / length;
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

/// A title as rule files write it.
pub(super) fn title(template: &Template) -> String {
    let part = |part: &Part| match part {
        Part::Text(text) => text.clone(),
        Part::Key(key) => format!("{{{{{key}}}}}"),
        Part::FirstOf(keys) => {
            let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
            format!("{{{{{}}}}}", keys.join(" or "))
        }
        Part::Lookup(lookup) => format!("{{{{{}}}}}", looked_up(lookup)),
    };
    template.parts.iter().map(part).collect()
}

fn looked_up(lookup: &Lookup) -> String {
    let column: String = lookup.column.iter().map(|name| format!(".{name}")).collect();
    format!("lookup(@{}, {}){column}", lookup.list, lookup.key)
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_in_the_largest_unit_that_is_exact() {
        let words = [(1, "1 second"), (90, "90 seconds"), (600, "10 minutes"), (3_600, "1 hour"), (172_800, "2 days")];
        words.into_iter().for_each(|(seconds, expected)| assert_eq!(duration(seconds), expected));
    }
}
