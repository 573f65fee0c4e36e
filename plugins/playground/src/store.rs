//! The events that are loaded, as their bytes came.

/// Events in the batches that they came in: nothing is copied when more are added.
#[derive(Debug, Default)]
pub(crate) struct Store {
    batches: Vec<Vec<u8>>,
    /// Batch, offset and length of each event.
    events: Vec<(u32, u32, u32)>,
}

impl Store {
    /// Takes a batch: each event with its length before it as four bytes. What is cut at the end is left out.
    pub(crate) fn add(&mut self, batch: Vec<u8>) {
        let Ok(place) = u32::try_from(self.batches.len()) else { return };
        let mut at = 0;
        while let Some((length, _)) = batch.get(at..).and_then(<[u8]>::split_first_chunk::<4>) {
            let length = u32::from_le_bytes(*length);
            let start = at + 4;
            let end = start + length as usize;
            if batch.len() < end {
                break;
            }
            self.events.push((place, u32::try_from(start).unwrap_or_default(), length));
            at = end;
        }
        self.batches.push(batch);
    }

    pub(crate) fn len(&self) -> usize {
        self.events.len()
    }

    /// The bytes of an event; nothing where there is none.
    pub(crate) fn get(&self, index: usize) -> &[u8] {
        let Some((batch, start, length)) = self.events.get(index) else { return &[] };
        let (start, length) = (*start as usize, *length as usize);
        self.batches.get(*batch as usize).and_then(|batch| batch.get(start..start + length)).unwrap_or_default()
    }

    pub(crate) fn clear(&mut self) {
        self.batches.clear();
        self.events.clear();
    }

    /// All events, one a line.
    pub(crate) fn lines(&self) -> String {
        let mut out = String::new();
        for index in 0..self.len() {
            out.push_str(&String::from_utf8_lossy(self.get(index)));
            out.push('\n');
        }
        out
    }
}
