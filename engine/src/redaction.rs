//! Values that must not leave: `redact:` in a rule file.
//!
//! What a set keeps back is taken out of a detection before it is written anywhere, so it is in no temporary file, no
//! saved state and no alert. Each value that a redacted key reaches is replaced where it stands, and where its text stands
//! elsewhere in the event: a user's name is in ARNs too. Everything that an alert says is then made of what is left.
//!
//! Grouping must still tell the values apart. Where the source or an aggregate value is not the same any more, a *tag* is
//! added behind the aggregate values: 128 bits of SHA-256 over a secret of the operator's and the true values. It goes
//! into `alert_id` and `dedup_key`, which are hashes themselves, and is shown nowhere. Without a secret, somebody who has
//! an alert, knows the rule and guesses a value can find out whether the guess is right.

mod places;

use crate::detection::{Detection, Ends, MatchedEvent, Shared, Tagged, is_null, text_of, write_told};
use crate::event::Event;
use crate::json::Json;
use crate::language::expr::Key;
use crate::reference::Matched;
use crate::rule::hex;
use places::Places;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What stands in the place of a value.
pub const REDACTED: &str = "(redacted)";

/// How many texts of one event are looked for, and their bytes together. Beyond it nothing of the event is shown.
const MOST: usize = 1_000;
const LARGEST: usize = 64 << 10;

/// Bytes of a value whose places are kept at once. No text is longer, so that no byte is looked at more than twice.
const STRETCH: usize = LARGEST;

/// Texts of fewer characters are looked for as words alone: `a` is in everything.
const SHORT: usize = 4;

/// What is left of an event where something is kept back.
pub(crate) struct Left {
    event: Event,
    texts: Texts,
}

impl Left {
    /// What is left when this is kept back; none where that is so much that nothing of the event is shown.
    pub(crate) fn of(event: &Event, keys: &[Key]) -> Option<Self> {
        let texts = Texts::of(event, keys)?;
        let left = event.without(keys, &Json::from(REDACTED));
        let left = left.with_json(texts.out_of(left.json()));
        Some(Self { event: left, texts })
    }

    /// What all detections say of it.
    pub(crate) fn shared(&self, whole: &Event) -> Shared {
        let shared = Shared::of(&self.event, Arc::from(text_of(self.event.json())));
        let event_type = shared.event_type.map(|text| self.texts.out_of_text(&text));
        Shared { event_type, time: whole.time(), ..shared }
    }

    /// What a key shows. A value that is gone with what it was taken from is not missing.
    pub(crate) fn ends<'v>(&'v self, key: &Key, whole: &'v Event) -> Ends<'v> {
        let ends = self.event.resolve(key).ends;
        if is_null(&ends) { hidden(whole, key) } else { ends }
    }

    /// Whether a key reaches what it reaches in the whole event.
    pub(crate) fn is_same(&self, key: &Key, whole: &Event) -> bool {
        whole.resolve(key) == self.event.resolve(key)
    }

    /// Tells a predicate that matched. Where the value is kept back, so is what it was compared with.
    pub(crate) fn tell(&self, matched: &Matched<'_>, is_same: bool, out: &mut String) {
        let texts = &self.texts;
        let (predicate, values): (String, Vec<Json>) = if is_same {
            (texts.out_of_text(matched.predicate), matched.values.iter().map(|value| texts.out_of(value)).collect())
        } else {
            (format!("{} {REDACTED}", matched.key), vec![texts.out_of(&Json::from(REDACTED))])
        };
        write_told(&predicate, &values, out);
    }
}

/// What a key shows where its value is kept back: nothing of it but that there is one.
pub(crate) fn hidden<'v>(event: &'v Event, key: &Key) -> Ends<'v> {
    let ends = event.resolve(key).ends;
    if is_null(&ends) { ends } else { vec![Cow::Owned(Json::from(REDACTED))] }
}

/// What detections say of an event of which they show nothing.
pub(crate) fn nothing_of(event: &Event) -> Shared {
    let nothing = Json::Object(vec![(REDACTED.to_owned(), Json::from(REDACTED))]);
    Shared {
        time: event.time(),
        source: REDACTED.to_owned(),
        event_type: None,
        event_id: event.id().map(|_| REDACTED.to_owned()),
        context: "{}".to_owned(),
        text: text_of(&nothing).into(),
    }
}

