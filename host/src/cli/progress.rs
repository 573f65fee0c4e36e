//! A line on the terminal that tells how far a long run is. Nowhere else: logs and pipes never see it.

use super::out;
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use oxpecker::intake::Input;
use std::time::{Duration, Instant};

/// The line, or nothing where no person reads standard error.
pub(crate) struct Progress {
    bar: ProgressBar,
    begun: Instant,
}

impl Progress {
    /// A line for a run over these inputs.
    pub(crate) fn new(inputs: &[Input], quiet: bool) -> Self {
        let bar = if quiet || !out::stderr_is_terminal() {
            ProgressBar::hidden()
        } else {
            ProgressBar::with_draw_target(total(inputs), ProgressDrawTarget::stderr_with_hz(8))
        };
        let template = if bar.length().is_some() { "{wide_bar:.dim} {percent:>3} %  {msg}" } else { "{spinner} {msg}" };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self { bar, begun: Instant::now() }
    }

    /// A line for work of so many steps.
    pub(crate) fn steps(number: usize, noun: &str) -> Self {
        let bar = if out::stderr_is_terminal() {
            let number = u64::try_from(number).unwrap_or(u64::MAX);
            ProgressBar::with_draw_target(Some(number), ProgressDrawTarget::stderr_with_hz(8))
        } else {
            ProgressBar::hidden()
        };
        if let Ok(style) = ProgressStyle::with_template("{wide_bar:.dim} {pos} of {len} {msg}") {
            bar.set_style(style);
        }
        bar.set_message(noun.to_owned());
        Self { bar, begun: Instant::now() }
    }

    /// One step is done.
    pub(crate) fn step(&self) {
        self.bar.inc(1);
    }

    /// Bytes of input read, events read, and alerts or matches found so far.
    pub(crate) fn update(&self, bytes: u64, events: u64, found: u64) {
        if self.bar.is_hidden() {
            return;
        }
        self.bar.set_position(bytes);
        let rate = HumanCount(per_second(events, self.begun.elapsed()));
        self.bar.set_message(format!("{}  {rate} events/s  {found} found", HumanBytes(bytes)));
    }

    /// Takes a line of output past the progress line.
    pub(crate) fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bar.suspend(print)
    }

    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// How many a second, in whole numbers.
pub(crate) fn per_second(number: u64, took: Duration) -> u64 {
    let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
    number.saturating_mul(1_000) / milliseconds
}

/// The size of all inputs; none if it cannot be known.
fn total(inputs: &[Input]) -> Option<u64> {
    let size = |input: &Input| match input {
        Input::Stdin => None,
        Input::File(path) => std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).map(|meta| meta.len()),
    };
    inputs.iter().map(size).sum()
}
