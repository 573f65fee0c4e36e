//! The answer of `ox_eval`: its head, and behind it two bitmaps, with a bit for each event and column.
//!
//! With thousands of columns the bitmaps are large and nearly empty. They are made where the host reads them, and of the
//! last answer only those bytes are cleared that it had set.

use crate::answer::Answer;
use crate::status::Status;

/// Where answers of `ox_eval` are made.
#[derive(Debug, Default)]
pub(crate) struct Bitmaps {
    /// All zero but for the bytes that `set` names and those of the head.
    bytes: Vec<u8>,
    /// Places of bytes that are not zero.
    set: Vec<usize>,
    /// Where the answer begins; in front of the bitmaps is room for as many rejects as there are events.
    start: usize,
    /// Where the bitmaps begin.
    maps: usize,
    /// Bytes of one.
    each: usize,
}

/// The most bytes that one bitmap may take: two and the head must fit what a length can say.
const LARGEST: usize = (i32::MAX as usize) / 4;

impl Bitmaps {
    /// Nothing yet.
    pub(crate) const fn new() -> Self {
        Self { bytes: Vec::new(), set: Vec::new(), start: 0, maps: 0, each: 0 }
    }

    /// Empty bitmaps for so many events and columns.
    pub(crate) fn begin(&mut self, events: usize, columns: usize) -> Result<(), Status> {
        self.clear();
        let each = events.checked_mul(columns).ok_or(Status::TooLarge)?.div_ceil(8);
        let maps = events.checked_mul(12).ok_or(Status::TooLarge)?.saturating_add(16);
        if each > LARGEST || maps > LARGEST {
            return Err(Status::TooLarge);
        }
        let end = maps + 2 * each;
        let more = end.saturating_sub(self.bytes.len());
        self.bytes.try_reserve(more).map_err(|_| Status::TooLarge)?;
        self.bytes.resize(self.bytes.len() + more, 0);
        (self.start, self.maps, self.each) = (maps, maps, each);
        Ok(())
    }

    /// Sets a bit of the first bitmap, or of the second.
    pub(crate) fn set(&mut self, second: bool, bit: usize) {
        let place = self.maps + usize::from(second) * self.each + bit / 8;
        if let Some(byte) = self.bytes.get_mut(place) {
            if *byte == 0 {
                self.set.push(place);
            }
            *byte |= 1 << (bit % 8);
        }
    }

    /// Writes the head in front of the bitmaps.
    pub(crate) fn finish(&mut self, answer: &Answer) -> Status {
        let Some(head) = answer.head(2 * self.each) else { return Status::TooLarge };
        self.start = self.maps.saturating_sub(answer.head_bytes());
        let room = self.bytes.get_mut(self.start..self.maps).unwrap_or_default();
        room.chunks_mut(4).zip(head).for_each(|(place, word)| place.copy_from_slice(&word));
        Status::Ok
    }

    /// The answer.
    pub(crate) fn result(&self) -> &[u8] {
        self.bytes.get(self.start..self.maps + 2 * self.each).unwrap_or_default()
    }

    /// No answer.
    pub(crate) fn clear(&mut self) {
        self.bytes.get_mut(self.start..self.maps).unwrap_or_default().fill(0);
        for place in self.set.drain(..) {
            if let Some(byte) = self.bytes.get_mut(place) {
                *byte = 0;
            }
        }
        (self.start, self.maps, self.each) = (0, 0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oxpecker_engine::json::{Reject, RejectReason};

    #[test]
    fn an_answer_has_nothing_of_those_before_it() {
        let mut kept = Bitmaps::default();
        for (events, columns, rejects) in
            [(40, 30, 40), (3, 9, 1), (90, 100, 0), (0, 5, 0), (7, 1_000, 7), (90, 100, 0)]
        {
            let mut fresh = Bitmaps::default();
            let mut answer = Answer::default();
            for index in 0..rejects {
                answer.reject(index, Reject { reason: RejectReason::InvalidJson, offset: usize::MAX });
            }
            for maps in [&mut kept, &mut fresh] {
                maps.begin(events, columns).unwrap();
                for bit in (0..events * columns).step_by(3) {
                    maps.set(bit % 2 == 0, bit);
                }
                assert_eq!(maps.finish(&answer), Status::Ok);
            }
            assert_eq!(kept.result(), fresh.result());
            assert_eq!(kept.result().len(), 16 + 12 * rejects + 2 * (events * columns).div_ceil(8));
        }
        assert_eq!(kept.begin(usize::MAX / 2, 3), Err(Status::TooLarge));
        assert!(kept.result().is_empty());
    }
}
