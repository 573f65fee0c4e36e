//! Value modifiers, applied in the order in which they are written.

use super::time::Part;
use super::value::Pattern;
use super::yaml::Node;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oxpecker_engine::language::expr::Comparison;
use std::net::IpAddr;

/// A value with what is asked of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Typed {
    Text(Pattern),
    Number(String),
    Null,
    Regex { pattern: String, flags: String },
    Network(String),
    Exists(bool),
    Compare(Comparison, String),
    Time(Part, Option<Comparison>, u32),
}

/// How the values of a line are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Linking {
    #[default]
    Any,
    All,
}

/// The values of a line after its modifiers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Modified {
    pub(super) values: Vec<Typed>,
    pub(super) linking: Linking,
    pub(super) negated: bool,
    pub(super) cased: bool,
}

/// A value on its way: a text is not looked into before it is known what it is.
#[derive(Clone)]
enum Raw {
    Text(String),
    Bytes(Vec<u8>),
    Typed(Typed),
}

/// Applies modifiers to the values of a line.
pub(super) fn apply(modifiers: &[&str], values: &Node) -> Result<Modified, String> {
    let mut modified = Modified::default();
    let mut raw: Vec<Raw> = values.items().iter().map(start).collect::<Result<_, _>>()?;
    for modifier in modifiers {
        match *modifier {
            "all" => modified.linking = Linking::All,
            "neq" => modified.negated = true,
            "cased" => modified.cased = true,
            name => {
                let each: Vec<Vec<Raw>> = raw.into_iter().map(|value| step(name, value)).collect::<Result<_, _>>()?;
                raw = each.into_iter().flatten().collect();
            }
        }
    }
    modified.values = raw.into_iter().map(finish).collect::<Result<_, _>>()?;
    Ok(modified)
}

fn start(value: &Node) -> Result<Raw, String> {
    Ok(match value {
        Node::Text(text) => Raw::Text(text.clone()),
        Node::Number(number) => Raw::Typed(Typed::Number(number.clone())),
        // Texts are compared without regard to letter case, and booleans are texts.
        Node::Bool(_) => Raw::Text(value.scalar().unwrap_or_default().to_owned()),
        Node::Null => Raw::Typed(Typed::Null),
        Node::List(_) | Node::Map(_) => return Err(format!("{} cannot be a value", value.describe())),
    })
}

fn finish(value: Raw) -> Result<Typed, String> {
    match value {
        Raw::Text(text) => Ok(Typed::Text(Pattern::parse(&text))),
        Raw::Bytes(bytes) => {
            let text = String::from_utf8(bytes).map_err(|_| "bytes that are no text cannot be compared".to_owned())?;
            Ok(Typed::Text(Pattern::plain(&text)))
        }
        Raw::Typed(typed) => Ok(typed),
    }
}

/// One modifier on one value; some make several of it.
fn step(name: &str, value: Raw) -> Result<Vec<Raw>, String> {
    let one = |typed: Typed| Ok(vec![Raw::Typed(typed)]);
    match name {
        "contains" => around(value, "", "").and_then(one),
        "startswith" => around(value, "^", "").and_then(one),
        "endswith" => around(value, "", "$").and_then(one),
        "windash" => Ok(vec![Raw::Typed(Typed::Text(pattern(value)?.any_dash()))]),
        "expand" => Ok(vec![Raw::Typed(Typed::Text(pattern(value)?.expand()))]),
        "re" => one(Typed::Regex { pattern: text(value)?, flags: String::new() }),
        "i" | "ignorecase" => flag(value, 'i'),
        "m" | "multiline" => flag(value, 'm'),
        "s" | "dotall" => flag(value, 's'),
        "base64" => Ok(vec![Raw::Text(STANDARD.encode(bytes(value)?))]),
        "base64offset" => Ok(offsets(&bytes(value)?)),
        "wide" | "utf16le" => utf16(value, &[], u16::to_le_bytes),
        "utf16be" => utf16(value, &[], u16::to_be_bytes),
        "utf16" => utf16(value, &[0xff, 0xfe], u16::to_le_bytes),
        "cidr" => one(Typed::Network(network(&text(value)?)?)),
        "exists" => match text(value)?.as_str() {
            "true" => one(Typed::Exists(true)),
            "false" => one(Typed::Exists(false)),
            other => Err(format!("`exists` takes true or false, not `{other}`")),
        },
        "lt" => compare(value, Comparison::Less),
        "lte" => compare(value, Comparison::LessOrEqual),
        "gt" => compare(value, Comparison::Greater),
        "gte" => compare(value, Comparison::GreaterOrEqual),
        "fieldref" => {
            Err("`fieldref` compares two fields of an event; a filter compares a field with values".to_owned())
        }
        other => match Part::of(other) {
            Some(Part::Week) => Err("`week` counts weeks of a year, which a filter cannot".to_owned()),
            Some(part) => time_part(value, part),
            None => Err(format!("there is no modifier `{other}`")),
        },
    }
}

