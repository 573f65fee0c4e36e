//! Packs: the same bytes each time, what they say of themselves, and what comes out of them.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test's helpers may panic")]

use oxpecker::alert::Alert;
use oxpecker::doctor;
use oxpecker::pack::runner::{Answer, Runner};
use oxpecker::pack::{Mode, Options, PackError, Packed, Shape, build, self_test};
use oxpecker::render::{ecs, ocsf};
use oxpecker::sandbox::{Document, Limits, LoadRequest, Module};
use oxpecker_engine::rule::{self, ListValues, Source};
use serde_json::Value;
use std::path::Path;

const TAG: &str = "oxpecker.copy.logs";
const NOON: (i32, i32) = (1_741_694_400, 0);

fn repository(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    std::fs::read_to_string(&path).expect("the file is there")
}

fn shipped() -> Vec<(String, String)> {
    ["rules/cloudtrail/ecr.yaml", "rules/cloudtrail/ssm.yaml"].map(|path| (path.to_owned(), repository(path))).into()
}

fn pack(files: &[(String, String)], options: &Options) -> Result<Vec<u8>, PackError> {
    let sources: Vec<Source<'_>> = files.iter().map(|(name, text)| Source { name, bytes: text.as_bytes() }).collect();
    let (set, _) = rule::load(&sources, ListValues::new(), &rule::Limits::default());
    let documents = files.iter().map(|(name, text)| Document { name: name.clone(), text: text.clone() }).collect();
    let request = LoadRequest { documents, ..LoadRequest::default() };
    build(Module::shipped_bytes().expect("make build comes before the tests"), &request, &set, options)
}

fn failures(wasm: &[u8]) -> Vec<String> {
    let packed = Packed::from_bytes(wasm).expect("a pack");
    let trials = self_test::run(&packed, wasm).expect("it runs");
    assert!(trials.len() > 10);
    trials.into_iter().filter_map(|trial| Some(format!("{}: {}", trial.what, trial.failure?))).collect()
}

#[test]
fn the_same_input_gives_the_same_bytes_and_they_work() {
    let wasm = pack(&shipped(), &Options::default()).expect("a pack");
    assert!(wasm == pack(&shipped(), &Options::default()).expect("a pack"), "the same bytes");
    assert_eq!(failures(&wasm), Vec::<String>::new());
    let packed = Packed::from_bytes(&wasm).expect("a pack");
    assert!(packed.manifest.rules.len() >= 39, "{}", packed.manifest.rules.len());
    assert_eq!(packed.manifest.files.len(), 2);
    assert_eq!(packed.memory_limit, Some(256 << 20));
    assert!(packed.memory < 16 << 20, "{}", packed.memory);
    assert!(packed.features.iter().all(|feature| feature.in_fluent_bit), "{:?}", packed.features);
    assert_eq!(packed.manifest.fluent_bit.function_name, "oxpecker_filter");
}

#[test]
fn what_differs_has_another_hash() {
    let hash = |options: &Options| {
        Packed::from_bytes(&pack(&shipped(), options).expect("a pack")).expect("a pack").manifest.pack
    };
    let usual = hash(&Options::default());
    for other in [
        Options { shape: Shape::Ecs, ..Options::default() },
        Options { updates: true, ..Options::default() },
        Options { memory: 64 << 20, ..Options::default() },
        Options { event_types: vec![("a.*".into(), "b".into())], ..Options::default() },
    ] {
        assert_ne!(hash(&other), usual, "{other:?}");
    }
    assert_eq!(
        hash(&Options { mode: Mode::Annotate, tests: false, ..Options::default() }),
        usual,
        "the module is the same"
    );
}

