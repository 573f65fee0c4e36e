//! One event: a JSON object, what shape it has, and what a key of the language reaches in it.
//!
//! Every rule about keys is here and in the modules below: paths ([`path`]), shapes and the event type ([`shape`]),
//! derived keys, helper keys and aliases ([`derived`]), keys that the mapping of a producer gives ([`mapped`]), the tables
//! of all ([`tables`], [`mapping`]), what alerts say of an event ([`about`]). Comparing values is not.

mod about;
mod derived;
mod long;
mod mapped;
pub(crate) mod mapping;
mod path;
mod shape;
#[cfg(test)]
mod skimmed;
pub(crate) mod tables;
#[cfg(test)]
mod tests;
mod time;

pub(crate) use long::{LONGEST, TOGETHER, cut, hash, is_short, less, told};
pub use mapping::system_call;
pub(crate) use path::elements;
pub use shape::{Producer, Shape};
pub use time::{Instant, format_time};
pub(crate) use time::{milliseconds_of_number, milliseconds_of_stamp, milliseconds_of_text};

use std::borrow::Cow;

use crate::json::{At, Json, Limits, Marks, Reject, RejectReason};
use crate::language::expr::{Key, Step};

/// A JSON object with its shape and, where the operator set one, its event type.
#[derive(Debug, Clone)]
pub struct Event {
    root: Root,
    shape: Shape,
    /// The type that the producer's mapping gives: of the event as it came, whatever is replaced later.
    mapped_type: Option<&'static str>,
    operator_type: Option<String>,
}

/// The object.
#[derive(Debug, Clone)]
enum Root {
    Tree(Json),
    /// As it came, of an event of which little is looked at.
    Marked(Marks),
}

/// What a key reaches in an event.
///
/// A path that meets an array goes on into each element, so it can end in several places.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found<'e> {
    /// Where the path ends, in the event's order; an array at the end of the path stands here whole.
    pub ends: Vec<Cow<'e, Json>>,
    /// CloudTrail left out the part of the event where the path leads, so nobody can say what was there.
    pub cut: bool,
}

impl<'e> Found<'e> {
    /// A path that ends in these places.
    #[must_use]
    pub fn at(ends: Vec<&'e Json>) -> Self {
        Self { ends: ends.into_iter().map(Cow::Borrowed).collect(), cut: false }
    }

    /// The same for places that may be those of a marked text.
    pub(crate) fn of(ends: Vec<At<'e>>) -> Self {
        Self { ends: ends.into_iter().map(At::json).collect(), cut: false }
    }

    /// A value that no place of the event holds as it is.
    #[must_use]
    pub fn computed(value: Json) -> Self {
        Self { ends: vec![Cow::Owned(value)], cut: false }
    }

    /// A path into what CloudTrail left out.
    #[must_use]
    pub fn cut_away() -> Self {
        Self { ends: Vec::new(), cut: true }
    }

    /// Whether the path leads somewhere, be it to null or to an empty array.
    #[must_use]
    pub fn exists(&self) -> bool {
        !self.ends.is_empty()
    }

    /// The values at the ends with arrays taken apart at every depth: scalars, nulls and objects, never an array.
    pub fn elements(&self) -> impl Iterator<Item = &Json> {
        self.ends.iter().flat_map(|end| path::elements(end))
    }

    /// Whether any value is reached that is neither null nor an object.
    #[must_use]
    pub fn has_scalar(&self) -> bool {
        self.any(|value| value.scalar_text().is_some())
    }

    /// Whether any value that is not null is reached; an object is one.
    #[must_use]
    pub fn has_value(&self) -> bool {
        self.any(|value| !value.is_null())
    }

    /// Whether one of [`Found::elements`] is wanted; only arrays are taken apart.
    fn any(&self, wanted: impl Fn(&Json) -> bool) -> bool {
        self.ends.iter().any(|end| match end.as_ref() {
            array @ Json::Array(_) => path::elements(array).any(&wanted),
            one => wanted(one),
        })
    }
}

impl Event {
    /// Reads an event from its bytes. `event_type` is the type that the operator gave to it, if any.
    ///
    /// # Errors
    /// When the bytes are no JSON object or break one of the limits.
    pub fn parse(bytes: &[u8], limits: &Limits, event_type: Option<&str>) -> Result<Self, Reject> {
        match Json::parse(bytes, limits)? {
            root @ Json::Object(_) => Ok(Self::new(root, event_type)),
            _ => Err(Reject { reason: RejectReason::NotAnObject, offset: first_token(bytes) }),
        }
    }

    /// The event's text, if that is compact JSON as it stands.
    pub(crate) fn compact(&self) -> Option<&str> {
        match &self.root {
            Root::Tree(_) => None,
            Root::Marked(marks) => marks.compact(),
        }
    }

    /// An event that is already a tree; anything but an object is an event without keys.
    #[must_use]
    pub fn new(root: Json, event_type: Option<&str>) -> Self {
        Self::of(Root::Tree(root), event_type)
    }

    /// An event whose bytes were found to be one already, under these limits: quickly at hand, and the better the less of
    /// it is looked at.
    ///
    /// # Errors
    /// When they are none after all; not each such text is refused.
    pub fn skim(bytes: &[u8], limits: &Limits, event_type: Option<&str>) -> Result<Self, Reject> {
        match Marks::of(bytes).filter(|marks| marks.top().is_object()) {
            Some(marks) => Ok(Self::of(Root::Marked(marks), event_type)),
            None => Self::parse(bytes, limits, event_type),
        }
    }

