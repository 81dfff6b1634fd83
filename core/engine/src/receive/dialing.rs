//! Calling in: a receiver that knows where a distributor is waits on its line, and calls again when that breaks.

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
use crate::link::{Link, not_called};
use crate::trust;

/// How long one call may take, TLS included.
const CALL_LIMIT: Duration = Duration::from_secs(10);
/// How long to wait on the line before calling anew.
const ON_THE_LINE: Duration = Duration::from_secs(3600);
/// The pause before the first new call; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// A distributor to call, and to wait on its line until its person picks this device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialTarget {
    /// Where it listens.
    pub addr: SocketAddr,
    /// Who must answer; whoever does if `None`.
    pub expected: Option<Fingerprint>,
    /// From the invite of who is expected: then no code is compared, whichever side calls.
    pub token: Option<Token>,
}

impl From<&Invite> for DialTarget {
    fn from(invite: &Invite) -> Self {
        Self { addr: invite.addr(), expected: Some(invite.key()), token: invite.token() }
    }
}

/// How a call to a distributor stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DialState {
    /// It is being called.
    Connecting,
    /// On the line of this distributor, whose person can pick this device now.
    Connected(Fingerprint),
    /// There is no line; it is called again.
    Retrying(EndReason),
    /// There will be none, and it is not called again.
    GaveUp(EndReason),
}

/// Calls until cancelled, or until it is clear that there is no use in it.
pub(super) async fn reconnect_loop(shared: Arc<Shared>, call: DialTarget, cancel: CancellationToken) {
    let (mut pause, mut last, mut who) = (FIRST_PAUSE, None, call.expected);
    loop {
        let network = tokio::select! {
            network = shared.air.some() => network,
            () = cancel.cancelled() => return,
        };
        // The group may have been formed anew, with other addresses: then it is heard where the distributor is now. Anybody
        // can say so, so the address that was given has its turn, too.
        let heard =
            who.and_then(|who| Some((shared.heard_at(&who)?, Some(who)))).filter(|(addr, _)| *addr != call.addr);
        let (addr, expected) = heard.filter(|_| last == Some(call.addr)).unwrap_or((call.addr, call.expected));
        last = Some(addr);
        let begun = Instant::now();
        let tell = |state| shared.events.publish(ReceiveEvent::Dial(addr, state));
        tell(DialState::Connecting);
        let attempt = Attempt { shared: &shared, addr, expected, network: &network, cancel: &cancel };
        let ended = attempt.run(&mut who).await;
        if cancel.is_cancelled() {
            return;
        }
        match ended {
            Ok(()) => tell(DialState::Retrying(EndReason::Lost)),
            Err(reason) if addr == call.addr && is_of_no_use(&reason) => return tell(DialState::GaveUp(reason)),
            Err(reason) => tell(DialState::Retrying(reason)),
        }
        let was_long = begun.elapsed() > LONGEST_PAUSE;
        let now = if was_long { FIRST_PAUSE } else { pause };
        pause = LONGEST_PAUSE.min(now * 2);
        tokio::select! {
            () = tokio::time::sleep(now) => {}
            () = shared.heard_elsewhere(who, addr) => {}
            () = cancel.cancelled() => return,
        }
    }
}

/// One call.
struct Attempt<'a> {
    shared: &'a Arc<Shared>,
    addr: SocketAddr,
    expected: Option<Fingerprint>,
    network: &'a ActiveNetwork,
    cancel: &'a CancellationToken,
}

impl Attempt<'_> {
    /// To the end of what comes of it; with who has answered.
    async fn run(self, who: &mut Option<Fingerprint>) -> Result<(), EndReason> {
        let Self { shared, addr, network, cancel, .. } = self;
        let dial = fieldcast_net::dial(&network.interface, &shared.identity, addr, self.expected, CALL_LIMIT);
        let connection = tokio::select! {
            connection = dial => connection.map_err(|error| not_called(&error))?,
            () = network.ended.cancelled() => return Err(EndReason::Lost),
            () = cancel.cancelled() => return Err(EndReason::Lost),
        };
        *who = Some(connection.peer());
        let credentials = shared.credentials().await.map_err(super::not_stored)?;
        let introduction = HandshakeParameters {
            credentials,
            ..trust::introduce(&connection, &shared.settings.name, &shared.identity)?
        };
        let link = Link::new(connection, shared.settings.limits.heartbeat);
        let distributor = link.peer();
        shared.events.publish(ReceiveEvent::Dial(addr, DialState::Connected(distributor)));
        let limits = Limits { greeting: ON_THE_LINE, ..shared.settings.limits };
        let exchange = Exchange::new(shared.clone(), cancel.clone(), &network.ended);
        let ended = exchange.parked().run(link, introduction, limits).await;
        if ended == Err(EndReason::NotInvited) {
            shared.invites().remove(&distributor); // it may be called without
        }
        ended
    }
}

/// Whether calling again would end the same way.
fn is_of_no_use(reason: &EndReason) -> bool {
    use EndReason as R;
    matches!(
        reason,
        R::WrongDevice | R::Incompatible | R::NotSecure | R::SameRole | R::NotInvited | R::SharedKey { .. }
    )
}
