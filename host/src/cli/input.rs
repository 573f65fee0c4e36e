//! What the commands that read events have in common: inputs, the sandbox, rejects, Ctrl-C.

use super::lists::ListArgs;
use super::out;
use anyhow::{Context, Result};
use clap::Args;
use oxpecker::intake::{self, Input};
use oxpecker::pipeline::{Backend, Note, Rejection, Settings};
use oxpecker::render::safe;
use oxpecker::sandbox::{CodeCache, Limits, Module};
use serde_json::json;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Options of the commands that read events.
#[derive(Args)]
pub(crate) struct InputArgs {
    /// Files or folders of events; `-` is standard input, which is read if none is given
    #[arg(value_name = "INPUT")]
    inputs: Vec<PathBuf>,
    /// The type of all events, whatever they look like
    #[arg(long, value_name = "TYPE")]
    pub(crate) event_type: Option<String>,
    #[command(flatten)]
    pub(crate) lists: ListArgs,
    /// Write what could not be evaluated, with reasons, to this file as NDJSON
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Worker threads; one of them reads as well [default: one for each core, up to eight]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    jobs: Option<u8>,
    /// Run the engine without the sandbox, for comparison
    #[arg(long)]
    native: bool,
    /// Run this module in place of the one inside the program
    #[arg(long, value_name = "FILE", hide = true)]
    module: Option<PathBuf>,
    /// The time that the module has for a batch
    #[arg(long, value_name = "MILLISECONDS", hide = true)]
    deadline: Option<u64>,
}

/// One worker for each core, up to eight.
pub(crate) fn default_jobs() -> u8 {
    std::thread::available_parallelism().map_or(1, |cores| u8::try_from(cores.get()).unwrap_or(8).min(8))
}

fn is_named_as_rules(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml")
}

impl InputArgs {
    /// The inputs, folders walked; what was passed over on the way is said.
    pub(crate) fn walk(&self) -> Result<Vec<Input>> {
        let stdin = [PathBuf::from("-")];
        let paths = if self.inputs.is_empty() { &stdin } else { self.inputs.as_slice() };
        let walk = intake::walk(paths).context("cannot read the input")?;
        for note in &walk.notes {
            out::say(&format!("note: {}: {}", safe(&note.path.display().to_string()), safe(&note.why.to_string())));
        }
        for path in paths.iter().filter(|path| path.is_file() && is_named_as_rules(path)) {
            let name = safe(&path.display().to_string()).into_owned();
            out::say(&format!("note: {name}: by its name a file of rules and not of events; --rules names rules"));
        }
        if walk.inputs.contains(&Input::Stdin) && std::io::IsTerminal::is_terminal(&std::io::stdin()) {
            out::say("reading events from standard input; end it with Ctrl-D");
        }
        Ok(walk.inputs)
    }

    /// Whether any input was named.
    pub(crate) fn is_given(&self) -> bool {
        !self.inputs.is_empty()
    }

    /// Where evaluation happens.
    pub(crate) fn backend(&self) -> Result<Backend> {
        if self.native {
            return Ok(Backend::Native);
        }
        let module = match &self.module {
            Some(path) => Module::from_file(path)?,
            None => Module::shipped()?.caching_rules(CodeCache::of_user()),
        };
        let usual = Limits::default();
        let deadline = self.deadline.map_or(usual.deadline, Duration::from_millis);
        Ok(Backend::Sandbox(module, Limits { deadline, ..usual }))
    }

    /// How to read.
    pub(crate) fn settings(&self) -> Settings {
        let jobs = usize::from(self.jobs.unwrap_or_else(default_jobs));
        // Nobody here looks at events of which nothing is said.
        Settings { jobs, keep_events: false, ..Settings::default() }
    }

    /// Whether the number of workers was given.
    pub(crate) fn tells_jobs(&self) -> bool {
        self.jobs.is_some()
    }

    /// The file for what could not be evaluated.
    pub(crate) fn rejects(&self, inputs: &[Input]) -> Result<Rejects> {
        let names = inputs.iter().map(ToString::to_string).collect();
        let file = match &self.rejects {
            None => None,
            Some(path) => {
                let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
                Some((path.clone(), BufWriter::new(file)))
            }
        };
        Ok(Rejects { names, file, said: 0 })
    }
}

/// Tells of what could not be evaluated: the first few to people, all to a file.
pub(crate) struct Rejects {
    names: Vec<String>,
    file: Option<(PathBuf, BufWriter<File>)>,
    said: u64,
}

/// How many rejections are said one by one.
const SAID: u64 = 5;

impl Rejects {
    pub(crate) fn tell(&mut self, rejection: &Rejection<'_>) -> Result<()> {
        let Rejection { origin, offset, offset_in, code, reason, text } = rejection;
        let name = self.names.get(origin.input).map_or("-", String::as_str);
        self.said += 1;
        if self.said <= SAID {
            out::say(&format!("rejected: {}:{}: {} ({code})", safe(name), origin.line, safe(reason)));
        } else if self.said == SAID + 1 {
            let hint = if self.file.is_some() { "" } else { "; --rejects FILE keeps all" };
            out::say(&format!("rejected: … more are counted, not shown{hint}"));
        }
        if let Some((path, file)) = &mut self.file {
            let text = String::from_utf8_lossy(text);
            let record = json!({"file": name, "line": origin.line, "offset": offset, "offset_in": offset_in, "code": code, "reason": reason, "text": text});
            writeln!(file, "{record}").with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }

    /// Says which inputs could not be read to their end.
    pub(crate) fn problems(&self, notes: &[Note]) {
        for note in notes {
            if let Note::Problem { input, detail } = note {
                let name = self.names.get(*input).map_or("-", String::as_str);
                out::complain(&format!("{}: {}", safe(name), safe(detail)));
            }
        }
    }

    pub(crate) fn finish(self) -> Result<()> {
        if let Some((path, mut file)) = self.file {
            file.flush().with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }
}

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// From now on the first Ctrl-C is remembered, and the second ends the program.
pub(crate) fn catch_interrupts() {
    // Where no handler can be set Ctrl-C ends the program, which is what a user expects at least.
    let _ = ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
    });
}

/// Whether Ctrl-C was pressed.
pub(crate) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// The time of arrival, in milliseconds since 1970.
pub(crate) fn now() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}