    fn of(root: Root, event_type: Option<&str>) -> Self {
        let shape = Shape::of(root.top());
        let mapped_type = shape.mapping().and_then(|mapping| mapped::event_type(mapping, root.top()));
        Self { root, shape, mapped_type, operator_type: event_type.filter(|text| !text.is_empty()).map(str::to_owned) }
    }

    /// The event as it came.
    #[must_use]
    pub fn json(&self) -> &Json {
        self.root.tree()
    }

    fn top(&self) -> At<'_> {
        self.root.top()
    }

    /// What kind of record this is by its shape alone.
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The event type: the operator's, else the shape's, else the event's own field, which cannot make a CloudTrail record
    /// of something else.
    #[must_use]
    pub fn event_type(&self) -> Option<&str> {
        let own = || self.top().get(tables::EVENT_TYPE)?.scalar_text().filter(|text| !Shape::is_cloudtrail_type(text));
        self.given_type().or_else(own)
    }

    /// The event type that does not come from the event's own field.
    fn given_type(&self) -> Option<&str> {
        self.operator_type.as_deref().or(self.shape.event_type()).or(self.mapped_type)
    }

    /// What `key` reaches. The event type is looked up as [`Event::event_type`] says; of any other key the native value
    /// wins when it is not null, and derived keys and aliases come after it. An object, which no comparison holds for,
    /// wins only over what no mapping gives.
    #[must_use]
    pub fn resolve(&self, key: &Key) -> Found<'_> {
        let native = self.native(&key.steps);
        if is_event_type(&key.steps) {
            return self.type_or_own_field(native);
        }
        self.native_or_derived(&key.steps, native)
    }

    fn native_or_derived<'e>(&'e self, key: &[Step], native: Found<'e>) -> Found<'e> {
        if native.has_scalar() {
            return native;
        }
        let mapped = self.mapped(key);
        if mapped.has_value() {
            return mapped;
        }
        if native.cut || native.has_value() {
            return native;
        }
        let derived = self.derived(key);
        // A native null still makes the key exist where nothing is derived.
        if derived.cut || derived.exists() { derived } else { native }
    }

    fn type_or_own_field<'e>(&'e self, own: Found<'e>) -> Found<'e> {
        if let Some(text) = self.given_type() {
            return Found::computed(text.into());
        }
        let pretends = own.elements().filter_map(Json::as_text).any(Shape::is_cloudtrail_type);
        if pretends { Found::default() } else { own }
    }

    /// The event with `with` in the place of every value that `keys` reach: their own and those that they take from
    /// elsewhere. It keeps its shape and type, whatever is replaced.
    #[must_use]
    pub fn without(&self, keys: &[Key], with: &Json) -> Self {
        let mut left = self.json().clone();
        for key in keys {
            path::replace(&mut left, &key.steps, with);
            for source in self.sources(&key.steps) {
                path::replace(&mut left, &source, with);
            }
        }
        self.with_json(left)
    }

    /// The event with another tree; it keeps its shape and type.
    #[must_use]
    pub fn with_json(&self, root: Json) -> Self {
        let Self { shape, mapped_type, operator_type, .. } = self;
        let (shape, mapped_type, operator_type) = (*shape, *mapped_type, operator_type.clone());
        Self { root: Root::Tree(root), shape, mapped_type, operator_type }
    }

    /// What a path reaches in the event as it came.
    fn native(&self, steps: &[Step]) -> Found<'_> {
        if self.shape.is_cloudtrail() && path::leads_into_omitted(self.top(), steps) {
            return Found::cut_away();
        }
        let mut found = Found::default();
        path::each(self.top(), steps, &mut |end| found.ends.push(end.json()));
        found
    }

    /// The same of a dotted path of our tables.
    fn native_dotted(&self, dotted: &str) -> Found<'_> {
        if self.shape.is_cloudtrail() && path::leads_dotted_into_omitted(self.top(), dotted) {
            return Found::cut_away();
        }
        let mut found = Found::default();
        let _: Option<()> = path::first(self.top(), dotted, &mut |end| {
            found.ends.push(end.json());
            None
        });
        found
    }
}

impl Root {
    fn top(&self) -> At<'_> {
        match self {
            Root::Tree(json) => At::Tree(json),
            Root::Marked(marks) => marks.top(),
        }
    }

    fn tree(&self) -> &Json {
        match self {
            Root::Tree(json) => json,
            Root::Marked(marks) => marks.tree(),
        }
    }
}

/// The keys that events answer to without having them: of CloudTrail, of every event, and by the mappings of producers.
#[must_use]
pub fn derived_keys() -> Vec<String> {
    let names = tables::HELPERS.iter().map(|(name, _)| *name).chain(tables::ALIASES.iter().map(|(name, _)| *name));
    let own = std::iter::once(tables::EVENT_TYPE).chain(names).map(str::to_owned);
    let mapped = mapping::all().iter().flat_map(|mapping| &mapping.keys);
    let mapped = mapped.map(|(steps, _)| Key { span: crate::Span::default(), steps: steps.clone() }.to_string());
    let mut all: Vec<String> = own.chain(mapped).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn is_event_type(key: &[Step]) -> bool {
    matches!(key, [Step::Name(name)] if name == tables::EVENT_TYPE)
}

fn first_token(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or_default()
}
