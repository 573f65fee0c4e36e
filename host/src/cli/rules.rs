//! Where rules come from: files and folders, or the sets inside the program.

use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// A rule file: its name, as messages give it, and its bytes.
pub(crate) struct RuleFile {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// The rule sets inside the program.
const SHIPPED: &[(&str, &str)] = &[
    ("rules/cloudtrail/ecr.yaml", include_str!("../../../rules/cloudtrail/ecr.yaml")),
    ("rules/cloudtrail/ssm.yaml", include_str!("../../../rules/cloudtrail/ssm.yaml")),
];

/// The rule files of some paths, folders walked; without paths the shipped ones.
pub(crate) fn read(paths: &[PathBuf]) -> Result<Vec<RuleFile>> {
    if paths.is_empty() {
        return Ok(shipped());
    }
    let mut files = Vec::new();
    for path in paths {
        collect(path, &mut files)?;
    }
    if files.is_empty() {
        bail!("no rule files (.yaml, .yml) in {}", list(paths));
    }
    Ok(files)
}

/// The shipped rule files.
pub(crate) fn shipped() -> Vec<RuleFile> {
    let file = |(name, text): &(&str, &str)| RuleFile { name: (*name).to_owned(), bytes: text.as_bytes().to_vec() };
    SHIPPED.iter().map(file).collect()
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// A path that is named is read whatever its name; in folders only YAML files are, in the order of their names.
fn collect(path: &Path, files: &mut Vec<RuleFile>) -> Result<()> {
    if !path.is_dir() {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        files.push(RuleFile { name: path.display().to_string(), bytes });
        return Ok(());
    }
    let entries = fs::read_dir(path).with_context(|| format!("cannot read the folder {}", path.display()))?;
    let mut entries: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    entries.sort();
    for entry in entries {
        let hidden = entry.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let yaml = entry.extension().is_some_and(|ext| ext.eq_ignore_ascii_case("yaml") || ext.eq_ignore_ascii_case("yml"));
        if !hidden && (entry.is_dir() || yaml) {
            collect(&entry, files)?;
        }
    }
    Ok(())
}