/// What is shown, with tags where the true values told detections apart. None for a rule that is not asked about.
pub(crate) fn apart(mut shown: Detection, event: &mut MatchedEvent<'_>, secret: &str) -> Option<Detection> {
    let by = event.asked().rule(shown.rule)?;
    let whole = Detection::counted(shown.rule, shown.suppressed, event)?;
    if (&whole.source, &whole.aggregate) != (&shown.source, &shown.aggregate) {
        let source = || text_of(&Json::from(whole.source.as_str()));
        let tag = event.tag(by.group(), || tag(&with_first(&source(), &whole.aggregate), secret));
        shown.aggregate = with_last(&shown.aggregate, &text_of(&Json::from(tag)));
    }
    if whole.event_id != shown.event_id {
        let id = |id: &str| event.tag(Tagged::Id, || tag(&text_of(&Json::from(id)), secret)).to_owned();
        shown.event_id = whole.event_id.as_deref().map(id).map(|tag| format!("{REDACTED} {tag}"));
    }
    if whole.distinct != shown.distinct {
        let told = by.counted_by().zip(whole.distinct);
        shown.distinct = told.map(|(of, value)| text_of(&Json::from(event.tag(of, || tag(&value, secret)))));
    }
    Some(shown)
}

/// The text of an array with one more value in front.
fn with_first(value: &str, array: &str) -> String {
    match array.strip_prefix('[') {
        Some("]") | None => format!("[{value}]"),
        Some(rest) => format!("[{value},{rest}"),
    }
}

/// The text of an array with one more value behind.
fn with_last(array: &str, value: &str) -> String {
    match array.strip_suffix(']') {
        Some("[") | None => format!("[{value}]"),
        Some(rest) => format!("{rest},{value}]"),
    }
}

/// An event's identifier as an alert shows it: without its tag.
pub(crate) fn shown_id(id: &str) -> &str {
    let tagged = id.strip_prefix(REDACTED).and_then(|rest| rest.strip_prefix(' '));
    if tagged.is_some_and(|tag| tag.len() == TAG && tag.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        REDACTED
    } else {
        id
    }
}

/// Hexadecimal digits of a tag.
const TAG: usize = 32;

/// The tag of a JSON text.
fn tag(value: &str, secret: &str) -> String {
    let text = format!("oxpecker redaction\n{}\n{secret}\n{value}", secret.len());
    hex(&Sha256::digest(text.as_bytes()), TAG)
}

/// The texts of the values that some keys reach in an event.
struct Texts {
    texts: BTreeSet<String>,
    /// Finds them; none where there are none. It is made for each event, on whatever stack a shipper gives: hence no
    /// regular expression, whose making calls deep.
    places: Option<Places>,
}

impl Texts {
    /// `None` where there are too many to look for.
    fn of(event: &Event, keys: &[Key]) -> Option<Self> {
        let mut texts = BTreeSet::new();
        for key in keys {
            event.resolve(key).ends.iter().for_each(|end| collect(end, &mut texts));
        }
        if texts.len() > MOST || texts.iter().map(String::len).sum::<usize>() > LARGEST {
            return None;
        }
        let places = (!texts.is_empty()).then(|| Places::of(texts.iter().map(String::as_str)));
        Some(Self { texts, places })
    }

    fn out_of_text(&self, text: &str) -> String {
        let Some(places) = &self.places else { return text.to_owned() };
        let (mut left, mut done) = (String::with_capacity(text.len()), 0);
        // An event can have a place at each of its bytes. They are found from behind and wanted from the front: so they
        // are kept, of one stretch at a time.
        let (mut found, mut from) = (Vec::new(), 0);
        while from < text.len() {
            let to = text.len().min(from + STRETCH);
            places.each(text, from..to, |start, longest| {
                found.extend(self.longest(text, start, start + longest).map(|end| (start, end)));
            });
            for (start, end) in found.drain(..).rev() {
                // What begins inside one that went is gone with it.
                if start >= done {
                    left.push_str(text.get(done..start).unwrap_or_default());
                    left.push_str(REDACTED);
                    done = end;
                }
            }
            from = to.max(done);
        }
        left.push_str(text.get(done..).unwrap_or_default());
        left
    }

    /// The end of the longest text at a place that goes out there; `end` is that of the longest one at all.
    fn longest(&self, text: &str, start: usize, end: usize) -> Option<usize> {
        let found = text.get(start..end)?;
        if found.chars().nth(SHORT - 1).is_some() {
            return Some(end);
        }
        let ends = found.char_indices().rev().map(|(at, last)| at + last.len_utf8());
        let known = |end: &usize| found.get(..*end).is_some_and(|shorter| self.texts.contains(shorter));
        ends.filter(known).map(|end| start + end).find(|end| is_apart(text, start, *end))
    }

    /// A tree without the texts, in values and in names. A number of which a part would go goes whole.
    fn out_of(&self, value: &Json) -> Json {
        let mut left = value.clone();
        let mut waiting = vec![&mut left];
        while let Some(next) = waiting.pop() {
            match next {
                Json::Text(text) => *text = self.out_of_text(text),
                Json::Number(text) if self.out_of_text(text) != *text => *next = Json::from(REDACTED),
                Json::Array(items) => waiting.extend(items),
                Json::Object(members) => {
                    for (name, member) in members {
                        *name = self.out_of_text(name);
                        waiting.push(member);
                    }
                }
                _ => {}
            }
        }
        left
    }
}

