//! Whether a record is one, without making anything of it: most records are only counted, kept and printed as they came.
//!
//! **Invariant.** What passes here is what [`Alert`](super::Alert) takes, and nothing else: the fields are the same, each of a
//! type that takes the same JSON and holds nothing. The test below compares the two.

use super::State;
use super::object::{Object, object};
use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// A record, of which nothing is held but what everybody asks for.
#[derive(Deserialize)]
#[expect(dead_code, reason = "most fields are there to be checked")]
pub(super) struct Shape<'r> {
    #[serde(borrow)]
    pub(super) alert_id: Cow<'r, str>,
    rule_id: Text,
    rule: Text,
    #[serde(default)]
    ruleset: Text,
    pub(super) severity: u8,
    title: Text,
    #[serde(default)]
    description: Text,
    #[serde(default)]
    event_type: Option<Text>,
    #[serde(default)]
    source: Text,
    #[serde(default)]
    aggregate: Members,
    count: u64,
    threshold: u64,
    #[serde(default)]
    window_seconds: u64,
    #[serde(default)]
    first_seen: Option<Text>,
    #[serde(default)]
    last_seen: Option<Text>,
    #[serde(default)]
    suppressed: u64,
    #[serde(default)]
    tags: Each<Text>,
    rule_version: Text,
    #[serde(default)]
    dedup_key: Text,
    #[serde(default, deserialize_with = "object")]
    context: Context,
    #[serde(default)]
    matched: Each<Object<Matched>>,
    #[serde(default)]
    references: Each<Text>,
    #[serde(default)]
    benign: Each<Text>,
    #[serde(default)]
    truncated: bool,
    #[serde(default)]
    events: Each<Object<Event>>,
    pub(super) state: State,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "checked and not read")]
struct Event {
    #[serde(default)]
    id: Option<Text>,
    #[serde(default)]
    event: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "checked and not read")]
struct Matched {
    predicate: Text,
    values: Each<Any>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Context {
    actor: Option<Texts>,
    actor_type: Option<Texts>,
    session_issuer: Option<Texts>,
    access_key: Option<Texts>,
    ip: Option<Texts>,
    user_agent: Option<Texts>,
    region: Option<Texts>,
    account: Option<Texts>,
    service: Option<Texts>,
    action: Option<Texts>,
    error: Option<Texts>,
    resources: Option<Texts>,
}

/// A text.
#[derive(Default)]
struct Text;

/// A text, or an array of texts.
struct Texts;

/// An array of such elements.
struct Each<T>(std::marker::PhantomData<T>);

impl<T> Default for Each<T> {
    fn default() -> Self {
        Self(std::marker::PhantomData)
    }
}

/// An object with any values.
#[derive(Default)]
struct Members;

/// Any value that can be held: one whose numbers and depth are within the bounds of a tree.
struct Any;

/// Looks at values and holds none of them.
struct Look<T>(std::marker::PhantomData<T>);

fn look<T>() -> Look<T> {
    Look(std::marker::PhantomData)
}

fn pass_elements<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(mut elements: A) -> Result<(), A::Error> {
    while elements.next_element::<T>()?.is_some() {}
    Ok(())
}

fn pass_members<'de, A: MapAccess<'de>>(mut members: A) -> Result<(), A::Error> {
    while members.next_entry::<Text, Any>()?.is_some() {}
    Ok(())
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(look::<Self>())
    }
}

impl Visitor<'_> for Look<Text> {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Text, E> {
        Ok(Text)
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(look::<Self>())
    }
}

impl<'de> Visitor<'de> for Look<Texts> {
    type Value = Texts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or an array of texts")
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Texts, E> {
        Ok(Texts)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<Texts, A::Error> {
        pass_elements::<Text, A>(elements).map(|()| Texts)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Each<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_seq(look::<Self>())
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Look<Each<T>> {
    type Value = Each<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<Each<T>, A::Error> {
        pass_elements::<T, A>(elements).map(|()| Each::default())
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(look::<Self>())
    }
}

impl<'de> Visitor<'de> for Look<Members> {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Members, A::Error> {
        pass_members(members).map(|()| Members)
    }
}

impl<'de> Deserialize<'de> for Any {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(look::<Self>())
    }
}

impl<'de> Visitor<'de> for Look<Any> {
    type Value = Any;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Any, E> {
        Ok(Any)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Any, E> {
        Ok(Any)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Any, E> {
        Ok(Any)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Any, E> {
        Ok(Any)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Any, E> {
        Ok(Any)
    }

    fn visit_unit<E: Error>(self) -> Result<Any, E> {
        Ok(Any)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<Any, A::Error> {
        pass_elements::<Any, A>(elements).map(|()| Any)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Any, A::Error> {
        pass_members(members).map(|()| Any)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Alert;
    use super::super::tests::LINE;
    use super::{Object, Shape};

    #[track_caller]
    fn same(line: &str) {
        let (record, shape) = (Alert::from_line(line), serde_json::from_str::<Object<Shape<'_>>>(line));
        assert_eq!(record.is_ok(), shape.is_ok(), "{line}");
        if let (Ok(record), Ok(Object(shape))) = (record, shape) {
            assert_eq!((record.alert_id.as_str(), record.severity), (&*shape.alert_id, shape.severity));
            assert_eq!(record.state, shape.state);
        }
    }

    /// A record in which every field is there.
    fn full() -> String {
        let more = r#","dedup_key":"k","context":{"actor":"a","ip":["1","2"],"region":null,"x":1},
            "matched":[{"predicate":"p","values":[1,"x",null,{"y":[true,1.5]}]}],"references":["r"],"benign":[],
            "truncated":false,"state":"fired""#;
        LINE.replacen(r#","state":"fired""#, &more.replace('\n', " "), 1)
    }

    #[test]
    fn it_takes_what_the_whole_record_takes() {
        let full = full();
        assert!(Alert::from_line(&full).is_ok());
        same(&full);
        // Each value in turn replaced by one of each type, each name by another, and each byte left out.
        let places: Vec<usize> = full.match_indices(':').map(|(at, _)| at).collect();
        for place in places {
            let (before, after) = full.split_at(place + 1);
            let value = serde_json::Deserializer::from_str(after).into_iter::<serde_json::Value>();
            let mut value = value;
            let Some(Ok(_)) = value.next() else { continue };
            let rest = &after[value.byte_offset()..];
            let deep = format!("{}1{}", "[".repeat(130), "]".repeat(130));
            for other in
                ["null", "true", "7", "-7", "1e999", "300", "\"t\\u0041\"", "[]", "[\"t\"]", "[1]", "{}", &deep]
            {
                same(&format!("{before}{other}{rest}"));
            }
        }
        for at in 0..full.len() {
            same(&format!("{}{}", &full[..at], &full[at + 1..]));
            same(&format!("{}x{}", &full[..at], &full[at..]));
        }
        for twice in [r#""count":3,"#, r#""tags":[],"#, r#""state":"final","#, r#""later":1,"#] {
            same(&full.replacen('{', &format!("{{{twice}"), 1));
        }
    }
}
