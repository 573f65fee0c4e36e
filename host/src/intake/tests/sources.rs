//! Compressed sources and walks.

use super::super::{FileKind, Input, PassedOver, Problem, Reader, walk};
use super::*;
use std::fs;
use std::path::PathBuf;

/// The events of a compressed source, and the problem that ended it.
fn through(data: &[u8]) -> (usize, Option<String>) {
    let whole = one_way(Reader::new(data).ok().unwrap());
    let slow = one_way(Reader::new(Trickle(data, 0)).ok().unwrap());
    assert_eq!(whole, slow);
    whole
}

fn one_way(source: impl Read) -> (usize, Option<String>) {
    let mut events = 0;
    let outcome = read(source, &Limits::default(), &mut |item| {
        events += usize::from(matches!(item, Item::Event { .. }));
        Continue(())
    });
    (events, outcome.error.map(|e| e.downcast::<Problem>().ok().unwrap().to_string()))
}

fn lines(n: u32) -> Vec<u8> {
    (0..n).flat_map(|i| (record(i) + "\n").into_bytes()).collect()
}

#[test]
fn gzip_of_several_members() {
    let (a, b) = (gzip(&lines(10)), gzip(&lines(5)));
    assert_eq!(through(&a), (10, None));
    assert_eq!(through(&[&a[..], &b].concat()), (15, None));
    assert_eq!(through(&[&a[..], &gzip(b""), &b, &[0; 512]].concat()), (15, None));
    assert_eq!(through(&gzip(b"")), (0, None));
    let (events, problem) = through(&[&a[..], b"what?"].concat());
    assert_eq!(events, 10);
    assert!(problem.unwrap().contains(&format!("corrupt at byte {}", a.len())));
}

#[test]
fn zstd_of_several_frames() {
    let (a, b) = (zstd::encode_all(&lines(10)[..], 3).unwrap(), zstd::encode_all(&lines(5)[..], 1).unwrap());
    let skippable = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
    assert_eq!(through(&[&a[..], &skippable, &b].concat()), (15, None));
    assert_eq!(through(&[&skippable[..], &a].concat()), (10, None));
    let (events, problem) = through(&[&a[..], &b[..b.len() / 2]].concat());
    assert!(events >= 10 && problem.unwrap().contains("zstd data is cut"));
}

#[test]
fn cut_and_corrupt_gzip_gives_what_was_readable() {
    let text: Vec<u8> =
        (0..20_000u32).flat_map(|i| (record(i.wrapping_mul(2_654_435_761)) + "\n").into_bytes()).collect();
    let whole = gzip(&text);
    let (events, problem) = through(&whole[..whole.len() / 2]);
    assert!((5_000..15_000).contains(&events), "{events}");
    assert_eq!(problem.unwrap(), format!("gzip data is cut: it ends inside, at byte {}", whole.len() / 2));
    let mut bad = whole.clone();
    let middle = bad.len() / 2;
    bad[middle..middle + 64].fill(0xff);
    let (events, problem) = through(&bad);
    assert!(events > 5_000, "{events}");
    assert!(problem.unwrap().starts_with("gzip data is corrupt at byte"));
    let (_, problem) = through(&whole[..5]);
    assert!(problem.is_some());
}

#[test]
fn a_gzip_that_inflates_without_end_is_only_a_long_line() {
    let bomb = gzip(&vec![b' '; 64 << 20]);
    assert_eq!(one_way(Reader::new(&bomb[..]).ok().unwrap()), (0, None));
    let bomb = gzip(&[&b"{\"a\":\""[..], &vec![b'x'; 64 << 20]].concat());
    assert_eq!(one_way(Reader::new(&bomb[..]).ok().unwrap()), (0, None));
}

#[test]
fn names_do_not_matter_first_bytes_do() {
    let found = collect(Reader::new(&gzip(b"PAR1....")[..]).ok().unwrap(), &Limits::default());
    assert!(matches!(found[..], [Owned::Skipped(_, Skip::File(FileKind::Parquet))]));
    assert_eq!(one_way(Reader::new(&b"P"[..]).ok().unwrap()), (0, None));
    assert_eq!(one_way(Reader::new(&b"{}"[..]).ok().unwrap()), (1, None));
    assert_eq!(one_way(Reader::new(&b""[..]).ok().unwrap()), (0, None));
}

#[test]
fn walks_folders_in_order() {
    let root = std::env::temp_dir().join(format!("intake-walk-{}", std::process::id()));
    for name in
        ["b/2.json.gz", "b/1", "a.json", ".hidden", "z.md", "c/.git/x", "AWSLogs/1/CloudTrail-Digest/e/d.json.gz"]
    {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "{}").unwrap();
    }
    let found = walk(&[PathBuf::from("-"), root.clone()]).unwrap();
    let expected = ["a.json", "b/1", "b/2.json.gz"].map(|n| Input::File(root.join(n)));
    assert_eq!(found.inputs[0], Input::Stdin);
    assert_eq!(found.inputs[1..], expected);
    assert!(found.notes.iter().any(|n| n.why == PassedOver::Digests(1)));
    assert!(found.notes.iter().any(|n| n.why == PassedOver::NoEvents && n.path.ends_with("z.md")));
    let empty = walk(&[root.join("c")]).unwrap();
    assert_eq!(empty.notes[0].why, PassedOver::EmptyFolder);
    assert_eq!(walk(&[root.join("z.md")]).unwrap().inputs.len(), 1);
    assert!(walk(&[root.join("nothing")]).unwrap_err().to_string().contains("nothing"));
    fs::remove_dir_all(root).unwrap();
}

#[test]
fn the_receiver_can_stop() {
    let mut seen = 0;
    let outcome = read(&lines(10)[..], &Limits::default(), &mut |_| {
        seen += 1;
        if seen == 3 { std::ops::ControlFlow::Break(()) } else { Continue(()) }
    });
    assert!(outcome.stopped);
    assert_eq!(outcome.counts.events, 3);
}
