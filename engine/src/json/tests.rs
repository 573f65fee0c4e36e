//! The parser against `serde_json` (numbers by their text), the limits, and the writer.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::{DEEPEST, Json, Limits, Reject, RejectReason};

fn parse(text: &str) -> Result<Json, Reject> {
    Json::parse(text.as_bytes(), &Limits::default())
}

fn reason(bytes: &[u8]) -> Option<(&'static str, usize)> {
    Json::parse(bytes, &Limits::default()).err().map(|reject| (reject.reason.code(), reject.offset))
}

/// A tree by serde_json with numbers as text: through raw values, one level at a time. Members sorted by name.
fn by_serde(text: &str) -> Option<Json> {
    let raw: &RawValue = serde_json::from_str(text).ok()?;
    let raw = raw.get();
    Some(match raw.as_bytes()[0] {
        b'n' => Json::Null,
        b't' => Json::Bool(true),
        b'f' => Json::Bool(false),
        b'"' => Json::Text(serde_json::from_str(raw).ok()?),
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_str(raw).ok()?;
            Json::Array(items.into_iter().map(|item| by_serde(item.get())).collect::<Option<_>>()?)
        }
        b'{' => {
            let members: Vec<(String, Json)> = raw_members(raw)?;
            Json::Object(members.into_iter().collect::<BTreeMap<_, _>>().into_iter().collect())
        }
        _ => Json::Number(raw.to_owned()),
    })
}

/// Every member, the overwritten ones too: they must be readable as well.
fn raw_members(raw: &str) -> Option<Vec<(String, Json)>> {
    struct Members(Vec<(String, Box<RawValue>)>);
    impl<'de> serde::Deserialize<'de> for Members {
        fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            struct Visit;
            impl<'de> serde::de::Visitor<'de> for Visit {
                type Value = Members;
                fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    out.write_str("an object")
                }
                fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                    let mut all = Vec::new();
                    while let Some(member) = map.next_entry()? {
                        all.push(member);
                    }
                    Ok(Members(all))
                }
            }
            from.deserialize_map(Visit)
        }
    }
    let Members(all) = serde_json::from_str(raw).ok()?;
    all.into_iter().map(|(name, value)| Some((name, by_serde(value.get())?))).collect()
}

fn sorted(json: Json) -> Json {
    let json = match json.into_array() {
        Ok(items) => return Json::Array(items.into_iter().map(sorted).collect()),
        Err(json) => json,
    };
    if json.as_object().is_none() {
        return json;
    }
    let mut members = json.into_object().unwrap();
    members.sort_by(|a, b| a.0.cmp(&b.0));
    Json::Object(members.into_iter().map(|(name, value)| (name, sorted(value))).collect())
}

/// A small deterministic source of numbers (xorshift).
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

#[rustfmt::skip]
pub(super) const PIECES: [&str; 46] = [
    "{", "}", "[", "]", ",", ":", "\"", "\"a\"", "\"b\"", "\"a\":", "\"\\u0061\":", "{\"a\":1}", "[1,2]", "[]", "{}",
    "null", "true", "false", "nul", "0", "-0", "-", "1", "01", "1.", ".5", "1.50", "1e5", "1E+05", "1e", "-1.0e-3",
    "123456789012345678901234567890", "\"\\ud83d\\ude00\"", "\"\\ud83d\"", "\"\\ude00\"", "\"\\ud83d\\u0041\"",
    "\"\\u12\"", "\"\\x\"", "\"\t\"", "\"é😀\"", " ", "\n", "\u{a0}", "\u{feff}", "/", "'a'",
];

#[test]
fn agrees_with_serde_json_on_random_pieces() {
    let mut dice = Dice(0x0BAD_5EED);
    let mut accepted = 0;
    for round in 0..60_000 {
        let text = if round % 2 == 0 {
            (0..1 + dice.roll(7)).map(|_| PIECES[dice.roll(PIECES.len())]).collect()
        } else {
            mutated(&mut dice)
        };
        let ours = parse(&text).ok().map(sorted);
        assert_eq!(ours, by_serde(&text), "{text:?}");
        accepted += usize::from(ours.is_some());
    }
    assert!(accepted > 5_000, "{accepted}");
}

/// A valid text with at most two of its characters changed.
pub(super) fn mutated(dice: &mut Dice) -> String {
    let mut text = generated(dice, 4);
    for _ in 0..dice.roll(3) {
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        let at = places[dice.roll(places.len())];
        let old = text[at..].chars().next().unwrap();
        let new = PIECES[dice.roll(PIECES.len())];
        text.replace_range(at..at + old.len_utf8(), new);
    }
    text
}

