//! The closing lines of a run: what was read and what became of it.

use super::out;
use super::progress::per_second;
use anyhow::{Result, bail};
use indicatif::{HumanBytes, HumanCount};
use oxpecker::alert::Record;
use oxpecker::pipeline::Tally;
use oxpecker::render::safe;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// A number with its noun: `1 event`, `2,000 events`.
pub(crate) fn count(number: u64, noun: &str) -> String {
    let plural = match (number, noun.strip_suffix("ch"), noun) {
        (1, ..) => noun.to_owned(),
        (_, Some(_), _) => format!("{noun}es"),
        _ => format!("{noun}s"),
    };
    format!("{} {plural}", HumanCount(number))
}

/// The first line of every summary.
fn read(tally: &Tally, took: Duration) {
    let rate = HumanCount(per_second(tally.read, took));
    out::say(&format!(
        "{} ({}) read from {} in {:.2} s, {rate} events/s",
        count(tally.read, "event"),
        HumanBytes(tally.event_bytes),
        count(tally.inputs, "input"),
        took.as_secs_f64(),
    ));
    let mut parts = vec![format!("{} evaluated", HumanCount(tally.evaluated))];
    parts.push(with_reasons(tally.rejected(), "rejected", &tally.rejected));
    parts.push(with_reasons(tally.skipped(), "skipped", &tally.skipped));
    out::say(&format!("  {}", parts.join(", ")));
    if tally.replaced > 0 {
        out::say(&format!("  the sandbox failed and was replaced {}", times(tally.replaced)));
    }
}

fn times(number: u64) -> String {
    if number == 1 { "once".to_owned() } else { format!("{number} times") }
}

fn with_reasons(total: u64, what: &str, reasons: &BTreeMap<String, u64>) -> String {
    let mut text = format!("{} {what}", HumanCount(total));
    if total > 0 {
        let reasons: Vec<String> = reasons.iter().map(|(reason, n)| format!("{reason}: {}", HumanCount(*n))).collect();
        text.push_str(&format!(" ({})", reasons.join(", ")));
    }
    text
}

/// After a search.
pub(crate) fn search(tally: &Tally, matched: u64, stats: &[Value], took: Duration) {
    read(tally, took);
    let undecided = match tally.undecided {
        0 => String::new(),
        n => format!(", {} undecided (CloudTrail cut what the filter asks for)", HumanCount(n)),
    };
    out::say(&format!("  {} matched{undecided}", HumanCount(matched)));
    if tally.evaluated > 0 && !stats.is_empty() {
        for key in unseen(stats) {
            out::say(&format!("  note: no event had the key `{}`", safe(&key)));
        }
    }
}

