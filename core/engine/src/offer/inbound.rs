//! Finds receivers on each network: by discovery events, inbound connections, and addresses that the user typed.
//! Receivers that connect stay parked until the user picks them or they disconnect.

use std::net::SocketAddr;
use std::sync::Arc;

use fieldcast_model::Fingerprint;
use fieldcast_net::{Connection, DiscoveryEvent};
use fieldcast_wire::{Breach, EndReason, Hello, Parked, ParkedAction};
use tokio::sync::{mpsc, oneshot};

use super::event::{FoundPeer, OfferEvent};
use super::receivers::{ConnectionRequest, OnDrop};
use super::state::{OfferState, ParkedConnection, no_network};
use crate::clock::Monotonic;
use crate::network::{ActiveNetwork, Endpoint, Found, Frame, InboundConnections, Link, Proven, dial};
use crate::task::{self, on_store};
use crate::{Error, NetworkChange};

/// The maximum number of parked connections. A receiver whose connection is closed because of this limit reconnects.
/// Connections in use are limited by the receivers that the user has picked.
const MAX_CONNECTIONS: usize = 64;

/// Finds receivers until it is dropped, across network changes.
pub(super) async fn find(
    state: Arc<OfferState>,
    mut endpoint: Endpoint,
    mut network: ActiveNetwork,
    mut to_reverify: mpsc::UnboundedReceiver<Fingerprint>,
) {
    loop {
        tokio::select! {
            () = handle(&state, &mut endpoint, &mut to_reverify) => {}
            () = state.settings.interface_monitor.lost(&network.interface) => {}
        }
        drop(endpoint);
        state.network_lost(&network.interface.name);
        endpoint = state.endpoint_config().reopen(&network).await;
        network = state.network_available(&endpoint);
        let (interface, addr) = (network.interface.clone(), network.addr);
        state.events.publish(OfferEvent::Network(NetworkChange::Available { interface, addr }));
    }
}

/// Handles discovery events and inbound connections while it is polled.
async fn handle(
    state: &Arc<OfferState>,
    endpoint: &mut Endpoint,
    to_reverify: &mut mpsc::UnboundedReceiver<Fingerprint>,
) {
    let mut inbound = InboundConnections::new(MAX_CONNECTIONS);
    loop {
        tokio::select! {
            found = endpoint.search.next() => match found {
                Found::DiscoveryEvent(source, event) => state.change(|receivers| match event {
                    DiscoveryEvent::Found(peer) => ((), receivers.announced(source, peer)),
                    DiscoveryEvent::Lost(peer) => ((), receivers.announcement_ended(source, peer)),
                }),
                Found::SharedKey(devices) => state.events.publish(OfferEvent::SharedKey(devices)),
            },
            Some(receiver) = to_reverify.recv() => endpoint.search.reverify(&receiver),
            Ok(connection) = endpoint.listener.accept() => {
                let (from, state) = (connection.peer_addr().ip(), state.clone());
                inbound.accept(from, |proven| serve(state, connection, proven));
            }
        }
    }
}

/// Serves one inbound connection until it is over or in use.
async fn serve(state: Arc<OfferState>, connection: Connection, proven: Proven) {
    let (from, handshake) = (connection.peer_addr(), state.handshake(&connection));
    let mut link = Link::new(connection);
    let handshake = match handshake {
        Ok(handshake) => handshake,
        Err(reason) => {
            link.stop(reason).await;
            return;
        }
    };
    let clock = Monotonic::start();
    let mut parked = Parked::new(handshake, state.settings.limits, clock.now());
    let hello = match advance(&mut parked, &mut link, clock).await {
        Ok(hello) => hello,
        Err(reason) => return close(link, &reason).await,
    };
    let receiver = link.peer();
    let is_invited = parked.is_invited();
    if is_invited || on_store(&state.store, move |store| store.trusts_peer(&receiver)).await.unwrap_or(false) {
        proven.prove();
    }
    let (request, requested) = oneshot::channel();
    let listed = list(&state, receiver, hello, from, is_invited, request);
    tokio::select! {
        asker = requested => {
            // The sender is dropped if the receiver has connected again. The asker may also be gone, which closes the
            // connection.
            if let Ok(asker) = asker {
                drop(asker.send(ParkedConnection { link, handshake: parked.into_handshake(), listed }));
            }
        }
        ended = advance(&mut parked, &mut link, clock) => {
            drop(listed); // the receiver cannot be picked while the connection is closed
            if let Err(reason) = ended {
                close(link, &reason).await;
            }
        }
    }
}

/// Adds the parked connection to the list of receivers, until the returned value is dropped.
fn list(
    state: &Arc<OfferState>,
    receiver: Fingerprint,
    hello: Hello,
    from: SocketAddr,
    is_invited: bool,
    request: ConnectionRequest<ParkedConnection>,
) -> OnDrop {
    let number = state.change(|receivers| receivers.parked(receiver, hello.name, from, is_invited, request));
    let state = state.clone();
    OnDrop::new(move || state.change(|receivers| ((), receivers.disconnected(receiver, number))))
}

/// Drives a parked connection until the receiver has introduced itself, or until the connection ends.
async fn advance(parked: &mut Parked, link: &mut Link, clock: Monotonic) -> Result<Hello, EndReason> {
    loop {
        while let Some(action) = parked.poll() {
            match action {
                ParkedAction::Send(message) => link.send(&message),
                ParkedAction::Greeted(hello) => return Ok(hello),
                ParkedAction::Close(reason) => return Err(reason),
            }
        }
        tokio::select! {
            frame = link.next() => match frame {
                Ok(Frame::Message(message)) => parked.on_message(message, clock.now()),
                Ok(_) => parked.stop(EndReason::Protocol(Breach::OutOfTurn)),
                Err(EndReason::Lost) => parked.on_lost(),
                Err(reason) => parked.stop(reason),
            },
            () = clock.sleep_until(parked.deadline()) => {
                if link.has_received_more() {
                    parked.on_bytes(clock.now());
                }
                parked.on_time(clock.now());
            }
        }
    }
}

async fn close(link: Link, reason: &EndReason) {
    tracing::debug!(%reason, "an inbound connection has ended");
    link.close().await;
}

/// Identifies the receiver at an address and adds it to the list.
pub(super) async fn find_at(state: Arc<OfferState>, addr: SocketAddr) -> Result<FoundPeer, Error> {
    let network = state.network.current().ok_or_else(no_network)?;
    let connection = dial(&network.interface, &state.identity, addr, None).await?;
    let handshake = state.handshake(&connection).map_err(Error::Refused)?;
    let mut link = Link::new(connection);
    let (receiver, clock) = (link.peer(), Monotonic::start());
    let mut probe = Parked::probe(handshake, state.settings.limits, clock.now());
    let greeted = advance(&mut probe, &mut link, clock).await;
    if let Some(ParkedAction::Send(last)) = probe.poll() {
        link.send(&last);
    }
    task::spawn(link.close());
    let hello = greeted.map_err(Error::Refused)?;
    state.change(|receivers| ((), receivers.typed(receiver, hello.name, addr)));
    state.found(receiver).ok_or(Error::NoSuchPeer)
}
