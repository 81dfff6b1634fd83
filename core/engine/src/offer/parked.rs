//! Receivers that call in: who they are, and then the line, until they are picked or hang up.

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
use crate::trust;

/// Connections of receivers at a time, in use or not; who is closed for want of room connects again.
pub(super) const MOST_CALLS: usize = 64;

/// A receiver that has called in and waits to be sent to.
pub(crate) struct ParkedConnection {
    pub(super) link: Link,
    pub(super) introduction: HandshakeParameters,
    /// What it has said first.
    pub(super) hello: Hello,
    /// Whether it has read an invite of this session: then neither side asks for a code.
    pub(super) is_invited: bool,
    pub(super) call: CallInList,
}

/// A call that is on the list until this is dropped.
pub(super) struct CallInList {
    shared: Arc<Shared>,
    receiver: Fingerprint,
    number: u64,
}

impl Drop for CallInList {
    fn drop(&mut self) {
        self.shared.change(|peers| peers.disconnected(self.receiver, self.number));
    }
}

/// One call, until it is over or in use.
pub(super) async fn answer(shared: Arc<Shared>, connection: Connection, proven: Proven) {
    let from = connection.peer_addr();
    let introduced = trust::introduce(&connection, &shared.settings.name, &shared.identity);
    let mut link = Link::new(connection, shared.settings.limits.heartbeat);
    let introduction = match introduced {
        Ok(introduction) => introduction,
        Err(reason) => return turn_away(link, reason).await,
    };
    let greeting = greet(&mut link, &shared, &introduction);
    let greeted = timeout(shared.settings.limits.greeting, greeting).await.unwrap_or(Err(EndReason::Lost));
    let (hello, invited) = match greeted {
        Ok((_, Some(false))) => return turn_away(link, EndReason::NotInvited).await,
        Ok(greeted) => greeted,
        Err(EndReason::Looked { .. }) => {
            return turn_away(link, EndReason::Looked { session: shared.identity.session() }).await;
        }
        Err(reason) => return turn_away(link, reason).await,
    };
    let receiver = link.peer();
    if invited.is_some() || is_remembered(&shared, receiver).await {
        proven.prove();
    }
    let (waiting, wanted) = oneshot::channel();
    let mut number = 0;
    shared.change(|peers| {
        let event;
        (number, event) = peers.called(receiver, hello.name.clone(), from, waiting);
        event
    });
    let call = CallInList { shared: shared.clone(), receiver, number };
    let is_invited = invited.is_some();
    wait(ParkedConnection { link, introduction, hello, is_invited, call }, &shared, wanted).await;
}

async fn is_remembered(shared: &Arc<Shared>, receiver: Fingerprint) -> bool {
    store_call(&shared.store, move |store| store.trusts_peer(&receiver)).await.unwrap_or(false)
}

async fn turn_away(link: Link, reason: EndReason) {
    tracing::debug!(%reason, "a caller was turned away");
    link.send(&Message::Stop(reason));
    link.close().await;
}

/// Who is there: its hello, and whether it has read an invite of this session, if it claims to.
pub(super) async fn greet(
    link: &mut Link,
    shared: &Shared,
    introduction: &HandshakeParameters,
) -> Result<(Hello, Option<bool>), EndReason> {
    let mut invited = None;
    loop {
        match link.next().await? {
            Frame::Message(Message::Alive) => {}
            Frame::Message(Message::Invited(proof)) if invited.is_none() => {
                invited = Some(shared.has_invited(&proof, &introduction.opening.exporter));
            }
            Frame::Message(Message::Hello(hello)) => {
                return introduction.hello(Role::Distributor).agree(&hello).map(|_| (hello, invited));
            }
            Frame::Message(Message::Stop(reason)) => return Err(reason),
            _ => return Err(EndReason::Protocol(Breach::OutOfTurn)),
        }
    }
}

/// Signs of life both ways, until the receiver is wanted or gone.
async fn wait(
    mut parked: ParkedConnection,
    shared: &Shared,
    mut wanted: oneshot::Receiver<oneshot::Sender<ParkedConnection>>,
) {
    let limits = shared.settings.limits;
    let (mut heard, mut speak) = (Instant::now(), Instant::now());
    loop {
        tokio::select! {
            asker = &mut wanted => {
                // Nobody asks when it has called anew; and whoever asked may be gone, who then hangs up on it.
                if let Ok(asker) = asker {
                    drop(asker.send(parked));
                }
                return;
            }
            frame = parked.link.next() => match frame {
                Ok(Frame::Message(Message::Alive)) => heard = Instant::now(),
                Ok(Frame::Message(Message::Stop(_))) | Err(_) => return,
                Ok(_) => {
                    parked.link.send(&Message::Stop(EndReason::Protocol(Breach::OutOfTurn)));
                    parked.link.close().await;
                    return;
                }
            },
            () = sleep_until(heard + limits.silence) => match parked.link.has_received_more() {
                true => heard = Instant::now(),
                false => return,
            },
            () = sleep_until(speak) => {
                parked.link.send(&Message::Alive);
                speak = Instant::now() + limits.heartbeat;
            }
        }
    }
}