/// Keys that no worker saw.
fn unseen(stats: &[Value]) -> Vec<String> {
    let keys = |stats: &Value| -> Vec<String> {
        let keys = stats.get("unseen_keys").and_then(Value::as_array);
        keys.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    // A worker that got no events has seen no keys: it says nothing about them.
    let busy = stats.iter().filter(|stats| stats.get("evaluated").and_then(Value::as_u64).unwrap_or(0) > 0);
    let mut all = busy.map(keys);
    let Some(first) = all.next() else { return Vec::new() };
    all.fold(first, |left, right| left.into_iter().filter(|key| right.contains(key)).collect())
}

/// What a replay adds up to.
#[derive(Debug, Default)]
pub(crate) struct Replayed {
    pub(crate) rules: u64,
    /// Pairs of event and rule that matched, suppressed ones included.
    pub(crate) matched: u64,
    pub(crate) suppressed: u64,
    pub(crate) matching_rules: u64,
    /// Rules that were left out because they have errors.
    pub(crate) broken_rules: u64,
    /// Alerts by severity 1, 2, 3.
    pub(crate) alerts: [u64; 3],
    /// Alerts that are not printed yet: they wait in a file for their windows to close, or for those before them.
    pub(crate) waiting: u64,
    pub(crate) windows_lost: u64,
    pub(crate) records_dropped: u64,
    /// Instances of the windows that were lost.
    pub(crate) windows_replaced: u64,
    /// The counters of the windows.
    pub(crate) windows: Value,
    /// What ran: the module's hash, or that there was no sandbox.
    pub(crate) engine: String,
}

impl Replayed {
    /// Counts an alert that has fired.
    pub(crate) fn count(&mut self, alert: &Record<'_>) {
        if let Some(count) = self.alerts.get_mut(usize::from(alert.severity.saturating_sub(1))) {
            *count += 1;
        }
    }

    /// Forgets what windows gave: they begin anew.
    pub(crate) fn forget_windows(&mut self) {
        (self.alerts, self.windows_lost, self.records_dropped, self.windows_replaced) = ([0; 3], 0, 0, 0);
    }

    /// What happened to windows that should not.
    fn window_lines(&self) -> Vec<String> {
        let number = |name: &str| self.windows.get(name).and_then(Value::as_u64).unwrap_or(0);
        let lines = [
            (number("untimed"), "match", "of events without a usable time, outside all windows"),
            (number("late"), "match", "of events too late to count with others: an alert may be missing"),
            (number("repeated"), "match", "of events that came twice, counted once"),
            (number("closed_early"), "window", "closed early for lack of room: their alerts may come twice"),
            (number("given_up"), "window", "given up for lack of room below their threshold: alerts may be missing"),
            (self.windows_replaced, "time", "the instance of the windows failed and was replaced"),
            (self.windows_lost, "time", "the windows were lost with their instance"),
            (self.records_dropped, "match", "dropped: no instance would take them"),
        ];
        let told = lines.into_iter().filter(|(count, ..)| *count > 0);
        told.map(|(number, noun, what)| format!("{} {what}", count(number, noun))).collect()
    }
}

/// After a replay.
pub(crate) fn replay(tally: &Tally, replayed: &Replayed, stats: &[Value], took: Duration) {
    read(tally, took);
    let [one, two, three] = replayed.alerts;
    out::say(&format!(
        "  {} by {} of {}, {} suppressed, {} undecided",
        count(replayed.matched, "match"),
        replayed.matching_rules,
        count(replayed.rules, "rule"),
        HumanCount(replayed.suppressed),
        HumanCount(tally.undecided),
    ));
    out::say(&format!(
        "  {}: {one} of severity 1, {two} of severity 2, {three} of severity 3",
        count(one + two + three, "alert")
    ));
    if replayed.waiting > 0 {
        let waiting = count(replayed.waiting, "alert");
        out::say(&format!(
            "  {waiting} left in the file of --state for a later run: windows are open, theirs or of earlier alerts"
        ));
    }
    for (rule, undecided) in by_rule(stats, "undecided") {
        out::say(&format!(
            "  undecided: {} for {}: CloudTrail cut what the rule asks for",
            count(undecided, "event"),
            safe(&rule)
        ));
    }
    for (rule, shadowed) in by_rule(stats, "shadowed") {
        out::say(&format!("  in shadow: {} of {} raised no alert", count(shadowed, "match"), safe(&rule)));
    }
    if replayed.broken_rules > 0 {
        let errors = count(replayed.broken_rules, "error");
        out::say(&format!("  {errors} in the rule files: rules with errors are not loaded"));
    }
    for line in replayed.window_lines() {
        out::say(&format!("  {line}"));
    }
    out::say(&format!("  {}", replayed.engine));
}

/// A counter of each rule that is not zero, over all workers.
fn by_rule(stats: &[Value], name: &str) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for rule in stats.iter().filter_map(|stats| stats.get("rules")?.as_array()).flatten() {
        let number = rule.get(name).and_then(Value::as_u64).unwrap_or(0);
        if let Some(id) = rule.get("rule_id").and_then(Value::as_str).filter(|_| number > 0) {
            *sums.entry(id.to_owned()).or_default() += number;
        }
    }
    sums
}

/// Everything that was read must be evaluated, rejected or skipped. Anything else is a fault of ours.
pub(crate) fn must_add_up(tally: &Tally) -> Result<()> {
    if tally.adds_up() {
        return Ok(());
    }
    let error = oxpecker::sandbox::SandboxError::Nonsense { during: "the run", what: "events were lost" };
    let (evaluated, rejected, skipped) = (tally.evaluated, tally.rejected(), tally.skipped());
    bail!(anyhow::Error::new(error).context(format!(
        "{} were read, but {evaluated} evaluated, {rejected} rejected and {skipped} skipped",
        count(tally.read, "event")
    )))
}

/// An input that could not be read to its end is an error, told after what was found in the rest.
pub(crate) fn must_be_whole(tally: &Tally) -> Result<()> {
    if tally.broken_inputs > 0 {
        bail!("{} could not be read to the end", count(tally.broken_inputs, "input"));
    }
    Ok(())
}
