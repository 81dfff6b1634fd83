//! Chunks from a stranger.

use fieldcast_bundle::{ChunkInfo, Error, decode_chunk, encode_chunk, verify_chunk};

use crate::memory::capped;

/// Whatever decodes are records: they encode, and come back equal.
pub fn chunk(data: &[u8]) {
    let Ok(records) = capped(|| decode_chunk(data)) else { return };
    let again = match encode_chunk(&records) {
        Ok(again) => again,
        // Records that were packed tighter than this encoder does it may come out above the limit.
        Err(Error::TooLarge { .. }) => return,
        Err(error) => panic!("what was decoded does not encode: {error}"),
    };
    assert!(decode_chunk(&again.bytes).is_ok_and(|back| back == records), "encoded again, it is something else");
    let info = ChunkInfo::describe(0, &records, &again);
    if !records.is_empty() {
        assert!(verify_chunk(&info, 0, &again.bytes).is_ok(), "it does not verify");
    }
    records.iter().for_each(|record| {
        let body = fieldcast_model::Json::parse(record.body.as_str()).expect("a body is JSON");
        assert!(body == record.body, "a body is canonical");
    });
}
