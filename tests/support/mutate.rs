//! Good inputs made slightly bad, the same ones in every run.

/// A generator of numbers that depend on nothing but its seed.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// A number below `sides`; 0 where there are none.
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) >> 33).unwrap_or(0) % sides.max(1)
    }

    /// One of some things.
    pub(crate) fn pick<'t, T>(&mut self, things: &'t [T]) -> Option<&'t T> {
        things.get(self.roll(things.len()))
    }
}

/// Pieces that mean something to some reader.
#[rustfmt::skip]
const PIECES: [&str; 48] = [
    " and ", " or ", " not ", "(", ")", "[", "]", "[0]", "[-1]", "{", "}", "\"", "'", "\\", "\\u", "\\u{e9}", "\\ud800",
    "“", "”", "«", "\u{200b}", "\u{202e}", "é", "\u{10ffff}", "\0", "\r\n", "\n", "\t", ",", ".", ":", "=", "!=", "<=",
    " in ", " like ", " matches ", " exists", "@", "#", "null", "true", "-0", "1e999999999", "10.0.0.0/8", "- ", "|\n", "0012",
];

/// An input with up to six changes: cuts, doublings, pieces put in, bytes changed, parts of `other` put in.
pub(crate) fn mutate(good: &[u8], other: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = good.to_vec();
    for _ in 0..=dice.roll(6) {
        let at = dice.roll(bytes.len() + 1);
        let end = (at + dice.roll(24)).min(bytes.len());
        match dice.roll(7) {
            0 => drop(bytes.drain(at..end)),
            1 => bytes.truncate(at.max(bytes.len() / 2)),
            2 => insert(&mut bytes, at, &good[good.len().min(at)..good.len().min(end)]),
            3 | 4 => insert(&mut bytes, at, dice.pick(&PIECES).copied().unwrap_or_default().as_bytes()),
            5 => {
                let from = dice.roll(other.len() + 1);
                insert(&mut bytes, at, &other[from..(from + dice.roll(64)).min(other.len())]);
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << dice.roll(8);
                }
            }
        }
    }
    bytes
}

fn insert(bytes: &mut Vec<u8>, at: usize, piece: &[u8]) {
    bytes.splice(at..at, piece.iter().copied());
}

/// Calls `boundary` with every seed and with `count` mutations of them.
pub(crate) fn smoke(seeds: &[Vec<u8>], count: usize, boundary: fn(&[u8])) {
    assert!(!seeds.is_empty(), "there are seeds");
    seeds.iter().for_each(|seed| boundary(seed));
    let mut dice = Dice(1);
    for _ in 0..count {
        let good = dice.pick(seeds).map(Vec::as_slice).unwrap_or_default();
        let other = dice.pick(seeds).map(Vec::as_slice).unwrap_or_default();
        boundary(&mutate(good, other, &mut dice));
    }
}
