//! Durations as people write them: `90s`, `15m`, `1h`, `1h30m`, `7d`.

/// The units, each with its letter and how many seconds it has, the longest first.
const UNITS: [(char, u64); 4] = [('d', DAY), ('h', 3_600), ('m', 60), ('s', 1)];
const DAY: u64 = 86_400;

/// Seconds of a duration; `None` where the text is none, is zero, or is longer than ten years.
#[must_use]
pub fn parse(text: &str) -> Option<u64> {
    let mut total: u64 = 0;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest.get(..digits)?.parse().ok()?;
        let unit = rest.get(digits..)?.chars().next()?;
        let seconds = UNITS.iter().find(|(letter, _)| *letter == unit)?.1;
        total = total.checked_add(number.checked_mul(seconds)?)?;
        rest = rest.get(digits + unit.len_utf8()..)?;
    }
    (1..=3_650 * DAY).contains(&total).then_some(total)
}

/// So many seconds as rule files write them, in the longest unit that is exact.
#[must_use]
pub fn written(seconds: u64) -> String {
    let exact = |(_, length): &(char, u64)| seconds > 0 && seconds.is_multiple_of(*length);
    let (letter, length) = UNITS.into_iter().find(exact).unwrap_or(('s', 1));
    format!("{}{letter}", seconds / length)
}

/// What a duration that is written otherwise means, as rule files write it: `10m` for `10 minutes`, `7d` for `1 week`.
pub(super) fn meant(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let (digits, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let number: u64 = digits.parse().ok()?;
    let seconds = match unit.trim() {
        "s" | "sec" | "secs" | "second" | "seconds" => 1,
        "m" | "min" | "mins" | "minute" | "minutes" => 60,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600,
        "d" | "day" | "days" => DAY,
        "w" | "week" | "weeks" => 7 * DAY,
        _ => return None,
    };
    let written = written(number.checked_mul(seconds)?);
    parse(&written).map(|_| written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(parse("1h"), Some(3_600));
        assert_eq!(parse("1h30m"), Some(5_400));
        assert_eq!(parse("7d"), Some(604_800));
        for bad in ["", "1", "h", "1w", "0s", "-1h", "99999999999999999999h", "1 h"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn they_are_written_in_the_longest_unit_that_is_exact() {
        let expected =
            [(1, "1s"), (90, "90s"), (600, "10m"), (5_400, "90m"), (3_600, "1h"), (172_800, "2d"), (0, "0s")];
        for (seconds, text) in expected {
            assert_eq!(written(seconds), text);
            assert!(seconds == 0 || parse(text) == Some(seconds), "{text}");
        }
    }

    #[test]
    fn what_is_written_otherwise_is_understood() {
        for (text, expected) in
            [("10 minutes", "10m"), ("1 week", "7d"), ("60min", "1h"), ("1 H", "1h"), (" 2 days ", "2d")]
        {
            assert_eq!(meant(text).as_deref(), Some(expected), "{text}");
        }
        for none in ["", "600", "soon", "0 minutes", "11 years", "1000 weeks", "99999999999999999999 hours"] {
            assert_eq!(meant(none), None, "{none}");
        }
    }
}
