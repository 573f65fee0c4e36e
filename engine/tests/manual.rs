//! The manual under `docs/` is true: every example in it is run.
//!
//! In a page, a fenced block's first word says what it is:
//!
//! - `filter`: a filter, a blank line, then one line for each thing that is true of it:
//!   `yes EVENT`, `no EVENT`, `undecided EVENT`, `rejected CODE EVENT`, `same FILTER` (the same tree),
//!   `error CODE: MESSAGE`, `warning CODE: MESSAGE` (all of them, in order), `help TEXT` (of the problem above it),
//!   and before those `list @NAME ARRAY` and `type EVENT_TYPE`. Behind two blanks and `# ` an event may have a remark.
//! - `event`: an event, a blank line, then `yes FILTER`, `no FILTER`, `undecided FILTER`.
//! - `yaml`: a rule file; `yaml rule`: some fields of a rule. It loads without problems but those named in its comments
//!   (`# error CODE: MESSAGE`, `# warning CODE: MESSAGE`), and the tests in it pass.
//! - `json`: a JSON value. `console`, `text`: shown, not run.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test's helpers may panic, and the count is printed"
)]

use oxpecker_engine::event::Event;
use oxpecker_engine::json::{Json, Limits};
use oxpecker_engine::language::expr::Value;
use oxpecker_engine::language::{self, Expr, vocabulary};
use oxpecker_engine::lists::Lists;
use oxpecker_engine::problem::Diagnostic;
use oxpecker_engine::reference::{Filter, Verdict};
use oxpecker_engine::rule::{self, Expectation, Rule, RuleTest};
use oxpecker_engine::{Engine, Request};
use std::fs;
use std::path::{Path, PathBuf};

const PAGES: [&str; 8] =
    ["README.md", "language.md", "mappings.md", "rules.md", "import.md", "input.md", "alerts.md", "fluent-bit.md"];

/// Fewer examples than this, and something keeps them from being found.
const FEWEST: usize = 280;

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

fn page(name: &str) -> String {
    fs::read_to_string(docs().join(name)).unwrap_or_else(|error| panic!("docs/{name}: {error}"))
}

/// A fenced block of a page.
struct Block {
    /// `docs/language.md:12`
    place: String,
    /// What stands behind the opening fence.
    info: String,
    text: String,
}

fn blocks(name: &str) -> Vec<Block> {
    let text = page(name);
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    for (index, line) in text.lines().enumerate() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(""), Some(block)) => found.push(block),
            (Some(info), None) => {
                let place = format!("docs/{name}:{}", index + 1);
                open = Some(Block { place, info: info.to_owned(), text: String::new() });
            }
            (_, Some(block)) => open = Some(Block { text: block.text + line + "\n", ..block }),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "docs/{name}: a block is not closed");
    found
}

/// What came of running the examples.
#[derive(Default)]
struct Run {
    examples: usize,
    wrong: Vec<String>,
}

impl Run {
    fn check(&mut self, place: &str, shown: &str, expected: &str, found: &str) {
        self.examples += 1;
        if expected != found {
            self.wrong.push(format!("{place}: {shown}\n    the page says: {expected}\n    the engine says: {found}"));
        }
    }

    fn wrong(&mut self, place: &str, what: &str) {
        self.wrong.push(format!("{place}: {what}"));
    }
}

#[test]
fn every_example_is_true() {
    let mut run = Run::default();
    for name in PAGES {
        let before = run.examples;
        for block in blocks(name) {
            match block.info.as_str() {
                "filter" => filter_block(&block, &mut run),
                "event" => event_block(&block, &mut run),
                "yaml" => yaml_block(&block, &block.text, &mut run),
                "yaml rule" => yaml_block(&block, &whole_file(&block.text), &mut run),
                "json" => {
                    let read = Json::parse(block.text.as_bytes(), &Limits::default());
                    run.check(
                        &block.place,
                        "the JSON",
                        "is JSON",
                        &read.map_or_else(|e| e.to_string(), |_| "is JSON".into()),
                    );
                }
                "console" | "text" => {}
                other => run.wrong(&block.place, &format!("a block of an unknown kind: `{other}`")),
            }
        }
        println!("docs/{name}: {} examples", run.examples - before);
    }
    println!("{} examples in the manual", run.examples);
    assert!(run.wrong.is_empty(), "{} examples are wrong:\n{}", run.wrong.len(), run.wrong.join("\n"));
    assert!(run.examples >= FEWEST, "only {} examples were found", run.examples);
}

