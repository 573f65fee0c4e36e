//! A prepared list against the definition: `k in @list` is `k = a or k = b or …`.

use super::{Entry, List, Lists};
use crate::Span;
use crate::event::Event;
use crate::json::{Json, Limits};
use crate::language::expr::{Expr, Literal, Predicate, Test, Value};
use crate::reference::{Filter, Verdict};
use proptest::prelude::*;

/// Values near one another: spellings of the same number, texts that are numbers, booleans, addresses and networks.
const TEXTS: [&str; 40] = [
    "",
    "a",
    "A",
    "true",
    "false",
    "null",
    "0",
    "-0",
    "1",
    "1.0",
    "1e0",
    "10e-1",
    "0012",
    "12",
    "1e400",
    "10e399",
    "-5",
    "9007199254740993",
    "9007199254740993.0",
    "1e99999999999999999999999999999999999999999",
    "10.0.0.1",
    "10.0.0.0/8",
    "10.0.0.0/9",
    "10.128.0.1",
    "10.0.0.1/32",
    "0.0.0.0/0",
    "::/0",
    "::1",
    "::1/128",
    "::ffff:10.0.0.1",
    "::ffff:10.0.0.0/104",
    "::ffff:0.0.0.0/95",
    "2001:db8::/32",
    "2001:db8::/33",
    "2001:db8::7",
    "10.0.0.0/33",
    "10.0.0.0/",
    "10.1.2.3/8",
    "AWS Internal",
    "010.0.0.1",
];

fn is_number(text: &str) -> bool {
    !text.starts_with(char::is_alphabetic)
        && matches!(Json::parse(text.as_bytes(), &Limits::default()), Ok(Json::Number(_)))
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => prop::sample::select(&TEXTS[..]).prop_map(|text| Value::Text(text.to_owned())),
        3 => prop::sample::select(&TEXTS[..]).prop_filter_map("a number", |text| {
            is_number(text).then(|| Value::Number(text.to_owned()))
        }),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => Just(Value::Null),
        1 => "[0-9.eE+-]{0,6}".prop_map(Value::Text),
        1 => (any::<[u8; 4]>(), 0..34u8).prop_map(|([_, b, c, d], length)| Value::Text(format!("10.{b}.{c}.{d}/{length}"))),
    ]
}

fn scalar() -> impl Strategy<Value = Json> {
    let address = any::<[u8; 2]>().prop_map(|[c, d]| Json::Text(format!("10.0.{c}.{d}")));
    prop_oneof![8 => value().prop_map(|value| super::as_json(&value)), 1 => address]
}

fn predicate(test: Test) -> Expr {
    let key = crate::rule::template::key("k").unwrap();
    let operand = crate::language::expr::Operand { function: None, key };
    Expr::Predicate(Predicate { span: Span::default(), operand, test, negated: false })
}

fn literal(value: &Value) -> Literal {
    Literal { span: Span::default(), value: value.clone() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_prepared_list_says_what_comparing_one_by_one_says(
        values in prop::collection::vec(value(), 1..12),
        asked in prop_oneof![4 => scalar(), 1 => prop::collection::vec(scalar(), 0..3).prop_map(Json::Array)],
    ) {
        let event = Event::new(Json::Object(vec![("k".into(), asked)]), None);
        let mut lists = Lists::new();
        lists.insert("l", values.clone());
        let one_by_one = values.iter().map(|value| predicate(Test::Equals(literal(value))));
        let naive = one_by_one.fold(Verdict::NoMatch, |verdict, expr| {
            verdict.or(Filter::new(expr, &Lists::new()).evaluate(&event))
        });
        let list = literal(&Value::List("l".into()));
        for test in [Test::In(values.iter().map(literal).collect()), Test::In(vec![list.clone()]), Test::Equals(list)] {
            prop_assert_eq!(Filter::new(predicate(test), &lists).evaluate(&event), naive);
        }
    }
}

fn list(entries: &[(&str, &str)]) -> List {
    let entry = |(key, value): &(&str, &str)| Entry { key: Value::Text((*key).into()), value: Json::from(*value) };
    List::of(entries.iter().map(entry).collect())
}

#[test]
fn a_lookup_prefers_the_same_text_and_then_the_narrowest_network() {
    let nets = list(&[("10.0.0.0/8", "all"), ("10.1.0.0/16", "office"), ("10.1.2.3", "printer"), ("::/0", "six")]);
    for (address, expected) in [
        ("10.1.2.3", Some("printer")),
        ("10.1.2.4", Some("office")),
        ("::ffff:10.2.0.0", Some("all")),
        ("2001:db8::1", Some("six")),
        ("11.0.0.1", None),
        ("AWS Internal", None),
    ] {
        assert_eq!(nets.lookup(&Json::from(address)), expected.map(Json::from), "{address}");
    }
}

#[test]
fn of_two_entries_with_one_key_the_last_counts_and_without_values_the_entry_is_found() {
    assert_eq!(list(&[("a", "1"), ("a", "2")]).lookup(&Json::from("a")), Some(Json::from("2")));
    let plain = List::from(vec![Value::Text("10.0.0.0/8".into()), Value::Number("7".into())]);
    assert_eq!(plain.lookup(&Json::from("10.9.9.9")), Some(Json::from("10.0.0.0/8")));
    assert_eq!(plain.lookup(&Json::from("7.0")), Some(Json::Number("7".into())));
    assert_eq!(plain.lookup(&Json::Null), None);
}

/// Each question takes about as long in a list of 100,000 as in one of 10: thousands of times less than going through it.
#[test]
fn a_long_list_is_not_gone_through() {
    let values = (0..100_000u32).map(|n| match n % 3 {
        0 => Value::Text(format!("user-{n}")),
        1 => Value::Number(n.to_string()),
        _ => Value::Text(format!("10.{}.{}.0/24", n >> 8 & 255, n & 255)),
    });
    let begun = std::time::Instant::now();
    let list = List::from(values.collect::<Vec<_>>());
    for n in 0..100_000u32 {
        let asked = if n % 2 == 0 {
            Json::Text(format!("10.{}.{}.9", n >> 8 & 255, n & 255))
        } else {
            Json::from(u64::from(n))
        };
        std::hint::black_box(list.holds(&asked));
    }
    // Going through it would be 10,000,000,000 comparisons.
    assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
}
