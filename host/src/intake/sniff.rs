//! What kind of input this is, by its first bytes.

use super::FileKind;
use super::json::skip_blank;

/// How many bytes are looked at when the input does not begin as JSON.
pub(super) const SNIFF_BYTES: usize = 4096;

/// The UTF-8 byte order mark.
pub(super) const BOM: &[u8] = b"\xef\xbb\xbf";

const MAGIC: &[(&[u8], FileKind)] = &[
    (b"PAR1", FileKind::Parquet),
    (b"ORC", FileKind::Orc),
    (b"Obj\x01", FileKind::Avro),
    (b"PK\x03\x04", FileKind::Zip),
    (b"BZh", FileKind::OtherCompression),
    (b"\xfd7zXZ\0", FileKind::OtherCompression),
    (b"\xff\xfe", FileKind::Utf16),
    (b"\xfe\xff", FileKind::Utf16),
    (b"\0\0\xfe\xff", FileKind::Utf16),
];

/// The kind of an input that begins with `head` and not with `{` or `[`; `None` for text.
pub(super) fn file_kind(head: &[u8]) -> Option<FileKind> {
    if let Some((_, kind)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Some(*kind);
    }
    if head.get(257..262) == Some(b"ustar") {
        return Some(FileKind::Tar);
    }
    if let [b'{' | b'[', 0, ..] | [0, b'{' | b'[', ..] = head {
        return Some(FileKind::Utf16);
    }
    if is_access_log(head) {
        return Some(FileKind::S3AccessLog);
    }
    head.contains(&0).then_some(FileKind::Binary)
}

/// Whether an input that begins so is JSON and needs no closer look.
pub(super) fn begins_as_json(head: &[u8]) -> bool {
    matches!(head.get(skip_blank(head, 0)), Some(b'{' | b'[')) && head.get(1) != Some(&0)
}

/// A line of an S3 server access log: the bucket owner's canonical id, the bucket, a time in brackets.
fn is_access_log(head: &[u8]) -> bool {
    let mut words = head.split(|&b| b == b' ');
    let owner = words.next().is_some_and(|w| w.len() == 64 && w.iter().all(u8::is_ascii_hexdigit));
    owner && words.nth(1).is_some_and(|w| w.starts_with(b"["))
}

/// Whether a line is binary data and no text that a person could have meant.
pub(super) fn is_binary(line: &[u8]) -> bool {
    let control = |b: &u8| *b < b' ' && !matches!(b, b'\t' | b'\r' | b'\n' | 0x1b);
    line.iter().any(control) || std::str::from_utf8(line).is_err_and(|e| e.error_len().is_some())
}
