//! Some of the events of a run, taken evenly from all of it, in bounded memory.

use oxpecker::sandbox::Batch;

/// Bytes of events that are kept.
const BYTES: usize = 4 << 20;

/// Batches of a run: all at first, then every second one, every fourth …
#[derive(Debug, Default)]
pub(crate) struct Sample {
    batches: Vec<Batch>,
    seen: usize,
    /// One batch in two to the power of this is kept.
    thinned: u32,
}

impl Sample {
    /// Takes the next batch of the run, or passes it over.
    pub(crate) fn take(&mut self, batch: Batch) {
        let is_wanted = self.seen.is_multiple_of(1 << self.thinned);
        self.seen += 1;
        if batch.is_empty() || !is_wanted {
            return;
        }
        self.batches.push(batch);
        while self.bytes() > BYTES && self.batches.len() > 1 {
            let mut place = 0;
            self.batches.retain(|_| {
                place += 1;
                place % 2 == 1
            });
            self.thinned += 1;
        }
    }

    fn bytes(&self) -> usize {
        self.batches.iter().map(Batch::bytes).sum()
    }

    /// The events that were kept.
    pub(crate) fn events(&self) -> Vec<&[u8]> {
        self.batches.iter().flat_map(|batch| (0..batch.len()).filter_map(|event| batch.event(event))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_run_is_sampled_evenly_and_in_bounded_memory() {
        let mut sample = Sample::default();
        for number in 0..400u32 {
            let mut batch = Batch::new();
            batch.push(format!("{}{number}", "0".repeat(100_000)).as_bytes()).unwrap();
            sample.take(batch);
            assert!(sample.bytes() <= BYTES);
        }
        let kept: Vec<u32> =
            sample.events().iter().map(|event| std::str::from_utf8(event).unwrap().parse().unwrap()).collect();
        assert!((20..=41).contains(&kept.len()), "{kept:?}");
        let steps: Vec<u32> = kept.windows(2).map(|two| two[1] - two[0]).collect();
        assert!(steps.iter().all(|step| *step == steps[0]) && steps[0] == 16, "{kept:?}");
    }
}
