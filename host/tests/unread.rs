//! What cannot be read is told and ends every command that reads events with 2, whatever was found in the rest.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot run its commands has failed")]

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output};

const EVENT: &str = r#"{"eventName":"PutObject","eventTime":"2026-03-02T08:00:00Z","user":"ada"}"#;
const RULES: &str = "rules:
  - {id: put, name: Put, type: CloudTrail, severity: 3, description: d, aggregate: [user], filter: 'eventName = \"PutObject\"'}
";

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The program as somebody whom permissions hold back: root reads everything, so for root it is run as nobody.
fn as_a_user(folder: &Path) -> Command {
    let program = env!("CARGO_BIN_EXE_oxpecker");
    if fs::metadata(folder).unwrap().uid() != 0 {
        return Command::new(program);
    }
    // Nobody may not reach the program where it was built.
    let copy = folder.join("oxpecker");
    fs::copy(program, &copy).unwrap();
    fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new(copy);
    command.uid(65534).gid(65534);
    command
}

#[test]
fn a_folder_that_cannot_be_listed_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("logs");
    let closed = logs.join("closed");
    fs::create_dir_all(&closed).unwrap();
    fs::write(logs.join("open.ndjson"), EVENT).unwrap();
    fs::write(closed.join("in.ndjson"), EVENT).unwrap();
    // Without `r` it cannot be listed; without `x` its names can be, and nothing behind them.
    for mode in [0o000, 0o444] {
        fs::set_permissions(&closed, Permissions::from_mode(mode)).unwrap();
        for (input, found) in [(&logs, "1\n"), (&closed, "0\n")] {
            let output =
                as_a_user(folder.path()).args(["eval", "--count", "eventName exists"]).arg(input).output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{mode:o} {}: {}", input.display(), said(&output));
            assert_eq!(String::from_utf8_lossy(&output.stdout), found);
            assert!(said(&output).contains("Permission denied"), "{}", said(&output));
        }
    }
    fs::set_permissions(&closed, Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_link_that_leads_nowhere_is_named_as_such_and_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("in.ndjson"), EVENT).unwrap();
    symlink("gone", folder.path().join("link")).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_oxpecker"))
        .args(["eval", "--count", "eventName exists"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("link: a link that leads nowhere"), "{}", said(&output));
}

/// A comparison or a list that was made of half the events looks like a whole one.
#[test]
fn a_corpus_that_is_cut_ends_each_command_with_2() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (rules, events, cut, alert) = (path("rules.yaml"), path("in.ndjson"), path("cut.gz"), path("alert.json"));
    fs::write(&rules, RULES).unwrap();
    fs::write(&events, EVENT).unwrap();
    fs::write(&cut, [0x1f, 0x8b, 8, 0]).unwrap();
    let run = |args: &[&str]| Command::new(env!("CARGO_BIN_EXE_oxpecker")).args(args).output().unwrap();
    fs::write(&alert, run(&["replay", "--rules", &rules, &events]).stdout).unwrap();
    let commands: [&[&str]; 6] = [
        &["eval", "eventName exists"],
        &["replay", "--rules", &rules],
        &["rules", "--rules", &rules],
        &["rules", "--can-fire", "--rules", &rules],
        &["diff", &rules, &rules],
        &["suppress", "--rules", &rules, &alert],
    ];
    for command in commands {
        let whole = run(&[command, &[&events]].concat());
        assert_eq!(whole.status.code(), Some(0), "{command:?}: {}", said(&whole));
        let output = run(&[command, &[&events, &cut]].concat());
        assert_eq!(output.status.code(), Some(2), "{command:?}: {}", said(&output));
        assert!(said(&output).ends_with("error: 1 input could not be read to the end\n"), "{}", said(&output));
    }
}
