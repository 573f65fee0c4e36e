//! The engine as its hosts use it: rule files and filters in, then events in and detections and alerts out.
//!
//! Finding detections keeps no state, so that many engines can share the work; windows are kept by one.

mod loading;
mod stats;

pub use loading::{Report, ReportedProblem, Request};
pub use stats::{ColumnStats, Stats};

use crate::alert::{self, Fitted, Records};
use crate::detection::{Asked, Author, Detection, Match, MatchedEvent, Versions, shown_whole};
use crate::event::Event;
use crate::json::{self, Reject};
use crate::language;
use crate::lists::Lists;
use crate::matcher::{Hit, Matcher, Outcome};
use crate::plan::{Profile, Work};
use crate::redaction;
use crate::rule::{self, Collected, RuleSet, Status};
use crate::window::{Needs, Restored, StateError, Told, Untold, Windows};
use std::ops::ControlFlow;
use std::sync::Arc;

/// A loaded rule set with its counters and its open windows.
#[derive(Debug)]
pub struct Engine {
    set: RuleSet,
    matcher: Matcher,
    lists: Lists,
    windows: Windows,
    stats: Stats,
    /// What goes over the rules' table of tags.
    preferred_types: rule::TagTypes,
    /// The type of all events whose tag gives none.
    usual_type: Option<String>,
    /// The tag of the events that come next, once one was told, and their type.
    tag: Option<Vec<u8>>,
    event_type: Option<String>,
    limits: json::Limits,
    /// What windows ask of events.
    asked: Arc<Asked>,
    hits: Vec<Hit>,
    /// For each column, whether its rule raises nothing.
    shadow: Vec<bool>,
    redaction_secret: String,
    alert_bytes: usize,
}

impl Engine {
    /// Reads, checks and compiles. With an error in any of it there is no engine, and the report says all that is wrong.
    ///
    /// # Errors
    /// When a filter has errors, or a rule file unless the request is lenient.
    pub fn load(request: &Request) -> Result<(Self, Report), Report> {
        let (set, filters, report) = loading::read(request)?;
        Ok((Self::compile(set, &filters, request), report))
    }

    /// An engine of rules that were read before; documents and filters of the request do not count.
    #[must_use]
    pub fn of_rules(set: RuleSet, request: &Request) -> Self {
        Self::compile(set, &[], request)
    }

    fn compile(set: RuleSet, filters: &[language::Expr], request: &Request) -> Self {
        let lists = Lists::from(set.lists.clone());
        let rules = set.rules.iter().map(|collected| &collected.rule);
        let (limits, width) = (request.event_limits, request.width);
        let matcher = if request.profile {
            Matcher::profiled(rules, filters, &lists, limits, width)
        } else {
            Matcher::new(rules, filters, &lists, limits, width)
        };
        let stats = Stats { columns: vec![ColumnStats::default(); matcher.columns()], ..Stats::default() };
        let in_shadow = |collected: &Collected| collected.rule.status == Status::Shadow && !request.shadow_alerts;
        Self {
            shadow: set.rules.iter().map(in_shadow).collect(),
            asked: Arc::new(Asked::of(&set.rules)),
            set,
            matcher,
            lists,
            windows: Windows::default(),
            stats,
            preferred_types: rule::TagTypes::new(),
            usual_type: request.event_type.clone(),
            tag: None,
            event_type: request.event_type.clone(),
            limits: request.event_limits,
            hits: Vec::new(),
            redaction_secret: request.redaction_secret.clone(),
            alert_bytes: request.alert_bytes.unwrap_or(alert::RECORD_BYTES),
        }
    }

    /// The rules in force.
    #[must_use]
    pub fn rules(&self) -> &[Collected] {
        &self.set.rules
    }

