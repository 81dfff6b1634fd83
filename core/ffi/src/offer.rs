//! Sending: one bundle to nearby receivers.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Weak};

use fieldcast::{Answer, Dataset, Fingerprint, FoundPeer, Group, OfferEvent, choose_interface};

use crate::core::Core;
use crate::ports::Held;
use crate::session::{Session, Slot};
use crate::throttle::Shape;
use crate::{Event, ExchangeOptions, FieldcastError, NearbyReceiver, Offer, ReceiverState, SendState, WifiGroup};

/// Offers a bundle to nearby receivers. Releasing this object stops everything at once; `stop` also sends the reason to
/// the receivers.
#[derive(uniffi::Object)]
pub struct OfferSession {
    id: u64,
    session: Slot<Arc<fieldcast::OfferSession>>,
    multicast: Slot<Held>,
    core: Arc<Core>,
}

impl OfferSession {
    pub(crate) async fn start(
        core: Arc<Core>,
        datasets: Vec<Dataset>,
        options: ExchangeOptions,
    ) -> Result<Arc<Self>, FieldcastError> {
        let phone = core.clone();
        let start = |engine: fieldcast::Engine| async move {
            let interface = choose_interface(options.network.as_deref())?;
            let settings = phone.settings(options, &engine);
            engine.offer(datasets, interface, settings).await
        };
        let multicast = Slot::from(core.hold_multicast().await?);
        let session = core.run(start).await?;
        let id = core.next_id();
        core.tell(id, session.subscribe(), Progress { session: id, states: BTreeMap::new(), is_new: false });
        let session = Arc::new(Self { id, session: Slot::new(Arc::new(session)), multicast, core: core.clone() });
        let ended: Weak<Self> = Arc::downgrade(&session);
        core.add(ended);
        Ok(session)
    }
}

#[uniffi::export]
impl OfferSession {
    /// The session number in its events.
    ///
    /// # Errors
    /// None.
    pub fn id(&self) -> Result<u64, FieldcastError> {
        Ok(self.id)
    }

    /// The offered data.
    ///
    /// # Errors
    /// [`FieldcastError::Over`].
    pub fn offer(&self) -> Result<Offer, FieldcastError> {
        self.session.with(|session| session.offer().clone().into())
    }

    /// The current address for receivers; none while there is no network.
    ///
    /// # Errors
    /// [`FieldcastError::Over`].
    pub fn addr(&self) -> Result<Option<SocketAddr>, FieldcastError> {
        self.session.with(|session| session.addr())
    }

    /// An invite to this session: a `fieldcast:` URI, valid until `expires` (milliseconds since 1970), with the Wi-Fi
    /// group to join first, if any. A reader of the invite needs no code and can join the group, so do not log it.
    ///
    /// # Errors
    /// [`FieldcastError::NoNetwork`] while there is no network, [`FieldcastError::Unreadable`] for an invalid group,
    /// [`FieldcastError::Over`].
    pub fn invite(&self, group: Option<WifiGroup>, expires: i64) -> Result<String, FieldcastError> {
        let group = group.map(Group::try_from).transpose().map_err(|error| FieldcastError::from(&error))?;
        Ok(self.session.with(|session| session.invite(group, expires))??.to_uri())
    }

    /// Identifies the receiver at this address and adds it to the list.
    ///
    /// # Errors
    /// [`FieldcastError::ConnectionFailed`] if no device answers, [`FieldcastError::Refused`] if the device is not a
    /// receiver,
    /// [`FieldcastError::Over`].
    pub async fn find_at(&self, addr: SocketAddr) -> Result<FoundPeer, FieldcastError> {
        let finding = self.session.with(|session| session.find_at(addr))?;
        self.core.runtime.run(finding).await
    }

    /// All receivers found so far, sorted by fingerprint.
    ///
    /// # Errors
    /// [`FieldcastError::Over`].
    pub fn receivers(&self) -> Result<Vec<NearbyReceiver>, FieldcastError> {
        self.session.with(|session| {
            let codes: BTreeMap<_, _> = session.open_comparisons().into_iter().collect();
            let nearby = session.peers().into_iter().map(|(peer, state)| {
                let code = codes.get(&peer.fingerprint).copied();
                NearbyReceiver { peer, state: state.into(), code }
            });
            nearby.collect()
        })
    }

    /// Sends to a receiver. Has no effect if the transfer is running or done.
    ///
    /// # Errors
    /// [`FieldcastError::NotNearby`] if the receiver was not found, [`FieldcastError::Over`].
    pub fn send_to(&self, receiver: Fingerprint) -> Result<(), FieldcastError> {
        let _tasks_go_there = self.core.runtime.handle().enter();
        Ok(self.session.with(|session| session.send_to(receiver))??)
    }

