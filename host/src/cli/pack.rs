//! `oxpecker pack`: rules into the module, for log shippers.

use super::exit::Answer;
use super::lists::ListArgs;
use super::loaded::Loaded;
use super::rules::RuleFile;
use super::summary::count;
use super::{out, rules};
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use oxpecker::pack::fluent_bit::{self, Format};
use oxpecker::pack::{self, Manifest, Mode, Options, PackError, Packed, RuleEntry, Shape, WhenBroken};
use oxpecker::sandbox::Module;
use oxpecker_engine::rule::{Limits, TagTypes, duration};
use std::borrow::Cow;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Put rules into the module: one file for a log shipper, with nothing beside it.
///
/// The rules are checked, compiled and loaded ahead of time. The same input gives the same bytes. With --config the
/// configuration that goes with the pack is printed.
///
/// Exit status: 0, 1 if the rules have errors, 2 if a file cannot be read or written.
#[derive(Args)]
#[command(after_help = "Examples:\n  oxpecker pack --rules my-rules/ -o detect.wasm\n  \
    oxpecker pack -o detect.wasm --config fluent-bit --sources 'logs.*' > fluent-bit.conf")]
pub(crate) struct Opts {
    /// A rule file or folder; may be repeated. Without it the shipped rules
    #[arg(long, value_name = "PATH")]
    rules: Vec<PathBuf>,
    #[command(flatten)]
    lists: ListArgs,
    /// Where the pack is written
    #[arg(long, short, value_name = "FILE", required_unless_present = "config")]
    output: Option<PathBuf>,
    /// Alerts from a copy of the stream, or records in the stream with a note of what matches
    #[arg(long, value_name = "MODE", value_parser = choice(Mode::ALL, Mode::as_str), default_value = "alerts")]
    mode: String,
    /// The form of alerts
    #[arg(long, value_name = "SHAPE", value_parser = choice(Shape::ALL, Shape::as_str), default_value = "alert")]
    shape: String,
    /// Tell alerts again when their count has doubled and when their window has closed
    #[arg(long)]
    updates: bool,
    /// What becomes of records where nothing can be detected: by default a copy is dropped, and the stream passes
    #[arg(long, value_name = "WAY", value_parser = choice(WhenBroken::ALL, WhenBroken::as_str), default_value = "default")]
    when_broken: String,
    /// The most memory that it may take, such as 128MiB
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "256MiB")]
    memory: u64,
    /// The type of events whose tag has this form; may be repeated, goes over `event_types` of rule files
    #[arg(long = "tag-type", value_name = "TAG=TYPE", value_parser = tag_type)]
    tag_types: Vec<(String, String)>,
    /// Warn of windows longer than this: a reload of the shipper empties them
    #[arg(long, value_name = "TIME", value_parser = span, default_value = "4h")]
    warn_window: u64,
    /// Leave the rules' tests out of the file; its self-test is shorter then
    #[arg(long)]
    no_tests: bool,
    /// Print the configuration for this shipper on standard output
    #[arg(long, value_enum, value_name = "SHIPPER")]
    config: Option<Shipper>,
    /// In which syntax the configuration is printed
    #[arg(long, value_enum, value_name = "SYNTAX", default_value = "classic", requires = "config")]
    syntax: Syntax,
    /// The tags of the records to look at, for the configuration
    #[arg(long, value_name = "PATTERN", value_parser = sources, default_value = "logs.*", requires = "config")]
    sources: String,
    /// Use this module instead of the one inside this program
    #[arg(long, value_name = "FILE", hide = true)]
    module: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Shipper {
    FluentBit,
}

#[derive(Clone, Copy, ValueEnum)]
enum Syntax {
    Classic,
    Yaml,
}

impl Opts {
    pub(crate) fn run(self) -> Result<Answer> {
        let files = named_by_content(rules::read(&self.rules)?, &self.rules);
        let lists = self.lists.read()?;
        let loaded = Loaded::new(files.clone(), lists.values(), &Limits::default());
        let errors = loaded.show_errors();
        if errors > 0 {
            out::say(&format!("{} in the rules: nothing was packed", count(errors as u64, "error")));
            return Ok(Answer::No);
        }
        if loaded.set.rules.is_empty() {
            bail!("no rule is in force: there is nothing to pack");
        }
        let request = rules::load_request(files, &lists, None);
        let wasm = self.module_bytes()?;
        let bytes = match pack::build(&wasm, &request, &loaded.set, &self.options()) {
            Ok(bytes) => bytes,
            Err(PackError::Rules(problems)) => {
                problems.iter().for_each(|problem| out::complain(&problem.to_string()));
                return Ok(Answer::No);
            }
            // By its own name it is told as a fault of ours.
            Err(PackError::Sandbox(error)) => return Err(error.into()),
            Err(error) => return Err(error.into()),
        };
        let packed = Packed::from_bytes(&bytes)?;
        self.warn_of_windows(&packed.manifest);
        if let Some(path) = &self.output {
            write(path, &bytes)?;
            announce(&packed, path);
        }
        self.print_configuration(&packed.manifest)?;
        Ok(Answer::Yes)
    }

