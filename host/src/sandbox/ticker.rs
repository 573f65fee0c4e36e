//! The clock of the deadlines: one engine and one thread a process that counts its epochs while any instance lives.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use wasmtime::Engine;

use super::config::config;
use super::error::SandboxError;

/// Deadlines are counted in turns of this length.
const TICK: Duration = Duration::from_millis(5);

static ENGINE: OnceLock<Result<Engine, String>> = OnceLock::new();
static CLOCK: Mutex<Clock> = Mutex::new(Clock { users: 0, running: false });

struct Clock {
    users: usize,
    running: bool,
}

/// The process's engine: one, so that one thread serves all deadlines and modules can be shared by threads.
pub(crate) fn engine() -> Result<&'static Engine, SandboxError> {
    let made = ENGINE.get_or_init(|| Engine::new(&config()).map_err(|error| format!("{error:#}")));
    made.as_ref().map_err(|detail| SandboxError::Engine { detail: detail.clone() })
}

/// Turns of the clock that `time` takes, rounded up, plus the one that is under way.
pub(crate) fn ticks(time: Duration) -> u64 {
    let whole = time.as_nanos().div_ceil(TICK.as_nanos());
    // A quarter of the range is for ever, and leaves room for wasmtime to add the epochs already counted.
    u64::try_from(whole).unwrap_or(u64::MAX).min(u64::MAX / 4) + 1
}

/// Keeps the clock running while it lives. Invariant: whoever calls into a guest holds one.
#[derive(Debug)]
pub(crate) struct Ticking(());

impl Ticking {
    pub(crate) fn start() -> Result<Self, SandboxError> {
        let engine = engine()?;
        let mut clock = CLOCK.lock().unwrap_or_else(PoisonError::into_inner);
        if !clock.running {
            std::thread::Builder::new()
                .name("oxpecker-clock".into())
                .spawn(move || tick(engine))
                .map_err(|error| SandboxError::Engine { detail: format!("no thread for the clock: {error}") })?;
            clock.running = true;
        }
        clock.users += 1;
        Ok(Ticking(()))
    }
}

impl Drop for Ticking {
    fn drop(&mut self) {
        CLOCK.lock().unwrap_or_else(PoisonError::into_inner).users -= 1;
    }
}

/// Ends one turn after the last user left, so that replacing an instance does not start a new thread each time.
fn tick(engine: &Engine) {
    loop {
        std::thread::sleep(TICK);
        engine.increment_epoch();
        let mut clock = CLOCK.lock().unwrap_or_else(PoisonError::into_inner);
        if clock.users == 0 {
            clock.running = false;
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_stops_when_nobody_uses_it() {
        let ticking = Ticking::start().expect("a clock");
        assert!(CLOCK.lock().expect("clock").running);
        drop(ticking);
        for _ in 0..200 {
            if !CLOCK.lock().expect("clock").running {
                return;
            }
            std::thread::sleep(TICK);
        }
        panic!("the clock still runs a second after its last user left");
    }

    #[test]
    fn ticks_round_up_and_never_overflow() {
        assert_eq!(ticks(Duration::ZERO), 1);
        assert_eq!(ticks(Duration::from_millis(1)), 2);
        assert_eq!(ticks(Duration::from_millis(10)), 3);
        assert_eq!(ticks(Duration::MAX), u64::MAX / 4 + 1);
    }
}
