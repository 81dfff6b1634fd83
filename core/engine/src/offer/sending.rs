//! Sends to one receiver: connects again when the connection breaks.

use std::sync::Arc;

use fieldcast_model::Fingerprint;
use fieldcast_wire::{EndReason, Receipt};
use tokio_util::sync::CancellationToken;

use super::delivery::Delivery;
use super::dialer::ReceiverDialer;
use super::event::{SendState, Sent};
use super::state::OfferState;
use super::transfer::{CANCELLED, OutgoingTransfer};
use crate::error::not_read;
use crate::task::on_store;
use crate::trust::grants;

/// Sends until the receiver has saved the data, or the send has failed permanently.
pub(super) async fn send(state: Arc<OfferState>, receiver: Fingerprint, cancel: CancellationToken) {
    let mut delivery = Delivery::new(state, receiver);
    let outcome = deliver(&mut delivery, &cancel).await;
    // Write the history before the event, because a subscriber may read the history at once.
    delivery.store_in_history(outcome.as_ref()).await;
    let progress = delivery.progress.shown();
    delivery.enter(match outcome {
        Ok(receipt) => {
            let comparisons = receipt.saved.iter().map(|saved| saved.comparison).collect();
            SendState::Saved(Sent { progress, comparisons })
        }
        Err(reason) => SendState::Failed(reason, progress),
    });
}

async fn deliver(delivery: &mut Delivery, cancel: &CancellationToken) -> Result<Receipt, EndReason> {
    let (state, clock) = (delivery.state.clone(), delivery.clock);
    let mut dialer = ReceiverDialer::new(state.clone(), delivery.receiver);
    loop {
        delivery.resumption.begin(clock.now());
        // A receiver holds a transfer slot only while data can go to it.
        tokio::select! {
            slot = async {
                dialer.any_route(&mut delivery.resumption, clock).await?;
                Ok(state.transfer_slots.clone().acquire_owned().await.ok())
            } => delivery.slot = slot?,
            () = cancel.cancelled() => return Err(CANCELLED),
        }
        delivery.enter(SendState::Connecting);
        let connected = tokio::select! {
            connected = dialer.connect() => connected,
            () = cancel.cancelled() => return Err(CANCELLED),
        };
        let is_proven = connected.is_ok();
        let outcome = match connected {
            Ok(mut connected) => {
                // Read the credentials for each attempt: the last receiver may have sent new revocations, which this
                // one should get too.
                let credentials = on_store(&state.store, grants::credentials).await.map_err(not_read)?;
                connected.handshake = connected.handshake.with_credentials(credentials);
                OutgoingTransfer::run(delivery, connected, cancel).await
            }
            Err(reason) => Err(reason),
        };
        delivery.slot = None;
        let reason = match outcome {
            Ok(receipt) => return Ok(receipt),
            Err(reason) => reason,
        };
        let Some(pause) = delivery.resumption.retry(&reason, is_proven, clock.now()) else { return Err(reason) };
        delivery.enter(SendState::Lost(delivery.progress.shown()));
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = dialer.another_route() => {}
            () = cancel.cancelled() => return Err(CANCELLED),
        }
    }
}
