//! Dials a distributor: the receiver waits on a parked connection until it is picked, and reconnects when the
//! connection breaks.

use std::net::SocketAddr;
use std::sync::Arc;

use fieldcast_model::Fingerprint;
use fieldcast_wire::{Backoff, EndReason, Invite, Receiver, Token};
use tokio_util::sync::CancellationToken;

use super::event::{DialState, ReceiveEvent};
use super::state::ReceiverState;
use super::transfer::{IncomingConnection, IncomingTransfer};
use crate::clock::Monotonic;
use crate::network::{ActiveNetwork, Link, Proven, dial, dial_error};

/// A distributor to dial. The connection stays parked until its user picks this device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialTarget {
    /// The address on which it listens.
    pub addr: SocketAddr,
    /// The expected device; `None` accepts any device.
    pub expected: Option<Fingerprint>,
    /// The token of the expected device's invite. With it no code is compared, whichever side connects.
    pub token: Option<Token>,
}

impl From<&Invite> for DialTarget {
    fn from(invite: &Invite) -> Self {
        Self { addr: invite.addr(), expected: Some(invite.key()), token: invite.token() }
    }
}

/// Dials until it is cancelled, or until a retry is pointless.
pub(super) async fn reconnect_loop(state: Arc<ReceiverState>, target: DialTarget, cancel: CancellationToken) {
    let (mut backoff, mut last, mut who) = (Backoff::default(), None, target.expected);
    loop {
        let network = tokio::select! {
            network = state.network.available() => network,
            () = cancel.cancelled() => return,
        };
        // The Wi-Fi group may have been formed again with other addresses. Then the distributor's announcement has the
        // new address. Announcements can be forged, so alternate it with the given address.
        let announced = who
            .and_then(|who| Some((state.discovered_addr(&who)?, Some(who))))
            .filter(|(addr, _)| *addr != target.addr);
        let (addr, expected) =
            announced.filter(|_| last == Some(target.addr)).unwrap_or((target.addr, target.expected));
        last = Some(addr);
        let begun = Monotonic::start();
        let publish = |dialing| state.events.publish(ReceiveEvent::Dial(addr, dialing));
        publish(DialState::Connecting);
        let attempt = DialAttempt { state: &state, addr, expected, network: &network, cancel: &cancel };
        let ended = attempt.run(&mut who).await;
        if cancel.is_cancelled() {
            return;
        }
        match ended {
            Ok(()) => publish(DialState::Retrying(EndReason::Lost)),
            Err(reason) if addr == target.addr && is_permanent(&reason) => return publish(DialState::GaveUp(reason)),
            Err(reason) => publish(DialState::Retrying(reason)),
        }
        backoff.after_connection(begun.now());
        tokio::select! {
            () = tokio::time::sleep(backoff.pause()) => {}
            () = state.announced_elsewhere(who, addr) => {}
            () = cancel.cancelled() => return,
        }
    }
}

/// One dial.
struct DialAttempt<'a> {
    state: &'a Arc<ReceiverState>,
    addr: SocketAddr,
    expected: Option<Fingerprint>,
    network: &'a ActiveNetwork,
    cancel: &'a CancellationToken,
}

impl DialAttempt<'_> {
    /// Runs until the connection ends. Sets `who` to the device that answered.
    async fn run(self, who: &mut Option<Fingerprint>) -> Result<(), EndReason> {
        let Self { state, addr, network, cancel, .. } = self;
        let connection = tokio::select! {
            dialed = dial(&network.interface, &state.identity, addr, self.expected) => {
                dialed.map_err(|error| dial_error(&error))?
            }
            () = network.ended.cancelled() => return Err(EndReason::Lost),
            () = cancel.cancelled() => return Err(EndReason::Lost),
        };
        let distributor = connection.peer();
        *who = Some(distributor);
        let handshake = state.handshake(&connection).await?;
        let (link, clock) = (Link::new(connection), Monotonic::start());
        state.events.publish(ReceiveEvent::Dial(addr, DialState::Connected(distributor)));
        let machine = Receiver::parked(handshake, state.settings.limits, clock.now());
        let network = network.ended.clone();
        let connected =
            IncomingConnection { link, clock, machine, network, proven: Proven::default(), is_parked: true };
        let ended = IncomingTransfer::run(state.clone(), connected, cancel.clone()).await;
        if ended == Err(EndReason::NotInvited) {
            state.set_invite(distributor, None); // it may be dialed without the invite
        }
        ended
    }
}

/// Whether another dial would end in the same way.
fn is_permanent(reason: &EndReason) -> bool {
    use EndReason as R;
    matches!(
        reason,
        R::WrongDevice | R::Incompatible | R::NotSecure | R::SameRole | R::NotInvited | R::SharedKey { .. }
    )
}
