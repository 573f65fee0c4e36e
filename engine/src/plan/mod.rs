//! Rules compiled for speed: what an event costs follows what matches it, not how many rules there are.
//!
//! ```text
//! rules ──> nnf       negations moved down to the predicates           ┐
//!           compile   each distinct predicate once; what wakes a rule  │ once
//!           program   each filter as lines that branch                 │
//!           index     the predicates that wake rules, by value         ┘
//! event ─> scan ─> facts ─> derived ─> door ─> index ─> woken rules ─> program ─> verdicts
//! ```
//!
//! **Each distinct predicate once.** Predicates of all rules are gathered by what they ask; the answer for an event is
//! found when it is first needed and remembered until the next event.
//!
//! **Rules are woken, not polled.** Each rule sleeps under its rarest predicates, of which one at least must hold for the
//! rule to match ([`Form::guard`](nnf::Form::guard)). Only those are looked up for every event, all of one key at once
//! ([`index`]), where the key's value may be among them at all ([`door`]) and is not one of its last ([`memo`]). A rule that
//! is woken is turned away by its next rarest predicate, or runs its program. Rules that can match for what an event lacks
//! have no such predicates, and run for every event. A key that draws on others is put together only for an event that has
//! some of what it draws on ([`traces`]).
//!
//! **The same answers** as the reference evaluator's, which shares no code with this one for paths, numbers or networks.

mod automaton;
mod bounds;
mod compile;
mod derived;
mod door;
mod eager;
mod facts;
mod index;
mod mapped;
mod members;
mod memo;
mod network;
mod nnf;
mod number;
mod profile;
mod program;
mod share;
mod test;
#[cfg(test)]
mod tests;
mod traces;

use crate::json::{Limits, Reject};
use crate::language::expr::Function;
use crate::matcher::{Hit, Outcome};
use crate::scan::{Kind, Scanner};
use derived::{Derived, Waking};
use eager::{Eager, Scope};
use facts::{Facts, Slot};
use index::{Index, PERHAPS, PredicateId, Seen};
use memo::{Memo, MemoKey};
use program::{Code, Line};
use test::{Scratch, Test};

pub(crate) use compile::Source;
pub use profile::{PredicateProfile, Profile, RuleProfile};

/// How much work events were, beyond the scan of their bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Work {
    /// Predicates whose answer was found by asking, not by looking it up.
    pub predicates: u64,
    /// Rules that ran their programs.
    pub woken: u64,
}

/// A distinct predicate.
#[derive(Debug, Clone)]
struct Predicate {
    slot: Slot,
    function: Option<Function>,
    test: Test,
    /// Whether an index finds it where it holds.
    is_indexed: bool,
}

/// A rule that sleeps under a predicate.
#[derive(Debug, Clone, Copy)]
struct Wake {
    column: u32,
    /// Another predicate that must hold.
    second: Option<PredicateId>,
}

/// A rule or a plain filter.
#[derive(Debug, Clone)]
struct Column {
    begin: Line,
    /// Programs of its suppressions, with the millisecond from which each no longer counts.
    suppressions: Vec<(Line, Option<i64>)>,
}

/// What is made of rules once.
#[derive(Debug)]
struct Compiled {
    predicates: Vec<Predicate>,
    code: Code,
    columns: Vec<Column>,
    derived: Derived,
    /// By slot.
    eager: Vec<Option<Box<Eager>>>,
    /// By predicate.
    wakes: Vec<Vec<Wake>>,
    /// Keys that draw on others and wake rules.
    woken_by: Waking,
    /// Columns that nothing wakes.
    always: Vec<u32>,
    /// Some predicate counts what is in objects.
    counts_members: bool,
}

/// Bytes of a text in which nothing is found so often that it matters.
const SHORT: usize = 512;

/// What is known of the event at hand.
#[derive(Debug)]
struct Now {
    facts: Facts,
    scratch: Scratch,
    /// Counts events; what was noted under an earlier number is of no event any more.
    event: u64,
    /// For each predicate, the event and whether it holds.
    answers: Vec<(u64, bool)>,
    /// For each column, the event for which it ran.
    ran: Vec<u64>,
    /// What was found for values that keys had before.
    memo: Memo,
    /// Predicates found by look-up.
    found: Vec<PredicateId>,
    seen: Seen,
    work: Work,
    /// Only for those who ask: what counts by rule costs time.
    profile: Option<Box<Profile>>,
}

impl Now {
    /// Finds the predicates that hold of a key's values, or of what a function makes of them.
    #[inline]
    fn find(&mut self, slot: Slot, event: &[u8], scope: Scope, index: &Index) {
        match self.facts.only_text(slot, event) {
            // Most keys have one value, and in a short one nothing is found so often that it matters.
            Some(text) if scope.is_of_texts() && text.len() <= SHORT => {
                index.find(Kind::Text, text, &mut self.scratch.key, &mut self.found);
            }
            _ => self.find_each(slot, event, scope, index),
        }
    }