/// The texts in a value. Booleans and small numbers are everywhere; they are kept back in their own places only.
fn collect(value: &Json, into: &mut BTreeSet<String>) {
    value.values().for_each(|value| collect_one(value, into));
}

fn collect_one(value: &Json, into: &mut BTreeSet<String>) {
    match value {
        Json::Text(text) if matches!(text.as_str(), "" | "true" | "false" | "null") => {}
        Json::Text(text) => {
            // As it stands inside a JSON text that is itself a value, too.
            let mut escaped = String::new();
            crate::json::write_text(text, &mut escaped);
            let escaped = escaped.get(1..escaped.len() - 1).unwrap_or_default().to_owned();
            into.extend([text.clone(), escaped]);
        }
        Json::Number(digits) if digits.len() >= SHORT => {
            into.insert(digits.clone());
        }
        _ => {}
    }
}

/// Whether what stands in a range begins and ends no later and no earlier than a word does.
fn is_apart(text: &str, start: usize, end: usize) -> bool {
    let word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let at = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
    let (before, inside, after) = (at(0..start), at(start..end), at(end..text.len()));
    let joined = |left: &str, right: &str| word(left.chars().next_back()) && word(right.chars().next());
    !joined(before, inside) && !joined(inside, after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Limits;

    fn texts(all: &[&str]) -> Texts {
        let values = all.iter().map(|text| Json::from(*text)).collect();
        let event = Json::Object(vec![("k".to_owned(), Json::Array(values))]).to_string();
        let event = Event::parse(event.as_bytes(), &Limits::default(), None).unwrap();
        let key = crate::language::parse("k exists", &crate::language::Limits::default()).expr.unwrap();
        Texts::of(&event, &[key.predicates()[0].operand.key.clone()]).unwrap()
    }

    #[test]
    fn the_longest_text_goes_and_a_short_one_only_as_a_word() {
        for (all, text, left) in [
            (&["ada", "ada lovelace"][..], "ada lovelace, ada, adam", "(redacted), (redacted), adam"),
            (&["a-b", "a"], "a-b a-bc a", "(redacted) (redacted)-bc (redacted)"),
            (&["-b", "b"], "a-b a-bc", "a(redacted) a-bc"),
            (&["root", "roots"], "uproots root", "up(redacted) (redacted)"),
            (&["é", "éé"], "é éé ééé é", "(redacted) (redacted) ééé (redacted)"),
            (&["lovelace"], "LOVELACE lovelacelovelace", "LOVELACE (redacted)(redacted)"),
            (
                &["say \"hi\""],
                r#"say "hi" or {\"say\":\"say \\\"hi\\\"\"}"#,
                r#"(redacted) or {\"say\":\"say \\\"hi\\\"\"}"#,
            ),
            (&["true", ""], "true", "true"),
        ] {
            assert_eq!(texts(all).out_of_text(text), left, "{all:?}");
        }
    }

    /// What is left of a text by the words of the rule: from the left, the longest text that goes out where it begins.
    fn naive(all: &[&str], text: &str) -> String {
        let goes = |start: usize, known: &&&str| {
            text[start..].starts_with(**known) && (known.len() >= SHORT || is_apart(text, start, start + known.len()))
        };
        let (mut left, mut at) = (String::new(), 0);
        while let Some(letter) = text[at..].chars().next() {
            match all.iter().filter(|known| goes(at, known)).max_by_key(|known| known.len()) {
                Some(known) => {
                    left.push_str(REDACTED);
                    at += known.len();
                }
                None => {
                    left.push(letter);
                    at += letter.len_utf8();
                }
            }
        }
        left
    }

    #[test]
    fn texts_go_across_the_ends_of_stretches() {
        let texts = texts(&["abcdef", "efgh", "x", "a"]);
        for before in STRETCH - 9..=STRETCH + 1 {
            for (inside, left) in
                [("abcdef", REDACTED), ("abcdefgh", "(redacted)gh"), (" x ", " (redacted) "), ("ax", "ax")]
            {
                let filled = |inside: &str| ["_".repeat(before).as_str(), inside, &"_".repeat(STRETCH)].concat();
                assert_eq!(texts.out_of_text(&filled(inside)), filled(left), "{inside} behind {before}");
            }
        }
        let texts = self::texts(&["é".repeat(STRETCH / 2 - 8).as_str()]);
        assert_eq!(texts.out_of_text(&"é".repeat(2 * STRETCH)), format!("{}{}", REDACTED.repeat(4), "é".repeat(32)));
    }

    #[test]
    fn texts_that_overlap_go_from_the_left() {
        let all = ["a", "ab", "b-", "-ab-", "abba", "bbb", "baabbaab", "b--"];
        let texts = texts(&all);
        for number in 0..3_u32.pow(9) {
            let letter = |place: u32| ["a", "b", "-"][(number / 3_u32.pow(place) % 3) as usize];
            let text: String = (0..9).map(letter).collect();
            assert_eq!(texts.out_of_text(&text), naive(&all, &text), "{text}");
        }
    }
}
