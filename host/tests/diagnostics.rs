//! What `oxpecker check` shows: one golden text for every problem, and a manual page whose examples are run.
#![expect(clippy::expect_used, reason = "a test's helpers may panic")]

use oxpecker_engine::problem::Problem;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The day on which expiry is judged.
const TODAY: &str = "2026-06-01";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn fixtures() -> PathBuf {
    root().join("tests/diagnostics")
}

/// Runs `check` on a filter's text, or on a rule file or list file by its name in the folder of fixtures.
fn check(text: &[u8], rule_file: Option<&str>, extra: &[&str]) -> Output {
    let text = String::from_utf8_lossy(text);
    let mut command = Command::new(env!("CARGO_BIN_EXE_oxpecker"));
    command.current_dir(fixtures()).args(["check", "--today", TODAY]).args(extra);
    for limit in text.lines().filter_map(|line| line.strip_prefix("# limit: ")) {
        command.args(["--limit", limit]);
    }
    match rule_file {
        Some(name) if name.ends_with(".csv") => command.args(["--lists", name]),
        Some(name) => command.arg(name),
        None => command.arg("--filter").arg(text.as_ref()),
    };
    command.output().expect("oxpecker runs")
}

/// Every fixture: its path, and its name if it is a rule file or a list file.
fn all() -> Vec<(PathBuf, Option<String>)> {
    let entries = fs::read_dir(fixtures()).expect("the fixtures are there");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    let kind = |path: PathBuf| match path.extension()?.to_str()? {
        "filter" => Some((path, None)),
        "yaml" | "csv" => {
            path.file_name().map(|name| name.to_string_lossy().into_owned()).map(|name| (path, Some(name)))
        }
        _ => None,
    };
    paths.into_iter().filter_map(kind).collect()
}

#[test]
fn each_problem_is_shown_as_it_was() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut different = Vec::new();
    for (path, name) in all() {
        let output = check(&fs::read(&path).expect("a fixture"), name.as_deref(), &[]);
        let shown = [output.stdout, output.stderr].concat();
        let golden = path.with_extension("txt");
        if update {
            fs::write(&golden, &shown).expect("the golden text is written");
        } else if fs::read(&golden).ok().as_ref() != Some(&shown) {
            different.push(format!("{}\n{}", golden.display(), String::from_utf8_lossy(&shown)));
        }
    }
    assert!(different.is_empty(), "UPDATE_GOLDEN=1 writes these anew:\n\n{}", different.join("\n\n"));
}

#[test]
fn every_code_has_a_fixture_that_shows_it() {
    for (code, level) in Problem::CODES {
        let shown = fs::read_to_string(fixtures().join(format!("{code}.txt"))).unwrap_or_default();
        let head = format!("{}[{code}]: ", level.as_str());
        assert!(shown.lines().any(|line| line.starts_with(&head)), "tests/diagnostics has no text for {code}");
    }
}

#[test]
fn no_golden_text_is_without_its_fixture_or_holds_control_characters() {
    let inputs: Vec<PathBuf> = all().into_iter().map(|(path, _)| path.with_extension("txt")).collect();
    for entry in fs::read_dir(fixtures()).expect("the fixtures are there") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            assert!(inputs.contains(&path), "{} has no fixture", path.display());
            let text = fs::read_to_string(&path).expect("a text");
            assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{}", path.display());
        }
    }
}

