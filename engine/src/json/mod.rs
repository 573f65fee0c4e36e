//! A JSON value as a tree: what the reference evaluator and `explain` look at, and what alerts are written from.
//!
//! Numbers stay the text they were, so nothing is rounded on the way in or out. An object keeps its members in the order
//! of the text; of two members with one name the last value counts, whole, at the place where the name first stood.
//!
//! Trees are written, copied and dropped without recursion (see [`tree`]), so that a deep one needs no deep stack.

mod at;
mod compact;
mod marks;
mod names;
mod parse;
mod plain;
mod tree;
mod write;

#[cfg(test)]
mod tests;

pub(crate) use at::{At, Name};
pub(crate) use marks::Marks;

use std::fmt;

/// The deepest nesting that any [`Limits`] can allow, so that a tree never overflows a stack of 256 KiB.
pub const DEEPEST: usize = 512;

/// One JSON value.
#[derive(Debug, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number, as its text stands.
    Number(String),
    /// A string, decoded.
    Text(String),
    /// `[…]`
    Array(Vec<Json>),
    /// `{…}`: names are decoded and differ from one another.
    Object(Vec<(String, Json)>),
}

/// Bounds on a JSON text, held before memory is taken for what lies beyond them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the whole text.
    pub bytes: usize,
    /// Brackets open at one time.
    pub depth: usize,
    /// Values of any kind, arrays and objects counted themselves; names of members are not values.
    pub values: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 4 << 20, depth: 127, values: 200_000 }
    }
}

/// Why a text was not taken, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reject {
    /// What is wrong.
    pub reason: RejectReason,
    /// Offset of the byte where that shows; the text's length where something is missing at its end.
    pub offset: usize,
}

/// What can be wrong with an event's bytes. The numbers are part of the ABI and never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u32)]
pub enum RejectReason {
    /// Not JSON by RFC 8259: `{"a":01}`, `{"a":1} x`, nothing at all, a byte order mark.
    InvalidJson = 1,
    /// Bytes that are no UTF-8, anywhere in the text.
    InvalidUtf8 = 2,
    /// An escape that names half a character: `{"a":"\ud800"}`.
    LoneSurrogate = 3,
    /// More brackets inside one another than the limit.
    TooDeep = 4,
    /// JSON, but no object: `[1]`, `"text"`.
    NotAnObject = 5,
    /// More bytes than the limit.
    TooLarge = 6,
    /// More values than the limit.
    TooManyValues = 7,
}

impl RejectReason {
    /// Every reason, in the order of the numbers.
    pub const ALL: [Self; 7] = [
        Self::InvalidJson,
        Self::InvalidUtf8,
        Self::LoneSurrogate,
        Self::TooDeep,
        Self::NotAnObject,
        Self::TooLarge,
        Self::TooManyValues,
    ];

    /// The number that stands for this reason in the ABI.
    #[must_use]
    pub const fn number(self) -> u32 {
        self as u32
    }

    /// The reason that a number stands for.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.number() == number)
    }

    /// The word that stands for this reason in reports.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::InvalidJson => "invalid-json",
            Self::InvalidUtf8 => "invalid-utf8",
            Self::LoneSurrogate => "lone-surrogate",
            Self::TooDeep => "too-deep",
            Self::NotAnObject => "not-an-object",
            Self::TooLarge => "too-large",
            Self::TooManyValues => "too-many-values",
        }
    }
}

impl fmt::Display for RejectReason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::InvalidJson => "not valid JSON",
            Self::InvalidUtf8 => "not valid UTF-8",
            Self::LoneSurrogate => "an escape for half a character (a lone surrogate)",
            Self::TooDeep => "nested too deep",
            Self::NotAnObject => "not a JSON object",
            Self::TooLarge => "larger than the limit",
            Self::TooManyValues => "more values than the limit",
        })
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} at byte {}", self.reason, self.offset)
    }
}

impl std::error::Error for Reject {}

