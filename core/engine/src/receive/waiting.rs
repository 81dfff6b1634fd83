//! Waits for distributors on each network: for inbound connections and for discovery events.

use std::sync::Arc;

use fieldcast_net::Connection;
use fieldcast_wire::HandshakeParameters;
use tokio_util::sync::CancellationToken;

use super::event::ReceiveEvent;
use super::exchange::Exchange;
use super::session::Shared;
use crate::NetworkChange;
use crate::discovery::Found;
use crate::endpoint::Endpoint;
use crate::inbound::{InboundConnections, Proven};
use crate::interface_monitor::ActiveNetwork;
use crate::link::Link;
use crate::trust;

/// The maximum number of connections at a time. One of them receives, the others have to wait. A connection without
/// an offer is closed if a new one needs the slot.
const MAX_CONNECTIONS: usize = 16;

/// Waits for distributors until cancelled, across network changes. Then waits until running exchanges have ended.
pub(super) async fn wait(
    shared: Arc<Shared>,
    mut endpoint: Endpoint,
    mut network: ActiveNetwork,
    cancel: CancellationToken,
) {
    let (config, mut exchanges) = (shared.endpoint_config(), InboundConnections::new(MAX_CONNECTIONS));
    loop {
        tokio::select! {
            () = handle(&shared, &mut endpoint, &network, &mut exchanges, &cancel) => {}
            () = shared.settings.roaming.lost(&network.interface) => {}
            () = cancel.cancelled() => break,
        }
        drop(endpoint);
        shared.network_gone(&network.interface.name);
        tokio::select! {
            reopened = config.reopen(&network) => endpoint = reopened,
            () = cancel.cancelled() => break,
        }
        network = shared.network_state.begin(&endpoint);
        let (interface, addr) = (network.interface.clone(), network.addr);
        shared.events.publish(ReceiveEvent::Network(NetworkChange::Back { interface, addr }));
    }
    exchanges.finished().await;
}

/// Handles inbound connections and discovery events while it is polled.
async fn handle(
    shared: &Arc<Shared>,
    endpoint: &mut Endpoint,
    network: &ActiveNetwork,
    exchanges: &mut InboundConnections,
    cancel: &CancellationToken,
) {
    loop {
        tokio::select! {
            Ok(connection) = endpoint.listener.accept() => {
                // Any device that proves a key may connect, but the number of connections is limited.
                let from = connection.peer_addr().ip();
                let (shared, network, cancel) = (shared.clone(), network.clone(), cancel.clone());
                exchanges.admit(from, |proven| serve(shared, connection, network, cancel, proven));
            }
            found = endpoint.search.next() => match found {
                Found::DiscoveryEvent(source, event) => shared.on_discovery_event(source, event),
                Found::SharedKey(devices) => shared.events.publish(ReceiveEvent::SharedKey(devices)),
            },
        }
    }
}

async fn serve(
    shared: Arc<Shared>,
    connection: Connection,
    network: ActiveNetwork,
    cancel: CancellationToken,
    proven: Proven,
) {
    let Ok(credentials) = shared.credentials().await else { return };
    let handshake = trust::handshake_parameters(&connection, &shared.settings.name, &shared.identity);
    let (link, limits) = (Link::new(connection, shared.settings.limits.heartbeat), shared.settings.limits);
    let handshake = match handshake {
        Ok(handshake) => HandshakeParameters { credentials, ..handshake },
        Err(reason) => {
            link.stop(reason).await;
            return;
        }
    };
    let _reported = Exchange::new(shared, cancel, &network.ended).proving(proven).run(link, handshake, limits).await;
}
