//! Numbers by their exact value, compared where they stand in the text: nothing is copied, rounded or expanded.

use std::cmp::Ordering;

/// A JSON number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number<'t> {
    /// The value, if it is written as a whole number of up to eighteen digits: nearly all are.
    small: Option<i64>,
    parts: Parts<'t>,
}

/// A number as it is written: `-? whole . fraction e exponent`.
#[derive(Debug, Clone, Copy)]
struct Parts<'t> {
    negative: bool,
    whole: &'t [u8],
    fraction: &'t [u8],
    exponent: i128,
}

/// The value of a number that is not zero: `± 0.d₁d₂d₃… × 10^point`, d₁ not zero.
struct Value<'t> {
    negative: bool,
    point: i128,
    digits: (&'t [u8], &'t [u8]),
}

/// Digits up to which a whole number fits in 64 bits whatever they are.
const SMALL: usize = 18;

impl<'t> Number<'t> {
    /// Reads a text that is a JSON number as a whole.
    pub(super) fn read(text: &'t [u8]) -> Option<Self> {
        // Most texts are none, and show it at once.
        if !matches!(text.first(), Some(b'-' | b'0'..=b'9')) {
            return None;
        }
        let parts = Parts::read(text)?;
        let is_small = parts.fraction.is_empty() && parts.exponent == 0 && parts.whole.len() <= SMALL;
        let small = is_small.then(|| {
            let size = parts.whole.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
            if parts.negative { -size } else { size }
        });
        Some(Self { small, parts })
    }

    /// Appends bytes that are the same for equal numbers and differ for others.
    pub(super) fn write_key(&self, out: &mut Vec<u8>) {
        let Some(value) = self.parts.value() else {
            out.push(b'0');
            return;
        };
        out.push(if value.negative { b'-' } else { b'+' });
        out.extend_from_slice(&value.point.to_le_bytes());
        out.extend_from_slice(value.digits.0);
        out.extend_from_slice(value.digits.1);
    }
}

impl Ord for Number<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        if let (Some(left), Some(right)) = (self.small, other.small) {
            return left.cmp(&right);
        }
        let (left, right) = (self.parts.value(), other.parts.value());
        let sign = |value: &Option<Value<'_>>| value.as_ref().map_or(0, |value| if value.negative { -1 } else { 1 });
        sign(&left).cmp(&sign(&right)).then_with(|| match (left, right) {
            (Some(left), Some(right)) if left.negative => right.compare_size(&left),
            (Some(left), Some(right)) => left.compare_size(&right),
            _ => Ordering::Equal,
        })
    }
}

impl PartialOrd for Number<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Number<'_> {}

impl<'t> Parts<'t> {
    fn read(text: &'t [u8]) -> Option<Self> {
        let (negative, rest) = match text.split_first()? {
            (b'-', rest) => (true, rest),
            _ => (false, text),
        };
        let (whole, rest) = digits(rest)?;
        if whole.len() > 1 && whole.first() == Some(&b'0') {
            return None;
        }
        let (fraction, rest) = match rest.split_first() {
            Some((b'.', rest)) => digits(rest)?,
            _ => (Default::default(), rest),
        };
        let exponent = match rest.split_first() {
            None => 0,
            Some((b'e' | b'E', rest)) => exponent(rest)?,
            Some(_) => return None,
        };
        Some(Self { negative, whole, fraction, exponent })
    }

    /// None for zero. Zeros at either end say nothing.
    fn value(&self) -> Option<Value<'t>> {
        let leading = |digits: &[u8]| digits.iter().take_while(|digit| **digit == b'0').count();
        let trailing = |digits: &[u8]| digits.iter().rev().take_while(|digit| **digit == b'0').count();
        let in_whole = leading(self.whole);
        let whole_is_zero = in_whole == self.whole.len();
        let in_fraction = if whole_is_zero { leading(self.fraction) } else { 0 };
        let fraction = self.fraction.get(in_fraction..)?;
        let fraction = fraction.get(..fraction.len() - trailing(fraction))?;
        let whole = self.whole.get(in_whole..)?;
        let whole = if fraction.is_empty() { whole.get(..whole.len() - trailing(whole))? } else { whole };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        // Exponents beyond all bounds stay at the bound.
        let point =
            self.exponent.saturating_add(length(self.whole.len())).saturating_sub(length(in_whole + in_fraction));
        Some(Value { negative: self.negative, point, digits: (whole, fraction) })
    }
}

impl Value<'_> {
    fn digits(&self) -> impl Iterator<Item = &u8> {
        self.digits.0.iter().chain(self.digits.1)
    }

    /// All digits stand right behind the point, so they sort as text does.
    fn compare_size(&self, other: &Self) -> Ordering {
        self.point.cmp(&other.point).then_with(|| self.digits().cmp(other.digits()))
    }
}

fn length(count: usize) -> i128 {
    i128::try_from(count).unwrap_or(i128::MAX)
}

/// One digit or more, and what follows them.
fn digits(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    if end == 0 { None } else { text.split_at_checked(end) }
}

/// `[+-]? [0-9]+` as a whole.
fn exponent(text: &[u8]) -> Option<i128> {
    let (negative, rest) = match text.split_first()? {
        (b'-', rest) => (true, rest),
        (b'+', rest) => (false, rest),
        _ => (false, text),
    };
    let (all, rest) = digits(rest)?;
    let size = all.iter().try_fold(0i128, |size, digit| size.checked_mul(10)?.checked_add(i128::from(digit - b'0')));
    let size = size.unwrap_or(i128::MAX);
    rest.is_empty().then_some(if negative { -size } else { size })
}
