//! `oxpecker inspect`: what a pack holds, what it needs, and whether it works.

use super::exit::Answer;
use super::out;
use super::out::Form;
use super::summary::count;
use anyhow::Result;
use clap::Args;
use oxpecker::pack::self_test::{self, Trial};
use oxpecker::pack::{Compiled, Manifest, Packed};
use oxpecker::render::safe;
use oxpecker_engine::rule::duration;
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;
use std::path::PathBuf;

/// Show what a pack holds: rules, hashes, exports, limits, and the settings that it wants.
///
/// Exit status: 0, 1 if the self-test fails, 2 if the file is no pack.
#[derive(Args)]
#[command(after_help = "Example:\n  oxpecker pack -o detect.wasm && oxpecker inspect --self-test detect.wasm")]
pub(crate) struct Opts {
    /// The pack, or what WAMR's compiler made of it
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Call it as a log shipper does, with good records and bad ones, and run the tests of its rules
    #[arg(long)]
    self_test: bool,
    /// How it is shown
    #[arg(long, value_name = "FORM", default_value = "text")]
    output: Form,
}

impl Opts {
    pub(crate) fn run(self) -> Result<Answer> {
        let (packed, bytes) = Packed::from_file(&self.file)?;
        let trials = if self.self_test { Some(self_test::run(&packed, &bytes)?) } else { None };
        let mut stdout = out::stdout();
        match self.output {
            Form::Json => {
                let text = format!("{:#}\n", as_json(&packed, trials.as_deref()));
                stdout.write_all(&out::json(text.as_bytes()))?;
            }
            Form::Text => stdout.write_all(as_text(&packed, trials.as_deref()).as_bytes())?,
        }
        out::finish(stdout)?;
        let failed = trials.iter().flatten().any(|trial| trial.failure.is_some());
        Ok(Answer::from_bool(!failed))
    }
}

fn as_json(packed: &Packed, trials: Option<&[Trial]>) -> serde_json::Value {
    // Of machine code these are not known.
    let of_module = packed.compiled.is_none();
    json!({
        "manifest": packed.manifest,
        "compiled": packed.compiled,
        "sha256": packed.sha256,
        "size": packed.size,
        "memory": of_module.then_some(packed.memory),
        "memory_limit": packed.memory_limit,
        "exports": of_module.then_some(&packed.exports),
        "features": of_module.then_some(&packed.features),
        "tests": (!packed.old_tests).then_some(packed.tests.len()),
        "self_test": trials,
    })
}

/// Lines of a name and what is to say of it.
struct Lines(String);

impl Lines {
    fn line(&mut self, name: &str, value: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "{name:<14}{}", safe(value));
    }
}

fn as_text(packed: &Packed, trials: Option<&[Trial]>) -> String {
    let manifest = &packed.manifest;
    let mut lines = Lines(String::new());
    lines.line("pack", &manifest.pack);
    lines.line("file", &format!("{} bytes, SHA-256 {}", packed.size, packed.sha256));
    lines.line("engine", &format!("{}, module {}", manifest.engine, manifest.module_sha256));
    match &packed.compiled {
        None => module_lines(packed, &mut lines),
        Some(Compiled { format, target, simd }) => {
            let simd = if *simd { ", with SIMD (not in Fluent Bit)" } else { "" };
            lines.line("compiled", &format!("ahead of time for {target}, WAMR's AOT format {format}{simd}"));
        }
    }
    lines.line(
        "mode",
        &format!("{}, alerts as {}{}", manifest.mode.as_str(), manifest.shape.as_str(), updates(manifest)),
    );
    lines.line("when broken", manifest.when_broken.as_str());
    for (tag, kind) in &manifest.event_types {
        lines.line("event type", &format!("{kind} where the tag is {tag}"));
    }
    for file in &manifest.files {
        lines.line("rule file", &format!("{} {}", file.sha256.get(..16).unwrap_or_default(), file.name));
    }
    rule_lines(manifest, packed, &mut lines);
    settings_lines(manifest, &mut lines);
    for export in &packed.exports {
        let signature = export.signature.as_deref().unwrap_or_default();
        lines.line("export", &format!("{} {}{signature}", export.kind, export.name));
    }
    for trial in trials.into_iter().flatten() {
        match &trial.failure {
            None => lines.line("ok", &trial.what),
            Some(failure) => lines.line("FAILED", &format!("{}: {failure}", trial.what)),
        }
    }
    lines.0
}

fn module_lines(packed: &Packed, lines: &mut Lines) {
    let limit = packed.memory_limit.map_or("no limit".to_owned(), |limit| format!("at most {}", mebibytes(limit)));
    lines.line("memory", &format!("{} at the start, {limit}", mebibytes(packed.memory)));
    let features: Vec<String> = packed
        .features
        .iter()
        .map(|feature| format!("{}{}", feature.name, if feature.in_fluent_bit { "" } else { " (not in Fluent Bit)" }))
        .collect();
    lines.line("needs", &features.join(", "));
}

fn updates(manifest: &Manifest) -> &'static str {
    if manifest.updates { ", told again when they go on and close" } else { "" }
}

fn rule_lines(manifest: &Manifest, packed: &Packed, lines: &mut Lines) {
    let mut sets: BTreeMap<&str, usize> = BTreeMap::new();
    for rule in &manifest.rules {
        *sets.entry(rule.ruleset.as_str()).or_default() += 1;
    }
    for (name, rules) in sets {
        lines.line("rule set", &format!("{name}: {}", count(rules as u64, "rule")));
    }
    let tests = if packed.old_tests {
        "tests of an earlier version".to_owned()
    } else {
        count(packed.tests.len() as u64, "test")
    };
    lines.line("", &format!("{} switched off, {tests} inside", manifest.disabled));
    for rule in &manifest.rules {
        let shadow = if rule.shadow { ", in shadow" } else { "" };
        let what = format!(
            "{} {} severity {}, {} in {}{shadow}",
            rule.version,
            rule.id,
            rule.severity,
            rule.threshold,
            duration::written(rule.window_seconds)
        );
        lines.line("rule", &what);
    }
}

fn settings_lines(manifest: &Manifest, lines: &mut Lines) {
    let settings = &manifest.fluent_bit;
    lines.line("Fluent Bit", &format!("{} or newer", settings.minimum_version));
    lines.line("", &format!("function_name {}", settings.function_name));
    lines.line("", &format!("event_format {}", settings.event_format));
    lines.line("", &format!("wasm_stack_size {}", settings.wasm_stack_size));
}

fn mebibytes(bytes: u64) -> String {
    format!("{}.{} MiB", bytes >> 20, ((bytes & 0xf_ffff) * 10) >> 20)
}
