//! The container of compiled code: what the build embeds and what the cache keeps on disk.
//!
//! ```text
//!  0        8            40             72
//!  +--------+------------+--------------+------------- - -
//!  | magic  | key        | sha256(code) | code
//!  +--------+------------+--------------+------------- - -
//! ```
//!
//! `key` says what the code was made from: for embedded code the SHA-256 of the wasm, for the cache that and everything
//! else the compiler looked at. The digest finds damage (a full disk, a torn write); it is no signature, so whoever reads
//! a file must also know that nobody else could have written it. The build script, the build step and the library
//! share this file.

use sha2::{Digest, Sha256};

/// The first bytes of a container; the last one is its version.
pub(crate) const MAGIC: &[u8; 8] = b"OXPCODE1";
/// Length of a SHA-256 digest.
pub(crate) const DIGEST: usize = 32;
const HEADER: usize = MAGIC.len() + 2 * DIGEST;

/// SHA-256 of `bytes`.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; DIGEST] {
    Sha256::digest(bytes).into()
}

/// `digest` in lower-case hexadecimal.
pub(crate) fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `code` with its header.
pub(crate) fn pack(key: &[u8; DIGEST], code: &[u8]) -> Vec<u8> {
    let mut file = Vec::with_capacity(HEADER + code.len());
    file.extend_from_slice(MAGIC);
    file.extend_from_slice(key);
    file.extend_from_slice(&sha256(code));
    file.extend_from_slice(code);
    file
}

/// The code inside `file`, if it is whole and was made for `key`.
pub(crate) fn unpack<'a>(file: &'a [u8], key: &[u8; DIGEST]) -> Option<&'a [u8]> {
    let rest = file.strip_prefix(MAGIC)?.strip_prefix(key)?;
    let (digest, code) = rest.split_at_checked(DIGEST)?;
    (sha256(code) == digest).then_some(code)
}
