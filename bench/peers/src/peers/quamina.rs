//! quamina: all patterns in one automaton for each field, the Rust port of the Go library. A pattern asks each of its
//! fields for one of several values; a rule becomes one pattern for each alternative of its disjunctive normal form, all
//! under the rule's number.

use crate::neutral::{Node, Op, Predicate};
use crate::peer::{Engine, Sources};
use quamina::{MatcherBuildMode, Quamina, QuaminaBuilder};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A rule of more alternatives is not said.
const ALTERNATIVES: usize = 256;
/// The automaton of one field may be this large; the default of 10 MB is too small for ten thousand rules.
const BUDGET: usize = 1 << 30;

struct Matcher {
    /// One, where one can be made of all patterns.
    parts: Vec<Quamina<usize>>,
    expressed: Vec<bool>,
}

pub fn load(sources: &Sources<'_>) -> anyhow::Result<Box<dyn Engine>> {
    let mut expressed = Vec::with_capacity(sources.rules.len());
    let mut patterns = Vec::new();
    for (place, rule) in sources.rules.iter().enumerate() {
        let whole = rule.whole();
        let written: Option<Vec<Option<Value>>> =
            alternatives(&whole, false).and_then(|all| all.iter().map(|one| pattern(one)).collect());
        expressed.push(written.is_some());
        patterns.extend(written.into_iter().flatten().flatten().map(|pattern| (place, pattern.to_string())));
    }
    let mut parts = Vec::new();
    made_of(&patterns, &mut parts)?;
    Ok(Box::new(Matcher { parts, expressed }))
}

/// Makes as few matchers as there can be of these patterns. Where more than 255 of one matcher go on from one value of a
/// field, the port panics at the first event: then the patterns are halved.
fn made_of(patterns: &[(usize, String)], into: &mut Vec<Quamina<usize>>) -> anyhow::Result<()> {
    let mut matcher = QuaminaBuilder::new().with_arena_byte_budget(BUDGET).build()?;
    // Slower to load, faster to match.
    matcher.set_matcher_build_mode(MatcherBuildMode::BuiltForSpeed);
    for (place, pattern) in patterns {
        matcher.add_pattern(*place, pattern).map_err(|error| anyhow::anyhow!("{pattern}: {error}"))?;
    }
    if std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| matcher.matches_for_event(b"{}").is_ok())).is_ok() {
        into.push(matcher);
        return Ok(());
    }
    anyhow::ensure!(patterns.len() > 1, "it panics on {patterns:?}");
    let (first, second) = patterns.split_at(patterns.len() / 2);
    made_of(first, into)?;
    made_of(second, into)
}

impl Engine for Matcher {
    fn expressed(&self) -> &[bool] {
        &self.expressed
    }

    fn count(&mut self, lines: &[&[u8]], counts: &mut [u64]) {
        for line in lines {
            // A rule's patterns may be in two parts.
            let mut last = Vec::new();
            for part in &self.parts {
                let Ok(found) = part.matches_for_event(line) else { continue };
                found.iter().filter(|place| !last.contains(*place)).for_each(|place| counts[*place] += 1);
                last = found;
            }
        }
    }
}

/// What an alternative asks of one field.
#[derive(Clone, Copy)]
enum Ask<'n> {
    Absent,
    Null,
    /// That there is a value, null or not.
    Present,
    Is(&'n Predicate),
    /// That there is a value, and another one.
    Other(&'n Predicate),
}

type Alternative<'n> = Vec<(&'n [String], Ask<'n>)>;

/// A filter as alternatives of which one must hold. Absence stands alone in a pattern's field, so whatever holds of an
/// absent field becomes two alternatives.
fn alternatives(node: &Node, negated: bool) -> Option<Vec<Alternative<'_>>> {
    match node {
        Node::And { and: parts } if !negated => all_of(parts, negated),
        Node::Or { or: parts } if negated => all_of(parts, negated),
        Node::And { and: parts } | Node::Or { or: parts } => {
            let parts: Option<Vec<_>> = parts.iter().map(|part| alternatives(part, negated)).collect();
            Some(parts?.concat())
        }
        Node::Not { not } => alternatives(not, !negated),
        Node::Test(predicate) => {
            let path = predicate.path.as_deref()?;
            // Arrays are stepped into without being asked, and one element must do: `not` would mean another thing.
            let starred = path.iter().any(|key| key == "*");
            let asks = match (predicate.op, negated) {
                (_, true) if starred => return None,
                (Op::Null, false) => vec![Ask::Absent, Ask::Null],
                (Op::Null, true) => vec![Ask::Present],
                (Op::Cidr, true) => return None,
                (_, false) => vec![Ask::Is(predicate)],
                (_, true) => vec![Ask::Absent, Ask::Other(predicate)],
            };
            Some(asks.into_iter().map(|ask| vec![(path, ask)]).collect())
        }
    }
}

