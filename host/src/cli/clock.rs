//! What a stage took. Stages of one thread wait for nothing, so the thread's processor time is what they would take alone
//! on the machine, whoever else is busy on it.

use std::time::{Duration, Instant};

/// The beginning of a measurement on this thread.
pub(crate) struct Start {
    processor: Option<Duration>,
    wall: Instant,
}

impl Start {
    pub(crate) fn now() -> Self {
        Self { processor: processor_time(), wall: Instant::now() }
    }

    /// The processor time of this thread since then; time by the wall clock where the system does not tell.
    pub(crate) fn gone(&self) -> Duration {
        match (self.processor, processor_time()) {
            (Some(start), Some(now)) => now.saturating_sub(start),
            _ => self.wall.elapsed(),
        }
    }
}

/// Which clock stages of one thread are measured by.
pub(crate) fn name() -> &'static str {
    if processor_time().is_some() { "processor" } else { "wall" }
}

#[cfg(unix)]
fn processor_time() -> Option<Duration> {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a live value of the type that the call fills.
    let status = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    let (seconds, nanoseconds) = (u64::try_from(time.tv_sec).ok()?, u32::try_from(time.tv_nsec).ok()?);
    (status == 0).then(|| Duration::new(seconds, nanoseconds))
}

#[cfg(not(unix))]
fn processor_time() -> Option<Duration> {
    None
}
