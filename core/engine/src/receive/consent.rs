//! What has to be settled before anything is written: whose turn it is, whether the campaign lets the distributor, and
//! what the person says.

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
    /// Takes an offer as far as the place for it, unless another distributor has that.
    pub(super) fn on_offer(
        &mut self,
        machine: &mut Receiver,
        link: &Link,
        sender: DeviceName,
        offer: Offer,
        start: Instant,
    ) {
        let fingerprint = link.peer();
        match self.shared.place(fingerprint, &self.superseded) {
            Some(place) => self.work = Work::Waiting(Box::pin(place)),
            None => return machine.answer(Err(EndReason::Busy), start.elapsed()),
        }
        self.incoming = offer.id(&fingerprint);
        self.sender = Some(Sender { fingerprint, name: sender });
        self.offer = offer;
    }

    /// Asks the user, unless this very offer was accepted before.
    pub(super) async fn ask(&mut self, machine: &mut Receiver, link: &Link, start: Instant) {
        let (Some(sender), Some(code)) = (self.sender.clone(), self.code) else { return };
        let (store, incoming, offer) = (self.shared.store.clone(), self.incoming, self.offer.clone());
        let (trust, fingerprint) = (self.shared.settings.trust.clone(), sender.fingerprint);
        let shown = std::mem::take(&mut self.shown);
        let own = self.shared.identity.fingerprint();
        let looked = blocking(move || {
            let now = store.server_now(clock::now())?;
            apply::check_time(&offer, now).map_err(Error::Refused)?;
            let judge = Authorizer::of(&store, fingerprint, &shown)?;
            judge.authorize(&offer).map_err(Error::Refused)?;
            let is_trusted = trust.covers(&store, &fingerprint)?;
            let origins = origins::devices(&store, own, &offer)?;
            let is_settled = apply::needs_no_question(&store, &incoming, &offer)?;
            Ok::<_, Error>((now, (is_settled, is_trusted, origins, origins::shown(&store, &offer)?)))
        });
        let looked = looked.await.map(|(now, looked)| {
            self.now = now;
            looked
        });
        match looked {
            Ok((true, ..)) => {
                (self.is_resumed, self.asked) = (true, Some(clock::now()));
                self.shared.events.publish(ReceiveEvent::Resumed(sender, code));
                self.accept(machine, link, false, start).await;
            }
            Ok((false, is_trusted, origins, offer)) => {
                self.asked = Some(clock::now());
                self.shared.events.publish(ReceiveEvent::Changed(ReceiveState::Asking));
                self.is_known = is_trusted || self.is_invited;
                let is_known = self.is_known;
                self.work = Work::Asking(self.shared.ask(Question { id: 0, sender, origins, offer, code, is_known }));
            }
            Err(reason) => machine.answer(Err(reason), start.elapsed()),
        }
    }

    /// Remembers the distributor: both people have seen the same code.
    pub(super) fn remember(&self) -> impl Future<Output = ()> + use<> {
        let (sender, store) = (self.sender.clone(), self.shared.store.clone());
        async move {
            let Some(Sender { fingerprint, name }) = sender else { return };
            let remembered = task::blocking(move || trust::remember(&store, fingerprint, &name));
            let _only_asked_again_otherwise = remembered.await;
        }
    }

    /// Notes the user's yes, so that the same offer is not asked for twice, and says what is held already.
    async fn accept(&mut self, machine: &mut Receiver, link: &Link, is_answer: bool, start: Instant) {
        let (store, offer) = (self.shared.store.clone(), self.offer.clone());
        let (accepted, current) = (self.accepted(), self.incoming);
        let held = blocking(move || {
            if let Some(accepted) = accepted {
                store.begin_incoming(&accepted)?;
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
                // Not before the distributor's person, too, has said that the codes agree; and only for a code.
                self.remembers = answer == Answer::Trust && !self.is_known;
                self.accept(machine, link, true, start).await;
            }
            Answer::Decline => machine.answer(Err(EndReason::Declined), start.elapsed()),
            Answer::CodesDiffer => machine.answer(Err(EndReason::CodesDiffer), start.elapsed()),
        }
    }
}
