//! Frames: what a connection carries. One byte of kind, four of length (little-endian), then the payload.
//!
//! The header is judged before a byte of payload is read or a buffer made, so a hostile length costs nothing.

use thiserror::Error;

/// What a frame carries, and so how large it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FrameKind {
    /// A message of the protocol.
    Control,
    /// The manifest of a bundle.
    Manifest,
    /// One encoded chunk, as named by its hash.
    Chunk,
}

impl FrameKind {
    /// The most payload bytes a frame of this kind may have: 64 KiB for a message, 8 MiB otherwise.
    pub const fn max_len(self) -> usize {
        match self {
            Self::Control => 64 << 10,
            Self::Manifest | Self::Chunk => 8 << 20,
        }
    }

    /// The byte that stands for this kind on the wire.
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

/// A frame's kind and payload length, the latter within the kind's limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FrameHeader {
    /// What the payload is.
    pub kind: FrameKind,
    /// Payload bytes that follow the header.
    pub len: u32,
}

impl FrameHeader {
    /// Bytes of an encoded header.
    pub const LEN: usize = 5;

    /// The header of a payload of `len` bytes.
    ///
    /// # Errors
    /// [`FrameError::TooLong`] when the kind does not allow so many.
    pub fn new(kind: FrameKind, len: usize) -> Result<Self, FrameError> {
        let max = kind.max_len();
        match u32::try_from(len) {
            Ok(short) if len <= max => Ok(Self { kind, len: short }),
            _ => Err(FrameError::TooLong { kind, len, max }),
        }
    }

    /// The five bytes that go on the wire.
    pub const fn encode(self) -> [u8; Self::LEN] {
        let [a, b, c, d] = self.len.to_le_bytes();
        [self.kind.byte(), a, b, c, d]
    }

    /// Reads a header that came from the wire.
    ///
    /// # Errors
    /// [`FrameError::UnknownKind`] and [`FrameError::TooLong`]; the connection is of no use after either.
    pub fn decode(bytes: [u8; Self::LEN]) -> Result<Self, FrameError> {
        let [kind, len @ ..] = bytes;
        Self::new(FrameKind::try_from(kind)?, u32::from_le_bytes(len) as usize)
    }
}

/// Why a frame cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FrameError {
    /// A manifest or chunk came before anything was agreed on.
    #[error("a {0:?} frame before it was agreed on")]
    NotYet(FrameKind),
    /// No frame of this kind is known.
    #[error("unknown frame kind {0}")]
    UnknownKind(u8),
    /// More payload than the kind allows.
    #[error("a {kind:?} frame of {len} bytes is longer than the {max} allowed")]
    TooLong {
        /// What the frame said it carries.
        kind: FrameKind,
        /// How many bytes it said follow.
        len: usize,
        /// How many may.
        max: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [FrameKind; 3] = [FrameKind::Control, FrameKind::Manifest, FrameKind::Chunk];

    #[test]
    fn a_header_reads_back_up_to_its_limit() {
        for kind in KINDS {
            for len in [0, 1, kind.max_len()] {
                let header = FrameHeader::new(kind, len).unwrap();
                assert_eq!(FrameHeader::decode(header.encode()), Ok(header));
            }
        }
    }

    #[test]
    fn the_bytes_are_these() {
        let header = FrameHeader { kind: FrameKind::Chunk, len: 0x0001_0203 };
        assert_eq!(header.encode(), [3, 3, 2, 1, 0]);
    }

    #[test]
    fn one_byte_too_many_is_refused() {
        for kind in KINDS {
            let (len, max) = (kind.max_len() + 1, kind.max_len());
            assert_eq!(FrameHeader::new(kind, len), Err(FrameError::TooLong { kind, len, max }));
        }
        assert!(matches!(FrameHeader::decode([1, 255, 255, 255, 255]), Err(FrameError::TooLong { .. })));
    }

    #[test]
    fn an_unknown_kind_is_refused_whatever_its_length() {
        for kind in [0, 4, 255] {
            assert_eq!(FrameHeader::decode([kind, 0, 0, 0, 0]), Err(FrameError::UnknownKind(kind)));
        }
    }
}
