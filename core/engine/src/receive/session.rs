//! A receiver's session: it listens, shows who offers what, and takes one bundle at a time.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use fieldcast_model::{DeviceName, Fingerprint};
use fieldcast_net::{Announcement, Identity, Interface, Listener};
use fieldcast_store::Store;
use fieldcast_wire::{Code, Credentials, Offer, PROTOCOL, Reason, Role, Standing};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::exchange::Exchange;
use crate::events::Announcer;
use crate::link::Link;
use crate::{Answer, Error, ExchangeSettings, Subscription, grants, origins, trust};

/// Who is on the other side of an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// Who it is, proven by its key.
    pub fingerprint: Fingerprint,
    /// What people call it; chosen by its owner, so never proof of anything.
    pub name: DeviceName,
}

/// Connections at a time; one of them receives, the others are told to wait.
const MOST_CONNECTIONS: usize = 16;

/// "Receive 412 households from distributor-3?"
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// To be given back with the answer.
    pub id: u64,
    /// Who offers.
    pub sender: Sender,
    /// The devices that answer for what is offered, proven by their signatures: the sender itself for what it downloaded,
    /// others for what it only passes on.
    pub origins: Vec<Sender>,
    /// What is offered.
    pub offer: Offer,
    /// To be compared with the distributor's screen; `None` if its key is known already.
    pub code: Option<Code>,
}

/// How far an exchange is, in encoded bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReceiveProgress {
    /// On this device's disk since the connection was made.
    pub staged: u64,
    /// Lacking when the connection was made.
    pub total: u64,
    /// Bytes over the socket, both ways, TLS included.
    pub wire: u64,
}

/// A bundle that was saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Who sent it.
    pub sender: Fingerprint,
    /// What was offered, and is now in the store.
    pub offer: Offer,
    /// What it took.
    pub progress: ReceiveProgress,
    /// How each offered snapshot compares with what this device now has.
    pub standings: Vec<Standing>,
}

impl Received {
    /// Records of which this device held, and kept, a newer version.
    pub fn kept_newer(&self) -> u64 {
        let kept = |standing: &Standing| match standing {
            Standing::KeptNewer { records } => *records,
            Standing::Equal | Standing::Ahead { .. } => 0,
        };
        self.standings.iter().map(kept).sum()
    }
}

/// Where a receiver stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiveState {
    /// Listening and announced.
    Waiting,
    /// The person is being asked.
    Asking,
    /// Data is arriving.
    Receiving(ReceiveProgress),
    /// Everything is on disk; the transaction runs.
    Applying(ReceiveProgress),
}

/// What happens in a [`ReceiveSession`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiveEvent {
    /// A question for the person; see [`ReceiveSession::answer`].
    Asked(Question),
    /// An offer that was accepted before, and broke off, goes on; nobody is asked again.
    Resumed(Sender),
    /// The state changed.
    Changed(ReceiveState),
    /// A bundle is committed and its digests compared.
    Saved(Received),
    /// An exchange ended without "saved". The session goes on listening.
    Ended(Fingerprint, Reason),
}

/// A question nobody has answered yet.
struct Open {
    question: Question,
    answer: oneshot::Sender<Answer>,
}

/// What the tasks of one session share.
pub(crate) struct Shared {
    pub(crate) settings: ExchangeSettings,
    pub(crate) store: Store,
    pub(crate) identity: Arc<Identity>,
    pub(crate) events: Announcer<ReceiveEvent>,
    /// One exchange at a time.
    pub(crate) free: Arc<Semaphore>,
    /// Whose exchange that is, and how to tell it that its distributor has called anew.
    holder: Mutex<Option<(Fingerprint, CancellationToken)>>,
    questions: Mutex<(u64, HashMap<u64, Open>)>,
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
    async fn credentials(&self) -> Result<Credentials, Error> {
        let store = self.store.clone();
        tokio::task::spawn_blocking(move || grants::credentials(&store)).await?
    }

    /// Asks the person; the answer comes through the channel. Dropping the channel withdraws nothing on the screen: a
    /// late answer is simply not heard.
    pub(crate) fn ask(&self, sender: Sender, offer: Offer, code: Option<Code>) -> oneshot::Receiver<Answer> {
        let (answer, answered) = oneshot::channel();
        let mut questions = self.questions.lock().unwrap_or_else(PoisonError::into_inner);
        questions.0 += 1;
        let id = questions.0;
        questions.1.retain(|_, open| !open.answer.is_closed());
        let question = Question { id, sender, origins: origins::devices(&offer), offer, code };
        questions.1.insert(id, Open { question: question.clone(), answer });
        drop(questions);
        self.events.tell(ReceiveEvent::Asked(question));
        answered
    }
}

/// Listening for distributors. Dropping it stops everything at once; [`stop`](Self::stop) tells the distributor why.
pub struct ReceiveSession {
    shared: Arc<Shared>,
    addr: SocketAddr,
    cancel: CancellationToken,
    task: AbortOnDropHandle<()>,
}

impl ReceiveSession {
    pub(crate) async fn start(
        settings: ExchangeSettings,
        store: Store,
        identity: Arc<Identity>,
        interface: &Interface,
        port: u16,
    ) -> Result<Self, Error> {
        let listener = Listener::bind(interface, port, &identity).await?;
        let addr = listener.addr();
        let announcement = Announcement {
            fingerprint: identity.fingerprint(),
            name: settings.name.clone(),
            role: Role::Receiver,
            port: addr.port(),
            protocol: PROTOCOL,
        };
        let announced = fieldcast_net::announce(interface, &announcement)?;
        let shared = Arc::new(Shared {
            settings,
            store,
            identity,
            events: Announcer::new(),
            free: Arc::new(Semaphore::new(1)),
            holder: Mutex::default(),
            questions: Mutex::default(),
        });
        let cancel = CancellationToken::new();
        let listening = listen(shared.clone(), listener, cancel.clone());
        let task = tokio::spawn(async move {
            listening.await;
            drop(announced);
        });
        Ok(Self { shared, addr, cancel, task: AbortOnDropHandle::new(task) })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The session's events from now on.
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
        let _ended = self.task.await;
    }
}

/// Takes connections until cancelled; then lets what runs say its last words.
async fn listen(shared: Arc<Shared>, mut listener: Listener, cancel: CancellationToken) {
    let mut exchanges = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            connection = listener.accept() => match connection {
                // Whoever proves a key may talk, yet not all of them at once.
                Ok(_) if exchanges.len() >= MOST_CONNECTIONS => {}
                Ok(connection) => {
                    let Ok(credentials) = shared.credentials().await else { continue };
                    let introduced = trust::introduce(&connection, &shared.settings.name, &credentials);
                    let Ok(introduction) = introduced else { continue };
                    let link = Link::new(connection, shared.settings.limits.heartbeat);
                    exchanges.spawn(Exchange::new(shared.clone(), cancel.clone()).run(link, introduction));
                }
                Err(_) => break,
            },
            Some(_) = exchanges.join_next() => {}
            () = cancel.cancelled() => break,
        }
    }
    while exchanges.join_next().await.is_some() {}
}
