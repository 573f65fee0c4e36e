//! List files: what `@name` stands for, kept apart from the rules that use it.
//!
//! The name of a list is its file's name without the ending, which says how it is written: `NAME.txt` one value a line,
//! `NAME.csv` keys with columns of values, `NAME.yaml` a list or a mapping.

use oxpecker_engine::language::expr::Value;
use oxpecker_engine::lists::{List, is_name};
use oxpecker_engine::problem::Diagnostic;
use oxpecker_engine::rule::{Limits, ListFormat, ListValues, read_list};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Why a path gave no list.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// It cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// Its name says nothing of how it is written.
    #[error("{} is no list file: their names end in .txt, .csv, .yaml or .yml", path.display())]
    Ending {
        /// The file.
        path: PathBuf,
    },
    /// Filters cannot use its name.
    #[error("{} cannot be used as @name: list files are named with letters, digits and _ - : @ $", path.display())]
    Name {
        /// The file.
        path: PathBuf,
    },
    /// A folder without list files.
    #[error("no list files (.txt, .csv, .yaml, .yml) in {}", path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// Two files are one list.
    #[error("two files for the list @{name}: {} and {}", first.display(), path.display())]
    Twice {
        /// The name of the list.
        name: String,
        /// The file that was read before.
        first: PathBuf,
        /// The other one.
        path: PathBuf,
    },
}

/// A list file, read.
#[derive(Debug, Clone)]
pub struct NamedList {
    /// What filters call it.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// The file's text, for showing places in it.
    pub text: String,
    /// The entries that could be read.
    pub list: List,
    /// Errors and warnings in the order of their places.
    pub problems: Vec<Diagnostic>,
}

/// The lists of some paths.
#[derive(Debug, Default)]
pub struct ListFiles {
    /// Those that could be read, in the order of the paths.
    pub files: Vec<NamedList>,
    /// What could not.
    pub failures: Vec<ListError>,
}

impl ListFiles {
    /// Reads files and folders; folders are walked, with their sub-folders, in the order of names.
    #[must_use]
    pub fn read(paths: &[PathBuf], limits: &Limits) -> Self {
        let mut all = Self::default();
        for path in paths {
            let before = all.files.len() + all.failures.len();
            if path.is_dir() {
                all.folder(path, limits);
            } else {
                all.file(path, limits);
            }
            if all.files.len() + all.failures.len() == before {
                all.failures.push(ListError::Empty { path: path.clone() });
            }
        }
        all
    }

    /// The lists by name, for the engine in this process.
    #[must_use]
    pub fn values(&self) -> ListValues {
        self.files.iter().map(|file| (file.name.clone(), file.list.clone())).collect()
    }

    /// The lists by name, for a [`LoadRequest`](crate::sandbox::LoadRequest).
    #[must_use]
    pub fn request(&self) -> BTreeMap<String, Box<RawValue>> {
        let raw = |list: &List| RawValue::from_string(json(list)).ok();
        self.files.iter().filter_map(|file| Some((file.name.clone(), raw(&file.list)?))).collect()
    }

    fn folder(&mut self, path: &Path, limits: &Limits) {
        let entries = fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut entries: Vec<PathBuf> = match entries {
            Ok(entries) => entries.into_iter().map(|entry| entry.path()).collect(),
            Err(error) => return self.failures.push(ListError::Io { path: path.to_owned(), error }),
        };
        entries.sort();
        for entry in entries {
            let hidden = entry.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
            if entry.is_dir() {
                // A link to a folder may lead in a circle.
                if !hidden && !entry.is_symlink() {
                    self.folder(&entry, limits);
                }
            } else if !hidden && format(&entry).is_some() {
                self.file(&entry, limits);
            }
        }
    }

    fn file(&mut self, path: &Path, limits: &Limits) {
        match self.named(path, limits) {
            Ok(list) => self.files.push(list),
            Err(error) => self.failures.push(error),
        }
    }

    fn named(&self, path: &Path, limits: &Limits) -> Result<NamedList, ListError> {
        let owned = || path.to_owned();
        let format = format(path).ok_or_else(|| ListError::Ending { path: owned() })?;
        let name = path.file_stem().and_then(|name| name.to_str()).filter(|name| is_name(name));
        let name = name.ok_or_else(|| ListError::Name { path: owned() })?.to_owned();
        if let Some(first) = self.files.iter().find(|file| file.name == name) {
            return Err(ListError::Twice { name, first: first.path.clone(), path: owned() });
        }
        let bytes = fs::read(path).map_err(|error| ListError::Io { path: owned(), error })?;
        let file = read_list(&bytes, format, limits);
        Ok(NamedList { name, path: owned(), text: file.text, list: file.list, problems: file.problems })
    }
}

/// How a file is written, by its name's ending.
fn format(path: &Path) -> Option<ListFormat> {
    match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "txt" => Some(ListFormat::Lines),
        "csv" => Some(ListFormat::Csv),
        "yaml" | "yml" => Some(ListFormat::Yaml),
        _ => None,
    }
}

/// A list as the ABI takes it. Numbers stay as they are written.
fn json(list: &List) -> String {
    use std::fmt::Write;
    let mut text = String::from("[");
    for (key, value) in list.entries() {
        if text.len() > 1 {
            text.push(',');
        }
        let key = match key {
            Value::Text(text) | Value::List(text) => serde_json::Value::from(text.as_str()).to_string(),
            Value::Number(number) => number.clone(),
            Value::Bool(value) => value.to_string(),
            Value::Null => "null".to_owned(),
        };
        // Writing to a String cannot fail.
        let _ =
            if value.is_null() { write!(text, "{key}") } else { write!(text, "{{\"key\":{key},\"value\":{value}}}") };
    }
    text.push(']');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        folder
    }

    fn read(folder: &tempfile::TempDir) -> ListFiles {
        ListFiles::read(&[folder.path().to_owned()], &Limits::default())
    }

    #[test]
    fn a_folder_gives_a_list_for_each_file_that_is_one() {
        let folder = folder(&[
            ("b.txt", "root\n10.0.0.0/8\n"),
            ("sub/a.csv", "id,owner\n1,\"x\"\n"),
            ("c.yml", "[1e400, 12345678901234567890123, true]"),
            ("README.md", "nothing"),
            (".hidden.txt", "x"),
        ]);
        let lists = read(&folder);
        assert!(lists.failures.is_empty(), "{:?}", lists.failures);
        let texts: Vec<_> = lists.request().into_iter().map(|(name, raw)| format!("{name} {}", raw.get())).collect();
        assert_eq!(
            texts,
            [
                r#"a [{"key":"1","value":{"owner":"x"}}]"#,
                r#"b ["root","10.0.0.0/8"]"#,
                "c [1e400,12345678901234567890123,true]"
            ]
        );
    }

    #[test]
    fn what_cannot_be_a_list_is_told() {
        let folder = folder(&[("a.txt", "x"), ("a.csv", "x"), ("b c.txt", "x")]);
        let lists = read(&folder);
        assert!(
            matches!(lists.failures[..], [ListError::Twice { .. }, ListError::Name { .. }]),
            "{:?}",
            lists.failures
        );
        let missing = [folder.path().join("no.txt"), folder.path().join("no.md")];
        let failures = ListFiles::read(&missing, &Limits::default()).failures;
        assert!(matches!(failures[..], [ListError::Io { .. }, ListError::Ending { .. }]), "{failures:?}");
    }
}
