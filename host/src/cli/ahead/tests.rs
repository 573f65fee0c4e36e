use super::super::filling::double::{Call, Double, until};
use super::*;
use anyhow::anyhow;
use oxpecker::pipeline::KeepWindows;
use oxpecker::sandbox::{Kept, SandboxError};
use std::sync::Mutex;

/// What windows were given, and the times that they began anew.
type Seen = Arc<Mutex<(Vec<Vec<u8>>, usize)>>;

/// Windows that note what they are given; an answer says how many pieces there were.
fn noting(seen: &Seen, fails_at: usize) -> Box<dyn KeepWindows> {
    let seen = Arc::clone(seen);
    Box::new(Double(move |call: Call<'_>| {
        let mut seen = seen.lock().unwrap();
        match call {
            Call::Window(_) if seen.0.len() == fails_at => return Err(SandboxError::Dead),
            Call::Window(records) => seen.0.push(records.to_vec()),
            Call::Flush => return Ok(Kept { windows_lost: 1, ..Kept::default() }),
            Call::ForgetAll => {
                seen.0.clear();
                seen.1 += 1;
            }
        }
        Ok(Kept { records_dropped: seen.0.len() as u64, ..Kept::default() })
    }))
}

fn ahead(fails_at: usize) -> (Ahead, Seen) {
    let seen = Seen::default();
    let keeper = noting(&seen, fails_at);
    let filling = Filling { keeper, now: 0, interrupted: || false, listens: false, cut_short: false };
    (Ahead::new(filling), seen)
}

const LINE: usize = 1_000;

/// Lines in blocks of ten, each in reverse.
fn detections(number: usize) -> impl Iterator<Item = String> {
    (0..number).map(|place| format!("{:0LINE$}", place / 10 * 10 + 9 - place % 10))
}

/// Waits for windows that are being filled to have been given so many pieces.
fn until_given(seen: &Seen, pieces: usize) {
    until(&format!("{pieces} pieces in the windows"), || seen.lock().unwrap().0.len() >= pieces);
}

/// The pieces in which a run that sorts all lines gives them.
fn pieces(mut lines: Vec<String>) -> Vec<Vec<u8>> {
    lines.sort();
    let mut pieces = vec![Vec::new()];
    for line in lines {
        if pieces.last().unwrap().len() >= CHUNK {
            pieces.push(Vec::new());
        }
        pieces.last_mut().unwrap().extend(format!("{line}\n").into_bytes());
    }
    pieces
}

#[test]
fn windows_get_meanwhile_what_they_would_get_at_the_end() {
    let (mut ahead, seen) = ahead(usize::MAX);
    ahead.begin();
    let mut answers = Vec::new();
    let mut sink = |kept: Kept| {
        answers.push((kept.records_dropped, kept.windows_lost));
        Ok(())
    };
    for line in detections(8_000) {
        assert_eq!(ahead.push(line.as_bytes()).unwrap(), Order::Kept);
        ahead.tell(&mut sink).unwrap();
    }
    until_given(&seen, 81);
    ahead.finish(Some(8_000), false, &mut sink).unwrap();
    let expected = pieces(detections(8_000).collect());
    assert!(seen.lock().unwrap().0 == expected);
    let numbered = (1..=expected.len() as u64).map(|number| (number, 0));
    assert_eq!(answers, numbered.chain([(0, 1)]).collect::<Vec<_>>());
}

#[test]
fn one_that_comes_too_late_makes_all_of_it_void() {
    let (mut ahead, seen) = ahead(usize::MAX);
    ahead.begin();
    detections(5_000).for_each(|line| assert_eq!(ahead.push(line.as_bytes()).unwrap(), Order::Kept));
    until_given(&seen, 1);
    // As late as what waits can tell is no harm.
    let late = format!("{:0LINE$}", 4_900);
    assert_eq!(ahead.push(late.as_bytes()).unwrap(), Order::Kept);
    assert_eq!(ahead.push(b"000").unwrap(), Order::Broken);
    let (_, all) = ahead.give_up().unwrap();
    assert_eq!(*seen.lock().unwrap(), (vec![], 1));
    let (mut sorted, mut found, mut line) = (all.sorted().unwrap(), Vec::new(), Vec::new());
    while sorted.append_next(&mut line).unwrap() {
        found.push(String::from_utf8(std::mem::take(&mut line)).unwrap());
    }
    let mut expected: Vec<String> = detections(5_000).chain([late]).collect();
    expected.sort();
    assert!(found == expected);
}

