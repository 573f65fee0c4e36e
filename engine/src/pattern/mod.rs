//! Regular expressions of `matches`, compiled, and asked the one thing that rules ask: whether they find something.
//!
//! ```text
//! text ─> required   has it the texts that every match has?   most have not, and are done
//!      ─> lazy       an automaton that is built as far as texts lead into it
//!      ─> simulated  the same step by step: where the automaton would grow without end
//! ```
//!
//! A compiled pattern is small and never changes. What searching takes beside it is in [`Caches`], under one bound for all
//! patterns.

mod ascii;
mod caches;
mod required;
mod sum;
#[cfg(test)]
mod tests;
mod words;

pub(crate) use caches::Caches;
pub(crate) use sum::Sum;
pub(crate) use words::Word;

use regex_automata::Input;
use regex_automata::hybrid::dfa::{Config, DFA};
use regex_automata::nfa::thompson::pikevm::PikeVM;
use regex_automata::nfa::thompson::{self, NFA, State, WhichCaptures};
use required::Required;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// Why a pattern was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PatternError {
    /// It is not a regular expression; the reason is the parser's.
    Syntax(String),
    /// Compiled, it would take more bytes than allowed.
    TooLarge,
}

/// What the lazily built automaton of one pattern may take while it is used; beyond it a slower one does the work.
const LAZY: usize = 256 << 10;

/// A lazy automaton that was thrown away so often, and then takes more than one state for so many bytes, is given up.
const CLEARED: usize = 3;
const BYTES_PER_STATE: usize = 10;

/// What a pattern takes beside its states, and a state beside its transitions.
const FRAME: usize = 1536;
const STATE: usize = 24;
/// The same of a word, beside its bytes.
const WORD: usize = 16;

/// A compiled regular expression.
#[derive(Debug)]
pub struct Pattern {
    /// Its place among those that share [`Caches`].
    number: usize,
    required: Required,
    words: Option<Box<[Word]>>,
    /// None where one state alone would take more than [`LAZY`].
    lazy: Option<DFA>,
    simulated: PikeVM,
}

impl Pattern {
    /// Compiles a pattern; `limit` bounds the bytes that its program may take.
    ///
    /// # Errors
    /// When the pattern is malformed or too large.
    pub fn new(text: &str, limit: usize) -> Result<Self, PatternError> {
        let meaning = ascii::read(text)?;
        let refused = |error: thompson::BuildError| match error.size_limit() {
            Some(_) => PatternError::TooLarge,
            None => PatternError::Syntax(error.to_string()),
        };
        let bounded =
            thompson::Config::new().utf8(false).which_captures(WhichCaptures::None).nfa_size_limit(Some(limit));
        let program = NFA::compiler().configure(bounded).build_from_hir(&meaning).map_err(refused)?;
        let simulated = PikeVM::new_from_nfa(program.clone()).map_err(refused)?;
        let lazy = Config::new()
            .cache_capacity(LAZY)
            // Words of letters beyond ASCII are seen by the slower one.
            .unicode_word_boundary(true)
            .minimum_cache_clear_count(Some(CLEARED))
            .minimum_bytes_per_state(Some(BYTES_PER_STATE));
        let lazy = DFA::builder().configure(lazy).build_from_nfa(program).ok();
        Ok(Self { number: 0, required: Required::of(&meaning), words: words::of(&meaning), lazy, simulated })
    }

    /// Bytes that it takes where pointers are long, counted alike where they are not: what one host loads, every other does.
    pub(crate) fn size(&self) -> usize {
        let of_state = |state: &State| match state {
            State::Sparse(sparse) => sparse.transitions.len() * 8,
            State::Dense(dense) => dense.transitions.len() * 4,
            State::Union { alternates } => alternates.len() * 4,
            _ => 0,
        };
        let states = self.simulated.get_nfa().states();
        let words: usize = self.words.iter().flatten().map(|word| WORD + word.len()).sum();
        FRAME + states.len() * STATE + states.iter().map(of_state).sum::<usize>() + self.required.size() + words
    }

    /// Texts in lower case, of which one stands in every value in which it finds something, once the ASCII letters of that
    /// are in lower case too. None where there are no such texts, or too many.
    pub(crate) fn words(&self) -> Option<&[Word]> {
        self.words.as_deref()
    }

    /// Whether it finds something in a value, for who asks seldom.
    #[must_use]
    pub fn finds(&self, value: &[u8]) -> bool {
        self.is_match(value, &mut Caches::default())
    }

    /// Whether it finds something in a value. The caches are those that it shares with the patterns of one [`Patterns`].
    pub(crate) fn is_match(&self, value: &[u8], caches: &mut Caches) -> bool {
        let Some(begin) = self.required.begin(value) else { return false };
        let input = Input::new(value).span(begin..value.len()).earliest(true);
        let found = self.lazy.as_ref().and_then(|lazy| caches.search(self.number, lazy, &input));
        found.unwrap_or_else(|| caches.simulate(&self.simulated, input))
    }
}

/// Patterns by their text, each compiled once however often it is asked.
#[derive(Debug, Default)]
pub(crate) struct Patterns {
    known: HashMap<String, Option<Arc<Pattern>>>,
    /// For those who have none of their own.
    caches: Arc<Mutex<Caches>>,
}

impl Patterns {
    /// The pattern of a text; none where it does not compile.
    pub(crate) fn get(&mut self, text: &str, limit: usize) -> Option<Arc<Pattern>> {
        if let Some(known) = self.known.get(text) {
            return known.clone();
        }
        let number = self.known.len();
        let pattern = Pattern::new(text, limit).ok().map(|pattern| Arc::new(Pattern { number, ..pattern }));
        self.known.insert(text.to_owned(), pattern.clone());
        pattern
    }

    /// Caches that all may use who have patterns from here.
    pub(crate) fn caches(&self) -> Arc<Mutex<Caches>> {
        Arc::clone(&self.caches)
    }
}
