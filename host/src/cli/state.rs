//! What one replay leaves to the next: open windows, and alerts that wait for them.

use super::announce::Pending;
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

/// The version of the file.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct File {
    oxpecker_state: u32,
    alerts: Pending,
    /// As the module wrote it.
    windows: Box<RawValue>,
}

/// Reads a state file; none if there is no such file yet.
pub(crate) fn read(path: &Path) -> Result<Option<(Pending, Vec<u8>)>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            // It is written at the end: a run that cannot do so had better not begin.
            fs::metadata(folder(path)).with_context(|| format!("cannot write the state {}", path.display()))?;
            return Ok(None);
        }
        Err(error) => return Err(error).with_context(|| format!("cannot read the state {}", path.display())),
    };
    let broken = || format!("{} is no state file, or was cut short; remove it to begin anew", path.display());
    let file: File = serde_json::from_str(&text).with_context(broken)?;
    if file.oxpecker_state != VERSION {
        bail!("{} was written by another version ({}); remove it to begin anew", path.display(), file.oxpecker_state);
    }
    if !file.alerts.is_sound() {
        bail!("{}", broken());
    }
    Ok(Some((file.alerts, file.windows.get().as_bytes().to_vec())))
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes a state file. The old one stays whole until the new one is: written beside it, synced, renamed.
pub(crate) fn write(path: &Path, alerts: Pending, windows: Vec<u8>) -> Result<()> {
    let cannot = || format!("cannot write the state {}", path.display());
    let windows = RawValue::from_string(String::from_utf8(windows)?).context("the windows cannot be saved")?;
    let text = serde_json::to_vec(&File { oxpecker_state: VERSION, alerts, windows })?;
    let mut fresh = tempfile::NamedTempFile::new_in(folder(path)).with_context(cannot)?;
    fresh.write_all(&text).and_then(|()| fresh.as_file().sync_all()).with_context(cannot)?;
    fresh.persist(path).with_context(cannot)?;
    Ok(())
}
