//! A distributor's session: the receivers that are found, the ones that are picked, and the state of each.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fieldcast_model::{DeviceName, Fingerprint};
use fieldcast_net::{Identity, Interface};
use fieldcast_store::Store;
use fieldcast_wire::{EndReason, Group, Invite, Offer, Role, Sas, Token};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::bundle::Bundle;
use super::finding::{find, find_at, no_network};
use super::peers::Peers;
use super::send::Sending;
use super::{FoundPeer, OfferEvent, SendProgress, SendState};
use crate::endpoint::{Endpoint, EndpointConfig};
use crate::events::EventBus;
use crate::interface_monitor::{ActiveNetwork, NetworkState};
use crate::{Answer, Error, ExchangeSettings, NetworkChange, Subscription, clock, task};

/// An open code comparison.
struct Comparison {
    code: Sas,
    answer: oneshot::Sender<Answer>,
}

/// The state that the tasks of one session share.
pub(crate) struct Shared {
    pub(crate) settings: ExchangeSettings,
    pub(crate) identity: Arc<Identity>,
    pub(crate) network_state: NetworkState,
    pub(crate) store: Store,
    pub(crate) bundle: Bundle,
    pub(crate) offer: Offer,
    pub(crate) transfer_slots: Arc<Semaphore>,
    events: EventBus<OfferEvent>,
    peers: Mutex<Peers>,
    comparisons: Mutex<BTreeMap<Fingerprint, Comparison>>,
    reverify_requests: mpsc::UnboundedSender<Fingerprint>,
    /// Incremented when the state of a send changes, to wake the tasks that wait for the end.
    changes: watch::Sender<u64>,
    /// Incremented when the network or the routes to a receiver change, to wake the tasks that wait for a route.
    route_changes: watch::Sender<u64>,
    /// The token in every invite of this session. `invited_until` is the latest expiry of these invites.
    token: Token,
    invited_until: AtomicI64,
}

impl Shared {
    pub(super) fn peers(&self) -> MutexGuard<'_, Peers> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the list of receivers and publishes the resulting event.
    pub(super) fn change(&self, change: impl FnOnce(&mut Peers) -> Option<OfferEvent>) {
        let mut peers = self.peers();
        if let Some(event) = change(&mut peers) {
            self.publish(event); // under the lock, to keep the order
        }
        drop(peers);
        self.route_changes.send_modify(|count| *count += 1);
    }

    /// Signals changes of the routes to receivers.
    pub(super) fn route_changes(&self) -> watch::Receiver<u64> {
        self.route_changes.subscribe()
    }

    pub(super) fn publish(&self, event: OfferEvent) {
        self.events.publish(event);
    }

    pub(super) fn found(&self, peer: Fingerprint) -> Option<FoundPeer> {
        self.peers().shown(peer)
    }

