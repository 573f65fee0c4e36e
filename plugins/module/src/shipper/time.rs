//! Which time a record has: its own, else the shipper's.

use oxpecker_engine::detection::Detection;

/// The shipper's time in milliseconds since 1970; none if it has none.
pub(super) fn milliseconds(seconds: u32, nanoseconds: u32) -> Option<i64> {
    (seconds != 0).then(|| i64::from(seconds) * 1_000 + i64::from(nanoseconds / 1_000_000).min(999))
}

/// Gives the shipper's time to an event without one, and to one whose clock is wrong: it would close every window.
pub(super) fn settle(detection: &mut Detection, shipper: Option<i64>) {
    if let Some(shipper) = shipper {
        crate::session::clamp(detection, shipper);
        detection.time = detection.time.or(Some(shipper));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shipper_without_a_clock_has_no_time() {
        assert_eq!(milliseconds(0, 5), None);
        assert_eq!(milliseconds(1, 999_999_999), Some(1_999));
        assert_eq!(milliseconds(u32::MAX, u32::MAX), Some(4_294_967_295_999));
    }
}
