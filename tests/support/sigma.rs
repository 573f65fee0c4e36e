//! A Sigma evaluator that anyone can read in five minutes, written from the specification and from nothing else here: it
//! shares no code with the importer or the engine, but for regular expressions and Base64.
//!
//! Rules and events are JSON. Texts compare in lower case, `*` and `?` are wildcards, a path goes on in every element of
//! a list, and a list of values means any of them.

use base64::Engine as _;
use serde_json::Value;
use std::net::IpAddr;

/// Whether a rule matches an event.
pub(crate) fn matches(rule: &Value, event: &Value) -> bool {
    let detection = &rule["detection"];
    let conditions = match &detection["condition"] {
        Value::Array(all) => all.iter().map(text).collect(),
        one => vec![text(one)],
    };
    conditions.iter().any(|condition| {
        let spaced = condition.replace('(', " ( ").replace(')', " ) ");
        let mut words: Vec<&str> = spaced.split_whitespace().rev().collect();
        let answer = or(&mut words, detection, event);
        assert!(words.is_empty(), "left over in {condition}: {words:?}");
        answer
    })
}

fn or(words: &mut Vec<&str>, detection: &Value, event: &Value) -> bool {
    let mut answer = and(words, detection, event);
    while words.pop_if(|word| *word == "or").is_some() {
        answer = and(words, detection, event) || answer;
    }
    answer
}

fn and(words: &mut Vec<&str>, detection: &Value, event: &Value) -> bool {
    let mut answer = not(words, detection, event);
    while words.pop_if(|word| *word == "and").is_some() {
        answer = not(words, detection, event) && answer;
    }
    answer
}

fn not(words: &mut Vec<&str>, detection: &Value, event: &Value) -> bool {
    match words.pop().expect("a condition") {
        "not" => !not(words, detection, event),
        "(" => {
            let answer = or(words, detection, event);
            assert_eq!(words.pop(), Some(")"));
            answer
        }
        many @ ("1" | "all") if words.pop_if(|word| *word == "of").is_some() => {
            let pattern = words.pop().expect("a pattern");
            let members = detection.as_object().expect("a mapping").iter();
            let chosen = members.filter(|(name, _)| match pattern {
                "them" => *name != "condition" && !name.starts_with('_'),
                pattern => *name != "condition" && glob(&wild(pattern), &name.chars().collect::<Vec<_>>()),
            });
            let mut answers = chosen.map(|(_, value)| selection(value, event));
            if many == "1" { answers.any(|answer| answer) } else { answers.all(|answer| answer) }
        }
        name => selection(&detection[name], event),
    }
}

fn selection(value: &Value, event: &Value) -> bool {
    match value {
        Value::Object(lines) => lines.iter().all(|(name, values)| line(name, values, event)),
        Value::Array(items) => items.iter().any(|item| selection(item, event)),
        keyword => line("", keyword, event),
    }
}

/// `field|modifiers: values`
fn line(name: &str, values: &Value, event: &Value) -> bool {
    let mut parts = name.split('|');
    let field = parts.next().unwrap_or_default();
    let modifiers: Vec<&str> = parts.collect();
    let values = values.as_array().cloned().unwrap_or_else(|| vec![values.clone()]);
    let found: Vec<&Value> =
        if field.is_empty() { [reach(event, "message"), reach(event, "log")].concat() } else { reach(event, field) };
    let mut answers = values.iter().map(|value| one(field, &modifiers, value, event, &found));
    let answer = if modifiers.contains(&"all") { answers.all(|it| it) } else { answers.any(|it| it) };
    answer != modifiers.contains(&"neq")
}

fn one(field: &str, modifiers: &[&str], value: &Value, event: &Value, found: &[&Value]) -> bool {
    let has = |name: &str| modifiers.contains(&name);
    // As JSON writes numbers: `00` is a text.
    let number = |value: &Value| serde_json::from_str::<f64>(&text(value)).ok();
    let texts = || found.iter().filter(|value| !value.is_null() && !value.is_object()).map(|value| text(value));
    if has("exists") {
        return value.as_bool() == Some(is_there(event, &field.split('.').collect::<Vec<_>>()));
    }
    if value.is_null() {
        return found.iter().all(|value| value.is_null());
    }
    for (name, holds) in
        [("lt", f64::lt as fn(&f64, &f64) -> bool), ("lte", f64::le), ("gt", f64::gt), ("gte", f64::ge)]
    {
        if has(name) {
            let wanted = number(value).expect("a number");
            return found.iter().filter_map(|value| number(value)).any(|value| holds(&value, &wanted));
        }
    }
    if has("cidr") {
        // The one difference that is known and told in docs/import.md: the network's own text is in it.
        return texts().any(|address| within(&address, &text(value)) || address == text(value));
    }
    if has("re") {
        let pattern = if has("i") { format!("(?i){}", text(value)) } else { text(value) };
        let pattern = oxpecker_engine::pattern::Pattern::new(&pattern, 1 << 20).expect("a pattern");
        return texts().any(|text| pattern.finds(text.as_bytes()));
    }
    if value.is_number() && modifiers.is_empty() && !field.is_empty() {
        return found.iter().any(|found| number(found) == number(value));
    }
    if text(value) == "*" && !field.is_empty() {
        // Rules say so where they mean that there is something; an object is something.
        return found.iter().any(|value| !value.is_null());
    }
    variants(modifiers, &text(value)).into_iter().any(|mut pattern| {
        if has("contains") || has("endswith") || field.is_empty() {
            pattern.insert(0, None);
        }
        if has("contains") || has("startswith") || field.is_empty() {
            pattern.push(None);
        }
        let fold = |text: &str| if has("cased") { text.to_owned() } else { text.to_lowercase() };
        let pattern: Vec<Option<Option<char>>> = pattern
            .into_iter()
            .flat_map(|sign| match sign {
                Some(Some(c)) => fold(&c.to_string()).chars().map(|c| Some(Some(c))).collect(),
                other => vec![other],
            })
            .collect();
        texts().any(|text| glob(&pattern, &fold(&text).chars().collect::<Vec<_>>()))
    })
}

