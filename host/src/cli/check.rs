//! `oxpecker check`: every mistake of every rule file, in one run.

use super::exit::Answer;
use super::lists::ListArgs;
use super::loaded::{Loaded, Read};
use super::summary::count;
use super::{input, out, rules};
use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use oxpecker::render::diagnostics::{self, Counts, Source};
use oxpecker_engine::event::format_time;
use oxpecker_engine::language;
use oxpecker_engine::rule::{Limits, lint};
use serde_json::json;
use std::io::Write;
use std::path::PathBuf;

/// Check rule files: show every error and warning with its place and how to mend it.
///
/// Exit status: 0 if there is no error, 1 if there is one, 2 if a file cannot be read. Each code is explained in
/// docs/problems.md.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  oxpecker check rules/\n  oxpecker check --output sarif rules/ > oxpecker.sarif\n  \
    oxpecker check --filter 'eventName startswith \"Delete\"'"
)]
pub(crate) struct Opts {
    /// Rule files, or folders of them; `-` is standard input
    #[arg(value_name = "PATH", required_unless_present_any = ["filter", "lists"])]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    lists: ListArgs,
    /// Check this filter; it may use the lists of the rule files that are given with it
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// How to show what was found
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
    /// Let warnings fail the check as errors do
    #[arg(long)]
    deny_warnings: bool,
    /// The day on which expiry is judged, such as 2027-01-31 [default: today]
    #[arg(long, visible_alias = "today", value_name = "DAY", value_parser = day)]
    as_of: Option<String>,
    /// Another bound than usual: file=BYTES, filter=BYTES, depth=N, steps=N, set=N, regex=BYTES or
    /// regexes=BYTES
    #[arg(long = "limit", value_name = "NAME=N", value_parser = limit)]
    limits: Vec<(Bound, usize)>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Output {
    /// The lines with carets, for people
    Text,
    /// One JSON document
    Json,
    /// SARIF 2.1.0, for code hosts and editors
    Sarif,
    /// Commands of a GitHub workflow
    Github,
}

#[derive(Clone, Copy)]
enum Bound {
    File,
    Filter,
    Depth,
    Steps,
    Set,
    Regex,
    Regexes,
}

impl Opts {
    pub(crate) fn run(self) -> Result<Answer> {
        let (files, failures) = match self.paths.as_slice() {
            [] => (Vec::new(), Vec::new()),
            paths => rules::read_each(paths),
        };
        failures.iter().for_each(|failure| out::complain(&format!("{failure:#}")));
        let limits = self.limits();
        let lists = self.lists.read_each(&limits);
        lists.failures.iter().for_each(|failure| out::complain(&failure.to_string()));
        let mut loaded = Loaded::new(files, lists.values(), &limits);
        self.expired(&mut loaded);
        // Lists are files like the others from here on; no rule is from one of them.
        loaded.files.extend(lists.files.into_iter().map(|list| Read {
            name: list.path.display().to_string(),
            text: list.text,
            problems: list.problems,
        }));
        let filter = self.filter.as_ref().map(|text| check_filter(text, &loaded, &limits));
        let sources: Vec<Source<'_>> = loaded.files.iter().chain(&filter).map(Read::source).collect();
        let counts = Counts::of(&sources);
        self.show(&sources, counts, &loaded)?;
        self.close(counts, &loaded);
        let unread = failures.len() + lists.failures.len();
        if unread > 0 {
            bail!("{} could not be read", count(unread as u64, "path"));
        }
        Ok(Answer::from_bool(counts.errors == 0 && !(self.deny_warnings && counts.warnings > 0)))
    }

    fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        for (bound, value) in &self.limits {
            *match bound {
                Bound::File => &mut limits.file,
                Bound::Filter => &mut limits.filter.length,
                Bound::Depth => &mut limits.filter.depth,
                Bound::Steps => &mut limits.filter.steps,
                Bound::Set => &mut limits.filter.set,
                Bound::Regex => &mut limits.filter.regex,
                Bound::Regexes => &mut limits.regexes,
            } = *value;
        }
        limits
    }

