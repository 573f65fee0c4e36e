//! What the module says in the place of alerts when something is wrong: JSON objects whose `oxpecker` says what they are.
//! They come at the first time, the second, the fourth, the eighth …, so that nothing stays hidden and nothing floods.

use super::Record;
use oxpecker_engine::json::{Json, Reject, RejectReason};

/// How often each thing has happened.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reports {
    rejected: [u64; RejectReason::ALL.len()],
    inert: u64,
}

/// Characters of a tag that a report tells.
const TAG: usize = 200;

impl Reports {
    pub(super) const fn new() -> Self {
        Self { rejected: [0; RejectReason::ALL.len()], inert: 0 }
    }

    /// A record that is no event.
    pub(super) fn rejected(&mut self, reject: Reject, record: &Record<'_>) -> Option<String> {
        let place = RejectReason::ALL.iter().position(|reason| *reason == reject.reason)?;
        let times = due(self.rejected.get_mut(place)?)?;
        Some(object(
            "rejected",
            [
                ("reason", Json::from(reject.reason.code())),
                ("message", Json::from(format!("a record was not evaluated: {reject}"))),
                ("offset", Json::from(reject.offset as u64)),
                ("bytes", Json::from(record.length as u64)),
                ("tag", tag(record)),
                ("times", Json::from(times)),
            ],
        ))
    }

    /// A record that nothing looked at, since the module cannot detect anything.
    pub(super) fn inert(&mut self, reason: &str, record: &Record<'_>) -> Option<String> {
        let times = due(&mut self.inert)?;
        let message = Json::from(format!("nothing is detected: {reason}"));
        Some(object("inert", [("message", message), ("tag", tag(record)), ("times", Json::from(times))]))
    }
}

/// Counts once more; gives the count where it is a power of two.
fn due(count: &mut u64) -> Option<u64> {
    *count = count.saturating_add(1);
    count.is_power_of_two().then_some(*count)
}

/// Stands for a record that did not arrive. Told each time: the record is gone, and this is all that is left of it.
pub(super) fn undelivered(record: &Record<'_>) -> String {
    let message = "a record could not be handed over for want of memory; raise the pack's memory ceiling";
    let bytes = Json::from(record.length as u64);
    object("undelivered", [("message", Json::from(message)), ("bytes", bytes), ("tag", tag(record))])
}

fn object<const N: usize>(kind: &str, fields: [(&str, Json); N]) -> String {
    let mut members = vec![("oxpecker".to_owned(), Json::from(kind))];
    members.extend(fields.into_iter().map(|(name, value)| (name.to_owned(), value)));
    Json::Object(members).to_string()
}

fn tag(record: &Record<'_>) -> Json {
    Json::from(String::from_utf8_lossy(record.tag).chars().take(TAG).collect::<String>())
}

/// Whether a record is one of MessagePack: a map or an array. No JSON text begins with such a byte.
pub(super) fn is_msgpack(record: &[u8]) -> bool {
    matches!(record.first(), Some(0x80..=0x9f | 0xdc..=0xdf))
}

const KEY: &str = "oxpecker";
const MEND: &str = "This filter needs `event_format json`, which is the default: with msgpack, Fluent Bit cuts what it \
    gets back at the first zero byte and loses records. Remove `event_format msgpack` from the wasm filter.";

/// One map of MessagePack, ended by a NUL and without another: Fluent Bit takes its length up to there.
pub(super) fn msgpack() -> Vec<u8> {
    const FIXMAP_1: u8 = 0x81;
    const FIXSTR: u8 = 0xa0;
    const STR_8: u8 = 0xd9;
    // Neither length is zero, and both fit: a test holds the map against a reader of MessagePack.
    let length = |text: &str| u8::try_from(text.len()).unwrap_or(u8::MAX);
    let mut map = vec![FIXMAP_1, FIXSTR | length(KEY)];
    map.extend_from_slice(KEY.as_bytes());
    map.extend_from_slice(&[STR_8, length(MEND)]);
    map.extend_from_slice(MEND.as_bytes());
    map.push(0);
    map
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_map_is_whole_and_holds_no_zero() {
        let map = msgpack();
        assert!(KEY.len() < 32 && MEND.len() < 256);
        assert_eq!(map.iter().position(|byte| *byte == 0), Some(map.len() - 1));
        assert_eq!(map.len(), 2 + KEY.len() + 2 + MEND.len() + 1);
        assert_eq!(map.get(..2), Some(&[0x81, 0xa8][..]));
    }

    #[test]
    fn reports_come_at_growing_distances() {
        let mut count = 0;
        let told: Vec<u64> = (0..40).filter_map(|_| due(&mut count)).collect();
        assert_eq!(told, [1, 2, 4, 8, 16, 32]);
    }
}
