//! The stages of files: reading alone, writing alerts, and a whole replay with so many workers.

use super::engines::Work;
use super::probe::{Pass, Probe, Stage};
use crate::cli::announce::{Announcer, Form, Pending};
use crate::cli::clock::Start;
use crate::cli::input;
use crate::cli::summary::Replayed;
use crate::cli::windows::WindowStage;
use anyhow::{Context, Result};
use oxpecker::intake::Input;
use oxpecker::pipeline::{self, Backend, Pipeline, Settings, Tally, Task};
use oxpecker::sandbox::Kept;
use std::cell::RefCell;
use std::ops::ControlFlow;
use std::rc::Rc;
use std::time::Instant;

/// Reading, decompressing, cutting into events and batches.
pub(crate) fn read(inputs: Vec<Input>, settings: Settings) -> Probe<'static> {
    Probe::new(Stage::Read, move || {
        let start = Start::now();
        let mut events = 0;
        pipeline::read(&inputs, &settings, |job| {
            events += job.batch.len() as u64;
            ControlFlow::Continue(job)
        });
        Ok(Pass { took: start.gone(), events })
    })
}

/// Alerts as NDJSON into a file.
pub(crate) fn output<'e>(told: Rc<RefCell<Vec<Kept>>>, work: &'e Work) -> Probe<'e> {
    Probe::new(Stage::Output, move || {
        let alerts = told.borrow().clone();
        let start = Start::now();
        let mut announcer = announcer()?;
        for kept in alerts {
            announcer.take(&kept, &mut Replayed::default())?;
        }
        announcer.finish(false)?;
        Ok(Pass { took: start.gone(), events: work.events.events })
    })
}

fn announcer() -> Result<Announcer> {
    let file = tempfile::tempfile().context("cannot write a temporary file")?;
    Ok(Announcer::new(Form::Ndjson, false, Pending::default())?.writing_to(Box::new(file)))
}

/// What `replay` does once the rules are loaded, from files to alerts, by the wall clock.
pub(crate) fn replay<'e>(backend: &'e Backend, work: &'e Work, inputs: Vec<Input>, settings: Settings) -> Probe<'e> {
    let workers = Some(settings.jobs);
    let probe = Probe::new(Stage::Replay, move || {
        let mut windows = WindowStage::new(backend.keeper(&work.rules)?, false, work.now).goes_ahead();
        let (inputs, settings, all) = (inputs.clone(), settings.clone(), inputs.len());
        let (mut pipeline, _) = Pipeline::start(backend, &work.rules, Task::Detect, inputs, settings, work.now)?;
        // The rules are loaded, and reading has just begun.
        let start = Instant::now();
        let (mut announcer, mut replayed, mut tally) = (announcer()?, Replayed::default(), Tally::default());
        while let Some(done) = pipeline.next(input::interrupted) {
            let mut done = done?;
            tally.count(&done, |_| anyhow::Ok(()))?;
            windows.know_inputs(tally.inputs, all);
            announcer.window_all(&mut windows, &mut done.result.records, &mut replayed)?;
            pipeline.give_back(done.job);
        }
        windows.finish(true, &mut |kept| announcer.take(&kept, &mut replayed))?;
        announcer.finish(false)?;
        Ok(Pass { took: start.elapsed(), events: tally.read })
    });
    Probe { workers, ..probe }
}
