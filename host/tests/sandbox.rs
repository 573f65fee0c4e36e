//! The sandbox against guests that trap, never end, eat memory and lie. The guest is `guests/guest.wat`; each test
//! changes what it needs. What is asserted above all: which events were evaluated, which not, and that nothing is counted
//! twice.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test's helpers may panic")]

#[path = "guests/mod.rs"]
mod guests;

use std::time::{Duration, Instant};

use oxpecker::alert::Alerts;
use oxpecker::sandbox::{
    Batch, Guard, Keeper, Kept, Limits, LoadRequest, Module, Patience, RejectReason, Sandbox, SandboxError, Status,
    Worker,
};

/// The guest with replacements for its marks.
fn wasm(changes: &[(&str, &str)]) -> Vec<u8> {
    guests::wasm(include_str!("guests/guest.wat").to_owned(), changes)
}

fn module(changes: &[(&str, &str)]) -> Module {
    Module::from_bytes(&wasm(changes)).unwrap()
}

fn limits() -> Limits {
    Limits {
        memory_bytes: 32 << 20,
        deadline: Duration::from_millis(40),
        load_deadline: Duration::from_millis(500),
        retry_factor: 3,
        patience: Patience { guilty_in_a_row: 20, lost_time: Duration::from_secs(60), starts: 3 },
    }
}

fn worker(changes: &[(&str, &str)]) -> Worker {
    Worker::new(&module(changes), &limits(), &LoadRequest::default()).unwrap().0
}

fn sandbox(changes: &[(&str, &str)]) -> Result<Sandbox, SandboxError> {
    Sandbox::new(&module(changes), limits())
}

fn batch<'a>(events: impl IntoIterator<Item = &'a str>) -> Batch {
    let mut batch = Batch::tagged("tag", Some(5)).unwrap();
    for event in events {
        batch.push(event.as_bytes()).unwrap();
    }
    batch
}

/// `count` matching events, those at `places` replaced by `harm`.
fn events(count: usize, places: &[usize], harm: &str) -> Vec<String> {
    (0..count).map(|n| if places.contains(&n) { format!("{harm}{n}") } else { format!("A{n}") }).collect()
}

/// Runs one batch with harm in it through detection and evaluation, and asserts exact accounting.
fn survives(count: usize, places: &[usize], harm: &str, reason: RejectReason) {
    let mut worker = worker(&[]);
    let events = events(count, places, harm);
    let batch = batch(events.iter().map(String::as_str));
    let mut found = worker.detect(&batch, 0).unwrap();
    assert_eq!(found.evaluated, (count - places.len()) as u64);
    let rejected: Vec<_> = found.rejected.iter().map(|reject| (reject.index, reject.reason)).collect();
    assert_eq!(rejected, places.iter().map(|place| (*place, reason)).collect::<Vec<_>>());
    let kept: String = events.iter().filter(|event| event.starts_with('A')).map(|event| format!("{event}\n")).collect();
    assert_eq!(String::from_utf8(found.records.read().unwrap()).unwrap(), kept, "each other event once, in order");

    let verdicts = worker.evaluate(&batch).unwrap();
    assert_eq!(verdicts.evaluated, (count - places.len()) as u64);
    assert_eq!((verdicts.events(), verdicts.rules()), (count, 1));
    assert_eq!(verdicts.rejected.iter().map(|reject| reject.index).collect::<Vec<_>>(), places);
    let matched: Vec<_> = verdicts.matched_events().collect();
    assert_eq!(matched, (0..count).filter(|n| !places.contains(n)).collect::<Vec<_>>());

    let bound = places.len() as u64 * 2 * (count.ilog2() as u64 + 3);
    assert!(worker.replaced() <= bound, "{} instances for {} guilty events", worker.replaced(), places.len());
    let mut after = worker.detect(&self::batch(["A", "b"]), 0).unwrap();
    assert_eq!((after.evaluated, after.rejected.len(), after.records.read().unwrap().as_slice()), (2, 0, &b"A\n"[..]));
}

