//! This device and other devices.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

pub use fieldcast::{Check, Checked, Finding, Interface, Recovery, TrustedPeer};
use fieldcast::{Group, Invite, InviteError};

use crate::{Dataset, DeviceName, Fingerprint};

/// This device, as other devices see it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct DeviceInfo {
    /// The name that other devices show.
    pub name: DeviceName,
    /// Identity of the device.
    pub fingerprint: Fingerprint,
    /// The result of recovering a damaged database at opening. Inform the user.
    pub recovery: Option<Recovery>,
}

/// The result of recovering a damaged database. If data was lost, `old` is the new path of the damaged file.
/// `incomplete` datasets must be downloaded or received again. `lost_edits` are reported until they are confirmed. If
/// settings were lost, data is accepted only with a grant until the policy is set again.
#[uniffi::remote(Record)]
pub struct Recovery {
    pub old: Option<PathBuf>,
    pub records: u64,
    pub incomplete: Vec<Dataset>,
    pub edits: u64,
    pub lost_edits: u64,
    pub settings_lost: bool,
}

/// Free and used storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct StorageInfo {
    /// Free bytes.
    pub free: u64,
    /// Bytes used by the database.
    pub used: u64,
}

/// A trusted device: its code was compared. `since` is in milliseconds since 1970.
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

/// A Wi-Fi group with its passphrase.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct WifiGroup {
    /// Name (SSID).
    pub name: String,
    /// Passphrase. Do not log it.
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

/// The contents of an invite: address, device, expiry, and the group to join first.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct InviteInfo {
    /// The group to join first.
    pub group: Option<WifiGroup>,
    /// The address of the waiting device.
    pub addr: SocketAddr,
    /// The fingerprint of the waiting device.
    pub device: Fingerprint,
    /// Expiry, in milliseconds since 1970.
    pub expires: i64,
}

impl From<&Invite> for InviteInfo {
    fn from(invite: &Invite) -> Self {
        let group = invite.group().map(Into::into);
        Self { group, addr: invite.addr(), device: invite.key(), expires: invite.expires() }
    }
}

/// The subject of a check.
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

/// The severity of a result.
#[uniffi::remote(Enum)]
pub enum Finding {
    Ok,
    Warning,
    Problem,
}

/// One check: the result and the advice. The advice is empty if there is nothing to do.
#[uniffi::remote(Record)]
pub struct Check {
    pub checked: Checked,
    pub finding: Finding,
    pub found: String,
    pub advice: String,
}
