//! Coming to a receiver: take it off the line or call it, and again when the connection breaks.

use std::time::Duration;

use fieldcast_wire::{DistributorState, EndReason, HandshakeParameters, Hello, Receipt};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::parked::{CallInList, ParkedConnection};
use super::peers::Route;
use super::send::{CALL_LIMIT, CANCELLED, Sending};
use super::{SendState, finding::no_network};
use crate::interface_monitor::ActiveNetwork;
use crate::link::{Link, not_called};
use crate::{grants, trust};

/// The pause before the first new call; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// Losses before a yes that renew the time to resume.
const MOST_FRUITLESS: u32 = 5;
/// How long receivers that were picked wait for a network to come back: a person may have to form the group anew.
const WITHOUT_NETWORK: Duration = Duration::from_secs(600);

/// A connection to the receiver.
pub(super) struct Reached {
    pub(super) link: Link,
    pub(super) introduction: HandshakeParameters,
    /// What the receiver has said already.
    pub(super) hello: Option<Hello>,
    /// Cancelled when the network goes.
    pub(super) network: CancellationToken,
    /// Whether it has called by an invite.
    pub(super) is_invited: bool,
    /// Keeps a receiver that has called in on the list.
    pub(super) call: Option<CallInList>,
}

impl Sending {
    /// Tries until it has saved, it will not, or the time to resume is over.
    pub(super) async fn send(&mut self) -> Result<Receipt, EndReason> {
        let live = self.shared.live.clone();
        let mut next_pause = FIRST_PAUSE;
        loop {
            self.last_progress.get_or_insert_with(Instant::now);
            self.any_way().await?;
            // Only for as long as data may go to it does a receiver take a slot from the others.
            self.slot = tokio::select! {
                slot = live.clone().acquire_owned() => slot.ok(),
                () = self.cancel.cancelled() => return Err(CANCELLED),
            };
            let before = self.progress.staged;
            let reason = match self.attempt().await {
                Ok(receipt) => return Ok(receipt),
                Err(reason) => reason,
            };
            self.slot = None;
            let is_over = self.last_progress.is_some_and(|at| at.elapsed() >= self.shared.settings.resume_for);
            // Whoever answers at an address without the receiver's key decides nothing: the receiver may be elsewhere.
            let may_pass = self.is_unproven || matches!(reason, EndReason::Lost | EndReason::Unreachable(_));
            if is_over || !may_pass {
                return Err(reason);
            }
            self.enter(SendState::Lost(self.progress));
            let pause = if self.progress.staged > before { FIRST_PAUSE } else { next_pause };
            next_pause = LONGEST_PAUSE.min(pause * 2);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.another_way() => {}
                () = self.cancel.cancelled() => return Err(CANCELLED),
            }
        }
    }

    /// Waits for a network and a way to the receiver in it. Time without a network is not the receiver's.
    async fn any_way(&mut self) -> Result<(), EndReason> {
        let mut ways = self.shared.ways();
        let mut without_network = None;
        loop {
            let is_here = self.shared.air.live().is_some();
            if is_here && without_network.take().is_some() {
                self.last_progress = Some(Instant::now());
            }
            if is_here && !self.routes().is_empty() {
                return Ok(());
            }
            let until = match is_here {
                true => self.last_progress.unwrap_or_else(Instant::now) + self.shared.settings.resume_for,
                false => *without_network.get_or_insert_with(Instant::now) + WITHOUT_NETWORK,
            };
            tokio::select! {
                Ok(()) = ways.changed() => {}
                () = tokio::time::sleep_until(until) => {
                    return Err(if is_here { EndReason::Lost } else { EndReason::Unreachable(no_network().to_string()) });
                }
                () = self.cancel.cancelled() => return Err(CANCELLED),
            }
        }
    }

    /// Waits until there is a way that has not just failed.
    async fn another_way(&self) {
        let mut ways = self.shared.ways();
        while ways.changed().await.is_ok() {
            if self.shared.air.live().is_some() && self.routes().iter().any(|route| Some(*route) != self.last_route) {
                return;
            }
        }
        std::future::pending().await
    }

    fn routes(&self) -> Vec<Route> {
        self.shared.peers().routes(self.receiver)
    }

    /// One connection, from the call to its end.
    async fn attempt(&mut self) -> Result<Receipt, EndReason> {
        self.enter(SendState::Connecting);
        let network = self.shared.air.live().ok_or(EndReason::Lost)?;
        let routes = self.routes();
        let route = next_route(&routes, self.last_route).ok_or(EndReason::Lost)?;
        (self.last_route, self.is_unproven) = (Some(route), true);
        let mut reached = tokio::select! {
            reached = self.reach(route, &network) => reached?,
            () = network.ended.cancelled() => return Err(EndReason::Lost),
            () = self.cancel.cancelled() => return Err(CANCELLED),
        };
        self.is_unproven = false;
        if let Route::Call(addr) = route {
            self.shared.peers().proven(self.receiver, addr);
            self.shared.settings.wanted.add([self.receiver]);
        }
        // Anew each time: what the last receiver has told of whom is revoked goes on with this one.
        reached.introduction.credentials = self.on_bundle(|bundle| grants::credentials(bundle.store())).await?;
        self.peer_key = Some(reached.link.peer_key());
        self.wire_before = self.progress.wire;
        self.exchange(reached).await
    }

    async fn reach(&self, route: Route, network: &ActiveNetwork) -> Result<Reached, EndReason> {
        let ended = network.ended.clone();
        match route {
            Route::Line(number) => {
                let waiting = self.shared.peers().take(self.receiver, number).ok_or(EndReason::Lost)?;
                let (asked, answer) = oneshot::channel();
                // It may hang up at this very moment.
                waiting.send(asked).map_err(|_| EndReason::Lost)?;
                let ParkedConnection { link, introduction, hello, is_invited, call } =
                    answer.await.map_err(|_| EndReason::Lost)?;
                Ok(Reached { link, introduction, hello: Some(hello), network: ended, is_invited, call: Some(call) })
            }
            Route::Call(addr) => {
                let (interface, own) = (&network.interface, &self.shared.identity);
                let dialled = fieldcast_net::dial(interface, own, addr, Some(self.receiver), CALL_LIMIT).await;
                let connection = dialled.map_err(|error| {
                    self.shared.reverify(self.receiver);
                    not_called(&error)
                })?;
                let introduction = trust::introduce(&connection, &self.shared.settings.name, &self.shared.identity)?;
                let link = Link::new(connection, self.shared.settings.limits.heartbeat);
                Ok(Reached { link, introduction, hello: None, network: ended, is_invited: false, call: None })
            }
        }
    }

    /// This side had to notice by itself that the receiver is lost: the time to resume begins now. Not without end for one
    /// that never comes to a yes.
    pub(super) fn noticed_loss(&mut self, state: &DistributorState) {
        if matches!(state, DistributorState::Greeting | DistributorState::Asking) {
            self.fruitless += 1;
        }
        if self.fruitless < MOST_FRUITLESS {
            self.last_progress = Some(Instant::now());
        }
    }
}