impl Json {
    /// Reads exactly one value from `bytes`; blanks around it are allowed, nothing else is.
    ///
    /// # Errors
    /// When the bytes are no JSON text, or break one of the limits.
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, Reject> {
        parse::parse(bytes, limits)
    }

    /// The member of an object with this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.as_object()?.iter().find(|(member, _)| member == name).map(|(_, value)| value)
    }

    /// The value at the end of a chain of names, objects all the way.
    #[must_use]
    pub fn at(&self, names: &[&str]) -> Option<&Json> {
        names.iter().try_fold(self, |value, name| value.get(name))
    }

    /// A string's text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A boolean.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Json::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// A scalar's text: a string decoded, a number as it stands, `true` or `false`. `None` for null, arrays, objects.
    #[must_use]
    pub fn scalar_text(&self) -> Option<&str> {
        match self {
            Json::Text(text) | Json::Number(text) => Some(text),
            Json::Bool(true) => Some("true"),
            Json::Bool(false) => Some("false"),
            Json::Null | Json::Array(_) | Json::Object(_) => None,
        }
    }

    /// An array's elements.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Json]> {
        match self {
            Json::Array(items) => Some(items),
            _ => None,
        }
    }

    /// An object's members, in the order of the text.
    #[must_use]
    pub fn as_object(&self) -> Option<&[(String, Json)]> {
        match self {
            Json::Object(members) => Some(members),
            _ => None,
        }
    }

    /// Whether this is `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Json::Null)
    }

    /// Appends this value in compact form: no blanks, numbers as their text stands, as few escapes as JSON allows.
    pub fn write_to(&self, out: &mut String) {
        write::value(self, usize::MAX, out);
    }

    /// The beginning of the text that [`Json::write_to`] appends, for who shows no more than so many characters of it and
    /// whether there are more: a value may be as large as its event.
    pub(crate) fn beginning(&self, characters: usize) -> String {
        let mut text = String::new();
        write::value(self, char::MAX_LEN_UTF8 * (characters + 1), &mut text);
        text
    }
}

/// Appends the one value in `bytes` as [`Json::write_to`] would after [`Json::parse`], without a tree wherever that can be.
///
/// # Errors
/// As [`Json::parse`]; nothing is appended then.
pub fn compact(bytes: &[u8], limits: &Limits, out: &mut String) -> Result<(), Reject> {
    compact::compact(bytes, limits, out)
}

/// The elements of an array that [`compact`] or [`Json::write_to`] wrote, as texts; of anything else nothing, or pieces
/// that mean nothing.
pub fn elements(array: &str) -> impl Iterator<Item = &str> {
    compact::elements(array)
}

/// The value of a member of an object that [`compact`] or [`Json::write_to`] wrote, as text; `name` is one that needs no
/// escapes. Of anything else nothing, or what means nothing.
#[must_use]
pub fn member<'t>(object: &'t str, name: &str) -> Option<&'t str> {
    compact::member(object, name)
}

/// How many brackets are open at most inside one another in a JSON text.
#[must_use]
pub fn depth(text: &str) -> usize {
    compact::depth(text)
}

/// Appends `text` as a JSON string, quotes included.
pub fn write_text(text: &str, out: &mut String) {
    write::text(text, out);
}

/// Bytes that a text takes in a JSON string, without its quotes.
pub(crate) fn written(text: &str) -> usize {
    write::written(text)
}

/// Appends items as a JSON array, each as `item` writes it.
pub fn write_array<T>(items: &[T], out: &mut String, item: impl FnMut(&T, &mut String)) {
    write::array(items, out, item);
}

/// The compact form.
impl fmt::Display for Json {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write_to(&mut text);
        out.write_str(&text)
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Json::Text(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Json::Text(text)
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Json::Bool(value)
    }
}

impl From<i64> for Json {
    fn from(value: i64) -> Self {
        Json::Number(value.to_string())
    }
}

impl From<u64> for Json {
    fn from(value: u64) -> Self {
        Json::Number(value.to_string())
    }
}