    pub(super) fn endpoint_config(&self) -> EndpointConfig<'_> {
        EndpointConfig { settings: &self.settings, identity: &self.identity, role: Role::Distributor }
    }

    pub(super) fn network_here(&self, endpoint: &Endpoint) -> ActiveNetwork {
        let network = self.network_state.begin(endpoint);
        self.route_changes.send_modify(|count| *count += 1);
        network
    }

    pub(super) fn network_gone(&self, name: &str) {
        self.network_state.end();
        let events = self.peers().network_gone();
        self.publish(OfferEvent::Network(NetworkChange::Gone { name: name.to_owned() }));
        events.into_iter().for_each(|event| self.publish(event));
        self.route_changes.send_modify(|count| *count += 1);
    }

    /// Whether this proof shows that the peer has read an invite of this session that has not expired.
    pub(super) fn is_valid_invite(&self, proof: &[u8; 32], exporter: &[u8; 32]) -> bool {
        clock::now() < self.invited_until.load(Ordering::Relaxed) && self.token.proof(exporter) == *proof
    }

    pub(crate) fn enter(&self, peer: Fingerprint, state: SendState) {
        self.peers().enter(peer, state.clone());
        self.publish(OfferEvent::Changed(peer, state));
        self.changes.send_modify(|count| *count += 1);
    }

    /// The name of a receiver.
    pub(crate) fn name_of(&self, peer: Fingerprint) -> DeviceName {
        self.found(peer).map_or_else(|| DeviceName::new(""), |found| found.name)
    }

    /// Asks the user to compare a receiver's code; the answer comes through the channel. A later question about the
    /// same receiver replaces this one.
    pub(crate) fn compare(&self, peer: Fingerprint, code: Sas) -> oneshot::Receiver<Answer> {
        let (answer, answered) = oneshot::channel();
        self.comparisons().insert(peer, Comparison { code, answer });
        if let Some(found) = self.found(peer) {
            self.publish(OfferEvent::Compare(found, code));
        }
        answered
    }

    /// Publishes the code on a receiver's screen if it is not compared here.
    pub(crate) fn show_code(&self, peer: Fingerprint, code: Sas) {
        if let Some(found) = self.found(peer) {
            self.publish(OfferEvent::Sas(found, code));
        }
    }

    fn comparisons(&self) -> MutexGuard<'_, BTreeMap<Fingerprint, Comparison>> {
        self.comparisons.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Requests a check that a peer is still present.
    pub(crate) fn reverify(&self, peer: Fingerprint) {
        let _no_longer_browsing = self.reverify_requests.send(peer);
    }
}

/// A session that offers a bundle to the receivers on the network. Dropping it stops everything at once;
/// [`stop`](Self::stop) also sends the receivers the reason.
pub struct OfferSession {
    shared: Arc<Shared>,
    sending: Mutex<BTreeMap<Fingerprint, Sent>>,
    cancel: CancellationToken,
    /// `None` after the session was stopped.
    finding: Mutex<Option<AbortOnDropHandle<()>>>,
}

struct Sent {
    task: AbortOnDropHandle<()>,
    cancel: CancellationToken,
}

impl OfferSession {
    pub(crate) async fn start(
        settings: ExchangeSettings,
        identity: Arc<Identity>,
        interface: Interface,
        bundle: Bundle,
    ) -> Result<Self, Error> {
        let (reverify_requests, to_reverify) = mpsc::unbounded_channel();
        let token = fieldcast_net::random()?.first_chunk().copied().unwrap_or_default();
        let shared = Arc::new(Shared {
            reverify_requests,
            transfer_slots: Arc::new(Semaphore::new(settings.max_live)),
            offer: bundle.offer(),
            store: bundle.store().clone(),
            comparisons: Mutex::default(),
            settings,
            identity,
            network_state: NetworkState::new(),
            bundle,
            events: EventBus::new(),
            peers: Mutex::default(),
            changes: watch::Sender::new(0),
            route_changes: watch::Sender::new(0),
            token: Token(token),
            invited_until: AtomicI64::new(0),
        });
        let endpoint = shared.endpoint_config().open(interface).await?;
        let network = shared.network_here(&endpoint);
        let finding = task::spawn(find(shared.clone(), endpoint, network, to_reverify));
        Ok(Self {
            shared,
            sending: Mutex::default(),
            cancel: CancellationToken::new(),
            finding: Mutex::new(Some(AbortOnDropHandle::new(finding))),
        })
    }

    /// The address to which receivers can connect now; `None` if there is no network.
    pub fn addr(&self) -> Option<SocketAddr> {
        self.shared.network_state.current().map(|network| network.addr)
    }

    /// An invite to connect to this session, valid until `expires` (ms since 1970 by this device's clock). It contains
    /// the Wi-Fi group to join first, if there is one. If a receiver connects with it, neither side asks for a code.
    ///
    /// # Errors
    /// [`Error::Network`] while there is no network, [`Error::Invite`].
    pub fn invite(&self, group: Option<Group>, expires: i64) -> Result<Invite, Error> {
        let addr = self.addr().ok_or_else(no_network)?;
        let invite = Invite::new(group, addr, self.shared.identity.fingerprint(), expires)?;
        self.shared.invited_until.fetch_max(invite.expires(), Ordering::Relaxed);
        Ok(invite.with_token(self.shared.token))
    }

