//! A receiver's session: it listens, shows the offers, and receives one bundle at a time.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use fieldcast_net::{Identity, Interface};
use fieldcast_store::Store;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::event::{DiscoveredDistributor, Question, ReceiveEvent};
use super::inbound;
use super::outbound::{self, DialTarget};
use super::state::ReceiverState;
use crate::task::{self, locked};
use crate::{Answer, Error, ExchangeSettings, Subscription};

/// A session that listens for distributors. Dropping it stops everything at once; [`stop`](Self::stop) also sends the
/// distributor the reason.
pub struct ReceiveSession {
    state: Arc<ReceiverState>,
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
        let state = Arc::new(ReceiverState::new(settings, store, identity));
        let endpoint = state.endpoint_config().open(interface).await?;
        let (network, cancel) =
            (state.network.begin(endpoint.interface.clone(), endpoint.listener.addr()), CancellationToken::new());
        let task = task::spawn(inbound::wait(state.clone(), endpoint, network, cancel.clone()));
        Ok(Self { state, cancel, task: AbortOnDropHandle::new(task), dialing: Mutex::default() })
    }

    /// The address on which it listens now; `None` if there is no network.
    pub fn addr(&self) -> Option<SocketAddr> {
        self.state.network.current().map(|network| network.addr)
    }

    /// Dials a distributor and reconnects when the connection breaks, so that its user can pick this device even
    /// without mDNS. One distributor at a time: a call with another target ends the current connection and its
    /// transfer; a call with the same target does nothing.
    pub fn dial(&self, target: DialTarget) {
        let mut dialing = self.dialing();
        if dialing.as_ref().is_some_and(|before| before.target == target && !before.task.is_finished()) {
            return;
        }
        self.state.settings.wanted.add(target.expected);
        if let (Some(distributor), Some(token)) = (target.expected, target.token) {
            self.state.set_invite(distributor, Some(token));
        }
        let task = task::spawn(outbound::reconnect_loop(self.state.clone(), target.clone(), self.cancel.clone()));
        *dialing = Some(Dialing { target, task: AbortOnDropHandle::new(task) });
    }

    /// Stops dialing.
    pub fn disconnect(&self) {
        drop(self.dialing().take());
    }

    /// The distributors that announce themselves.
    pub fn distributors(&self) -> Vec<DiscoveredDistributor> {
        self.state.discovered.borrow().all()
    }

    fn dialing(&self) -> MutexGuard<'_, Option<Dialing>> {
        locked(&self.dialing)
    }

    /// The session's events from now on. The first subscriber gets all events since the start.
    pub fn subscribe(&self) -> Subscription<ReceiveEvent> {
        self.state.events.subscribe()
    }

    /// Answers a question. Does nothing if the question is no longer open.
    pub fn answer(&self, question: u64, answer: Answer) {
        self.state.answer(question, answer);
    }

    /// The open question, for a screen that was opened after the event.
    pub fn open_question(&self) -> Option<Question> {
        self.state.open_question()
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
