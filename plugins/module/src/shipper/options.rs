//! How the module answers a shipper: what `oxpecker pack` sets.

use super::Reply;
use oxpecker_engine::json::{Json, Limits};
use oxpecker_engine::rule::TagTypes;
use oxpecker_engine::window::Told;

/// The tag of the records that tick.
const HEARTBEAT_TAG: &str = "oxpecker.heartbeat";
/// What stands before the tag of a copied record.
const COPY_PREFIX: &str = "oxpecker.copy.";

/// The options of a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Options {
    /// The pack's hash.
    pub(super) pack: String,
    /// In which form alerts are told.
    pub(super) shape: Shape,
    /// Whether alerts are told again when their count has doubled and when their window closes.
    pub(super) updates: bool,
    /// What becomes of a record where nothing is detected; each function has its own way if this is not set.
    pub(super) when_broken: Option<Reply>,
    pub(super) heartbeat_tag: String,
    pub(super) copy_prefix: String,
    /// Go over those of the rule files.
    pub(super) event_types: TagTypes,
}

/// The form of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// The alert record.
    Record,
    /// The Elastic Common Schema.
    Ecs,
    /// The Open Cybersecurity Schema Framework.
    Ocsf,
}

impl Options {
    /// Before any are set: no tag is that of the heartbeat.
    pub(super) const fn new() -> Self {
        Self {
            pack: String::new(),
            shape: Shape::Record,
            updates: false,
            when_broken: None,
            heartbeat_tag: String::new(),
            copy_prefix: String::new(),
            event_types: TagTypes::new(),
        }
    }

    /// The states of alerts that come out.
    pub(super) fn told(&self) -> Told {
        if self.updates { Told::All } else { Told::Fired }
    }
}

/// Reads options; `None` if they are not of the expected shape. An unknown one is not.
pub(super) fn read(bytes: &[u8]) -> Option<Options> {
    let members = Json::parse(bytes, &Limits::default()).ok()?.into_object()?;
    let mut options =
        Options { heartbeat_tag: HEARTBEAT_TAG.to_owned(), copy_prefix: COPY_PREFIX.to_owned(), ..Options::new() };
    for (name, value) in &members {
        match name.as_str() {
            "pack" => value.as_text()?.clone_into(&mut options.pack),
            "shape" => options.shape = shape(value.as_text()?)?,
            "updates" => options.updates = value.as_bool()?,
            "when_broken" => options.when_broken = when_broken(value.as_text()?)?,
            "heartbeat_tag" => value.as_text()?.clone_into(&mut options.heartbeat_tag),
            "copy_prefix" => value.as_text()?.clone_into(&mut options.copy_prefix),
            "event_types" => options.event_types = event_types(value.as_array()?)?,
            _ => return None,
        }
    }
    Some(options)
}

fn shape(name: &str) -> Option<Shape> {
    match name {
        "alert" => Some(Shape::Record),
        "ecs" => Some(Shape::Ecs),
        "ocsf" => Some(Shape::Ocsf),
        _ => None,
    }
}

fn when_broken(name: &str) -> Option<Option<Reply>> {
    match name {
        "default" => Some(None),
        "pass" => Some(Some(Reply::Record)),
        "drop" => Some(Some(Reply::Nothing)),
        _ => None,
    }
}

/// `[["kube.audit.*", "kubernetes"]]`
fn event_types(pairs: &[Json]) -> Option<TagTypes> {
    let mut types = TagTypes::new();
    for pair in pairs {
        let [pattern, event_type] = pair.as_array()? else { return None };
        let pattern = pattern.as_text().filter(|text| TagTypes::is_pattern(text))?;
        types.push(pattern, event_type.as_text().filter(|text| !text.is_empty())?);
    }
    Some(types)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_options_of_the_right_shape_are_taken() {
        let text = r#"{"pack":"p","shape":"ecs","updates":true,"when_broken":"pass","event_types":[["a.*","b"]]}"#;
        let options = read(text.as_bytes()).unwrap();
        assert_eq!((options.shape, options.updates), (Shape::Ecs, true));
        assert_eq!(options.when_broken, Some(Reply::Record));
        assert_eq!(options.event_types.of("a.x"), Some("b"));
        assert_eq!(options.heartbeat_tag, HEARTBEAT_TAG);
        for bad in
            ["", "[]", r#"{"pak":"p"}"#, r#"{"shape":"xml"}"#, r#"{"event_types":[["a b","c"]]}"#, r#"{"updates":1}"#]
        {
            assert_eq!(read(bad.as_bytes()), None, "{bad}");
        }
    }
}
