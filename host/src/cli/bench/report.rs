//! What was measured, for people and for programs.

use super::probe::{Series, Stage, whole};
use crate::cli::clock;
use crate::cli::out::{self, Form};
use crate::cli::summary::count;
use anyhow::Result;
use indicatif::{HumanBytes, HumanCount};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;
use std::io::Write;
use std::time::Duration;

/// A stage that was measured.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) stage: Stage,
    pub(crate) place: Option<&'static str>,
    pub(crate) workers: Option<usize>,
    pub(crate) series: Series,
}

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// How many inputs were given; none for the sample.
    pub(crate) inputs: usize,
    pub(crate) rules: usize,
    pub(crate) keys: usize,
    pub(crate) events: u64,
    pub(crate) bytes: u64,
    /// The stages in memory saw the first events alone.
    pub(crate) is_part: bool,
    /// How often reading and replays go over the input in one pass.
    pub(crate) repeated: usize,
    pub(crate) rounds: u32,
    /// Where the engine ran: name, the module's hash, and what loading the rules took.
    pub(crate) places: Vec<(&'static str, Option<String>, Duration)>,
    pub(crate) stages: Vec<Measured>,
}

impl Report {
    pub(crate) fn print(&self, form: Form) -> Result<()> {
        let mut out = out::stdout();
        match form {
            Form::Json => writeln!(out, "{:#}", self.json())?,
            Form::Text => write!(out, "{}", self.text())?,
        }
        Ok(out::finish(out)?)
    }

    fn mean(&self) -> f64 {
        whole(self.bytes) / whole(self.events.max(1))
    }

    /// Events a second, and gigabytes of events a second.
    fn rates(&self, microseconds: f64) -> (f64, f64) {
        let events = if microseconds > 0.0 { 1e6 / microseconds } else { 0.0 };
        (events, events * self.mean() / 1e9)
    }

    fn of(&self, stage: Stage, place: &str) -> Option<&Measured> {
        self.stages.iter().find(|measured| measured.stage == stage && measured.place == Some(place))
    }

    /// How fast a place is, as a share of the native engine's speed.
    fn of_native(&self, measured: &Measured) -> Option<f64> {
        let native = self.of(measured.stage, "native").filter(|_| measured.place != Some("native"))?.series.median();
        let own = measured.series.median();
        (own > 0.0 && native > 0.0 && measured.place.is_some()).then(|| native / own)
    }

