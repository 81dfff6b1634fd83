//! Settings of the app.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use fieldcast::{Engine, ExchangeSettings, InterfaceMonitor, Trust};

use crate::Fingerprint;

/// Folder, name and options for opening Fieldcast.
#[derive(Clone, Debug, uniffi::Record)]
pub struct OpenSettings {
    /// The folder for the database and the device key, used by this app only. It is created if missing.
    pub data_dir: PathBuf,
    /// The name that other devices show. Without it, the previous name is kept.
    #[uniffi(default = None)]
    pub device_name: Option<String>,
    /// Allows a server without TLS on another machine. Use it only in closed test networks.
    #[uniffi(default = false)]
    pub allow_http: bool,
    /// Makes a new device key, replacing an existing or a missing one. Other devices then treat this device as a new
    /// one. Set it only if the user has confirmed it.
    #[uniffi(default = false)]
    pub new_identity: bool,
    /// Number of worker threads.
    #[uniffi(default = 2)]
    pub workers: u8,
}

/// Options of an exchange.
#[derive(Clone, Debug, uniffi::Record)]
pub struct ExchangeOptions {
    /// The network, by interface name or address. Without it, Fieldcast selects the best one.
    #[uniffi(default = None)]
    pub network: Option<String>,
    /// Whether the engine's own mDNS announces and searches. On iOS it needs an entitlement; the phone's own discovery
    /// and direct connections work without it.
    #[uniffi(default = true)]
    pub mdns: bool,
    /// The port to listen on; 0 selects any free port.
    #[uniffi(default = 0)]
    pub port: u16,
    /// Devices whose keys came by another way, such as an invite. No code is compared for them.
    #[uniffi(default = [])]
    pub pinned: Vec<Fingerprint>,
    /// Compares no codes at all. For rehearsals and tests only.
    #[uniffi(default = false)]
    pub accept_all: bool,
    /// Number of receivers to send to at the same time. More receivers wait in a queue.
    #[uniffi(default = 8)]
    pub max_live: u16,
    /// For how many seconds Fieldcast reconnects to a lost receiver.
    #[uniffi(default = 60)]
    pub resume_seconds: u32,
    /// Bytes of storage that received data must leave free.
    #[uniffi(default = 67108864)]
    pub reserve: u64,
}

impl ExchangeOptions {
    pub(crate) fn settings(self, engine: &Engine) -> ExchangeSettings {
        // Names every field, so that a new one does not compile until it has an effect.
        let Self { network, mdns, port, pinned, accept_all, max_live, resume_seconds, reserve } = self;
        ExchangeSettings {
            trust: if accept_all { Trust::AcceptAll } else { Trust::Compare(BTreeSet::from_iter(pinned)) },
            max_live: max_live.max(1).into(),
            mdns,
            port,
            interface_monitor: InterfaceMonitor { any: network.is_none(), ..InterfaceMonitor::default() },
            resume_for: Duration::from_secs(resume_seconds.into()),
            reserve,
            ..engine.exchange_settings()
        }
    }
}
