//! What each rule says about each event of a batch.

use super::answer::{self, Answer, Rejected};

/// The verdicts over one batch, a row an event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdicts {
    /// Events that were evaluated; with [`Verdicts::rejected`] all of the batch.
    pub evaluated: u64,
    /// Pairs of event and rule without an answer, because CloudTrail cut what the rule asks for.
    pub undecided_pairs: u64,
    /// Events that were not evaluated, in order.
    pub rejected: Vec<Rejected>,
    pub(crate) matched: Bits,
    pub(crate) undecided: Bits,
}

impl Verdicts {
    /// Reads the answer about a batch of so many events.
    pub(crate) fn read(answer: Answer<'_>, events: usize, rules: usize) -> Result<Self, &'static str> {
        let (matched, undecided) = answer::bitmaps(answer.body, events, rules)?;
        Ok(Self {
            evaluated: answer.evaluated,
            undecided_pairs: answer.undecided,
            rejected: answer.rejected,
            matched: Bits::new(events, rules, matched.to_vec()),
            undecided: Bits::new(events, rules, undecided.to_vec()),
        })
    }

    /// Events of the batch, rejected ones included.
    pub fn events(&self) -> usize {
        self.matched.rows
    }

    /// Rules in force.
    pub fn rules(&self) -> usize {
        self.matched.columns
    }

    /// Whether `rule` matched `event`.
    pub fn matched(&self, event: usize, rule: usize) -> bool {
        self.matched.get(event, rule)
    }

    /// Whether `rule` could not be decided for `event`.
    pub fn undecided(&self, event: usize, rule: usize) -> bool {
        self.undecided.get(event, rule)
    }

    /// The rules that matched `event`, in order.
    pub fn matches(&self, event: usize) -> impl Iterator<Item = usize> + '_ {
        (0..self.rules()).filter(move |rule| self.matched(event, *rule))
    }

    /// The events that at least one rule matched, in order.
    pub fn matched_events(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.events()).filter(move |event| self.matches(*event).next().is_some())
    }

    /// How many events each rule matched and could not decide, in the order of the rules.
    pub fn counts(&self) -> Vec<Counts> {
        let mut counts = vec![Counts::default(); self.rules()];
        self.matched.each(|rule| counts.get_mut(rule).into_iter().for_each(|counts| counts.matched += 1));
        self.undecided.each(|rule| counts.get_mut(rule).into_iter().for_each(|counts| counts.undecided += 1));
        counts
    }

    /// Appends the verdicts over the events that follow. Their indices are already those of the whole batch.
    pub(crate) fn append(&mut self, next: Verdicts) {
        self.evaluated += next.evaluated;
        self.undecided_pairs += next.undecided_pairs;
        self.rejected.extend(next.rejected);
        self.matched.append(next.matched);
        self.undecided.append(next.undecided);
    }
}

/// How many events a rule matched, suppressed ones included, and how many it could not decide.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events that matched.
    pub matched: u64,
    /// Events without an answer.
    pub undecided: u64,
}

/// A table of bits, a row an event and a column a rule, packed least significant bit first as the guest gives it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Bits {
    rows: usize,
    columns: usize,
    bytes: Vec<u8>,
}

impl Bits {
    pub(crate) fn new(rows: usize, columns: usize, mut bytes: Vec<u8>) -> Self {
        // The bits after the last row are the guest's to choose, and would show in rows appended later.
        let used = rows.saturating_mul(columns) % 8;
        if let Some(last) = bytes.last_mut()
            && used > 0
        {
            *last &= (1 << used) - 1;
        }
        Bits { rows, columns, bytes }
    }

    pub(crate) fn zeros(rows: usize, columns: usize) -> Self {
        Bits { rows, columns, bytes: vec![0; rows.saturating_mul(columns).div_ceil(8)] }
    }

    fn get(&self, row: usize, column: usize) -> bool {
        if row >= self.rows || column >= self.columns {
            return false;
        }
        let bit = row * self.columns + column;
        self.bytes.get(bit / 8).is_some_and(|byte| byte >> (bit % 8) & 1 == 1)
    }

    /// Visits the column of each bit that is set. Most are not: of ten thousand rules few match, so 64 at a time are passed
    /// over.
    fn each(&self, mut visit: impl FnMut(usize)) {
        for (place, eight) in self.bytes.chunks(8).enumerate() {
            let mut word = [0; 8];
            word.iter_mut().zip(eight).for_each(|(to, byte)| *to = *byte);
            let mut word = u64::from_le_bytes(word);
            while word != 0 {
                visit((place * 64 + word.trailing_zeros() as usize) % self.columns);
                word &= word - 1;
            }
        }
    }

    fn append(&mut self, next: Bits) {
        if self.rows == 0 {
            *self = next;
            return;
        }
        let used = self.rows * self.columns;
        self.bytes.resize((used + next.rows * next.columns).div_ceil(8), 0);
        for bit in 0..next.rows * next.columns {
            let set = next.bytes.get(bit / 8).is_some_and(|byte| byte >> (bit % 8) & 1 == 1);
            if let Some(byte) = self.bytes.get_mut((used + bit) / 8) {
                *byte |= u8::from(set) << ((used + bit) % 8);
            }
        }
        self.rows += next.rows;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_their_bits_when_appended_off_a_byte_border() {
        // Three columns: row 0 = 101, row 1 = 010; then one row 011.
        let mut table = Bits::new(2, 3, vec![0b1101_0101]);
        table.append(Bits::new(1, 3, vec![0b110]));
        table.append(Bits::zeros(1, 3));
        table.append(Bits::new(1, 3, vec![0b001]));
        let row = |n| [table.get(n, 0), table.get(n, 1), table.get(n, 2)];
        assert_eq!(row(0), [true, false, true]);
        assert_eq!(row(1), [false, true, false]);
        assert_eq!(row(2), [false, true, true]);
        assert_eq!(row(3), [false, false, false]);
        assert_eq!(row(4), [true, false, false]);
        assert!(!table.get(5, 0) && !table.get(0, 3));
    }

    #[test]
    fn columns_are_counted_over_all_rows() {
        // Three columns: 101, 010, 111; the last bits are none of the table's.
        let matched = Bits::new(3, 3, vec![0b1101_0101, 0b1111_1111]);
        let undecided = Bits::new(3, 3, vec![0b0000_1000, 0]);
        let verdicts = Verdicts { matched, undecided, ..Verdicts::default() };
        let counts = |matched, undecided| Counts { matched, undecided };
        assert_eq!(verdicts.counts(), [counts(2, 1), counts(2, 0), counts(2, 0)]);
        assert_eq!(Verdicts::default().counts(), []);
    }
}
