//! Authorizes a receiver: its campaign grants, and its identity.

use fieldcast_wire::{Credentials, Distributor, EndReason, Offer, Role, Sas};
use tokio::sync::oneshot;

use super::send::Sending;
use crate::grants::Authorizer;
use crate::{Answer, task, trust};

impl Sending {
    /// The part of the offer that the receiver's credentials allow.
    pub(super) async fn admit(&mut self, credentials: Credentials) -> Result<Offer, EndReason> {
        let receiver = self.receiver;
        let authorized = self.on_bundle(move |bundle| {
            let authorizer = Authorizer::of(bundle.store(), receiver, &credentials)?;
            let (indexes, offer) = bundle.part(|dataset| authorizer.allows(Role::Receiver, dataset));
            // Report here what the receiver would refuse, because the distributor's user can do something about it.
            let authorized_origins = authorizer.authorize_origins(&offer);
            Ok((authorizer.is_revoked(), authorized_origins, indexes, offer))
        });
        match authorized.await? {
            (true, ..) => Err(EndReason::Revoked { of_distributor: false }),
            (false, _, indexes, _) if indexes.is_empty() => Err(EndReason::NotGranted { to_distributor: false }),
            (false, Err(reason), ..) => Err(reason),
            (false, Ok(()), indexes, offer) => {
                (self.offered, self.offer) = (indexes, offer.clone());
                Ok(offer)
            }
        }
    }

    /// Verifies the receiver's identity, or asks the user to compare the code.
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

    /// Stores the receiver as trusted, if its code was compared here. The receiver's user has accepted too.
    pub(super) async fn remember(&mut self) {
        if std::mem::take(&mut self.trusts_after_consent) {
            let (shared, receiver, name) = (self.shared.clone(), self.receiver, self.name());
            let remember = move || trust::remember(&shared.store, receiver, &name);
            let _only_asked_again_otherwise = task::blocking(remember).await;
        }
    }

    pub(super) fn on_answer(&mut self, answer: Answer) -> Result<(), EndReason> {
        match answer {
            Answer::Trust => self.trusts_after_consent = true,
            Answer::Once => {}
            Answer::Decline => return Err(EndReason::NotConfirmed),
            Answer::CodesDiffer => return Err(EndReason::CodesDiffer),
        }
        self.is_verified = true;
        Ok(())
    }
}

/// The user's answer about a code; pends forever if no question is open.
pub(super) async fn compared(comparing: &mut Option<oneshot::Receiver<Answer>>) -> Answer {
    match comparing {
        // If the screen is closed, the user has not confirmed that the codes agree.
        Some(answer) => answer.await.unwrap_or(Answer::Decline),
        None => std::future::pending().await,
    }
}