#[test]
fn a_clean_batch_is_evaluated_in_one_call() {
    let mut worker = worker(&[]);
    let mut found = worker.detect(&batch(["A0", "R1", "", "A3"]), 0).unwrap();
    assert_eq!((found.evaluated, found.records.read().unwrap().as_slice()), (3, &b"A0\nA3\n"[..]));
    let reject = &found.rejected[0];
    assert_eq!((reject.index, reject.offset, reject.reason), (1, 1, RejectReason::Event(7)));
    assert_eq!((found.rejected.len(), worker.replaced()), (1, 0));
    let nothing = worker.detect(&Batch::new(), 0).unwrap();
    assert!((nothing.evaluated, nothing.undecided, nothing.rejected.len()) == (0, 0, 0) && nothing.records.is_empty());
}

#[test]
fn an_event_that_traps_is_rejected_alone() {
    survives(100, &[37], "T", RejectReason::GuestTrap);
    survives(1, &[0], "T", RejectReason::GuestTrap);
    survives(9, &[0, 1, 8], "T", RejectReason::GuestTrap);
}

#[test]
fn an_event_that_never_ends_is_rejected_alone() {
    survives(8, &[5], "L", RejectReason::GuestDeadline);
}

#[test]
fn an_event_that_eats_memory_is_rejected_alone() {
    survives(50, &[49], "M", RejectReason::GuestTrap);
}

#[test]
fn an_event_that_overflows_the_stack_is_rejected_alone() {
    survives(10, &[3], "O", RejectReason::GuestTrap);
}

#[test]
fn an_event_that_makes_the_guest_lie_is_rejected_alone() {
    // Only the last event's letter decides about the nonsense, so the guilty one stands last.
    survives(20, &[19], "N", RejectReason::GuestTrap);
}

/// An answer of which a part comes from `ox_detect` and the rest from `ox_more`.
#[test]
fn an_answer_in_parts_is_their_sum_and_parts_that_lie_are_none() {
    let part = ("AFTER", "(if (i32.eqz (local.get $bits)) (then (return (i32.const 1))))");
    let events = || batch(["A0", "R1", "A2"]);
    let mut found = worker(&[part]).detect(&events(), 0).unwrap();
    assert_eq!((found.evaluated, found.rejected.len()), (2, 1));
    assert_eq!(found.records.read().unwrap(), b"A0\nA2\n");
    // One that never ends, one more event than there are, fewer, a reject twice, and a trap.
    for more in [
        "(return (i32.const 1))",
        "(i32.store (i32.const 65536) (i32.const 1))",
        "(i32.store (i32.const 65540) (i32.const 1)) (global.set $len (i32.const 28))",
        "(return (i32.const -2))",
        "unreachable",
    ] {
        let canary = r#"(if (i32.eq (local.get $what) (i32.const 123)) (then (return (i32.const 0))))"#;
        let part = ("AFTER", format!("{canary} {}", part.1));
        let found = worker(&[(part.0, &part.1), ("MORE", more)]).detect(&events(), 0).unwrap();
        let traps = found.rejected.iter().filter(|reject| reject.reason == RejectReason::GuestTrap).count();
        assert_eq!((found.evaluated, traps, found.records.is_empty()), (0, 3, true), "{more}");
    }
}

/// Each part would have the time of a call, and there can be as many as events times rules.
#[test]
fn parts_that_go_on_for_long_are_given_up() {
    let part = ("AFTER", "(if (i32.eqz (local.get $bits)) (then (return (i32.const 1))))");
    let slow = "(loop $slow (local.set $turns (i32.add (local.get $turns) (i32.const 1)))
        (br_if $slow (i32.lt_u (local.get $turns) (i32.const 1000000))))
        (return (i32.const 1))";
    let limits = Limits { deadline: Duration::from_millis(20), ..limits() };
    let mut sandbox = Sandbox::new(&module(&[part, ("MORE", slow)]), limits).unwrap();
    sandbox.load(&LoadRequest::default()).unwrap();
    let error = sandbox.detect(&batch(vec!["A"; 60_000]), 0).unwrap_err();
    assert!(matches!(error, SandboxError::Deadline { during: "ox_more", .. }), "{error}");
}

