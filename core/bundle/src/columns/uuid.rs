//! UUIDs as text.

#![cfg_attr(not(test), forbid(clippy::indexing_slicing))]

/// Parses 36 characters as a lower-case UUID.
pub(crate) fn parse_uuid(text: &[u8]) -> Option<[u8; 16]> {
    const GROUPS: [usize; 5] = [4, 2, 2, 2, 6];
    if text.len() != 36 {
        return None;
    }
    let mut bytes = [0; 16];
    let (mut out, mut rest) = (bytes.iter_mut(), text);
    for (group, len) in GROUPS.into_iter().enumerate() {
        if group > 0 {
            rest = rest.strip_prefix(b"-")?;
        }
        let (digits, tail) = rest.split_at_checked(2 * len)?;
        let (pairs, _) = digits.as_chunks::<2>();
        for (pair, byte) in pairs.iter().zip(&mut out) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        rest = tail;
    }
    Some(bytes)
}

const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// Formats a UUID in lower case.
pub(crate) fn format_uuid(uuid: [u8; 16]) -> [u8; 36] {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    const OFFSETS: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
    let mut text = [b'-'; 36];
    let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or_default();
    for (byte, at) in uuid.into_iter().zip(OFFSETS) {
        if let Some([high, low]) = text.get_mut(at..at + 2) {
            (*high, *low) = (digit(byte >> 4), digit(byte & 15));
        }
    }
    text
}