/// The part before the first blank line, and the statements after it: first word, rest.
fn parts(block: &Block) -> (&str, Vec<(&str, &str)>) {
    let (head, rest) = block.text.split_once("\n\n").unwrap_or((&block.text, ""));
    let statements = rest.lines().filter(|line| !line.trim().is_empty()).map(|line| {
        let (word, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        (word, rest.trim())
    });
    (head, statements.collect())
}

/// Lists and the event type that a block sets up.
fn setting(statements: &[(&str, &str)]) -> (Lists, Option<String>) {
    let mut lists = Lists::new();
    for (_, text) in statements.iter().filter(|(word, _)| *word == "list") {
        let (name, values) = text.split_once(' ').expect("a list has a name and values");
        let Some(values) =
            Json::parse(values.as_bytes(), &Limits::default()).ok().and_then(|json| json.into_array().ok())
        else {
            panic!("a list is a JSON array: {values}");
        };
        let values = values.iter().map(|value| match value {
            Json::Text(text) => Value::Text(text.clone()),
            Json::Number(number) => Value::Number(number.clone()),
            Json::Bool(value) => Value::Bool(*value),
            other => panic!("no value of a list: {other}"),
        });
        lists.insert(name.trim_start_matches('@'), values.collect::<Vec<_>>());
    }
    let event_type = statements.iter().find(|(word, _)| *word == "type").map(|(_, text)| (*text).to_owned());
    (lists, event_type)
}

/// Reads a filter with all that is wrong with it.
fn read(text: &str, lists: &Lists) -> (Option<Expr>, Vec<Diagnostic>) {
    let mut parsed = language::parse(text, &language::Limits::default());
    if let Some(expr) = &parsed.expr {
        language::check(expr, &lists.names().collect::<Vec<_>>(), &mut parsed.problems);
    }
    parsed.problems.sort_by_key(|problem| (problem.span.start, problem.span.end));
    let failed = parsed.problems.iter().any(Diagnostic::is_error);
    (parsed.expr.filter(|_| !failed), parsed.problems)
}

/// `yes`, `no`, `undecided`, or why there is no answer.
fn answer(expr: Option<&Expr>, event: &str, lists: &Lists, event_type: Option<&str>) -> String {
    let Some(expr) = expr else { return "the filter has errors".into() };
    match Event::parse(event.as_bytes(), &Limits::default(), event_type) {
        Err(reject) => format!("rejected {}", reject.reason.code()),
        Ok(event) => match Filter::new(expr.clone(), lists).evaluate(&event) {
            Verdict::Match => "yes".into(),
            Verdict::NoMatch => "no".into(),
            Verdict::Undecided => "undecided".into(),
        },
    }
}

fn filter_block(block: &Block, run: &mut Run) {
    let (filter, statements) = parts(block);
    let (lists, event_type) = setting(&statements);
    let (expr, problems) = read(filter, &lists);
    let tree = |expr: &Option<Expr>| expr.as_ref().map_or("the filter has errors".to_owned(), ToString::to_string);
    for &(word, text) in &statements {
        let event = text.split_once("  # ").map_or(text, |(event, _)| event);
        match word {
            "yes" | "no" | "undecided" => {
                run.check(&block.place, text, word, &answer(expr.as_ref(), event, &lists, event_type.as_deref()));
            }
            "rejected" => {
                let (code, event) = event.split_once(' ').unwrap_or((event, ""));
                let found = answer(expr.as_ref(), event.trim(), &lists, event_type.as_deref());
                run.check(&block.place, text, &format!("rejected {code}"), &found);
            }
            "same" => run.check(&block.place, filter, &tree(&read(text, &lists).0), &tree(&expr)),
            "error" | "warning" | "help" | "list" | "type" => {}
            other => run.wrong(&block.place, &format!("an unknown statement: `{other}`")),
        }
    }
    let said: Vec<String> =
        statements.iter().filter(|(word, _)| matches!(*word, "error" | "warning")).map(joined).collect();
    compare_problems(&block.place, &said, &problems, run);
    helps(block, &statements, &problems, run);
}

fn joined((word, text): &(&str, &str)) -> String {
    format!("{word} {text}")
}

/// All problems must be on the page; made-up keys are not worth a warning there, unless the page shows it.
fn compare_problems(place: &str, said: &[String], problems: &[Diagnostic], run: &mut Run) {
    let shows_keys = said.iter().any(|line| line.starts_with("warning unknown-key"));
    let told = problems.iter().filter(|problem| shows_keys || problem.problem.code() != "unknown-key");
    let found: Vec<String> = told
        .map(|it| format!("{} {}: {}", it.problem.level().as_str(), it.problem.code(), it.problem.message()))
        .collect();
    if !(said.is_empty() && found.is_empty()) {
        run.check(place, "the problems", &said.join(" / "), &found.join(" / "));
    }
}

/// Each `help` belongs to the problem above it.
fn helps(block: &Block, statements: &[(&str, &str)], problems: &[Diagnostic], run: &mut Run) {
    let mut above = 0;
    for (word, text) in statements {
        match *word {
            "error" | "warning" => above += 1,
            "help" => {
                let help = problems.get(above - 1).and_then(|problem| problem.problem.help()).unwrap_or_default();
                run.check(&block.place, "the help", text, &help);
            }
            _ => {}
        }
    }
}

fn event_block(block: &Block, run: &mut Run) {
    let (event, statements) = parts(block);
    let (lists, event_type) = setting(&statements);
    for &(word, text) in &statements {
        if matches!(word, "list" | "type") {
            continue;
        }
        let (expr, _) = read(text, &lists);
        run.check(&block.place, text, word, &answer(expr.as_ref(), event, &lists, event_type.as_deref()));
    }
}

/// Fields of a rule, completed to a file.
fn whole_file(fields: &str) -> String {
    const REQUIRED: [(&str, &str); 6] = [
        ("id", "example"),
        ("name", "Example"),
        ("type", "CloudTrail"),
        ("severity", "3"),
        ("description", "An example."),
        ("filter", "eventName = \"StartSession\""),
    ];
    let mut file = "ruleset: example\nlists:\n  admins: [root]\nrules:\n  -\n".to_owned();
    for (name, value) in REQUIRED {
        if !fields.lines().any(|line| line.starts_with(&format!("{name}:"))) {
            file.push_str(&format!("    {name}: {value}\n"));
        }
    }
    fields.lines().for_each(|line| file.push_str(&format!("    {line}\n")));
    file
}

fn yaml_block(block: &Block, file: &str, run: &mut Run) {
    let said = block.text.lines().filter_map(|line| line.trim().strip_prefix("# "));
    let said: Vec<String> =
        said.filter(|line| line.starts_with("error ") || line.starts_with("warning ")).map(str::to_owned).collect();
    let document = rule::read(file.as_bytes(), &[], &rule::Limits::default());
    compare_problems(&block.place, &said, &document.problems, run);
    if document.problems.is_empty() {
        run.examples += 1;
    }
    for rule in &document.rules {
        for test in &rule.tests {
            let place = format!("{}, rule {}", block.place, rule.id);
            run.check(&place, &test.name, test.expect.as_str(), &outcome(rule, test, file));
        }
    }
}

/// What a rule does on a test's events: of one event, whether it matches; of several, whether they fire an alert.
fn outcome(rule: &Rule, test: &RuleTest, file: &str) -> String {
    let documents = vec![("manual.yaml".to_owned(), file.as_bytes().to_vec())];
    let (mut engine, report) = Engine::load(&Request { documents, ..Request::default() }).expect("it has loaded");
    let column = report.rule_ids.iter().position(|id| *id == rule.id).expect("the rule is in force");
    let (mut last, mut fired, mut alerts) = (Expectation::Nothing, None, Vec::new());
    for event in &test.events {
        let mut detections = Vec::new();
        let undecided = engine.detect(event.as_bytes(), &mut detections).expect("it is an event");
        let found = detections.into_iter().find(|detection| detection.rule == column);
        last = match &found {
            Some(detection) if detection.suppressed => Expectation::Suppressed,
            Some(_) if test.events.len() == 1 => Expectation::Alert,
            None if undecided > 0 => Expectation::Undecided,
            _ => Expectation::Nothing,
        };
        if let Some(detection) = found {
            fired = fired.or((last == Expectation::Alert).then(|| detection.title.clone()));
            engine.observe(detection, &mut alerts);
        }
    }
    if test.events.len() > 1 {
        fired = alerts.first().and_then(|alert| alert.get("title")?.as_text()).map(str::to_owned);
    }
    match (last, fired, &test.title) {
        (_, Some(title), Some(wanted)) if title != *wanted => format!("an alert with the title {title}"),
        (Expectation::Nothing, Some(_), _) => Expectation::Alert.as_str().into(),
        (_, Some(_), _) if test.expect == Expectation::Alert => test.expect.as_str().into(),
        (last, ..) => last.as_str().into(),
    }
}

/// What stands between backticks in a text.
fn code_spans(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The code spans in the first cells of a page's table rows, one list for each row.
fn first_cells(text: &str) -> Vec<Vec<&str>> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| {
        let cell = row.split(" | ").next().unwrap_or_default();
        cell.split('`').step_by(2).filter(|text| !text.is_empty()).collect()
    })
    .collect()
}

