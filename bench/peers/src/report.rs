//! The table, and what stands under it.

use crate::Args;
use crate::agreement::Agreement;
use crate::measure::{Events, Timing};
use crate::peer::Peer;
use crate::peers;
use crate::sandbox::Sandbox;
use std::fmt::{Display, Formatter, Result};
use std::time::Duration;

/// How many differing rules are named for one engine.
const NAMED: usize = 5;

/// Everything that was measured.
pub struct Report<'r> {
    pub args: &'r Args,
    pub events: &'r Events<'r>,
    /// The agreement on the conditions alone, one for each engine.
    pub check: Vec<Agreement>,
    pub columns: Vec<Column>,
}

/// One rule set.
pub struct Column {
    pub size: usize,
    pub peers: Vec<&'static str>,
    pub rows: Vec<Row>,
    pub sandboxed: Sandbox,
}

/// One engine on one rule set.
pub struct Row {
    pub timing: Timing,
    pub loading: Duration,
    pub agreement: Agreement,
}

impl Report<'_> {
    fn peers(&self) -> impl Iterator<Item = (usize, &'static Peer)> {
        let ids = self.columns.first().map(|column| column.peers.clone()).unwrap_or_default();
        let found = ids.into_iter().filter_map(|id| peers::ALL.iter().find(|peer| peer.id == id));
        found.enumerate()
    }

    fn head(&self, out: &mut Formatter<'_>) -> Result {
        let mean = self.events.bytes() / self.events.len();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        writeln!(
            out,
            "Microseconds of processor time an event and, in brackets, times what Oxpecker takes natively: JSON bytes \
             in, verdicts of all rules out, one thread. {} CloudTrail events of {mean} bytes on average; median of {} interleaved rounds; \
             {}, {cores} cores, Linux {}{}{}.\n",
            thousands(self.events.len()),
            self.args.rounds,
            first_line("/proc/cpuinfo", "model name"),
            std::env::consts::ARCH,
            if self.args.date.is_empty() { "" } else { ", " },
            self.args.date,
        )
    }

    fn table(&self, out: &mut Formatter<'_>) -> Result {
        let sizes: Vec<String> =
            self.columns.iter().map(|column| format!("{} rules", thousands(column.size))).collect();
        writeln!(out, "| engine | {} | says | loads in |", sizes.join(" | "))?;
        writeln!(out, "|---|{}--:|--:|", "--:|".repeat(sizes.len()))?;
        self.sandbox_row(out)?;
        for (place, peer) in self.peers() {
            let version = peer.package.map(|package| format!(" {}", version(package))).unwrap_or_default();
            let (first, rest) = peer.name.split_at(peer.name.find([',', ' ']).unwrap_or(peer.name.len()));
            write!(out, "| {first}{version}{rest} |")?;
            for column in &self.columns {
                write!(out, " {} |", cell(column, &column.rows[place].timing))?;
            }
            let last = self.columns.last().map(|column| &column.rows[place]);
            let says = last.map(|row| percent(row.agreement.expressed, row.agreement.rules)).unwrap_or_default();
            let loading = last.map(|row| duration(row.loading)).unwrap_or_default();
            writeln!(out, " {says} | {loading} |")?;
        }
        writeln!(out)
    }

    fn sandbox_row(&self, out: &mut Formatter<'_>) -> Result {
        if self.columns.iter().any(|column| column.sandboxed.timing.median().is_none()) {
            return Ok(());
        }
        write!(out, "| **Oxpecker, in the sandbox** |")?;
        for column in &self.columns {
            write!(out, " {} |", cell(column, &column.sandboxed.timing))?;
        }
        writeln!(out, " 100 % | |")
    }

    fn notes(&self, out: &mut Formatter<'_>) -> Result {
        writeln!(
            out,
            "*says*: the share of the largest rule set that the engine's language can say; it matches no others. \
             *loads in*: that set, from text to engine.\n"
        )?;
        if let Some(reason) = self.columns.iter().find_map(|column| column.sandboxed.absent.as_deref()) {
            writeln!(out, "No row for the sandbox: {reason}.\n")?;
        }
        let slow = self.columns.iter().flat_map(|column| {
            let fewer = |row: &(usize, &'static Peer)| column.rows[row.0].timing.events < self.events.len();
            let said = |(place, peer): (usize, &'static Peer)| {
                format!("{} {} on {}", peer.id, thousands(column.size), thousands(column.rows[place].timing.events))
            };
            self.peers().filter(fewer).map(said).collect::<Vec<_>>()
        });
        let slow: Vec<String> = slow.collect();
        if !slow.is_empty() {
            writeln!(
                out,
                "Slow ones got fewer events, evenly from the whole file (rules on events): {}.\n",
                slow.join("; ")
            )?;
        }
        Ok(())
    }

    fn agreement(&self, out: &mut Formatter<'_>) -> Result {
        let total = self.check.first().map_or(0, |check| check.rules);
        writeln!(
            out,
            "Do they count the same? Rules said, and of these, rules on which the counts differ from Oxpecker's:\n"
        )?;
        write!(out, "| engine | {total} conditions without calls |")?;
        self.columns.iter().try_for_each(|column| write!(out, " {} rules |", thousands(column.size)))?;
        writeln!(out, "\n|---|--:|{}", "--:|".repeat(self.columns.len()))?;
        for (place, peer) in self.peers().skip(1) {
            let compared = |found: &Agreement| format!("{} / {}", thousands(found.expressed), found.differing.len());
            write!(out, "| {} | {} |", peer.id, compared(&self.check[place]))?;
            self.columns.iter().try_for_each(|column| write!(out, " {} |", compared(&column.rows[place].agreement)))?;
            writeln!(out)?;
        }
        writeln!(out)?;
        for (place, peer) in self.peers().skip(1) {
            let found = std::iter::once(&self.check[place]);
            for found in found.chain(self.columns.iter().map(|column| &column.rows[place].agreement)) {
                differing(out, peer, found)?;
            }
        }
        Ok(())
    }
}