    /// Suppressions that hide nothing any more: the engine knows no day, so it must be told.
    fn expired(&self, loaded: &mut Loaded) {
        let day = self.as_of.clone().unwrap_or_else(|| format_time(input::now()).chars().take(10).collect());
        for found in lint::expired(&loaded.set, &day) {
            loaded.add(found.source, found.diagnostic);
        }
        loaded.sort();
    }

    fn show(&self, sources: &[Source<'_>], counts: Counts, loaded: &Loaded) -> Result<()> {
        let mut out = out::stdout();
        match self.output {
            Output::Text => {
                let colour = out::colour_on_stdout();
                for source in sources {
                    out.write_all(diagnostics::terminal(source, colour).as_bytes())?;
                }
            }
            Output::Json => {
                let report = json!({
                    "files": loaded.files.len(),
                    "rules": loaded.rules(),
                    "errors": counts.errors,
                    "warnings": counts.warnings,
                    "problems": diagnostics::json(sources),
                });
                out.write_all(&out::json(format!("{report:#}\n").as_bytes()))?;
            }
            Output::Sarif => out.write_all(&out::json(format!("{:#}\n", diagnostics::sarif(sources)).as_bytes()))?,
            Output::Github => out.write_all(diagnostics::github(sources).as_bytes())?,
        }
        Ok(out::finish(out)?)
    }

    /// The closing line.
    fn close(&self, counts: Counts, loaded: &Loaded) {
        let found = match counts {
            Counts { errors: 0, warnings: 0 } => "no problems".to_owned(),
            Counts { errors, warnings: 0 } => count(errors as u64, "error"),
            Counts { errors: 0, warnings } => count(warnings as u64, "warning"),
            Counts { errors, warnings } => {
                format!("{}, {}", count(errors as u64, "error"), count(warnings as u64, "warning"))
            }
        };
        let files = count(loaded.files.len() as u64, "file");
        let rules = count(loaded.rules() as u64, "rule");
        match (&self.filter, loaded.files.is_empty()) {
            (Some(_), true) => out::say(&format!("{found} in the filter")),
            (Some(_), false) => out::say(&format!("{found} in the filter and {files}; {rules}")),
            (None, _) => out::say(&format!("{found} in {files}; {rules}")),
        }
    }
}

fn check_filter(text: &str, loaded: &Loaded, limits: &Limits) -> Read {
    let mut parsed = language::parse(text, &limits.filter);
    if let Some(expr) = &parsed.expr {
        let lists: Vec<&str> = loaded.set.lists.keys().map(String::as_str).collect();
        language::check(expr, &lists, &mut parsed.problems);
    }
    parsed.problems.sort_by_key(|problem| (problem.span.start, problem.span.end));
    Read { name: "filter".to_owned(), text: text.to_owned(), problems: parsed.problems }
}

fn day(text: &str) -> Result<String, String> {
    let whole = oxpecker_engine::event::Instant::parse(&format!("{text}T00:00:00Z")).is_some();
    if whole { Ok(text.to_owned()) } else { Err("a day is written as 2027-01-31".to_owned()) }
}

fn limit(text: &str) -> Result<(Bound, usize), String> {
    let (name, value) = text.split_once('=').ok_or("a limit is written as NAME=N")?;
    let bound = match name {
        "file" => Bound::File,
        "filter" => Bound::Filter,
        "depth" => Bound::Depth,
        "steps" => Bound::Steps,
        "set" => Bound::Set,
        "regex" => Bound::Regex,
        "regexes" => Bound::Regexes,
        other => {
            return Err(format!("there is no limit `{other}`: file, filter, depth, steps, set, regex and regexes are"));
        }
    };
    let value = value.parse().map_err(|_| format!("`{value}` is no whole number"))?;
    Ok((bound, value))
}
