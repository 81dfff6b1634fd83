//! Sending: one bundle to the receivers near by.

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

/// Offering a bundle to the receivers near by. Letting go of it stops everything at once; `stop` tells the receivers why.
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
            let interface = choose_interface(options.interface.as_deref())?;
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
    /// The number its events carry.
    ///
    /// # Errors
    /// None.
    pub fn id(&self) -> Result<u64, FieldcastError> {
        Ok(self.id)
    }

    /// What is offered.
    ///
    /// # Errors
    /// [`FieldcastError::Over`].
    pub fn offer(&self) -> Result<Offer, FieldcastError> {
        self.session.with(|session| session.offer().clone().into())
    }

    /// Where receivers can call in just now; none while there is no network.
    ///
    /// # Errors
    /// [`FieldcastError::Over`].
    pub fn addr(&self) -> Result<Option<SocketAddr>, FieldcastError> {
        self.session.with(|session| session.addr())
    }

    /// An invite to call in here: a `fieldcast:` URI, good until `expires` (milliseconds since 1970), with the Wi-Fi group to
    /// join first if there is one. Whoever has read it is asked for no code, and can join the group: not to be logged.
    ///
    /// # Errors
    /// [`FieldcastError::NoNetwork`] while there is none, [`FieldcastError::Unreadable`] for a group that cannot be,
    /// [`FieldcastError::Over`].
    pub fn invite(&self, group: Option<WifiGroup>, expires: i64) -> Result<String, FieldcastError> {
        let group = group.map(Group::try_from).transpose().map_err(|error| FieldcastError::from(&error))?;
        Ok(self.session.with(|session| session.invite(group, expires))??.to_uri())
    }

    /// Asks who is at this address, and puts the receiver there on the list.
    ///
    /// # Errors
    /// [`FieldcastError::ConnectionFailed`] when nobody is there, [`FieldcastError::Refused`] when it is no receiver,
    /// [`FieldcastError::Over`].
    pub async fn find_at(&self, addr: SocketAddr) -> Result<FoundPeer, FieldcastError> {
        let finding = self.session.with(|session| session.find_at(addr))?;
        self.core.runtime.run(finding).await
    }

    /// Everyone found so far, by fingerprint.
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

    /// Sends to a receiver; nothing happens if that is going on or done already.
    ///
    /// # Errors
    /// [`FieldcastError::NotNearby`] if it was not found, [`FieldcastError::Over`].
    pub fn send_to(&self, receiver: Fingerprint) -> Result<(), FieldcastError> {
        let _tasks_go_there = self.core.runtime.handle().enter();
        Ok(self.session.with(|session| session.send_to(receiver))??)
    }

    /// Says whether a receiver's screen shows the code; nothing happens if that is no longer asked.
    ///
    /// # Errors
    /// [`FieldcastError::Over`].
    pub fn answer(&self, receiver: Fingerprint, answer: Answer) -> Result<(), FieldcastError> {
        self.session.with(|session| session.answer(receiver, answer))
    }

    /// Cancels sending to a receiver, which is told.
    ///
    /// # Errors
    /// [`FieldcastError::Over`].
    pub fn cancel(&self, receiver: Fingerprint) -> Result<(), FieldcastError> {
        self.session.with(|session| session.cancel(receiver))
    }

    /// Waits until every receiver that was picked has saved or failed.
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

    /// Cancels whatever still runs, tells the receivers, and ends. Nothing happens the second time.
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

/// How sending stands to those that data is on its way to.
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
    fn steps_are_told_and_progress_is_kept_for_all_receivers_at_once() {
        let (one, two) = (Fingerprint([1; 32]), Fingerprint([2; 32]));
        let mut shape = Progress { session: 7, states: BTreeMap::new(), is_new: false };
        let mut take = |receiver, state: Engine| {
            let told = shape.take(OfferEvent::Changed(receiver, state)).is_some();
            (told, shape.progress())
        };
        assert_eq!(take(one, Engine::Queued), (true, None));
        assert_eq!(take(one, sending(1)), (true, None), "the step tells its progress");
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
