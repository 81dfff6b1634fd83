//! Finds receivers on each network: by discovery events, inbound connections, and addresses that the user typed.

use std::net::SocketAddr;
use std::sync::Arc;

use fieldcast_model::Fingerprint;
use fieldcast_net::{DiscoveryEvent, Error as NetworkError, dial};
use fieldcast_wire::{EndReason, Message, Role};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::parked::{MAX_CONNECTIONS, answer, greet};
use super::send::DIAL_TIMEOUT;
use super::session::Shared;
use super::{FoundPeer, OfferEvent};
use crate::discovery::Found;
use crate::endpoint::Endpoint;
use crate::inbound::InboundConnections;
use crate::interface_monitor::ActiveNetwork;
use crate::link::Link;
use crate::shared_key::looked;
use crate::{Error, NetworkChange, task, trust};

/// Finds receivers until it is dropped, across network changes.
pub(super) async fn find(
    shared: Arc<Shared>,
    mut endpoint: Endpoint,
    mut network: ActiveNetwork,
    mut to_reverify: mpsc::UnboundedReceiver<Fingerprint>,
) {
    loop {
        tokio::select! {
            () = handle(&shared, &mut endpoint, &mut to_reverify) => {}
            () = shared.settings.roaming.lost(&network.interface) => {}
        }
        drop(endpoint);
        shared.network_gone(&network.interface.name);
        endpoint = shared.endpoint_config().reopen(&network).await;
        network = shared.network_here(&endpoint);
        let (interface, addr) = (network.interface.clone(), network.addr);
        shared.publish(OfferEvent::Network(NetworkChange::Back { interface, addr }));
    }
}

/// Handles discovery events and inbound connections while it is polled.
async fn handle(shared: &Arc<Shared>, endpoint: &mut Endpoint, to_reverify: &mut mpsc::UnboundedReceiver<Fingerprint>) {
    let mut inbound = InboundConnections::new(MAX_CONNECTIONS);
    loop {
        tokio::select! {
            found = endpoint.search.next() => match found {
                Found::DiscoveryEvent(source, event) => shared.change(|peers| match event {
                    DiscoveryEvent::Found(peer) => peers.seen(source, peer),
                    DiscoveryEvent::Lost(peer) => peers.unseen(source, peer),
                }),
                Found::SharedKey(devices) => shared.publish(OfferEvent::SharedKey(devices)),
            },
            Some(peer) = to_reverify.recv() => endpoint.search.reverify(&peer),
            Ok(connection) = endpoint.listener.accept() => {
                let (from, shared) = (connection.peer_addr().ip(), shared.clone());
                inbound.admit(from, |proven| answer(shared, connection, proven));
            }
        }
    }
}

/// Identifies the receiver at an address and adds it to the list.
pub(super) async fn find_at(shared: Arc<Shared>, addr: SocketAddr) -> Result<FoundPeer, Error> {
    let network = shared.network_state.current().ok_or_else(no_network)?;
    let connection = dial(&network.interface, &shared.identity, addr, None, DIAL_TIMEOUT).await?;
    let refused = |reason| Error::Refused(reason);
    let handshake =
        trust::handshake_parameters(&connection, &shared.settings.name, &shared.identity).map_err(refused)?;
    let mut link = Link::new(connection, shared.settings.limits.heartbeat);
    let receiver = link.peer();
    // Send the hello first, so that two distributors do not wait for each other.
    link.send(&Message::Hello(handshake.hello(Role::Distributor)));
    let greeting = timeout(shared.settings.limits.greeting, greet(&mut link, &shared, &handshake)).await;
    let greeted = greeting.unwrap_or(Err(EndReason::Lost));
    task::spawn(link.stop(greeted.as_ref().err().cloned().unwrap_or_else(|| looked(&shared.identity))));
    let (hello, _) = greeted.map_err(refused)?;
    shared.change(|peers| peers.typed(receiver, hello.name, addr));
    shared.found(receiver).ok_or(Error::NoSuchPeer)
}

/// The error if an operation needs a network and there is none.
pub(super) fn no_network() -> Error {
    Error::Network(NetworkError::NoInterface)
}
