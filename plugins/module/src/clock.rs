//! Which time an event has: its own, else the shipper's.

use oxpecker_engine::detection::Detection;

/// An event later than the time of its arrival by more than this has a wrong clock: it is taken as one without a time,
/// so that it closes no window.
const FUTURE: i64 = 24 * 3_600_000;

/// A time of the ABI, in milliseconds since 1970; the smallest number means that it is not known.
pub(crate) fn known(milliseconds: i64) -> Option<i64> {
    (milliseconds != i64::MIN).then_some(milliseconds)
}

/// A shipper's time in milliseconds since 1970; none if it has none.
pub(crate) fn of_shipper(seconds: u32, nanoseconds: u32) -> Option<i64> {
    (seconds != 0).then(|| i64::from(seconds) * 1_000 + i64::from(nanoseconds / 1_000_000).min(999))
}

/// Takes its time from an event whose clock is wrong at `now`, and gives the shipper's to one that has none.
pub(crate) fn settle(detection: &mut Detection, now: Option<i64>, shipper: Option<i64>) {
    let is_wrong = |time: i64| now.is_some_and(|now| time > now.saturating_add(FUTURE));
    let right = |time: Option<i64>| time.filter(|time| !is_wrong(*time));
    detection.time = right(detection.time).or_else(|| right(shipper));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shipper_without_a_clock_has_no_time() {
        assert_eq!(of_shipper(0, 5), None);
        assert_eq!(of_shipper(1, 999_999_999), Some(1_999));
        assert_eq!(of_shipper(u32::MAX, u32::MAX), Some(4_294_967_295_999));
        assert_eq!(known(i64::MIN), None);
        assert_eq!(known(0), Some(0));
    }
}
