//! Receiving: one bundle at a time, from any distributor.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Weak};

use fieldcast::{Answer, DialTarget, DiscoveredDistributor, Fingerprint, Invite, ReceiveEvent, choose_interface};

use crate::core::Core;
use crate::ports::Held;
use crate::session::{Session, Slot};
use crate::throttle::Shape;
use crate::{Event, ExchangeOptions, FieldcastError, Question, ReceiveState};

/// Listens for distributors. Releasing this object stops everything at once; `stop` also sends the reason to the
/// distributor.
#[derive(uniffi::Object)]
pub struct ReceiveSession {
    id: u64,
    session: Slot<fieldcast::ReceiveSession>,
    multicast: Slot<Held>,
    core: Arc<Core>,
}

impl ReceiveSession {
    pub(crate) async fn start(core: Arc<Core>, options: ExchangeOptions) -> Result<Arc<Self>, FieldcastError> {
        let phone = core.clone();
        let start = |engine: fieldcast::Engine| async move {
            let interface = choose_interface(options.network.as_deref())?;
            let settings = phone.settings(options, &engine);
            engine.receive(interface, settings).await
        };
        let multicast = Slot::from(core.hold_multicast().await?);
        let session = core.run(start).await?;
        let id = core.next_id();
        core.tell(id, session.subscribe(), Progress { session: id, told: None, kept: None });
        let session = Arc::new(Self { id, session: Slot::new(session), multicast, core: core.clone() });
        let ended: Weak<Self> = Arc::downgrade(&session);
        core.add(ended);
        Ok(session)
    }

    fn start_call(&self, call: DialTarget) -> Result<(), FieldcastError> {
        let _tasks_go_there = self.core.runtime.handle().enter();
        self.session.with(|session| session.dial(call))
    }
}

#[uniffi::export]
impl ReceiveSession {
    /// The session number in its events.
    ///
    /// # Errors
    /// None.
    pub fn id(&self) -> Result<u64, FieldcastError> {
        Ok(self.id)
    }

    /// The current address; none while there is no network.
    ///
    /// # Errors
    /// [`FieldcastError::Over`].
    pub fn addr(&self) -> Result<Option<SocketAddr>, FieldcastError> {
        self.session.with(fieldcast::ReceiveSession::addr)
    }

    /// The distributors that announce themselves.
    ///
    /// # Errors
    /// [`FieldcastError::Over`].
    pub fn distributors(&self) -> Result<Vec<DiscoveredDistributor>, FieldcastError> {
        self.session.with(fieldcast::ReceiveSession::distributors)
    }

    /// Connects to a distributor, and reconnects whenever the connection breaks. The distributor's user can then select
    /// this device even if mDNS does not work. `expected` is the device that must answer; without it, any device may
    /// answer. A new call replaces this one.
    ///
    /// # Errors
    /// [`FieldcastError::Over`].
    pub fn dial(&self, addr: SocketAddr, expected: Option<Fingerprint>) -> Result<(), FieldcastError> {
        self.start_call(DialTarget { addr, expected, token: None })
    }

    /// Connects to the device that made this invite. `now` (milliseconds since 1970) is the time for the expiry check.
    /// No code is compared.
    ///
    /// # Errors
    /// [`FieldcastError::Unreadable`], [`FieldcastError::Expired`], [`FieldcastError::UpdateNeeded`],
    /// [`FieldcastError::Over`].
    pub fn dial_invite(&self, uri: String, now: i64) -> Result<(), FieldcastError> {
        let invite = Invite::parse(uri.trim(), now).map_err(|error| FieldcastError::from(&error))?;
        self.start_call((&invite).into())
    }

    /// Stops connecting to the distributor.
    ///
    /// # Errors
    /// [`FieldcastError::Over`].
    pub fn disconnect(&self) -> Result<(), FieldcastError> {
        self.session.with(fieldcast::ReceiveSession::disconnect)
    }

    /// The question that waits for an answer, for a screen that opens after it was asked.
    ///
    /// # Errors
    /// [`FieldcastError::Over`].
    pub fn open_question(&self) -> Result<Option<Question>, FieldcastError> {
        self.session.with(|session| session.open_question().map(Into::into))
    }

    /// Answers a question. Has no effect if it is no longer open.
    ///
    /// # Errors
    /// [`FieldcastError::Over`].
    pub fn answer(&self, question: u64, answer: Answer) -> Result<(), FieldcastError> {
        self.session.with(|session| session.answer(question, answer))
    }

    /// Cancels the running exchange, notifies the distributor, and ends the session. Staged data is kept for a later
    /// exchange. A second call has no effect.
    ///
    /// # Errors
    /// [`FieldcastError::Internal`].
    pub async fn stop(&self) -> Result<(), FieldcastError> {
        self.core.end(self.end()).await
    }
}

impl Session for ReceiveSession {
    fn end(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let (session, multicast) = (self.session.take(), self.multicast.take());
        Box::pin(async move {
            if let Some(session) = session {
                session.stop().await;
            }
            drop(multicast);
        })
    }
}

/// The state of receiving.
struct Progress {
    session: u64,
    told: Option<ReceiveState>,
    kept: Option<ReceiveState>,
}

impl Shape for Progress {
    type Item = ReceiveEvent;

    fn take(&mut self, event: ReceiveEvent) -> Option<Event> {
        let session = self.session;
        match event {
            ReceiveEvent::Asked(question) => Some(Event::Asked { session, question: question.into() }),
            ReceiveEvent::Resumed(sender, code) => Some(Event::Resumed { session, sender, code }),
            ReceiveEvent::Saved(received) => Some(Event::Saved { session, received: received.into() }),
            ReceiveEvent::Ended(sender, reason) => Some(Event::Ended { session, sender, ending: (&reason).into() }),
            ReceiveEvent::DistributorFound(distributor) => Some(Event::DistributorFound { session, distributor }),
            ReceiveEvent::DistributorLost(distributor) => Some(Event::DistributorLost { session, distributor }),
            ReceiveEvent::Dial(addr, state) => Some(Event::DialChanged { session, addr, state: state.into() }),
            ReceiveEvent::SharedKey(devices) => Some(Event::of_shared_key(session, devices)),
            ReceiveEvent::Network(change) => Some(Event::of_network(session, change)),
            ReceiveEvent::Changed(state) => {
                let state = ReceiveState::from(state);
                let step = std::mem::discriminant(&state);
                if self.told.as_ref().map(std::mem::discriminant) == Some(step) {
                    self.kept = Some(state);
                    return None;
                }
                (self.told, self.kept) = (Some(state.clone()), None);
                Some(Event::ReceiveChanged { session, state })
            }
        }
    }

    fn progress(&mut self) -> Option<Event> {
        let state = self.kept.take()?;
        Some(Event::ReceiveProgress { session: self.session, state })
    }
}
