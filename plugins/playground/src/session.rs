//! A worker's session: the loaded events, what is asked of them, and the verdicts so far.
//!
//! Evaluating goes in steps, so that the worker can turn to a newer question between two of them.

use crate::answer::{array, number, object, text, texts};
use crate::store::Store;
use crate::{alerts, keys, rows, rules, suppress, trial, view, why};
use oxpecker_engine::event::Event;
use oxpecker_engine::json::{Json, Limits};
use oxpecker_engine::language::{self, Expr};
use oxpecker_engine::lists::Lists;
use oxpecker_engine::matcher::Outcome;
use oxpecker_engine::rule::{Collected, ListValues};
use oxpecker_engine::{Engine, Request};
use wasm_bindgen::prelude::wasm_bindgen;

/// What came of an event, as the page gets it: the larger one counts where rules differ.
pub(crate) mod outcome {
    pub(crate) const NOT_YET: u8 = 0;
    pub(crate) const NO_MATCH: u8 = 1;
    pub(crate) const UNDECIDED: u8 = 2;
    pub(crate) const SUPPRESSED: u8 = 3;
    pub(crate) const MATCHED: u8 = 4;
    pub(crate) const REJECTED: u8 = 5;
}

/// One verdict that is not "no match".
#[derive(Debug, Clone, Copy)]
pub(crate) struct Verdict {
    pub(crate) event: usize,
    pub(crate) column: usize,
    pub(crate) outcome: u8,
}

/// What is asked: rule files, or a filter alone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Question {
    pub(crate) files: Vec<(String, Vec<u8>)>,
    pub(crate) filter: Option<String>,
    pub(crate) lists: ListValues,
}

impl Question {
    /// Rules without errors are in force although others have some.
    pub(crate) fn request(&self) -> Request {
        Request {
            documents: self.files.clone(),
            filters: self.filter.clone().into_iter().collect(),
            lists: self.lists.clone(),
            lenient: true,
            shadow_alerts: true,
            ..Request::default()
        }
    }
}

/// Events, a question, and the answers so far.
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct Session {
    pub(crate) store: Store,
    pub(crate) question: Question,
    pub(crate) engine: Option<Engine>,
    pub(crate) lists: Lists,
    filter: Option<Expr>,
    /// How many events are evaluated.
    done: usize,
    rejected: Vec<usize>,
    pub(crate) verdicts: Vec<Verdict>,
    pub(crate) told: Vec<alerts::Told>,
    /// The times of the events, as far as they have been asked for.
    times: Vec<Option<i64>>,
}

#[wasm_bindgen]
impl Session {
    /// No events and no question.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a batch of events: each with its length before it as four bytes.
    pub fn add(&mut self, batch: Vec<u8>) {
        self.store.add(batch);
    }

    /// Forgets all events.
    pub fn clear(&mut self) {
        self.store.clear();
        self.times.clear();
        self.forget();
    }

