//! The text of an invite: percent-encoding, base64url and the list of keys.

use crate::InviteError;
use crate::invite::MAX_INVITE;

/// The latest time a URI can say: eleven digits.
pub(crate) const MAX_SECONDS: i64 = 99_999_999_999;
const SCHEME: &str = "fieldcast:";
const BASE64URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The decoded values of the keys there are.
#[derive(Default)]
pub(crate) struct Fields {
    pub(crate) group: Option<String>,
    pub(crate) passphrase: Option<String>,
    pub(crate) addr: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) expires: Option<String>,
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
            _ => continue, // of a later Fieldcast
        };
        let value = percent_decode(value).ok_or(InviteError::Malformed(key))?;
        if place.replace(value).is_some() {
            return Err(InviteError::Duplicate(key));
        }
    }
    Ok(fields)
}

/// Seconds as plain digits: no sign, no more than [`MAX_SECONDS`].
pub(crate) fn seconds(text: &str) -> Option<i64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|seconds| plain && *seconds <= MAX_SECONDS)
}

/// All but letters, digits and `-._~:` as `%XX`.
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

/// 32 bytes as 43 characters of base64url.
pub(crate) fn encode_key(key: &[u8; 32]) -> String {
    let mut text = String::new();
    for three in key.chunks(3) {
        let bits = (0..3).fold(0, |bits, at| bits << 8 | usize::from(three.get(at).copied().unwrap_or(0)));
        for at in 0..=three.len() {
            text.push(BASE64URL[bits >> (18 - 6 * at) & 63].into());
        }
    }
    text
}

pub(crate) fn decode_key(text: &str) -> Option<[u8; 32]> {
    if text.len() != 43 {
        return None;
    }
    let (mut key, mut filled, mut bits, mut held) = ([0; 32], 0, 0u32, 0);
    for byte in text.bytes() {
        let value = BASE64URL.iter().position(|known| *known == byte)?;
        bits = (bits << 6 | u32::try_from(value).ok()?) & 0xffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            *key.get_mut(filled)? = u8::try_from(bits >> held & 0xff).ok()?;
            filled += 1;
        }
    }
    // One key, one text: the bits left over are zero.
    (bits & 3 == 0).then_some(key)
}
