//! Grants: signed permissions to distribute or receive boundaries. The campaign's key signs them, and devices verify
//! them without a network.
//!
//! The owner of the campaign's key makes a statement. It travels as bytes with a signature, and devices that trust the
//! key accept it. Revocations spread from device to device with every exchange.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fieldcast_model::{Dataset, DeviceName, Fingerprint, Signature};
use serde::{Deserialize, Serialize};

use crate::Role;

/// Prefix of the signed bytes, so that a signature made for another purpose is invalid here.
const SIGNED_AS: &[u8] = b"fieldcast statement 1\n";
/// Prefix of a statement in text form.
const SCHEME: &str = "fieldcast-grant:";
/// The largest size of one statement in bytes: a list of 1,278 revoked devices.
const MAX_STATEMENT: usize = 40 << 10;
/// The largest number of grants, and of revocation lists, that one side presents.
const MAX_SHOWN: usize = 8;
/// The largest size in bytes of everything that one side presents. It leaves room in a control frame.
const MAX_CREDENTIALS: usize = 48 << 10;

/// A permission for a device in a campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The public key (Ed25519) of the campaign that grants it.
    pub authority: [u8; 32],
    /// The device with the permission.
    pub device: Fingerprint,
    /// The user of the device, for display.
    pub user: DeviceName,
    /// The granted role; `None` means both.
    pub role: Option<Role>,
    /// DIGIT tenant.
    pub tenant: String,
    /// The project; `None` means every project of the tenant.
    pub project: Option<String>,
    /// Codes of leaf boundaries; empty means all. Data of a project outside all boundaries is included with any of
    /// them.
    pub boundaries: Vec<String>,
    /// Expiry, in ms since 1970.
    pub expires: i64,
}

/// Devices that a campaign no longer trusts, regardless of their grants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocations {
    /// The campaign's public key.
    pub authority: [u8; 32],
    /// Version of the list. A list with a higher number replaces the earlier lists of the campaign.
    pub number: u32,
    /// All devices revoked so far.
    pub devices: Vec<Fingerprint>,
}

/// The statements that a campaign's key can sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Statement {
    /// Gives a device a permission.
    Grant(Grant),
    /// Withdraws trust from devices.
    Revocations(Revocations),
}

/// A statement in transport form: its bytes and the signature over them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedStatement {
    statement: Vec<u8>,
    signature: Signature,
}

/// Why a statement is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StatementError {
    /// Not a statement, or made by a newer version of Fieldcast.
    #[error(
        "this is not a grant or list of revoked devices that this Fieldcast can read: copy the whole text, or update this device"
    )]
    Unreadable,
    /// It exceeds the size that devices accept.
    #[error(
        "this is too large for one statement (1,278 devices, or 40 KiB of boundaries): pardon revoked devices whose \
         grants have expired, or grant all boundaries of the project"
    )]
    TooLarge,
    /// It was altered, or signed with another key.
    #[error("the signature is not the campaign's: ask the campaign's office to send it again")]
    Signature,
}

impl Grant {
    /// Whether it permits this dataset to its device in this role.
    pub fn covers(&self, role: Role, dataset: &Dataset) -> bool {
        let is_boundary = |boundary: &String| self.boundaries.is_empty() || self.boundaries.contains(boundary);
        self.role.is_none_or(|granted| granted == role)
            && self.tenant == dataset.tenant
            && self.project.as_ref().is_none_or(|project| *project == dataset.project)
            && dataset.boundary.as_ref().is_none_or(is_boundary)
    }
}

impl Statement {
    /// The campaign key that must sign the statement.
    pub const fn authority(&self) -> &[u8; 32] {
        match self {
            Self::Grant(grant) => &grant.authority,
            Self::Revocations(revocations) => &revocations.authority,
        }
    }

    /// Signs the statement. `sign` must use the key of [`authority`](Self::authority).
    pub fn sign(&self, sign: impl FnOnce(&[u8]) -> [u8; 64]) -> SignedStatement {
        let statement = postcard::to_stdvec(self).unwrap_or_default(); // cannot fail for plain data
        let signature = Signature(sign(&signed(&statement)));
        SignedStatement { statement, signature }
    }
}

fn signed(statement: &[u8]) -> Vec<u8> {
    [SIGNED_AS, statement].concat()
}

impl SignedStatement {
    /// Returns the statement if the key that it names has signed it. `is_signed_by(key, message, signature)` verifies a
    /// signature. The caller must decide whether to trust that key.
    ///
    /// # Errors
    /// [`StatementError`].
    pub fn verify(
        &self,
        is_signed_by: impl FnOnce(&[u8; 32], &[u8], &[u8; 64]) -> bool,
    ) -> Result<Statement, StatementError> {
        if self.statement.len() > MAX_STATEMENT {
            return Err(StatementError::TooLarge);
        }
        let statement: Statement = postcard::from_bytes(&self.statement).map_err(|_| StatementError::Unreadable)?;
        match is_signed_by(statement.authority(), &signed(&self.statement), &self.signature.0) {
            true => Ok(statement),
            false => Err(StatementError::Signature),
        }
    }

