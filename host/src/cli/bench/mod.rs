//! `oxpecker bench`: what each stage of a run costs, here and with these rules.

mod engines;
mod events;
mod probe;
mod report;
mod whole;

use super::exit::Answer;
use super::input;
use super::lists::ListArgs;
use super::loaded::Loaded;
use super::out::{self, Form};
use super::rules;
use anyhow::{Context, Result, bail};
use clap::Args;
use engines::{Place, Work};
use events::Events;
use oxpecker::intake::{self, Input};
use oxpecker::pipeline::{Backend, Settings};
use oxpecker::render::safe;
use oxpecker::sandbox::{Limits, Module};
use oxpecker_engine::rule;
use probe::Probe;
use report::Report;
use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;
use tempfile::NamedTempFile;

/// Measure what each stage of a run costs: reading, scanning, matching, windows, output, and a whole replay, in the
/// sandbox and without it.
///
/// Each stage is measured by itself, all of them in turn, several rounds. The sample inside the program is measured on
/// where no INPUT is given. Reading and replays go over a small input several times in one pass, and the report says how often. What each number is, and how to read it, stands in docs/bench.md.
///
/// Exit status: 0, or 2 if a rule or an input cannot be read.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  oxpecker bench\n  oxpecker bench --rules my-rules/ --output json logs/ > bench.json"
)]
pub(crate) struct Opts {
    /// Files or folders of events; `-` is standard input. Without it the sample inside the program
    #[arg(value_name = "INPUT")]
    inputs: Vec<PathBuf>,
    /// A rule file or folder; may be repeated. Without it the shipped rules
    #[arg(long, value_name = "PATH")]
    rules: Vec<PathBuf>,
    #[command(flatten)]
    lists: ListArgs,
    /// The type of all events, whatever they look like
    #[arg(long, value_name = "TYPE")]
    event_type: Option<String>,
    /// Rounds of measurements; their median is reported
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,
    /// Begin no further round when so much time would be gone
    #[arg(long, value_name = "SECONDS", default_value_t = 20.0, value_parser = seconds)]
    seconds: f64,
    /// The most worker threads of a whole replay
    #[arg(long, value_name = "N", default_value_t = input::default_jobs(), value_parser = clap::value_parser!(u8).range(1..=64))]
    jobs: u8,
    /// Measure this module as well: another build of oxpecker.wasm
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,
    /// How the report is printed
    #[arg(long, short, value_name = "FORM", default_value = "text")]
    output: Form,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.0..=86_400.0).contains(&seconds) => Ok(seconds),
        _ => Err("not a number of seconds between 0 and 86400".to_owned()),
    }
}

impl Opts {
    pub(crate) fn run(self) -> Result<Answer> {
        let files = rules::read(&self.rules)?;
        let lists = self.lists.read()?;
        let request = rules::request(files.clone(), &lists, self.event_type.clone())?;
        let loaded = Loaded::new(files, lists.values(), &rule::Limits::default());
        if loaded.set.rules.is_empty() {
            bail!("there are no rules to measure with");
        }
        input::catch_interrupts();
        let (inputs, _files) = self.inputs()?;
        let events = Events::read(&inputs, &Settings::default())?;
        let keys = engines::keys(&loaded.set);
        let asleep = engines::asleep(&keys, &request);
        let work = Work { events, rules: request, keys: asleep, now: input::now() };
        let mut places = self.places()?;
        let mut report = Report {
            inputs: if self.inputs.is_empty() { 0 } else { inputs.len() },
            rules: loaded.set.rules.len(),
            keys: keys.len(),
            events: work.events.events,
            bytes: work.events.bytes,
            is_part: work.events.is_part,
            ..Report::default()
        };
        report.rounds = self.measure(&mut places, &work, &inputs, &mut report)?;
        if report.rounds == 0 {
            return Ok(Answer::Interrupted);
        }
        report.print(self.output)?;
        Ok(Answer::Yes)
    }

    /// What is measured, in the order of a run.
    fn measure(&self, places: &mut [Place], work: &Work, inputs: &[Input], report: &mut Report) -> Result<u32> {
        let long = work.events.repeated(inputs);
        report.repeated = long.len() / inputs.len().max(1);
        let told = Rc::new(RefCell::new(Vec::new()));
        let mut probes = vec![whole::read(long.clone(), as_commands_do(1))];
        // The alerts of the first place, which is the sandbox, are those that are written.
        let mut others = Rc::clone(&told);
        for place in places.iter_mut() {
            probes.extend(engines::probes(place, work, &others)?);
            others = Rc::default();
        }
        report.places = places.iter().map(|place| (place.name, place.hash(), place.load)).collect();
        probes.push(whole::output(told, work));
        if let Some(sandbox) = places.first() {
            probes.extend(self.workers().map(|jobs| {
                let settings = as_commands_do(jobs);
                whole::replay(&sandbox.backend, work, long.clone(), settings)
            }));
        }
        let rounds = probe::measure(&mut probes, self.rounds, self.seconds, input::interrupted)?;
        report.stages = probes.into_iter().map(Probe::measured).collect();
        Ok(rounds)
    }

    /// 1, 2, 4 … and the most.
    fn workers(&self) -> impl Iterator<Item = usize> {
        let most = usize::from(self.jobs);
        std::iter::successors(Some(1), |workers| Some(workers * 2))
            .take_while(move |workers| *workers < most)
            .chain([most])
    }

    /// Where the engine is measured: in the sandbox, without it, and in the sandbox with another module.
    fn places(&self) -> Result<Vec<Place>> {
        let place = |name, backend| Place { name, backend, load: Duration::ZERO };
        let sandbox = |module| Backend::Sandbox(module, Limits::default());
        let mut places = vec![place("sandbox", sandbox(Module::shipped()?)), place("native", Backend::Native)];
        if let Some(path) = &self.module {
            places.push(place("module", sandbox(Module::from_file(path)?)));
        }
        Ok(places)
    }

    /// The inputs, all of them files that can be read again, and the temporary ones among these.
    fn inputs(&self) -> Result<(Vec<Input>, Vec<NamedTempFile>)> {
        if self.inputs.is_empty() {
            let file = events::sample()?;
            return Ok((vec![Input::File(file.path().to_owned())], vec![file]));
        }
        let walk = intake::walk(&self.inputs).context("cannot read the input")?;
        for note in &walk.notes {
            out::say(&format!("note: {}: {}", safe(&note.path.display().to_string()), safe(&note.why.to_string())));
        }
        let mut temporary = Vec::new();
        let mut inputs = walk.inputs;
        for input in &mut inputs {
            if *input == Input::Stdin {
                let file = events::stdin()?;
                *input = Input::File(file.path().to_owned());
                temporary.push(file);
            }
        }
        Ok((inputs, temporary))
    }
}

/// How commands that look at no event afterwards read.
fn as_commands_do(jobs: usize) -> Settings {
    Settings { jobs, keep_events: false, ..Settings::default() }
}
