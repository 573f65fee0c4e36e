//! `oxpecker rules`: what is in force and from where, and how it behaves on a corpus, day by day.

use super::corpus::{self, Brief, Matches};
use super::exit::Answer;
use super::input::{self, InputArgs};
use super::loaded::Loaded;
use super::out::Form;
use super::summary::{self, count};
use super::{out, pages, rules, sight};
use anyhow::{Result, bail};
use clap::Args;
use oxpecker::render::safe;
use oxpecker::sandbox::LoadRequest;
use oxpecker_engine::problem::Position;
use oxpecker_engine::rule::{Collected, Limits, Place, Status, duration};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write;
use std::path::PathBuf;

/// List the rules in force; with events, how often each matched, was suppressed and alerted on each day.
///
/// --can-fire tells which rules matched none of the events, and why: what they ask about is not logged (blind), or is and
/// did not happen (quiet).
///
/// Exit status: 0, or 2 if a rule or an input cannot be read.
#[derive(Args)]
#[command(after_help = "Examples:\n  oxpecker rules\n  oxpecker rules --rules my-rules/ logs/\n  \
    oxpecker rules --can-fire logs/\n  oxpecker rules --rules my-rules/ --pages docs/rules/")]
pub(crate) struct Opts {
    /// A rule file or folder; may be repeated. Without it the shipped rules
    #[arg(long, value_name = "PATH")]
    rules: Vec<PathBuf>,
    #[command(flatten)]
    input: InputArgs,
    /// Tell which rules can match nothing in these events, and why
    #[arg(long)]
    can_fire: bool,
    /// Instead of the list, write a page for each rule into this folder, with indexes and an ATT&CK Navigator layer; pages of
    /// rules that are gone are removed, files that this did not write are not
    #[arg(long, value_name = "DIR", conflicts_with_all = ["inputs", "output"])]
    pages: Option<PathBuf>,
    /// How the list is printed
    #[arg(long, short, value_name = "FORM", default_value = "text")]
    output: Form,
}

/// How one rule behaved on one day.
#[derive(Debug, Clone, Copy, Default)]
struct Day {
    matches: Matches,
    alerts: u64,
}

/// How the rules behaved: by rule and day.
type Behaviour = BTreeMap<String, BTreeMap<String, Day>>;

impl Opts {
    pub(crate) fn run(self) -> Result<Answer> {
        let files = rules::read(&self.rules)?;
        let lists = self.input.lists.read()?;
        let mut request = rules::request(files.clone(), &lists, self.input.event_type.clone())?;
        let loaded = Loaded::new(files, lists.values(), &Limits::default());
        if self.can_fire {
            return self.can_fire(request, &loaded);
        }
        if let Some(folder) = &self.pages {
            pages::write(&loaded, !self.rules.is_empty(), folder)?;
            return Ok(Answer::Yes);
        }
        // Shadow rules too: this is where their behaviour is looked at.
        request.options.insert("shadow_alerts".into(), true.into());
        let (behaviour, tally) = if self.input.is_given() {
            input::catch_interrupts();
            let inputs = self.input.walk()?;
            let found = corpus::run(&self.input.backend()?, &request, &self.input, &inputs)?;
            (Some(behaviour(found.days, found.alerts)), Some(found.tally))
        } else {
            (None, None)
        };
        let mut out = out::stdout();
        match self.output {
            Form::Json => {
                for rule in &loaded.set.rules {
                    out.write_all(&out::json(format!("{}\n", as_json(rule, &loaded, behaviour.as_ref())).as_bytes()))?;
                }
            }
            Form::Text => write!(out, "{}", as_text(&loaded, behaviour.as_ref()))?,
        }
        out::finish(out)?;
        let disabled = if !loaded.set.disabled.is_empty() {
            format!(", {} switched off", loaded.set.disabled.len())
        } else {
            String::new()
        };
        out::say(&format!("{} in force{disabled}", count(loaded.set.rules.len() as u64, "rule")));
        tally.as_ref().map_or(Ok(()), summary::must_be_whole)?;
        Ok(Answer::Yes)
    }
}

impl Opts {
    fn can_fire(&self, request: LoadRequest, loaded: &Loaded) -> Result<Answer> {
        if !self.input.is_given() {
            bail!("--can-fire needs events: files, folders, or - for standard input");
        }
        let sights = sight::run(request, loaded, &self.input)?;
        let mut out = out::stdout();
        match self.output {
            Form::Json => {
                for record in sight::as_json(&sights) {
                    out.write_all(&out::json(format!("{record}\n").as_bytes()))?;
                }
            }
            Form::Text => write!(out, "{}", sight::as_text(&sights))?,
        }
        out::finish(out)?;
        out::say(&sight::closing(&sights));
        Ok(Answer::Yes)
    }
}

fn behaviour(days: BTreeMap<(String, String), Matches>, alerts: Vec<Brief>) -> Behaviour {
    let mut behaviour = Behaviour::new();
    for ((rule, day), matches) in days {
        behaviour.entry(rule).or_default().entry(day).or_default().matches = matches;
    }
    for alert in alerts {
        let day = alert.day().unwrap_or(corpus::NO_DAY).to_owned();
        behaviour.entry(alert.rule_id).or_default().entry(day).or_default().alerts += 1;
    }
    behaviour
}

