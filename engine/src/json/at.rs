//! A place in a tree or in a marked text: what walks through JSON goes from one to the next and need not know which it is.

use super::marks::{Mark, Marks};
use super::names::Names;
use super::{Json, marks};
use crate::flat::same;
use crate::scan::Kind;
use std::borrow::Cow;

/// A value, in a tree or in a marked text.
#[derive(Debug, Clone, Copy)]
pub(crate) enum At<'j> {
    Tree(&'j Json),
    Marked(&'j Marks, u32),
}

impl<'j> At<'j> {
    #[inline]
    fn kind(self) -> Kind {
        match self {
            At::Tree(Json::Null) => Kind::Null,
            At::Tree(Json::Bool(true)) => Kind::True,
            At::Tree(Json::Bool(false)) => Kind::False,
            At::Tree(Json::Number(_)) => Kind::Number,
            At::Tree(Json::Text(_)) => Kind::Text,
            At::Tree(Json::Array(_)) => Kind::Array,
            At::Tree(Json::Object(_)) => Kind::Object,
            At::Marked(marks, place) => marks.mark(place).map_or(Kind::Null, |mark| mark.value.kind()),
        }
    }

    pub(crate) fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    pub(crate) fn is_true(self) -> bool {
        self.kind() == Kind::True
    }

    pub(crate) fn is_object(self) -> bool {
        self.kind() == Kind::Object
    }

    pub(crate) fn is_array(self) -> bool {
        self.kind() == Kind::Array
    }

    pub(crate) fn is_number(self) -> bool {
        self.kind() == Kind::Number
    }

    /// The value as a tree.
    pub(crate) fn json(self) -> Cow<'j, Json> {
        let (marks, place) = match self {
            At::Tree(json) => return Cow::Borrowed(json),
            At::Marked(marks, place) => (marks, place),
        };
        let Some(Mark { value, .. }) = marks.mark(place) else { return Cow::Owned(Json::Null) };
        Cow::Owned(match value.kind() {
            Kind::Null => Json::Null,
            Kind::True => Json::Bool(true),
            Kind::False => Json::Bool(false),
            Kind::Number => Json::Number(marks.raw(*value).to_owned()),
            Kind::Text | Kind::Escaped => Json::Text(marks.string(*value).to_owned()),
            Kind::Array | Kind::Object => return marks.bracket(place),
        })
    }

    /// A string's text.
    pub(crate) fn as_text(self) -> Option<&'j str> {
        match self {
            At::Tree(json) => json.as_text(),
            At::Marked(marks, place) => match marks.mark(place)?.value {
                value if matches!(value.kind(), Kind::Text | Kind::Escaped) => Some(marks.string(value)),
                _ => None,
            },
        }
    }

    /// A scalar's text, as [`Json::scalar_text`] gives it.
    pub(crate) fn scalar_text(self) -> Option<&'j str> {
        match self {
            At::Tree(json) => json.scalar_text(),
            At::Marked(marks, place) => match marks.mark(place)?.value {
                value if matches!(value.kind(), Kind::Text | Kind::Escaped) => Some(marks.string(value)),
                value if matches!(value.kind(), Kind::Null | Kind::Array | Kind::Object) => None,
                value => Some(marks.raw(value)),
            },
        }
    }

    /// The names of an object's members, where they are listed.
    #[inline]
    pub(crate) fn names(self) -> Option<Named<'j>> {
        let At::Marked(marks, place) = self else { return None };
        marks.names(place).map(|names| Named { marks, names })
    }

    /// The member of an object with this name.
    pub(crate) fn get(self, name: &str) -> Option<Self> {
        let is = |(member, _): &(Name<'_>, Self)| member.is(name.as_bytes());
        let found = match self.names() {
            Some(names) => names.of_length(name.len()).find(is),
            None => self.members().filter(is).last(),
        };
        found.map(|(_, value)| value)
    }

    /// The members of an object with their names, in the order of the text. In a marked text there may be several of one
    /// name, of which the last counts.
    pub(crate) fn members(self) -> Members<'j> {
        match self {
            At::Tree(json) => Members::Tree(json.as_object().unwrap_or_default().iter()),
            At::Marked(marks, place) => Members::Marked(marks.held(place, Kind::Object)),
        }
    }

    /// The elements of an array.
    pub(crate) fn items(self) -> Items<'j> {
        match self {
            At::Tree(json) => Items::Tree(json.as_array().unwrap_or_default().iter()),
            At::Marked(marks, place) => Items::Marked(marks.held(place, Kind::Array)),
        }
    }
}

