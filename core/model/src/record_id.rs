//! The global key of a record.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A record's `clientReferenceId`: DIGIT's key across devices, 2 to 64 characters, nearly always a UUID.
///
/// A UUID in the usual lower-case form is stored as 16 bytes, also by the store and the codec. Any other text is stored
/// unchanged. Both print exactly as they were parsed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RecordId {
    /// A lower-case hyphenated UUID.
    Uuid([u8; 16]),
    /// Any other text.
    Text(Box<str>),
}

impl RecordId {
    /// Parses an id. Never fails, because any text can be an id.
    pub fn parse(text: &str) -> Self {
        match parse_uuid(text) {
            Some(bytes) => Self::Uuid(bytes),
            None => Self::Text(text.into()),
        }
    }

    /// Appends the printed form to `out`.
    fn write_to(&self, out: &mut String) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        match self {
            Self::Text(text) => out.push_str(text),
            Self::Uuid(bytes) => {
                for (i, byte) in bytes.iter().enumerate() {
                    if matches!(i, 4 | 6 | 8 | 10) {
                        out.push('-');
                    }
                    out.push(char::from(HEX[usize::from(byte >> 4)]));
                    out.push(char::from(HEX[usize::from(byte & 15)]));
                }
            }
        }
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(36);
        self.write_to(&mut text);
        f.pad(&text)
    }
}

/// Returns the 16 bytes of a lower-case hyphenated UUID, or `None` for any other text, including upper-case UUIDs.
fn parse_uuid(text: &str) -> Option<[u8; 16]> {
    let text = text.as_bytes();
    if text.len() != 36 {
        return None;
    }
    let nibble = |c: u8| match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; 16];
    let mut at = 0;
    for (i, byte) in bytes.iter_mut().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            if text[at] != b'-' {
                return None;
            }
            at += 1;
        }
        *byte = nibble(text[at])? << 4 | nibble(text[at + 1])?;
        at += 2;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stores_uuid_as_sixteen_bytes() {
        let text = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9";
        let id = RecordId::parse(text);
        assert!(matches!(id, RecordId::Uuid(bytes) if bytes[0] == 0x0a && bytes[15] == 0xf9));
        assert_eq!(id.to_string(), text);
    }

    #[test]
    fn keeps_other_ids_as_text() {
        for text in
            ["", "H-2025", "0A1B2C3D-4E5F-6071-8293-A4B5C6D7E8F9", "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f", "नमस्ते"]
        {
            assert!(matches!(RecordId::parse(text), RecordId::Text(_)), "{text}");
            assert_eq!(RecordId::parse(text).to_string(), text);
        }
    }
}