/// `file:line` of a rule.
fn place(rule: &Collected, loaded: &Loaded) -> String {
    let Some(file) = loaded.files.get(rule.source) else { return String::new() };
    format!("{}:{}", file.name, Position::of(&file.text, rule.rule.span).line)
}

/// Where the rule is from, and which of its values are from elsewhere.
fn origin(rule: &Collected, loaded: &Loaded) -> String {
    let mut parts = vec![place(rule, loaded)];
    if !rule.also_in.is_empty() {
        parts.push(format!("also in {}", rule.also_in.join(", ")));
    }
    if rule.rule.status == Status::Shadow {
        parts.push("in shadow: raises no alert".to_owned());
    }
    let own = |line: &Place| line.source == rule.source;
    for (field, line) in rule.provenance.fields.iter().filter(|(_, line)| !own(line)) {
        parts.push(format!("{} from {}", field.as_str(), line_of(line, loaded)));
    }
    for line in rule.provenance.suppressions.iter().filter(|line| !own(line)) {
        parts.push(format!("suppression from {}", line_of(line, loaded)));
    }
    parts.join(" · ")
}

fn line_of(place: &Place, loaded: &Loaded) -> String {
    let name = loaded.files.get(place.source).map_or("?", |file| file.name.as_str());
    format!("{name}:{}", place.line)
}

fn window(rule: &Collected) -> String {
    let length = duration::written(rule.rule.window);
    let sliding = if rule.rule.sliding { "sliding " } else { "" };
    let distinct = rule.rule.distinct.as_ref().map(|key| format!(" distinct {key}")).unwrap_or_default();
    format!("{}{distinct} in {sliding}{length}", rule.rule.threshold)
}

fn as_text(loaded: &Loaded, behaviour: Option<&Behaviour>) -> String {
    let mut text = String::new();
    for collected in &loaded.set.rules {
        let rule = &collected.rule;
        let tags = rule.tags.join(" ");
        let tests = rule.tests.len();
        let line = format!("{}  {:<52}  {:<10}  {tests:>2} tests  {tags}", rule.severity, rule.id, window(collected));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}\n   {}", safe(line.trim_end()), safe(&origin(collected, loaded)));
        if let Some(days) = behaviour {
            behaviour_lines(days.get(&rule.id), all_days(days).as_slice(), &mut text);
        }
    }
    text
}

/// Every day on which some rule matched.
fn all_days(behaviour: &Behaviour) -> Vec<&str> {
    behaviour.values().flat_map(BTreeMap::keys).map(String::as_str).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Days that are shown; the latest.
const SHOWN_DAYS: usize = 60;

fn behaviour_lines(days: Option<&BTreeMap<String, Day>>, all: &[&str], text: &mut String) {
    let Some(days) = days else {
        text.push_str("   no match\n");
        return;
    };
    let sum = |of: fn(&Day) -> u64| days.values().map(of).sum::<u64>();
    let most = days.values().map(|day| day.alerts).max().unwrap_or(0);
    let shown = all.get(all.len().saturating_sub(SHOWN_DAYS)..).unwrap_or_default();
    let line: String = shown.iter().map(|day| bar(days.get(*day).map_or(0, |day| day.alerts), most)).collect();
    let _ = writeln!(
        text,
        "   {} matched, {} suppressed, {} on {}, at most {most} a day  {line}",
        sum(|day| day.matches.matched),
        sum(|day| day.matches.suppressed),
        count(sum(|day| day.alerts), "alert"),
        count(days.len() as u64, "day"),
    );
}

/// One day of a sparkline.
fn bar(value: u64, most: u64) -> char {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    if value == 0 || most == 0 {
        return '·';
    }
    let step = usize::try_from((value * 8).div_ceil(most)).unwrap_or(8);
    BARS.get(step - 1).copied().unwrap_or('█')
}

fn as_json(collected: &Collected, loaded: &Loaded, behaviour: Option<&Behaviour>) -> Value {
    let rule = &collected.rule;
    let days = behaviour.map(|behaviour| {
        let days = behaviour.get(&rule.id).into_iter().flatten();
        let day = |(day, behaviour): (&String, &Day)| {
            let Day { matches, alerts } = behaviour;
            json!({"day": day, "matched": matches.matched, "suppressed": matches.suppressed, "alerts": alerts})
        };
        days.map(day).collect::<Vec<_>>()
    });
    json!({
        "id": rule.id,
        "name": rule.name,
        "ruleset": collected.ruleset,
        "severity": rule.severity,
        "type": rule.kind.as_str(),
        "window_seconds": rule.window,
        "sliding": rule.sliding,
        "threshold": rule.threshold,
        "distinct": rule.distinct.as_ref().map(ToString::to_string),
        "aggregate": rule.aggregate.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "suppressions": rule.suppressions.len(),
        "tags": rule.tags,
        "tests": rule.tests.len(),
        "rule_version": rule.version,
        "status": rule.status.as_str(),
        "also_in": collected.also_in,
        "from": place(collected, loaded),
        "values_from": collected.provenance.fields.iter()
            .map(|(field, place)| (field.as_str().to_owned(), Value::from(line_of(place, loaded))))
            .collect::<serde_json::Map<_, _>>(),
        "suppressions_from": collected.provenance.suppressions.iter().map(|place| line_of(place, loaded)).collect::<Vec<_>>(),
        "days": days,
    })
}
