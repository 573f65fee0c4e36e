//! Packs that WAMR's compiler `wamrc` has compiled ahead of time: what such a file says of itself. It is machine code for
//! one runtime, and is read here, never run.
//!
//! The file is a header, the magic and the format's version, and then sections: type, length and content, each of them
//! beginning at a multiple of four bytes.

use super::PackError;

/// How such a file begins.
const MAGIC: &[u8] = b"\0aot";
/// Types of sections: what the code is for, and custom ones.
const TARGET: u32 = 0;
const CUSTOM: u32 = 100;
/// The kind of custom section that `--emit-custom-sections` takes over from the module.
const RAW: u32 = 0;
/// Bytes of the target's section: numbers that say what ELF says, flags, and the name of the processor.
const FLAGS_AT: usize = 16;
const NAME_AT: usize = 32;
const NAME_BYTES: usize = 16;
/// The flag that the code needs SIMD.
const SIMD: u64 = 1;

/// What a compiled pack says of itself, beside its manifest.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Compiled {
    /// The version of the format. WAMR loads those of its own only.
    pub format: u32,
    /// The processor that the code is for, such as `x86_64`.
    pub target: String,
    /// Whether the runtime must have SIMD: Fluent Bit's has not, and refuses the file.
    pub simd: bool,
}

/// A custom section: its name and what it holds.
type Custom<'f> = (&'f str, &'f [u8]);

/// Whether a file begins as one of these.
pub(super) fn is_compiled(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// What a file says of itself, and its custom sections.
pub(super) fn read(bytes: &[u8]) -> Result<(Compiled, Vec<Custom<'_>>), PackError> {
    let rest = bytes.strip_prefix(MAGIC).ok_or_else(broken)?;
    let (format, mut rest) = number(rest)?;
    let (mut compiled, mut customs) = (Compiled { format, target: String::new(), simd: false }, Vec::new());
    while !rest.is_empty() {
        // The rest begins at a multiple of four: the header is one, and each step leaves one.
        let (kind, after) = number(rest)?;
        let (length, after) = number(after)?;
        let length = length as usize;
        let content = after.get(..length).ok_or_else(broken)?;
        match kind {
            TARGET => target(content, &mut compiled)?,
            CUSTOM => customs.extend(custom(content)?),
            _ => {}
        }
        // Nothing fills up behind the last one.
        rest = after.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    if compiled.target.is_empty() { Err(broken()) } else { Ok((compiled, customs)) }
}

fn target(content: &[u8], compiled: &mut Compiled) -> Result<(), PackError> {
    let flags = content.get(FLAGS_AT..FLAGS_AT + 8).and_then(|flags| flags.try_into().ok()).ok_or_else(broken)?;
    let name = content
        .get(NAME_AT..NAME_AT + NAME_BYTES)
        .ok_or_else(broken)?
        .split(|byte| *byte == 0)
        .next()
        .unwrap_or_default();
    compiled.simd = u64::from_le_bytes(flags) & SIMD != 0;
    compiled.target = String::from_utf8_lossy(name).into_owned();
    Ok(())
}

/// A section of the module that the compiler was told to keep; none where the section is one of its own.
fn custom(content: &[u8]) -> Result<Option<Custom<'_>>, PackError> {
    let (kind, rest) = number(content)?;
    if kind != RAW {
        return Ok(None);
    }
    let (length, rest) = rest.split_first_chunk::<2>().ok_or_else(broken)?;
    let (name, data) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length))).ok_or_else(broken)?;
    let name = std::str::from_utf8(name.strip_suffix(b"\0").ok_or_else(broken)?).map_err(|_| broken())?;
    Ok(Some((name, data)))
}

fn number(bytes: &[u8]) -> Result<(u32, &[u8]), PackError> {
    let (number, rest) = bytes.split_first_chunk::<4>().ok_or_else(broken)?;
    Ok((u32::from_le_bytes(*number), rest))
}

fn broken() -> PackError {
    PackError::Broken("it begins as a file of WAMR's compiler, and goes on as none".to_owned())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::pack::{Manifest, Mode, Packed, SECTIONS, self_test};

    fn section(kind: u32, content: &[u8], file: &mut Vec<u8>) {
        file.resize(file.len().next_multiple_of(4), 0);
        file.extend(kind.to_le_bytes());
        file.extend(u32::try_from(content.len()).unwrap().to_le_bytes());
        file.extend(content);
    }

    /// A file as the compiler writes it, but for the code.
    pub(crate) fn file(format: u32, simd: bool, customs: &[Custom<'_>]) -> Vec<u8> {
        let mut file = [MAGIC, &format.to_le_bytes()].concat();
        let mut target = vec![0; FLAGS_AT];
        target.extend(u64::from(simd).to_le_bytes());
        target.extend([0; 8]);
        target.extend(b"x86_64\0\0\0\0\0\0\0\0\0\0");
        section(TARGET, &target, &mut file);
        section(2, &[0x90; 7], &mut file);
        section(CUSTOM, &[1, 0, 0, 0, 9, 9], &mut file);
        for (name, data) in customs {
            let length = u16::try_from(name.len() + 1).unwrap();
            section(
                CUSTOM,
                &[&RAW.to_le_bytes()[..], &length.to_le_bytes(), name.as_bytes(), b"\0", data].concat(),
                &mut file,
            );
        }
        file
    }

    #[test]
    fn sections_are_found_between_others() {
        let file = file(5, true, &[("a", b"12345"), ("b", b"")]);
        let (compiled, customs) = read(&file).unwrap();
        assert_eq!(compiled, Compiled { format: 5, target: "x86_64".to_owned(), simd: true });
        assert_eq!(customs, [("a", &b"12345"[..]), ("b", b"")]);
    }

    #[test]
    fn a_file_that_breaks_off_or_is_changed_is_an_error_or_another_file_and_no_panic() {
        let file = file(6, false, &[("a", b"12345")]);
        // The header, and the section of the target.
        assert!((0..8 + 8 + 48).all(|length| read(&file[..length]).is_err()));
        for at in 0..file.len() {
            for byte in [0, 1, 0x7f, 0x80, 0xff] {
                let mut changed = file.clone();
                changed[at] = byte;
                let _ = read(&changed);
            }
        }
        assert!(read(b"\0asm\x01\0\0\0").is_err());
    }

    #[test]
    fn the_manifest_is_read_where_the_compiler_kept_it() {
        let manifest = Manifest::example(Mode::Annotate);
        let bytes = file(5, false, &[(SECTIONS[0], &serde_json::to_vec(&manifest).unwrap()), (SECTIONS[1], b"[]")]);
        let packed = Packed::from_bytes(&bytes).unwrap();
        assert_eq!((&packed.manifest, packed.size), (&manifest, bytes.len() as u64));
        assert_eq!(packed.compiled.as_ref().map(|compiled| compiled.format), Some(5));
        let refused = self_test::run(&packed, &bytes).unwrap_err().to_string();
        assert!(refused.contains("only WAMR runs it"), "{refused}");
        let refused = Packed::from_bytes(&file(6, false, &[])).unwrap_err().to_string();
        assert!(refused.contains("x86_64, AOT format 6") && refused.contains(&SECTIONS.join(",")), "{refused}");
    }
}
