//! `oxpecker import`: other people's rules into ours, and a report of what became of each.

use super::exit::Answer;
use super::out::{self, Form};
use super::summary::count;
use anyhow::{Context, Error, Result, anyhow, bail};
use clap::{Args, Subcommand, ValueEnum};
use oxpecker::import::{self, Entry, Fields, Imported, Outcome, SigmaOptions, Source};
use oxpecker::render::safe;
use serde_json::json;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

/// Carry rules over from Threat Stack or Sigma: rule files out, and a report of what became of each rule.
///
/// What cannot be carried over stands in the output as a comment, with the reason. Every rule that is written has been
/// loaded.
///
/// Exit status: 0 if every rule was carried over, with a note or without, 1 if one was not, 2 if a path cannot be read
/// or a file cannot be written.
#[derive(Args)]
pub(crate) struct Opts {
    #[command(subcommand)]
    from: From,
}

#[derive(Subcommand)]
enum From {
    Threatstack(Threatstack),
    Sigma(Sigma),
}

/// Rules and rule sets as Threat Stack's API gives them, in JSON.
///
/// A rule set with rules inside, a list of rules, one rule, {"rules":[…]} or {"rulesets":[…]}, in one file or several. Each
/// rule set becomes a file; rules of none stay with their input.
#[derive(Args)]
#[command(after_help = "Example:\n  oxpecker import threatstack rulesets.json rules/ -o my-rules/")]
struct Threatstack {
    #[command(flatten)]
    common: Common,
}

/// Sigma rules, correlations and filters, in YAML.
///
/// Folders are walked. Each input file becomes a file. Correlations may count rules of other files.
#[derive(Args)]
#[command(after_help = "Examples:\n  oxpecker import sigma sigma/rules/cloud/aws/ -o my-rules/\n  \
    oxpecker import sigma --dry-run --output json sigma/rules/linux/ > report.json")]
struct Sigma {
    #[command(flatten)]
    common: Common,
    /// How fields are called
    #[arg(long, value_name = "NAMES", value_enum, default_value_t = Names::Mapped)]
    fields: Names,
    /// Look for keywords in this key; may be repeated. Without it in those of the rule's log source
    #[arg(long, value_name = "KEY")]
    keyword_key: Vec<String>,
}

#[derive(Args)]
struct Common {
    /// Files, or folders of them; `-` is standard input
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// The folder that the rule files go to
    #[arg(short = 'o', long = "out", value_name = "DIR", required_unless_present = "dry_run")]
    out: Option<PathBuf>,
    /// Write over files that are there
    #[arg(long)]
    force: bool,
    /// Write nothing, only say what would become of each rule
    #[arg(long)]
    dry_run: bool,
    /// How the report is printed
    #[arg(long, value_name = "FORM", default_value = "text")]
    output: Form,
}

#[derive(Clone, Copy, ValueEnum)]
enum Names {
    /// By our keys, where there is one: Image is exe
    Mapped,
    /// By the names that the rules give them
    Native,
}

impl Opts {
    pub(crate) fn run(self) -> Result<Answer> {
        match self.from {
            From::Threatstack(opts) => opts.common.run(&["json", "ndjson"], import::threatstack),
            From::Sigma(opts) => {
                let fields = match opts.fields {
                    Names::Mapped => Fields::Mapped,
                    Names::Native => Fields::Native,
                };
                let options = SigmaOptions { fields, keyword_keys: opts.keyword_key };
                opts.common.run(&["yml", "yaml"], |sources| import::sigma(sources, &options))
            }
        }
    }
}

impl Common {
    /// Reads, carries over, writes and reports.
    fn run(&self, endings: &[&str], import: impl FnOnce(&[Source]) -> Imported) -> Result<Answer> {
        let mut inputs = Inputs { endings, sources: Vec::new(), failures: Vec::new() };
        self.paths.iter().for_each(|path| inputs.named(path));
        inputs.failures.iter().for_each(|failure| out::complain(&format!("{failure:#}")));
        let imported = import(&inputs.sources);
        if let (Some(folder), false) = (&self.out, self.dry_run) {
            self.write(folder, &imported)?;
        }
        self.report(&imported)?;
        if !inputs.failures.is_empty() {
            bail!("{} could not be read", count(inputs.failures.len() as u64, "path"));
        }
        Ok(Answer::from_bool(imported.entries.iter().all(|entry| entry.outcome != Outcome::Not)))
    }

