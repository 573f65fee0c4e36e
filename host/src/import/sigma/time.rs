//! Parts of a time: the hour of an event and its kin, read from the text of an RFC 3339 timestamp.

use oxpecker_engine::language::expr::Comparison;

/// A part of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

/// The modifiers with what they mean, their range, and what stands before and behind the part in a timestamp.
const PARTS: [(&str, Part, u32, u32, &str, &str); 6] = [
    ("minute", Part::Minute, 0, 59, r"^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:", ""),
    ("hour", Part::Hour, 0, 23, r"^\d{4}-\d{2}-\d{2}[Tt ]", ":"),
    ("day", Part::Day, 1, 31, r"^\d{4}-\d{2}-", r"(?:[Tt ]|$)"),
    ("week", Part::Week, 1, 53, "", ""),
    ("month", Part::Month, 1, 12, r"^\d{4}-", "-"),
    ("year", Part::Year, 1970, 2100, "^", "-"),
];

impl Part {
    /// The part of this name.
    pub(super) fn of(name: &str) -> Option<Self> {
        PARTS.iter().find(|row| row.0 == name).map(|row| row.1)
    }

    pub(super) fn as_str(self) -> &'static str {
        PARTS.iter().find(|row| row.1 == self).map_or("", |row| row.0)
    }
}

/// The regular expression for timestamps whose part is so.
pub(super) fn pattern(part: Part, comparison: Option<Comparison>, number: u32) -> Result<String, String> {
    let row = PARTS.iter().find(|row| row.1 == part);
    let (name, _, least, most, before, behind) = *row.ok_or("no such part of a time")?;
    let holds = |value: &u32| match comparison {
        None => *value == number,
        Some(Comparison::Less) => *value < number,
        Some(Comparison::LessOrEqual) => *value <= number,
        Some(Comparison::Greater) => *value > number,
        Some(Comparison::GreaterOrEqual) => *value >= number,
    };
    let values: Vec<String> = (least..=most).filter(holds).map(|value| format!("{value:02}")).collect();
    match values.as_slice() {
        [] => Err(format!("no {name} is so")),
        [one] => Ok(format!("{before}{one}{behind}")),
        several => Ok(format!("{before}(?:{}){behind}", several.join("|"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oxpecker_engine::pattern::Pattern;

    #[test]
    fn parts_are_found_in_timestamps() {
        let time = "2026-03-02T08:05:59Z";
        let cases = [
            (Part::Hour, None, 8, true),
            (Part::Hour, None, 5, false),
            (Part::Hour, Some(Comparison::GreaterOrEqual), 18, false),
            (Part::Hour, Some(Comparison::Less), 9, true),
            (Part::Minute, None, 5, true),
            (Part::Day, None, 2, true),
            (Part::Day, Some(Comparison::Greater), 2, false),
            (Part::Month, None, 3, true),
            (Part::Year, None, 2026, true),
        ];
        for (part, comparison, number, expected) in cases {
            let pattern = pattern(part, comparison, number).unwrap();
            let found = Pattern::new(&pattern, 1 << 20).unwrap().finds(time.as_bytes());
            assert_eq!(found, expected, "{part:?} {comparison:?} {number}");
        }
        assert!(pattern(Part::Hour, None, 24).is_err());
    }
}