#[test]
fn an_event_that_fails_only_in_company_is_evaluated() {
    let mut worker = worker(&[]);
    let found = worker.detect(&batch(["A", "1", "A", "A"]), 0).unwrap();
    assert_eq!((found.evaluated, found.rejected.len()), (4, 0));
    assert!(worker.replaced() > 0);
}

#[test]
fn a_slow_event_gets_its_second_chance() {
    let limits = Limits { deadline: Duration::from_millis(10), retry_factor: 1_000, ..limits() };
    let (mut worker, _) = Worker::new(&module(&[]), &limits, &LoadRequest::default()).unwrap();
    let mut found = worker.detect(&batch(["A0", "S", "A2"]), 0).unwrap();
    assert_eq!(
        (found.evaluated, found.rejected.len(), found.records.read().unwrap().as_slice()),
        (3, 0, &b"A0\nA2\n"[..])
    );
    assert!(worker.replaced() > 0, "it was over its deadline at first");
}

#[test]
fn indices_of_engine_rejects_survive_halving() {
    let mut worker = worker(&[]);
    let found = worker.detect(&batch(["A", "R", "T", "R", "A", "R"]), 0).unwrap();
    let rejected: Vec<_> = found.rejected.iter().map(|reject| (reject.index, reject.reason)).collect();
    let event = RejectReason::Event(7);
    assert_eq!(rejected, [(1, event), (2, RejectReason::GuestTrap), (3, event), (5, event)]);
    assert_eq!(found.evaluated, 2);
    assert_eq!(found.rejected[1].detail.as_deref().map(|text| text.contains("unreachable")), Some(true));
}

#[test]
fn an_instance_that_wears_out_loses_no_event() {
    let mut worker = worker(&[("WALK", "(if (i32.gt_u (global.get $calls) (i32.const 4)) (then unreachable))")]);
    for _ in 0..30 {
        let mut found = worker.detect(&batch(["A", "A", "A"]), 0).unwrap();
        assert_eq!((found.evaluated, found.rejected.len(), found.records.read().unwrap().len()), (3, 0, 6));
    }
}

#[test]
fn a_guest_that_traps_on_everything_ends_the_run_soon() {
    let mut worker = worker(&[("WALK", "unreachable")]);
    let error = worker.detect(&batch(["A", "A"]), 0).unwrap_err();
    assert!(
        matches!(&error, SandboxError::GivenUp { last, .. } if matches!(**last, SandboxError::Trap { .. })),
        "{error}"
    );
    assert_eq!(worker.replaced(), 1);
}

