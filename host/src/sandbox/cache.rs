//! Compiled code on disk, for machines whose processor the embedded code does not fit.
//!
//! Compiled code is trusted like the program itself, so a file counts only if nobody but this user could have written
//! it: the folder and the file belong to the effective user, neither is a link, nobody else may write to them, and the
//! digest in the container fits. Whatever else lies there is ignored and replaced. Without such a folder there is no
//! cache, and the module is compiled anew: slower, never wrong.

use std::path::PathBuf;

use super::code_file::{DIGEST, hex, pack, unpack};

/// Files that are kept; older ones are removed when one is added.
const KEPT: usize = 8;
/// No compiled module comes near; a larger file is not read.
const MAX_FILE_BYTES: u64 = 256 << 20;

/// A folder of compiled modules.
#[derive(Debug, Clone)]
pub struct CodeCache {
    folder: PathBuf,
}

impl CodeCache {
    /// The cache in the user's cache directory; none where that is unknown.
    pub fn of_user() -> Option<Self> {
        let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let base = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")))?;
        Some(CodeCache { folder: base.join("oxpecker") })
    }

    /// A cache in `folder`, which is created when first needed.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        CodeCache { folder: folder.into() }
    }

    /// The code kept for `key`, if it is certain that this user put it there and it is whole.
    pub(crate) fn get(&self, key: &[u8; DIGEST]) -> Option<Vec<u8>> {
        if !trust::folder(&self.folder) {
            return None;
        }
        let file = trust::read(&self.path(key), MAX_FILE_BYTES)?;
        unpack(&file, key).map(<[u8]>::to_vec)
    }

    /// Keeps `code`. Fails in silence: the cache only saves time.
    pub(crate) fn put(&self, key: &[u8; DIGEST], code: &[u8]) {
        if trust::create(&self.folder) && trust::folder(&self.folder) {
            let fresh = self.path(key).with_extension(format!("{}.part", std::process::id()));
            let written = trust::write(&fresh, &pack(key, code)).and_then(|()| std::fs::rename(&fresh, self.path(key)));
            if written.is_err() {
                let _ = std::fs::remove_file(&fresh);
            }
            self.prune();
        }
    }

    fn path(&self, key: &[u8; DIGEST]) -> PathBuf {
        self.folder.join(format!("{}.code", hex(key)))
    }

    fn prune(&self) {
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return };
        let mut files: Vec<_> = entries
            .flatten()
            .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
            .filter(|(_, path)| path.extension().is_some_and(|end| end == "code" || end == "part"))
            .collect();
        files.sort_by(|a, b| b.cmp(a));
        for (_, path) in files.into_iter().skip(KEPT) {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Who may write where.
#[cfg(unix)]
mod trust {
    use std::fs::{DirBuilder, Metadata, OpenOptions, symlink_metadata};
    use std::io::{Read, Result, Write};
    use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
    use std::path::Path;

    fn is_ours(metadata: &Metadata, others_may_not: u32) -> bool {
        // SAFETY: geteuid has no precondition and cannot fail.
        let user = unsafe { libc::geteuid() };
        metadata.uid() == user && metadata.mode() & others_may_not == 0
    }

    pub(super) fn folder(path: &Path) -> bool {
        symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir() && is_ours(&metadata, 0o077))
    }

    pub(super) fn create(path: &Path) -> bool {
        DirBuilder::new().recursive(true).mode(0o700).create(path).is_ok()
    }

    pub(super) fn read(path: &Path, most: u64) -> Option<Vec<u8>> {
        // O_NONBLOCK: a FIFO in the file's place must not hold the program.
        let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC;
        let file = OpenOptions::new().read(true).custom_flags(flags).open(path).ok()?;
        // Asked of the open file, not of its name: the name may point elsewhere by now.
        let metadata = file.metadata().ok()?;
        let trusted = metadata.is_file() && metadata.nlink() == 1 && is_ours(&metadata, 0o022);
        if !trusted || metadata.len() > most {
            return None;
        }
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }

    pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
        // A left-over of a process that died with the same number.
        let _ = std::fs::remove_file(path);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(bytes)
    }
}

/// Elsewhere ownership is not checked, so nothing is kept.
#[cfg(not(unix))]
mod trust {
    use std::path::Path;

    pub(super) fn folder(_: &Path) -> bool {
        false
    }

    pub(super) fn create(_: &Path) -> bool {
        false
    }

    pub(super) fn read(_: &Path, _: u64) -> Option<Vec<u8>> {
        None
    }

    pub(super) fn write(_: &Path, _: &[u8]) -> std::io::Result<()> {
        Ok(())
    }
}
