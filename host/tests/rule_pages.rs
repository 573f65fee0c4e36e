//! The pages in `docs/rules` are those of the rule files, and every technique that a shipped rule names is one.
#![expect(clippy::expect_used, reason = "a test that cannot read the repository has failed")]

use oxpecker::pages::{self, Page, RuleFile};
use oxpecker_engine::rule::{self, Limits, ListValues, Source};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Fewer than this and the walk has gone wrong.
const AT_LEAST: usize = 250;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The pages of the shipped sets, as `make rule-pages` writes them.
fn made() -> Vec<Page> {
    let mut files = Vec::new();
    for set in names(&root().join("rules")).iter().filter(|name| root().join("rules").join(name).is_dir()) {
        let folder = root().join("rules").join(set);
        for name in names(&folder).iter().filter(|name| name.ends_with(".yaml")) {
            files.push((format!("rules/{set}/{name}"), fs::read(folder.join(name)).expect("a rule file")));
        }
    }
    let sources: Vec<Source<'_>> = files.iter().map(|(name, bytes)| Source { name, bytes }).collect();
    let (set, _) = rule::load(&sources, ListValues::new(), &Limits::default());
    let file = |(name, _): &(String, Vec<u8>)| RuleFile { name: name.clone(), link: Some(format!("../../{name}")) };
    pages::pages(&set, &files.iter().map(file).collect::<Vec<_>>())
}

#[test]
fn the_pages_are_those_of_the_rule_files() {
    let (made, folder) = (made(), root().join("docs/rules"));
    assert!(made.len() > AT_LEAST, "only {} pages", made.len());
    let there: BTreeSet<String> = names(&folder).into_iter().collect();
    let meant: BTreeSet<String> = made.iter().map(|page| page.name.clone()).collect();
    let is_old = |page: &&Page| fs::read_to_string(folder.join(&page.name)).is_ok_and(|text| text != page.text);
    let old: Vec<&str> = made.iter().filter(is_old).map(|page| page.name.as_str()).collect();
    let lacking: Vec<&String> = meant.difference(&there).collect();
    let left: Vec<&String> = there.difference(&meant).collect();
    assert!(
        old.is_empty() && lacking.is_empty() && left.is_empty(),
        "docs/rules differs from the rule files; `make rule-pages` mends it\n  old: {old:?}\n  lacking: {lacking:?}\n  left over: {left:?}"
    );
}

#[test]
fn every_link_between_pages_leads_somewhere() {
    let made = made();
    let folder = root().join("docs/rules");
    let mut followed = 0;
    for page in made.iter().filter(|page| page.name.ends_with(".md")) {
        // Between fences stands code, where brackets are no links.
        let prose: String = page.text.split("```").step_by(2).collect();
        for target in prose.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.starts_with("http") {
                continue;
            }
            let (file, place) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() { page.name.as_str() } else { file };
            followed += 1;
            let Some(other) = made.iter().find(|other| other.name == file) else {
                assert!(folder.join(file).is_file(), "{}: {target}", page.name);
                continue;
            };
            let heading =
                |line: &str| line.starts_with("## ") && line.replace(": ", "-").ends_with(&format!(" {place}"));
            assert!(place.is_empty() || other.text.lines().any(heading), "{}: {target}", page.name);
        }
    }
    assert!(followed > 3 * AT_LEAST, "only {followed} links");
}

#[test]
fn every_technique_that_a_shipped_rule_names_has_a_name() {
    let made = made();
    let index = made.iter().find(|page| page.name == "TECHNIQUES.md").expect("the index");
    // A number that the table does not have gets a link to no version of ATT&CK.
    let unknown: Vec<&str> =
        index.text.lines().filter(|line| line.contains("](https://attack.mitre.org/techniques/")).collect();
    assert!(unknown.is_empty(), "tags of no technique of the version in host/src/pages/attack.tsv: {unknown:#?}");
    assert!(index.text.matches("](https://attack.mitre.org/versions/").count() > 50);
}
