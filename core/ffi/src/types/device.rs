//! This device, and others.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

pub use fieldcast::{Check, Checked, Finding, Interface, Recovery, TrustedPeer};
use fieldcast::{Group, Invite, InviteError};

use crate::{Dataset, DeviceName, Fingerprint};

/// This device, as others see it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct DeviceInfo {
    /// What other devices show.
    pub name: DeviceName,
    /// Who it is.
    pub fingerprint: Fingerprint,
    /// What became of a database that was found damaged at opening; the user should be told.
    pub recovery: Option<Recovery>,
}

/// What became of a damaged database. If anything was lost, `old` is where the damaged file was moved. `incomplete` datasets
/// have to be downloaded or received again; `lost_edits` are told until they are confirmed; if settings were lost, nothing is
/// taken without a grant until the policy is set again.
#[uniffi::remote(Record)]
pub struct Recovery {
    pub old: Option<PathBuf>,
    pub records: u64,
    pub incomplete: Vec<Dataset>,
    pub edits: u64,
    pub lost_edits: u64,
    pub settings_lost: bool,
}

/// What the storage has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct StorageInfo {
    /// Bytes that are free.
    pub free: u64,
    /// Bytes that the database takes.
    pub used: u64,
}

/// A device whose code was compared; `since` is milliseconds since 1970.
#[uniffi::remote(Record)]
pub struct TrustedPeer {
    pub fingerprint: Fingerprint,
    pub name: DeviceName,
    pub since: i64,
}

/// One address of one network interface of this device.
#[uniffi::remote(Record)]
pub struct Interface {
    pub name: String,
    pub addr: IpAddr,
    pub prefix: u8,
    pub is_loopback: bool,
    pub index: Option<u32>,
}

/// A Wi-Fi group and what lets one into it.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct WifiGroup {
    /// Its name (SSID).
    pub name: String,
    /// Its passphrase; not to be logged.
    pub passphrase: String,
}

impl std::fmt::Debug for WifiGroup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WifiGroup").field("name", &self.name).finish_non_exhaustive()
    }
}

impl TryFrom<WifiGroup> for Group {
    type Error = InviteError;

    fn try_from(group: WifiGroup) -> Result<Self, InviteError> {
        Self::new(&group.name, &group.passphrase)
    }
}

impl From<&Group> for WifiGroup {
    fn from(group: &Group) -> Self {
        Self { name: group.name().to_owned(), passphrase: group.passphrase().to_owned() }
    }
}

/// What an invite says: where a device waits, who it is, until when, and the group to join first.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct InviteInfo {
    /// The group to join first.
    pub group: Option<WifiGroup>,
    /// Where the device waits.
    pub addr: SocketAddr,
    /// Who it is.
    pub device: Fingerprint,
    /// Until when, in milliseconds since 1970.
    pub expires: i64,
}

impl From<&Invite> for InviteInfo {
    fn from(invite: &Invite) -> Self {
        let group = invite.group().map(Into::into);
        Self { group, addr: invite.addr(), device: invite.key(), expires: invite.expires() }
    }
}

/// What is looked at.
#[uniffi::remote(Enum)]
pub enum Checked {
    Interfaces,
    Multicast,
    Port,
    Disk,
    Clock,
    Folder,
    Key,
    Database,
}

/// How bad it is.
#[uniffi::remote(Enum)]
pub enum Finding {
    Ok,
    Warning,
    Problem,
}

/// One thing that was looked at: what was found, and what to do about it, empty when there is nothing to do.
#[uniffi::remote(Record)]
pub struct Check {
    pub checked: Checked,
    pub finding: Finding,
    pub found: String,
    pub advice: String,
}
