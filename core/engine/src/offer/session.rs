//! A distributor's session: who is near, who was picked, how far each is.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fieldcast_model::{DeviceName, Fingerprint};
use fieldcast_net::{Identity, Interface, Sighting};
use fieldcast_store::Store;
use fieldcast_wire::{Code, Credentials, Offer, Reason, Role};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::bundle::Bundle;
use super::send::Sending;
use super::{FoundPeer, OfferEvent, SendProgress, SendState};
use crate::events::Announcer;
use crate::{Answer, Error, ExchangeSettings, Subscription};

/// A code nobody has compared yet.
struct Comparison {
    code: Code,
    answer: oneshot::Sender<Answer>,
}

/// What the tasks of one session share.
pub(crate) struct Shared {
    pub(crate) settings: ExchangeSettings,
    pub(crate) identity: Arc<Identity>,
    pub(crate) interface: Interface,
    pub(crate) store: Store,
    /// What receivers are shown.
    pub(crate) credentials: Credentials,
    pub(crate) bundle: Bundle,
    pub(crate) offer: Offer,
    pub(crate) live: Arc<Semaphore>,
    events: Announcer<OfferEvent>,
    peers: Mutex<BTreeMap<Fingerprint, (FoundPeer, SendState)>>,
    comparisons: Mutex<BTreeMap<Fingerprint, Comparison>>,
    doubts: mpsc::UnboundedSender<Fingerprint>,
    /// Bumped whenever a state changes, for those who wait for the end.
    changes: watch::Sender<u64>,
}

impl Shared {
    fn peers(&self) -> MutexGuard<'_, BTreeMap<Fingerprint, (FoundPeer, SendState)>> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn addr_of(&self, peer: Fingerprint) -> Option<SocketAddr> {
        self.peers().get(&peer).map(|(found, _)| found.addr)
    }

    pub(crate) fn enter(&self, peer: Fingerprint, state: SendState) {
        if let Some((_, current)) = self.peers().get_mut(&peer) {
            *current = state.clone();
        }
        self.events.tell(OfferEvent::Changed(peer, state));
        self.changes.send_modify(|count| *count += 1);
    }

    /// What a receiver calls itself.
    pub(crate) fn name_of(&self, peer: Fingerprint) -> DeviceName {
        self.peers().get(&peer).map_or_else(|| DeviceName::new(""), |(found, _)| found.name.clone())
    }

    /// Asks the person to compare a receiver's code; the answer comes through the channel. A later question about the
    /// same receiver takes the place of this one.
    pub(crate) fn compare(&self, peer: Fingerprint, code: Code) -> oneshot::Receiver<Answer> {
        let (answer, answered) = oneshot::channel();
        self.comparisons().insert(peer, Comparison { code, answer });
        let found = self.peers().get(&peer).map(|(found, _)| found.clone());
        if let Some(found) = found {
            self.events.tell(OfferEvent::Compare(found, code));
        }
        answered
    }

    fn comparisons(&self) -> MutexGuard<'_, BTreeMap<Fingerprint, Comparison>> {
        self.comparisons.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has a peer prove that it is still there.
    pub(crate) fn doubt(&self, peer: Fingerprint) {
        let _no_longer_browsing = self.doubts.send(peer);
    }

    fn saw(&self, sighting: Sighting) {
        match sighting {
            Sighting::Seen(peer) if peer.role == Role::Receiver => {
                let found = FoundPeer { fingerprint: peer.fingerprint, name: peer.name, addr: peer.addr };
                let mut peers = self.peers();
                let known = peers.entry(peer.fingerprint).or_insert_with(|| (found.clone(), SendState::Found));
                known.0 = found.clone();
                drop(peers);
                self.events.tell(OfferEvent::Found(found));
            }
            Sighting::Seen(_) => {}
            Sighting::Gone(fingerprint) => {
                // Whoever was picked stays: a goodbye may be a phone's screen going dark, and ends no transfer.
                let mut peers = self.peers();
                if peers.get(&fingerprint).is_some_and(|(_, state)| *state == SendState::Found) {
                    peers.remove(&fingerprint);
                }
                drop(peers);
                self.events.tell(OfferEvent::Gone(fingerprint));
            }
        }
    }
}

