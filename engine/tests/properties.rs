//! What holds for every filter, event and rule file, tried on thousands of them made by chance.

#![expect(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test's helpers may panic")]

#[path = "../../tests/support/boundary_engine.rs"]
mod boundary;
#[path = "../../tests/support/corpus.rs"]
mod corpus;
#[expect(dead_code, reason = "events that are no trees are for the fast engine's tests")]
#[path = "../../tests/support/generate.rs"]
mod generate;
#[path = "../../tests/support/generate_mapped.rs"]
mod generate_mapped;
#[expect(dead_code, reason = "the smoke tests' loop is theirs: chance has its own here")]
#[path = "../../tests/support/mutate.rs"]
mod mutate;
#[path = "../../tests/support/seeds.rs"]
mod seeds;
#[path = "../../tests/support/spans.rs"]
mod spans;

use mutate::{Dice, mutate};
use oxpecker_engine::event::Event;
use oxpecker_engine::explain::explain;
use oxpecker_engine::json;
use oxpecker_engine::language::expr::{Function, Literal, Test, Value};
use oxpecker_engine::language::{self, Expr, Limits};
use oxpecker_engine::lists::Lists;
use oxpecker_engine::reference::{Filter, Verdict};
use proptest::prelude::*;
use std::sync::LazyLock;

/// Nothing is written beside the sources: a failure prints its smallest input, and that becomes a test with a name.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

static FILTERS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| seeds::of("filter"));
static RULES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| seeds::of("rule_file"));
static EVENTS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| seeds::of("event"));

/// A seed with changes; the numbers choose which.
fn changed(seeds: &[Vec<u8>], chance: u64) -> Vec<u8> {
    let mut dice = Dice(chance);
    let good = &seeds[dice.roll(seeds.len())];
    let other = &seeds[dice.roll(seeds.len())];
    mutate(good, other, &mut dice)
}

fn lists() -> Lists {
    let mut lists = Lists::new();
    let text = |text: &str| Value::Text(text.to_owned());
    lists.insert("admins", vec![text("a"), text("10.0.0.0/8"), Value::Number("1".into()), Value::Bool(true)]);
    lists
}

fn verdict(expr: &Expr, event: &Event) -> Verdict {
    let verdict = Filter::new(expr.clone(), &lists()).evaluate(event);
    assert_eq!(explain(expr, event, &lists()).verdict, verdict, "explain differs on {expr}");
    verdict
}

fn parsed(event: &str) -> Event {
    Event::parse(event.as_bytes(), &json::Limits::default(), None).expect("a generated event is one")
}

fn not(expr: Expr) -> Expr {
    Expr::Not(Box::new(expr))
}

proptest! {
    #![proptest_config(cases(1500))]

    #[test]
    fn a_printed_filter_reads_as_the_same_tree(expr in generate::filter()) {
        let printed = expr.to_string();
        let read = language::parse(&printed, &Limits::default());
        let mut again = read.expr.unwrap_or_else(|| panic!("{printed}: {:?}", read.problems));
        spans::forget(&mut again);
        prop_assert_eq!(&again, &expr, "{}", printed);
        prop_assert!(read.problems.is_empty(), "{}: {:?}", printed, read.problems);
        boundary::filter(printed.as_bytes());
    }

    #[test]
    fn any_text_is_read_without_a_panic(text in any::<String>()) {
        boundary::filter(text.as_bytes());
        boundary::rule_file(text.as_bytes());
        boundary::event(text.as_bytes());
    }

    #[test]
    fn filters_with_mistakes_get_problems_inside_their_text(chance in any::<u64>()) {
        boundary::filter(&changed(&FILTERS, chance));
    }

    #[test]
    fn rule_files_with_mistakes_get_problems_inside_the_file(chance in any::<u64>()) {
        boundary::rule_file(&changed(&RULES, chance));
    }

    #[test]
    fn events_with_mistakes_are_taken_as_serde_json_takes_them(chance in any::<u64>()) {
        boundary::event(&changed(&EVENTS, chance));
    }

    #[test]
    fn a_negated_question_is_the_opposite_of_the_question(
        predicate in generate::predicate(), event in generate::event(),
    ) {
        let event = parsed(&event);
        let asked = verdict(&Expr::Predicate(predicate.clone()), &event);
        prop_assert_eq!(verdict(&not(Expr::Predicate(predicate.clone())), &event), asked.negate());
        let mut opposite = predicate;
        opposite.negated = !opposite.negated;
        prop_assert_eq!(verdict(&Expr::Predicate(opposite), &event), asked.negate());
    }

    #[test]
    fn not_equal_is_not_of_equal(key in generate::key(), value in generate::predicate(), event in generate::event()) {
        let Test::Equals(Literal { value, .. }) = value.test else { return Ok(()) };
        let read = |text: String| language::parse(&text, &Limits::default()).expr.expect("a good filter");
        let event = parsed(&event);
        let apart = verdict(&read(format!("{key} != {value}")), &event);
        prop_assert_eq!(apart, verdict(&read(format!("not ({key} = {value})")), &event));
        prop_assert_eq!(apart, verdict(&read(format!("{key} not in ({value})")), &event));
    }

    #[test]
    fn in_is_equal_to_one_or_another(predicate in generate::predicate(), event in generate::event()) {
        // all(k) asks each element by itself, so it does not come apart.
        let Test::In(values) = predicate.test.clone() else { return Ok(()) };
        if predicate.negated || predicate.operand.function == Some(Function::All) {
            return Ok(());
        }
        let event = parsed(&event);
        let each = values.into_iter().map(|value| {
            let mut one = predicate.clone();
            one.test = Test::Equals(value);
            verdict(&Expr::Predicate(one), &event)
        });
        let any = each.reduce(Verdict::or).expect("a set is not empty");
        prop_assert_eq!(verdict(&Expr::Predicate(predicate), &event), any);
    }

    #[test]
    fn de_morgan_and_double_negation_hold(
        a in generate::filter(), b in generate::filter(), event in generate::event(),
    ) {
        let event = parsed(&event);
        let and = Expr::And(vec![a.clone(), b.clone()]);
        let or = Expr::Or(vec![a.clone(), b.clone()]);
        prop_assert_eq!(verdict(&not(not(a.clone())), &event), verdict(&a, &event));
        prop_assert_eq!(
            verdict(&not(and.clone()), &event),
            verdict(&Expr::Or(vec![not(a.clone()), not(b.clone())]), &event)
        );
        prop_assert_eq!(verdict(&not(or), &event), verdict(&Expr::And(vec![not(a.clone()), not(b.clone())]), &event));
        prop_assert_eq!(verdict(&and, &event), verdict(&a, &event).and(verdict(&b, &event)));
    }
}
