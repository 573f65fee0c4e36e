//! `oxpecker doctor`: whether a shipper's configuration is safe.

use super::exit::Answer;
use super::out;
use super::out::Form;
use super::summary::count;
use anyhow::{Context, Result, anyhow};
use clap::Args;
use oxpecker::doctor::{self, Circumstances, Finding, Level};
use oxpecker::render::safe;
use serde_json::json;
use std::fmt::Write as _;
use std::io::Write;
use std::path::PathBuf;

/// Check a configuration of Fluent Bit for what loses records or alerts in silence.
///
/// Both syntaxes are read. Relative paths in it are taken from the working directory, as Fluent Bit does. Each finding is
/// explained in docs/fluent-bit.md.
///
/// Exit status: 0 if nothing is lost, 1 if there is an error, 2 if the file cannot be read.
#[derive(Args)]
#[command(after_help = "Example:\n  oxpecker doctor --fluent-bit 5.1.1 /etc/fluent-bit/fluent-bit.conf")]
pub(crate) struct Opts {
    /// The configuration
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Which Fluent Bit runs it, as `fluent-bit --version` says
    #[arg(long, value_name = "VERSION", value_parser = version)]
    fluent_bit: Option<(u32, u32, u32)>,
    /// Let warnings fail the check as errors do
    #[arg(long)]
    deny_warnings: bool,
    /// How findings are shown
    #[arg(long, value_name = "FORM", default_value = "text")]
    output: Form,
}

impl Opts {
    pub(crate) fn run(self) -> Result<Answer> {
        let name = self.file.display().to_string();
        let text = std::fs::read_to_string(&self.file).with_context(|| format!("cannot read {name}"))?;
        let config = doctor::read(&text).map_err(|error| anyhow!("{name}: {error}"))?;
        // Where it is run stands for where Fluent Bit is.
        let circumstances = Circumstances { version: self.fluent_bit, working: None, beside: self.file.parent() };
        let findings = doctor::examine(&config, &circumstances);
        let mut stdout = out::stdout();
        match self.output {
            Form::Json => {
                let text = format!("{:#}\n", json!({"file": name, "findings": findings}));
                stdout.write_all(&out::json(text.as_bytes()))?;
            }
            Form::Text => stdout.write_all(as_text(&name, &findings).as_bytes())?,
        }
        out::finish(stdout)?;
        let of = |level| findings.iter().filter(|finding| finding.level == level).count();
        let (errors, warnings) = (of(Level::Error), of(Level::Warning));
        out::say(&format!("{}, {}", count(errors as u64, "error"), count(warnings as u64, "warning")));
        Ok(Answer::from_bool(errors == 0 && !(self.deny_warnings && warnings > 0)))
    }
}

fn as_text(name: &str, findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let level = match finding.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "note",
        };
        let place = if finding.line > 0 { format!("{name}:{}", finding.line) } else { name.to_owned() };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{level}[{}]: {}\n --> {}", finding.code, safe(&finding.message), safe(&place));
        let _ = writeln!(text, "help: {}\n", safe(&finding.help));
    }
    text
}

/// `5.1.1`, or what `fluent-bit --version` prints: `Fluent Bit v5.1.1`.
fn version(text: &str) -> Result<(u32, u32, u32), String> {
    let wrong = || "a version is written as 5.1.1".to_owned();
    let numbers = text.trim().rsplit([' ', 'v']).next().unwrap_or_default();
    let parts: Vec<u32> = numbers.split('.').map(|part| part.parse().map_err(|_| wrong())).collect::<Result<_, _>>()?;
    match parts.as_slice() {
        [major, minor, patch] => Ok((*major, *minor, *patch)),
        [major, minor] => Ok((*major, *minor, 0)),
        _ => Err(wrong()),
    }
}