#[test]
fn a_guest_that_never_ends_ends_the_run_soon() {
    let begun = Instant::now();
    let mut worker = worker(&[("WALK", "(loop $ever (br $ever))")]);
    let error = worker.detect(&batch(["A", "A"]), 0).unwrap_err();
    assert!(matches!(error, SandboxError::GivenUp { .. }) && error.is_deadline(), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn too_many_guilty_events_in_a_row_end_the_run() {
    let mut worker = worker(&[]);
    let many = events(64, &(0..64).collect::<Vec<_>>(), "T");
    let error = worker.detect(&batch(many.iter().map(String::as_str)), 0).unwrap_err();
    assert!(matches!(error, SandboxError::GivenUp { .. }), "{error}");
    assert!(worker.replaced() < 200, "{}", worker.replaced());
    // With a good one in between each dozen they are only rejected.
    let mut worker = self::worker(&[]);
    let places: Vec<_> = (0..64).filter(|n| n % 12 != 0).collect();
    let mixed = events(64, &places, "T");
    let found = worker.detect(&batch(mixed.iter().map(String::as_str)), 0).unwrap();
    assert_eq!((found.evaluated, found.rejected.len()), (6, 58));
}

#[test]
fn time_lost_without_progress_ends_the_run() {
    let patience = Patience { lost_time: Duration::from_millis(100), ..limits().patience };
    let limits = Limits { patience, ..limits() };
    let (mut worker, _) = Worker::new(&module(&[]), &limits, &LoadRequest::default()).unwrap();
    let error = worker.detect(&batch(["L", "L", "L", "L"]), 0).unwrap_err();
    assert!(matches!(error, SandboxError::GivenUp { .. }) && error.is_deadline(), "{error}");
}

#[test]
fn a_dead_keeper_is_replaced_by_one_with_its_windows() {
    let mut guard = Guard::new(&module(&[]), limits(), LoadRequest::default()).unwrap();
    assert_eq!(guard.report().rule_ids, ["r"]);
    let outcome = guard.match_batch(&batch(["A", "b", "A"]), 0).unwrap();
    assert_eq!((outcome.matches.alerts.len(), outcome.windows_lost, outcome.records_dropped), (2, 0, 0));
    let outcome = guard.match_batch(&batch(["A", "A", "AX", "A"]), 0).unwrap();
    assert_eq!((outcome.matches.evaluated, outcome.matches.rejected.len()), (4, 0), "its event was evaluated");
    assert_eq!((outcome.matches.alerts.len(), outcome.records_dropped), (3, 1));
    assert_eq!((counts(&outcome.matches.alerts), outcome.windows_lost), (vec![3, 4, 5], 0));
    let flushed = guard.flush().unwrap();
    assert_eq!((flushed.alerts.len(), flushed.windows_lost), (1, 0));
    assert_eq!(flushed.alerts.iter().next().unwrap().line.len(), 125);
}

#[test]
fn a_flush_that_traps_loses_the_windows_and_says_so() {
    let mut keeper = Keeper::new(&module(&[("FLUSH", "unreachable")]), &limits(), &LoadRequest::default()).unwrap();
    assert_eq!(keeper.window(b"A\n", 0).unwrap().alerts.len(), 1);
    let flushed = keeper.flush().unwrap();
    assert_eq!((flushed.alerts.len(), flushed.windows_lost, keeper.replaced()), (0, 1, 2), "two tries");
    assert_eq!(flushed.replaced, 2);
    assert_eq!(flushed.before_loss, 0);
    assert_eq!(keeper.window(b"A\n", 0).unwrap().alerts.len(), 1);
}

#[test]
fn alerts_before_a_loss_are_told_from_those_after_it() {
    // Saving works once and then kills the instance, and what was saved is not taken: the windows are lost after the alerts.
    let save = ("SAVE", "(if (i32.ge_u (global.get $seen) (i32.const 20)) (then unreachable))");
    let mut keeper =
        Keeper::new(&module(&[save, ("RESTORE", "unreachable")]), &limits(), &LoadRequest::default()).unwrap();
    let large = format!("A{}\n", "a".repeat((1 << 20) - 2));
    let mut all = (0..40).map(|_| keeper.window(large.as_bytes(), 0).unwrap());
    let lost = all.find(|kept| kept.windows_lost > 0).unwrap();
    assert_eq!((counts(&lost.alerts), lost.windows_lost, lost.before_loss), (vec![2], 1, 1), "the 32nd");
    let kept = all.next().unwrap();
    assert_eq!((counts(&kept.alerts), kept.windows_lost, kept.before_loss), (vec![1], 0, 0));
}

/// For those who keep windows in a way of their own.
#[test]
fn answers_with_alerts_can_be_made() {
    let line = r#"{"alert_id":"a","rule_id":"r","rule":"R","severity":1,"title":"t","count":1,"threshold":1,"rule_version":"v","state":"fired"}"#;
    let kept = Kept { alerts: Alerts::new(line.as_bytes()).unwrap(), ..Kept::default() };
    assert_eq!(counts(&kept.alerts), [1]);
    assert_eq!(Alerts::new(b"[]").unwrap_err().to_string(), "not an alert record");
}

fn counts(alerts: &oxpecker::alert::Alerts) -> Vec<u64> {
    alerts.iter().map(|record| record.read().unwrap().count).collect()
}

/// A keeper that has taken so many records of one MiB, then one that kills it, then a last one: the last one's count, how
/// often windows were lost, and how many records were dropped.
fn after_death(records: usize, changes: &[(&str, &str)]) -> (u64, u64, u64) {
    let mut keeper = Keeper::new(&module(changes), &limits(), &LoadRequest::default()).unwrap();
    let large = format!("A{}\n", "a".repeat((1 << 20) - 2));
    for _ in 0..records {
        assert_eq!(keeper.window(large.as_bytes(), 0).unwrap().windows_lost, 0);
    }
    let dead = keeper.window(b"AX\n", 0).unwrap();
    let last = keeper.window(b"A\n", 0).unwrap();
    (counts(&last.alerts)[0], dead.windows_lost + last.windows_lost, keeper.records_dropped())
}

#[test]
fn windows_come_back_from_what_was_saved_and_what_came_since() {
    assert_eq!(after_death(3, &[]), (4, 0, 1), "never saved");
    assert_eq!(after_death(20, &[]), (1, 0, 1), "saved after sixteen");
    let visible = ("RESTORE", "(global.set $seen (i32.add (global.get $seen) (i32.const 3)))");
    assert_eq!(after_death(20, &[visible]), (4, 0, 1), "what was saved was taken");
}

#[test]
fn windows_are_lost_and_said_to_be_where_they_cannot_come_back() {
    assert_eq!(after_death(20, &[("RESTORE", "unreachable")]), (1, 1, 1));
    assert_eq!(after_death(20, &[("SAVE", "unreachable")]), (1, 0, 1), "what was not saved is remembered for longer");
    assert_eq!(after_death(65, &[("SAVE", "unreachable")]), (1, 1, 1), "and not for ever");
}

#[test]
fn windows_that_were_taken_over_come_back_too() {
    let mut keeper = Keeper::new(&module(&[]), &limits(), &LoadRequest::default()).unwrap();
    keeper.restore(&[6, 0, 0, 0]).unwrap();
    let kept = keeper.window(b"A\nAX\nA\n", 0).unwrap();
    assert_eq!((counts(&kept.alerts), kept.windows_lost, kept.records_dropped), (vec![7, 8], 0, 1));
    assert_eq!(keeper.save().unwrap(), [8, 0, 0, 0]);
}

#[test]
fn every_lie_about_a_result_is_found() {
    let header = |at: u32, value: i32| format!("(i32.store (i32.const {}) (i32.const {value}))", 65536 + at);
    let lies = [
        ("AFTER", "(global.set $ptr (i32.const -1))".to_owned()),
        ("AFTER", "(global.set $ptr (i32.const 8388608))".to_owned()),
        ("AFTER", "(global.set $len (i32.const -1))".to_owned()),
        ("AFTER", "(global.set $len (i32.const 0))".to_owned()),
        ("AFTER", "(global.set $len (i32.const 15))".to_owned()),
        ("AFTER", "(global.set $len (i32.const 2147483647))".to_owned()),
        ("AFTER", header(0, -1)),
        ("AFTER", header(0, 3)),
        ("AFTER", header(4, -1)),
        ("AFTER", header(4, 0)),
        ("AFTER", header(8, -1)),
        ("AFTER", header(12, -1)),
        ("AFTER", header(12, 3)),
        ("AFTER", header(16, 4)),
        ("AFTER", header(16, -1)),
        ("AFTER", header(20, 3)),
        ("AFTER", header(20, -1)),
        ("AFTER", "(return (i32.const 2))".to_owned()),
        ("AFTER", "(return (i32.const -99))".to_owned()),
        ("ALLOC", "(return (i32.const -1))".to_owned()),
        ("ALLOC", "(return (i32.const 8388600))".to_owned()),
    ];
    for (mark, lie) in &lies {
        let mut sandbox = sandbox(&[(mark, lie)]).unwrap();
        let loaded = sandbox.load(&LoadRequest::default());
        let lied = loaded.map(|_| ()).and_then(|()| sandbox.detect(&batch(["A", "R1", "A"]), 0).map(|_| ()));
        assert!(matches!(lied, Err(SandboxError::Nonsense { .. })), "{lie}: {lied:?}");
        assert!(sandbox.is_dead(), "{lie}");
        assert!(matches!(sandbox.detect(&batch(["A"]), 0), Err(SandboxError::Dead)));
    }
}

#[test]
fn rejects_out_of_order_or_twice_are_nonsense() {
    let mut sandbox = sandbox(&[("AFTER", "(i32.store (i32.const 65564) (i32.const 0))")]).unwrap();
    sandbox.load(&LoadRequest::default()).unwrap();
    let lied = sandbox.detect(&batch(["R0", "R1"]), 0);
    assert!(matches!(lied, Err(SandboxError::Nonsense { .. })), "{lied:?}");
}

#[test]
fn error_values_leave_the_instance_usable() {
    let fail_first = "(if (i32.eq (global.get $calls) (i32.const 1)) (then (return (i32.const -2))))";
    let mut sandbox = sandbox(&[("WALK", fail_first)]).unwrap();
    sandbox.load(&LoadRequest::default()).unwrap();
    let refused = sandbox.detect(&batch(["A"]), 0);
    assert!(matches!(refused, Err(SandboxError::Refused { status: Status::BadFraming, .. })), "{refused:?}");
    assert!(!sandbox.is_dead());
    assert_eq!(sandbox.detect(&batch(["A"]), 0).unwrap().evaluated, 1);
    assert_eq!(sandbox.stats().unwrap(), serde_json::json!({}));
    assert!(matches!(sandbox.match_batch(&batch(["A"]), 0), Err(SandboxError::Refused { .. })));
}

#[test]
fn a_batch_larger_than_the_guests_memory_is_halved() {
    let text = format!("A{}", "x".repeat(20_000));
    let mut worker =
        worker(&[("WALK", "(if (i32.gt_u (local.get $n) (i32.const 100000)) (then (return (i32.const -6))))")]);
    let mut found = worker.detect(&batch(std::iter::repeat_n(text.as_str(), 40)), 0).unwrap();
    assert_eq!((found.evaluated, found.rejected.len(), found.records.read().unwrap().len()), (40, 0, 40 * 20_002));
    // One event that never fits: refused by ox_alloc, rejected alone.
    let huge = format!("A{}", "x".repeat(40 << 20));
    let mut worker = self::worker(&[]);
    let mut found = worker.detect(&batch(["A", &huge, "A"]), 0).unwrap();
    assert_eq!(
        (found.evaluated, found.rejected[0].index, found.records.read().unwrap().as_slice()),
        (2, 1, &b"A\nA\n"[..])
    );
}

#[test]
fn rule_errors_come_with_their_report() {
    let load = "(global.set $ptr (i32.const 256)) (global.set $len (i32.const 28)) (return (i32.const -5))";
    let refused = Worker::new(&module(&[("LOAD", load)]), &limits(), &LoadRequest::default());
    assert!(matches!(refused, Err(SandboxError::Rules(report)) if report.rules == 1));
    let mut sandbox = sandbox(&[("LOAD", "(global.set $len (i32.const 3)) (return (i32.const 0))")]).unwrap();
    assert!(matches!(sandbox.load(&LoadRequest::default()), Err(SandboxError::Nonsense { .. })));
}

#[test]
fn modules_that_cannot_work_are_named_for_what_they_lack() {
    let not_wasm = Module::from_bytes(b"(module)");
    assert!(matches!(not_wasm, Err(SandboxError::Module { .. })), "text is no module");
    let imports = wat::parse_str("(module (import \"env\" \"f\" (func)))").unwrap();
    assert!(matches!(Module::from_bytes(&imports), Err(SandboxError::Imports)));
    let version = sandbox(&[("ABI", "(i32.const 2)")]);
    assert!(matches!(version, Err(SandboxError::AbiVersion { found: 2 })), "{version:?}");
    let missing = sandbox(&[("FREE", "ox_fre")]);
    assert!(matches!(missing, Err(SandboxError::MissingExport { name: "ox_free" })), "{missing:?}");
    let empty = Sandbox::new(&Module::from_bytes(&wat::parse_str("(module)").unwrap()).unwrap(), limits());
    assert!(matches!(empty, Err(SandboxError::MissingExport { name: "memory" })), "{empty:?}");
    let large = sandbox(&[("PAGES", "1024")]);
    assert!(matches!(large, Err(SandboxError::Memory { .. })), "{large:?}");
    let file = Module::from_file("no/such.wasm".as_ref());
    assert!(matches!(file, Err(SandboxError::Read { .. })), "{file:?}");
}

#[test]
fn a_module_that_fails_while_it_starts_is_an_error() {
    let traps = sandbox(&[("START", "(func $start unreachable) (start $start)")]);
    assert!(matches!(traps, Err(SandboxError::Trap { during: "start", .. })), "{traps:?}");
    let ever = sandbox(&[("START", "(func $start (loop $ever (br $ever))) (start $start)")]);
    assert!(matches!(ever, Err(SandboxError::Deadline { during: "start", .. })), "{ever:?}");
    let load = Worker::new(&module(&[("LOAD", "unreachable")]), &limits(), &LoadRequest::default());
    assert!(matches!(load, Err(SandboxError::Trap { during: "ox_load", .. })));
}

#[test]
fn sandboxes_work_on_many_threads() {
    let module = module(&[]);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let (mut worker, _) = Worker::new(&module, &limits(), &LoadRequest::default()).unwrap();
                let found = worker.detect(&batch(["A", "T", "A"]), 0).unwrap();
                assert_eq!((found.evaluated, found.rejected.len()), (2, 1));
            });
        }
    });
}

