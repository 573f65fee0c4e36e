//! Windows for tests: a function says what they answer.

use oxpecker::pipeline::KeepWindows;
use oxpecker::sandbox::{Kept, Restored, SandboxError};
use std::thread;
use std::time::{Duration, Instant};

/// Windows that are filled in a thread of their own come to what a test waits for within this time, however busy the
/// machine is.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until that is so; fails, and says what did not come, after a time that no windows need.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "waited {PATIENCE:?} in vain: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// What windows are asked for.
pub(crate) enum Call<'r> {
    Window(&'r [u8]),
    Flush,
    ForgetAll,
}

/// Answers calls by its function, takes any state for more windows than there can be, and refuses the rest.
pub(crate) struct Double<F>(pub(crate) F);

impl<F: FnMut(Call<'_>) -> Result<Kept, SandboxError> + Send> KeepWindows for Double<F> {
    fn window(&mut self, records: &[u8], _: i64) -> Result<Kept, SandboxError> {
        (self.0)(Call::Window(records))
    }

    fn flush(&mut self) -> Result<Kept, SandboxError> {
        (self.0)(Call::Flush)
    }

    fn forget_all(&mut self) -> Result<(), SandboxError> {
        (self.0)(Call::ForgetAll).map(drop)
    }

    fn save(&mut self) -> Result<Vec<u8>, SandboxError> {
        Err(SandboxError::Dead)
    }

    fn restore(&mut self, _: &[u8]) -> Result<Restored, SandboxError> {
        Ok(Restored { windows: u64::MAX, dropped: 0 })
    }

    fn stats(&mut self) -> Result<serde_json::Value, SandboxError> {
        Err(SandboxError::Dead)
    }
}
