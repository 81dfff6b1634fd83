//! Waiting for distributors, in whatever network there is: they call, or are heard of.

use std::sync::Arc;

use fieldcast_net::Connection;
use fieldcast_wire::{HandshakeParameters, Message};
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

/// Connections at a time; one of them receives, the others are told to wait. Those of no offer yet give way to new ones.
const MOST_CONNECTIONS: usize = 16;

/// Waits for distributors until cancelled, wherever the network goes; then lets what runs say its last words.
pub(super) async fn wait(
    shared: Arc<Shared>,
    mut station: Endpoint,
    mut live: ActiveNetwork,
    cancel: CancellationToken,
) {
    let (post, mut exchanges) = (shared.post(), InboundConnections::new(MOST_CONNECTIONS));
    loop {
        tokio::select! {
            () = take(&shared, &mut station, &live, &mut exchanges, &cancel) => {}
            () = shared.settings.roaming.gone(&live.interface) => {}
            () = cancel.cancelled() => break,
        }
        drop(station);
        shared.network_gone(&live.interface.name);
        tokio::select! {
            reopened = post.reopen(&live) => station = reopened,
            () = cancel.cancelled() => break,
        }
        live = shared.air.begin(&station);
        let (interface, addr) = (live.interface.clone(), live.addr);
        shared.events.publish(ReceiveEvent::Network(NetworkChange::Back { interface, addr }));
    }
    exchanges.finished().await;
}

/// Takes whoever comes, for as long as this is polled.
async fn take(
    shared: &Arc<Shared>,
    station: &mut Endpoint,
    live: &ActiveNetwork,
    exchanges: &mut InboundConnections,
    cancel: &CancellationToken,
) {
    loop {
        tokio::select! {
            Ok(connection) = station.listener.accept() => {
                // Whoever proves a key may talk, yet not all of them at once.
                let from = connection.peer_addr().ip();
                exchanges.admit(from, |proven| talk(shared.clone(), connection, live.clone(), cancel.clone(), proven));
            }
            found = station.search.next() => match found {
                Found::DiscoveryEvent(by, sighting) => shared.hear(by, sighting),
                Found::SharedKey(devices) => shared.events.publish(ReceiveEvent::SharedKey(devices)),
            },
        }
    }
}

async fn talk(
    shared: Arc<Shared>,
    connection: Connection,
    live: ActiveNetwork,
    cancel: CancellationToken,
    proven: Proven,
) {
    let Ok(credentials) = shared.credentials().await else { return };
    let introduced = trust::introduce(&connection, &shared.settings.name, &shared.identity);
    let (link, limits) = (Link::new(connection, shared.settings.limits.heartbeat), shared.settings.limits);
    let introduction = match introduced {
        Ok(introduction) => HandshakeParameters { credentials, ..introduction },
        Err(reason) => {
            link.send(&Message::Stop(reason));
            link.close().await;
            return;
        }
    };
    let _told = Exchange::new(shared, cancel, &live.ended).proving(proven).run(link, introduction, limits).await;
}