    /// The same of any values, however many and long.
    #[inline(never)]
    fn find_each(&mut self, slot: Slot, event: &[u8], scope: Scope, index: &Index) {
        let Self { facts, scratch: Scratch { key, room, folded, .. }, found, seen, .. } = self;
        seen.begin(index);
        for end in facts.values(slot, event) {
            let is_missing = scope.function.is_some() && end.kind == Kind::Null;
            if !is_missing && scope.has(end.kind) {
                room.each(scope.function, end, &mut |kind, text| {
                    let text = if scope.is_folded { fold(text, folded) } else { text };
                    index.find_new(kind, text, key, seen, found);
                    false
                });
            }
        }
    }

    /// Finds what is remembered of a key's value; false where nothing is.
    #[inline]
    fn find_known(&mut self, slot: Slot, event: &[u8], key: MemoKey) -> bool {
        let Self { facts, memo, found, .. } = self;
        let known = facts.only_text(slot, event).and_then(|value| memo.known(key, value));
        known.inspect(|known| found.extend_from_slice(known)).is_some()
    }

    /// Remembers what was found of a key's value: all from a place on.
    #[inline]
    fn remember(&mut self, slot: Slot, event: &[u8], key: MemoKey, from: usize) {
        let Self { facts, memo, found, .. } = self;
        if let Some(value) = facts.only_text(slot, event) {
            memo.remember(key, value, found.get(from..).unwrap_or_default());
        }
    }
}

/// A text with its ASCII letters in lower case.
fn fold<'f>(text: &[u8], folded: &'f mut Vec<u8>) -> &'f [u8] {
    folded.clear();
    folded.extend_from_slice(text);
    folded.make_ascii_lowercase();
    folded
}

/// A compiled rule set and its room to work in.
#[derive(Debug)]
pub(crate) struct Plan {
    scanner: Scanner,
    compiled: Compiled,
    now: Now,
    /// Keys of plain filters that no event has had yet: their place among those keys, and their number.
    unseen: Vec<(usize, Slot)>,
}

impl Plan {
    /// How many columns there are.
    pub(crate) fn columns(&self) -> usize {
        self.compiled.columns.len()
    }

    /// How much work all events so far were.
    pub(crate) fn work(&self) -> Work {
        self.now.work
    }

    /// The same by rule and predicate, if that was asked for.
    pub(crate) fn profile(&self) -> Option<&Profile> {
        self.now.profile.as_deref()
    }

    /// The places, among the keys that were given to be watched, of those that no event has had.
    pub(crate) fn unseen(&self) -> impl Iterator<Item = usize> {
        self.unseen.iter().map(|(place, _)| *place)
    }

    /// The verdicts on one event that are not "no match", in the order of the columns.
    ///
    /// # Errors
    /// When the bytes are no event.
    pub(crate) fn decide(
        &mut self,
        event: &[u8],
        event_type: Option<&str>,
        limits: &Limits,
        hits: &mut Vec<Hit>,
    ) -> Result<(), Reject> {
        let captures = self.scanner.scan(event, limits)?;
        self.now.facts.begin(captures, event, b"");
        self.decided(event, event_type, hits);
        Ok(())
    }

    /// The same of an event in MessagePack; none, and there are no verdicts, where its JSON is to be asked.
    pub(crate) fn decide_packed(
        &mut self,
        event: &[u8],
        event_type: Option<&str>,
        limits: &Limits,
        hits: &mut Vec<Hit>,
    ) -> Option<()> {
        let (captures, written) = self.scanner.scan_packed(event, limits, self.compiled.counts_members)?;
        self.now.facts.begin(captures, event, written.as_bytes());
        self.decided(event, event_type, hits);
        Some(())
    }

    /// Decides on what was captured.
    #[inline(never)]
    fn decided(&mut self, event: &[u8], event_type: Option<&str>, hits: &mut Vec<Hit>) {
        let Self { compiled, now, unseen, .. } = self;
        now.event += 1;
        compiled.derived.note_omissions(&mut now.facts, event);
        unseen.retain(|(_, slot)| {
            compiled.derived.make(*slot, &mut now.facts, event, event_type);
            !now.facts.exists(*slot) || now.facts.is_cut(*slot)
        });
        let mut asked = Asked { compiled, now, event, event_type };
        if asked.now.facts.any_cut() {
            // What is unknown wakes nobody: everybody is asked.
            (0..).zip(&compiled.columns).for_each(|(column, _)| asked.decide(column, hits));
            return;
        }
        asked.look_up();
        asked.wake(hits);
        compiled.always.iter().for_each(|column| asked.decide(*column, hits));
        hits.sort_unstable_by_key(|hit| hit.column);
    }
}

/// An event that rules are asked about.
struct Asked<'p, 'e> {
    compiled: &'p Compiled,
    now: &'p mut Now,
    event: &'e [u8],
    event_type: Option<&'e str>,
}

