//! Connects to a receiver: use its parked connection or dial it, and reconnect when the connection breaks.

use std::time::Duration;

use fieldcast_wire::{DistributorState, EndReason, HandshakeParameters, Hello, Receipt};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::parked::{ListedConnection, ParkedConnection};
use super::peers::Route;
use super::send::{CANCELLED, DIAL_TIMEOUT, Sending};
use super::{SendState, finding::no_network};
use crate::interface_monitor::ActiveNetwork;
use crate::link::{Link, dial_error};
use crate::{grants, trust};

/// The pause before the first reconnect; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// The number of connection losses before consent that restart the resume timeout.
const MAX_LOSSES_BEFORE_CONSENT: u32 = 5;
/// How long picked receivers wait for a network to come back. A user may have to form the Wi-Fi group again.
const NETWORK_TIMEOUT: Duration = Duration::from_secs(600);

/// A connection to the receiver.
pub(super) struct Connected {
    pub(super) link: Link,
    pub(super) handshake: HandshakeParameters,
    /// The hello that the receiver has already sent.
    pub(super) hello: Option<Hello>,
    /// Cancelled when the network is lost.
    pub(super) network: CancellationToken,
    /// Whether the receiver proved an invite on this connection.
    pub(super) is_invited: bool,
    /// Keeps a receiver that has connected on the list.
    pub(super) listed: Option<ListedConnection>,
}