impl Display for Report<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        self.head(out)?;
        self.table(out)?;
        self.notes(out)?;
        self.agreement(out)
    }
}

fn differing(out: &mut Formatter<'_>, peer: &Peer, found: &Agreement) -> Result {
    let Some((id, ..)) = found.differing.first() else { return Ok(()) };
    let set =
        if id.starts_with("check") { "conditions".to_owned() } else { format!("{} rules", thousands(found.rules)) };
    let named = found.differing.iter().take(NAMED);
    let named: Vec<String> = named.map(|(id, theirs, ours)| format!("`{id}` {theirs}, not {ours}")).collect();
    let more = found.differing.len() - named.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    writeln!(out, "- {}, {set}, {} events: {}{more}", peer.id, thousands(found.events), named.join("; "))
}

fn cell(column: &Column, timing: &Timing) -> String {
    let ours = column.rows.first().and_then(|row| row.timing.median());
    let (Some(theirs), Some(ours)) = (timing.median(), ours) else { return String::new() };
    format!("{} ({}×)", figures(theirs), figures(theirs / ours))
}

/// Some three figures that count.
fn figures(value: f64) -> String {
    match value {
        value if value >= 1000.0 => thousands((value / 10.0).round() as usize * 10),
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value if value >= 0.1 => format!("{value:.2}"),
        value => format!("{value:.3}"),
    }
}

fn duration(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds >= 1.0 => format!("{seconds:.1} s"),
        seconds => format!("{:.0} ms", seconds * 1000.0),
    }
}

fn percent(part: usize, whole: usize) -> String {
    format!("{:.0} %", 100.0 * part as f64 / whole as f64)
}

fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(",")
}

/// The version of a crate that was built in.
fn version(package: &str) -> &'static str {
    let head = format!("name = \"{package}\"");
    let mut lines = include_str!("../Cargo.lock").lines().skip_while(move |line| *line != head);
    lines.nth(1).and_then(|line| line.split('"').nth(1)).unwrap_or("?")
}

/// What stands behind a name in a file of `name : value` lines.
fn first_line(file: &str, name: &str) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name)).and_then(|line| line.split_once(':'));
    line.map_or_else(|| "unknown processor".to_owned(), |(_, value)| value.trim().to_owned())
}
