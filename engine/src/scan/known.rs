//! Members that were met before, in the order in which they tend to come.
//!
//! Records of one kind are written by one program: after `"eventSource":` comes `"eventName":`, nearly always. So for each
//! two names that came one after the other the names that followed them last are remembered, and the bytes ahead are
//! compared with those, quotes and colon included, and the quote that begins the value where all values of the name were
//! texts. A hit has read, checked and looked up a name with one or two comparisons of vectors; a miss costs as much and
//! goes the long way once. What is remembered changes no answer, and is bounded.
//!
//! Two names and not one, because logs mix kinds of records: `"eventName":` is followed by this in one and by that in
//! another, and which it is shows in what stood before. In mixed CloudTrail the first guess is right of 85 names in a
//! hundred instead of 70; a third name would make it 86.

use super::trie::{NodeId, Way};
use super::vector::Vector;
use crate::flat::{hash, same};
use crate::msgpack;

/// Bytes of `"name":"` that can be remembered; longer names go the long way each time.
const LONGEST: usize = 32;
/// How many names of all paths together are remembered, and how many steps.
const MOST: usize = 4096;
/// Places of the tables that find a remembered name or step; a power of two, at most half taken.
const SLOTS: usize = MOST * 2;
const FREE: u32 = u32::MAX;
/// Places of a table that are looked at, at most. Events choose the names and so may choose their hashes: what finds none of
/// these free is not remembered.
const NEAR: usize = 16;

/// A remembered name, in one line of the processor's cache.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub(super) struct Known {
    /// How it is written, then zeros: in JSON `"name":"`, in MessagePack its length and it.
    pattern: [u8; LONGEST],
    /// Bytes of the name, which begins behind the first byte of the pattern.
    name: u8,
    /// Bytes of the pattern that count: all, in JSON perhaps all but the last quote.
    length: u8,
    /// Whether that counts: no value of the name began otherwise yet.
    pub(super) is_text: bool,
    /// Where it stands.
    from: NodeId,
    /// How its value is reached.
    pub(super) way: Way,
    /// Where that leads.
    pub(super) node: NodeId,
}

/// How names are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Packed,
}

/// The remembered names of all paths, and the steps from one to the next.
#[derive(Debug, Clone)]
pub(super) struct KnownNames {
    form: Form,
    names: Vec<Known>,
    name_slots: Vec<u32>,
    /// For each step those that came after it, the latest first. Apart from all else: which comes next hangs on nothing
    /// but this, so a processor runs ahead along it while names are still compared.
    next: Vec<[Step; 2]>,
    /// For each step the name before its own, and its own; [`FREE`] where an object begins.
    steps: Vec<(u32, u32)>,
    step_slots: Vec<u32>,
    /// For each node the step before the first name of an object.
    starts: Vec<u32>,
}

/// A name behind another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Step {
    step: u32,
    name: u32,
}

impl Step {
    const NONE: Self = Self { step: FREE, name: FREE };
}

impl KnownNames {
    /// Nothing is remembered yet of this many nodes.
    pub(super) fn new(nodes: usize, form: Form) -> Self {
        Self {
            form,
            names: Vec::new(),
            name_slots: vec![FREE; SLOTS],
            next: Vec::new(),
            steps: Vec::new(),
            step_slots: vec![FREE; SLOTS],
            starts: vec![FREE; nodes],
        }
    }

    /// Begins anew where there is no more room: names that nobody writes any more must not keep out those of today. Not
    /// within an event, whose open brackets hold steps.
    #[inline(always)]
    pub(super) fn make_room(&mut self) {
        if self.names.len() >= MOST || self.steps.len() >= MOST {
            self.forget();
        }
    }

    #[cold]
    fn forget(&mut self) {
        self.names.clear();
        self.next.clear();
        self.steps.clear();
        for slots in [&mut self.name_slots, &mut self.step_slots, &mut self.starts] {
            slots.fill(FREE);
        }
    }

    /// The step before the first name of an object at a node.
    #[inline(always)]
    pub(super) fn start(&self, node: NodeId) -> u32 {
        self.starts.get(node as usize).copied().unwrap_or(FREE)
    }

