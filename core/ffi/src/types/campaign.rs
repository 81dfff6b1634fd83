//! What campaigns grant and revoke.

use fieldcast::Statement;
pub use fieldcast::{Grant, Policy, Revocations, Role};

use crate::{DeviceName, Fingerprint, PublicKey};

/// What a device does in an exchange.
#[uniffi::remote(Enum)]
pub enum Role {
    Distributor,
    Receiver,
}

/// What a device without a grant may do: all that people agree to, or nothing.
#[uniffi::remote(Enum)]
pub enum Policy {
    Ask,
    GrantRequired,
}

/// What a device may do in a campaign until `expires` (milliseconds since 1970). No role means either, no project every
/// one of the tenant, no boundaries all.
#[uniffi::remote(Record)]
pub struct Grant {
    pub authority: PublicKey,
    pub device: Fingerprint,
    pub user: DeviceName,
    pub role: Option<Role>,
    pub tenant: String,
    pub project: Option<String>,
    pub boundaries: Vec<String>,
    pub expires: i64,
}

/// Devices that a campaign no longer trusts.
#[uniffi::remote(Record)]
pub struct Revocations {
    pub authority: PublicKey,
    pub number: u32,
    pub devices: Vec<Fingerprint>,
}

/// What a campaign says.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum CampaignStatement {
    /// A device may do something.
    Granted {
        /// What.
        grant: Grant,
    },
    /// Devices are no longer trusted.
    Revoked {
        /// Which.
        revocations: Revocations,
    },
}

impl From<Statement> for CampaignStatement {
    fn from(statement: Statement) -> Self {
        match statement {
            Statement::Grant(grant) => Self::Granted { grant },
            Statement::Revocations(revocations) => Self::Revoked { revocations },
        }
    }
}

/// A campaign that is trusted.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct TrustedCampaign {
    /// Its public key.
    pub key: PublicKey,
    /// What it is called here.
    pub name: String,
    /// Since when, in milliseconds since 1970.
    pub since: i64,
}

impl From<fieldcast::Campaign> for TrustedCampaign {
    fn from(campaign: fieldcast::Campaign) -> Self {
        Self { key: campaign.key, name: campaign.name, since: campaign.since }
    }
}
