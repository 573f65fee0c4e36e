//! What is looked up for every event that has a key: the predicates that rules sleep under.
//!
//! Nearly all are found in an index. Some that an index cannot tell are found there *perhaps*: what it looks for holds
//! whenever the predicate does, and who is found so is asked. The others are asked of every value.

use super::automaton::Room;
use super::compile::{Drafted, Slots, values};
use super::door::Door;
use super::facts::Slot;
use super::index::{Index, PERHAPS, PredicateId};
use super::memo::MemoKey;
use super::{Predicate, Wake};
use crate::language::expr::{Function, Test, TextOperator, Value};
use crate::lists::Lists;
use crate::scan::Kind;
use std::collections::HashMap;

/// What is looked up of a key.
#[derive(Debug, Clone, Default)]
pub(super) struct Eager {
    pub(super) indexes: Vec<(Scope, Index)>,
    /// Predicates that no index can find, marked as found perhaps.
    pub(super) direct: Vec<PredicateId>,
    /// The key's number in the memo, where finding takes so long that it is worth one.
    pub(super) memo: Option<MemoKey>,
}

/// What an index is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Scope {
    /// What is made of the key's values.
    pub(super) function: Option<Function>,
    pub(super) values: Values,
    /// Whether their ASCII letters are put in lower case first.
    pub(super) is_folded: bool,
}

/// Which values of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Values {
    /// Of arrays the elements, and all that stand alone.
    All,
    /// The elements of arrays alone.
    Elements,
    /// Those alone that stand in no array.
    Alone,
}

impl Scope {
    /// Whether a value of this kind is asked about: if it is an array, its elements.
    #[inline]
    pub(super) fn has(self, kind: Kind) -> bool {
        let is_array = kind == Kind::Array && self.function != Some(Function::Count);
        match self.values {
            Values::All => true,
            Values::Elements => is_array,
            Values::Alone => !is_array,
        }
    }

    /// Whether the index is asked about the value itself where that is a text.
    #[inline]
    pub(super) fn is_of_texts(self) -> bool {
        self.function.is_none() && self.values != Values::Elements && !self.is_folded
    }
}

impl Eager {
    /// Which values of the key are worth looking up.
    pub(super) fn door(&self) -> Door {
        let mut door = if self.direct.is_empty() { Door::default() } else { Door::OPEN };
        for (scope, index) in &self.indexes {
            // What a function makes of a value looks otherwise than the value.
            door.join(if scope.function.is_some() || scope.is_folded { Door::OPEN } else { index.door() });
        }
        door
    }
}

/// What asking a predicate costs at least whose answers are worth a memo: it looks at every byte of a value.
const COSTLY: f32 = 4.0;