#[test]
fn the_manual_names_every_known_key() {
    let text = page("language.md");
    let section = text.split("## Known keys").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap_or_default();
    let named = code_spans(section);
    for key in vocabulary::keys() {
        assert!(named.contains(&key), "docs/language.md does not name the known key `{key}`");
    }
    let known: Vec<&str> = vocabulary::keys().collect();
    for key in named.iter().filter(|key| !key.contains(' ')) {
        assert!(known.contains(key), "docs/language.md names `{key}`, which is not known");
    }
}

/// Each helper key and alias takes its value from the sources that its table names, whichever of them an event has.
#[test]
fn the_tables_of_derived_keys_are_true() {
    let text = page("language.md");
    for (heading, cloudtrail, rows) in [("### CloudTrail helper keys", true, 12), ("### Aliases", false, 7)] {
        let section = text.split(heading).nth(1).and_then(|rest| rest.split("\n##").next()).unwrap_or_default();
        let table: Vec<&str> = section.lines().filter(|line| line.starts_with("| `")).collect();
        assert_eq!(table.len(), rows, "{heading}");
        for row in table {
            let spans = code_spans(row);
            let (key, sources) = spans.split_first().expect("a row names a key");
            for source in
                sources.iter().filter(|source| source.chars().all(|c| c.is_ascii_alphanumeric() || "._".contains(c)))
            {
                assert!(answers(key, source, cloudtrail), "{heading}: `{key}` does not take its value from `{source}`");
            }
        }
    }
}

