//! The phone's own service discovery, in addition to the engine's mDNS or instead of it.

use std::collections::HashMap;
use std::sync::Arc;

use fieldcast::DiscoverySink;

use crate::{FieldcastError, Interface, IpAddr, PortError};

/// Announces this device and discovers others: Bonjour on iOS, `NsdManager` on Android, or another mechanism. Fieldcast
/// calls it from a separate thread, one call after another.
#[uniffi::export(foreign)]
pub trait PeerDiscovery: Send + Sync {
    /// Starts to announce this service, to search for services of the same kind on the same network, and to report them
    /// until the search is stopped. Several searches can run at once; each has its own number.
    ///
    /// # Errors
    /// Any system error. The session continues without this discovery.
    fn start(&self, search: u64, service: LocalService, sightings: Arc<PeerDiscoverySink>) -> Result<(), PortError>;

    /// Stops the announcement and the search with this number, whether or not it has started.
    ///
    /// # Errors
    /// Any system error.
    fn stop(&self, search: u64) -> Result<(), PortError>;
}

/// A service to announce.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct LocalService {
    /// Service type: `_fieldcast._tcp`. Search for the same type.
    pub kind: String,
    /// Service name. The system may add a number, as in `fc-0a1b-2c3d-4e5f-6a7b (2)`.
    pub name: String,
    /// TXT record.
    pub txt: HashMap<String, String>,
    /// Port of the service.
    pub port: u16,
    /// Network interface for the announcement and the search.
    pub interface: Interface,
}

/// A discovered service.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct RemoteService {
    /// Service name, as in `LocalService`.
    pub name: String,
    /// TXT record.
    pub txt: HashMap<String, String>,
    /// All addresses of the service.
    pub addresses: Vec<IpAddr>,
    /// Port of the service.
    pub port: u16,
}

/// Receives the results of a search. It can be called from any thread and never blocks. It ignores services that are
/// not Fieldcast devices on the session's network, and everything after the search was stopped.
#[derive(Debug, uniffi::Object)]
pub struct PeerDiscoverySink(pub(crate) DiscoverySink);

#[uniffi::export]
impl PeerDiscoverySink {
    /// Reports a service that appeared or changed. It may also be the service of this device.
    ///
    /// # Errors
    /// None.
    pub fn found(&self, service: RemoteService) -> Result<(), FieldcastError> {
        let RemoteService { name, txt, addresses, port } = &service;
        let text = |key: &str| txt.iter().find(|(other, _)| other.eq_ignore_ascii_case(key));
        let found = fieldcast::DiscoveredService { name, addresses, port: *port };
        self.0.found(&found, |key| text(key).map(|(_, value)| value.as_str()));
        Ok(())
    }

    /// Reports that the service with this name has disappeared.
    ///
    /// # Errors
    /// None.
    pub fn lost(&self, name: String) -> Result<(), FieldcastError> {
        self.0.lost(&name);
        Ok(())
    }
}
