//! How long an event takes: whole passes over a sample of the events, timed from outside.

use crate::peer::Engine;
use std::time::{Duration, Instant};

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

/// How many events an engine can match in so many seconds, by what a few of them take.
pub fn affordable(engine: &mut dyn Engine, events: &Events<'_>, rules: usize, seconds: f64) -> usize {
    let mut counts = vec![0; rules];
    let mut tried = 8.min(events.len());
    loop {
        let sample = events.sample(tried);
        let start = Instant::now();
        engine.count(&sample, &mut counts);
        let gone = start.elapsed().as_secs_f64();
        // The first events find cold caches: what they take tells little.
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
        let (start, mut passes) = (Instant::now(), 0);
        while passes == 0 || start.elapsed() < SHORTEST {
            engine.count(&sample, &mut counts);
            passes += 1;
        }
        let seconds = start.elapsed().as_secs_f64();
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