    /// Identifies the receiver at this address and adds it to the list.
    ///
    /// # Errors
    /// [`Error::Network`] if no device answers, [`Error::Refused`] if it is not a receiver.
    pub fn find_at(&self, addr: SocketAddr) -> impl Future<Output = Result<FoundPeer, Error>> + Send + use<> {
        find_at(self.shared.clone(), addr)
    }

    /// The offered snapshots.
    pub fn offer(&self) -> &Offer {
        &self.shared.offer
    }

    /// The session's events from now on. The first subscriber gets all events since the start.
    pub fn subscribe(&self) -> Subscription<OfferEvent> {
        self.shared.events.subscribe()
    }

    /// All receivers with the state of sending, by fingerprint.
    pub fn peers(&self) -> Vec<(FoundPeer, SendState)> {
        self.shared.peers().all()
    }

    /// Sends to a receiver. Does nothing if that is already running or done.
    ///
    /// # Errors
    /// [`Error::NoSuchPeer`] if it was not found.
    pub fn send_to(&self, receiver: Fingerprint) -> Result<(), Error> {
        let state = self.shared.peers().state(receiver).ok_or(Error::NoSuchPeer)?;
        let mut sending = self.sending.lock().unwrap_or_else(PoisonError::into_inner);
        // A task that has reported its end may take a moment longer to finish.
        let is_running = !state.is_final() && sending.get(&receiver).is_some_and(|sent| !sent.task.is_finished());
        if !is_running && !matches!(state, SendState::Saved(_)) {
            let cancel = self.cancel.child_token();
            self.shared.enter(receiver, SendState::Queued);
            let task =
                AbortOnDropHandle::new(task::spawn(Sending::new(self.shared.clone(), receiver, cancel.clone()).run()));
            let shared = self.shared.clone();
            let watched = task::spawn(async move {
                // If the task panics, report a failure, so that no caller waits without end.
                if let Err(error) = task.await {
                    let reason = EndReason::NotRead(Error::from(error).to_string());
                    shared.enter(receiver, SendState::Failed(reason, SendProgress::default()));
                }
            });
            sending.insert(receiver, Sent { task: AbortOnDropHandle::new(watched), cancel });
        }
        Ok(())
    }

    /// Answers [`OfferEvent::Compare`]: whether the receiver's screen shows the code. Does nothing if the question is
    /// no longer open.
    pub fn answer(&self, receiver: Fingerprint, answer: Answer) {
        if let Some(open) = self.shared.comparisons().remove(&receiver) {
            let _asker_may_be_gone = open.answer.send(answer);
        }
    }

    /// The open code comparisons, for a screen that was opened after the event.
    pub fn open_comparisons(&self) -> Vec<(Fingerprint, Sas)> {
        let comparisons = self.shared.comparisons();
        let open = comparisons.iter().filter(|(_, open)| !open.answer.is_closed());
        open.map(|(receiver, open)| (*receiver, open.code)).collect()
    }

    /// Cancels sending to a receiver and notifies it.
    pub fn cancel(&self, receiver: Fingerprint) {
        let sending = self.sending.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sent) = sending.get(&receiver) {
            sent.cancel.cancel();
        }
    }

    /// Waits until every picked receiver has saved or failed.
    pub async fn finished(&self) {
        let mut changes = self.shared.changes.subscribe();
        let is_finished = || self.peers().iter().all(|(_, state)| state.is_final() || *state == SendState::Found);
        while !is_finished() && changes.changed().await.is_ok() {}
    }

    /// Cancels all running sends, notifies the receivers and waits until everything has ended. Also ends discovery.
    pub async fn stop(&self) {
        self.cancel.cancel();
        self.finished().await;
        let finding = self.finding.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(finding) = finding {
            finding.abort();
            let _ended = finding.await;
        }
    }
}
