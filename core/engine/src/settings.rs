//! What a face may set.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fieldcast_model::DeviceName;
use fieldcast_net::{Discovery, KeyWrap, Wanted};
use fieldcast_wire::Limits;

use crate::{InterfaceMonitor, Trust};

/// Where the engine lives and what it is called.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder for the database and the device key; made if it is not there.
    pub data_dir: PathBuf,
    /// What other devices show; kept from the last time if `None`.
    pub device_name: Option<String>,
    /// Allow a server without TLS on another machine: for closed test networks only.
    pub allow_http: bool,
    /// The phone's key store, to keep the device key; the file alone keeps it if `None`.
    pub key_wrap: Option<Arc<dyn KeyWrap>>,
    /// Make a new device key, in the place of the one that is there or of one that is missing: other devices then take it for
    /// another device. The old key is kept as `device.key.old-<n>`.
    pub new_identity: bool,
}

impl Settings {
    /// The usual settings for a data directory.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self { data_dir: data_dir.into(), device_name: None, allow_http: false, key_wrap: None, new_identity: false }
    }
}

/// What is left free unless told otherwise.
pub(crate) const DEFAULT_RESERVE: u64 = 64 << 20;

/// How exchanges behave.
#[derive(Clone, Debug)]
pub struct ExchangeSettings {
    /// What other devices show.
    pub name: DeviceName,
    /// The longest each wait may last.
    pub limits: Limits,
    /// Whose code has to be compared.
    pub trust: Trust,
    /// How many receivers are sent to at the same time; more wait in a queue.
    pub max_live: usize,
    /// How long a receiver that was lost is called again.
    pub resume_for: Duration,
    /// Whether devices are announced and searched for by mDNS of this engine's own; they can call in without.
    pub mdns: bool,
    /// The phone's service discovery, which announces and searches too, whether or not there is mDNS.
    pub discovery: Option<Arc<dyn Discovery>>,
    /// Devices that are listed however many others are announced. Those that are trusted, that are in an invite or that
    /// have proven who they are come by themselves.
    pub wanted: Wanted,
    /// Where a session listens for those who call; 0 means any free port.
    pub port: u16,
    /// Where a session goes on when its network has gone.
    pub roaming: InterfaceMonitor,
    /// Bytes of the storage that what is received must leave free: a phone with a full disk misbehaves in every way.
    pub reserve: u64,
}

impl ExchangeSettings {
    pub(crate) fn new(name: DeviceName) -> Self {
        Self {
            name,
            limits: Limits::default(),
            trust: Trust::Compare(BTreeSet::new()),
            max_live: 8,
            resume_for: Duration::from_secs(60),
            mdns: true,
            discovery: None,
            wanted: Wanted::default(),
            port: 0,
            roaming: InterfaceMonitor::default(),
            reserve: DEFAULT_RESERVE,
        }
    }
}
