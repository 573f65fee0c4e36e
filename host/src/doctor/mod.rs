//! Whether a shipper's configuration is safe: each way in which Fluent Bit is known to lose records or alerts in silence is a
//! check here. Files that a configuration includes are not read.

mod checks;
mod classic;
mod config;
mod copies;
mod yaml;

pub use config::{Config, Kind, Property, Section};

use std::path::{Path, PathBuf};

/// Something that the configuration does, or does not.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// What it is called; see docs/fluent-bit.md.
    pub code: &'static str,
    /// How bad it is.
    pub level: Level,
    /// The line that it is about, from 1; 0 for the whole file.
    pub line: usize,
    /// What is so.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Records or alerts are lost.
    Error,
    /// They can be, under circumstances.
    Warning,
    /// What could not be looked at.
    Note,
}

/// What is known beside the file itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Circumstances<'a> {
    /// Fluent Bit's version, if known.
    pub version: Option<(u32, u32, u32)>,
    /// The folder in which Fluent Bit is started, from which it takes relative paths; that of this process if left out.
    pub working: Option<&'a Path>,
    /// The folder of the configuration.
    pub beside: Option<&'a Path>,
}

impl Circumstances<'_> {
    /// A path of the configuration as Fluent Bit opens it.
    fn opened(&self, path: &str) -> PathBuf {
        self.working.map_or_else(|| PathBuf::from(path), |folder| folder.join(path))
    }
}

/// Reads a configuration in either syntax.
///
/// # Errors
/// With a message that names the line, if it is neither.
pub fn read(text: &str) -> Result<Config, String> {
    // A classic file begins with a section; YAML has none of these.
    let classic = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    match classic {
        Some(line) if line.starts_with('[') || line.starts_with('@') => classic::read(text),
        Some(_) => yaml::read(text),
        None => Err("the file is empty".to_owned()),
    }
}

/// Everything that is to say of a configuration, the worst first.
#[must_use]
pub fn examine(config: &Config, circumstances: &Circumstances<'_>) -> Vec<Finding> {
    let mut findings = checks::all(config, circumstances);
    findings.extend(copies::all(config));
    findings.sort_by_key(|finding| (finding.level, finding.line));
    findings
}

#[cfg(test)]
mod tests;
