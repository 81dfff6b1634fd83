//! A receiver's session: it listens, shows the offers, and receives one bundle at a time.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fieldcast_model::Fingerprint;
use fieldcast_net::{DiscoveryEvent, Identity, Interface};
use fieldcast_store::Store;
use fieldcast_wire::{Credentials, Role, Token};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::dialing::{self, DialTarget};
use super::discovered::{DiscoveredDistributor, DiscoveredDistributors};
use super::event::{Question, ReceiveEvent};
use super::waiting;
use crate::NetworkChange;
use crate::discovery::DiscoverySource;
use crate::endpoint::EndpointConfig;
use crate::events::EventBus;
use crate::interface_monitor::NetworkState;
use crate::{Answer, Error, ExchangeSettings, Subscription, grants, task};

/// An open question.
struct Asked {
    question: Question,
    answer: oneshot::Sender<Answer>,
}

/// The state that the tasks of one session share.
pub(crate) struct Shared {
    pub(crate) settings: ExchangeSettings,
    pub(crate) store: Store,
    pub(crate) identity: Arc<Identity>,
    pub(crate) events: EventBus<ReceiveEvent>,
    /// The permit for one exchange at a time.
    pub(crate) exchange_slot: Arc<Semaphore>,
    /// The distributor of the current exchange, and a token to cancel it when that distributor connects again.
    holder: Mutex<Option<(Fingerprint, CancellationToken)>>,
    questions: Mutex<(u64, HashMap<u64, Asked>)>,
    pub(super) network_state: NetworkState,
    /// Distributors that announce themselves.
    discovered: watch::Sender<DiscoveredDistributors>,
    /// The tokens of the invites that were read in this session, by distributor.
    invites: Mutex<HashMap<Fingerprint, Token>>,
}

impl Shared {
    /// A future for the exchange permit with this distributor; `None` if another distributor holds the permit. An
    /// earlier exchange of the same distributor is over, even if it has not noticed: it releases the permit at once, or
    /// after its running apply.
    pub(crate) fn exchange_permit(
        &self,
        sender: Fingerprint,
        superseded: &CancellationToken,
    ) -> Option<impl Future<Output = Option<OwnedSemaphorePermit>> + Send + use<>> {
        let mut holder = self.holder.lock().unwrap_or_else(PoisonError::into_inner);
        match &*holder {
            Some((other, _)) if *other != sender && self.exchange_slot.available_permits() == 0 => return None,
            Some((_, old)) => old.cancel(),
            None => {}
        }
        *holder = Some((sender, superseded.clone()));
        let exchange_slot = self.exchange_slot.clone();
        Some(async move { exchange_slot.acquire_owned().await.ok() })
    }

    /// The credentials for distributors. Read for each connection, because other devices add revocations.
    pub(super) async fn credentials(&self) -> Result<Credentials, Error> {
        let store = self.store.clone();
        task::blocking(move || grants::credentials(&store)).await?
    }

    /// Handles a discovery event.
    pub(super) fn on_discovery_event(&self, source: DiscoverySource, event: DiscoveryEvent) {
        let mut change = None;
        self.discovered.send_modify(|discovered| change = discovered.apply(source, event));
        if let Some(event) = change {
            self.events.publish(event);
        }
    }

    /// The announced address of a distributor.
    pub(super) fn discovered_addr(&self, distributor: &Fingerprint) -> Option<SocketAddr> {
        self.discovered.borrow().get(distributor).map(|discovered| discovered.addr)
    }

    /// Waits until this distributor announces another address.
    pub(super) async fn announced_elsewhere(&self, distributor: Option<Fingerprint>, before: SocketAddr) {
        let Some(distributor) = distributor else { return std::future::pending().await };
        let is_elsewhere = |discovered: &DiscoveredDistributors| {
            discovered.get(&distributor).is_some_and(|discovered| discovered.addr != before)
        };
        let mut discovered = self.discovered.subscribe();
        if discovered.wait_for(is_elsewhere).await.is_err() {
            std::future::pending().await
        }
    }

