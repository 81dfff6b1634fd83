//! Waiting for distributors, in whatever network there is: they call, or are heard of.

use std::net::SocketAddr;
use std::sync::Arc;

use fieldcast_net::{Connection, Error as NetworkError, Interface, Listener};
use fieldcast_wire::{Introduction, Role};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::event::ReceiveEvent;
use super::exchange::Exchange;
use super::session::Shared;
use crate::NetworkChange;
use crate::link::Link;
use crate::network::{Live, listen};
use crate::search::Search;
use crate::trust;

/// Connections at a time; one of them receives, the others are told to wait.
const MOST_CONNECTIONS: usize = 16;

/// What is open on a network while it is there.
pub(super) struct Open {
    interface: Interface,
    listener: Listener,
    search: Search,
}

impl Open {
    /// Opens everything; on the port of before, if this is not the first network.
    pub(super) async fn on(
        interface: Interface,
        port: u16,
        shared: &Shared,
        before: Option<SocketAddr>,
    ) -> Result<Self, NetworkError> {
        let listener = listen(&interface, port, before, &shared.identity).await?;
        let (own, port) = (shared.identity.fingerprint(), listener.addr().port());
        let search = Search::on(&interface, &shared.settings, own, Role::Receiver, port)?;
        Ok(Self { interface, listener, search })
    }

    pub(super) fn begin(&self, shared: &Shared) -> Live {
        shared.air.begin(&self.interface, self.listener.addr())
    }

    /// Takes whoever comes, for as long as this is polled.
    async fn run(
        &mut self,
        shared: &Arc<Shared>,
        live: &Live,
        exchanges: &mut JoinSet<()>,
        cancel: &CancellationToken,
    ) {
        loop {
            tokio::select! {
                Ok(connection) = self.listener.accept() => {
                    // Whoever proves a key may talk, yet not all of them at once.
                    if exchanges.len() < MOST_CONNECTIONS {
                        exchanges.spawn(talk(shared.clone(), connection, live.clone(), cancel.clone()));
                    }
                }
                (by, sighting) = self.search.next() => shared.hear(by, sighting),
                Some(_) = exchanges.join_next() => {}
            }
        }
    }
}

async fn talk(shared: Arc<Shared>, connection: Connection, live: Live, cancel: CancellationToken) {
    let Ok(credentials) = shared.credentials().await else { return };
    let Ok(introduction) = trust::introduce(&connection, &shared.settings.name) else { return };
    let introduction = Introduction { credentials, ..introduction };
    let (link, limits) = (Link::new(connection, shared.settings.limits.heartbeat), shared.settings.limits);
    let _told = Exchange::new(shared, cancel, &live.ended).run(link, introduction, limits).await;
}

/// Waits for distributors until cancelled, wherever the network goes; then lets what runs say its last words.
pub(super) async fn wait(shared: Arc<Shared>, mut open: Open, port: u16, mut live: Live, cancel: CancellationToken) {
    let (roaming, mut exchanges) = (shared.settings.roaming.clone(), JoinSet::new());
    loop {
        tokio::select! {
            () = open.run(&shared, &live, &mut exchanges, &cancel) => {}
            () = roaming.gone(&live.interface) => {}
            () = cancel.cancelled() => break,
        }
        drop(open);
        shared.network_gone(&live.interface.name);
        tokio::select! {
            reopened = reopen(&shared, port, &live) => open = reopened,
            () = cancel.cancelled() => break,
        }
        live = open.begin(&shared);
        let (interface, addr) = (live.interface.clone(), live.addr);
        shared.events.tell(ReceiveEvent::Network(NetworkChange::Back { interface, addr }));
    }
    while exchanges.join_next().await.is_some() {}
}

async fn reopen(shared: &Shared, port: u16, last: &Live) -> Open {
    let roaming = &shared.settings.roaming;
    loop {
        match Open::on(roaming.back(&last.interface).await, port, shared, Some(last.addr)).await {
            Ok(open) => return open,
            Err(error) => tracing::debug!(%error, "the network is not ready yet"),
        }
        tokio::time::sleep(roaming.look_every).await;
    }
}
