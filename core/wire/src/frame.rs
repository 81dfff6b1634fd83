//! Frames: the units of a connection. One byte of kind, four bytes of length (little-endian), then the payload.
//!
//! The header is checked before any payload is read or any buffer is allocated, so a hostile length costs nothing.

use thiserror::Error;

/// The content of a frame. It decides the largest allowed payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FrameKind {
    /// A protocol message.
    Control,
    /// The manifest of a bundle.
    Manifest,
    /// One encoded chunk.
    Chunk,
}

impl FrameKind {
    /// The largest payload of this kind in bytes: 64 KiB for a message, 8 MiB otherwise.
    pub const fn max_len(self) -> usize {
        match self {
            Self::Control => 64 << 10,
            Self::Manifest | Self::Chunk => 8 << 20,
        }
    }

    /// The byte of this kind on the wire.
    const fn byte(self) -> u8 {
        match self {
            Self::Control => 1,
            Self::Manifest => 2,
            Self::Chunk => 3,
        }
    }
}

impl TryFrom<u8> for FrameKind {
    type Error = FrameError;

    fn try_from(byte: u8) -> Result<Self, FrameError> {
        match byte {
            1 => Ok(Self::Control),
            2 => Ok(Self::Manifest),
            3 => Ok(Self::Chunk),
            other => Err(FrameError::UnknownKind(other)),
        }
    }
}

/// A frame's kind and payload length. The length is within the limit of the kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FrameHeader {
    /// Content of the payload.
    pub kind: FrameKind,
    /// Bytes of payload after the header.
    pub len: u32,
}

impl FrameHeader {
    /// Length of an encoded header in bytes.
    pub const LEN: usize = 5;

    /// Header for a payload of `len` bytes.
    ///
    /// # Errors
    /// [`FrameError::TooLong`] if `len` exceeds the limit of the kind.
    pub fn new(kind: FrameKind, len: usize) -> Result<Self, FrameError> {
        let max = kind.max_len();
        match u32::try_from(len) {
            Ok(short) if len <= max => Ok(Self { kind, len: short }),
            _ => Err(FrameError::TooLong { kind, len, max }),
        }
    }

    /// The five bytes on the wire.
    pub const fn encode(self) -> [u8; Self::LEN] {
        let [a, b, c, d] = self.len.to_le_bytes();
        [self.kind.byte(), a, b, c, d]
    }

    /// Decodes a header received from the peer.
    ///
    /// # Errors
    /// [`FrameError::UnknownKind`] and [`FrameError::TooLong`]. The connection is unusable after either error.
    pub fn decode(bytes: [u8; Self::LEN]) -> Result<Self, FrameError> {
        let [kind, len @ ..] = bytes;
        Self::new(FrameKind::try_from(kind)?, u32::from_le_bytes(len) as usize)
    }
}

/// Why a frame is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FrameError {
    /// A manifest or chunk arrived before the peers agreed on it.
    #[error("a {0:?} frame arrived before the devices agreed on it")]
    NotYet(FrameKind),
    /// The frame kind is not known.
    #[error("unknown frame kind {0}")]
    UnknownKind(u8),
    /// The payload exceeds the limit of its kind.
    #[error("a {kind:?} frame has {len} bytes; at most {max} are allowed")]
    TooLong {
        /// The kind in the header.
        kind: FrameKind,
        /// The length in the header, in bytes.
        len: usize,
        /// The limit, in bytes.
        max: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [FrameKind; 3] = [FrameKind::Control, FrameKind::Manifest, FrameKind::Chunk];

    #[test]
    fn decodes_header_up_to_length_limit() {
        for kind in KINDS {
            for len in [0, 1, kind.max_len()] {
                let header = FrameHeader::new(kind, len).unwrap();
                assert_eq!(FrameHeader::decode(header.encode()), Ok(header));
            }
        }
    }

    #[test]
    fn encodes_header_as_documented() {
        let header = FrameHeader { kind: FrameKind::Chunk, len: 0x0001_0203 };
        assert_eq!(header.encode(), [3, 3, 2, 1, 0]);
    }

    #[test]
    fn rejects_one_byte_over_limit() {
        for kind in KINDS {
            let (len, max) = (kind.max_len() + 1, kind.max_len());
            assert_eq!(FrameHeader::new(kind, len), Err(FrameError::TooLong { kind, len, max }));
        }
        assert!(matches!(FrameHeader::decode([1, 255, 255, 255, 255]), Err(FrameError::TooLong { .. })));
    }

    #[test]
    fn rejects_unknown_kind() {
        for kind in [0, 4, 255] {
            assert_eq!(FrameHeader::decode([kind, 0, 0, 0, 0]), Err(FrameError::UnknownKind(kind)));
        }
    }
}