    /// How many events there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.store.len()
    }

    /// Asks with a filter. False where it has errors; then the last question stands.
    pub fn ask_filter(&mut self, filter: &str) -> bool {
        let question = Question { filter: Some(filter.to_owned()), ..Question::default() };
        let expr = language::parse(filter, &language::Limits::default()).expr;
        self.ask(question, expr)
    }

    /// Asks with rule files, a JSON array of `[name, text]`. False where nothing can be loaded.
    pub fn ask_files(&mut self, files: &str) -> bool {
        let question = Question { files: rules::files(files), ..Question::default() };
        self.ask(question, None)
    }

    /// The rules in force, `[{id, name, …}]`; none for a filter alone.
    #[must_use]
    pub fn rules(&self) -> String {
        text(&array(self.collected().iter().map(rules::told)))
    }

    /// Evaluates up to `most` further events; gives how many are done.
    pub fn step(&mut self, most: usize) -> usize {
        let Some(engine) = &mut self.engine else { return self.done };
        let end = self.store.len().min(self.done + most);
        for event in self.done..end {
            match engine.verdicts(self.store.get(event)) {
                Ok(hits) => self.verdicts.extend(hits.iter().map(|hit| {
                    let outcome = match hit.outcome {
                        Outcome::Matched => outcome::MATCHED,
                        Outcome::Suppressed(_) => outcome::SUPPRESSED,
                        Outcome::Undecided => outcome::UNDECIDED,
                    };
                    Verdict { event, column: hit.column, outcome }
                })),
                Err(_) => self.rejected.push(event),
            }
        }
        self.done = end;
        end
    }

    /// What came of each event, one byte each: of one column, or of all where `column` is negative.
    #[must_use]
    pub fn outcomes(&self, column: i32) -> Vec<u8> {
        let mut out = vec![outcome::NOT_YET; self.store.len()];
        out.iter_mut().take(self.done).for_each(|outcome| *outcome = outcome::NO_MATCH);
        let wanted = usize::try_from(column).ok();
        for verdict in self.verdicts.iter().filter(|verdict| wanted.is_none_or(|wanted| wanted == verdict.column)) {
            if let Some(outcome) = out.get_mut(verdict.event) {
                *outcome = verdict.outcome.max(*outcome);
            }
        }
        for event in &self.rejected {
            if let Some(outcome) = out.get_mut(*event) {
                *outcome = outcome::REJECTED;
            }
        }
        out
    }

    /// How many events each column matched, `[{matched, suppressed, undecided}]`.
    #[must_use]
    pub fn columns(&self) -> String {
        let columns = self.engine.as_ref().map_or(0, Engine::columns);
        let mut counts = vec![[0usize; 6]; columns];
        for verdict in &self.verdicts {
            let count = counts.get_mut(verdict.column).and_then(|counts| counts.get_mut(usize::from(verdict.outcome)));
            if let Some(count) = count {
                *count += 1;
            }
        }
        let of =
            |counts: &[usize; 6], outcome: u8| number(counts.get(usize::from(outcome)).copied().unwrap_or_default());
        text(&array(counts.iter().map(|counts| {
            object([
                ("matched", of(counts, outcome::MATCHED)),
                ("suppressed", of(counts, outcome::SUPPRESSED)),
                ("undecided", of(counts, outcome::UNDECIDED)),
            ])
        })))
    }

    /// Keys that the filter asks for and that no event has.
    #[must_use]
    pub fn unseen(&self) -> Vec<String> {
        self.engine.as_ref().map(Engine::unseen_keys).unwrap_or_default()
    }

    /// What a list shows of some events.
    #[must_use]
    pub fn rows(&self, events: &[u32]) -> String {
        text(&array(events.iter().map(|event| rows::row(self.store.get(*event as usize)))))
    }

    /// An event's bytes as text.
    #[must_use]
    pub fn event(&self, event: usize) -> String {
        String::from_utf8_lossy(self.store.get(event)).into_owned()
    }

    /// All events, one a line.
    #[must_use]
    pub fn lines(&self) -> String {
        self.store.lines()
    }

    /// The time of each event in milliseconds since 1970; not a number where it has none.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of any year that has a name fit")]
    pub fn times(&mut self) -> Vec<f64> {
        self.read_times();
        self.times.iter().map(|time| time.map_or(f64::NAN, |time| time as f64)).collect()
    }

    /// Why a column matched an event or did not.
    #[must_use]
    pub fn why(&self, event: usize, column: usize) -> String {
        let bytes = self.store.get(event);
        let parsed = match Event::parse(bytes, &Limits::default(), None) {
            Ok(parsed) => parsed,
            Err(reject) => {
                return text(&object([
                    ("rejected", Json::from(reject.to_string())),
                    ("code", Json::from(reject.reason.code())),
                    ("view", view::raw(bytes)),
                ]));
            }
        };
        let collected = self.collected().get(column);
        let expr = collected.map(|collected| &collected.rule.filter).or(self.filter.as_ref());
        let Some(expr) = expr else {
            return text(&object([("view", view::view(parsed.json(), &[]))]));
        };
        text(&why::why(expr, self.question.filter.as_deref(), collected, &parsed, &self.lists))
    }

    /// The column that says most of an event: one that matched it, else the first.
    #[must_use]
    pub fn column_of(&self, event: usize) -> usize {
        let of_event = self.verdicts.iter().filter(|verdict| verdict.event == event);
        let best = of_event.max_by_key(|verdict| (verdict.outcome, std::cmp::Reverse(verdict.column)));
        best.map_or(0, |verdict| verdict.column)
    }

    /// The condition that the value at a place of an event's view satisfies.
    #[must_use]
    pub fn condition(&self, event: usize, unit: u32) -> Option<String> {
        let parsed = Event::parse(self.store.get(event), &Limits::default(), None).ok()?;
        view::condition(parsed.json(), unit)
    }

    /// The keys of the loaded events, with how often they occur and examples.
    #[must_use]
    pub fn keys(&self) -> String {
        text(&keys::keys(&self.store))
    }

    /// The alerts of the rules over the loaded events. Only after all are evaluated.
    pub fn alerts(&mut self) -> String {
        let events: Vec<usize> = self.verdicts.iter().map(|verdict| verdict.event).collect();
        self.read_times();
        self.told = alerts::run(&self.question, &self.store, events, &self.times);
        text(&array(self.told.iter().map(alerts::Told::shown)))
    }

    /// An alert's record, to look at.
    #[must_use]
    pub fn record(&self, alert: usize) -> String {
        self.told.get(alert).map_or_else(|| "null".into(), |told| text(&view::view(&told.record, &[])))
    }

    /// The suppression that would hide an alert: a filter, or an error as `{error}`.
    #[must_use]
    pub fn suppression(&self, alert: usize) -> String {
        let filter = self.told.get(alert).ok_or_else(|| "there is no such alert".to_owned());
        text(&match filter.and_then(|told| suppress::filter(&told.record)) {
            Ok(filter) => object([("filter", Json::from(filter))]),
            Err(error) => object([("error", Json::from(error))]),
        })
    }

    /// What other rule files would change: alerts gained, lost, louder, quieter. `only` is the one rule that differs;
    /// empty for all.
    #[must_use]
    pub fn effect(&mut self, files: &str, only: &str) -> String {
        self.read_times();
        text(&alerts::effect(&self.question.files, &rules::files(files), only, &self.store, &self.times))
    }

    /// What some rule files raise over the loaded events, and what others would.
    #[must_use]
    pub fn compare(&mut self, before: &str, after: &str, only: &str) -> String {
        self.read_times();
        text(&alerts::effect(&rules::files(before), &rules::files(after), only, &self.store, &self.times))
    }

    /// Runs the tests inside the rule files.
    #[must_use]
    pub fn tests(&self) -> String {
        text(&trial::run(&self.question))
    }

    fn ask(&mut self, question: Question, filter: Option<Expr>) -> bool {
        let Ok((engine, _)) = Engine::load(&question.request()) else { return false };
        let sources: Vec<_> = question.files.iter().map(rules::source).collect();
        let (set, _) = oxpecker_engine::rule::load(&sources, question.lists.clone(), &Default::default());
        self.lists = Lists::from(set.lists);
        self.question = question;
        self.engine = Some(engine);
        self.filter = filter;
        self.forget();
        true
    }

    /// Reads the times of events that came since.
    fn read_times(&mut self) {
        let known = self.times.len();
        let time = |event| Event::parse(self.store.get(event), &Limits::default(), None).ok()?.time();
        self.times.extend((known..self.store.len()).map(time));
    }

    fn forget(&mut self) {
        self.done = 0;
        self.rejected.clear();
        self.verdicts.clear();
        self.told.clear();
    }

    fn collected(&self) -> &[Collected] {
        self.engine.as_ref().map(Engine::rules).unwrap_or_default()
    }
}

