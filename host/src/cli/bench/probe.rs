//! Rounds of measurements, all stages in turn, so that what else happens on the machine hits all of them alike.

use super::report::Measured;
use anyhow::Result;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::{Duration, Instant};

/// A measurement is repeated until this much time has gone, so that the clock's steps do not show.
const SHORTEST: Duration = Duration::from_millis(60);

/// What one pass took, and over how many events.
pub(crate) struct Pass {
    pub(crate) took: Duration,
    pub(crate) events: u64,
}

/// A stage that can be measured.
pub(crate) struct Probe<'e> {
    pub(crate) stage: Stage,
    /// Where it runs, for stages that run in several places.
    pub(crate) place: Option<&'static str>,
    /// Worker threads; none for stages of one thread.
    pub(crate) workers: Option<usize>,
    pub(crate) pass: Box<dyn FnMut() -> Result<Pass> + 'e>,
    pub(crate) series: Series,
}

/// The stages of a run, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Read,
    Scan,
    Match,
    Detect,
    Windows,
    Output,
    Replay,
}

impl Stage {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Stage::Read => "read",
            Stage::Scan => "scan",
            Stage::Match => "match",
            Stage::Detect => "detect",
            Stage::Windows => "windows",
            Stage::Output => "output",
            Stage::Replay => "replay",
        }
    }
}

impl<'e> Probe<'e> {
    pub(crate) fn new(stage: Stage, pass: impl FnMut() -> Result<Pass> + 'e) -> Self {
        Self { stage, place: None, workers: None, pass: Box::new(pass), series: Series::default() }
    }

    pub(crate) fn in_place(self, place: &'static str) -> Self {
        Self { place: Some(place), ..self }
    }

    /// What was measured, once it is.
    pub(crate) fn measured(self) -> Measured {
        Measured { stage: self.stage, place: self.place, workers: self.workers, series: self.series }
    }

    /// One round: microseconds an event.
    fn round(&mut self, shortest: Duration) -> Result<f64> {
        let mut all = Pass { took: Duration::ZERO, events: 0 };
        let mut passes = 0;
        loop {
            let pass = (self.pass)()?;
            all.took += pass.took;
            all.events += pass.events;
            passes += 1;
            // A stage that has nothing to do takes no time, however often it is repeated.
            if all.took >= shortest || passes >= 1_000 {
                break;
            }
        }
        Ok(all.took.as_secs_f64() * 1e6 / whole(all.events.max(1)))
    }
}

/// Microseconds an event, one number a round.
#[derive(Debug, Clone, Default)]
pub(crate) struct Series(Vec<f64>);

impl Series {
    fn push(&mut self, microseconds: f64) {
        let place = self.0.partition_point(|known| *known < microseconds);
        self.0.insert(place, microseconds);
    }

    /// The round in the middle.
    pub(crate) fn median(&self) -> f64 {
        self.0.get(self.0.len() / 2).copied().unwrap_or_default()
    }

    pub(crate) fn min(&self) -> f64 {
        self.0.first().copied().unwrap_or_default()
    }

    pub(crate) fn max(&self) -> f64 {
        self.0.last().copied().unwrap_or_default()
    }
}

/// Measures all of them in turn; gives the number of rounds. No round is begun that would not end in time, but the first.
pub(crate) fn measure(probes: &mut [Probe<'_>], rounds: u32, seconds: f64, interrupted: fn() -> bool) -> Result<u32> {
    let bar = progress(probes.len() as u64 * u64::from(rounds + 1));
    let begun = Instant::now();
    let share = Duration::try_from_secs_f64(seconds / whole(bar.length().unwrap_or(1).max(1))).unwrap_or(SHORTEST);
    let mut done = 0;
    // The first one finds cold caches and is not kept.
    for round in 0..=rounds {
        let (start, shortest) = (Instant::now(), if round == 0 { Duration::ZERO } else { SHORTEST.min(share) });
        for probe in probes.iter_mut() {
            bar.set_message(format!("{} {}", probe.stage.name(), probe.place.unwrap_or_default()));
            let microseconds = probe.round(shortest)?;
            if round > 0 {
                probe.series.push(microseconds);
            }
            bar.inc(1);
            if interrupted() {
                bar.finish_and_clear();
                return Ok(done);
            }
        }
        done = round;
        if round > 0 && (begun.elapsed() + start.elapsed()).as_secs_f64() > seconds {
            break;
        }
    }
    bar.finish_and_clear();
    Ok(done)
}

fn progress(length: u64) -> ProgressBar {
    if !crate::cli::out::stderr_is_terminal() {
        let bar = ProgressBar::hidden();
        bar.set_length(length);
        return bar;
    }
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr_with_hz(8));
    if let Ok(style) = ProgressStyle::with_template("{wide_bar:.dim} {percent:>3} %  {msg}") {
        bar.set_style(style);
    }
    bar
}

/// A number of events as a number to reckon with.
#[expect(clippy::cast_precision_loss, reason = "nobody reads that many events")]
pub(crate) fn whole(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_are_kept_in_turn_and_the_first_is_not() {
        let order = std::cell::RefCell::new(Vec::new());
        let probe = |name: &'static str, milliseconds: u64| {
            let order = &order;
            Probe::new(Stage::Read, move || {
                order.borrow_mut().push(name);
                Ok(Pass { took: Duration::from_millis(milliseconds), events: 1_000 })
            })
        };
        let mut probes = [probe("a", 70), probe("b", 80)];
        assert_eq!(measure(&mut probes, 2, 100.0, || false).unwrap(), 2);
        let [a, b] = &probes;
        assert_eq!((a.series.0.len(), a.series.median(), b.series.max()), (2, 70.0, 80.0));
        drop(probes);
        assert_eq!(order.into_inner(), ["a", "b", "a", "b", "a", "b"]);
    }

    #[test]
    fn the_middle_round_counts() {
        let mut series = Series::default();
        [3.0, 9.0, 1.0].into_iter().for_each(|round| series.push(round));
        assert_eq!((series.min(), series.median(), series.max()), (1.0, 3.0, 9.0));
    }

    #[test]
    fn out_of_time_one_round_is_measured() {
        let slow = Probe::new(Stage::Read, || Ok(Pass { took: Duration::from_secs(1), events: 10 }));
        let mut probes = [slow];
        assert_eq!(measure(&mut probes, 5, 0.0, || false).unwrap(), 1);
    }
}