/// Puts the predicates that wake somebody where they are found, by slot; also gives how many keys have a memo.
pub(super) fn eager(
    all: &mut [Drafted<'_>],
    wakes: &[Vec<Wake>],
    slots: &Slots,
    lists: &Lists,
) -> (Vec<Option<Box<Eager>>>, MemoKey) {
    let mut eager: Vec<Option<Box<Eager>>> = vec![None; slots.count()];
    let mut indexes: HashMap<(Slot, Scope), Index> = HashMap::new();
    for (id, drafted) in (0..).zip(all.iter_mut()) {
        if wakes.get(id as usize).is_none_or(Vec::is_empty) {
            continue;
        }
        let slot = drafted.predicate.slot;
        match drafted.test.and_then(|test| Some((test, look_up(drafted, test, lists)?))) {
            Some((test, found)) => {
                drafted.predicate.is_indexed = true;
                let id = if found.is_sure { id } else { id | PERHAPS };
                for values in found.values {
                    let scope = Scope { function: found.function, values: *values, is_folded: found.is_folded };
                    let index = indexes.entry((slot, scope)).or_default();
                    if let Some(words) = drafted.predicate.test.words() {
                        words.into_iter().for_each(|word| index.word(TextOperator::Like, word, id));
                    } else {
                        add(index, *values, test, id, lists);
                    }
                }
            }
            None => {
                if let Some(eager) = eager.get_mut(slot as usize) {
                    eager.get_or_insert_default().direct.push(id | PERHAPS);
                }
            }
        }
    }
    // The keys with the least text first: one with very much keeps no other from a table. In a fixed order, so that the
    // same rules take the same steps.
    let mut indexes: Vec<_> = indexes.into_iter().map(|(key, index)| (index.bytes_inside(), key, index)).collect();
    indexes.sort_by_key(|(bytes, key, _)| (*bytes, *key));
    let mut room = Room::default();
    for (_, (slot, scope), mut index) in indexes {
        index.finish(&mut room);
        if let Some(eager) = eager.get_mut(slot as usize) {
            eager.get_or_insert_default().indexes.push((scope, index));
        }
    }
    let keys = give_memos(&mut eager, all);
    (eager, keys)
}

/// Numbers the keys that are worth a memo; gives how many they are.
fn give_memos(eager: &mut [Option<Box<Eager>>], all: &[Drafted<'_>]) -> MemoKey {
    let is_costly = |id: &PredicateId| all.get((id & !PERHAPS) as usize).is_some_and(|drafted| drafted.cost >= COSTLY);
    let mut keys = 0;
    for eager in eager.iter_mut().flatten() {
        if eager.direct.iter().any(is_costly) || eager.indexes.iter().any(|(_, index)| index.is_costly()) {
            eager.memo = Some(keys);
            keys += 1;
        }
    }
    keys
}

/// How a predicate is looked up.
struct Found {
    /// What the index holds is made by it.
    function: Option<Function>,
    /// Of which values; of each group in an index of its own.
    values: &'static [Values],
    /// Whether their ASCII letters are put in lower case first.
    is_folded: bool,
    /// Whether it holds if it is found.
    is_sure: bool,
}

/// None where no index can find it.
fn look_up(drafted: &Drafted<'_>, test: &Test, lists: &Lists) -> Option<Found> {
    let Predicate { function, test: compiled, .. } = &drafted.predicate;
    let of_all = *function == Some(Function::All);
    let has_null = || values(test, lists).any(|value| *value == Value::Null);
    let groups: &[Values] = match test {
        // Null is nowhere to be found; outside of `all` the part with null is asked by itself.
        Test::Equals(_) | Test::In(_) if of_all && has_null() => return None,
        Test::Text(TextOperator::Contains, _) if !of_all && has_null() => return None,
        Test::Text(TextOperator::Contains, _) if !of_all => &[Values::Elements, Values::Alone],
        Test::Exists => return None,
        Test::Matches(_) if compiled.words().is_none() => return None,
        _ => &[Values::All],
    };
    let is_folded = matches!(test, Test::Matches(_));
    // What each element satisfies, some element does.
    let function = function.filter(|_| !of_all);
    Some(Found { function, values: groups, is_folded, is_sure: !of_all && !is_folded })
}

fn add(index: &mut Index, among: Values, test: &Test, id: PredicateId, lists: &Lists) {
    for value in values(test, lists) {
        match (test, value.as_text()) {
            (Test::Text(..), _) if among == Values::Elements => index.equal(value, id),
            (Test::Text(operator, _), Some(text)) => index.word(*operator, text.as_bytes(), id),
            (Test::Text(..), None) => {}
            (Test::Compare(comparison, _), _) => {
                if let Value::Text(bound) | Value::Number(bound) = value {
                    index.bound(*comparison, bound, id);
                }
            }
            _ => index.equal(value, id),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::json::Limits;
    use crate::lists::Lists;
    use crate::pattern::Patterns;
    use crate::plan::{Plan, Source};
    use crate::scan::Width;

    /// A plan of filters, one for each number up to a hundred.
    fn plan(filter: impl Fn(usize) -> String) -> Plan {
        let read = |number| crate::language::parse(&filter(number), &crate::language::Limits::default()).expr.unwrap();
        let filters: Vec<_> = (0..100).map(read).collect();
        let sources: Vec<_> = filters.iter().map(|filter| Source { filter, suppressions: Vec::new() }).collect();
        Plan::new(&sources, &[], &Lists::default(), &mut Patterns::default(), Width::Native, false)
    }

    /// Which filters hold, and how many predicates were asked to find out.
    fn decide(plan: &mut Plan, event: &str) -> (Vec<usize>, u64) {
        let (mut hits, before) = (Vec::new(), plan.work().predicates);
        plan.decide(event.as_bytes(), None, &Limits::default(), &mut hits).unwrap();
        (hits.iter().map(|hit| hit.column).collect(), plan.work().predicates - before)
    }

    #[track_caller]
    fn check(filter: impl Fn(usize) -> String, event: &str, hits: &[usize], asked: u64) {
        assert_eq!(decide(&mut plan(&filter), event), (hits.to_vec(), asked), "{} on {event}", filter(0));
    }

    #[test]
    fn what_holds_is_found_without_asking_the_others() {
        check(|n| format!("k > {n}"), r#"{"k": 2}"#, &[0, 1], 0);
        check(|n| format!("k <= {n}"), r#"{"k": [99.5, "98", null, {}]}"#, &[98, 99], 0);
        check(|n| format!("length(k) < {n}"), r#"{"k": "é"}"#, &(2..100).collect::<Vec<_>>(), 0);
        check(|n| format!("count(k) = {n}"), r#"{"k": [7, [8, 9]]}"#, &[2], 0);
        check(|n| format!("k > \"20{n:02}-01-01T00:00:00Z\""), r#"{"k": "2001-06-01T00:00:00Z"}"#, &[0, 1], 0);
    }

    #[test]
    fn contains_looks_for_elements_of_arrays_and_inside_of_texts() {
        let contains = |n| format!("k contains \"a{n:02}\"");
        check(contains, r#"{"k": "xa07a99"}"#, &[7, 99], 0);
        check(contains, r#"{"k": ["xa07", ["a08"], "a9"]}"#, &[8], 0);
        check(contains, r#"{"k": {"a01": "a02"}}"#, &[], 0);
        check(|n| format!("k contains {n}"), r#"{"k": [1, "2", 34]}"#, &[1, 2, 34], 0);
        check(|n| format!("k contains {n}.0"), r#"{"k": [34]}"#, &[34], 0);
        check(|n| format!("k contains {n}.0"), r#"{"k": 34}"#, &[], 0);
        check(|n| format!("lower(k) contains \"a{n:02}\""), r#"{"k": ["A07", "xA08"]}"#, &[7], 0);
        check(|n| format!("lower(k) contains \"a{n:02}\""), r#"{"k": "xA08"}"#, &[8], 0);
    }

    #[test]
    fn of_patterns_are_asked_whose_words_are_there() {
        let matches = |n| format!("k matches \"(?i)tool-{n:02}/[0-9]\"");
        check(matches, r#"{"k": "TOOL-07/1"}"#, &[7], 1);
        check(matches, r#"{"k": "x Tool-07/a tool-08/2"}"#, &[8], 2);
        check(matches, r#"{"k": ["tool-07/a", "TooL-09/0"]}"#, &[9], 2);
        check(matches, r#"{"k": ["tool-07", 1, null, {}]}"#, &[], 0);
        check(|n| format!("upper(k) matches \"^TOOL-{n:02}$\""), r#"{"k": "tool-07"}"#, &[7], 1);
        check(|n| format!("all(k) matches \"E{n:02}[0]\""), r#"{"k": [1E070, "xE070"]}"#, &[7], 1);
        check(|n| format!("k matches \"^(sh|ba{n})\""), r#"{"k": "ba7"}"#, &[7], 100);
    }

    #[test]
    fn of_all_are_asked_who_may_hold() {
        let all = |n| format!("all(k) starts_with \"a{n:02}\"");
        check(all, r#"{"k": ["a07x", "a07"]}"#, &[7], 1);
        check(all, r#"{"k": ["a07x", "a08"]}"#, &[], 2);
        check(all, r#"{"k": []}"#, &[], 0);
        check(|n| format!("all(k) in ({n}, null)"), r#"{"k": [null, 3]}"#, &[3], 100);
        check(|n| format!("all(k) contains \"a{n:02}\""), r#"{"k": ["xa07", "a07y"]}"#, &[7], 1);
    }

    #[test]
    fn what_is_found_has_a_bound_however_much_an_event_holds() {
        let of = |value: &str| format!(r#"{{"k": [{}]}}"#, vec![value; 10_000].join(","));
        let all: Vec<usize> = (0..100).collect();
        type Filter = fn(usize) -> String;
        let cases: [(Filter, String, &[usize]); 7] = [
            (|n| format!("k in (\"a\", \"b{n}\")"), of("\"a\""), &all),
            (|n| format!("k in (true, \"b{n}\")"), of("true"), &all),
            (|n| format!("k in (\"10.0.0.0/8\", \"b{n}\")"), of("\"10.1.1.1\""), &all),
            (|n| format!("k > -{n}"), of("7"), &all),
            (|n| format!("k contains \"a\" and x{n} not exists"), of("\"a\""), &all),
            (|n| format!("k like \"{}\"", "a".repeat(n + 1)), of("\"aa\""), &all[..2]),
            (|n| format!("k like \"{}\"", "a".repeat(n + 1)), format!(r#"{{"k": "{}"}}"#, "a".repeat(100_000)), &all),
        ];
        for (filter, event, hits) in cases {
            let mut plan = plan(filter);
            assert_eq!(decide(&mut plan, &event).0, hits, "{}", filter(0));
            assert!(plan.now.found.capacity() <= 1024, "{}: {}", filter(0), plan.now.found.capacity());
        }
    }
}