    /// The name ahead, if it is one that came after `previous` before. The one that did last is tried first.
    #[inline(always)]
    pub(super) fn guess<V: Vector>(&mut self, previous: u32, text: &[u8], at: usize) -> Option<(u32, &Known)> {
        let next = self.next.get_mut(previous as usize)?;
        let [likely, other] = *next;
        let known = self.names.get(likely.name as usize)?;
        if known.stands_at::<V>(text, at) {
            return Some((likely.step, known));
        }
        let known = self.names.get(other.name as usize)?;
        if !known.stands_at::<V>(text, at) {
            return None;
        }
        *next = [other, likely];
        Some((other.step, known))
    }

    /// A remembered name.
    pub(super) fn get(&self, name: u32) -> Option<&Known> {
        self.names.get(name as usize)
    }

    /// A name at a node, if it is remembered. `name` is as it stands, without quotes or backslashes.
    pub(super) fn find(&self, from: NodeId, name: &[u8]) -> Option<u32> {
        let is_it = |known: &Known| known.from == from && same(known.name(), name);
        lookup(&self.name_slots, hash(name, from), |at| self.names.get(at as usize).is_some_and(is_it)).ok()
    }

    /// Remembers a name that [`KnownNames::find`] did not find, if there is room.
    pub(super) fn add(&mut self, from: NodeId, name: &[u8], way: Way, node: NodeId) -> Option<u32> {
        let added = u32::try_from(self.names.len()).ok().filter(|_| self.names.len() < MOST)?;
        let (pattern, length) = pattern(name, self.form)?;
        // The first value tells whether to expect texts.
        let is_text = self.form == Form::Json;
        let known = Known { pattern, name: u8::try_from(name.len()).ok()?, length, is_text, from, way, node };
        let free = lookup(&self.name_slots, hash(name, from), |_| false).err()??;
        *self.name_slots.get_mut(free)? = added;
        self.names.push(known);
        Some(added)
    }

    /// Notes that a name came with a value that is no text.
    pub(super) fn expect_any(&mut self, name: u32) {
        let Some(known) = self.names.get_mut(name as usize).filter(|known| known.is_text) else { return };
        (known.is_text, known.length) = (false, known.length - 1);
    }

    /// Remembers that a name at `from` came after the step `previous`; gives the step that this is, if there is room.
    pub(super) fn follow(&mut self, from: NodeId, previous: u32, name: u32) -> Option<u32> {
        let previous = if previous == FREE { self.begin(from)? } else { previous };
        let (_, before) = *self.steps.get(previous as usize)?;
        let step = self.step(before, name)?;
        let next = self.next.get_mut(previous as usize)?;
        let latest = Step { step, name };
        if !next.contains(&latest) {
            *next = [latest, next[0]];
        }
        Some(step)
    }

    /// Makes the step before the first name of a node's objects.
    fn begin(&mut self, from: NodeId) -> Option<u32> {
        let step = self.push((FREE, FREE))?;
        *self.starts.get_mut(from as usize)? = step;
        Some(step)
    }

    /// The step from one name to another, made where there is none.
    fn step(&mut self, before: u32, name: u32) -> Option<u32> {
        let pair = (before, name);
        let is_it = |at: u32| self.steps.get(at as usize) == Some(&pair);
        match lookup(&self.step_slots, hash(&name.to_le_bytes(), before), is_it) {
            Ok(step) => Some(step),
            Err(free) => {
                let (free, step) = (free?, self.push(pair)?);
                *self.step_slots.get_mut(free)? = step;
                Some(step)
            }
        }
    }

    fn push(&mut self, pair: (u32, u32)) -> Option<u32> {
        let step = u32::try_from(self.steps.len()).ok().filter(|_| self.steps.len() < MOST)?;
        self.steps.push(pair);
        self.next.push([Step::NONE; 2]);
        Some(step)
    }
}

/// What a table of slots has under a hash that `is_it`, else the free slot where it would be, if one is near.
fn lookup(slots: &[u32], hash: u32, is_it: impl Fn(u32) -> bool) -> Result<u32, Option<usize>> {
    for further in 0..NEAR {
        let slot = (hash as usize + further) % SLOTS;
        match slots.get(slot).copied().filter(|entry| *entry != FREE) {
            None => return Err(Some(slot)),
            Some(entry) if is_it(entry) => return Ok(entry),
            Some(_) => {}
        }
    }
    Err(None)
}

impl Known {
    fn name(&self) -> &[u8] {
        self.pattern.get(1..=usize::from(self.name)).unwrap_or_default()
    }

