//! What an app may set.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use fieldcast::{Engine, ExchangeSettings, InterfaceMonitor, Trust};

use crate::Fingerprint;

/// Where Fieldcast lives and what it is called.
#[derive(Clone, Debug, uniffi::Record)]
pub struct OpenSettings {
    /// The folder for the database and the device key, this app's alone; made if it is not there.
    pub data_dir: PathBuf,
    /// What other devices show; kept from the last time if not given.
    #[uniffi(default = None)]
    pub device_name: Option<String>,
    /// Allow a server without TLS on another machine: for closed test networks only.
    #[uniffi(default = false)]
    pub allow_http: bool,
    /// Make a new device key, in the place of the one that is there or of one that is missing: other devices then take it for
    /// another device. Only when the user has said so.
    #[uniffi(default = false)]
    pub new_identity: bool,
    /// Threads it works on.
    #[uniffi(default = 2)]
    pub workers: u8,
}

/// How an exchange behaves.
#[derive(Clone, Debug, uniffi::Record)]
pub struct ExchangeOptions {
    /// The network, by interface name or address; the best one if not given.
    #[uniffi(default = None)]
    pub interface: Option<String>,
    /// Whether devices are announced and searched for by the engine's own mDNS, for which iOS wants an entitlement; the
    /// phone's own discovery and calling in work without.
    #[uniffi(default = true)]
    pub mdns: bool,
    /// The port to listen on; 0 takes any free one.
    #[uniffi(default = 0)]
    pub port: u16,
    /// Devices whose keys came by another way, as an invite: no code is compared for them.
    #[uniffi(default = [])]
    pub pinned: Vec<Fingerprint>,
    /// Compare no codes at all: for rehearsals and tests.
    #[uniffi(default = false)]
    pub trust_everybody: bool,
    /// Receivers sent to at the same time; more wait in a queue.
    #[uniffi(default = 8)]
    pub max_live: u16,
    /// Seconds for which a receiver that was lost is called again.
    #[uniffi(default = 60)]
    pub resume_seconds: u32,
    /// Bytes of the storage that what is received must leave free.
    #[uniffi(default = 67108864)]
    pub reserve: u64,
}

impl ExchangeOptions {
    pub(crate) fn settings(self, engine: &Engine) -> ExchangeSettings {
        let pinned: BTreeSet<_> = self.pinned.into_iter().collect();
        ExchangeSettings {
            trust: if self.trust_everybody { Trust::Everybody } else { Trust::Compare(pinned) },
            max_live: self.max_live.max(1).into(),
            mdns: self.mdns,
            port: self.port,
            roaming: InterfaceMonitor { any: self.interface.is_none(), ..InterfaceMonitor::default() },
            resume_for: Duration::from_secs(self.resume_seconds.into()),
            reserve: self.reserve,
            ..engine.exchange_settings()
        }
    }
}