/// A sign of a pattern: `None` is `*`, `Some(None)` is `?`.
type Sign = Option<Option<char>>;

/// What a text stands for after the modifiers that change it.
fn variants(modifiers: &[&str], value: &str) -> Vec<Vec<Sign>> {
    let plain = |text: String| text.chars().map(|c| Some(Some(c))).collect::<Vec<Sign>>();
    let bytes: Vec<u8> = if modifiers.contains(&"wide") {
        value.encode_utf16().flat_map(u16::to_le_bytes).collect()
    } else {
        value.as_bytes().to_vec()
    };
    let encode = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    if modifiers.contains(&"base64") {
        return vec![plain(encode(&bytes))];
    }
    if modifiers.contains(&"base64offset") {
        // What does not change whatever stands before and behind.
        let around = |offset: usize| {
            let with = |before: u8, after: u8| encode(&[vec![before; offset], bytes.clone(), vec![after; 3]].concat());
            let (one, other) = (with(b'\0', b'\0'), with(0xff, 0xff));
            let same =
                one.chars().zip(other.chars()).enumerate().filter(|(_, (a, b))| a == b && *a != '=').map(|(at, _)| at);
            let same: Vec<usize> = same.collect();
            let (first, last) = (same[0], *same.last().expect("some"));
            one[first..=last].to_owned()
        };
        return (0..3).map(|offset| plain(around(offset))).collect();
    }
    if !modifiers.contains(&"windash") {
        return vec![wild(value)];
    }
    let mut all = vec![Vec::new()];
    let chars: Vec<char> = value.chars().collect();
    for (at, c) in chars.iter().enumerate() {
        let word = |c: Option<&char>| c.is_some_and(|c| c.is_alphanumeric() || *c == '_');
        let before = at.checked_sub(1).and_then(|at| chars.get(at));
        let dash = matches!(c, '-' | '/') && !word(before) && word(chars.get(at + 1));
        let choices: Vec<char> = if dash { vec!['-', '/', '–', '—', '―'] } else { vec![*c] };
        all = all
            .iter()
            .flat_map(|start| choices.iter().map(|c| [start.clone(), vec![Some(Some(*c))]].concat()))
            .collect();
    }
    all
}

/// Wildcards, unless a backslash stands before them.
fn wild(text: &str) -> Vec<Sign> {
    let chars: Vec<char> = text.chars().collect();
    let (mut out, mut at) = (Vec::new(), 0);
    while at < chars.len() {
        let escaped = chars[at] == '\\' && matches!(chars.get(at + 1), Some('*' | '?' | '\\'));
        at += usize::from(escaped);
        out.push(match chars[at] {
            '*' if !escaped => None,
            '?' if !escaped => Some(None),
            c => Some(Some(c)),
        });
        at += 1;
    }
    out
}

fn glob(pattern: &[Sign], text: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        [None, rest @ ..] => (0..=text.len()).any(|at| glob(rest, &text[at..])),
        [Some(None), rest @ ..] => !text.is_empty() && glob(rest, &text[1..]),
        [Some(Some(c)), rest @ ..] => text.first() == Some(c) && glob(rest, &text[1..]),
    }
}

/// The values that a path leads to, lists taken apart.
fn reach<'e>(from: &'e Value, path: &str) -> Vec<&'e Value> {
    if let Value::Array(items) = from {
        return items.iter().flat_map(|item| reach(item, path)).collect();
    }
    if path.is_empty() {
        return vec![from];
    }
    let (name, rest) = path.split_once('.').unwrap_or((path, ""));
    from.get(name).map_or_else(Vec::new, |value| reach(value, rest))
}

fn is_there(from: &Value, path: &[&str]) -> bool {
    match (from, path) {
        (_, []) => true,
        (Value::Array(items), _) => items.iter().any(|item| is_there(item, path)),
        (_, [name, rest @ ..]) => from.get(name).is_some_and(|value| is_there(value, rest)),
    }
}

fn within(address: &str, network: &str) -> bool {
    let (base, bits) = network.split_once('/').expect("a network");
    let bits: u32 = bits.parse().expect("a prefix");
    let octets = |address: IpAddr| match address {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    };
    let Ok(address) = address.parse::<IpAddr>() else { return false };
    let (one, other) = (octets(address), octets(base.parse().expect("an address")));
    let bit = |bytes: &[u8], at: u32| bytes[at as usize / 8] >> (7 - at % 8) & 1;
    one.len() == other.len() && (0..bits).all(|at| bit(&one, at) == bit(&other, at))
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