fn generated(dice: &mut Dice, depth: usize) -> String {
    let scalars = ["null", "true", "-0.0", "18446744073709551616", "1e400", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"é\""];
    let many = |dice: &mut Dice| dice.roll(4);
    match dice.roll(if depth == 0 { 1 } else { 3 }) {
        0 => scalars[dice.roll(scalars.len())].to_owned(),
        1 => format!("[{}]", (0..many(dice)).map(|_| generated(dice, depth - 1)).collect::<Vec<_>>().join(" , ")),
        _ => {
            let names = ["\"a\"", "\"b\"", "\"\\u0061\"", "\"\""];
            let member = |dice: &mut Dice| format!("{} :{}", names[dice.roll(names.len())], generated(dice, depth - 1));
            format!("{{{}}}", (0..many(dice)).map(|_| member(dice)).collect::<Vec<_>>().join(","))
        }
    }
}

#[test]
fn any_bytes_give_a_value_or_a_reject() {
    let mut dice = Dice(42);
    for _ in 0..20_000 {
        let alphabet = b"{}[]\",:\\u0dDe8-+. \xff\xc3\xa9a";
        let bytes: Vec<u8> = (0..dice.roll(12)).map(|_| alphabet[dice.roll(alphabet.len())]).collect();
        if let Err(reject) = Json::parse(&bytes, &Limits::default()) {
            assert!(reject.offset <= bytes.len());
        }
    }
}

#[test]
#[rustfmt::skip]
fn each_malformed_text_says_where() {
    for (text, at) in [
        ("", 0), ("  ", 2), ("{", 1), ("{\"a\"", 4), ("{\"a\":", 5), ("{\"a\":1", 6), ("{\"a\":1,}", 7), ("[1,]", 3),
        ("{a:1}", 1), ("{'a':1}", 1), ("{\"a\":01}", 6), ("{\"a\":1.}", 7), ("{\"a\":.5}", 5), ("{\"a\":+1}", 5),
        ("{\"a\":NaN}", 5), ("{\"a\":Infinity}", 5), ("{\"a\":tru}", 8), ("{\"a\":1} x", 8), ("{}{}", 2),
        ("{\"a\":\"\n\"}", 6), ("{\"a\":\"\\x\"}", 7), ("{\"a\":\"\\u00g0\"}", 10), ("{\"a\":\"b}", 8), ("\u{feff}{}", 0),
        ("{\"a\" 1}", 5), ("{1:2}", 1), ("[1 2]", 3), ("{\"a\":1 \"b\":2}", 7), ("-", 1), ("1e", 2), ("]", 0), ("[}", 1),
        ("{\"a\":1]", 6), ("// c\n{}", 0), ("\u{a0}{}", 0), ("{}\0", 2),
    ] {
        assert_eq!(reason(text.as_bytes()), Some(("invalid-json", at)), "{text:?}");
    }
}

#[test]
fn utf8_is_checked_everywhere_and_first() {
    assert_eq!(reason(b"{\"a\":\"\xff\"}"), Some(("invalid-utf8", 6)));
    assert_eq!(reason(b"{} \xc3"), Some(("invalid-utf8", 3)));
    assert_eq!(reason(b"{\"a\":\"\xed\xa0\x80\"}"), Some(("invalid-utf8", 6)));
    assert_eq!(reason(b"x\xff"), Some(("invalid-utf8", 1)));
}

