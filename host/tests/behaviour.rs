//! What the command line does beyond its output: pipes that close, Ctrl-C, streams, memory, threads, guests that fail, and
//! a terminal that must not be steered by events.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test's helpers may panic")]

#[path = "guests/mod.rs"]
mod guests;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

/// A line that a user waits for has to come within this time, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(20);

const DELETES: &str = r#"eventName = "DeleteRepository""#;

fn oxpecker<S: AsRef<OsStr>>(args: &[S]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oxpecker"));
    command.args(args).stdin(Stdio::null()).env_remove("NO_COLOR");
    command
}

fn run<S: AsRef<OsStr>>(args: &[S]) -> Output {
    oxpecker(args).output().unwrap()
}

fn spawn<S: AsRef<OsStr>>(args: &[S]) -> Child {
    oxpecker(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn sample() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules/samples/cloudtrail.ndjson")).unwrap()
}

/// The sample so many times, its events told apart by their ids.
fn copies(count: usize) -> String {
    let sample = sample();
    (0..count).map(|copy| sample.replace(r#""eventID":""#, &format!(r#""eventID":"{copy}-"#))).collect()
}

fn file(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> String {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_closed_pipe_is_no_error_and_nothing_is_said_of_it() {
    let folder = tempfile::tempdir().unwrap();
    // More than a pipe holds.
    let input = file(folder.path(), "in.ndjson", copies(10));
    for args in [vec!["eval", "eventName exists", &input], vec!["replay", &input], vec!["completions", "bash"]] {
        let mut child = spawn(&args);
        let mut first = String::new();
        BufReader::with_capacity(64, child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        assert!(!first.is_empty());
        let ended = child.wait_with_output().unwrap();
        assert_eq!((ended.status.code(), text(&ended.stderr)), (Some(0), String::new()), "{args:?}");
    }
}

/// Lines of a child's output as they come.
fn lines(output: impl Read + Send + 'static) -> std::sync::mpsc::Receiver<String> {
    let (sender, lines) = channel();
    thread::spawn(move || BufReader::new(output).lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
    lines
}

/// An event that a shipped rule fires on.
fn alarming() -> String {
    sample().lines().find(|line| line.contains(r#""eventName":"DeleteRepository""#)).unwrap().to_owned()
}

#[test]
fn what_is_written_to_stdin_is_answered_before_it_is_closed() {
    for args in [vec!["eval", DELETES], vec!["replay", "--live"], vec!["eval", DELETES, "--jobs", "4"]] {
        let mut child = spawn(&args);
        let answers = lines(child.stdout.take().unwrap());
        for _ in 0..3 {
            let event = alarming().replace(r#""userName":""#, &format!(r#""userName":"{:?}"#, Instant::now()));
            let event = event.replace(r#"\""#, "");
            child.stdin.as_mut().unwrap().write_all(format!("{event}\n").as_bytes()).unwrap();
            let answer = answers.recv_timeout(PATIENCE).expect("an answer while standard input is open");
            assert!(answer.contains("DeleteRepository"), "{answer}");
            if args[0] == "replay" {
                break;
            }
        }
        drop(child.stdin.take());
        assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
    }
}

#[test]
fn ctrl_c_ends_a_run_over_endless_input_with_the_summary_so_far() {
    for args in [vec!["eval", DELETES], vec!["replay", "--live"], vec!["replay", "-o", "table"]] {
        let mut child = spawn(&args);
        let answers = lines(child.stdout.take().unwrap());
        child.stdin.as_mut().unwrap().write_all(format!("{}\n", alarming()).as_bytes()).unwrap();
        if args.last() == Some(&"table") {
            // Its alerts come at the end: time to read the event.
            thread::sleep(Duration::from_secs(2));
        } else {
            answers.recv_timeout(PATIENCE).unwrap();
        }
        let begun = Instant::now();
        assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
        let stdin = child.stdin.take();
        let ended = child.wait_with_output().unwrap();
        assert!(begun.elapsed() < Duration::from_secs(1), "{args:?} took {:?}", begun.elapsed());
        drop(stdin);
        assert_eq!(ended.status.code(), Some(130), "{args:?}: {}", text(&ended.stderr));
        assert!(text(&ended.stderr).starts_with("1 event "), "{args:?}: {}", text(&ended.stderr));
        let rest: Vec<String> = answers.iter().collect();
        assert!(args[0] == "eval" || rest.iter().any(|line| line.contains("deleted")), "the alerts so far: {rest:?}");
    }
}

/// The sample in every form in which it may come; the path of each.
fn forms(folder: &Path) -> Vec<String> {
    let sample = sample();
    let lines: Vec<&str> = sample.lines().collect();
    let records = format!("{{\"Records\":[{}]}}", lines.join(","));
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(sample.as_bytes()).unwrap();
    let halves = lines.split_at(lines.len() / 2);
    // The names are against the order of time.
    file(folder, "folder/b/1.json", halves.0.join("\n"));
    file(folder, "folder/a/2.json.gz", format!("[{}]", halves.1.join(",\n")));
    vec![
        file(folder, "in.ndjson", &sample),
        file(folder, "records.json", &records),
        file(
            folder,
            "record-lines.json",
            lines.iter().fold(String::new(), |all, line| all + &format!("{{\"Records\":[{line}]}}\n")),
        ),
        file(folder, "array.json", format!("[{}]", lines.join(",\r\n"))),
        file(folder, "glued.json", lines.concat()),
        file(folder, "in.gz", gzip.finish().unwrap()),
        file(folder, "in.zst", zstd::encode_all(records.as_bytes(), 1).unwrap()),
        folder.join("folder").to_str().unwrap().to_owned(),
    ]
}

#[test]
fn the_form_of_the_input_changes_no_byte_of_the_alerts() {
    let folder = tempfile::tempdir().unwrap();
    let mut expected: Option<Vec<u8>> = None;
    for form in forms(folder.path()) {
        let output = run(&["replay", &form]);
        assert_eq!(output.status.code(), Some(0), "{form}: {}", text(&output.stderr));
        assert!(output.stdout.iter().filter(|byte| **byte == b'\n').count() > 20, "{form}");
        assert_eq!(expected.get_or_insert(output.stdout.clone()), &output.stdout, "{form}");
    }
}

/// What a profile counts: how often each predicate was asked, and its first line.
fn counted(profile: &str) -> (BTreeMap<&str, &str>, &str) {
    let asked = profile.lines().filter_map(|line| line.split_once("  asked of ")?.1.split_once(" ns: "));
    let asked = asked.filter_map(|(counted, predicate)| Some((predicate, counted.split_once(" at ")?.0)));
    (asked.collect(), profile.lines().find(|line| line.starts_with("profile: ")).unwrap())
}

#[test]
fn a_profile_counts_the_same_with_any_number_of_workers() {
    let folder = tempfile::tempdir().unwrap();
    let input = file(folder.path(), "in.ndjson", copies(12));
    // So few predicates that all are told: with more, which they are depends on what is measured.
    const ASKED: [&str; 6] = [
        r#"eventName matches "^(Get|List).*[a-m]$""#,
        r#"eventName matches "[n-z]$""#,
        r#"eventSource matches "^[a-j].*\\.com$""#,
        r#"eventSource matches "^[k-z].*\\.com$""#,
        r#"awsRegion matches "-[0-9]$""#,
        r#"eventTime matches "[0-4]Z$""#,
    ];
    let mut rules = "ruleset: r\nrules:\n".to_owned();
    for (number, filter) in ASKED.iter().enumerate() {
        writeln!(
            rules,
            "  - {{id: r{number}, name: R{number}, title: R, type: CloudTrail, severity: 3, description: R., filter: '{filter}'}}"
        )
        .unwrap();
    }
    let rules = file(folder.path(), "rules.yaml", rules);
    let profile = |more: &[&str]| {
        text(&run(&[&["replay", "--profile", "--rules", rules.as_str(), input.as_str()], more].concat()).stderr)
    };
    let (one, several) = (profile(&["--jobs", "1"]), profile(&["--jobs", "4"]));
    let (of_one, of_several) = (counted(&one), counted(&several));
    assert_eq!(of_one.0.len(), ASKED.len(), "{one}");
    assert_eq!(of_one, of_several);
    assert!(of_one.1.ends_with(" (one worker)"), "{one}");
    let note = "--profile runs with one worker, whatever --jobs says";
    let told = [one, several, profile(&[])].map(|profile| profile.contains(note));
    assert_eq!(told, [false, true, false]);
}

#[test]
fn neither_the_number_of_threads_nor_the_sandbox_changes_a_byte() {
    let folder = tempfile::tempdir().unwrap();
    // Rejected lines among the events: their order must hold too.
    let input =
        file(folder.path(), "in.ndjson", copies(12).replace("\"eventName\":\"AssumeRole\"", "\"eventName\":\"Assume"));
    for command in [vec!["eval", r#"eventName starts_with "Get""#], vec!["replay"]] {
        let mut expected: Option<(Vec<u8>, Vec<u8>)> = None;
        for more in [["--jobs", "1"].as_slice(), &["--jobs", "2"], &["--jobs", "4"], &["--native"]] {
            let rejects = folder.path().join("rejects");
            let output = run(&[&command, more, &["--rejects", rejects.to_str().unwrap(), &input]].concat());
            assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
            let found = (output.stdout, fs::read(&rejects).unwrap());
            assert!(!found.0.is_empty() && !found.1.is_empty());
            assert!(expected.get_or_insert(found.clone()) == &found, "{command:?} {more:?}");
        }
    }
}

/// A file of so many rules that match the same events; `more` is of each.
fn rules_alike(folder: &Path, count: usize, more: &str) -> String {
    let rule = |number: usize| {
        format!(
            "  - {{id: r{number}, name: R, title: R, type: CloudTrail, severity: 3, description: R., filter: 'n = 1'{more}}}\n"
        )
    };
    file(folder, "rules.yaml", format!("ruleset: r\nrules:\n{}", (0..count).map(rule).collect::<String>()))
}

#[test]
fn a_large_event_raises_an_alert_of_each_of_many_rules() {
    const RULES: usize = 60;
    let folder = tempfile::tempdir().unwrap();
    let rules = rules_alike(folder.path(), RULES, "");
    let event = format!(r#"{{"eventID":"e","n":1,"long":"{}"}}"#, "a".repeat(3 << 20));
    let input = file(folder.path(), "in.ndjson", event);
    let output = run(&["replay", "--rules", &rules, "-o", "ndjson", &input]);
    assert!(!text(&output.stderr).contains("guest-trap"), "{}", text(&output.stderr));
    let named = text(&output.stdout)
        .lines()
        .filter(|line| line.contains(r#""id": "e""#) || line.contains(r#""id":"e""#))
        .count();
    assert_eq!(named, RULES, "{}", text(&output.stderr));
}

#[test]
fn a_long_value_to_aggregate_by_raises_an_alert_of_each_of_many_rules() {
    const RULES: usize = 60;
    let folder = tempfile::tempdir().unwrap();
    let rules = rules_alike(folder.path(), RULES, ", aggregate: [k]");
    let event = |id: &str, end: &str| format!(r#"{{"eventID":"{id}","n":1,"k":"{}{end}"}}"#, "a".repeat(2 << 20));
    let input = file(folder.path(), "in.ndjson", [event("1", "b"), event("2", "c"), event("3", "c")].join("\n"));
    let output = run(&["replay", "--rules", &rules, "-o", "ndjson", &input]);
    assert!(!text(&output.stderr).contains("guest-trap"), "{}", text(&output.stderr));
    // Without a time each is alone; what differs at its end alone is another group all the same.
    let groups: std::collections::BTreeSet<String> = text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["aggregate"].to_string())
        .collect();
    assert_eq!(text(&output.stdout).lines().count(), 3 * RULES, "{}", text(&output.stderr));
    assert_eq!(groups.len(), 2);
}

/// Nothing that an event holds takes more memory than the sandbox has, however many rules match: not values that are short each
/// and long together, nor control characters, which are written six times as long, nor an event that all of them show.
#[test]
fn events_of_any_kind_raise_an_alert_of_each_of_many_rules() {
    let long = |length: usize| "\\u0001".repeat(length);
    let keys = ["k0", "k1", "k2", "k3", "userAgent", "awsRegion", "errorCode", "host", "eventSource", "eventName"];
    let members: Vec<String> = keys.iter().map(|key| format!(r#""{key}":"{}""#, long(10_000))).collect();
    let resources = vec![format!(r#"{{"ARN":"{}"}}"#, long(10_000)); 10].join(",");
    let full = format!(r#"{{"n":1,"eventID":"{}",{},"resources":[{resources}]}}"#, long(10_000), members.join(","));
    let shown = format!(r#"{{"n":1,"long":"{}"}}"#, "a".repeat(50_000));
    for (count, more, event) in [(200, ", aggregate: [k0, k1, k2, k3]", full), (4_000, "", shown)] {
        let folder = tempfile::tempdir().unwrap();
        let rules = rules_alike(folder.path(), count, more);
        let input = file(folder.path(), "in.ndjson", [event.as_str(), r#"{"n":2}"#].join("\n"));
        let output = run(&["replay", "--rules", &rules, "-o", "ndjson", &input]);
        let told = text(&output.stderr);
        assert!(told.contains("2 evaluated, 0 rejected") && !told.contains("replaced"), "{told}");
        assert_eq!(output.stdout.iter().filter(|byte| **byte == b'\n').count(), count, "{told}");
        let native = run(&["replay", "--native", "--rules", &rules, "-o", "ndjson", &input]);
        assert!(native.stdout == output.stdout, "{told}");
    }
}

/// The most memory a process has had, in KiB.
fn peak(child: &Child) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|text| text.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or(0)
}

#[test]
fn memory_does_not_grow_with_the_input() {
    const BYTES: usize = 200 << 20;
    const MOST: u64 = 300 << 10;
    let sample = sample();
    for args in [vec!["eval", "--count", DELETES], vec!["replay"]] {
        let mut child = spawn(&args);
        let mut input = child.stdin.take().unwrap();
        let output = lines(child.stdout.take().unwrap());
        let mut highest = 0;
        for copy in 0..BYTES / sample.len() {
            let events = sample.replace(r#""eventID":""#, &format!(r#""eventID":"{copy}-"#));
            input.write_all(events.as_bytes()).unwrap();
            highest = highest.max(peak(&child));
        }
        drop(input);
        while matches!(child.try_wait(), Ok(None)) {
            highest = highest.max(peak(&child));
            thread::sleep(Duration::from_millis(5));
        }
        let ended = child.wait_with_output().unwrap();
        let _ = writeln!(
            std::io::stderr(),
            "{}: {} MiB of memory for {} MiB of events",
            args[0],
            highest >> 10,
            BYTES >> 20
        );
        assert_eq!(ended.status.code(), Some(0), "{}", text(&ended.stderr));
        assert!(output.iter().count() > 0);
        assert!((1..MOST).contains(&highest), "{args:?}: {highest} KiB");
    }
}

/// The hostile guest of the sandbox's tests as a file. An event's text says what it does: `{"k":"T…` traps, and so on.
fn guest(folder: &Path, changes: &[(&str, &str)]) -> String {
    let first_letter = "(select (i32.load8_u (local.get $p))";
    let mut wat = include_str!("guests/guest.wat").to_owned();
    assert!(wat.contains(first_letter));
    wat = wat.replace(first_letter, "(select (i32.load8_u offset=6 (local.get $p))");
    let second_of_record = "(i32.load8_u offset=1 (local.get $start))";
    assert!(wat.contains(second_of_record));
    wat = wat.replace(second_of_record, "(i32.load8_u offset=7 (local.get $start))");
    let no_alerts = ("FLUSH", "(global.set $len (i32.const 0)) (return (i32.const 0))");
    file(folder, "guest.wasm", guests::wasm(wat, &[changes, &[no_alerts]].concat()))
}

/// `count` events that the guest matches, those at `places` replaced by ones that do harm.
fn harmful(count: usize, places: &[usize], harm: &str) -> Vec<String> {
    let letter = |n| if places.contains(&n) { harm } else { "A" };
    (0..count).map(|n| format!(r#"{{"k":"{}{n}"}}"#, letter(n))).collect()
}

#[test]
fn an_event_that_kills_the_sandbox_is_rejected_alone_and_the_run_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let module = guest(folder.path(), &[]);
    // The last answers nonsense, which the guest does only where the event ends a batch.
    let all: &[usize] = &[0, 700, 1999];
    let cases = [
        ("T", "guest-trap", all),
        ("L", "guest-deadline", all),
        ("O", "guest-trap", all),
        ("N", "guest-trap", &[1999]),
    ];
    for (harm, code, places) in cases {
        let events = harmful(2_000, places, harm);
        let input = file(folder.path(), "in.ndjson", events.join("\n"));
        let rejects = file(folder.path(), "rejects", "");
        let args =
            ["eval", "eventName exists", "--module", &module, "--deadline", "100", "--rejects", &rejects, &input];
        let output = run(&args);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{harm}: {said}");
        let expected = events.iter().enumerate().filter(|(n, _)| !places.contains(n));
        let expected = expected.fold(String::new(), |all, (_, event)| all + event + "\n");
        assert!(text(&output.stdout) == expected, "{harm}: each other event once, in order");
        assert!(
            said.contains("2,000 events")
                && said.contains(&format!("{} rejected ({code}: {0}), 0 skipped", places.len())),
            "{said}"
        );
        assert!(said.contains(&format!("  1,{} evaluated, ", 1_000 - places.len())), "{said}");
        assert!(said.contains("the sandbox failed and was replaced"), "{said}");
        let kept = fs::read_to_string(&rejects).unwrap();
        for (line, place) in kept.lines().zip(places.iter().copied()) {
            let record: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!((record["line"].as_u64(), record["code"].as_str()), (Some(place as u64 + 1), Some(code)));
            assert_eq!(record["text"].as_str(), Some(events[place].as_str()));
        }
        assert_eq!(kept.lines().count(), places.len());
    }
}

#[test]
fn a_replay_goes_on_after_an_event_that_kills_the_sandbox() {
    let folder = tempfile::tempdir().unwrap();
    let module = guest(folder.path(), &[]);
    let input = file(folder.path(), "in.ndjson", harmful(50, &[20], "T").join("\n"));
    let output = run(&["replay", "--live", "--module", &module, "--jobs", "2", &input]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_eq!(text(&output.stdout).lines().count(), 49);
    assert!(said.contains("49 evaluated, 1 rejected (guest-trap: 1)"), "{said}");
}

#[test]
fn windows_come_back_without_a_folder_for_temporary_files() {
    let folder = tempfile::tempdir().unwrap();
    let module = guest(folder.path(), &[]);
    // More than is held in memory where there can be a file; then a record that kills the windows, and one more.
    let large = format!(r#"{{"k":"A{}"}}"#, "a".repeat(100_000));
    let events = [vec![large; 25], vec![r#"{"k":"AX"}"#.to_owned(), r#"{"k":"A"}"#.to_owned()]].concat();
    let input = file(folder.path(), "in.ndjson", events.join("\n"));
    let mut command = oxpecker(&["replay", "--live", "--output", "ndjson", "--module", &module, &input]);
    let output = command.env("TMPDIR", folder.path().join("none")).output().unwrap();
    let (alerts, said) = (text(&output.stdout), text(&output.stderr));
    assert!(said.contains("1 match dropped") && !said.contains("windows were lost"), "{said}");
    assert!(said.contains(" times the instance of the windows failed and was replaced"), "{said}");
    // The last digit of the number of records that the windows took.
    assert!(alerts.lines().count() == 26 && alerts.lines().last().unwrap().contains(r#""count":6,"#), "{alerts}");
}

#[test]
fn what_a_rule_matched_before_the_sandbox_was_replaced_counts() {
    let folder = tempfile::tempdir().unwrap();
    let module = guest(folder.path(), &[]);
    let rule =
        "rules:\n  - {id: r, name: r, title: t, type: CloudTrail, severity: 1, description: d, filter: 'k exists'}\n";
    let rules = file(folder.path(), "rules.yaml", rule);
    // The last event kills the instance that saw all the others.
    let input = file(folder.path(), "in.ndjson", harmful(50, &[49], "T").join("\n"));
    let output = run(&["rules", "--can-fire", "--output", "json", "--rules", &rules, "--module", &module, &input]);
    let said = text(&output.stderr);
    let sight: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    assert_eq!((sight["state"].as_str(), sight["matched"].as_u64()), (Some("fires"), Some(49)), "{sight} {said}");
}

#[test]
fn a_module_that_does_not_work_is_a_fault_and_ends_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let input = file(folder.path(), "in.ndjson", harmful(5, &[], "A").join("\n"));
    let cases: &[&[(&str, &str)]] = &[
        &[("ABI", "(i32.const 9)")],
        &[("FREE", "ox_gone")],
        &[("LOAD", "unreachable")],
        &[("WALK", "unreachable")],
        &[("START", "(func $start (loop $l (br $l))) (start $start)")],
    ];
    for changes in cases {
        let module = guest(folder.path(), changes);
        let begun = Instant::now();
        let output = run(&["eval", "eventName exists", "--module", &module, "--deadline", "50", &input]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{changes:?}: {said}");
        assert!(said.contains("error: ") && output.stdout.is_empty(), "{said}");
        assert!(begun.elapsed() < Duration::from_secs(120), "{changes:?}: {:?}", begun.elapsed());
    }
    let no_module = file(folder.path(), "text.wasm", "no module");
    assert_ne!(run(&["eval", "eventName exists", "--module", &no_module, &input]).status.code(), Some(0));
}

const HOSTILE: &[&str] = &["\u{1b}]0;owned", "\u{1b}[2J", "\u{7}", "\u{9b}", "\u{202e}", "\u{7f}", "\rgone"];

/// Events whose texts would steer a terminal, as escapes and, where JSON allows it, raw; rules that show them; broken lines.
fn hostile(folder: &Path) -> (String, String) {
    let steer = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{202e}\u{7f}\rgone";
    let quoted = serde_json::to_string(steer).unwrap();
    let quoted = quoted.trim_matches('"').replace('\u{202e}', "\\u202e");
    let raw = "\u{9b}31m\u{202e}\u{7f}";
    let mut events = String::new();
    for (n, name) in [quoted.as_str(), raw].iter().enumerate() {
        let user = format!(r#""userIdentity":{{"type":"IAMUser","userName":"{name}"}},"errorMessage":"{name}""#);
        let _ = writeln!(
            events,
            r#"{{"eventVersion":"1.11","eventTime":"2026-03-02T08:0{n}:00Z","eventSource":"ecr.amazonaws.com","eventName":"DeleteRepository",{user},"{name}":1}}"#
        );
    }
    let _ = write!(events, "{steer}\n{{\"k\":\"{steer}\"}}\n{{\"k\": {steer}\n");
    let rules = format!(
        "ruleset: \"{quoted}\"\nrules:\n  - id: shown\n    name: \"{quoted}\"\n    title: \"{{{{user}}}} {{{{errorMessage}}}}\"\n    \
         type: CloudTrail\n    severity: 1\n    description: \"{quoted}\"\n    filter: eventName exists\n    aggregate: [user, errorMessage]\n    \
         \"{quoted}\": 1\n  - id: runs\n    name: \"{quoted}\"\n    title: \"{{{{user}}}} {{{{errorMessage}}}}\"\n    type: CloudTrail\n    \
         severity: 1\n    description: x\n    filter: eventName exists\n    aggregate: [user, errorMessage]\n"
    );
    (file(folder, "hostile.ndjson", events), file(folder, "rules.yaml", rules))
}

#[test]
fn nothing_from_events_or_rules_steers_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let (input, rules) = hostile(folder.path());
    let program = env!("CARGO_BIN_EXE_oxpecker");
    let commands = [
        format!("replay --rules {rules} {input}"),
        format!("replay --output ndjson --rules {rules} {input}"),
        format!("eval 'eventName exists' {input}"),
        format!("explain --all --filter 'user = \"x\"' --event {input}"),
        format!("explain --all --output json --filter 'user = \"x\"' --event {input}"),
        format!("explain --rule runs --rules {rules} --event {input}"),
        format!("check {rules}"),
        format!("check --output json {rules}"),
        format!("test {rules}"),
    ];
    for command in commands {
        // `script` gives the program a terminal for all three streams.
        let mut script = Command::new("script");
        script
            .args(["-qec", &format!("{program} {command}"), "/dev/null"])
            .env("TERM", "xterm")
            .env("LC_ALL", "C.UTF-8");
        let output = script.stdin(Stdio::null()).output().expect("script, of util-linux, is there");
        let shown = text(&output.stdout);
        assert!(shown.len() > 50, "{command}: {shown}");
        for steer in HOSTILE {
            assert!(!shown.contains(steer), "{command}: {steer:?} in {shown:?}");
        }
    }
}

#[test]
fn on_a_terminal_an_event_is_shown_with_the_same_value() {
    let folder = tempfile::tempdir().unwrap();
    let (input, _) = hostile(folder.path());
    let command = format!("{} eval -q 'eventName exists' {input}", env!("CARGO_BIN_EXE_oxpecker"));
    let output = Command::new("script").args(["-qec", &command, "/dev/null"]).stdin(Stdio::null()).output().unwrap();
    let plain = run(&["eval", "-q", "eventName exists", &input]);
    let values = |bytes: &[u8]| -> Vec<serde_json::Value> {
        let text = text(bytes);
        text.lines().filter(|line| line.starts_with('{')).map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    assert_eq!(values(&plain.stdout), values(&output.stdout));
    assert_eq!(values(&plain.stdout).len(), 2);
    assert!(fs::read_to_string(&input).unwrap().starts_with(&text(&plain.stdout)), "elsewhere byte for byte");
}

#[test]
fn standard_output_holds_alerts_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let (hostile, broken_rules) = hostile(folder.path());
    file(folder.path(), "in/hostile.ndjson", fs::read(hostile).unwrap());
    file(folder.path(), "in/sample.ndjson", sample());
    file(folder.path(), "in/cut.gz", [0x1f, 0x8b, 8, 0]);
    file(folder.path(), "in/CloudTrail-Digest/d.json", "{}");
    let input: PathBuf = folder.path().join("in");
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules/cloudtrail");
    let args = ["replay", "--rules", &broken_rules, "--rules", shipped.to_str().unwrap(), input.to_str().unwrap()];
    let output = run(&args);
    assert_eq!(output.status.code(), Some(2), "the cut file decides: {}", text(&output.stderr));
    let alerts = text(&output.stdout);
    assert!(alerts.lines().count() > 20);
    for line in alerts.lines() {
        let alert: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(alert["alert_id"].is_string() && alert["rule_id"].is_string(), "{line}");
    }
}
