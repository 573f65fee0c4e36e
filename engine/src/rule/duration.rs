//! Durations as people write them: `90s`, `15m`, `1h`, `1h30m`, `7d`.

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
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return None,
        };
        total = total.checked_add(number.checked_mul(seconds)?)?;
        rest = rest.get(digits + unit.len_utf8()..)?;
    }
    (1..=3_650 * 86_400).contains(&total).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn durations() {
        assert_eq!(parse("1h"), Some(3_600));
        assert_eq!(parse("1h30m"), Some(5_400));
        assert_eq!(parse("7d"), Some(604_800));
        for bad in ["", "1", "h", "1w", "0s", "-1h", "99999999999999999999h", "1 h"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