/// Whoever is on the line first; then each way in its turn, for the surest may be a stale one, or a lie.
fn next_route(routes: &[Route], last: Option<Route>) -> Option<Route> {
    let first = *routes.first()?;
    if matches!(first, Route::Line(_)) && Some(first) != last {
        return Some(first);
    }
    let at = routes.iter().position(|route| Some(*route) == last).map_or(0, |at| at + 1);
    Some(routes.get(at).copied().unwrap_or(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_has_its_turn_and_the_line_comes_first() {
        let [typed, mdns, phone] = [1, 2, 3].map(|port| Route::Call(([192, 168, 49, 2], port).into()));
        let ways = [typed, mdns, phone];
        let mut last = None;
        for expected in [typed, mdns, phone, typed] {
            last = next_route(&ways, last);
            assert_eq!(last, Some(expected));
        }
        assert_eq!(next_route(&[Route::Line(1), typed, mdns], Some(typed)), Some(Route::Line(1)));
        assert_eq!(next_route(&[Route::Line(1), typed], Some(Route::Line(1))), Some(typed));
        assert_eq!(next_route(&[typed], Some(Route::Line(1))), Some(typed), "it has hung up");
        assert_eq!(next_route(&[typed], Some(typed)), Some(typed));
        assert_eq!(next_route(&[], None), None);
    }
}