    /// Nothing is written if a file is there that must not be written over.
    fn write(&self, folder: &Path, imported: &Imported) -> Result<()> {
        let there: Vec<PathBuf> =
            imported.files.iter().map(|file| folder.join(&file.path)).filter(|path| path.exists()).collect();
        if let (Some(first), false) = (there.first(), self.force) {
            let others = if there.len() > 1 { format!(" and {} more", there.len() - 1) } else { String::new() };
            bail!("{}{others} would be written over; --force does that", first.display());
        }
        for file in &imported.files {
            let path = folder.join(&file.path);
            let parent = path.parent().unwrap_or(folder);
            fs::create_dir_all(parent).with_context(|| format!("cannot make the folder {}", parent.display()))?;
            fs::write(&path, &file.text).with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }

    fn report(&self, imported: &Imported) -> Result<()> {
        let mut out = out::stdout();
        let [carried, noted, not, skipped] = import::counts(&imported.entries);
        match self.output {
            Form::Text => imported.entries.iter().try_for_each(|entry| out.write_all(line(entry).as_bytes()))?,
            Form::Json => {
                let report = json!({
                    "carried_over": carried,
                    "carried_over_with_note": noted,
                    "not_carried_over": not,
                    "no_rule": skipped,
                    "files": imported.files.iter().map(|file| &file.path).collect::<Vec<_>>(),
                    "rules": imported.entries.iter().map(Entry::to_json).collect::<Vec<_>>(),
                });
                out.write_all(&out::json(format!("{report:#}\n").as_bytes()))?;
            }
        }
        out::finish(out)?;
        let rules = count((carried + noted + not) as u64, "rule");
        let skipped =
            if skipped > 0 { format!("; {} no rule", count(skipped as u64, "document")) } else { String::new() };
        out::say(&format!("{rules}: {carried} carried over, {noted} with a note, {not} not{skipped}"));
        let files = count(imported.files.len() as u64, "file");
        out::say(&match (&self.out, self.dry_run) {
            (Some(folder), false) => format!("{files} in {}", folder.display()),
            _ => format!("nothing was written; there would be {files}"),
        });
        Ok(())
    }
}

/// A rule's lines in the table.
fn line(entry: &Entry) -> String {
    let name = entry.id.as_deref().unwrap_or(&entry.name);
    let mut text = format!("{:<12}  {}  ({})\n", entry.outcome.as_str(), safe(name), safe(&entry.place()));
    for note in &entry.notes {
        text.push_str(&format!("{:14}{}\n", "", safe(note)));
    }
    text
}

/// What is read, in the order of the paths.
struct Inputs<'e> {
    endings: &'e [&'e str],
    sources: Vec<Source>,
    failures: Vec<Error>,
}

impl Inputs<'_> {
    /// A path that is named is read whatever its name.
    fn named(&mut self, path: &Path) {
        if path.as_os_str() == "-" {
            let mut bytes = Vec::new();
            let read = std::io::stdin().read_to_end(&mut bytes).map(|_| bytes);
            return self.add("-", "stdin".to_owned(), read.context("cannot read standard input"));
        }
        if path.is_dir() {
            let before = self.sources.len() + self.failures.len();
            self.folder(path, path);
            if self.sources.len() + self.failures.len() == before {
                let endings: Vec<String> = self.endings.iter().map(|ending| format!(".{ending}")).collect();
                self.failures.push(anyhow!("no files ({}) in {}", endings.join(", "), path.display()));
            }
            return;
        }
        let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        self.file(path, name);
    }

    /// In folders only files of the right endings are read, in the order of their names; a link to a folder may lead in
    /// a circle.
    fn folder(&mut self, root: &Path, folder: &Path) {
        let entries = fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
        let mut entries: Vec<PathBuf> = match entries {
            Ok(entries) => entries,
            Err(error) => {
                let error = Error::new(error).context(format!("cannot read the folder {}", folder.display()));
                return self.failures.push(error);
            }
        };
        entries.sort();
        for entry in entries {
            let hidden = entry.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
            let ending = entry.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
            if hidden {
                continue;
            } else if entry.is_dir() && !entry.is_symlink() {
                self.folder(root, &entry);
            } else if ending.is_some_and(|ending| self.endings.contains(&ending.as_str())) && !entry.is_dir() {
                let below = entry.strip_prefix(root).unwrap_or(&entry).with_extension("");
                let parts: Vec<String> = below.iter().map(|part| part.to_string_lossy().into_owned()).collect();
                self.file(&entry, parts.join("/"));
            }
        }
    }

    fn file(&mut self, path: &Path, below: String) {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()));
        self.add(&path.display().to_string(), below, bytes);
    }

    fn add(&mut self, name: &str, path: String, bytes: Result<Vec<u8>>) {
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).map_err(|_| anyhow!("{name} is not UTF-8")));
        match text {
            Ok(text) => self.sources.push(Source { name: name.to_owned(), path, text }),
            Err(failure) => self.failures.push(failure),
        }
    }
}
