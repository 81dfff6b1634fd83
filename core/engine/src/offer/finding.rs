//! Finding receivers: heard by mDNS or the phone, called in, at an address a person gave; in whatever network there is.

use std::net::SocketAddr;
use std::sync::Arc;

use fieldcast_model::Fingerprint;
use fieldcast_net::{Error as NetworkError, Sighting, dial};
use fieldcast_wire::{Message, Reason, Role};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::door::{MOST_CALLS, answer, greet};
use super::send::CALL_LIMIT;
use super::session::Shared;
use super::{FoundPeer, OfferEvent};
use crate::inbound::InboundConnections;
use crate::link::Link;
use crate::network::Live;
use crate::search::Found;
use crate::station::Station;
use crate::{Error, NetworkChange, task, trust};

/// Finds receivers until it is dropped, wherever the network goes.
pub(super) async fn find(
    shared: Arc<Shared>,
    mut station: Station,
    mut live: Live,
    mut doubted: mpsc::UnboundedReceiver<Fingerprint>,
) {
    loop {
        tokio::select! {
            () = take(&shared, &mut station, &mut doubted) => {}
            () = shared.settings.roaming.gone(&live.interface) => {}
        }
        drop(station);
        shared.network_gone(&live.interface.name);
        station = shared.post().reopen(&live).await;
        live = shared.network_here(&station);
        let (interface, addr) = (live.interface.clone(), live.addr);
        shared.tell(OfferEvent::Network(NetworkChange::Back { interface, addr }));
    }
}

/// Takes whoever comes, for as long as this is polled.
async fn take(shared: &Arc<Shared>, station: &mut Station, doubted: &mut mpsc::UnboundedReceiver<Fingerprint>) {
    let mut inbound = InboundConnections::new(MOST_CALLS);
    loop {
        tokio::select! {
            found = station.search.next() => match found {
                Found::Sighting(by, Sighting::Seen(peer)) => shared.change(|peers| peers.seen(by, peer)),
                Found::Sighting(by, Sighting::Gone(peer)) => shared.change(|peers| peers.unseen(by, peer)),
                Found::SharedKey(devices) => shared.tell(OfferEvent::SharedKey(devices)),
            },
            Some(peer) = doubted.recv() => station.search.doubt(&peer),
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
    let greeted = greeting.unwrap_or(Err(Reason::Lost));
    link.send(&Message::Stop(greeted.as_ref().err().cloned().unwrap_or(Reason::Looked)));
    task::spawn(link.close());
    let (hello, _) = greeted.map_err(refused)?;
    shared.change(|peers| peers.typed(receiver, hello.name, addr));
    shared.found(receiver).ok_or(Error::NoSuchPeer)
}

/// For what needs a network when there is none.
pub(super) fn no_network() -> Error {
    Error::Network(NetworkError::NoInterface)
}
