//! Long lists in the sandbox: loaded fast, asked in the same time whatever their length.
#![expect(clippy::print_stdout, reason = "the time is printed")]

use oxpecker::lists::ListFiles;
use oxpecker::sandbox::{Batch, Limits, LoadRequest, Module, Worker};
use std::fs;
use std::time::{Duration, Instant};

const ENTRIES: u32 = 100_000;

#[test]
fn three_lists_of_a_hundred_thousand_entries_load_and_are_asked_in_the_sandbox() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, line: &dyn Fn(u32) -> String| {
        let text: String = (0..ENTRIES).map(line).collect();
        fs::write(folder.path().join(name), text).expect("a file");
    };
    write("users.txt", &|n| format!("user-{n}\n"));
    write("nets.txt", &|n| format!("10.{}.{}.{}/{}\n", n >> 12, n >> 4 & 255, (n & 15) << 4, 28 + n % 3));
    write("numbers.yaml", &|n| format!("- {n}\n"));
    let lists = ListFiles::read(&[folder.path().to_owned()], &oxpecker_engine::rule::Limits::default());
    assert!(lists.failures.is_empty() && lists.files.iter().all(|file| file.problems.is_empty()));

    let module = Module::shipped().expect("the module");
    let filter = "user in @users or ip in @nets or port in @numbers".to_owned();
    let request = LoadRequest { filters: vec![filter], lists: lists.request(), ..LoadRequest::default() };
    let begun = Instant::now();
    let (mut worker, _) = Worker::new(&module, &Limits::default(), &request).expect("it loads");
    let loaded = begun.elapsed();
    println!("3 lists of {ENTRIES} entries loaded in {loaded:?}");

    let events = [
        (r#"{"user":"user-99999"}"#, true),
        (r#"{"user":"user-100000","ip":"10.24.105.240"}"#, true),
        (r#"{"ip":"11.0.0.1","port":99999.0}"#, true),
        (r#"{"ip":"AWS Internal","port":100000,"user":"7"}"#, false),
    ];
    let mut batch = Batch::new();
    for _ in 0..1_000 {
        events.iter().for_each(|(event, _)| batch.push(event.as_bytes()).expect("an event"));
    }
    let begun = Instant::now();
    let verdicts = worker.evaluate(&batch).expect("verdicts");
    println!("{} events asked in {:?}", 1_000 * events.len(), begun.elapsed());
    for (place, (event, expected)) in events.iter().enumerate() {
        assert_eq!(verdicts.matched(place, 0), *expected, "{event}");
    }
    // Measured at 0.13 seconds; a busy machine is slower.
    assert!(loaded < Duration::from_secs(20), "{loaded:?}");
}
