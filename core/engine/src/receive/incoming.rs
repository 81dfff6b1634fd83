//! An offer that has arrived, and its end: history, consent, staged chunks and the event.

use fieldcast_model::{Fingerprint, ServerTime};
use fieldcast_store::{Exchange, ExchangeRole};
use fieldcast_wire::{EndReason, Offer, Receipt};

use super::event::{Question, ReceiveEvent, ReceiveProgress, ReceiveState, Sender};
use super::slot::SlotPermit;
use super::state::ReceiverState;
use crate::clock;
use crate::task::on_store;
use crate::trust::{history, provenance};

/// Publishes the end. Not if another exchange was running, not for a parked connection without an offer, because it is
/// dialed again, and not for a peer that only looked.
pub(super) fn publish_end(state: &ReceiverState, sender: Fingerprint, reason: &EndReason, is_dialed_again: bool) {
    if !is_dialed_again && !matches!(reason, EndReason::Busy | EndReason::Looked { .. }) {
        state.events.publish(ReceiveEvent::Ended(sender, reason.clone()));
        state.events.publish(ReceiveEvent::Changed(ReceiveState::Waiting));
    }
}

/// An offer that has arrived.
pub(super) struct IncomingOffer {
    pub(super) sender: Sender,
    pub(super) offer: Offer,
    /// The id of the offer and its sender, for staged chunks and consent.
    pub(super) id: [u8; 32],
    /// The permit for one exchange at a time, held until the end.
    pub(super) permit: Option<SlotPermit>,
    /// The server's time when the offer arrived, as this device knows it.
    pub(super) now: ServerTime,
    /// Whether no code is compared here.
    pub(super) is_known: bool,
    /// Whether to store the sender as trusted after its user has compared the code too.
    pub(super) trusts_after_consent: bool,
    /// When the user was asked, or when a question was not necessary, by this device's clock. From then on the exchange
    /// goes into the history.
    pub(super) asked: Option<i64>,
    /// Whether it resumes an interrupted exchange.
    pub(super) is_resumed: bool,
    /// The question for the user, until it is asked.
    pub(super) question: Option<Question>,
}

impl IncomingOffer {
    /// Stores the result in the history, if the exchange got as far as the question.
    pub(super) async fn store_in_history(
        &self,
        state: &ReceiverState,
        peer_key: [u8; 32],
        outcome: Result<&Receipt, &EndReason>,
        progress: ReceiveProgress,
    ) {
        let Some(started) = self.asked else { return };
        let entry = Exchange {
            role: ExchangeRole::Received,
            peer: self.sender.fingerprint,
            peer_key: Some(peer_key),
            peer_name: self.sender.name.clone(),
            started,
            ended: clock::now(),
            offered: self.offer.snapshots.clone(),
            wire_bytes: progress.wire,
            result: history::result(outcome),
        };
        history::keep(&state.store, entry, self.is_resumed).await;
    }

    /// If a user stopped the bundle on either side, the consent is not valid for the next one.
    pub(super) async fn withdraw_consent(&self, state: &ReceiverState, reason: &EndReason) {
        if matches!(reason, EndReason::Cancelled { .. } | EndReason::CodesDiffer | EndReason::NotConfirmed) {
            let id = self.id;
            if let Err(error) = on_store(&state.store, move |store| store.withdraw_consent(&id)).await {
                tracing::warn!(%error, "consent not withdrawn: the next such offer resumes without a question");
            }
        }
    }

    /// Deletes chunks of superseded offers. Returns the offer with the names on this device.
    pub(super) async fn clean_up(self, state: &ReceiverState) -> Offer {
        let (id, offer) = (self.id, self.offer.clone());
        let named = on_store(&state.store, move |store| {
            if let Err(error) = store.trim_incoming(&id) {
                tracing::warn!(%error, "chunks of superseded offers could not be deleted");
            }
            provenance::with_local_names(store, &offer)
        });
        named.await.unwrap_or(self.offer)
    }
}