/// The alerts of the sample, one after the other, from a pack of some shape.
fn alerts(shape: Shape) -> Vec<String> {
    let wasm = pack(&shipped(), &Options { shape, ..Options::default() }).expect("a pack");
    let module = Module::from_bytes(&wasm).expect("a module");
    let mut runner = Runner::start(&module, Limits::default()).expect("an instance");
    let mut all = Vec::new();
    for event in repository("rules/samples/cloudtrail.ndjson").lines() {
        let Answer::Text(text) = runner.record("oxpecker_filter", TAG, NOON, event.as_bytes()).expect("an answer")
        else {
            continue;
        };
        let text = String::from_utf8(text).expect("text");
        match serde_json::from_str::<Value>(&text).expect("JSON").get("alerts") {
            Some(Value::Array(several)) => all.extend(several.iter().map(ToString::to_string)),
            _ => all.push(text),
        }
    }
    assert!(all.len() > 20);
    all
}

#[test]
fn shapes_are_those_of_the_command_line() {
    let records: Vec<Alert> =
        alerts(Shape::Alert).iter().map(|line| Alert::from_line(line).expect("an alert")).collect();
    let same = |found: Vec<String>, expected: Vec<String>| {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            let value = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
            let (mut found, mut expected) = (value(found), value(expected));
            // The command line gives an event's bytes as they came, a pack the same JSON anew.
            for side in [&mut found, &mut expected] {
                for event in side.pointer_mut("/oxpecker/events").and_then(Value::as_array_mut).into_iter().flatten() {
                    if let Some(text) = event["original"].as_str().map(str::to_owned) {
                        event["original"] = value(&text);
                    }
                }
            }
            assert_eq!(found, expected);
        }
    };
    same(alerts(Shape::Ecs), records.iter().map(|alert| ecs::line(alert).expect("a line")).collect());
    same(alerts(Shape::Ocsf), records.iter().map(|alert| ocsf::line(alert, true).expect("a line")).collect());
}

#[test]
fn a_test_that_fails_fails_the_self_test() {
    let (name, text) = shipped().remove(0);
    let worse = text.replacen("expect: nothing", "expect: alert", 1);
    assert_ne!(worse, text);
    let wasm = pack(&[(name, worse)], &Options::default()).expect("a pack");
    let failures = failures(&wasm);
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert!(failures[0].contains("expects alert, and comes to nothing"), "{failures:?}");
}

#[test]
fn tests_of_several_events_are_judged_by_all_of_them() {
    let rules = |expect: [&str; 4]| {
        let event = |kind: &str, second: u32| {
            format!("{{'@timestamp': '2026-05-01T10:00:{second:02}Z', event_type: File, name: {kind}, user: u}}")
        };
        let test = |name: &str, expect: &str, kinds: &[&str]| {
            let events: Vec<String> = kinds.iter().zip(0..).map(|(kind, second)| event(kind, second)).collect();
            format!("      - {{name: {name}, expect: {expect}, events: [{}]}}\n", events.join(", "))
        };
        let rule = |id: &str, threshold: u32| {
            format!(
                "  - id: {id}\n    name: {id}\n    type: File\n    severity: 1\n    description: d\n    aggregate: [user]\n    \
                 threshold: {threshold}\n    filter: name = \"bad\"\n    tests:\n"
            )
        };
        let [early, late, enough, few] = expect;
        let text = [
            "ruleset: x\nrules:\n".to_owned(),
            rule("one", 1),
            test("early", early, &["bad", "good"]),
            test("late", late, &["good", "good"]),
            rule("three", 3),
            test("enough", enough, &["bad", "bad", "bad", "good"]),
            test("few", few, &["bad", "good", "bad"]),
        ];
        pack(&[("x.yaml".to_owned(), text.concat())], &Options::default()).expect("a pack")
    };
    assert_eq!(failures(&rules(["alert", "nothing", "alert", "nothing"])), Vec::<String>::new());
    let failed = failures(&rules(["nothing", "alert", "nothing", "alert"])).concat();
    for (test, found) in [("early", "alert"), ("late", "nothing"), ("enough", "alert"), ("few", "nothing")] {
        let at = failed.find(&format!("`{test}` expects ")).unwrap_or_else(|| panic!("{test}: {failed}"));
        assert!(
            failed[at..].split(';').next().is_some_and(|told| told.ends_with(&format!("comes to {found}"))),
            "{failed}"
        );
    }
}

