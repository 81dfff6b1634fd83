//! An invite: what a phone must know to come to another one, as a URI that is shown as a QR code.

use std::fmt;
use std::net::SocketAddr;

use fieldcast_model::Fingerprint;

use crate::handshake;
use crate::invite_text::{self, decode, encode, percent_encode};

/// The longest text that is looked at; the longest valid invite has about 450 bytes.
pub const MAX_INVITE: usize = 512;

/// A Wi-Fi group and what lets one into it.
#[derive(Clone, PartialEq, Eq)]
pub struct Group {
    name: String,
    passphrase: String,
}

/// What whoever calls by an invite proves to have read in it, so that no code need be compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Token(pub [u8; 16]);

/// Where a device waits, who it is and until when; with the group to join first, if there is one. Always valid in form.
///
/// Whoever has it can join the group and pass for invited: no output shows passphrase and token but [`Invite::to_uri`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite {
    group: Option<Group>,
    addr: SocketAddr,
    key: Fingerprint,
    expires: i64,
    token: Option<Token>,
}

/// Why a text is no invite that can be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InviteError {
    /// More than [`MAX_INVITE`] bytes.
    #[error("this is too long for an invite: scan the code again")]
    TooLong,
    /// Something else than a `fieldcast:` URI.
    #[error("this is no Fieldcast invite: scan the code that the other device shows")]
    NotAnInvite,
    /// Made by a newer Fieldcast.
    #[error("this invite was made by a newer Fieldcast: update this device")]
    UnknownVersion,
    /// A key that has to be there.
    #[error("the invite lacks `{0}`: ask for a new one")]
    Missing(&'static str),
    /// A key that is there twice.
    #[error("the invite has `{0}` twice: ask for a new one")]
    Duplicate(&'static str),
    /// A value that is not what its key calls for.
    #[error("`{0}` in the invite cannot be read: scan it again, or ask for a new one")]
    Malformed(&'static str),
    /// A group name that is empty, over 32 bytes or not to be shown.
    #[error("a group's name has 1 to 32 bytes and no control characters: check it")]
    GroupName,
    /// A passphrase that Wi-Fi does not allow.
    #[error("a group's passphrase has 8 to 63 ASCII characters: check it")]
    Passphrase,
    /// A group's name without its passphrase, or the other way round.
    #[error("a group's name and passphrase go together: give both or neither")]
    HalfAGroup,
    /// An address nobody can be called at.
    #[error("the address cannot be called: give an address of the inviting device and its port")]
    Address,
    /// Its time is over.
    #[error("this invite has expired: ask for a new one, and check this device's clock")]
    Expired,
}

impl Group {
    /// A group of this name (SSID) and passphrase.
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

    /// Its name (SSID).
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its passphrase; not to be logged.
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
    /// What shows the inviting device that the caller has the token, on the connection with this secret
    /// ([`HandshakeSecret::exporter`](crate::Opening::exporter)) and on no other.
    pub fn proof(&self, exporter: &[u8; 32]) -> [u8; 32] {
        handshake::hash("fieldcast 2026-11 invited", &[exporter, &self.0])
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(secret)")
    }
}

impl Invite {
    /// An invite to the device `key` at `addr`, good until `expires` (ms since 1970, cut to whole seconds).
    ///
    /// # Errors
    /// [`InviteError::Address`] for one that cannot be called, [`InviteError::Malformed`] for a time before 1970.
    pub fn new(group: Option<Group>, addr: SocketAddr, key: Fingerprint, expires: i64) -> Result<Self, InviteError> {
        if addr.port() == 0 || addr.ip().is_unspecified() || addr.ip().is_multicast() {
            return Err(InviteError::Address);
        }
        if !(0..=invite_text::MAX_SECONDS * 1000).contains(&expires) {
            return Err(InviteError::Malformed("x"));
        }
        // An interface number means nothing on another device.
        let addr = SocketAddr::new(addr.ip(), addr.port());
        Ok(Self { group, addr, key, expires: expires / 1000 * 1000, token: None })
    }

    /// The same invite with a token, which the inviting device must know while the invite is good.
    pub fn with_token(self, token: Token) -> Self {
        Self { token: Some(token), ..self }
    }

    /// Reads an invite at the time `now` (ms since 1970). Keys it does not know are passed over.
    ///
    /// # Errors
    /// What is wrong with it: see [`InviteError`].
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

    /// The URI, with passphrase and token.
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

    /// Where the device waits.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Who it is.
    pub fn key(&self) -> Fingerprint {
        self.key
    }

    /// Until when, in ms since 1970.
    pub fn expires(&self) -> i64 {
        self.expires
    }

    /// What its reader proves to have read; `None` in one that was made without a running offer.
    pub fn token(&self) -> Option<Token> {
        self.token
    }
}
