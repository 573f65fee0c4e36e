//! MessagePack batches: the conformance corpus gives the same verdicts as in JSON, and rejects tell where.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test's helpers may panic")]

#[path = "../../../tests/support/corpus.rs"]
mod corpus;
#[path = "../../../tests/support/mutate.rs"]
#[expect(dead_code, reason = "dice are for the engine's tests")]
mod mutate;
#[path = "../../../tests/support/pack.rs"]
#[expect(dead_code, reason = "odd forms are for the engine's tests")]
mod pack;

use oxpecker_engine::json::{Json, Limits};
use oxpecker_module::{Session, Status};

fn header(format: u8) -> Vec<u8> {
    let mut batch = vec![0; 16];
    batch[0] = format;
    batch
}

#[test]
fn the_corpus_gives_the_same_verdicts() {
    let (mut packed_events, mut all) = (0, 0);
    for paragraph in corpus::read().iter().filter(|paragraph| !paragraph.events.is_empty()) {
        let lists: serde_json::Value = paragraph
            .lists
            .as_deref()
            .map_or(serde_json::Value::Null, |text| serde_json::from_str(text).expect("JSON"));
        let request =
            serde_json::json!({"filters": [paragraph.filter], "lists": lists, "event_type": paragraph.event_type});
        let mut session = Session::new();
        assert_eq!(session.load(request.to_string().as_bytes()), Status::Ok, "{}", paragraph.place);
        let (mut framed, mut packed) = (header(2), header(3));
        for (_, event) in &paragraph.events {
            all += 1;
            let Ok(tree) = Json::parse(event, &Limits::default()) else { continue };
            let mut bytes = Vec::new();
            if pack::pack(&tree, &mut bytes).is_none() || tree.as_object().is_none() {
                continue;
            }
            packed_events += 1;
            if packed_events % 2 == 0 {
                packed.extend(b"\x92\x01");
            }
            packed.extend(&bytes);
            framed.extend(u32::try_from(event.len()).expect("short").to_le_bytes());
            framed.extend(event);
        }
        assert_eq!(session.eval(&framed), Status::Ok);
        let expected = session.result().to_vec();
        assert_eq!(session.eval(&packed), Status::Ok, "{}", paragraph.place);
        assert_eq!(session.result(), expected, "{}: {}", paragraph.place, paragraph.filter);
    }
    assert!(packed_events * 10 > all * 8, "{packed_events} of {all} can be written");
}

#[test]
fn rejects_name_their_place_and_what_is_cut_makes_no_batch() {
    let mut session = Session::new();
    assert_eq!(session.load(br#"{"filters":["a = 2"]}"#), Status::Ok);
    let events: [&[u8]; 6] = [
        b"\x82\xa1a\x01\xa1a\x02",
        b"\x81\xa1a\xa1\xff",
        b"\x93\x01\x80\x80",
        b"\x81\x01\x02",
        b"\x81\xa1a\xd4\x05\x00",
        b"\x92\xd7\x00\x65\x00\x00\x00\x00\x00\x00\x01\x81\xa1a\x02",
    ];
    let batch = [&header(3)[..], &events.concat()].concat();
    assert_eq!(session.eval(&batch), Status::Ok);
    let words: Vec<u32> =
        session.result()[..16 + 48].chunks(4).map(|word| u32::from_le_bytes(word.try_into().expect("four"))).collect();
    assert_eq!(words[..4], [2, 4, 0, 2]);
    assert_eq!(words[4..], [1, 4, 2, 2, 0, 5, 3, 1, 1, 4, 3, 1]);
    assert_eq!(session.result()[64..], [0b10_0001, 0]);
    session.stats();
    let stats: serde_json::Value = serde_json::from_slice(session.result()).expect("JSON");
    assert_eq!((stats["evaluated"].as_u64(), stats["rejected"].as_u64()), (Some(2), Some(4)));
    for cut in [&b"\x81\xa1a"[..], b"\x80\xc1", b"\x80\xdd\xff\xff\xff\xff"] {
        assert_eq!(session.eval(&[&header(3)[..], cut].concat()), Status::BadBatch);
        assert_eq!(session.match_batch(&[&header(3)[..], cut].concat(), 0), Status::BadBatch);
    }
    assert_eq!(session.eval(&header(3)), Status::Ok);
}