    /// The invite tokens, by distributor.
    pub(super) fn invites(&self) -> MutexGuard<'_, HashMap<Fingerprint, Token>> {
        self.invites.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn endpoint_config(&self) -> EndpointConfig<'_> {
        EndpointConfig { settings: &self.settings, identity: &self.identity, role: Role::Receiver }
    }

    pub(super) fn network_gone(&self, name: &str) {
        self.network_state.end();
        self.events.publish(ReceiveEvent::Network(NetworkChange::Gone { name: name.to_owned() }));
        let mut gone = Vec::new();
        self.discovered.send_modify(|discovered| gone = discovered.clear());
        gone.into_iter().for_each(|event| self.events.publish(event));
    }

    /// Asks the user; the answer comes through the channel. Dropping the channel does not remove the question from the
    /// screen: a late answer is ignored.
    pub(crate) fn ask(&self, question: Question) -> oneshot::Receiver<Answer> {
        let (answer, answered) = oneshot::channel();
        let mut questions = self.questions.lock().unwrap_or_else(PoisonError::into_inner);
        questions.0 += 1;
        let id = questions.0;
        questions.1.retain(|_, open| !open.answer.is_closed());
        let question = Question { id, ..question };
        questions.1.insert(id, Asked { question: question.clone(), answer });
        drop(questions);
        self.events.publish(ReceiveEvent::Asked(question));
        answered
    }
}

/// A session that listens for distributors. Dropping it stops everything at once; [`stop`](Self::stop) also sends the
/// distributor the reason.
pub struct ReceiveSession {
    shared: Arc<Shared>,
    cancel: CancellationToken,
    task: AbortOnDropHandle<()>,
    /// The distributor that is dialed.
    dialing: Mutex<Option<Dialing>>,
}

struct Dialing {
    target: DialTarget,
    task: AbortOnDropHandle<()>,
}

impl ReceiveSession {
    pub(crate) async fn start(
        settings: ExchangeSettings,
        store: Store,
        identity: Arc<Identity>,
        interface: Interface,
    ) -> Result<Self, Error> {
        let shared = Arc::new(Shared {
            settings,
            store,
            identity,
            events: EventBus::new(),
            exchange_slot: Arc::new(Semaphore::new(1)),
            holder: Mutex::default(),
            questions: Mutex::default(),
            network_state: NetworkState::new(),
            discovered: watch::Sender::default(),
            invites: Mutex::default(),
        });
        let endpoint = shared.endpoint_config().open(interface).await?;
        let (network, cancel) = (shared.network_state.begin(&endpoint), CancellationToken::new());
        let task = task::spawn(waiting::wait(shared.clone(), endpoint, network, cancel.clone()));
        Ok(Self { shared, cancel, task: AbortOnDropHandle::new(task), dialing: Mutex::default() })
    }

    /// The address on which it listens now; `None` if there is no network.
    pub fn addr(&self) -> Option<SocketAddr> {
        self.shared.network_state.current().map(|network| network.addr)
    }

    /// Dials a distributor and reconnects when the connection breaks, so that its user can pick this device even
    /// without mDNS. One distributor at a time: a call with another target ends the current connection and its
    /// transfer; a call with the same target does nothing.
    pub fn dial(&self, target: DialTarget) {
        let mut dialing = self.dialing();
        if dialing.as_ref().is_some_and(|before| before.target == target && !before.task.is_finished()) {
            return;
        }
        self.shared.settings.wanted.add(target.expected);
        if let (Some(distributor), Some(token)) = (target.expected, target.token) {
            self.shared.invites().insert(distributor, token);
        }
        let task = task::spawn(dialing::reconnect_loop(self.shared.clone(), target.clone(), self.cancel.clone()));
        *dialing = Some(Dialing { target, task: AbortOnDropHandle::new(task) });
    }

    /// Stops dialing.
    pub fn disconnect(&self) {
        drop(self.dialing().take());
    }

    /// The distributors that announce themselves.
    pub fn distributors(&self) -> Vec<DiscoveredDistributor> {
        self.shared.discovered.borrow().all()
    }

    fn dialing(&self) -> MutexGuard<'_, Option<Dialing>> {
        self.dialing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The session's events from now on. The first subscriber gets all events since the start.
    pub fn subscribe(&self) -> Subscription<ReceiveEvent> {
        self.shared.events.subscribe()
    }

    /// Answers a question. Does nothing if the question is no longer open.
    pub fn answer(&self, question: u64, answer: Answer) {
        let mut questions = self.shared.questions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = questions.1.remove(&question) {
            let _asker_may_be_gone = open.answer.send(answer);
        }
    }

    /// The open question, for a screen that was opened after the event.
    pub fn open_question(&self) -> Option<Question> {
        let questions = self.shared.questions.lock().unwrap_or_else(PoisonError::into_inner);
        let open = questions.1.values().filter(|open| !open.answer.is_closed());
        open.max_by_key(|open| open.question.id).map(|open| open.question.clone())
    }

    /// Cancels everything that runs, notifies the distributor and ends. Staged chunks stay for a later exchange.
    pub async fn stop(self) {
        self.cancel.cancel();
        let dialing = self.dialing().take();
        let _ended = self.task.await;
        if let Some(dialing) = dialing {
            let _ended = dialing.task.await;
        }
    }
}
