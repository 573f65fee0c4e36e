//! `oxpecker suppress`: the suppression that would silence an alert, and what else it would hide.

use super::corpus::{self, Brief};
use super::exit::Answer;
use super::input::{self, InputArgs};
use super::rules::RuleFile;
use super::{out, rules, summary};
use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use oxpecker::alert::Alert;
use oxpecker::intake::Input;
use oxpecker::render::safe;
use oxpecker_engine::language::{self, Limits};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;

/// Print the suppression that would silence an alert, ready to paste, and with events what else it would hide.
///
/// Exit status: 0, or 2 if the alert, its rule or an input cannot be read.
#[derive(Args)]
#[command(after_help = "Example:\n  oxpecker replay logs/ | head -1 | oxpecker suppress - logs/")]
pub(crate) struct Opts {
    /// The alert record, as `replay --output ndjson` prints it; `-` is standard input
    #[arg(value_name = "ALERT.json")]
    alert: PathBuf,
    /// A rule file or folder that holds the alert's rule; without it the shipped rules
    #[arg(long, value_name = "PATH")]
    rules: Vec<PathBuf>,
    /// Why, as it will stand in the rule
    #[arg(long, default_value = "known and harmless: say why")]
    reason: String,
    #[command(flatten)]
    input: InputArgs,
}

impl Opts {
    pub(crate) fn run(self) -> Result<Answer> {
        let alert = self.alert()?;
        let filter = filter(&alert)?;
        let mut out = out::stdout();
        writeln!(out, "{}", self.overlay(&alert, &filter))?;
        out::finish(out)?;
        if self.input.is_given() {
            self.effect(&alert, &filter)?;
        }
        Ok(Answer::Yes)
    }

    /// The first alert record of the file.
    fn alert(&self) -> Result<Alert> {
        let name = self.alert.display().to_string();
        let text = if name == "-" {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).context("cannot read the alert")?;
            text
        } else {
            fs::read_to_string(&self.alert).with_context(|| format!("cannot read {name}"))?
        };
        // One record on one line, or one document over many.
        let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let alert = Alert::from_line(first).or_else(|_| Alert::from_line(&text));
        alert.with_context(|| format!("{name} holds no alert record; `oxpecker replay --output ndjson` prints them"))
    }

    /// A tuning overlay: it leaves the rule's own file alone.
    fn overlay(&self, alert: &Alert, filter: &str) -> String {
        // JSON texts are YAML texts too.
        let text = |text: &str| Value::from(text).to_string();
        format!(
            "# Silences: {}\ntune:\n  - rule: {}\n    suppressions:\n      - filter: {}\n        reason: {}",
            safe(&alert.title),
            alert.rule_id,
            text(filter),
            text(&self.reason),
        )
    }

    /// Says which alerts of the rule would be gone from a corpus.
    fn effect(&self, alert: &Alert, filter: &str) -> Result<()> {
        input::catch_interrupts();
        let inputs = self.input.walk()?;
        if inputs.contains(&Input::Stdin) {
            bail!("the events are read twice: name files or folders");
        }
        let backend = self.input.backend()?;
        let files = rules::read(&self.rules)?;
        let overlay = RuleFile { name: "suppression".to_owned(), bytes: self.overlay(alert, filter).into_bytes() };
        let event_type = self.input.event_type.clone();
        let lists = self.input.lists.read()?;
        let before = rules::request(files.clone(), &lists, event_type.clone())?;
        let after = rules::request(files.into_iter().chain([overlay]).collect(), &lists, event_type)?;
        let of_rule = |alerts: Vec<Brief>| -> Vec<Brief> {
            alerts.into_iter().filter(|brief| brief.rule_id == alert.rule_id).collect()
        };
        let before = corpus::run(&backend, &before, &self.input, &inputs)?;
        let after = corpus::run(&backend, &after, &self.input, &inputs)?;
        let tallies = [before.tally, after.tally];
        let (before, after) = (of_rule(before.alerts), of_rule(after.alerts));
        let key = |brief: &Brief| (brief.source.clone(), brief.aggregate.clone(), brief.first_seen.clone());
        let left: BTreeSet<_> = after.iter().map(key).collect();
        let gone: Vec<&Brief> = before.iter().filter(|brief| !left.contains(&key(brief))).collect();
        let [all, hidden] = [before.len() as u64, gone.len() as u64];
        out::say(&format!("it would hide {} of the {} of this rule:", hidden, summary::count(all, "alert")));
        for brief in gone.iter().take(20) {
            let time = brief.first_seen.as_deref().unwrap_or("-");
            out::say(&format!("  {}  {:>6}  {}", safe(time), brief.count, safe(&brief.title)));
        }
        if gone.len() > 20 {
            out::say(&format!("  … and {} more", gone.len() - 20));
        }
        tallies.iter().try_for_each(summary::must_be_whole)
    }
}

/// The alert's aggregate values, joined by `and`.
fn filter(alert: &Alert) -> Result<String> {
    if alert.aggregate.is_empty() {
        bail!(
            "the rule {} has no aggregate fields: a suppression of it would hide all its alerts",
            safe(&alert.rule_id)
        );
    }
    let parts: Vec<String> = alert.aggregate.iter().map(|(key, value)| predicate(key, value)).collect::<Result<_>>()?;
    let text = parts.join(" and ");
    match language::parse(&text, &Limits::default()).expr {
        Some(expr) => Ok(expr.to_string()),
        None => Err(anyhow!("the alert's aggregate fields make no filter: {}", safe(&text))),
    }
}

fn predicate(key: &str, value: &Value) -> Result<String> {
    Ok(match value {
        Value::Null => format!("{key} = null"),
        Value::Bool(_) | Value::Number(_) => format!("{key} = {value}"),
        Value::String(text) => format!("{key} = {}", language::quoted(text)),
        Value::Array(values) => {
            let scalars = values.iter().filter(|value| !value.is_object() && !value.is_array());
            let parts: Vec<String> = scalars.map(|value| predicate(key, value)).collect::<Result<_>>()?;
            if parts.is_empty() {
                bail!("the value of `{}` cannot be compared in a filter", safe(key));
            }
            parts.join(" and ")
        }
        Value::Object(_) => bail!("the value of `{}` is an object and cannot be compared in a filter", safe(key)),
    })
}
