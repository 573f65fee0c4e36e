//! From rules to a plan.

use super::derived::{self, Derived};
use super::door::Door;
use super::eager::eager;
use super::facts::{Facts, Slot};
use super::index::{PredicateId, Seen};
use super::memo::Memo;
use super::nnf::{Form, Literal};
use super::profile::Profile;
use super::program::{Code, Line};
use super::share::share;
use super::test::{Scratch, Test};
use super::traces::Traces;
use super::{Column, Compiled, Now, Plan, Predicate, Wake, Work};
use crate::language::Expr;
use crate::language::expr::{self, Function, Key, Operand, Step, Value};
use crate::lists::Lists;
use crate::pattern::Patterns;
use crate::scan::{Scanner, Trie, Width};
use std::collections::{BTreeSet, HashMap};

/// A rule or a plain filter to compile.
#[derive(Debug)]
pub(crate) struct Source<'r> {
    /// What it matches.
    pub(crate) filter: &'r Expr,
    /// What hides an event that it matches, with the millisecond from which that no longer counts.
    pub(crate) suppressions: Vec<(&'r Expr, Option<i64>)>,
}

impl Plan {
    /// Compiles rules. `watched` are keys of which it is told whether any event had them; `profiled` asks for a
    /// [`Profile`].
    pub(crate) fn new(
        sources: &[Source<'_>],
        watched: &[Key],
        lists: &Lists,
        patterns: &mut Patterns,
        width: Width,
        profiled: bool,
    ) -> Self {
        let slots = Slots::of(sources, watched);
        let mut draft =
            Draft { slots: &slots, lists, patterns, known: HashMap::new(), all: Vec::new(), code: Code::default() };
        let mut guarded = Vec::with_capacity(sources.len());
        let columns: Vec<Column> = sources
            .iter()
            .map(|source| {
                let form = draft.form(source.filter, false);
                guarded.push(draft.wake(&form));
                let suppressions = source.suppressions.iter();
                Column {
                    begin: draft.program(&form),
                    suppressions: suppressions
                        .map(|(filter, until)| {
                            let form = draft.form(filter, false);
                            (draft.program(&form), *until)
                        })
                        .collect(),
                }
            })
            .collect();
        let Draft { mut all, code, known, .. } = draft;
        let profile = profiled.then(|| Box::new(Profile::new(&guarded, texts(known, all.len()))));
        let (wakes, always) = sleepers(&guarded, all.len());
        let (eager, remembered) = eager(&mut all, &wakes, &slots, lists);
        let doors = eager.iter().map(|eager| eager.as_ref().map_or(Door::default(), |eager| eager.door()));
        let now = Now {
            facts: Facts::new(doors, &slots.traces),
            scratch: Scratch::default(),
            event: 0,
            answers: vec![(0, false); all.len()],
            ran: vec![0; columns.len()],
            memo: Memo::new(remembered),
            found: Vec::new(),
            seen: Seen::default(),
            work: Work::default(),
            profile,
        };
        let unseen = watched.iter().map(|key| slots.of_key(key)).enumerate().collect();
        let predicates: Vec<Predicate> = all.into_iter().map(|drafted| drafted.predicate).collect();
        let counts_members =
            predicates.iter().any(|predicate| matches!(predicate.function, Some(Function::Count | Function::Length)));
        let behind_paths = eager.iter().enumerate().skip(slots.trie.len());
        let woken_by = behind_paths.filter(|(_, eager)| eager.is_some()).map(|(slot, _)| number(slot));
        let woken_by = slots.derived.waking(woken_by);
        let compiled = Compiled {
            predicates,
            code,
            columns,
            derived: slots.derived,
            eager,
            wakes,
            woken_by,
            always,
            counts_members,
        };
        Self { scanner: Scanner::new(slots.trie, width), compiled, now, unseen }
    }
}

/// The number of each key that is asked for.
pub(super) struct Slots {
    trie: Trie,
    derived: Derived,
    /// Of the trie's paths what those keys know them by.
    traces: Vec<Traces>,
    /// Keys with numbers behind the trie's.
    keys: Vec<Vec<Step>>,
}

impl Slots {
    fn of(sources: &[Source<'_>], watched: &[Key]) -> Self {
        let mut keys: BTreeSet<&[Step]> = watched.iter().map(|key| key.steps.as_slice()).collect();
        let mut is_timed = false;
        for source in sources {
            let hidden = source.suppressions.iter().map(|(filter, _)| *filter);
            for filter in std::iter::once(source.filter).chain(hidden) {
                filter.for_each_predicate(&mut |predicate| {
                    keys.insert(&predicate.operand.key.steps);
                });
            }
            is_timed |= source.suppressions.iter().any(|(_, until)| until.is_some());
        }
        let derived = derived::with_targets(keys.iter().copied());
        let of_rules = keys.iter().copied().filter(|steps| !derived::is_derived(steps));
        let mut paths: Vec<Vec<Step>> = of_rules.map(<[Step]>::to_vec).chain(derived::paths(&derived)).collect();
        let omitted: BTreeSet<Vec<Step>> = paths.iter().filter_map(|path| derived::omitted(path)).collect();
        let is_shaped = is_timed || !derived.is_empty() || !omitted.is_empty();
        paths.extend(omitted);
        paths.extend(is_shaped.then(derived::paths_of_shapes).into_iter().flatten());
        paths.extend(is_timed.then(derived::paths_of_times).into_iter().flatten());
        let trie = Trie::of(paths.iter().map(Vec::as_slice));
        let (made, traces) = Derived::new(&derived, &trie, number(trie.len()), is_shaped, is_timed);
        Self { trie, derived: made, traces, keys: derived }
    }

    pub(super) fn count(&self) -> usize {
        self.trie.len() + self.keys.len()
    }

    fn of_key(&self, key: &Key) -> Slot {
        let place = self.keys.iter().position(|known| *known == key.steps);
        place.map_or_else(|| self.trie.node(&key.steps), |place| number(self.trie.len() + place))
    }
}

fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// A predicate with what is known of it while plans are made.
pub(super) struct Drafted<'r> {
    pub(super) predicate: Predicate,
    /// What it asks; none of the part "has a value" of a test with null.
    pub(super) test: Option<&'r expr::Test>,
    share: f32,
    pub(super) cost: f32,
}

/// What two predicates must have in common to be one.
#[derive(PartialEq, Eq, Hash)]
struct Identity {
    slot: Slot,
    function: Option<Function>,
    test: String,
}

struct Draft<'r, 's> {
    slots: &'s Slots,
    lists: &'r Lists,
    patterns: &'s mut Patterns,
    known: HashMap<Identity, PredicateId>,
    all: Vec<Drafted<'r>>,
    code: Code,
}

impl<'r> Draft<'r, '_> {
    fn program(&mut self, form: &Form) -> Line {
        let all = &self.all;
        self.code.add(form, &|id| all.get(id as usize).map_or(0.0, |drafted| drafted.cost))
    }

