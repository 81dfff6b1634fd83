//! Untrusted chunks.

use fieldcast_bundle::{ChunkInfo, Error, decode_chunk, encode_chunk, verify_chunk};

use crate::memory::capped;

/// Decoded records encode again and decode to equal records.
pub fn chunk(data: &[u8]) {
    let Ok(records) = capped(|| decode_chunk(data)) else { return };
    let again = match encode_chunk(&records) {
        Ok(again) => again,
        // This encoder may compress less than the input did, so the result can be above the limit.
        Err(Error::TooLarge { .. }) => return,
        Err(error) => panic!("decoded records do not encode: {error}"),
    };
    assert!(decode_chunk(&again.bytes).is_ok_and(|back| back == records), "the records differ after encoding again");
    let info = ChunkInfo::describe(0, &records, &again);
    if !records.is_empty() {
        assert!(verify_chunk(&info, 0, &again.bytes).is_ok(), "the new chunk does not verify");
    }
    records.iter().for_each(|record| {
        let body = fieldcast_model::Json::parse(record.body.as_str()).expect("a body is JSON");
        assert!(body == record.body, "a body is canonical");
    });
}
