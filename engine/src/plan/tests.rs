//! The parts of a plan one by one: tables of what goes in and what must come out. That all of them together give the
//! reference's verdicts is for `tests/fast.rs`.

use super::automaton::Room;
use super::index::{Index, PredicateId};
use super::members::{Members, NumberKey};
use super::network::{Address, Networks, network};
use super::nnf::{Form, Guard, Literal};
use super::number::Number;
use super::program::Code;
use crate::language::expr::{TextOperator, Value};
use crate::scan::Kind;
use std::cmp::Ordering::{Equal, Greater, Less};

mod number {
    use super::*;

    fn key(text: &str) -> Option<Vec<u8>> {
        NumberKey::default().of(text.as_bytes()).map(<[u8]>::to_vec)
    }

    fn read(text: &str) -> Number<'_> {
        Number::read(text.as_bytes()).unwrap()
    }

    /// The order of two numbers, the other way round too, and whether their keys agree with it.
    fn check(left: &str, right: &str, order: std::cmp::Ordering) {
        assert_eq!(read(left).cmp(&read(right)), order, "{left} and {right}");
        assert_eq!(read(right).cmp(&read(left)), order.reverse(), "{right} and {left}");
        assert_eq!(read(left) == read(right), order == Equal, "{left} == {right}");
        assert_eq!(key(left) == key(right), order == Equal, "keys of {left} and {right}");
    }

    #[test]
    fn equal_however_written() {
        for zero in ["0", "-0", "0.0", "-0.000", "0e5", "0E-999999999999999999999999999999999999999999", "0.0e1"] {
            check("0", zero, Equal);
        }
        for hundred in ["100", "100.0", "1e2", "1E+2", "10e1", "0.1e3", "0.001e5", "100000e-3", "1.00e2"] {
            check("100", hundred, Equal);
        }
        check("-1.50", "-15e-1", Equal);
        check("1e999999999999999999999", "10e999999999999999999998", Equal);
        check("123456789012345678901234567890", "12345678901234567890123456789e1", Equal);
    }

    #[test]
    fn in_order() {
        let ascending = [
            "-1e400",
            "-1e18",
            "-999999999999999999",
            "-10",
            "-9.5",
            "-9",
            "-1.1",
            "-1",
            "-0.1",
            "-1e-400",
            "0",
            "1e-400",
            "0.09",
            "0.1",
            "0.11",
            "1",
            "1.1",
            "2",
            "9",
            "10",
            "99",
            "999999999999999999",
            "1e18",
            "1000000000000000001",
            "9007199254740992",
            "9007199254740993",
        ];
        // The last two show that nothing goes through a float; they stand lower in order.
        for (place, left) in ascending[..24].iter().enumerate() {
            for right in &ascending[place + 1..24] {
                check(left, right, Less);
            }
        }
        check(ascending[24], ascending[25], Less);
        check("18446744073709551616", "18446744073709551615", Greater);
        check("1e170141183460469231731687303715884105726", "1e170141183460469231731687303715884105725", Greater);
        let (huge, tiny) = (format!("1e{}", "9".repeat(60)), format!("1e-{}", "9".repeat(60)));
        check(&huge, "1e400", Greater);
        check(&tiny, "1e-400", Less);
        check(&format!("-{huge}"), "-1e400", Less);
        check(&tiny, "0", Greater);
        check("0.1e1", "0.10000000000000000000000000001e1", Less);
    }

    #[test]
    fn only_what_json_calls_a_number() {
        for text in [
            "", "-", "+1", "01", "-01", "00", ".5", "5.", "1e", "1e+", "1e5.", "1 ", " 1", "1a", "0x10", "1_000",
            "NaN", "--1", "1.e5", "1e5e5", "٣",
        ] {
            assert!(Number::read(text.as_bytes()).is_none() && key(text).is_none(), "{text:?}");
        }
    }
}

mod networks {
    use super::*;

