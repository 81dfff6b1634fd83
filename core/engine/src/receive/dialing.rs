//! Dials a distributor: the receiver waits on a parked connection until it is picked, and reconnects when the
//! connection breaks.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use fieldcast_model::Fingerprint;
use fieldcast_wire::{EndReason, HandshakeParameters, Invite, Limits, Token};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::event::ReceiveEvent;
use super::exchange::Exchange;
use super::session::Shared;
use crate::interface_monitor::ActiveNetwork;
use crate::link::{Link, dial_error};
use crate::trust;

/// The timeout of one dial, with TLS.
const DIAL_TIMEOUT: Duration = Duration::from_secs(10);
/// How long to stay on a parked connection before reconnecting.
const PARKED_LIMIT: Duration = Duration::from_secs(3600);
/// The pause before the first reconnect; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

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

/// The state of dialing a distributor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DialState {
    /// Connecting.
    Connecting,
    /// Connected to this distributor. Its user can pick this device now.
    Connected(Fingerprint),
    /// Not connected; this device will reconnect.
    Retrying(EndReason),
    /// Not connected; this device does not try again.
    GaveUp(EndReason),
}

/// Dials until it is cancelled, or until a retry is pointless.
pub(super) async fn reconnect_loop(shared: Arc<Shared>, target: DialTarget, cancel: CancellationToken) {
    let (mut pause, mut last, mut who) = (FIRST_PAUSE, None, target.expected);
    loop {
        let network = tokio::select! {
            network = shared.network_state.available() => network,
            () = cancel.cancelled() => return,
        };
        // The Wi-Fi group may have been formed again with other addresses. Then the distributor's announcement has the
        // new address. Announcements can be forged, so alternate it with the given address.
        let announced = who
            .and_then(|who| Some((shared.discovered_addr(&who)?, Some(who))))
            .filter(|(addr, _)| *addr != target.addr);
        let (addr, expected) =
            announced.filter(|_| last == Some(target.addr)).unwrap_or((target.addr, target.expected));
        last = Some(addr);
        let begun = Instant::now();
        let publish = |state| shared.events.publish(ReceiveEvent::Dial(addr, state));
        publish(DialState::Connecting);
        let attempt = Attempt { shared: &shared, addr, expected, network: &network, cancel: &cancel };
        let ended = attempt.run(&mut who).await;
        if cancel.is_cancelled() {
            return;
        }
        match ended {
            Ok(()) => publish(DialState::Retrying(EndReason::Lost)),
            Err(reason) if addr == target.addr && is_permanent(&reason) => return publish(DialState::GaveUp(reason)),
            Err(reason) => publish(DialState::Retrying(reason)),
        }
        let was_long = begun.elapsed() > LONGEST_PAUSE;
        let now = if was_long { FIRST_PAUSE } else { pause };
        pause = LONGEST_PAUSE.min(now * 2);
        tokio::select! {
            () = tokio::time::sleep(now) => {}
            () = shared.announced_elsewhere(who, addr) => {}
            () = cancel.cancelled() => return,
        }
    }
}

/// One dial.
struct Attempt<'a> {
    shared: &'a Arc<Shared>,
    addr: SocketAddr,
    expected: Option<Fingerprint>,
    network: &'a ActiveNetwork,
    cancel: &'a CancellationToken,
}

impl Attempt<'_> {
    /// Runs until the connection ends. Sets `who` to the device that answered.
    async fn run(self, who: &mut Option<Fingerprint>) -> Result<(), EndReason> {
        let Self { shared, addr, network, cancel, .. } = self;
        let dial = fieldcast_net::dial(&network.interface, &shared.identity, addr, self.expected, DIAL_TIMEOUT);
        let connection = tokio::select! {
            connection = dial => connection.map_err(|error| dial_error(&error))?,
            () = network.ended.cancelled() => return Err(EndReason::Lost),
            () = cancel.cancelled() => return Err(EndReason::Lost),
        };
        *who = Some(connection.peer());
        let credentials = shared.credentials().await.map_err(super::not_stored)?;
        let handshake = HandshakeParameters {
            credentials,
            ..trust::handshake_parameters(&connection, &shared.settings.name, &shared.identity)?
        };
        let link = Link::new(connection, shared.settings.limits.heartbeat);
        let distributor = link.peer();
        shared.events.publish(ReceiveEvent::Dial(addr, DialState::Connected(distributor)));
        let limits = Limits { greeting: PARKED_LIMIT, ..shared.settings.limits };
        let exchange = Exchange::new(shared.clone(), cancel.clone(), &network.ended);
        let ended = exchange.parked().run(link, handshake, limits).await;
        if ended == Err(EndReason::NotInvited) {
            shared.invites().remove(&distributor); // it may be dialed without the invite
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