impl Asked<'_, '_> {
    /// Finds the predicates that hold among those that rules sleep under.
    #[inline(never)]
    fn look_up(&mut self) {
        self.now.found.clear();
        // Keys that wake rules are put together first: then they are among those that the event has.
        let Compiled { derived, woken_by, .. } = self.compiled;
        derived.make_waking(woken_by, &mut self.now.facts, self.event, self.event_type);
        let mut place = 0;
        while let Some(slot) = self.now.facts.knocking(place) {
            place += 1;
            let Some(Some(eager)) = self.compiled.eager.get(slot as usize) else { continue };
            if eager.memo.is_some_and(|key| self.now.find_known(slot, self.event, key)) {
                continue;
            }
            let before = self.now.found.len();
            for (scope, index) in &eager.indexes {
                self.now.find(slot, self.event, *scope, index);
            }
            self.now.found.extend_from_slice(&eager.direct);
            self.ask_found(before);
            if let Some(key) = eager.memo {
                self.now.remember(slot, self.event, key, before);
            }
        }
    }

    /// Keeps of what was found, from a place on, what holds.
    #[inline]
    fn ask_found(&mut self, mut place: usize) {
        while let Some(found) = self.now.found.get(place).copied() {
            let predicate = found & !PERHAPS;
            let holds = predicate == found || self.answer(predicate).or_else(|| self.ask(predicate)) == Some(true);
            match self.now.found.get_mut(place) {
                Some(found) if holds => {
                    *found = predicate;
                    place += 1;
                }
                _ => drop(self.now.found.swap_remove(place)),
            }
        }
    }

    /// Decides the rules that sleep under what was found.
    #[inline(never)]
    fn wake(&mut self, hits: &mut Vec<Hit>) {
        let mut found = std::mem::take(&mut self.now.found);
        for predicate in &found {
            if let Some(answer) = self.now.answers.get_mut(*predicate as usize) {
                *answer = (self.now.event, true);
            }
        }
        for predicate in &found {
            for wake in self.compiled.wakes.get(*predicate as usize).into_iter().flatten() {
                if wake.second.is_none_or(|second| self.holds(second) == Some(true)) {
                    self.decide(wake.column, hits);
                }
            }
        }
        found.clear();
        self.now.found = found;
    }

    /// Decides one rule, once.
    fn decide(&mut self, column: u32, hits: &mut Vec<Hit>) {
        let (Some(ran), Some(compiled)) =
            (self.now.ran.get_mut(column as usize), self.compiled.columns.get(column as usize))
        else {
            return;
        };
        if *ran == self.now.event {
            return;
        }
        *ran = self.now.event;
        self.now.work.woken += 1;
        if let Some(profile) = &mut self.now.profile {
            profile.woke(column);
        }
        let outcome = if self.run(compiled.begin, false) {
            self.suppressed(compiled).map_or(Outcome::Matched, Outcome::Suppressed)
        } else if self.now.facts.any_cut() && self.run(compiled.begin, true) {
            Outcome::Undecided
        } else {
            return;
        };
        hits.push(Hit { column: column as usize, outcome });
    }

    /// The first suppression that hides the event. Expiry is judged on the event's own time; an event without one is
    /// hidden by no suppression that can expire.
    fn suppressed(&mut self, column: &Column) -> Option<usize> {
        column.suppressions.iter().position(|(begin, until)| {
            let in_force = until.is_none_or(|until| {
                self.compiled.derived.time(&mut self.now.facts, self.event).is_some_and(|time| time < until)
            });
            in_force && self.run(*begin, false)
        })
    }

    #[inline]
    fn run(&mut self, begin: Line, unknown: bool) -> bool {
        let code = &self.compiled.code;
        code.run(begin, unknown, |predicate| self.holds(predicate))
    }

    /// Whether a predicate holds; none where nobody can say.
    #[inline]
    fn holds(&mut self, id: PredicateId) -> Option<bool> {
        let remembered = self.now.answers.get_mut(id as usize)?;
        if remembered.0 == self.now.event {
            return Some(remembered.1);
        }
        // An index was asked already and would have found it; with doubt in the event it was not asked.
        if self.compiled.predicates.get(id as usize)?.is_indexed && !self.now.facts.any_cut() {
            *remembered = (self.now.event, false);
            return Some(false);
        }
        self.ask(id)
    }

    /// Whether a predicate holds, if that is known already.
    fn answer(&self, id: PredicateId) -> Option<bool> {
        self.now.answers.get(id as usize).filter(|(event, _)| *event == self.now.event).map(|(_, holds)| *holds)
    }

    /// Whether a predicate holds of its key's values, whatever an index says.
    fn ask(&mut self, id: PredicateId) -> Option<bool> {
        let now = &mut *self.now;
        let predicate = self.compiled.predicates.get(id as usize)?;
        self.compiled.derived.make(predicate.slot, &mut now.facts, self.event, self.event_type);
        if now.facts.is_cut(predicate.slot) {
            return None;
        }
        now.work.predicates += 1;
        let values = now.facts.values(predicate.slot, self.event);
        let holds = predicate.test.holds(predicate.function, values, &mut now.scratch);
        if let Some(profile) = &mut now.profile {
            profile.asked(id, holds);
        }
        *now.answers.get_mut(id as usize)? = (now.event, holds);
        Some(holds)
    }
}