    fn check(networks: &[&str], yes: &[&str], no: &[&str]) {
        let set = Networks::of(networks.iter().map(|text| text.as_bytes()));
        let mut index = Index::default();
        for text in networks {
            index.equal(&Value::Text((*text).to_owned()), 7);
        }
        index.finish(&mut Room::default());
        for (addresses, inside) in [(yes, true), (no, false)] {
            for address in addresses {
                assert_eq!(set.hold(address.as_bytes()), inside, "{address} in {networks:?}");
                let mut found = Vec::new();
                index.find(Kind::Text, address.as_bytes(), &mut NumberKey::default(), &mut found);
                assert_eq!(!found.is_empty(), inside, "{address} in the index of {networks:?}");
            }
        }
    }

    #[test]
    fn ends_of_networks() {
        check(
            &["10.0.0.0/8"],
            &["10.0.0.0", "10.255.255.255"],
            &["9.255.255.255", "11.0.0.0", "::10.0.0.1", "10.1", ""],
        );
        check(&["0.0.0.0/0"], &["0.0.0.0", "255.255.255.255", "::ffff:1.2.3.4"], &["::", "::1", "::1.2.3.4"]);
        check(&["1.2.3.4/32"], &["1.2.3.4", "::ffff:1.2.3.4", "::ffff:102:304"], &["1.2.3.3", "1.2.3.5", "01.2.3.4"]);
        check(&["1.2.3.4/31"], &["1.2.3.4", "1.2.3.5"], &["1.2.3.3", "1.2.3.6"]);
        check(&["128.0.0.0/1"], &["128.0.0.0", "255.255.255.255"], &["127.255.255.255"]);
        check(
            &["::/0"],
            &["::", "2001:db8::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
            &["1.2.3.4", "::ffff:1.2.3.4"],
        );
        check(&["::1/128"], &["::1", "0:0:0:0:0:0:0:1"], &["::", "::2", "0.0.0.1"]);
        check(&["fd00::/8"], &["fd00::", "fdff::1"], &["fc00::", "fe00::", "fd00::%eth0"]);
        check(&["2001:db8::/127"], &["2001:db8::", "2001:db8::1"], &["2001:db8::2"]);
    }

    #[test]
    fn ipv4_inside_ipv6() {
        check(&["::ffff:10.0.0.0/104"], &["10.0.0.1", "::ffff:10.255.0.1"], &["11.0.0.0", "::10.0.0.1"]);
        check(&["::ffff:0:0/96"], &["0.0.0.0", "255.255.255.255", "::ffff:1.2.3.4"], &["::1", "::fffe:1:1"]);
        check(&["::ffff:1.2.3.4/128"], &["1.2.3.4"], &["1.2.3.5"]);
        // One bit shorter it is a network of IPv6, and an IPv4 address is never inside one.
        check(&["::ffff:0:0/95"], &["::fffe:1:1"], &["1.2.3.4", "::ffff:1.2.3.4", "::fffd:1:1"]);
    }

    #[test]
    fn many_merged() {
        check(
            &["10.0.0.0/8", "10.1.0.0/16", "10.255.255.0/24", "12.0.0.0/8", "9.9.9.9/32", "fd00::/8", "fd00::/16"],
            &["9.9.9.9", "10.0.0.0", "10.1.2.3", "10.2.0.0", "10.255.255.255", "12.0.0.0", "fdff::"],
            &["9.9.9.8", "9.9.9.10", "11.0.0.0", "13.0.0.0", "fe00::"],
        );
    }

    /// Which of them, not only whether any; also where the last that begins before an address ends before it.
    #[test]
    fn each_network_around_an_address() {
        let networks = [
            "10.1.0.0/16",
            "10.0.0.0/8",
            "10.1.2.0/24",
            "10.1.0.0/16",
            "10.1.2.3/32",
            "10.1.0.0/24",
            "0.0.0.0/0",
            // These end where one around them ends.
            "10.1.255.0/24",
            "2001:db8:0:ffff::/64",
            "2001:db8::/48",
            "2001:db8:0:8000::/49",
            "2001:db8::/32",
        ];
        let mut index = Index::default();
        (0..).zip(networks).for_each(|(number, text)| index.equal(&Value::Text(text.to_owned()), number));
        index.finish(&mut Room::default());
        for (address, expected) in [
            ("10.1.2.3", &[0, 1, 2, 3, 4, 6][..]),
            ("10.1.2.4", &[0, 1, 2, 3, 6]),
            ("10.1.0.0", &[0, 1, 3, 5, 6]),
            ("10.1.3.0", &[0, 1, 3, 6]),
            ("10.2.0.0", &[1, 6]),
            ("9.255.255.255", &[6]),
            ("255.255.255.255", &[6]),
            ("10.1.255.1", &[0, 1, 3, 6, 7]),
            ("2001:db8:0:ffff::1", &[8, 9, 10, 11]),
            ("2001:db8:0:8000::", &[9, 10, 11]),
            ("2001:db8:1::", &[11]),
            ("::1", &[]),
        ] {
            let mut found = Vec::new();
            index.find(Kind::Text, address.as_bytes(), &mut NumberKey::default(), &mut found);
            found.sort_unstable();
            assert_eq!(found, expected, "{address}");
        }
    }

    /// As many free bits in both: they are looked up apart.
    #[test]
    fn networks_of_both_families_with_the_same_free_bits() {
        let yes = ["1.2.3.4", "2001:db8::1"];
        check(&["1.2.3.0/24", "2001:db8::/120"], &yes, &["1.2.4.4", "2001:db8::100", "::102:304", "::"]);
        check(&["2001:db8::/120", "1.2.3.0/24"], &yes, &["1.2.4.4", "2001:db8::100", "::102:304", "::"]);
    }

    #[test]
    fn what_is_no_network() {
        for text in
            ["10.0.0.0", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/+8", "10.0.0.0/0008", "/8", "a/8", "10.0.0/8"]
        {
            assert_eq!(network(text.as_bytes()), None, "{text}");
        }
        let (first, last) = network(b"10.1.2.3/8").unwrap();
        assert_eq!(
            (first, last),
            (Address::V4(0x0a00_0000), Address::V4(0x0aff_ffff)),
            "bits behind the length are zero"
        );
        assert_eq!(network(b"10.0.0.0/008").unwrap(), network(b"10.0.0.0/8").unwrap());
    }

    #[test]
    fn what_is_no_address() {
        for text in ["", "g::1", "10.0.0.256", "10.0.0.1/8", "1.2.3.4.5", "fd00::1%1", &"1".repeat(46)] {
            assert_eq!(Address::read(text.as_bytes()), None, "{text}");
        }
        // Every dotted text of short parts: read as the standard library reads it.
        let parts = [
            "", "0", "00", "01", "7", "10", "99", "100", "255", "256", "2567", "3000", "0255", "1000", "a", "-1", " 1",
        ];
        let mut read = 0;
        for (place, first) in parts.iter().enumerate() {
            for second in parts {
                for dots in 0..5 {
                    let mut all = vec![second; dots + 1];
                    all[place % (dots + 1)] = first;
                    let text = all.join(".");
                    let expected = text.parse().ok().map(|address: std::net::Ipv4Addr| Address::V4(address.to_bits()));
                    assert_eq!(Address::read(text.as_bytes()), expected, "{text}");
                    read += usize::from(expected.is_some());
                }
            }
        }
        assert!(read > 30, "{read}");
        let longest = "0000:0000:0000:0000:0000:ffff:255.255.255.254";
        assert_eq!((longest.len(), Address::read(longest.as_bytes())), (45, Some(Address::V4(0xffff_fffe))));
        assert_eq!(Address::read(b":0:0:0:0:0:0:0:1"), None);
        assert_eq!(Address::read(b"FD00::A"), Address::read(b"fd00::a"));
    }
}

mod values {
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    /// What equals a value: by the set, and by the index, which must agree.
    fn check(value: &Value, yes: &[(Kind, &str)], no: &[(Kind, &str)]) {
        let set = Members::of(std::iter::once(value));
        let mut index = Index::default();
        index.equal(value, 3);
        index.finish(&mut Room::default());
        let mut key = NumberKey::default();
        for (all, equal) in [(yes, true), (no, false)] {
            for (kind, text) in all {
                assert_eq!(set.hold(*kind, text.as_bytes(), &mut key), equal, "{kind:?} {text} = {value:?}");
                let mut found = Vec::new();
                index.find(*kind, text.as_bytes(), &mut key, &mut found);
                assert_eq!(found.contains(&3), equal, "{kind:?} {text} = {value:?} by the index");
            }
        }
    }

    use Kind::{Array, False, Null, Number, Object, Text, True};

    #[test]
    fn texts() {
        check(
            &text("a"),
            &[(Text, "a")],
            &[(Text, "A"), (Text, ""), (Text, "aa"), (Null, "null"), (Object, "a"), (Array, "a")],
        );
        check(&text(""), &[(Text, "")], &[(Text, " "), (Null, "null")]);
    }

    #[test]
    fn two_texts_compare_as_texts_and_a_number_by_value() {
        check(
            &text("1.0"),
            &[(Text, "1.0"), (Number, "1"), (Number, "1e0")],
            &[(Text, "1"), (Text, "1e0"), (Number, "2")],
        );
        check(
            &Value::Number("1.0".into()),
            &[(Text, "1"), (Text, "10e-1"), (Number, "1")],
            &[(Text, "01"), (Number, "-1"), (True, "true")],
        );
        check(
            &Value::Number("-0".into()),
            &[(Number, "0"), (Text, "0.0")],
            &[(Text, ""), (False, "false"), (Null, "null")],
        );
        check(&text("0012"), &[(Text, "0012")], &[(Number, "12"), (Text, "12")]);
    }

    #[test]
    fn booleans_and_their_words() {
        check(
            &Value::Bool(true),
            &[(True, "true"), (Text, "true")],
            &[(False, "false"), (Text, "True"), (Text, "false"), (Number, "1")],
        );
        check(
            &Value::Bool(false),
            &[(False, "false"), (Text, "false")],
            &[(True, "true"), (Null, "null"), (Number, "0")],
        );
        check(&text("true"), &[(True, "true"), (Text, "true")], &[(False, "false")]);
        check(&text("false"), &[(False, "false"), (Text, "false")], &[(True, "true")]);
    }

    #[test]
    fn networks_equal_the_text_too() {
        check(
            &text("10.0.0.0/8"),
            &[(Text, "10.0.0.0/8"), (Text, "10.9.9.9")],
            &[(Text, "10.0.0.0/9"), (Number, "10")],
        );
    }
}

mod words {
    use super::*;

    fn check(operator: TextOperator, texts: &[&str], value: &str, expected: &[PredicateId]) {
        let mut index = Index::default();
        for (id, text) in (0..).zip(texts) {
            index.word(operator, text.as_bytes(), id);
        }
        index.finish(&mut Room::default());
        let mut found = Vec::new();
        index.find(Kind::Text, value.as_bytes(), &mut NumberKey::default(), &mut found);
        found.sort_unstable();
        found.dedup();
        assert_eq!(found, expected, "{operator:?} {texts:?} on {value}");
    }

    #[test]
    fn prefixes_of_every_length() {
        let texts = ["", "a", "ab", "abc", "b", "abcd", "ab"];
        check(TextOperator::StartsWith, &texts, "abc", &[0, 1, 2, 3, 6]);
        check(TextOperator::StartsWith, &texts, "", &[0]);
        check(TextOperator::StartsWith, &texts, "b", &[0, 4]);
        check(TextOperator::StartsWith, &["é"], "É", &[]);
    }

    #[test]
    fn suffixes_of_every_length() {
        let texts = ["", "c", "bc", "abc", "b", "xabc", "bc"];
        check(TextOperator::EndsWith, &texts, "abc", &[0, 1, 2, 3, 6]);
        check(TextOperator::EndsWith, &texts, "", &[0]);
    }

    #[test]
    fn texts_inside_and_inside_each_other() {
        let texts = ["", "bcd", "c", "abcde", "cd", "x", "abcdef"];
        check(TextOperator::Like, &texts, "abcde", &[0, 1, 2, 3, 4]);
        check(TextOperator::Like, &texts, "", &[0]);
        check(TextOperator::Like, &["aa"], "aaa", &[0]);
    }

    /// So long that the automaton takes its smaller form.
    #[test]
    fn many_long_texts() {
        let texts: Vec<String> = (0..2_000).map(|number| format!("{number:032}")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        assert!(texts.iter().map(|text| text.len()).sum::<usize>() > 32 << 10);
        check(TextOperator::Like, &texts, &format!("x{:032}y", 1_234), &[1_234]);
    }

    #[test]
    fn scalars_have_texts_and_nothing_else_has() {
        let mut index = Index::default();
        index.word(TextOperator::StartsWith, b"", 1);
        let all = [Kind::Text, Kind::Number, Kind::True, Kind::False, Kind::Null, Kind::Object, Kind::Array];
        let found = all.map(|kind| {
            let mut found = Vec::new();
            index.find(kind, b"1", &mut NumberKey::default(), &mut found);
            found.len()
        });
        assert_eq!(found, [1, 1, 1, 1, 0, 0, 0]);
    }
}

/// Forms in short: `a` a predicate, `A` the same turned round, `&(…)` and `|(…)`. The number of `a` is 0.
fn form(text: &str) -> Form {
    fn one(text: &mut std::str::Chars<'_>) -> Option<Form> {
        Some(match text.next()? {
            ')' => return None,
            sign @ ('&' | '|') => {
                text.next();
                let parts: Vec<Form> = std::iter::from_fn(|| one(text)).collect();
                if sign == '&' { Form::And(parts) } else { Form::Or(parts) }
            }
            letter => Form::Literal(Literal {
                predicate: u32::from(letter.to_ascii_lowercase()) - u32::from('a'),
                negated: letter.is_uppercase(),
            }),
        })
    }
    one(&mut text.chars()).unwrap()
}

mod guards {
    use super::*;

    /// The rarer, the later in the alphabet.
    fn share(predicate: PredicateId) -> f32 {
        1.0 / (1.0 + predicate as f32)
    }

    fn check(text: &str, expected: Option<(&[PredicateId], Option<PredicateId>)>) {
        let form = form(text);
        let found = form.guard(&share).map(|guard: Guard| {
            let second = form.second(&guard, &share);
            (guard.predicates, second)
        });
        assert_eq!(found.as_ref().map(|(all, second)| (all.as_slice(), *second)), expected, "{text}");
    }

    #[test]
    fn what_wakes_a_rule() {
        check("a", Some((&[0], None)));
        check("A", None);
        check("&(ab)", Some((&[1], Some(0))));
        check("&(ba)", Some((&[1], Some(0))));
        check("&(abc)", Some((&[2], Some(1))));
        check("|(ab)", Some((&[0, 1], None)));
        check("|(aB)", None);
        check("&(aB)", Some((&[0], None)));
        check("&(AB)", None);
        // An `or` as rare as all of its parts together.
        check("&(b|(bc))", Some((&[1], None)));
        check("&(a|(yz))", Some((&[24, 25], Some(0))));
        check("&(|(yz)|(cd))", Some((&[24, 25], None)));
        // What stands inside an `and` inside is no second: it need not be there as such.
        check("&(&(az)b)", Some((&[25], Some(1))));
        check("&(a|(By)z)", Some((&[25], Some(0))));
        check("|(&(aB)&(Cd))", Some((&[0, 3], None)));
        check("|(&(aB)&(CD))", None);
        // The other part of the second place may be the same predicate.
        check("&(aa)", Some((&[0], Some(0))));
    }
}

mod programs {
    use super::*;

    fn and(left: Option<bool>, right: Option<bool>) -> Option<bool> {
        if left == Some(false) || right == Some(false) { Some(false) } else { left.and(right) }
    }

    fn not(answer: Option<bool>) -> Option<bool> {
        answer.map(|answer| !answer)
    }

    fn truth(form: &Form, holds: &impl Fn(PredicateId) -> Option<bool>) -> Option<bool> {
        match form {
            Form::Literal(literal) => holds(literal.predicate).map(|holds| holds != literal.negated),
            Form::And(parts) => parts.iter().map(|part| truth(part, holds)).reduce(and).unwrap(),
            Form::Or(parts) => not(parts.iter().map(|part| not(truth(part, holds))).reduce(and).unwrap()),
        }
    }

    /// All answers to four predicates, three-valued, whatever they cost.
    #[test]
    fn a_program_gives_the_truth_of_its_filter() {
        let forms = [
            "a",
            "A",
            "&(ab)",
            "|(ab)",
            "&(aB)",
            "|(Ab)",
            "&(a|(bC))",
            "|(a&(bC))",
            "&(|(aB)|(cD))",
            "|(&(aB)&(cD))",
            "&(a|(b&(c|(Da))))",
            "|(A&(B|(C&(Db))))",
            "&(aA)",
            "|(aA)",
            "&(|(ab)|(AB)c)",
        ];
        let costs: [&dyn Fn(PredicateId) -> f32; 3] = [&|_| 1.0, &|id| id as f32, &|id| 9.0 - id as f32];
        for text in forms {
            for cost in costs {
                let form = form(text);
                let mut code = Code::default();
                // Something stands before it, as other rules do.
                code.add(&super::form("|(ab)"), &cost);
                let begin = code.add(&form, &cost);
                for answers in 0..81u32 {
                    let holds = |id: PredicateId| match answers / 3u32.pow(id) % 3 {
                        0 => Some(false),
                        1 => Some(true),
                        _ => None,
                    };
                    let (low, high) = (code.run(begin, false, holds), code.run(begin, true, holds));
                    // Kleene's logic says "undecided" of `a or not a`; so do the two runs.
                    let expected = match truth(&form, &holds) {
                        Some(answer) => (answer, answer),
                        None => (false, true),
                    };
                    assert_eq!((low, high), expected, "{text} with {answers}");
                }
            }
        }
    }

    #[test]
    fn cheap_questions_come_first_and_no_more_are_asked_than_needed() {
        let mut code = Code::default();
        let begin = code.add(&form("&(a|(bc)d)"), &|id| [9.0, 1.0, 2.0, 5.0][id as usize]);
        let asked = |answers: [bool; 4]| {
            let mut order = Vec::new();
            code.run(begin, false, |id| {
                order.push(id);
                Some(answers[id as usize])
            });
            order
        };
        assert_eq!(asked([true; 4]), [1, 3, 0]);
        assert_eq!(asked([true, false, true, true]), [1, 2, 3, 0]);
        assert_eq!(asked([true, false, false, true]), [1, 2]);
        assert_eq!(asked([true, true, true, false]), [1, 3]);
    }
}

mod keys_that_draw_on_others {
    use crate::json::Limits;
    use crate::lists::Lists;
    use crate::plan::{Plan, Source};
    use crate::scan::Width;

    const FILTERS: [&str; 5] =
        ["user = \"u\"", "exe = \"/bin/e\"", "port = 1", "arnRole = \"r\"", "event_type = \"t\""];

    /// How many of the keys above are put together for an event, whether its shape is found out, and which filters hold.
    fn check(event: &str, given: Option<&str>, made: usize, is_shaped: bool, hits: &[usize]) {
        let filters =
            FILTERS.map(|text| crate::language::parse(text, &crate::language::Limits::default()).expr.unwrap());
        let sources = filters.each_ref().map(|filter| Source { filter, suppressions: Vec::new() });
        let mut plan =
            Plan::new(&sources, &[], &Lists::default(), &mut crate::pattern::Patterns::default(), Width::Native, false);
        let mut found = Vec::new();
        plan.decide(event.as_bytes(), given, &Limits::default(), &mut found).unwrap();
        let facts = &plan.now.facts;
        let columns: Vec<usize> = found.iter().map(|hit| hit.column).collect();
        assert_eq!((facts.made(), facts.is_shaped(), columns.as_slice()), (made, is_shaped, hits), "{event} {given:?}");
    }

    #[test]
    fn only_what_an_event_may_have_is_put_together() {
        check("{}", None, 0, false, &[]);
        check(r#"{"a": 1, "log": "text", "stream": "stdout"}"#, None, 0, false, &[]);
        check(r#"{"a": 1}"#, Some("t"), 1, true, &[4]);
        check(r#"{"user": "u", "event_type": "t"}"#, None, 2, true, &[0, 4]);
        // `port` and the two keys that it reaches.
        check(r#"{"connection": {"port": 1}}"#, None, 3, true, &[2]);
        // One that might be CloudTrail's, and is not; one that might be laurel's, and one that is.
        check(r#"{"eventSource": "s"}"#, None, 1, true, &[]);
        let laurel = r#"{"ID": "1.2:3", "SYSCALL": {"exe": "/bin/e"}}"#;
        check(laurel, None, 8, true, &[1]);
        check(r#"{"ID": "1.2:3"}"#, None, 8, true, &[]);
        let role =
            r#"{"eventSource": "s", "eventName": "n", "userIdentity": {"type": "AssumedRole", "principalId": "A:u"}}"#;
        check(role, None, 3, true, &[0]);
    }
}
