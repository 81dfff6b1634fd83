//! A distributor's session: who is near, who was picked, how far each is.

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

/// A code nobody has compared yet.
struct Comparison {
    code: Sas,
    answer: oneshot::Sender<Answer>,
}

/// What the tasks of one session share.
pub(crate) struct Shared {
    pub(crate) settings: ExchangeSettings,
    pub(crate) identity: Arc<Identity>,
    pub(crate) air: NetworkState,
    pub(crate) store: Store,
    pub(crate) bundle: Bundle,
    pub(crate) offer: Offer,
    pub(crate) live: Arc<Semaphore>,
    events: EventBus<OfferEvent>,
    peers: Mutex<Peers>,
    comparisons: Mutex<BTreeMap<Fingerprint, Comparison>>,
    reverify_requests: mpsc::UnboundedSender<Fingerprint>,
    /// Bumped whenever a state changes, for those who wait for the end.
    changes: watch::Sender<u64>,
    /// Bumped whenever the network or the ways to a receiver change, for those who wait for one.
    ways: watch::Sender<u64>,
    /// In every invite of this session, the last of which ends then.
    token: Token,
    invited_until: AtomicI64,
}

impl Shared {
    pub(super) fn peers(&self) -> MutexGuard<'_, Peers> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the list of receivers and tells what came of it.
    pub(super) fn change(&self, change: impl FnOnce(&mut Peers) -> Option<OfferEvent>) {
        let mut peers = self.peers();
        if let Some(event) = change(&mut peers) {
            self.publish(event); // in the order it happened
        }
        drop(peers);
        self.ways.send_modify(|count| *count += 1);
    }

    /// For changes of the ways to receivers.
    pub(super) fn ways(&self) -> watch::Receiver<u64> {
        self.ways.subscribe()
    }

    pub(super) fn publish(&self, event: OfferEvent) {
        self.events.publish(event);
    }

    pub(super) fn found(&self, peer: Fingerprint) -> Option<FoundPeer> {
        self.peers().shown(peer)
    }

    pub(super) fn post(&self) -> EndpointConfig<'_> {
        EndpointConfig { settings: &self.settings, identity: &self.identity, role: Role::Distributor }
    }

    pub(super) fn network_here(&self, station: &Endpoint) -> ActiveNetwork {
        let live = self.air.begin(station);
        self.ways.send_modify(|count| *count += 1);
        live
    }

    pub(super) fn network_gone(&self, name: &str) {
        self.air.end();
        let events = self.peers().network_gone();
        self.publish(OfferEvent::Network(NetworkChange::Gone { name: name.to_owned() }));
        events.into_iter().for_each(|event| self.publish(event));
        self.ways.send_modify(|count| *count += 1);
    }

    /// Whether whoever proves this has read an invite of this session, and in time.
    pub(super) fn has_invited(&self, proof: &[u8; 32], exporter: &[u8; 32]) -> bool {
        clock::now() < self.invited_until.load(Ordering::Relaxed) && self.token.proof(exporter) == *proof
    }

    pub(crate) fn enter(&self, peer: Fingerprint, state: SendState) {
        self.peers().enter(peer, state.clone());
        self.publish(OfferEvent::Changed(peer, state));
        self.changes.send_modify(|count| *count += 1);
    }

    /// What a receiver calls itself.
    pub(crate) fn name_of(&self, peer: Fingerprint) -> DeviceName {
        self.found(peer).map_or_else(|| DeviceName::new(""), |found| found.name)
    }

    /// Asks the person to compare a receiver's code; the answer comes through the channel. A later question about the
    /// same receiver takes the place of this one.
    pub(crate) fn compare(&self, peer: Fingerprint, code: Sas) -> oneshot::Receiver<Answer> {
        let (answer, answered) = oneshot::channel();
        self.comparisons().insert(peer, Comparison { code, answer });
        if let Some(found) = self.found(peer) {
            self.publish(OfferEvent::Compare(found, code));
        }
        answered
    }

    /// Tells what a receiver's screen shows that is not compared here.
    pub(crate) fn show_code(&self, peer: Fingerprint, code: Sas) {
        if let Some(found) = self.found(peer) {
            self.publish(OfferEvent::Sas(found, code));
        }
    }

    fn comparisons(&self) -> MutexGuard<'_, BTreeMap<Fingerprint, Comparison>> {
        self.comparisons.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has a peer prove that it is still there.
    pub(crate) fn reverify(&self, peer: Fingerprint) {
        let _no_longer_browsing = self.reverify_requests.send(peer);
    }
}

