//! Filters and events made by chance: all operators, odd keys, odd texts; and keys that both sides share, so that filters
//! meet something.

use oxpecker_engine::Span;
use oxpecker_engine::json::Json;
use oxpecker_engine::language::Expr;
use oxpecker_engine::language::expr::{
    Comparison, Function, Key, Literal, Operand, Predicate, Step, Test, TextOperator, Value,
};
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeMap;

/// Names that mean something: plain ones, keywords, derived keys, what CloudTrail omits, numbers, dots.
#[rustfmt::skip]
const NAMES: [&str; 29] = [
    "a", "b", "a.b", "user", "userIdentity", "type", "event_type", "requestParameters.a", "mfaUsed", "ip", "port", "src_ip", "connection", "src_addr", "requestParameters", "eventSource", "omitted",
    "not", "AND", "or", "in", "lower", "true", "null", "y", "5", "-1", "1e5", "",
];

/// Texts that some rule of the language is about.
#[rustfmt::skip]
const TEXTS: [&str; 24] = [
    "", "a", "ab", "A", "é", "É", "İ", "1", "1.0", "0012", "-0", "1e2", "100", "true", "null", "10.1.2.3", "10.0.0.0/8",
    "::ffff:10.1.2.3", "::/0", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", "\\", "\"'", "%a*",
];

#[rustfmt::skip]
const NUMBERS: [&str; 12] =
    ["0", "-0", "1", "1.0", "1e0", "10e-1", "-1", "1e2", "9007199254740993", "18446744073709551616", "1E+400", "1e-999999999999"];

#[rustfmt::skip]
const PATTERNS: [&str; 8] = ["a", "^a", "(?i)É", r"\d+", ".", "[^a]", "^$", r"\bab?\b"];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => select(&TEXTS[..]).prop_map(str::to_owned),
        2 => super::generate_mapped::text().prop_map(str::to_owned),
        1 => any::<String>(),
        1 => "[ -~\u{7f}-\u{a0}\u{200b}-\u{202e}“”«»‘’\n\t\r\0\\\\]{0,8}",
    ]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![8 => select(&NAMES[..4]).prop_map(str::to_owned), 4 => select(&NAMES[..]).prop_map(str::to_owned), 1 => text()]
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => select(&NUMBERS[..]).prop_map(str::to_owned),
        1 => "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,4})?([eE][-+]?[0-9]{1,3})?",
    ]
}

/// A key that mappings give a value.
pub(crate) fn mapped_key() -> impl Strategy<Value = Key> {
    super::generate_mapped::key().prop_map(|dotted| {
        let steps = dotted.split('.').map(|name| Step::Name(name.to_owned())).collect();
        Key { span: Span::default(), steps }
    })
}

/// A key of the language: one that a mapping may give a value, or a name, then names and indexes.
pub(crate) fn key() -> impl Strategy<Value = Key> {
    prop_oneof![1 => mapped_key(), 3 => any_key()]
}

fn any_key() -> impl Strategy<Value = Key> {
    let step = prop_oneof![3 => name().prop_map(Step::Name), 1 => (-2..3_i64).prop_map(Step::Index)];
    let further = prop_oneof![4 => prop::collection::vec(step.clone(), 0..=0), 4 => prop::collection::vec(step, 1..4)];
    (name(), further).prop_map(|(first, further)| {
        let steps = std::iter::once(Step::Name(first)).chain(further).collect();
        Key { span: Span::default(), steps }
    })
}

fn literal(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Literal> {
    value.prop_map(|value| Literal { span: Span::default(), value })
}

fn ordered() -> impl Strategy<Value = Value> {
    prop_oneof![text().prop_map(Value::Text), number().prop_map(Value::Number)]
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![6 => ordered(), 1 => any::<bool>().prop_map(Value::Bool), 1 => Just(Value::List("admins".to_owned()))]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![6 => scalar(), 1 => Just(Value::Null)]
}

fn test() -> impl Strategy<Value = Test> {
    let comparison = [Comparison::Less, Comparison::LessOrEqual, Comparison::Greater, Comparison::GreaterOrEqual];
    let operator = [TextOperator::Like, TextOperator::StartsWith, TextOperator::EndsWith, TextOperator::Contains];
    let pattern = select(&PATTERNS[..]).prop_map(|pattern| Value::Text(pattern.to_owned()));
    prop_oneof![
        4 => literal(value()).prop_map(Test::Equals),
        2 => (select(comparison.to_vec()), literal(ordered())).prop_map(|(sign, value)| Test::Compare(sign, value)),
        3 => (select(operator.to_vec()), literal(scalar())).prop_map(|(word, value)| Test::Text(word, value)),
        2 => prop::collection::vec(literal(value()), 1..4).prop_map(Test::In),
        1 => literal(pattern).prop_map(Test::Matches),
        1 => Just(Test::Exists),
    ]
}

/// One question.
pub(crate) fn predicate() -> impl Strategy<Value = Predicate> {
    let function = select(vec![Function::Lower, Function::Upper, Function::Length, Function::Count, Function::All]);
    let operand = (prop::option::weighted(0.3, function), key()).prop_map(|(function, key)| Operand { function, key });
    (operand, test(), any::<bool>()).prop_map(|(operand, test, negated)| {
        // `<` has no negated form of its own.
        let negated = negated && !matches!(test, Test::Compare(..));
        Predicate { span: Span::default(), operand, test, negated }
    })
}

/// A filter in the form that the parser gives: no list of `and`s directly inside another.
pub(crate) fn filter() -> impl Strategy<Value = Expr> {
    predicate().prop_map(Expr::Predicate).prop_recursive(5, 24, 4, |inner| {
        let parts = || prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            parts().prop_map(|parts| Expr::And(flat(parts, true))),
            parts().prop_map(|parts| Expr::Or(flat(parts, false))),
            inner.clone().prop_map(|inner| Expr::Not(Box::new(inner))),
        ]
    })
}

