//! The identity and the name of a device.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ParseDigestError;

/// A device's identity: the BLAKE3 hash of its public key. Devices are identified by it, never by their name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    /// The first 8 bytes in hex, in groups of four digits: enough for a user to distinguish the phones in one place.
    pub fn short(&self) -> String {
        let hex: String = self.0[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        [&hex[..4], &hex[4..8], &hex[8..12], &hex[12..]].join("-")
    }

    /// The first 4 bytes as two words that users can read to each other, as in "lusab-babad". Words of two devices can
    /// be equal, so they never replace the comparison code. Source: D. S. Wilkerson, "A Proposal for Proquints".
    pub fn words(&self) -> String {
        let [a, b, c, d, ..] = self.0;
        [proquint(u16::from_be_bytes([a, b])), proquint(u16::from_be_bytes([c, d]))].join("-")
    }
}

/// 16 bits as a word of five letters: consonants of 4 bits and vowels of 2 bits in turn.
fn proquint(bits: u16) -> String {
    const CONSONANTS: &[u8; 16] = b"bdfghjklmnprstvz";
    const VOWELS: &[u8; 4] = b"aiou";
    let consonant = |shift: u32| char::from(CONSONANTS[usize::from(bits >> shift & 15)]);
    let vowel = |shift: u32| char::from(VOWELS[usize::from(bits >> shift & 3)]);
    [consonant(12), vowel(10), consonant(6), vowel(4), consonant(0)].iter().collect()
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.short())
    }
}

impl FromStr for Fingerprint {
    type Err = ParseDigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_hex(text).map(Self).ok_or(ParseDigestError)
    }
}

/// Parses 64 hexadecimal digits as 32 bytes.
pub(crate) fn parse_hex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; 32];
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).ok()?;
    }
    Some(bytes)
}

/// Returns whether a character of a peer's text is safe to display: it cannot move the cursor, hide text, change the
/// text direction or start an escape sequence.
pub fn is_shown(c: char) -> bool {
    let is_control_format = matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    );
    !c.is_control() && !is_control_format
}

/// The name that a user gave a device, safe to display on another device: at most 40 characters, none of which can move
/// the cursor, hide text or start an escape sequence.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct DeviceName(String);

impl DeviceName {
    /// The maximum number of characters in a name.
    pub const MAX_CHARS: usize = 40;

    /// Makes a safe name from any text: drops characters that are not safe to display and cuts the rest to length.
    pub fn new(text: &str) -> Self {
        let shown = text.chars().filter(|c| is_shown(*c)).skip_while(|c| c.is_whitespace());
        let name: String = shown.take(Self::MAX_CHARS).collect();
        // Trim last: a name made from a name must not change, otherwise a signature over it does not verify.
        Self(if name.is_empty() { "unnamed".to_owned() } else { name.trim_end().to_owned() })
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

// Names come from peers, so every decoded name passes through `new`.
impl From<String> for DeviceName {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl From<DeviceName> for String {
    fn from(name: DeviceName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_terminal_control_characters() {
        assert_eq!(DeviceName::new("  Asha\u{1b}[2J\n\u{202e}x\u{61c} ").as_str(), "Asha[2Jx");
        assert_eq!(DeviceName::new("\u{7}").as_str(), "unnamed");
        assert_eq!(DeviceName::new(&"é".repeat(99)).as_str().chars().count(), DeviceName::MAX_CHARS);
    }

    #[test]
    fn keeps_safe_name_unchanged() {
        let long = format!("{} phone", "x".repeat(DeviceName::MAX_CHARS - 1));
        for text in ["\u{7} Asha", "Asha \u{200b}", " ", &long] {
            let name = DeviceName::new(text);
            assert_eq!(DeviceName::new(name.as_str()), name, "{text:?}");
        }
    }

    #[test]
    fn spells_fingerprint_in_words() {
        // Addresses of the proquint specification.
        for (address, words) in [
            ([127, 0, 0, 1], "lusab-babad"),
            ([63, 84, 220, 193], "gutih-tugad"),
            ([140, 98, 193, 141], "mudof-sakat"),
            ([63, 118, 7, 35], "gutuk-bisog"),
            ([198, 81, 129, 136], "sinid-makam"),
        ] {
            let mut bytes = [0xff; 32];
            bytes[..4].copy_from_slice(&address);
            assert_eq!(Fingerprint(bytes).words(), words);
        }
    }

    #[test]
    fn parses_printed_fingerprint() {
        let fingerprint = Fingerprint(std::array::from_fn(|i| i as u8 * 7));
        assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
        assert_eq!(fingerprint.short(), "0007-0e15-1c23-2a31");
        assert!("zz".repeat(32).parse::<Fingerprint>().is_err());
    }
}
