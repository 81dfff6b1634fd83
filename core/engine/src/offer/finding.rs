//! Finding receivers: heard by mDNS or the phone, called in, at an address a person gave; in whatever network there is.

use std::net::SocketAddr;
use std::sync::Arc;

use fieldcast_model::Fingerprint;
use fieldcast_net::{DiscoveryEvent, Error as NetworkError, dial};
use fieldcast_wire::{EndReason, Message, Role};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::parked::{MOST_CALLS, answer, greet};
use super::send::CALL_LIMIT;
use super::session::Shared;
use super::{FoundPeer, OfferEvent};
use crate::discovery::Found;
use crate::endpoint::Endpoint;
use crate::inbound::InboundConnections;
use crate::interface_monitor::ActiveNetwork;
use crate::link::Link;
use crate::{Error, NetworkChange, task, trust};

/// Finds receivers until it is dropped, wherever the network goes.
pub(super) async fn find(
    shared: Arc<Shared>,
    mut station: Endpoint,
    mut live: ActiveNetwork,
    mut to_reverify: mpsc::UnboundedReceiver<Fingerprint>,
) {
    loop {
        tokio::select! {
            () = take(&shared, &mut station, &mut to_reverify) => {}
            () = shared.settings.roaming.gone(&live.interface) => {}
        }
        drop(station);
        shared.network_gone(&live.interface.name);
        station = shared.post().reopen(&live).await;
        live = shared.network_here(&station);
        let (interface, addr) = (live.interface.clone(), live.addr);
        shared.publish(OfferEvent::Network(NetworkChange::Back { interface, addr }));
    }
}

/// Takes whoever comes, for as long as this is polled.
async fn take(shared: &Arc<Shared>, station: &mut Endpoint, to_reverify: &mut mpsc::UnboundedReceiver<Fingerprint>) {
    let mut inbound = InboundConnections::new(MOST_CALLS);
    loop {
        tokio::select! {
            found = station.search.next() => match found {
                Found::DiscoveryEvent(by, DiscoveryEvent::Found(peer)) => shared.change(|peers| peers.seen(by, peer)),
                Found::DiscoveryEvent(by, DiscoveryEvent::Lost(peer)) => shared.change(|peers| peers.unseen(by, peer)),
                Found::SharedKey(devices) => shared.publish(OfferEvent::SharedKey(devices)),
            },
            Some(peer) = to_reverify.recv() => station.search.reverify(&peer),
            Ok(connection) = station.listener.accept() => {
                let (from, shared) = (connection.peer_addr().ip(), shared.clone());
                inbound.admit(from, |proven| answer(shared, connection, proven));
            }
        }
    }
}

/// Asks who is at an address, and puts the receiver there on the list.
pub(super) async fn find_at(shared: Arc<Shared>, addr: SocketAddr) -> Result<FoundPeer, Error> {
    let live = shared.air.live().ok_or_else(no_network)?;
    let connection = dial(&live.interface, &shared.identity, addr, None, CALL_LIMIT).await?;
    let refused = |reason| Error::Refused(reason);
    let introduction = trust::introduce(&connection, &shared.settings.name, &shared.identity).map_err(refused)?;
    let mut link = Link::new(connection, shared.settings.limits.heartbeat);
    let receiver = link.peer();
    // Said first, so that two distributors do not wait for each other.
    link.send(&Message::Hello(introduction.hello(Role::Distributor)));
    let greeting = timeout(shared.settings.limits.greeting, greet(&mut link, &shared, &introduction)).await;
    let greeted = greeting.unwrap_or(Err(EndReason::Lost));
    link.send(&Message::Stop(
        greeted.as_ref().err().cloned().unwrap_or(EndReason::Looked { session: shared.identity.session() }),
    ));
    task::spawn(link.close());
    let (hello, _) = greeted.map_err(refused)?;
    shared.change(|peers| peers.typed(receiver, hello.name, addr));
    shared.found(receiver).ok_or(Error::NoSuchPeer)
}

/// For what needs a network when there is none.
pub(super) fn no_network() -> Error {
    Error::Network(NetworkError::NoInterface)
}