    /// How many verdicts there are on each event: one for each rule, then one for each filter.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.matcher.columns()
    }

    /// The verdicts on an event that are not "no match".
    ///
    /// # Errors
    /// When the bytes are no event.
    pub fn verdicts(&mut self, bytes: &[u8]) -> Result<&[Hit], Reject> {
        self.stats.bytes += bytes.len() as u64;
        let decided = self.matcher.decide(bytes, self.event_type.as_deref(), &mut self.hits);
        if let Err(reject) = decided {
            self.stats.rejected += 1;
            return Err(reject);
        }
        self.stats.count(&self.hits, &self.shadow);
        Ok(&self.hits)
    }

    /// Finds the verdicts on an event in MessagePack, read as it stands: [`Engine::last_verdicts`]. False where it is no
    /// event, or out of the ordinary: nothing is counted then, and its JSON tells, which a
    /// [`Transcoder`](crate::msgpack::Transcoder) makes.
    pub fn decide_packed(&mut self, bytes: &[u8]) -> bool {
        let is_decided = self.matcher.decide_packed(bytes, self.event_type.as_deref(), &mut self.hits).is_some();
        if is_decided {
            self.stats.bytes += bytes.len() as u64;
            self.stats.count(&self.hits, &self.shadow);
        }
        is_decided
    }

    /// The verdicts on the last event that are not "no match".
    #[must_use]
    pub fn last_verdicts(&self) -> &[Hit] {
        &self.hits
    }

    /// Counts an event of so many bytes that was found to be none before it came here.
    pub fn count_rejected(&mut self, bytes: usize) {
        self.stats.bytes += bytes as u64;
        self.stats.rejected += 1;
    }

    /// What an event leaves behind for the windows; the number is how many rules could not decide.
    ///
    /// # Errors
    /// When the bytes are no event.
    pub fn detect(&mut self, bytes: &[u8], out: &mut Vec<Detection>) -> Result<u32, Reject> {
        let all = self.detect_from(0, bytes, |_, detection| {
            out.push(detection);
            ControlFlow::Continue(())
        });
        Ok(all?.continue_value().unwrap_or_default())
    }

    /// The same, each detection as soon as it is made: many rules that match a large event tell more of it than memory may
    /// hold. Where `take` breaks off, the number is the place to go on from, with the same event and before the engine sees
    /// another; it is evaluated and counted at the place 0 alone.
    ///
    /// # Errors
    /// When the bytes are no event.
    pub fn detect_from(
        &mut self,
        place: usize,
        bytes: &[u8],
        take: impl FnMut(&mut Self, Detection) -> ControlFlow<()>,
    ) -> Result<ControlFlow<usize, u32>, Reject> {
        if place == 0 && self.verdicts(bytes)?.is_empty() {
            return Ok(ControlFlow::Continue(0));
        }
        self.detect_decided(place, bytes, take)
    }

    /// The same of an event whose verdicts are [`Engine::last_verdicts`].
    ///
    /// # Errors
    /// When the bytes are no event.
    pub fn detect_decided(
        &mut self,
        place: usize,
        bytes: &[u8],
        mut take: impl FnMut(&mut Self, Detection) -> ControlFlow<()>,
    ) -> Result<ControlFlow<usize, u32>, Reject> {
        let asked = Arc::clone(&self.asked);
        let versions = self.versions(bytes, self.event_type.as_deref())?;
        let mut event = MatchedEvent::new(bytes, &versions, self.limits, &asked);
        let hits = std::mem::take(&mut self.hits);
        let broken_off = (place..).zip(hits.iter().skip(place)).find_map(|(place, hit)| {
            let detection = self.detection(hit.column, self.raises(hit)?, &mut event)?;
            take(self, detection).is_break().then_some(place + 1)
        });
        let undecided = hits.iter().filter(|hit| hit.outcome == Outcome::Undecided).count();
        self.hits = hits;
        Ok(match broken_off {
            Some(place) => ControlFlow::Break(place),
            None => ControlFlow::Continue(u32::try_from(undecided).unwrap_or(u32::MAX)),
        })
    }

    /// [`Engine::detect`] and [`Engine::observe`] in one, for who does both in one place: of an event that a window only
    /// counts, no more is made than counting takes. `settle` sees each detection before its time does anything.
    ///
    /// # Errors
    /// When the bytes are no event.
    pub fn watch(
        &mut self,
        bytes: &[u8],
        settle: impl Fn(&mut Detection),
        out: &mut dyn Records,
    ) -> Result<(), Reject> {
        self.watch_each(bytes, settle, |_, _, _, _| {}, out)
    }

    /// The same; `note` sees each rule that matches, whether a suppression hides the event, and the title that an alert of
    /// this event would have.
    ///
    /// # Errors
    /// When the bytes are no event.
    pub fn annotate(
        &mut self,
        bytes: &[u8],
        settle: impl Fn(&mut Detection),
        mut note: impl FnMut(&Collected, bool, String),
        out: &mut dyn Records,
    ) -> Result<(), Reject> {
        let tell = |engine: &mut Self, column: usize, suppressed: bool, event: &mut MatchedEvent<'_>| {
            let title = engine.title(column, suppressed, event);
            if let (Some(title), Some(collected)) = (title, engine.set.rules.get(column)) {
                note(collected, suppressed, title);
            }
        };
        self.watch_each(bytes, settle, tell, out)
    }

    fn watch_each(
        &mut self,
        bytes: &[u8],
        settle: impl Fn(&mut Detection),
        mut each: impl FnMut(&mut Self, usize, bool, &mut MatchedEvent<'_>),
        out: &mut dyn Records,
    ) -> Result<(), Reject> {
        if self.verdicts(bytes)?.is_empty() {
            return Ok(());
        }
        let asked = Arc::clone(&self.asked);
        let versions = self.versions(bytes, self.event_type.as_deref())?;
        let mut event = MatchedEvent::new(bytes, &versions, self.limits, &asked);
        let out = &mut Fitted { bytes: self.alert_bytes, out };
        let hits = std::mem::take(&mut self.hits);
        for hit in &hits {
            let Some(suppressed) = self.raises(hit) else { continue };
            each(self, hit.column, suppressed, &mut event);
            let author = self.author(hit.column);
            let counted = self.counted(hit.column, suppressed, &mut event).map(|mut counted| {
                settle(&mut counted);
                self.count(counted, out)
            });
            let mut whole = || shown_whole(&event.text());
            let detection = match counted {
                Some(None) => continue,
                Some(Some((Needs::Event, counted))) => Some(Detection { event: whole(), ..counted }),
                Some(Some((Needs::Opening, counted))) if author == Author::Us && whole().is_some() => {
                    Some(Detection { event: whole(), event_type: self.event_type.clone(), ..counted })
                }
                _ => {
                    let mut detection = self.detection(hit.column, suppressed, &mut event);
                    detection.iter_mut().for_each(&settle);
                    detection
                }
            };
            if let Some(detection) = detection {
                self.windows.take(detection, author, &self.set.rules, out);
            }
        }
        self.hits = hits;
        Ok(())
    }

    /// Counts an event in a window, if that needs no more.
    #[inline]
    fn count(&mut self, counted: Detection, out: &mut dyn Records) -> Option<(Needs, Detection)> {
        match self.windows.count(counted, &self.set.rules, out)? {
            (Needs::First(untold), counted) => {
                self.tell_first(&untold);
                self.windows.count(counted, &self.set.rules, out)
            }
            needs => Some(needs),
        }
    }

    /// Makes what a window's alert tells of the first event, which was counted only when it came.
    #[inline]
    fn tell_first(&mut self, untold: &Untold) {
        let (bytes, event_type) = (untold.event.as_bytes(), untold.event_type.as_deref());
        if let Some(first) = self.detection_apart(untold.rule, false, bytes, event_type) {
            self.windows.tell_first(untold, first);
        }
    }

    /// The same for all windows: before detections come from elsewhere, or windows go there.
    fn tell_firsts(&mut self) {
        for untold in self.windows.all_untold() {
            self.tell_first(&untold);
        }
    }

    /// An event that some rule matched: looked at once more than the matcher did, but only such few.
    fn versions(&self, bytes: &[u8], event_type: Option<&str>) -> Result<Versions, Reject> {
        let event = Event::skim(bytes, &self.limits, event_type)?;
        Ok(Versions::of(event, &self.asked))
    }

    /// Whether a hit is hidden by a suppression; none where it raises no alert anyway.
    fn raises(&self, hit: &Hit) -> Option<bool> {
        let suppressed = match hit.outcome {
            Outcome::Undecided => return None,
            Outcome::Matched => false,
            Outcome::Suppressed(_) => true,
        };
        (self.shadow.get(hit.column) != Some(&true)).then_some(suppressed)
    }

    /// Who wrote the parts of a rule's detections. Redaction can give two members of an object one name: those are read
    /// anew, as somebody else's are.
    fn author(&self, column: usize) -> Author {
        let is_whole = self.set.rules.get(column).is_some_and(|collected| collected.redact.is_empty());
        if is_whole { Author::us(&self.limits) } else { Author::Somebody }
    }

    /// All that an alert can say of an event that a rule matched.
    fn detection(&mut self, column: usize, suppressed: bool, event: &mut MatchedEvent<'_>) -> Option<Detection> {
        if event.has_room_for(column) {
            return self.detection_of(column, suppressed, event);
        }
        let event_type = self.event_type.clone();
        self.detection_apart(column, suppressed, event.bytes(), event_type.as_deref())
    }

    /// The same of an event of its own, which goes with all that was made of it.
    #[inline(never)]
    fn detection_apart(
        &mut self,
        column: usize,
        suppressed: bool,
        bytes: &[u8],
        event_type: Option<&str>,
    ) -> Option<Detection> {
        let asked = Arc::clone(&self.asked);
        let versions = self.versions(bytes, event_type).ok()?;
        let mut event = MatchedEvent::new(bytes, &versions, self.limits, &asked);
        self.detection_of(column, suppressed, &mut event)
    }

    fn detection_of(&mut self, column: usize, suppressed: bool, event: &mut MatchedEvent<'_>) -> Option<Detection> {
        let collected = self.set.rules.get(column)?;
        let (whole, answers) = event.answers();
        let matched = self.matcher.matched(column, &collected.rule.filter, whole, answers);
        let found = Match { rule: column, suppressed, matched, lists: &self.lists };
        let shown = Detection::new(&found, &collected.rule, event)?;
        if collected.redact.is_empty() { Some(shown) } else { redaction::apart(shown, event, &self.redaction_secret) }
    }

    /// The title of an alert of an event that a rule matched.
    fn title(&mut self, column: usize, suppressed: bool, event: &mut MatchedEvent<'_>) -> Option<String> {
        if !event.has_room_for(column) {
            return self.detection(column, suppressed, event).map(|detection| detection.title);
        }
        let collected = self.set.rules.get(column)?;
        Detection::title_of(column, &collected.rule, event, &self.lists)
    }

    /// What counting takes of an event that a rule matched; none where something is kept back.
    fn counted(&self, column: usize, suppressed: bool, event: &mut MatchedEvent<'_>) -> Option<Detection> {
        self.set.rules.get(column).filter(|collected| collected.redact.is_empty())?;
        Detection::counted(column, suppressed, event)
    }

    /// Makes everything ready that the first match of a rule would make ready: for modules that are written down as they
    /// are now, and run where there is little stack.
    pub fn prepare(&mut self) {
        for (column, collected) in self.set.rules.iter().enumerate() {
            self.matcher.prepare(column, &collected.rule.filter);
        }
    }

    /// Says which tag of a log shipper the events that come next have: it gives them their type, by the tables of
    /// tags. A tag that is in none, or none at all, leaves them the
    /// type that was given at the load.
    pub fn set_tag(&mut self, tag: &[u8]) {
        if self.tag.as_deref() != Some(tag) {
            let text = String::from_utf8_lossy(tag);
            let of_table = || self.preferred_types.of(&text).or_else(|| self.set.event_types.of(&text));
            let of_tag = if tag.is_empty() { None } else { of_table() };
            // A module that is ended for want of memory goes on with the next record: no type may stand under another's tag.
            self.tag = None;
            self.event_type = of_tag.or(self.usual_type.as_deref()).map(str::to_owned);
            self.tag = Some(tag.to_vec());
        }
    }

    /// Sets a table of tags that goes over that of the rules.
    pub fn prefer_event_types(&mut self, table: rule::TagTypes) {
        self.preferred_types = table;
        self.tag = None;
    }

    /// Lets event time pass although no event came; gives the alerts that close by it.
    pub fn advance(&mut self, milliseconds: i64, out: &mut dyn Records) {
        let out = &mut Fitted { bytes: self.alert_bytes, out };
        self.windows.advance(milliseconds, &self.set.rules, out);
    }

    /// Says which states of alerts the calls that come next give: all of them, unless this says otherwise.
    pub fn tell(&mut self, told: Told) {
        self.windows.tell(told);
    }

    /// Puts a detection into its window; gives the alerts that fire or close by it. Its texts are checked: whoever carries
    /// detections from one engine to another may be told anything.
    pub fn observe(&mut self, detection: Detection, out: &mut dyn Records) {
        self.observe_of(Author::Somebody, detection, out);
    }

    /// The same of a detection that [`Engine::detect`] of this engine has just made.
    pub fn observe_own(&mut self, detection: Detection, out: &mut dyn Records) {
        self.observe_of(self.author(detection.rule), detection, out);
    }

    fn observe_of(&mut self, author: Author, detection: Detection, out: &mut dyn Records) {
        self.tell_firsts();
        let out = &mut Fitted { bytes: self.alert_bytes, out };
        self.windows.take(detection, author, &self.set.rules, out);
    }

    /// Closes windows, in the order of their ends; gives the final form of alerts that fired. One call gives a bounded
    /// amount: windows are left while [`Windows::open_windows`] is not zero.
    pub fn flush(&mut self, out: &mut dyn Records) {
        let out = &mut Fitted { bytes: self.alert_bytes, out };
        self.windows.flush(&self.set.rules, out);
    }

    /// The counters.
    #[must_use]
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// How much work all events so far were, beyond the scan of their bytes.
    #[must_use]
    pub fn work(&self) -> Work {
        self.matcher.work()
    }

    /// The same by rule and predicate, if the request asked for it.
    #[must_use]
    pub fn profile(&self) -> Option<&Profile> {
        self.matcher.profile()
    }

    /// The open windows as JSON, for [`Engine::restore`] in an engine with the same rules.
    #[must_use]
    pub fn save(&mut self) -> String {
        self.tell_firsts();
        self.windows.save(&self.set.rules)
    }

    /// Takes over windows that [`Engine::save`] wrote, in place of those that are open.
    ///
    /// # Errors
    /// When the state is not of this version or not whole; then nothing changes.
    pub fn restore(&mut self, state: &[u8]) -> Result<Restored, StateError> {
        let (windows, restored) = Windows::restore(state, &self.set.rules)?;
        self.windows = windows;
        Ok(restored)
    }

    /// The windows, for their counters.
    #[must_use]
    pub fn windows(&self) -> &Windows {
        &self.windows
    }

    /// Keys that plain filters ask for and that no event so far had.
    #[must_use]
    pub fn unseen_keys(&self) -> Vec<String> {
        self.matcher.unseen_keys()
    }

    /// The bounds on events.
    #[must_use]
    pub fn limits(&self) -> &json::Limits {
        &self.limits
    }
}