/// The members of an object whose names are listed.
#[derive(Clone, Copy)]
pub(crate) struct Named<'j> {
    marks: &'j Marks,
    names: &'j Names,
}

impl<'j> Named<'j> {
    /// Those whose names have so many bytes, and perhaps others, from the last to the first.
    #[inline]
    pub(crate) fn of_length(self, length: usize) -> impl Iterator<Item = (Name<'j>, At<'j>)> {
        let Self { marks, names } = self;
        names.of_length(length).filter_map(move |place| {
            let mark = marks.mark(place)?;
            Some((Name::Marked(marks, mark), At::Marked(marks, place)))
        })
    }
}

impl Marks {
    /// What a bracket of a kind holds.
    fn held(&self, place: u32, kind: Kind) -> Held<'_> {
        let end = self.mark(place).filter(|mark| mark.value.kind() == kind).map_or(0, |mark| mark.next);
        Held { marks: self, next: place + 1, end }
    }
}

/// Values one after the other in a marked text.
pub(crate) struct Held<'j> {
    marks: &'j marks::Marks,
    next: u32,
    end: u32,
}

impl<'j> Held<'j> {
    #[inline]
    fn next(&mut self) -> Option<(&'j Mark, At<'j>)> {
        if self.next >= self.end {
            return None;
        }
        let (place, mark) = (self.next, self.marks.mark(self.next)?);
        self.next = mark.next;
        Some((mark, At::Marked(self.marks, place)))
    }
}

/// A member's name: most are told from the one that is looked for by their length, and not looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Name<'j> {
    Tree(&'j str),
    Marked(&'j Marks, &'j Mark),
}

impl<'j> Name<'j> {
    /// How many bytes it has.
    #[inline]
    pub(crate) fn length(self) -> usize {
        match self {
            Name::Tree(name) => name.len(),
            Name::Marked(marks, mark) => mark.name.plain_length().unwrap_or_else(|| marks.name(mark).len()),
        }
    }

    #[inline]
    pub(crate) fn bytes(self) -> &'j [u8] {
        match self {
            Name::Tree(name) => name.as_bytes(),
            Name::Marked(marks, mark) => marks.name(mark),
        }
    }

    /// Whether it is this one.
    #[inline]
    pub(crate) fn is(self, name: &[u8]) -> bool {
        self.length() == name.len() && same(self.bytes(), name)
    }
}

/// Members of an object.
pub(crate) enum Members<'j> {
    Tree(std::slice::Iter<'j, (String, Json)>),
    Marked(Held<'j>),
}

impl<'j> Iterator for Members<'j> {
    type Item = (Name<'j>, At<'j>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Members::Tree(left) => left.next().map(|(name, value)| (Name::Tree(name), At::Tree(value))),
            Members::Marked(left) => left.next().map(|(mark, at)| (Name::Marked(left.marks, mark), at)),
        }
    }
}

/// Elements of an array.
pub(crate) enum Items<'j> {
    Tree(std::slice::Iter<'j, Json>),
    Marked(Held<'j>),
}

impl<'j> Iterator for Items<'j> {
    type Item = At<'j>;

    #[inline]
    fn next(&mut self) -> Option<At<'j>> {
        match self {
            Items::Tree(left) => left.next().map(At::Tree),
            Items::Marked(left) => left.next().map(|(_, at)| at),
        }
    }
}