#[cfg(unix)]
mod cache {
    use super::{module, wasm};
    use oxpecker::sandbox::{CodeCache, Module, Origin};
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::PathBuf;

    fn folder(name: &str) -> PathBuf {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        folder
    }

    fn only_file(folder: &PathBuf) -> PathBuf {
        let files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(files.len(), 1, "{files:?}");
        files[0].clone()
    }

    #[test]
    fn code_is_kept_and_found_again() {
        let folder = folder("kept");
        let cache = CodeCache::at(&folder);
        let first = Module::cached(&wasm(&[]), &cache).unwrap();
        let second = Module::cached(&wasm(&[]), &cache).unwrap();
        assert_eq!((first.origin(), second.origin()), (Origin::Compiled, Origin::Cached));
        assert_eq!(first.hash(), second.hash());
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        let other = Module::cached(&wasm(&[("ABI", "(i32.const 3)")]), &cache).unwrap();
        assert_eq!(other.origin(), Origin::Compiled, "another module, another file");
    }

    #[test]
    fn damaged_files_are_replaced() {
        let folder = folder("damaged");
        let cache = CodeCache::at(&folder);
        Module::cached(&wasm(&[]), &cache).unwrap();
        let file = only_file(&folder);
        let whole = fs::read(&file).unwrap();
        let mut flipped = whole.clone();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 1;
        for bad in [&[][..], &whole[..40], &whole[..whole.len() - 1], &flipped, b"OXPCODE1"] {
            fs::write(&file, bad).unwrap();
            assert_eq!(Module::cached(&wasm(&[]), &cache).unwrap().origin(), Origin::Compiled);
            assert_eq!(Module::cached(&wasm(&[]), &cache).unwrap().origin(), Origin::Cached);
        }
    }

