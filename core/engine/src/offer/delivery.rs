//! Everything about one receiver that outlives a connection to it.

use std::sync::Arc;

use fieldcast_model::{DeviceName, Fingerprint};
use fieldcast_store::{Exchange, ExchangeRole};
use fieldcast_wire::{EndReason, Receipt, Resumption};
use tokio::sync::OwnedSemaphorePermit;

use super::admission::{Admission, OfferedPart};
use super::event::SendState;
use super::progress::ProgressTracker;
use super::state::OfferState;
use crate::clock::{self, Monotonic};
use crate::trust::history;

pub(super) struct Delivery {
    pub(super) state: Arc<OfferState>,
    pub(super) receiver: Fingerprint,
    /// The time of `resumption` and of all exchanges with this receiver.
    pub(super) clock: Monotonic,
    pub(super) resumption: Resumption,
    pub(super) admission: Admission,
    /// The offer to the receiver. It is authorized again on each connection.
    pub(super) part: OfferedPart,
    pub(super) progress: ProgressTracker,
    /// The transfer slot; released after the last byte has arrived.
    pub(super) slot: Option<OwnedSemaphorePermit>,
    /// The receiver's key, after the first connection.
    pub(super) peer_key: Option<[u8; 32]>,
    /// The name that the receiver has sent under its key.
    pub(super) peer_name: Option<DeviceName>,
    /// The start time, by this device's clock.
    started: i64,
}

impl Delivery {
    pub(super) fn new(state: Arc<OfferState>, receiver: Fingerprint) -> Self {
        Self {
            part: OfferedPart { indexes: Vec::new(), offer: state.offer.clone() },
            admission: Admission::new(state.clone(), receiver),
            resumption: Resumption::new(state.settings.resume_for),
            state,
            receiver,
            clock: Monotonic::start(),
            progress: ProgressTracker::default(),
            slot: None,
            peer_key: None,
            peer_name: None,
            started: clock::now(),
        }
    }

    /// The receiver's name: as it sent it under its key, else as it was announced, which is not authenticated.
    pub(super) fn name(&self) -> DeviceName {
        self.peer_name.clone().unwrap_or_else(|| self.state.name_of(self.receiver))
    }

    pub(super) fn enter(&self, state: SendState) {
        self.state.enter(self.receiver, state);
    }

    /// Stores the result in the history.
    pub(super) async fn store_in_history(&self, outcome: Result<&Receipt, &EndReason>) {
        let entry = Exchange {
            role: ExchangeRole::Sent,
            peer: self.receiver,
            peer_key: self.peer_key,
            peer_name: self.name(),
            started: self.started,
            ended: clock::now(),
            offered: self.part.offer.snapshots.clone(),
            wire_bytes: self.progress.shown().wire,
            result: history::result(outcome),
        };
        history::keep(&self.state.store, entry, false).await;
    }
}
