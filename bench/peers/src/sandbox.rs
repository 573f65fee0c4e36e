//! Oxpecker in its sandbox, as `oxpecker bench` measures it.

use crate::measure::Timing;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// The command for one rule set, and what it has measured so far.
pub struct Sandbox {
    command: Command,
    pub timing: Timing,
    /// Why there are no numbers, where there are none.
    pub absent: Option<String>,
}

impl Sandbox {
    pub fn new(cli: &Path, rules: &Path, events: &Path) -> Self {
        let mut command = Command::new(cli);
        command.arg("bench").arg("--rules").arg(rules).arg(events).args(["--output", "json"]);
        Self { command, timing: Timing::new(0), absent: None }
    }

    /// One round more, unless there was none before.
    pub fn measure(&mut self) {
        if self.absent.is_some() {
            return;
        }
        match run(&mut self.command) {
            Ok(microseconds) => self.timing.push(microseconds),
            Err(reason) => self.absent = Some(reason),
        }
    }
}

fn run(command: &mut Command) -> Result<f64, String> {
    let output = command.output().map_err(|error| format!("{}: {error}", command.get_program().display()))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(format!("`oxpecker bench` failed: {}", text.lines().next().unwrap_or_default()));
    }
    let json = serde_json::from_slice(&output.stdout).map_err(|error| format!("`oxpecker bench`: {error}"))?;
    microseconds(&json).ok_or_else(|| "`oxpecker bench` names no time an event in the sandbox".to_owned())
}

/// Microseconds an event in the sandbox with one worker, from what `oxpecker bench --output json` prints.
fn microseconds(report: &Value) -> Option<f64> {
    report.pointer("/sandbox/us_per_event").or_else(|| report.get("us_per_event"))?.as_f64()
}
