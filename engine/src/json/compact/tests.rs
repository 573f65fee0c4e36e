//! The copier against the tree, and against `serde_json`.

use super::super::tests::{Dice, PIECES, mutated};
use super::{Copier, compact, elements};
use crate::json::{Json, Limits};
use proptest::prelude::*;
use serde_json::Value;

fn by_copying(text: &str) -> Option<String> {
    let mut out = String::new();
    Copier::new(text, &Limits::default(), &mut out).document().map(|()| out)
}

fn check(bytes: &[u8], limits: &Limits) {
    let expected = Json::parse(bytes, limits).map(|tree| format!("before{tree}"));
    let mut out = "before".to_owned();
    let found = compact(bytes, limits, &mut out);
    assert_eq!(found.map(|()| out.as_str()), expected.as_deref().map_err(|reject| *reject));
    assert!(expected.is_ok() || out == "before");
}

#[test]
fn it_is_the_tree_on_random_pieces() {
    let mut dice = Dice(0x5EED_C0DE);
    let mut copied = 0;
    for round in 0..40_000 {
        let text: String = if round % 2 == 0 {
            (0..1 + dice.roll(7)).map(|_| PIECES[dice.roll(PIECES.len())]).collect()
        } else {
            mutated(&mut dice)
        };
        check(text.as_bytes(), &Limits::default());
        copied += usize::from(by_copying(&text).is_some());
    }
    assert!(copied > 3_000, "{copied}");
}

#[test]
fn limits_and_broken_bytes_are_the_parsers() {
    for depth in 0..4 {
        for values in 0..6 {
            check(br#"[1,{"a":[2]}]"#, &Limits { depth, values, bytes: 100 });
        }
    }
    check(b"[1]", &Limits { bytes: 2, ..Limits::default() });
    check(b"[\"\xff\"]", &Limits::default());
}

#[test]
fn what_is_plain_is_copied_and_the_rest_left_to_the_tree() {
    let copied = [
        (" { \"a\" : [ 1.50 , -0 , 1E+5 ] ,\n\"b\":{ } }\r\n", r#"{"a":[1.50,-0,1E+5],"b":{}}"#),
        (r#"["\/\u0041\u00e9\ud83d\ude00\u0001\u001F\u0022\u005c\u000a\n\b"]"#, r#"["/Aé😀\u0001\u001f\"\\\n\n\b"]"#),
        (r#"{"a":{"a":1},"b":[{"a":2}]}"#, r#"{"a":{"a":1},"b":[{"a":2}]}"#),
        (" \"\u{7f}é\" ", "\"\u{7f}é\""),
    ];
    for (text, expected) in copied {
        assert_eq!(by_copying(text).as_deref(), Some(expected));
    }
    for text in [r#"{"a":1,"b":2,"a":3}"#, r#"{"\u0061":1}"#, "{", "[1] 2", "01", "", "[\"\u{1}\"]", "{\"a\" 1}", "tru"]
    {
        assert_eq!(by_copying(text), None, "{text}");
        check(text.as_bytes(), &Limits::default());
    }
}

#[test]
fn elements_are_those_of_the_tree() {
    for text in ["[]", "[1]", r#"["a,]\"\\",[1,[2,3]],{"b":"],[","c":[{}]},null]"#, r#"["é",""]"#] {
        let tree = Json::parse(text.as_bytes(), &Limits::default()).unwrap();
        let expected: Vec<String> = tree.as_array().unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(elements(text).collect::<Vec<_>>(), expected);
    }
    assert_eq!(elements("{}").count(), 0);
}

fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[a-z\\\\\"/\\x00-\\x1f]{0,20}".prop_map(Value::from),
    ];
    scalar.prop_recursive(5, 60, 12, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map("\\PC{0,12}", inner, 0..12)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn it_prints_what_serde_json_prints(value in value()) {
        let expected = serde_json::to_string(&value).unwrap();
        for text in [expected.clone(), serde_json::to_string_pretty(&value).unwrap(), escaped(&expected)] {
            let mut out = String::new();
            compact(text.as_bytes(), &Limits::default(), &mut out).unwrap();
            prop_assert_eq!(&out, &expected);
        }
    }
}

/// The same with everything that is no ASCII as `\uXXXX`.
fn escaped(text: &str) -> String {
    let mut units = [0; 2];
    let mut spelled =
        |c: char| c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04X}")).collect::<String>();
    text.chars().map(|c| if c.is_ascii() { c.to_string() } else { spelled(c) }).collect()
}
