//! A receiver's session: it listens, shows who offers what, and takes one bundle at a time.

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

/// A question nobody has answered yet.
struct Asked {
    question: Question,
    answer: oneshot::Sender<Answer>,
}

/// What the tasks of one session share.
pub(crate) struct Shared {
    pub(crate) settings: ExchangeSettings,
    pub(crate) store: Store,
    pub(crate) identity: Arc<Identity>,
    pub(crate) events: EventBus<ReceiveEvent>,
    /// One exchange at a time.
    pub(crate) free: Arc<Semaphore>,
    /// Whose exchange that is, and how to tell it that its distributor has called anew.
    holder: Mutex<Option<(Fingerprint, CancellationToken)>>,
    questions: Mutex<(u64, HashMap<u64, Asked>)>,
    pub(super) air: NetworkState,
    /// Distributors that announce themselves.
    heard: watch::Sender<DiscoveredDistributors>,
    /// What the invites hold that were read in this session, by whose they are.
    invites: Mutex<HashMap<Fingerprint, Token>>,
}

impl Shared {
    /// The place for an exchange with this distributor, for the caller to wait for; `None` while another distributor has
    /// it. An exchange of the same distributor is over, whether or not it has noticed: it gives its place up, or keeps
    /// it until what it applies is in.
    pub(crate) fn place(
        &self,
        sender: Fingerprint,
        superseded: &CancellationToken,
    ) -> Option<impl Future<Output = Option<OwnedSemaphorePermit>> + Send + use<>> {
        let mut holder = self.holder.lock().unwrap_or_else(PoisonError::into_inner);
        match &*holder {
            Some((other, _)) if *other != sender && self.free.available_permits() == 0 => return None,
            Some((_, old)) => old.cancel(),
            None => {}
        }
        *holder = Some((sender, superseded.clone()));
        let free = self.free.clone();
        Some(async move { free.acquire_owned().await.ok() })
    }

    /// What distributors are shown; read anew each time, for it grows as others come by.
    pub(super) async fn credentials(&self) -> Result<Credentials, Error> {
        let store = self.store.clone();
        task::blocking(move || grants::credentials(&store)).await?
    }

    /// Takes what is heard of a distributor.
    pub(super) fn hear(&self, by: DiscoverySource, sighting: DiscoveryEvent) {
        let mut event = None;
        self.heard.send_modify(|heard| event = heard.take(by, sighting));
        if let Some(event) = event {
            self.events.publish(event);
        }
    }

    /// Where a distributor says it is.
    pub(super) fn heard_at(&self, distributor: &Fingerprint) -> Option<SocketAddr> {
        self.heard.borrow().get(distributor).map(|heard| heard.addr)
    }

    /// Waits until this distributor says it is elsewhere.
    pub(super) async fn heard_elsewhere(&self, distributor: Option<Fingerprint>, before: SocketAddr) {
        let Some(distributor) = distributor else { return std::future::pending().await };
        let is_elsewhere =
            |heard: &DiscoveredDistributors| heard.get(&distributor).is_some_and(|heard| heard.addr != before);
        let mut heard = self.heard.subscribe();
        if heard.wait_for(is_elsewhere).await.is_err() {
            std::future::pending().await
        }
    }

    /// What shows a distributor that its invite was read, if it was.
    pub(super) fn invites(&self) -> MutexGuard<'_, HashMap<Fingerprint, Token>> {
        self.invites.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn post(&self) -> EndpointConfig<'_> {
        EndpointConfig { settings: &self.settings, identity: &self.identity, role: Role::Receiver }
    }

    pub(super) fn network_gone(&self, name: &str) {
        self.air.end();
        self.events.publish(ReceiveEvent::Network(NetworkChange::Gone { name: name.to_owned() }));
        let mut gone = Vec::new();
        self.heard.send_modify(|heard| gone = heard.clear());
        gone.into_iter().for_each(|event| self.events.publish(event));
    }

    /// Asks the person; the answer comes through the channel. Dropping the channel withdraws nothing on the screen: a
    /// late answer is simply not heard.
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

/// Listening for distributors. Dropping it stops everything at once; [`stop`](Self::stop) tells the distributor why.
pub struct ReceiveSession {
    shared: Arc<Shared>,
    cancel: CancellationToken,
    task: AbortOnDropHandle<()>,
    /// The distributor that is called.
    call: Mutex<Option<Dialing>>,
}

struct Dialing {
    call: DialTarget,
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
            free: Arc::new(Semaphore::new(1)),
            holder: Mutex::default(),
            questions: Mutex::default(),
            air: NetworkState::new(),
            heard: watch::Sender::default(),
            invites: Mutex::default(),
        });
        let station = shared.post().open(interface).await?;
        let (live, cancel) = (shared.air.begin(&station), CancellationToken::new());
        let task = task::spawn(waiting::wait(shared.clone(), station, live, cancel.clone()));
        Ok(Self { shared, cancel, task: AbortOnDropHandle::new(task), call: Mutex::default() })
    }

    /// Where it listens just now; `None` while there is no network.
    pub fn addr(&self) -> Option<SocketAddr> {
        self.shared.air.live().map(|live| live.addr)
    }

    /// Calls a distributor, and again whenever the line breaks, so that its person can pick this device whether or not
    /// mDNS works. One distributor at a time: another call ends this one with whatever
    /// comes over it, the same call does nothing.
    pub fn dial(&self, call: DialTarget) {
        let mut calling = self.calling();
        if calling.as_ref().is_some_and(|before| before.call == call && !before.task.is_finished()) {
            return;
        }
        self.shared.settings.wanted.add(call.expected);
        if let (Some(distributor), Some(token)) = (call.expected, call.token) {
            self.shared.invites().insert(distributor, token);
        }
        let task = task::spawn(dialing::reconnect_loop(self.shared.clone(), call.clone(), self.cancel.clone()));
        *calling = Some(Dialing { call, task: AbortOnDropHandle::new(task) });
    }

    /// Calls nobody any more.
    pub fn disconnect(&self) {
        drop(self.calling().take());
    }

    /// The distributors that announce themselves.
    pub fn distributors(&self) -> Vec<DiscoveredDistributor> {
        self.shared.heard.borrow().all()
    }

    fn calling(&self) -> MutexGuard<'_, Option<Dialing>> {
        self.call.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The session's events from now on; to the first who asks, from the beginning.
    pub fn subscribe(&self) -> Subscription<ReceiveEvent> {
        self.shared.events.subscribe()
    }

    /// Answers a question; nothing happens if it is no longer open.
    pub fn answer(&self, question: u64, answer: Answer) {
        let mut questions = self.shared.questions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = questions.1.remove(&question) {
            let _asker_may_be_gone = open.answer.send(answer);
        }
    }

    /// The question that waits for an answer, for a screen that was not there when it was asked.
    pub fn open_question(&self) -> Option<Question> {
        let questions = self.shared.questions.lock().unwrap_or_else(PoisonError::into_inner);
        let open = questions.1.values().filter(|open| !open.answer.is_closed());
        open.max_by_key(|open| open.question.id).map(|open| open.question.clone())
    }

    /// Cancels whatever still runs, tells the distributor, and ends. What was staged stays for a later exchange.
    pub async fn stop(self) {
        self.cancel.cancel();
        let calling = self.calling().take();
        let _ended = self.task.await;
        if let Some(calling) = calling {
            let _ended = calling.task.await;
        }
    }
}
