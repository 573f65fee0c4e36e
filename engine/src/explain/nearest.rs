//! The nearest miss: the fewest predicates that would have to answer otherwise for a filter to match.
//!
//! Predicates are taken as free of one another, so the answer is exact for the tree and a hint for the event: where two
//! predicates ask for one key, changing the event may turn both.

use super::Explanation;
use crate::reference::Verdict;

/// The way to a part of an explanation: which child at each level.
pub type Way = Vec<usize>;

/// The predicates that kept a filter from matching, as few as will do, from left to right; none where it matches.
#[must_use]
pub fn nearest_miss(explanation: &Explanation) -> Vec<Way> {
    let mut ways = needed(explanation, true, &mut Vec::new());
    ways.sort();
    ways
}

/// The predicates that must turn for a part to say `wanted`.
fn needed(part: &Explanation, wanted: bool, way: &mut Way) -> Vec<Way> {
    if part.verdict == (if wanted { Verdict::Match } else { Verdict::NoMatch }) {
        return Vec::new();
    }
    if part.children.is_empty() {
        return vec![way.clone()];
    }
    let negated = part.text == "not";
    let below = part.children.iter().enumerate().map(|(place, child)| {
        way.push(place);
        let ways = needed(child, wanted != negated, way);
        way.pop();
        ways
    });
    // `and` needs all of its parts to match and one to fail; `or` the other way round; `not` has one part.
    let all = negated || (part.text == "and") == wanted;
    if all { below.flatten().collect() } else { below.min_by_key(Vec::len).unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::nearest_miss;
    use crate::event::Event;
    use crate::explain::explain;
    use crate::json::Limits;
    use crate::language;
    use crate::lists::Lists;

    fn missing(filter: &str) -> Vec<Vec<usize>> {
        let expr = language::parse(filter, &language::Limits::default()).expr.expect("a filter");
        let event = Event::parse(br#"{"a":1,"b":2,"c":3}"#, &Limits::default(), None).expect("an event");
        nearest_miss(&explain(&expr, &event, &Lists::new()))
    }

    #[test]
    fn the_smallest_set_is_found() {
        assert_eq!(missing("a = 1"), Vec::<Vec<usize>>::new());
        assert_eq!(missing("a = 2"), [Vec::<usize>::new()]);
        assert_eq!(missing("a = 1 and b = 1 and c = 1"), [[1], [2]]);
        assert_eq!(missing("(a = 2 and b = 1) or c = 4"), [[1]]);
        assert_eq!(missing("not (a = 1 and b = 2)"), [[0, 0]]);
        assert_eq!(missing("not (a = 1 or b = 2)"), [[0, 0], [0, 1]]);
        assert_eq!(missing("a = 1 and not (b = 2 and c = 3) and (a = 5 or b = 5)"), [vec![1, 0, 0], vec![2, 0]]);
    }
}
