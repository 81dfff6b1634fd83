//! Waits for distributors on each network: for inbound connections and for discovery events.

use std::sync::Arc;

use fieldcast_net::Connection;
use fieldcast_wire::Receiver;
use tokio_util::sync::CancellationToken;

use super::event::ReceiveEvent;
use super::state::ReceiverState;
use super::transfer::{IncomingConnection, IncomingTransfer};
use crate::NetworkChange;
use crate::clock::Monotonic;
use crate::network::{ActiveNetwork, Endpoint, Found, InboundConnections, Link, Proven};

/// The maximum number of connections at a time. One of them receives, the others have to wait. A connection without
/// an offer is closed if a new one needs the slot.
const MAX_CONNECTIONS: usize = 16;

/// Waits for distributors until cancelled, across network changes. Then waits until running exchanges have ended.
pub(super) async fn wait(
    state: Arc<ReceiverState>,
    mut endpoint: Endpoint,
    mut network: ActiveNetwork,
    cancel: CancellationToken,
) {
    let (config, mut exchanges) = (state.endpoint_config(), InboundConnections::new(MAX_CONNECTIONS));
    loop {
        tokio::select! {
            () = handle(&state, &mut endpoint, &network, &mut exchanges, &cancel) => {}
            () = state.settings.interface_monitor.lost(&network.interface) => {}
            () = cancel.cancelled() => break,
        }
        drop(endpoint);
        state.network_lost(&network.interface.name);
        tokio::select! {
            reopened = config.reopen(&network) => endpoint = reopened,
            () = cancel.cancelled() => break,
        }
        network = state.network.begin(endpoint.interface.clone(), endpoint.listener.addr());
        let (interface, addr) = (network.interface.clone(), network.addr);
        state.events.publish(ReceiveEvent::Network(NetworkChange::Available { interface, addr }));
    }
    exchanges.finished().await;
}

/// Handles inbound connections and discovery events while it is polled.
async fn handle(
    state: &Arc<ReceiverState>,
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
                let (state, network, cancel) = (state.clone(), network.ended.clone(), cancel.clone());
                exchanges.accept(from, |proven| serve(state, connection, network, cancel, proven));
            }
            found = endpoint.search.next() => match found {
                Found::DiscoveryEvent(source, event) => state.on_discovery_event(source, event),
                Found::SharedKey(devices) => state.events.publish(ReceiveEvent::SharedKey(devices)),
            },
        }
    }
}

async fn serve(
    state: Arc<ReceiverState>,
    connection: Connection,
    network: CancellationToken,
    cancel: CancellationToken,
    proven: Proven,
) {
    let handshake = state.handshake(&connection).await;
    let link = Link::new(connection);
    match handshake {
        Ok(handshake) => {
            let clock = Monotonic::start();
            let machine = Receiver::new(handshake, state.settings.limits, clock.now());
            let connected = IncomingConnection { link, clock, machine, network, proven, is_parked: false };
            let _reported = IncomingTransfer::run(state, connected, cancel).await;
        }
        Err(reason) => _ = link.stop(reason).await,
    }
}
