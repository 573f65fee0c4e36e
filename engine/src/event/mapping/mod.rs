//! What is known of producers as data: how the events of each are recognised, and from which of their fields the keys of
//! the language take their values. The files of `engine/mappings` say it; each engine reads these tables with code of its
//! own.

mod read;
#[cfg(test)]
mod tests;

use crate::language::expr::Step;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

/// A path of an event, as the language writes it.
pub(crate) type Path = Vec<Step>;

/// What values are looked up in.
pub(crate) type Table = BTreeMap<String, String>;

/// A producer of events.
#[derive(Debug)]
pub(crate) struct Mapping {
    /// What it is called.
    pub(crate) name: String,
    /// An event is of this producer if all conditions of any of these hold.
    pub(crate) when: Vec<Vec<Condition>>,
    /// The type of its events: constants and look-ups alone.
    pub(crate) event_type: Vec<Source>,
    /// Where the time of an event stands.
    pub(crate) time: Vec<Path>,
    /// Where an event's own identifier stands.
    pub(crate) id: Vec<Path>,
    /// The keys that it gives a value; of its sources the first that has one counts.
    pub(crate) keys: Vec<(Path, Vec<Source>)>,
}

/// Where a value comes from.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// What is taken.
    pub(crate) draw: Draw,
    /// What must hold for it.
    pub(crate) only_if: Vec<Condition>,
    /// In what it is looked up: in each table what the one before gave.
    pub(crate) tables: Vec<Arc<Table>>,
}

/// What is taken from an event.
#[derive(Debug, Clone)]
pub(crate) enum Draw {
    /// This text, whatever the event has.
    Text(String),
    /// What a path reaches.
    Path(Path),
    /// Of each text that a path reaches, what stands behind its last `/`.
    Last(Path),
    /// All scalars that some paths reach, joined by blanks.
    Join(Vec<Path>),
}

/// What is asked of an event.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    /// Of which path.
    pub(crate) path: Path,
    /// What must be there.
    pub(crate) test: Test,
}

/// What a path must reach.
#[derive(Debug, Clone)]
pub(crate) enum Test {
    /// Anything but null.
    Present,
    /// A scalar with one of these texts.
    OneOf(Vec<String>),
    /// A scalar whose text begins so.
    StartsWith(String),
    /// Something, and no scalar with one of these texts.
    NoneOf(Vec<String>),
}

impl Mapping {
    /// The sources of a key. One that ends in an index and has none of its own is an element of what stands before the
    /// index: `args[1]`, where the paths of `args` lead.
    pub(crate) fn sources(&self, key: &[Step]) -> Cow<'_, [Source]> {
        let own =
            |key: &[Step]| self.keys.iter().find(|(steps, _)| steps == key).map(|(_, sources)| sources.as_slice());
        match (own(key), key) {
            (Some(sources), _) => Cow::Borrowed(sources),
            (None, [list @ .., index @ Step::Index(_)]) => {
                own(list).unwrap_or_default().iter().filter_map(|source| source.element(index)).collect()
            }
            (None, _) => Cow::Borrowed(&[]),
        }
    }
}

impl Source {
    /// An element of what it takes, if it takes what a path reaches as it is.
    fn element(&self, index: &Step) -> Option<Self> {
        match &self.draw {
            Draw::Path(list) if self.tables.is_empty() => {
                Some(Self { draw: Draw::Path(list.iter().chain([index]).cloned().collect()), ..self.clone() })
            }
            _ => None,
        }
    }

    /// The paths that it takes values from.
    pub(crate) fn drawn(&self) -> &[Path] {
        match &self.draw {
            Draw::Text(_) => &[],
            Draw::Path(path) | Draw::Last(path) => std::slice::from_ref(path),
            Draw::Join(paths) => paths,
        }
    }

    /// The paths that it takes values from, and those that its conditions ask of.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.drawn().iter().chain(self.only_if.iter().map(|condition| &condition.path))
    }

    /// What the tables say of a text.
    pub(crate) fn look_up(&self, text: &str) -> Option<&str> {
        let (first, others) = self.tables.split_first()?;
        others.iter().try_fold(first.get(text)?, |text, table| table.get(text)).map(String::as_str)
    }
}

/// The producers' files, in the order in which an event is held against them.
const FILES: [(&str, &str); 7] = [
    ("kubernetes", include_str!("../../../mappings/kubernetes.yaml")),
    ("laurel", include_str!("../../../mappings/laurel.yaml")),
    ("auditbeat", include_str!("../../../mappings/auditbeat.yaml")),
    ("tetragon", include_str!("../../../mappings/tetragon.yaml")),
    ("falco", include_str!("../../../mappings/falco.yaml")),
    ("osquery", include_str!("../../../mappings/osquery.yaml")),
    ("wazuh", include_str!("../../../mappings/wazuh.yaml")),
];

const TABLES: &str = include_str!("../../../mappings/tables.yaml");

/// A file that cannot be read is a test that fails; here it is a producer that nobody knows.
static MAPPINGS: LazyLock<Vec<Mapping>> = LazyLock::new(|| {
    let tables = read::tables(TABLES).unwrap_or_default();
    FILES.iter().filter_map(|(_, text)| read::mapping(text, &tables).ok()).collect()
});

/// All producers.
pub(crate) fn all() -> &'static [Mapping] {
    &MAPPINGS
}

/// The name of the system call that has this number on x86-64, by the table that mappings look it up in.
#[must_use]
pub fn system_call(number: u32) -> Option<String> {
    let tables = read::tables(TABLES).ok()?;
    tables.get("syscalls")?.get(&format!("0xc000003e {number}")).cloned()
}
