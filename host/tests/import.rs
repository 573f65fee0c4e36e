//! Rules of others and what they become: the pairs in `tests/import`, run again and compared. Their format is explained
//! in `tests/import/README.md`.
#![expect(clippy::expect_used, reason = "a test that cannot read its cases has failed")]

use oxpecker::import::{self, Imported, Outcome, SigmaOptions, Source};
use oxpecker_engine::rule::{self, Limits};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Fewer than this and the glob has gone wrong.
const AT_LEAST: usize = 12;

fn inputs(folder: &str, ending: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/import").join(folder);
    let entries = fs::read_dir(folder).expect("the cases are there");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|found| found == ending));
    paths.sort();
    paths
}

fn source(path: &Path) -> Source {
    let name = path.file_name().expect("a name").to_string_lossy().into_owned();
    let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
    Source { name, path: stem, text: fs::read_to_string(path).expect("a case is text") }
}

/// The report as a text that a person compares.
fn report(imported: &Imported) -> String {
    imported.entries.iter().fold(String::new(), |mut text, entry| {
        let id = entry.id.as_deref().unwrap_or("-");
        let file = entry.file.as_deref().unwrap_or("-");
        let _ = writeln!(text, "{}: {} ({}) → {id} in {file}", entry.outcome.as_str(), entry.name, entry.place());
        entry.notes.iter().for_each(|note| writeln!(text, "    {note}").expect("a text can be written to"));
        text
    })
}

/// The files that stand beside an input, with what is in them.
fn beside(input: &Path, imported: &Imported) -> Vec<(PathBuf, String)> {
    let named = |ending: &str| input.with_extension(ending);
    let mut files = vec![(named("report.txt"), report(imported))];
    for (place, file) in imported.files.iter().enumerate() {
        let number = if place == 0 { String::new() } else { (place + 1).to_string() };
        let ending = if file.path.ends_with(".yaml") { "yaml" } else { "txt" };
        files.push((named(&format!("out{number}.{ending}")), format!("# {}\n{}", file.path, file.text)));
    }
    files
}

/// Every rule that is said to be carried over is there, and loads.
fn check(imported: &Imported) {
    for file in imported.files.iter().filter(|file| file.path.ends_with(".yaml")) {
        let document = rule::read(file.text.as_bytes(), &[], &Limits::default());
        let errors: Vec<_> = document.problems.iter().filter(|problem| problem.is_error()).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", file.path);
        let there: Vec<&str> = document.rules.iter().map(|rule| rule.id.as_str()).collect();
        let told = imported.entries.iter().filter(|entry| entry.file.as_ref() == Some(&file.path));
        let told: Vec<&str> = told.filter_map(|entry| entry.id.as_deref()).collect();
        assert_eq!(there, told, "{}", file.path);
    }
    for entry in &imported.entries {
        let explained = entry.outcome == Outcome::Carried || !entry.notes.is_empty();
        assert!(explained, "{} has no reason", entry.name);
    }
}

#[test]
fn each_input_becomes_what_stands_beside_it() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let sigma = inputs("sigma", "yml").into_iter().map(|path| {
        let imported = import::sigma(&[source(&path)], &SigmaOptions::default());
        (path, imported)
    });
    let threatstack = inputs("threatstack", "json").into_iter().map(|path| {
        let imported = import::threatstack(&[source(&path)]);
        (path, imported)
    });
    let cases: Vec<(PathBuf, Imported)> = sigma.chain(threatstack).collect();
    let mut different = Vec::new();
    for (input, imported) in &cases {
        check(imported);
        for (path, text) in beside(input, imported) {
            if update {
                fs::write(&path, text).expect("the file is written");
            } else if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
                different.push(format!("{}:\n{text}", path.display()));
            }
        }
    }
    // Not println: the number is to be seen although the test passes.
    let _ = writeln!(std::io::stderr(), "import: {} inputs", cases.len());
    assert!(cases.len() >= AT_LEAST, "only {} inputs", cases.len());
    assert!(different.is_empty(), "UPDATE_GOLDEN=1 writes these anew:\n\n{}", different.join("\n"));
}

#[test]
fn the_same_input_gives_the_same_output_and_names_stay_apart() {
    let sources: Vec<Source> = inputs("sigma", "yml").iter().map(|path| source(path)).collect();
    let imported = import::sigma(&sources, &SigmaOptions::default());
    assert_eq!(imported, import::sigma(&sources, &SigmaOptions::default()));
    check(&imported);
    let mut ids: Vec<&str> = imported.entries.iter().filter_map(|entry| entry.id.as_deref()).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all);
    // Twice the same files are two files, and their rules have names of their own.
    let twice: Vec<Source> = sources.iter().chain(&sources).cloned().collect();
    let doubled = import::sigma(&twice, &SigmaOptions::default());
    check(&doubled);
    assert_eq!(doubled.files.len(), imported.files.len() * 2);
}