/// Every way to take one alternative of each part.
fn all_of(parts: &[Node], negated: bool) -> Option<Vec<Alternative<'_>>> {
    let mut all: Vec<Alternative<'_>> = vec![Vec::new()];
    for part in parts {
        let ways = alternatives(part, negated)?;
        all = all.iter().flat_map(|one| ways.iter().map(move |way| [one.as_slice(), way].concat())).collect();
        if all.len() > ALTERNATIVES {
            return None;
        }
    }
    Some(all)
}

/// An alternative as a pattern; none inside where it cannot hold.
fn pattern(alternative: &Alternative<'_>) -> Option<Option<Value>> {
    let mut fields: BTreeMap<Vec<&str>, Vec<Ask<'_>>> = BTreeMap::new();
    for (path, ask) in alternative {
        let keys = path.iter().map(String::as_str).filter(|key| *key != "*").collect();
        fields.entry(keys).or_default().push(*ask);
    }
    let mut root = Map::new();
    for (keys, asks) in fields {
        let Some(values) = values(&asks)? else { return Some(None) };
        let (last, above) = keys.split_last()?;
        let mut at = &mut root;
        for key in above {
            // A field cannot be asked for a value and for what is inside it.
            at = at.entry(*key).or_insert_with(|| Value::Object(Map::new())).as_object_mut()?;
        }
        at.insert((*last).to_owned(), values);
    }
    Some(Some(Value::Object(root)))
}

