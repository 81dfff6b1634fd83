//! The state that the tasks of a distributor's session share.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use fieldcast_model::{DeviceName, Fingerprint};
use fieldcast_net::{Connection, Error as NetworkError, Identity};
use fieldcast_store::Store;
use fieldcast_wire::{EndReason, Handshake, Offer, Role, Sas, Token};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use super::bundle::Bundle;
use super::event::{FoundPeer, OfferEvent, SendState};
use super::receivers::{OnDrop, Receivers};
use crate::events::EventBus;
use crate::network::{ActiveNetwork, Endpoint, EndpointConfig, Link, NetworkState};
use crate::task::locked;
use crate::trust::identity;
use crate::{Answer, Error, ExchangeSettings, NetworkChange, clock};

/// A receiver's connection that is not in use. The handshake knows its hello.
pub(super) struct ParkedConnection {
    pub(super) link: Link,
    pub(super) handshake: Handshake,
    /// Keeps the receiver on the list.
    pub(super) listed: OnDrop,
}

/// An open code comparison.
struct OpenComparison {
    code: Sas,
    answer: oneshot::Sender<Answer>,
}

pub(super) struct OfferState {
    pub(super) settings: ExchangeSettings,
    pub(super) identity: Arc<Identity>,
    pub(super) network: NetworkState,
    pub(super) store: Store,
    pub(super) bundle: Arc<Bundle>,
    pub(super) offer: Offer,
    pub(super) transfer_slots: Arc<Semaphore>,
    pub(super) events: EventBus<OfferEvent>,
    receivers: Mutex<Receivers<ParkedConnection>>,
    comparisons: Mutex<BTreeMap<Fingerprint, OpenComparison>>,
    reverify_requests: mpsc::UnboundedSender<Fingerprint>,
    /// Incremented when the state of a send changes, to wake the tasks that wait for the end.
    changes: watch::Sender<u64>,
    /// Incremented when the network or the routes to a receiver change, to wake the tasks that wait for a route.
    route_changes: watch::Sender<u64>,
    /// The token in every invite of this session. `invited_until` is the latest expiry of these invites.
    pub(super) token: Token,
    invited_until: AtomicI64,
}

impl OfferState {
    /// The state of a new session, and the requests to check whether a receiver is still present.
    pub(super) fn new(
        settings: ExchangeSettings,
        identity: Arc<Identity>,
        bundle: Bundle,
    ) -> Result<(Self, mpsc::UnboundedReceiver<Fingerprint>), Error> {
        let (reverify_requests, to_reverify) = mpsc::unbounded_channel();
        let token = fieldcast_net::random()?.first_chunk().copied().unwrap_or_default();
        let state = Self {
            transfer_slots: Arc::new(Semaphore::new(settings.max_live)),
            offer: bundle.offer(),
            store: bundle.store().clone(),
            settings,
            identity,
            network: NetworkState::new(),
            bundle: Arc::new(bundle),
            events: EventBus::new(),
            receivers: Mutex::default(),
            comparisons: Mutex::default(),
            reverify_requests,
            changes: watch::Sender::new(0),
            route_changes: watch::Sender::new(0),
            token: Token(token),
            invited_until: AtomicI64::new(0),
        };
        Ok((state, to_reverify))
    }

