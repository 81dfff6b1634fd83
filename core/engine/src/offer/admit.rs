//! Whether a receiver may have what is sent to it: what a campaign has granted it, and whether it is who it should be.

use fieldcast_wire::{Credentials, Distributor, EndReason, Offer, Role, Sas};
use tokio::sync::oneshot;

use super::send::Sending;
use crate::grants::Authorizer;
use crate::{Answer, task, trust};

impl Sending {
    /// What the receiver is offered, going by what it has shown.
    pub(super) async fn admit(&mut self, shown: Credentials) -> Result<Offer, EndReason> {
        let receiver = self.receiver;
        let judged = self.on_bundle(move |bundle| {
            let judge = Authorizer::of(bundle.store(), receiver, &shown)?;
            let (places, offer) = bundle.part(|dataset| judge.admits(Role::Receiver, dataset));
            // What the receiver would refuse is said here, where something can be done about it.
            let is_sound = judge.examine_origins(&offer);
            Ok((judge.is_revoked(), is_sound, places, offer))
        });
        match judged.await? {
            (true, ..) => Err(EndReason::Revoked { of_distributor: false }),
            (false, _, places, _) if places.is_empty() => Err(EndReason::NotGranted { to_distributor: false }),
            (false, Err(reason), ..) => Err(reason),
            (false, Ok(()), places, offer) => {
                (self.offered, self.offer) = (places, offer.clone());
                Ok(offer)
            }
        }
    }

    /// Whether the receiver is who it should be, or a person to tell by its code.
    pub(super) async fn confirm(&mut self, code: Sas, machine: &mut Distributor) {
        let (trust, receiver) = (self.shared.settings.trust.clone(), self.receiver);
        let is_verified = match self.is_verified || self.is_by_invite {
            true => Ok(true),
            false => self.on_bundle(move |bundle| Ok(trust.covers(bundle.store(), &receiver)?)).await,
        };
        match is_verified {
            Ok(true) => {
                self.shared.show_code(receiver, code);
                machine.confirm(Ok(()));
            }
            Ok(false) => self.comparing = Some(self.shared.compare(receiver, code)),
            Err(reason) => machine.stop(reason),
        }
    }

    /// Remembers the receiver, if its code was compared here: its person has said yes, too.
    pub(super) async fn remember(&mut self) {
        if std::mem::take(&mut self.remembers) {
            let (shared, receiver, name) = (self.shared.clone(), self.receiver, self.name());
            let remember = move || trust::remember(&shared.store, receiver, &name);
            let _only_asked_again_otherwise = task::blocking(remember).await;
        }
    }

    pub(super) fn on_answer(&mut self, answer: Answer) -> Result<(), EndReason> {
        match answer {
            Answer::Trust => self.remembers = true,
            Answer::Once => {}
            Answer::Decline => return Err(EndReason::NotConfirmed),
            Answer::CodesDiffer => return Err(EndReason::CodesDiffer),
        }
        self.is_verified = true;
        Ok(())
    }
}

/// The person's answer about a code; for ever if none is asked for.
pub(super) async fn compared(comparing: &mut Option<oneshot::Receiver<Answer>>) -> Answer {
    match comparing {
        // A screen that has gone has not said that the codes agree.
        Some(answer) => answer.await.unwrap_or(Answer::Decline),
        None => std::future::pending().await,
    }
}
