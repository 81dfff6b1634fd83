//! The phone's own service discovery, beside the engine's mDNS or in place of it.

use std::collections::HashMap;
use std::sync::Arc;

use fieldcast::DiscoverySink;

use crate::{FieldcastError, Interface, IpAddr, PortError};

/// Announces this device and finds others: Bonjour on iOS, `NsdManager` on Android, or whatever else tells devices of each
/// other. Called from a thread of its own, one call after another.
#[uniffi::export(foreign)]
pub trait PeerDiscovery: Send + Sync {
    /// Begins to announce this service, to search for others of its kind on the same network, and to tell of those for as
    /// long as the search goes on. Several searches may go on at once, each with a number of its own.
    ///
    /// # Errors
    /// Whatever the system says. The session goes on without.
    fn start(&self, search: u64, service: LocalService, sightings: Arc<PeerDiscoverySink>) -> Result<(), PortError>;

    /// Ends the announcement and the search of this number, whether or not it began.
    ///
    /// # Errors
    /// Whatever the system says.
    fn stop(&self, search: u64) -> Result<(), PortError>;
}

/// A service to be announced.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct LocalService {
    /// Its kind: `_fieldcast._tcp`. Others of it are to be searched for.
    pub kind: String,
    /// Its name. The system may add a number, as in `fc-0a1b-2c3d-4e5f-6a7b (2)`.
    pub name: String,
    /// Its TXT record.
    pub txt: HashMap<String, String>,
    /// Where it listens.
    pub port: u16,
    /// The network to announce it and to search on.
    pub interface: Interface,
}

/// A service that was found.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct RemoteService {
    /// Its name, as `LocalService` has it.
    pub name: String,
    /// Its TXT record.
    pub txt: HashMap<String, String>,
    /// Every address it has.
    pub addresses: Vec<IpAddr>,
    /// Where it listens.
    pub port: u16,
}

/// Takes what a search finds, from any thread, and never waits. What is no device of Fieldcast on the session's network is
/// left out; once the search was stopped nothing is taken any more.
#[derive(Debug, uniffi::Object)]
pub struct PeerDiscoverySink(pub(crate) DiscoverySink);

#[uniffi::export]
impl PeerDiscoverySink {
    /// A service is there, or has changed. This device's own may be told, too.
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

    /// The service of this name is there no more.
    ///
    /// # Errors
    /// None.
    pub fn lost(&self, name: String) -> Result<(), FieldcastError> {
        self.0.lost(&name);
        Ok(())
    }
}
