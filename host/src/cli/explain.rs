//! `oxpecker explain`: why a rule or a filter matched an event, or did not.

use super::exit::Answer;
use super::link::{LinkArgs, Mode};
use super::lists::ListArgs;
use super::loaded::Loaded;
use super::{out, rules};
use anyhow::{Context, Result, anyhow, bail};
use clap::{ArgGroup, Args, ValueEnum};
use oxpecker::intake::{self, Flow, Item, Reader};
use oxpecker::render::explanation::{Style, json, tree, why};
use oxpecker::render::{diagnostics, safe};
use oxpecker_engine::event::{Event, Instant, format_time};
use oxpecker_engine::explain::{Explanation, explain};
use oxpecker_engine::json::Limits as EventLimits;
use oxpecker_engine::language::{self, Expr, suggest};
use oxpecker_engine::lists::Lists;
use oxpecker_engine::problem::Diagnostic;
use oxpecker_engine::reference::Verdict;
use oxpecker_engine::rule::{Limits, Rule, outline};
use serde_json::{Value, json as object};
use std::borrow::Cow;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// Explain why a rule matches an event or does not: the filter as a tree, with what each condition found.
///
/// Exit status: 0 if there was something to explain, whatever the verdict; 2 if the rule, the filter or the event cannot
/// be read.
#[derive(Args)]
#[command(group(ArgGroup::new("subject").required(true).args(["rule", "filter"])))]
#[command(after_help = "Examples:\n  oxpecker explain --rule cloudtrail-ssm-start-session --event event.json\n  \
    oxpecker explain --filter 'user = \"root\"' --event trail.json.gz --nth 3\n  \
    oxpecker explain --rule cloudtrail-ssm-start-session --link")]
pub(crate) struct Opts {
    /// The rule's id
    #[arg(long, value_name = "ID")]
    rule: Option<String>,
    /// A filter in place of a rule
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Where the rule is, and the lists that a filter uses: a rule file or a folder of them; may be repeated [default: the shipped sets]
    #[arg(long, value_name = "PATH")]
    rules: Vec<PathBuf>,
    #[command(flatten)]
    lists: ListArgs,
    /// The event: a file of events in any form that `replay` reads; `-` is standard input
    #[arg(long, value_name = "FILE", required_unless_present = "link")]
    event: Option<PathBuf>,
    /// Which event of the file, counted from 1
    #[arg(long, value_name = "N", conflicts_with = "all", value_parser = clap::value_parser!(u64).range(1..))]
    nth: Option<u64>,
    /// Every event of the file
    #[arg(long)]
    all: bool,
    /// The type of the event, whatever it looks like
    #[arg(long, value_name = "TYPE")]
    event_type: Option<String>,
    /// How to show it
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
    #[command(flatten)]
    link: LinkArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// A tree, for people
    Text,
    /// One JSON object an event
    Json,
}

/// What is explained.
struct Subject {
    rule: Option<Rule>,
    /// The rule as a file of its own, and whether overlays have changed it.
    file: Option<(String, bool)>,
    filter: Expr,
    lists: Lists,
}