    /// What wakes a rule of this form, and what else must hold.
    fn wake(&self, form: &Form) -> Option<(Vec<PredicateId>, Option<PredicateId>)> {
        let share = |id: PredicateId| self.all.get(id as usize).map_or(1.0, |drafted| drafted.share);
        let guard = form.guard(&share)?;
        let second = form.second(&guard, &share);
        Some((guard.predicates, second))
    }

    /// A filter with its negations at the predicates.
    fn form(&mut self, expr: &'r Expr, negated: bool) -> Form {
        match expr {
            Expr::Not(inner) => self.form(inner, !negated),
            Expr::Predicate(predicate) => self.literal(predicate, predicate.negated != negated),
            Expr::And(parts) | Expr::Or(parts) => {
                let parts = parts.iter().map(|part| self.form(part, negated)).collect();
                if matches!(expr, Expr::And(_)) != negated { Form::And(parts) } else { Form::Or(parts) }
            }
        }
    }

    /// A predicate. Null is a value like no other: `k in ("a", null)` is `k in ("a") or not (k has a value)`, so that
    /// nothing else holds for a key that leads nowhere.
    fn literal(&mut self, asked: &'r expr::Predicate, negated: bool) -> Form {
        let of_all = asked.operand.function == Some(Function::All);
        let (has_null, has_others) = self.nulls(&asked.test);
        if of_all || !has_null {
            let predicate = self.predicate(&asked.operand, Some(&asked.test));
            return Form::Literal(Literal { predicate, negated });
        }
        let valued = self.predicate(&asked.operand, None);
        let absent = Form::Literal(Literal { predicate: valued, negated: !negated });
        if !has_others {
            return absent;
        }
        let predicate = self.predicate(&asked.operand, Some(&asked.test));
        let parts = vec![Form::Literal(Literal { predicate, negated }), absent];
        if negated { Form::And(parts) } else { Form::Or(parts) }
    }