    #[test]
    fn what_others_could_have_written_is_not_believed() {
        let folder = folder("foreign");
        let cache = CodeCache::at(&folder);
        Module::cached(&wasm(&[]), &cache).unwrap();
        let file = only_file(&folder);
        let origin = || Module::cached(&wasm(&[]), &cache).unwrap().origin();

        fs::set_permissions(&file, fs::Permissions::from_mode(0o622)).unwrap();
        assert_eq!(origin(), Origin::Compiled, "a file that others may write");
        assert_eq!(origin(), Origin::Cached, "replaced by one that they may not");

        let aside = folder.with_extension("aside");
        fs::rename(&file, &aside).unwrap();
        symlink(&aside, &file).unwrap();
        assert_eq!(origin(), Origin::Compiled, "a link");
        assert_eq!(origin(), Origin::Cached);
        fs::remove_file(&aside).unwrap();

        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(origin(), Origin::Compiled, "a folder that others may write to");
        assert_eq!(origin(), Origin::Compiled, "is never used");
    }

    #[test]
    fn without_a_usable_folder_there_is_no_cache() {
        let file = folder("file");
        fs::write(&file, "not a folder").unwrap();
        let cache = CodeCache::at(&file);
        assert_eq!(Module::cached(&wasm(&[]), &cache).unwrap().hash(), module(&[]).hash());
    }
}
