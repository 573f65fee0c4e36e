//! Runs Oxpecker and other rule engines on the same events and rules, one thread each, and prints a table in Markdown.
//!
//! Every engine gets lines of JSON and gives the number of matches of each rule. What its counts are compared with are
//! Oxpecker's; how many rules its language can say, and on which rules it counts otherwise, stands under the table.

mod agreement;
mod fields;
mod measure;
mod neutral;
mod peer;
mod peers;
mod report;
mod sandbox;

use agreement::Agreement;
use anyhow::Context;
use clap::Parser;
use measure::{Events, Timing};
use neutral::RuleSet;
use peer::{Engine, Peer, Sources};
use report::{Column, Report, Row};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

#[derive(Parser)]
#[command(version, about)]
pub struct Args {
    /// Events, one JSON object a line.
    events: PathBuf,
    /// The folder that bench/rulesets/generate.py has written to.
    #[arg(long, default_value = "target/bench")]
    sets: PathBuf,
    /// Numbers of rules, such as 11,200.
    #[arg(long, value_delimiter = ',', default_value = "11,200,1000,10000")]
    rules: Vec<usize>,
    /// How often each engine is measured; the table shows medians.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Only these engines, such as wirefilter,by-hand.
    #[arg(long, value_delimiter = ',')]
    peers: Vec<String>,
    /// Seconds that one engine may take in one round; a slow one gets fewer events.
    #[arg(long, default_value_t = 2.0)]
    budget: f64,
    /// The command line to measure the sandbox with.
    #[arg(long, default_value = "target/release/oxpecker")]
    cli: PathBuf,
    /// The day of the run, for the table.
    #[arg(long, default_value = "")]
    date: String,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(args: &Args) -> anyhow::Result<()> {
    let known: Vec<&str> = peers::ALL.iter().map(|peer| peer.id).collect();
    if let Some(name) = args.peers.iter().find(|name| !known.contains(&name.as_str())) {
        anyhow::bail!("there is no engine `{name}`; there are {}", known.join(", "));
    }
    let chosen: Vec<&Peer> = peers::ALL.iter().filter(|peer| wanted(args, peer.id)).collect();
    let bytes = std::fs::read(&args.events).with_context(|| args.events.display().to_string())?;
    let events = Events::new(&bytes);
    anyhow::ensure!(!events.is_empty(), "{} holds no events", args.events.display());
    let check = check(args, &events, &chosen)?;
    let mut columns = Vec::new();
    for size in &args.rules {
        columns.push(column(args, &events, &chosen, *size)?);
    }
    print!("{}", Report { args, events: &events, check, columns });
    Ok(())
}

/// Oxpecker itself is always there: the others are compared with it.
fn wanted(args: &Args, id: &str) -> bool {
    args.peers.is_empty() || id == peers::ALL[0].id || args.peers.iter().any(|name| name == id)
}

fn read(sets: &Path, name: &str) -> anyhow::Result<(RuleSet, PathBuf)> {
    let neutral = sets.join(format!("{name}.json"));
    let missing = || format!("{} (bench/rulesets/generate.py writes it)", neutral.display());
    let bytes = std::fs::read(&neutral).with_context(missing)?;
    Ok((serde_json::from_slice(&bytes)?, sets.join(format!("{name}.yaml"))))
}

/// Loads an engine and says how long that took.
fn load(peer: &Peer, sources: &Sources<'_>) -> anyhow::Result<(Box<dyn Engine>, Duration)> {
    let start = Instant::now();
    let engine = (peer.load)(sources).with_context(|| peer.name)?;
    Ok((engine, start.elapsed()))
}

/// Whether the engines agree on rules that match often: the conditions without the calls.
fn check(args: &Args, events: &Events<'_>, chosen: &[&Peer]) -> anyhow::Result<Vec<Agreement>> {
    let (set, file) = read(&args.sets, "check")?;
    let sources = Sources { rules: &set.rules, file: &file };
    let mut oracle = load(&peers::ALL[0], &sources)?.0;
    let mut all = Vec::new();
    for peer in chosen {
        eprintln!("comparing {}", peer.name);
        let mut engine = load(peer, &sources)?.0;
        let sample = events.sample(measure::affordable(engine.as_mut(), events, set.rules.len(), args.budget));
        all.push(Agreement::of(&set.rules, &mut *engine, &mut *oracle, &sample));
    }
    Ok(all)
}

/// All engines on one rule set, in turns.
fn column(args: &Args, events: &Events<'_>, chosen: &[&Peer], size: usize) -> anyhow::Result<Column> {
    let (set, file) = read(&args.sets, &size.to_string())?;
    let sources = Sources { rules: &set.rules, file: &file };
    let mut oracle = load(&peers::ALL[0], &sources)?.0;
    let mut rows = Vec::new();
    let mut engines = Vec::new();
    for peer in chosen {
        eprintln!("{size} rules: loading {}", peer.name);
        let (mut engine, loading) = load(peer, &sources)?;
        let count = measure::affordable(engine.as_mut(), events, size, args.budget);
        let sample = events.sample(count);
        let agreement = Agreement::of(&set.rules, &mut *engine, &mut *oracle, &sample);
        rows.push(Row { timing: Timing::new(count), loading, agreement });
        engines.push(engine);
    }
    let mut sandboxed = sandbox::Sandbox::new(&args.cli, &file, &args.events);
    for round in 1..=args.rounds {
        eprintln!("{size} rules: round {round} of {}", args.rounds);
        for (engine, row) in engines.iter_mut().zip(&mut rows) {
            row.timing.measure(engine.as_mut(), events, size);
        }
        sandboxed.measure();
    }
    Ok(Column { size, peers: chosen.iter().map(|peer| peer.id).collect(), rows, sandboxed })
}
