//! Suppressions that do not do what their author wants: those that can hide nothing, those that hide a whole rule, those
//! on a key that no two events share, those whose time is over.
//!
//! A lint that is wrong is worse than one that is silent: each speaks only where the language leaves no doubt. That a
//! rule's filter and a suppression both match makes a list of facts, the parts that `and` joins; what cannot be among
//! them together is a contradiction. A key may reach several values, so two values of one key contradict each other only
//! where the key is known to have one.

use super::Suppression;
use super::set::{Collected, LoadedDiagnostic, RuleSet};
use crate::event::Event;
use crate::json::Json;
use crate::language::expr::{Expr, Function, Operand, Predicate, Step, Test, Value};
use crate::lists::Lists;
use crate::problem::{Diagnostic, Problem, Sink};
use crate::reference::{Filter, Verdict, is_network_text, is_ordered_text};

/// Keys that are another one in nearly every event.
const UNIQUE: [&str; 22] = [
    "eventID",
    "eventId",
    "event_id",
    "requestID",
    "requestId",
    "sharedEventID",
    "auditID",
    "uuid",
    "_id",
    "pid",
    "ppid",
    "eventTime",
    "event_time",
    "requestReceivedTimestamp",
    "stageTimestamp",
    "@timestamp",
    "timestamp",
    "time",
    "_time",
    "ts",
    "date",
    "createdAt",
];

/// Keys that have one value in an event, never an array of them.
const SINGLE: [&str; 24] = [
    "eventName",
    "eventSource",
    "eventType",
    "eventCategory",
    "eventVersion",
    "awsRegion",
    "recipientAccountId",
    "readOnly",
    "managementEvent",
    "errorCode",
    "sourceIPAddress",
    "userAgent",
    "userIdentity.type",
    "userIdentity.accountId",
    "userIdentity.userName",
    "userIdentity.arn",
    "userIdentity.principalId",
    "user",
    "userType",
    "region",
    "accountId",
    "event_type",
    "verb",
    "stage",
];

/// How many facts, or branches of an `or`, are looked at.
const MOST: usize = 64;

/// Warns of questions that at most one event answers with yes.
pub(super) fn unique_keys(filter: &Expr, sink: &mut Sink) {
    filter.for_each_predicate(&mut |predicate| {
        let key = predicate.operand.key.to_string();
        let values = Set::of(predicate).is_some_and(|set| set.iter().any(|value| **value != Value::Null));
        if values && !predicate.negated && UNIQUE.contains(&key.as_str()) {
            sink.push(Diagnostic::new(predicate.span, Problem::SuppressionOnUniqueKey { key }));
        }
    });
}

/// Suppressions that are over on a day such as `2027-01-31`.
#[must_use]
pub fn expired(set: &RuleSet, day: &str) -> Vec<LoadedDiagnostic> {
    let mut found = Vec::new();
    for collected in set.rules.iter().chain(&set.disabled) {
        for (source, suppression) in with_sources(collected) {
            // Days written this way are in the order of their texts.
            if let Some(expires) = suppression.expires.as_ref().filter(|expires| expires.as_str() <= day) {
                let problem = Problem::SuppressionExpired { expires: expires.clone() };
                let diagnostic = Diagnostic::new(suppression.expires_span, problem);
                found.push(LoadedDiagnostic { source, diagnostic });
            }
        }
    }
    found
}

/// A rule's suppressions with the sources that they stand in.
fn with_sources(collected: &Collected) -> impl Iterator<Item = (usize, &Suppression)> {
    let sources = collected.provenance.suppressions.iter().map(|place| place.source);
    sources.zip(&collected.rule.suppressions)
}

/// What each suppression of a rule does to the rule.
pub(super) fn suppressions(collected: &Collected) -> Vec<LoadedDiagnostic> {
    let rule = &collected.rule;
    let wanted = Facts::of(&rule.filter);
    let mut found = Vec::new();
    for (source, suppression) in with_sources(collected) {
        let problem = match wanted.and(&suppression.filter).contradiction() {
            Some((one, other)) => Problem::SuppressionNeverMatches { one, other },
            None if wanted.imply(&suppression.filter) => {
                Problem::SuppressionHidesRule { rule: rule.id.clone(), until: suppression.expires.clone() }
            }
            None => continue,
        };
        found.push(LoadedDiagnostic { source, diagnostic: Diagnostic::new(suppression.span, problem) });
    }
    found
}

/// A predicate that holds, or one that does not.
#[derive(Clone, Copy)]
struct Fact<'e> {
    predicate: &'e Predicate,
    holds: bool,
}

/// What must be so for a filter to match.
#[derive(Clone, Default)]
struct Facts<'e> {
    facts: Vec<Fact<'e>>,
    /// Of each of these, one part at least: the parts of an `or`, or the opposites of those of an `and`.
    choices: Vec<(&'e [Expr], bool)>,
}

