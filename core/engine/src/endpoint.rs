//! What a session has open on a network while it is there: an ear for callers, an announcement and a search.

use std::net::SocketAddr;

use fieldcast_net::{Error as NetworkError, Identity, Interface, Listener};
use fieldcast_wire::Role;

use crate::ExchangeSettings;
use crate::discovery::Search;
use crate::interface_monitor::ActiveNetwork;

/// Open on one network; closed when it is dropped.
pub(crate) struct Endpoint {
    pub(crate) interface: Interface,
    pub(crate) listener: Listener,
    pub(crate) search: Search,
}

/// As whom stations are opened, network after network.
pub(crate) struct EndpointConfig<'a> {
    pub(crate) settings: &'a ExchangeSettings,
    pub(crate) identity: &'a Identity,
    pub(crate) role: Role,
}

impl EndpointConfig<'_> {
    /// Opens everything on the first network.
    pub(crate) async fn open(&self, interface: Interface) -> Result<Endpoint, NetworkError> {
        self.open_at(interface, None).await
    }

    /// Waits for a network in the place of the last one, and opens everything there.
    pub(crate) async fn reopen(&self, last: &ActiveNetwork) -> Endpoint {
        let roaming = &self.settings.roaming;
        loop {
            match self.open_at(roaming.back(&last.interface).await, Some(last.addr)).await {
                Ok(station) => return station,
                Err(error) => tracing::debug!(%error, "the network is not ready yet"),
            }
            tokio::time::sleep(roaming.poll_interval).await;
        }
    }

    async fn open_at(&self, interface: Interface, before: Option<SocketAddr>) -> Result<Endpoint, NetworkError> {
        let listener = self.listen(&interface, before).await?;
        let port = listener.addr().port();
        let search = Search::on(&interface, self.settings, self.identity, self.role, port)?;
        Ok(Endpoint { interface, listener, search })
    }

    /// Listens where it was listened before, so that an address that was handed out stays good.
    async fn listen(&self, interface: &Interface, before: Option<SocketAddr>) -> Result<Listener, NetworkError> {
        let port = self.settings.port;
        let Some(before) = before else { return Listener::bind(interface, port, self.identity).await };
        match Listener::bind(interface, before.port(), self.identity).await {
            Err(NetworkError::PortInUse { .. }) if port == 0 => Listener::bind(interface, 0, self.identity).await,
            bound => bound,
        }
    }
}
