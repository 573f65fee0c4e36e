//! `oxpecker diff`: which alerts a change of rules gains, loses, makes louder or quieter.

use super::corpus::{self, Brief, Found};
use super::exit::Answer;
use super::input::{self, InputArgs};
use super::out::Form;
use super::{out, rules, summary};
use anyhow::{Result, bail};
use clap::Args;
use oxpecker::intake::Input;
use oxpecker::lists::ListFiles;
use oxpecker::render::safe;
use oxpecker::sandbox::LoadRequest;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

/// Compare two versions of rules over the same events: alerts gained, lost, louder and quieter.
///
/// Exit status: 0 if nothing changes and no rule is over its budget, 1 otherwise, 2 if a rule or an input cannot be
/// read.
#[derive(Args)]
#[command(
    after_help = "Example:\n  git worktree add /tmp/old main && oxpecker diff /tmp/old/rules rules logs/ --budget 20"
)]
pub(crate) struct Opts {
    /// The rules as they were: a file or folder
    old: PathBuf,
    /// The rules as they would be: a file or folder
    new: PathBuf,
    #[command(flatten)]
    input: InputArgs,
    /// Fail if a rule of NEW raises more than this many alerts on one day
    #[arg(long, value_name = "ALERTS")]
    budget: Option<u64>,
    /// How the result is printed
    #[arg(long, short, value_name = "FORM", default_value = "text")]
    output: Form,
}

/// What changes for one rule, source and aggregate values.
#[derive(Debug, Serialize)]
struct Change {
    kind: Kind,
    rule_id: String,
    title: String,
    source: String,
    aggregate: String,
    /// Alerts before and after.
    alerts: [usize; 2],
    /// The worst severity before and after; 0 where there is no alert.
    severity: [u8; 2],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Gained,
    Lost,
    Louder,
    Quieter,
}

#[derive(Debug, Serialize)]
struct Over {
    rule_id: String,
    day: String,
    alerts: u64,
}

#[derive(Debug, Serialize)]
struct Report {
    events: u64,
    /// Alerts before and after.
    alerts: [usize; 2],
    changes: Vec<Change>,
    over_budget: Vec<Over>,
}

impl Opts {
    pub(crate) fn run(self) -> Result<Answer> {
        let lists = self.input.lists.read()?;
        let (old, new) = (request(&self.old, &lists, &self.input)?, request(&self.new, &lists, &self.input)?);
        input::catch_interrupts();
        let inputs = self.input.walk()?;
        if inputs.contains(&Input::Stdin) {
            bail!("diff reads its input twice: name files or folders");
        }
        let backend = self.input.backend()?;
        let before = corpus::run(&backend, &old, &self.input, &inputs)?;
        let after = corpus::run(&backend, &new, &self.input, &inputs)?;
        let report = self.compare(&before, &after);
        let clean = report.changes.is_empty() && report.over_budget.is_empty();
        let mut out = out::stdout();
        match self.output {
            Form::Json => out.write_all(&out::json(format!("{}\n", serde_json::to_string(&report)?).as_bytes()))?,
            Form::Text => write!(out, "{}", text(&report))?,
        }
        out::finish(out)?;
        summary::must_be_whole(&before.tally)?;
        summary::must_be_whole(&after.tally)?;
        Ok(Answer::from_bool(clean))
    }

    fn compare(&self, before: &Found, after: &Found) -> Report {
        Report {
            events: after.tally.read,
            alerts: [before.alerts.len(), after.alerts.len()],
            changes: changes(&before.alerts, &after.alerts),
            over_budget: self.budget.map(|budget| over(&after.alerts, budget)).unwrap_or_default(),
        }
    }
}

/// The rules of a path, ready to load. Here a rule file with errors ends the run: a comparison without some rules would
/// say that their alerts are lost.
fn request(path: &PathBuf, lists: &ListFiles, input: &InputArgs) -> Result<LoadRequest> {
    let files = rules::read(std::slice::from_ref(path))?;
    rules::request(files, lists, input.event_type.clone())
}

