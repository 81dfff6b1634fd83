//! Grants and revocations of campaigns.

use fieldcast::Statement;
pub use fieldcast::{Grant, Policy, Revocations, Role};

use crate::{DeviceName, Fingerprint, PublicKey};

/// The role of a device in an exchange.
#[uniffi::remote(Enum)]
pub enum Role {
    Distributor,
    Receiver,
}

/// The permissions of a device without a grant: everything that the users accept, or nothing.
#[uniffi::remote(Enum)]
pub enum Policy {
    Ask,
    GrantRequired,
}

/// A permission for a device in a campaign until `expires` (milliseconds since 1970). No role means both roles, no
/// project means all projects of the tenant, no boundaries means all boundaries.
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

/// A statement of a campaign.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum CampaignStatement {
    /// Gives a device a permission.
    Granted {
        /// The permission.
        grant: Grant,
    },
    /// Withdraws trust from devices.
    Revoked {
        /// The devices.
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

/// A trusted campaign.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct TrustedCampaign {
    /// Public key.
    pub key: PublicKey,
    /// Name on this device.
    pub name: String,
    /// Start of the trust, in milliseconds since 1970.
    pub since: i64,
}

impl From<fieldcast::Campaign> for TrustedCampaign {
    fn from(campaign: fieldcast::Campaign) -> Self {
        Self { key: campaign.key, name: campaign.name, since: campaign.since }
    }
}
