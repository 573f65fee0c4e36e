//! Rule files and filters, read and checked before an engine is made of them, and what is wrong with them.

use crate::Span;
use crate::json;
use crate::language;
use crate::pattern::Sum;
use crate::problem::{Diagnostic, Lines, Position, Problem};
use crate::rule::{self, RuleSet, Source};
use crate::scan::Width;

/// What to load.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Rule files: name and bytes.
    pub documents: Vec<(String, Vec<u8>)>,
    /// Plain filters, for search: each is a column of verdicts behind those of the rules.
    pub filters: Vec<String>,
    /// Lists that rules and filters may use, beside those of the rule files.
    pub lists: rule::ListValues,
    /// The type of all events, set by the operator.
    pub event_type: Option<String>,
    /// Whether rules without errors are loaded although others have some.
    pub lenient: bool,
    /// Whether rules in shadow raise alerts as the others do: for their tests.
    pub shadow_alerts: bool,
    /// What keeps redacted values from being guessed by the hashes that tell them apart; see [`crate::redaction`].
    pub redaction_secret: String,
    /// Bytes of one alert record; none for the usual. What is longer is cut.
    pub alert_bytes: Option<usize>,
    /// Whether it is counted what each rule and each predicate costs: see [`super::Engine::profile`].
    pub profile: bool,
    /// Bounds on rule files.
    pub rule_limits: rule::Limits,
    /// Bounds on events.
    pub event_limits: json::Limits,
    /// The kind of vectors that events are scanned with; the same verdicts come of all.
    pub width: Width,
}

/// What loading found.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// How many rules are in force.
    pub rules: usize,
    /// The columns of verdicts, in order: the ids of the rules in force, then `filter 1`, `filter 2` …
    pub rule_ids: Vec<String>,
    /// Rules read that are not enabled.
    pub disabled: usize,
    /// Errors and warnings, by file and place.
    pub problems: Vec<ReportedProblem>,
}

/// A problem with the file that it is in.
#[derive(Debug, Clone)]
pub struct ReportedProblem {
    /// The file's name, or `filter 1` for a filter that stands alone.
    pub file: String,
    /// The problem's place in lines and columns.
    pub position: Position,
    /// The problem.
    pub diagnostic: Diagnostic,
}

impl Report {
    /// Whether anything keeps the rules from being loaded.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.problems.iter().any(|problem| problem.diagnostic.is_error())
    }

    fn add(&mut self, file: &str, lines: &Lines<'_>, diagnostic: Diagnostic) {
        let position = lines.position(diagnostic.span);
        self.problems.push(ReportedProblem { file: file.to_owned(), position, diagnostic });
    }
}

/// Reads and checks what an engine is made of: its rules, its plain filters, and what is told of both. With what keeps
/// them from being loaded there is the report alone.
pub(super) fn read(request: &Request) -> Result<(RuleSet, Vec<language::Expr>, Report), Report> {
    let sources: Vec<Source<'_>> = request.documents.iter().map(|(name, bytes)| Source { name, bytes }).collect();
    let (set, problems) = rule::load(&sources, request.lists.clone(), &request.rule_limits);
    let mut report = Report { disabled: set.disabled.len(), ..Report::default() };
    let mut lines: Option<(usize, Lines<'_>)> = None;
    for problem in problems {
        let Some(source) = sources.get(problem.source) else { continue };
        // Problems of one file come one after the other.
        let of_file = lines.take().filter(|(of, _)| *of == problem.source);
        let text = || std::str::from_utf8(source.bytes).unwrap_or_default();
        let (_, of_file) = lines.insert(of_file.unwrap_or_else(|| (problem.source, Lines::of(text()))));
        report.add(source.name, of_file, problem.diagnostic);
    }
    let filters = filters(request, &set, &mut report);
    report.rules = set.rules.len();
    let names = (1..=request.filters.len()).map(|place| format!("filter {place}"));
    report.rule_ids = set.rules.iter().map(|collected| collected.rule.id.clone()).chain(names).collect();
    let lenient = request.lenient && filters.len() == request.filters.len();
    if report.has_errors() && !lenient {
        return Err(report);
    }
    Ok((set, filters, report))
}

/// Reads the plain filters; their problems go into the report.
fn filters(request: &Request, set: &RuleSet, report: &mut Report) -> Vec<language::Expr> {
    let lists: Vec<&str> = set.lists.keys().map(String::as_str).collect();
    let mut filters = Vec::new();
    for (place, text) in request.filters.iter().enumerate() {
        let mut parsed = language::parse(text, &request.rule_limits.filter);
        if let Some(expr) = &parsed.expr {
            language::check(expr, &lists, &mut parsed.problems);
        }
        for diagnostic in parsed.problems {
            report.add(&format!("filter {}", place + 1), &Lines::of(text), diagnostic);
        }
        filters.extend(parsed.expr);
    }
    // Where some have errors, places in one list are not those in the other, and nothing is loaded anyway.
    if filters.len() == request.filters.len()
        && let Some((place, problem)) = beyond(&filters, set, &request.rule_limits)
    {
        let text = request.filters.get(place).map(String::as_str).unwrap_or_default();
        let diagnostic = Diagnostic::new(Span::new(0, text.len()), problem);
        report.add(&format!("filter {}", place + 1), &Lines::of(text), diagnostic);
        filters.truncate(place);
    }
    filters
}

/// The first plain filter whose regular expressions do not fit beside those of the rules.
fn beyond(filters: &[language::Expr], set: &RuleSet, limits: &rule::Limits) -> Option<(usize, Problem)> {
    let mut sum = Sum::of(limits.regexes);
    if !filters.is_empty() {
        set.rules.iter().for_each(|collected| _ = sum.add(collected.rule.filters(), limits.filter.regex));
    }
    let place = filters.iter().position(|filter| !sum.add([filter], limits.filter.regex))?;
    Some((place, Problem::RegexesTooLarge { limit: limits.regexes, fitting: sum.count(), behind: 0 }))
}
