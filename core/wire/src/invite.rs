//! An invite: the information that a phone needs to connect to another one, as a URI in a QR code.

use std::fmt;
use std::net::SocketAddr;

use fieldcast_model::Fingerprint;

#[cfg(doc)]
use crate::MAX_INVITE;
use crate::invite_text::{self, decode, encode, percent_encode};
use crate::sas;

/// A Wi-Fi group with its passphrase.
#[derive(Clone, PartialEq, Eq)]
pub struct Group {
    name: String,
    passphrase: String,
}

/// A secret in an invite. A caller proves with it that it has read the invite, so the users need not compare a code.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Token(pub [u8; 16]);

/// The address, key and expiry of a device that waits, and the group to join first, if any. Always valid in form.
///
/// A reader of the invite can join the group and connect as an invited device. Therefore only [`Invite::to_uri`]
/// outputs the passphrase and the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite {
    group: Option<Group>,
    addr: SocketAddr,
    key: Fingerprint,
    expires: i64,
    token: Option<Token>,
}

/// Why a text is not a usable invite.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InviteError {
    /// More than [`MAX_INVITE`] bytes.
    #[error("the text is too long for an invite: scan the code again")]
    TooLong,
    /// Not a `fieldcast:` URI.
    #[error("this is not a Fieldcast invite: scan the code that the other device shows")]
    NotAnInvite,
    /// Made by a newer version of Fieldcast.
    #[error("this invite was made by a newer Fieldcast: update this device")]
    UnknownVersion,
    /// A required key is missing.
    #[error("the invite has no `{0}`: ask for a new one")]
    Missing(&'static str),
    /// A key occurs twice.
    #[error("the invite has `{0}` twice: ask for a new one")]
    Duplicate(&'static str),
    /// The value of a key is invalid.
    #[error("`{0}` in the invite cannot be read: scan it again, or ask for a new one")]
    Malformed(&'static str),
    /// The group name is empty, longer than 32 bytes or not displayable.
    #[error("the group name is invalid: use 1 to 32 bytes without control characters")]
    GroupName,
    /// The passphrase is not allowed in Wi-Fi.
    #[error("the group passphrase is invalid: use 8 to 63 ASCII characters")]
    Passphrase,
    /// The group name is given without the passphrase, or the passphrase without the name.
    #[error("only one of group name and passphrase is given: give both or neither")]
    HalfAGroup,
    /// No device can be reached at the address.
    #[error(
        "the address cannot be used: give an address of the inviting device and its port, such as 192.168.49.1:47000"
    )]
    Address,
    /// It has expired.
    #[error("the invite has expired: ask for a new one, and check the clock of this device")]
    Expired,
}

impl Group {
    /// A group with this name (SSID) and passphrase.
    ///
    /// # Errors
    /// [`InviteError::GroupName`], [`InviteError::Passphrase`].
    pub fn new(name: &str, passphrase: &str) -> Result<Self, InviteError> {
        if !(1..=32).contains(&name.len()) || name.chars().any(char::is_control) {
            return Err(InviteError::GroupName);
        }
        if !(8..=63).contains(&passphrase.len()) || !passphrase.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return Err(InviteError::Passphrase);
        }
        Ok(Self { name: name.to_owned(), passphrase: passphrase.to_owned() })
    }

    /// The name (SSID).
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The passphrase. Do not log it.
    pub fn passphrase(&self) -> &str {
        &self.passphrase
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Token {
    /// Proves to the inviting device that the caller has the token. The proof is valid only on the connection with this
    /// exporter ([`HandshakeSecret::exporter`](crate::HandshakeSecret::exporter)).
    pub fn proof(&self, exporter: &[u8; 32]) -> [u8; 32] {
        sas::hash("fieldcast 2026-11 invited", &[exporter, &self.0])
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(secret)")
    }
}

impl Invite {
    /// An invite to the device with this `key` at `addr`, valid until `expires` (ms since 1970, truncated to whole
    /// seconds).
    ///
    /// # Errors
    /// [`InviteError::Address`] for an unusable address, [`InviteError::Malformed`] for a time before 1970.
    pub fn new(group: Option<Group>, addr: SocketAddr, key: Fingerprint, expires: i64) -> Result<Self, InviteError> {
        if addr.port() == 0 || addr.ip().is_unspecified() || addr.ip().is_multicast() {
            return Err(InviteError::Address);
        }
        if !(0..=invite_text::MAX_SECONDS * 1000).contains(&expires) {
            return Err(InviteError::Malformed("x"));
        }
        // An interface number has no meaning on another device.
        let addr = SocketAddr::new(addr.ip(), addr.port());
        Ok(Self { group, addr, key, expires: expires / 1000 * 1000, token: None })
    }

    /// The same invite with a token. The inviting device must know the token while the invite is valid.
    pub fn with_token(self, token: Token) -> Self {
        Self { token: Some(token), ..self }
    }

    /// Reads an invite at the time `now` (ms since 1970). Ignores unknown keys.
    ///
    /// # Errors
    /// [`InviteError`] says what is wrong.
    pub fn parse(uri: &str, now: i64) -> Result<Self, InviteError> {
        let fields = invite_text::fields(uri)?;
        let group = match (&fields.group, &fields.passphrase) {
            (Some(name), Some(passphrase)) => Some(Group::new(name, passphrase)?),
            (None, None) => None,
            _ => return Err(InviteError::HalfAGroup),
        };
        let addr = fields.addr.ok_or(InviteError::Missing("a"))?;
        let addr = addr.parse().map_err(|_| InviteError::Malformed("a"))?;
        let key = fields.key.ok_or(InviteError::Missing("k"))?;
        let key = Fingerprint(decode(&key).ok_or(InviteError::Malformed("k"))?);
        let expires = fields.expires.ok_or(InviteError::Missing("x"))?;
        let expires = invite_text::seconds(&expires).ok_or(InviteError::Malformed("x"))?;
        let token = match fields.token {
            Some(token) => Some(Token(decode(&token).ok_or(InviteError::Malformed("t"))?)),
            None => None,
        };
        let invite = Self { token, ..Self::new(group, addr, key, expires * 1000)? };
        if invite.expires <= now { Err(InviteError::Expired) } else { Ok(invite) }
    }

    /// The URI, including passphrase and token.
    pub fn to_uri(&self) -> String {
        let group = self
            .group
            .as_ref()
            .map(|group| format!("s={}&p={}&", percent_encode(&group.name), percent_encode(&group.passphrase)));
        let addr = percent_encode(&self.addr.to_string());
        let (key, expires) = (encode(&self.key.0), self.expires / 1000);
        let token = self.token.map(|token| format!("&t={}", encode(&token.0))).unwrap_or_default();
        format!("fieldcast:1?{}a={addr}&k={key}&x={expires}{token}", group.unwrap_or_default())
    }

    /// The group to join first.
    pub fn group(&self) -> Option<&Group> {
        self.group.as_ref()
    }

    /// The address of the waiting device.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The fingerprint of the waiting device.
    pub fn key(&self) -> Fingerprint {
        self.key
    }

    /// Expiry, in ms since 1970.
    pub fn expires(&self) -> i64 {
        self.expires
    }

    /// The token for the reader's proof; `None` if the invite was made without a running offer.
    pub fn token(&self) -> Option<Token> {
        self.token
    }
}
