//! How far text goes on that stands in a JSON string as it is: what reading and writing trees look for most of their time.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// The first byte from `at` on that cannot stand in a JSON string as it is: a quote, a backslash or a control character; the
/// text's length where there is none.
pub(super) fn end(text: &[u8], at: usize) -> usize {
    at + plain(text.get(at..).unwrap_or_default())
}

/// How many bytes come before the first control character, quote or backslash; all of them if there is none.
///
/// Eight bytes at a time, in safe code: interpreted, as in a log shipper, each step costs as much whatever it does.
fn plain(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    while let Some((word, behind)) = rest.split_first_chunk::<8>() {
        let marks = marks(u64::from_le_bytes(*word));
        if marks != 0 {
            return bytes.len() - rest.len() + marks.trailing_zeros() as usize / 8;
        }
        rest = behind;
    }
    // The last eight bytes once more: those that were looked at already are plain.
    if let Some(word) = bytes.last_chunk::<8>().filter(|_| !rest.is_empty()) {
        let marks = marks(u64::from_le_bytes(*word));
        return if marks == 0 { bytes.len() } else { bytes.len() - 8 + marks.trailing_zeros() as usize / 8 };
    }
    let place = rest.iter().position(|byte| matches!(byte, 0..0x20 | b'"' | b'\\'));
    place.map_or(bytes.len(), |place| bytes.len() - rest.len() + place)
}

/// The high bit of each such byte, the lowest of which counts: a borrow can mark bytes above a true mark, never below one.
///
/// Turning over the second bit swaps `"` with the blank and keeps control characters below it, so that one subtraction
/// finds them all.
fn marks(word: u64) -> u64 {
    let quotes_and_controls = (word ^ (ONES * 2)).wrapping_sub(ONES * 0x21);
    let backslashes = (word ^ (ONES * 0x5c)).wrapping_sub(ONES);
    (quotes_and_controls | backslashes) & !word & HIGHS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_in_every_place_is_seen() {
        for filler in [b'a', b'!', b'#', b' ', b'[', b']', 0x7f, 0x80, 0xa2, 0xdc, 0xff] {
            for length in 0..=19 {
                assert_eq!(plain(&vec![filler; length]), length);
                for place in 0..length {
                    for byte in 0..=255u8 {
                        let mut bytes = vec![filler; length];
                        bytes[place] = byte;
                        let stops = matches!(byte, 0..0x20 | b'"' | b'\\');
                        assert_eq!(
                            plain(&bytes),
                            if stops { place } else { length },
                            "{byte:#x} at {place} of {filler:#x}"
                        );
                    }
                }
            }
        }
    }
}
