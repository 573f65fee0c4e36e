//! Where rules come from: files and folders, or the sets inside the program.

use super::loaded::Loaded;
use anyhow::{Context, Error, Result, anyhow, bail};
use oxpecker::lists::ListFiles;
use oxpecker::sandbox::{Document, LoadRequest};
use oxpecker_engine::rule::Limits;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// A rule file: its name, as messages give it, and its bytes.
#[derive(Clone)]
pub(crate) struct RuleFile {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// The rule sets inside the program: names and texts, in the order of the names.
static SHIPPED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/shipped.rs"));

/// The rule files of some paths, folders walked; without paths the shipped ones.
pub(crate) fn read(paths: &[PathBuf]) -> Result<Vec<RuleFile>> {
    let (files, failures) = read_each(paths);
    match failures.into_iter().next() {
        Some(failure) => Err(failure),
        None => Ok(files),
    }
}

/// The same for running them and nothing else: the shipped ones come without their tests.
pub(crate) fn read_to_run(paths: &[PathBuf]) -> Result<Vec<RuleFile>> {
    Ok(read(paths)?.into_iter().map(for_running).collect())
}

/// The same, going on where something cannot be read.
pub(crate) fn read_each(paths: &[PathBuf]) -> (Vec<RuleFile>, Vec<Error>) {
    if paths.is_empty() {
        return (shipped(), Vec::new());
    }
    let mut found = Found::default();
    for path in paths {
        let before = found.files.len() + found.failures.len();
        found.named(path);
        if found.files.len() + found.failures.len() == before {
            found.failures.push(anyhow!("no rule files (.yaml, .yml) in {}", path.display()));
        }
    }
    // An overlay alone tunes the shipped rules.
    if found.failures.is_empty() && !found.files.is_empty() && found.files.iter().all(|file| only_tunes(&file.bytes)) {
        found.files.splice(0..0, shipped());
    }
    (found.files, found.failures)
}

/// Whether a file holds an overlay and no rules.
fn only_tunes(bytes: &[u8]) -> bool {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    lines.clone().any(|line| line.starts_with(b"tune:")) && !lines.any(|line| line.starts_with(b"rules:"))
}

/// The shipped rule files.
pub(crate) fn shipped() -> Vec<RuleFile> {
    let file = |(name, text): &(&str, &str)| RuleFile { name: (*name).to_owned(), bytes: text.as_bytes().to_vec() };
    SHIPPED.iter().map(file).collect()
}

#[derive(Default)]
struct Found {
    files: Vec<RuleFile>,
    failures: Vec<Error>,
}

impl Found {
    /// A path that is named is read whatever its name.
    fn named(&mut self, path: &Path) {
        if path.as_os_str() == "-" {
            let mut bytes = Vec::new();
            let read = std::io::stdin().read_to_end(&mut bytes).map(|_| bytes);
            self.add("-".to_owned(), read.context("cannot read standard input"));
        } else if path.is_dir() {
            self.folder(path);
        } else {
            let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()));
            self.add(path.display().to_string(), bytes);
        }
    }

    fn add(&mut self, name: String, bytes: Result<Vec<u8>>) {
        match bytes {
            Ok(bytes) => self.files.push(RuleFile { name, bytes }),
            Err(failure) => self.failures.push(failure),
        }
    }

    /// In folders only YAML files are read, in the order of their names.
    fn folder(&mut self, path: &Path) {
        match entries(path).with_context(|| format!("cannot read the folder {}", path.display())) {
            Ok(entries) => entries.iter().for_each(|entry| self.named(entry)),
            Err(failure) => self.failures.push(failure),
        }
    }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    entries.retain(|entry| {
        let hidden = entry.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let yaml =
            entry.extension().is_some_and(|ext| ext.eq_ignore_ascii_case("yaml") || ext.eq_ignore_ascii_case("yml"));
        // A link to a folder may lead in a circle.
        let folder = entry.is_dir() && !entry.is_symlink();
        !hidden && (folder || (yaml && !entry.is_dir()))
    });
    entries.sort();
    Ok(entries)
}

/// A request to load rule files of which none may have an error; those that do are shown.
pub(crate) fn request(files: Vec<RuleFile>, lists: &ListFiles, event_type: Option<String>) -> Result<LoadRequest> {
    let loaded = Loaded::new(files.clone(), lists.values(), &Limits::default());
    if loaded.show_errors() > 0 {
        bail!("the rules have errors");
    }
    Ok(load_request(files, lists, event_type))
}

/// A request to load rule files as they are.
pub(crate) fn load_request(files: Vec<RuleFile>, lists: &ListFiles, event_type: Option<String>) -> LoadRequest {
    // A file that is no text was reported by whoever read it, and holds no rules.
    let document = |file: RuleFile| Some(Document { name: file.name, text: String::from_utf8(file.bytes).ok()? });
    let documents = files.into_iter().map(for_running).filter_map(document).collect();
    let mut request = LoadRequest { documents, lists: lists.request(), event_type, ..LoadRequest::default() };
    // From the environment, not an option: others on the machine can read a command line.
    if let Ok(secret) = std::env::var(REDACTION_SECRET) {
        request.options.insert("redaction_secret".into(), secret.into());
    }
    request
}

/// A shipped file without its tests, any other file as it is.
fn for_running(file: RuleFile) -> RuleFile {
    let shipped = SHIPPED.iter().any(|(name, text)| *name == file.name && text.as_bytes() == file.bytes);
    if shipped { RuleFile { bytes: without_tests(&file.bytes), name: file.name } } else { file }
}

/// The text of a shipped file with the lines of its tests emptied: five sixths of it, which each instance of the sandbox
/// would read for nothing. Every other line stays where it is. Only for files written as the shipped ones are, with the
/// tests of a rule at its end.
fn without_tests(text: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(text.len());
    let mut tests = false;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        tests = line.starts_with(b"    tests:") || (tests && (line.starts_with(b"     ") || line == b"\n"));
        kept.extend_from_slice(if tests { b"\n" } else { line });
    }
    kept
}

/// Where the operator's secret for redacted values is.
const REDACTION_SECRET: &str = "OXPECKER_REDACTION_SECRET";

#[cfg(test)]
mod tests {
    use super::*;

    /// Each rule's id, version and number of tests.
    fn rules(files: Vec<RuleFile>) -> Vec<(String, String, usize)> {
        let loaded = Loaded::new(files, oxpecker_engine::rule::ListValues::default(), &Limits::default());
        assert!(loaded.files.iter().all(|file| file.problems.is_empty()));
        let rules = loaded.set.rules.into_iter().map(|collected| collected.rule);
        rules.map(|rule| (rule.id, rule.version, rule.tests.len())).collect()
    }

    #[test]
    fn the_shipped_rules_run_without_their_tests() {
        let whole = rules(shipped());
        let bare = rules(shipped().into_iter().map(for_running).collect());
        assert!(whole.iter().all(|(_, _, tests)| *tests > 1));
        assert_eq!(bare, whole.into_iter().map(|(id, version, _)| (id, version, 0)).collect::<Vec<_>>());
    }
}
