//! Where the plain text of a string ends: eight bytes at a time, in safe Rust, for whoever reads or writes strings here.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// The first byte from `at` on that cannot stand in a JSON string as it is: a quote, a backslash or a control character;
/// the text's length where there is none.
pub(super) fn end(text: &[u8], mut at: usize) -> usize {
    while let Some(bytes) = text.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let marks = marks(u64::from_le_bytes(*bytes));
        if marks != 0 {
            return at + marks.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| matches!(byte, 0..0x20 | b'"' | b'\\')).unwrap_or(rest.len())
}

/// The high bit of each byte that is one of them. A borrow in the subtractions can mark bytes above a true mark, never
/// below one, and the lowest is all that counts.
fn marks(word: u64) -> u64 {
    let quotes = (word ^ (ONES * 0x22)).wrapping_sub(ONES) & !(word ^ (ONES * 0x22));
    let backslashes = (word ^ (ONES * 0x5c)).wrapping_sub(ONES) & !(word ^ (ONES * 0x5c));
    let controls = word.wrapping_sub(ONES * 0x20) & !word;
    (quotes | backslashes | controls) & HIGHS
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_byte_is_told_at_every_place() {
        for length in 0..20 {
            for place in 0..length {
                for byte in 0..=u8::MAX {
                    let mut text = vec![b'a'; length];
                    text[place] = byte;
                    let plain = !matches!(byte, 0..0x20 | b'"' | b'\\');
                    assert_eq!(super::end(&text, 0), if plain { length } else { place }, "{byte} {place} {length}");
                    // Nothing before the beginning counts, and the first of several does.
                    assert_eq!(super::end(&text, place + 1), length);
                    text[length - 1] = b'"';
                    assert_eq!(super::end(&text, 0), if plain { length - 1 } else { place });
                }
            }
        }
    }
}
