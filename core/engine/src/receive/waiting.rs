//! Waiting for distributors, in whatever network there is: they call, or are heard of.

use std::net::SocketAddr;
use std::sync::Arc;

use fieldcast_model::{DeviceName, Fingerprint};
use fieldcast_net::{
    Announced, Announcement, Browser, Connection, Error as NetworkError, Interface, Listener, Peer, Sighting, announce,
    browse,
};
use fieldcast_wire::{Introduction, PROTOCOL, Role};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::event::ReceiveEvent;
use super::exchange::Exchange;
use super::session::Shared;
use crate::NetworkChange;
use crate::link::Link;
use crate::network::{Live, listen};
use crate::trust;

/// Connections at a time; one of them receives, the others are told to wait.
const MOST_CONNECTIONS: usize = 16;

/// A distributor that announces itself. What it says is a hint that anybody can forge; a call proves who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeardDistributor {
    /// Who it says it is.
    pub fingerprint: Fingerprint,
    /// What it calls itself.
    pub name: DeviceName,
    /// Where it listens for receivers that call in.
    pub addr: SocketAddr,
}

impl From<Peer> for HeardDistributor {
    fn from(Peer { fingerprint, name, addr, .. }: Peer) -> Self {
        Self { fingerprint, name, addr }
    }
}

/// What is open on a network while it is there.
pub(super) struct Open {
    interface: Interface,
    listener: Listener,
    browser: Option<Browser>,
    _announced: Option<Announced>,
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
        let announcement = Announcement {
            fingerprint: shared.identity.fingerprint(),
            name: shared.settings.name.clone(),
            role: Role::Receiver,
            port: listener.addr().port(),
            protocol: PROTOCOL,
        };
        let (browser, announced) = match shared.settings.mdns {
            true => {
                let browser = browse(&interface, Role::Distributor, Some(announcement.fingerprint))?;
                (Some(browser), Some(announce(&interface, &announcement)?))
            }
            false => (None, None),
        };
        Ok(Self { interface, listener, browser, _announced: announced })
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
                Some(sighting) = next(&mut self.browser) => match sighting {
                    Sighting::Seen(peer) => shared.hear(peer.into()),
                    Sighting::Gone(peer) => shared.hear_no_more(peer),
                },
                Some(_) = exchanges.join_next() => {}
                else => std::future::pending().await,
            }
        }
    }
}

async fn next(browser: &mut Option<Browser>) -> Option<Sighting> {
    match browser {
        Some(browser) => browser.next().await,
        None => None,
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
