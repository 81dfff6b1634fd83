//! The text of an invite: percent-encoding, base64url and the list of keys.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::InviteError;

/// The longest accepted text in bytes; the longest valid invite has about 450.
pub const MAX_INVITE: usize = 512;

/// The latest time in a URI: eleven digits.
pub(crate) const MAX_SECONDS: i64 = 99_999_999_999;
const SCHEME: &str = "fieldcast:";

/// The decoded values of the keys that are present.
#[derive(Default)]
pub(crate) struct Fields {
    pub(crate) group: Option<String>,
    pub(crate) passphrase: Option<String>,
    pub(crate) addr: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) expires: Option<String>,
    pub(crate) token: Option<String>,
}

pub(crate) fn fields(uri: &str) -> Result<Fields, InviteError> {
    if uri.len() > MAX_INVITE {
        return Err(InviteError::TooLong);
    }
    let scheme = uri.get(..SCHEME.len()).filter(|scheme| scheme.eq_ignore_ascii_case(SCHEME));
    let rest = scheme.and_then(|scheme| uri.get(scheme.len()..)).ok_or(InviteError::NotAnInvite)?;
    let (version, query) = rest.split_once('?').ok_or(InviteError::NotAnInvite)?;
    match version {
        "1" => {}
        _ if !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit()) => {
            return Err(InviteError::UnknownVersion);
        }
        _ => return Err(InviteError::NotAnInvite),
    }
    let mut fields = Fields::default();
    for pair in query.split('&') {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (key, place) = match key {
            "s" => ("s", &mut fields.group),
            "p" => ("p", &mut fields.passphrase),
            "a" => ("a", &mut fields.addr),
            "k" => ("k", &mut fields.key),
            "x" => ("x", &mut fields.expires),
            "t" => ("t", &mut fields.token),
            _ => continue, // a key of a newer version
        };
        let value = percent_decode(value).ok_or(InviteError::Malformed(key))?;
        if place.replace(value).is_some() {
            return Err(InviteError::Duplicate(key));
        }
    }
    Ok(fields)
}

/// Seconds as plain digits: no sign, at most [`MAX_SECONDS`].
pub(crate) fn seconds(text: &str) -> Option<i64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|seconds| plain && *seconds <= MAX_SECONDS)
}

/// Encodes all characters except letters, digits and `-._~:` as `%XX`.
pub(crate) fn percent_encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
            encoded.push(byte.into());
        } else {
            encoded += &format!("%{byte:02X}");
        }
    }
    encoded
}

fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        decoded.push(match byte {
            b'%' => u8::try_from(digit(bytes.next())? * 16 + digit(bytes.next())?).ok()?,
            b'#' => return None,
            _ if byte.is_ascii_graphic() => byte,
            _ => return None,
        });
    }
    String::from_utf8(decoded).ok()
}

/// Encodes bytes in base64url without padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Decodes exactly `N` bytes; `None` if the text is not their canonical form.
pub(crate) fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}