    fn module_bytes(&self) -> Result<Cow<'static, [u8]>> {
        match &self.module {
            Some(path) => {
                let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
                Ok(Cow::Owned(bytes))
            }
            None => Ok(Cow::Borrowed(Module::shipped_bytes()?)),
        }
    }

    fn options(&self) -> Options {
        Options {
            mode: chosen(Mode::ALL, Mode::as_str, &self.mode).unwrap_or(Mode::Alerts),
            shape: chosen(Shape::ALL, Shape::as_str, &self.shape).unwrap_or(Shape::Alert),
            updates: self.updates,
            when_broken: chosen(WhenBroken::ALL, WhenBroken::as_str, &self.when_broken).unwrap_or(WhenBroken::Default),
            memory: self.memory,
            event_types: self.tag_types.clone(),
            tests: !self.no_tests,
        }
    }

    fn warn_of_windows(&self, manifest: &Manifest) {
        let long = manifest.rules.iter().filter(|rule| rule.window_seconds > self.warn_window);
        let (many, once): (Vec<&RuleEntry>, Vec<&RuleEntry>) = long.partition(|rule| rule.threshold > 1);
        for (rules, what) in [(many, "can be missed"), (once, "can come twice")] {
            if let [first, ..] = rules.as_slice() {
                out::say(&format!(
                    "warning: {} longer than {}, such as that of {}: a reload of the shipper empties windows, so an alert {what}",
                    count(rules.len() as u64, "window"),
                    duration::written(self.warn_window),
                    first.id
                ));
            }
        }
    }

    fn print_configuration(&self, manifest: &Manifest) -> Result<()> {
        let Some(Shipper::FluentBit) = self.config else { return Ok(()) };
        let format = match self.syntax {
            Syntax::Classic => Format::Classic,
            Syntax::Yaml => Format::Yaml,
        };
        let path = self.output.as_deref().unwrap_or(Path::new("detect.wasm"));
        let mut stdout = out::stdout();
        let text = fluent_bit::configuration(manifest, &path.display().to_string(), &self.sources, format);
        stdout.write_all(text.as_bytes())?;
        Ok(out::finish(stdout)?)
    }
}

/// Rule files named from the paths that were given on: where they lie on this machine is not to decide the pack's bytes.
fn named_by_content(files: Vec<RuleFile>, given: &[PathBuf]) -> Vec<RuleFile> {
    let short = |file: RuleFile| {
        let path = Path::new(&file.name);
        let inside = given.iter().find_map(|given| path.strip_prefix(given).ok());
        let name = match inside {
            Some(rest) if rest.as_os_str().is_empty() => path.file_name().map(PathBuf::from),
            Some(rest) => Some(rest.to_owned()),
            None => None,
        };
        RuleFile { name: name.map_or(file.name.clone(), |name| name.display().to_string()), ..file }
    };
    files.into_iter().map(short).collect()
}

/// Writes beside the file and moves over it, so that a shipper never loads half a pack.
fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let cannot = || format!("cannot write {}", path.display());
    if !folder.is_dir() {
        bail!("{}: there is no folder {}", cannot(), folder.display());
    }
    let mut file = tempfile::Builder::new().prefix(".oxpecker-pack-").tempfile_in(folder).with_context(cannot)?;
    file.write_all(bytes).with_context(cannot)?;
    readable(file.as_file()).with_context(cannot)?;
    file.persist(path).with_context(cannot)?;
    Ok(())
}

/// Temporary files are their owner's alone; a shipper often runs as another user.
#[cfg(unix)]
fn readable(file: &fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_: &fs::File) -> std::io::Result<()> {
    Ok(())
}

fn announce(packed: &Packed, path: &Path) {
    let manifest = &packed.manifest;
    out::say(&format!(
        "{}: {} in {} KiB, pack {}",
        path.display(),
        count(manifest.rules.len() as u64, "rule"),
        packed.size / 1024,
        manifest.pack.get(..12).unwrap_or_default()
    ));
    if manifest.mode == Mode::Annotate {
        out::say(
            "warning: in the mode `annotate` the pack stands in the way of the log: a record that it fails on is dropped by \
             Fluent Bit",
        );
    }
}

fn choice<T: Copy>(all: &[T], name: fn(T) -> &'static str) -> clap::builder::PossibleValuesParser {
    all.iter().map(|value| name(*value)).collect::<Vec<_>>().into()
}

fn chosen<T: Copy>(all: &[T], name: fn(T) -> &'static str, text: &str) -> Option<T> {
    all.iter().copied().find(|value| name(*value) == text)
}

fn size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.get(digits.len()..).unwrap_or_default().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        _ => return Err("a size is written as 128MiB or 1GiB".to_owned()),
    };
    let bytes = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    match bytes {
        Some(bytes) if (pack::LEAST_MEMORY..=4 << 30).contains(&bytes) => Ok(bytes),
        _ => Err("a pack takes from 16MiB to 4GiB of memory".to_owned()),
    }
}

fn tag_type(text: &str) -> Result<(String, String), String> {
    let (pattern, kind) = text.split_once('=').ok_or("this is written as TAG=TYPE, such as kube.audit.*=kubernetes")?;
    if !TagTypes::is_pattern(pattern) || kind.is_empty() {
        return Err("a tag has no blanks, and a type is not empty".to_owned());
    }
    Ok((pattern.to_owned(), kind.to_owned()))
}

fn span(text: &str) -> Result<u64, String> {
    duration::parse(text).ok_or_else(|| "a time is written as 90s, 15m, 4h or 7d".to_owned())
}

fn sources(text: &str) -> Result<String, String> {
    if text == "*" || fluent_bit::takes_own_copies(text) {
        return Err("copies would be copied again: name the tags of your inputs, such as logs.*".to_owned());
    }
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || ".*_-".contains(c));
    if plain && !text.is_empty() { Ok(text.to_owned()) } else { Err("tags hold letters, digits and . _ -".to_owned()) }
}
