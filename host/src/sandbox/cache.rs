//! Files that save time at the next start: compiled code, for machines whose processor the embedded code does not fit,
//! and images of instances with rules, where loading those takes long.
//!
//! Compiled code is trusted like the program itself, so a file counts only if nobody but this user could have written
//! it: the folder and the file belong to the effective user, neither is a link, nobody else may write to them, and the
//! digest in the container fits. Whatever else lies there is ignored and replaced. Without such a folder there is no
//! cache, and the work is done anew: slower, never wrong. Images of instances are less powerful, for they are run in
//! the sandbox; they can make wrong verdicts, so the same holds for them.

use std::path::PathBuf;

use super::code_file::{DIGEST, hex, pack, unpack};

/// No compiled module comes near; a larger file is not read.
const MAX_FILE_BYTES: u64 = 256 << 20;

/// A kind of file: the end of its name, and how many of them and bytes in them are kept. Older ones are removed when
/// one is added.
struct Kind {
    end: &'static str,
    files: usize,
    bytes: u64,
}

const CODE: Kind = Kind { end: "code", files: 8, bytes: 256 << 20 };
const RULES: Kind = Kind { end: "rules", files: 8, bytes: 512 << 20 };

/// Set to `off`, this environment variable keeps anything from being read from the cache or written to it.
const SWITCH: &str = "OXPECKER_CACHE";

/// A folder of such files.
#[derive(Debug, Clone)]
pub struct CodeCache {
    folder: PathBuf,
}

impl CodeCache {
    /// The cache in the user's cache directory; none where that is unknown, or `OXPECKER_CACHE` is `off`.
    pub fn of_user() -> Option<Self> {
        if std::env::var_os(SWITCH).is_some_and(|value| value == "off") {
            return None;
        }
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
        unpack(&self.read(&CODE, key)?, key).map(<[u8]>::to_vec)
    }

    /// Keeps `code`. Fails in silence: the cache only saves time.
    pub(crate) fn put(&self, key: &[u8; DIGEST], code: &[u8]) {
        self.write(&CODE, key, &[&pack(key, code)]);
    }

    /// The file of the image kept for `key`, on the same conditions, and where in it the image begins.
    pub(crate) fn rules(&self, key: &[u8; DIGEST]) -> Option<(Vec<u8>, usize)> {
        let file = self.read(&RULES, key)?;
        let start = image_file::start(&file, key)?;
        Some((file, start))
    }

    /// Keeps an image, given in pieces. Fails in silence.
    pub(crate) fn put_rules(&self, key: &[u8; DIGEST], pieces: &[&[u8]]) {
        let head = image_file::head(key, pieces);
        let all: Vec<&[u8]> = std::iter::once(head.as_slice()).chain(pieces.iter().copied()).collect();
        self.write(&RULES, key, &all);
    }

    fn read(&self, kind: &Kind, key: &[u8; DIGEST]) -> Option<Vec<u8>> {
        if !trust::folder(&self.folder) {
            return None;
        }
        trust::read(&self.path(kind, key), MAX_FILE_BYTES)
    }

    fn write(&self, kind: &Kind, key: &[u8; DIGEST], pieces: &[&[u8]]) {
        if trust::create(&self.folder) && trust::folder(&self.folder) {
            let path = self.path(kind, key);
            let fresh = path.with_extension(format!("{}.{}.part", kind.end, std::process::id()));
            let written = trust::write(&fresh, pieces).and_then(|()| std::fs::rename(&fresh, &path));
            if written.is_err() {
                let _ = std::fs::remove_file(&fresh);
            }
            self.prune(kind);
        }
    }

    fn path(&self, kind: &Kind, key: &[u8; DIGEST]) -> PathBuf {
        self.folder.join(format!("{}.{}", hex(key), kind.end))
    }

    fn prune(&self, kind: &Kind) {
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return };
        let mut files: Vec<_> = entries
            .flatten()
            .filter_map(|entry| {
                let metadata = entry.metadata().ok()?;
                Some((metadata.modified().ok()?, metadata.len(), entry.path()))
            })
            .filter(|(_, _, path)| path.extension().is_some_and(|end| end == kind.end || end == "part"))
            .collect();
        files.sort_by(|a, b| b.cmp(a));
        let mut bytes = 0;
        for (place, (_, length, path)) in files.into_iter().enumerate() {
            bytes += length;
            if place >= kind.files || bytes > kind.bytes {
                let _ = std::fs::remove_file(path);
            }
        }
    }
}

/// The container of an image.
///
/// ```text
///  0        8      40           44
///  +--------+------+------------+------- - -
///  | magic  | key  | crc32      | image
///  +--------+------+------------+------- - -
/// ```
///
/// The sum finds damage, as the digest of compiled code does, in a tenth of the time: images are tens of megabytes.
mod image_file {
    use super::DIGEST;
    use flate2::Crc;

    const MAGIC: &[u8; 8] = b"OXPRULE1";

    pub(super) fn head(key: &[u8; DIGEST], pieces: &[&[u8]]) -> Vec<u8> {
        let mut sum = Crc::new();
        pieces.iter().for_each(|piece| sum.update(piece));
        [MAGIC.as_slice(), key, &sum.sum().to_le_bytes()].concat()
    }

    /// Where the image in `file` begins, if it is whole and was made for `key`.
    pub(super) fn start(file: &[u8], key: &[u8; DIGEST]) -> Option<usize> {
        let rest = file.strip_prefix(MAGIC)?.strip_prefix(key)?;
        let (stored, image) = rest.split_first_chunk::<4>()?;
        let mut sum = Crc::new();
        sum.update(image);
        (sum.sum().to_le_bytes() == *stored).then_some(file.len() - image.len())
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
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).ok()?);
        file.take(most).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }

    pub(super) fn write(path: &Path, pieces: &[&[u8]]) -> Result<()> {
        // A left-over of a process that died with the same number.
        let _ = std::fs::remove_file(path);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        pieces.iter().try_for_each(|piece| file.write_all(piece))
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

    pub(super) fn write(_: &Path, _: &[&[u8]]) -> std::io::Result<()> {
        Ok(())
    }
}
