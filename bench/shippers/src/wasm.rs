//! A pack as Fluent Bit's `filter_wasm` runs it: the record as JSON, a call under WAMR, a text that comes back as
//! MessagePack.

use crate::record::{self, unpack, write_json};
use oxpecker_wamr::{Call, DEFAULT, Host, Reply};

/// One filter.
pub struct Pack {
    host: Host,
}

impl Pack {
    /// With Fluent Bit's own sizes of stack and heap.
    pub fn new(wasm: &[u8]) -> Self {
        Self { host: Host::new(wasm, DEFAULT).expect("WAMR takes the pack") }
    }

    /// One record through the filter, an alert appended to `out`. Whether there was one.
    pub fn filter(&mut self, tag: &str, seconds: u32, packed: &[u8], out: &mut Vec<u8>) -> bool {
        let object = unpack(&mut &packed[..]).expect("a record");
        // The room that Fluent Bit begins with.
        let mut json = Vec::with_capacity(packed.len() + 128);
        write_json(&object, &mut json);
        let answer = self.call(tag, seconds, &json);
        let Some(text) = answer else { return false };
        let alert = serde_json::from_slice(&text).expect("an answer is JSON");
        record::pack(&alert, out);
        true
    }

    /// The call alone.
    pub fn call(&mut self, tag: &str, seconds: u32, json: &[u8]) -> Option<Vec<u8>> {
        let call = Call { function: "oxpecker_filter", tag, seconds, nanoseconds: 0, record: json };
        match self.host.filter(&call) {
            Reply::Nothing => None,
            Reply::Text(text) => Some(text),
            other => panic!("a text or nothing was expected, this came: {other:?}"),
        }
    }
}
