//! "Did you mean": the nearest of some known names.

/// The name nearest to `found`, if it is near enough to be a slip of the hand.
#[must_use]
pub fn nearest<'n>(found: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let allowed = match found.chars().count() {
        0..=2 => 1,
        3..=5 => 2,
        _ => 3,
    };
    names
        .into_iter()
        .filter_map(|name| distance(found, name, allowed).map(|distance| (distance, name)))
        .min()
        .map(|(_, name)| name)
}

/// How many letters must be put in, taken out, changed, or swapped with their neighbour; `None` beyond `allowed`.
/// Letter case counts for nothing.
fn distance(left: &str, right: &str, allowed: usize) -> Option<usize> {
    let left: Vec<char> = left.chars().flat_map(char::to_lowercase).take(64).collect();
    let right: Vec<char> = right.chars().flat_map(char::to_lowercase).take(64).collect();
    if left.len().abs_diff(right.len()) > allowed {
        return None;
    }
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
    use super::nearest;

    #[test]
    fn slips_are_found_and_other_words_are_not() {
        let names = ["eventName", "eventSource", "user"];
        assert_eq!(nearest("eventNmae", names), Some("eventName"));
        assert_eq!(nearest("eventname", names), Some("eventName"));
        assert_eq!(nearest("evntSource", names), Some("eventSource"));
        assert_eq!(nearest("usr", names), Some("user"));
        assert_eq!(nearest("completely", names), None);
        assert_eq!(nearest("", names), None);
    }
}
