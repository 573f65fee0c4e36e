//! How long an event takes: whole passes over a sample of the events, timed from outside. No engine waits for anything,
//! so the processor time of the thread is what it would take alone on the machine.

use crate::peer::Engine;
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// A pass is repeated until this much time has gone, so that the clock's steps and a warm-up do not show.
const SHORTEST: Duration = Duration::from_millis(150);

/// The lines of a file.
pub struct Events<'b>(Vec<&'b [u8]>);

impl<'b> Events<'b> {
    pub fn new(bytes: &'b [u8]) -> Self {
        Self(bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect())
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn bytes(&self) -> usize {
        self.0.iter().map(|line| line.len()).sum()
    }

    /// So many events, taken evenly from the whole file: the mix stays what it was.
    pub fn sample(&self, count: usize) -> Vec<&'b [u8]> {
        (0..count).filter_map(|place| self.0.get(place * self.0.len() / count).copied()).collect()
    }
}

fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// How many events an engine can match in so many seconds, by what a few of them take.
pub fn affordable(engine: &mut dyn Engine, events: &Events<'_>, rules: usize, seconds: f64) -> usize {
    let mut counts = vec![0; rules];
    let mut tried = 8.min(events.len());
    // The first events find cold caches: what they take tells little.
    engine.count(&events.sample(tried), &mut counts);
    loop {
        let sample = events.sample(tried);
        let start = processor_time();
        engine.count(&sample, &mut counts);
        let gone = (processor_time() - start).as_secs_f64();
        if gone > seconds / 16.0 || tried == events.len() {
            let fit = seconds * tried as f64 / gone.max(1e-9);
            return (fit as usize).clamp(8.min(events.len()), events.len());
        }
        tried = (tried * 8).min(events.len());
    }
}

/// The rounds of one engine.
pub struct Timing {
    /// How many events it is given.
    pub events: usize,
    /// Microseconds an event, one for each round.
    rounds: Vec<f64>,
}

impl Timing {
    pub fn new(events: usize) -> Self {
        Self { events, rounds: Vec::new() }
    }

    /// One round more.
    pub fn measure(&mut self, engine: &mut dyn Engine, events: &Events<'_>, rules: usize) {
        let sample = events.sample(self.events);
        let mut counts = vec![0; rules];
        let (start, mut passes) = (processor_time(), 0);
        let mut gone = Duration::ZERO;
        while gone < SHORTEST {
            engine.count(&sample, &mut counts);
            passes += 1;
            gone = processor_time() - start;
        }
        let seconds = gone.as_secs_f64();
        std::hint::black_box(&counts);
        self.push(seconds * 1e6 / (passes * sample.len()) as f64);
    }

    pub fn push(&mut self, microseconds: f64) {
        self.rounds.push(microseconds);
    }

    /// The round in the middle.
    pub fn median(&self) -> Option<f64> {
        let mut sorted = self.rounds.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied()
    }
}
