//! The state that the tasks of a receiver's session share.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use fieldcast_model::Fingerprint;
use fieldcast_net::{Connection, DiscoveryEvent, Identity};
use fieldcast_store::Store;
use fieldcast_wire::{EndReason, Handshake, Role, Token};
use tokio::sync::{oneshot, watch};

use super::discovered::DiscoveredDistributors;
use super::event::{Question, ReceiveEvent};
use super::slot::SharedSlot;
use crate::error::not_stored;
use crate::events::EventBus;
use crate::network::{DiscoverySource, EndpointConfig, NetworkState};
use crate::task::{locked, on_store};
use crate::trust::{grants, identity};
use crate::{Answer, ExchangeSettings, NetworkChange};

/// An open question.
struct OpenQuestion {
    question: Question,
    answer: oneshot::Sender<Answer>,
}

#[derive(Default)]
struct Questions {
    count: u64,
    open: HashMap<u64, OpenQuestion>,
}

pub(super) struct ReceiverState {
    pub(super) settings: ExchangeSettings,
    pub(super) store: Store,
    pub(super) identity: Arc<Identity>,
    pub(super) events: EventBus<ReceiveEvent>,
    pub(super) slot: Arc<SharedSlot>,
    pub(super) network: NetworkState,
    /// Distributors that announce themselves.
    pub(super) discovered: watch::Sender<DiscoveredDistributors>,
    questions: Mutex<Questions>,
    /// The tokens of the invites that were read in this session, by distributor.
    invites: Mutex<HashMap<Fingerprint, Token>>,
}

impl ReceiverState {
    pub(super) fn new(settings: ExchangeSettings, store: Store, identity: Arc<Identity>) -> Self {
        Self {
            settings,
            store,
            identity,
            events: EventBus::new(),
            slot: Arc::default(),
            network: NetworkState::new(),
            discovered: watch::Sender::default(),
            questions: Mutex::default(),
            invites: Mutex::default(),
        }
    }

    /// The handshake on a new connection. The credentials are read for each connection, because other devices add
    /// revocations.
    pub(super) async fn handshake(&self, connection: &Connection) -> Result<Handshake, EndReason> {
        let invite = locked(&self.invites).get(&connection.peer()).copied();
        let (name, identity) = (&self.settings.name, &self.identity);
        let handshake = identity::handshake(connection, Role::Receiver, name, identity, invite)?;
        let credentials = on_store(&self.store, grants::credentials).await.map_err(not_stored)?;
        Ok(handshake.with_credentials(credentials))
    }

    /// Uses the token of this distributor's invite, or no longer uses it.
    pub(super) fn set_invite(&self, distributor: Fingerprint, token: Option<Token>) {
        let mut invites = locked(&self.invites);
        match token {
            Some(token) => invites.insert(distributor, token),
            None => invites.remove(&distributor),
        };
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

    pub(super) fn endpoint_config(&self) -> EndpointConfig<'_> {
        EndpointConfig { settings: &self.settings, identity: &self.identity, role: Role::Receiver }
    }

    pub(super) fn network_lost(&self, name: &str) {
        self.network.end();
        self.events.publish(ReceiveEvent::Network(NetworkChange::Lost { name: name.to_owned() }));
        let mut gone = Vec::new();
        self.discovered.send_modify(|discovered| gone = discovered.clear());
        gone.into_iter().for_each(|event| self.events.publish(event));
    }

    /// Asks the user; the answer comes through the channel. Dropping the channel does not remove the question from the
    /// screen: a late answer is ignored.
    pub(super) fn ask(&self, question: Question) -> oneshot::Receiver<Answer> {
        let (answer, answered) = oneshot::channel();
        let mut questions = locked(&self.questions);
        questions.count += 1;
        let id = questions.count;
        questions.open.retain(|_, open| !open.answer.is_closed());
        let question = Question { id, ..question };
        questions.open.insert(id, OpenQuestion { question: question.clone(), answer });
        drop(questions);
        self.events.publish(ReceiveEvent::Asked(question));
        answered
    }

    /// Answers a question, if it is still open.
    pub(super) fn answer(&self, question: u64, answer: Answer) {
        if let Some(open) = locked(&self.questions).open.remove(&question) {
            let _asker_may_be_gone = open.answer.send(answer);
        }
    }

    pub(super) fn open_question(&self) -> Option<Question> {
        let questions = locked(&self.questions);
        let open = questions.open.values().filter(|open| !open.answer.is_closed());
        open.max_by_key(|open| open.question.id).map(|open| open.question.clone())
    }
}