/// Offering a bundle to the receivers near by. Dropping it stops everything at once; [`stop`](Self::stop) tells the
/// receivers why.
pub struct OfferSession {
    shared: Arc<Shared>,
    sending: Mutex<BTreeMap<Fingerprint, Sent>>,
    cancel: CancellationToken,
    _browse: AbortOnDropHandle<()>,
}

struct Sent {
    task: AbortOnDropHandle<()>,
    cancel: CancellationToken,
}

impl OfferSession {
    pub(crate) fn start(
        settings: ExchangeSettings,
        identity: Arc<Identity>,
        interface: Interface,
        bundle: Bundle,
        credentials: Credentials,
    ) -> Result<Self, Error> {
        let mut browser = fieldcast_net::browse(&interface, Role::Receiver, Some(identity.fingerprint()))?;
        let (doubts, mut doubted) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            doubts,
            live: Arc::new(Semaphore::new(settings.max_live)),
            offer: bundle.offer(),
            store: bundle.store().clone(),
            credentials,
            comparisons: Mutex::default(),
            settings,
            identity,
            interface,
            bundle,
            events: Announcer::new(),
            peers: Mutex::default(),
            changes: watch::Sender::new(0),
        });
        let finder = shared.clone();
        let browse = tokio::spawn(async move {
            loop {
                tokio::select! {
                    sighting = browser.next() => match sighting {
                        Some(sighting) => finder.saw(sighting),
                        None => return,
                    },
                    Some(peer) = doubted.recv() => browser.doubt(&peer),
                }
            }
        });
        Ok(Self {
            shared,
            sending: Mutex::default(),
            cancel: CancellationToken::new(),
            _browse: AbortOnDropHandle::new(browse),
        })
    }

    /// What is offered.
    pub fn offer(&self) -> &Offer {
        &self.shared.offer
    }

    /// The session's events from now on.
    pub fn subscribe(&self) -> Subscription<OfferEvent> {
        self.shared.events.subscribe()
    }

    /// Everyone found so far and how sending to them stands, by fingerprint.
    pub fn peers(&self) -> Vec<(FoundPeer, SendState)> {
        self.shared.peers().values().cloned().collect()
    }

    /// Sends to a receiver; nothing happens if that is going on or done already.
    ///
    /// # Errors
    /// [`Error::NoSuchPeer`] if it was not found.
    pub fn send_to(&self, receiver: Fingerprint) -> Result<(), Error> {
        let state = self.shared.peers().get(&receiver).map(|(_, state)| state.clone()).ok_or(Error::NoSuchPeer)?;
        let mut sending = self.sending.lock().unwrap_or_else(PoisonError::into_inner);
        // A task that has told its end may take a moment more to be gone.
        let is_running = !state.is_final() && sending.get(&receiver).is_some_and(|sent| !sent.task.is_finished());
        if !is_running && !matches!(state, SendState::Saved(_)) {
            let cancel = self.cancel.child_token();
            self.shared.enter(receiver, SendState::Queued);
            let task =
                AbortOnDropHandle::new(tokio::spawn(Sending::new(self.shared.clone(), receiver, cancel.clone()).run()));
            let shared = self.shared.clone();
            let watched = tokio::spawn(async move {
                // A bug must not leave anybody waiting for an end that never comes.
                if let Err(error) = task.await {
                    let reason = Reason::NotRead(Error::from(error).to_string());
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
    pub fn open_comparisons(&self) -> Vec<(Fingerprint, Code)> {
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

    /// Cancels whatever still runs, tells the receivers, and ends.
    pub async fn stop(self) {
        self.cancel.cancel();
        self.finished().await;
    }
}
