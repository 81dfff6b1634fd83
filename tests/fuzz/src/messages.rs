//! Untrusted frames and messages.

use fieldcast_wire::Message;
use fieldcast_wire::frame::FrameHeader;

use crate::memory::capped;

/// A decoded message is equal after encoding and decoding again.
pub fn message(data: &[u8]) {
    let Ok(message) = capped(|| Message::decode(data)) else { return };
    assert_eq!(Message::decode(&message.encode()).as_ref(), Ok(&message));
    if let Message::Want(chunks) = &message {
        assert_eq!(chunks.iter().count(), chunks.iter().collect::<std::collections::BTreeSet<_>>().len());
    }
}

/// An accepted header is within its kind's limit and has one encoding.
pub fn frame_header(data: &[u8]) {
    let Some((bytes, rest)) = data.split_first_chunk() else { return };
    if let Ok(header) = FrameHeader::decode(*bytes) {
        assert!(header.len as usize <= header.kind.max_len());
        assert_eq!(header.encode(), *bytes);
    }
    if let Ok((index, chunk)) = fieldcast_wire::split_chunk_frame(rest) {
        assert_eq!(fieldcast_wire::chunk_frame(index, chunk), rest);
    }
}