impl<'e> Facts<'e> {
    fn of(filter: &'e Expr) -> Self {
        let mut facts = Self::default();
        facts.add(filter, true);
        facts
    }

    fn and(&self, filter: &'e Expr) -> Self {
        let mut both = self.clone();
        both.add(filter, true);
        both
    }

    fn add(&mut self, expr: &'e Expr, holds: bool) {
        match expr {
            Expr::Not(inner) => self.add(inner, !holds),
            Expr::Predicate(predicate) => self.facts.push(Fact { predicate, holds: holds != predicate.negated }),
            Expr::And(parts) if holds => parts.iter().for_each(|part| self.add(part, true)),
            Expr::Or(parts) if !holds => parts.iter().for_each(|part| self.add(part, false)),
            Expr::And(parts) | Expr::Or(parts) => self.choices.push((parts, holds)),
        }
    }

    /// Two of the facts that cannot both be so, or a choice of which every part contradicts the facts.
    fn contradiction(&self) -> Option<(String, String)> {
        self.among_facts().or_else(|| self.choices.iter().take(MOST).find_map(|choice| self.no_way(*choice)))
    }

    fn among_facts(&self) -> Option<(String, String)> {
        let facts = || self.facts.iter().take(MOST);
        facts().enumerate().find_map(|(place, one)| one.clash(facts().skip(place + 1)))
    }

    fn no_way(&self, (parts, holds): (&'e [Expr], bool)) -> Option<(String, String)> {
        if parts.len() > MOST {
            return None;
        }
        let mut last = None;
        for part in parts {
            let mut chosen = Self::default();
            chosen.add(part, holds);
            let clash = |one: &Fact<'_>| one.clash(self.facts.iter().take(MOST));
            last = Some(chosen.facts.iter().take(MOST).find_map(clash)?);
        }
        last
    }

    /// Whether a filter holds wherever these facts do.
    fn imply(&self, filter: &Expr) -> bool {
        if let Expr::Or(parts) = filter {
            return parts.iter().any(|part| self.imply(part)) || self.chosen(parts, true);
        }
        let wanted = Facts::of(filter);
        let known = |fact: &Fact<'_>| self.facts.iter().take(MOST).any(|known| known.implies(fact));
        wanted.facts.iter().all(known) && wanted.choices.iter().all(|(parts, holds)| self.chosen(parts, *holds))
    }

    /// Whether one of the choices is this one, whatever the order of its parts.
    fn chosen(&self, parts: &[Expr], holds: bool) -> bool {
        let normal = |parts: &[Expr]| {
            let mut texts: Vec<String> = parts.iter().map(ToString::to_string).collect();
            texts.sort();
            texts.dedup();
            texts
        };
        let wanted = normal(parts);
        self.choices.iter().take(MOST).any(|(known, way)| *way == holds && normal(known) == wanted)
    }
}

impl std::fmt::Display for Fact<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Predicate { negated: !self.holds, ..self.predicate.clone() }.fmt(f)
    }
}