/// Alerts of one rule, source and aggregate values.
type Groups<'b> = BTreeMap<(&'b str, &'b str, &'b str), Vec<&'b Brief>>;

fn grouped(alerts: &[Brief]) -> Groups<'_> {
    let mut groups = Groups::new();
    for alert in alerts {
        groups.entry((&alert.rule_id, &alert.source, &alert.aggregate)).or_default().push(alert);
    }
    groups
}

fn changes(before: &[Brief], after: &[Brief]) -> Vec<Change> {
    let (before, after) = (grouped(before), grouped(after));
    let mut changes: Vec<Change> = after.iter().filter_map(|(key, new)| change(before.get(key), new)).collect();
    let lost = before.iter().filter(|(key, _)| !after.contains_key(*key));
    changes.extend(lost.filter_map(|(_, old)| changed(Kind::Lost, old, &[])));
    changes.sort_by(|left, right| (left.kind, &left.rule_id).cmp(&(right.kind, &right.rule_id)));
    changes
}

fn change(old: Option<&Vec<&Brief>>, new: &[&Brief]) -> Option<Change> {
    let Some(old) = old else { return changed(Kind::Gained, &[], new) };
    // More alerts, or a worse severity (a smaller number), is louder; severity weighs more.
    let loudness = |alerts: &[&Brief]| (std::cmp::Reverse(worst(alerts)), alerts.len());
    match loudness(new).cmp(&loudness(old)) {
        std::cmp::Ordering::Greater => changed(Kind::Louder, old, new),
        std::cmp::Ordering::Less => changed(Kind::Quieter, old, new),
        std::cmp::Ordering::Equal => None,
    }
}

fn worst(alerts: &[&Brief]) -> u8 {
    alerts.iter().map(|alert| alert.severity).min().unwrap_or(0)
}

fn changed(kind: Kind, old: &[&Brief], new: &[&Brief]) -> Option<Change> {
    let shown = new.first().or(old.first())?;
    Some(Change {
        kind,
        rule_id: shown.rule_id.clone(),
        title: shown.title.clone(),
        source: shown.source.clone(),
        aggregate: shown.aggregate.clone(),
        alerts: [old.len(), new.len()],
        severity: [worst(old), worst(new)],
    })
}

fn over(alerts: &[Brief], budget: u64) -> Vec<Over> {
    let mut days: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for alert in alerts {
        *days.entry((&alert.rule_id, alert.day().unwrap_or(corpus::NO_DAY))).or_default() += 1;
    }
    let over = days.into_iter().filter(|(_, alerts)| *alerts > budget);
    over.map(|((rule, day), alerts)| Over { rule_id: rule.to_owned(), day: day.to_owned(), alerts }).collect()
}

fn text(report: &Report) -> String {
    let number = |kind| report.changes.iter().filter(|change| change.kind == kind).count();
    let mut text = String::new();
    for change in &report.changes {
        let (sign, [was, is], [before, after]) = (sign(change.kind), change.alerts, change.severity);
        let severity = if before == after || before == 0 || after == 0 {
            before.max(after).to_string()
        } else {
            format!("{before}→{after}")
        };
        let row = format!("{sign} severity {severity}, {was}→{is} alerts  {}", safe(&change.title));
        text.push_str(&format!("{row}\n    {} · {}\n", safe(&change.rule_id), safe(&change.source)));
    }
    for over in &report.over_budget {
        text.push_str(&format!("! {}: {} alerts on {}\n", safe(&over.rule_id), over.alerts, safe(&over.day)));
    }
    let [before, after] = report.alerts;
    text.push_str(&format!(
        "{}: {before} alerts before, {after} after; groups gained {}, lost {}, louder {}, quieter {}\n",
        summary::count(report.events, "event"),
        number(Kind::Gained),
        number(Kind::Lost),
        number(Kind::Louder),
        number(Kind::Quieter),
    ));
    text
}

fn sign(kind: Kind) -> &'static str {
    match kind {
        Kind::Gained => "+ gained ",
        Kind::Lost => "- lost   ",
        Kind::Louder => "> louder ",
        Kind::Quieter => "< quieter",
    }
}