    pub(super) fn receivers(&self) -> MutexGuard<'_, Receivers<ParkedConnection>> {
        locked(&self.receivers)
    }

    /// Changes the list of receivers and publishes the resulting event.
    pub(super) fn change<T>(
        &self,
        change: impl FnOnce(&mut Receivers<ParkedConnection>) -> (T, Option<OfferEvent>),
    ) -> T {
        let mut receivers = self.receivers();
        let (result, event) = change(&mut receivers);
        if let Some(event) = event {
            self.events.publish(event); // under the lock, to keep the order
        }
        drop(receivers);
        self.route_changes.send_modify(|count| *count += 1);
        result
    }

    /// Signals changes of the routes to receivers.
    pub(super) fn route_changes(&self) -> watch::Receiver<u64> {
        self.route_changes.subscribe()
    }

    /// Signals changes of the state of sends.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    pub(super) fn found(&self, receiver: Fingerprint) -> Option<FoundPeer> {
        self.receivers().shown(receiver)
    }

    /// The name of a receiver.
    pub(super) fn name_of(&self, receiver: Fingerprint) -> DeviceName {
        self.found(receiver).map_or_else(|| DeviceName::new(""), |found| found.name)
    }

    pub(super) fn endpoint_config(&self) -> EndpointConfig<'_> {
        EndpointConfig { settings: &self.settings, identity: &self.identity, role: Role::Distributor }
    }

    pub(super) fn network_available(&self, endpoint: &Endpoint) -> ActiveNetwork {
        let network = self.network.begin(endpoint.interface.clone(), endpoint.listener.addr());
        self.route_changes.send_modify(|count| *count += 1);
        network
    }

    pub(super) fn network_lost(&self, name: &str) {
        self.network.end();
        let events = self.receivers().network_lost();
        self.events.publish(OfferEvent::Network(NetworkChange::Lost { name: name.to_owned() }));
        events.into_iter().for_each(|event| self.events.publish(event));
        self.route_changes.send_modify(|count| *count += 1);
    }

    /// The handshake on a new connection. It accepts the invites of this session until they expire.
    pub(super) fn handshake(&self, connection: &Connection) -> Result<Handshake, EndReason> {
        let invite = (clock::now() < self.invited_until.load(Ordering::Relaxed)).then_some(self.token);
        identity::handshake(connection, Role::Distributor, &self.settings.name, &self.identity, invite)
    }

    /// Accepts this session's invites at least until `expires`.
    pub(super) fn accept_invites_until(&self, expires: i64) {
        self.invited_until.fetch_max(expires, Ordering::Relaxed);
    }

    pub(super) fn enter(&self, receiver: Fingerprint, state: SendState) {
        self.receivers().enter(receiver, state.clone());
        self.events.publish(OfferEvent::Changed(receiver, state));
        self.changes.send_modify(|count| *count += 1);
    }

    /// Asks the user to compare a receiver's code; the answer comes through the channel. A later question about the
    /// same receiver replaces this one.
    pub(super) fn compare(&self, receiver: Fingerprint, code: Sas) -> oneshot::Receiver<Answer> {
        let (answer, answered) = oneshot::channel();
        locked(&self.comparisons).insert(receiver, OpenComparison { code, answer });
        if let Some(found) = self.found(receiver) {
            self.events.publish(OfferEvent::Compare(found, code));
        }
        answered
    }

    /// Publishes the code on a receiver's screen if it is not compared here.
    pub(super) fn show_code(&self, receiver: Fingerprint, code: Sas) {
        if let Some(found) = self.found(receiver) {
            self.events.publish(OfferEvent::Sas(found, code));
        }
    }

    /// Answers the code comparison, if it is still open.
    pub(super) fn answer(&self, receiver: Fingerprint, answer: Answer) {
        if let Some(open) = locked(&self.comparisons).remove(&receiver) {
            let _asker_may_be_gone = open.answer.send(answer);
        }
    }

    pub(super) fn open_comparisons(&self) -> Vec<(Fingerprint, Sas)> {
        let comparisons = locked(&self.comparisons);
        let open = comparisons.iter().filter(|(_, open)| !open.answer.is_closed());
        open.map(|(receiver, open)| (*receiver, open.code)).collect()
    }

    /// Requests a check that a receiver is still present.
    pub(super) fn reverify(&self, receiver: Fingerprint) {
        let _no_longer_browsing = self.reverify_requests.send(receiver);
    }
}

/// The error if an operation needs a network and there is none.
pub(super) fn no_network() -> Error {
    Error::Network(NetworkError::NoInterface)
}
