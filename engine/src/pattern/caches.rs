//! What searching takes beside the patterns, bounded for all of them together.
//!
//! The automaton of a pattern is built while texts lead into it, and kept: a pattern that was asked before builds nothing.
//! Where all that is kept passes the bound, some that chance picks are forgotten and built anew when they are asked again.
//! Chance, because rules ask their patterns in turn: whoever waits longest is the one that is asked next.

use regex_automata::Input;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::pikevm::{self, PikeVM};

/// How many bytes are kept, as the automata count them; the heap holds up to twice as much.
const KEPT: usize = 16 << 20;

/// Marks a pattern of which nothing is kept.
const NOWHERE: u32 = u32::MAX;

/// Room for searches, used again for every event.
#[derive(Debug, Clone)]
pub(crate) struct Caches {
    most: usize,
    bytes: usize,
    kept: Vec<Kept>,
    /// By the number of a pattern its place in `kept`.
    places: Vec<u32>,
    dice: u32,
    /// One for all: stepping through a program remembers nothing.
    simulation: Option<pikevm::Cache>,
}

#[derive(Debug, Clone)]
struct Kept {
    number: usize,
    bytes: usize,
    cache: Cache,
}

impl Default for Caches {
    fn default() -> Self {
        Self::of(KEPT)
    }
}

impl Caches {
    /// Of so many bytes at most, or of those that one pattern alone takes.
    pub(super) fn of(most: usize) -> Self {
        Self { most, bytes: 0, kept: Vec::new(), places: Vec::new(), dice: 0x9e37_79b9, simulation: None }
    }

    /// Whether a pattern of this number finds something; none where its automaton gives up.
    pub(super) fn search(&mut self, number: usize, lazy: &DFA, input: &Input<'_>) -> Option<bool> {
        let place = self.place(number, lazy);
        let kept = self.kept.get_mut(place as usize)?;
        let found = lazy.try_search_fwd(&mut kept.cache, input);
        let bytes = size_of::<Kept>() + kept.cache.memory_usage();
        self.bytes = self.bytes - kept.bytes + bytes;
        kept.bytes = bytes;
        if self.bytes > self.most {
            self.forget_others(number);
        }
        found.ok().map(|found| found.is_some())
    }

    /// The same step by step.
    pub(super) fn simulate(&mut self, pattern: &PikeVM, input: Input<'_>) -> bool {
        let cache = self.simulation.get_or_insert_with(|| pattern.create_cache());
        cache.reset(pattern);
        pattern.is_match(cache, input)
    }

    fn place(&mut self, number: usize, lazy: &DFA) -> u32 {
        if number >= self.places.len() {
            self.places.resize(number + 1, NOWHERE);
        }
        match self.places.get_mut(number) {
            Some(place) if *place == NOWHERE => {
                *place = u32::try_from(self.kept.len()).unwrap_or(NOWHERE);
                self.kept.push(Kept { number, bytes: 0, cache: lazy.create_cache() });
                *place
            }
            Some(place) => *place,
            None => NOWHERE,
        }
    }

    fn forget_others(&mut self, number: usize) {
        while self.bytes > self.most && self.kept.len() > 1 {
            let picked = self.roll();
            let spared = self.kept.get(picked).is_some_and(|kept| kept.number == number);
            self.forget(if spared { (picked + 1) % self.kept.len() } else { picked });
        }
    }

    fn forget(&mut self, place: usize) {
        let forgotten = self.kept.swap_remove(place);
        self.bytes -= forgotten.bytes;
        let moved = self.kept.get(place).map(|kept| kept.number);
        if let Some(place) = self.places.get_mut(forgotten.number) {
            let freed = std::mem::replace(place, NOWHERE);
            if let Some(place) = moved.and_then(|number| self.places.get_mut(number)) {
                *place = freed;
            }
        }
    }

    /// A place in `kept`: Marsaglia's xorshift, since nothing here may depend on what runs of the same rules cannot repeat.
    fn roll(&mut self) -> usize {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 17;
        self.dice ^= self.dice << 5;
        self.dice as usize % self.kept.len().max(1)
    }

    /// How much is kept.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        assert_eq!(self.bytes, self.kept.iter().map(|kept| kept.bytes).sum::<usize>());
        self.bytes
    }
}
