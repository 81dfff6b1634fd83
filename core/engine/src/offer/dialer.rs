//! Connects to a receiver: takes its parked connection or dials it, and waits for a route when there is none.

use std::sync::Arc;
use std::time::Duration;

use fieldcast_model::Fingerprint;
use fieldcast_wire::{EndReason, Handshake, Resumption};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::receivers::{OnDrop, Route};
use super::state::{OfferState, ParkedConnection, no_network};
use crate::clock::Monotonic;
use crate::network::{ActiveNetwork, Link, dial, dial_error};

/// How long picked receivers wait for a network to come back. A user may have to form the Wi-Fi group again.
const NETWORK_TIMEOUT: Duration = Duration::from_secs(600);

/// A connection to the receiver.
pub(super) struct OutgoingConnection {
    pub(super) link: Link,
    pub(super) handshake: Handshake,
    /// Cancelled when the network is lost.
    pub(super) network: CancellationToken,
    /// Keeps a receiver that has connected on the list.
    pub(super) listed: Option<OnDrop>,
}

/// Finds routes to one receiver, one after another.
pub(super) struct ReceiverDialer {
    state: Arc<OfferState>,
    receiver: Fingerprint,
    /// The route of the last attempt.
    last: Option<Route>,
}

impl ReceiverDialer {
    pub(super) fn new(state: Arc<OfferState>, receiver: Fingerprint) -> Self {
        Self { state, receiver, last: None }
    }

    /// Waits for a network and a route to the receiver.
    pub(super) async fn any_route(&self, resumption: &mut Resumption, clock: Monotonic) -> Result<(), EndReason> {
        let mut changes = self.state.route_changes();
        let mut without_network = None;
        loop {
            let is_available = self.state.network.current().is_some();
            if is_available && without_network.take().is_some() {
                resumption.on_network(clock.now());
            }
            if is_available && !self.routes().is_empty() {
                return Ok(());
            }
            let ends = match is_available {
                true => resumption.gives_up_at(clock.now()),
                false => *without_network.get_or_insert(clock.now()) + NETWORK_TIMEOUT,
            };
            tokio::select! {
                Ok(()) = changes.changed() => {}
                () = clock.sleep_until(ends) => {
                    return Err(match is_available {
                        true => EndReason::Lost,
                        false => EndReason::Unreachable(no_network().to_string()),
                    });
                }
            }
        }
    }

    /// Waits until there is a route other than the one that has just failed.
    pub(super) async fn another_route(&self) {
        let mut changes = self.state.route_changes();
        while changes.changed().await.is_ok() {
            let is_available = self.state.network.current().is_some();
            if is_available && self.routes().iter().any(|route| Some(*route) != self.last) {
                return;
            }
        }
        std::future::pending().await
    }

    /// Connects over the next route.
    pub(super) async fn connect(&mut self) -> Result<OutgoingConnection, EndReason> {
        let network = self.state.network.current().ok_or(EndReason::Lost)?;
        let route = next_route(&self.routes(), self.last).ok_or(EndReason::Lost)?;
        self.last = Some(route);
        tokio::select! {
            connected = self.connect_over(route, &network) => connected,
            () = network.ended.cancelled() => Err(EndReason::Lost),
        }
    }

    async fn connect_over(&self, route: Route, network: &ActiveNetwork) -> Result<OutgoingConnection, EndReason> {
        let state = &self.state;
        match route {
            Route::Parked(number) => {
                let request = state.receivers().take(self.receiver, number).ok_or(EndReason::Lost)?;
                let (asked, answer) = oneshot::channel();
                // The receiver may disconnect at this moment.
                request.send(asked).map_err(|_| EndReason::Lost)?;
                let ParkedConnection { link, handshake, listed } = answer.await.map_err(|_| EndReason::Lost)?;
                Ok(OutgoingConnection { link, handshake, network: network.ended.clone(), listed: Some(listed) })
            }
            Route::Dial(addr) => {
                let dialed = dial(&network.interface, &state.identity, addr, Some(self.receiver)).await;
                let connection = dialed.map_err(|error| {
                    state.reverify(self.receiver);
                    dial_error(&error)
                })?;
                let handshake = state.handshake(&connection)?;
                state.receivers().proven(self.receiver, addr);
                state.settings.wanted.add([self.receiver]);
                Ok(OutgoingConnection {
                    link: Link::new(connection),
                    handshake,
                    network: network.ended.clone(),
                    listed: None,
                })
            }
        }
    }

    fn routes(&self) -> Vec<Route> {
        self.state.receivers().routes(self.receiver)
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
