//! From the paths that a user names to inputs, in an order that does not depend on the file system.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Something to read events from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Input {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => f.write_str("-"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// What a walk found.
#[derive(Debug, Default)]
pub struct Walk {
    /// The inputs, in order.
    pub inputs: Vec<Input>,
    /// What was found and is not read, and why.
    pub notes: Vec<WalkNote>,
}

/// Something that a walk did not make an input of.
#[derive(Debug, PartialEq, Eq)]
pub struct WalkNote {
    /// What.
    pub path: PathBuf,
    /// Why.
    pub why: PassedOver,
}

/// Why a walk passed over something.
#[derive(Debug, PartialEq, Eq)]
pub enum PassedOver {
    /// A `CloudTrail-Digest` folder: hashes of log files, no events. With the number of files in it.
    Digests(u64),
    /// A name that cannot hold events: documents, programs, S3's folder markers.
    NoEvents,
    /// A link to a folder: followed only when named itself, for it may lead in a circle.
    LinkedFolder,
    /// A folder in which nothing to read was found.
    EmptyFolder,
    /// A link that leads nowhere.
    BrokenLink,
    /// A socket, pipe or device: opening one of those in a folder could wait for ever.
    NoFile,
}

impl fmt::Display for PassedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digests(files) => write!(f, "CloudTrail digest folder with {files} files, no events"),
            Self::NoEvents => f.write_str("by its name no file of events"),
            Self::LinkedFolder => f.write_str("a link to a folder"),
            Self::EmptyFolder => f.write_str("no files to read in it"),
            Self::BrokenLink => f.write_str("a link that leads nowhere"),
            Self::NoFile => f.write_str("no file: a socket, pipe or device"),
        }
    }
}

/// A path that does not lead anywhere.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {error}", path = path.display())]
pub struct WalkError {
    /// The path as given.
    pub path: PathBuf,
    /// Why it cannot be read.
    pub error: io::Error,
}

/// Endings of files that hold no events, skipped in folders only: a file that is named itself is always read.
const NO_EVENTS: &[&str] = &[
    "md", "rst", "html", "htm", "css", "pdf", "png", "jpg", "jpeg", "gif", "svg", "py", "sh", "rs", "js", "ts", "go",
    "java", "yaml", "yml", "toml", "lock", "wasm", "so", "dll", "exe",
];

/// The inputs under `paths`: files as named, `-` as standard input, folders with all below them in order of name.
pub fn walk(paths: &[PathBuf]) -> Result<Walk, WalkError> {
    let mut found = Walk::default();
    for path in paths {
        if path.as_os_str() == "-" {
            found.inputs.push(Input::Stdin);
            continue;
        }
        let metadata = std::fs::metadata(path).map_err(|error| WalkError { path: path.clone(), error })?;
        if metadata.is_dir() {
            let before = found.inputs.len();
            found.folder(path);
            if found.inputs.len() == before {
                found.note(path, PassedOver::EmptyFolder);
            }
        } else {
            found.inputs.push(Input::File(path.clone()));
        }
    }
    Ok(found)
}

impl Walk {
    fn note(&mut self, path: &Path, why: PassedOver) {
        self.notes.push(WalkNote { path: path.to_owned(), why });
    }

    /// Walks a folder without recursion: a path may be as deep as the system lets it.
    fn folder(&mut self, root: &Path) {
        let mut todo = vec![root.to_owned()];
        while let Some(path) = todo.pop() {
            if path != root && !path.is_dir() {
                self.inputs.push(Input::File(path));
                continue;
            }
            if path.file_name().is_some_and(|name| name == "CloudTrail-Digest") {
                let files = count_files(&path);
                self.note(&path, PassedOver::Digests(files));
                continue;
            }
            match sorted(&path) {
                Ok(mut entries) => {
                    entries.retain(|entry| self.is_wanted(entry));
                    // The last pushed is the first taken.
                    todo.extend(entries.into_iter().rev());
                }
                // Reading it fails as listing did, so it is told and counted like a file that cannot be read.
                Err(_) => self.inputs.push(Input::File(path)),
            }
        }
    }

    fn is_wanted(&mut self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') {
            return false;
        }
        if path.is_dir() {
            if path.is_symlink() {
                self.note(path, PassedOver::LinkedFolder);
            }
            return !path.is_symlink();
        }
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let marker = name.ends_with("_$folder$") || name == "_SUCCESS" || name == "ConfigWritabilityCheckFile";
        let passed_over =
            if marker || NO_EVENTS.contains(&ending.as_str()) { Some(PassedOver::NoEvents) } else { no_file(path) };
        let wanted = passed_over.is_none();
        if let Some(why) = passed_over {
            self.note(path, why);
        }
        wanted
    }
}

/// Why something in a folder is no file to read. What cannot be looked at may be one: reading it tells why it cannot be.
fn no_file(path: &Path) -> Option<PassedOver> {
    match std::fs::metadata(path) {
        Ok(metadata) => (!metadata.is_file()).then_some(PassedOver::NoFile),
        Err(error) => (error.kind() == io::ErrorKind::NotFound).then_some(PassedOver::BrokenLink),
    }
}

fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut entries = std::fs::read_dir(folder)?.map(|e| e.map(|e| e.path())).collect::<io::Result<Vec<_>>>()?;
    entries.sort();
    Ok(entries)
}

fn count_files(folder: &Path) -> u64 {
    let mut todo = vec![folder.to_owned()];
    let mut files = 0;
    while let Some(path) = todo.pop() {
        for entry in sorted(&path).unwrap_or_default() {
            if entry.is_dir() && !entry.is_symlink() {
                todo.push(entry);
            } else {
                files += 1;
            }
        }
    }
    files
}