impl Opts {
    pub(crate) fn run(self) -> Result<Answer> {
        let subject = self.subject()?;
        if self.link.wanted() {
            return self.link(&subject);
        }
        let mut out = out::stdout();
        let mut explained = 0u64;
        let mut failure = None;
        let end = self.read(&mut |number, line, bytes| {
            let shown =
                self.event(&subject, number, line, bytes).and_then(|text| Ok(out.write_all(&self.shown(&text))?));
            explained += 1;
            failure = shown.err();
            if failure.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        out::finish(out)?;
        if let Some(failure) = failure {
            return Err(failure);
        }
        match (explained, self.nth) {
            (0, Some(nth)) => bail!("there is no event {nth} in {}: it has {end}", self.event_file().display()),
            (0, None) => bail!("there is no event in {}", self.event_file().display()),
            (1, None) if end > 1 && !self.all => out::say("more events follow: --nth N or --all explains them"),
            _ => {}
        }
        Ok(Answer::Yes)
    }

    /// The rule or the filter. Problems of other rules are left to `check`.
    fn subject(&self) -> Result<Subject> {
        let needs_rules = self.rule.is_some() || !self.rules.is_empty();
        let files = if needs_rules { rules::read(&self.rules)? } else { Vec::new() };
        let loaded = Loaded::new(files, self.lists.read()?.values(), &Limits::default());
        let lists = loaded.lists();
        if let Some(text) = &self.filter {
            return Ok(Subject { rule: None, file: None, filter: read_filter(text, &lists)?, lists });
        }
        let id = self.rule.as_deref().unwrap_or_default();
        let found = loaded.set.rules.iter().find(|collected| collected.rule.id == id);
        let found = found.ok_or_else(|| unknown_rule(id, &loaded, self.rules.is_empty()))?;
        let text = loaded.files.get(found.source).map_or("", |file| &file.text);
        let alone = outline::single(text, id).unwrap_or_else(|| text.to_owned());
        let file = Some((alone, !found.provenance.tunings.is_empty()));
        Ok(Subject { filter: found.rule.filter.clone(), rule: Some(found.rule.clone()), file, lists })
    }

    /// The file of the event; an empty path where there is none, which only a link may lack.
    fn event_file(&self) -> &Path {
        self.event.as_deref().unwrap_or(Path::new(""))
    }

    /// Prints a link to the playground in place of an explanation.
    fn link(&self, subject: &Subject) -> Result<Answer> {
        let mut events = Vec::new();
        if self.link.with_event() {
            self.read(&mut |_, _, bytes| {
                events.push(String::from_utf8_lossy(bytes).into_owned());
                ControlFlow::Continue(())
            })?;
            if events.is_empty() {
                bail!("there is no such event in {}", self.event_file().display());
            }
        }
        let (mode, text) = match (&subject.file, &self.filter) {
            (Some((text, tuned)), _) => {
                if *tuned {
                    out::say("the link shows the rule as its own file says it, without the overlays");
                }
                (Mode::File, text.as_str())
            }
            (None, filter) => (Mode::Filter, filter.as_deref().unwrap_or_default()),
        };
        let mut out = out::stdout();
        writeln!(out, "{}", self.link.to(mode, text, &events)?)?;
        out::finish(out)?;
        Ok(Answer::Yes)
    }

    /// Hands out the events that are asked for with their numbers and lines; gives how many events were read.
    fn read(&self, sink: &mut dyn FnMut(u64, u64, &[u8]) -> Flow) -> Result<u64> {
        let walk = intake::walk(&[self.event_file().to_owned()]).context("cannot read the event")?;
        let mut number = 0;
        for input in &walk.inputs {
            let name = input.to_string();
            let reader = Reader::open(input).map_err(|problem| anyhow!("{name}: {problem}"))?;
            let outcome = intake::read(reader, &intake::Limits::default(), &mut |item| match item {
                Item::Event { bytes, at } => {
                    number += 1;
                    match self.wants(number) {
                        Want::This => sink(number, at.line, bytes),
                        Want::Later => ControlFlow::Continue(()),
                        Want::NoMore => ControlFlow::Break(()),
                    }
                }
                Item::Rejected { at, reason, .. } => {
                    out::say(&format!("rejected: {}:{}: {reason} ({})", safe(&name), at.line, reason.code()));
                    ControlFlow::Continue(())
                }
                Item::Skipped { at, kind } => {
                    out::say(&format!("skipped: {}:{}: {kind}", safe(&name), at.line));
                    ControlFlow::Continue(())
                }
            });
            if let Some(error) = outcome.error {
                return Err(anyhow!("{name}: {error}"));
            }
            if outcome.stopped {
                break;
            }
        }
        Ok(number)
    }

    fn shown<'t>(&self, text: &'t str) -> Cow<'t, [u8]> {
        if self.output == Output::Json { out::json(text.as_bytes()) } else { Cow::Borrowed(text.as_bytes()) }
    }

    fn wants(&self, number: u64) -> Want {
        let wanted = self.nth.unwrap_or(1);
        match number {
            _ if self.all => Want::This,
            number if number < wanted => Want::Later,
            number if number == wanted => Want::This,
            _ => Want::NoMore,
        }
    }

    /// One event, explained.
    fn event(&self, subject: &Subject, number: u64, line: u64, bytes: &[u8]) -> Result<String> {
        let event = match Event::parse(bytes, &EventLimits::default(), self.event_type.as_deref()) {
            Ok(event) => event,
            Err(reject) if self.all => {
                out::say(&format!("rejected: {}:{line}: {reject}", safe(&self.event_file().display().to_string())));
                return Ok(String::new());
            }
            Err(reject) => bail!("event {number} ({}:{line}) cannot be read: {reject}", self.event_file().display()),
        };
        let explained = Explained::new(subject, &event);
        Ok(match self.output {
            Output::Text => explained.text(subject, number, line, &event),
            Output::Json => format!("{}\n", explained.json(subject, number, line, &event)),
        })
    }
}

enum Want {
    Later,
    This,
    NoMore,
}

fn read_filter(text: &str, lists: &Lists) -> Result<Expr> {
    let mut parsed = language::parse(text, &language::Limits::default());
    if let Some(expr) = &parsed.expr {
        language::check(expr, &lists.names().collect::<Vec<_>>(), &mut parsed.problems);
    }
    diagnostics::print("filter", text, &parsed.problems, out::colour_on_stderr());
    let failed = parsed.problems.iter().any(Diagnostic::is_error);
    parsed.expr.filter(|_| !failed).context("the filter cannot be used")
}