/// Whether `key` has the value that stands at `source`, in an event that holds little else.
fn answers(key: &str, source: &str, cloudtrail: bool) -> bool {
    // What a role's session is called, for the sources from which only a part is taken.
    let value = match source {
        "userIdentity.arn" => "arn:aws:sts::111122223333:assumed-role/r/me",
        "userIdentity.principalId" => "AROAEXAMPLE:me",
        _ => "me",
    };
    let inner = source.rsplit('.').fold(format!("\"{value}\""), |inner, name| match name {
        "userIdentity" if !source.ends_with(".type") => {
            format!("{{\"userIdentity\":{{\"type\":\"AssumedRole\",{}}}", inner.trim_start_matches('{'))
        }
        name => format!("{{\"{name}\":{inner}}}"),
    });
    let shape = if cloudtrail || source == "sourceIPAddress" {
        "\"eventVersion\":\"1.11\",\"eventSource\":\"a\",\"eventName\":\"b\","
    } else {
        ""
    };
    let event = format!("{{{shape}{}", inner.trim_start_matches('{'));
    let (expr, _) = read(&format!("{key} = \"me\" or {key} = \"assumed-role/r/me\""), &Lists::new());
    answer(expr.as_ref(), &event, &Lists::new(), None) == "yes"
}

#[test]
fn the_limits_are_those_of_the_engine() {
    let filter = language::Limits::default();
    let event = Limits::default();
    let regexes = oxpecker_engine::rule::Limits::default().regexes;
    let text = page("language.md").replace(',', "");
    let of_filters = [filter.length, filter.depth, filter.steps, filter.set, filter.regex, regexes];
    for number in of_filters.into_iter().chain([event.bytes, event.depth, event.values]) {
        assert!(text.contains(&format!(" {number}")), "docs/language.md does not name the limit {number}");
    }
    let text = page("input.md").replace(',', "");
    for number in [event.bytes, event.depth, event.values] {
        assert!(text.contains(&format!(" {number}")), "docs/input.md does not name the limit {number}");
    }
    let text = page("rules.md").replace(',', "");
    let file = rule::Limits::default().file;
    assert!(text.contains(&format!("{file} bytes")), "docs/rules.md does not name the limit {file}");
}

