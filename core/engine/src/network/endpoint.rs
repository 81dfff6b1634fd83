//! The endpoint of a session on one network: a listener, an announcement and a search.

use std::net::SocketAddr;

use fieldcast_net::{Error as NetworkError, Identity, Interface, Listener};
use fieldcast_wire::Role;

use super::discovery::Search;
use super::interface_monitor::ActiveNetwork;
use crate::ExchangeSettings;

/// An endpoint on one network. Dropping it closes it.
pub(crate) struct Endpoint {
    pub(crate) interface: Interface,
    pub(crate) listener: Listener,
    pub(crate) search: Search,
}

/// The settings with which a session opens an endpoint on each network.
pub(crate) struct EndpointConfig<'a> {
    pub(crate) settings: &'a ExchangeSettings,
    pub(crate) identity: &'a Identity,
    pub(crate) role: Role,
}

impl EndpointConfig<'_> {
    /// Opens the endpoint on the first network.
    pub(crate) async fn open(&self, interface: Interface) -> Result<Endpoint, NetworkError> {
        self.open_at(interface, None).await
    }

    /// Waits until the network is back or another replaces it, and opens the endpoint there.
    pub(crate) async fn reopen(&self, last: &ActiveNetwork) -> Endpoint {
        let monitor = &self.settings.interface_monitor;
        loop {
            match self.open_at(monitor.available(&last.interface).await, Some(last.addr)).await {
                Ok(endpoint) => return endpoint,
                Err(error) => tracing::debug!(%error, "the network is not ready yet"),
            }
            tokio::time::sleep(monitor.poll_interval).await;
        }
    }

    async fn open_at(&self, interface: Interface, before: Option<SocketAddr>) -> Result<Endpoint, NetworkError> {
        let listener = self.listen(&interface, before).await?;
        let port = listener.addr().port();
        let search = Search::start(&interface, self.settings, self.identity, self.role, port)?;
        Ok(Endpoint { interface, listener, search })
    }

    /// Listens on the same port as before if possible, so that addresses that were already given out stay valid.
    async fn listen(&self, interface: &Interface, before: Option<SocketAddr>) -> Result<Listener, NetworkError> {
        let port = self.settings.port;
        let Some(before) = before else { return Listener::bind(interface, port, self.identity).await };
        match Listener::bind(interface, before.port(), self.identity).await {
            Err(NetworkError::PortInUse { .. }) if port == 0 => Listener::bind(interface, 0, self.identity).await,
            bound => bound,
        }
    }
}
