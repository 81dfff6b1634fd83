//! The checks before anything is written: whether another exchange is running, whether the campaign allows the
//! distributor, and what the user answers.

use fieldcast_model::DeviceName;
use fieldcast_wire::{EndReason, Offer, Receiver};
use tokio::time::Instant;

use super::apply;
use super::event::{Question, ReceiveEvent, ReceiveState, Sender};
use super::exchange::{Exchange, Work, blocking};
use crate::grants::Authorizer;
use crate::link::Link;
use crate::{Answer, Error, clock, origins, task, trust};

impl Exchange {
    /// Handles an offer until it has the exchange permit. Refuses it if another distributor holds the permit.
    pub(super) fn on_offer(
        &mut self,
        machine: &mut Receiver,
        link: &Link,
        sender: DeviceName,
        offer: Offer,
        start: Instant,
    ) {
        let fingerprint = link.peer();
        match self.shared.exchange_permit(fingerprint, &self.superseded) {
            Some(permit) => self.work = Work::Waiting(Box::pin(permit)),
            None => return machine.answer(Err(EndReason::Busy), start.elapsed()),
        }
        self.incoming = offer.id(&fingerprint);
        self.sender = Some(Sender { fingerprint, name: sender });
        self.offer = offer;
    }

    /// Asks the user, unless exactly this offer was accepted before.
    pub(super) async fn ask(&mut self, machine: &mut Receiver, link: &Link, start: Instant) {
        let (Some(sender), Some(code)) = (self.sender.clone(), self.code) else { return };
        let (store, incoming, offer) = (self.shared.store.clone(), self.incoming, self.offer.clone());
        let (trust, fingerprint) = (self.shared.settings.trust.clone(), sender.fingerprint);
        let credentials = std::mem::take(&mut self.credentials);
        let own = self.shared.identity.fingerprint();
        let checked = blocking(move || {
            let now = store.server_now(clock::now())?;
            apply::check_time(&offer, now).map_err(Error::Refused)?;
            let authorizer = Authorizer::of(&store, fingerprint, &credentials)?;
            authorizer.authorize(&offer).map_err(Error::Refused)?;
            let is_trusted = trust.covers(&store, &fingerprint)?;
            let shown = match apply::needs_no_question(&store, &incoming, &offer)? {
                true => None,
                false => Some((origins::devices(&store, own, &offer)?, origins::with_local_names(&store, &offer)?)),
            };
            Ok::<_, Error>((now, is_trusted, shown))
        });
        match checked.await {
            Ok((now, _, None)) => {
                self.now = now;
                (self.is_resumed, self.asked) = (true, Some(clock::now()));
                self.shared.events.publish(ReceiveEvent::Resumed(sender, code));
                self.accept(machine, link, false, start).await;
            }
            Ok((now, is_trusted, Some((origins, offer)))) => {
                self.now = now;
                self.asked = Some(clock::now());
                self.shared.events.publish(ReceiveEvent::Changed(ReceiveState::Asking));
                self.is_known = is_trusted || self.is_invited;
                let is_known = self.is_known;
                self.work = Work::Asking(self.shared.ask(Question { id: 0, sender, origins, offer, code, is_known }));
            }
            Err(reason) => machine.answer(Err(reason), start.elapsed()),
        }
    }

    /// Stores the distributor as trusted: both users have seen the same code.
    pub(super) fn remember(&self) -> impl Future<Output = ()> + use<> {
        let (sender, store) = (self.sender.clone(), self.shared.store.clone());
        async move {
            let Some(Sender { fingerprint, name }) = sender else { return };
            let remembered = task::blocking(move || trust::remember(&store, fingerprint, &name));
            let _only_asked_again_otherwise = remembered.await;
        }
    }

    /// Stores the user's consent, so that the same offer is not asked about again, and sends the held versions.
    async fn accept(&mut self, machine: &mut Receiver, link: &Link, is_answer: bool, start: Instant) {
        let (store, offer) = (self.shared.store.clone(), self.offer.clone());
        let (sender, current) = (self.sender.clone(), self.incoming);
        let held = blocking(move || {
            if let Some(sender) = sender {
                store.begin_incoming(&sender.incoming(current, &offer))?;
            }
            if is_answer {
                store.give_consent(&current)?;
            }
            store.trim_incoming(&current)?;
            apply::held(&store, &offer)
        });
        match link.alive_during(held).await {
            Ok(held) => {
                link.take_data();
                machine.answer(Ok(held), start.elapsed());
            }
            Err(reason) => machine.stop(reason),
        }
    }

    pub(super) async fn on_answer(&mut self, machine: &mut Receiver, link: &Link, answer: Answer, start: Instant) {
        match answer {
            Answer::Trust | Answer::Once => {
                // Trust only after the distributor's user has confirmed the code too, and only if a code was compared.
                self.trusts_after_consent = answer == Answer::Trust && !self.is_known;
                self.accept(machine, link, true, start).await;
            }
            Answer::Decline => machine.answer(Err(EndReason::Declined), start.elapsed()),
            Answer::CodesDiffer => machine.answer(Err(EndReason::CodesDiffer), start.elapsed()),
        }
    }
}
