//! Untrusted text: JSON, invites, records.

use fieldcast_bundle::{Error, decode_chunk, encode_chunk};
use fieldcast_model::{EntityType, Json, Record, RecordId, ServerTime};
use fieldcast_wire::Invite;

use crate::memory::capped;

/// Parsing canonical JSON again gives the same text.
pub fn json(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(json) = capped(|| Json::parse(text)) else { return };
    assert_eq!(Json::parse(json.as_str()).as_ref(), Ok(&json), "canonical text is a fixed point");
}

/// A parsed invite is equal after writing and parsing again.
pub fn invite(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(invite) = capped(|| Invite::parse(text, 0)) else { return };
    assert_eq!(Invite::parse(&invite.to_uri(), 0).as_ref(), Ok(&invite), "an invite is equal after parsing again");
}

/// Encodes one record per line of JSON. Decoding the chunk gives equal records, in any order and combination.
pub fn records(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut records = Vec::new();
    for (n, line) in text.lines().enumerate() {
        let Ok(body) = Json::parse(line) else { continue };
        // The other fields depend on the line, so that the fuzzer can change them.
        let id = line.get(..line.len().min(n % 40)).unwrap_or("é\"\n");
        let root = records.last().map_or(id.to_owned(), |last: &Record| last.id.to_string());
        records.push(Record {
            entity: EntityType::new(["A", "B", "", "\"\u{0}"][line.len() % 4]),
            id: RecordId::parse(id),
            root: RecordId::parse(if line.len().is_multiple_of(3) { id } else { &root }),
            row_version: (line.len() as i64 - 20).wrapping_pow(1 + n as u32 % 9),
            modified: ServerTime(n as i64 * 1000),
            deleted: line.len().is_multiple_of(5),
            body,
        });
    }
    let chunk = match encode_chunk(&records) {
        Ok(chunk) => chunk,
        Err(Error::TooLarge { .. }) => return,
        Err(error) => panic!("records do not encode: {error}"),
    };
    let back = capped(|| decode_chunk(&chunk.bytes)).expect("an encoded chunk decodes");
    assert!(back == records, "the decoded records differ");
}