/// `contains`, `startswith`, `endswith`; a regular expression is anchored instead.
fn around(value: Raw, start: &str, end: &str) -> Result<Typed, String> {
    if let Raw::Typed(Typed::Regex { pattern, flags }) = value {
        let pattern = if start.is_empty() && end.is_empty() { pattern } else { format!("{start}(?:{pattern}){end}") };
        return Ok(Typed::Regex { pattern, flags });
    }
    let mut pattern = pattern(value)?;
    if start.is_empty() {
        pattern = pattern.open_at_start();
    }
    if end.is_empty() {
        pattern = pattern.open_at_end();
    }
    Ok(Typed::Text(pattern))
}

fn pattern(value: Raw) -> Result<Pattern, String> {
    match finish(value)? {
        Typed::Text(pattern) => Ok(pattern),
        Typed::Number(number) => Ok(Pattern::plain(&number)),
        _ => Err("the modifier wants a text".to_owned()),
    }
}

fn text(value: Raw) -> Result<String, String> {
    match value {
        Raw::Text(text) | Raw::Typed(Typed::Number(text)) => Ok(text),
        Raw::Bytes(_) | Raw::Typed(_) => Err("the modifier wants a text that no other has changed".to_owned()),
    }
}

/// The bytes of a text; wildcards have none.
fn bytes(value: Raw) -> Result<Vec<u8>, String> {
    if let Raw::Bytes(bytes) = value {
        return Ok(bytes);
    }
    let pattern = pattern(value)?;
    let text = pattern.as_text().ok_or("a text with wildcards cannot be encoded")?;
    Ok(text.as_bytes().to_vec())
}

fn flag(value: Raw, flag: char) -> Result<Vec<Raw>, String> {
    match value {
        Raw::Typed(Typed::Regex { pattern, mut flags }) => {
            flags.push(flag);
            Ok(vec![Raw::Typed(Typed::Regex { pattern, flags })])
        }
        _ => Err(format!("`{flag}` follows `re`")),
    }
}

/// The parts of the encoded text that are the same wherever the bytes stand in a longer text.
fn offsets(bytes: &[u8]) -> Vec<Raw> {
    const START: [usize; 3] = [0, 2, 3];
    const CUT: [usize; 3] = [0, 3, 2];
    let at = |offset: usize| {
        let shifted = [vec![b' '; offset], bytes.to_vec()].concat();
        let encoded = STANDARD.encode(&shifted);
        let start = START.get(offset).copied().unwrap_or(0);
        let end = encoded.len() - CUT.get(shifted.len() % 3).copied().unwrap_or(0);
        Raw::Text(encoded.get(start..end).unwrap_or_default().to_owned())
    };
    (0..3).map(at).collect()
}

fn utf16(value: Raw, mark: &[u8], encode: fn(u16) -> [u8; 2]) -> Result<Vec<Raw>, String> {
    let bytes = bytes(value)?;
    let text = String::from_utf8(bytes).map_err(|_| "bytes that are no text cannot be encoded".to_owned())?;
    let encoded = mark.iter().copied().chain(text.encode_utf16().flat_map(encode)).collect();
    Ok(vec![Raw::Bytes(encoded)])
}

