//! "Did you mean": the nearest of some known names.

/// The name nearest to `found`, if it is near enough to be a slip of the hand.
#[must_use]
pub fn nearest<'n>(found: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    // With as many slips as letters that are right, a short word is near to many others.
    let allowed = match found.chars().count() {
        0..=3 => 1,
        4..=5 => 2,
        _ => 3,
    };
    let letters = Letters::of(found);
    names
        .into_iter()
        // Most names are told apart by this; a rule set can ask thousands of times, each time of some hundred names.
        .filter(|name| letters.may_be(&Letters::of(name), allowed))
        .filter_map(|name| distance(found, name, allowed).map(|distance| (distance, name)))
        .min()
        .map(|(_, name)| name)
}

/// What tells most names from most others.
struct Letters {
    count: usize,
    /// Which there are, each as one of 64 bits.
    set: u64,
}

impl Letters {
    fn of(name: &str) -> Self {
        let one = |set: u64, letter: u32| set | 1 << (letter % 64);
        if name.is_ascii() && name.len() <= LONGEST {
            let set = name.bytes().fold(0, |set, letter| one(set, u32::from(letter.to_ascii_lowercase())));
            return Self { count: name.len(), set };
        }
        Self { count: folded(name).count(), set: folded(name).fold(0, |set, letter| one(set, u32::from(letter))) }
    }

    /// Whether so many slips may make one of the other. A slip makes a difference of one letter in length at most, and of
    /// two among those that there are: one comes, one goes.
    fn may_be(&self, other: &Self, allowed: usize) -> bool {
        self.count.abs_diff(other.count) <= allowed && (self.set ^ other.set).count_ones() as usize <= 2 * allowed
    }
}

/// Letters that are looked at.
const LONGEST: usize = 64;

/// The letters of a name; case counts for nothing.
fn folded(name: &str) -> impl Iterator<Item = char> {
    name.chars().flat_map(char::to_lowercase).take(LONGEST)
}

/// How many letters must be put in, taken out, changed, or swapped with their neighbour; `None` beyond `allowed`.
/// Letter case counts for nothing.
fn distance(left: &str, right: &str, allowed: usize) -> Option<usize> {
    let (left, right): (Vec<char>, Vec<char>) = (folded(left).collect(), folded(right).collect());
    // Three rows of the usual table: the row before last is needed for swaps.
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, r) in right.iter().enumerate() {
            let at = |table: &[usize], index: usize| table.get(index).copied().unwrap_or(usize::MAX / 2);
            let changed = at(&last, j) + usize::from(l != r);
            let mut best = changed.min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            let swapped = i > 0 && j > 0 && left.get(i - 1) == Some(r) && right.get(j - 1) == Some(l);
            if swapped {
                best = best.min(at(&before, j - 1) + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().filter(|distance| *distance <= allowed && *distance < left.len().max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_passed_by_is_not_near() {
        let names = [
            "a",
            "ab",
            "user",
            "User",
            "eventName",
            "event_name",
            "straße",
            "STRASSE",
            "İstanbul",
            "kelvin",
            "\u{212a}elvin",
        ];
        let long = ["x".repeat(70), "x".repeat(64), format!("{}y", "x".repeat(63))];
        let names = || names.into_iter().chain(long.iter().map(String::as_str));
        for (left, right) in names().flat_map(|left| names().map(move |right| (left, right))) {
            for allowed in 1..=3 {
                let may_be = Letters::of(left).may_be(&Letters::of(right), allowed);
                assert!(may_be || distance(left, right, allowed).is_none(), "{left} {right} {allowed}");
            }
        }
        assert!(!Letters::of("eventName").may_be(&Letters::of("user"), 3));
        assert!(!Letters::of("abcdefgh").may_be(&Letters::of("ijklmnop"), 3));
    }

    #[test]
    fn slips_are_found_and_other_words_are_not() {
        let names = ["eventName", "eventSource", "user"];
        assert_eq!(nearest("eventNmae", names), Some("eventName"));
        assert_eq!(nearest("eventname", names), Some("eventName"));
        assert_eq!(nearest("evntSource", names), Some("eventSource"));
        assert_eq!(nearest("usr", names), Some("user"));
        assert_eq!(nearest("completely", names), None);
        assert_eq!(nearest("", names), None);
        assert_eq!(nearest("x y", ["tty"]), None);
        assert_eq!(nearest("x", ["y", "xy", "id"]), None);
    }
}