    /// Whether null is among the values of an equality, and whether others are.
    fn nulls(&self, test: &expr::Test) -> (bool, bool) {
        if !matches!(test, expr::Test::Equals(_) | expr::Test::In(_)) {
            return (false, true);
        }
        let all = || values(test, self.lists);
        (all().any(|value| *value == Value::Null), all().any(|value| *value != Value::Null))
    }

    fn predicate(&mut self, operand: &Operand, test: Option<&'r expr::Test>) -> PredicateId {
        let slot = self.slots.of_key(&operand.key);
        let text = test.map_or_else(|| format!("{operand} != null"), |test| identity(operand, test));
        let new = number(self.all.len());
        let id = *self.known.entry(Identity { slot, function: operand.function, test: text }).or_insert(new);
        if id == new {
            let under_all = operand.function == Some(Function::All);
            let compiled = test.map_or(Test::HasValue, |test| Test::new(test, under_all, self.lists, self.patterns));
            let share = match test {
                Some(expr::Test::Matches(_)) if compiled.words().is_none() => super::share::unfound(operand),
                Some(test) => share(operand, test, values(test, self.lists).count()),
                None => super::share::presence(operand),
            };
            let cost = compiled.cost();
            let predicate = Predicate { slot, function: operand.function, test: compiled, is_indexed: false };
            self.all.push(Drafted { predicate, test, share, cost });
        }
        id
    }
}

/// A text that is the same for tests that ask the same.
fn identity(operand: &Operand, test: &expr::Test) -> String {
    let predicate =
        expr::Predicate { span: crate::Span::default(), operand: operand.clone(), test: test.clone(), negated: false };
    predicate.to_string()
}

/// The values of a test, lists taken apart.
pub(super) fn values<'v>(test: &'v expr::Test, lists: &'v Lists) -> impl Iterator<Item = &'v Value> {
    let literals = match test {
        expr::Test::Equals(one) | expr::Test::Compare(_, one) | expr::Test::Text(_, one) | expr::Test::Matches(one) => {
            std::slice::from_ref(one)
        }
        expr::Test::In(many) => many,
        expr::Test::Exists => &[],
    };
    literals.iter().flat_map(|literal| match &literal.value {
        Value::List(name) => lists.get(name),
        value => std::slice::from_ref(value),
    })
}

/// The canonical text of each predicate.
fn texts(known: HashMap<Identity, PredicateId>, count: usize) -> Vec<String> {
    let mut texts = vec![String::new(); count];
    for (identity, id) in known {
        if let Some(text) = texts.get_mut(id as usize) {
            *text = identity.test;
        }
    }
    texts
}

/// The predicates that wake a rule, with another that must hold; none where nothing can wake it.
pub(super) type Guarded = Option<(Vec<PredicateId>, Option<PredicateId>)>;

/// For each predicate the rules that sleep under it, and the rules that never sleep.
fn sleepers(guarded: &[Guarded], predicates: usize) -> (Vec<Vec<Wake>>, Vec<u32>) {
    let (mut wakes, mut always) = (vec![Vec::new(); predicates], Vec::new());
    for (column, guard) in (0..).zip(guarded) {
        let Some((guard, second)) = guard else {
            always.push(column);
            continue;
        };
        for predicate in guard {
            if let Some(wakes) = wakes.get_mut(*predicate as usize) {
                wakes.push(Wake { column, second: *second });
            }
        }
    }
    (wakes, always)
}
