//! `oxpecker test`: runs the tests inside rule files, in the sandbox.

mod report;
mod runner;

use super::exit::Answer;
use super::lists::ListArgs;
use super::loaded::Loaded;
use super::summary::count;
use super::{out, rules};
use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use oxpecker::lists::ListFiles;
use oxpecker::render::explanation::why;
use oxpecker::sandbox::{Document, LoadRequest};
use oxpecker_engine::event::Event;
use oxpecker_engine::explain::explain;
use oxpecker_engine::json::Limits as EventLimits;
use oxpecker_engine::lists::Lists;
use oxpecker_engine::problem::Position;
use oxpecker_engine::reference::Verdict;
use oxpecker_engine::rule::{Collected, Expectation, Limits, Rule, RuleTest};
use runner::{Runner, Seen};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Run the tests inside rule files.
///
/// A test with one event says what the rule makes of it. A test with several events feeds them in order: `alert` means
/// that an alert of the rule fires on the way, any other word is about the last event.
///
/// Exit status: 0 if every test passes, 1 if one fails or a rule has errors, 2 if a file cannot be read.
#[derive(Args)]
#[command(after_help = "Examples:\n  oxpecker test rules/\n  oxpecker test --rule ssm-start --coverage\n  \
    oxpecker test --output junit rules/ > junit.xml")]
pub(crate) struct Opts {
    /// Rule files, or folders of them; `-` is standard input [default: the shipped sets]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    lists: ListArgs,
    /// Only rules whose id contains this text; may be repeated
    #[arg(long = "rule", value_name = "TEXT")]
    ids: Vec<String>,
    /// How to show the results
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
    /// List the rules without a test that must alert, or without one that must not
    #[arg(long)]
    coverage: bool,
    /// Show the tests that fail, not those that pass
    #[arg(long, short)]
    quiet: bool,
    /// Run the engine without the sandbox, for comparison
    #[arg(long)]
    native: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// One line a test, for people
    Text,
    /// One JSON document
    Json,
    /// JUnit XML, for build servers
    Junit,
}

/// What came of one test.
struct TestResult<'r> {
    file: &'r str,
    line: usize,
    column: usize,
    rule: &'r str,
    test: &'r RuleTest,
    got: Expectation,
    /// The title of the alert, where there is one.
    title: Option<String>,
    /// What is wrong; none for a test that passes.
    failure: Option<String>,
    took: Duration,
}

/// A rule that its tests leave open.
struct Gap<'r> {
    rule: &'r str,
    no_alert: bool,
    no_quiet: bool,
}

/// All results.
struct Results<'r> {
    tests: Vec<TestResult<'r>>,
    /// Where coverage was asked for.
    gaps: Option<Vec<Gap<'r>>>,
    rules: usize,
    took: Duration,
}

impl Results<'_> {
    fn failed(&self) -> usize {
        self.tests.iter().filter(|test| test.failure.is_some()).count()
    }
}

impl Opts {
    pub(crate) fn run(self) -> Result<Answer> {
        let begun = Instant::now();
        let files = rules::read(&self.paths)?;
        // A file that is no text holds no rules; reading it natively says so.
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
        let document = |file: &rules::RuleFile| Some(Document { name: file.name.clone(), text: text(&file.bytes)? });
        let documents = files.iter().filter_map(document).collect();
        let given = self.lists.read()?;
        let loaded = Loaded::new(files, given.values(), &Limits::default());
        let broken = loaded.show_errors();
        let chosen: Vec<(usize, &Collected)> =
            loaded.set.rules.iter().enumerate().filter(|(_, collected)| self.wants(&collected.rule)).collect();
        if chosen.is_empty() && broken == 0 {
            bail!("{}", if self.ids.is_empty() { "there are no rules" } else { "there is no such rule" });
        }
        let mut runner = Runner::new(self.native, request(documents, &given), given.values())?;
        let mut tests = Vec::new();
        let lists = loaded.lists();
        for (column, collected) in &chosen {
            for test in &collected.rule.tests {
                tests.push(run_test(&mut runner, *column, collected, test, &loaded, &lists)?);
            }
        }
        let gaps = self.coverage.then(|| chosen.iter().filter_map(|(_, collected)| gap(&collected.rule)).collect());
        let results = Results { tests, gaps, rules: chosen.len(), took: begun.elapsed() };
        self.show(&results)?;
        self.close(&results, broken);
        Ok(Answer::from_bool(results.failed() == 0 && broken == 0))
    }

    fn wants(&self, rule: &Rule) -> bool {
        self.ids.is_empty() || self.ids.iter().any(|text| rule.id.contains(text.as_str()))
    }

