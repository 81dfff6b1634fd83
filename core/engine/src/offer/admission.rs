//! Authorizes a receiver: its campaign grants, and its identity.

use std::sync::Arc;

use fieldcast_model::{DeviceName, Fingerprint};
use fieldcast_wire::{Credentials, EndReason, Offer, Role};

use super::state::OfferState;
use crate::error::not_read;
use crate::task::on_store;
use crate::trust::grants::Authorizer;
use crate::trust::identity;
use crate::{Answer, Error};

/// The part of the bundle that a receiver may get.
#[derive(Clone)]
pub(super) struct OfferedPart {
    /// The indexes of the offered snapshots in the bundle.
    pub(super) indexes: Vec<usize>,
    pub(super) offer: Offer,
}

/// What is known about one receiver's identity, across its connections.
pub(super) struct Admission {
    state: Arc<OfferState>,
    receiver: Fingerprint,
    comparison: Comparison,
}

impl Admission {
    pub(super) fn new(state: Arc<OfferState>, receiver: Fingerprint) -> Self {
        Self { state, receiver, comparison: Comparison::default() }
    }

    /// The part of the offer that the receiver's credentials allow.
    pub(super) fn authorize(
        &self,
        credentials: Credentials,
    ) -> impl Future<Output = Result<OfferedPart, EndReason>> + use<> {
        let (receiver, bundle) = (self.receiver, self.state.bundle.clone());
        let authorized = on_store(&self.state.store, move |store| {
            let authorizer = Authorizer::of(store, receiver, &credentials)?;
            let (indexes, offer) = bundle.part(|dataset| authorizer.allows(Role::Receiver, dataset));
            // Report here what the receiver would refuse, because the distributor's user can do something about it.
            let authorized_signers = authorizer.authorize_signers(&offer);
            Ok::<_, Error>((authorizer.is_revoked(), authorized_signers, OfferedPart { indexes, offer }))
        });
        async {
            match authorized.await.map_err(not_read)? {
                (true, ..) => Err(EndReason::Revoked { of_distributor: false }),
                (_, _, part) if part.indexes.is_empty() => Err(EndReason::NotGranted { to_distributor: false }),
                (_, Err(reason), _) => Err(reason),
                (_, Ok(()), part) => Ok(part),
            }
        }
    }

    /// Whether no code comparison is necessary.
    pub(super) fn verify(&self, is_invited: bool) -> impl Future<Output = Result<bool, EndReason>> + use<> {
        let (trust, receiver) = (self.state.settings.trust.clone(), self.receiver);
        let must_check = !self.comparison.is_verified && !is_invited;
        let trusted = must_check.then(|| on_store(&self.state.store, move |store| trust.covers(store, &receiver)));
        async {
            match trusted {
                Some(trusted) => trusted.await.map_err(not_read),
                None => Ok(true),
            }
        }
    }

    pub(super) fn on_answer(&mut self, answer: Answer) -> Result<(), EndReason> {
        self.comparison.on_answer(answer)
    }

    /// Both users have agreed. Stores the receiver as trusted, if its code was compared here.
    pub(super) fn on_consent(&mut self, name: DeviceName) -> impl Future<Output = ()> + use<> {
        let is_new = self.comparison.on_consent();
        let stored = is_new.then(|| identity::trust(&self.state.store, self.receiver, name));
        async {
            if let Some(stored) = stored {
                stored.await;
            }
        }
    }
}

/// The result of comparing codes.
#[derive(Debug, Default)]
struct Comparison {
    /// Whether the receiver's key is verified: its code was compared in this session, or no comparison was necessary.
    is_verified: bool,
    /// Whether to store the receiver as trusted after its user accepts too.
    trusts_after_consent: bool,
}

impl Comparison {
    fn on_answer(&mut self, answer: Answer) -> Result<(), EndReason> {
        (self.is_verified, self.trusts_after_consent) = match answer {
            Answer::Trust => (true, true),
            Answer::Once => (true, false),
            Answer::Decline => return Err(EndReason::NotConfirmed),
            Answer::CodesDiffer => return Err(EndReason::CodesDiffer),
        };
        Ok(())
    }

    /// Both users have agreed. Returns whether to store the receiver as trusted.
    fn on_consent(&mut self) -> bool {
        self.is_verified = true;
        std::mem::take(&mut self.trusts_after_consent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_answer_across_connections_until_consent() {
        let mut comparison = Comparison::default();
        assert_eq!(comparison.on_answer(Answer::CodesDiffer), Err(EndReason::CodesDiffer));
        assert!(!comparison.is_verified);
        assert_eq!(comparison.on_answer(Answer::Trust), Ok(()));
        assert!(comparison.is_verified, "the next connection asks no question");
        assert_eq!([comparison.on_consent(), comparison.on_consent()], [true, false]);
        assert_eq!([comparison.on_answer(Answer::Trust), comparison.on_answer(Answer::Once)], [Ok(()), Ok(())]);
        assert!(!comparison.on_consent(), "the last answer counts");
    }
}