#[test]
fn half_characters_are_rejected() {
    for text in [
        r#"["\ud800"]"#,
        r#"["\udc00"]"#,
        r#"["\ud800\ud800"]"#,
        r#"["\ud800x"]"#,
        r#"["\ud800\n"]"#,
        r#"["\ud800\ue000"]"#,
    ] {
        assert_eq!(reason(text.as_bytes()), Some(("lone-surrogate", 2)), "{text}");
    }
    assert_eq!(reason(br#"{"\udfff":1}"#), Some(("lone-surrogate", 2)));
    assert_eq!(parse(r#""\uD83D\uDE00""#), Ok(Json::from("😀")));
    assert_eq!(parse(r#""\u0000""#), Ok(Json::from("\0")));
}

#[test]
fn limits_hold() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse(&nested(127)).is_ok());
    assert_eq!(reason(nested(128).as_bytes()), Some(("too-deep", 127)));
    assert_eq!(reason("[".repeat(1 << 20).as_bytes()), Some(("too-deep", 127)));
    let huge = Limits { depth: usize::MAX, ..Limits::default() };
    assert!(Json::parse(nested(DEEPEST).as_bytes(), &huge).is_ok());
    assert!(Json::parse(nested(DEEPEST + 1).as_bytes(), &huge).is_err());

    let values = |limit| Json::parse(b"[1,{\"a\":2}]", &Limits { values: limit, ..Limits::default() });
    assert!(values(4).is_ok());
    assert_eq!(values(3), Err(Reject { reason: RejectReason::TooManyValues, offset: 8 }));

    let bytes = |limit| Json::parse(b"[1]", &Limits { bytes: limit, ..Limits::default() });
    assert!(bytes(3).is_ok());
    assert_eq!(bytes(2), Err(Reject { reason: RejectReason::TooLarge, offset: 2 }));
}

#[test]
fn the_last_duplicate_replaces_the_value_in_the_first_place() {
    let json = parse(r#"{"a":{"x":1},"b":2,"\u0061":{"y":3},"c":4,"a":5}"#).unwrap();
    assert_eq!(json.to_string(), r#"{"a":5,"b":2,"c":4}"#);
    assert_eq!(json.get("a"), Some(&Json::Number("5".into())));
}

#[test]
fn many_members_are_read_in_good_time() {
    let members: Vec<String> = (0..100_000).map(|i| format!("\"k{}\":{i}", i % 60_000)).collect();
    let json = parse(&format!("{{{}}}", members.join(","))).unwrap();
    assert_eq!(json.as_object().unwrap().len(), 60_000);
    assert_eq!(json.get("k7"), Some(&Json::Number("60007".into())));
}

#[test]
fn writing_gives_the_same_value_back() {
    let text = r#"{"a":[1.00,-0,1E+5,null,true],"\"\\\u0001\n":"é/\u007f😀","":{}}"#;
    let json = parse(text).unwrap();
    assert_eq!(json.to_string(), text.replace("\\u007f", "\u{7f}"));
    assert_eq!(parse(&json.to_string()), Ok(json));
}

#[test]
fn numbers_of_reasons_are_stable() {
    let codes = RejectReason::ALL.map(|reason| (reason.number(), reason.code()));
    assert_eq!(codes[0], (1, "invalid-json"));
    assert_eq!(codes[6], (7, "too-many-values"));
    for reason in RejectReason::ALL {
        assert_eq!(RejectReason::from_number(reason.number()), Some(reason));
    }
    assert_eq!(RejectReason::from_number(0), None);
}

#[test]
fn a_tree_of_any_depth_needs_no_deep_stack() {
    const DEPTH: usize = 200_000;
    let mut json = Json::from("core");
    for level in 0..DEPTH {
        json = if level % 2 == 0 { Json::Array(vec![json]) } else { Json::Object(vec![("a".into(), json)]) };
    }
    let copy = json.clone();
    let text = copy.to_string();
    drop(json);
    assert_eq!(text.len(), DEPTH / 2 * (2 + "{\"a\":}".len()) + "\"core\"".len());
    assert_eq!(copy.values().count(), DEPTH + 1);
}

#[test]
fn a_copy_and_its_text_are_the_same_as_the_tree() {
    for text in ["[]", "{}", "1", r#"{"a":[{},[],[[1,"x"],{"b":null}],true],"c":{"d":{"e":[0]}},"f":"\u0001\"\\/"}"#] {
        let json = Json::parse(text.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(json.clone(), json);
        assert_eq!(json.to_string(), text);
        assert_eq!(json.clone().to_string(), text);
    }
}

#[test]
fn the_beginning_of_a_value_is_that_of_its_text_and_not_much_more() {
    let long = format!(
        r#"{{"é\"é":[1.5e300,"ééé","a\\b"],"{}":"{}","c":[[[]],{{}},null,true]}}"#,
        "n".repeat(99),
        "é".repeat(99)
    );
    let many = format!("[{}]", vec![long.as_str(); 1_000].join(","));
    for text in [&*long, &*many, "12345678", "\"éééé\"", "null", "[]"] {
        let value = parse(text).unwrap();
        let whole = value.to_string();
        for characters in [0, 1, 7, 20, 50, 200, 10_000] {
            let beginning = value.beginning(characters);
            let shown = |text: &str| text.chars().take(characters).collect::<String>();
            let has_more = |text: &str| text.chars().nth(characters).is_some();
            assert_eq!(
                (shown(&beginning), has_more(&beginning)),
                (shown(&whole), has_more(&whole)),
                "{characters} of {text}"
            );
            assert!(beginning.len() <= 3 * 4 * (characters + 1) + 20, "{} for {characters}", beginning.len());
        }
    }
}
