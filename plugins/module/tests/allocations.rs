//! Verdicts on batches in which nothing matches take no memory once the first batches have made room.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test's helpers may panic")]
#![expect(unsafe_code, reason = "an allocator that counts")]

use oxpecker_module::{Session, Status};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    static TAKEN: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: all is left to the system's allocator; counting takes no memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        TAKEN.with(|taken| taken.set(taken.get() + 1));
        // SAFETY: the caller's layout.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, address: *mut u8, layout: Layout) {
        // SAFETY: the address came from the system's allocator.
        unsafe { System.dealloc(address, layout) }
    }

    unsafe fn realloc(&self, address: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        TAKEN.with(|taken| taken.set(taken.get() + 1));
        // SAFETY: the address came from the system's allocator.
        unsafe { System.realloc(address, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn loaded() -> Session {
    let filters = [
        "eventName = \"DeleteTrail\"",
        "user starts_with \"root\" and sourceIPAddress = \"10.0.0.0/8\"",
        "requestParameters.policyDocument contains \"*\"",
        "errorCode matches \"^Access.*Denied$\" or count(resources) > 5",
        "requestParameters.size > 1e3 and eventTime < \"2020-01-01T00:00:00Z\"",
        "all(tags.key) in (\"a\", \"b\")",
        "awsRegion like \"mars\" and mfaUsed = true",
    ];
    let request = serde_json::json!({"filters": filters}).to_string();
    let mut session = Session::new();
    assert_eq!(session.load(request.as_bytes()), Status::Ok, "{}", String::from_utf8_lossy(session.result()));
    session
}

/// A batch of 200 events and one that is none.
fn batch(format: u8) -> Vec<u8> {
    let mut batch = vec![0; 16];
    batch[0] = format;
    for number in 0..200u32 {
        let json = format!(
            r#"{{"eventVersion":"1.08","eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"eu-\u0031",
            "eventTime":"2026-01-01T00:00:{:02}Z","sourceIPAddress":"192.0.2.{number}","eventID":"{number}",
            "userIdentity":{{"type":"IAMUser","userName":"u{number}","arn":"arn:aws:iam::1:user/u{number}"}},
            "resources":[{{"ARN":"a"}},{{"ARN":"b"}}],"requestParameters":{{"size":{number},"policyDocument":"none"}}}}"#,
            number % 60
        );
        match format {
            1 => batch.extend([json.replace('\n', " ").as_bytes(), b"\n"].concat()),
            2 => batch.extend([&u32::try_from(json.len()).unwrap().to_le_bytes()[..], json.as_bytes()].concat()),
            _ => {
                batch.extend(
                    b"\x92\xd7\x00\x65\x00\x00\x00\x00\x00\x00\x00\x84\xa9eventName\xa9GetObject\xabeventSource\xa2s3",
                );
                batch.extend(b"\xa4size\xcb\x3f\xb9\x99\x99\x99\x99\x99\x9a\xa1n\xce");
                batch.extend(number.to_be_bytes());
            }
        }
    }
    batch.extend(match format {
        1 => &b"{\"a\":\n"[..],
        2 => b"\x01\0\0\0{",
        _ => b"\x91\x01",
    });
    batch
}

#[test]
fn the_steady_state_takes_no_memory() {
    for format in 1..=3 {
        let mut session = loaded();
        let batch = batch(format);
        for _ in 0..2 {
            assert_eq!(session.eval(&batch), Status::Ok);
        }
        let number = |at: usize| u32::from_le_bytes(session.result()[at..at + 4].try_into().unwrap());
        assert_eq!((number(0), number(4)), (200, 1), "format {format}");
        assert!(session.result()[28..].iter().all(|byte| *byte == 0), "format {format}: nothing matches");
        let before = TAKEN.with(Cell::get);
        for _ in 0..20 {
            session.eval(&batch);
        }
        assert_eq!(TAKEN.with(Cell::get) - before, 0, "format {format}");
    }
}