fn flat(parts: Vec<Expr>, and: bool) -> Vec<Expr> {
    let each = parts.into_iter().flat_map(|part| match part {
        Expr::And(inner) if and => inner,
        Expr::Or(inner) if !and => inner,
        other => vec![other],
    });
    each.collect()
}

/// An event as JSON text.
pub(crate) fn event() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        1 => Just(Json::Null),
        1 => any::<bool>().prop_map(Json::Bool),
        2 => number().prop_map(Json::Number),
        4 => text().prop_map(Json::Text),
    ];
    let tree = scalar.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::Array),
            prop::collection::btree_map(name(), inner, 0..4).prop_map(object),
        ]
    });
    (prop::collection::btree_map(name(), tree, 0..6), any::<bool>()).prop_map(|(mut members, cloudtrail)| {
        if cloudtrail {
            let text = |text: &str| Json::Text(text.to_owned());
            for (name, value) in [("eventVersion", "1.08"), ("eventSource", "a"), ("eventName", "ab")] {
                members.insert(name.to_owned(), text(value));
            }
            if let Some(Json::Object(parameters)) = members.get_mut("requestParameters") {
                parameters.push(("omitted".to_owned(), Json::Bool(true)));
            }
        }
        object(members).to_string()
    })
}

/// Blanks that JSON allows between tokens.
fn blank() -> impl Strategy<Value = &'static str> {
    select(vec!["", "", "", "", " ", "\n", "\t \r"])
}

/// A JSON string that spells a text, some of its characters escaped although they need not be.
fn spelled(text: String) -> impl Strategy<Value = String> {
    any::<u64>().prop_map(move |chance| {
        let mut out = String::from("\"");
        for (place, c) in text.chars().enumerate() {
            let mut pair = [0; 2];
            if chance >> (place % 64) & 3 == 0 {
                c.encode_utf16(&mut pair).iter().for_each(|half| out.push_str(&format!("\\u{half:04X}")));
            } else {
                let written = Json::Text(c.to_string()).to_string();
                out.push_str(&written[1..written.len() - 1]);
            }
        }
        out.push('"');
        out
    })
}

/// An event as it might come from anywhere: names twice, arrays in arrays, blanks and escapes wherever JSON allows them.
pub(crate) fn messy_event() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        1 => select(vec!["null", "true", "false"]).prop_map(str::to_owned),
        2 => number(),
        4 => text().prop_flat_map(spelled),
    ];
    let tree = scalar.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            1 => prop::collection::vec((blank(), inner.clone(), blank()), 0..5).prop_map(|items| {
                let items: Vec<String> = items.into_iter().map(|(a, item, b)| format!("{a}{item}{b}")).collect();
                format!("[{}]", items.join(","))
            }),
            2 => members(inner),
        ]
    });
    (members(tree), prop::option::weighted(0.4, Just(())), any::<bool>()).prop_map(|(object, record, omitted)| {
        let mut head = String::from("{");
        if record.is_some() {
            head.push_str(r#""eventVersion":"1.08","eventSource":"a","eventName":"ab","#);
        }
        if omitted {
            head.push_str(r#""requestParameters":{"omitted":true,"a":1},"#);
        }
        match object.strip_prefix('{') {
            Some(rest) if rest.trim_start().starts_with('"') => head + rest,
            _ => head + "\"b\":[]}",
        }
    })
}

fn members(value: impl Strategy<Value = String> + Clone) -> impl Strategy<Value = String> {
    let member = (blank(), name().prop_flat_map(spelled), blank(), value, blank());
    prop::collection::vec(member, 0..7).prop_map(|members| {
        let members: Vec<String> =
            members.into_iter().map(|(a, name, b, value, c)| format!("{a}{name}{b}:{value}{c}")).collect();
        format!("{{{}}}", members.join(","))
    })
}

fn object(members: BTreeMap<String, Json>) -> Json {
    Json::Object(members.into_iter().collect())
}
