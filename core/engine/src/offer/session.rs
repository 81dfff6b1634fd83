//! A distributor's session: the receivers that are found, the ones that are picked, and the state of each.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use fieldcast_model::Fingerprint;
use fieldcast_net::{Identity, Interface};
use fieldcast_wire::{EndReason, Group, Invite, Offer, Sas};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::bundle::Bundle;
use super::event::{FoundPeer, OfferEvent, SendProgress, SendState};
use super::inbound::{find, find_at};
use super::sending::send;
use super::state::{OfferState, no_network};
use crate::task::{self, locked};
use crate::{Answer, Error, ExchangeSettings, Subscription};

/// A session that offers a bundle to the receivers on the network. Dropping it stops everything at once;
/// [`stop`](Self::stop) also sends the receivers the reason.
pub struct OfferSession {
    state: Arc<OfferState>,
    sending: Mutex<BTreeMap<Fingerprint, RunningSend>>,
    cancel: CancellationToken,
    /// `None` after the session was stopped.
    finding: Mutex<Option<AbortOnDropHandle<()>>>,
}

struct RunningSend {
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
        let (state, to_reverify) = OfferState::new(settings, identity, bundle)?;
        let state = Arc::new(state);
        let endpoint = state.endpoint_config().open(interface).await?;
        let network = state.network_available(&endpoint);
        let finding = task::spawn(find(state.clone(), endpoint, network, to_reverify));
        Ok(Self {
            state,
            sending: Mutex::default(),
            cancel: CancellationToken::new(),
            finding: Mutex::new(Some(AbortOnDropHandle::new(finding))),
        })
    }

    /// The address to which receivers can connect now; `None` if there is no network.
    pub fn addr(&self) -> Option<SocketAddr> {
        self.state.network.current().map(|network| network.addr)
    }

    /// An invite to connect to this session, valid until `expires` (ms since 1970 by this device's clock). It contains
    /// the Wi-Fi group to join first, if there is one. If a receiver connects with it, neither side asks for a code.
    ///
    /// # Errors
    /// [`Error::Network`] while there is no network, [`Error::Invite`].
    pub fn invite(&self, group: Option<Group>, expires: i64) -> Result<Invite, Error> {
        let addr = self.addr().ok_or_else(no_network)?;
        let invite = Invite::new(group, addr, self.state.identity.fingerprint(), expires)?;
        self.state.accept_invites_until(invite.expires());
        Ok(invite.with_token(self.state.token))
    }

    /// Identifies the receiver at this address and adds it to the list.
    ///
    /// # Errors
    /// [`Error::Network`] if no device answers, [`Error::Refused`] if it is not a receiver.
    pub fn find_at(&self, addr: SocketAddr) -> impl Future<Output = Result<FoundPeer, Error>> + Send + use<> {
        find_at(self.state.clone(), addr)
    }

    /// The offered snapshots.
    pub fn offer(&self) -> &Offer {
        &self.state.offer
    }

    /// The session's events from now on. The first subscriber gets all events since the start.
    pub fn subscribe(&self) -> Subscription<OfferEvent> {
        self.state.events.subscribe()
    }

    /// All receivers with the state of sending, by fingerprint.
    pub fn peers(&self) -> Vec<(FoundPeer, SendState)> {
        self.state.receivers().all()
    }

    /// Sends to a receiver. Does nothing if that is already running or done.
    ///
    /// # Errors
    /// [`Error::NoSuchPeer`] if it was not found.
    pub fn send_to(&self, receiver: Fingerprint) -> Result<(), Error> {
        let send_state = self.state.receivers().state(receiver).ok_or(Error::NoSuchPeer)?;
        let mut sending = locked(&self.sending);
        // A task that has reported its end may take a moment longer to finish.
        let is_running = !send_state.is_final() && sending.get(&receiver).is_some_and(|sent| !sent.task.is_finished());
        if !is_running && !matches!(send_state, SendState::Saved(_)) {
            let cancel = self.cancel.child_token();
            self.state.enter(receiver, SendState::Queued);
            let task = AbortOnDropHandle::new(task::spawn(send(self.state.clone(), receiver, cancel.clone())));
            let state = self.state.clone();
            let watched = task::spawn(async move {
                // If the task panics, report a failure, so that no caller waits without end.
                if let Err(error) = task.await {
                    let reason = EndReason::NotRead(Error::from(error).to_string());
                    state.enter(receiver, SendState::Failed(reason, SendProgress::default()));
                }
            });
            sending.insert(receiver, RunningSend { task: AbortOnDropHandle::new(watched), cancel });
        }
        Ok(())
    }

    /// Answers [`OfferEvent::Compare`]: whether the receiver's screen shows the code. Does nothing if the question is
    /// no longer open.
    pub fn answer(&self, receiver: Fingerprint, answer: Answer) {
        self.state.answer(receiver, answer);
    }

    /// The open code comparisons, for a screen that was opened after the event.
    pub fn open_comparisons(&self) -> Vec<(Fingerprint, Sas)> {
        self.state.open_comparisons()
    }

    /// Cancels sending to a receiver and notifies it.
    pub fn cancel(&self, receiver: Fingerprint) {
        let sending = locked(&self.sending);
        if let Some(sent) = sending.get(&receiver) {
            sent.cancel.cancel();
        }
    }

    /// Waits until every picked receiver has saved or failed.
    pub async fn finished(&self) {
        let mut changes = self.state.changes();
        let is_finished = || self.peers().iter().all(|(_, state)| state.is_final() || *state == SendState::Found);
        while !is_finished() && changes.changed().await.is_ok() {}
    }

    /// Cancels all running sends, notifies the receivers and waits until everything has ended. Also ends discovery.
    pub async fn stop(&self) {
        self.cancel.cancel();
        self.finished().await;
        let finding = locked(&self.finding).take();
        if let Some(finding) = finding {
            finding.abort();
            let _ended = finding.await;
        }
    }
}
