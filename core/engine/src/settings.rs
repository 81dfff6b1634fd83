//! Settings of the engine and of exchanges.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fieldcast_model::DeviceName;
use fieldcast_net::{Discovery, KeyWrap, Wanted};
use fieldcast_wire::Limits;

use crate::{InterfaceMonitor, Trust};

/// The data folder and the device settings of an engine.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder for the database and the device key; created if it does not exist.
    pub data_dir: PathBuf,
    /// The name that other devices show; `None` keeps the stored name.
    pub device_name: Option<String>,
    /// Allows a server on another machine without TLS: for closed test networks only.
    pub allow_http: bool,
    /// The phone's key store that encrypts the device key; `None` keeps the key in the file only.
    pub key_wrap: Option<Arc<dyn KeyWrap>>,
    /// Creates a new device key, even if one exists or is missing. Other devices then see a new device. The old key is
    /// kept as `device.key.old-<n>`.
    pub new_identity: bool,
}

impl Settings {
    /// The usual settings for a data directory.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self { data_dir: data_dir.into(), device_name: None, allow_http: false, key_wrap: None, new_identity: false }
    }
}

/// The default number of bytes that stay free.
pub(crate) const DEFAULT_RESERVE: u64 = 64 << 20;

/// Settings of an exchange.
#[derive(Clone, Debug)]
pub struct ExchangeSettings {
    /// The name that other devices show.
    pub name: DeviceName,
    /// The maximum duration of each wait.
    pub limits: Limits,
    /// The devices whose code has to be compared.
    pub trust: Trust,
    /// How many receivers get data at the same time; the others wait in a queue.
    pub max_live: usize,
    /// How long to reconnect to a lost receiver.
    pub resume_for: Duration,
    /// Whether this engine announces and searches by mDNS. Devices can connect to it without mDNS too.
    pub mdns: bool,
    /// The phone's platform discovery, which also announces and searches, with or without mDNS.
    pub discovery: Option<Arc<dyn Discovery>>,
    /// Devices that are always listed, even if many others are announced. Trusted devices, devices in an invite and
    /// devices that have proven their key are added automatically.
    pub wanted: Wanted,
    /// The port on which a session listens; 0 means any free port.
    pub port: u16,
    /// How a session finds another network after a loss.
    pub interface_monitor: InterfaceMonitor,
    /// Bytes of the storage that received data must leave free, because a phone with a full disk fails in many ways.
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
            interface_monitor: InterfaceMonitor::default(),
            reserve: DEFAULT_RESERVE,
        }
    }
}