impl Fact<'_> {
    /// This and the first of some that it cannot stand beside.
    fn clash<'o>(&self, others: impl IntoIterator<Item = &'o Fact<'o>>) -> Option<(String, String)> {
        let other = others.into_iter().find(|other| self.excludes(other) || other.excludes(self))?;
        Some((self.to_string(), other.to_string()))
    }

    /// Whether the other cannot be so where this is.
    fn excludes(&self, other: &Fact<'_>) -> bool {
        let (mine, its) = (&self.predicate.operand, &other.predicate.operand);
        if mine.key.steps != its.key.steps {
            return false;
        }
        if self.holds != other.holds && same(self.predicate, other.predicate) {
            return true;
        }
        let other_has_value = other.holds && needs_value(other.predicate);
        if mine.function.is_none() && other_has_value && (self.is_null() || self.is_missing()) {
            return true;
        }
        let Some(values) = self.only_values() else { return false };
        if its.function.is_none() && other.holds && Set::of(other.predicate).is_some_and(|set| values.apart(&set)) {
            return true;
        }
        values.firm(mine) && values.iter().all(|value| other.is_so_for(mine, value) == Some(false))
    }

    /// Whether the other is so wherever this is.
    fn implies(&self, other: &Fact<'_>) -> bool {
        let (mine, its) = (&self.predicate.operand, &other.predicate.operand);
        if mine.key.steps != its.key.steps {
            return false;
        }
        if self.holds == other.holds && same(self.predicate, other.predicate) {
            return true;
        }
        if self.holds && mine.function == its.function && other.holds {
            let sets = Set::of(self.predicate).zip(Set::of(other.predicate));
            if sets.is_some_and(|(mine, its)| mine.iter().all(|value| its.iter().any(|other| value == other))) {
                return true;
            }
        }
        let asks_for_any = other.holds && other.predicate.test == Test::Exists || !other.holds && other.asks_for_null();
        if its.function.is_none() && asks_for_any && self.holds && needs_value(self.predicate) {
            return true;
        }
        self.only_values().is_some_and(|values| {
            values.firm(mine) && values.iter().all(|value| other.is_so_for(mine, value) == Some(true))
        })
    }

    fn asks_for_null(&self) -> bool {
        matches!(&self.predicate.test, Test::Equals(literal) if literal.value == Value::Null)
    }

    fn is_null(&self) -> bool {
        self.holds && self.asks_for_null()
    }

    fn is_missing(&self) -> bool {
        !self.holds && self.predicate.test == Test::Exists
    }

    /// The values of which the key has one and no other, where that is known.
    fn only_values(&self) -> Option<Set<'_>> {
        let single = SINGLE.contains(&self.predicate.operand.key.to_string().as_str());
        let plain = self.predicate.operand.function.is_none();
        Set::of(self.predicate).filter(|_| single && plain && self.holds)
    }

    /// Whether the fact is so in an event where its key has this value; of a list, which is edited apart from rules,
    /// nobody can say.
    fn is_so_for(&self, operand: &Operand, value: &Value) -> Option<bool> {
        let Value::Text(text) = value else { return None };
        if self.predicate.literals().iter().any(|literal| matches!(literal.value, Value::List(_))) {
            return None;
        }
        let event = operand.key.steps.iter().rev().fold(Json::from(text.as_str()), |inner, step| match step {
            Step::Name(name) => Json::Object(vec![(name.clone(), inner)]),
            Step::Index(_) => inner,
        });
        let asked = Predicate { negated: false, ..self.predicate.clone() };
        let verdict = Filter::new(Expr::Predicate(asked), &Lists::new()).evaluate(&Event::new(event, None));
        Some((verdict == Verdict::Match) == self.holds)
    }
}

/// The values of an `=` or an `in`.
struct Set<'p>(Vec<&'p Value>);

impl<'p> Set<'p> {
    fn of(predicate: &'p Predicate) -> Option<Self> {
        let values: Vec<&Value> = match &predicate.test {
            Test::Equals(_) | Test::In(_) => predicate.literals().iter().map(|literal| &literal.value).collect(),
            _ => return None,
        };
        let plain = values.len() <= MOST && !values.iter().any(|value| matches!(value, Value::List(_)));
        plain.then_some(Self(values))
    }

    fn iter(&self) -> impl Iterator<Item = &&'p Value> {
        self.0.iter()
    }

    /// Whether no value equals one of these and one of those.
    fn apart(&self, other: &Self) -> bool {
        self.iter().all(|mine| other.iter().all(|its| apart(mine, its)))
    }

    /// Whether a key with one of these values has exactly that text: numbers and networks have several. The event type
    /// is looked up in its own way.
    fn firm(&self, operand: &Operand) -> bool {
        let text = |value: &&&Value| matches!(value, Value::Text(text) if is_firm(text));
        operand.key.to_string() != "event_type" && self.iter().all(|value| text(&value))
    }
}

/// Whether only one value equals this text: the text itself.
fn is_firm(text: &str) -> bool {
    !matches!(text, "true" | "false") && !is_ordered_text(text) && !is_network_text(text)
}

/// Whether no scalar equals both. What may be written in several ways is not told apart.
fn apart(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Text(one), Value::Text(other)) => one != other && is_firm(one) && is_firm(other),
        (Value::Bool(one), Value::Bool(other)) => one != other,
        (Value::Null, Value::Text(_) | Value::Number(_) | Value::Bool(_))
        | (Value::Text(_) | Value::Number(_) | Value::Bool(_), Value::Null) => true,
        _ => false,
    }
}

/// Whether two predicates ask the same, whatever the order of a set's values.
fn same(one: &Predicate, other: &Predicate) -> bool {
    let normal = |predicate: &Predicate| {
        let mut plain = Predicate { negated: false, ..predicate.clone() };
        if let Test::In(values) = &mut plain.test {
            values.sort_by_cached_key(ToString::to_string);
            values.dedup_by_key(|literal| literal.value.clone());
            if let [only] = values.as_slice() {
                plain.test = Test::Equals(only.clone());
            }
        }
        plain.to_string()
    };
    normal(one) == normal(other)
}

/// Whether a predicate holds only where its key has a value that is not null.
fn needs_value(predicate: &Predicate) -> bool {
    let null = predicate.literals().iter().any(|literal| literal.value == Value::Null);
    // An empty array has a count and no value.
    !null && predicate.test != Test::Exists && predicate.operand.function != Some(Function::Count)
}