    /// Answers whether a receiver's screen shows the same code. Has no effect if the question is no longer open.
    ///
    /// # Errors
    /// [`FieldcastError::Over`].
    pub fn answer(&self, receiver: Fingerprint, answer: Answer) -> Result<(), FieldcastError> {
        self.session.with(|session| session.answer(receiver, answer))
    }

    /// Cancels sending to a receiver and notifies it.
    ///
    /// # Errors
    /// [`FieldcastError::Over`].
    pub fn cancel(&self, receiver: Fingerprint) -> Result<(), FieldcastError> {
        self.session.with(|session| session.cancel(receiver))
    }

    /// Waits until every selected receiver has saved or failed.
    ///
    /// # Errors
    /// [`FieldcastError::Over`].
    pub async fn finished(&self) -> Result<(), FieldcastError> {
        let session = self.session.with(Arc::clone)?;
        let finished = async move {
            session.finished().await;
            Ok::<_, FieldcastError>(())
        };
        self.core.runtime.run(finished).await
    }

    /// Cancels all running transfers, notifies the receivers, and ends the session. A second call has no effect.
    ///
    /// # Errors
    /// [`FieldcastError::Internal`].
    pub async fn stop(&self) -> Result<(), FieldcastError> {
        self.core.end(self.end()).await
    }
}

impl Session for OfferSession {
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

/// The state of sending to all receivers with a running transfer.
struct Progress {
    session: u64,
    states: BTreeMap<Fingerprint, SendState>,
    is_new: bool,
}

impl Shape for Progress {
    type Item = OfferEvent;

    fn take(&mut self, event: OfferEvent) -> Option<Event> {
        let session = self.session;
        match event {
            OfferEvent::Found(receiver) => Some(Event::ReceiverFound { session, receiver }),
            OfferEvent::SharedKey(devices) => Some(Event::of_shared_key(session, devices)),
            OfferEvent::Network(change) => Some(Event::of_network(session, change)),
            OfferEvent::Gone(receiver) => Some(Event::ReceiverGone { session, receiver }),
            OfferEvent::Compare(receiver, code) => Some(Event::CompareCode { session, receiver, code }),
            OfferEvent::Sas(receiver, code) => Some(Event::CodeShown { session, receiver, code }),
            OfferEvent::Changed(receiver, state) => {
                let state = SendState::from(state);
                let is_step = !self.states.get(&receiver).is_some_and(|before| is_same_step(before, &state));
                if matches!(state, SendState::Sending { .. } | SendState::Applying { .. }) {
                    self.states.insert(receiver, state.clone());
                } else {
                    self.states.remove(&receiver);
                }
                self.is_new |= !is_step;
                is_step.then_some(Event::SendChanged { session, receiver, state })
            }
        }
    }

    fn progress(&mut self) -> Option<Event> {
        let is_new = std::mem::take(&mut self.is_new) && !self.states.is_empty();
        let states =
            self.states.iter().map(|(receiver, state)| ReceiverState { receiver: *receiver, state: state.clone() });
        is_new.then(|| Event::SendProgress { session: self.session, receivers: states.collect() })
    }
}

fn is_same_step(before: &SendState, state: &SendState) -> bool {
    std::mem::discriminant(before) == std::mem::discriminant(state)
}

#[cfg(test)]
mod tests {
    use fieldcast::{EndReason, SendProgress, SendState as Engine};

    use super::*;

    fn sending(staged: u64) -> Engine {
        Engine::Sending(SendProgress { staged, ..SendProgress::default() })
    }

    #[test]
    fn reports_steps_at_once_and_collects_progress() {
        let (one, two) = (Fingerprint([1; 32]), Fingerprint([2; 32]));
        let mut shape = Progress { session: 7, states: BTreeMap::new(), is_new: false };
        let mut take = |receiver, state: Engine| {
            let told = shape.take(OfferEvent::Changed(receiver, state)).is_some();
            (told, shape.progress())
        };
        assert_eq!(take(one, Engine::Queued), (true, None));
        assert_eq!(take(one, sending(1)), (true, None), "the step includes its progress");
        assert_eq!(take(two, sending(1)), (true, None));
        let (is_told, progress) = take(one, sending(5));
        let Some(Event::SendProgress { session: 7, receivers }) = progress else { panic!("{progress:?}") };
        let staged = |at: usize| match receivers[at].state {
            SendState::Sending { progress } => progress.staged,
            ref other => panic!("{other:?}"),
        };
        assert_eq!((is_told, receivers.len(), staged(0), staged(1)), (false, 2, 5, 1));
        assert_eq!(take(one, Engine::Failed(EndReason::Lost, SendProgress::default())), (true, None));
        let (_, progress) = take(two, sending(6));
        assert!(matches!(progress, Some(Event::SendProgress { receivers, .. }) if receivers.len() == 1));
    }
}
