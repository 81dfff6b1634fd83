//! Grants: who may distribute and receive which boundaries, said by a campaign's key and checked without a network.
//!
//! A statement is made by whoever holds the campaign's key, travels as bytes with their signature, and is believed by
//! devices that were told to trust that key. What is revoked spreads from device to device with every exchange.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fieldcast_model::{Dataset, DeviceName, Fingerprint, Signature};
use serde::{Deserialize, Serialize};

use crate::Role;

/// What is signed begins with this, so that a signature made for anything else is of no use here.
const SIGNED_AS: &[u8] = b"fieldcast statement 1\n";
/// How a statement's text begins.
const SCHEME: &str = "fieldcast-grant:";
/// The most bytes of one statement: a list of 1,278 revoked devices.
const MAX_STATEMENT: usize = 40 << 10;
/// The most grants, and the most lists of revoked devices, that one side shows.
const MAX_SHOWN: usize = 8;
/// The most bytes of everything one side shows; leaves room in a control frame.
const MAX_CREDENTIALS: usize = 48 << 10;

/// What a device may do in a campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The campaign's public key (Ed25519), whose owner grants this.
    pub authority: [u8; 32],
    /// To which device.
    pub device: Fingerprint,
    /// In whose hands it is, for people to read.
    pub user: DeviceName,
    /// As what; `None` means as either.
    pub role: Option<Role>,
    /// DIGIT tenant.
    pub tenant: String,
    /// The project; `None` means every project of the tenant.
    pub project: Option<String>,
    /// Codes of leaf boundaries; empty means all. What a project has outside all boundaries goes with any of it.
    pub boundaries: Vec<String>,
    /// Until when, in ms since 1970.
    pub expires: i64,
}

/// Devices that a campaign no longer trusts, whatever grants they have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocations {
    /// The campaign's public key.
    pub authority: [u8; 32],
    /// A later list of the same campaign has a greater number, and takes this one's place.
    pub number: u32,
    /// All devices revoked so far.
    pub devices: Vec<Fingerprint>,
}

/// What a campaign's key can say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Statement {
    /// A device may do something.
    Grant(Grant),
    /// Devices are no longer trusted.
    Revocations(Revocations),
}

/// A statement as it travels: its bytes and the signature over them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedStatement {
    statement: Vec<u8>,
    signature: Signature,
}

/// Why a statement is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StatementError {
    /// It is none, or of a newer Fieldcast.
    #[error(
        "this is no grant or list of revoked devices that this Fieldcast knows: copy it whole, or update this device"
    )]
    Unreadable,
    /// It is longer than any device believes.
    #[error(
        "this names more than a statement holds (1,278 devices, or 40 KiB of boundaries): pardon revoked devices whose \
         grants have expired, or grant all boundaries of the project"
    )]
    TooLarge,
    /// It was altered, or its signature is of another key.
    #[error("the signature is not the campaign's: ask for a new one")]
    Signature,
}

impl Grant {
    /// Whether it lets its device have, in this role, this dataset.
    pub fn covers(&self, role: Role, dataset: &Dataset) -> bool {
        let is_boundary = |boundary: &String| self.boundaries.is_empty() || self.boundaries.contains(boundary);
        self.role.is_none_or(|granted| granted == role)
            && self.tenant == dataset.tenant
            && self.project.as_ref().is_none_or(|project| *project == dataset.project)
            && dataset.boundary.as_ref().is_none_or(is_boundary)
    }
}

impl Statement {
    /// The campaign's key it must be signed with.
    pub const fn authority(&self) -> &[u8; 32] {
        match self {
            Self::Grant(grant) => &grant.authority,
            Self::Revocations(revocations) => &revocations.authority,
        }
    }

    /// Signs it; `sign` is that of the [`authority`](Self::authority).
    pub fn sign(&self, sign: impl FnOnce(&[u8]) -> [u8; 64]) -> SignedStatement {
        let statement = postcard::to_stdvec(self).unwrap_or_default(); // plain data: cannot fail
        let signature = Signature(sign(&signed(&statement)));
        SignedStatement { statement, signature }
    }
}

fn signed(statement: &[u8]) -> Vec<u8> {
    [SIGNED_AS, statement].concat()
}

impl SignedStatement {
    /// What was said, by whoever owns the key it names; `is_signed_by(key, message, signature)` says whether a signature
    /// is right. Whether that key is one to trust is the caller's to know.
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

    /// Its text, for a message, a file or a QR code.
    pub fn to_text(&self) -> String {
        let bytes = [&self.signature.0[..], &self.statement].concat();
        format!("{SCHEME}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads a text; white space around it does not matter.
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

/// What one side shows of itself, and of what it has heard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// Its own grants.
    pub grants: Vec<SignedStatement>,
    /// The lists of revoked devices it knows.
    pub revocations: Vec<SignedStatement>,
}

impl Credentials {
    /// These, as far as there is room: the first ones first, revocations before grants.
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

    /// Whether a peer may show so much.
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
    fn a_grant_covers_its_role_tenant_project_and_boundaries() {
        let dataset = |boundary: Option<&str>| Dataset {
            tenant: "mz".into(),
            project: "p".into(),
            boundary: boundary.map(Into::into),
        };
        assert!(grant().covers(Role::Receiver, &dataset(Some("MZ_01"))));
        assert!(grant().covers(Role::Receiver, &dataset(None)), "what the project has outside all boundaries");
        assert!(!grant().covers(Role::Receiver, &dataset(Some("MZ_02"))));
        assert!(!grant().covers(Role::Distributor, &dataset(Some("MZ_01"))));
        let elsewhere = Dataset { tenant: "in".into(), ..dataset(None) };
        assert!(!grant().covers(Role::Receiver, &elsewhere));
        let wide = Grant { role: None, boundaries: vec![], project: Some("p".into()), ..grant() };
        assert!(wide.covers(Role::Distributor, &dataset(Some("MZ_02"))));
        assert!(!wide.covers(Role::Distributor, &Dataset { project: "q".into(), ..dataset(None) }));
    }

    #[test]
    fn a_statement_altered_anywhere_is_not_believed() {
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
    fn a_text_reads_back_and_a_cut_one_does_not() {
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
    fn a_list_holds_so_many_devices_and_no_more() {
        let list = |devices: usize| {
            let devices = vec![Fingerprint([7; 32]); devices];
            Statement::Revocations(Revocations { authority: [1; 32], number: u32::MAX, devices }).sign(sign([1; 32]))
        };
        assert!(list(1_278).verify(is_signed_by).is_ok());
        assert_eq!(list(1_279).verify(is_signed_by), Err(StatementError::TooLarge));
        assert_eq!(Credentials::new(vec![], vec![list(1_278)]).revocations.len(), 1, "it is handed on");
    }

    #[test]
    fn what_is_shown_has_room_in_a_message() {
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
