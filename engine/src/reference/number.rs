//! Numbers by their exact decimal value, of any length. Exponents are never expanded: `1e999999999` is three digits of work.

use std::cmp::Ordering;

/// The value of a JSON number: `±0.d₁d₂d₃… × 10^exponent` with `d₁` not zero and no zero at the end.
///
/// Zero has no digits, no sign and the exponent 0, so that equal values are equal in every part. Exponents beyond 38
/// digits count as the largest there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decimal {
    negative: bool,
    digits: String,
    exponent: i128,
}

impl Decimal {
    /// Reads a text that is a JSON number as a whole; `+1`, `01`, `.5`, `1.`, ` 1` and `0x1` are none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, read_exponent(exponent)?),
            None => (text, 0),
        };
        let (negative, magnitude) = match mantissa.strip_prefix('-') {
            Some(magnitude) => (true, magnitude),
            None => (false, mantissa),
        };
        let (whole, decimals) = match magnitude.split_once('.') {
            Some((whole, decimals)) if are_digits(decimals) => (whole, decimals),
            Some(_) => return None,
            None => (magnitude, ""),
        };
        (are_digits(whole) && (whole == "0" || !whole.starts_with('0')))
            .then(|| Self::normal(negative, &format!("{whole}{decimals}"), exponent, whole.len()))
    }

    /// `point` digits stand before the decimal point.
    fn normal(negative: bool, digits: &str, exponent: i128, point: usize) -> Self {
        let significant = digits.trim_start_matches('0');
        if significant.is_empty() {
            return Self { negative: false, digits: String::new(), exponent: 0 };
        }
        let leading_zeros = digits.len() - significant.len();
        Self {
            negative,
            digits: significant.trim_end_matches('0').to_owned(),
            exponent: exponent.saturating_add(as_i128(point)).saturating_sub(as_i128(leading_zeros)),
        }
    }

    fn sign(&self) -> i8 {
        match (self.digits.is_empty(), self.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }

    /// Digits sort as text because the first is never zero and all start right behind the point.
    fn compare_magnitude(&self, other: &Self) -> Ordering {
        self.exponent.cmp(&other.exponent).then_with(|| self.digits.cmp(&other.digits))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        self.sign().cmp(&other.sign()).then_with(|| match self.negative {
            true => other.compare_magnitude(self),
            false => self.compare_magnitude(other),
        })
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// `[+-]? [0-9]+`, at most the largest number there is.
fn read_exponent(text: &str) -> Option<i128> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !are_digits(digits) {
        return None;
    }
    let size = digits.parse().unwrap_or(i128::MAX);
    Some(if text.starts_with('-') { -size } else { size })
}

fn are_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn as_i128(length: usize) -> i128 {
    i128::try_from(length).unwrap_or(i128::MAX)
}

#[cfg(test)]
mod tests {
    use super::Decimal;
    use std::cmp::Ordering;

    fn compare(a: &str, b: &str) -> Ordering {
        Decimal::parse(a).unwrap().cmp(&Decimal::parse(b).unwrap())
    }

    #[test]
    #[rustfmt::skip]
    fn only_json_numbers_are_numbers() {
        for text in ["0", "-0", "10", "-1", "1.0", "0.10", "1e0", "1E+5", "1e-5", "0e0", "1e0005", "-0.0e-0"] {
            assert!(Decimal::parse(text).is_some(), "{text}");
        }
        for text in [
            "", "-", "+1", "01", "00", "-01", ".5", "1.", "1.e1", "1e", "1e+", "e1", " 1", "1 ", "0x1", "1_0", "NaN", "inf",
            "1.2.3", "1e1e1", "--1", "1e1.5", "١", "0012",
        ] {
            assert!(Decimal::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn spellings_of_one_value_are_equal() {
        for class in [
            ["1", "1.0", "1e0", "10e-1", "0.1E1", "0.0001e4", "1.000e+00"],
            ["0", "-0", "0.0", "0e9", "-0e-9", "0.00e99999999999999999999999999999999999999999", "-0.0"],
            ["-120", "-1.2e2", "-12e1", "-120.0", "-0.12e3", "-1200e-1", "-120.00e0"],
            ["9007199254740993", "9007199254740993.0", "9.007199254740993e15", "90071992547409930e-1", "900719925474099.3e1", "9007199254740993e0", "9007199254740993.000"],
        ] {
            for a in class {
                for b in class {
                    assert_eq!(compare(a, b), Ordering::Equal, "{a} {b}");
                    assert_eq!(Decimal::parse(a), Decimal::parse(b), "{a} {b}");
                }
            }
        }
    }

    #[test]
    #[rustfmt::skip]
    fn order_is_by_value() {
        let ascending = [
            "-1e99999999999999999999", "-18446744073709551617", "-18446744073709551616", "-1.1", "-1.01", "-1", "-0.9",
            "-1e-99999999999999999999", "0", "1e-99999999999999999999", "1e-400", "0.1", "0.10000000000000000000001", "0.9",
            "1", "1.01", "1.1", "2", "10", "4294967295", "9007199254740992", "9007199254740993", "9223372036854775807",
            "9223372036854775808", "18446744073709551615", "18446744073709551616", "1e400", "1.5e400", "1e99999999999999999999",
            "1e99999999999999999999999999999999999999999999",
        ];
        for (i, a) in ascending.iter().enumerate() {
            for (j, b) in ascending.iter().enumerate() {
                assert_eq!(compare(a, b), i.cmp(&j), "{a} {b}");
            }
        }
    }

    /// Values small enough to be brought to whole numbers of 10⁻⁸ and compared as such.
    #[test]
    fn agrees_with_whole_numbers() {
        let mut seed = 1_u64;
        let mut roll = |sides: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % sides
        };
        let mut one = || {
            let mantissa = i128::from(roll(2001)) - 1000;
            let decimals = u32::try_from(roll(4)).unwrap();
            let exponent = i32::try_from(roll(9)).unwrap() - 4;
            let size = mantissa.unsigned_abs();
            let scale = 10_u128.pow(decimals);
            let sign = if mantissa < 0 { "-" } else { "" };
            let point =
                if decimals == 0 { String::new() } else { format!(".{:0w$}", size % scale, w = decimals as usize) };
            let text = format!("{sign}{}{point}e{exponent}", size / scale);
            let shift = u32::try_from(8 + exponent - i32::try_from(decimals).unwrap()).unwrap();
            (text, mantissa * 10_i128.pow(shift))
        };
        for _ in 0..20_000 {
            let ((a, x), (b, y)) = (one(), one());
            assert_eq!(compare(&a, &b), x.cmp(&y), "{a} {b}");
        }
    }
}