    /// The statement as text, for a chat message, a file or a QR code.
    pub fn to_text(&self) -> String {
        let bytes = [&self.signature.0[..], &self.statement].concat();
        format!("{SCHEME}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads the text form. Ignores white space around it.
    ///
    /// # Errors
    /// [`StatementError::Unreadable`].
    pub fn from_text(text: &str) -> Result<Self, StatementError> {
        let read = || {
            let text = text.trim().strip_prefix(SCHEME).filter(|text| text.len() <= 2 * MAX_STATEMENT)?;
            let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
            let (signature, statement) = bytes.split_first_chunk()?;
            Some(Self { statement: statement.to_vec(), signature: Signature(*signature) })
        };
        read().ok_or(StatementError::Unreadable)
    }
}

/// The statements that one side presents: its own grants, and the revocation lists that it has received.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// Grants of this device.
    pub grants: Vec<SignedStatement>,
    /// The revocation lists that this device knows.
    pub revocations: Vec<SignedStatement>,
}

impl Credentials {
    /// Keeps as many statements as fit: revocations before grants, the first of each first.
    pub fn new(grants: Vec<SignedStatement>, revocations: Vec<SignedStatement>) -> Self {
        let mut room = MAX_CREDENTIALS;
        let mut fit = |all: Vec<SignedStatement>| {
            let fits = |one: &SignedStatement| match room.checked_sub(one.statement.len() + 80) {
                Some(left) => {
                    room = left;
                    true
                }
                None => false,
            };
            all.into_iter().filter(fits).take(MAX_SHOWN).collect()
        };
        let revocations = fit(revocations);
        Self { grants: fit(grants), revocations }
    }

    /// Whether the number of statements is within the limits for a peer.
    pub(crate) fn is_bounded(&self) -> bool {
        self.grants.len() <= MAX_SHOWN && self.revocations.len() <= MAX_SHOWN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant() -> Grant {
        Grant {
            authority: [1; 32],
            device: Fingerprint([2; 32]),
            user: DeviceName::new("Asha"),
            role: Some(Role::Receiver),
            tenant: "mz".into(),
            project: None,
            boundaries: vec!["MZ_01".into()],
            expires: 99,
        }
    }

    /// Stands in for Ed25519.
    fn sign(key: [u8; 32]) -> impl Fn(&[u8]) -> [u8; 64] {
        move |message| {
            let mut signature = [0; 64];
            blake3::Hasher::new_keyed(&key).update(message).finalize_xof().fill(&mut signature);
            signature
        }
    }

    fn is_signed_by(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        sign(*key)(message) == *signature
    }

    #[test]
    fn checks_role_tenant_project_and_boundaries() {
        let dataset = |boundary: Option<&str>| Dataset {
            tenant: "mz".into(),
            project: "p".into(),
            boundary: boundary.map(Into::into),
        };
        assert!(grant().covers(Role::Receiver, &dataset(Some("MZ_01"))));
        assert!(grant().covers(Role::Receiver, &dataset(None)), "data of the project outside all boundaries");
        assert!(!grant().covers(Role::Receiver, &dataset(Some("MZ_02"))));
        assert!(!grant().covers(Role::Distributor, &dataset(Some("MZ_01"))));
        let elsewhere = Dataset { tenant: "in".into(), ..dataset(None) };
        assert!(!grant().covers(Role::Receiver, &elsewhere));
        let wide = Grant { role: None, boundaries: vec![], project: Some("p".into()), ..grant() };
        assert!(wide.covers(Role::Distributor, &dataset(Some("MZ_02"))));
        assert!(!wide.covers(Role::Distributor, &Dataset { project: "q".into(), ..dataset(None) }));
    }

    #[test]
    fn rejects_altered_statement() {
        let signed = Statement::Grant(grant()).sign(sign([1; 32]));
        assert_eq!(signed.verify(is_signed_by), Ok(Statement::Grant(grant())));
        for at in 0..signed.statement.len() {
            let mut altered = signed.clone();
            altered.statement[at] ^= 1;
            assert!(altered.verify(is_signed_by).is_err(), "{at}");
        }
        let of_another_key = Statement::Grant(grant()).sign(sign([9; 32]));
        assert_eq!(of_another_key.verify(is_signed_by), Err(StatementError::Signature));
    }

    #[test]
    fn reads_text_and_rejects_truncated_text() {
        let signed = Statement::Revocations(Revocations {
            authority: [1; 32],
            number: 3,
            devices: vec![Fingerprint([7; 32]); 1000],
        })
        .sign(sign([1; 32]));
        let text = signed.to_text();
        assert_eq!(SignedStatement::from_text(&format!(" {text}\n")), Ok(signed));
        let cut = |len: usize| SignedStatement::from_text(&text[..len]).and_then(|cut| cut.verify(is_signed_by));
        for len in [0, 5, 20, 90, 200, text.len() - 1] {
            assert!(cut(len).is_err(), "{len}");
        }
    }

    #[test]
    fn limits_revoked_devices_in_one_list() {
        let list = |devices: usize| {
            let devices = vec![Fingerprint([7; 32]); devices];
            Statement::Revocations(Revocations { authority: [1; 32], number: u32::MAX, devices }).sign(sign([1; 32]))
        };
        assert!(list(1_278).verify(is_signed_by).is_ok());
        assert_eq!(list(1_279).verify(is_signed_by), Err(StatementError::TooLarge));
        assert_eq!(Credentials::new(vec![], vec![list(1_278)]).revocations.len(), 1, "the full list is passed on");
    }

    #[test]
    fn fits_credentials_into_one_message() {
        let large = Statement::Revocations(Revocations {
            authority: [1; 32],
            number: 3,
            devices: vec![Fingerprint([7; 32]); 1000],
        })
        .sign(sign([1; 32]));
        let small = Statement::Grant(grant()).sign(sign([1; 32]));
        let shown = Credentials::new(vec![small; 20], vec![large.clone(), large]);
        assert_eq!((shown.revocations.len(), shown.grants.len()), (1, 8));
        assert!(postcard::to_stdvec(&shown).unwrap().len() < 60 << 10);
        assert!(shown.is_bounded());
    }
}