    fn show(&self, results: &Results<'_>) -> Result<()> {
        use std::io::Write;
        let mut out = out::stdout();
        let text = match self.output {
            Output::Text => report::text(results, self.quiet, out::colour_on_stdout()),
            Output::Json => report::json(results),
            Output::Junit => report::junit(results),
        };
        let json = matches!(self.output, Output::Json);
        out.write_all(&if json { out::json(text.as_bytes()) } else { text.as_bytes().into() })?;
        Ok(out::finish(out)?)
    }

    fn close(&self, results: &Results<'_>, broken: usize) {
        let failed = results.failed();
        let errors =
            if broken > 0 { format!(", {} in rule files", count(broken as u64, "error")) } else { String::new() };
        let place = if self.native { "without the sandbox" } else { "in the sandbox" };
        out::say(&format!(
            "{} of {}: {} passed, {failed} failed{errors} ({place}, {:.2} s)",
            count(results.tests.len() as u64, "test"),
            count(results.rules as u64, "rule"),
            results.tests.len() - failed,
            results.took.as_secs_f64(),
        ));
    }
}

/// Rules without errors are tested although others have some, and rules in shadow as if they were live.
fn request(documents: Vec<Document>, lists: &ListFiles) -> LoadRequest {
    let mut request = LoadRequest { documents, lists: lists.request(), ..LoadRequest::default() };
    request.options.insert("lenient".into(), true.into());
    request.options.insert("shadow_alerts".into(), true.into());
    request
}

fn run_test<'r>(
    runner: &mut Runner,
    column: usize,
    collected: &'r Collected,
    test: &'r RuleTest,
    loaded: &'r Loaded,
    lists: &Lists,
) -> Result<TestResult<'r>> {
    let begun = Instant::now();
    let rule = &collected.rule;
    let seen = runner.feed(column, rule, &test.events)?;
    let got = seen.outcome();
    let file = loaded.files.get(collected.source);
    let position = Position::of(file.map_or("", |file| &file.text), test.span);
    Ok(TestResult {
        file: file.map_or("", |file| &file.name),
        line: position.line,
        column: position.column,
        rule: &rule.id,
        test,
        got,
        failure: failure(rule, test, &seen, lists),
        title: seen.title(),
        took: begun.elapsed(),
    })
}

fn failure(rule: &Rule, test: &RuleTest, seen: &Seen, lists: &Lists) -> Option<String> {
    if let Some(rejected) = &seen.rejected {
        return Some(format!("the event was rejected: {rejected}"));
    }
    let got = seen.outcome();
    // An alert that fired on the way counts, whatever the last event was.
    let alerted = test.expect == Expectation::Alert && seen.alerted();
    if got != test.expect && !alerted {
        let words = format!("expected {}, got {}", test.expect.as_str(), got.as_str());
        return Some(format!("{words}\n{}", explained(rule, test, seen, lists)));
    }
    match (&test.title, seen.title()) {
        (None, _) => None,
        (Some(title), Some(found)) if *title == found => None,
        (Some(title), Some(found)) => Some(format!("expected the title {title:?}\n     but it is the title {found:?}")),
        (Some(title), None) => Some(format!("expected the title {title:?}, but there is no alert")),
    }
}

/// What decided about the last event.
fn explained(rule: &Rule, test: &RuleTest, seen: &Seen, lists: &Lists) -> String {
    let text = test.events.last().map_or("", String::as_str);
    let Ok(event) = Event::parse(text.as_bytes(), &EventLimits::default(), None) else { return String::new() };
    if seen.outcome() == Expectation::Suppressed {
        let mut explained = rule.suppressions.iter().map(|suppression| explain(&suppression.filter, &event, lists));
        let hiding = explained.find(|explanation| explanation.verdict == Verdict::Match);
        return hiding.map_or_else(String::new, |explanation| format!("suppression: {}", why(&explanation)));
    }
    if seen.below_threshold() {
        return format!("{} matched; the threshold is {}", count(seen.matched, "event"), rule.threshold);
    }
    why(&explain(&rule.filter, &event, lists))
}

/// What a rule's tests do not show.
fn gap(rule: &Rule) -> Option<Gap<'_>> {
    let has = |wanted: fn(Expectation) -> bool| rule.tests.iter().any(|test| wanted(test.expect));
    let no_alert = !has(|expect| expect == Expectation::Alert);
    let no_quiet = !has(|expect| expect != Expectation::Alert);
    (no_alert || no_quiet).then_some(Gap { rule: &rule.id, no_alert, no_quiet })
}
