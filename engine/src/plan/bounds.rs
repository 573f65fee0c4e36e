//! Many comparisons (`<`, `<=`, `>`, `>=`) with one key, in order: those that hold for a value are found by one search.
//!
//! ```text
//! k < 3   k < 5   k <= 5   k < 8       of 5 hold all from `<= 5` on
//! k > 3   k >= 5  k > 5    k > 8       of 5 hold all before `> 5`
//! ```
//!
//! So of many values the smallest and the largest tell all: a bound that holds for one of them is reported once.

use super::number::Number;
use crate::event::Instant;
use crate::language::expr::Comparison;
use std::cmp::Ordering;

/// The bounds of one key.
#[derive(Debug, Clone, Default)]
pub(super) struct Bounds {
    numbers: Sides<Decimal>,
    times: Sides<Instant>,
}

/// A number, as it was written.
type Decimal = Box<[u8]>;

/// How far what was reported of several values reaches.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reach {
    numbers: Ends,
    times: Ends,
}

impl Bounds {
    pub(super) fn is_empty(&self) -> bool {
        self.numbers.is_empty() && self.times.is_empty()
    }

    /// Adds a bound under a number. A text that is neither a number nor a time bounds nothing.
    pub(super) fn add(&mut self, comparison: Comparison, bound: &str, list: u32) {
        if Number::read(bound.as_bytes()).is_some() {
            self.numbers.add(comparison, bound.as_bytes().into(), list);
        } else if let Some(time) = Instant::parse(bound) {
            self.times.add(comparison, time, list);
        }
    }

    /// Puts what was added in order.
    pub(super) fn finish(&mut self) {
        self.numbers.sort(|left, right| Number::read(left).cmp(&Number::read(right)));
        self.times.sort(Ord::cmp);
    }

    /// Calls `report` with the number of each bound that holds for the text of a value and is not within reach yet. As
    /// numbers where both are, else as times where both are.
    pub(super) fn each(&self, text: &[u8], reach: &mut Reach, report: impl FnMut(u32)) {
        if let Some(number) = Number::read(text) {
            let order = |bound: &Decimal| Number::read(bound).map_or(Ordering::Equal, |bound| number.cmp(&bound));
            self.numbers.each(order, &mut reach.numbers, report);
        } else if !self.times.is_empty()
            && let Some(time) = std::str::from_utf8(text).ok().and_then(Instant::parse)
        {
            self.times.each(|bound| time.cmp(bound), &mut reach.times, report);
        }
    }
}

/// Bounds that compare with each other, in their order.
#[derive(Debug, Clone)]
struct Sides<B> {
    /// `<` and `<=`, of equal bounds `<` first: what holds for a value are all from a place on.
    upper: Vec<Bound<B>>,
    /// `>=` and `>`, of equal bounds `>=` first: what holds are all before a place.
    lower: Vec<Bound<B>>,
}

#[derive(Debug, Clone)]
struct Bound<B> {
    value: B,
    is_strict: bool,
    list: u32,
}

/// How many of each side are reported: the last of the upper, the first of the lower ones.
#[derive(Debug, Clone, Copy, Default)]
struct Ends {
    upper: usize,
    lower: usize,
}

impl<B> Default for Sides<B> {
    fn default() -> Self {
        Self { upper: Vec::new(), lower: Vec::new() }
    }
}

impl<B> Sides<B> {
    fn is_empty(&self) -> bool {
        self.upper.is_empty() && self.lower.is_empty()
    }

    fn add(&mut self, comparison: Comparison, value: B, list: u32) {
        let is_strict = matches!(comparison, Comparison::Less | Comparison::Greater);
        let side = match comparison {
            Comparison::Less | Comparison::LessOrEqual => &mut self.upper,
            Comparison::Greater | Comparison::GreaterOrEqual => &mut self.lower,
        };
        side.push(Bound { value, is_strict, list });
    }

    fn sort(&mut self, order: impl Fn(&B, &B) -> Ordering) {
        self.upper.sort_by(|left, right| order(&left.value, &right.value).then(right.is_strict.cmp(&left.is_strict)));
        self.lower.sort_by(|left, right| order(&left.value, &right.value).then(left.is_strict.cmp(&right.is_strict)));
    }

