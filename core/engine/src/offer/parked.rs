//! Receivers that connect to this device: they identify themselves, then their connections stay parked until the user
//! picks them or they disconnect.

use std::sync::Arc;

use fieldcast_model::Fingerprint;
use fieldcast_net::Connection;
use fieldcast_wire::{Breach, EndReason, HandshakeParameters, Hello, Message, Role};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until, timeout};

use super::session::Shared;
use crate::engine::store_call;
use crate::inbound::Proven;
use crate::link::{Frame, Link};
use crate::shared_key::looked;
use crate::trust;

/// The maximum number of receiver connections at a time, in use or parked. A receiver whose connection is closed
/// because of this limit reconnects.
pub(super) const MAX_CONNECTIONS: usize = 64;

/// A receiver that has connected and waits until data is sent to it.
pub(crate) struct ParkedConnection {
    pub(super) link: Link,
    pub(super) handshake: HandshakeParameters,
    /// The receiver's hello.
    pub(super) hello: Hello,
    /// Whether it proved an invite of this session; then neither side asks for a code.
    pub(super) is_invited: bool,
    pub(super) listed: ListedConnection,
}

/// An inbound connection that is on the list until this value is dropped.
pub(super) struct ListedConnection {
    shared: Arc<Shared>,
    receiver: Fingerprint,
    number: u64,
}

impl Drop for ListedConnection {
    fn drop(&mut self) {
        self.shared.change(|peers| peers.disconnected(self.receiver, self.number));
    }
}

/// Serves one inbound connection until it is over or in use.
pub(super) async fn answer(shared: Arc<Shared>, connection: Connection, proven: Proven) {
    let from = connection.peer_addr();
    let handshake = trust::handshake_parameters(&connection, &shared.settings.name, &shared.identity);
    let mut link = Link::new(connection, shared.settings.limits.heartbeat);
    let handshake = match handshake {
        Ok(handshake) => handshake,
        Err(reason) => return refuse(link, reason).await,
    };
    let greeting = greet(&mut link, &shared, &handshake);
    let greeted = timeout(shared.settings.limits.greeting, greeting).await.unwrap_or(Err(EndReason::Lost));
    let (hello, invited) = match greeted {
        Ok((_, Some(false))) => return refuse(link, EndReason::NotInvited).await,
        Ok(greeted) => greeted,
        Err(EndReason::Looked { .. }) => return refuse(link, looked(&shared.identity)).await,
        Err(reason) => return refuse(link, reason).await,
    };
    let receiver = link.peer();
    if invited.is_some() || is_trusted(&shared, receiver).await {
        proven.prove();
    }
    let (waiting, wanted) = oneshot::channel();
    let mut number = 0;
    shared.change(|peers| {
        let event;
        (number, event) = peers.parked(receiver, hello.name.clone(), from, waiting);
        event
    });
    let listed = ListedConnection { shared: shared.clone(), receiver, number };
    let is_invited = invited.is_some();
    wait(ParkedConnection { link, handshake, hello, is_invited, listed }, &shared, wanted).await;
}

async fn is_trusted(shared: &Arc<Shared>, receiver: Fingerprint) -> bool {
    store_call(&shared.store, move |store| store.trusts_peer(&receiver)).await.unwrap_or(false)
}

async fn refuse(link: Link, reason: EndReason) {
    tracing::debug!(%reason, "an inbound connection was refused");
    link.stop(reason).await;
}

/// Reads the receiver's hello, and whether its invite proof is valid if it sends one.
pub(super) async fn greet(
    link: &mut Link,
    shared: &Shared,
    handshake: &HandshakeParameters,
) -> Result<(Hello, Option<bool>), EndReason> {
    let mut invited = None;
    loop {
        match link.next().await? {
            Frame::Message(Message::Alive) => {}
            Frame::Message(Message::Invited(proof)) if invited.is_none() => {
                invited = Some(shared.is_valid_invite(&proof, &handshake.opening.exporter));
            }
            Frame::Message(Message::Hello(hello)) => {
                return handshake.hello(Role::Distributor).agree(&hello).map(|_| (hello, invited));
            }
            Frame::Message(Message::Stop(reason)) => return Err(reason),
            _ => return Err(EndReason::Protocol(Breach::OutOfTurn)),
        }
    }
}

/// Exchanges heartbeats until the receiver is picked or gone.
async fn wait(
    mut parked: ParkedConnection,
    shared: &Shared,
    mut wanted: oneshot::Receiver<oneshot::Sender<ParkedConnection>>,
) {
    let limits = shared.settings.limits;
    let (mut last_received, mut next_heartbeat) = (Instant::now(), Instant::now());
    loop {
        tokio::select! {
            asker = &mut wanted => {
                // The sender is dropped if the receiver has connected again. The asker may also be gone, which closes
                // the connection.
                if let Ok(asker) = asker {
                    drop(asker.send(parked));
                }
                return;
            }
            frame = parked.link.next() => match frame {
                Ok(Frame::Message(Message::Alive)) => last_received = Instant::now(),
                Ok(Frame::Message(Message::Stop(_))) | Err(_) => return,
                Ok(_) => {
                    parked.link.stop(EndReason::Protocol(Breach::OutOfTurn)).await;
                    return;
                }
            },
            () = sleep_until(last_received + limits.silence) => match parked.link.has_received_more() {
                true => last_received = Instant::now(),
                false => return,
            },
            () = sleep_until(next_heartbeat) => {
                parked.link.send(&Message::Alive);
                next_heartbeat = Instant::now() + limits.heartbeat;
            }
        }
    }
}
