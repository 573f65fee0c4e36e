//! `oxpecker test`: runs the tests inside rule files, in the sandbox.

mod places;
mod quality;
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
use oxpecker_engine::trial::{Failure, Seen};
use places::Places;
use quality::{Covered, Mutated};
use runner::Runner;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Run the tests inside rule files.
///
/// A test with one event says what the rule makes of it. A test with several events feeds them in order: `alert` means
/// that an alert of the rule fires on the way, any other word is about the last event.
///
/// --coverage tells what the tests leave open, --mutate which changes of a rule they do not notice. Both only tell, unless
/// a limit is given.
///
/// Exit status: 0 if every test passes, 1 if one fails, a limit is missed or a rule has errors, 2 if a file cannot be read.
#[derive(Args)]
#[command(after_help = "Examples:\n  oxpecker test rules/\n  oxpecker test --rule ssm-start --coverage\n  \
    oxpecker test --rule ssm-start --quiet --mutate\n  \
    oxpecker test --quiet --min-coverage 100 --max-unnoticed 5\n  \
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
    /// List the predicates that no test has seen true, or none false, and the rules without a test that must alert or
    /// without one that must not
    #[arg(long)]
    coverage: bool,
    /// The same, and exit with 1 if less than so much is covered
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    min_coverage: Option<u8>,
    /// Change each rule in turn, one operator, value or part at a time, and list the changes that no test notices
    #[arg(long)]
    mutate: bool,
    /// The same, and exit with 1 if more than so many of the changes are not noticed
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    max_unnoticed: Option<u8>,
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

/// What tests leave open, with the least that they must cover.
type Coverage<'r> = Option<(Covered<'r>, u8)>;
/// What tests do not notice, with the share that they may leave so.
type Mutation<'r> = Option<(Mutated<'r>, u8)>;

/// All results.
struct Results<'r> {
    tests: Vec<TestResult<'r>>,
    /// Where coverage was asked for.
    covered: Coverage<'r>,
    /// Where changes were asked for.
    mutated: Mutation<'r>,
    rules: usize,
    took: Duration,
}

impl Results<'_> {
    fn failed(&self) -> usize {
        self.tests.iter().filter(|test| test.failure.is_some()).count()
    }

    /// Whether the tests cover as much as they must.
    fn covers(&self) -> bool {
        self.covered.as_ref().is_none_or(|(covered, least)| covered.share.reaches(*least))
    }

    /// Whether the tests notice as much as they must.
    fn notices(&self) -> bool {
        self.mutated.as_ref().is_none_or(|(mutated, most)| mutated.share.keeps_to(*most))
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
        let chosen: Vec<&Collected> = chosen.into_iter().map(|(_, collected)| collected).collect();
        let (covered, mutated) = self.worth(&chosen, &loaded, &lists);
        let results = Results { tests, covered, mutated, rules: chosen.len(), took: begun.elapsed() };
        self.show(&results)?;
        self.close(&results, broken);
        let passed = results.failed() == 0 && results.covers() && results.notices();
        Ok(Answer::from_bool(passed && broken == 0))
    }

    fn wants(&self, rule: &Rule) -> bool {
        self.ids.is_empty() || self.ids.iter().any(|text| rule.id.contains(text.as_str()))
    }

    /// What the tests leave open and do not notice, where that was asked for.
    fn worth<'r>(&self, chosen: &[&'r Collected], loaded: &Loaded, lists: &Lists) -> (Coverage<'r>, Mutation<'r>) {
        let (cover, mutate) =
            (self.coverage || self.min_coverage.is_some(), self.mutate || self.max_unnoticed.is_some());
        if !cover && !mutate {
            return (None, None);
        }
        let places = Places::of(loaded);
        let covered = cover.then(|| (quality::coverage(chosen, lists, &places), self.min_coverage.unwrap_or(0)));
        let most = self.max_unnoticed.unwrap_or(100);
        let mutated = mutate.then(|| (quality::mutate(chosen, &loaded.set, &places), most));
        (covered, mutated)
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
        title: seen.title().map(str::to_owned),
        took: begun.elapsed(),
    })
}

fn failure(rule: &Rule, test: &RuleTest, seen: &Seen, lists: &Lists) -> Option<String> {
    Some(match seen.failure(test)? {
        Failure::Rejected(reason) => format!("the event was rejected: {reason}"),
        Failure::Outcome(got) => {
            let words = format!("expected {}, got {}", test.expect.as_str(), got.as_str());
            format!("{words}\n{}", explained(rule, test, seen, lists))
        }
        Failure::Title(found) => {
            let title = test.title.as_deref().unwrap_or_default();
            match found {
                Some(found) => format!("expected the title {title:?}\n     but it is the title {found:?}"),
                None => format!("expected the title {title:?}, but there is no alert"),
            }
        }
    })
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
    if let Some(matched) = seen.below_threshold() {
        return format!("{} matched; the threshold is {}", count(matched, "event"), rule.threshold);
    }
    why(&explain(&rule.filter, &event, lists))
}