impl Session {
    /// Sets lists beside those of rule files and asks with a filter: for the corpus.
    pub fn ask_with(&mut self, filter: &str, lists: ListValues, event_type: Option<&str>) -> bool {
        let question = Question { filter: Some(filter.to_owned()), lists, ..Question::default() };
        let request = Request { event_type: event_type.map(str::to_owned), lenient: false, ..question.request() };
        let Ok((engine, _)) = Engine::load(&request) else { return false };
        self.lists = Lists::from(question.lists.clone());
        self.engine = Some(engine);
        self.question = question;
        self.forget();
        true
    }
}

/// One filter on one event, as text: `match`, `no match`, `undecided`, the code of a rejection, or `error`. An empty
/// `event_type` sets none. For holding
/// the page against other hosts.
#[wasm_bindgen]
#[must_use]
pub fn verdict(filter: &str, lists: &str, event_type: &str, event: &[u8]) -> String {
    let mut session = Session::new();
    if !session.ask_with(filter, rules::lists(lists), Some(event_type).filter(|given| !given.is_empty())) {
        return "error".into();
    }
    let Some(engine) = &mut session.engine else { return "error".into() };
    match engine.verdicts(event) {
        Err(reject) => reject.reason.code().into(),
        Ok([]) => "no match".into(),
        Ok([hit, ..]) if hit.outcome == Outcome::Undecided => "undecided".into(),
        Ok(_) => "match".into(),
    }
}

/// The codes of a filter's problems with the texts under them, as the corpus writes them, and its canonical form.
#[wasm_bindgen]
#[must_use]
pub fn diagnose(filter: &str, lists: &str) -> String {
    let lists = rules::lists(lists);
    let mut parsed = language::parse(filter, &language::Limits::default());
    if let Some(expr) = &parsed.expr {
        let names: Vec<&str> = lists.keys().map(String::as_str).collect();
        language::check(expr, &names, &mut parsed.problems);
    }
    parsed.problems.sort_by_key(|problem| (problem.span.start, problem.span.end));
    let problems = parsed.problems.iter();
    text(&object([
        ("problems", array(problems.map(|found| texts([found.problem.code(), found.span.of(filter)])))),
        ("errors", Json::from(parsed.problems.iter().any(oxpecker_engine::problem::Diagnostic::is_error))),
        ("canonical", parsed.expr.map_or(Json::Null, |expr| Json::from(expr.to_string()))),
    ]))
}