#[test]
fn windows_wait_until_they_are_told_to_begin() {
    let (mut ahead, seen) = ahead(usize::MAX);
    detections(5_000).for_each(|line| assert_eq!(ahead.push(line.as_bytes()).unwrap(), Order::Kept));
    assert!(ahead.running.is_none());
    assert_eq!(ahead.push(b"000").unwrap(), Order::Broken);
    ahead.give_up().unwrap();
    assert_eq!(*seen.lock().unwrap(), (vec![], 0), "nothing was in them");
}

#[test]
fn detections_without_a_time_come_last_and_are_never_late() {
    let untimed = |place: usize| format!("{}{place:0LINE$}", "f".repeat(16));
    let lines: Vec<String> =
        detections(5_000).enumerate().flat_map(|(place, line)| [untimed(5_000 - place), line]).collect();
    for gives_up in [false, true] {
        let (mut ahead, seen) = ahead(usize::MAX);
        ahead.begin();
        lines.iter().for_each(|line| assert_eq!(ahead.push(line.as_bytes()).unwrap(), Order::Kept));
        if !gives_up {
            until_given(&seen, 1);
            ahead.finish(None, false, &mut |_| Ok(())).unwrap();
            assert!(seen.lock().unwrap().0 == pieces(lines.clone()));
            continue;
        }
        let (mut sorted, mut line, mut found) = (ahead.give_up().unwrap().1.sorted().unwrap(), Vec::new(), 0);
        while sorted.append_next(&mut line).unwrap() {
            found += 1;
            line.clear();
        }
        assert_eq!(found, lines.len());
    }
}

#[test]
fn the_first_error_is_told() {
    let said = |fails_at: usize, taken_at_most: u64| {
        let (mut ahead, _) = ahead(fails_at);
        ahead.begin();
        detections(5_000).for_each(|line| assert_eq!(ahead.push(line.as_bytes()).unwrap(), Order::Kept));
        let mut taken = 0;
        let finished = ahead.finish(None, false, &mut |_| {
            taken += 1;
            if taken > taken_at_most { Err(anyhow!("the disk is full")) } else { Ok(()) }
        });
        (taken, finished.err().map(|error| error.to_string()))
    };
    assert_eq!(said(7, u64::MAX), (7, Some(SandboxError::Dead.to_string())));
    assert_eq!(said(usize::MAX, 3), (4, Some("the disk is full".to_owned())));
    assert_eq!(said(usize::MAX, u64::MAX).1, None);
    let (mut ahead, seen) = ahead(1);
    ahead.begin();
    detections(5_000).for_each(|line| assert_eq!(ahead.push(line.as_bytes()).unwrap(), Order::Kept));
    until_given(&seen, 1);
    until("the end of the windows that failed", || ahead.running.as_ref().unwrap().is_finished());
    // In the order in which they come after all nothing need fail.
    ahead.give_up().unwrap();
    assert_eq!(*seen.lock().unwrap(), (vec![], 1));
}

#[test]
fn ctrl_c_ends_the_windows_once_all_is_read_and_not_before() {
    for listens in [false, true] {
        let (mut ahead, seen) = ahead(usize::MAX);
        ahead.resting.iter_mut().for_each(|filling| filling.interrupted = || true);
        ahead.begin();
        detections(5_000).for_each(|line| assert_eq!(ahead.push(line.as_bytes()).unwrap(), Order::Kept));
        until_given(&seen, 11);
        let mut closed = false;
        let mut sink = |kept: Kept| {
            closed |= kept.windows_lost > 0;
            Ok(())
        };
        let filling = ahead.finish(Some(5_000), listens, &mut sink).unwrap();
        assert_eq!((filling.cut_short, closed), (listens, !listens));
    }
}