fn unknown_rule(id: &str, loaded: &Loaded, shipped: bool) -> anyhow::Error {
    let ids = || loaded.set.rules.iter().map(|collected| collected.rule.id.as_str());
    let near = suggest::nearest(id, ids()).or_else(|| ids().find(|known| !id.is_empty() && known.contains(id)));
    let broken: usize = loaded.files.iter().map(|file| file.errors().len()).sum();
    let mut message = format!("there is no rule `{id}` in force");
    match (near, loaded.set.rules.len()) {
        (Some(near), _) => message.push_str(&format!("; did you mean `{near}`?")),
        (None, rules) => message.push_str(&format!(" among {rules}")),
    }
    if !loaded.set.disabled.is_empty() {
        message.push_str(&format!(" ({} switched off)", loaded.set.disabled.len()));
    }
    if broken > 0 {
        message.push_str(" (some rules have errors and were left out: see `oxpecker check`)");
    }
    if shipped {
        message.push_str(" (these are the shipped rules; --rules PATH names others)");
    }
    anyhow!(message)
}

/// The filter and the suppressions on one event.
struct Explained {
    filter: Explanation,
    /// Each suppression with whether it is still in force at the event's time.
    suppressions: Vec<(Explanation, bool)>,
}

impl Explained {
    fn new(subject: &Subject, event: &Event) -> Self {
        let filter = explain(&subject.filter, event, &subject.lists);
        let suppressions = subject.rule.iter().flat_map(|rule| &rule.suppressions).map(|suppression| {
            let until = suppression.expires.as_ref().map(|day| format!("{day}T00:00:00Z"));
            let until = until.and_then(|text| Instant::parse(&text)).map(|instant| instant.milliseconds());
            // An event without a time is hidden by no suppression that can expire.
            let in_force = until.is_none_or(|until| event.time().is_some_and(|time| time < until));
            (explain(&suppression.filter, event, &subject.lists), in_force)
        });
        let suppressions = suppressions.collect();
        Self { filter, suppressions }
    }

    /// The suppression that hides the event, by its place.
    fn hidden_by(&self) -> Option<usize> {
        self.suppressions.iter().position(|(explanation, in_force)| *in_force && explanation.verdict == Verdict::Match)
    }

    /// What comes of the event.
    fn outcome(&self) -> &'static str {
        match self.filter.verdict {
            Verdict::Match if self.hidden_by().is_some() => "suppressed",
            Verdict::Match => "match",
            Verdict::NoMatch => "no match",
            Verdict::Undecided => "undecided",
        }
    }

    /// Why: the conditions that decided.
    fn why(&self) -> String {
        match self.hidden_by().and_then(|place| self.suppressions.get(place).map(|hidden| (place, hidden))) {
            Some((place, (explanation, _))) if self.filter.verdict == Verdict::Match => {
                format!("suppression {}: {}", place + 1, why(explanation))
            }
            _ => why(&self.filter),
        }
    }

    fn text(&self, subject: &Subject, number: u64, line: u64, event: &Event) -> String {
        let style = Style { unicode: out::unicode_on_stdout(), colour: out::colour_on_stdout() };
        let name = subject.rule.as_ref().map_or("filter".to_owned(), |rule| format!("rule {}", rule.id));
        let mut facts = vec![format!("event {number}"), format!("line {line}")];
        facts.extend(event.event_type().map(|kind| safe(kind).into_owned()));
        facts.extend(event.time().map(format_time));
        facts.extend(event.id().map(|id| safe(id).into_owned()));
        let mut text = format!("{name} on {}\n", facts.join(", "));
        text.push_str(&tree(&self.filter, style));
        for (place, (explanation, in_force)) in self.suppressions.iter().enumerate() {
            let expired = if *in_force { "" } else { " (expired at the time of the event)" };
            text.push_str(&format!("suppression {}{expired}\n{}", place + 1, tree(explanation, style)));
        }
        text.push_str(&format!("{}: {}\n", style.paint(self.outcome(), "1"), self.why()));
        text
    }

    fn json(&self, subject: &Subject, number: u64, line: u64, event: &Event) -> Value {
        let suppressions: Vec<Value> = self
            .suppressions
            .iter()
            .map(|(explanation, in_force)| object!({"in_force": in_force, "tree": json(explanation)}))
            .collect();
        object!({
            "rule": subject.rule.as_ref().map(|rule| &rule.id),
            "event": {
                "number": number,
                "line": line,
                "id": event.id(),
                "time": event.time().map(format_time),
                "event_type": event.event_type(),
            },
            "outcome": self.outcome(),
            "why": self.why(),
            "tree": json(&self.filter),
            "suppressions": suppressions,
        })
    }
}
