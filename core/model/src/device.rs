//! Who a device is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ParseDigestError;

/// A device's identity: the BLAKE3 hash of its public key. Peers are told apart by it, never by name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    /// The first 8 bytes in hex, four by four: enough to tell phones in one place apart by eye.
    pub fn short(&self) -> String {
        let hex: String = self.0[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        [&hex[..4], &hex[4..8], &hex[8..12], &hex[12..]].join("-")
    }
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

/// The 32 bytes that 64 hexadecimal digits stand for.
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

/// Whether a character of another's text may be shown: it can move no cursor, hide no text, turn none round, and start no
/// escape sequence.
pub fn is_shown(c: char) -> bool {
    let steers = matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    );
    !c.is_control() && !steers
}

/// What a person calls a device, as another device may show it: at most 40 characters, none of them able to move
/// a cursor, hide text or start an escape sequence.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct DeviceName(String);

impl DeviceName {
    /// The most characters a name keeps.
    pub const MAX_CHARS: usize = 40;

    /// Makes any text a safe name: what cannot be shown is dropped, the rest cut to length.
    pub fn new(text: &str) -> Self {
        let shown = text.chars().filter(|c| is_shown(*c)).skip_while(|c| c.is_whitespace());
        let name: String = shown.take(Self::MAX_CHARS).collect();
        // Trimmed last: a name made of a name is that name, or it would not verify where it was signed.
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

// Names come from peers: whatever is decoded passes through `new`.
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
    fn a_name_cannot_steer_a_terminal() {
        assert_eq!(DeviceName::new("  Asha\u{1b}[2J\n\u{202e}x\u{61c} ").as_str(), "Asha[2Jx");
        assert_eq!(DeviceName::new("\u{7}").as_str(), "unnamed");
        assert_eq!(DeviceName::new(&"é".repeat(99)).as_str().chars().count(), DeviceName::MAX_CHARS);
    }

    #[test]
    fn a_name_made_of_a_name_is_that_name() {
        let long = format!("{} phone", "x".repeat(DeviceName::MAX_CHARS - 1));
        for text in ["\u{7} Asha", "Asha \u{200b}", " ", &long] {
            let name = DeviceName::new(text);
            assert_eq!(DeviceName::new(name.as_str()), name, "{text:?}");
        }
    }

    #[test]
    fn a_fingerprint_reads_back() {
        let fingerprint = Fingerprint(std::array::from_fn(|i| i as u8 * 7));
        assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
        assert_eq!(fingerprint.short(), "0007-0e15-1c23-2a31");
        assert!("zz".repeat(32).parse::<Fingerprint>().is_err());
    }
}