    /// `order` says how the value compares with a bound.
    fn each(&self, order: impl Fn(&B) -> Ordering, done: &mut Ends, mut report: impl FnMut(u32)) {
        let fails = |bound: &Bound<B>| order(&bound.value).is_gt() || (bound.is_strict && order(&bound.value).is_eq());
        let rest = self.upper.get(..self.upper.len() - done.upper).unwrap_or_default();
        let held = rest.get(rest.partition_point(fails)..).unwrap_or_default();
        held.iter().for_each(|bound| report(bound.list));
        done.upper += held.len();

        let holds = |bound: &Bound<B>| order(&bound.value).is_gt() || (!bound.is_strict && order(&bound.value).is_eq());
        let rest = self.lower.get(done.lower..).unwrap_or_default();
        let held = rest.get(..rest.partition_point(holds)).unwrap_or_default();
        held.iter().for_each(|bound| report(bound.list));
        done.lower += held.len();
    }
}

#[cfg(test)]
mod tests {
    use super::Comparison::{Greater, GreaterOrEqual, Less, LessOrEqual};
    use super::*;

    fn bounds(all: &[(Comparison, &str)]) -> Bounds {
        let mut bounds = Bounds::default();
        (0..).zip(all).for_each(|(list, (comparison, bound))| bounds.add(*comparison, bound, list));
        bounds.finish();
        bounds
    }

    /// What holds for some values, in the order in which it is reported.
    fn found(bounds: &Bounds, values: &[&str]) -> Vec<Vec<u32>> {
        let mut reach = Reach::default();
        let mut one = |value: &&str| {
            let mut found = Vec::new();
            bounds.each(value.as_bytes(), &mut reach, |list| found.push(list));
            found.sort_unstable();
            found
        };
        values.iter().map(&mut one).collect()
    }

    #[test]
    fn a_bound_holds_on_its_side() {
        let all = bounds(&[(Less, "5"), (LessOrEqual, "5.0"), (Greater, "5"), (GreaterOrEqual, "0.5e1")]);
        for (value, expected) in
            [("4", vec![0, 1]), ("5", vec![1, 3]), ("50e-1", vec![1, 3]), ("5.0000001", vec![2, 3])]
        {
            assert_eq!(found(&all, &[value]), [expected], "{value}");
        }
    }

    #[test]
    fn numbers_bound_numbers_and_times_times() {
        let all = bounds(&[
            (Greater, "1"),
            (Greater, "2020-01-01T00:00:00Z"),
            (Greater, "one"),
            (Less, "9"),
            (Less, "2020-01-02T00:00:00Z"),
        ]);
        assert_eq!(found(&all, &["5"]), [[0, 3]]);
        assert_eq!(found(&all, &["2020-01-01T12:00:00Z"]), [[1, 4]]);
        assert_eq!(found(&all, &["two"]), [[0; 0]]);
    }

    #[test]
    fn of_many_values_each_bound_is_told_once() {
        let all = bounds(&[(Less, "1"), (Less, "3"), (Less, "5"), (Greater, "1"), (Greater, "3"), (Greater, "5")]);
        let values = ["4", "4", "2", "3", "9", "0", "-1", "10"];
        let expected: [&[u32]; 8] = [&[2, 3, 4], &[], &[1], &[], &[5], &[0], &[], &[]];
        assert_eq!(found(&all, &values), expected);
    }

    /// Against each bound asked by itself.
    #[test]
    fn as_each_by_itself() {
        let operators = [Less, LessOrEqual, Greater, GreaterOrEqual];
        let numbers = ["-2", "-1.5", "0", "0.0", "1", "1.0", "2e0", "3", "10", "1e30"];
        let all: Vec<_> = operators.iter().flat_map(|operator| numbers.map(|number| (*operator, number))).collect();
        let merged = bounds(&all);
        for value in numbers.into_iter().chain(["-3", "0.5", "4", "2e30"]) {
            let alone = (0..).zip(&all).filter(|(_, one)| found(&bounds(&[**one]), &[value]) == [[0]]);
            assert_eq!(found(&merged, &[value]), [alone.map(|(list, _)| list).collect::<Vec<u32>>()], "{value}");
        }
    }
}