    /// Bytes of the pattern.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        usize::from(self.length)
    }

    /// Whether the bytes at a place are this name.
    #[inline(always)]
    fn stands_at<V: Vector>(&self, text: &[u8], at: usize) -> bool {
        let length = self.len();
        let begins = |at, place, lanes| match (V::load(text, at), V::load(&self.pattern, place)) {
            (Some(ahead), Some(pattern)) => ahead.same(pattern, lanes),
            _ => false,
        };
        if length <= V::LANES {
            return begins(at, 0, length);
        }
        let mut done = 0;
        while length - done > V::LANES {
            if !begins(at + done, done, V::LANES) {
                return false;
            }
            done += V::LANES;
        }
        // The last vector ends with the name, so that all its lanes count.
        begins(at + length - V::LANES, length - V::LANES, V::LANES)
    }
}

/// How a name is written, and how many bytes that takes; none where it is too long.
fn pattern(name: &[u8], form: Form) -> Option<([u8; LONGEST], u8)> {
    let mut pattern = [0; LONGEST];
    pattern.get_mut(1..=name.len())?.copy_from_slice(name);
    let length = u8::try_from(name.len()).ok()?;
    let ends: &[(u8, u8)] = match form {
        Form::Json => &[(0, b'"'), (length + 1, b'"'), (length + 2, b':'), (length + 3, b'"')],
        Form::Packed => &[(0, msgpack::SHORT_TEXT | length)],
    };
    for (place, byte) in ends {
        *pattern.get_mut(usize::from(*place))? = *byte;
    }
    Some((pattern, ends.last()?.0.max(length) + 1))
}

#[cfg(test)]
mod tests {
    use super::super::trie::NOWHERE;
    use super::super::vector::Native;
    use super::*;

    /// Reads names one after the other, as a pass does; gives how many were not guessed at once.
    fn surprises(known: &mut KnownNames, names: &[&str]) -> usize {
        let mut previous = known.start(0);
        let mut count = 0;
        for name in names {
            let text = format!("\"{name}\":\"value and some more bytes than a vector has\"");
            let before = known.next.get(previous as usize).map(|next| next[0]);
            let guessed = known.guess::<Native>(previous, text.as_bytes(), 0).map(|(step, _)| step);
            count += usize::from(guessed.is_none() || before.map(|step| step.step) != guessed);
            previous = guessed.unwrap_or_else(|| {
                let entry = known.find(0, name.as_bytes());
                let entry = entry.or_else(|| known.add(0, name.as_bytes(), Way::UNASKED, NOWHERE)).unwrap();
                known.follow(0, previous, entry).unwrap()
            });
        }
        count
    }

    #[test]
    fn what_stood_before_tells_which_kind_of_record_it_is() {
        let mut known = KnownNames::new(1, Form::Json);
        let (one, other) = (["kind", "name", "roleArn"], ["name", "sourceIPAddress"]);
        assert_eq!(surprises(&mut known, &one), 3);
        assert_eq!(surprises(&mut known, &other), 2);
        // Only how a record begins is a surprise from now on.
        for _ in 0..10 {
            assert_eq!(surprises(&mut known, &one), 1);
            assert_eq!(surprises(&mut known, &other), 1);
        }
    }

    /// Names whose hashes are alike are found among few or not at all, however many of them an event has.
    #[test]
    fn names_that_were_chosen_for_their_hashes_are_not_searched_for() {
        let mut known = KnownNames::new(1, Form::Json);
        let alike =
            (0..).map(|number: u32| number.to_string()).filter(|name| hash(name.as_bytes(), 0) as usize % SLOTS < 2);
        let names: Vec<String> = alike.take(100).collect();
        let added = names.iter().filter(|name| known.add(0, name.as_bytes(), Way::UNASKED, NOWHERE).is_some()).count();
        let found = names.iter().filter(|name| known.find(0, name.as_bytes()).is_some()).count();
        assert_eq!((added, found), (NEAR + 1, NEAR + 1));
    }

    #[test]
    fn names_that_nobody_writes_any_more_make_room() {
        let mut known = KnownNames::new(1, Form::Json);
        let mut names = (0..).map(|number| format!("name{number}"));
        while known.names.len() < MOST {
            known.make_room();
            known.add(0, names.next().unwrap().as_bytes(), Way::UNASKED, NOWHERE);
        }
        assert!(known.find(0, b"name0").is_some());
        known.make_room();
        assert!(known.find(0, b"name0").is_none());
        assert_eq!(surprises(&mut known, &["eventSource", "eventName"]), 2);
        assert_eq!(surprises(&mut known, &["eventSource", "eventName"]), 0);
    }
}