    fn text(&self) -> String {
        let mut text = String::new();
        let from = match self.inputs {
            0 => "the sample inside the program".to_owned(),
            inputs => count(inputs as u64, "input"),
        };
        let part = if self.is_part { "the first " } else { "" };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "events   {part}{} ({}, {:.0} bytes each) of {from}",
            HumanCount(self.events),
            HumanBytes(self.bytes),
            self.mean()
        );
        let _ =
            writeln!(text, "rules    {}, asking for {}", HumanCount(self.rules as u64), count(self.keys as u64, "key"));
        for (name, hash, load) in &self.places {
            let hash: String = hash.iter().flat_map(|hash| hash.chars().take(12)).collect();
            let name = if hash.is_empty() { (*name).to_owned() } else { format!("{name} {hash}") };
            let _ = writeln!(text, "loaded   in {:.0} ms: {name}", load.as_secs_f64() * 1e3);
        }
        let clock = if clock::name() == "wall" { "time by the wall clock" } else { "processor time" };
        let _ = writeln!(
            text,
            "measured {}, the median and the range of each; {clock} of one thread, replay by the wall clock",
            count(self.rounds.into(), "round")
        );
        if self.repeated > 1 {
            let times = HumanCount(self.repeated as u64);
            let _ = writeln!(
                text,
                "         read and replay go over the input {times} times in one pass: once is too short"
            );
        }
        text.push('\n');
        self.table(&mut text);
        text
    }

    fn table(&self, text: &mut String) {
        let _ = writeln!(
            text,
            "{:<9}{:<12}{:>12}   {:<17}{:>12}{:>8}{:>11}",
            "STAGE", "", "µs an event", "range", "events/s", "GB/s", "of native"
        );
        let mut last = None;
        for measured in self.in_order() {
            let stage = if last == Some(measured.stage) { "" } else { measured.stage.name() };
            last = Some(measured.stage);
            let place = measured
                .workers
                .map_or(measured.place.unwrap_or_default().to_owned(), |workers| count(workers as u64, "worker"));
            let series = &measured.series;
            let (events, gigabytes) = self.rates(series.median());
            let range = format!("{:.3}–{:.3}", series.min(), series.max());
            // The cost of next to nothing has no speed worth telling.
            let rates = if series.median() < 0.01 {
                format!("{:>12}{:>8}", "", "")
            } else {
                format!("{:>12}{gigabytes:>8.2}", HumanCount(rounded(events)).to_string())
            };
            let share = self.of_native(measured).map_or(String::new(), |share| format!("{share:.2}"));
            let line = format!("{stage:<9}{place:<12}{:>12.3}   {range:<17}{rates}{share:>11}", series.median());
            let _ = writeln!(text, "{}", line.trim_end());
        }
    }

    /// By stage, in the order of a run.
    fn in_order(&self) -> Vec<&Measured> {
        let mut all: Vec<&Measured> = self.stages.iter().collect();
        all.sort_by_key(|measured| measured.stage as u8);
        all
    }

    fn json(&self) -> Value {
        let mut report = json!({
            "format": 1,
            "events": self.events,
            "bytes": self.bytes,
            "mean_event_bytes": self.mean(),
            "is_part": self.is_part,
            "rules": self.rules,
            "keys": self.keys,
            "repeated": self.repeated,
            "rounds": self.rounds,
            "clock": clock::name(),
            "machine": format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
            "cores": std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        });
        let Value::Object(fields) = &mut report else { return report };
        for (name, hash, load) in &self.places {
            fields.insert((*name).to_owned(), self.place(name, hash.as_deref(), *load));
        }
        let mut replays = Vec::new();
        for measured in self.stages.iter().filter(|measured| measured.place.is_none()) {
            match measured.workers {
                None => {
                    fields.insert(measured.stage.name().to_owned(), Value::Object(self.numbers(&measured.series)));
                }
                Some(workers) => {
                    let mut replay = self.numbers(&measured.series);
                    replay.insert("workers".to_owned(), workers.into());
                    replays.push(Value::Object(replay));
                }
            }
        }
        fields.insert("replay".to_owned(), Value::Array(replays));
        report
    }

    /// The stages of one place. `us_per_event` is that of the verdicts, by which engines are compared.
    fn place(&self, name: &str, hash: Option<&str>, load: Duration) -> Value {
        let mut fields = Map::new();
        let verdicts = self.of(Stage::Match, name).map_or(0.0, |measured| measured.series.median());
        fields.insert("us_per_event".to_owned(), verdicts.into());
        fields.insert("load_ms".to_owned(), (load.as_secs_f64() * 1e3).into());
        fields.insert("module".to_owned(), hash.into());
        for measured in self.stages.iter().filter(|measured| measured.place == Some(name)) {
            let mut numbers = self.numbers(&measured.series);
            if let Some(share) = self.of_native(measured) {
                numbers.insert("of_native".to_owned(), share.into());
            }
            fields.insert(measured.stage.name().to_owned(), Value::Object(numbers));
        }
        Value::Object(fields)
    }

    fn numbers(&self, series: &Series) -> Map<String, Value> {
        let (events, gigabytes) = self.rates(series.median());
        let numbers = [
            ("us_per_event", series.median()),
            ("us_per_event_min", series.min()),
            ("us_per_event_max", series.max()),
            ("events_per_second", events),
            ("gb_per_second", gigabytes),
        ];
        numbers.into_iter().map(|(name, number)| (name.to_owned(), number.into())).collect()
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate for people")]
fn rounded(number: f64) -> u64 {
    number.round() as u64
}
