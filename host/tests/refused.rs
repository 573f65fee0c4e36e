//! Rules that are each in order and together too much: every command says which do not fit, where, and what to do.
#![expect(clippy::unwrap_used, reason = "a test that cannot run its commands has failed")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// So many, of some 480 KB each, are more than all may take.
const RULES: usize = 120;

fn pattern(number: usize) -> String {
    format!("userAgent matches \"x{number}a{{20000}}\"")
}

fn rule(number: usize) -> String {
    format!(
        "  - id: r{number}\n    name: R\n    title: T\n    type: CloudTrail\n    severity: 3\n    description: d\n    \
         filter: {}\n",
        pattern(number)
    )
}

fn oxpecker(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_oxpecker")).current_dir(folder).args(args).output().unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

#[test]
fn whatever_refuses_rules_says_which_where_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let rules: String = (0..RULES).map(rule).collect();
    fs::write(folder.join("many.yaml"), format!("ruleset: many\nrules:\n{rules}")).unwrap();
    fs::write(folder.join("in.ndjson"), format!("{{\"userAgent\":\"x1{}\"}}\n", "a".repeat(20_000))).unwrap();
    for (args, code) in [
        (&["check", "many.yaml"][..], 1),
        (&["test", "many.yaml"], 1),
        (&["rules", "--rules", "many.yaml"], 2),
        (&["diff", "many.yaml", "many.yaml", "in.ndjson"], 2),
        (&["bench", "--rules", "many.yaml", "in.ndjson"], 2),
        (&["pack", "--rules", "many.yaml", "-o", "out.wasm"], 1),
        (&["replay", "--rules", "many.yaml", "in.ndjson"], 1),
        (&["replay", "--native", "--rules", "many.yaml", "in.ndjson"], 1),
    ] {
        let output = oxpecker(folder, args);
        let told = told(&output);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {told}");
        let place = told.find("--> many.yaml:").unwrap_or_else(|| panic!("{args:?}: {told}"));
        let line: usize = told[place..].split(':').nth(1).unwrap().parse().unwrap();
        assert!(told.contains("error[regexes-too-large]") && told.contains("counts once"), "{args:?}: {told}");
        assert!(told.contains("50331648 bytes") && !told.contains("1 problem"), "{args:?}: {told}");
        // The first that does not fit: its line tells how many come before it, and so does the message.
        let fitting = (line - 3) / 7;
        assert!((60..RULES - 1).contains(&fitting), "{args:?}: {told}");
        let behind = RULES - 1 - fitting;
        assert!(told.contains(&format!("room for {fitting}, not")), "{args:?}: {told}");
        assert!(told.contains(&format!("in {behind} rules after it")), "{args:?}: {told}");
        // Those that fit are run, as where single rules have errors.
        assert!(args[0] != "replay" || told.contains(&format!("1 match by 1 of {fitting} rules")), "{args:?}: {told}");
    }
}

/// A filter's text is read before it is loaded; that its expressions are too much together is known when it is.
#[test]
fn what_only_loading_finds_is_told_too() {
    let folder = tempfile::tempdir().unwrap();
    let filter = (0..RULES).map(pattern).collect::<Vec<_>>().join(" or ");
    fs::write(folder.path().join("in.ndjson"), "{}\n").unwrap();
    for native in [&[][..], &["--native"]] {
        let output = oxpecker(folder.path(), &[&["eval"], native, &[&filter, "in.ndjson"]].concat());
        let told = told(&output);
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains("error: filter 1:1:1: the regular expressions of all rules"), "{told}");
        assert!(told.contains("counts once") && told.contains("error: the rules have 1 error\n"), "{told}");
    }
}
