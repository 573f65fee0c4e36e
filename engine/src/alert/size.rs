//! A record that fits: whole events go first, the last one first; then the names of events; then long values are cut.
//!
//! What was taken out is told in `left_out`: how many events are not named, how many of the first ones are not whole, and
//! the fields that were cut.

use super::record::{Records, read};
use crate::json::Json;

/// Bytes of one record, unless set otherwise.
pub const RECORD_BYTES: usize = 64 << 10;

/// The smallest bound that is kept: below it there would be no room for the fields' names.
const SMALLEST: usize = 4 << 10;

/// What stands for a text that is left out altogether; a collection is empty then.
const LEFT_OUT: &str = "(left out)";

/// Characters of a text and items of a collection, less and less until the record fits.
const CUTS: [(usize, usize); 5] = [(4_096, 1_000), (1_024, 200), (256, 50), (64, 20), (16, 8)];

/// Fields that are never cut: none of them is long.
const WHOLE: [&str; 8] =
    ["alert_id", "state", "rule_id", "first_seen", "last_seen", "rule_version", "dedup_key", "left_out"];

/// Records that are cut on their way to where they go, until each has at most so many bytes.
pub(crate) struct Fitted<'o> {
    pub(crate) bytes: usize,
    pub(crate) out: &'o mut dyn Records,
}

impl Records for Fitted<'_> {
    fn add(&mut self, write: &dyn Fn(&mut String)) {
        let limit = self.bytes.max(SMALLEST);
        self.out.add(&|text| {
            let start = text.len();
            write(text);
            let length = text.len() - start;
            // Nearly all fit. The tree of one that does not is the only tree of a record.
            if length > limit
                && let Some(mut record) = text.get(start..).and_then(read)
            {
                cut(&mut record, length, limit);
                text.truncate(start);
                record.write_to(text);
            }
        });
    }
}

/// Cuts a record of this length.
fn cut(record: &mut Json, length: usize, limit: usize) {
    let Json::Object(fields) = record else { return };
    // What is told of the cutting takes room itself: at most the names of all fields.
    let room = limit.saturating_sub(SMALLEST / 4);
    let mut cut = Cut { length, room, fields, events: 0, whole: 0, cut: Vec::new() };
    cut.whole_events();
    cut.named_events();
    cut.values();
    cut.tell();
}

/// What a record lacks, for its field `left_out`.
pub(super) fn left_out(events: u64, whole_events: u64, cut: Vec<String>) -> Json {
    let fields = [
        ("events", Json::from(events)),
        ("whole_events", Json::from(whole_events)),
        ("cut", Json::Array(cut.into_iter().map(Json::from).collect())),
    ];
    Json::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// A record that is being cut.
struct Cut<'r> {
    fields: &'r mut Vec<(String, Json)>,
    length: usize,
    room: usize,
    /// Events taken out, and whole ones.
    events: u64,
    whole: u64,
    /// The fields that were cut.
    cut: Vec<String>,
}

impl Cut<'_> {
    fn fits(&self) -> bool {
        self.length <= self.room
    }

    fn events(&mut self) -> Option<&mut Vec<Json>> {
        self.fields.iter_mut().find_map(|field| match field {
            (name, Json::Array(events)) if name == "events" => Some(events),
            _ => None,
        })
    }

    /// Takes whole events out, from the last one on.
    fn whole_events(&mut self) {
        let mut place = self.events().map_or(0, |events| events.len());
        while !self.fits() && place > 0 {
            place -= 1;
            let event = self.events().and_then(|events| events.get_mut(place));
            let Some(Json::Object(members)) = event else { continue };
            let Some(found) = members.iter().position(|(name, _)| name == "event") else { continue };
            let (_, whole) = members.remove(found);
            self.length = self.length.saturating_sub(length(&whole) + r#","event":"#.len());
            self.whole += 1;
        }
    }

    /// Takes the names of events out, from the last one on.
    fn named_events(&mut self) {
        while !self.fits() {
            let Some(event) = self.events().and_then(Vec::pop) else { return };
            self.length = self.length.saturating_sub(length(&event) + 1);
            self.events += 1;
        }
    }

    /// Cuts values, longer ones first.
    fn values(&mut self) {
        for (characters, items) in CUTS {
            self.cut(|value| shorten(value, characters, items));
        }
        let each = self.room / 64;
        self.cut(|value| {
            let long = length(value) > each;
            match value {
                _ if !long => {}
                Json::Array(items) => items.clear(),
                Json::Object(members) => members.clear(),
                other => *other = Json::from(LEFT_OUT),
            }
            long
        });
    }

    /// Cuts each field by `by`, which says whether it changed anything, unless the record fits.
    fn cut(&mut self, by: impl Fn(&mut Json) -> bool) {
        if self.fits() {
            return;
        }
        for (name, value) in self.fields.iter_mut().filter(|(name, _)| !WHOLE.contains(&name.as_str())) {
            let before = length(value);
            if by(value) {
                self.length = (self.length + length(value)).saturating_sub(before);
                if !self.cut.contains(name) {
                    self.cut.push(name.clone());
                }
            }
        }
    }

    /// Says what is missing now, beside what was before.
    fn tell(self) {
        let number = |value: Option<&Json>| value.and_then(Json::scalar_text)?.parse::<u64>().ok();
        for (name, value) in self.fields.iter_mut() {
            match name.as_str() {
                "truncated" => *value = Json::from(true),
                "left_out" => {
                    let before = |name| number(value.get(name)).unwrap_or(0);
                    let (events, whole) = (before("events"), before("whole_events"));
                    *value = left_out(events + self.events, whole + self.whole, self.cut.clone());
                }
                _ => {}
            }
        }
    }
}

fn length(value: &Json) -> usize {
    let mut text = String::new();
    value.write_to(&mut text);
    text.len()
}

/// Cuts the texts in a value, and collections of many items.
fn shorten(value: &mut Json, characters: usize, items: usize) -> bool {
    let mut waiting = vec![value];
    let mut any = false;
    while let Some(next) = waiting.pop() {
        any |= shorten_one(next, characters, items);
        match next {
            Json::Array(elements) => waiting.extend(elements),
            Json::Object(members) => waiting.extend(members.iter_mut().map(|(_, member)| member)),
            _ => {}
        }
    }
    any
}

/// Cuts a text or a collection, not what the collection holds.
fn shorten_one(value: &mut Json, characters: usize, items: usize) -> bool {
    match value {
        Json::Text(text) | Json::Number(text) => match text.char_indices().nth(characters) {
            Some((end, _)) => {
                let cut = format!("{}…", text.get(..end).unwrap_or_default());
                *value = Json::Text(cut);
                true
            }
            None => false,
        },
        Json::Array(elements) => {
            let many = elements.len() > items;
            elements.truncate(items);
            many
        }
        Json::Object(members) => {
            let many = members.len() > items;
            members.truncate(items);
            many
        }
        Json::Null | Json::Bool(_) => false,
    }
}
