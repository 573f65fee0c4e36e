//! `rules --can-fire` on real events: no rule that `replay` fires is called blind or quiet, and a rule that matches is told
//! with as many events as it has.
//!
//! The events are those of the folder that `OXPECKER_DATA` names, else of `../shared/data` beside the repository, else
//! the sample that the repository carries.

#![expect(clippy::expect_used, reason = "a test that cannot read its data has failed")]

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

fn events() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let named = std::env::var_os("OXPECKER_DATA").map(|folder| root.join(folder).join("cloudtrail.ndjson"));
    named.unwrap_or_else(|| {
        let beside = root.join("../shared/data/cloudtrail.ndjson");
        if beside.is_file() { beside } else { root.join("rules/samples/cloudtrail.ndjson") }
    })
}

/// The lines that a command prints, as JSON.
fn lines(arguments: &[&str]) -> Vec<Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_oxpecker")).args(arguments).arg(events()).output();
    let output = output.expect("the command line runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("JSON is text");
    text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

#[test]
fn no_rule_that_fires_is_called_blind() {
    let alerts = lines(&["replay", "--quiet", "--output", "ndjson"]);
    let fired: BTreeSet<&str> = alerts.iter().map(|alert| text(alert, "rule_id")).collect();
    assert!(fired.len() > 3, "the events must fire some rules: {fired:?}");
    let sights = lines(&["rules", "--can-fire", "--output", "json"]);
    let states: BTreeMap<&str, &str> = sights.iter().map(|sight| (text(sight, "rule"), text(sight, "state"))).collect();
    for rule in &fired {
        assert_eq!(states.get(rule), Some(&"fires"), "{rule}");
    }
    let without_reason = sights.iter().find(|sight| text(sight, "state") != "fires" && text(sight, "why").is_empty());
    assert_eq!(without_reason, None);
}

#[test]
fn the_number_of_workers_changes_nothing() {
    let alone = lines(&["rules", "--can-fire", "--output", "json", "--jobs", "1"]);
    assert_eq!(alone, lines(&["rules", "--can-fire", "--output", "json", "--jobs", "3"]));
    assert_eq!(alone, lines(&["rules", "--can-fire", "--output", "json", "--native"]));
}