/// What must hold of one field together, as the array of its values; none inside where it cannot hold.
fn values(asks: &[Ask<'_>]) -> Option<Option<Value>> {
    let asks_more = asks.iter().any(|ask| !matches!(ask, Ask::Present));
    let asks: Vec<Ask<'_>> = asks.iter().filter(|ask| !(asks_more && matches!(ask, Ask::Present))).copied().collect();
    if asks.iter().any(|ask| matches!(ask, Ask::Absent)) {
        let possible = asks_more && asks.iter().all(|ask| matches!(ask, Ask::Absent));
        return Some(possible.then(|| json!([{"exists": false}])));
    }
    if asks.iter().any(|ask| matches!(ask, Ask::Null)) {
        let possible = asks.iter().all(|ask| matches!(ask, Ask::Null | Ask::Other(_)));
        return Some(possible.then(|| json!([null])));
    }
    match asks.as_slice() {
        [Ask::Present, ..] => Some(Some(json!([{"exists": true}]))),
        [Ask::Is(predicate)] => one(predicate).map(Some),
        [Ask::Other(predicate)] => other(predicate).map(Some),
        several => together(several),
    }
}

fn one(predicate: &Predicate) -> Option<Value> {
    let text = predicate.text();
    Some(match predicate.op {
        // A number or a truth value in a text is one, too.
        Op::Eq if !predicate.value.is_string() => json!([predicate.value, predicate.value.to_string()]),
        Op::Eq => json!([text]),
        Op::In => predicate.value.clone(),
        Op::StartsWith => json!([{"prefix": text}]),
        Op::EndsWith => json!([{"suffix": text}]),
        Op::Like => json!([{"wildcard": format!("*{}*", text.replace('\\', "\\\\").replace('*', "\\*"))}]),
        Op::Matches => json!([{"regexp": expression(predicate)?}]),
        Op::Cidr => predicate.texts().map(|network| json!({"cidr": network})).collect(),
        Op::Lt | Op::Le | Op::Gt | Op::Ge => json!([range(sign(predicate.op, false)?, &predicate.value)]),
        Op::Null => return None,
    })
}

fn other(predicate: &Predicate) -> Option<Value> {
    Some(match (predicate.op, &predicate.value) {
        (Op::Eq, Value::Bool(value)) => json!([!value, (!value).to_string(), null]),
        (Op::Eq | Op::In, _) => json!([{"anything-but": predicate.value}]),
        (Op::Lt | Op::Le | Op::Gt | Op::Ge, value) => json!([range(sign(predicate.op, true)?, value), null]),
        _ => json!([{"regexp": format!("(?!{})", expression(predicate)?)}, null]),
    })
}

/// Several questions about one value: a list is cut down to what the others leave of it, exceptions are joined, and
/// what is left to texts becomes one expression that looks ahead.
fn together(asks: &[Ask<'_>]) -> Option<Option<Value>> {
    if let Some(Ask::Is(list)) = asks.iter().find(|ask| matches!(ask, Ask::Is(one) if members(one).is_some())) {
        let holds: Option<Vec<(&Value, bool)>> = members(list)?
            .into_iter()
            .map(|value| {
                asks.iter().map(|ask| holds(ask, value)).collect::<Option<Vec<bool>>>().map(|all| (value, all))
            })
            .map(|found| found.map(|(value, all)| (value, all.iter().all(|one| *one))))
            .collect();
        let left: Vec<&Value> = holds?.into_iter().filter(|(_, left)| *left).map(|(value, _)| value).collect();
        return Some((!left.is_empty()).then(|| json!(left)));
    }
    let exceptions: Option<Vec<Vec<&Value>>> = asks
        .iter()
        .map(|ask| match ask {
            Ask::Other(predicate) => members(predicate),
            _ => None,
        })
        .collect();
    if let Some(exceptions) = exceptions {
        return Some(Some(json!([{"anything-but": exceptions.concat()}])));
    }
    // Behind one that looks ahead comes anything, so that none of these can ask for an end.
    let open = |predicate| Some(expression(predicate)?.strip_suffix(".*")?.to_owned());
    let looks: Option<String> = asks
        .iter()
        .map(|ask| match ask {
            Ask::Is(predicate) => open(predicate).map(|text| format!("(?={text})")),
            Ask::Other(predicate) => open(predicate).map(|text| format!("(?!{text})")),
            _ => None,
        })
        .collect();
    let null = asks.iter().all(|ask| matches!(ask, Ask::Other(_)));
    let expression = json!({"regexp": format!("{}.*", looks?)});
    Some(Some(if null { json!([expression, null]) } else { json!([expression]) }))
}

/// The texts of an equality or a list.
fn members(predicate: &Predicate) -> Option<Vec<&Value>> {
    match predicate.op {
        Op::Eq if predicate.value.is_string() => Some(vec![&predicate.value]),
        Op::In => predicate.value.as_array().map(|members| members.iter().collect()),
        _ => None,
    }
}

/// Whether a text is what is asked for; none where it takes more than looking at texts.
fn holds(ask: &Ask<'_>, value: &Value) -> Option<bool> {
    let value = value.as_str()?;
    let (predicate, wanted) = match ask {
        Ask::Is(predicate) => (predicate, true),
        Ask::Other(predicate) => (predicate, false),
        _ => return None,
    };
    let text = predicate.text();
    let found = match predicate.op {
        Op::Eq | Op::In => members(predicate)?.iter().any(|member| member.as_str() == Some(value)),
        Op::StartsWith => value.starts_with(text),
        Op::EndsWith => value.ends_with(text),
        Op::Like => value.contains(text),
        Op::Matches => regex::Regex::new(text).ok()?.is_match(value),
        _ => return None,
    };
    Some(found == wanted)
}

/// Numbers on one side of another. Without a lower end some texts would be below, too.
fn range(sign: &str, than: &Value) -> Value {
    if sign.starts_with('<') {
        json!({"numeric": [">=", -1e300, sign, than]})
    } else {
        json!({"numeric": [sign, than]})
    }
}

fn sign(op: Op, negated: bool) -> Option<&'static str> {
    match (op, negated) {
        (Op::Lt, false) | (Op::Ge, true) => Some("<"),
        (Op::Le, false) | (Op::Gt, true) => Some("<="),
        (Op::Gt, false) | (Op::Le, true) => Some(">"),
        (Op::Ge, false) | (Op::Lt, true) => Some(">="),
        _ => None,
    }
}

/// An expression that a text is from beginning to end where it answers a question. Quamina folds no cases: where the
/// pattern does, each letter becomes both.
fn expression(predicate: &Predicate) -> Option<String> {
    let text = escaped(predicate.text());
    match predicate.op {
        Op::StartsWith => return Some(format!("{text}.*")),
        Op::EndsWith => return Some(format!(".*{text}")),
        Op::Like => return Some(format!(".*{text}.*")),
        Op::Matches => {}
        _ => return None,
    }
    let text = predicate.text();
    let (text, folded) = text.strip_prefix("(?i)").map_or((text, false), |rest| (rest, true));
    let (text, begins) = text.strip_prefix('^').map_or((text, ".*"), |rest| (rest, ""));
    let (text, ends) = text.strip_suffix('$').map_or((text, ".*"), |rest| (rest, ""));
    // What would need a translation of its own: escapes, anchors and flags inside, classes of both cases.
    if text.contains(['^', '$', '\\', '~']) || text.contains("(?") || (folded && text.contains('[')) {
        return None;
    }
    let both = |letter: char| format!("[{}{}]", letter.to_ascii_lowercase(), letter.to_ascii_uppercase());
    let letter = |letter: char| if folded && letter.is_ascii_alphabetic() { both(letter) } else { letter.to_string() };
    Some(format!("{begins}({}){ends}", text.chars().map(letter).collect::<String>()))
}

/// A text as an expression for itself: the escape is `~`, and only what means something can have one.
fn escaped(text: &str) -> String {
    let written = |letter: char| if r"()*+-.?[\]^{|}~".contains(letter) { format!("~{letter}") } else { letter.into() };
    text.chars().map(written).collect()
}
