//! Keys whose values a producer's mapping takes from elsewhere in the event, and how its events are recognised.
//!
//! The tables are those of [`mapping`](super::mapping).

use super::mapping::{self, Condition, Draw, Mapping, Path, Source, Test};
use super::time::milliseconds_of_stamp;
use super::{Event, Found, path};
use crate::json::{At, Json};
use crate::language::expr::Step;
use std::borrow::Cow;

/// The producer of an event: its place among the mappings.
pub(super) fn producer(root: At<'_>) -> Option<usize> {
    mapping::all().iter().position(|mapping| mapping.when.iter().any(|all| all.iter().all(|one| holds(root, one))))
}

/// The type that a mapping gives to an event of its producer.
pub(super) fn event_type(mapping: &'static Mapping, root: At<'_>) -> Option<&'static str> {
    mapping.event_type.iter().filter(|source| source.only_if.iter().all(|one| holds(root, one))).find_map(|source| {
        match &source.draw {
            Draw::Text(text) => Some(text.as_str()),
            draw => pieces(root, draw).iter().find_map(|piece| source.look_up(piece)),
        }
    })
}

impl Event {
    /// What a key reaches by the mapping of the event's producer.
    pub(super) fn mapped(&self, key: &[Step]) -> Found<'_> {
        let Some(mapping) = self.shape().mapping() else { return Found::default() };
        let sources = mapping.sources(key);
        let drawn = sources.iter().map(|source| draw(self.top(), source)).find(Found::has_value);
        drawn.unwrap_or_default()
    }

    /// The paths that a mapping takes the values of a key from, and of all keys below it.
    pub(super) fn mapped_sources(&self, key: &[Step]) -> Vec<Path> {
        let Some(mapping) = self.shape().mapping() else { return Vec::new() };
        let below = mapping.keys.iter().filter(|(steps, _)| steps.len() > key.len() && steps.starts_with(key));
        let own = mapping.sources(key);
        let sources = own.iter().chain(below.flat_map(|(_, sources)| sources));
        sources.flat_map(Source::drawn).cloned().collect()
    }

    /// When the event happened, by the mapping of its producer.
    pub(super) fn mapped_time(&self) -> Option<i64> {
        let times = &self.shape().mapping()?.time;
        let ends = times.iter().flat_map(|steps| path::walk(self.top(), steps));
        ends.filter_map(At::scalar_text).find_map(milliseconds_of_stamp)
    }

    /// The event's own identifier, by the mapping of its producer.
    pub(super) fn mapped_id(&self) -> Option<&str> {
        let ids = &self.shape().mapping()?.id;
        ids.iter().flat_map(|steps| path::walk(self.top(), steps)).find_map(At::scalar_text)
    }
}

fn holds(root: At<'_>, condition: &Condition) -> bool {
    let found = Found::of(path::walk(root, &condition.path));
    let any = |wanted: &dyn Fn(&str) -> bool| found.elements().filter_map(Json::scalar_text).any(wanted);
    match &condition.test {
        Test::Present => found.has_value(),
        Test::OneOf(texts) => any(&|text| texts.iter().any(|wanted| wanted == text)),
        Test::StartsWith(prefix) => any(&|text| text.starts_with(prefix)),
        Test::NoneOf(texts) => found.has_value() && !any(&|text| texts.iter().any(|wanted| wanted == text)),
    }
}

fn draw<'e>(root: At<'e>, source: &Source) -> Found<'e> {
    if !source.only_if.iter().all(|condition| holds(root, condition)) {
        return Found::default();
    }
    match &source.draw {
        Draw::Path(path) if source.tables.is_empty() => Found::of(path::walk(root, path)),
        draw => {
            let pieces = pieces(root, draw).into_iter();
            let texts: Vec<String> = if source.tables.is_empty() {
                pieces.collect()
            } else {
                pieces.filter_map(|piece| source.look_up(&piece).map(str::to_owned)).collect()
            };
            Found { ends: texts.into_iter().map(|text| Cow::Owned(Json::Text(text))).collect(), cut: false }
        }
    }
}

/// The texts that are taken.
fn pieces(root: At<'_>, draw: &Draw) -> Vec<String> {
    let scalars = |path: &Path| -> Vec<String> {
        let found = Found::of(path::walk(root, path));
        found.elements().filter_map(Json::scalar_text).map(str::to_owned).collect()
    };
    match draw {
        Draw::Text(text) => vec![text.clone()],
        Draw::Path(path) => scalars(path),
        Draw::Last(path) => {
            let last = |text: String| text.rsplit('/').next().unwrap_or_default().to_owned();
            scalars(path).into_iter().map(last).filter(|part| !part.is_empty()).collect()
        }
        Draw::Join(paths) => {
            let all: Vec<String> = paths.iter().flat_map(scalars).collect();
            if all.is_empty() { Vec::new() } else { vec![all.join(" ")] }
        }
    }
}