impl Sending {
    /// Retries until the receiver has saved or refused, or the resume timeout is over.
    pub(super) async fn send(&mut self) -> Result<Receipt, EndReason> {
        let slots = self.shared.transfer_slots.clone();
        let mut next_pause = FIRST_PAUSE;
        loop {
            self.last_progress.get_or_insert_with(Instant::now);
            self.any_route().await?;
            // A receiver holds a transfer slot only while data can go to it.
            self.slot = tokio::select! {
                slot = slots.clone().acquire_owned() => slot.ok(),
                () = self.cancel.cancelled() => return Err(CANCELLED),
            };
            let before = self.progress.staged;
            let reason = match self.attempt().await {
                Ok(receipt) => return Ok(receipt),
                Err(reason) => reason,
            };
            self.slot = None;
            let is_over = self.last_progress.is_some_and(|at| at.elapsed() >= self.shared.settings.resume_for);
            // A device that answers at an address without the receiver's key does not end the send: the receiver may be
            // elsewhere.
            let may_pass = self.is_unproven || matches!(reason, EndReason::Lost | EndReason::Unreachable(_));
            if is_over || !may_pass {
                return Err(reason);
            }
            self.enter(SendState::Lost(self.progress));
            let pause = if self.progress.staged > before { FIRST_PAUSE } else { next_pause };
            next_pause = LONGEST_PAUSE.min(pause * 2);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.another_route() => {}
                () = self.cancel.cancelled() => return Err(CANCELLED),
            }
        }
    }

    /// Waits for a network and a route to the receiver. Time without a network does not count against the resume
    /// timeout.
    async fn any_route(&mut self) -> Result<(), EndReason> {
        let mut changes = self.shared.route_changes();
        let mut without_network = None;
        loop {
            let is_here = self.shared.network_state.current().is_some();
            if is_here && without_network.take().is_some() {
                self.last_progress = Some(Instant::now());
            }
            if is_here && !self.routes().is_empty() {
                return Ok(());
            }
            let until = match is_here {
                true => self.last_progress.unwrap_or_else(Instant::now) + self.shared.settings.resume_for,
                false => *without_network.get_or_insert_with(Instant::now) + NETWORK_TIMEOUT,
            };
            tokio::select! {
                Ok(()) = changes.changed() => {}
                () = tokio::time::sleep_until(until) => {
                    return Err(match is_here {
                        true => EndReason::Lost,
                        false => EndReason::Unreachable(no_network().to_string()),
                    });
                }
                () = self.cancel.cancelled() => return Err(CANCELLED),
            }
        }
    }

    /// Waits until there is a route other than the one that has just failed.
    async fn another_route(&self) {
        let mut changes = self.shared.route_changes();
        while changes.changed().await.is_ok() {
            if self.shared.network_state.current().is_some()
                && self.routes().iter().any(|route| Some(*route) != self.last_route)
            {
                return;
            }
        }
        std::future::pending().await
    }

    fn routes(&self) -> Vec<Route> {
        self.shared.peers().routes(self.receiver)
    }

    /// One connection, from dialing to its end.
    async fn attempt(&mut self) -> Result<Receipt, EndReason> {
        self.enter(SendState::Connecting);
        let network = self.shared.network_state.current().ok_or(EndReason::Lost)?;
        let routes = self.routes();
        let route = next_route(&routes, self.last_route).ok_or(EndReason::Lost)?;
        (self.last_route, self.is_unproven) = (Some(route), true);
        let mut connected = tokio::select! {
            connected = self.connect(route, &network) => connected?,
            () = network.ended.cancelled() => return Err(EndReason::Lost),
            () = self.cancel.cancelled() => return Err(CANCELLED),
        };
        self.is_unproven = false;
        if let Route::Dial(addr) = route {
            self.shared.peers().proven(self.receiver, addr);
            self.shared.settings.wanted.add([self.receiver]);
        }
        // Read the credentials for each attempt: the last receiver may have sent new revocations, which this one should
        // get too.
        connected.handshake.credentials = self.on_bundle(|bundle| grants::credentials(bundle.store())).await?;
        self.peer_key = Some(connected.link.peer_key());
        self.wire_before = self.progress.wire;
        self.exchange(connected).await
    }

    async fn connect(&self, route: Route, network: &ActiveNetwork) -> Result<Connected, EndReason> {
        let ended = network.ended.clone();
        match route {
            Route::Parked(number) => {
                let waiting = self.shared.peers().take(self.receiver, number).ok_or(EndReason::Lost)?;
                let (asked, answer) = oneshot::channel();
                // The receiver may disconnect at this moment.
                waiting.send(asked).map_err(|_| EndReason::Lost)?;
                let ParkedConnection { link, handshake, hello, is_invited, listed } =
                    answer.await.map_err(|_| EndReason::Lost)?;
                Ok(Connected { link, handshake, hello: Some(hello), network: ended, is_invited, listed: Some(listed) })
            }
            Route::Dial(addr) => {
                let (interface, own) = (&network.interface, &self.shared.identity);
                let dialed = fieldcast_net::dial(interface, own, addr, Some(self.receiver), DIAL_TIMEOUT).await;
                let connection = dialed.map_err(|error| {
                    self.shared.reverify(self.receiver);
                    dial_error(&error)
                })?;
                let handshake =
                    trust::handshake_parameters(&connection, &self.shared.settings.name, &self.shared.identity)?;
                let link = Link::new(connection, self.shared.settings.limits.heartbeat);
                Ok(Connected { link, handshake, hello: None, network: ended, is_invited: false, listed: None })
            }
        }
    }

    /// This side detected the loss itself, so the resume timeout starts now. It does not restart without limit for a
    /// receiver that never consents.
    pub(super) fn noticed_loss(&mut self, state: &DistributorState) {
        if matches!(state, DistributorState::Greeting | DistributorState::Asking) {
            self.losses_before_consent += 1;
        }
        if self.losses_before_consent < MAX_LOSSES_BEFORE_CONSENT {
            self.last_progress = Some(Instant::now());
        }
    }
}

/// A parked connection first; then each route in turn, because the best route may be outdated or forged.
fn next_route(routes: &[Route], last: Option<Route>) -> Option<Route> {
    let first = *routes.first()?;
    if matches!(first, Route::Parked(_)) && Some(first) != last {
        return Some(first);
    }
    let at = routes.iter().position(|route| Some(*route) == last).map_or(0, |at| at + 1);
    Some(routes.get(at).copied().unwrap_or(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_parked_connection_first_then_each_route() {
        let [typed, mdns, phone] = [1, 2, 3].map(|port| Route::Dial(([192, 168, 49, 2], port).into()));
        let routes = [typed, mdns, phone];
        let mut last = None;
        for expected in [typed, mdns, phone, typed] {
            last = next_route(&routes, last);
            assert_eq!(last, Some(expected));
        }
        assert_eq!(next_route(&[Route::Parked(1), typed, mdns], Some(typed)), Some(Route::Parked(1)));
        assert_eq!(next_route(&[Route::Parked(1), typed], Some(Route::Parked(1))), Some(typed));
        assert_eq!(next_route(&[typed], Some(Route::Parked(1))), Some(typed), "it has disconnected");
        assert_eq!(next_route(&[typed], Some(typed)), Some(typed));
        assert_eq!(next_route(&[], None), None);
    }
}