/// A pack with another version in its manifest.
fn of_format(wasm: &[u8], format: u8) -> Vec<u8> {
    let now = br#"{"format":2,"#;
    let place = wasm.windows(now.len()).position(|bytes| bytes == now).expect("the manifest");
    let mut wasm = wasm.to_vec();
    wasm[place + now.len() - 2] = b'0' + format;
    wasm
}

#[test]
fn a_pack_of_an_earlier_version_is_shown_and_its_tests_are_not_judged() {
    let wasm = of_format(&pack(&shipped(), &Options::default()).expect("a pack"), 1);
    let packed = Packed::from_bytes(&wasm).expect("a pack");
    assert_eq!((packed.manifest.rules.len() >= 39, packed.tests.len(), packed.old_tests), (true, 0, true));
    let failures = failures(&wasm);
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert!(failures[0].contains("pack the rules again to have them run"), "{failures:?}");
    let without = pack(&shipped(), &Options { tests: false, ..Options::default() }).expect("a pack");
    assert_eq!(self::failures(&of_format(&without, 1)), Vec::<String>::new());
}

#[test]
fn a_pack_of_a_later_version_is_refused_with_what_to_do() {
    let wasm = of_format(&pack(&shipped(), &Options::default()).expect("a pack"), 3);
    let told = Packed::from_bytes(&wasm).expect_err("refused").to_string();
    assert!(told.contains("a newer version of oxpecker (") && told.contains("look at it with that version"), "{told}");
    // To log shippers it is as good as any.
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("later.wasm"), &wasm).expect("written");
    let config = "[FILTER]\n    Name wasm\n    Match oxpecker.copy.*\n    Wasm_Path later.wasm\n";
    let circumstances = doctor::Circumstances { working: Some(folder.path()), ..doctor::Circumstances::default() };
    let findings = doctor::examine(&doctor::read(config).expect("sound"), &circumstances);
    let later = findings.iter().find(|finding| finding.code == "later-pack").expect("told");
    assert_eq!(later.level, doctor::Level::Note);
    assert!(findings.iter().all(|finding| finding.code != "no-pack"));
}

#[test]
fn rules_with_errors_are_not_packed() {
    let text = "ruleset: x\nrules:\n  - {id: a, name: A, type: Host, severity: 1, description: d, filter: 'a ='}\n";
    match pack(&[("x.yaml".into(), text.into())], &Options::default()) {
        Err(PackError::Rules(problems)) => assert_eq!(problems[0].file, "x.yaml"),
        other => panic!("{:?}", other.map(|wasm| wasm.len())),
    }
}

#[test]
fn what_is_no_module_for_shippers_is_refused() {
    let set = rule::RuleSet::default();
    let refuse =
        |wasm: &[u8]| build(wasm, &LoadRequest::default(), &set, &Options::default()).expect_err("refused").to_string();
    assert!(refuse(b"\0asm").contains("no WebAssembly"));
    let simd = wat::parse_str("(module (func (drop (v128.const i64x2 0 0))))").expect("wat");
    assert!(refuse(&simd).contains("it needs simd"));
    let import = wat::parse_str(r#"(module (import "env" "f" (func)))"#).expect("wat");
    assert!(refuse(&import).contains("imports"));
    let empty = wat::parse_str("(module)").expect("wat");
    assert!(!refuse(&empty).is_empty());
}

#[test]
fn a_module_without_rules_is_no_pack() {
    let wasm = Module::shipped_bytes().expect("make build comes before the tests");
    assert!(matches!(Packed::from_bytes(wasm), Err(PackError::NotPacked)));
    assert!(matches!(Packed::from_bytes(&wasm[..wasm.len() / 2]), Err(PackError::NotWasm(_) | PackError::NotPacked)));
}