/// Offering a bundle to the receivers near by. Dropping it stops everything at once; [`stop`](Self::stop) tells the
/// receivers why.
pub struct OfferSession {
    shared: Arc<Shared>,
    sending: Mutex<BTreeMap<Fingerprint, Sent>>,
    cancel: CancellationToken,
    /// Until it is stopped.
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
            live: Arc::new(Semaphore::new(settings.max_live)),
            offer: bundle.offer(),
            store: bundle.store().clone(),
            comparisons: Mutex::default(),
            settings,
            identity,
            air: NetworkState::new(),
            bundle,
            events: EventBus::new(),
            peers: Mutex::default(),
            changes: watch::Sender::new(0),
            ways: watch::Sender::new(0),
            token: Token(token),
            invited_until: AtomicI64::new(0),
        });
        let station = shared.post().open(interface).await?;
        let live = shared.network_here(&station);
        let finding = task::spawn(find(shared.clone(), station, live, to_reverify));
        Ok(Self {
            shared,
            sending: Mutex::default(),
            cancel: CancellationToken::new(),
            finding: Mutex::new(Some(AbortOnDropHandle::new(finding))),
        })
    }

    /// Where receivers can call in just now; `None` while there is no network.
    pub fn addr(&self) -> Option<SocketAddr> {
        self.shared.air.live().map(|live| live.addr)
    }

    /// An invite to call in here, good until `expires` (ms since 1970 by this device's clock), with the Wi-Fi group to
    /// join first if there is one. Whoever calls by it is asked for no code, nor is this device's person.
    ///
    /// # Errors
    /// [`Error::Network`] while there is no network, [`Error::Invite`].
    pub fn invite(&self, group: Option<Group>, expires: i64) -> Result<Invite, Error> {
        let addr = self.addr().ok_or_else(no_network)?;
        let invite = Invite::new(group, addr, self.shared.identity.fingerprint(), expires)?;
        self.shared.invited_until.fetch_max(invite.expires(), Ordering::Relaxed);
        Ok(invite.with_token(self.shared.token))
    }

    /// Asks who is at this address, and puts the receiver there on the list.
    ///
    /// # Errors
    /// [`Error::Network`] when nobody is there, [`Error::Refused`] when it is no receiver.
    pub fn find_at(&self, addr: SocketAddr) -> impl Future<Output = Result<FoundPeer, Error>> + Send + use<> {
        find_at(self.shared.clone(), addr)
    }

    /// What is offered.
    pub fn offer(&self) -> &Offer {
        &self.shared.offer
    }

    /// The session's events from now on; to the first who asks, from the beginning.
    pub fn subscribe(&self) -> Subscription<OfferEvent> {
        self.shared.events.subscribe()
    }

    /// Everyone found so far and how sending to them stands, by fingerprint.
    pub fn peers(&self) -> Vec<(FoundPeer, SendState)> {
        self.shared.peers().all()
    }

    /// Sends to a receiver; nothing happens if that is going on or done already.
    ///
    /// # Errors
    /// [`Error::NoSuchPeer`] if it was not found.
    pub fn send_to(&self, receiver: Fingerprint) -> Result<(), Error> {
        let state = self.shared.peers().state(receiver).ok_or(Error::NoSuchPeer)?;
        let mut sending = self.sending.lock().unwrap_or_else(PoisonError::into_inner);
        // A task that has told its end may take a moment more to be gone.
        let is_running = !state.is_final() && sending.get(&receiver).is_some_and(|sent| !sent.task.is_finished());
        if !is_running && !matches!(state, SendState::Saved(_)) {
            let cancel = self.cancel.child_token();
            self.shared.enter(receiver, SendState::Queued);
            let task =
                AbortOnDropHandle::new(task::spawn(Sending::new(self.shared.clone(), receiver, cancel.clone()).run()));
            let shared = self.shared.clone();
            let watched = task::spawn(async move {
                // A bug must not leave anybody waiting for an end that never comes.
                if let Err(error) = task.await {
                    let reason = EndReason::NotRead(Error::from(error).to_string());
                    shared.enter(receiver, SendState::Failed(reason, SendProgress::default()));
                }
            });
            sending.insert(receiver, Sent { task: AbortOnDropHandle::new(watched), cancel });
        }
        Ok(())
    }

    /// Says whether a receiver's screen shows the code of [`OfferEvent::Compare`]; nothing happens if that is no longer
    /// asked.
    pub fn answer(&self, receiver: Fingerprint, answer: Answer) {
        if let Some(open) = self.shared.comparisons().remove(&receiver) {
            let _asker_may_be_gone = open.answer.send(answer);
        }
    }

    /// The codes that wait to be compared, for a screen that was not there when it was asked.
    pub fn open_comparisons(&self) -> Vec<(Fingerprint, Sas)> {
        let comparisons = self.shared.comparisons();
        let open = comparisons.iter().filter(|(_, open)| !open.answer.is_closed());
        open.map(|(receiver, open)| (*receiver, open.code)).collect()
    }

    /// Cancels sending to a receiver, which is told.
    pub fn cancel(&self, receiver: Fingerprint) {
        let sending = self.sending.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sent) = sending.get(&receiver) {
            sent.cancel.cancel();
        }
    }

    /// Waits until every receiver that was picked has saved or failed.
    pub async fn finished(&self) {
        let mut changes = self.shared.changes.subscribe();
        let is_finished = || self.peers().iter().all(|(_, state)| state.is_final() || *state == SendState::Found);
        while !is_finished() && changes.changed().await.is_ok() {}
    }

    /// Cancels whatever still runs, tells the receivers, and waits until all of it has ended; nobody is found any more.
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