/// The example file shows every field of the tables, and the tables have every field of the example file.
#[test]
fn the_example_rule_file_has_every_field() {
    let text = page("rules.md");
    let example = blocks("rules.md").into_iter().find(|block| block.info == "yaml").expect("there is an example").text;
    let mut fields: Vec<String> = Vec::new();
    for line in example.lines() {
        let line = line.trim_start_matches([' ', '-']);
        let Some((name, _)) = line.split_once(':') else { continue };
        if !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
            fields.push(name.to_owned());
        }
    }
    let documented: Vec<&str> = first_cells(&text).into_iter().flatten().collect();
    for field in documented.iter().filter(|field| field.chars().all(|c| c.is_ascii_lowercase() || c == '_')) {
        assert!(fields.iter().any(|name| name == field), "the example in docs/rules.md does not show `{field}`");
    }
    const RULE_FIELDS: &str = "id name title type severity description filter aggregate window threshold suppressions \
        enabled tags classifiers references benign tests origin_id";
    for rule_field in RULE_FIELDS.split_whitespace() {
        assert!(documented.contains(&rule_field), "docs/rules.md does not document `{rule_field}`");
    }
}

/// The alert on the page is the one that the shipped rules give on the sample, but for its events.
#[test]
fn the_alert_record_is_real() {
    let root = docs().join("..");
    let documents: Vec<(String, Vec<u8>)> = ["ecr.yaml", "ssm.yaml"]
        .map(|name| (name.to_owned(), fs::read(root.join("rules/cloudtrail").join(name)).expect("a shipped rule file")))
        .into();
    let (mut engine, _) = Engine::load(&Request { documents, ..Request::default() }).expect("the rules are sound");
    let sample = fs::read_to_string(root.join("rules/samples/cloudtrail.ndjson")).expect("the sample");
    let mut alerts = Vec::new();
    for line in sample.lines() {
        let mut detections = Vec::new();
        engine.detect(line.as_bytes(), &mut detections).expect("it is an event");
        detections.into_iter().for_each(|detection| engine.observe(detection, &mut alerts));
    }
    engine.flush(&mut alerts);
    let shown = blocks("alerts.md").into_iter().find(|block| block.info == "json").expect("there is a record");
    let shown = Json::parse(shown.text.as_bytes(), &Limits::default()).expect("it is JSON");
    let same =
        |alert: &&Json| alert.get("alert_id") == shown.get("alert_id") && alert.get("state") == shown.get("state");
    let real = alerts.iter().find(same).expect("docs/alerts.md shows an alert that there is no longer: take a new one");
    let (shown, real) = (shown.as_object().expect("an object"), real.as_object().expect("an object"));
    let names = |members: &[(String, Json)]| members.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(shown), names(real));
    for (name, value) in real.iter().filter(|(name, _)| name != "events") {
        assert_eq!(shown.iter().find(|(known, _)| known == name).map(|(_, value)| value), Some(value), "{name}");
    }
    let page = page("alerts.md");
    let section = page.split("## Fields").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap_or_default();
    let documented: Vec<&str> = first_cells(section).into_iter().filter_map(|cell| cell.first().copied()).collect();
    assert_eq!(documented, names(real), "the table of fields");
}

/// GitHub's name for a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().trim().to_lowercase().replace(' ', "-")
}

#[test]
fn links_lead_somewhere() {
    for name in PAGES {
        let mut text = page(name);
        for block in blocks(name) {
            text = text.replace(&block.text, "");
        }
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.starts_with("http") {
                continue;
            }
            let (file, fragment) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() { name } else { file };
            assert!(docs().join(file).exists(), "docs/{name}: {target}: no such file");
            if !fragment.is_empty() {
                let headings = page(file)
                    .lines()
                    .filter(|line| line.starts_with('#'))
                    .map(|line| anchor(line.trim_start_matches('#')))
                    .collect::<Vec<_>>();
                assert!(headings.iter().any(|heading| heading == fragment), "docs/{name}: {target}: no such heading");
            }
        }
    }
}
