use super::*;
use proptest::prelude::*;
use regex::bytes::{Regex, RegexBuilder};

const LIMIT: usize = 1 << 20;

fn finds(pattern: &str, text: &str) -> bool {
    Pattern::new(pattern, LIMIT).unwrap().is_match(text.as_bytes(), &mut Caches::default())
}

#[track_caller]
fn check(pattern: &str, yes: &[&str], no: &[&str]) {
    for text in yes {
        assert!(finds(pattern, text), "{pattern} must match {text:?}");
    }
    for text in no {
        assert!(!finds(pattern, text), "{pattern} must not match {text:?}");
    }
}

#[test]
fn classes_are_ascii_and_dot_is_a_character() {
    check(r"^\d+$", &["123"], &["١٢٣", ""]);
    check(r"^\w$", &["a", "_"], &["é"]);
    check(r"^\W$", &["é", "-"], &["a"]);
    check(r"^\s$", &[" ", "\t", "\x0B"], &["\u{a0}"]);
    check(r"^.$", &["é", "\n", "日"], &["ab"]);
    check(r"^[^a]$", &["é", "日"], &["a"]);
    check(r"^[^\d\W]+$", &["ab_"], &["a1", "é"]);
    check(r"^[é-ü]$", &["é", "ü"], &["e"]);
    check("é+$", &["éé"], &["e"]);
    check(r"\bfoo\b", &["a foo b", "éfoo"], &["afoo"]);
    check(r"^\p{Greek}$", &["λ"], &["l"]);
}

#[test]
fn case_folding_is_ascii() {
    check("(?i)^root$", &["ROOT", "Root"], &["roots"]);
    check("(?i)^k$", &["K", "k"], &["\u{212a}"]);
    check("(?i)^[k]$", &["K", "k"], &["\u{212a}"]);
    check(r"^\xE9$", &["é"], &["e"]);
}

#[test]
fn bad_and_huge_patterns_are_refused() {
    assert!(matches!(Pattern::new("(", LIMIT), Err(PatternError::Syntax(_))));
    assert_eq!(Pattern::new("(a{1000}){1000}", LIMIT).unwrap_err(), PatternError::TooLarge);
    assert!(Pattern::new(&"(".repeat(10_000), LIMIT).is_err());
    // Large and allowed: no state of its automaton fits, and it is found all the same.
    let large = Pattern::new("^a{20000}b", LIMIT).unwrap();
    assert!(large.lazy.is_none());
    check("^a{20000}b", &[&("a".repeat(20_000) + "b")], &[&("a".repeat(19_999) + "b")]);
    // Words beyond ASCII are asked for by name, and seen by the slower one.
    check(r"(?u:\b)x(?u:\b)", &["é x"], &["éx", "xé"]);
}

/// The bound on all patterns together is as good as this is.
#[test]
fn what_is_counted_is_what_it_takes() {
    for pattern in
        [r"(?i)tool-a1/[0-9]+\.[0-9]+", r"^arn:aws:iam::[0-9]{12}:role/x17-.*$", r"(a|b|\p{Greek}){1,40}x{9000}"]
    {
        let pattern = Pattern::new(pattern, LIMIT).unwrap();
        let here = size_of::<Pattern>() + pattern.simulated.get_nfa().memory_usage() + pattern.required.size();
        let counted = pattern.size();
        assert!((here..here + here / 2).contains(&counted), "{counted} for {here}");
    }
}

#[test]
fn what_is_kept_is_bounded_and_a_pattern_in_use_is_kept() {
    let mut patterns = Patterns::default();
    let all: Vec<Arc<Pattern>> =
        (0..500).map(|number| patterns.get(&format!("^[a-z]+{number}[0-9]*x$"), LIMIT).unwrap()).collect();
    let most = 64 << 10;
    let mut caches = Caches::of(most);
    for turn in 0..3 {
        for (number, pattern) in all.iter().enumerate() {
            assert!(pattern.is_match(format!("abc{number}{turn}7x").as_bytes(), &mut caches));
            assert!(!pattern.is_match(format!("abc{number}{turn}7y").as_bytes(), &mut caches));
            assert!(caches.bytes() <= most);
        }
    }
    // One alone may take more than the bound, and is not thrown away for it.
    let mut caches = Caches::of(1);
    assert!(all[0].is_match(b"abc0x", &mut caches) && all[1].is_match(b"abc1x", &mut caches));
    assert!(caches.bytes() > 1);
}

/// Texts that lead into as many states as there are, in an automaton that has more than fit.
#[test]
fn one_that_grows_without_end_is_given_up_and_still_right() {
    let pattern = Pattern::new("(a|b)*a(a|b){300}c$", LIMIT).unwrap();
    let mut dice = 1_u32;
    let mut text: Vec<u8> = std::iter::repeat_with(|| {
        dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if dice >> 31 == 0 { b'a' } else { b'b' }
    })
    .take(50_000)
    .collect();
    let at = text.len() - 301;
    text[at] = b'a';
    text.push(b'c');
    let mut caches = Caches::default();
    let lazy = pattern.lazy.as_ref().unwrap();
    assert_eq!(caches.search(0, lazy, &Input::new(&text).earliest(true)), None);
    assert!(caches.bytes() <= LAZY + 4096, "{}", caches.bytes());
    assert!(pattern.is_match(&text, &mut caches));
    text[at] = b'b';
    assert!(!pattern.is_match(&text, &mut caches));
}

/// The same pattern in another engine, read as it stands.
fn witness(pattern: &str) -> Regex {
    RegexBuilder::new(pattern).unicode(true).dot_matches_new_line(true).build().unwrap()
}

/// Patterns that mean the same where letter case goes beyond ASCII, on texts in which none does.
fn patterns() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        prop::sample::select(vec![
            "a",
            "ab",
            "ba",
            "abc",
            "é",
            "-",
            "[ab]",
            "[^a]",
            ".",
            "^",
            "$",
            r"\.",
            "(?i:Ab)",
            "(?i)bc",
            "[0-9]",
            "(?:ab|b)",
            "",
            "[a-c0]",
            "(?i:[^b])",
            "aaab",
        ])
        .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            4 => prop::collection::vec(inner.clone(), 2..5).prop_map(|parts| parts.concat()),
            1 => prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("(?:{})", parts.join("|"))),
            1 => (inner.clone(), prop::sample::select(vec!["*", "+", "?", "{2}", "{0,2}", "{1,3}", "+?"]))
                .prop_map(|(part, times)| format!("({part}){times}")),
            1 => inner.prop_map(|part| format!("({part})")),
        ]
    })
}

fn texts() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec!["a", "b", "ab", "AB", "c", "abc", "é", "0", "-", ".", "B", "\n", "aaab"]);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]
    #[test]
    fn another_engine_says_the_same(pattern in patterns(), texts in prop::collection::vec(texts(), 8)) {
        let regex = witness(&pattern);
        let compiled = Pattern::new(&pattern, LIMIT).unwrap();
        let mut caches = Caches::default();
        for text in texts {
            let found = compiled.is_match(text.as_bytes(), &mut caches);
            prop_assert_eq!(found, regex.is_match(text.as_bytes()), "{} on {:?}", &pattern, &text);
            let simulated = caches.simulate(&compiled.simulated, Input::new(text.as_bytes()));
            prop_assert_eq!(found, simulated, "{} on {:?}", &pattern, &text);
        }
    }
}