#[test]
fn json_and_sarif_hold_the_same_problems() {
    for (path, name) in all() {
        let text = fs::read(&path).expect("a fixture");
        let json: serde_json::Value =
            serde_json::from_slice(&check(&text, name.as_deref(), &["--output", "json"]).stdout).expect("JSON");
        let sarif: serde_json::Value =
            serde_json::from_slice(&check(&text, name.as_deref(), &["--output", "sarif"]).stdout).expect("JSON");
        let problems = json["problems"].as_array().expect("an array");
        let results = sarif["runs"][0]["results"].as_array().expect("an array");
        assert_eq!(problems.len(), results.len(), "{}", path.display());
        for (problem, result) in problems.iter().zip(results) {
            let region = &result["locations"][0]["physicalLocation"]["region"];
            assert_eq!((&problem["code"], &problem["line"]), (&result["ruleId"], &region["startLine"]));
            assert_eq!((&problem["column"], &problem["end_column"]), (&region["startColumn"], &region["endColumn"]));
            assert_eq!(problem["fix"].is_null(), result["fixes"].is_null(), "{}", path.display());
        }
        let github = check(&text, name.as_deref(), &["--output", "github"]).stdout;
        assert_eq!(String::from_utf8_lossy(&github).lines().count(), problems.len(), "{}", path.display());
    }
}

#[test]
fn a_fix_mends_its_problem() {
    for (path, name) in all().into_iter().filter(|(_, name)| name.is_none()) {
        let text = fs::read_to_string(&path).expect("a filter");
        let codes = |text: &str| -> Vec<serde_json::Value> {
            let json = check(text.as_bytes(), name.as_deref(), &["--output", "json"]).stdout;
            serde_json::from_slice::<serde_json::Value>(&json).expect("JSON")["problems"]
                .as_array()
                .expect("all")
                .clone()
        };
        let before = codes(&text);
        for problem in before.iter().filter(|problem| !problem["fix"].is_null()) {
            let place = |name: &str| usize::try_from(problem[name].as_u64().expect("a place")).expect("a place");
            let mut mended = text.clone();
            mended.replace_range(place("offset")..place("end_offset"), problem["fix"].as_str().expect("a text"));
            let same = |found: &&serde_json::Value| found["code"] == problem["code"];
            let left = codes(&mended).iter().filter(same).count();
            assert!(left < before.iter().filter(same).count(), "{}: {problem}", path.display());
        }
    }
}

/// The sections of the manual page: code, and the fenced texts with what they are.
fn sections() -> Vec<(String, Vec<(String, String)>)> {
    let page = fs::read_to_string(root().join("docs/problems.md")).expect("docs/problems.md");
    let mut sections: Vec<(String, Vec<(String, String)>)> = Vec::new();
    let mut open = false;
    for line in page.lines() {
        if let Some(code) = line.strip_prefix("## ") {
            sections.push((code.to_owned(), Vec::new()));
        }
        let Some((_, blocks)) = sections.last_mut() else { continue };
        match line.strip_prefix("```") {
            Some(_) if open => open = false,
            Some(info) => {
                open = true;
                blocks.push((info.to_owned(), String::new()));
            }
            None if open => {
                let (_, text) = blocks.last_mut().expect("a block");
                text.push_str(line);
                text.push('\n');
            }
            None => {}
        }
    }
    sections
}

#[test]
fn the_manual_explains_every_code_by_examples_that_hold() {
    let sections = sections();
    let codes: Vec<&str> = sections.iter().map(|(code, _)| code.as_str()).collect();
    let known: Vec<&str> = Problem::CODES.iter().map(|(code, _)| *code).collect();
    assert!(known.iter().all(|code| codes.contains(code)), "docs/problems.md lacks a code of {known:?}");
    assert!(codes.iter().all(|code| known.contains(code)), "docs/problems.md explains a code that is none: {codes:?}");
    for (code, blocks) in &sections {
        for (place, (info, text)) in blocks.iter().enumerate() {
            let ending = match info.as_str() {
                "text rules" => Some("yaml"),
                "text csv" => Some("csv"),
                _ => None,
            };
            let rule_file = ending.map(|ending| {
                let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{code}-{place}.{ending}"));
                fs::write(&path, text).expect("a temporary file");
                path.to_string_lossy().into_owned()
            });
            let shown = check(text.as_bytes(), rule_file.as_deref(), &[]).stdout;
            let shown = String::from_utf8_lossy(&shown);
            assert_eq!(shown.contains(&format!("[{code}]: ")), place == 0, "example {place} of {code}: {shown}");
        }
    }
}