/// A network, or an address alone.
fn network(text: &str) -> Result<String, String> {
    let bad = || format!("`{text}` is no network");
    let (address, prefix) = text.split_once('/').unwrap_or((text, ""));
    let address: IpAddr = address.parse().map_err(|_| bad())?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let prefix = if prefix.is_empty() && !text.contains('/') { most } else { prefix.parse().map_err(|_| bad())? };
    if prefix <= most { Ok(format!("{address}/{prefix}")) } else { Err(bad()) }
}

fn compare(value: Raw, comparison: Comparison) -> Result<Vec<Raw>, String> {
    match value {
        Raw::Typed(Typed::Time(part, None, number)) => {
            Ok(vec![Raw::Typed(Typed::Time(part, Some(comparison), number))])
        }
        value => {
            let number = text(value)?;
            let read: Option<serde_json::Number> = serde_json::from_str(&number).ok();
            read.ok_or_else(|| format!("`{number}` is no number"))?;
            Ok(vec![Raw::Typed(Typed::Compare(comparison, number))])
        }
    }
}

fn time_part(value: Raw, part: Part) -> Result<Vec<Raw>, String> {
    let (comparison, number) = match value {
        Raw::Typed(Typed::Compare(comparison, number)) => (Some(comparison), number),
        value => (None, text(value)?),
    };
    let number = number.parse().map_err(|_| format!("`{number}` is no {}", part.as_str()))?;
    Ok(vec![Raw::Typed(Typed::Time(part, comparison, number))])
}

#[cfg(test)]
mod tests {
    use super::super::value::Token;
    use super::*;

    fn texts(modifiers: &[&str], value: &str) -> Vec<String> {
        let modified = apply(modifiers, &Node::Text(value.to_owned())).unwrap();
        let show = |typed: &Typed| match typed {
            Typed::Text(Pattern(tokens)) => tokens
                .iter()
                .map(|token| match token {
                    Token::Text(text) => text.clone(),
                    Token::Any => "*".to_owned(),
                    other => format!("{other:?}"),
                })
                .collect::<String>(),
            other => format!("{other:?}"),
        };
        modified.values.iter().map(show).collect()
    }

    #[test]
    fn encodings_are_those_of_other_engines() {
        assert_eq!(texts(&["base64"], "foobar"), ["Zm9vYmFy"]);
        assert_eq!(texts(&["base64offset"], "foobar"), ["Zm9vYmFy", "Zvb2Jhc", "mb29iYX"]);
        assert_eq!(texts(&["base64offset", "contains"], "http://")[0], "*aHR0cDovL*");
        assert_eq!(texts(&["wide", "base64"], "ab"), ["YQBiAA=="]);
        assert_eq!(texts(&["utf16be", "base64"], "ab"), ["AGEAYg=="]);
        assert_eq!(texts(&["utf16", "base64"], "ab"), ["//5hAGIA"]);
        assert_eq!(texts(&["utf16le"], "ab"), ["a\u{0}b\u{0}"]);
        assert!(apply(&["base64"], &Node::Text("a*".into())).is_err());
    }

    #[test]
    fn networks_are_checked() {
        assert_eq!(network("10.0.0.0/8").unwrap(), "10.0.0.0/8");
        assert_eq!(network("192.0.2.1").unwrap(), "192.0.2.1/32");
        assert_eq!(network("::1").unwrap(), "::1/128");
        for bad in ["10.0.0.0/33", "10.0.0.0/", "x", "10.0.0/8"] {
            assert!(network(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_makes_no_sense_has_a_reason() {
        let why = |modifiers: &[&str], value: &str| apply(modifiers, &Node::Text(value.into())).unwrap_err();
        assert!(why(&["fieldref"], "b").contains("two fields"));
        assert!(why(&["startwith"], "b").contains("no modifier `startwith`"));
        assert!(why(&["gt"], "b").contains("no number"));
        assert!(why(&["i"], "b").contains("follows `re`"));
        assert!(why(&["week"], "1").contains("week"));
        assert!(why(&["exists"], "maybe").contains("true or false"));
    }
}
